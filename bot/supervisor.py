"""Tasks that are to go on for as long as the process: what ends or fails is told once in the log, known to health, and started again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]

FAREWELL = 5
"""Seconds for what was cut off at a stop to clean up after itself."""


@dataclass(slots=True)
class _Kept:
    """One task. `trouble` is why it last ended, until it is well again; `failures` counts since it last was."""

    name: str
    work: Work
    longest_wait: float
    settled: float | None
    runner: asyncio.Task[None] | None = None
    trouble: str = ""
    failures: int = 0


@dataclass(slots=True)
class Supervisor:
    """The tasks of one part of the bot.

    Args:
        first_wait: seconds before a task that ended is started again; doubled each time it ends again at once.
        longest_wait: the most that this may become.
        settled: seconds that a task which ended must then live to count as well again.
    """

    first_wait: float = 1.0
    longest_wait: float = 30.0
    settled: float = 10.0
    _kept: dict[str, _Kept] = field(default_factory=dict, init=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def down(self) -> list[str]:
        """The names of the tasks that ended and are not well again."""
        if self._stopping.is_set():
            return []
        return [one.name for one in self._kept.values() if one.trouble or one.runner is None or one.runner.done()]

    def keep(self, name: str, work: Work) -> None:
        """Run `work`, which is not to end before `stop`, and run it again whenever it does."""
        self._start(_Kept(name, work, self.longest_wait, self.settled))

    def every(self, name: str, seconds: float, body: Work) -> None:
        """Call `body` each time that so many seconds have passed by the loop's clock, and soon again after it failed.

        The machine's clock may jump, and who stops beating is taken for dead.
        """

        async def again_and_again() -> None:
            pause = 0.0 if made.trouble else seconds
            while not await self._stops_within(pause):
                await body()
                self._well(made)
                pause = seconds

        longest = max(self.first_wait, min(seconds, self.longest_wait))
        made = _Kept(name, again_and_again, longest, None)  # well again as soon as it did its work once
        self._start(made)

    async def stop(self, patience: float | None = None) -> None:
        """Let what is at work come to its end; after `patience` seconds it is cut off, without a figure at once."""
        self._stopping.set()
        runners = [one.runner for one in self._kept.values() if one.runner is not None]
        if patience is None:
            for runner in runners:
                runner.cancel()
        await let_end(runners, FAREWELL if patience is None else patience)

    def _start(self, one: _Kept) -> None:
        self._kept[one.name] = one
        one.runner = asyncio.create_task(self._run(one), name=one.name)

    async def _run(self, one: _Kept) -> None:
        wait = self.first_wait
        while not self._stopping.is_set():
            why, error = await self._live(one)
            if self._stopping.is_set():
                return
            wait = min(one.longest_wait, wait * 2) if one.failures else self.first_wait
            self._ended(one, why, error)
            await self._stops_within(wait)

    async def _live(self, one: _Kept) -> tuple[str, BaseException | None]:
        """One life of it, to its end: why it ended, and the exception if there was one."""
        task = asyncio.ensure_future(one.work())
        try:
            if one.trouble and one.settled is not None:
                await asyncio.wait({task}, timeout=one.settled)
                if not task.done():
                    self._well(one)
            await asyncio.wait({task})
        finally:
            if not task.done():  # we are cut off, by a stop or by the end of the loop
                task.cancel()
                await asyncio.wait({task}, timeout=FAREWELL)
        if task.cancelled():
            return "it was cancelled", None
        error = task.exception()
        return ("it ended", None) if error is None else (type(error).__name__, error)

    async def _stops_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _ended(self, one: _Kept, why: str, error: BaseException | None) -> None:
        """Told once: while the same goes on happening there is nothing new to say."""
        if one.trouble != why:
            log.error("%s stopped (%s) and is started again", one.name, why, exc_info=error)
        one.trouble, one.failures = why, one.failures + 1

    def _well(self, one: _Kept) -> None:
        if one.trouble:
            log.warning("%s is at work again; it had stopped %d times", one.name, one.failures)
        one.trouble, one.failures = "", 0


async def let_end(tasks: Collection[asyncio.Task[Any]], patience: float) -> None:
    """Wait for them to end by themselves; after `patience` seconds they are cancelled, and waited for once more."""
    if not tasks:
        return
    _, late = await asyncio.wait(set(tasks), timeout=max(0.0, patience))
    if late:
        log.warning("%d at work after %.0f s are cut off; the next start goes on with them", len(late), patience)
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=FAREWELL)
