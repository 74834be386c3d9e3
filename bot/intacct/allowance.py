"""How many requests a company allows at once, and how long to hold back after it said "too many"."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType

Sleep = Callable[[float], Awaitable[None]]
Monotonic = Callable[[], float]

_LONGEST_HOLD = 60.0
_GOOD_ANSWERS_TO_GROW = 20


class Allowance:
    """Slots for requests of one company, shared by all its connections; `async with` takes one.

    Other integrations use the same allowance, so a 429 halves ours and holds everyone back; it grows again by one slot
    after a row of good answers. One slot always remains.
    """

    def __init__(self, at_once: int, *, sleep: Sleep = asyncio.sleep, monotonic: Monotonic = time.monotonic) -> None:
        if at_once < 1:
            raise ValueError("At least one request at once.")
        self.at_once = at_once
        self._slots = asyncio.Semaphore(at_once)
        self._sleep = sleep
        self._monotonic = monotonic
        self._withhold = 0
        self._withheld = 0
        self._refusals = 0
        self._good = 0
        self._resume_at = 0.0

    @property
    def now(self) -> int:
        """The number of slots in use or to be had at present."""
        return self.at_once - self._withhold

    @property
    def hold(self) -> float:
        """Seconds until the next request may leave."""
        return max(0.0, self._resume_at - self._monotonic())

    def hold_for(self, seconds: float) -> None:
        """Nobody asks before so many seconds have passed: another process was told "too many" for this company.

        What is far ahead was noted by a clock that was set back since, and holds nobody.
        """
        if seconds <= 2 * _LONGEST_HOLD:
            self._resume_at = max(self._resume_at, self._monotonic() + min(seconds, _LONGEST_HOLD))

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        try:
            if (hold := self.hold) > 0:
                await self._sleep(hold)
        except BaseException:
            self._give_back()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back()

    def slow_down(self, retry_after: float | None = None) -> None:
        """Intacct said "too many": fewer slots, and a pause for all; a named time counts, up to a minute."""
        self._good = 0
        self._refusals += 1
        pause = retry_after if retry_after is not None else 2.0 ** (self._refusals - 1)
        self._resume_at = max(self._resume_at, self._monotonic() + min(pause, _LONGEST_HOLD))
        self._withhold = self.at_once - max(1, self.now // 2)

    def went_well(self) -> None:
        """A good answer; enough of them in a row bring a slot back."""
        self._refusals = 0
        self._good += 1
        if self._withhold and self._good >= _GOOD_ANSWERS_TO_GROW:
            self._good = 0
            self._withhold -= 1
            if self._withheld > self._withhold:
                self._withheld -= 1
                self._slots.release()

    def _give_back(self) -> None:
        if self._withheld < self._withhold:
            self._withheld += 1
        else:
            self._slots.release()
