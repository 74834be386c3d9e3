"""New rows for the lanes: batches of equal size, as long as there are any and pages still come."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Self

from bot.intacct.batches import cut_evenly
from bot.store import postings
from bot.store.postings import Posting
from bot.sync.fetching import Fetching
from bot.sync.post import Pass
from bot.sync.settle import adopt_known

AT_ONCE = 1000
"""Rows read from the database at a time; ten full batches."""

WORTH_A_LOOK = 500
"""Fetched rows that are waited for where each must be looked up first: a look-up is a request, however few it asks for."""

PATIENCE = 0.5
"""Seconds that a batch waits for more than the last page brought; between two such looks it is seen whether to go on."""


class Feed:
    """What is due and never failed, each row once, in the order of their ids; read ahead while `async with` is open.

    `given` counts the rows given out. It is `drained` once the source was over and no row was left to read.

    Args:
        work: the turn's pass.
        fetching: the source being read meanwhile.
        until: whether to end here, though more may be due.
        after: only rows with higher ids.
        look_after: rows with a higher id are looked up in Intacct before they are given out; None trusts them all.
    """

    def __init__(
        self,
        work: Pass,
        fetching: Fetching,
        until: Callable[[], bool],
        *,
        after: int = 0,
        look_after: int | None = None,
    ) -> None:
        self.given = 0
        self.drained = False
        self._work, self._fetching, self._until, self._look_after = work, fetching, until, look_after
        self._ready: deque[Sequence[Posting]] = deque()
        self._after = after
        self._fetched = 0
        self._more = False
        self._closed = False
        self._filled, self._taken = asyncio.Event(), asyncio.Event()

    async def __aenter__(self) -> Self:
        self._filling = asyncio.create_task(self._fill())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed = True
        self._taken.set()
        await asyncio.wait([self._filling])
        if not self._filling.cancelled():
            self._filling.exception()  # looked at; `take` has raised it where nothing else came first

    async def take(self, halted: Callable[[], bool]) -> Sequence[Posting]:
        """The next batch, as soon as there is one; none when there will be no more, or once nothing new may be sent.

        Raises:
            IntacctError, SQLAlchemyError: the rows could not be read or looked up.
        """
        while not (self._until() or halted()):
            if self._ready:
                batch = self._ready.popleft()
                self.given += len(batch)
                self._taken.set()
                return batch
            if self._filling.done():
                self._filling.result()
                return ()
            await _soon(self._filled)
        return ()

    async def _fill(self) -> None:
        """Keep batches ready, so that no slot waits for the database, the source or a look-up."""
        loop, waited = asyncio.get_running_loop(), 0.0
        while not (self._closed or self._until()):
            if len(self._ready) > self._work.client.allowance.now:
                await _soon(self._taken)
                continue
            over, began = self._fetching.over, loop.time()  # over before the rows are read, or its last page is missed
            if over or self._worth_it(waited):
                await self._load()
                waited = 0.0
                self._filled.set()
                if over and not self._more:
                    self.drained = True
                    return
            else:
                await self._fetching.news(PATIENCE)
                waited += loop.time() - began

    def _worth_it(self, waited: float) -> bool:
        """Whether the last look left rows behind, or enough was fetched since, or little was and lanes stand idle."""
        if self._more:
            return True
        new = self._fetching.haul.fetched - self._fetched
        allowed = self._work.client.allowance.now * self._work.client.batch_size.now
        enough = WORTH_A_LOOK if self._look_after is not None else allowed
        return new >= enough or (new > 0 and waited >= PATIENCE and not self._ready)

    async def _load(self) -> None:
        """The next rows that are due, cut into batches."""
        work, self._fetched = self._work, self._fetching.haul.fetched
        rows = await postings.due(
            work.reach.store,
            work.connection.id,
            work.reach.clock(),
            limit=AT_ONCE,
            after=self._after,
            failed_before=False,
        )
        self._more = len(rows) == AT_ONCE
        if not rows:
            return
        self._after = rows[-1].id
        known = await self._known(rows)
        left = [row for row in rows if row.id not in known]
        self._ready.extend(cut_evenly(left, work.client.allowance.now, work.client.batch_size.now))

    async def _known(self, rows: Sequence[Posting]) -> set[int]:
        """Those of these that Intacct has already, though they are new to us: our database may be a restored one."""
        if self._look_after is None:
            return set()
        fresh = {row.id: row.reference for row in rows if row.id > self._look_after}
        return await adopt_known(self._work, fresh) if fresh else set()


async def _soon(event: asyncio.Event) -> None:
    """Until the event, or for as long as may pass between two looks at whether to go on."""
    event.clear()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), PATIENCE)
