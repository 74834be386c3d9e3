"""Unknown outcomes: Intacct is asked by reference, and nothing but its records decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.hints.catalogue import hint_for
from bot.hints.classify import classify
from bot.intacct.envelope import sent_card
from bot.intacct.errors import BlindLookup
from bot.intacct.records import FoundRecord, Role
from bot.models import AttemptState, ConnectionState, Fault, Level, Operation, PostingState, RetryClass, Verdict
from bot.store import attempts, connections, postings, runs
from bot.store.attempts import Attempt, Settled
from bot.store.postings import RESTING, Posting
from bot.store.rows import from_json
from bot.sync.post import Pass, Round, send

AT_ONCE = 990
"""References in one look-up, witnesses aside; one query, one metered transaction."""

DISAGREES = "duplicate.record"
"""Cause of a row whose reference Intacct has with another date, total or currency, or more than once: a person is asked."""

LONGEST_PAUSE = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look-up saw. `witnessed` says that it also saw a record that is known to be there, so that nothing is hidden from it."""

    records: dict[str, list[FoundRecord]]
    witnessed: bool

    def of(self, row: Posting) -> list[FoundRecord]:
        return self.records.get(row.reference, [])


async def settle_unknown(work: Pass) -> Round:
    """Ask for every unknown of the connection, settle what is proven, send again what may be.

    Raises:
        IntacctError: the look-up itself did not work, so nothing is proven and nothing new may be sent.
    """
    result = Round()
    after = 0
    while rows := await _in_doubt(work, after):
        after = rows[-1].id
        again = await _look(work, rows, result)
        if not again or work.connection.state == ConnectionState.PAUSED:
            continue
        marked = await attempts.mark_resent(work.reach.store, again, work.reach.clock())
        sent = Round()
        for same_level in _by_level(marked).values():
            sent.add(await send(work, same_level, again=True))
        result.add(sent)
        if sent.unknown:
            left = await postings.get(work.reach.store, [attempt.posting_id for attempt in marked])
            await _look(work, [row for row in left if row.state == PostingState.UNKNOWN], result)
    return result


async def settle_left_behind(work: Pass) -> None:
    """What removed connections of the same Intacct company left in doubt, and nobody has taken over: looked up, not sent.

    Each is looked up until nothing can come any more: twice, and long enough after it was sent.

    Raises:
        IntacctError: the look-up itself did not work.
    """
    removed = await connections.removed_beside(work.reach.store, work.company.id)
    if removed:
        await look_once(work, [one.id for one in removed], Round())


async def look_once(work: Pass, owners: Sequence[str], result: Round) -> None:
    """One look-up of all unknown outcomes of these connections, each at the level that it was sent at."""
    store, now, settle_after = work.reach.store, work.reach.clock(), work.reach.settle_after
    for owner in owners:
        after = 0
        while rows := await postings.list_postings(
            store, owner, states=[PostingState.UNKNOWN], after=after, limit=AT_ONCE
        ):
            after = rows[-1].id
            tried = await attempts.last_attempts(store, [row.id for row in rows])
            done = {one.posting_id for one in tried.values() if one.looked >= 2 and _settled_by(one, now, settle_after)}
            if wanted := [row for row in rows if row.id not in done]:
                await _look(work, wanted, result)


def _settled_by(attempt: Attempt, now: datetime, settle_after: timedelta) -> bool:
    return now - attempt.committed >= settle_after


def _by_level(tried: Iterable[Attempt]) -> dict[str, list[Attempt]]:
    """Attempts by the entity that they were sent at; the connection may have moved to another since."""
    levels: defaultdict[str, list[Attempt]] = defaultdict(list)
    for attempt in tried:
        levels[attempt.entity_id].append(attempt)
    return levels


async def _in_doubt(work: Pass, after: int) -> list[Posting]:
    """The next unknown rows, and those that disagreed with a record which somebody may have mended since."""
    store, connection = work.reach.store, work.connection.id
    unknown, held = [PostingState.UNKNOWN], [PostingState.HELD]
    rows = await postings.list_postings(store, connection, states=unknown, after=after, limit=AT_ONCE)
    rows += await postings.list_postings(store, connection, states=held, category=DISAGREES, after=after, limit=AT_ONCE)
    return sorted(rows, key=lambda row: row.id)[:AT_ONCE]


