"""SQLite connections that cost one trip to their thread for each statement, instead of four.

SQLAlchemy asks aiosqlite for a cursor, the statement, its rows and the cursor's end one by one, and each is a trip to
the connection's thread and back: more work than the statement itself. Here a statement, its rows and the beginning of
its transaction go together, and a transaction that only read ends without a trip.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Self

import aiosqlite
from sqlalchemy import Engine, StaticPool, create_engine, event

READ, WRITE = "BEGIN", "BEGIN IMMEDIATE"
"""What may write takes the write lock at once, so that none fails half way."""


class Line(aiosqlite.Connection):
    """One connection and its thread, which does what it is given in order."""

    def __init__(self, file: str) -> None:
        super().__init__(lambda: _connect(file), iter_chunk_size=64)
        self._thread.daemon = True
        self._how = ""  # how the transaction begins that SQLAlchemy believes to be open
        self._touched = False  # whether the thread was given anything of it
        self._answered = True  # whether the thread has nothing left to do

    def begin(self, how: str) -> None:
        """A transaction, which takes its snapshot or its lock with its first statement."""
        self._how = how

    def cursor(self) -> Statement:  # type: ignore[override]  # as much of aiosqlite's as SQLAlchemy uses
        return Statement(self)

    async def run(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Let the thread do this within the transaction."""
        how = self._how

        def within() -> None:
            if how and not self._conn.in_transaction:
                self._conn.execute(how)
            work(self._conn)

        self._touched, self._answered = True, False
        await self._execute(within)  # type: ignore[no-untyped-call]  # aiosqlite leaves it untyped
        self._answered = True  # not reached by whoever was cancelled, or by a statement that failed

    async def commit(self) -> None:
        self._how = ""
        if self._touched:
            await super().commit()
        self._touched = False

    async def rollback(self) -> None:
        """What was cancelled on its way may still begin; the thread ends it after that. So ends what only read, too."""
        read, self._how = self._how == READ, ""
        if self._touched and read and self._answered:
            self._conn.rollback()  # lets go of a snapshot: nothing to take back, nobody to wait for
        elif self._touched:
            await super().rollback()
        self._touched = False


class Statement:
    """A cursor as SQLAlchemy wants one; all rows are there when `execute` returns."""

    arraysize = 1

    def __init__(self, line: Line) -> None:
        self._line = line
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Any = ()) -> None:
        await self._line.run(lambda db: self._take(db.execute(sql, parameters)))

    async def executemany(self, sql: str, parameters: Sequence[Any]) -> None:
        await self._line.run(lambda db: self._take(db.executemany(sql, parameters)))

    def _take(self, cursor: sqlite3.Cursor) -> None:
        """In the connection's thread. The number of changed rows is right only once the rows are read."""
        self.description = cursor.description
        if cursor.description:
            self._rows = cursor.fetchall()
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []


def one_connection(file: str, how: str) -> Engine:
    """A single connection for who uses it without `await`, each transaction beginning so; made with its first use."""
    engine = create_engine(
        f"sqlite:///{file}",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "isolation_level": None},
        hide_parameters=True,
    )
    event.listen(engine, "connect", pragmas)
    event.listen(engine, "begin", lambda db: db.exec_driver_sql(how))
    return engine


async def open_line(file: str) -> Line:
    line = Line(file)
    await line
    return line


def _connect(file: str) -> sqlite3.Connection:
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    pragmas(db)
    return db


def pragmas(db: Any, _record: object = None) -> None:
    """What every SQLite connection needs: WAL, patience with a lock, a flush before a commit returns, no temporary files."""
    cursor = db.cursor()
    for pragma in (
        "journal_mode=WAL",
        "busy_timeout=30000",
        "foreign_keys=ON",
        "synchronous=FULL",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
