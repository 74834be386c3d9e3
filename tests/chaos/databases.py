"""What people do to a database behind a bot's back: a long lock, a backup while it runs, a restore of an old one.

Backup and restore are done as docs/operating.md says, so that a round which ends well proves the page.
"""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.postgres import binaries


class Database(ABC):
    """`url` is what DATABASE_URL is set to; `backup` the last one, where there is one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.backup: Path | None = None

    @asynccontextmanager
    @abstractmethod
    async def locked(self) -> AsyncIterator[None]:
        """Another process holds a lock that keeps everybody from writing."""
        yield

    @abstractmethod
    async def keep(self, folder: Path) -> None:
        """A backup into this folder, which is there, with the bot at work or not."""

    @abstractmethod
    async def restore(self) -> None:
        """Everything as in the last backup; nothing else may be at work on it."""


class SqliteFiles(Database):
    """The files in a data directory: `bot.db` and, where an engine runs, `engine.db`."""

    def __init__(self, folder: Path, names: tuple[str, ...] = ("bot.db", "engine.db")) -> None:
        super().__init__("")
        self._folder, self._names = folder, names

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        with closing(sqlite3.connect(self._folder / "bot.db", isolation_level=None, timeout=30)) as held:
            held.execute("BEGIN IMMEDIATE")
            yield
            held.execute("ROLLBACK")

    async def keep(self, folder: Path) -> None:
        self.backup = folder
        for name in self._names:
            with (
                closing(sqlite3.connect(self._folder / name, timeout=30)) as now,
                closing(sqlite3.connect(folder / name)) as kept,
            ):
                now.backup(kept)

    async def restore(self) -> None:
        assert self.backup is not None
        for name in self._names:
            for tail in ("-wal", "-shm"):  # of the file that was there: SQLite would play them into the restored one
                (self._folder / f"{name}{tail}").unlink(missing_ok=True)
            (self._folder / name).write_bytes((self.backup / name).read_bytes())


class Postgres(Database):
    """One database of a server, both schemas in one snapshot."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        parts = make_url(url)
        self._name = str(parts.database)
        self._plain = parts.set(drivername="postgresql").render_as_string(hide_password=False)
        self._admin = parts.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        async with await psycopg.AsyncConnection.connect(self._plain) as held:
            await held.execute("LOCK TABLE postings, attempts, alerts IN EXCLUSIVE MODE")
            yield
            await held.rollback()

    async def keep(self, folder: Path) -> None:
        self.backup = folder
        await self._tool("pg_dump", "--format=custom", f"--file={folder / 'bot.dump'}", self._plain)

    async def restore(self) -> None:
        assert self.backup is not None
        async with await psycopg.AsyncConnection.connect(self._admin, autocommit=True) as admin:
            await admin.execute(f'DROP DATABASE "{self._name}" WITH (FORCE)'.encode())
            await admin.execute(f'CREATE DATABASE "{self._name}"'.encode())
        await self._tool("pg_restore", "--no-owner", f"--dbname={self._plain}", str(self.backup / "bot.dump"))

    async def _tool(self, name: str, *arguments: str) -> None:
        folder = binaries()
        assert folder is not None
        command = [str(folder / name), *arguments]
        await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
