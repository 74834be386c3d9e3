"""What Spend Center holds, and the rules of changing it; both doors, the API's and the page's, work on this."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.sandbox.spend import rows
from bot.sandbox.spend.query import Row, sync_status
from bot.sandbox.spend.wire import ApiError, exact, instant_of, stamp

LISTS = ("users", "cards", "budgets", "custom_fields")


class Books:
    """One Spend Center company. Rows are dicts in the API's own shape, amounts are Decimals.

    Args:
        spend: the plain dict of a story (`bot.sandbox.seed`); it is copied, and `reset` comes back to it.
        clock: the present moment, UTC.
    """

    def __init__(self, spend: dict[str, Any], clock: Callable[[], datetime]) -> None:
        self._start = exact(spend)
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        spend = exact(self._start)
        self.company: dict[str, str] = spend["company"]
        self.token: str = spend["token"]
        self.oauth: dict[str, str] = spend.get("oauth", {})
        self.lists: dict[str, list[Row]] = {name: spend.get(name, []) for name in LISTS}
        self.transactions: list[Row] = []
        self.uploads: dict[str, bytes] = {}
        self._index: dict[str, Row] = {}
        for row in spend.get("transactions", []):
            self.add(row)

    # --- finding -------------------------------------------------------------------------------------------------

    def find(self, key: str) -> Row | None:
        """A transaction by uuid or old id, split children included."""
        return self._index.get(key)

    def parents(self) -> list[Row]:
        """What the list shows: everything but split children."""
        return [row for row in self.transactions if not row["parentTransactionUuid"]]

    def children(self, row: Row) -> list[Row]:
        return [self._index[uuid] for uuid in row["childTransactionUuids"]]

    def record(self, name: str, key: str) -> Row | None:
        """An entry of `users`, `cards`, `budgets` or `custom_fields` by uuid or id."""
        return next((entry for entry in self.lists[name] if key in {entry["uuid"], entry["id"]}), None)

    def owner(self) -> Row:
        """The person whose rights the token carries: the first administrator."""
        return next(user for user in self.lists["users"] if user["role"] == "ADMIN")

    # --- changing ------------------------------------------------------------------------------------------------

    def add(self, row: Row) -> Row:
        self.transactions.append(row)
        self._index[row["uuid"]] = self._index[row["id"]] = row
        return row

    def remove(self, row: Row) -> None:
        for one in (*self.children(row), row):
            self.transactions.remove(one)
            del self._index[one["uuid"]], self._index[one["id"]]

    def new_uuid(self) -> str:
        """Random, so that a transaction made after a reset is never taken for one made before it."""
        return f"txr_{secrets.token_hex(10)}"

    def touch(self, row: Row) -> None:
        """Moves `updatedTime` forward, strictly, whatever the clock's resolution; a child moves its parent too."""
        now = max(self.clock(), instant_of(row["updatedTime"]) + timedelta(milliseconds=1))
        row["updatedTime"] = stamp(now)
        if row["parentTransactionUuid"]:
            self.touch(self._index[row["parentTransactionUuid"]])

    def code(self, row: Row, wanted: list[dict[str, Any]]) -> None:
        """Sets the coding of one transaction, all of it or nothing.

        Args:
            row: the transaction or child.
            wanted: `[{"customFieldId", "selectedValues": [uuid or id], "note"}]`; an empty list clears the field.

        Raises:
            ApiError: 400 when the row is locked, or a field or value does not exist or does not fit.
        """
        if row["isLocked"]:
            raise ApiError(400, "Transaction is locked and its custom fields cannot be updated")
        entries = [self._entry(one) for one in wanted]
        for entry in entries:
            kept = [other for other in row["customFields"] if other["uuid"] != entry["uuid"]]
            row["customFields"] = [*kept, entry]
        self.recheck(row)
        self.touch(row)

    def recheck(self, row: Row) -> None:
        """A cleared row is complete when every required field is filled and a required receipt is there."""
        filled = {entry["uuid"] for entry in row["customFields"] if entry["selectedValues"] or entry["note"]}
        required = {
            field["uuid"] for field in self.lists["custom_fields"] if field["required"] and not field["retired"]
        }
        has_paper = bool(row["receipts"]) or not row["receiptRequired"]
        coded = required <= filled or bool(row["childTransactionUuids"])
        row["complete"] = row["transactionType"] == "CLEAR" and coded and has_paper

    def attach(self, row: Row, filename: str, content: bytes | None = None) -> dict[str, str]:
        """Adds a receipt. Without `content` a file is made up when somebody fetches it."""
        entry = rows.receipt(f"rct_{secrets.token_hex(8)}", filename)
        if content is not None:
            self.uploads[entry["uuid"]] = content
        row["receipts"].append(entry)
        row["receiptStatus"] = "ATTACHED"
        if row["transactionType"] == "CLEAR" and not row["complete"]:
            self.recheck(row)
        self.touch(row)
        return entry

    def _entry(self, wanted: dict[str, Any]) -> dict[str, Any]:
        field = self.record("custom_fields", str(wanted.get("customFieldId", "")))
        if field is None:
            raise ApiError(400, f"customFieldId: {wanted.get('customFieldId')} does not exist")
        note, picked = wanted.get("note"), wanted.get("selectedValues") or []
        if field["type"] == "NOTE":
            if picked:
                raise ApiError(400, f"selectedValues: {field['name']} is a NOTE field")
            return rows.coding(field, note=str(note) if note else None)
        if note:
            raise ApiError(400, f"note: {field['name']} is not a NOTE field")
        if len(picked) > 1 and not field["multiSelect"]:
            raise ApiError(400, f"selectedValues: {field['name']} takes one value")
        values = [next((v for v in field["values"] if key in {v["uuid"], v["id"]}), None) for key in picked]
        if None in values:
            raise ApiError(400, f"selectedValues: {picked[values.index(None)]} is not a value of {field['name']}")
        return rows.coding(field) | {"selectedValues": [dict(value) for value in values if value]}


def postable(row: Row) -> bool:
    """What a sync may post: cleared, complete, not zero, not a child, and not posted by Spend Center itself."""
    return (
        row["transactionType"] == "CLEAR"
        and row["complete"]
        and row["status"] not in {"DECLINED", "DENIED"}
        and row["amount"] != Decimal(0)
        and not row["parentTransactionUuid"]
        and sync_status(row) not in {"SYNCED", "PENDING"}
    )
