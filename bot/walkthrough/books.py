"""Pure verdicts on the liability account and the card: each attribute a line, a wrong one with the clicks that mend it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from bot.intacct.records import AccountRecord, CreditCard, usable
from bot.models import Check
from bot.walkthrough.account_owner import Elsewhere, for_this_spend, owner_of
from bot.walkthrough.checks import DONE, PROBLEM, TOLD, joined
from bot.walkthrough.steps import ACCOUNT_TITLE, CARD_EXPIRY

ACCOUNTS = "General Ledger > Accounts"
CARDS = "Cash Management > Setup > Accounts > Credit card"
REQUIRED = {
    "DEPT": "Department",
    "LOC": "Location",
    "PROJECT": "Project",
    "CUSTOMER": "Customer",
    "VENDOR": "Vendor",
    "EMPLOYEE": "Employee",
    "ITEM": "Item",
    "CLASS": "Class",
    "TASK": "Task",
    "CONTRACT": "Contract",
    "WAREHOUSE": "Warehouse",
}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SOON = 12
"""Months before a card's expiry from which on it is told."""


# --- the liability account --------------------------------------------------------------------------------------------


def planned_account(number: str, category: str) -> AccountRecord:
    """The account that is created on request; its other attributes are the record's defaults."""
    return AccountRecord(number, ACCOUNT_TITLE, category)


def number_problem(number: str, taken: Sequence[AccountRecord], primary: int, sub: int, separator: str) -> str:
    """What is wrong with the number of an account to be made; empty when it is free and of the right length.

    `primary` and `sub` are the company's lengths, 0 where unknown or without sub-accounts.
    """
    main, _, rest = number.partition(separator) if separator and sub else (number, "", "")
    if not re.fullmatch(r"[0-9A-Za-z]+", main) or (rest and not re.fullmatch(r"[0-9A-Za-z]+", rest)):
        return "An account number is made of digits and letters."
    if primary and len(main) != primary:
        return f"Account numbers have {primary} characters in this company; this one has {len(main)}."
    if rest and len(rest) > sub:
        return f"Sub-account numbers have {sub} characters at most in this company."
    existing = next((one for one in taken if one.account_no == number), None)
    if existing:
        return f"{number} is taken: {existing.title}. Choose another, or use the existing one."
    return ""


def account(
    record: AccountRecord | None,
    number: str,
    cards: Sequence[CreditCard],
    own_cards: Collection[str] = (),
    banks: Mapping[str, str] = MappingProxyType({}),
    elsewhere: Elsewhere | None = None,
) -> list[Check]:
    """Step 7.

    Args:
        record: the account as Intacct has it, None while there is none.
        number: its number.
        cards: all of the company's.
        own_cards: the cards that this connection uses or may use.
        banks: account number to the bank account that it belongs to.
        elsewhere: what other connections use.
    """
    if record is None:
        return [Check("account", PROBLEM, f"There is no account {number} in {ACCOUNTS}. Choose another.")]
    label = f"{record.account_no} {record.title}"
    if owner := owner_of(record, cards, own_cards, elsewhere or Elsewhere()):
        return [Check("shared", PROBLEM, f"{taken(number, owner[0])} Choose another{owner[1]}")]
    if "balance" not in record.account_type.lower():
        return [Check("type", PROBLEM, f"{number} is an income statement account; choose a balance sheet one.")]
    if number in banks:
        sentence = f"{number} belongs to bank account `{banks[number]}`; choose a liability account of its own."
        return [Check("bank", PROBLEM, sentence)]
    alternative = record.alternative.strip().lower()
    if alternative not in ("", "none"):
        kind = record.alternative.strip().lower()
        return [Check("alternative", PROBLEM, f"{number} is a {kind}; choose an account that is none.")]
    wrong = [Check(key, PROBLEM, sentence) for key, sentence in _faults(record)]
    return wrong or [
        Check("account", DONE, f"{label} · balance sheet, credit, non-closing, active, no required dimension")
    ]


