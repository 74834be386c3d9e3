"""How a run ends, and what is promised then: who comes back when, what is asked again, what people see."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.engine import Engine
from bot.hints.classify import classify
from bot.hints.source import fault_of
from bot.intacct.errors import BlindLookup, IntacctError
from bot.models import (
    ConnectionState,
    Fault,
    Level,
    Operation,
    PostingState,
    RetryClass,
    RunState,
    Trigger,
    Verdict,
)
from bot.spend.errors import SourceError
from bot.store import attempts, connections, postings, rules, runs, told
from bot.store.connections import Company, Connection
from bot.store.postings import cause_values
from bot.store.rows import to_json
from bot.store.runs import Run
from bot.sync.post import DOUBT
from bot.sync.reach import Reach, line_of
from bot.sync.reversals import next_looks
from bot.sync.settle import next_look

log = logging.getLogger(__name__)

FOLLOW_UPS = 8
"""Doublings of the pause between runs that were stopped by something passing: from 5 s to about 10 minutes."""

REST = 600.0
"""Seconds after a run in which the source's calls are left to whoever waits for something."""

ENDED = (RunState.FINISHED, RunState.STOPPED)


class Stopped(Exception):
    """The run ends here, for this reason."""

    def __init__(self, verdict: Verdict, fault: Fault) -> None:
        super().__init__(verdict.category)
        self.verdict, self.fault = verdict, fault


def homes_of(workspace: str) -> str:
    """The line in which the drawings of a workspace's Home tabs stand, one for all of its connections."""
    return f"homes of {workspace}"


async def promise_homes(engine: Engine, connection: Connection) -> None:
    workspace = connection.workspace_id
    await engine.soon("homes", workspace, company=homes_of(workspace), workspace=workspace)


