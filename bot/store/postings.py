"""Postings: one row per transaction, found by state, cause or key, and moved in single statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, func, or_, select, update

from bot.models import AttemptState, Fault, PostingState, Transaction, Verdict
from bot.store.database import Store, insert_new
from bot.store.rows import as_row, as_rows, from_json, to_json
from bot.store.tables import RECEIPT_DUE, REFUND, attempts, companies, connections, postings

AT_ONCE = 500
"""Ids in one statement: SQLite's limit on variables leaves room for more, readers of a query log do not."""

CHANGED = "source.changed"
"""Cause of a posted row whose source differs from what was sent."""

RECEIPT = ("attachment", "receipt")
"""Cause, with its subject, of a posted row whose receipt Intacct did not take. A posted row has no other than these two."""

CHANGING = (PostingState.POSTED, PostingState.REVERSING)
"""States in which a row has those: until a person decides, and until what was decided is done."""

BY_HAND = "by_hand"
"""Key of a decision that names a record which a person posted."""

OPEN = (PostingState.FAILED, PostingState.HELD, PostingState.UNKNOWN, PostingState.PENDING)
"""States in which a row that has a cause is open; a pending one with a cause is being tried again."""

UNDONE = tuple(
    state for state in PostingState if state not in {PostingState.POSTED, PostingState.IGNORED, PostingState.REVERSED}
)
"""States in which something is left to do or to answer; only the others grow without end."""

RESTING = (PostingState.PENDING, PostingState.HELD, PostingState.FAILED)
"""States in which nothing of a row is in Intacct or on its way there."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One transaction's fate. `date`, `reference` and the key are fixed when first read; `source` is as last read."""

    id: int
    connection_id: str
    company: int
    spend_company: str
    transaction: str
    state: str
    date: date
    amount: Decimal
    currency: str
    merchant: str
    cardholder: str
    email: str
    last4: str
    authorization_id: str
    reference: str
    generation: int
    try_no: int
    category: str
    subject: str
    details: dict[str, str] | None
    fault: dict[str, Any] | None
    record_no: str
    fingerprint: str
    source: dict[str, Any]
    decision: dict[str, Any] | None
    receipt: str
    not_before: datetime | None
    created: datetime
    updated: datetime
    posted: datetime | None

    def read(self) -> Transaction:
        return from_json(Transaction, self.source)

    def said(self) -> Fault | None:
        return from_json(Fault, self.fault) if self.fault else None


@dataclass(frozen=True, slots=True)
class Cause:
    """All open rows of one cause in one connection; what an alert stands for."""

    connection_id: str
    category: str
    subject: str
    state: str
    n: int
    total: Decimal
    first: date
    last: date
    since: datetime


def cause_values(verdict: Verdict | None, fault: Fault | None = None) -> dict[str, Any]:
    """The columns that name why a row is not posted; all empty for no reason."""
    if verdict is None:
        return {"category": "", "subject": "", "details": None, "fault": None}
    return {
        "category": verdict.category,
        "subject": verdict.subject[:255],
        "details": dict(verdict.details),
        "fault": to_json(fault) if fault else None,
    }


async def known(store: Store, spend_company: str, uuids: Sequence[str]) -> dict[str, Posting]:
    """The rows that exist for these transactions of one Spend Center company, over all connections."""
    found = await store.glance(_KNOWN, {"company": spend_company, "uuids": list(uuids)})
    return {row.transaction: as_row(Posting, row) for row in found}


_KNOWN = select(postings).where(
    postings.c.spend_company == bindparam("company"),
    postings.c.transaction.in_(bindparam("uuids", expanding=True)),
)


async def twins(store: Store, spend_company: str, authorizations: Sequence[str]) -> list[Posting]:
    """Rows made from a clear of one of these authorisations."""
    asked = {"company": spend_company, "authorizations": [one for one in authorizations if one]}
    return as_rows(Posting, await store.glance(_TWINS, asked))


_TWINS = select(postings).where(
    postings.c.spend_company == bindparam("company"),
    postings.c.authorization_id.in_(bindparam("authorizations", expanding=True)),
)


async def of_days(store: Store, spend_company: str, days: Sequence[date]) -> list[Posting]:
    """Rows of a Spend Center company that were first read with one of these posting dates."""
    asked = {"company": spend_company, "days": list(days)}
    return as_rows(Posting, await store.glance(_OF_DAYS, asked))


_OF_DAYS = select(postings).where(
    postings.c.spend_company == bindparam("company"), postings.c.date.in_(bindparam("days", expanding=True))
)


