"""What is said beside the alerts, with sample data, the long and the hostile included: the forms of the menu, rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.hints.classify import classify
from bot.models import AttemptState, Fault, Level, PostingState, RawError, Side
from bot.store.attempts import Attempt
from bot.store.digest import Figures
from bot.store.find import Past
from bot.store.postings import Posting
from bot.store.rows import to_json
from bot.store.rules import Rule
from bot.store.runs import Event
from bot.store.vendors import AGREED, ASKED, ENDED, Person, Request
from bot.sync import undo as reversing
from bot.sync.alerts import AlertView
from bot.sync.differences import Difference
from bot.sync.posting_day import Bounds
from bot.sync.proof import Proof
from bot.sync.vendors import DECLINED, OLD, REFUSED, THERE, WRITTEN, Plan
from handlers.ui import by_hand, cardholders, digest, find, proof, rules, story, undo, vendors
from handlers.ui import help as words
from handlers.ui.alert_forms import Page
from handlers.ui.blocks import Json
from handlers.ui.corrections import sure

NOW = datetime(2026, 11, 3, 15, 2, tzinfo=UTC)


def samples(
    hostile: str, posting: Callable[[int, str], Posting], view: Callable[[str], AlertView]
) -> Iterator[tuple[str, Json]]:
    """(method, arguments); `posting` and `view` make one with a text for every foreign name."""
    for text in ("", hostile):
        yield from _found([posting(number, text) for number in range(60)], view(text), text)
        yield from _digests([replace(view(text), alert=replace(view(text).alert, id=at)) for at in range(30)])
        yield from _menu(view(text), [posting(number, text) for number in range(60)], text)
        yield from _changed(view(text), posting(1, text), text)
        yield from _rules(text, [posting(number, text) for number in range(60)])
        yield from _vendors(view(text), text)
        yield from _proofs(text)


def _private(content: Json) -> tuple[str, Json]:
    said = {"text": content["text"], "blocks": content["blocks"]}
    return "response_url", {**said, "response_type": "ephemeral", "replace_original": False}


def _open(view: Json) -> tuple[str, Json]:
    return "views.open", {"trigger_id": "1.2.3", "view": view}


def _digests(views: list[AlertView]) -> Iterator[tuple[str, Json]]:
    """A full day, one with other currencies and nothing open, and one with a single cause."""
    sums = {"USD": (58, Decimal("12204.77")), "CAD": (2, Decimal("-40.10"))}
    link = "https://harborpine.slack.com/archives/C0FINANCE/p1793901601765088"
    for figures, found in (
        (Figures(sums, sums, sums), [(view, link) for view in views]),
        (Figures(sums, {}, {}), []),
        (Figures({}, {"USD": (37, Decimal("8214.60"))}, {}), [(views[0], "")]),
    ):
        for days in (0, digest.OVERDUE):
            words = digest.digest(figures, found, NOW + timedelta(days=days), NOW.date(), "USD", "U0DANA")
            yield "chat.postMessage", {"channel": "C0FINANCE", **words}


def _found(rows: list[Posting], view: AlertView, text: str) -> Iterator[tuple[str, Json]]:
    """Two pages of what was found, and lives in every state, one of them with all that can happen."""
    one = rows[0]
    scene = find.Scene({one.connection_id: text or "100 Portland"}, {}, {}, {"U0LEE": text or "Lee Okafor"})
    yield _private(words.said(find.NONE))
    yield _private(words.said(find.HOW))
    ids = [row.id for row in rows]
    yield _open(find.found(rows[:10], 0, ids, scene))
    yield "views.update", {"view_id": "V1", "view": find.found(rows[50:], 5, ids, scene)}
    fault = to_json(Fault(Level.FUNCTION, (RawError("BL03000018", "", text or "Account 6420 requires a department"),)))
    tries = [_attempt(number, state, fault) for number, state in enumerate([*AttemptState] * 8)]
    events = [
        Event(one.connection_id, 0, "U0LEE", what, text or "urgent", NOW) for what in ("ignored", "by hand", "settled")
    ]
    lines = [
        {
            "did": "code",
            "actor": "U0LEE",
            "at": NOW.isoformat(),
            "dimension": "department",
            "value": text,
            "postings": [0],
        }
    ]
    alert = replace(view.alert, story=lines)
    empty = Past([], [], [], [])
    for state in PostingState:
        yield _open(find.life(replace(one, state=state), empty, {}, scene))
        yield _open(
            find.life(
                replace(one, state=state, category="dimension.required", subject=text[:255] or "6420"), empty, {}, scene
            )
        )
    yield _open(find.life(one, Past(tries[:5], events, [rule_of(3, text)], [alert]), {0: True}, scene))
    yield _open(find.life(one, Past(tries, events, [], []), {}, scene))
    yield _open(find.life(replace(one, record_no="10421"), empty, {}, scene, "https://www.intacct.com/ur.phtml?.r=a&b"))


def _attempt(number: int, state: AttemptState, fault: dict[str, Any]) -> Attempt:
    return Attempt(number, 0, 1, f"cc-{number}", "100", 1, 1, state, "", False, 0, NOW, NOW, "10421", fault)


def _proofs(text: str) -> Iterator[tuple[str, Json]]:
    """A month in which both sides agree, one with every kind of difference on several pages, and none at all."""
    october, last = date(2026, 10, 1), date(2026, 10, 31)
    scene = proof.Scene(text or "100 Portland", "USD", "America/Los_Angeles")
    total = Decimal("38587.18")
    kinds = [kind for _, some in proof.GROUPS for kind in sorted(some)]
    why = text or "Its record is dated Nov 1, posted on that day by Lee Okafor."
    day = date(2026, 10, 30)
    differing = tuple(
        Difference(
            kind, f"txr_{at}", f"103{at:02d}", Decimal("484.10"), None, "USD", day, why, text or "Blue Mesa Air", day
        )
        for at, kind in enumerate(kinds * 2)
    )
    nameless = Difference("extra", "", "10399", None, Decimal("36.00"), "CAD", last, why, record_date=last)
    unread = Difference("unread", "", "", None, None, "", None, why)
    remarks = (text or "Drafts on this card are not in the ledger and not counted: 10401.",)
    agreed = Proof(october, last, 118, (), total, total, as_of=NOW)
    named = Proof(october, last, 111, (*differing, nameless, unread), total, total - 3064, remarks, NOW)
    even = replace(named, differences=(nameless,), intacct=total, remarks=())
    for found in (agreed, named, even):
        said = proof.answer(found, 7, scene, chosen=proof.chosen(october, date(2026, 11, 3)))
        yield "chat.postMessage", {"channel": "U0LEE", **said}
    for number in (0, 1):
        yield "views.update", {"view_id": "V1", "view": proof.page(named, 7, number, scene)}
    yield _open(proof.page(even, 7, 0, scene))
    away = classify(
        Fault(Level.TRANSPORT, (RawError(description=text or "It was not reached."),), side=Side.SPEND_CENTER)
    )
    yield "chat.postMessage", {"channel": "U0LEE", **proof.none(october, scene.place, away)}
    yield _private(words.said(proof.reading(october, scene.place)))


def _menu(view: AlertView, rows: list[Posting], text: str) -> Iterator[tuple[str, Json]]:
    """What is behind the alert's menu: posted by hand, and asking the cardholders."""
    problem = text or "Record 10390 is 12.00 USD; this transaction is 612.40 USD."
    yield _open(by_hand.form(view))
    yield _open(by_hand.form(replace(view, rows=view.rows[:1])))
    again = by_hand.form(view, one="3", record="10390", reason=text or "entered on the 2nd", problem=problem)
    yield "ack_view", {"response_action": "update", "view": again}
    yield _private(by_hand.marked(rows[0], "USD"))
    for shown in (rows[:1], rows):
        yield _open(cardholders.ask(view, [row.cardholder for row in shown], len(shown)))
        yield "chat.postMessage", {"channel": "U0MARIA", **cardholders.asked(view, text or "Lee", shown, NOW.date())}
    names = [row.cardholder for row in rows[:2]]
    yield _private(words.said(cardholders.told(names, names, names)))
    yield _private(words.said(cardholders.told([], [], names)))


