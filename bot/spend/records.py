"""From the API's JSON to our nouns. Pure: no wire, no clock; a row that cannot be read for certain raises `BadRow`.

Strict where a misreading would post something wrong (identity, amount, day, coding, splits), lenient where it would only
look poorer (names, receipts). Field names and types are those of the transaction object of the Spend & Expense API v3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.models import (
    Coding,
    CustomField,
    Money,
    Receipt,
    SpendCard,
    SpendCompany,
    Transaction,
    TransactionKind,
    TransactionLine,
)
from bot.spend.errors import BadRow
from bot.spend.text import clean, quoted

Row = Mapping[str, Any]

_UUID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:=+/-]{0,99}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_LIMIT = Decimal(10) ** 12
_STEP = Decimal("0.0001")
_NOISE = Decimal("0.00000001")
_SYNC_STATES = ("synced", "manual_synced", "pending", "error")
"""States of BILL's own sync, the one that forbids most first; a row can carry several entries."""


def parse_json(body: bytes) -> Any:
    """JSON with every number exact. A number beyond reason stays text: its own row is refused later, not the whole page.

    Raises:
        ValueError: not JSON, or nested beyond reason.
    """
    try:
        return json.loads(body, parse_float=_exact, parse_int=_whole, parse_constant=str)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _exact(digits: str) -> Decimal | str:
    try:
        return Decimal(digits)
    except InvalidOperation:
        return digits


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= 30 else digits


# --- people and cards -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    uuid: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Directory:
    """Users and cards under each of their ids, because rows name them by `uuid` or by the older `id`."""

    people: Mapping[str, Person] = field(default_factory=dict)
    cards: Mapping[str, SpendCard] = field(default_factory=dict)
    holders: Mapping[str, str] = field(default_factory=dict)
    budgets: tuple[str, ...] = ()
    """Of each card that names one."""

    def knows(self, row: object) -> bool:
        """Whether everybody and everything that the row names is in here."""
        if not isinstance(row, Mapping):
            return True
        user, card = _first(row, "userUuid", "userId"), _first(row, "cardUuid", "cardId")
        return (not user or user in self.people) and (not card or card in self.cards)


def parse_directory(users: Iterable[object], cards: Iterable[object]) -> Directory:
    """Entries without an id are left out; the rows that meant them show no name."""
    people: dict[str, Person] = {}
    for row in _mappings(users):
        name = " ".join(filter(None, (clean(row.get("firstName"), 100), clean(row.get("lastName"), 100))))
        person = Person(_first(row, "uuid", "id"), name or clean(row.get("name"), 200), clean(row.get("email"), 254))
        people |= dict.fromkeys(_ids(row), person)
    plastic: dict[str, SpendCard] = {}
    holders: dict[str, str] = {}
    cards = _mappings(cards)
    for row in cards:
        holder = _first(row, "userUuid", "userId")
        card = SpendCard(
            uuid=_first(row, "uuid", "id"),
            name=clean(row.get("name"), 200),
            last4=clean(row.get("lastFour"), 4),
            holder=people[holder].name if holder in people else "",
            active=clean(row.get("status"), 40).upper() in ("ACTIVATED", "ACTIVE"),
        )
        plastic |= dict.fromkeys(_ids(row), card)
        holders |= dict.fromkeys(_ids(row), holder)
    return Directory(people, plastic, holders, tuple(filter(None, map(budget_of, cards))))


def parse_company(row: object, address: str) -> SpendCompany:
    """Who the sign-in belongs to, from `users/current`.

    BILL documents the user in this answer, public clients also met the company. Without one the address of the service
    stands for it: transaction uuids are unique beyond companies, and unlike the user it is the same for every token of
    a company, so that a second set-up cannot take posted transactions for new ones.
    """
    user = row if isinstance(row, Mapping) else {}
    company = user["company"] if isinstance(user.get("company"), Mapping) else {}
    uuid = (
        _first(company, "uuid", "id")
        or _first(user, "companyUuid", "spendCompanyUuid", "companyId", "organizationId")
        or clean(address, 100)
    )
    name = clean(company.get("name"), 200) or clean(user.get("companyName"), 200)
    return SpendCompany(uuid, name or clean(user.get("email"), 254).rpartition("@")[2] or "Spend Center")


def parse_field(row: Row, values: Iterable[object]) -> CustomField:
    """A custom field; a value without text is shown by its id."""
    return CustomField(
        uuid=_first(row, "uuid", "customFieldUuid", "id"),
        name=clean(row.get("name"), 200),
        kind=clean(row.get("type"), 40).upper(),
        required=row.get("required") is True or row.get("isRequired") is True,
        values=tuple(
            (uuid, clean(value.get("value"), 500) or uuid)
            for value in _mappings(values)
            if (uuid := _first(value, "uuid", "id"))
        ),
    )


