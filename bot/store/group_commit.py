"""Group commit: on SQLite, all who have something to write at the same moment share one commit.

SQLite has one writer at a time, and a commit waits for the disk. With a hundred runs at once each of them stood in line
for its turn, and a turn took three trips to a connection's thread with a crowded event loop in between. Here a
transaction is a function; the writer's thread calls one after another, each in a savepoint of its own, and commits.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from bot.store.sqlite import WRITE, one_connection

T = TypeVar("T")

TOGETHER = 50
"""Transactions of one commit at most; some tenth of a second, in which nobody else may write."""


@dataclass(frozen=True, slots=True)
class _Asked:
    work: Callable[[Connection], Any]
    done: asyncio.Future[Any]


class GroupCommit:
    """The writer's connection to this file and its thread. `turn` is the lock that all writers of the process share."""

    def __init__(self, file: str, turn: AbstractAsyncContextManager[object]) -> None:
        self.engine = one_connection(file, WRITE)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._turn = turn
        self._asked: list[_Asked] = []
        self._serving: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, once it is committed. Who is cancelled before its turn has written nothing."""
        loop = asyncio.get_running_loop()
        asked = _Asked(work, loop.create_future())
        self._asked.append(asked)
        if self._serving is None or self._serving.done():
            self._serving = loop.create_task(self._serve(), context=contextvars.Context())
        found: T = await asked.done
        return found

    async def close(self) -> None:
        if self._serving is not None:
            await asyncio.wait([self._serving])
        self._thread.shutdown()
        self.engine.dispose()

    async def _serve(self) -> None:
        """Group after group, until nobody asks any more."""
        loop = asyncio.get_running_loop()
        while self._asked:
            async with self._turn:
                group = [one for one in self._asked[:TOGETHER] if not one.done.done()]
                del self._asked[:TOGETHER]
                try:
                    outcomes = await loop.run_in_executor(self._thread, self._commit, [one.work for one in group])
                except Exception as broken:  # noqa: BLE001  # each of those who asked is told
                    outcomes = [(None, broken)] * len(group)
            for one, (found, error) in zip(group, outcomes, strict=True):
                if one.done.done():  # cancelled meanwhile
                    continue
                if error is None:
                    one.done.set_result(found)
                else:
                    one.done.set_exception(error)

    def _commit(self, works: Sequence[Callable[[Connection], Any]]) -> list[tuple[Any, Exception | None]]:
        """In the thread. What each returned or raised; raises itself where none of it is stored."""
        with self.engine.begin() as db:
            return [(works[0](db), None)] if len(works) == 1 else [_apart(db, work) for work in works]


def _apart(db: Connection, work: Callable[[Connection], Any]) -> tuple[Any, Exception | None]:
    """An exception takes back what this one wrote, and nothing else."""
    try:
        with db.begin_nested():
            return work(db), None
    except Exception as error:
        if not db.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]  # sqlite3's own
            raise  # a full disk: SQLite has taken back everything
        return None, error
