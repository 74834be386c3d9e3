"""From one function's result to the values of `bot.intacct.records`."""

from __future__ import annotations

from dataclasses import dataclass

from bot.intacct.answers import Answer, Result, descendants, named_text, remaining, row_of, rows
from bot.intacct.errors import Busy, FunctionFailure, UnreadableAnswer, says_busy
from bot.intacct.records import Entity, FinancialSetup
from bot.models import Level

Permissions = dict[str, dict[str, frozenset[str]]]
"""Application, policy, rights: `{"Cash Management": {"Credit card transactions": {"List", "View", "Add"}}}`."""


def only(answer: Answer, controlid: str) -> Result:
    """The successful result of the one function asked.

    Raises:
        FunctionFailure: Intacct answered that it failed.
        Busy: that failure is the rate limit.
        UnreadableAnswer: there is no such result, or more than one, or it says neither.
    """
    found = [result for result in answer.results if result.controlid == controlid]
    if len(found) != 1:
        raise UnreadableAnswer(answer.fault(Level.TRANSPORT, answer.errors, "Not one result for the one call."))
    result = found[0]
    if result.status == "success":
        return result
    if result.status not in {"failure", "aborted"}:
        raise UnreadableAnswer(answer.fault(Level.TRANSPORT, result.errors, "The result says neither yes nor no."))
    fault = answer.fault(Level.FUNCTION, result.errors)
    raise Busy(fault) if says_busy(result.errors) else FunctionFailure(fault)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a query, and how many come after them."""

    rows: list[dict[str, str]]
    remaining: int


def page(result: Result, offset: int, size: int) -> Page:
    found = rows(result.data)
    return Page(found, remaining(result.data, offset=offset, got=len(found), page=size))


def written_key(result: Result) -> str:
    """The key of what was written: a legacy function's `key`, or the record number of a created object."""
    if result.key or result.data is None:
        return result.key
    return next((row["RECORDNO"] for row in rows(result.data) if row.get("RECORDNO")), "")


def field_names(result: Result) -> frozenset[str]:
    """The field IDs that a `lookup` lists."""
    return frozenset(
        name.strip().upper() for field in descendants(result.data, "field") if (name := named_text(field, "id"))
    )


def permissions(result: Result) -> Permissions:
    """Rights come as one text per policy, divided by bars."""
    found: Permissions = {}
    for application in descendants(result.data, "appsubscription"):
        policies = found.setdefault(named_text(application, "applicationname").strip(), {})
        for policy in descendants(application, "policy"):
            rights = frozenset(right.strip() for right in named_text(policy, "rights").split("|") if right.strip())
            name = named_text(policy, "policyname").strip()
            policies[name] = policies.get(name, frozenset()) | rights
    return found


def entities(result: Result) -> list[Entity]:
    return [Entity.from_row(row_of(element)) for element in descendants(result.data, "entity")]


def financial_setup(result: Result) -> FinancialSetup:
    found = descendants(result.data, "financialsetup")
    return FinancialSetup.from_row(row_of(found[0]) if found else {})


def applications(result: Result) -> frozenset[str]:
    """Codes such as CM and GL."""
    return frozenset(
        code for element in descendants(result.data, "application") if (code := (element.text or "").strip())
    )


def preferences(result: Result) -> dict[str, str]:
    return {
        named_text(element, "preference").strip(): named_text(element, "prefvalue").strip()
        for element in descendants(result.data, "companypref")
    }
