"""Attempts: the claim before anything is sent, and what each answer or look-up proved, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    String,
    Table,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from bot.models import AttemptState, Fault, PostingState, Verdict
from bot.store.database import Store
from bot.store.given import GIVEN, Columns, as_json, gathered, given, rows_in
from bot.store.postings import AT_ONCE, Posting, cause_values
from bot.store.rows import as_row, to_json
from bot.store.runs import raise_counts
from bot.store.tables import attempts, connections, postings

T = TypeVar("T")
R = TypeVar("R")

ON_ITS_WAY = (PostingState.POSTING,)
REVERSAL = "rv-"
"""How the id of an attempt to reverse begins; all others are attempts to post."""

IN_DOUBT = (PostingState.POSTING, PostingState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a posting. `body` is the function as it was, or will be, sent; it never changes.

    `committed` is when its sending was last committed: the claim, or the moment before the same body was sent again.
    `looked` counts the empty look-ups since then. `entity_id` is the level it was sent at, which is where to look for it.
    """

    id: int
    posting_id: int
    run_id: int | None
    controlid: str
    entity_id: str
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

    @property
    def reverses(self) -> bool:
        return self.controlid.startswith(REVERSAL)


@dataclass(frozen=True, slots=True)
class Draft:
    """A posting as it was read, with the function that it would be sent as and the fingerprint of what that says."""

    posting: Posting
    controlid: str
    body: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one posting: the values that its row and its attempt take.

    It counts only while the row is in one of the states `was`, and, where `committed` is given, while the attempt was
    not sent again since: an answer that reaches a process which was stopped and replaced in the meantime is too late.
    """

    posting_id: int
    attempt_id: int | None
    state: PostingState
    attempt: AttemptState | None
    record_no: str = ""
    verdict: Verdict | None = None
    fault: Fault | None = None
    raise_try: bool = False
    not_before: datetime | None = None
    was: tuple[PostingState, ...] = ON_ITS_WAY
    committed: datetime | None = None


async def claim(
    store: Store, drafts: Sequence[Draft], *, run: int | None, now: datetime, entity: str = ""
) -> list[Attempt]:
    """Take pending rows and commit one attempt each, before anything is sent.

    Args:
        drafts: what would be sent; a row that has changed since it was read is not taken.
        run: the sync run that asks.
        now: becomes the attempts' commit time.
        entity: the level to send at.

    Returns:
        The attempts of the rows that were taken.
    """
    drafts = list({draft.posting.id: draft for draft in drafts}.values())
    as_read = {GIVEN: as_json(_READ, (_version(draft) for draft in drafts)), "now": now}

    def begin(db: Connection, taken: Sequence[Draft]) -> list[Attempt]:
        values = [_begun(draft, run, entity, now) for draft in taken]
        as_begun = {GIVEN: as_json(_BEGUN, values)}
        db.execute(_begin(db.dialect.name), as_begun)
        numbers = dict(rows_in(db.execute(_numbers(db.dialect.name), as_begun).scalar()))
        return [Attempt(id=numbers[one["posting_id"]], **one, **_JUST_BEGUN) for one in values]

    return await _change(store, _take, as_read, drafts, lambda draft: draft.posting.id, begin)


class _NotAll(Exception):
    """Some of the rows have moved on."""


async def _change(
    store: Store,
    statement: Callable[[str], Any],
    asked: Mapping[str, Any],
    rows: Sequence[T],
    posting_of: Callable[[T], int],
    then: Callable[[Connection, Sequence[T]], list[R]],
) -> list[R]:
    """Change the postings of `rows` that still stand as they were read, then go on with those, in one transaction.

    Usually all of them do, as their number says. Which ones is asked for only where it does not: an answer of many rows
    takes time in which nobody else may write.
    """

    def all_of_them(db: Connection) -> list[R]:
        if db.execute(statement(db.dialect.name), asked).rowcount != len(rows):
            raise _NotAll
        return then(db, rows)

    def some_of_them(db: Connection) -> list[R]:
        changed = set(db.execute(statement(db.dialect.name).returning(postings.c.id), asked).scalars())
        return then(db, [row for row in rows if posting_of(row) in changed])

    try:
        return await store.write(all_of_them)
    except _NotAll:
        return await store.write(some_of_them)


_READ = {name: postings.c[name] for name in ("id", "updated", "generation", "try_no", "fingerprint")}
_BEGUN = {
    name: attempts.c[name]
    for name in (
        *("posting_id", "run_id", "controlid", "entity_id"),
        *("generation", "try_no", "state", "body", "committed"),
    )
}
_JUST_BEGUN: dict[str, Any] = {"resent": False, "looked": 0, "answered": None, "record_no": "", "fault": None}


def _version(draft: Draft) -> dict[str, Any]:
    row = draft.posting
    version = {"id": row.id, "updated": row.updated, "generation": row.generation, "try_no": row.try_no}
    return version | {"fingerprint": draft.fingerprint}


def _begun(draft: Draft, run: int | None, entity: str, now: datetime) -> dict[str, Any]:
    return {
        "posting_id": draft.posting.id,
        "run_id": run,
        "controlid": draft.controlid,
        "entity_id": entity,
        "generation": draft.posting.generation,
        "try_no": draft.posting.try_no,
        "state": AttemptState.SENDING,
        "body": draft.body,
        "committed": now,
    }


@cache
def _take(dialect: str) -> Any:
    rows = given(dialect, _READ)
    unchanged = [postings.c[name] == rows.c[name] for name in ("id", "updated", "generation", "try_no")]
    return (
        update(postings)
        .where(*unchanged, postings.c.state == PostingState.PENDING)
        .values(
            state=PostingState.POSTING, updated=bindparam("now"), fingerprint=rows.c.fingerprint, **cause_values(None)
        )
    )


@cache
def _begin(dialect: str) -> Any:
    return insert(attempts).from_select(list(_BEGUN), select(*given(dialect, _BEGUN).c))


@cache
def _numbers(dialect: str) -> Any:
    """The newest attempt of each, which is the one just begun: nobody else has the row."""
    of_these = attempts.c.posting_id.in_(select(given(dialect, _BEGUN).c.posting_id))
    newest = select(attempts.c.posting_id, func.max(attempts.c.id).label("id")).where(of_these)
    return gathered(dialect, newest.group_by(attempts.c.posting_id))


def _these(table: Table, ids: Iterable[int]) -> ColumnElement[bool]:
    """Finds rows by their key. Beside tuples of several columns: SQLite would look for those in the whole table."""
    return table.c.id.in_(list(ids))


async def settle(
    store: Store, outcomes: Sequence[Settled], now: datetime, *, run: int | None = None, requests: int = 0
) -> list[Settled]:
    """Store what became of a batch, in one commit, and count it for the run. Returns what counted; the rest came too late."""
    if not outcomes:
        return []
    moved = {GIVEN: as_json(_OUTCOME, (_outcome(one) for one in outcomes)), "now": now}

    def close(db: Connection, counted: Sequence[Settled]) -> list[Settled]:
        tried = [_answer(one) for one in counted if one.attempt_id is not None and one.attempt is not None]
        if tried:
            db.execute(_close(db.dialect.name), {GIVEN: as_json(_ANSWER, tried), "now": now})
        if run is not None:
            posted = sum(one.state is PostingState.POSTED for one in counted)
            failed = sum(one.state in {PostingState.FAILED, PostingState.HELD} for one in counted)
            raise_counts(db, run, posted=posted, failed=failed, requests=requests)
        return list(counted)

    return await _change(store, _move, moved, outcomes, lambda one: one.posting_id, close)


_OUTCOME: Columns = {
    **{name: postings.c[name] for name in ("id", "state", "not_before", "record_no")},
    **{name: postings.c[name] for name in ("category", "subject", "details", "fault")},
    "more_tries": Integer(),
    "was": String(),
    "attempt_id": attempts.c.id,
    "committed": attempts.c.committed,
}
_ANSWER = {name: attempts.c[name] for name in ("id", "state", "record_no", "fault")}


def _outcome(one: Settled) -> dict[str, Any]:
    return {
        "id": one.posting_id,
        "state": one.state,
        "not_before": one.not_before,
        "record_no": one.record_no,
        "more_tries": int(one.raise_try),
        "was": f"|{'|'.join(one.was)}|",
        "attempt_id": one.attempt_id,
        "committed": one.committed,
        **cause_values(one.verdict, one.fault),
    }


def _answer(one: Settled) -> dict[str, Any]:
    fault = to_json(one.fault) if one.fault else None
    return {"id": one.attempt_id, "state": one.attempt, "record_no": one.record_no, "fault": fault}


@cache
def _move(dialect: str) -> Any:
    rows, now = given(dialect, _OUTCOME), bindparam("now", type_=postings.c.updated.type)
    sent = attempts.c.id == rows.c.attempt_id, attempts.c.committed == rows.c.committed
    posted = rows.c.state == PostingState.POSTED
    same = {name: rows.c[name] for name in ("state", "not_before", "category", "subject", "details", "fault")}
    return (
        update(postings)
        .where(
            postings.c.id == rows.c.id,
            rows.c.was.contains("|" + postings.c.state + "|"),
            or_(rows.c.committed.is_(None), select(attempts.c.id).where(*sent).exists()),
        )
        .values(
            updated=now,
            record_no=case((posted, rows.c.record_no), else_=postings.c.record_no),
            posted=case((posted, now), else_=postings.c.posted),
            try_no=postings.c.try_no + rows.c.more_tries,
            **same,
        )
    )


@cache
def _close(dialect: str) -> Any:
    rows = given(dialect, _ANSWER)
    told = {name: rows.c[name] for name in ("state", "record_no", "fault")}
    return update(attempts).where(attempts.c.id == rows.c.id).values(answered=bindparam("now"), **told)


async def last_attempts(store: Store, posting_ids: Sequence[int]) -> dict[int, Attempt]:
    """The newest attempt to post of each posting."""
    found: dict[int, Attempt] = {}
    to_post = attempts.c.controlid.not_like(f"{REVERSAL}%")
    for start in range(0, len(posting_ids), AT_ONCE):
        part = posting_ids[start : start + AT_ONCE]
        query = select(attempts).where(attempts.c.posting_id.in_(part), to_post).order_by(attempts.c.id)
        async with store.read() as db:
            for row in await db.execute(query):
                found[row.posting_id] = as_row(Attempt, row)
    return found


async def record_numbers(store: Store, posting_ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """Every record number that was posted for these postings, or that reversed one of those, of whatever generation."""
    found: dict[int, frozenset[str]] = {}
    for start in range(0, len(posting_ids), AT_ONCE):
        part = attempts.c.posting_id.in_(posting_ids[start : start + AT_ONCE])
        query = select(attempts.c.posting_id, attempts.c.record_no).where(part, attempts.c.record_no != "")
        async with store.read() as db:
            for row in await db.execute(query):
                found[row.posting_id] = found.get(row.posting_id, frozenset()) | {row.record_no}
    return found


async def tried_after(store: Store, posting_ids: Sequence[int], attempt: int) -> set[int]:
    """Those of these postings that were tried anew since that attempt."""
    found: set[int] = set()
    for start in range(0, len(posting_ids), AT_ONCE):
        part = attempts.c.posting_id.in_(posting_ids[start : start + AT_ONCE])
        async with store.read() as db:
            found |= set(
                (await db.execute(select(attempts.c.posting_id).where(part, attempts.c.id > attempt))).scalars()
            )
    return found


async def mark_resent(store: Store, again: Sequence[Attempt], now: datetime) -> list[Attempt]:
    """Committed before an unknown's own body is sent again; its look-ups start anew.

    Returns:
        The attempts as they stand now; one that was settled or sent by someone else in the meantime is not among them.
    """
    taken: list[int] = []
    unknown = (postings.c.id == attempts.c.posting_id, postings.c.state == PostingState.UNKNOWN)
    still = select(postings.c.id).where(*unknown).exists()
    async with store.begin() as db:
        for start in range(0, len(again), AT_ONCE):
            part = {one.id: one.committed for one in again[start : start + AT_ONCE]}
            as_read = tuple_(attempts.c.id, attempts.c.committed).in_(list(part.items()))
            marked = (
                update(attempts)
                .where(_these(attempts, part), as_read, still)
                .values(resent=True, looked=0, committed=now, state=AttemptState.SENDING)
                .returning(attempts.c.id)
            )
            taken += (await db.execute(marked)).scalars()
    fresh = await last_attempts(store, [one.posting_id for one in again])
    return [one for one in fresh.values() if one.id in set(taken)]


async def looked_in_vain(store: Store, attempt_ids: Sequence[int]) -> None:
    """One more empty look-up for each."""
    async with store.begin() as db:
        for start in range(0, len(attempt_ids), AT_ONCE):
            part = attempts.c.id.in_(attempt_ids[start : start + AT_ONCE])
            await db.execute(update(attempts).where(part).values(looked=attempts.c.looked + 1))


async def unread(store: Store, connection: str) -> bool:
    """Whether an outcome is unknown that no look-up has asked for yet: nothing new may be sent before one has."""
    return bool(await store.glance(_UNREAD, {"connection": connection}))


_UNREAD = (
    select(attempts.c.id)
    .join(postings, postings.c.id == attempts.c.posting_id)
    .where(
        postings.c.connection_id == bindparam("connection"),
        postings.c.state == PostingState.UNKNOWN,
        attempts.c.generation == postings.c.generation,
        attempts.c.try_no == postings.c.try_no,
        attempts.c.state.in_([AttemptState.SENDING, AttemptState.UNKNOWN, AttemptState.REFUSED]),
        attempts.c.looked == 0,
    )
    .limit(1)
)


async def orphans(store: Store, company: int, now: datetime) -> set[str]:
    """Rows left in `posting` by a turn that died: from now on their outcome is unknown. Returns their connections.

    Only the job that holds the company's turn may call this; nobody else can have a request under way then.
    """
    if not await store.glance(_ON_ITS_WAY, {"company": company}):  # hardly ever is there one; a reader waits for nobody
        return set()
    of_company = select(connections.c.id).where(connections.c.company == company)
    async with store.begin() as db:
        result = await db.execute(
            update(postings)
            .where(postings.c.connection_id.in_(of_company), postings.c.state == PostingState.POSTING)
            .values(state=PostingState.UNKNOWN, category="outcome.unknown", subject="", updated=now)
            .returning(postings.c.id, postings.c.connection_id)
        )
        rows = result.all()
        ids = [row.id for row in rows]
        for start in range(0, len(ids), AT_ONCE):
            part = attempts.c.posting_id.in_(ids[start : start + AT_ONCE])
            await db.execute(
                update(attempts)
                .where(part, attempts.c.state == AttemptState.SENDING)
                .values(state=AttemptState.UNKNOWN)
            )
    return {row.connection_id for row in rows}


_ON_ITS_WAY = (
    select(postings.c.id)
    .join(connections, connections.c.id == postings.c.connection_id)
    .where(connections.c.company == bindparam("company"), postings.c.state == PostingState.POSTING)
    .limit(1)
)


async def tried_by(store: Store, run: int) -> set[int]:
    """The postings that a run sent."""
    async with store.read() as db:
        return set((await db.execute(select(attempts.c.posting_id).where(attempts.c.run_id == run))).scalars())