async def owners_removed(store: Store, connection_ids: Iterable[str], company: int) -> dict[str, bool]:
    """Those of these connections that were disconnected, so that another may take over what they left.

    Returns:
        By connection, whether it posted to the Intacct company that `company` is, in whatever letter case that was typed.
    """
    if not (asked := list(connection_ids)):
        return {}
    mine = select(func.lower(companies.c.company_id)).where(companies.c.id == company).scalar_subquery()
    query = (
        select(connections.c.id, (func.lower(companies.c.company_id) == mine).label("same"))
        .join(companies, companies.c.id == connections.c.company)
        .where(connections.c.id.in_(asked), connections.c.removed.is_not(None))
    )
    return {row.id: bool(row.same) for row in await store.glance(query)}


async def taken_references(store: Store, company: int, references: Sequence[str]) -> set[str]:
    if not references:
        return set()
    query = select(postings.c.reference).where(postings.c.company == company, postings.c.reference.in_(references))
    return {row.reference for row in await store.glance(query)}


class Owner(NamedTuple):
    """Whose a record is."""

    posting: int
    connection: str


async def owners(
    store: Store, company: int, numbers: Sequence[str], references: Sequence[str], earlier: Sequence[str] = ()
) -> tuple[dict[str, Owner], dict[str, Owner]]:
    """The postings that these records belong to, over all connections of a company.

    Args:
        earlier: numbers of records that were reversed or reverse one: a posting of a later generation has another.

    Returns:
        By record number, and by reference.
    """
    row = (postings.c.id, postings.c.connection_id)
    mine = select(*row, postings.c.record_no.label("key")).where(postings.c.company == company)
    named = select(*row, postings.c.reference.label("key")).where(postings.c.company == company)
    tried = select(*row, attempts.c.record_no.label("key")).join(attempts, attempts.c.posting_id == postings.c.id)
    tried = tried.where(postings.c.company == company)
    by_number: dict[str, Owner] = {}
    by_reference: dict[str, Owner] = {}
    for asked, query, key, found in (
        (earlier, tried, attempts.c.record_no, by_number),
        (numbers, mine, postings.c.record_no, by_number),
        (references, named, postings.c.reference, by_reference),
    ):
        for start in range(0, len(asked), AT_ONCE):
            async with store.read() as db:
                rows = await db.execute(query.where(key.in_(asked[start : start + AT_ONCE])))
                found |= {one.key: Owner(one.id, one.connection_id) for one in rows}
    return by_number, by_reference


async def save(
    store: Store, new: Sequence[Mapping[str, Any]], changed: Sequence[tuple[Posting, Mapping[str, Any]]]
) -> bool:
    """Store one page: new rows, and changes to rows that are still as they were read, in one commit.

    A row that another connection stored a moment ago is left as that one stored it.

    Returns:
        Whether every change was stored; a row that was claimed or settled meanwhile has to be looked at again.
    """
    if not new and not changed:
        return True
    stored = 0
    async with store.begin() as db:
        if new:
            await db.execute(insert_new(db, postings), [dict(row) for row in new])
        for row, values in changed:
            as_read = (
                postings.c.state == row.state,
                postings.c.updated == row.updated,
                postings.c.try_no == row.try_no,
            )
            here = update(postings).where(postings.c.id == row.id, postings.c.state != PostingState.POSTING, *as_read)
            stored += len((await db.execute(here.values(**values).returning(postings.c.id))).all())
    return stored == len(changed)


async def get(store: Store, ids: Sequence[int]) -> list[Posting]:
    found: list[Posting] = []
    for start in range(0, len(ids), AT_ONCE):
        query = select(postings).where(postings.c.id.in_(ids[start : start + AT_ONCE])).order_by(postings.c.id)
        async with store.read() as db:
            found += as_rows(Posting, await db.execute(query))
    return found


async def list_postings(
    store: Store,
    connection: str,
    *,
    states: Sequence[str] = (),
    category: str = "",
    subject: str | None = None,
    after: int = 0,
    limit: int = 1000,
    largest_first: bool = False,
) -> list[Posting]:
    """A page of a connection's postings, by id or by amount."""
    query = select(postings).where(postings.c.connection_id == connection, postings.c.id > after)
    if states:
        query = query.where(postings.c.state.in_(states))
    if category:
        query = query.where(postings.c.category == category)
    if subject is not None:
        query = query.where(postings.c.subject == subject)
    order = (func.abs(postings.c.amount).desc(), postings.c.id) if largest_first else (postings.c.id,)
    async with store.read() as db:
        return as_rows(Posting, await db.execute(query.order_by(*order).limit(limit)))


async def between(store: Store, connection: str, first: date, last: date) -> list[Posting]:
    query = (
        select(postings)
        .where(postings.c.connection_id == connection, postings.c.date.between(first, last))
        .order_by(postings.c.date, postings.c.id)
    )
    async with store.read() as db:
        return as_rows(Posting, await db.execute(query))


