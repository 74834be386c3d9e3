"""From the source into our rows: a page at a time, each transaction once, whatever it was before."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from bot.models import PostingState, RetryClass, Transaction, Verdict
from bot.spend.errors import SourceRefused
from bot.spend.source import Page, Source
from bot.store import postings
from bot.store.connections import Connection
from bot.store.database import Store
from bot.store.postings import CHANGED, RESTING, Posting, cause_values
from bot.store.rows import to_json
from bot.sync.changes import change, composed, told, verdict_of
from bot.sync.mapping import Terms, compose, hold, passed_over, posting_date, reference_for, whole

log = logging.getLogger(__name__)

OVERLAP = timedelta(days=2)
"""The watermark is the newest change seen, less this; its granularity is the source's day, its order not promised."""

AHEAD = timedelta(days=1)
"""A change dated further ahead than this moves no watermark: it would hide everything that comes before it."""

REREAD = 50
"""Rows that wait for their cardholder and are read again by their id in one run; each is a call of its own."""

WAITING = "source.incomplete"
"""Cause of a row that waits for something at the source; nobody is alerted."""

LATER = 1 << 62
"""Above the number of every row that is stored."""

ELSEWHERE = "no connection"
ON_ITS_WAY = (PostingState.POSTING, PostingState.UNKNOWN, PostingState.REVERSING)


@dataclass(slots=True)
class Haul:
    """What one pass over the source brought. `whole` says that nothing was missed, so that the watermark may move."""

    fetched: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    newest: datetime | None = None
    whole: bool = True


Clock = Callable[[], datetime]


async def fetch(
    store: Store,
    connection: Connection,
    source: Source,
    terms: Terms,
    *,
    clock: Clock,
    haul: Haul | None = None,
    stored: Callable[[], None] = lambda: None,
) -> Haul:
    """Read what changed since the watermark, and store it; then see which waiting rows can go.

    Args:
        haul: filled as pages come, so that whoever watches knows how far it is.
        stored: called whenever rows of another page are in the database.

    Raises:
        SourceError: the source did not answer; what was stored so far stays, and the watermark too.
    """
    since: date | None = (connection.watermark - OVERLAP).date() if connection.watermark else None
    after = terms.start_date if connection.watermark is None else None
    haul = haul or Haul()
    haul.newest = connection.watermark
    async for page in source.transactions(since, on_or_after=after):
        await _take(store, connection, terms, page, haul, clock())
        haul.fetched += len(page.transactions)  # not before they are stored: whoever watches looks for so many rows
        stored()
    if PostingState.HELD in await postings.open_states(store, connection.id):
        await _read_again(store, connection, source, terms, haul, clock)
        await release(store, connection, terms, clock)
    return haul


async def _read_again(
    store: Store, connection: Connection, source: Source, terms: Terms, haul: Haul, clock: Clock
) -> None:
    """Rows that wait for their cardholder, by id: what makes them whole need not touch what the watermark looks at."""
    if connection.watermark is None:
        return
    old = connection.watermark - OVERLAP
    held = await postings.list_postings(store, connection.id, states=[PostingState.HELD], category=WAITING)
    stale = [row for row in held if row.read().updated < old]
    for row in random.sample(stale, min(len(stale), REREAD)):
        try:
            again = await source.transaction(row.transaction)
        except SourceRefused as refused:  # this one cannot be read; the others can
            log.warning("posting %d was not read again: %s", row.id, refused)
            haul.skipped["could not be read"] += 1
            continue
        if again is not None:
            await _take(store, connection, terms, Page((again,)), haul, clock())
            haul.fetched += 1


async def _take(store: Store, connection: Connection, terms: Terms, page: Page, haul: Haul, now: datetime) -> None:
    """Store one page in one commit."""
    haul.whole = haul.whole and not page.cut and not page.problems
    haul.skipped["could not be read"] += len(page.problems)
    seen = [one.updated for one in page.transactions if one.updated <= now + AHEAD]
    haul.newest = max([*seen, *([haul.newest] if haul.newest else [])], default=None)
    known = await postings.known(store, connection.spend_company, [one.uuid for one in page.transactions])
    fresh: list[Transaction] = []
    again: list[tuple[Posting, Transaction]] = []
    for transaction in page.transactions:
        reason = passed_over(transaction, terms)
        haul.skipped[reason] += bool(reason)
        row = known.get(transaction.uuid)
        if row is not None:
            again.append((row, transaction))
        elif not reason:
            fresh.append(transaction)
    if not fresh and not again:
        return
    doubles = await _twins(store, connection, fresh, again)
    references = await _references(store, connection, fresh)
    new = [_new_row(connection, terms, one, references[one.uuid], twin=one.uuid in doubles, now=now) for one in fresh]
    others = {row.connection_id for row, _ in again} - {connection.id}
    removed = await postings.owners_removed(store, others, connection.company)
    changed: list[tuple[Posting, dict[str, Any]]] = []
    for row, transaction in again:
        move = _taken_over(connection, row, removed, mine=not passed_over(transaction, terms))
        if move is None:
            haul.skipped["posted by another connection"] += not passed_over(transaction, terms)
            continue
        if row.state in ON_ITS_WAY and row.source != to_json(transaction):
            haul.whole = False  # told apart once its outcome is known, so it must come again
        values = move | _changes(terms, row, transaction, twin=transaction.uuid in doubles, now=now)
        if values:
            changed.append((row, values))
    if not await postings.save(store, new, changed):
        haul.whole = False  # one was posted in this very moment; it must come again


