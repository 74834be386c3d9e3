"""The proof's pure part: the transactions of a span beside what the card's ledger shows for the same days.

A total is what its side shows for the span and nothing else. A record stands in the month that it is dated in, so that
a transaction whose record is dated in another month is named in both, and counted where it stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from bot.intacct.records import FoundRecord, Role
from bot.models import Transaction
from bot.spend.source import RowProblem
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync.differences import ZERO, Case, Difference, Ledger, differs, of_another_month
from bot.sync.mapping import Terms, posting_date, reference_for, references_of

Numbers = Mapping[int, frozenset[str]]
"""Of a posting's id, every record number that was ever posted or reversed for it, where it had more than the one it has."""


@dataclass(frozen=True, slots=True)
class Proof:
    """`matched` agree in every respect. `remarks` say what this proof could not look at. `as_of` is when both were read."""

    first: date
    last: date
    matched: int
    differences: tuple[Difference, ...]
    spend: Decimal
    intacct: Decimal
    remarks: tuple[str, ...] = ()
    as_of: datetime | None = None

    @property
    def difference(self) -> Decimal:
        return self.spend - self.intacct


@dataclass(frozen=True, slots=True)
class Sides:
    """What was read for one span.

    Attributes:
        transactions: those of the span by posting date.
        rows: what we know of them, of the span, and of whatever has a record in it; by transaction.
        records: those of the span, and those of these rows wherever they are dated, with both halves of each reversal.
        numbers: those of the rows.
        others: record numbers that belong to another connection: its name where it posts to another card, empty where
            it shares this one.
        only_card: a record of the connection's level can be on no other card, for companies that do not show a record's.
        problems: rows that the source gave unreadably.
    """

    transactions: Sequence[Transaction]
    rows: Mapping[str, Posting]
    records: Sequence[FoundRecord]
    numbers: Numbers = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    only_card: bool = False
    problems: Sequence[RowProblem] = ()


def numbers_of(row: Posting, numbers: Numbers) -> frozenset[str]:
    """The numbers of all records that belong to a row."""
    return (numbers.get(row.id, frozenset()) | {row.record_no}) - {""}


def day_of(one: Transaction, row: Posting | None, terms: Terms) -> date:
    """The day fixed when the row was first read, else the one it would get."""
    return row.date if row else posting_date(one, terms)


def compare(
    sides: Sides,
    terms: Terms,
    connection: Connection,
    first: date,
    last: date,
    remarks: tuple[str, ...] = (),
    as_of: datetime | None = None,
) -> Proof:
    """Both sides of the span, each transaction and each record once."""
    ledger = Ledger(first, last, {record.record_no: record for record in sides.records})
    owned, strangers = _sorted(sides)
    theirs = {one.uuid: one for one in sides.transactions}
    differences: list[Difference] = []
    matched, spend, intacct = 0, ZERO, ZERO
    for uuid in dict.fromkeys([*theirs, *owned]):
        case = _case(ledger, connection, theirs.get(uuid), sides.rows.get(uuid), owned.get(uuid, ()), terms)
        intacct += case.total
        if case.one is not None:
            spend += case.one.amount.amount
            difference = differs(case)
            matched += difference is None
        else:
            difference = of_another_month(case)
        if difference is not None:
            differences.append(difference)
    for found in _unclaimed(ledger, sides, connection, strangers):
        intacct += found.intacct_amount or ZERO
        differences.append(found)
    differences += [Difference("unread", one.uuid, "", None, None, "", None, one.sentence) for one in sides.problems]
    drafts = _drafts(ledger, sides, connection, strangers)
    return Proof(first, last, matched, tuple(differences), spend, intacct, remarks + drafts, as_of)


def _sorted(sides: Sides) -> tuple[dict[str, list[FoundRecord]], list[FoundRecord]]:
    """Each record to its transaction, by number first, the original's where it reverses one, and by reference second."""
    by_number: dict[str, str] = {}
    by_reference: dict[str, str] = {reference_for(one.uuid): one.uuid for one in sides.transactions}
    for uuid, row in sides.rows.items():
        by_number |= dict.fromkeys(numbers_of(row, sides.numbers), uuid)
        by_reference |= dict.fromkeys(references_of(row.reference, row.generation), uuid)
    owned: defaultdict[str, list[FoundRecord]] = defaultdict(list)
    strangers: list[FoundRecord] = []
    originals = {record.record_no: record for record in sides.records}
    for record in sides.records:
        known = by_number.get(record.record_no) or by_number.get(record.reversed_key)
        of = originals.get(record.reversed_key, record)
        found = known or by_reference.get(of.reference) or by_reference.get(record.reference)
        if found:
            owned[found].append(record)
        else:
            strangers.append(record)
    return owned, strangers


def _case(
    ledger: Ledger,
    connection: Connection,
    one: Transaction | None,
    row: Posting | None,
    records: Sequence[FoundRecord],
    terms: Terms,
) -> Case:
    here = [record for record in records if record.on(connection.card) is not False]
    return Case(
        ledger=ledger,
        one=one,
        row=row,
        day=day_of(one, row, terms) if one is not None else row.date if row else ledger.first,
        booked=[record for record in here if record.role is not Role.DRAFT],
        drafts=[record for record in here if record.role is Role.DRAFT],
        off_card=[record for record in records if record.on(connection.card) is False],
    )


# --- records of no transaction of the span --------------------------------------------------------------------------------


def _unclaimed(
    ledger: Ledger, sides: Sides, connection: Connection, strangers: Sequence[FoundRecord]
) -> list[Difference]:
    """What this card's ledger shows that no transaction of this connection accounts for."""
    pairs: defaultdict[str, list[FoundRecord]] = defaultdict(list)
    for record in strangers:
        if record.role is not Role.DRAFT and ledger.shows(record) and _ours(record, sides, connection):
            turned = record.role is Role.REVERSAL and record.reversed_key
            pairs[record.reversed_key if turned else record.record_no].append(record)
    found: list[Difference] = []
    for some in pairs.values():
        if some[0].role is Role.LIVE or ledger.sum(some):
            found += [_extra(ledger, record, sides) for record in some]
    return found


def _extra(ledger: Ledger, record: FoundRecord, sides: Sides) -> Difference:
    kind, why = "extra", "On this card in Intacct, and not in Spend Center."
    if record.role is not Role.LIVE:
        why = f"Record {record.record_no} {ledger.turned(record)}; Spend Center has neither."
    if whose := sides.others.get(record.record_no):
        kind, why = "card", f"On this card, and posted for the connection {whose}."
    amount, day = ledger.effect(record), record.date
    return Difference(kind, "", record.record_no, None, amount, record.currency, day, why, record_date=day)


def _ours(record: FoundRecord, sides: Sides, connection: Connection) -> bool:
    """Whether a record without a transaction is on this connection's card, and not another's that shares the card."""
    if sides.others.get(record.record_no) == "":
        return False
    here = record.on(connection.card)
    if here is None:
        return record.record_no not in sides.others and sides.only_card and record.entity_id == connection.entity_id
    return here


def _drafts(ledger: Ledger, sides: Sides, connection: Connection, strangers: Sequence[FoundRecord]) -> tuple[str, ...]:
    """Drafts on the card that belong to no transaction: told, and not counted."""
    numbers = [
        record.record_no
        for record in strangers
        if record.role is Role.DRAFT and ledger.shows(record) and _ours(record, sides, connection)
    ]
    named = ", ".join(numbers[:10]) + (" and more" if len(numbers) > 10 else "")
    return (f"Drafts on this card are not in the ledger and not counted: {named}.",) if numbers else ()
