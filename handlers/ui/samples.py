"""Every message and view that the bot can send, with sample data, the long and the hostile included.

For `python -m bot messages`, for the tests, and for whoever wants to run them through Slack's own `blocks.validate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.hints.catalogue import HINTS, verdict
from bot.hints.hint import Hint
from bot.hints.words import render
from bot.models import AlertState, ConnectionState, Dimension, PostingState, RunState, Trigger, Verdict
from bot.store.alerts import Alert
from bot.store.connections import Company, Connection
from bot.store.postings import Posting
from bot.store.runs import Run
from bot.store.told import Settled
from bot.sync.alerts import CHOICES, AlertRow, AlertView
from bot.sync.desk import Overview, Stands
from bot.sync.outcome import Moved
from bot.sync.posting_day import Bounds
from bot.sync.remove import Removed
from handlers.ui import alert_forms as forms
from handlers.ui import (
    alerts,
    corrections,
    everyday_samples,
    home,
    results,
    settings,
    status,
    story,
    walkthrough_samples,
)
from handlers.ui import help as words
from handlers.ui.alerts import Cast
from handlers.ui.blocks import Json

NOW = datetime(2026, 11, 3, 15, 2, tzinfo=UTC)
HOSTILE = "<!channel> *R&D* `x` _y_ {0} <@U0DANA> <https://x.example|click> \u202e\u200b 🧾 שלום " + "&<>Ä" * 750
"""A merchant of 3,000 characters that tries everything: mentions, commands, links, mark-up, another reading direction."""

FINANCE, DANA, LEE = "C0FINANCE", "U0DANA", "U0LEE"
NAMES = {DANA: "Dana Whitfield", LEE: "Lee Okafor"}


def samples() -> Iterator[tuple[str, Json]]:
    """(Web API method or way of answering, its arguments)."""
    yield from _alerts()
    yield from _forms()
    yield from _answers()
    yield from _homes()
    yield from everyday_samples.samples(
        HOSTILE, posting_of, lambda text: view_of(HINTS["dimension-required"], 37, text)
    )
    yield from walkthrough_samples.samples()


def _post(content: Json, thread: bool = False) -> tuple[str, Json]:
    return "chat.postMessage", {"channel": FINANCE, **content, **({"thread_ts": "1793901601.765088"} if thread else {})}


def _edit(content: Json) -> tuple[str, Json]:
    said = {"text": content["text"], "blocks": content["blocks"]}
    return "chat.update", {"channel": FINANCE, "ts": "1793901601.765088", **said}


def _private(content: Json) -> tuple[str, Json]:
    said = {"text": content["text"], "blocks": content["blocks"]}
    return "response_url", {**said, "response_type": "ephemeral", "replace_original": False}


def _open(view: Json) -> tuple[str, Json]:
    return "views.open", {"trigger_id": "1.2.3", "view": view}


# --- alerts -----------------------------------------------------------------------------------------------------------


def _alerts() -> Iterator[tuple[str, Json]]:
    """Every cause of the catalogue, for one row and for many, and one cause through its whole life."""
    for hint in HINTS.values():
        for n in (1, 37):
            yield _post(alerts.alert(view_of(hint, n), _cast()))
        yield _post(alerts.alert(view_of(hint, 1_250, HOSTILE), _cast(HOSTILE)))
    for key in ("tax-detail-missing", "gateway-trouble", "permission-object", "source-token-refused"):
        whole = view_of(HINTS[key], 0)  # nothing was sent, so that all transactions wait and none is counted
        yield _post(alerts.alert(replace(whole, most=0, first=None, last=None), _cast()))
    travel = HINTS["dimension-required"]
    for view in _life(travel):
        yield _edit(alerts.alert(view, _cast()))
    for text in ("", HOSTILE):
        view = view_of(travel, 1_250, text)
        yield _post(alerts.rows(view), thread=True)
        yield _edit(alerts.moved(view, "<#C0FINANCE>"))
        if told := alerts.details(
            replace(view, details=text or "The GL account 6420 requires a department · BL03000018")
        ):
            yield _post(told, thread=True)
    other = view_of(HINTS["period-closed"], 3, HOSTILE)
    for line in _lines():
        for category in ("dimension.required", "held.refund"):
            name, gone = (HOSTILE if "reason" in line else "Lee Okafor"), story.moved([Moved(other.verdict, 3, {})])
            if said := story.reply(line, category, name, 30, "UTC", gone):
                yield _post(alerts.reply(said), thread=True)


def _life(hint: Hint) -> Iterator[AlertView]:
    """Taken, working, smaller, snoozed, solved, left out, ended, and the same for a sign-in cause."""
    view = view_of(hint, 37)
    retried: list[dict[str, Any]] = [{"did": "retry", "actor": LEE, "intent": "i", "postings": [*range(37)]}]
    checked: list[dict[str, Any]] = [{"did": "check", "actor": LEE, "intent": "i"}]
    yield replace(view, alert=replace(view.alert, assignee=LEE))
    yield replace(view, alert=replace(view.alert, working=LEE, working_since=NOW, story=retried), done=12)
    yield replace(view, n=1, total=Decimal("612.40"))
    yield replace(view, alert=replace(view.alert, state=AlertState.SNOOZED, snoozed_until=NOW + timedelta(days=1)))
    solved = replace(view.alert, state=AlertState.SOLVED, solved=NOW, story=retried)
    numbers = tuple(str(number) for number in range(10421, 10458))
    yield replace(view, alert=solved, n=0, done=37, records=numbers)
    yield replace(view, alert=solved, n=0, done=2, records=("10390", "10402"), moved=3)
    line = {"did": "redate", "actor": LEE, "intent": "i", "day": "2026-11-01", "postings": [1]}
    late = {**line, "first": "2026-10-30", "last": "2026-10-31"}
    yield replace(view, alert=replace(solved, story=[late]), n=0, done=1, records=("10390",))
    left: list[dict[str, Any]] = [{"did": "ignore", "actor": DANA, "rows": 37, "reason": HOSTILE, "postings": []}]
    yield replace(view, alert=replace(solved, story=left), n=0)
    yield replace(view, alert=replace(solved, story=[]), n=0)
    if view.connection is not None:
        yield replace(view, alert=solved, connection=replace(view.connection, removed=NOW))
    vendor, ask = view_of(HINTS["vendor-inactive"], 3), {"did": "vendor ask", "request": "r", "at": NOW.isoformat()}
    yield replace(vendor, alert=replace(vendor.alert, story=[{**ask, "actor": DANA, "postings": []}]))
    changed = view_of(HINTS["source-changed"], 1)
    yield replace(changed, reversing=True)
    for did in ("keep", "reversed"):
        deed: list[dict[str, Any]] = [
            {"did": did, "actor": DANA, "then": "leave", "reason": HOSTILE, "record": "10390"}
        ]
        yield replace(changed, alert=replace(changed.alert, state=AlertState.SOLVED, solved=NOW, story=deed), n=0)
    shut = view_of(HINTS["sender-not-authorized"], 12)
    yield replace(shut, alert=replace(shut.alert, working=LEE, working_since=NOW, story=checked))
    yield replace(shut, alert=replace(shut.alert, state=AlertState.SOLVED, solved=NOW, story=checked))


def _lines() -> Iterator[story.Line]:
    rows = {"postings": [*range(37)], "actor": LEE, "at": NOW.isoformat()}
    yield {"did": "retry", **rows}
    yield {"did": "retry", "actor": LEE, "postings": []}
    yield {"did": "answer", "choice": "negative", **rows}
    yield {"did": "check", **rows}
    yield {"did": "ignore", "rows": 37, "reason": HOSTILE, **rows}
    yield {"did": "snooze", "until": NOW.isoformat(), "reason": HOSTILE, **rows}
    yield {"did": "code", "dimension": "department", "value": "20", **rows}
    yield {"did": "code", "dimension": "department", "value": "20", "rule": 3, **rows}
    yield {"did": "map", "dimension": "account", "value": "6120", "field": "GL Account", "text": HOSTILE, **rows}
    yield {"did": "redate", "day": "2026-11-01", **rows}
    yield {"did": "redate", "day": "2026-11-01", "first": "2026-10-30", "last": "2026-10-31", **rows}
    yield {"did": "by hand", "record": HOSTILE, "reason": HOSTILE, **rows}
    yield {"did": "receipts", **rows}
    yield {"did": "keep", "reason": HOSTILE, **rows}
    yield {"did": "not reversed", "reason": HOSTILE, **rows}
    for then in ("post", "leave"):
        yield {"did": "reverse", "day": "2026-11-01", "then": then, "record": HOSTILE, **rows}
        yield {"did": "reversed", "record": HOSTILE, "by": HOSTILE, "then": then, **rows}
    told = {"vendor": HOSTILE, "name": HOSTILE, "asked_by": HOSTILE, "why": HOSTILE, "way": HOSTILE, "reason": ""}
    for outcome in ("written", "there", "refused", "declined"):
        for changes in ([], ["status"], ["onhold"]):
            yield {"did": "vendor", "outcome": outcome, "changes": changes, **told, **rows}
    yield {"did": "ask", "people": 4, "rows": 37, **rows}
    yield {"did": "write back", "written": 35, "locked": 2, **rows}
    yield {"did": "write back", "written": 0, "locked": 1, "by_rule": True, **rows}
    yield {"did": "write back", "written": 0, "locked": 0, "by_rule": True, **rows}


def view_of(hint: Hint, n: int, text: str = "") -> AlertView:
    """An alert of this cause; `text` takes the place of every foreign name."""
    details = {
        "cause": hint.key,
        "account": text or "6420",
        "dimension": "department",
        "value": text or "20",
        "entity": "100",
        "company": text or "HarborPine",
        "sender": "harborpine-bot",
        "user": text or "Spendcenter",
        "said": text or "The GL account 6420 requires a department",
        "month": "2026-10",
        "ledger": "CM",
    }
    verdict = Verdict(hint.category, text[:255] or "6420 department", hint.retry, tuple(details.items()))
    connection, company = connection_of(text), company_of(text)
    shared = hint.category.startswith("auth.")
    rows = tuple(_row(number, text) for number in range(min(n, 50)))
    return AlertView(
        alert=_alert(hint.category, verdict.subject, None if shared else connection.id, n),
        connection=None if shared else connection,
        company=company,
        verdict=verdict,
        words=render(hint, verdict, n=n, names={"account": "Travel"}, others_posted=80),
        n=n,
        total=Decimal("8214.60"),
        most=max(n, 37),
        peak=Decimal("8214.60"),
        currency="USD",
        first=date(2026, 10, 1),
        last=date(2026, 10, 31),
        rest=80,
        done=0,
        rows=() if shared else rows,
        records=(),
        details=text or "This transaction is missing the Department dimension · BL03000018",
        choices=CHOICES.get(hint.category, ()),
        waiting=(text or "100 Portland", "200 Denver") if shared else (),
    )


def _row(number: int, text: str) -> AlertRow:
    return AlertRow(
        posting=number,
        date=date(2026, 10, 1 + number % 31),
        merchant=text or "Blue Mesa Air",
        cardholder=text or "Maria Ortiz",
        last4="4417",
        amount=Decimal("612.40"),
        currency="USD" if number % 5 else "CAD",
        email="maria@harborpine.example",
        reference="7de2a28c246b718daf23",
        record_no="",
    )


def _alert(category: str, subject: str, connection: str | None, n: int) -> Alert:
    return Alert(
        id=7,
        workspace_id=":T0HARBOR",
        connection_id=connection,
        company=1,
        category=category,
        subject=subject,
        channel=FINANCE,
        ts="1793901601.765088",
        state=AlertState.OPEN,
        assignee="",
        snoozed_until=None,
        working="",
        working_since=None,
        most=n,
        total=Decimal("8214.60"),
        story=[],
        shown="",
        opened=NOW,
        solved=None,
        solved_by="",
    )


def _cast(text: str = "") -> Cast:
    return Cast(NOW.date(), "America/Los_Angeles", {user: text or name for user, name in NAMES.items()})


# --- forms ------------------------------------------------------------------------------------------------------------


def _forms() -> Iterator[tuple[str, Json]]:
    for text in ("", HOSTILE):
        view, one, company = view_of(HINTS["dimension-required"], 37, text), connection_of(text), company_of(text)
        rows = [posting_of(number, text) for number in range(60)]
        for page in range(3):
            yield _open(forms.details(view, forms.Page.of(rows, page)))
        yield _open(forms.records(view, forms.Page.of(rows, 0)))
        yield _open(forms.ignore(view))
        yield _open(forms.snooze(view, NOW.date()))
        yield _open(forms.ask(view))
        yield "chat.postMessage", {"channel": "U0SAM", **forms.asked(view, text or "Lee Okafor", "harborpine-bot")}
        for dimension in Dimension:
            yield _open(corrections.choose(view, dimension, text))
        for cause in (
            "vendor-unknown",
            "dimension-restricted",
            "location-required",
            "source-mapping",
            "entity-question",
        ):
            other = view_of(HINTS[cause], 37, text)
            yield _open(corrections.choose(other, corrections.chosen_from(other) or Dimension.LOCATION))
        yield _open(corrections.move(view, date(2026, 11, 1), NOW.date()))
        late = corrections.sure(
            view, date(2026, 12, 3), Bounds(date(2026, 10, 31), date(2026, 12, 5)), corrections.MOVE
        )
        yield "ack_view", {"response_action": "update", "view": late}
        now = settings.as_it_is(one, company)
        yield _open(settings.settings(one, now))
        refused = settings.settings(one, now, error=text or settings.PUBLIC, ask_public=True)
        yield "views.update", {"view_id": "V1", "view": refused}
        yield _open(settings.disconnect(one, company, last=True, waiting=44))
        left = Removed(one, company.company_id, tuple(rows[:1]) * 30, text or "it did not answer in time.")
        for ended in (Removed(one, company.company_id), replace(left, doubt=left.doubt[:1]), left):
            yield _private(words.said(settings.disconnected(ended, "USD")))
        yield "ack_view", {"response_action": "update", "view": words.told(text or "Saved.", "Settings")}


# --- answers ----------------------------------------------------------------------------------------------------------


def _answers() -> Iterator[tuple[str, Json]]:
    for stands in words.STANDS:
        yield _private(words.said(words.already("Lee Okafor", "pressed Retry", "4 seconds ago", stands)))
    yield _private(status.status(_under_way()))
    yield _private(words.said(words.trouble("0a1b2c3d")))
    yield "chat.postMessage", {"channel": DANA, **words.said(words.database_lost("the database file bot.db is gone"))}
    yield _private(words.said(HOSTILE))
    yield _private(words.commands({"setup": "connect", "status": "what is connected"}, HOSTILE[:40]))
    yield _private(status.status([]))
    yield _private(status.open_alerts([]))
    for text in ("", HOSTILE):
        yield _private(status.status(_overviews(text)))
        several = [one.connection for one in _overviews(text)]
        yield _private(status.pick("sync.now", "Which one shall I sync?", several))
        yield _private(status.open_alerts(_open_alerts(text)))
        yield from _results(text)


def _results(text: str) -> Iterator[tuple[str, Json]]:
    waiting = {str(PostingState.FAILED): 43, str(PostingState.HELD): 1, str(PostingState.UNKNOWN): 2}
    for state, category in ((RunState.FINISHED, ""), (RunState.STOPPED, "source.auth"), (RunState.STOPPED, "")):
        run = replace(run_of(), state=state, category=category)
        told = results.run_ended(run, text or "100 Portland", (80, Decimal("29942.82")), waiting, "USD", FINANCE)
        yield "chat.postMessage", {"channel": DANA, **told}
    said = (
        text or "october.csv, line 1, Amount: there is no column with this heading. And 2 more problems in this file."
    )
    refused = replace(run_of(), state=RunState.STOPPED, category="source.file")
    by = verdict("source-file-refused", said=said)
    told = results.run_ended(refused, text or "100 Portland", (0, Decimal(0)), {}, "USD", FINANCE, by)
    yield "chat.postMessage", {"channel": DANA, **told}
    nothing = results.run_ended(run_of(), text or "100 Portland", (0, Decimal(0)), {}, "USD", FINANCE)
    yield "chat.postMessage", {"channel": DANA, **nothing}
    found = Settled(1, DANA, text or "Blue Mesa Air", Decimal("2640.00"), "USD", text or "10390")
    yield "chat.postMessage", {"channel": DANA, **results.settled(found, "USD")}
    shut = results.closed_channel(text or "100 Portland", FINANCE, "I am not a member", "spend-intacct")
    yield "chat.postMessage", {"channel": DANA, **shut}
    corrected = results.card_corrected(text or "100 Portland", text or "default location 5394 → 100")
    yield "chat.postMessage", {"channel": DANA, **corrected}


def _homes() -> Iterator[tuple[str, Json]]:
    for text in ("", HOSTILE):
        yield "views.publish", {"user_id": DANA, "view": home.home([], [])}
        nothing = f"Nothing of it is yours to see. If it should be, ask {text or 'Dana Whitfield'}."
        yield "views.publish", {"user_id": DANA, "view": home.home([], [], nothing)}
        yield "views.publish", {"user_id": DANA, "view": home.home(_overviews(text), _open_alerts(text))}


def _overviews(text: str) -> list[Overview]:
    """Twenty connections, five of each state."""
    found = [overview_of(text, state) for state in ConnectionState] * 5
    return [replace(one, connection=replace(one.connection, id=f"c{at:010}")) for at, one in enumerate(found)]


def _open_alerts(text: str) -> list[tuple[AlertView, str]]:
    link = "https://harborpine.slack.com/archives/C0FINANCE/p1793901601765088"
    found = [view_of(hint, 37, text) for hint in HINTS.values()]
    return [(replace(view, alert=replace(view.alert, id=at)), link) for at, view in enumerate(found)]


# --- nouns ------------------------------------------------------------------------------------------------------------


def _under_way() -> list[Overview]:
    """A sync that runs, one that waits for its turn, and one that was cut off and goes on."""
    one, running, queued = overview_of("", ConnectionState.ACTIVE), RunState.RUNNING, RunState.QUEUED
    stands: tuple[tuple[RunState, Stands], ...] = ((running, "running"), (queued, "waiting"), (running, "waiting"))
    return [
        replace(
            one,
            connection=replace(one.connection, id=f"c{number}"),
            last=replace(run_of(), state=state, finished=None),
            stands=how,
        )
        for number, (state, how) in enumerate(stands)
    ]


def overview_of(text: str, state: ConnectionState) -> Overview:
    tally = {
        PostingState.POSTED: (80, Decimal("29942.82")),
        PostingState.FAILED: (43, Decimal("10602.60")),
        PostingState.UNKNOWN: (1, Decimal("2640.00")),
        PostingState.IGNORED: (1, Decimal("9.99")),
        PostingState.PENDING: (2, Decimal("20.00")),
    }
    open_alerts = (_alert("dimension.required", "6420 department", "c0123456789", 37),)
    connection = replace(connection_of(text), state=state, activated=None if state is ConnectionState.DRAFT else NOW)
    plain = {str(key): value for key, value in tally.items()}
    return Overview(connection, company_of(text), run_of(), plain, open_alerts, NOW + timedelta(hours=16))


def run_of() -> Run:
    empty: dict[str, Any] = {"skipped": None, "category": "", "subject": "", "fault": None}
    return Run(
        id=1,
        connection_id="c0123456789",
        key="intent:1",
        trigger=Trigger.PERSON,
        actor=DANA,
        state=RunState.FINISHED,
        created=NOW,
        started=NOW,
        finished=NOW,
        fetched=210,
        posted=80,
        failed=43,
        requests=4,
        **empty,
    )


def company_of(text: str) -> Company:
    return Company(
        id=1,
        workspace_id=":T0HARBOR",
        company_id=text or "HarborPine",
        user_id=text or "Spendcenter",
        password=None,
        name=text or "Harbor & Pine Outfitters",
        base_currency="USD",
        requests_at_once=2,
        refunds_accepted=False,
        tested=NOW + timedelta(hours=2),
        problem=None,
        problem_since=None,
        held_until=None,
    )


def connection_of(text: str) -> Connection:
    values: dict[str, Any] = dict.fromkeys(
        (
            "spend_token",
            "client_secret",
            "csv",
            "selector",
            "mapping",
            "watermark",
            "last_fired",
            "removed",
            "card_read",
        )
    )
    return Connection(
        id="c0123456789",
        workspace_id=":T0HARBOR",
        company=1,
        name=text or "Portland",
        state=ConnectionState.ACTIVE,
        entity_id="100",
        entity_name=text or "Portland",
        card="Spend Center CC Object",
        card_account="2150",
        default_location="100",
        channel=FINANCE,
        schedule="0 7 * * *" if not text else "*/5 6-20 * * mon-fri",
        time_zone="America/Los_Angeles",
        start_date=date(2026, 10, 1),
        spend_company="cmp_1",
        spend_company_name=text or "Harbor & Pine Cards",
        client_id="",
        options={"correct": [DANA], "retry": [DANA, LEE], "receipts_above": "75", "vendors": True},
        owner=DANA,
        activated=NOW,
        revision=3,
        created=NOW,
        **values,
    )


def posting_of(number: int, text: str) -> Posting:
    empty: dict[str, Any] = dict.fromkeys(("details", "fault", "decision", "not_before"))
    return Posting(
        id=number,
        connection_id="c0123456789",
        company=1,
        spend_company="cmp_1",
        transaction=f"txr_{number}",
        state=PostingState.POSTED,
        date=date(2026, 10, 1 + number % 31),
        amount=Decimal("612.40"),
        currency="USD",
        merchant=text or "Blue Mesa Air",
        cardholder=text or "Maria Ortiz",
        email="maria@harborpine.example",
        last4="4417",
        authorization_id="",
        reference="7de2a28c246b718daf23",
        generation=1,
        try_no=1,
        category="",
        subject="",
        record_no=str(10421 + number),
        fingerprint="",
        source={},
        receipt="",
        created=NOW,
        updated=NOW,
        posted=NOW,
        **empty,
    )
