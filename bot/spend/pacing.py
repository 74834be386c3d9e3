"""The allowance of calls, kept by us so that the far end never has to refuse.

BILL allows 60 calls a minute for each token and three at once for each organisation. The allowance belongs to the
token: two connections with one token share one `Pacer`.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

Clock = Callable[[], float]
"""Seconds on a clock that only goes forward."""
Sleep = Callable[[float], Awaitable[None]]

WINDOW = 61.0
"""A minute and a second: calls that left a minute apart can arrive a little closer together."""
AT_ONCE = 3


class Pacer:
    """At most `calls` in any minute and three at once, first come first served."""

    def __init__(self, calls: int = 60, *, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._calls = calls
        self._clock = clock
        self._sleep = sleep
        self._made: deque[float] = deque()
        self._not_before = 0.0
        self._lanes = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits until one more call may leave; the call is made inside the block."""
        async with self._lanes:
            while (wait := self._wait(self._calls)) > 0:
                await self._sleep(wait)
            self._made.append(self._clock())
            yield

    def spare(self) -> float:
        """Seconds that a call which can wait should wait: half of each minute is for those that somebody waits for."""
        return max(0.0, self._wait(max(1, self._calls // 2)))

    def hold(self, seconds: float) -> None:
        """The far end asked everyone with this token to wait."""
        self._not_before = max(self._not_before, self._clock() + seconds)

    def limit(self, calls: int) -> None:
        """Lowers the allowance; of two who share a token, the more careful one decides."""
        self._calls = min(self._calls, calls)

    def _wait(self, calls: int) -> float:
        """Seconds until fewer than `calls` were made in the minute before."""
        now = self._clock()
        while self._made and self._made[0] <= now - WINDOW:
            self._made.popleft()
        full = self._made[-calls] + WINDOW - now if len(self._made) >= calls else 0.0
        return max(full, self._not_before - now)


_shared: WeakValueDictionary[str, Pacer] = WeakValueDictionary()


def shared_pacer(address: str, token: str, calls: int, *, clock: Clock, sleep: Sleep) -> Pacer:
    """The one pacer of this token at this address, for as long as somebody uses it. The token itself is not kept."""
    key = hashlib.sha256(f"{address}\n{token}".encode("utf-8", "replace")).hexdigest()
    pacer = _shared.get(key)
    if pacer is None:
        pacer = _shared[key] = Pacer(calls, clock=clock, sleep=sleep)
    pacer.limit(calls)
    return pacer
