"""Which remembered coding fills what: for values that are missing or refused, never for one that Intacct takes."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from bot.models import Dimension, FieldMapping
from bot.store.rules import Rule

NAMED_BY = {Dimension.GL_ACCOUNT: "account", Dimension.VENDOR: "vendor"}
"""The part of a cause that names the refused value; for the other dimensions it is "value"."""

CHOOSABLE: dict[str, str] = {
    "dimension.required": "",
    "dimension.invalid": "",
    "dimension.restricted": "",
    "config.gl_account": Dimension.GL_ACCOUNT,
    "config.gl_restricted": Dimension.GL_ACCOUNT,
    "entity.location": Dimension.LOCATION,
    "held.entity": Dimension.LOCATION,
    "source.mapping": "",
    "vendor.invalid": Dimension.VENDOR,
}
"""Causes that another value mends, and the dimension to choose from; empty when the cause itself names it."""

MISSING = {
    *("dimension-required", "location-required", "vendor-number-missing"),
    *("account-missing-on-line", "source-no-account"),
}
"""Catalogue keys of causes that complain of nothing being there."""

UNMAPPED = "source-mapping"
"""A value of Spend Center that stands for nothing in Intacct yet."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Where a rule would speak: on lines of `account`, when given, that have `instead`, or nothing, for `dimension`.

    A `broad` one would speak on too many lines, and is kept only for one merchant.
    """

    dimension: Dimension
    instead: str
    account: str
    broad: bool = False


def dimension_of(
    category: str, details: Mapping[str, str], codes: Mapping[str, FieldMapping] | None = None
) -> Dimension | None:
    """The dimension that a correction of this cause chooses from, or None when no choice mends it.

    Args:
        category: the cause's.
        details: its named parts.
        codes: the connection's mapping, by which a field of Spend Center is a dimension.
    """
    if category not in CHOOSABLE:
        return None
    name = CHOOSABLE[category] or details.get("dimension", "")
    if not name and details.get("field"):
        name = next((key for key, one in (codes or {}).items() if one.field == details["field"]), "")
    return next((one for one in Dimension if name in {one.value, one.sentence}), None)


def refused_value(dimension: Dimension, details: Mapping[str, str]) -> str | None:
    """The Intacct ID that a cause complains of; empty when something is missing, None when it does not say which."""
    if details.get("cause") in MISSING or details.get("field"):
        return ""  # a field of Spend Center whose value stands for nothing in Intacct
    if details.get("wanted"):
        return None  # the value that is named is the right one
    return details.get(NAMED_BY.get(dimension, "value")) or details.get(dimension.value) or None


def condition_of(category: str, details: Mapping[str, str], dimension: Dimension) -> Condition | None:
    """What a choice could be kept for beyond the transactions at hand; None where nothing tells those to come apart."""
    account, cause = details.get("account", ""), details.get("cause")
    if category == "dimension.required":
        return Condition(dimension, "", account) if account and dimension is not Dimension.GL_ACCOUNT else None
    if cause == "location-required":
        return Condition(dimension, "", "")
    if cause in MISSING:
        return Condition(dimension, "", "", broad=True)
    value = refused_value(dimension, details)
    if category not in CHOOSABLE or not value:
        return None
    return Condition(dimension, value, account if category == "dimension.restricted" else "")


def in_order(found: Sequence[Rule]) -> list[Rule]:
    """The order in which rules are asked: the narrowest first, of equally narrow ones the newest."""
    return sorted(found, key=lambda rule: (-bool(rule.account) - bool(rule.merchant), -rule.number))


@dataclass(frozen=True, slots=True)
class Line:
    """What rules ask about one line. `refused` are values by dimension that Intacct refused for this very transaction."""

    account: str
    merchant: str
    refused: Mapping[str, Sequence[str]] = field(default_factory=dict)


def fill(
    found: Sequence[Rule], dimension: str, value: str, line: Line, resting: Container[int] = ()
) -> tuple[str, tuple[Rule, ...]]:
    """What stands for a dimension after the rules were asked, and which of them had a say.

    Args:
        found: active rules, in order.
        dimension: a `Dimension`'s value.
        value: what the line has; empty when nothing.
        line: what else is known; its account as far as that is.
        resting: ids of rules whose replaced value Intacct takes elsewhere: they speak only where it was refused.
    """
    if not found:
        return value, ()
    used: list[Rule] = []
    while True:
        refused = value in line.refused.get(dimension, ())
        rule = next(
            (
                one
                for one in found
                if one not in used and (refused or one.id not in resting) and _speaks(one, dimension, value, line)
            ),
            None,
        )
        if rule is None:
            return value, tuple(used)
        value = rule.value
        used.append(rule)


def _speaks(rule: Rule, dimension: str, value: str, line: Line) -> bool:
    return (
        rule.dimension == dimension
        and rule.instead == value
        and rule.account in {"", line.account}
        and rule.merchant.casefold() in {"", line.merchant.casefold()}
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
