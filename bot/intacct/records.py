"""What we send to Intacct and what we read from it, as frozen values.

Field names follow Intacct's, in our spelling. IDs are the ones people see (`CARDID`, `ACCOUNTNO`, …); `record_no` is
Intacct's own key (`RECORDNO`). Empty text means that Intacct has nothing there, or that nothing is sent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Self

from bot.intacct.text import read_amount, read_day, read_truth
from bot.models import Dimension

Row = Mapping[str, str]
"""One object of an answer: upper-case field names to texts."""


def usable(status: str) -> bool:
    """Whether something with this STATUS may be used on a line: `active non-posting` may not. Empty where Intacct has no STATUS."""
    return status.strip().lower() in {"", "active"}


# --- sent -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One line of a card transaction, in the transaction's currency; negative amounts are credits.

    `custom_fields` are (name, value); user-defined dimensions travel there under their `GLDIM…` name.
    """

    account: str
    amount: Decimal
    description: str = ""
    department: str = ""
    location: str = ""
    customer: str = ""
    vendor: str = ""
    employee: str = ""
    project: str = ""
    task: str = ""
    cost_type: str = ""
    item: str = ""
    class_: str = ""
    custom_fields: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.account:
            raise ValueError("A posting line needs an account.")
        if (self.task and not self.project) or (self.cost_type and not self.task):
            raise ValueError("A task needs its project, and a cost type its task.")


@dataclass(frozen=True, slots=True)
class CardTransaction:
    """One `record_cctransaction`; its total is the sum of its lines.

    With a `currency`, Intacct wants a rate too: `exchange_rate` if given, else the rate of `exchange_rate_type` (empty:
    Intacct Daily Rate) on `exchange_date`.
    """

    card: str
    date: dt.date
    lines: tuple[PostingLine, ...]
    reference: str = ""
    payee: str = ""
    description: str = ""
    supdoc_id: str = ""
    currency: str = ""
    exchange_rate: Decimal | None = None
    exchange_rate_type: str = ""
    exchange_date: dt.date | None = None
    custom_fields: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.card or not self.lines:
            raise ValueError("A card transaction needs a card and at least one line.")


@dataclass(frozen=True, slots=True)
class AttachmentFile:
    """One file; `name` with its extension, as people see it."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment record with its files; the folder must exist. Intacct keeps at most 20 characters of an ID."""

    supdoc_id: str
    name: str
    folder: str
    files: tuple[AttachmentFile, ...]
    description: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.supdoc_id) <= 20:
            raise ValueError("An attachment ID has 1 to 20 characters.")