def taken(number: str, card: str) -> str:
    return f"{number} already belongs to card `{card}`. Each card needs an account of its own."


def _faults(record: AccountRecord) -> list[tuple[str, str]]:
    edit = f"{ACCOUNTS} > {record.account_no} > Edit"
    found = []
    if record.normal_balance.lower() != "credit":
        sentence = (
            f"Normal balance is {record.normal_balance or 'empty'}, it should be credit. {edit} > Normal balance > "
            f"Credit.{'' if _own(record) else ' Or choose a liability account.'}"
        )
        found.append(("NORMALBALANCE", sentence))
    if "non" not in record.closing_type.lower():
        sentence = (
            f"Period end closing type is {record.closing_type or 'empty'}, it should be non-closing account. {edit} > "
            "Period end closing type > Non-closing account."
        )
        found.append(("CLOSINGTYPE", sentence))
    if not record.active:
        found.append(("STATUS", f"Status is {record.status}, it should be active. {edit} > Status > Active."))
    if not record.direct_posting:
        sentence = f"Disallow direct posting is ticked, it should not be. {edit} > Disallow direct posting > untick."
        found.append(("SUBLEDGERCONTROLON", sentence))
    for name in record.required:
        words = REQUIRED.get(name, name.removeprefix("GLDIM").replace("_", " ").capitalize())
        sentence = f"{words} is required, it should not be. {edit} > Required dimensions > {words} > untick."
        found.append((f"REQUIRE{name}", sentence))
    return found


def _own(record: AccountRecord) -> bool:
    """Whether the account was made for the cards: what an account of another purpose is, is not ours to change."""
    return for_this_spend(record.title)


_MENDED = {
    "NORMALBALANCE": "credit",
    "CLOSINGTYPE": "non-closing account",
    "STATUS": "active",
    "SUBLEDGERCONTROLON": "false",
}


def mending(record: AccountRecord) -> dict[str, str]:
    """The fields to change, each with its new value; empty when nothing is wrong that a change could mend."""
    ours = [key for key, _ in _faults(record) if key != "NORMALBALANCE" or _own(record)]
    return {key: _MENDED.get(key, "false") for key in ours}


def mending_words(record: AccountRecord) -> list[str]:
    """Old and new of every change, for the one question before it is made."""
    old = {
        "NORMALBALANCE": ("Normal balance", record.normal_balance),
        "CLOSINGTYPE": ("Period end closing type", record.closing_type),
        "STATUS": ("Status", record.status),
        "SUBLEDGERCONTROLON": ("Disallow direct posting", "ticked"),
    }
    said = []
    for key, new in mending(record).items():
        name, was = old.get(key, (f"{REQUIRED.get(key.removeprefix('REQUIRE'), key)} required", "ticked"))
        said.append(f"{name}: {was or 'empty'} → {'unticked' if new == 'false' else new}")
    return said


