"""The list's query grammar: filters, sort and cursors, with every trap of the real one. Pure functions.

Source: BILL's pages "Get list of transactions" and what a public client found by probing live books.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.sandbox.spend.wire import ApiError, instant_of

Row = dict[str, Any]

SYNC_STATES = {"PENDING", "SYNCED", "ERROR", "MANUAL_SYNCED", "NOT_SYNCED"}
IDS = {
    "cardId": ("cardId", "cardUuid"),
    "userId": ("userId", "userUuid"),
    "budgetId": ("budgetId", "budgetUuid"),
    "transactionIds": ("id", "uuid"),
}
OPERATORS = {
    "occurredTime": {"gte", "lte"},
    "updatedTime": {"gte", "lte"},
    "authorizedTime": {"gte", "lte"},
    "syncStatus": {"eq", "ne", "in", "nin"},
    **{field: {"eq", "in"} for field in (*IDS, "customFieldIds")},
    "merchantName": {"eq"},
    "fees": {"gte", "lte"},
    "complete": {"eq"},
    "type": {"ne"},
}
SORTABLE = {"amount", "merchantName", "occurredTime", "updatedTime"}
TERM = re.compile(r'(?:[^,"]|"[^"]*")+')
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Term:
    """One condition, such as `occurredTime:gte:2026-10-01`."""

    field: str
    operator: str
    values: tuple[str, ...]


def parse_filters(text: str, *, several_sync_states: bool = True) -> list[Term]:
    """Reads `field:op:value,field:op:value`. What follows a `;` is not read at all, as in the real one.

    Raises:
        ApiError: 400 for an unknown field, an operator the field does not have, or a value it cannot read. A time of
            day is such a value unless it is quoted: its colons break the term.
    """
    terms = [_term(piece.strip()) for piece in TERM.findall(text.partition(";")[0])]
    if not several_sync_states and (
        odd := [one for one in terms if one.field == "syncStatus" and one.operator != "eq"]
    ):
        raise ApiError(400, f"filters: operator {odd[0].operator} is not supported for syncStatus")
    return terms


def matches(row: Row, terms: Iterable[Term]) -> bool:
    return all(_holds(row, term) for term in terms)


def parse_sort(text: str | None) -> tuple[str, bool]:
    """Field and whether descending; newest first when nothing is asked for."""
    field, _, direction = (text or "occurredTime:desc").partition(":")
    if field not in SORTABLE or direction not in {"asc", "desc"}:
        raise ApiError(400, f"sort: {text} is not supported")
    return field, direction == "desc"


def sort_rows(rows: Iterable[Row], field: str, descending: bool) -> list[Row]:
    """Sorted by the field, then by uuid, so that pages never overlap."""
    return sorted(rows, key=lambda row: (_sort_value(row, field), row["uuid"]), reverse=descending)


def parse_max(text: str | None, most: int, usual: int = 20) -> int:
    if text is None:
        return usual
    try:
        count = int(text)
    except ValueError:
        raise ApiError(400, "max: must be a number") from None
    if count > most:
        raise ApiError(400, f"max: must be less than or equal to {most}")
    if count < 1:
        raise ApiError(400, "max: must be greater than or equal to 1")
    return count


def cursor(index: int) -> str:
    """Points at one row of a list; opaque to clients."""
    return base64.b64encode(f"arrayconnection:{index}".encode()).decode()


def cursor_index(text: str) -> int:
    try:
        return max(-1, int(base64.b64decode(text, validate=True).decode().removeprefix("arrayconnection:")))
    except ValueError:
        raise ApiError(400, "nextPage: not a cursor of this list") from None


def page(rows: list[Row], params: dict[str, str], most: int, *, repeat_token: bool = False) -> dict[str, Any]:
    """One page in the API's envelope.

    Args:
        rows: the whole list, filtered and sorted.
        params: `max`, `nextPage`, `prevPage`; everything else is ignored without a word.
        most: the highest `max` allowed.
        repeat_token: the known fault: after the last row the same token comes again, instead of null.
    """
    count = parse_max(params.get("max"), most)
    if params.get("prevPage"):
        end = min(cursor_index(params["prevPage"]), len(rows))
        start = max(0, end - count)
    else:
        start = cursor_index(params["nextPage"]) + 1 if params.get("nextPage") else 0
        end = min(start + count, len(rows))
    more = end < len(rows) or repeat_token
    return {
        "results": rows[start:end],
        "nextPage": cursor(min(end, len(rows)) - 1) if more else None,
        "prevPage": cursor(start) if 0 < start < len(rows) else None,
    }


def sync_status(row: Row) -> str:
    """The filterable state; the row itself has it only inside its integration array, in any case of letters."""
    entries = row.get("accountingIntegrationTransactions") or []
    return str(entries[-1]["syncStatus"]).upper() if entries else "NOT_SYNCED"


def _term(text: str) -> Term:
    field, _, rest = text.partition(":")
    operator, _, value = rest.partition(":")
    if field not in OPERATORS:
        raise ApiError(400, f"filters: {field} is not a filterable field")
    if operator not in OPERATORS[field]:
        raise ApiError(400, f"filters: operator {operator} is not supported for {field}")
    quoted = len(value) >= 2 and value[0] == value[-1] == '"'
    plain = value[1:-1] if quoted else value
    if not plain or (":" in plain and not quoted):
        raise ApiError(400, f"filters: {text} is malformed")
    values = tuple(part.strip() for part in plain.split(",")) if operator in {"in", "nin"} else (plain,)
    if operator in {"in", "nin"} and not quoted:
        raise ApiError(400, f"filters: the values of {field} must be quoted")
    for one in values:
        _check_value(field, one)
    return Term(field, operator, values)


def _check_value(field: str, value: str) -> None:
    readable = True
    if field.endswith("Time"):
        readable = _moment(value) is not None
    elif field == "syncStatus":
        readable = value in SYNC_STATES
    elif field == "complete":
        readable = value in {"true", "false"}
    elif field == "fees":
        readable = _number(value) is not None
    if not readable:
        raise ApiError(400, f"filters: {value} is not a value of {field}")


def _holds(row: Row, term: Term) -> bool:
    field, value = term.field, term.values[0]
    if field.endswith("Time"):
        # A day means its first instant, so `lte` drops the day itself.
        limit, at = _moment(value), row.get(field)
        return at is not None and limit is not None and _compare(instant_of(at), limit, term.operator)
    if field == "fees":
        return _compare(row["fees"], Decimal(value), term.operator)
    if field == "syncStatus":
        return (sync_status(row) in term.values) == (term.operator in {"eq", "in"})
    if field == "complete":
        return bool(row["complete"]) == (value == "true")
    if field == "type":
        return bool(row["transactionType"] != value)
    if field == "merchantName":
        return bool(row["merchantName"] == value)
    if field == "customFieldIds":
        filled = [entry for entry in row["customFields"] if entry["selectedValues"] or entry["note"]]
        return any(entry["id"] in term.values or entry["uuid"] in term.values for entry in filled)
    return any(row[key] in term.values for key in IDS[field])


def _compare(left: Any, right: Any, operator: str) -> bool:
    return bool(left >= right if operator == "gte" else left <= right)


def _sort_value(row: Row, field: str) -> Any:
    return instant_of(row[field]) if field.endswith("Time") else row[field]


def _moment(text: str) -> datetime | None:
    """A day's first instant, or the instant of a date-time with its offset; only the filter's quotes let one through."""
    try:
        if DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time.min, UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
