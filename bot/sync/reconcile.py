"""The proof: every transaction of a span beside its record in Intacct, to the cent, or exactly what differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from bot.hints.catalogue import hint_for
from bot.hints.words import render
from bot.intacct.client import IntacctClient
from bot.intacct.query import And, Between, In
from bot.intacct.records import FoundRecord
from bot.models import PostingState, RetryClass, Transaction, Verdict
from bot.spend.source import RowProblem
from bot.store import connections, postings
from bot.store.connections import Connection
from bot.store.postings import BY_HAND, CHANGING, Posting
from bot.store.reversals import ASKED
from bot.sync.introduce import introduce
from bot.sync.mapping import Terms, passed_over, posting_date, reference_for
from bot.sync.reach import Reach
from bot.sync.terms import terms_of

AROUND, CLEARING = timedelta(days=2), timedelta(days=40)
"""How far beside the span the source is read: for time zones, and for the time that a purchase takes to clear."""

SEVERAL_CARDS = (
    "Intacct does not show which card a record is on, and there are several: records made by hand on this card are not "
    "looked for."
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not agree.

    `kind`: missing (not in Intacct), ignored (not in Intacct, as a person decided), reversed, amount, currency, date,
    double (several records for one transaction), extra (in Intacct only), unread (the source gave it unreadably).
    """

    kind: str
    transaction: str
    record: str
    spend_amount: Decimal | None
    intacct_amount: Decimal | None
    currency: str
    date: date | None
    why: str


@dataclass(frozen=True, slots=True)
class Proof:
    """`remarks` say what this proof could not look at."""

    first: date
    last: date
    matched: int
    differences: tuple[Difference, ...]
    spend: Decimal
    intacct: Decimal
    remarks: tuple[str, ...] = ()

    @property
    def difference(self) -> Decimal:
        return self.spend - self.intacct


@dataclass(frozen=True, slots=True)
class Sides:
    """What was read for one span.

    `transactions` are those of the span by posting date, `rows` what we know of them and of the span, by transaction.
    `elsewhere` are references of other postings in the same company. `only_card` says that a record of the connection's
    level can be on no other card, for companies that do not show a record's card.
    """

    transactions: Sequence[Transaction]
    rows: Mapping[str, Posting]
    records: Sequence[FoundRecord]
    elsewhere: frozenset[str] = frozenset()
    only_card: bool = False
    problems: Sequence[RowProblem] = field(default_factory=tuple)


async def reconcile(reach: Reach, connection: Connection, first: date, last: date) -> Proof:
    """Read both sides for the span of posting dates and compare.

    Raises:
        IntacctError, SourceError: a side did not answer, so there is no proof.
    """
    connection = await introduce(reach, connection)
    company = await connections.get_company(reach.store, connection.company)
    terms = terms_of(connection, company, inside=None)
    wanted, problems = await _wanted(reach, connection, terms, first, last)
    rows = {row.transaction: row for row in await postings.between(reach.store, connection.id, first, last)}
    for start in range(0, len(wanted), 500):
        some = [one.uuid for one in wanted[start : start + 500]]
        rows |= await postings.known(reach.store, connection.spend_company, some)
    inside = [one for one in wanted if first <= _day(one, rows.get(one.uuid), terms) <= last]
    client = await reach.intacct(company)
    records = await _records(client, connection, [_reference(one, rows.get(one.uuid)) for one in inside], first, last)
    records = await _named(
        client, connection, [row for row in rows.values() if BY_HAND in (row.decision or {})], records
    )
    others = [record.reference for record in records if record.reference]
    elsewhere = set()
    for start in range(0, len(others), 500):
        elsewhere |= await postings.taken_references(reach.store, company.id, others[start : start + 500])
    only, remarks = await _only_card(client, connection, records)
    sides = Sides(inside, rows, records, frozenset(elsewhere), only, problems)
    return compare(sides, terms, connection, first, last, remarks)


