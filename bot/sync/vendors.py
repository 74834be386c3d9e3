"""Creating a vendor or setting one to active, where the connection allows it: one person asks, another agrees, a job writes.

Nothing is believed but what Intacct shows. The job looks before it writes, sends a request under an id of its own, and
looks again where the answer does not prove enough; so it may be killed and done again at any point.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

from bot.hints.catalogue import hint_for
from bot.hints.classify import classify
from bot.hints.parts import parts_of_subject
from bot.intacct import vendors
from bot.intacct.batches import Lost, Recorded, Refused
from bot.intacct.client import IntacctClient
from bot.intacct.errors import AuthenticationFailure, IntacctError
from bot.intacct.vendors import LONGEST_NAME, Vendor, fits_id
from bot.models import AlertState, Fault, PostingState, RetryClass
from bot.store import alerts, connections, postings
from bot.store import vendors as requests
from bot.store.connections import Connection
from bot.store.database import Store
from bot.store.vendors import AGREED, ASKED, End, Person, Request, Wanted
from bot.sync.alerts import AlertView, raw_words
from bot.sync.correct import decide
from bot.sync.desk import Desk
from bot.sync.run import Runner

log = logging.getLogger(__name__)

ALLOWED = "vendors"
"""The option of a connection that allows it."""

CAUSES = {"vendor-unknown", "vendor-inactive"}

OLD_AFTER = timedelta(days=7)
"""What a second person has not agreed to by then has to be asked for anew."""

PAUSE, SHUT_OUT = 60.0, 3600.0
"""Seconds until Intacct is asked again: when it did not answer, and when it lets nobody in."""

WRITTEN, THERE, REFUSED, DECLINED = "written", "there", "refused", "declined"
OFF, SOLVED, OLD, DISCONNECTED = "off", "solved", "old", "disconnected"
"""Outcomes. After the second line's, nothing was written because something else changed meanwhile."""


