"""One pass over the source, under way while what it brought so far is posted already."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

from bot.sync.fetch import Haul

Fetch = Callable[..., Awaitable[Haul]]
"""`fetch` of everything but what it tells: `await fetch(haul=…, stored=…)`."""


class Fetching:
    """A fetch as a task. It outlives a turn of its run, so that a first fetch of hours is read once, page by page."""

    def __init__(self, fetch: Fetch) -> None:
        self.haul = Haul()
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._all(partial(fetch, haul=self.haul, stored=self._news.set)))

    async def _all(self, fetch: Callable[[], Awaitable[Haul]]) -> None:
        try:
            await fetch()
        finally:
            self._news.set()

    @property
    def over(self) -> bool:
        """Whether no page comes any more, because all were read or because the source failed."""
        return self._task.done()

    @property
    def failed(self) -> bool:
        """Whether it is over because the source, or something of ours, failed."""
        return self.over and (self._task.cancelled() or self._task.exception() is not None)

    async def news(self, patience: float) -> None:
        """Wait until another page is stored, the fetch is over, or so many seconds have passed."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), patience)
        if not self.over:
            self._news.clear()

    async def end(self) -> Haul:
        """All of it, once it is over.

        Raises:
            SourceError: the source did not answer; what was stored so far stays.
        """
        await self._task
        return self.haul

    async def stop(self) -> None:
        """Read no further. What was stored stays; the next run begins at the watermark again."""
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.exception()  # looked at; who stops has another reason already