async def _wanted(
    reach: Reach, connection: Connection, terms: Terms, first: date, last: date
) -> tuple[list[Transaction], list[RowProblem]]:
    """The connection's transactions around the span, and the rows that could not be read."""
    before = CLEARING if terms.options.get("date") == "cleared" else AROUND
    source = await reach.source(connection)
    wanted: list[Transaction] = []
    problems: list[RowProblem] = []
    async for page in source.transactions(None, on_or_after=first - before, on_or_before=last + AROUND):
        wanted += [one for one in page.transactions if not passed_over(one, terms)]
        problems += page.problems
        if page.cut:
            problems.append(RowProblem("", "Spend Center did not give all of its transactions."))
    return wanted, problems


async def _records(
    client: IntacctClient, connection: Connection, references: Sequence[str], first: date, last: date
) -> list[FoundRecord]:
    """The records of the span, and those of these references wherever they are dated."""
    span = And((Between("WHENCREATED", first, last),))
    records = [record async for record in client.card_transactions(span, entity=connection.entity_id)]
    seen = {record.record_no for record in records}
    missing = sorted(set(references) - {record.reference for record in records})
    found = await client.find_by_reference(missing, entity=connection.entity_id) if missing else []
    return records + [record for record in found if record.record_no not in seen]


async def _named(
    client: IntacctClient, connection: Connection, rows: Sequence[Posting], records: Sequence[FoundRecord]
) -> list[FoundRecord]:
    """The records, those that a person named under the reference of the transaction that each stands for."""
    reference = {row.record_no: row.reference for row in rows if row.record_no}
    missing = tuple(sorted(set(reference) - {record.record_no for record in records}))
    where = In("RECORDNO", missing)
    more = [one async for one in client.card_transactions(where, entity=connection.entity_id)] if missing else []
    return [replace(one, reference=reference.get(one.record_no, one.reference)) for one in (*records, *more)]


async def _only_card(
    client: IntacctClient, connection: Connection, records: Sequence[FoundRecord]
) -> tuple[bool, tuple[str, ...]]:
    """Whether what is made by hand at this level must be on this card; a remark where it cannot be told."""
    if not records or any(record.card for record in records):
        return False, ()
    cards = [one for one in await client.cards(entity=connection.entity_id) if one.entity_id == connection.entity_id]
    if [one.card_id for one in cards] == [connection.card]:
        return True, ()
    return False, (SEVERAL_CARDS,)


def compare(
    sides: Sides, terms: Terms, connection: Connection, first: date, last: date, remarks: tuple[str, ...] = ()
) -> Proof:
    """The pure part of the proof: transactions and records that are this connection's, side by side."""
    by_reference: defaultdict[str, list[FoundRecord]] = defaultdict(list)
    for record in sides.records:
        by_reference[record.reference].append(record)
    differences: list[Difference] = []
    told: set[str] = set()
    matched, spend, intacct = 0, Decimal(0), Decimal(0)
    for one in sides.transactions:
        row = sides.rows.get(one.uuid)
        told.add(_reference(one, row))
        found = by_reference.get(_reference(one, row), [])
        standing = [record for record in found if not record.reversed]
        spend += one.amount.amount
        intacct += _total(standing)
        difference = _differs(one, row, standing, terms, was_reversed=len(found) > len(standing))
        if difference is None:
            matched += 1
        else:
            differences.append(difference)
    left = [record for name, found in by_reference.items() if name not in told for record in found]
    gone = {row.reference for row in sides.rows.values() if first <= row.date <= last} - told
    extra = [record for record in left if not record.reversed and _counts(record, sides, connection, gone)]
    differences += [_extra(record, vanished=record.reference in gone) for record in extra]
    differences += [Difference("unread", one.uuid, "", None, None, "", None, one.sentence) for one in sides.problems]
    return Proof(first, last, matched, tuple(differences), spend, intacct + _total(extra), remarks)