class Stays(Exception):
    """Why no vendor is changed; the message is a sentence for the person who asked. `part` is the field it is about."""

    def __init__(self, why: str, part: str = "") -> None:
        super().__init__(why)
        self.part = part


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be written: a new vendor, or fields of one that is there, each with its old and new value."""

    vendor: str
    name: str
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def creates(self) -> bool:
        return not self.changes


def named_by(view: AlertView) -> str:
    """The vendor that an alert is about, where its connection allows to create or change it; else empty."""
    allowed = view.connection is not None and view.connection.option(ALLOWED) and view.n and not view.solved
    if not allowed or view.verdict.category != "vendor.invalid" or hint_for(view.verdict).key not in CAUSES:
        return ""
    return view.verdict.detail("vendor") or parts_of_subject(view.verdict).get("vendor", "")


# --- asking -------------------------------------------------------------------------------------------------------------


async def plan(desk: Desk, alert_id: int) -> Plan:
    """What Intacct needs so that it takes the vendor that an alert names.

    Raises:
        Stays: nothing can be written for it, or nothing has to be.
        IntacctError: Intacct refused or did not answer.
    """
    view, connection, value = await _allowed(desk, alert_id)
    client = await _client(desk, connection)
    there = await vendors.read(client, value, entity=connection.entity_id)
    if there is None:
        same = await vendors.named(client, value, entity=connection.entity_id)
        if same is not None:
            raise Stays(f"Intacct has a vendor of this name as {same.vendor_id}. Choose that one in the alert.")
        merchants = {row.merchant for row in view.rows}
        name = merchants.pop() if len(merchants) == 1 and fits_id(value) else value
        return Plan(value if fits_id(value) else "", " ".join(name.split())[:LONGEST_NAME])
    changes = wanting(there, holds=hint_for(view.verdict).key == "vendor-inactive")
    if not changes:
        raise Stays(f"Vendor {there.vendor_id} {there.name} is active in Intacct. Press Retry.")
    return Plan(there.vendor_id, there.name, changes)


def wanting(there: Vendor, *, holds: bool) -> dict[str, tuple[str, str]]:
    """What keeps a vendor from being used; `holds`: Intacct said that something does, so an unseen hold is lifted too."""
    changes = {} if there.active else {"status": (there.status, "active")}
    if there.on_hold or (there.on_hold is None and there.active and holds):
        changes["onhold"] = ("true" if there.on_hold else "", "false")
    return changes


async def ask(desk: Desk, alert_id: int, wanted: Plan, actor: str, name: str) -> Request:
    """Keep a request for a second person. Nothing is written to Intacct.

    Raises:
        Stays: it cannot be written, or has been asked for already.
        IntacctError: Intacct refused or did not answer.
    """
    view, connection, value = await _allowed(desk, alert_id)
    if wanted.creates:
        await _check_new(await _client(desk, connection), connection, wanted)
    for line in view.alert.story:
        earlier = (
            await requests.get(desk.reach.store, str(line["request"])) if line.get("did") == "vendor ask" else None
        )
        if earlier is not None and earlier.kind != requests.ENDED and not _old(earlier, desk.reach.clock()):
            raise Stays(
                f"{earlier.first.name} asked for this already; a second person can agree in the alert's thread."
            )
    kept = Wanted(alert_id, connection.id, wanted.vendor, wanted.name, value, name, wanted.changes)
    return await requests.ask(desk.reach.store, view.alert.workspace_id, actor, kept, desk.reach.clock())


async def _check_new(client: IntacctClient, connection: Connection, wanted: Plan) -> None:
    if not fits_id(wanted.vendor):
        raise Stays("An ID has up to 20 letters, digits, dots, dashes and underscores, and no blank.", "vendor_id")
    if not 0 < len(wanted.name) <= LONGEST_NAME or not wanted.name.isprintable():
        raise Stays(f"A name has 1 to {LONGEST_NAME} characters, all of them visible.", "name")
    taken = await vendors.read(client, wanted.vendor, entity=connection.entity_id)
    if taken is not None:
        raise Stays(f"{taken.vendor_id} is {taken.name} in Intacct already; choose another ID.", "vendor_id")
    taken = await vendors.named(client, wanted.name, entity=connection.entity_id)
    if taken is not None:
        raise Stays(f"Intacct has a vendor of this name as {taken.vendor_id}.", "name")


async def _allowed(desk: Desk, alert_id: int) -> tuple[AlertView, Connection, str]:
    view = await desk.alert_view(alert_id)
    if view is None or view.connection is None or view.connection.removed:
        raise Stays("That alert is not there any more.")
    if not view.connection.option(ALLOWED):
        raise Stays("Creating vendors and setting them to active is switched off for this connection.")
    value = named_by(view)
    if not value:
        raise Stays("No vendor stands in the way of these transactions any more.")
    return view, view.connection, value


# --- the second person --------------------------------------------------------------------------------------------------


async def agree(desk: Desk, request: Request, second: Person, place: tuple[str, str]) -> bool:
    """The second person's word, which promises the job; `place` is the message where it was given.

    Returns:
        Whether this press counted. The request may have ended by it: what it was for is over, or not allowed any more.

    Raises:
        Stays: whoever asked cannot agree.
    """
    if second.user == request.first.user:
        raise Stays("You asked for this yourself, so someone else has to agree.")
    if request.kind != ASKED:
        return False
    now = desk.reach.clock()
    if stop := await hindrance(desk.reach.store, request, now):
        return (await requests.end(desk.reach.store, request, _nothing(request, stop, second, place), now))[0]
    if not await requests.agree(desk.reach.store, request, second, place):
        return False
    await desk.engine.enqueue(
        AGREED,
        f"intent:{request.id}",
        company=(await _connection(desk.reach.store, request)).company,
        urgent=True,
        connection_id=request.connection,
        intent=request.id,
    )
    return True


async def decline(desk: Desk, request: Request, second: Person, place: tuple[str, str]) -> bool:
    """Whether this press counted; nothing is written then. Whoever asked may take it back so."""
    if request.kind != ASKED:
        return False
    how = _nothing(request, DECLINED, second, place)
    return (await requests.end(desk.reach.store, request, how, desk.reach.clock()))[0]


async def hindrance(store: Store, request: Request, now: datetime) -> str:
    """What has changed since it was asked for, so that nothing may be written; empty when nothing has."""
    connection, alert = await _connection(store, request), await alerts.get(store, request.alert)
    if connection.removed:
        return DISCONNECTED
    if _old(request, now):
        return OLD
    if not connection.option(ALLOWED):
        return OFF
    return SOLVED if alert is None or alert.state == AlertState.SOLVED else ""


def _old(request: Request, now: datetime) -> bool:
    return now - request.created > OLD_AFTER


# --- the job ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Vendors:
    """The job of a request that was agreed to. Where Intacct does not answer it promises itself anew, for seven days."""

    runner: Runner

    async def __call__(self, turn: int, *, connection_id: str, intent: str) -> bool:
        store = self.runner.reach.store
        request = await requests.get(store, intent)
        connection = await connections.get_connection(store, connection_id)
        if request is None or connection is None or turn > 0:
            return False
        if request.kind == AGREED:
            try:
                how = await self._end_of(request, connection)
            except IntacctError as away:
                log.warning("vendor request %s waits for Intacct: %s", request.id, away)
                how = None
                await self._later(request, connection, SHUT_OUT if isinstance(away, AuthenticationFailure) else PAUSE)
            if how is not None:
                await self._close(request, how)
        await self.runner.ending.refresh(connection)
        return False

    async def _end_of(self, request: Request, connection: Connection) -> End | None:
        """Look, write if that is needed, and say how it ended; None when it goes on later."""
        reach = self.runner.reach
        stop = await hindrance(reach.store, request, reach.clock())
        if stop in {OLD, DISCONNECTED}:
            return _nothing(request, stop)
        client = await reach.intacct(await connections.get_company(reach.store, connection.company))
        there = await vendors.read(client, request.vendor, entity=connection.entity_id)
        if as_agreed(request, there):
            return await self._done(request, WRITTEN if request.sent else THERE)
        if stop:
            return _nothing(request, stop)
        if request.creates != (there is None):
            why = f"Intacct has {request.vendor} as {there.name} by now." if there else "It is not there any more."
            return _not_taken(request, why, "Look at Accounts Payable > Vendors, then ask again.")
        level = there.entity_id if there else connection.entity_id
        ended = await self._write(request, client, connection, level)
        if ended is None:
            await self._later(request, connection, PAUSE)
        return ended

    async def _write(self, request: Request, client: IntacctClient, connection: Connection, level: str) -> End | None:
        """One request, under the same id however often it is sent."""
        if not await requests.mark_sent(self.runner.reach.store, request):
            return None
        controlid, body = _body(request)
        [outcome] = await client.record_batch([(controlid, body)], entity=level)
        if isinstance(outcome, Recorded):
            return await self._done(request, WRITTEN)
        refused = isinstance(outcome, Refused) and classify(outcome.fault).retry is RetryClass.NO
        if refused and not request.sent:
            return _not_taken(request, raw_words(outcome.fault), _way(request, outcome.fault))
        if isinstance(outcome, Refused | Lost):
            there = await vendors.read(client, request.vendor, entity=connection.entity_id)
            if as_agreed(replace(request, sent=True), there):
                return await self._done(request, WRITTEN)
        return _not_taken(request, raw_words(outcome.fault), _way(request, outcome.fault)) if refused else None

    async def _done(self, request: Request, outcome: str) -> End:
        """The vendor is as agreed: the alert's transactions go once more, with its ID where another was chosen."""
        store, now = self.runner.reach.store, self.runner.reach.clock()
        alert = await alerts.get(store, request.alert)
        rows = await postings.list_postings(
            store,
            request.connection,
            states=[PostingState.FAILED],
            category=alert.category if alert else "",
            subject=alert.subject if alert else "",
            limit=20_000,
        )
        if request.vendor != request.instead:
            made = {"coding": {"vendor": request.vendor}, "instead": {"vendor": request.instead}}
            await decide(store, rows, {**made, "by": request.first.name}, now)
        did = "created" if request.creates else "set to active"
        event = _event(request, outcome, f"{did}." if outcome == WRITTEN else "as asked for already, nothing written.")
        return End(outcome, event, _line(request, outcome), retry=tuple(row.id for row in rows))

    async def _close(self, request: Request, how: End) -> None:
        reach = self.runner.reach
        if how.retry and request.second is not None:
            await alerts.start_work(reach.store, request.alert, request.second.user, reach.clock())
        _, retry = await requests.end(reach.store, request, how, reach.clock())
        if retry is not None and self.runner.engine is not None:
            await Desk(reach, self.runner, self.runner.engine).promise(retry)

    async def _later(self, request: Request, connection: Connection, pause: float) -> None:
        if self.runner.engine is not None:
            await self.runner.engine.enqueue(
                AGREED,
                f"intent:{request.id}:{self.runner.reach.clock().isoformat()}",
                company=connection.company,
                delay=pause,
                connection_id=connection.id,
                intent=request.id,
            )


