"""One pass over a connection, turn by turn: settle what is unknown, fetch what is new, post what is due."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bot.engine import Engine
from bot.hints.classify import classify
from bot.intacct.errors import IntacctError
from bot.models import (
    ConnectionState,
    Fault,
    Level,
    Operation,
    PostingState,
    RawError,
    RetryClass,
    RunState,
    Trigger,
    Verdict,
)
from bot.spend.errors import SourceError
from bot.store import connections, postings, runs
from bot.store.connections import Company, Connection
from bot.store.postings import Posting, cause_values
from bot.store.rows import to_json
from bot.store.runs import Run
from bot.sync.fetch import fetch
from bot.sync.introduce import introduce
from bot.sync.mapping import Terms, compose
from bot.sync.post import LARGEST, Pass, Round, post_round
from bot.sync.reach import Reach
from bot.sync.receipts import attach_some
from bot.sync.settle import look_before_first, next_look, settle_unknown

log = logging.getLogger(__name__)

FOLLOW_UPS = 8
"""Doublings of the pause between runs that were stopped by something passing: from 5 s to about 20 minutes."""


@dataclass(slots=True)
class Runner:
    """The jobs of the sync. `engine` is set by `bot.app`; without one (the command line alone) nothing is followed up."""

    reach: Reach
    engine: Engine | None = None

    # --- the jobs ---

    async def sync(
        self, turn: int, *, connection_id: str, trigger: str, run_key: str, actor: str = "", intent: str = ""
    ) -> bool:
        """One run. Turn 0 prepares and fetches, each later turn posts one round; the last one closes the run."""
        store = self.reach.store
        connection = await connections.get_connection(store, connection_id)
        if connection is None or connection.removed or not connection.start_date:
            return False
        run = await runs.ensure_run(
            store, run_key, connection=connection_id, trigger=Trigger(trigger), actor=actor, now=self.reach.clock()
        )
        if run.state in {RunState.FINISHED, RunState.STOPPED}:
            if intent:
                await self._unclaim(intent)  # a process died between the run's end and the intent's
            return False
        if trigger == Trigger.SCHEDULE and connection.state != ConnectionState.ACTIVE:
            await self._close(run, connection, RunState.STOPPED)
            return False
        try:
            work = await self._pass(connection, run)
            if turn == 0:
                await self._prepare(work, intent)
                more = True
            else:
                more = await self._post(work)
            if more:
                await self._refresh(connection)
                return True
            await self._close(run, connection, RunState.FINISHED)
        except (IntacctError, SourceError) as stopped:
            await self._stopped(run, connection, stopped)
        except Stopped as stopped:
            await self._stop(run, connection, stopped.verdict, stopped.fault)
        finally:
            if intent:
                await self._unclaim(intent)
        return False

    async def settle(self, turn: int, *, connection_id: str, intent: str = "") -> bool:
        """Ask again for what is unknown, as long as something is."""
        store, now = self.reach.store, self.reach.clock()
        connection = await connections.get_connection(store, connection_id)
        if connection is None or connection.removed or turn > 0:
            return False
        key = f"settle:{connection_id}:{now.isoformat()}"
        run = await runs.ensure_run(store, key, connection=connection_id, trigger=Trigger.RETRY, actor="", now=now)
        try:
            work = await self._pass(connection, run)
            await postings.orphans(store, connection.company, now)
            await settle_unknown(work)
            await self._close(run, connection, RunState.FINISHED)
        except (IntacctError, SourceError) as stopped:
            await self._stopped(run, connection, stopped)
        if intent:
            await runs.finish_intent(store, intent, self.reach.clock())
            await self._refresh(connection)
        return False

    async def receipts(self, turn: int, *, connection_id: str, round_no: int = 0) -> bool:
        """Attach some receipts, then stand in line again, so that a person's retry goes first."""
        store, now = self.reach.store, self.reach.clock()
        connection = await connections.get_connection(store, connection_id)
        if connection is None or connection.removed or turn > 0:
            return False
        last = await runs.last_runs(store, connection_id, 1)
        if not last:
            return False
        source = await self.reach.source(connection)
        more = await attach_some(await self._pass(connection, last[0]), source)
        if more and self.engine is not None:
            key = f"{connection_id}:{now.isoformat()}:{round_no + 1}"
            await self.engine.enqueue(
                "receipts", key, company=connection.company, connection_id=connection_id, round_no=round_no + 1
            )
        return False

    async def check_company(self, _turn: int, *, company_id: int, intent: str = "") -> bool:
        """Whether Intacct lets us in again; if so, every connection of the company goes on."""
        store = self.reach.store
        row = await connections.get_company(store, company_id)
        broken = [
            one
            for one in await connections.list_connections(store, company=company_id)
            if one.state == ConnectionState.BROKEN
        ]
        asked = await runs.get_intent(store, intent) if intent else None
        try:
            client = await self.reach.intacct(row)
            for entity in sorted({one.entity_id for one in broken} or {""}):
                await client.sign_in(entity)
        except IntacctError as refused:
            verdict = classify(refused.fault, known=self._known(row))
            problem = {"category": verdict.category, "subject": verdict.subject, "fault": to_json(refused.fault)}
            await connections.change_company(store, company_id, tested=self.reach.clock(), problem=problem)
        else:
            await self.let_in(row, broken, asked.actor if asked else "")
        if intent:
            await runs.finish_intent(store, intent, self.reach.clock())
        for one in await connections.list_connections(store, company=company_id):
            await self._refresh(one)
        return False

    async def let_in(self, company: Company, broken: Sequence[Connection], actor: str) -> None:
        """The sign-in works again: connections go on where they stopped."""
        now = self.reach.clock()
        await connections.change_company(self.reach.store, company.id, tested=now, problem=None, problem_since=None)
        for one in broken:
            await connections.change_connection(self.reach.store, one.id, state=ConnectionState.ACTIVE)
            self.reach.looked.discard(one.id)
            await runs.tell(
                self.reach.store, "resumed", "Intacct lets the app in again.", now, actor=actor, connection=one.id
            )
            if self.engine is not None:
                key = f"{one.id}:resumed:{now.isoformat()}"
                await self.engine.enqueue(
                    "sync",
                    key,
                    company=company.id,
                    urgent=True,
                    connection_id=one.id,
                    trigger=str(Trigger.RETRY),
                    run_key=key,
                    actor=actor,
                )

    # --- one turn ---

    async def _pass(self, connection: Connection, run: Run) -> Pass:
        connection = await introduce(self.reach, connection)
        company = await connections.get_company(self.reach.store, connection.company)
        client = await self.reach.intacct(company)
        terms = terms_of(connection, company, inside=None)
        if connection.entity_id and not connection.option("other_entities"):
            inside = await locations_inside(client, connection.entity_id)
            terms = terms_of(connection, company, inside=inside)
        return Pass(self.reach, connection, company, client, terms, run)

    async def _prepare(self, work: Pass, intent: str) -> None:
        store, now, connection = self.reach.store, self.reach.clock(), work.connection
        await runs.change_run(store, work.run.id, state=RunState.RUNNING, started=now)
        await postings.orphans(store, connection.company, now)
        await settle_unknown(work)
        source = await self.reach.source(connection)
        haul = await fetch(store, connection, source, work.terms, now=now)
        values: dict[str, Any] = {"fetched": haul.fetched, "skipped": {k: n for k, n in haul.skipped.items() if n}}
        await runs.change_run(store, work.run.id, **values)
        if haul.whole and haul.newest != connection.watermark:
            await connections.set_watermark(store, connection.id, haul.newest)
        if intent:
            await self._take_up(intent)
        if connection.id not in self.reach.looked:
            await look_before_first(work)

    async def _take_up(self, intent: str) -> None:
        """What a person asked to retry becomes due; its cause stays on the row until it is posted or fails anew."""
        asked = await runs.get_intent(self.reach.store, intent)
        ids = [int(one) for one in (asked.target.get("postings") or [])] if asked else []
        await postings.move(
            self.reach.store,
            ids,
            source=[PostingState.FAILED, PostingState.PENDING],
            target=PostingState.PENDING,
            now=self.reach.clock(),
            not_before=None,
        )

    async def _post(self, work: Pass) -> bool:
        """One round: all new rows; of what is retried, one of each kind first, so that one failure speaks for its kind."""
        store = self.reach.store
        if await postings.list_postings(store, work.connection.id, states=[PostingState.UNKNOWN], limit=1):
            await settle_unknown(work)  # nothing new is sent until a read has succeeded
        most = LARGEST * work.company.requests_at_once
        rows = await postings.due(store, work.connection.id, self.reach.clock(), limit=most)
        if not rows:
            return False
        kinds = {row.id: kind(row, work.terms) for row in rows}
        batch = probes(rows, kinds)
        result = await post_round(work, batch)
        await self._count(work.run, result)
        if result.stop is not None:
            raise Stopped(*result.stop)
        await self._learn(batch, [row for row in rows if row not in batch], kinds)
        return True

    async def _learn(self, sent: Sequence[Posting], waiting: Sequence[Posting], kinds: dict[int, Kind]) -> None:
        """What the first of a kind met, the rest of it is spared, or may follow."""
        store, now = self.reach.store, self.reach.clock()
        after = {row.id: row for row in await postings.get(store, [row.id for row in sent if row.category])}
        for row in sent:
            rest = [other.id for other in waiting if kinds[other.id] == kinds[row.id]]
            if not rest or row.id not in after:
                continue
            came = after[row.id]
            same = (came.category, came.subject) == (row.category, row.subject)
            if came.state == PostingState.FAILED and same:
                target, values = PostingState.FAILED, {}
            elif came.state == PostingState.POSTED:
                target, values = PostingState.PENDING, {"category": "", "subject": ""}
            else:
                continue
            await postings.move(store, rest, source=[PostingState.PENDING], target=target, now=now, **values)

    # --- the end of a run ---

    async def _count(self, run: Run, result: Round) -> None:
        latest = await runs.get_run(self.reach.store, run.id)
        if latest is not None:
            await runs.change_run(
                self.reach.store,
                run.id,
                posted=latest.posted + result.posted,
                failed=latest.failed + result.failed,
                requests=latest.requests + result.requests,
            )

    async def _close(self, run: Run, connection: Connection, state: RunState) -> None:
        now = self.reach.clock()
        await runs.change_run(self.reach.store, run.id, state=state, finished=now)
        await self._refresh(connection)
        await self._follow_up(connection)

    async def _stopped(self, run: Run, connection: Connection, error: IntacctError | SourceError) -> None:
        if isinstance(error, IntacctError):
            company = await connections.get_company(self.reach.store, connection.company)
            await self._stop(run, connection, classify(error.fault, known=self._known(company)), error.fault)
            return
        wait = error.category in {"transient.gateway", "source.rate_limit"}
        verdict = Verdict(error.category, "", RetryClass.WAIT if wait else RetryClass.NO)
        fault = Fault(Level.TRANSPORT, (RawError(description=str(error)),), operation=Operation.READ)
        await self._stop(run, connection, verdict, fault)

    async def _stop(self, run: Run, connection: Connection, verdict: Verdict, fault: Fault) -> None:
        """End the run early. What stops everything is told once, and the connection waits for someone to act."""
        store, now = self.reach.store, self.reach.clock()
        cause = {key: value for key, value in cause_values(verdict, fault).items() if key != "details"}
        await runs.change_run(store, run.id, state=RunState.STOPPED, finished=now, **cause)
        log.warning("run %d of %s stopped: %s", run.id, connection.id, verdict.category)
        if verdict.category.startswith("auth.") and fault.level in {Level.CONTROL, Level.AUTHENTICATION}:
            company = await connections.get_company(store, connection.company)
            problem = {"category": verdict.category, "subject": verdict.subject, "fault": to_json(fault)}
            since = company.problem_since or now
            await connections.change_company(store, company.id, problem=problem, problem_since=since, tested=now)
            for one in await connections.list_connections(store, company=company.id):
                if one.state == ConnectionState.ACTIVE:
                    await connections.change_connection(store, one.id, state=ConnectionState.BROKEN)
                    await self._refresh(one)
        elif verdict.category == "source.auth" and connection.state == ConnectionState.ACTIVE:
            await connections.change_connection(store, connection.id, state=ConnectionState.BROKEN)
        await self._refresh(connection)
        if verdict.retry is not RetryClass.NO:
            await self._come_back(connection)
        await self._follow_up(connection)

    async def _come_back(self, connection: Connection) -> None:
        """What stopped the run may pass: try again after a pause that doubles."""
        if self.engine is None or connection.state == ConnectionState.PAUSED:
            return
        last = await runs.last_runs(self.reach.store, connection.id, FOLLOW_UPS)
        streak = next((n for n, run in enumerate(last) if run.state != RunState.STOPPED), len(last))
        key = f"{connection.id}:again:{self.reach.clock().isoformat()}"
        await self.engine.enqueue(
            "sync",
            key,
            company=connection.company,
            delay=5.0 * 2 ** max(streak - 1, 0),
            connection_id=connection.id,
            trigger=str(Trigger.RETRY),
            run_key=key,
        )

    async def _follow_up(self, connection: Connection) -> None:
        """Promise what is left to do later: look-ups, rows that wait for their time, receipts."""
        if self.engine is None:
            return
        store, now = self.reach.store, self.reach.clock()
        unknown = await postings.list_postings(store, connection.id, states=[PostingState.UNKNOWN], limit=500)
        if unknown:
            attempts = await postings.last_attempts(store, [row.id for row in unknown])
            pause = min((next_look(a, now, self.reach.settle_after) for a in attempts.values()), default=1.0)
            await self.engine.enqueue(
                "settle",
                f"{connection.id}:{now.isoformat()}",
                company=connection.company,
                delay=pause,
                connection_id=connection.id,
            )
        later = await postings.next_due(store, connection.id)
        if later is not None and connection.state == ConnectionState.ACTIVE:
            key = f"{connection.id}:due:{later.isoformat()}"
            pause = max(1.0, (later - now).total_seconds())
            await self.engine.enqueue(
                "sync",
                key,
                company=connection.company,
                delay=pause,
                connection_id=connection.id,
                trigger=str(Trigger.RETRY),
                run_key=key,
            )
        if await postings.receipts_due(store, connection.id, 1):
            key = f"{connection.id}:{now.isoformat()}"
            await self.engine.enqueue("receipts", key, company=connection.company, connection_id=connection.id)

    async def _refresh(self, connection: Connection) -> None:
        """What people see is rebuilt from the store, by a job of its own."""
        if self.engine is not None:
            key = f"{connection.id}:{self.reach.clock().isoformat()}"
            await self.engine.enqueue("refresh", key, company=connection.company, connection_id=connection.id)

    async def _unclaim(self, intent: str) -> None:
        """The intent is done once its run has ended."""
        asked = await runs.get_intent(self.reach.store, intent)
        run = await runs.find_run(self.reach.store, f"intent:{intent}") if asked else None
        if run is not None and run.state in {RunState.FINISHED, RunState.STOPPED}:
            await runs.finish_intent(self.reach.store, intent, self.reach.clock())
            connection = await connections.get_connection(self.reach.store, run.connection_id)
            if connection is not None:
                await self._refresh(connection)  # the one that closing promised may have seen the intent still open

    def _known(self, company: Company) -> dict[str, str]:
        return {"company": company.company_id, "user": company.user_id, "sender": self.reach.sender_id}


class Stopped(Exception):
    """The run ends here, for this reason."""

    def __init__(self, verdict: Verdict, fault: Fault) -> None:
        super().__init__(verdict.category)
        self.verdict, self.fault = verdict, fault


Kind = tuple[str, str, str]


def kind(row: Posting, terms: Terms) -> Kind:
    """What a row being retried has in common with others: the cause it failed with, and how it is coded now.

    A row whose coding was mended since is of another kind than one that was not.
    """
    if not row.category:
        return ("", "", "")
    made = compose(row.read(), terms, day=row.date, reference="", decision=row.decision)
    coding = (
        made.category
        if isinstance(made, Verdict)
        else repr([replace(line, amount=Decimal(0), description="") for line in made.record.lines])
    )
    return (row.category, row.subject, coding)


def probes(rows: Sequence[Posting], kinds: Mapping[int, Kind]) -> list[Posting]:
    """What goes out in this round: every new row, and the first of each kind that is being retried."""
    seen: set[Kind] = set()
    batch: list[Posting] = []
    for row in rows:
        if row.category and kinds[row.id] in seen:
            continue
        seen.add(kinds[row.id])
        batch.append(row)
    return batch


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
        base_currency=company.base_currency,
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
