"""What keeps a job from its turn although this process lives: a row that nobody has at hand, a promise that is gone, a queue that nobody serves.

So it is after a disk was full when a job's end was to be written, and after the database failed over to a copy that lagged
behind: a row then names a living process, in which nothing runs. The vendor looks after rows of dead processes only.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from bot import dbos_rows
from bot.dbos_rows import PendingJob
from bot.store import replicas
from bot.store.database import Store

log = logging.getLogger(__name__)

T = TypeVar("T")

CERTAIN = 4.0
"""Seconds that a job of ours must be seen so: one that has just been taken up, or has just ended, looks alike for a moment."""

CERTAIN_OF_OTHERS = 15.0
"""The same for one in the name of a process that is not known: a new one begins to beat right after its start."""

LONGEST = 600.0
"""Seconds, at most, until one that was given back time and again and never taken up is given back once more."""

SURE_AFTER = 20.0
"""Seconds after which a promise is looked for once more; a copy that a database fails over to lags behind by less."""

REMEMBERED = 1_000
TOGETHER = 500


class JobWatch:
    """Looks every few seconds. `me` is this process's name in the tables, `register` makes queues there."""

    def __init__(self, store: Store, me: str, register: Callable[[Collection[str]], Awaitable[None]]) -> None:
        self._store, self._me, self._register = store, me, register
        self._since: dict[str, float] = {}
        self._given: dict[str, int] = {}
        self._promises: dict[str, tuple[float, Callable[[], Awaitable[None]]]] = {}
        self._idle: list[str] = []
        self._stalled = 0
        self._thread = ThreadPoolExecutor(2, thread_name_prefix="job-watch")

    @property
    def ailing(self) -> list[str]:
        """What was wrong at the last look, in words."""
        idle = [f"nobody takes jobs from the queue {name}" for name in self._idle]
        return [*idle, f"jobs at no one's hand: {self._stalled}"] if self._stalled else idle

    async def look(self) -> None:
        idle, self._idle = self._idle, dbos_rows.idle_queues()
        if lost := await self._in_thread(dbos_rows.lost_queues):
            log.warning("the engine's tables do not name the queues %s any more; made anew", ", ".join(sorted(lost)))
            await self._register(lost)
        elif idle and self._idle and dbos_rows.start_manager():
            log.error("the engine's queue manager had ended and is started again")
        await self._look_for_stalled(await replicas.beats(self._store))
        await self._make_sure()

    def promised(self, key: str, again: Callable[[], Awaitable[None]]) -> None:
        """A job that was promised just now, and how to promise it anew."""
        self._promises[key] = time.monotonic(), again

    async def at_work(self, company: str, since: timedelta, now: Callable[[], Awaitable[datetime]]) -> bool:
        """Whether a job that needs this company's turn is in the hand of a process that has beaten within `since`."""
        jobs = await self._in_thread(dbos_rows.pending)
        mine, beats, latest = dbos_rows.at_work(), await replicas.beats(self._store), await now() - since
        return any(
            job.id in mine if job.executor == self._me else beats.get(job.executor, latest - since) >= latest
            for job in jobs
            if job.queue == "sync" and job.company == company
        )

    def close(self) -> None:
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """In threads of our own, since those of the engine may all wait for the database."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # --- jobs that nobody has at hand ---

    async def _look_for_stalled(self, known: Collection[str]) -> None:
        """`known` are the processes that have beaten. What is certain goes back into its queue."""
        jobs = await self._in_thread(dbos_rows.pending)
        now, at_work = time.monotonic(), dbos_rows.at_work()
        suspects = [job for job in jobs if self._at_no_hand(job, at_work, known)]
        self._since = {job.id: self._since.get(job.id, now) for job in suspects}
        for job in jobs:
            if job.id in at_work:
                self._given.pop(job.id, None)
        certain = [job for job in suspects if now - self._since[job.id] >= self._certain_after(job)]
        self._stalled = len(certain)
        for job in certain:
            await self._give_back(job)

    def _at_no_hand(self, job: PendingJob, at_work: Collection[str], known: Collection[str]) -> bool:
        """Of another living process only that process knows; a silent one's are taken over with its lease."""
        return job.id not in at_work if job.executor == self._me else job.executor not in known

    def _certain_after(self, job: PendingJob) -> float:
        least = CERTAIN if job.executor == self._me else CERTAIN_OF_OTHERS
        return float(min(LONGEST, least * 2 ** self._given.get(job.id, 0)))

    async def _give_back(self, job: PendingJob) -> None:
        if not await self._in_thread(partial(dbos_rows.give_back, job)):
            return
        log.warning("job %s of company %s was at no one's hand and goes on", job.id, job.company or "none")
        self._since.pop(job.id, None)
        if len(self._given) > REMEMBERED:
            self._given.clear()
        self._given[job.id] = self._given.get(job.id, 0) + 1

    # --- promises that are gone ---

    async def _make_sure(self) -> None:
        """Each promise is looked for once more a while later: the database may have fallen back behind it."""
        now = time.monotonic()
        due = {key: again for key, (since, again) in self._promises.items() if now - since >= SURE_AFTER}
        keys = list(due)
        for start in range(0, len(keys), TOGETHER):
            some = keys[start : start + TOGETHER]
            for key in await self._in_thread(partial(dbos_rows.missing, some)):
                log.warning("job %s was promised and is gone from the engine's tables; it is promised anew", key)
                await due[key]()
                some.remove(key)
            for key in some:
                self._promises.pop(key, None)