def as_agreed(request: Request, there: Vendor | None) -> bool:
    """Whether the vendor is what two people wanted. A hold that Intacct does not show is lifted once that was sent."""
    if there is None:
        return False
    if request.creates:
        return there.active and _bare(there.name) == _bare(request.name)
    lifted = there.on_hold is False or (there.on_hold is None and request.sent)
    return (there.active or "status" not in request.changes) and (lifted or "onhold" not in request.changes)


def _bare(name: str) -> str:
    return " ".join(name.split()).casefold()


def _body(request: Request) -> tuple[str, str]:
    controlid = f"vendor-{sha256(request.id.encode()).hexdigest()[:32]}"
    if request.creates:
        return controlid, vendors.render_create(controlid, request.vendor, request.name)
    changes = {tag: new for tag, (_, new) in request.changes.items()}
    return controlid, vendors.render_update(controlid, request.vendor, changes)


def _way(request: Request, fault: Fault) -> str:
    """What helps where Intacct refused."""
    if classify(fault).category == "permission.missing":
        right = "Add" if request.creates else "Edit"
        return (
            "The Sage Intacct administrator can allow it: Company > Admin > Roles > the role of the sync user > "
            f"Subscriptions > Accounts Payable > Permissions: tick {right} on Vendors, Save. Then ask again."
        )
    return "Put it right under Accounts Payable > Vendors, then press Retry."