# --- transactions -----------------------------------------------------------------------------------------------------


def parse_transaction(row: object, directory: Directory, settled: str = "USD") -> Transaction:
    """One transaction with itself as its only line; `with_children` replaces the line by those of a split.

    Args:
        row: one element of `results`, numbers as `parse_json` reads them.
        directory: to join names with.
        settled: the currency that `amount` is in; the API names only the original one.

    Raises:
        BadRow: what must be certain is missing or malformed.
    """
    if not isinstance(row, Mapping):
        raise BadRow("Spend Center sent something that is not a transaction.")
    uuid = row_uuid(row)
    if not uuid:
        raise BadRow("Spend Center sent a transaction without an ID of its own.")
    try:
        return _transaction(row, uuid, directory, settled)
    except BadRow as bad:
        raise BadRow(f"Transaction {uuid} cannot be read: {bad}", uuid) from bad


def _transaction(row: Row, uuid: str, directory: Directory, settled: str) -> Transaction:
    amount = _decimal(row.get("amount"), "the amount")
    card_id = _first(row, "cardUuid", "cardId")
    card = directory.cards.get(card_id)
    user_id = _first(row, "userUuid", "userId") or directory.holders.get(card_id, "")
    person = directory.people.get(user_id)
    note, codings = _note(row), parse_codings(row)
    original = _original(row, amount, settled)
    kind = clean(row.get("transactionType"), 40).upper()
    return Transaction(
        uuid=uuid,
        kind=TransactionKind(kind) if kind in TransactionKind.__members__ else TransactionKind.OTHER,
        status=clean(row.get("status"), 40).upper(),
        amount=Money(amount, settled),
        occurred=_instant(row, "occurredTime"),
        updated=_instant(row, "updatedTime"),
        merchant=clean(row.get("merchantName")) or clean(row.get("rawMerchantName")),
        lines=(TransactionLine(uuid, amount, note, codings),),
        cardholder=(person.name if person else "") or clean(row.get("userName")),
        email=person.email if person else "",
        user_id=person.uuid if person else user_id,
        card_id=card.uuid if card else card_id,
        card_name=card.name if card else "",
        last4=card.last4 if card else "",
        budget_id=budget_of(row),
        note=note,
        original=original,
        exchange_rate=_rate(row) if original else None,
        fees=_fees(row),
        authorization_id=_first(row, "originalAuthTransactionUuid", "originalAuthTransactionId") or None,
        complete=row.get("complete") is True,
        locked=row.get("isLocked") is True,
        approved=_approved(row),
        native_sync=_native_sync(row),
        receipt_required=row.get("receiptRequired") is True,
        receipts=_receipts(row),
        codings=codings,
    )


def budget_of(row: object) -> str:
    """The budget that a transaction or a card belongs to; empty without one."""
    return _first(row, "budgetUuid", "budgetId") if isinstance(row, Mapping) else ""


def row_uuid(row: object) -> str:
    """The only identity of a transaction, `uuid`; empty when it has none that could be one."""
    value = row.get("uuid") if isinstance(row, Mapping) else None
    return value if isinstance(value, str) and _UUID.fullmatch(value) else ""


def child_ids(row: Row) -> tuple[str, ...]:
    """The children of a split, by uuid where the row has them; empty for a transaction that is not split."""
    for key in ("childTransactionUuids", "childTransactionIds"):
        value = row.get(key) or []
        if not isinstance(value, list) or not all(isinstance(child, str) and _UUID.fullmatch(child) for child in value):
            uuid = row_uuid(row)
            raise BadRow(f"Transaction {uuid} cannot be read: its split has no readable lines.", uuid)
        if value:
            return tuple(dict.fromkeys(value))
    return ()


def with_children(parent: Transaction, children: Sequence[object]) -> Transaction:
    """The split with a line for each child, in the order of `children`.

    A child that is missing (None) or names another parent gives no line; the lines then do not add up to the amount,
    which is for the caller to notice. A synced or locked child counts for the whole.
    """
    rows = [row for row in _mappings(children) if _first(row, "parentTransactionUuid") in ("", parent.uuid)]
    try:
        lines = tuple(
            TransactionLine(row_uuid(row), _decimal(row.get("amount"), "an amount"), _note(row), parse_codings(row))
            for row in rows
            if row_uuid(row)
        )
        synced = [parent.native_sync, *(_native_sync(row) for row in rows)]
    except BadRow as bad:
        raise BadRow(f"Transaction {parent.uuid} cannot be read, in one line of its split: {bad}", parent.uuid) from bad
    return replace(
        parent,
        lines=lines,
        native_sync=_foremost(synced),
        complete=parent.complete and not any(row.get("complete") is False for row in rows),
        locked=parent.locked or any(row.get("isLocked") is True for row in rows),
    )