def _counts(record: FoundRecord, sides: Sides, connection: Connection, gone: set[str]) -> bool:
    """Whether a record that stands beside no transaction of the span is this connection's business.

    A posting of another connection, or of another span whose date a person moved into this one, is not.
    """
    if record.reference in gone:
        return True
    if record.reference and record.reference in sides.elsewhere:
        return False
    if record.card:
        return record.card == connection.card
    return sides.only_card and record.entity_id == connection.entity_id


def _reference(one: Transaction, row: Posting | None) -> str:
    return row.reference if row else reference_for(one.uuid)


def _day(one: Transaction, row: Posting | None, terms: Terms) -> date:
    """The day fixed when the row was first read, else the one it would get."""
    return row.date if row else posting_date(one, terms)


def _total(records: Iterable[FoundRecord]) -> Decimal:
    return sum((record.total or Decimal(0) for record in records), Decimal(0))


def _differs(
    one: Transaction, row: Posting | None, found: Sequence[FoundRecord], terms: Terms, *, was_reversed: bool
) -> Difference | None:
    day, money = _day(one, row, terms), one.amount
    decision = (row.decision or {}) if row else {}
    moved = (decision.get(BY_HAND) or {}).get("date") or decision.get("date")
    if not found:
        kind, why = _why_missing(row, was_reversed=was_reversed)
        record_no = row.record_no if row else ""
        return Difference(kind, one.uuid, record_no, money.amount, None, money.currency, day, why)
    record = found[0]
    values = (one.uuid, record.record_no, money.amount, _total(found), money.currency, day)
    if len(found) > 1:
        numbers = ", ".join(one.record_no for one in found)
        return Difference("double", *values, f"{len(found)} records carry this reference: {numbers}.")
    if record.total != money.amount:
        return Difference("amount", *values, _who_changed(row, one))
    if record.currency and record.currency != money.currency:
        return Difference("currency", *values, f"Intacct has it in {record.currency}.")
    if record.date and record.date.isoformat() != (moved or day.isoformat()):
        return Difference("date", *values, f"Intacct has it on {record.date.isoformat()}.")
    return None


def _who_changed(row: Posting | None, one: Transaction) -> str:
    if row is None or row.state not in CHANGING:
        return "The amounts differ."
    if row.amount == one.amount.amount:
        return "Changed in Intacct after it was posted."
    return f"Changed in Spend Center after it was posted with {row.amount:,.2f}."


def _why_missing(row: Posting | None, *, was_reversed: bool) -> tuple[str, str]:
    """Kind and reason of a transaction without a record."""
    if row is not None and row.state == PostingState.IGNORED:
        reason, name = ((row.decision or {}).get(key, "") for key in ("ignored", "by"))
        return "ignored", f"Left out{f' by {name}' if name else ''}{f': {reason}' if reason else '.'}"
    if was_reversed:
        name = ((row.decision or {}).get(ASKED) or {}).get("by", "") if row else ""
        return "reversed", f"Its record was reversed in Intacct{f' by {name}' if name else ''}."
    if row is None:
        return "missing", "Not read by a sync yet."
    if row.state == PostingState.POSTED:
        return "missing", "It was posted, and Intacct does not have it any more."
    if row.state in {PostingState.POSTING, PostingState.UNKNOWN}:
        return "missing", "It was sent; Intacct is being asked whether it posted."
    if row.category:
        verdict = Verdict(row.category, row.subject, RetryClass.NO, tuple((row.details or {}).items()))
        return "missing", f"Not posted. {render(hint_for(verdict), verdict).why}"
    return "missing", "Waits for the next sync."


def _extra(record: FoundRecord, *, vanished: bool) -> Difference:
    why = (
        "Posted from a transaction that Spend Center does not show for this connection any more."
        if vanished
        else "On this card in Intacct, and not in Spend Center."
    )
    return Difference("extra", "", record.record_no, None, record.total, record.currency, record.date, why)
