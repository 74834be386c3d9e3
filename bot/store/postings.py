"""Postings and attempts: claims in single statements, outcomes a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, or_, select, update

from bot.models import AttemptState, Fault, PostingState, Transaction, Verdict
from bot.store.database import Store
from bot.store.rows import as_row, as_rows, from_json, to_json
from bot.store.tables import attempts, connections, postings

AT_ONCE = 500
"""Ids in one statement: SQLite's limit on variables leaves room for more, readers of a query log do not."""

CHANGED = "source.changed"
"""The one cause that a posted row can have: its source differs from what was sent."""

OPEN = (PostingState.FAILED, PostingState.HELD, PostingState.UNKNOWN)


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
class Attempt:
    """One try at a posting. `body` is the function as it was, or will be, sent; it never changes."""

    id: int
    posting_id: int
    run_id: int | None
    controlid: str
    generation: int
    try_no: int
    state: str
    body: str
    resent: bool
    looked: int
    committed: datetime
    answered: datetime | None
    record_no: str
    fault: dict[str, Any] | None


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


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one posting: the values that its row and its attempt take."""

    posting_id: int
    attempt_id: int | None
    state: PostingState
    attempt: AttemptState | None
    record_no: str = ""
    verdict: Verdict | None = None
    fault: Fault | None = None
    raise_try: bool = False
    not_before: datetime | None = None


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
    query = select(postings).where(postings.c.spend_company == spend_company, postings.c.transaction.in_(uuids))
    async with store.begin() as db:
        return {row.transaction: as_row(Posting, row) for row in await db.execute(query)}


async def twins(store: Store, spend_company: str, authorizations: Sequence[str]) -> list[Posting]:
    """Rows made from a clear of one of these authorisations."""
    query = select(postings).where(
        postings.c.spend_company == spend_company, postings.c.authorization_id.in_([a for a in authorizations if a])
    )
    async with store.begin() as db:
        return as_rows(Posting, await db.execute(query))


async def owners_removed(store: Store, connection_ids: Iterable[str]) -> set[str]:
    """Which of these connections were disconnected, so that another may take over what they never posted."""
    query = select(connections.c.id).where(
        connections.c.id.in_(list(connection_ids)), connections.c.removed.is_not(None)
    )
    async with store.begin() as db:
        return set((await db.execute(query)).scalars())


async def taken_references(store: Store, company: int, references: Sequence[str]) -> set[str]:
    query = select(postings.c.reference).where(postings.c.company == company, postings.c.reference.in_(references))
    async with store.begin() as db:
        return set((await db.execute(query)).scalars())


async def save(store: Store, new: Sequence[Mapping[str, Any]], changed: Mapping[int, Mapping[str, Any]]) -> None:
    """Store one page: new rows and changes to rows that are not on their way, in one commit."""
    async with store.begin() as db:
        if new:
            await db.execute(insert(postings), [dict(row) for row in new])
        for posting, values in changed.items():
            await db.execute(
                update(postings)
                .where(postings.c.id == posting, postings.c.state != PostingState.POSTING)
                .values(**values)
            )


async def get(store: Store, ids: Sequence[int]) -> list[Posting]:
    found: list[Posting] = []
    for start in range(0, len(ids), AT_ONCE):
        query = select(postings).where(postings.c.id.in_(ids[start : start + AT_ONCE])).order_by(postings.c.id)
        async with store.begin() as db:
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
    async with store.begin() as db:
        return as_rows(Posting, await db.execute(query.order_by(*order).limit(limit)))


async def between(store: Store, connection: str, first: date, last: date) -> list[Posting]:
    query = (
        select(postings)
        .where(postings.c.connection_id == connection, postings.c.date.between(first, last))
        .order_by(postings.c.date, postings.c.id)
    )
    async with store.begin() as db:
        return as_rows(Posting, await db.execute(query))


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
    async with store.begin() as db:
        return as_rows(Cause, await db.execute(query))


def _is_open() -> Any:
    return or_(
        postings.c.state.in_(OPEN),
        and_(postings.c.state == PostingState.POSTED, postings.c.category == CHANGED),
    )


async def tally(store: Store, connection: str) -> dict[str, tuple[int, Decimal]]:
    """Number and sum of a connection's postings by state."""
    query = (
        select(postings.c.state, func.count(), func.sum(postings.c.amount, type_=postings.c.amount.type))
        .where(postings.c.connection_id == connection)
        .group_by(postings.c.state)
    )
    async with store.begin() as db:
        return {state: (n, total) for state, n, total in await db.execute(query)}


