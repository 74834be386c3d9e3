"""The checks of a finished set-up, run again: what changed in Intacct since, before the next sync meets it."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.engine import Engine
from bot.hints.classify import classify
from bot.intacct.client import IntacctClient
from bot.intacct.errors import FunctionFailure, IntacctError
from bot.models import Check, ConnectionState, RunState, StepState
from bot.store import connections, runs
from bot.store.connections import Company, Connection
from bot.sync.run import Runner
from bot.walkthrough import books, read, shelves, values
from bot.walkthrough.checks import PROBLEM, SignIn
from bot.walkthrough.steps import ACCOUNT, CARD, CREDENTIALS, ROLE
from bot.walkthrough.values import Values

log = logging.getLogger(__name__)

DAILY = 5
"""The hour of day, where the books are, from which on the daily look is due: before people and most syncs begin."""
PAUSE = timedelta(minutes=10)
"""How often it is asked which looks are due."""
SPREAD = 1200
"""Seconds over which the daily looks are spread."""

Wrong = tuple[int, Check]
"""A step of the set-up and the check that shows what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found. Of steps that are not in `steps` it says nothing, nor of values in use where those are None."""

    wrong: tuple[Wrong, ...]
    steps: frozenset[int]
    values: Values | None = None


@dataclass(slots=True)
class Drift:
    """Looks around for finished connections: once a day, and once after each run that did not go well.

    Args:
        runner: reaches Intacct, and pauses a company that refuses the sign-in.
        engine: keeps the promises.
    """

    runner: Runner
    engine: Engine
    _asked: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._asked = self.runner.reach.clock()  # the syncs of a start go first

    # --- when ---------------------------------------------------------------------------------------------------------

    async def promise(self) -> None:
        """Promises the looks that are due; asked every few seconds, it answers every few minutes, and not at a start.

        The daily ones are spread, so that a thousand companies are not looked at in one moment, beside their syncs.
        """
        now = self.runner.reach.clock()
        if timedelta() <= now - self._asked < PAUSE:
            return
        self._asked = now
        last = await runs.newest(self.runner.reach.store)
        async for connection in connections.each_connection(self.runner.reach.store):
            if connection.state != ConnectionState.ACTIVE or connection.activated is None:
                continue
            local = now.astimezone(ZoneInfo(connection.time_zone or "UTC"))
            due = {f"{local.date()}": zlib.crc32(connection.id.encode()) % SPREAD} if local.hour >= DAILY else {}
            run = last.get(connection.id)
            if run and (run.state == RunState.STOPPED or run.failed):
                due[f"run {run.id}"] = 0
            for why, delay in due.items():
                await self.ask(connection, why, delay=delay)

    async def ask(self, connection: Connection, why: str, *, urgent: bool = False, delay: float = 0) -> None:
        """One look; asking for the same reason again is asking once."""
        key = f"{connection.id}:{why}"
        await self.engine.enqueue(
            "look_around", key, company=connection.company, delay=delay, urgent=urgent, connection_id=connection.id
        )

    # --- what ---------------------------------------------------------------------------------------------------------

    async def look(self, connection: Connection) -> Seen | None:
        """All that would stop the sync, or will; None when nothing was learned or the company's own alert tells it.

        A refused sign-in pauses the company as a sync's would: it has one message of its own for all its connections.
        """
        reach = self.runner.reach
        company = await connections.get_company(reach.store, connection.company)
        if company.problem or not company.password:
            return None
        client = reach.intacct_for(company.company_id, company.user_id, company.password, company.requests_at_once)
        try:
            async with client:  # one of its own: a session that still lasts would hide a password that was reset
                await client.sign_in(connection.entity_id)
                return await self._seen(client, company, connection)
        except read.Unanswered:
            return None
        except IntacctError as refused:
            verdict = classify(refused.fault, known=self.runner.ending.known(company))
            if verdict.category.startswith("auth."):
                await self.runner.ending.shut_out(connection, verdict, refused.fault, reach.clock())
            return None

    async def _seen(self, client: IntacctClient, company: Company, connection: Connection) -> Seen:
        tried = SignIn(company.company_id, company.user_id, self.runner.reach.sender_id)
        scope = "entity" if connection.entity_id else "top"
        seen = await read.access(client, tried, scope, connection.entity_id, ROLE)
        found = tuple(
            (step, check)
            for step, checks in sorted(seen.steps.items())
            for check in checks
            if check.state is PROBLEM and step != CREDENTIALS
        )
        access = Seen(found, frozenset(seen.steps))
        if found:
            return access  # what is refused here cannot be read below
        try:
            found = tuple(await self._books(client, connection))
        except FunctionFailure as refused:
            log.warning("the books of %s cannot be read: %s", connection.id, refused)
            return access
        return Seen(found, access.steps | {ACCOUNT, CARD}, await self._values(client, company, connection))

    async def _values(self, client: IntacctClient, company: Company, connection: Connection) -> Values | None:
        try:
            return await values.look(self.runner.reach.store, client, company, connection, self.runner.reach.clock())
        except FunctionFailure as refused:
            log.warning("what %s is coded to cannot be read: %s", connection.id, refused)
            return None

    async def _books(self, client: IntacctClient, connection: Connection) -> list[Wrong]:
        today = self.runner.reach.clock().date()
        seen = await shelves.card(
            client,
            connection.card,
            connection.card_account,
            connection.entity_id,
            connection.entity_name,
            today,
            only=True,
            own=connection.card,
        )
        number = connection.card_account or (seen.record.offset_account if seen.record else "")
        chart = await shelves.chart(client)
        record = next((one for one in chart.accounts if one.account_no == number), None)
        account = books.account(record, number, chart.cards, (connection.card,), chart.banks)
        return [*_told(ACCOUNT, account), *_told(CARD, [_gone(check) for check in seen.checks])]


def _told(step: int, found: Sequence[Check]) -> list[Wrong]:
    """Problems, and the one remark that becomes a problem by waiting."""
    return [(step, check) for check in found if check.state is PROBLEM or check.key == "expiry"]


def _gone(check: Check) -> Check:
    """A card that a set-up still waits for was there once, here."""
    missing = check.key == "card" and check.state is StepState.TOLD
    return (
        replace(check, state=PROBLEM, sentence=f"{check.sentence} It was there when this was set up.")
        if missing
        else check
    )
