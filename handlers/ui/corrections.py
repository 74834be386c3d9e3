"""Fixing in place: the button on the alert, the form that chooses a value, the form that asks before a date is moved."""

from __future__ import annotations

from datetime import date

import slackblocks as sb

from bot.models import Dimension
from bot.sync.alerts import AlertRow, AlertView, place
from bot.sync.correct import Keep, can_map
from bot.sync.posting_day import PERIOD, Bounds, spelled, told_by_refusal
from bot.sync.rules import Condition, condition_of, dimension_of
from handlers.ui.blocks import Json, alert, button, context, labelled, modal, option, section
from handlers.ui.text import clip, count, day, days, esc, money, plain

CHOOSE, MOVE = "alert.choose", "alert.move"
"""Action ids of the buttons, and callback ids of the forms they open."""
VALUES = "correct.values"
"""Action id of the list that is searched live in Intacct."""
ONE = "one"
"""The choice is for one transaction of several."""
MISSING = {
    "dimension.required": "",
    "source.mapping": "a coding that this app can place",
    "held.receipt": "a receipt",
    "attachment": "a receipt",
}
"""What the cardholder can add, by cause; empty when the cause names the dimension."""


def chosen_from(view: AlertView) -> Dimension | None:
    """The dimension that mends this alert by a choice, or None."""
    codes = view.connection.codes() if view.connection else None
    return dimension_of(view.verdict.category, dict(view.verdict.details), codes)


def missing(view: AlertView) -> str:
    """What is wanted of the cardholders; empty when this is nothing that they can add."""
    category = view.verdict.category
    if category not in MISSING or view.connection is None or not view.n:
        return ""
    name = view.verdict.detail("dimension")
    return MISSING[category] or (f"the {name}" if name else "")


def offer(view: AlertView, today: date) -> sb.Button | None:
    """The recommended way out as a button, where there is one."""
    value = str(view.alert.id)
    dimension = chosen_from(view)
    if dimension is not None and view.n:
        return button(f"Choose {dimension.sentence}", CHOOSE, value, style="primary")
    if view.verdict.category == PERIOD and view.n:
        return button(f"Post on {day(first_open(view, today), today)}", MOVE, value, style="primary")
    return None


def first_open(view: AlertView, today: date) -> date:
    """The first open day as far as the alert knows: the form asks Intacct before it proposes one."""
    last = view.last or view.alert.opened.date()
    return Bounds(last, today, opens=told_by_refusal(dict(view.verdict.details))).proposed


def choose(view: AlertView, dimension: Dimension, problem: str = "") -> Json:
    """Choose one value for all transactions of an alert."""
    name = dimension.sentence
    shut = [alert(problem, "problem")] if problem else []
    known = view.connection.option("fallback_vendor") if view.connection and dimension is Dimension.VENDOR else ""
    fallback = clip(str(known or ""), 150)
    these = count(view.n, "transaction")
    blocks: list[sb.Block] = [
        *shut,
        section(f"*{these}* · {_amount(view)} · {_place(view)}", "what"),
        labelled(
            "value",
            name.capitalize(),
            sb.ExternalSelectMenu(
                action_id=VALUES,
                initial_option=option(f"{fallback}, the fallback vendor", fallback) if fallback else None,
                placeholder=sb.PlainText(f"Search {name}s in Intacct"),
                min_query_length=0,
            ),
            hint="Only what is active in Intacct. It fills what is missing or wrong, and nothing else.",
        ),
        *_use_for(view, dimension),
        *([_keep_vendor()] if dimension is Dimension.VENDOR else []),
        labelled(
            "write_back",
            "Spend Center",
            sb.CheckboxGroup(
                action_id="write_back",
                options=[sb.Option(sb.PlainText("Write it to Spend Center too"), "yes")],
                initial_options=[sb.Option(sb.PlainText("Write it to Spend Center too"), "yes")],
            ),
            optional=True,
        ),
        context(
            "What it is used for now is posted again with it, each once, on its own date. Your name stands in each "
            "description; where a rule coded one later, the description names the rule.",
            "note",
        ),
    ]
    return modal(f"Choose {name}", blocks, callback=CHOOSE, submit="Post", metadata=str(view.alert.id))


def _keep_vendor() -> sb.Block:
    """A vendor that is always there can stand in, so that none has to be made or set to active."""
    kept = option("Offer this vendor first from now on", "yes")
    box = sb.CheckboxGroup(action_id="picked", options=[kept])
    return labelled("fallback", "Fallback vendor", box, hint="Also under /intacct settings.", optional=True)


