"""Whether the database is there, whole, and the one that this bot has worked on."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import Engine, ExceptionContext, create_engine, delete, event, insert, inspect, make_url, update
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.settings import Settings
from bot.store.tables import lanes
from bot.store.vault import KEY_FILE

ENGINE_FILES = ("engine.db", "engine.db-wal", "engine.db-shm")
DAMAGED = ("malformed", "not a database", "no such table", "unsupported file format", "does not exist")
"""In the words of SQLite and PostgreSQL: what no healthy database of ours says, be it ever so busy or full."""

MANY, WITHIN = 3, 60.0
"""So many errors of any kind within so many seconds: the database does not work."""

ROWS = 2000
"""Of the doctor's write: some 180 KB."""

DAMAGE_LASTS = 600.0
"""Seconds for which one error that tells of damage counts; a damaged page may be read once in a sync."""


def silent_new_beginning(settings: Settings) -> str:
    """Why a new database would hide that one is lost: key or engine are there, and it is not. Empty when all is well."""
    standing = _standing_engine(settings.store_url) if not settings.on_sqlite else _standing_files(settings)
    if not standing:
        return ""
    file = make_url(settings.store_url).database if settings.on_sqlite else "at DATABASE_URL"
    return (
        f"The database {file} is missing or empty, but {standing} is there, so there was one before. Restore the last"
        " backup of it, or, if this is meant to be a new beginning, say so: python -m bot db upgrade --new"
    )


def _standing_files(settings: Settings) -> str:
    file = make_url(settings.store_url).database
    if not file or file == ":memory:" or has_tables(Path(file)):
        return ""
    names = (KEY_FILE, ENGINE_FILES[0])
    return " and ".join(str(settings.data_dir / name) for name in names if (settings.data_dir / name).exists())


def has_tables(file: Path) -> bool:
    """Whether there is anything in this SQLite file; one that cannot be read is not empty. Makes none."""
    if not file.exists() or not file.stat().st_size:
        return False
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return bool(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    except sqlite3.DatabaseError:
        return True


def _standing_engine(url: str) -> str:
    """On PostgreSQL both live in one database: the engine's tables without ours are a restore that went half way."""
    engine = create_engine(url, hide_parameters=True)
    try:
        with engine.connect() as connection:
            there = inspect(connection)
            ours = there.has_table("alembic_version")
            return "" if ours or not there.has_table("workflow_status", schema="dbos") else "the engine's schema dbos"
    finally:
        engine.dispose()


def set_engine_aside(data_dir: Path) -> None:
    """A new beginning has nothing of the old jobs, whose connections are not there: their file gets another name."""
    for name in ENGINE_FILES:
        file = data_dir / name
        if file.exists():
            file.replace(data_dir / f"{name}.before")


def damage(file: Path) -> str:
    """What SQLite's own check finds wrong with a database file; empty when it is whole."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as db:
            found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as wrong:
        found = str(wrong)
    return "" if found == "ok" else found


async def refused_write(engine: AsyncEngine) -> str:
    """Why a write as a sync makes it fails: many rows, a savepoint, a commit. Empty when it works; it leaves nothing.

    A savepoint that changes more than 64 KB is where SQLite wants room for temporary storage.
    """
    rows = [{"name": f"doctor {number} {'x' * 70}", "free": 0} for number in range(ROWS)]
    mine = lanes.c.name.startswith("doctor ")
    try:
        async with engine.begin() as db:
            await db.execute(delete(lanes).where(mine))
            await db.execute(insert(lanes), rows)
            async with db.begin_nested():
                await db.execute(update(lanes).where(mine).values(free=lanes.c.free + 1))
            await db.execute(delete(lanes).where(mine))
    except DBAPIError as refused:
        return (str(refused.orig).strip().splitlines() or [type(refused.orig).__name__])[0]
    return ""


class Watch:
    """What has become of an open database. `trouble()` is a reason in words, empty while all is well.

    Args:
        url: of the database.
        clock: seconds, of the process; errors are counted by it.
    """

    def __init__(self, url: str, clock: Callable[[], float] = monotonic) -> None:
        file = make_url(url).database if url.startswith("sqlite") else None
        self._file = Path(file) if file and file != ":memory:" else None
        self._identity = self._look()
        self._clock = clock
        self._errors: deque[tuple[float, str]] = deque(maxlen=MANY)
        self._damage: tuple[float, str] | None = None

    def listen(self, engine: Engine) -> None:
        """Count the errors of this engine, too."""
        event.listen(engine, "handle_error", self._heard)

    def trouble(self) -> str:
        now = self._clock()
        if gone := self._gone():
            return gone
        if self._damage and now - self._damage[0] < DAMAGE_LASTS:
            return f"the database is damaged ({self._damage[1]})"
        if len(self._errors) == MANY and now - self._errors[0][0] < WITHIN:
            return f"the database refuses ({self._errors[-1][1]})"
        return ""

    @property
    def lost(self) -> bool:
        """Whether a person has to act: it is gone, exchanged or damaged, and not merely busy, full or away."""
        return bool(self._gone() or (self._damage and self._clock() - self._damage[0] < DAMAGE_LASTS))

    def _gone(self) -> str:
        if self._file is None or self._identity is None:
            return ""
        now = self._look()
        if now is None:
            return f"the database file {self._file} is gone"
        if now[:2] != self._identity[:2]:
            return f"the database file {self._file} was exchanged for another one"
        return f"the database file {self._file} was emptied" if self._identity[2] and not now[2] else ""

    def _look(self) -> tuple[int, int, int] | None:
        """Device, inode and size of the file that the path leads to now."""
        try:
            found = self._file.stat() if self._file else None
        except OSError:
            return None
        return (found.st_dev, found.st_ino, found.st_size) if found else None

    def _heard(self, context: ExceptionContext) -> None:
        error: Any = context.sqlalchemy_exception
        if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError | DisconnectionError):
            return
        said = (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0]
        self._errors.append((self._clock(), said))
        if any(words in said for words in DAMAGED):
            self._damage = (self._clock(), said)