async def look_up(work: Pass, references: Sequence[str], entity: str) -> Sight:
    """Intacct's records under these references, seen from that level, together with some that are known to be there.

    Of the witnesses, those posted within the settling time must all be seen, since what is new shows last; of older ones
    one is enough, since people delete records.

    Raises:
        BlindLookup: a witness that must be seen was not, so that an empty answer means nothing.
    """
    known = await postings.witnesses(work.reach.store, work.company.id, entity)
    found = await work.client.find_by_reference([*references, *(row.reference for row in known)], entity=entity)
    records: defaultdict[str, list[FoundRecord]] = defaultdict(list)
    for record in found:
        records[record.reference].append(record)
    lately = work.reach.clock() - work.reach.settle_after
    missed = [row for row in known if row.reference not in records]
    if len(missed) == len(known) > 0 or any(row.posted and row.posted > lately for row in missed):
        note = "The look-up missed a record that is known to be there."
        raise BlindLookup(Fault(Level.FUNCTION, operation=Operation.READ, note=note))
    return Sight(dict(records), witnessed=bool(known))


async def _look(work: Pass, rows: Sequence[Posting], result: Round) -> list[Attempt]:
    """One look-up for these rows: store what it proved; returns the attempts that may be sent again."""
    tried = await attempts.last_attempts(work.reach.store, [row.id for row in rows])
    levels: defaultdict[str, list[Posting]] = defaultdict(list)
    for row in rows:
        levels[tried[row.id].entity_id if row.id in tried else work.connection.entity_id].append(row)
    again: list[Attempt] = []
    for entity, some in levels.items():
        again += await _look_from(work, entity, some, tried, result)
    return again


async def _look_from(
    work: Pass, entity: str, rows: Sequence[Posting], tried: Mapping[int, Attempt], result: Round
) -> list[Attempt]:
    store, settle_after = work.reach.store, work.reach.settle_after
    sight = await look_up(work, [row.reference for row in rows], entity)
    now = work.reach.clock()
    proven: list[Settled] = []
    in_vain: list[Attempt] = []
    for row in rows:
        one = _proof(row, tried.get(row.id), sight, now, settle_after, work.connection.card)
        if one is not None:
            proven.append(one)
        elif row.state == PostingState.UNKNOWN and row.id in tried:
            in_vain.append(tried[row.id])
    stored = await attempts.settle(store, proven, now, run=work.run.id)
    if in_vain:
        await attempts.looked_in_vain(store, [attempt.id for attempt in in_vain])
    await _tell(work, rows, stored)
    result.count(stored)
    result.unknown += len(in_vain)
    return [attempt for attempt in in_vain if may_send_again(attempt, now, settle_after)]


def _proof(
    row: Posting, attempt: Attempt | None, sight: Sight, now: datetime, settle_after: timedelta, card: str
) -> Settled | None:
    """What a look-up proves about one row, or None when it proves nothing."""
    hits = sight.of(row)
    this_try = attempt is not None and (attempt.generation, attempt.try_no) == (row.generation, row.try_no)
    sent = attempt is not None and this_try and attempt.state != AttemptState.WITHDRAWN
    if hits:
        found = adopt(row, attempt, hits, card)
        same = found.verdict and (row.details or {}) == dict(found.verdict.details)
        return None if row.state == PostingState.HELD and same else found
    if row.state == PostingState.HELD:  # the record that disagreed is gone
        state = PostingState.UNKNOWN if sent else PostingState.PENDING
        doubt = Verdict("outcome.unknown", "", RetryClass.LOOK) if sent else None
        return Settled(row.id, None, state, None, verdict=doubt, was=(PostingState.HELD,))
    if attempt is None or not sent:
        return Settled(row.id, None, PostingState.PENDING, None, was=(PostingState.UNKNOWN,))
    verdict = refused_for(attempt, now, settle_after, witnessed=sight.witnessed)
    if verdict is None:
        return None
    return Settled(
        row.id,
        attempt.id,
        PostingState.FAILED,
        AttemptState.REFUSED,
        verdict=verdict,
        fault=from_json(Fault, attempt.fault) if attempt.fault else None,
        raise_try=True,
        was=(PostingState.UNKNOWN,),
        committed=attempt.committed,
    )


async def _tell(work: Pass, rows: Sequence[Posting], stored: Sequence[Settled]) -> None:
    """A line of the audit trail for each record that was found."""
    by_id = {row.id: row for row in rows}
    for one in stored:
        if one.state is PostingState.POSTED:
            text = f"Posted once, record {one.record_no}, found by its reference after the line dropped."
            connection = by_id[one.posting_id].connection_id
            now = work.reach.clock()
            await runs.tell(work.reach.store, "settled", text, now, connection=connection, posting=one.posting_id)