def _use_for(view: AlertView, dimension: Dimension) -> list[sb.Block]:
    """These transactions, one of them, or also those to come, where the cause says what those have in common."""
    offered = [("This transaction" if view.n == 1 else f"These {view.n:,}", str(Keep.NOT))]
    if view.n > 1:
        offered.append(("One of these, picked below", ONE))
    details = dict(view.verdict.details)
    if view.connection is not None and can_map(view.connection, details, dimension):
        offered.insert(0, (f"All with {plain(details.get('value', ''), 40)}, also later", str(Keep.MAPPED)))
    condition = condition_of(view.verdict.category, details, dimension)
    if condition is not None and not condition.broad:
        future = f"Also future ones {_condition(condition)}"
        offered.append((future, str(Keep.SAME)))
    merchants = {row.merchant for row in view.rows}
    merchant = merchants.pop() if len(merchants) == 1 and view.n == len(view.rows) else ""
    if condition is not None and merchant:
        future = f"Also future ones {_condition(condition)}"
        offered.append((f"{clip(future, 40)}, of {plain(merchant, 60)}", str(Keep.OF_MERCHANT)))
    options = [option(text, value) for text, value in offered]
    group = sb.RadioButtonGroup(action_id="picked", options=options, initial_option=options[0])
    blocks: list[sb.Block] = [labelled("use_for", "Use it for", group)]
    if view.n > 1 and view.rows:
        rows = [option(_row(view, row), str(row.posting)) for row in view.rows]
        menu = sb.StaticSelectMenu(action_id="picked", options=rows, placeholder=sb.PlainText("Pick a transaction"))
        blocks.append(labelled("one", "Which one", menu, hint="Only where it is for one of them.", optional=True))
    return blocks


def _condition(condition: Condition) -> str:
    """`on 6420 without a department`, `with project P-1042`."""
    name = condition.dimension.sentence
    on = [f"on {plain(condition.account, 30)}"] if condition.account else []
    what = f"with {name} {plain(condition.instead, 30)}" if condition.instead else f"without {_a(name)}"
    return " ".join([*on, what])


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _row(view: AlertView, row: AlertRow) -> str:
    base = view.company.base_currency or view.currency
    return f"{day(row.date)} · {plain(row.merchant, 40)} · {money(row.amount, plain(row.currency, 3), base)}"


def move(view: AlertView, opens: date, today: date) -> Json:
    """Ask before a month is changed, naming old and new."""
    moves = ""
    if view.first and view.last:
        old = f"{view.last:%B}" if view.first.month == view.last.month else days(view.first, view.last, today)
        new = f"{opens:%B}" if opens.year == today.year else f"{opens:%B %Y}"
        moves = f" {_amount(view)} moves from {old} to {new} in {_place(view)}."
    blocks: list[sb.Block] = [
        section(f"*Post {count(view.n, 'transaction')} on {day(opens, today)}?*{moves}", "what"),
        labelled(
            "day",
            "Posting date",
            sb.DatePicker(action_id="day", initial_date=opens.isoformat()),
            hint="The first open day. Each transaction keeps its own date in the description.",
        ),
    ]
    return modal("Post on another day", blocks, callback=MOVE, submit="Post", metadata=str(view.alert.id))


def sure(view: AlertView, chosen: date, bounds: Bounds, callback: str) -> Json:
    """The second question before something is dated past the first open month: it names month and year."""
    month = f"{chosen:%B %Y}"
    what = "Reverse the record" if callback != MOVE else f"Post {count(view.n, 'transaction')}, {_amount(view)},"
    said = (
        f"*{what} in {month}?*\nThe first open month is {bounds.first_month:%B %Y}. On {spelled(chosen)}, "
        f"{'it' if view.n == 1 else 'they'} will be missing from every month before {month}."
    )
    metadata = f"{view.alert.id}{_AGREED}{chosen.isoformat()}"
    submit = f"Yes, in {chosen:%b %Y}"
    return modal("One more question", [section(said, "what")], callback=callback, submit=submit, metadata=metadata)


_AGREED = "|"


def day_agreed(metadata: str) -> tuple[str, date | None]:
    """The alert that a form is about, and the day that `sure` asked about, where it is that form."""
    alert_id, _, chosen = metadata.partition(_AGREED)
    return alert_id, date.fromisoformat(chosen) if chosen else None


def _amount(view: AlertView) -> str:
    return money(view.total, view.currency, view.company.base_currency or view.currency)


def _place(view: AlertView) -> str:
    return esc(plain(place(view.connection), 120)) if view.connection else ""