def _taken_over(
    connection: Connection, row: Posting, removed: Mapping[str, bool], *, mine: bool
) -> dict[str, Any] | None:
    """What makes a row this connection's own: nothing for its own rows, None when another one keeps it.

    Of a disconnected one, all that rests is taken over, and what is in doubt where the same Intacct company is asked and
    the transaction is this one's: at whatever entity, since each attempt is looked up and sent at its own. Of a living
    one, only what it has let go of.

    Args:
        removed: the disconnected owners, and whether they posted to this Intacct company.
        mine: whether this connection would post the transaction.
    """
    if row.connection_id == connection.id:
        return {}
    taken = {"connection_id": connection.id, "company": connection.company}
    if row.connection_id not in removed:
        return taken if (row.state, row.category, row.subject) == (PostingState.HELD, WAITING, ELSEWHERE) else None
    if row.state in ON_ITS_WAY:
        return taken if removed[row.connection_id] and mine else None
    return taken if row.state in RESTING else {}


async def release(store: Store, connection: Connection, terms: Terms, clock: Clock) -> None:
    """See which held rows may go since a person answered, a mapping was mended, or a setting changed."""
    after = 0
    while rows := await postings.list_postings(
        store, connection.id, states=[PostingState.HELD], after=after, limit=100
    ):
        after = rows[-1].id
        pairs = [(row, row.read()) for row in rows]
        doubles = await _twins(store, connection, (), pairs)
        standing = [(row, _standing_again(terms, row, one, twin=one.uuid in doubles)) for row, one in pairs]
        changed = [(row, values | {"updated": clock()}) for row, values in standing if values]
        if changed:
            await postings.save(store, (), changed)


async def _references(store: Store, connection: Connection, fresh: Sequence[Transaction]) -> dict[str, str]:
    """A reference of its own for each; one that another Spend Center company uses already gets a tail."""
    wanted = {one.uuid: reference_for(one.uuid) for one in fresh}
    taken = await postings.taken_references(store, connection.company, list(wanted.values()))
    return {
        uuid: whole(f"{reference}-{connection.spend_company[-4:]}") if reference in taken else reference
        for uuid, reference in wanted.items()
    }


async def _twins(
    store: Store, connection: Connection, fresh: Sequence[Transaction], again: Iterable[tuple[Posting, Transaction]]
) -> set[str]:
    """Which of these are a second clear with the same authorisation, amount, sign and day; of a file, see `file_twins`."""
    if connection.csv is not None:
        return await file_twins(store, connection, fresh, again)
    resting = [(row.id, one) for row, one in again if row.state in RESTING and one.authorization_id]
    asked = [one.authorization_id or "" for one in (*fresh, *(one for _, one in resting))]
    rows = await postings.twins(store, connection.spend_company, asked) if any(asked) else []
    first: dict[tuple[str | None, str, date], int] = {}
    for row in sorted(rows, key=lambda one: one.id):
        first.setdefault(_alike(row.read()), row.id)
    found = {one.uuid for number, one in resting if first.get(_alike(one), number) < number}
    for one in fresh:
        if one.authorization_id and _alike(one) in first:
            found.add(one.uuid)
        first.setdefault(_alike(one), 0)
    return found


async def file_twins(
    store: Store, connection: Connection, fresh: Sequence[Transaction], again: Iterable[tuple[Posting, Transaction]]
) -> set[str]:
    """Which of these rows of a file were met before under another ID: the same day, amount, card and merchant.

    Whatever reads an export in between can change its IDs. So is a part of a whole that was met before and is on its
    way or posted: one of the two is enough. Parts of one whole may well be alike.
    """
    resting = [(row.id, one) for row, one in again if row.state in RESTING]
    asked = [*fresh, *(one for _, one in resting)]
    days = {one.occurred.date() + timedelta(days=off) for one in asked for off in (-1, 0, 1)}
    cleared = {one.posted_on for one in asked if one.posted_on}
    rows = await postings.of_days(store, connection.spend_company, sorted(days | cleared)) if asked else []
    wholes = await postings.known(
        store, connection.spend_company, [one.looks_like_part_of for one in asked if one.looks_like_part_of]
    )
    first: dict[tuple[Any, ...], tuple[int, str]] = {}

    def met_before(one: Transaction, number: int) -> bool:
        other, whole = first.setdefault(_same(one), (number, one.looks_like_part_of))
        return other < number and not (whole and whole == one.looks_like_part_of)

    for row in sorted(rows, key=lambda one: one.id):
        met_before(row.read(), row.id)
    found = {one.uuid for number, one in resting if met_before(one, number)}
    found |= {one.uuid for number, one in enumerate(fresh, LATER) if met_before(one, number)}
    gone_ahead = {uuid for uuid, row in wholes.items() if row.state not in {*RESTING, PostingState.REVERSED}}
    return found | {one.uuid for one in asked if one.looks_like_part_of in gone_ahead}


