"""The engine's own tables, as somebody with a database client sees and writes them; on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.engine import Engine, Work
from bot.settings import Settings
from bot.store.database import open_store
from tests.patience import PATIENCE

KEYS = "3bA1yZ1Yw3D8o3bqk0lYxkM9mJtVhL2uJ5o3r8c1b9E="

TABLES = ("workflow_status", "workflow_input", "workflow_output", "operation_outputs")


@dataclass
class Rows:
    """`{t}` in a statement becomes the schema's prefix."""

    settings: Settings

    def __post_init__(self) -> None:
        on_sqlite = self.settings.on_sqlite
        file = f"sqlite:///{self.settings.data_dir / 'engine.db'}"
        self.prefix = "" if on_sqlite else "dbos."
        self.db = sa.create_engine(file if on_sqlite else self.settings.store_url, poolclass=sa.NullPool)

    def do(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        with self.db.begin() as db:
            done = db.execute(sa.text(statement.replace("{t}", self.prefix)), values)
            return [dict(row) for row in done.mappings()] if done.returns_rows else []

    def copy(self) -> dict[str, list[dict[str, Any]]]:
        """All that is kept of jobs, to be put back later."""
        return {table: self.do(f"SELECT * FROM {{t}}{table}") for table in TABLES}

    def put_back(self, copy: Mapping[str, list[dict[str, Any]]]) -> None:
        """The tables as they were then, in one transaction: what a copy that lags behind shows after a failover."""
        with self.db.begin() as db:
            for table in reversed(TABLES):
                db.execute(sa.text(f"DELETE FROM {self.prefix}{table}"))
            for table in TABLES:
                for row in copy[table]:
                    names = ", ".join(f'"{name}"' for name in row)
                    places = ", ".join(f":{name}" for name in row)
                    into = f"INSERT INTO {self.prefix}{table} ({names}) VALUES ({places})"
                    db.execute(sa.text(into), row)

    def refuse_changes(self) -> None:
        """Every change of a job's row fails in the database, as where its disk is full."""
        if self.settings.on_sqlite:
            self.do(
                "CREATE TRIGGER full BEFORE UPDATE ON workflow_status "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
            return
        self.do(
            "CREATE FUNCTION dbos.disk_full() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$"
        )
        self.do(
            'CREATE TRIGGER "full" BEFORE UPDATE ON dbos.workflow_status FOR EACH ROW EXECUTE FUNCTION dbos.disk_full()'
        )

    def allow_changes(self) -> None:
        self.do("DROP TRIGGER full" if self.settings.on_sqlite else 'DROP TRIGGER "full" ON dbos.workflow_status')

    def states(self) -> dict[str, str]:
        return {row["workflow_uuid"]: row["status"] for row in self.do("SELECT * FROM {t}workflow_status")}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty database, SQLite and PostgreSQL in turn."""
    if request.param == "sqlite":
        return Settings(_env_file=None, data_dir=tmp_path)
    address = request.getfixturevalue("postgres")
    return Settings(_env_file=None, data_dir=tmp_path, database_url=address, encryption_keys=KEYS)


@asynccontextmanager
async def engine_of(settings: Settings, **jobs: Callable[..., Awaitable[bool]]) -> AsyncIterator[Engine]:
    store = await open_store(settings)
    bodies = {name: Work(job, exclusive=True) for name, job in jobs.items()}
    engine = Engine(settings, store, bodies, lambda: datetime.now(UTC))
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop(patience=2)
        await store.close()


async def until(true: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Rows of another's tables ring no bell."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.05)