def adopt(row: Posting, attempt: Attempt | None, hits: Sequence[FoundRecord], card: str) -> Settled:
    """A record is taken as ours only if reference, date, total, currency and card agree, and it stands; else a person is asked.

    A draft does not stand, nor does either half of a reversal.
    """
    tried, was = attempt.id if attempt else None, (PostingState.UNKNOWN, *RESTING)
    card = (
        sent_card(attempt.body) if attempt else ""
    ) or card  # the row may have come from a connection to another one
    if len(hits) == 1 and agrees(row, hits[0], card):
        state = AttemptState.POSTED if attempt else None
        return Settled(row.id, tried, PostingState.POSTED, state, record_no=hits[0].record_no, was=was)
    numbers = ", ".join(hit.record_no for hit in hits)
    verdict = Verdict(DISAGREES, row.reference, RetryClass.LOOK, (("records", numbers),))
    return Settled(row.id, None, PostingState.HELD, None, verdict=verdict, was=was)


def agrees(row: Posting, record: FoundRecord, card: str) -> bool:
    day = (row.decision or {}).get("date") or row.date.isoformat()
    total = sum((line.amount for line in row.read().lines), Decimal(0))
    return (
        record.reference == row.reference
        and record.date is not None
        and record.date.isoformat() == day
        and record.total == total
        and record.currency in {row.currency, ""}
        and record.role is Role.LIVE
        and record.on(card) is not False
    )


def _looked_enough(attempt: Attempt, now: datetime, settle_after: timedelta) -> bool:
    """Two empty look-ups, the last one long enough after the attempt's commit. The look-up just made is one of them."""
    return attempt.looked + 1 >= 2 and _settled_by(attempt, now, settle_after)


def may_send_again(attempt: Attempt, now: datetime, settle_after: timedelta) -> bool:
    """Whether the same body may go out once more: under its own id Intacct runs it once at most, however often it comes."""
    return _looked_enough(attempt, now, settle_after) and not _replayed(attempt)


def _replayed(attempt: Attempt) -> bool:
    """Whether Intacct answered the second send that it had this id before: a third would be answered the same."""
    fault = from_json(Fault, attempt.fault) if attempt.fault else None
    known = fault is not None and attempt.state == AttemptState.REFUSED
    return known and attempt.resent and fault is not None and classify(fault).category.startswith("duplicate.")


def refused_for(attempt: Attempt, now: datetime, settle_after: timedelta, *, witnessed: bool) -> Verdict | None:
    """Why a row is failed after all: its second send was refused, and a whole settling time later there is still no trace.

    A refusal that may mean "I have this one" counts only if the look-up saw a witness; then the id is spent by a try
    that failed, or somebody deleted the record, and a person decides whether it is posted under a new one. Trouble of
    the machines, such as a session that ended within the request, fails no row: nobody has anything to mend, and the
    same body goes out once more.
    """
    if not (attempt.resent and attempt.state == AttemptState.REFUSED and attempt.fault):
        return None
    if not _looked_enough(attempt, now, settle_after):
        return None
    verdict = classify(from_json(Fault, attempt.fault))
    if verdict.category.startswith("duplicate."):
        spent = replace(verdict, category="unknown", subject="request spent", retry=RetryClass.NO)
        details = tuple((key, value) for key, value in verdict.details if key != "cause")
        return replace(spent, details=(("cause", "not-recognised"), *details)) if witnessed else None
    believed = witnessed or verdict.category != "unknown"
    passes = verdict.retry is RetryClass.LOOK or hint_for(verdict).transient
    return verdict if believed and not passes else None


def next_look(attempt: Attempt, now: datetime, settle_after: timedelta) -> float:
    """Seconds until the next look-up can decide something; once all is decided but the answer, ever longer."""
    left = (attempt.committed + settle_after - now).total_seconds() + 1
    if left > 0 or attempt.looked < 2:
        return max(1.0, left)
    return min(2.0**attempt.looked, LONGEST_PAUSE.total_seconds())


async def look_before_first(work: Pass) -> int:
    """After a start, a restore or a reconnect: what Intacct has already is not posted again.

    Returns:
        The id up to which the rows were looked up; those that are fetched from now on have higher ones.
    """
    after = 0
    while rows := await postings.resting(work.reach.store, work.connection.id, after=after, limit=AT_ONCE):
        after = rows[-1][0]
        await adopt_known(work, dict(rows))
        if len(rows) < AT_ONCE:
            break
    return after


async def adopt_known(work: Pass, resting: Mapping[int, str]) -> set[int]:
    """Those of these rows, given as id and reference, that Intacct has already; they are posted, or held to ask a person.

    Raises:
        IntacctError: the look-up itself did not work.
    """
    store = work.reach.store
    sight = await look_up(work, list(resting.values()), work.connection.entity_id)
    hit = await postings.get(store, [one for one, reference in resting.items() if reference in sight.records])
    if not hit:
        return set()
    tried = await attempts.last_attempts(store, [row.id for row in hit])
    proven = [adopt(row, tried.get(row.id), sight.of(row), work.connection.card) for row in hit]
    stored = await attempts.settle(store, proven, work.reach.clock(), run=work.run.id)
    await _tell(work, hit, stored)
    return {row.id for row in hit}