async def last_posted(store: Store, company: int, connection: str | None = None) -> Posting | None:
    """A record that is known to be in Intacct; a look-up that does not return it has answered nothing."""
    query = select(postings).where(postings.c.company == company, postings.c.state == PostingState.POSTED)
    if connection is not None:
        query = query.where(postings.c.connection_id == connection)
    async with store.begin() as db:
        row = (await db.execute(query.order_by(postings.c.posted.desc(), postings.c.id.desc()).limit(1))).first()
    return as_row(Posting, row) if row else None


async def due(store: Store, connection: str, now: datetime, *, limit: int, after: int = 0) -> list[Posting]:
    """Pending rows whose time has come, oldest id first."""
    query = (
        select(postings)
        .where(
            postings.c.connection_id == connection,
            postings.c.state == PostingState.PENDING,
            postings.c.id > after,
            or_(postings.c.not_before.is_(None), postings.c.not_before <= now),
        )
        .order_by(postings.c.id)
        .limit(limit)
    )
    async with store.begin() as db:
        return as_rows(Posting, await db.execute(query))


async def next_due(store: Store, connection: str) -> datetime | None:
    """When the next pending row that waits for its time may be sent."""
    query = select(func.min(postings.c.not_before, type_=postings.c.not_before.type)).where(
        postings.c.connection_id == connection, postings.c.state == PostingState.PENDING
    )
    async with store.begin() as db:
        found: datetime | None = (await db.execute(query)).scalar()
        return found


async def claim(
    store: Store,
    bodies: Mapping[int, tuple[str, str]],
    fingerprints: Mapping[int, str],
    *,
    run: int | None,
    now: datetime,
) -> list[Attempt]:
    """Take pending rows and commit one attempt each, before anything is sent.

    Args:
        bodies: posting id to (controlid, function as XML).
        fingerprints: posting id to the fingerprint of what that body holds.
        run: the sync run that asks.
        now: becomes the attempts' commit time.

    Returns:
        The attempts of the rows that were still pending; a row that someone else took is not among them.
    """
    async with store.begin() as db:
        taken = (
            update(postings)
            .where(postings.c.id.in_(list(bodies)), postings.c.state == PostingState.PENDING)
            .values(state=PostingState.POSTING, updated=now, category="", subject="", details=None, fault=None)
            .returning(postings.c.id, postings.c.generation, postings.c.try_no)
        )
        rows = (await db.execute(taken)).all()
        if not rows:
            return []
        await db.execute(
            update(postings).where(postings.c.id == bindparam("row_id")).values(fingerprint=bindparam("print")),
            [{"row_id": row.id, "print": fingerprints[row.id]} for row in rows],
        )
        made = insert(attempts).returning(*attempts.c)
        values = [
            {
                "posting_id": row.id,
                "run_id": run,
                "controlid": bodies[row.id][0],
                "generation": row.generation,
                "try_no": row.try_no,
                "state": AttemptState.SENDING,
                "body": bodies[row.id][1],
                "committed": now,
            }
            for row in rows
        ]
        return as_rows(Attempt, await db.execute(made, values))


async def settle(store: Store, outcomes: Sequence[Settled], now: datetime) -> None:
    """Store what became of a batch, in one commit."""
    async with store.begin() as db:
        for one in outcomes:
            values: dict[str, Any] = {
                "state": one.state,
                "updated": now,
                "not_before": one.not_before,
                **cause_values(one.verdict, one.fault),
            }
            if one.state is PostingState.POSTED:
                values |= {"record_no": one.record_no, "posted": now}
            if one.raise_try:
                values["try_no"] = postings.c.try_no + 1
            await db.execute(update(postings).where(postings.c.id == one.posting_id).values(**values))
            if one.attempt_id is not None and one.attempt is not None:
                await db.execute(
                    update(attempts)
                    .where(attempts.c.id == one.attempt_id)
                    .values(
                        state=one.attempt,
                        answered=now,
                        record_no=one.record_no,
                        fault=to_json(one.fault) if one.fault else None,
                    )
                )


