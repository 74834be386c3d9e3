"""Databases as released versions left them, with a row in each of their tables; and upgrades of them that die."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import threading
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.store.database import MIGRATIONS, current, newest, sync_url, upgrade
from bot.store.tables import metadata

Rows = dict[str, dict[str, Any]]
"""By table, the values of its one row."""

INSTRUCTIONS = 20
"""Of SQLite's machine, between two of the moments at which an upgrade can be killed by count."""


def config_for(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


RELEASED = sorted(script.revision for script in ScriptDirectory.from_config(config_for()).walk_revisions())


def make(address: str, version: str) -> Rows:
    """A database at that version with a row in every table; "" is no schema at all."""
    if not version:
        return {}
    engine = sa.create_engine(sync_url(address))
    with engine.begin() as connection:
        command.upgrade(config_for(connection), version)
        written = _fill(connection)
    engine.dispose()
    return written


def _fill(connection: sa.Connection) -> Rows:
    """One row in every table, in the order of their keys; returns what was written."""
    there = sa.MetaData()
    there.reflect(connection)
    written = {}
    for table in there.sorted_tables:
        if table.name != "alembic_version":
            written[table.name] = {column.name: _value(column) for column in table.columns}
            connection.execute(table.insert().values(written[table.name]))
    return written


def _value(column: sa.Column[Any]) -> Any:
    """Something to recognise, of the column's kind; every key is 1 or "one", so that the rows belong together."""
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return True
    if isinstance(kind, sa.Integer):
        return 1
    if isinstance(kind, sa.Date):
        return date(2026, 10, 31)
    return "one"


def assert_newest_with(address: str, written: Rows) -> None:
    """The schema is exactly the newest, and every value that was written is there."""
    assert current(address) == newest() == RELEASED[-1]
    engine = sa.create_engine(sync_url(address))
    with engine.connect() as connection:
        assert list(compare_metadata(MigrationContext.configure(connection), metadata)) == []
        for name, values in written.items():
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            row = dict(connection.execute(sa.select(table)).one()._mapping)
            assert values.items() <= row.items(), name
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    engine.dispose()


def copy(source: Path, target: Path) -> None:
    """A database file with what SQLite keeps beside it."""
    for end in ("", "-wal", "-shm"):
        if Path(f"{source}{end}").exists():
            shutil.copy(f"{source}{end}", f"{target}{end}")


# --- upgrades that die, each in a process of its own ----------------------------------------------------------------------


@dataclass(frozen=True)
class Dying:
    """An upgrade of this database, and what kills it: the one of these that is not zero.

    `moment`: a count of statements, commits and groups of SQLite's instructions; `seconds` after its beginning; `pages` or
    `bytes` that the file may have at most.
    """

    address: str
    moment: int = 0
    seconds: float = 0.0
    pages: int = 0
    bytes: int = 0


def dying(how: Dying) -> None:
    """What the child does. A full disk ends it with exit code 1."""
    if how.bytes:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (how.bytes, how.bytes))
    count_moments(how.moment, how.pages)
    if how.seconds:
        threading.Timer(how.seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
    try:
        upgrade(how.address)
    except sa.exc.DBAPIError:
        os._exit(1)
    os._exit(0)


def count_moments(last: int = 0, pages: int = 0) -> list[int]:
    """Count the moments of every engine of this process from now on; at the last one, kill -9."""
    seen = [0]

    def moment(*_: object) -> None:
        seen[0] += 1
        if seen[0] == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def connected(connection: Any, _record: object) -> None:
        if hasattr(connection, "set_progress_handler"):
            connection.set_progress_handler(moment, INSTRUCTIONS)
        if pages:
            connection.execute(f"PRAGMA max_page_count={pages}")

    sa.event.listen(sa.Engine, "connect", connected)
    for event in ("before_cursor_execute", "after_cursor_execute", "commit"):
        sa.event.listen(sa.Engine, event, moment)
    return seen


def counting(answer: tuple[str, Path]) -> None:
    """What another child does: how many moments an upgrade of this database has, and seconds, into a file."""
    address, file = answer
    seen = count_moments()
    began = time.monotonic()
    upgrade(address)
    file.write_text(f"{seen[0]} {time.monotonic() - began}")


def a_moment(dice: random.Random, moments: int, seconds: float) -> dict[str, Any]:
    """By count or by time, evenly over the whole upgrade."""
    return {"moment": dice.randint(1, moments)} if dice.random() < 0.5 else {"seconds": dice.uniform(0.0, seconds)}