def _changed(view: AlertView, row: Posting, text: str) -> Iterator[tuple[str, Json]]:
    """A posting whose transaction changed: both forms, and what the form is without a new posting."""
    day = NOW.date()
    old, new = text or "612.40 USD on 12 Oct", text or "640.00 USD on 12 Oct"
    plan = reversing.Plan(row, old, new, day, day, day, Bounds(day, day))
    yield _open(undo.reverse(view, plan, day))
    yield _open(undo.reverse(view, replace(plan, again=None, new="deleted"), day))
    late = sure(view, date(2026, 12, 3), Bounds(date(2026, 10, 31), date(2026, 12, 5)), undo.REVERSE)
    yield "ack_view", {"response_action": "update", "view": late}
    yield _open(undo.keep(view))


def _vendors(view: AlertView, text: str) -> Iterator[tuple[str, Json]]:
    """The forms, the question to a second person in every stage, and what the thread tells of its end."""
    shown, shut = ("status", ("inactive", "active")), ("onhold", ("true", "false"))
    unseen = ("onhold", ("", "false"))
    yield _open(vendors.looking(text or "V-200"))
    for changes in ((), (shown,), (shown, shut), (shut,), (unseen,)):
        plan = Plan(text or "V-200", text or "Quillcast", dict(changes))
        yield _open(vendors.form(view, plan))
        again = vendors.form(view, plan, text or "Intacct did not answer in time.")
        yield "ack_view", {"response_action": "update", "view": again}
        for stage in (AGREED, WRITTEN, THERE, REFUSED, DECLINED, *vendors.NOTHING):
            said = vendors.request(request_of(text, dict(changes), stage))
            edited = {"channel": "C0FINANCE", "ts": "1793901601.765088", "text": said["text"], "blocks": said["blocks"]}
            yield "chat.update", edited
        asked = vendors.request(request_of(text, dict(changes), ASKED))
        yield "chat.postMessage", {"channel": "C0FINANCE", "thread_ts": "1793901601.765088", **asked}