# --- sent and read ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """A general ledger account; the defaults are those of a charge card's offset account.

    `required` names the `REQUIRE…` switches that are on, without the prefix: `DEPT`, `LOC`, `GLDIM…`.
    `direct_posting` is the opposite of Intacct's "Disallow direct posting" (`SUBLEDGERCONTROLON`).
    """

    account_no: str
    title: str
    category: str = ""
    account_type: str = "balancesheet"
    normal_balance: str = "credit"
    closing_type: str = "non-closing account"
    alternative: str = "None"
    status: str = "active"
    direct_posting: bool = True
    required: tuple[str, ...] = ()
    record_no: str = ""
    entity_id: str = ""

    @property
    def active(self) -> bool:
        return self.status.lower() == "active"

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            account_no=row.get("ACCOUNTNO", ""),
            title=row.get("TITLE", ""),
            category=row.get("CATEGORY", ""),
            account_type=row.get("ACCOUNTTYPE", ""),
            normal_balance=row.get("NORMALBALANCE", ""),
            closing_type=row.get("CLOSINGTYPE", ""),
            alternative=row.get("ALTERNATIVEACCOUNT", ""),
            status=row.get("STATUS", ""),
            direct_posting=not read_truth(row.get("SUBLEDGERCONTROLON", "")),
            required=tuple(
                name.removeprefix("REQUIRE")
                for name, value in row.items()
                if name.startswith("REQUIRE") and read_truth(value)
            ),
            record_no=row.get("RECORDNO", ""),
            entity_id=row.get("MEGAENTITYID", ""),
        )


# --- read -------------------------------------------------------------------------------------------------------------


class Role(StrEnum):
    """What a card transaction is in the ledger (facts/intacct-xml.md section 5.2, "Reversal pair").

    LIVE counts and stands. REVERSED is the original of a reversal: it still counts on its own day, whatever its state.
    REVERSAL is the record that undoes it: it counts on a day of its own, with the opposite sign. DRAFT is not in the ledger.
    """

    LIVE = "live"
    REVERSED = "reversed"
    REVERSAL = "reversal"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A card transaction as Intacct has it. `total` is in `currency`; None where Intacct gave no readable value.

    `reversal_key` and `reversal_date` are the record that reverses this one, `reversed_key` and `reversed_date` the one
    that this one reverses; of an original the first two are filled, of a reversing record the others.
    """

    record_no: str
    reference: str
    date: dt.date | None
    total: Decimal | None
    currency: str
    state: str
    raw_state: str
    description: str
    entity_id: str
    card: str
    supdoc_id: str
    cleared: str
    paid: Decimal | None
    reversal_key: str
    reversal_date: dt.date | None
    reversed_key: str
    reversed_date: dt.date | None

    @property
    def role(self) -> Role:
        """By the keys: both halves of a reversal may be called `Reversal`. The state decides only where no key is shown."""
        state = self.state.lower()
        if state == "draft":
            return Role.DRAFT
        if self.reversed_key:
            return Role.REVERSAL
        if self.reversal_key or "reversed" in state or "void" in state:
            return Role.REVERSED
        if "reversal" in state:
            return Role.REVERSAL
        return Role.REVERSED if self.raw_state.upper() == "V" else Role.LIVE

    def on(self, card_id: str) -> bool | None:
        """Whether it is on this card; None where the company does not show a record's card (`FINANCIALENTITY`)."""
        if not self.card:
            return None
        return self.card == card_id or self.card.startswith(f"{card_id}--")  # Intacct may show "ID--name"

    @property
    def locked(self) -> str:
        """Why Intacct lets nobody change or reverse it; empty when nothing speaks against it.

        Matched (`M`) in a reconciliation still open counts like reconciled, and a record that is selected for a charge
        payoff like a paid one, though nothing is paid of it yet.
        """
        if self.cleared.upper() == "M" or read_truth(self.cleared):
            return "reconciled in Intacct"
        if self.paid or self.state.lower() in {"selected", "paid", "partially paid"}:
            return "paid in Intacct, in a charge payoff"
        return ""

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            record_no=row.get("RECORDNO", ""),
            reference=row.get("RECORDID", ""),
            date=read_day(row.get("WHENCREATED", "")),
            total=read_amount(row.get("TRX_TOTALENTERED") or row.get("TOTALENTERED", "")),
            currency=row.get("CURRENCY") or row.get("BASECURR", ""),
            state=row.get("STATE", ""),
            raw_state=row.get("RAWSTATE", ""),
            description=row.get("DESCRIPTION", ""),
            entity_id=row.get("MEGAENTITYID", ""),
            card=row.get("FINANCIALENTITY", ""),
            supdoc_id=row.get("SUPDOCID", ""),
            cleared=row.get("CLEARED", ""),
            paid=read_amount(row.get("TRX_TOTALPAID") or row.get("TOTALPAID", "")),
            reversal_key=row.get("REVERSALKEY", "").strip(),
            reversal_date=read_day(row.get("REVERSALDATE", "")),
            reversed_key=row.get("REVERSEDKEY", "").strip(),
            reversed_date=read_day(row.get("REVERSEDDATE", "")),
        )


def paired(records: Iterable[FoundRecord]) -> list[FoundRecord]:
    """These records, the two halves of a reversal naming each other also where the company shows no keys.

    Then a reversing record belongs to the reversed one of the same reference and the opposite total.
    """
    found = list(records)
    originals = [one for one in found if one.role is Role.REVERSED and not one.reversal_key]
    for at, one in enumerate(found):
        if one.role is not Role.REVERSAL or one.reversed_key or one.total is None:
            continue
        original = next((o for o in originals if o.reference == one.reference and o.total == -one.total), None)
        if original is not None:
            originals.remove(original)
            found[found.index(original)] = replace(original, reversal_key=one.record_no, reversal_date=one.date)
            found[at] = replace(one, reversed_key=original.record_no, reversed_date=original.date)
    return found


@dataclass(frozen=True, slots=True)
class CreditCard:
    """A charge card account; `exp_month` is the month's name.

    `offset_account` is the number of its liability account and `offset_record_no` that account's record number;
    `department_id` and `location_id` are IDs. LIABACCT#, DEPT# and LOCATION# are record numbers, and their answers lose
    the `#`: the last two would come back under the names of the IDs, so they are not asked for.
    """

    card_id: str
    description: str
    card_type: str
    exp_month: str
    exp_year: str
    status: str
    offset_account: str
    vendor_id: str
    department_id: str
    location_id: str
    liability_type: str
    currency: str
    record_no: str
    entity_id: str
    offset_record_no: str = ""

    @property
    def active(self) -> bool:
        return self.status.lower() == "active"

    def is_on(self, number: str, record_no: str = "") -> bool:
        """Whether its offset account is the one with this number, or with this record number, whichever are known."""
        by_record_no = bool(record_no) and self.offset_record_no == record_no
        return by_record_no or (bool(number) and self.offset_account == number)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            card_id=row.get("CARDID", ""),
            description=row.get("DESCRIPTION", ""),
            card_type=row.get("CARDTYPE", ""),
            exp_month=row.get("EXP_MONTH", ""),
            exp_year=row.get("EXP_YEAR", ""),
            status=row.get("STATUS", ""),
            offset_account=row.get("LIABACCTKEY", "").partition("--")[0],  # Intacct may show "number--title"
            offset_record_no=row.get("LIABACCT", ""),  # asked for as LIABACCT#
            vendor_id=row.get("VENDORID", "").partition("--")[0],
            department_id=row.get("DEPT", "").partition("--")[0],
            location_id=row.get("LOCATION", "").partition("--")[0],
            liability_type=row.get("LIABILITYTYPE", ""),
            currency=row.get("CURRENCY_R") or row.get("CURRENCY", ""),
            record_no=row.get("RECORDNO", ""),
            entity_id=row.get("MEGAENTITYID", ""),
        )


