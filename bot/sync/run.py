"""One pass over a connection: settle what is unknown, then fetch what is new and post what is due, side by side."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from bot.engine import Engine
from bot.hints.classify import classify
from bot.intacct.errors import IntacctError
from bot.models import ConnectionState, PostingState, RunState, Trigger
from bot.spend.errors import SourceError
from bot.spend.source import Source
from bot.store import attempts, connections, postings, runs
from bot.store.connections import Company, Connection
from bot.store.postings import Posting
from bot.store.rows import to_json
from bot.store.runs import Run
from bot.sync.ending import ENDED, Ending, Stopped
from bot.sync.feed import Feed
from bot.sync.fetch import fetch
from bot.sync.fetching import Fetching
from bot.sync.introduce import introduce
from bot.sync.kinds import kind, learn, probes
from bot.sync.mapping import Terms
from bot.sync.mend import mend
from bot.sync.post import Pass, Round, post_all, post_round
from bot.sync.reach import Reach
from bot.sync.receipts import attach_some
from bot.sync.reversals import turn_back
from bot.sync.settle import look_before_first, settle_unknown
from bot.sync.standing import Standing

log = logging.getLogger(__name__)

KNOWN_FOR = timedelta(minutes=10)
"""How long the locations of an entity are believed; reading them costs a query, and a run has many turns."""

TURN = 120.0
"""Seconds of one turn; the connection, its rules and its mapping are read anew for each. Between two a slot idles for some seconds."""

SHOW_EVERY = 2.0
"""Seconds between two times that people are shown how far a run is."""

AT_ONCE = 100
"""Rows of which one of each kind is tried again, before the others of its kind."""


@dataclass(slots=True)
class UnderWay:
    """What this process knows of a run at work, from one of its turns to the next.

    Rows after `newest` came with this run's own fetch. `seen_to` is the id up to which rows were looked up in Intacct;
    those that are fetched afterwards have higher ones.
    """

    fetching: Fetching
    newest: int
    seen_to: int | None = None
    paused: bool = False
    shown: float = float("-inf")


@dataclass(slots=True)
class Runner:
    """The jobs of the sync. `engine` is set by `bot.app`; without one (the command line alone) nothing is followed up."""

    reach: Reach
    engine: Engine | None = None
    standing: Standing = field(default_factory=Standing)
    _under_way: dict[int, UnderWay] = field(default_factory=dict)
    _inside: dict[tuple[int, str], tuple[datetime, frozenset[str] | None]] = field(default_factory=dict)

    @property
    def ending(self) -> Ending:
        return Ending(self.reach, self.engine)

    # --- the jobs ---

    async def sync(
        self, turn: int, *, connection_id: str, trigger: str, run_key: str, actor: str = "", intent: str = ""
    ) -> bool:
        """One run. Turn 0 prepares; each turn fetches and posts for a while, and the last one closes the run.

        A turn that is done again, after an exception or by another process, finds its own rows and settles those first.

        Raises:
            SQLAlchemyError: the database did not do its part; nothing can be told or closed, so the turn is tried again.
        """
        connection = await connections.get_connection(self.reach.store, connection_id)
        if connection is None or not connection.start_date:
            return await self._done(intent)
        run = await runs.ensure_run(
            self.reach.store,
            run_key,
            connection=connection_id,
            trigger=Trigger(trigger),
            actor=actor,
            now=self.reach.clock(),
        )
        if run.state in ENDED:  # its last turn died between the end and the promises
            await self.ending.follow_up(connection)
            return await self._done(intent)
        if not may_run(connection, trigger, intent):
            await self._read_no_further(run)
            await self.ending.close(run, connection, RunState.STOPPED)
            return await self._done(intent)
        work = partial(self._prepare, intent=intent) if turn == 0 else self._work
        return await self._guarded(run, connection, work) or await self._done(intent)

    async def settle(self, turn: int, *, connection_id: str, intent: str = "", run_key: str = "") -> bool:
        """Ask again for what is unknown."""
        store, now = self.reach.store, self.reach.clock()
        connection = await connections.get_connection(store, connection_id)
        if connection is None or connection.removed or not connection.start_date or turn > 0:
            return await self._done(intent)
        key = f"settle:{intent}" if intent else run_key or f"settle:{connection_id}:{now.isoformat()}"
        run = await runs.ensure_run(store, key, connection=connection_id, trigger=Trigger.RETRY, actor="", now=now)
        if run.state in ENDED:
            await self.ending.follow_up(connection)
        else:
            await self._guarded(run, connection, self._ask_again)
        return await self._done(intent)

    async def _guarded(self, run: Run, connection: Connection, turn: Callable[[Pass], Awaitable[bool]]) -> bool:
        """One turn; whatever ends the run is told and stored."""
        goes_on = False
        try:
            goes_on = await turn(await self._pass(connection, run))
            if not goes_on:
                await self.ending.close(run, connection, RunState.FINISHED)
        except (IntacctError, SourceError) as refused:
            await self.ending.refused(run, connection, refused)
        except Stopped as stopped:
            await self.ending.stop(run, connection, stopped.verdict, stopped.fault)
        except SQLAlchemyError:
            raise
        except Exception as broken:
            log.exception("run %d of %s broke", run.id, connection.id)
            await self.ending.broke(run, connection, broken)
        finally:
            if not goes_on:
                await self._read_no_further(run)
        return goes_on

    async def _done(self, intent: str) -> bool:
        """The intent is done once its job has ended, whatever came of it; nobody waits for it any more."""
        if intent:
            await runs.finish_intent(self.reach.store, intent, self.reach.clock())
        return False

    async def receipts(self, turn: int, *, connection_id: str, round_no: int = 0) -> bool:
        """Attach some receipts, then stand in line again, so that a person's retry goes first."""
        store, now = self.reach.store, self.reach.clock()
        connection = await connections.get_connection(store, connection_id)
        if connection is None or connection.removed or not connection.start_date or turn > 0:
            return False
        last = await runs.last_runs(store, connection_id, 1)
        if not last or connection.state != ConnectionState.ACTIVE:
            return False
        try:
            source = await self.reach.source(connection)
            more = await attach_some(await self._pass(connection, last[0]), source)
        except (IntacctError, SourceError) as refused:
            log.warning("receipts of %s wait for the next run: %s", connection_id, refused)
            return False
        if more and self.engine is not None:
            key = f"{connection_id}:{now.isoformat()}:{round_no + 1}"
            await self.engine.enqueue(
                "receipts", key, company=connection.company, connection_id=connection_id, round_no=round_no + 1
            )
        return False

    async def check_company(self, turn: int, *, company_id: int, intent: str = "") -> bool:
        """Whether Intacct lets us in again; if so, every connection of the company goes on."""
        if turn > 0:
            return False
        store = self.reach.store
        row = await connections.get_company(store, company_id)
        all_of_it = await connections.list_connections(store, company=company_id)
        broken = [one for one in all_of_it if one.state == ConnectionState.BROKEN]
        asked = await runs.get_intent(store, intent) if intent else None
        try:
            client = await self.reach.intacct(row)
            for entity in sorted({one.entity_id for one in broken} or {""}):
                await client.sign_in(entity)
        except IntacctError as refused:
            verdict = classify(refused.fault, known=self.ending.known(row))
            if verdict.category.startswith("auth."):  # that nobody answered is no news about who may come in
                problem = {"category": verdict.category, "subject": verdict.subject, "fault": to_json(refused.fault)}
                await connections.change_company(store, company_id, tested=self.reach.clock(), problem=problem)
        else:
            await self.let_in(row, broken, asked.actor if asked else "")
        await self._done(intent)
        for one in broken:
            await self.ending.refresh(one)
        return False

    async def let_in(self, company: Company, broken: Sequence[Connection], actor: str, *, at_work: str = "") -> None:
        """The sign-in works again: connections go on where they stopped, each with a run but the one that is `at_work`."""
        now = self.reach.clock()
        await connections.change_company(self.reach.store, company.id, tested=now, problem=None, problem_since=None)
        for one in broken:
            await connections.change_connection(self.reach.store, one.id, state=ConnectionState.ACTIVE)
            self.reach.looked.discard(one.id)
            await runs.tell(
                self.reach.store, "resumed", "Intacct lets the app in again.", now, actor=actor, connection=one.id
            )
            if one.id != at_work:
                await self.ending.promise_sync(one, "resumed", actor=actor, urgent=True)

    # --- one turn ---

    async def _pass(self, connection: Connection, run: Run) -> Pass:
        connection = await introduce(self.reach, connection)
        company = await connections.get_company(self.reach.store, connection.company)
        if not company.refunds_accepted and await postings.refund_posted(self.reach.store, company.id):
            company = replace(company, refunds_accepted=True)  # asked once for a company, then never again
            await connections.change_company(self.reach.store, company.id, refunds_accepted=True)
        client = await self.reach.intacct(company)
        now = self.reach.clock()
        if company.held_until is not None:
            client.allowance.hold_for((company.held_until - now).total_seconds())
        inside = await self._locations(client, connection)
        rules, resting = await self.standing.of(self.reach.store, client, connection, now, inside)
        terms = replace(terms_of(connection, company, inside=inside), rules=rules, resting=resting)
        return Pass(self.reach, connection, company, client, terms, run)

    async def _locations(self, client: Any, connection: Connection) -> frozenset[str] | None:
        if not connection.entity_id or connection.option("other_entities"):
            return None
        key, now = (connection.company, connection.entity_id), self.reach.clock()
        kept = self._inside.get(key)
        if kept is None or not timedelta() <= now - kept[0] < KNOWN_FOR:
            kept = self._inside[key] = (now, await locations_inside(client, connection.entity_id))
        return kept[1]

    async def _begin(self, work: Pass) -> None:
        """From here on this run is the company's only one: whatever another left behind is its business."""
        store, now, own = self.reach.store, self.reach.clock(), work.connection.id
        if work.run.state == RunState.QUEUED:
            await runs.change_run(store, work.run.id, state=RunState.RUNNING, started=now)
        await runs.strand(store, own, work.run.id, now)

    async def _orphans(self, work: Pass) -> None:
        """What a dead turn left on its way is in doubt now, in other connections of the company as well."""
        left = await attempts.orphans(self.reach.store, work.company.id, self.reach.clock())
        for other in left - {work.connection.id}:
            row = await connections.get_connection(self.reach.store, other)
            if row is not None and not row.removed:
                await self.ending.promise_settle(row, 1.0)

    async def _settle(self, work: Pass) -> None:
        await self._orphans(work)
        result = await settle_unknown(work)
        await self._count(work, result)
        if result.stop is not None:
            raise Stopped(*result.stop)

    async def _ask_again(self, work: Pass) -> bool:
        await self._begin(work)
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

    async def _prepare(self, work: Pass, intent: str) -> bool:
        """The first turn. What a person asked for is stored first, so that it is not lost if this run stops early."""
        await self._begin(work)
        if intent:
            await self._take_up(work, intent)
        await self._settle(work)
        await self._turn_back(work, await self.reach.source(work.connection))
        return True if intent else await self._work(work)

    async def _work(self, work: Pass) -> bool:
        """Fetch and post for a while. Returns whether there is more to do."""
        state = await self._begun(work)
        if work.connection.state == ConnectionState.BROKEN:
            await state.fetching.end()  # both sides must let us in before the connection counts as mended
            await work.client.sign_in(work.connection.entity_id)
            await self.let_in(work.company, await self._shut_out_with(work), work.run.actor, at_work=work.connection.id)
        await self._orphans(work)
        if state.seen_to is None and work.connection.id not in self.reach.looked:
            state.seen_to = await self._look_first(work)
        goes_on = await self._post(work, state)
        if self._draining:
            await self._read_no_further(work.run)
        elif not goes_on:
            await self._fetched(work, state.fetching)
        return goes_on

    async def _begun(self, work: Pass) -> UnderWay:
        """The run's pass over the source, begun by its first turn in this process."""
        found = self._under_way.get(work.run.id)
        if found is None:
            newest = await postings.newest(self.reach.store, work.connection.id)
            source = await self.reach.source(work.connection)
            read = partial(fetch, self.reach.store, work.connection, source, work.terms, clock=self.reach.clock)
            found = self._under_way[work.run.id] = UnderWay(Fetching(read), newest)
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

    async def _read_no_further(self, run: Run) -> None:
        """The run ends, or this process does: what the source brought is counted, and no more of it is read."""
        state = self._under_way.pop(run.id, None)
        if state is not None:
            await state.fetching.stop()
            haul = state.fetching.haul
            values: dict[str, Any] = {"fetched": haul.fetched, "skipped": {k: n for k, n in haul.skipped.items() if n}}
            await runs.change_run(self.reach.store, run.id, **values)

    @property
    def _draining(self) -> bool:
        return self.engine is not None and self.engine.draining

    async def _shut_out_with(self, work: Pass) -> list[Connection]:
        """The connections that go on with this one: where Intacct had refused the company, all of its broken ones."""
        everyone = await connections.list_connections(self.reach.store, company=work.company.id)
        broken = [one for one in everyone if one.state == ConnectionState.BROKEN]
        return broken if work.company.problem else [one for one in broken if one.id == work.connection.id]

    async def _look_first(self, work: Pass) -> int:
        """After a start, a restore or a reconnect: what Intacct has already is not posted again.

        Returns:
            The id up to which the rows were looked up; those that are fetched from now on have higher ones.
        """
        found, seen_to = await look_before_first(work)
        await self._count(work, Round(posted=found))
        return seen_to

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
            return loop.time() >= end or self._draining or state.paused

        while not until():
            if await attempts.unread(store, connection):
                await self._settle(work)  # nothing new is sent until a read has succeeded
            over, now = state.fetching.over and not state.fetching.failed, self.reach.clock()
            retried = await postings.due(store, connection, now, limit=AT_ONCE, failed_before=True) if over else []
            if retried:
                await self._try_again(work, retried)
                continue
            feed = Feed(work, state.fetching, until, after=0 if over else state.newest, look_after=state.seen_to)
            await self._heed(work, await post_all(work, feed.take, partial(self._sent, work)))
            if not feed.given and (over or state.fetching.failed):
                return False
        return True

    async def _try_again(self, work: Pass, rows: Sequence[Posting]) -> None:
        kinds = {row.id: kind(row, work.terms) for row in rows}
        batch = probes(rows, kinds)
        result = await post_round(work, batch)
        await self._count(work, result)
        sent = {row.id for row in batch}
        await learn(self.reach.store, batch, [row for row in rows if row.id not in sent], kinds, self.reach.clock())
        await mend(self.reach.store, work.terms, sent, self.reach.clock())
        await self._heed(work, result)

    async def _sent(self, work: Pass, rows: Sequence[Posting], result: Round) -> None:
        await self._count(work, result)
        if result.failed:
            await mend(self.reach.store, work.terms, {row.id for row in rows}, self.reach.clock())

    async def _heed(self, work: Pass, result: Round) -> None:
        """A reason to stop ends the run; "too many requests" is remembered for whoever else asks this company."""
        if result.stop is None:
            return
        if (hold := work.client.allowance.hold) > 0:
            until = self.reach.clock() + timedelta(seconds=hold)
            await connections.change_company(self.reach.store, work.company.id, held_until=until)
        raise Stopped(*result.stop)

    async def _count(self, work: Pass, result: Round) -> None:
        """Count what a batch brought, see whether somebody pressed Pause, and show how far it is, though not for every batch."""
        more = {"posted": result.posted, "failed": result.failed, "requests": result.requests}
        if not any(more.values()):
            return
        await runs.add(self.reach.store, work.run.id, **more)
        state = self._under_way.get(work.run.id)
        if state is None:
            return
        latest = await connections.get_connection(self.reach.store, work.connection.id)
        state.paused = latest is None or latest.removed is not None or latest.state == ConnectionState.PAUSED
        now = asyncio.get_running_loop().time()
        if now - state.shown >= SHOW_EVERY:
            state.shown = now
            await self.ending.refresh(work.connection)


