"""The turns of a run: settle what is in doubt, then read the source and post what is due, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from bot.models import ConnectionState, PostingState
from bot.spend.source import Source
from bot.store import attempts, connections, postings, runs
from bot.store.postings import Posting
from bot.store.runs import Run
from bot.sync.ending import Ending, Stopped
from bot.sync.feed import Feed
from bot.sync.fetch import fetch
from bot.sync.fetching import Fetching
from bot.sync.kinds import kind, learn, probes
from bot.sync.late import to_open_day
from bot.sync.mend import mend
from bot.sync.post import Pass, Round, post_all, post_round
from bot.sync.reach import Reach
from bot.sync.reversals import turn_back
from bot.sync.settle import look_before_first, settle_left_behind, settle_unknown

TURN = 120.0
"""Seconds of one turn; the connection, its rules and its mapping are read anew for each. Between two a slot idles for some seconds."""

SHOW_EVERY = 2.0
"""Seconds between two times that people are shown how far a run is; a run that is over sooner is shown once, at its end."""

AT_ONCE = 100
"""Rows of which one of each kind is tried again, before the others of its kind."""


@dataclass(slots=True)
class UnderWay:
    """What this process knows of a run at work, from one of its turns to the next.

    Rows after `newest` came with this run's own fetch. `seen_to` is the id up to which rows were looked up in Intacct;
    those that are fetched afterwards have higher ones. `shown` is when people were last shown how far it is, by the loop's time.
    """

    fetching: Fetching
    newest: int
    shown: float
    seen_to: int | None = None
    paused: bool = False


@dataclass(slots=True)
class Turns:
    """What is done in one turn of a run, with the runs that this process has under way."""

    reach: Reach
    ending: Ending
    under_way: dict[int, UnderWay] = field(default_factory=dict)

    async def _orphans(self, work: Pass) -> None:
        """What a dead turn left on its way is in doubt now, in other connections of the company as well."""
        left = await attempts.orphans(self.reach.store, work.company.id, self.reach.clock())
        for other in left - {work.connection.id}:
            row = await connections.get_connection(self.reach.store, other)
            if row is not None and not row.removed:
                await self.ending.promise_settle(row, 1.0)

    async def _settle(self, work: Pass) -> None:
        result = await settle_unknown(work)
        await self._seen(work)
        if result.stop is not None:
            raise Stopped(*result.stop)

    async def ask_again(self, work: Pass) -> bool:
        await self._orphans(work)
        await self._settle(work)
        if await self._turn_back(work):
            await self.ending.promise_sync(work.connection, "reversed", urgent=True)
        return False

    async def _turn_back(self, work: Pass, source: Source | None = None) -> bool:
        """Whether a reversal is proven, so that its transaction can be posted again."""
        again, stop = await turn_back(work, source)
        if stop is not None:
            raise Stopped(*stop)
        return again

    async def prepare(self, work: Pass, intent: str) -> bool:
        """The first turn. What a person asked for is stored first, so that it is not lost if this run stops early."""
        await self._orphans(work)
        if intent:
            await self._take_up(work, intent)
        await settle_left_behind(work)
        left = await postings.open_states(self.reach.store, work.connection.id)
        if left & {PostingState.UNKNOWN, PostingState.HELD}:
            await self._settle(work)
        if PostingState.REVERSING in left:
            await self._turn_back(work, await self.reach.source(work.connection))
        return True if intent else await self._go_on(work)

    async def go_on(self, work: Pass) -> bool:
        """Every turn but the first."""
        await self._orphans(work)
        return await self._go_on(work)

    async def _go_on(self, work: Pass) -> bool:
        """Fetch and post for a while. Returns whether there is more to do."""
        state = await self._begun(work)
        if work.connection.state == ConnectionState.BROKEN:
            await state.fetching.end()  # both sides must let us in before the connection counts as mended
            await work.client.sign_in(work.connection.entity_id)
            shut_out = await self.ending.shut_out_with(work.connection)
            await self.ending.let_in(work.company, shut_out, work.run.actor, at_work=work.connection.id)
        if state.seen_to is None and work.connection.id not in self.reach.looked:
            state.seen_to = await look_before_first(work)
        await to_open_day(work)
        goes_on = await self._post(work, state)
        if self.ending.draining:
            await self.store_haul(work.run)
        elif not goes_on:
            await self._fetched(work, state.fetching)
        return goes_on

    async def _begun(self, work: Pass) -> UnderWay:
        """The run's pass over the source, begun by its first turn in this process."""
        found = self.under_way.get(work.run.id)
        if found is None:
            newest = await postings.newest(self.reach.store)
            source = await self.reach.source(work.connection)
            read = partial(fetch, self.reach.store, work.connection, source, work.terms, clock=self.reach.clock)
            found = self.under_way[work.run.id] = UnderWay(Fetching(read), newest, asyncio.get_running_loop().time())
        return found

    async def _fetched(self, work: Pass, fetching: Fetching) -> None:
        """All was read, and all that was due is posted: from here on the next run reads what is newer.

        Raises:
            SourceError: it was not all; what came is posted, and the next run reads from the same day again.
        """
        haul, connection = await fetching.end(), work.connection
        if haul.whole:
            self.reach.looked.add(connection.id)
            if haul.newest != connection.watermark:
                await connections.set_watermark(self.reach.store, connection.id, haul.newest)

    async def read_no_further(self, run: Run) -> dict[str, Any]:
        """The run ends, or this process does: no more of the source is read. Returns what the run has read, to be stored."""
        state = self.under_way.pop(run.id, None)
        if state is None:
            return {}
        await state.fetching.stop()
        haul = state.fetching.haul
        return {"fetched": haul.fetched, "skipped": {k: n for k, n in haul.skipped.items() if n}}

    async def store_haul(self, run: Run) -> None:
        """Read no further, where the run does not come to an end that stores what it has read."""
        if haul := await self.read_no_further(run):
            await runs.change_run(self.reach.store, run.id, **haul)

    async def _take_up(self, work: Pass, intent: str) -> None:
        """What a person asked to retry becomes due; its cause stays on the row until it is posted or fails anew.

        What was tried since the click, by a run that was under way or by this one before it was cut off, is not tried again.
        """
        asked = await runs.get_intent(self.reach.store, intent)
        ids = [int(one) for one in (asked.target.get("postings") or [])] if asked else []
        done = await attempts.tried_after(self.reach.store, ids, int(asked.target.get("tried", 0))) if asked else set()
        ids = [one for one in ids if one not in done]
        await mend(self.reach.store, work.terms, ids, self.reach.clock())
        await postings.move(
            self.reach.store,
            ids,
            source=[PostingState.FAILED, PostingState.PENDING],
            target=PostingState.PENDING,
            now=self.reach.clock(),
            not_before=None,
        )

    async def _post(self, work: Pass, state: UnderWay) -> bool:
        """Send what is due, while pages still come. Returns whether there may be more: the turn's time was over before.

        While the source is being read, only what it has just brought goes out: older rows may have changed or gone there.
        Then those that failed before go first, one of each kind, so that one failure speaks for its kind.
        """
        store, connection = self.reach.store, work.connection.id
        loop = asyncio.get_running_loop()
        end = loop.time() + TURN

        def until() -> bool:
            return loop.time() >= end or self.ending.draining or state.paused

        while not until():
            if await attempts.unread(store, connection):
                await self._orphans(work)
                await self._settle(work)  # nothing new is sent until a read has succeeded
            over, now = state.fetching.over and not state.fetching.failed, self.reach.clock()
            retried = await postings.due(store, connection, now, limit=AT_ONCE, failed_before=True) if over else []
            if retried:
                await self._try_again(work, retried)
                continue
            after = 0 if over else state.newest
            async with Feed(work, state.fetching, until, after=after, look_after=state.seen_to) as feed:
                result = await post_all(work, feed.take, partial(self._sent, work))
            await self._heed(work, result)
            all_of_it = (
                feed.drained and feed.given == result.posted
            )  # what failed may have been mended, and is due again
            if all_of_it and (over or state.fetching.failed):
                return False
        return True

    async def _try_again(self, work: Pass, rows: Sequence[Posting]) -> None:
        kinds = {row.id: kind(row, work.terms) for row in rows}
        batch = probes(rows, kinds)
        result = await post_round(work, batch)
        await self._seen(work)
        sent = {row.id for row in batch}
        await learn(self.reach.store, batch, [row for row in rows if row.id not in sent], kinds, self.reach.clock())
        await mend(self.reach.store, work.terms, sent, self.reach.clock())
        await to_open_day(work)
        await self._heed(work, result)

    async def _sent(self, work: Pass, rows: Sequence[Posting], result: Round) -> None:
        await self._seen(work)
        if result.failed:
            await mend(self.reach.store, work.terms, {row.id for row in rows}, self.reach.clock())
            await to_open_day(work)

    async def _heed(self, work: Pass, result: Round) -> None:
        """A reason to stop ends the run; "too many requests" is remembered for whoever else asks this company."""
        if result.stop is None:
            return
        if (hold := work.client.allowance.hold) > 0:
            until = self.reach.clock() + timedelta(seconds=hold)
            await connections.change_company(self.reach.store, work.company.id, held_until=until)
        raise Stopped(*result.stop)

    async def _seen(self, work: Pass) -> None:
        """After a batch: see whether somebody pressed Pause, and show how far it is, though not for every batch."""
        state = self.under_way.get(work.run.id)
        if state is None:
            return
        state.paused = not await runs.goes_on(self.reach.store, work.run)
        now = asyncio.get_running_loop().time()
        if now - state.shown >= SHOW_EVERY:
            state.shown = now
            await self.ending.refresh(work.connection)