# --- the card ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where this connection posts: `entity_id` empty is the top level. `inside` are the locations of that entity.

    `currency` is the base currency there, empty where it is not known; `closed` are locations that may not be used, each
    with its status.
    """

    entity_id: str = ""
    label: str = ""
    inside: frozenset[str] = frozenset()
    several_currencies: bool = False
    currency: str = ""
    closed: Mapping[str, str] = field(default_factory=dict)


def card(
    record: CreditCard | None,
    card_id: str,
    number: str,
    place: Place,
    cards: Sequence[CreditCard],
    *,
    vendor_status: str | None,
    today: date,
    account_record_no: str = "",
    used_by: str = "",
    live: bool = False,
) -> list[Check]:
    """Step 8.

    Args:
        record: the card as Intacct has it, None while there is none.
        number: the liability account of step 7.
        cards: all that can be seen, for accounts that two of them share.
        vendor_status: empty when there is no such vendor, None when it could not be read.
        account_record_no: the record number of that account, empty where it is not known.
        used_by: another connection that uses this card, empty where none does.
        live: whether this connection posts to the card already: then nobody is told to delete it.
    """
    if record is None:
        return [Check("card", TOLD, f"I do not see `{card_id}` yet.")]
    on_it = record.is_on(number, account_record_no)
    wrong = _level(record, place, number if on_it and not used_by and not live else "")
    if wrong:
        return wrong
    if used_by:
        return [Check("used", PROBLEM, _of_another(card_id, used_by, place, number))]
    edit = f"{CARDS} > {card_id} > Edit"
    found = [
        *_kind(record, place, edit, _ANOTHER if live else _MAKE_ANEW),
        *_offset(record, number, account_record_no, cards),
        *_vendor(record, vendor_status, edit),
        *_location(record, place, edit),
        *_expiry(record, edit, today),
    ]
    if any(check.state is PROBLEM for check in found):
        return found
    where = f"in {place.label}" if record.entity_id else "at the top level"
    good = f"`{card_id}` · {where}, credit, vendor {record.vendor_id}, offset {number}, location {record.location_id}"
    return [Check("card", DONE, good), *found, *_remarks(record, place)]


def _of_another(card_id: str, used_by: str, place: Place, number: str) -> str:
    """A card of another connection stays as it is, whatever it is like."""
    where = f"in {place.label}" if place.entity_id else "at the top level"
    own = another_id(card_id, place.entity_id or "2")
    return (
        f"`{card_id}` is used by the connection {used_by}. Leave it as it is, and add a card of its own {where}, such as "
        f"`{own}`, with offset account {number}."
    )


def _kind(record: CreditCard, place: Place, edit: str, anew: str) -> Iterator[Check]:
    if not record.active:
        yield Check("status", PROBLEM, f"Status is {record.status}, it should be active. {edit} > Status > Active.")
    if record.liability_type.lower() != "credit":
        has = record.liability_type or "empty"
        yield Check("type", PROBLEM, f"Account type is {has}, it should be Credit. {anew}")
    if place.currency and record.currency and record.currency != place.currency:
        yield Check("currency", PROBLEM, f"Currency is {record.currency}, it should be {place.currency}. {anew}")


def _offset(record: CreditCard, number: str, record_no: str, cards: Sequence[CreditCard]) -> Iterator[Check]:
    if not record.is_on(number, record_no):
        has = record.offset_account or "empty"
        yield Check("account", PROBLEM, f"Offset account is {has}, it should be {number}. {_LOCKED}")
        return
    twin = next((c for c in cards if c.is_on(number, record_no) and c.record_no != record.record_no), None)
    if twin:
        yield Check("shared", PROBLEM, taken(number, twin.card_id))


def _vendor(record: CreditCard, status: str | None, edit: str) -> Iterator[Check]:
    if not record.vendor_id:
        why = "Without a vendor the card balance cannot be paid off in Intacct."
        yield Check("vendor", PROBLEM, f"{why} {edit} > Vendor > choose the card issuer.")
    elif status == "":
        yield Check(
            "vendor", PROBLEM, f"There is no vendor {record.vendor_id}. {edit} > Vendor > choose the card issuer."
        )
    elif status is not None and not usable(status):
        there = f"Accounts Payable > Vendors > {record.vendor_id} > Edit > Status > Active."
        yield Check("vendor", PROBLEM, f"Vendor {record.vendor_id} is {status}, it should be active. {there}")


def _location(record: CreditCard, place: Place, edit: str) -> Iterator[Check]:
    where = f"choose {place.entity_id}" if place.entity_id else "choose where this card spend belongs"
    change = f"{edit} > Default location > {where}."
    has = f"Default location is {record.location_id}"
    if not record.location_id:
        sentence = "Default location is empty; every card transaction needs one."
        yield Check("location", PROBLEM, f"{sentence} {change}")
    elif place.entity_id and record.location_id not in place.inside:
        yield Check("location", PROBLEM, f"{has}, which is not inside {place.label}. {change}")
    elif record.location_id in place.closed:
        yield Check("location", PROBLEM, f"{has}, which is {place.closed[record.location_id]}. {change}")


_LOCKED = "Intacct locks this field after saving: add another card with a new ID, set this one to Inactive."
_MAKE_ANEW = (
    "Intacct locks this field after saving: delete this card and add it again, or, once it was used, make another account "
    "in step 7 and a card with a new ID on it."
)
_ANOTHER = "Intacct locks this field after saving: make another account in step 7 and a card with a new ID on it."
"""A second card cannot have the account of the first, not even of an inactive one."""


def _level(record: CreditCard, place: Place, number: str) -> list[Check]:
    """A card posts at its own level; a top-level one also in the entity of its default location, with one currency."""
    seen = f"in entity {record.entity_id}" if record.entity_id else "at the top level"
    if record.entity_id == place.entity_id:
        return []
    if not record.entity_id and not place.several_currencies and record.location_id in place.inside:
        return []
    blocked = (
        f" {number} can belong to one card only: delete `{record.card_id}` first if nothing was ever posted to it, else "
        "choose another account in step 7."
        if number
        else ""
    )
    if place.entity_id:
        sentence = (
            f"I see `{record.card_id}` {seen}; this connection posts to {place.label}. Switch to the entity and add one "
            f"there, with an ID of its own such as `{another_id(record.card_id, place.entity_id)}`.{blocked}"
        )
    else:
        sentence = (
            f"I see `{record.card_id}` {seen}; this connection posts at the top level. Switch to the top level and add one "
            f"there, with an ID of its own.{blocked}"
        )
    return [Check("level", PROBLEM, sentence)]


def another_id(card_id: str, entity_id: str) -> str:
    """`Spend Center CC Object` for entity 200 becomes `Spend Center CC 200`."""
    if card_id.endswith(f" {entity_id}"):
        return f"{card_id} 2"
    return f"{card_id.removesuffix(' Object')} {entity_id}"


def _remarks(record: CreditCard, place: Place) -> list[Check]:
    if place.entity_id and not record.entity_id:
        return [Check("level", TOLD, "This card stands at the top level, so it is reconciled there.")]
    return []


def _expiry(record: CreditCard, edit: str, today: date) -> list[Check]:
    ends = expires(record)
    if ends is None:
        return [Check("expiry", PROBLEM, f"The expiry date is empty. {edit} > Expiration date > {CARD_EXPIRY}.")]
    year, month = ends
    left = (year - today.year) * 12 + month - today.month
    shown = f"{month:02d}/{year}"
    if left < 0:
        sentence = f"The card expired {shown}; Intacct hides expired cards. {edit} > Expiration date > {CARD_EXPIRY}."
        return [Check("expiry", PROBLEM, sentence)]
    if left < SOON:
        sentence = f"The card expires {shown}; on that day posting ends. {edit} > Expiration date > {CARD_EXPIRY}."
        return [Check("expiry", TOLD, sentence)]
    return []


def expires(record: CreditCard) -> tuple[int, int] | None:
    """Year and month. The month comes as its name, in full or short, or as a number."""
    text = record.exp_month.strip().lower()
    month = int(text) if text.isdigit() else (MONTHS.index(text[:3]) + 1 if text[:3] in MONTHS else 0)
    year = record.exp_year.strip()
    return (int(year), month) if year.isdigit() and 1 <= month <= 12 else None


def account_words(record: AccountRecord) -> list[tuple[str, str]]:
    """The whole record as the screen names it, shown before it is created."""
    required = joined([REQUIRED.get(name, name) for name in record.required]) or "none"
    return [
        ("Account number", record.account_no),
        ("Title", record.title),
        ("QuickStart category", record.category or "none"),
        ("Account type", "Balance sheet"),
        ("Normal balance", "Credit"),
        ("Period end closing type", "Non-closing account"),
        ("GL account alternative", record.alternative),
        ("Status", "Active"),
        ("Disallow direct posting", "unticked" if record.direct_posting else "ticked"),
        ("Required dimensions", required),
    ]
