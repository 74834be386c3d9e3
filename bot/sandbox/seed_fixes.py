"""How each of the story's six failures is put right, as data: by an answer in Slack or by hand at a far end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.sandbox.seed import Story


@dataclass(frozen=True, slots=True)
class Act:
    """One verb of a control door: `simulator` is "intacct" or "spend"."""

    simulator: str
    verb: str
    args: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fix:
    """One cause.

    Attributes:
        cause: a short key.
        entity: Intacct entity ID of the connection on which it shows.
        uuids: the transactions that wait for it.
        total: their sum.
        answer: what a person chooses in Slack: an Intacct ID, a day, or "yes".
        acts: what puts it right without Slack; empty when only a person's answer does.
    """

    cause: str
    entity: str
    uuids: tuple[str, ...]
    total: Decimal
    answer: str
    acts: tuple[Act, ...]


def fixes(story: Story) -> list[Fix]:
    """The six, in the story's order; together they let all 53 post."""
    company, calendar = story.company, story.calendar
    accounts = {row["ACCOUNTNO"]: row for row in company["objects"]["GLACCOUNT"]}
    closed = company["closed_through"]["CM"]["200"]

    def needs_department(row: dict[str, Any]) -> bool:
        return accounts[code(row, "GL Account")]["REQUIREDEPT"] == "true" and not code(row, "Department")

    def late(row: dict[str, Any]) -> bool:
        return bool(row["budgetUuid"] == "bgt_denver" and row["occurredTime"][:10] <= closed)

    software = Act(
        "intacct", "save_record", {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6215", "STATUS": "active"}}
    )
    period = {"application": "CM", "entity": "200", "period": f"{calendar.closed:%Y-%m}"}
    travel = _rows(story, needs_department)
    locked = tuple(Act("spend", "unlock", {"uuid": row["uuid"]}) for row in travel if row["isLocked"])
    first_open = calendar.first_open.isoformat()
    return [
        _fix("department", "100", travel, "20", (*locked, *_code(travel, "Department", "20 - Sales"))),
        _fix("account", "100", _rows(story, lambda row: code(row, "GL Account") == "6215"), "6210", (software,)),
        _fix("refund", "100", _rows(story, lambda row: row["amount"] < 0), "yes", ()),
        _fix("period", "200", _rows(story, late), first_open, (Act("intacct", "open_subledger", period),)),
        _recoding("project", story, "Project", "P-1042", "P-1050", "P-1050 - Winter catalog"),
        _recoding("location", story, "Location", "250", "200", "200 - Denver"),
    ]


def code(row: dict[str, Any], field: str) -> str:
    """The leading code of a row's value of a field; empty when it has none."""
    texts = (
        value["value"] for entry in row["customFields"] if entry["name"] == field for value in entry["selectedValues"]
    )
    return next((text.partition(" - ")[0] for text in texts), "")


def _recoding(cause: str, story: Story, field: str, wrong: str, answer: str, value: str) -> Fix:
    rows = _rows(story, lambda row: code(row, field) == wrong)
    return _fix(cause, "200", rows, answer, _code(rows, field, value))


def _rows(story: Story, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Cleared rows that are posted as one line: none of the 53 is split."""
    whole = (row for row in story.spend["transactions"] if row["transactionType"] == "CLEAR" and row["amount"])
    return [row for row in whole if not row["isParent"] and not row["parentTransactionUuid"] and wanted(row)]


def _code(rows: list[dict[str, Any]], field: str, value: str) -> tuple[Act, ...]:
    return tuple(Act("spend", "set_coding", {"uuid": row["uuid"], "field": field, "value": value}) for row in rows)


def _fix(cause: str, entity: str, rows: list[dict[str, Any]], answer: str, acts: tuple[Act, ...]) -> Fix:
    total = sum((row["amount"] for row in rows), Decimal(0))
    return Fix(cause, entity, tuple(row["uuid"] for row in rows), total, answer, acts)
