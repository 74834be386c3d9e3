"""From the source into our rows: a page at a time, each transaction once, whatever it was before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from bot.models import PostingState, RetryClass, Transaction, Verdict
from bot.spend.source import Page, Source
from bot.store import postings
from bot.store.connections import Connection
from bot.store.database import Store
from bot.store.postings import CHANGED, Posting, cause_values
from bot.store.rows import to_json
from bot.sync.mapping import Composed, Terms, compose, hold, passed_over, posting_date, reference_for

OVERLAP = timedelta(days=2)
"""The watermark is the newest change seen, less this; its granularity is the source's day, its order not promised."""

RESTING = (PostingState.PENDING, PostingState.HELD, PostingState.FAILED)


@dataclass(slots=True)
class Haul:
    """What one pass over the source brought."""

    fetched: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    newest: datetime | None = None
    whole: bool = True


async def fetch(store: Store, connection: Connection, source: Source, terms: Terms, *, now: datetime) -> Haul:
    """Read what changed since the watermark, and store it.

    Raises:
        SourceError: the source did not answer; what was stored so far stays, and the watermark too.
    """
    since: date | None = (connection.watermark - OVERLAP).date() if connection.watermark else None
    after = terms.start_date if connection.watermark is None else None
    haul = Haul(newest=connection.watermark)
    async for page in source.transactions(since, on_or_after=after):
        await _take(store, connection, terms, page, haul, now)
    held = await postings.list_postings(store, connection.id, states=[PostingState.HELD], category="source.incomplete")
    stale = [row for row in held if connection.watermark and row.read().updated < connection.watermark - OVERLAP]
    for row in stale:
        again = await source.transaction(row.transaction)
        if again is not None:
            await _take(store, connection, terms, Page((again,)), haul, now)
    return haul


async def _take(store: Store, connection: Connection, terms: Terms, page: Page, haul: Haul, now: datetime) -> None:
    """Store one page in one commit."""
    haul.whole = haul.whole and not page.cut and not page.problems
    haul.skipped["could not be read"] += len(page.problems)
    wanted: list[Transaction] = []
    for transaction in page.transactions:
        haul.fetched += 1
        haul.newest = max(haul.newest or transaction.updated, transaction.updated)
        reason = passed_over(transaction, terms)
        if reason:
            haul.skipped[reason] += 1
        else:
            wanted.append(transaction)
    if not wanted:
        return
    known = await postings.known(store, connection.spend_company, [one.uuid for one in wanted])
    removed = await postings.owners_removed(store, {row.connection_id for row in known.values()})
    fresh = [one for one in wanted if one.uuid not in known]
    doubles = await _twins(store, connection, fresh)
    references = await _references(store, connection, fresh)
    new = [_new_row(connection, terms, one, references[one.uuid], twin=one.uuid in doubles, now=now) for one in fresh]
    changed: dict[int, dict[str, Any]] = {}
    for one in wanted:
        row = known.get(one.uuid)
        if row is None:
            continue
        if row.connection_id != connection.id and row.connection_id not in removed:
            haul.skipped["posted by another connection"] += 1
            continue
        values = _changes(terms, row, one, now)
        if row.connection_id != connection.id and row.state in RESTING:
            values |= {"connection_id": connection.id, "company": connection.company}
        if values:
            changed[row.id] = values
    await postings.save(store, new, changed)


async def _references(store: Store, connection: Connection, fresh: Sequence[Transaction]) -> dict[str, str]:
    """A reference of its own for each; one that another Spend Center company uses already gets a tail."""
    wanted = {one.uuid: reference_for(one.uuid) for one in fresh}
    taken = await postings.taken_references(store, connection.company, list(wanted.values()))
    return {
        uuid: f"{reference}-{connection.spend_company[-4:]}" if reference in taken else reference
        for uuid, reference in wanted.items()
    }


async def _twins(store: Store, connection: Connection, fresh: Sequence[Transaction]) -> set[str]:
    """Which of these are a second clear with the same authorisation, amount, sign and day."""
    seen = {
        _alike(row.read())
        for row in await postings.twins(store, connection.spend_company, [t.authorization_id or "" for t in fresh])
    }
    found = set()
    for one in fresh:
        if one.authorization_id and _alike(one) in seen:
            found.add(one.uuid)
        seen.add(_alike(one))
    return found


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
        **_read(transaction),
        **_standing(transaction, terms, day, reference, None, twin=twin),
    }


def _read(transaction: Transaction) -> dict[str, Any]:
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


def _standing(
    transaction: Transaction,
    terms: Terms,
    day: date,
    reference: str,
    decision: dict[str, Any] | None,
    *,
    twin: bool = False,
) -> dict[str, Any]:
    """Whether the row can be sent, and why not."""
    verdict = hold(transaction, terms, decision, twin=twin)
    if verdict is None:
        made = compose(transaction, terms, day=day, reference=reference, decision=decision)
        verdict = made if isinstance(made, Verdict) else None
    return {"state": PostingState.HELD if verdict else PostingState.PENDING, **cause_values(verdict)}


def _changes(terms: Terms, row: Posting, transaction: Transaction, now: datetime) -> dict[str, Any]:
    """What a row takes over from its source as it reads now."""
    values: dict[str, Any] = {}
    if transaction.receipts and not row.receipt:
        values["receipt"] = "due"
    if row.source == to_json(transaction):
        if row.state == PostingState.HELD and row.category != "held.twin":
            values |= _standing(transaction, terms, row.date, row.reference, row.decision)
            return values if values["category"] != row.category or values["state"] != row.state else {}
        return values
    if row.state in {PostingState.PENDING, PostingState.HELD}:
        twin = row.category == "held.twin"
        standing = _standing(transaction, terms, row.date, row.reference, row.decision, twin=twin)
        return values | _read(transaction) | standing | {"updated": now}
    if row.state == PostingState.FAILED:
        return values | _read(transaction)  # it stays failed until someone retries; the retry takes what is new
    if row.state == PostingState.POSTED and row.fingerprint:
        made = compose(transaction, terms, day=row.date, reference=row.reference, decision=row.decision)
        if not isinstance(made, Composed) or made.fingerprint != row.fingerprint:
            was = row.read()
            details = (("was", str(was.amount.amount)), ("now", str(transaction.amount.amount)))
            verdict = Verdict(CHANGED, row.reference, RetryClass.NO, details)
            return values | cause_values(verdict) | {"updated": now}
        if row.category == CHANGED:
            return values | cause_values(None)
    return values