def request_of(text: str, changes: dict[str, tuple[str, str]], stage: str) -> Request:
    """A request at this stage, agreed to by another person, or taken back by the same where the text is hostile."""
    first = Person("U0DANA", text or "Dana Whitfield", NOW.isoformat())
    second = Person("U0DANA" if text else "U0LEE", text or "Lee Okafor", NOW.isoformat())
    return Request(
        id="0123456789abcdef01234567",
        workspace_id=":T0HARBOR",
        kind=stage if stage in {ASKED, AGREED} else ENDED,
        created=NOW,
        alert=7,
        connection="c0123456789",
        vendor=text or "V-200",
        name=text or "Quillcast",
        changes=changes,
        instead=text or "V-200",
        first=first,
        second=None if stage == ASKED else second,
        sent=stage == OLD and bool(text),
        outcome="" if stage in {ASKED, AGREED} else stage,
        place=None,
    )


def rule_of(number: int, text: str) -> Rule:
    """Every third one replaces a value, every fifth is of one merchant, every second was switched off."""
    return Rule(
        id=number,
        workspace_id=":T0HARBOR",
        connection_id="c0123456789",
        number=number,
        dimension="project" if number % 3 == 0 else "department",
        value=text[:255] or "20",
        instead=(text[:255] or "P-1042") if number % 3 == 0 else "",
        account="" if number % 3 == 0 else text[:255] or "6420",
        merchant="" if number % 5 else text[:255] or "Blue Mesa Air",
        made_by=text[:255] or "Lee Okafor",
        made=NOW,
        off_by="" if number % 2 else text[:255] or "Dana Whitfield",
        off=None if number % 2 else NOW,
    )


def _rules(text: str, rows: list[Posting]) -> Iterator[tuple[str, Json]]:
    found = [rule_of(number, text) for number in range(1, 31)]
    lost = replace(found[0], number=31, value=text or "30")
    listed = [rules.Listed(one, text or "100 Portland", "UTC", 37, lost if one.off is None else None) for one in found]
    yield _private(rules.listed([]))
    yield _private(rules.listed(listed[:1]))
    yield _private(rules.listed(listed))
    yield _private(words.said(rules.switched_off(found[0])))
    events = [Event("c0123456789", None, "U0LEE", "rule R-3", text or "Department 20 became 30.", NOW)] * 7
    past = rules.Past(events, {"U0LEE": text or "Lee Okafor"}, written=story.written(35, 2))
    for page in range(3):
        yield _open(rules.touched(found[page], Page.of(rows, page), "USD", past))
    yield _open(rules.touched(found[0], Page.of([], 0), "USD", rules.Past()))
    other = replace(found[1], merchant="", account="")
    yield _open(rules.edit(found[0], text or "100 Portland", '["1", "20", "6420", ""]'))
    for again in (
        rules.edit(other, text or "100 Portland", "[]", problem=rules.narrowed(other)),
        rules.edit(found[2], text or "100 Portland", "[]", meets=rules.Meets(found[:9], found[9:20])),
    ):
        yield "ack_view", {"response_action": "update", "view": again}
    yield _private(words.said(rules.saved(found[0])))
