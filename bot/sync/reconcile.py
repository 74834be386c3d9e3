"""The proof: every transaction of a span beside its record in Intacct, to the cent, or exactly what differs.

Here both sides are read; `sync.proof` lays them side by side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.intacct.client import IntacctClient
from bot.intacct.query import And, Between
from bot.intacct.records import FoundRecord, Role, paired
from bot.models import PostingState, Transaction
from bot.spend.source import RowProblem
from bot.store import attempts, connections, postings
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync.introduce import introduce
from bot.sync.mapping import Terms, passed_over, reference_for, references_of
from bot.sync.proof import Numbers, Proof, Sides, compare, day_of, numbers_of
from bot.sync.reach import Reach
from bot.sync.terms import terms_of

AROUND, CLEARING = timedelta(days=2), timedelta(days=40)
"""How far beside the span the source is read: for time zones, and for the time that a purchase takes to clear."""

SEVERAL_CARDS = (
    "Intacct does not show which card a record is on, and there are several: records made by hand on this card are not "
    "looked for."
)


async def reconcile(reach: Reach, connection: Connection, first: date, last: date) -> Proof:
    """Read both sides for the span of posting dates and compare.

    Raises:
        IntacctError, SourceError: a side did not answer, so there is no proof.
    """
    connection = await introduce(reach, connection)
    company = await connections.get_company(reach.store, connection.company)
    terms, as_of = terms_of(connection, company, inside=None), reach.clock()
    wanted, problems = await _wanted(reach, connection, terms, first, last)
    rows = {row.transaction: row for row in await postings.between(reach.store, connection.id, first, last)}
    for start in range(0, len(wanted), 500):
        some = [one.uuid for one in wanted[start : start + 500]]
        rows |= await postings.known(reach.store, connection.spend_company, some)
    inside = [one for one in wanted if first <= day_of(one, rows.get(one.uuid), terms) <= last]
    of_span = {one.uuid for one in inside}
    rows = {uuid: row for uuid, row in rows.items() if uuid in of_span or first <= row.date <= last}
    of_span = {one.uuid for one in inside}
    rows = {uuid: row for uuid, row in rows.items() if uuid in of_span or first <= row.date <= last}
    client = await reach.intacct(company)
    numbers = await attempts.record_numbers(reach.store, _turned_back(rows.values()))
    records = await _records(client, connection, _Wanted.of(inside, rows, numbers), first, last)
    others = await _claim(reach, connection, rows, numbers, records)
    only, remarks = await _only_card(client, connection, records)
    sides = Sides(inside, rows, paired(records), numbers, others, only, problems)
    return await asyncio.to_thread(compare, sides, terms, connection, first, last, remarks, as_of)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is known of the records of a span's transactions: their numbers, and the references of each transaction."""

    numbers: frozenset[str]
    references: Mapping[str, tuple[str, ...]]
    by_number: Mapping[str, str]

    @classmethod
    def of(cls, inside: Sequence[Transaction], rows: Mapping[str, Posting], numbers: Numbers) -> _Wanted:
        by_number = {number: uuid for uuid, row in rows.items() for number in numbers_of(row, numbers)}
        references: dict[str, tuple[str, ...]] = {one.uuid: (reference_for(one.uuid),) for one in inside}
        references |= {uuid: tuple(references_of(row.reference, row.generation)) for uuid, row in rows.items()}
        return cls(frozenset(by_number), references, by_number)


def _turned_back(rows: Iterable[Posting]) -> list[int]:
    """Rows that had a record before the one that they have, or had one reversed."""
    turned = {PostingState.REVERSING, PostingState.REVERSED}
    return [row.id for row in rows if row.generation > 1 or row.state in turned]


async def _records(
    client: IntacctClient, connection: Connection, wanted: _Wanted, first: date, last: date
) -> list[FoundRecord]:
    """The records of the span; those of its transactions wherever they are dated, by number first; and what they reverse."""
    entity = connection.entity_id
    span = And((Between("WHENCREATED", first, last),))
    found = {one.record_no: one async for one in client.card_transactions(span, entity=entity)}

    def add(records: Iterable[FoundRecord]) -> None:
        found.update({one.record_no: one for one in records if one.record_no not in found})

    add(await client.card_transactions_by_number(wanted.numbers - found.keys(), entity=entity))
    followed = {wanted.by_number.get(number) for number in found}
    seen = {one.reference for one in found.values()}
    missing = {one for uuid, some in wanted.references.items() if uuid not in followed for one in some} - seen
    if missing:
        add(await client.find_by_reference(sorted(missing), entity=entity))
    halves = {key for one in found.values() for key in (one.reversal_key, one.reversed_key) if key}
    add(await client.card_transactions_by_number(halves - found.keys(), entity=entity))
    return list(found.values())


async def _claim(
    reach: Reach,
    connection: Connection,
    rows: dict[str, Posting],
    numbers: dict[int, frozenset[str]],
    records: Sequence[FoundRecord],
) -> dict[str, str]:
    """To whom the records belong that stand beside no transaction of the span: our own rows of other months are added.

    Returns:
        The records of other connections, as `Sides.others` has them.
    """
    own = {number for row in rows.values() for number in numbers_of(row, numbers)}
    named = {name for row in rows.values() for name in references_of(row.reference, row.generation)}
    unclaimed = [
        one
        for one in records
        if one.on(connection.card) is not False
        if not own & {one.record_no, one.reversed_key} and one.reference not in named
    ]
    turned = [one for one in unclaimed if one.role is not Role.LIVE]
    by_number, by_reference = await postings.owners(
        reach.store,
        connection.company,
        _filled(number for one in unclaimed for number in (one.record_no, one.reversed_key)),
        _filled(one.reference for one in unclaimed),
        _filled(number for one in turned for number in (one.record_no, one.reversed_key)),
    )
    ours: set[int] = set()
    others: dict[str, str] = {}
    asked = {owner.connection for owner in (*by_number.values(), *by_reference.values())}
    those = {one: await connections.get_connection(reach.store, one) for one in asked}
    for one in unclaimed:
        owner = by_number.get(one.record_no) or by_number.get(one.reversed_key) or by_reference.get(one.reference)
        if owner is None:
            continue
        other = those[owner.connection]
        same_card = other is None or other.card == connection.card
        if owner.connection == connection.id or (same_card and other is not None and other.removed):
            ours.add(owner.posting)
        elif other is not None:
            others[one.record_no] = "" if same_card else other.name or other.entity_name or other.id
    added = await postings.get(reach.store, sorted(ours))
    rows |= {row.transaction: row for row in added}
    numbers |= await attempts.record_numbers(reach.store, _turned_back(added))
    return others


def _filled(texts: Iterable[str]) -> list[str]:
    return sorted(set(texts) - {""})


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