def may_run(connection: Connection, trigger: str, intent: str) -> bool:
    """Whether a run may go on: a pause stops all of them at their next turn, a break all that nobody asked for."""
    if connection.removed or connection.state == ConnectionState.PAUSED:
        return False
    asked_for = bool(intent) or trigger == Trigger.PERSON
    return asked_for or connection.state == ConnectionState.ACTIVE


def terms_of(connection: Connection, company: Company, *, inside: frozenset[str] | None) -> Terms:
    """The connection's decisions, as the pure functions want them."""
    if connection.start_date is None:
        raise ValueError("A connection needs a start date before it syncs.")
    return Terms(
        zone=ZoneInfo(connection.time_zone or "UTC"),
        start_date=connection.start_date,
        card=connection.card,
        default_location=connection.default_location,
        codes=connection.codes(),
        selector=connection.selects(),
        options=connection.options or {},
        base_currency=connection.option("currency") or company.base_currency,
        refunds_accepted=company.refunds_accepted,
        inside=inside,
    )


async def locations_inside(client: Any, entity_id: str) -> frozenset[str] | None:
    """The locations that belong to an entity, by their parents; None when they cannot be read."""
    try:
        rows = [
            row
            async for row in client.query("LOCATION", ["LOCATIONID", "PARENTID"], entity=entity_id, show_private=True)
        ]
    except IntacctError:
        return None
    parents = {row.get("LOCATIONID", ""): row.get("PARENTID", "") for row in rows}
    inside = {entity_id}
    while True:
        more = {child for child, parent in parents.items() if parent in inside} - inside
        if not more:
            return frozenset(inside)
        inside |= more