async def last_attempts(store: Store, posting_ids: Sequence[int]) -> dict[int, Attempt]:
    """The newest attempt of each posting."""
    found: dict[int, Attempt] = {}
    for start in range(0, len(posting_ids), AT_ONCE):
        part = posting_ids[start : start + AT_ONCE]
        query = select(attempts).where(attempts.c.posting_id.in_(part)).order_by(attempts.c.id)
        async with store.begin() as db:
            for row in await db.execute(query):
                found[row.posting_id] = as_row(Attempt, row)
    return found


async def mark_resent(store: Store, attempt_ids: Sequence[int], now: datetime) -> None:
    """Committed before an unknown's own body is sent again; its look-ups start anew."""
    async with store.begin() as db:
        await db.execute(
            update(attempts)
            .where(attempts.c.id.in_(attempt_ids))
            .values(resent=True, looked=0, committed=now, state=AttemptState.SENDING)
        )


async def looked_in_vain(store: Store, attempt_ids: Sequence[int]) -> None:
    async with store.begin() as db:
        await db.execute(update(attempts).where(attempts.c.id.in_(attempt_ids)).values(looked=attempts.c.looked + 1))


async def move(
    store: Store, ids: Sequence[int], *, source: Sequence[str], target: PostingState, now: datetime, **values: Any
) -> list[int]:
    """Move rows from one of the states `source` to `target` in one statement.

    Returns:
        The ids that moved; a row that was elsewhere by then is left alone.
    """
    moved: list[int] = []
    async with store.begin() as db:
        for start in range(0, len(ids), AT_ONCE):
            result = await db.execute(
                update(postings)
                .where(postings.c.id.in_(ids[start : start + AT_ONCE]), postings.c.state.in_(source))
                .values(state=target, updated=now, **values)
                .returning(postings.c.id)
            )
            moved += result.scalars()
    return moved


async def orphans(store: Store, company: int, now: datetime) -> list[int]:
    """Rows left in `posting` by a process that died: from now on their outcome is unknown.

    Only the job that holds the company's turn may call this; nobody else can have a request under way then.
    """
    async with store.begin() as db:
        result = await db.execute(
            update(postings)
            .where(postings.c.company == company, postings.c.state == PostingState.POSTING)
            .values(state=PostingState.UNKNOWN, category="outcome.unknown", subject="", updated=now)
            .returning(postings.c.id)
        )
        ids = list(result.scalars())
        if ids:
            await db.execute(
                update(attempts)
                .where(attempts.c.posting_id.in_(ids), attempts.c.state == AttemptState.SENDING)
                .values(state=AttemptState.UNKNOWN)
            )
    return ids


async def receipts_due(store: Store, connection: str, limit: int = 20) -> list[Posting]:
    """Posted rows whose receipt is still to be attached."""
    query = (
        select(postings)
        .where(
            postings.c.connection_id == connection,
            postings.c.state == PostingState.POSTED,
            postings.c.receipt == "due",
        )
        .order_by(postings.c.id)
        .limit(limit)
    )
    async with store.begin() as db:
        return as_rows(Posting, await db.execute(query))


async def receipt_done(store: Store, posting: int, outcome: str) -> None:
    async with store.begin() as db:
        await db.execute(update(postings).where(postings.c.id == posting).values(receipt=outcome))


async def accept_change(store: Store, ids: Sequence[int], now: datetime) -> list[int]:
    """A person keeps what was posted although the source differs; the next difference asks again."""
    async with store.begin() as db:
        result = await db.execute(
            update(postings)
            .where(postings.c.id.in_(ids), postings.c.category == CHANGED)
            .values(category="", subject="", details=None, fingerprint="", updated=now)
            .returning(postings.c.id)
        )
        return list(result.scalars())


async def touched_by(store: Store, connection: str, run: int) -> list[Posting]:
    """What a run tried, and everything that waits for someone now."""
    tried = select(attempts.c.posting_id).where(attempts.c.run_id == run)
    query = (
        select(postings)
        .where(postings.c.connection_id == connection, or_(postings.c.id.in_(tried), _is_open()))
        .order_by(postings.c.id)
    )
    async with store.begin() as db:
        return as_rows(Posting, await db.execute(query))
