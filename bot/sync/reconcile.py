"""The proof: every transaction of a span beside its record in Intacct, to the cent, or exactly what differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from bot.intacct.query import And, Between
from bot.intacct.records import FoundRecord
from bot.models import PostingState, Transaction
from bot.store import connections, postings
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync.introduce import introduce
from bot.sync.mapping import Terms, passed_over, posting_date, reference_for
from bot.sync.reach import Reach
from bot.sync.run import terms_of


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not agree. `kind`: missing, amount, date, extra, reversed or double."""

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
    first: date
    last: date
    matched: int
    differences: tuple[Difference, ...]
    spend: Decimal
    intacct: Decimal

    @property
    def difference(self) -> Decimal:
        return self.spend - self.intacct


async def reconcile(reach: Reach, connection: Connection, first: date, last: date) -> Proof:
    """Read both sides for the span of posting dates and compare.

    Raises:
        IntacctError, SourceError: a side did not answer, so there is no proof.
    """
    connection = await introduce(reach, connection)
    company = await connections.get_company(reach.store, connection.company)
    terms = terms_of(connection, company, inside=None)
    source = await reach.source(connection)
    wanted: list[Transaction] = []
    async for page in source.transactions(
        None, on_or_after=first - timedelta(days=2), on_or_before=last + timedelta(days=2)
    ):
        wanted += [one for one in page.transactions if not passed_over(one, terms)]
    rows = {row.transaction: row for row in await postings.between(reach.store, connection.id, first, last)}
    inside = [one for one in wanted if one.uuid in rows or first <= posting_date(one, terms) <= last]
    client = await reach.intacct(company)
    span = And((Between("WHENCREATED", first, last),))
    records = [record async for record in client.card_transactions(span, entity=connection.entity_id)]
    references = [rows[one.uuid].reference if one.uuid in rows else reference_for(one.uuid) for one in inside]
    seen = {record.record_no for record in records}
    elsewhere = await client.find_by_reference(references, entity=connection.entity_id) if references else []
    records += [record for record in elsewhere if record.record_no not in seen]
    return compare(inside, rows, records, terms, connection, first, last)


def compare(
    transactions: Sequence[Transaction],
    rows: dict[str, Posting],
    records: Iterable[FoundRecord],
    terms: Terms,
    connection: Connection,
    first: date,
    last: date,
) -> Proof:
    """The pure part of the proof: transactions and records that are this connection's, side by side."""
    by_reference: defaultdict[str, list[FoundRecord]] = defaultdict(list)
    for record in records:
        by_reference[record.reference].append(record)
    differences: list[Difference] = []
    matched, spend, intacct = 0, Decimal(0), Decimal(0)
    for one in transactions:
        row = rows.get(one.uuid)
        spend += one.amount.amount
        reference = row.reference if row else reference_for(one.uuid)
        found = [record for record in by_reference.pop(reference, []) if not record.reversed]
        intacct += sum((record.total or Decimal(0) for record in found), Decimal(0))
        difference = _differs(one, row, found, terms)
        if difference is None:
            matched += 1
        else:
            differences.append(difference)
    ours = {row.reference for row in rows.values()}
    for reference, left in by_reference.items():
        if reference in ours or any(record.card == connection.card for record in left):
            for record in left:
                if not record.reversed:
                    intacct += record.total or Decimal(0)
                    differences.append(_extra(record))
    return Proof(first, last, matched, tuple(differences), spend, intacct)


def _differs(one: Transaction, row: Posting | None, found: Sequence[FoundRecord], terms: Terms) -> Difference | None:
    day = row.date if row else posting_date(one, terms)
    moved = (row.decision or {}).get("date") if row else None
    money = one.amount
    if not found:
        why = _why_missing(row)
        return Difference(
            "missing", one.uuid, row.record_no if row else "", money.amount, None, money.currency, day, why
        )
    record = found[0]
    values = (one.uuid, record.record_no, money.amount, record.total, money.currency, day)
    if len(found) > 1:
        return Difference("double", *values, f"{len(found)} records carry this reference.")
    if record.total != money.amount:
        return Difference("amount", *values, "The amounts differ.")
    if record.date and record.date.isoformat() != (moved or day.isoformat()):
        return Difference("date", *values, f"Intacct has it on {record.date.isoformat()}.")
    return None


def _why_missing(row: Posting | None) -> str:
    if row is None:
        return "Not read by a sync yet."
    if row.state == PostingState.IGNORED:
        return f"Left out by a person: {(row.decision or {}).get('ignored', '')}".rstrip(": ")
    if row.state == PostingState.POSTED:
        return "It was posted, and Intacct does not have it any more."
    if row.category:
        return f"Not posted: {row.category} {row.subject}".rstrip()
    return "Waits for the next sync."


def _extra(record: FoundRecord) -> Difference:
    return Difference(
        "extra",
        "",
        record.record_no,
        None,
        record.total,
        record.currency,
        record.date,
        "On this card in Intacct, and not in Spend Center.",
    )