@dataclass(frozen=True, slots=True)
class Ending:
    """What comes after a run. Without an engine (the command line alone) nothing is promised."""

    reach: Reach
    engine: Engine | None

    @property
    def draining(self) -> bool:
        """Whether this process is to end, so that a turn should end early."""
        return self.engine is not None and self.engine.draining

    async def close(self, run: Run, connection: Connection, state: RunState, **haul: Any) -> None:
        """The end, with what the run has read of its source."""
        await runs.change_run(self.reach.store, run.id, state=state, finished=self.reach.clock(), **haul)
        await self.follow_up(connection)

    async def refused(self, run: Run, connection: Connection, error: IntacctError | SourceError) -> None:
        """A far end did not do its part, and that ends the run."""
        if isinstance(error, BlindLookup):
            await self.stop(run, connection, DOUBT, error.fault)
        elif isinstance(error, IntacctError):
            company = await connections.get_company(self.reach.store, connection.company)
            await self.stop(run, connection, classify(error.fault, known=self.known(company)), error.fault)
        else:
            fault = fault_of(error)
            await self.stop(run, connection, classify(fault), fault, pause=error.retry_after or 0)

    async def broke(self, run: Run, connection: Connection, error: Exception) -> None:
        """Something of ours broke, and that ends the run: it is told and tried again, never left hanging."""
        fault = Fault(Level.TRANSPORT, operation=Operation.READ, note=f"{type(error).__name__} in this program.")
        await self.stop(run, connection, Verdict("unknown", "", RetryClass.WAIT), fault)

    async def stop(self, run: Run, connection: Connection, verdict: Verdict, fault: Fault, *, pause: float = 0) -> None:
        """End the run early. What stops everything is told once, and the connection waits for someone to act."""
        store, now = self.reach.store, self.reach.clock()
        cause = {key: value for key, value in cause_values(verdict, fault).items() if key != "details"}
        await runs.change_run(store, run.id, state=RunState.STOPPED, finished=now, **cause)
        log.warning("run %d of %s stopped: %s", run.id, connection.id, verdict.category)
        if verdict.category.startswith("auth.") and fault.level in {Level.CONTROL, Level.AUTHENTICATION}:
            await self.shut_out(connection, verdict, fault, now)
        elif verdict.category == "source.auth" and connection.state == ConnectionState.ACTIVE:
            await connections.change_connection(store, connection.id, state=ConnectionState.BROKEN)
        if verdict.retry is not RetryClass.NO:
            await self._come_back(connection, pause)
        await self.follow_up(connection)

    async def shut_out(self, connection: Connection, verdict: Verdict, fault: Fault, now: datetime) -> None:
        """Intacct does not let the company's user in: every connection of the company waits."""
        store = self.reach.store
        company = await connections.get_company(store, connection.company)
        problem = {"category": verdict.category, "subject": verdict.subject, "fault": to_json(fault)}
        await connections.set_problem(store, company.id, problem, now)
        for one in await connections.list_connections(store, company=company.id):
            if one.state == ConnectionState.ACTIVE:
                await connections.change_connection(store, one.id, state=ConnectionState.BROKEN)
                await self.refresh(one)

    async def shut_out_with(self, connection: Connection) -> list[Connection]:
        """The connections that go on with this one: where Intacct had refused the company, all of its broken ones."""
        company = await connections.get_company(self.reach.store, connection.company)
        everyone = await connections.list_connections(self.reach.store, company=connection.company)
        broken = [one for one in everyone if one.state == ConnectionState.BROKEN]
        return broken if company.problem else [one for one in broken if one.id == connection.id]

    async def let_in(self, company: Company, broken: Sequence[Connection], actor: str, *, at_work: str = "") -> None:
        """The sign-in works again: connections go on where they stopped, each with a run but the one that is `at_work`."""
        now = self.reach.clock()
        await connections.set_problem(self.reach.store, company.id, None, now)
        for one in broken:
            await connections.change_connection(self.reach.store, one.id, state=ConnectionState.ACTIVE)
            self.reach.looked.discard(one.id)
            await runs.tell(
                self.reach.store, "resumed", "Intacct lets the app in again.", now, actor=actor, connection=one.id
            )
            if one.id != at_work:
                await self.promise_sync(one, "resumed", actor=actor, urgent=True)

    async def _come_back(self, connection: Connection, pause: float) -> None:
        """What stopped the run may pass: try again after a pause that doubles, unless a run is promised already."""
        if self.engine is None or connection.state == ConnectionState.PAUSED:
            return
        if await self.engine.waiting(f"sync:{connection.id}:"):
            return
        last = await runs.last_runs(self.reach.store, connection.id, FOLLOW_UPS)
        streak = next((n for n, run in enumerate(last) if run.state != RunState.STOPPED), len(last))
        await self.promise_sync(connection, "again", delay=max(pause, 5.0 * 2 ** max(streak - 1, 0)))

    async def follow_up(self, connection: Connection) -> None:
        """Promise what is left to do later: look-ups, rows that wait for their time, receipts, what people see."""
        if self.engine is None:
            return
        store, now = self.reach.store, self.reach.clock()
        await self.refresh(connection)
        left = await postings.open_states(store, connection.id)
        if left & {PostingState.UNKNOWN, PostingState.REVERSING}:
            unknown = await postings.list_postings(store, connection.id, states=[PostingState.UNKNOWN], limit=500)
            tried = await attempts.last_attempts(store, [row.id for row in unknown])
            looks = await next_looks(self.reach, connection.id)
            looks += [next_look(one, now, self.reach.settle_after) for one in tried.values()]
            if unknown or looks:
                await self.promise_settle(connection, min(looks, default=1.0))
        later = await postings.next_due(store, connection.id) if PostingState.PENDING in left else None
        goes_on = later is not None and connection.state == ConnectionState.ACTIVE
        if later is not None and goes_on and not await self.engine.waiting(f"sync:{connection.id}:"):
            await self.promise_sync(connection, "due", delay=max(1.0, (later - now).total_seconds()))
        day = f"{connection.id}:{now.date().isoformat()}"  # once a day, however many runs there are
        await self.engine.enqueue("deleted", day, company=line_of(connection), delay=REST, connection_id=connection.id)
        if await postings.receipts_due(store, connection.id, 1):
            key = f"{connection.id}:{now.isoformat()}"
            await self.engine.enqueue("receipts", key, company=connection.company, connection_id=connection.id)
        if await rules.unwritten(store, connection.id, now - timedelta(days=1), 1):
            key = f"{connection.id}:{now.isoformat()}"
            await self.engine.enqueue("write_rules", key, company=line_of(connection), connection_id=connection.id)

    # --- promises ---

    async def promise_sync(
        self, connection: Connection, why: str, *, delay: float = 0, actor: str = "", urgent: bool = False
    ) -> None:
        """A run that nobody asked for by a click of its own."""
        if self.engine is None:
            return
        key = f"{connection.id}:{why}:{self.reach.clock().isoformat()}"
        await self.engine.enqueue(
            "sync",
            key,
            company=connection.company,
            delay=delay,
            urgent=urgent,
            connection_id=connection.id,
            trigger=str(Trigger.RETRY),
            run_key=key,
            actor=actor,
        )

    async def promise_settle(self, connection: Connection, delay: float) -> None:
        """A look-up, unless one is promised already."""
        if self.engine is None or await self.engine.waiting(f"settle:{connection.id}:"):
            return
        key = f"{connection.id}:{self.reach.clock().isoformat()}"
        await self.engine.enqueue(
            "settle", key, company=connection.company, delay=delay, connection_id=connection.id, run_key=f"settle:{key}"
        )

    async def refresh(self, connection: Connection) -> None:
        """What people see is rebuilt from the store, by jobs of their own; no message without anything to say in it."""
        if self.engine is None:
            return
        await promise_homes(self.engine, connection)
        if await told.any_news(self.reach.store, connection, self.reach.clock() - told.REMEMBER):
            await self.engine.soon("refresh", connection.id, company=connection.company, connection_id=connection.id)

    def known(self, company: Company) -> dict[str, str]:
        return {"company": company.company_id, "user": company.user_id, "sender": self.reach.sender_id}
