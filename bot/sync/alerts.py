"""What an alert says, rebuilt from the store each time: never from the message that stands in Slack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.hints.catalogue import hint_for
from bot.hints.classify import classify
from bot.hints.words import Words, render
from bot.models import AlertState, ConnectionState, Fault, PostingState, RetryClass, RunState, Verdict
from bot.store import alerts, connections, postings, runs
from bot.store.alerts import Alert
from bot.store.connections import Company, Connection
from bot.store.database import Store
from bot.store.postings import CHANGING, OPEN, Cause, Posting
from bot.store.rows import from_json
from bot.store.runs import Run
from bot.sync.outcome import elsewhere, titles_of
from bot.sync.parts import ROUNDED

QUIET = timedelta(minutes=15)
"""How long a cause that may pass by itself is kept from people."""

TOP = 50
PASSING = {"transient.gateway", "limit.rate", "source.unavailable", "source.rate_limit", "outcome.unknown"}
"""Causes of a whole run that often are over before anybody could act."""
SILENT = {"source.incomplete"}
"""Causes that wait for a cardholder; the digest counts them, no alert is made."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One transaction behind an alert."""

    posting: int
    date: date
    merchant: str
    cardholder: str
    last4: str
    amount: Decimal
    currency: str
    email: str
    reference: str
    record_no: str


@dataclass(frozen=True, slots=True)
class AlertView:
    """All that a message about one cause needs.

    `n` and `total` are what is open now, `most` and `peak` what it stood for at most. `rest` is how many posted of the
    run that brought it up: what later runs post is no news of this cause. `details` are Intacct's own words for the
    administrator. `choices` are the answers to a held posting's question as (key, button text); empty when the cause is mended elsewhere. `rows` are the largest ones. `titles` give
    named parts of the verdict the name that accountants know: {"account": "Travel"} for 6420. `reversing` says that a
    reversal was asked for and is not proven yet. `moved` is how many of those that were tried from here wait for another
    cause now.
    """

    alert: Alert
    connection: Connection | None
    company: Company
    verdict: Verdict
    words: Words
    n: int
    total: Decimal
    most: int
    peak: Decimal
    currency: str
    first: date | None
    last: date | None
    rest: int
    done: int
    rows: tuple[AlertRow, ...]
    records: tuple[str, ...]
    details: str
    choices: tuple[tuple[str, str], ...]
    waiting: tuple[str, ...]
    reversing: bool = False
    titles: Mapping[str, str] = field(default_factory=dict)
    moved: int = 0

    @property
    def solved(self) -> bool:
        return self.alert.state == AlertState.SOLVED

    @property
    def paused(self) -> bool:
        """Whether this cause stops everything, rather than some rows."""
        return self.verdict.category.startswith(("auth.", "source.auth"))


CHOICES: dict[str, tuple[tuple[str, str], ...]] = {
    "held.refund": (("negative", "Post as a negative"),),
    "held.fee": (("inside", "The fee is inside"), ("beside", "The fee is not inside")),
    "held.twin": (("both", "Post both"),),
    "held.whole": (("own", "Post it as well"),),
    "held.split": (("lines", "Post the lines"),),
    "held.parts": ((ROUNDED, "Round the parts"),),
    "held.entity": (("allow", "Allow other entities"),),
}
"""What a person may answer to a held posting's question."""


CLAIMED = timedelta(minutes=1)
"""For so long a claim holds whose intent is not written; after it whoever claimed has died, and the next press counts."""


async def reconcile(store: Store, connection_id: str, now: datetime) -> list[int]:
    """Bring the alerts of a connection in line with its open causes.

    Returns:
        The ids of all alerts whose message may have to change.
    """
    connection = await connections.get_connection(store, connection_id)
    if connection is None:
        return []
    company = await connections.get_company(store, connection.company)
    wanted = await _wanted(store, connection, now) if connection.channel and not connection.removed else []
    touched = [await _open(store, connection, key, n, total, now) for key, n, total in wanted]
    keys = {key for key, _, _ in wanted}
    for alert in await alerts.list_open(store, connection=connection.id):
        if (alert.category, alert.subject) not in keys and not await _under_way(store, alert, now):
            await alerts.change(store, alert.id, state=AlertState.SOLVED, solved=now, working="", working_since=None)
            touched.append(alert.id)
    return touched + await _company_alerts(store, company, connection, now)


async def _wanted(store: Store, connection: Connection, now: datetime) -> list[tuple[tuple[str, str], int, Decimal]]:
    """(category, subject), rows and total of each cause that deserves a message."""
    found = [
        ((cause.category, cause.subject), cause.n, cause.total)
        for cause in await postings.causes(store, connection.id)
        if cause.category not in SILENT and not _too_early(cause, now)
    ]
    stopped = await _stopped_run(store, connection, now)
    if stopped is not None:
        found.append(((stopped.category, stopped.subject), 0, Decimal(0)))
    return found


def _too_early(cause: Cause, now: datetime) -> bool:
    return cause.category == "outcome.unknown" and now - cause.since < QUIET