async def posted_since(store: Store, connection: str, first: date) -> dict[str, int]:
    """The transactions, with their rows' ids, that stand in Intacct as they were sent, dated on that day or later."""
    query = select(postings.c.transaction, postings.c.id).where(
        postings.c.connection_id == connection,
        postings.c.state == PostingState.POSTED,
        postings.c.category.in_(["", RECEIPT[0]]),
        postings.c.date >= first,
    )
    async with store.read() as db:
        return {row.transaction: row.id for row in await db.execute(query)}


async def causes(store: Store, connection: str) -> list[Cause]:
    """Everything open on a connection, grouped by cause."""
    query = (
        select(
            postings.c.connection_id,
            postings.c.category,
            postings.c.subject,
            func.max(postings.c.state).label("state"),
            func.count().label("n"),
            func.sum(postings.c.amount, type_=postings.c.amount.type).label("total"),
            func.min(postings.c.date).label("first"),
            func.max(postings.c.date).label("last"),
            func.min(postings.c.updated).label("since"),
        )
        .where(postings.c.connection_id == connection, postings.c.category != "", _is_open())
        .group_by(postings.c.connection_id, postings.c.category, postings.c.subject)
        .order_by(postings.c.category, postings.c.subject)
    )
    async with store.read() as db:
        return as_rows(Cause, await db.execute(query))


def _is_open() -> Any:
    return or_(postings.c.state.in_(OPEN), and_(postings.c.state.in_(CHANGING), postings.c.category != ""))


async def open_states(store: Store, connection: str) -> set[PostingState]:
    """Those states of a connection's rows in which something is left to do, by one statement."""
    [found] = await store.glance(_OPEN_STATES, {"connection": connection})
    return {state for state, any_of_it in zip(UNDONE, found, strict=True) if any_of_it}


_OPEN_STATES = select(
    *(
        select(postings.c.id)
        .where(postings.c.connection_id == bindparam("connection"), postings.c.state == state)
        .exists()
        for state in UNDONE
    )
)


async def tally(store: Store, connection: str) -> dict[str, tuple[int, Decimal]]:
    """Number and sum of a connection's postings by state."""
    query = (
        select(postings.c.state, func.count(), func.sum(postings.c.amount, type_=postings.c.amount.type))
        .where(postings.c.connection_id == connection)
        .group_by(postings.c.state)
    )
    async with store.read() as db:
        return {state: (n, total) for state, n, total in await db.execute(query)}


async def refund_posted(store: Store, company: int) -> bool:
    """Whether Intacct has taken a negative card transaction in this company."""
    return bool(await store.glance(_REFUND_POSTED, {"company": company}))


_REFUND_POSTED = (
    select(postings.c.id)
    .where(postings.c.company == bindparam("company"), postings.c.state == PostingState.POSTED, REFUND)
    .limit(1)
)


async def witnesses(store: Store, company: int, entity: str, limit: int = 5) -> list[Posting]:
    """Records known to be in Intacct at that level, newest first; a look-up that does not see them has seen nothing.

    A record that a person named by hand is none: it stands in Intacct under a reference of its own.
    """
    query = (
        select(postings)
        .join(attempts, attempts.c.posting_id == postings.c.id)
        .where(
            attempts.c.state == AttemptState.POSTED,
            attempts.c.entity_id == entity,
            attempts.c.generation == postings.c.generation,
            postings.c.company == company,
            postings.c.state == PostingState.POSTED,
            postings.c.posted.is_not(None),
        )
        .order_by(postings.c.posted.desc(), postings.c.id.desc())
        .limit(limit * 2)
    )
    async with store.read() as db:
        found = as_rows(Posting, await db.execute(query))
    return [row for row in found if BY_HAND not in (row.decision or {})][:limit]


async def due(
    store: Store, connection: str, now: datetime, *, limit: int, after: int = 0, failed_before: bool
) -> list[Posting]:
    """Pending rows whose time has come, oldest id first: those that failed before, of whatever cause, or all others."""
    asked = {"connection": connection, "after": after, "now": now, "limit": limit}
    async with store.read() as db:
        return as_rows(Posting, await db.execute(_FAILED_BEFORE if failed_before else _NEVER_FAILED, asked))


_DUE = (
    select(postings)
    .where(
        postings.c.connection_id == bindparam("connection"),
        postings.c.state == PostingState.PENDING,
        postings.c.id > bindparam("after"),
        or_(postings.c.not_before.is_(None), postings.c.not_before <= bindparam("now")),
    )
    .order_by(postings.c.id)
    .limit(bindparam("limit"))
)
_FAILED_BEFORE, _NEVER_FAILED = _DUE.where(postings.c.category != ""), _DUE.where(postings.c.category == "")


