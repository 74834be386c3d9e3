"""Spend Center as the page shows it. Amounts are strings with two decimals, so that no reader rounds them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from bot.sandbox.control import ControlError
from bot.sandbox.spend.books import Books, postable
from bot.sandbox.spend.query import Row, sort_rows, sync_status


def snapshot(books: Books, *, limit: int | str = 50, offset: int | str = 0, budget: str = "", find: str = "") -> Row:
    """What stands in Spend Center now.

    Args:
        books: the company.
        limit: rows of `transactions`, newest first.
        offset: rows left out before the first.
        budget: only this budget's transactions, by uuid or name.
        find: only transactions with this text in merchant, cardholder, last four, amount or uuid.

    Returns:
        `company`, `totals` of what can be posted ({count, amount} overall, `budgets` [{uuid, name, count, amount}]),
        `cards`, `fields`, `transactions` (brief rows), `found` (how many there are before the limit).
    """
    try:
        start, end = int(offset), int(offset) + int(limit)
    except ValueError:
        raise ControlError("limit and offset are whole numbers.") from None
    parents = books.parents()
    due = [row for row in parents if postable(row)]
    shown = [
        row
        for row in (brief(books, row) for row in sort_rows(parents, "occurredTime", True))
        if _asked(row, budget, find)
    ]
    budgets = [_total(due, "budgetUuid", entry) for entry in books.lists["budgets"]]
    return {
        "company": books.company,
        "totals": _sum(due) | {"budgets": budgets},
        "cards": [_card(books, due, card) for card in books.lists["cards"]],
        "fields": [
            {key: field[key] for key in ("uuid", "name", "type", "values")} for field in books.lists["custom_fields"]
        ],
        "transactions": shown[start:end],
        "found": len(shown),
    }


def brief(books: Books, row: Row) -> dict[str, Any]:
    """One transaction in a line: names joined, coding as {field name: text}, split children in `children`."""
    card = books.record("cards", row["cardUuid"]) or {}
    return {
        "uuid": row["uuid"],
        "kind": row["transactionType"],
        "status": row["status"],
        "occurred": row["occurredTime"],
        "updated": row["updatedTime"],
        "merchant": row["merchantName"],
        "amount": f"{row['amount']:.2f}",
        "currency": row["currencyData"]["originalCurrencyCode"],
        "card": card.get("uuid", ""),
        "last4": card.get("lastFour", ""),
        "cardholder": holder(books, row),
        "budget": (books.record("budgets", row["budgetUuid"]) or {}).get("name", ""),
        "complete": row["complete"],
        "locked": row["isLocked"],
        "postable": postable(row),
        "sync": sync_status(row),
        "authorization": row["originalAuthTransactionUuid"],
        "clear": row["matchedClearTransactionUuid"],
        "receipts": [entry["filename"] for entry in row["receipts"]],
        "coding": {entry["name"]: _text(entry) for entry in row["customFields"] if _text(entry)},
        "children": [brief(books, child) for child in books.children(row)],
    }


def holder(books: Books, row: Row) -> str:
    user = books.record("users", row["userUuid"]) or {}
    return f"{user.get('firstName', '')} {user.get('lastName', '')}".strip()


def _card(books: Books, due: list[Row], card: Row) -> dict[str, Any]:
    total = _total(due, "cardUuid", card)
    budget = books.record("budgets", card["budgetUuid"]) or {}
    more = {"lastFour": card["lastFour"], "status": card["status"], "cardholder": holder(books, card)}
    return total | more | {"budget": budget.get("name", "")}


def _total(due: Iterable[Row], key: str, entry: Row) -> dict[str, Any]:
    return {"uuid": entry["uuid"], "name": entry["name"]} | _sum([row for row in due if row[key] == entry["uuid"]])


def _sum(due: list[Row]) -> dict[str, Any]:
    return {"count": len(due), "amount": f"{sum((row['amount'] for row in due), Decimal(0)):.2f}"}


def _text(entry: dict[str, Any]) -> str:
    return entry["note"] or ", ".join(value["value"] for value in entry["selectedValues"])


def _asked(row: dict[str, Any], budget: str, find: str) -> bool:
    if budget and row["budget"] != budget:
        return False
    words = " ".join(row[key] for key in ("merchant", "cardholder", "last4", "amount", "uuid"))
    return find.lower() in words.lower()