async def _stopped_run(store: Store, connection: Connection, now: datetime) -> Run | None:
    """The run-wide cause of the newest run, once it has lasted; sign-in causes belong to the company."""
    newest = next(iter(await runs.last_runs(store, connection.id, 1, ended=True)), None)
    if newest is None or newest.state != RunState.STOPPED or not newest.category:
        return None
    if newest.category.startswith("auth."):
        return None
    ended = await runs.last_runs(store, connection.id, 20, ended=True)
    streak = ended[: next((n for n, r in enumerate(ended) if r.state != RunState.STOPPED), len(ended))]
    passing = newest.category in PASSING
    if passing and now - streak[-1].created < QUIET:
        return None
    rows = await postings.causes(store, connection.id)
    same = (newest.category, newest.subject)
    return None if any((cause.category, cause.subject) == same for cause in rows) else newest


async def _open(
    store: Store, connection: Connection, key: tuple[str, str], n: int, total: Decimal, now: datetime
) -> int:
    alert = await alerts.open_for(
        store,
        workspace=connection.workspace_id,
        connection=connection.id,
        company=connection.company,
        category=key[0],
        subject=key[1],
        channel=connection.channel,
        now=now,
    )
    if n > alert.most:
        await alerts.change(store, alert.id, most=n, total=total)
    if alert.working and not await _under_way(store, alert, now):
        await alerts.change(store, alert.id, working="", working_since=None)
    return alert.id


async def _under_way(store: Store, alert: Alert, now: datetime) -> bool:
    """Whether what someone asked for is still at work, or was claimed a moment ago and is not written down yet."""
    if not alert.working or alert.working_since is None:
        return False
    line = next((line for line in reversed(alert.story) if "intent" in line), None)
    asked = await runs.get_intent(store, line["intent"]) if line else None
    if asked is not None and asked.done is None:
        return True
    written = line is not None and datetime.fromisoformat(line["at"]) >= alert.working_since
    return not written and abs(now - alert.working_since) < CLAIMED


async def _company_alerts(store: Store, company: Company, connection: Connection, now: datetime) -> list[int]:
    """Sign-in and authorisation causes: one message per Intacct company and channel, however many connections wait."""
    touched = []
    problem = company.problem or {}
    if problem:
        await _other_words(store, company, (problem["category"], problem["subject"]))
    if problem and connection.channel:
        alert = await alerts.open_for(
            store,
            workspace=company.workspace_id,
            connection=None,
            company=company.id,
            category=problem["category"],
            subject=problem["subject"],
            channel=connection.channel,
            now=now,
        )
        touched.append(alert.id)
    for alert in await alerts.list_open(store, company=company.id):
        if not problem or (alert.category, alert.subject) != (problem["category"], problem["subject"]):
            change: dict[str, Any] = {"state": AlertState.SOLVED, "solved": now, "working": "", "working_since": None}
            await alerts.change(store, alert.id, **change)
            touched.append(alert.id)
        elif alert.working and not await _under_way(store, alert, now):
            await alerts.change(store, alert.id, working="", working_since=None)
            touched.append(alert.id)
    return touched


async def _other_words(store: Store, company: Company, cause: tuple[str, str]) -> None:
    """A company that is still refused, for another reason than before, keeps its message: nothing of it is solved."""
    standing = await alerts.list_open(store, company=company.id)
    told = {alert.channel for alert in standing if (alert.category, alert.subject) == cause}
    for alert in standing:
        if alert.channel not in told:
            told.add(alert.channel)
            await alerts.change(store, alert.id, category=cause[0], subject=cause[1])


async def view(store: Store, alert_id: int, names: dict[str, str] | None = None) -> AlertView | None:
    """Everything about one alert; `names` gives titles for ids ("account 6420" to "6420 Travel")."""
    alert = await alerts.get(store, alert_id)
    if alert is None:
        return None
    company = await connections.get_company(store, alert.company)
    connection = await connections.get_connection(store, alert.connection_id) if alert.connection_id else None
    if connection is None:
        return await _company_view(store, alert, company, names or {})
    rows = await _rows(store, alert, connection)
    sample = rows[0] if rows else None
    fault = sample.said() if sample else None
    verdict = Verdict(
        alert.category, alert.subject, RetryClass.NO, tuple((sample.details or {}).items()) if sample else ()
    )
    if sample is None:
        verdict, fault = await _run_cause(store, connection, company, verdict)
    cause = next(
        (
            c
            for c in await postings.causes(store, connection.id)
            if (c.category, c.subject) == (alert.category, alert.subject)
        ),
        None,
    )
    first = await runs.last_runs(store, connection.id, 1, before=alert.opened)
    tried = await _tried_rows(store, alert, connection)
    done = [row for row in tried if row.state == PostingState.POSTED]
    titles = titles_of(sample, verdict)
    words = render(
        hint_for(verdict),
        verdict,
        n=cause.n if cause else alert.most,
        names=_names(connection, company, {**titles, **(names or {})}),
        others_posted=first[0].posted if first else 0,
        tried=sample is not None and sample.state == PostingState.FAILED,
    )
    return AlertView(
        alert=alert,
        connection=connection,
        company=company,
        verdict=verdict,
        words=words,
        n=cause.n if cause else 0,
        total=cause.total if cause else Decimal(0),
        most=alert.most,
        peak=alert.total,
        currency=(sample or (done[0] if done else None) or _NoRow).currency or company.base_currency or "USD",
        first=cause.first if cause else None,
        last=cause.last if cause else None,
        rest=first[0].posted if first else 0,
        done=len(done),
        rows=tuple(_row(row) for row in rows),
        records=tuple(row.record_no for row in done if row.record_no),
        details=raw_words(fault),
        choices=CHOICES.get(alert.category, ()),
        waiting=(),
        reversing=sample is not None and sample.state == PostingState.REVERSING,
        titles=titles,
        moved=sum(one.n for one in elsewhere(tried, alert)),
    )


