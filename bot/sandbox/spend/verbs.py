"""What people and merchants do in Spend Center: the verbs of the control door that change transactions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.sandbox.control import ControlError
from bot.sandbox.spend import rows
from bot.sandbox.spend.books import Books
from bot.sandbox.spend.query import SYNC_STATES, Row
from bot.sandbox.spend.view import brief
from bot.sandbox.spend.wire import ApiError, stamp

MIDDAY = time(19, tzinfo=UTC)
"""Noon in Denver: the same day in every American zone, and in UTC."""


class Verbs:
    """One method per verb; each answers {"transaction": brief row} and refuses with a ControlError."""

    def __init__(self, books: Books) -> None:
        self.books = books

    def add_transaction(
        self,
        card: str,
        amount: str | float,
        merchant: str,
        date: str = "",
        fields: dict[str, str] | None = None,
        lines: list[dict[str, Any]] | None = None,
        currency: dict[str, Any] | None = None,
        authorize: bool = False,
        **changes: Any,
    ) -> Row:
        """A purchase, cleared at once unless `authorize`.

        Args:
            card: uuid, id, last four or name.
            amount: US dollars.
            merchant: its clean name.
            date: ISO day, else now.
            fields: coding by field name: {"GL Account": "6420 - Travel", "Notes": "…"}.
            lines: makes a split: [{"amount", "fields"}].
            currency: {"code", "amount", "rate"} of what the merchant charged.
            authorize: leave it an AUTHORIZATION that waits for its clear.
            **changes: any other field of the API, as `isLocked` or `fees`.
        """
        kind = "AUTHORIZATION" if authorize else "CLEAR"
        row = self._new(card, _money(amount), merchant, kind, date)
        if currency:
            row["currencyData"] = rows.currency_data(
                _money(currency["amount"]),
                str(currency["code"]),
                _money(currency["rate"]),
            )
        self._code(row, fields or {})
        children = [self._child(row, line) for line in lines or []]
        for key in changes:
            if key not in row:
                raise ControlError(f"A transaction has no field {key!r}.")
        for one in (row, *children):
            self.books.add(one)
        if children:
            row["isParent"] = True
            row["childTransactionUuids"] = [child["uuid"] for child in children]
            row["childTransactionIds"] = [child["id"] for child in children]
        self.books.recheck(row)
        row.update({key: _money(item) if isinstance(row[key], Decimal) else item for key, item in changes.items()})
        return self._answer(row)

    def clear_authorization(self, uuid: str, variant: str = "new_uuid", amount: str | float = "") -> Row:
        """An authorisation clears: `same_uuid` turns the row itself, `new_uuid` adds a clear that points back."""
        row = self._row(uuid)
        if row["transactionType"] != "AUTHORIZATION" or row["matchedClearTransactionUuid"]:
            raise ControlError("That one is not an authorisation that waits for its clear.")
        if variant not in {"same_uuid", "new_uuid"}:
            raise ControlError("variant is same_uuid or new_uuid.")
        settled = _amounts(row, _money(amount)) if amount != "" else {}
        if variant == "new_uuid":
            clear = row | {"uuid": self.books.new_uuid(), "receipts": list(row["receipts"])}
            clear["id"] = rows.old_id("Transaction", clear["uuid"].removeprefix("txr_"))
            clear["originalAuthTransactionUuid"], clear["originalAuthTransactionId"] = row["uuid"], row["id"]
            row["matchedClearTransactionUuid"], row["matchedClearTransactionId"] = clear["uuid"], clear["id"]
            self.books.touch(row)
            row = self.books.add(clear)
        row.update(settled, transactionType="CLEAR", status="COMPLETE")
        return self._finish(row, recheck=True)

    def clear_again(self, uuid: str) -> Row:
        """An authorisation that has cleared clears once more: same amount, same day, a row of its own."""
        row = self._row(uuid)
        if not row["matchedClearTransactionUuid"]:
            raise ControlError("That authorisation has not cleared yet.")
        first = self._row(row["matchedClearTransactionUuid"])
        again = first | {"uuid": self.books.new_uuid(), "receipts": list(first["receipts"])}
        again["id"] = rows.old_id("Transaction", again["uuid"].removeprefix("txr_"))
        return self._finish(self.books.add(again))

    def edit_transaction(self, uuid: str, **changes: Any) -> Row:
        """Changes `amount`, `merchant`, `date`, `fees`, `status`, or `sync` (the state of Spend Center's own sync)."""
        row = self._row(uuid)
        known = {"amount", "merchant", "date", "fees", "status", "sync"}
        if not changes or not set(changes) <= known:
            raise ControlError(f"What can be edited: {', '.join(sorted(known))}.")
        new: Row = {}
        if "amount" in changes:
            new |= _amounts(row, _money(changes["amount"]))
        if "merchant" in changes:
            new["merchantName"] = str(changes["merchant"])
        if "date" in changes:
            new["occurredTime"] = stamp(self._moment(str(changes["date"])))
        if "fees" in changes:
            new["fees"] = _money(changes["fees"])
        if "status" in changes:
            new["status"] = str(changes["status"])
        if "sync" in changes:
            new["accountingIntegrationTransactions"] = _integration(row, str(changes["sync"]))
        row.update(new)
        return self._finish(row)

    def delete_transaction(self, uuid: str) -> Row:
        """The transaction is gone, split children and all: in no list, and not found by its id."""
        row = self._row(uuid)
        if row["parentTransactionUuid"]:
            raise ControlError("A part of a split goes with its whole.")
        answer = self._answer(row)
        self.books.remove(row)
        return answer

    def set_coding(self, uuid: str, field: str, value: str) -> Row:
        """Codes as a person in Spend Center would: `value` is a text of the list, a note's text, or empty to clear."""
        row = self._row(uuid)
        self._code(row, {field: value})
        return self._answer(row)

    def set_multiple(self, field: str, multiple: bool = True) -> Row:
        """An administrator lets a custom field take several values, or one."""
        self._field(field)["multiSelect"] = bool(multiple)
        return {"field": field, "multiple": bool(multiple)}

    def lock(self, uuid: str) -> Row:
        row = self._row(uuid)
        row["isLocked"] = True
        return self._finish(row)

    def unlock(self, uuid: str) -> Row:
        row = self._row(uuid)
        row["isLocked"] = False
        return self._finish(row)

    def add_receipt(self, uuid: str, filename: str = "receipt.jpg") -> Row:
        row = self._row(uuid)
        self.books.attach(row, filename)
        return self._answer(row)

    def set_complete(self, uuid: str, complete: bool = True) -> Row:
        row = self._row(uuid)
        row["complete"] = bool(complete)
        return self._finish(row)

    def decline(
        self,
        uuid: str = "",
        card: str = "",
        amount: str | float = "",
        merchant: str = "",
        reason: str = "INSUFFICIENT_BUDGET",
    ) -> Row:
        """Declines the authorisation `uuid`, or a purchase that is tried now on `card`."""
        row = self._row(uuid) if uuid else self.books.add(self._new(card, _money(amount), merchant, "AUTHORIZATION"))
        if row["transactionType"] != "AUTHORIZATION" or row["matchedClearTransactionUuid"]:
            raise ControlError("Only an authorisation that waits for its clear can be declined.")
        row.update(transactionType="DECLINE", status="DECLINED", declineReason=reason, complete=False)
        return self._finish(row)

    def refund(self, uuid: str, amount: str | float = "", date: str = "") -> Row:
        """A refund of a purchase, in full unless `amount` says less; a row of its own, coded like the purchase."""
        bought = self._row(uuid)
        back = abs(_money(amount)) if amount != "" else bought["amount"]
        if bought["transactionType"] != "CLEAR" or not 0 < back <= bought["amount"]:
            raise ControlError("Only a cleared purchase can be refunded, by at most its amount.")
        row = self._new(bought["cardUuid"], -back, bought["merchantName"], "CLEAR", date)
        row["customFields"] = [dict(entry) for entry in bought["customFields"]]
        self.books.recheck(row)
        return self._answer(self.books.add(row))

    # --- parts ---------------------------------------------------------------------------------------------------

    def _row(self, uuid: str) -> Row:
        row = self.books.find(uuid)
        if row is None:
            raise ControlError(f"There is no transaction {uuid!r}.")
        return row

    def _new(self, card: str, amount: Decimal, merchant: str, kind: str, day: str = "") -> Row:
        wanted = next(
            (c for c in self.books.lists["cards"] if card in {c["uuid"], c["id"], c["lastFour"], c["name"]}), None
        )
        if wanted is None:
            raise ControlError(f"There is no card {card!r}.")
        if not merchant:
            raise ControlError("A transaction needs a merchant.")
        occurred, now = self._moment(day), self.books.clock()
        return rows.transaction(
            self.books.new_uuid(),
            card=wanted,
            amount=amount,
            merchant=merchant,
            occurred=occurred,
            updated=max(occurred, now),
            kind=kind,
        )

    def _child(self, parent: Row, line: dict[str, Any]) -> Row:
        card = self.books.record("cards", parent["cardUuid"]) or {}
        moment = datetime.fromisoformat(parent["occurredTime"])
        child = rows.transaction(
            self.books.new_uuid(),
            card=card,
            amount=_money(line.get("amount", "")),
            merchant=parent["merchantName"],
            occurred=moment,
            updated=moment,
            parentTransactionId=parent["id"],
            parentTransactionUuid=parent["uuid"],
        )
        child["customFields"] = [self._coding(name, text) for name, text in (line.get("fields") or {}).items()]
        return child

    def _code(self, row: Row, fields: dict[str, Any]) -> None:
        """Codes by field name: a text, or a list of texts where the field takes several."""
        wanted = []
        for name, given in fields.items():
            entries = [self._coding(name, text) for text in (given if isinstance(given, list) else [given])]
            entry = entries[0]
            values = [value["uuid"] for one in entries for value in one["selectedValues"]]
            wanted.append({"customFieldId": entry["uuid"], "selectedValues": values, "note": entry["note"]})
        try:
            self.books.code(row, wanted)
        except ApiError as error:
            raise ControlError(f"Spend Center refuses: {error.message}.") from None

    def _coding(self, name: str, text: str) -> dict[str, Any]:
        """One entry from what a person sees: the field's name and the value's text (or its uuid)."""
        field = self._field(name)
        if field["type"] == "NOTE" or not text:
            return rows.coding(field, note=text or None)
        value = next((one for one in field["values"] if text in {one["value"], one["uuid"], one["id"]}), None)
        if value is None:
            raise ControlError(f"{field['name']} has no value {text!r}.")
        return rows.coding(field, value)

    def _field(self, name: str) -> dict[str, Any]:
        fields: list[dict[str, Any]] = self.books.lists["custom_fields"]
        field = next((one for one in fields if name in {one["name"], one["uuid"], one["id"]}), None)
        if field is None:
            raise ControlError(f"There is no custom field {name!r}.")
        return field

    def _moment(self, day: str) -> datetime:
        if not day:
            return self.books.clock()
        try:
            moment = datetime.combine(date.fromisoformat(day), MIDDAY)
        except ValueError:
            raise ControlError(f"{day!r} is not a day like 2026-10-31.") from None
        return min(moment, self.books.clock())

    def _finish(self, row: Row, *, recheck: bool = False) -> Row:
        if recheck:
            self.books.recheck(row)
        self.books.touch(row)
        return self._answer(row)

    def _answer(self, row: Row) -> Row:
        return {"transaction": brief(self.books, row)}


def _money(value: Any) -> Decimal:
    """An amount from a form or from JSON; numbers pass through their text, so that 0.1 is a dime."""
    try:
        amount = Decimal(str(value).replace(",", ""))
    except InvalidOperation:
        raise ControlError(f"{value!r} is not an amount.") from None
    if not amount.is_finite() or abs(amount) > 10_000_000:
        raise ControlError(f"{value!r} is not an amount.")
    return amount


def _amounts(row: Row, amount: Decimal) -> Row:
    """The fields that follow from another amount; what a foreign merchant charged stays."""
    domestic = row["currencyData"]["originalCurrencyCode"] == "USD"
    charged = rows.currency_data(amount) if domestic else row["currencyData"]
    return {"amount": amount, "transactedAmount": amount, "isCredit": amount < 0, "currencyData": charged}


def _integration(row: Row, state: str) -> list[dict[str, Any]] | None:
    """BILL's own sync of a row; its nested state is written in small letters."""
    if state not in SYNC_STATES:
        raise ControlError(f"sync is one of {', '.join(sorted(SYNC_STATES))}.")
    if state == "NOT_SYNCED":
        return None
    message = "Account 6215 is not valid" if state == "ERROR" else None
    entry = {"id": f"ait_{row['uuid']}", "billable": False, "integrationTxId": "4711", "syncStatus": state.lower()}
    more = {"syncMessage": message, "integrationType": "intacct", "integrationId": "int_1", "syncRequestId": "srq_1"}
    return [entry | more]