def parse_codings(row: Row) -> tuple[Coding, ...]:
    """Every value of every custom field, also several of one field: which of them count is the mapping's decision."""
    codings: list[Coding] = []
    for entry in _list(row, "customFields", "its coding"):
        name, uuid = clean(entry.get("name")), _first(entry, "uuid", "customFieldUuid", "id")
        for value in _list(entry, "selectedValues", "its coding"):
            text, value_id = clean(value.get("value"), 500), _first(value, "uuid", "id")
            if text or value_id:
                codings.append(Coding(name, uuid, text, value_id))
    return tuple(codings)


def _note(row: Row) -> str:
    """What people wrote into the fields of type NOTE; only those have a `note`."""
    notes = (clean(entry.get("note"), 1000) for entry in _list(row, "customFields", "its coding"))
    return "; ".join(dict.fromkeys(filter(None, notes)))


def _original(row: Row, amount: Decimal, settled: str) -> Money | None:
    """What the merchant charged, if in another currency: minor units as text beside their exponent, sign as settled."""
    data = row.get("currencyData")
    if not isinstance(data, Mapping):
        return None
    currency = clean(data.get("originalCurrencyCode"), 8).upper()
    if currency in ("", settled):
        return None
    minor, exponent = _decimal(data.get("originalCurrencyAmount"), "its original amount"), data.get("exponent")
    if isinstance(exponent, bool) or not isinstance(exponent, int) or not 0 <= exponent <= 4:
        raise BadRow("its original amount has no readable number of decimals.")
    if not _CURRENCY.fullmatch(currency) or minor != minor.to_integral_value():
        raise BadRow("its original amount cannot be read.")
    return Money(minor.scaleb(-exponent).copy_sign(amount), currency)


def _rate(row: Row) -> Decimal | None:
    rate = row["currencyData"].get("exchangeRate")
    if isinstance(rate, bool) or not isinstance(rate, int | Decimal):
        return None
    return Decimal(rate) if 0 < rate < _LIMIT else None


def _fees(row: Row) -> Decimal:
    """`fees`, or the foreign exchange fee when only that is given; whether the one holds the other is not documented."""
    fees = _decimal(row.get("fees") or 0, "its fee")
    return fees or _decimal(row.get("foreignExchangeFee") or 0, "its fee")


def _approved(row: Row) -> bool:
    reviewers = _list(row, "reviewers", "its review")
    if not reviewers:
        return row.get("reviewRequired") is not True
    return any(one.get("approverType") == "ADMIN" and one.get("status") == "APPROVED" for one in reviewers)


def _native_sync(row: Row) -> str:
    entries = _list(row, "accountingIntegrationTransactions", "its sync state")
    return _foremost([clean(entry.get("syncStatus"), 40).lower() for entry in entries])


def _foremost(states: Sequence[str]) -> str:
    known = (state for state in _SYNC_STATES if state in states)
    return next(known, "") or next(filter(None, states), "")


def _receipts(row: Row) -> tuple[Receipt, ...]:
    entries = row.get("receipts")
    return tuple(
        Receipt(_first(entry, "uuid", "id"), clean(entry.get("filename"), 200), entry["url"])
        for entry in _mappings(entries if isinstance(entries, list) else ())
        if isinstance(entry.get("url"), str) and 0 < len(entry["url"]) <= 8000 and entry["url"].isprintable()
    )


# --- values -----------------------------------------------------------------------------------------------------------


def _decimal(value: object, what: str) -> Decimal:
    """An exact number with at most four decimals. Binary noise beyond the eighth is taken off, nothing else is rounded."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not -_LIMIT < value < _LIMIT:
        raise BadRow(f"{what} is not a number{f': {quoted(value)}' if isinstance(value, str) else ''}.")
    number = Decimal(value)
    rounded = number.quantize(_STEP)
    if abs(rounded - number) > _NOISE:
        raise BadRow(f"{what} has more than four decimals.")
    return number if rounded == number else rounded


def _instant(row: Row, key: str) -> datetime:
    value = row.get(key)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadRow(f"its {key} is not a time with a zone: {quoted(value)}.")


def _first(row: Row, *keys: str) -> str:
    """The first of these ids that the row has; empty without one."""
    return next((text for key in keys if (text := clean(row.get(key), 100))), "")


def _ids(row: Row) -> list[str]:
    return [text for key in ("uuid", "id") if (text := clean(row.get(key), 100))]


def _mappings(rows: Iterable[object]) -> list[Row]:
    return [row for row in rows if isinstance(row, Mapping)]


def _list(row: Row, key: str, what: str) -> list[Row]:
    value = row.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        raise BadRow(f"{what} cannot be read.")
    return value