def _same(transaction: Transaction) -> tuple[Any, ...]:
    money = transaction.amount
    card = transaction.card_id or transaction.last4
    return transaction.occurred.date(), money.amount, money.currency, card, transaction.merchant.casefold()


def _alike(transaction: Transaction) -> tuple[str | None, str, date]:
    return transaction.authorization_id, str(transaction.amount.amount), transaction.occurred.date()


def _new_row(
    connection: Connection, terms: Terms, transaction: Transaction, reference: str, *, twin: bool, now: datetime
) -> dict[str, Any]:
    day = posting_date(transaction, terms)
    return {
        "connection_id": connection.id,
        "company": connection.company,
        "spend_company": connection.spend_company,
        "transaction": transaction.uuid,
        "date": day,
        "reference": reference,
        "generation": 1,
        "try_no": 1,
        "receipt": "due" if transaction.receipts else "",
        "created": now,
        "updated": now,
        **columns_of(transaction),
        **standing_of(transaction, terms, day, reference, None, twin=twin),
    }


def columns_of(transaction: Transaction) -> dict[str, Any]:
    """The columns that follow the source."""
    return {
        "amount": transaction.amount.amount,
        "currency": transaction.amount.currency,
        "merchant": transaction.merchant[:255],
        "cardholder": transaction.cardholder[:255],
        "email": transaction.email[:255],
        "last4": transaction.last4[:8],
        "authorization_id": transaction.authorization_id or "",
        "source": to_json(transaction),
    }


def standing_of(
    transaction: Transaction,
    terms: Terms,
    day: date,
    reference: str,
    decision: dict[str, Any] | None,
    *,
    twin: bool = False,
) -> dict[str, Any]:
    """Whether the row can be sent, and why not."""
    reason = passed_over(transaction, terms)
    gone = Verdict(WAITING, reason, RetryClass.NO) if reason else None
    verdict = gone or hold(transaction, terms, decision, twin=twin)
    if verdict is None:
        made = compose(transaction, terms, day=day, reference=reference, decision=decision)
        verdict = made if isinstance(made, Verdict) else None
    return {"state": PostingState.HELD if verdict else PostingState.PENDING, **cause_values(verdict)}


def _changes(terms: Terms, row: Posting, transaction: Transaction, *, twin: bool, now: datetime) -> dict[str, Any]:
    """What a row takes over from its source as it reads now."""
    values: dict[str, Any] = {"receipt": "due"} if _receipt_due(row, transaction) else {}
    other = row.source != to_json(transaction)
    if row.state in RESTING:
        standing = _standing_again(terms, row, transaction, twin=twin, other=other)
        return (
            values
            | (columns_of(transaction) if other else {})
            | standing
            | ({"updated": now} if other or standing else {})
        )
    if row.state == PostingState.POSTED and (other or row.category == CHANGED):
        return values | _differs(terms, row, transaction, now)
    return values


def _receipt_due(row: Posting, transaction: Transaction) -> bool:
    """Whether a receipt came, or took the place of one that Intacct refused."""
    if row.receipt == "failed":
        return {one.uuid for one in transaction.receipts} - {one.uuid for one in row.read().receipts} != set()
    return bool(transaction.receipts) and not row.receipt


def _standing_again(
    terms: Terms, row: Posting, transaction: Transaction, *, twin: bool, other: bool = False
) -> dict[str, Any]:
    """Whether a row that rests can be sent now. `other`: the source has changed since it was read.

    What a look-up found to disagree is only settled by look-ups. A failed row stays failed until someone retries it,
    and a pending one keeps the cause it failed with as long as nothing about it changed.
    """
    if row.category.startswith("duplicate."):
        return {}
    standing = standing_of(transaction, terms, row.date, row.reference, row.decision, twin=twin)
    if row.state == PostingState.FAILED:
        return standing if standing["category"] == WAITING else {}
    if (row.state, row.category, row.subject) == (standing["state"], standing["category"], standing["subject"]):
        return {}
    return standing if other or row.state == PostingState.HELD or standing["state"] is PostingState.HELD else {}


def _differs(terms: Terms, row: Posting, transaction: Transaction, now: datetime) -> dict[str, Any]:
    """Whether a posted row's source says something else than was sent."""
    said = change(terms, row, transaction)
    if not said:
        taken = {
            "source": to_json(transaction),
            "fingerprint": row.fingerprint or told(composed(terms, row, transaction)),
        }
        return taken | (cause_values(None) | {"updated": now} if row.category == CHANGED else {})
    if row.category == CHANGED and said.items() <= (row.details or {}).items():
        return {}
    return cause_values(verdict_of(row, said)) | {"updated": now}
