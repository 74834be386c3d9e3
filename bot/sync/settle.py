"""Unknown outcomes: Intacct is asked by reference, and nothing but its records decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.hints.classify import classify
from bot.intacct.records import FoundRecord
from bot.models import AttemptState, Fault, PostingState, RetryClass, Verdict
from bot.store import postings, runs
from bot.store.postings import Attempt, Posting, Settled
from bot.store.rows import from_json
from bot.sync.post import Pass, Round, send

FIRST_LOOK = 1000
"""References in one look-up; one query, one metered transaction."""

NO_TRACE = Verdict("outcome.unknown", "", RetryClass.LOOK)


async def settle_unknown(work: Pass) -> Round:
    """Ask for every unknown of the connection, settle what is proven, send again what may be.

    Raises:
        IntacctError: the look-up itself did not work, so nothing is proven and nothing new may be sent.
    """
    store = work.reach.store
    result = Round()
    after = 0
    while rows := await postings.list_postings(
        store, work.connection.id, states=[PostingState.UNKNOWN], after=after, limit=FIRST_LOOK
    ):
        after = rows[-1].id
        attempts = await postings.last_attempts(store, [row.id for row in rows])
        records = await look_up(work, rows)
        again = await _settle_found(work, rows, attempts, records, result)
        if again:
            await postings.mark_resent(store, [attempt.id for attempt in again], work.reach.clock())
            fresh = await postings.last_attempts(store, [attempt.posting_id for attempt in again])
            result.add(await send(work, list(fresh.values()), again=True))
    return result


async def look_up(work: Pass, rows: Sequence[Posting]) -> dict[str, list[FoundRecord]]:
    """Intacct's records under these rows' references, together with one that is known to be there."""
    witness = await postings.last_posted(work.reach.store, work.company.id, work.connection.id)
    found = await work.client.find_by_reference(
        [row.reference for row in rows],
        entity=work.connection.entity_id,
        known=witness.reference if witness else None,
    )
    by_reference: defaultdict[str, list[FoundRecord]] = defaultdict(list)
    for record in found:
        by_reference[record.reference].append(record)
    return by_reference


async def _settle_found(
    work: Pass,
    rows: Sequence[Posting],
    attempts: dict[int, Attempt],
    records: dict[str, list[FoundRecord]],
    result: Round,
) -> list[Attempt]:
    """Store what the look-up proved; returns the attempts that may be sent again."""
    store, now = work.reach.store, work.reach.clock()
    proven: list[Settled] = []
    in_vain: list[int] = []
    again: list[Attempt] = []
    for row in rows:
        attempt = attempts.get(row.id)
        hits = records.get(row.reference, [])
        if hits:
            proven.append(adopt(row, attempt, hits))
        elif attempt is None:
            proven.append(Settled(row.id, None, PostingState.PENDING, None))
        elif gone(attempt, now, work.reach.settle_after):
            fault = from_json(Fault, attempt.fault) if attempt.fault else None
            proven.append(_failed(row, attempt, fault))
        else:
            in_vain.append(attempt.id)
            if may_send_again(attempt, now, work.reach.settle_after):
                again.append(attempt)
    await postings.settle(store, proven, now)
    await postings.looked_in_vain(store, in_vain)
    by_id = {row.id: row for row in rows}
    for one in proven:
        result.posted += one.state is PostingState.POSTED
        result.failed += one.state in {PostingState.FAILED, PostingState.HELD}
        if one.state is PostingState.POSTED:
            text = f"Posted once, record {one.record_no}, found by its reference after the line dropped."
            await runs.tell(
                store, "settled", text, now, connection=by_id[one.posting_id].connection_id, posting=one.posting_id
            )
    result.unknown += len(in_vain)
    return again


def adopt(row: Posting, attempt: Attempt | None, hits: Sequence[FoundRecord]) -> Settled:
    """A record is taken as ours only if reference, date, total and currency agree, and it is no reversal; else a person is asked."""
    ours = [hit for hit in hits if agrees(row, hit)]
    if len(ours) == 1 and len(hits) == 1:
        return Settled(
            row.id,
            attempt.id if attempt else None,
            PostingState.POSTED,
            AttemptState.POSTED if attempt else None,
            record_no=ours[0].record_no,
        )
    numbers = ", ".join(hit.record_no for hit in hits)
    verdict = Verdict("duplicate.record", row.reference, RetryClass.LOOK, (("records", numbers),))
    return Settled(
        row.id,
        attempt.id if attempt else None,
        PostingState.HELD,
        AttemptState.UNKNOWN if attempt else None,
        verdict=verdict,
    )


def agrees(row: Posting, record: FoundRecord) -> bool:
    day = (row.decision or {}).get("date") or row.date.isoformat()
    return (
        record.reference == row.reference
        and record.date is not None
        and record.date.isoformat() == day
        and record.total == row.amount
        and record.currency in {row.currency, ""}
        and not record.reversed
    )


def may_send_again(attempt: Attempt, now: datetime, settle_after: timedelta) -> bool:
    """Only after two empty look-ups, the last one long enough after the attempt's commit. This look-up is one of them."""
    return not attempt.resent and attempt.looked + 1 >= 2 and now - attempt.committed >= settle_after


def gone(attempt: Attempt, now: datetime, settle_after: timedelta) -> bool:
    """Whether even the second send left no trace: refused, and nothing found for as long as a late commit may take."""
    return (
        attempt.resent
        and attempt.state == AttemptState.REFUSED
        and attempt.looked + 1 >= 2
        and now - attempt.committed >= settle_after
    )


def _failed(row: Posting, attempt: Attempt, fault: Fault | None) -> Settled:
    verdict = classify(fault) if fault else NO_TRACE
    return Settled(
        row.id, attempt.id, PostingState.FAILED, AttemptState.REFUSED, verdict=verdict, fault=fault, raise_try=True
    )


def next_look(attempt: Attempt, now: datetime, settle_after: timedelta) -> float:
    """Seconds until the next look-up can decide something; never less than one."""
    return max(1.0, (attempt.committed + settle_after - now).total_seconds() + 1)


async def look_before_first(work: Pass) -> int:
    """After a start, a restore or a reconnect: look up all due references before anything is posted.

    Returns:
        How many due rows were found in Intacct already, and are now posted.
    """
    store = work.reach.store
    found = after = 0
    while rows := await postings.due(store, work.connection.id, work.reach.clock(), limit=FIRST_LOOK, after=after):
        after = rows[-1].id
        records = await look_up(work, rows)
        attempts = await postings.last_attempts(store, [row.id for row in rows])
        proven = [
            adopt(row, attempts.get(row.id), records[row.reference]) for row in rows if records.get(row.reference)
        ]
        await postings.settle(store, proven, work.reach.clock())
        found += sum(one.state is PostingState.POSTED for one in proven)
    work.reach.looked.add(work.connection.id)
    return found
