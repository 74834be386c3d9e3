"""The jobs of the sync: one run over a connection, look-ups, receipts, and whether Intacct lets us in again."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from bot.engine import Engine
from bot.hints.classify import classify
from bot.intacct.errors import IntacctError
from bot.models import ConnectionState, RunState, Trigger
from bot.spend.errors import SourceError
from bot.store import connections, postings, runs
from bot.store.connections import Connection
from bot.store.rows import to_json
from bot.store.runs import Run
from bot.sync.ending import ENDED, Ending, Stopped
from bot.sync.introduce import introduce
from bot.sync.post import Pass
from bot.sync.reach import Reach
from bot.sync.receipts import attach_some
from bot.sync.standing import Standing
from bot.sync.terms import Locations, terms_of
from bot.sync.turns import Turns, UnderWay

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Runner:
    """The jobs of the sync. `engine` is set by `bot.app`; without one (the command line alone) nothing is followed up."""

    reach: Reach
    engine: Engine | None = None
    standing: Standing = field(default_factory=Standing)
    _under_way: dict[int, UnderWay] = field(default_factory=dict)
    _locations: Locations = field(default_factory=Locations)

    @property
    def ending(self) -> Ending:
        return Ending(self.reach, self.engine)

    @property
    def turns(self) -> Turns:
        return Turns(self.reach, self.ending, self._under_way)

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
        run = await runs.begin(
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
            await self.ending.close(run, connection, RunState.STOPPED, **await self.turns.read_no_further(run))
            return await self._done(intent)
        work = partial(self.turns.prepare, intent=intent) if turn == 0 else self.turns.go_on
        return await self._guarded(run, connection, work) or await self._done(intent)

    async def settle(self, turn: int, *, connection_id: str, intent: str = "", run_key: str = "") -> bool:
        """Ask again for what is unknown."""
        store, now = self.reach.store, self.reach.clock()
        connection = await connections.get_connection(store, connection_id)
        if connection is None or connection.removed or not connection.start_date or turn > 0:
            return await self._done(intent)
        key = f"settle:{intent}" if intent else run_key or f"settle:{connection_id}:{now.isoformat()}"
        run = await runs.begin(store, key, connection=connection_id, trigger=Trigger.RETRY, actor="", now=now)
        if run.state in ENDED:
            await self.ending.follow_up(connection)
        else:
            await self._guarded(run, connection, self.turns.ask_again)
        return await self._done(intent)

    async def _guarded(self, run: Run, connection: Connection, turn: Callable[[Pass], Awaitable[bool]]) -> bool:
        """One turn; whatever ends the run is told and stored."""
        goes_on = False
        try:
            goes_on = await turn(await self._pass(connection, run))
            if not goes_on:
                haul = await self.turns.read_no_further(run)
                await self.ending.close(run, connection, RunState.FINISHED, **haul)
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
                await self.turns.store_haul(run)
        return goes_on

    async def _done(self, intent: str) -> bool:
        """The intent is done once its job has ended, whatever came of it; nobody waits for it any more."""
        if intent:
            await runs.finish_intent(self.reach.store, intent, self.reach.clock())
        return False

    async def receipts(self, turn: int, *, connection_id: str, round_no: int = 0, intent: str = "") -> bool:
        """Attach some receipts, then stand in line again, so that a person's retry goes first."""
        store, now = self.reach.store, self.reach.clock()
        connection = await connections.get_connection(store, connection_id)
        if connection is None or connection.removed or not connection.start_date or turn > 0:
            return await self._done(intent)
        last = await runs.last_runs(store, connection_id, 1)
        if not last or connection.state != ConnectionState.ACTIVE:
            return await self._done(intent)
        more = False
        try:
            source = await self.reach.source(connection)
            more = await attach_some(await self._pass(connection, last[0]), source, intent)
        except (IntacctError, SourceError) as refused:
            log.warning("receipts of %s wait for the next run: %s", connection_id, refused)
        if more and self.engine is not None:
            key = f"{connection_id}:{now.isoformat()}:{round_no + 1}"
            await self.engine.enqueue(
                "receipts",
                key,
                company=connection.company,
                connection_id=connection_id,
                round_no=round_no + 1,
                intent=intent,
            )
            return False
        await self._done(intent)
        await self.ending.refresh(connection)
        return False

    async def check_company(self, turn: int, *, company_id: int, intent: str = "") -> bool:
        """Whether Intacct lets us in again; if so, every connection of the company goes on."""
        if turn > 0:
            return False
        store = self.reach.store
        row = await connections.get_company(store, company_id)
        all_of_it = await connections.list_connections(store, company=company_id)
        if not row.password or not all_of_it:  # removed meanwhile
            return await self._done(intent)
        broken = [one for one in all_of_it if one.state == ConnectionState.BROKEN]
        asked = await runs.get_intent(store, intent) if intent else None
        try:
            # a client of its own: in the company's a session may last that hides a password which was reset
            async with self.reach.intacct_for(
                row.company_id, row.user_id, row.password, row.requests_at_once
            ) as client:
                for entity in sorted({one.entity_id for one in broken} or {""}):
                    await client.sign_in(entity)
        except IntacctError as refused:
            verdict = classify(refused.fault, known=self.ending.known(row))
            if verdict.category.startswith("auth."):  # that nobody answered is no news about who may come in
                problem = {"category": verdict.category, "subject": verdict.subject, "fault": to_json(refused.fault)}
                await connections.set_problem(store, company_id, problem, self.reach.clock())
        else:
            await self.ending.let_in(row, broken, asked.actor if asked else "")
        await self._done(intent)
        for one in broken or all_of_it:
            await self.ending.refresh(one)
        return False

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
        inside = await self._locations.inside(client, connection, now)
        rules, resting = await self.standing.of(self.reach.store, client, connection, now, inside)
        terms = replace(terms_of(connection, company, inside=inside), rules=rules, resting=resting)
        return Pass(self.reach, connection, company, client, terms, run)


def may_run(connection: Connection, trigger: str, intent: str) -> bool:
    """Whether a run may go on: a pause stops all of them at their next turn, a break all that nobody asked for."""
    if connection.removed or connection.state == ConnectionState.PAUSED:
        return False
    asked_for = bool(intent) or trigger == Trigger.PERSON
    return asked_for or connection.state == ConnectionState.ACTIVE
