"""Opening the database: one async engine, the right SQLite pragmas, migrations to the newest version."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, Row, Table, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.settings import Settings
from bot.store.database_checks import Watch, silent_new_beginning
from bot.store.group_commit import GroupCommit
from bot.store.interrupted_upgrade import UnusableDatabaseError, undo_interrupted_upgrade
from bot.store.sqlite import READ, WRITE, Line, one_connection, open_line
from bot.store.types import Keyring
from bot.store.vault import KEY_FILE, Vault, open_vault

T = TypeVar("T")

MIGRATIONS = Path(__file__).parent / "migrations"
READ_ONLY = "reads_only"
AT_ONCE = 6
"""SQLite connections of one process: one of them writes, and more readers than cores gain nothing."""

MIGRATION_LOCK = 7_320_001
"""PostgreSQL's advisory lock: two replicas that start on an empty database migrate one after the other."""


class Store:
    """The database. Feature modules beside this one hold the queries and take a Store first."""

    def __init__(self, engine: AsyncEngine, vault: Vault) -> None:
        self.engine = engine
        self.vault = vault
        self._reading = engine.execution_options(**{READ_ONLY: True})
        self._writing: AbstractAsyncContextManager[object] = nullcontext()
        self._here: Engine | None = None
        self._group: GroupCommit | None = None
        if engine.dialect.name == "sqlite":
            self._writing = asyncio.Lock()
            self._here = one_connection(engine.url.database or "", READ)
            self._group = GroupCommit(engine.url.database or "", self._writing)
        self.watch = Watch(engine.url.render_as_string(hide_password=False))
        engines = (engine.sync_engine, self._here, self._group.engine if self._group else None)
        for one in engines:
            if one is not None:
                self.watch.listen(one)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write: committed at the end of the block, rolled back on an exception.

        SQLite has one writer at a time. Ours stand in line here, where the next one is told; at the database's lock they
        would sleep and look again.
        """
        async with self._writing, self.engine.begin() as connection:
            yield connection

    async def write(self, work: Callable[[Connection], T]) -> T:
        """A short transaction that many do at once: on SQLite they share a commit.

        Args:
            work: called once, perhaps in another thread; an exception takes back what it wrote.

        Returns:
            What `work` returned, once it is committed.
        """
        if self._group is not None:
            return await self._group.write(work)
        async with self.engine.begin() as db:
            return await db.run_sync(work)

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """One snapshot to read from. On SQLite it takes no lock, so that it waits for no writer and no writer for it."""
        return self._reading.connect()

    async def glance(self, query: Executable, asked: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """The rows of one query that finds a few by a key, and is asked again and again.

        On SQLite it is answered in the loop itself: a trip to a thread and back is many times the work of the query.
        """
        if self._here is None:
            async with self.read() as db:
                return (await db.execute(query, asked)).all()
        with self._here.connect() as here:
            found: Sequence[Row[Any]] = here.execute(query, asked).all()
        return found

    async def close(self) -> None:
        if self._group is not None:
            await self._group.close()
        if self._here is not None:
            self._here.dispose()
        await self.engine.dispose()


def insert_new(db: AsyncConnection | Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that leaves alone what is there already under one of the table's unique keys."""
    if db.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def make_engine(url: str) -> AsyncEngine:
    """An async engine; on SQLite what may write takes the write lock at once, so that none fails half way."""
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_size=8, max_overflow=4, pool_pre_ping=True, hide_parameters=True)
    connect = partial(open_line, make_url(url).database or ":memory:")
    engine = create_async_engine(url, async_creator=connect, pool_size=AT_ONCE, max_overflow=0, hide_parameters=True)

    def begin(connection: Connection) -> None:
        line: Line = connection.connection.driver_connection  # type: ignore[assignment]  # what `connect` made
        line.begin(READ if connection.get_execution_options().get(READ_ONLY) else WRITE)

    event.listen(engine.sync_engine, "begin", begin)
    return engine


async def open_store(settings: Settings, *, migrate: bool = True, new: bool = False) -> Store:
    """Open the database of these settings, with its keys, on the newest schema.

    Args:
        settings: where it is, and its keys.
        migrate: bring the schema to its newest version.
        new: an empty database is meant, although there was another one before.

    Raises:
        VaultError: the keys are missing or malformed.
        UnusableDatabaseError: it is lost: its key or the engine's database are there, and it is not.
        SQLAlchemyError: the database cannot be reached.
    """
    given, key_file = settings.encryption_keys.get_secret_value(), settings.data_dir / KEY_FILE
    keys = None
    if given or key_file.exists() or not settings.on_sqlite:
        keys = open_vault(given, settings.data_dir, may_create=False)
    lost = "" if new else await asyncio.to_thread(silent_new_beginning, settings)
    if lost:
        raise UnusableDatabaseError(lost)
    if settings.on_sqlite:
        database = make_url(settings.store_url).database
        if database:
            Path(database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if migrate:
        await asyncio.to_thread(upgrade, settings.store_url)
    # Only now: a key without a database says that the database is lost, also where the first start is killed.
    keys = keys or open_vault(given, settings.data_dir, may_create=True)
    Keyring.vault = keys
    return Store(make_engine(settings.store_url), keys)


def sync_url(url: str) -> str:
    return url.replace("sqlite+aiosqlite:", "sqlite:", 1)


def upgrade(url: str) -> None:
    """Bring the schema to its newest version, whole or not at all; safe while other processes do the same.

    Raises:
        UnusableDatabaseError: it is between two versions, and not by an upgrade that was interrupted.
    """
    if current(url) == newest():
        return
    # The driver's own way to begin transactions leaves CREATE and ALTER outside of them; this engine's does not.
    engine = (
        one_connection(make_url(url).database or ":memory:", WRITE)
        if url.startswith("sqlite")
        else create_engine(url, hide_parameters=True)
    )
    try:
        with _one_at_a_time(url), engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
                connection.commit()
            with connection.begin():
                version = _version(connection)
                if connection.dialect.name == "sqlite" and version != newest():
                    undo_interrupted_upgrade(connection, version, _migrate)
                _migrate(connection, "head")
    finally:
        engine.dispose()


def _migrate(connection: Connection, revision: str) -> None:
    """Within the connection's transaction."""
    from alembic import command  # noqa: PLC0415  # 7 MB that a start on the newest schema does without
    from alembic.config import Config  # noqa: PLC0415  # as above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def newest() -> str:
    """The schema version that this code is for; migrations are files named by their number."""
    return max(file.name for file in (MIGRATIONS / "versions").glob("0*.py")).partition("_")[0]


@contextmanager
def _one_at_a_time(url: str) -> Iterator[None]:
    """On SQLite a lock file beside the database does what PostgreSQL's advisory lock does, for earlier versions as well."""
    file = make_url(url).database
    if not url.startswith("sqlite") or not file or file == ":memory:":
        yield
        return
    with Path(f"{file}.migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def current(url: str) -> str | None:
    """The schema version that the database is at, or None when it is empty."""
    engine = create_engine(sync_url(url), hide_parameters=True)
    try:
        with engine.connect() as connection:
            return _version(connection)
    finally:
        engine.dispose()


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found