def _not_taken(request: Request, why: str, way: str) -> End:
    event = _event(request, REFUSED, f"not written: {why}")
    return End(REFUSED, event, {**_line(request, REFUSED), "why": why, "way": way})


def _nothing(request: Request, outcome: str, second: Person | None = None, place: tuple[str, str] | None = None) -> End:
    how = replace(request, second=second) if second else request
    line = {**_line(how, outcome), "actor": ""}  # nobody has done anything about the alert by it
    return End(outcome, _event(how, outcome, f"nothing written, {outcome}."), line, second, place)


def _line(request: Request, outcome: str) -> dict[str, object]:
    return {
        "did": "vendor",
        "outcome": outcome,
        "changes": sorted(request.changes),
        "vendor": request.vendor,
        "name": request.name,
        "asked_by": request.first.name,
    }


def _event(request: Request, outcome: str, what: str) -> str:
    changes = "; ".join(f"{tag} {old or 'unknown'} to {new}" for tag, (old, new) in request.changes.items())
    did = "declined" if outcome == DECLINED else "agreed"
    second = f", {request.second.name} {did}" if request.second else ""
    wanted = changes or "create"
    return f"Vendor {request.vendor} {request.name} ({wanted}): {what} {request.first.name} asked{second}."


async def _connection(store: Store, request: Request) -> Connection:
    found = await connections.get_connection(store, request.connection)
    if found is None:
        raise LookupError(f"There is no connection {request.connection}.")
    return found


async def _client(desk: Desk, connection: Connection) -> IntacctClient:
    return await desk.reach.intacct(await connections.get_company(desk.reach.store, connection.company))
