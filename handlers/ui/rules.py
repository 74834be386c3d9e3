"""Rules as people read them: what each does, who made it, what it touched, and the way to switch it off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import slackblocks as sb

from bot.models import Dimension
from bot.store.rules import Rule
from handlers.ui.alert_forms import Page, rows, turn
from handlers.ui.blocks import Json, actions, button, confirm, fitting, message, modal, section
from handlers.ui.text import count, esc, plain, when

OFF, TOUCHED = "rules.off", "rules.touched"
PAGES = re.compile(r"rules\.page\.(?:back|on)")

NONE = "There is no rule yet. When you choose a value in an alert, it can be kept as a rule for the ones to come."
ORDER = (
    "The narrowest rule is asked first, of equally narrow ones the newest. A rule fills what is missing or what Intacct "
    "refuses, and never replaces a coding that Intacct takes."
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule beside where it applies, how many postings it touched, and the rule that is asked instead of it, if any."""

    rule: Rule
    place: str
    zone: str
    touched: int
    instead_of_it: Rule | None


def listed(found: Sequence[Listed]) -> Json:
    """`/intacct rules`: those in use first."""
    if not found:
        return message(NONE, [section(NONE, "none")])
    active = sum(one.rule.off is None for one in found)
    text = f"{count(len(found), 'rule')}, {active:,} in use."
    groups: list[list[sb.Block]] = [[section(f"*{text}* {ORDER}", "order")]]
    groups += [_one(one) for one in sorted(found, key=lambda one: (one.rule.off is not None, one.rule.number))]
    return fitting(text, groups, "And {n:,} more.")


def _one(one: Listed) -> list[sb.Block]:
    rule = one.rule
    said = [f"*{rule.name}* · {esc(plain(one.place, 80))}", does(rule)]
    made = f"{esc(plain(rule.made_by, 60))}, {when(rule.made, one.zone)}"
    if rule.off is not None:
        made += f" · switched off by {esc(plain(rule.off_by, 60))}, {when(rule.off, one.zone)}"
    said.append(f"{made} · touched {count(one.touched, 'transaction')}")
    if one.instead_of_it is not None:
        other = one.instead_of_it
        said.append(f"Never asked: {other.name} is newer and says {esc(plain(other.value, 60))} for the same.")
    buttons = [button("What it touched", TOUCHED, str(rule.id), aloud=f"What {rule.name} touched")]
    if rule.off is None:
        ask = confirm(f"Switch off {rule.name}?", "What was posted with it stays as it is.", "Switch off")
        buttons.append(button("Switch off", OFF, str(rule.id), confirm=ask, aloud=f"Switch off {rule.name}"))
    return [section("\n".join(said), f"rule.{rule.id}"), actions(f"rule.{rule.id}.do", *buttons)]


def does(rule: Rule) -> str:
    """`Account 6420 without a department: department 20`."""
    name = Dimension(rule.dimension).sentence
    value = esc(plain(rule.value, 60))
    parts = [f"of {esc(plain(rule.merchant, 80))}"] if rule.merchant else []
    if rule.account:
        parts.append(f"on account {esc(plain(rule.account, 60))}")
    parts.append(f"with {name} {esc(plain(rule.instead, 60))}" if rule.instead else f"without {_a(name)}")
    return f"Transactions {' '.join(parts)}: {name} {value}"


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def touched(rule: Rule, page: Page, base: str) -> Json:
    """The transactions that stand in Intacct with what a rule filled; `base` is the currency of the books."""
    first = f"*{rule.name}* · {does(rule)}\n{count(page.n, 'transaction')} posted with it."
    blocks = [section(first, "rule"), *rows(page, base), *turn(page, "rules.page", str(rule.id))]
    return modal(f"Rule {rule.name}", blocks, close="Close")


def switched_off(rule: Rule) -> str:
    return f"{rule.name} is switched off. What was posted with it stays as it is."
