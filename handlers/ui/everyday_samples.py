"""What is said beside the alerts, with sample data, the long and the hostile included: the forms of the menu, rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from bot.store.postings import Posting
from bot.store.rules import Rule
from bot.sync.alerts import AlertView
from handlers.ui import by_hand, cardholders, rules
from handlers.ui import help as words
from handlers.ui.alert_forms import Page
from handlers.ui.blocks import Json

NOW = datetime(2026, 11, 3, 15, 2, tzinfo=UTC)


def samples(
    hostile: str, posting: Callable[[int, str], Posting], view: Callable[[str], AlertView]
) -> Iterator[tuple[str, Json]]:
    """(method, arguments); `posting` and `view` make one with a text for every foreign name."""
    for text in ("", hostile):
        yield from _menu(view(text), [posting(number, text) for number in range(60)], text)
        yield from _rules(text, [posting(number, text) for number in range(60)])


def _private(content: Json) -> tuple[str, Json]:
    said = {"text": content["text"], "blocks": content["blocks"]}
    return "response_url", {**said, "response_type": "ephemeral", "replace_original": False}


def _open(view: Json) -> tuple[str, Json]:
    return "views.open", {"trigger_id": "1.2.3", "view": view}


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
    for page in range(3):
        yield _open(rules.touched(found[page], Page.of(rows, page), "USD"))
    yield _open(rules.touched(found[0], Page.of([], 0), "USD"))