_PRIVILEGES = {"false": "Off", "true": "Limited", "full": "Full", "off": "Off", "limited": "Limited"}
"""USERINFO.ADMIN as recorded: `false`, `true`, `Full`, where `true` is *limited*; and the words of other calls."""


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A user. `admin` is as the screen names it: Off, Limited or Full. `web_services_only` cannot sign in to the screen.

    What this company does not show is empty, or None.
    """

    login_id: str
    status: str
    user_type: str
    admin: str
    web_services_only: bool | None
    description: str
    record_no: str

    @property
    def active(self) -> bool:
        return usable(self.status)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            login_id=row.get("LOGINID", ""),
            status=row.get("STATUS", ""),
            user_type=row.get("USERTYPE", ""),
            admin=_PRIVILEGES.get(row.get("ADMIN", "").lower(), row.get("ADMIN", "")),
            web_services_only=read_truth(row["LOGINDISABLED"]) if row.get("LOGINDISABLED") else None,
            description=row.get("DESCRIPTION", ""),
            record_no=row.get("RECORDNO", ""),
        )


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity that the signed-in user may enter; `currency` is its base currency."""

    entity_id: str
    name: str
    currency: str
    record_no: str

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            entity_id=row.get("ID") or row.get("LOCATIONID", ""),
            name=row.get("NAME", ""),
            currency=row.get("CURRENCY", ""),
            record_no=row.get("RECORDNO", ""),
        )


@dataclass(frozen=True, slots=True)
class FinancialSetup:
    """`base_currency` is empty when the company has several."""

    base_currency: str
    multi_currency: bool
    multi_base_currency: bool
    multi_entity: bool
    multi_book: bool
    default_book: str

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            base_currency=row.get("BASECURRENCY", ""),
            multi_currency=read_truth(row.get("MULTICURRENCY", "")),
            multi_base_currency=read_truth(row.get("MULTIBASECURRENCY", "")),
            multi_entity=read_truth(row.get("MULTIENTITYSHARED", "")),
            multi_book=read_truth(row.get("MULTIBOOK", "")),
            default_book=row.get("DEFAULTBOOK", ""),
        )


@dataclass(frozen=True, slots=True)
class DimensionValue:
    """One entry of a pick list. `active` is whether it may be used on a line; `status` is Intacct's own word."""

    value_id: str
    name: str
    active: bool
    status: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class DimensionObject:
    """Where the values of a dimension live. Of `name_fields`, the first that the company has is used."""

    object: str
    id_field: str
    name_fields: tuple[str, ...]


DIMENSION_OBJECTS: Mapping[Dimension, DimensionObject] = {
    Dimension.GL_ACCOUNT: DimensionObject("GLACCOUNT", "ACCOUNTNO", ("TITLE",)),
    Dimension.DEPARTMENT: DimensionObject("DEPARTMENT", "DEPARTMENTID", ("TITLE",)),
    Dimension.LOCATION: DimensionObject("LOCATION", "LOCATIONID", ("NAME",)),
    Dimension.CLASS: DimensionObject("CLASS", "CLASSID", ("NAME",)),
    Dimension.PROJECT: DimensionObject("PROJECT", "PROJECTID", ("NAME",)),
    Dimension.VENDOR: DimensionObject("VENDOR", "VENDORID", ("NAME",)),
    Dimension.ITEM: DimensionObject("ITEM", "ITEMID", ("NAME",)),
    Dimension.CUSTOMER: DimensionObject("CUSTOMER", "CUSTOMERID", ("NAME",)),
    Dimension.EMPLOYEE: DimensionObject("EMPLOYEE", "EMPLOYEEID", ("CONTACT_NAME", "PERSONALINFO.CONTACTNAME")),
}
"""The standard dimensions. A name field that a company's `lookup` does not list is not asked for; without one, only the first."""