async def newest(store: Store) -> int:
    """The highest id of all rows; whatever is stored from now on has a higher one."""
    [row] = await store.glance(_NEWEST)
    return row.newest or 0


_NEWEST = select(func.max(postings.c.id).label("newest"))


async def resting(store: Store, connection: str, *, after: int, limit: int) -> list[tuple[int, str]]:
    """Id and reference of rows of which nothing is in Intacct or on its way there, oldest id first."""
    query = (
        select(postings.c.id, postings.c.reference)
        .where(postings.c.connection_id == connection, postings.c.state.in_(RESTING), postings.c.id > after)
        .order_by(postings.c.id)
        .limit(limit)
    )
    async with store.read() as db:
        return [(row.id, row.reference) for row in await db.execute(query)]


async def next_due(store: Store, connection: str) -> datetime | None:
    """When the next pending row that waits for its time may be sent."""
    query = select(func.min(postings.c.not_before, type_=postings.c.not_before.type)).where(
        postings.c.connection_id == connection, postings.c.state == PostingState.PENDING
    )
    [row] = await store.glance(query)
    found: datetime | None = row[0]
    return found


async def move(
    store: Store,
    ids: Sequence[int],
    *,
    source: Sequence[str],
    target: PostingState,
    now: datetime,
    seen: datetime | None = None,
    **values: Any,
) -> list[int]:
    """Move rows from one of the states `source` to `target` in one statement; with `seen`, only if nobody changed them since.

    Returns:
        The ids that moved; a row that was elsewhere by then is left alone.
    """
    moved: list[int] = []
    same = [postings.c.updated == seen] if seen else []
    async with store.begin() as db:
        for start in range(0, len(ids), AT_ONCE):
            result = await db.execute(
                update(postings)
                .where(postings.c.id.in_(ids[start : start + AT_ONCE]), postings.c.state.in_(source), *same)
                .values(state=target, updated=now, **values)
                .returning(postings.c.id)
            )
            moved += result.scalars()
    return moved


async def receipts_due(store: Store, connection: str, limit: int = 20) -> list[Posting]:
    """Posted rows whose receipt is still to be attached."""
    return as_rows(Posting, await store.glance(_RECEIPTS_DUE, {"connection": connection, "limit": limit}))


_RECEIPTS_DUE = (
    select(postings)
    .where(postings.c.connection_id == bindparam("connection"), postings.c.state == PostingState.POSTED, RECEIPT_DUE)
    .order_by(postings.c.id)
    .limit(bindparam("limit"))
)


async def receipt_done(
    store: Store, posting: int, outcome: str, now: datetime, refused: tuple[Verdict, Fault | None] | None = None
) -> None:
    """What became of a receipt; a refusal is the row's cause, unless its source changed, which is more urgent."""
    told = ["", RECEIPT[0]] if refused else [RECEIPT[0]]
    cause = cause_values(*refused) if refused else cause_values(None)
    async with store.begin() as db:
        await db.execute(update(postings).where(postings.c.id == posting).values(receipt=outcome))
        mine = (postings.c.id == posting, postings.c.category.in_(told))
        await db.execute(update(postings).where(*mine).values(updated=now, **cause))


async def receipts_again(store: Store, ids: Sequence[int]) -> None:
    """Refused receipts are to be attached once more."""
    async with store.begin() as db:
        refused = (postings.c.id.in_(ids), postings.c.receipt == "failed")
        await db.execute(update(postings).where(*refused).values(receipt="due"))


async def accept_change(store: Store, ids: Sequence[int], now: datetime) -> list[int]:
    """A person keeps what was posted although the source differs; the next difference asks again."""
    changed = select(postings.c.id, postings.c.details).where(
        postings.c.id.in_(ids), postings.c.state == PostingState.POSTED, postings.c.category == CHANGED
    )
    async with store.begin() as db:
        rows = (await db.execute(changed.with_for_update())).all()
        for row in rows:
            values = {"fingerprint": (row.details or {}).get("fingerprint", ""), "updated": now, **cause_values(None)}
            await db.execute(update(postings).where(postings.c.id == row.id).values(**values))
    return [row.id for row in rows]


async def touched_by(store: Store, connection: str, run: int) -> list[Posting]:
    """What a run tried, and everything that waits for someone now."""
    tried = select(attempts.c.posting_id).where(attempts.c.run_id == run)
    query = (
        select(postings)
        .where(postings.c.connection_id == connection, or_(postings.c.id.in_(tried), _is_open()))
        .order_by(postings.c.id)
    )
    async with store.read() as db:
        return as_rows(Posting, await db.execute(query))