class _NoRow:
    currency = ""


async def _rows(store: Store, alert: Alert, connection: Connection) -> list[Posting]:
    return await postings.list_postings(
        store,
        connection.id,
        states=[*OPEN, *CHANGING],
        category=alert.category,
        subject=alert.subject,
        limit=TOP,
        largest_first=True,
    )


async def _tried_rows(store: Store, alert: Alert, connection: Connection) -> list[Posting]:
    """What the retries of this alert were about."""
    ids = {one for line in alert.story for one in line.get("postings", [])}
    found = await postings.get(store, sorted(ids))
    return [row for row in found if row.connection_id == connection.id]


async def _run_cause(
    store: Store, connection: Connection, company: Company, verdict: Verdict
) -> tuple[Verdict, Fault | None]:
    last = await runs.last_runs(store, connection.id, 20)
    key = (verdict.category, verdict.subject)
    run = next((one for one in last if (one.category, one.subject) == key), None)
    return verdict_of_run(run, company) if run else (verdict, None)


def verdict_of_run(run: Run, company: Company | None = None) -> tuple[Verdict, Fault | None]:
    """What stopped a whole run, with the far end's own words, and what was kept of its refusal."""
    fault = from_json(Fault, run.fault) if run.fault else None
    return _read_again(Verdict(run.category, run.subject, RetryClass.NO), fault, company), fault


def _read_again(verdict: Verdict, fault: Fault | None, company: Company | None) -> Verdict:
    """Which cause of its category it is, and what the refusal names: only category and subject are stored with a run."""
    if fault is None:
        return verdict
    known = {"company": company.company_id, "user": company.user_id} if company else {}
    read = classify(fault, known=known)
    details = read.details if read.category == verdict.category else tuple(known.items())
    return replace(verdict, details=details)


async def _company_view(store: Store, alert: Alert, company: Company, names: dict[str, str]) -> AlertView:
    """A sign-in cause: what waits is counted over all connections of the company."""
    problem = company.problem or {}
    fault = from_json(Fault, problem["fault"]) if problem.get("fault") else None
    verdict = _read_again(Verdict(alert.category, alert.subject, RetryClass.NO), fault, company)
    waiting = [
        one
        for one in await connections.list_connections(store, company=company.id)
        if one.state in {ConnectionState.BROKEN, ConnectionState.ACTIVE}
    ]
    n, total = 0, Decimal(0)
    for one in waiting:
        count, amount = (await postings.tally(store, one.id)).get(PostingState.PENDING, (0, Decimal(0)))
        n, total = n + count, total + amount
    words = render(hint_for(verdict), verdict, n=n, names=names)
    return AlertView(
        alert=alert,
        connection=None,
        company=company,
        verdict=verdict,
        words=words,
        n=n,
        total=total,
        most=alert.most,
        peak=alert.total,
        currency=company.base_currency or "USD",
        first=None,
        last=None,
        rest=0,
        done=0,
        rows=(),
        records=(),
        details=raw_words(fault),
        choices=(),
        waiting=tuple(place(one) for one in waiting),
    )


def place(connection: Connection) -> str:
    """`200 Denver`, or the connection's name at top level."""
    if connection.entity_id:
        return f"{connection.entity_id} {connection.entity_name}".strip()
    return connection.name or "whole company"


def _names(connection: Connection, company: Company, names: dict[str, str] | None) -> dict[str, str]:
    known = {"company": company.company_id, "user": company.user_id, "card": connection.card}
    if connection.entity_id:
        known["entity"] = connection.entity_name
    return known | (names or {})


def _row(row: Posting) -> AlertRow:
    return AlertRow(
        row.id,
        row.date,
        row.merchant,
        row.cardholder,
        row.last4,
        row.amount,
        row.currency,
        row.email,
        row.reference,
        row.record_no,
    )


def raw_words(fault: Fault | None) -> str:
    """Intacct's own words, first cause first, with their numbers; foreign text, capped here and escaped by whoever shows it."""
    if fault is None:
        return ""
    parts: Sequence[str] = [
        " · ".join(
            dict.fromkeys(
                text for text in (error.description2 or error.description, error.correction, error.errorno) if text
            )
        )
        for error in fault.errors
    ]
    return "\n".join(part for part in [*parts, fault.note] if part)[:2500]
