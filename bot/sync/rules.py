"""Which remembered coding fills what: for values that are missing or refused, never for one that Intacct takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.models import Dimension
from bot.store.rules import Rule

NAMED_BY = {Dimension.GL_ACCOUNT: "account", Dimension.VENDOR: "vendor"}
"""The part of a cause that names the refused value; for the other dimensions it is "value"."""

REFUSED = {"dimension.invalid", "config.gl_account"}
"""Causes that name one value which Intacct takes nowhere, and whose lists say when it takes it again.

A value that is refused only beside another one is valid elsewhere, so no rule is kept for it.
"""


@dataclass(frozen=True, slots=True)
class Condition:
    """Where a rule would speak: on lines of `account`, when given, that have `instead`, or nothing, for `dimension`."""

    dimension: Dimension
    instead: str
    account: str


def refused_value(dimension: Dimension, details: Mapping[str, str]) -> str:
    """The Intacct ID that a cause complains of; empty when something is missing."""
    return details.get(NAMED_BY.get(dimension, "value"), "")


def condition_of(category: str, details: Mapping[str, str], dimension: Dimension) -> Condition | None:
    """What a choice could be kept for beyond the transactions at hand; None where a rule would reach too far."""
    account, value = details.get("account", ""), refused_value(dimension, details)
    if category == "dimension.required" and account and dimension is not Dimension.GL_ACCOUNT:
        return Condition(dimension, "", account)
    if category in REFUSED and value:
        return Condition(dimension, value, "")
    return None


def in_order(found: Sequence[Rule]) -> list[Rule]:
    """The order in which rules are asked: the narrowest first, of equally narrow ones the newest."""
    return sorted(found, key=lambda rule: (-bool(rule.account) - bool(rule.merchant), -rule.number))


def fill(
    found: Sequence[Rule], dimension: str, value: str, *, account: str, merchant: str
) -> tuple[str, tuple[Rule, ...]]:
    """What stands for a dimension after the rules were asked, and which of them had a say.

    Args:
        found: active rules, in order.
        dimension: a `Dimension`'s value.
        value: what the line has; empty when nothing.
        account: the line's account, as far as it is known.
        merchant: the transaction's.
    """
    used: list[Rule] = []
    while True:
        rule = next(
            (one for one in found if one not in used and _speaks(one, dimension, value, account, merchant)), None
        )
        if rule is None:
            return value, tuple(used)
        value = rule.value
        used.append(rule)


def _speaks(rule: Rule, dimension: str, value: str, account: str, merchant: str) -> bool:
    return (
        rule.dimension == dimension
        and rule.instead == value
        and rule.account in {"", account}
        and rule.merchant.casefold() in {"", merchant.casefold()}
    )


def same_said(found: Sequence[Rule], rule: Rule) -> Rule | None:
    """The other active rule that says the very same."""
    mine = (*rule.condition, rule.value)
    return next((one for one in _others(found, rule) if (*one.condition, one.value) == mine), None)


def overlaps(found: Sequence[Rule], rule: Rule) -> tuple[list[Rule], list[Rule]]:
    """The other active rules that speak for some of the same lines and say otherwise: asked before this one, and after."""

    def meets(one: Rule) -> bool:
        return (
            (one.dimension, one.instead) == (rule.dimension, rule.instead)
            and (one.account == rule.account or not one.account or not rule.account)
            and (one.merchant.casefold() == rule.merchant.casefold() or not one.merchant or not rule.merchant)
            and one.value != rule.value
        )

    order = in_order([*_others(found, rule), rule])
    at = order.index(rule)
    return [one for one in order[:at] if meets(one)], [one for one in order[at + 1 :] if meets(one)]


def _others(found: Sequence[Rule], rule: Rule) -> list[Rule]:
    return [one for one in found if one.off is None and one.id != rule.id and one.connection_id == rule.connection_id]


def conflicts(found: Sequence[Rule]) -> dict[int, Rule]:
    """By rule id: the active rule that is asked before it under the very same condition and says otherwise."""
    first: dict[tuple[str, ...], Rule] = {}
    lost: dict[int, Rule] = {}
    for rule in in_order([one for one in found if one.off is None]):
        winner = first.setdefault((rule.connection_id, *rule.condition), rule)
        if winner.value != rule.value:
            lost[rule.id] = winner
    return lost
