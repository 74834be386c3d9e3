"""Reversing what was posted, when a person asked for it: nothing is believed but what Intacct shows.

The rule is that of posting: an attempt is committed before it is sent, an answer that was lost is looked up, and the
same body goes out again under its own id. The next generation is posted only once the record is seen to be reversed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bot.hints.catalogue import hint_for
from bot.hints.classify import classify
from bot.hints.words import render
from bot.intacct.batches import Lost, NotSent, Outcome, Recorded, Refused
from bot.intacct.client import render_reversal
from bot.intacct.records import FoundRecord, Role
from bot.models import (
    AttemptState,
    ConnectionState,
    Fault,
    Level,
    PostingState,
    RetryClass,
    Transaction,
    Verdict,
)
from bot.spend.errors import SourceRefused
from bot.spend.source import Source
from bot.store import alerts, attempts, postings, reversals
from bot.store.attempts import Attempt
from bot.store.postings import Posting, cause_values
from bot.store.reversals import ASKED, Told
from bot.store.rows import from_json, to_json
from bot.sync.changes import LEAVE, POST, change, recorded_on, verdict_of
from bot.sync.fetch import columns_of, standing_of
from bot.sync.mapping import next_reference, posting_date, reversal_id
from bot.sync.post import TOO_OLD, Pass, alone, known_to
from bot.sync.reach import Reach
from bot.sync.settle import Sight, look_up, may_send_again, next_look, refused_for

log = logging.getLogger(__name__)

Stop = tuple[Verdict, Fault]
"""Why nothing more may be sent in this run."""


async def turn_back(work: Pass, source: Source | None = None) -> tuple[bool, Stop | None]:
    """Go on with every reversal that was asked for.

    Args:
        source: needed to begin with one; without it only what is in doubt is looked up.

    Returns:
        Whether something is to be posted again now, and what ends the run, if anything does.

    Raises:
        IntacctError, SourceError: a far end is not to be had now; what was asked for waits.
    """
    again = False
    for row in await reversals.waiting(work.reach.store, work.connection.id):
        attempt = await reversals.last(work.reach.store, row)
        if attempt is not None and in_doubt(attempt):
            stop = await _look(work, row, attempt)
        elif source is not None:
            stop = await _begin(work, row, source)
        else:
            continue
        now = (await postings.get(work.reach.store, [row.id]))[0]
        again = again or now.state == PostingState.PENDING
        if stop is not None:
            return again, stop
    return again, None


async def next_looks(reach: Reach, connection: str) -> list[float]:
    """Seconds until the next look-up of each reversal in doubt can decide something."""
    tried = [await reversals.last(reach.store, row) for row in await reversals.waiting(reach.store, connection)]
    return [next_look(one, reach.clock(), reach.settle_after) for one in tried if one is not None and in_doubt(one)]


def in_doubt(attempt: Attempt) -> bool:
    """Whether the request may have left and nothing is proven. A first send that was refused ended the reversal."""
    return attempt.state in {AttemptState.SENDING, AttemptState.UNKNOWN} or (
        attempt.resent and attempt.state == AttemptState.REFUSED
    )


# --- before anything is sent --------------------------------------------------------------------------------------------


async def _begin(work: Pass, row: Posting, source: Source) -> Stop | None:
    """The second look: at the source, whether it still says what the person saw; at Intacct, whether it can be done."""
    agreed: Posting | None = row
    if "source" not in (row.decision or {})[ASKED]:
        agreed = await _agreed(work, row, source)
    if agreed is None:
        return None
    sight = await look_up(work, [agreed.reference], await _level(work, agreed))
    record = _record(sight, agreed)
    if (
        record is not None and record.role is Role.REVERSED
    ):  # by hand, or by an attempt that a restored database has forgotten
        await _proven(work, agreed, sight, None)
        return None
    if reason := obstacle(agreed, record):
        await _give_back(work, agreed, reason)
        return None
    attempt = await _claim(work, agreed)
    return await _send(work, agreed, attempt) if attempt is not None else None


async def _agreed(work: Pass, row: Posting, source: Source) -> Posting | None:
    """The row with what will be posted instead, if the source still says what the person decided about."""
    asked = (row.decision or {})[ASKED]
    try:
        transaction = await source.transaction(row.transaction)
    except SourceRefused as refused:
        await _give_back(work, row, f"Spend Center does not show this transaction now: {refused}")
        return None
    said = change(work.terms, row, transaction)
    if not said:
        await _give_back(work, row, "Spend Center says again what was posted.", solved=True)
        return None
    if (said["fingerprint"], said["then"]) != (asked["fingerprint"], asked["then"]):
        reason = "Spend Center changed it once more after this was asked; look at it again."
        await _give_back(work, row, reason, said=said)
        return None
    if asked["then"] == POST and transaction is not None and (waits := _waits(work, row, transaction)):
        await _give_back(work, row, waits)
        return None
    kept = {**asked, "source": to_json(transaction) if asked["then"] == POST else {}}
    return await reversals.agree(work.reach.store, row, kept, work.reach.clock())


def _waits(work: Pass, row: Posting, transaction: Transaction) -> str:
    """Why the transaction could not be posted again right away; then its record had better stay."""
    standing = standing_of(transaction, work.terms, row.date, row.reference, row.decision)
    if standing["state"] == PostingState.PENDING:
        return ""
    verdict = Verdict(
        standing["category"], standing["subject"], RetryClass.NO, tuple((standing["details"] or {}).items())
    )
    return f"As it reads now it would not post: {render(hint_for(verdict), verdict).header}."


def obstacle(row: Posting, record: FoundRecord | None) -> str:
    """Why a record cannot be reversed, as far as it shows; empty when nothing speaks against it."""
    name = f"Record {row.record_no}"
    if record is None:
        return f"{name} is not in Intacct under its reference any more."
    if record.role is not Role.LIVE:
        return f"{name} is {'a draft' if record.role is Role.DRAFT else 'itself a reversal'} in Intacct."
    if record.total != row.amount or (record.currency and record.currency != row.currency):
        return f"{name} was changed in Intacct after it was posted."
    if record.date != recorded_on(row):
        return f"{name} stands on another day in Intacct than it was posted on."
    return f"{name} is {record.locked}." if record.locked else ""


async def _level(work: Pass, row: Posting) -> str:
    """The entity that the record was posted at; the row may have come from a connection to another one."""
    posted = (await attempts.last_attempts(work.reach.store, [row.id])).get(row.id)
    return posted.entity_id if posted else work.connection.entity_id


def _record(sight: Sight, row: Posting) -> FoundRecord | None:
    return next((one for one in sight.of(row) if one.record_no == row.record_no), None)


def _reversing(sight: Sight, row: Posting) -> str:
    """The number of the record that reverses the row's: as the row's own names it, else as it names the row's."""
    record = _record(sight, row)
    if record is not None and record.reversal_key:
        return record.reversal_key
    turned = [one for one in sight.of(row) if one.role is Role.REVERSAL and one.reversed_key in {"", row.record_no}]
    return turned[0].record_no if turned else ""


# --- sent and looked up ---------------------------------------------------------------------------------------------------


async def _claim(work: Pass, row: Posting) -> Attempt | None:
    asked = (row.decision or {})[ASKED]
    controlid = reversal_id(work.company.company_id, row.spend_company, row.transaction, row.generation, row.try_no)
    memo = f"{row.reference} | reversed by {asked['by']}"
    body = render_reversal(controlid, row.record_no, date.fromisoformat(asked["day"]), memo)
    now, entity = work.reach.clock(), await _level(work, row)
    return await reversals.claim(work.reach.store, row, controlid, body, run=work.run.id, now=now, entity=entity)


async def _send(work: Pass, row: Posting, attempt: Attempt) -> Stop | None:
    """One request, and then Intacct is asked what became of it, whatever the answer said."""
    outcome = alone(await _ask(work, attempt))
    store, now = work.reach.store, work.reach.clock()
    if isinstance(outcome, NotSent):
        state = AttemptState.UNKNOWN if attempt.resent else AttemptState.WITHDRAWN
        await reversals.keep(store, Told(attempt, state, fault=outcome.fault), now)
        return classify(outcome.fault, known=known_to(work)), outcome.fault
    told = _told(attempt, outcome)
    await reversals.keep(store, replace(told, state=told.state if attempt.resent else AttemptState.UNKNOWN), now)
    sight = await look_up(work, [row.reference], attempt.entity_id)
    record = _record(sight, row)
    if record is not None and record.role is Role.REVERSED:
        await _proven(work, row, sight, attempt)
    elif isinstance(outcome, Refused) and not attempt.resent and not _doubtful(outcome.fault):
        await _refused(work, row, told, outcome.fault)
    else:
        await attempts.looked_in_vain(store, [attempt.id])
    return None


async def _ask(work: Pass, attempt: Attempt) -> Outcome:
    """The request; whatever breaks on our side leaves a doubt, not a loss."""

    def ready() -> bool:
        return work.reach.clock() - attempt.committed <= TOO_OLD

    asked = [(attempt.controlid, attempt.body)]
    try:
        [outcome] = await work.client.record_batch(asked, entity=attempt.entity_id, ready=ready)
    except Exception as broken:
        log.exception("a reversal broke on our side")
        return Lost(attempt.controlid, Fault(Level.TRANSPORT, note=f"{type(broken).__name__} on our side."))
    return outcome


def _told(attempt: Attempt, outcome: Outcome) -> Told:
    if isinstance(outcome, Recorded):
        return Told(attempt, AttemptState.UNKNOWN, outcome.record_no)
    state = AttemptState.REFUSED if isinstance(outcome, Refused) else AttemptState.UNKNOWN
    return Told(attempt, state, fault=outcome.fault)


def _doubtful(fault: Fault) -> bool:
    return classify(fault).retry is RetryClass.LOOK


async def _look(work: Pass, row: Posting, attempt: Attempt) -> Stop | None:
    """A reversal in doubt: what Intacct shows decides, and only a whole settling time later the same body goes out again."""
    sight, now = await look_up(work, [row.reference], attempt.entity_id), work.reach.clock()
    record, settle_after = _record(sight, row), work.reach.settle_after
    if record is not None and record.role is Role.REVERSED:
        await _proven(work, row, sight, attempt)
        return None
    if refused_for(attempt, now, settle_after, witnessed=sight.witnessed) is not None:
        fault = from_json(Fault, attempt.fault) if attempt.fault else Fault(Level.FUNCTION)
        await _refused(work, row, Told(attempt, AttemptState.REFUSED, fault=fault), fault)
        return None
    await attempts.looked_in_vain(work.reach.store, [attempt.id])
    if work.connection.state == ConnectionState.PAUSED or not may_send_again(attempt, now, settle_after):
        return None
    marked = await reversals.send_again(work.reach.store, attempt, now)
    return await _send(work, row, marked) if marked is not None else None


# --- the end --------------------------------------------------------------------------------------------------------------


async def _proven(work: Pass, row: Posting, sight: Sight, attempt: Attempt | None) -> None:
    """Intacct shows the record reversed: now, and not before, the row becomes what follows."""
    store, now = work.reach.store, work.reach.clock()
    asked = (row.decision or {})[ASKED]
    by = _reversing(sight, row)
    told = Told(attempt, AttemptState.POSTED, by) if attempt is not None else None
    values = _left(row, by) if asked["then"] == LEAVE else await _next(work, row, asked)
    text = f"Record {row.record_no} is reversed{f' by record {by}' if by else ''}."
    work.reach.looked.discard(work.connection.id)  # the next generation is looked up before it is posted
    if await reversals.settle(store, row, values, (asked["actor"], "reversed", text), now, told):
        line = {"did": "reversed", "record": row.record_no, "by": by, "then": asked["then"], "postings": [row.id]}
        await _line(work, asked, line, now)


def _left(row: Posting, by: str) -> dict[str, Any]:
    asked = {key: value for key, value in (row.decision or {})[ASKED].items() if key != "source"}
    decision = {**(row.decision or {}), ASKED: {**asked, "record": by}}
    return {"state": PostingState.REVERSED, "decision": decision, **cause_values(None)}


async def _next(work: Pass, row: Posting, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The next generation: the transaction as it read when the person decided, under a reference and an id of its own."""
    transaction = from_json(Transaction, asked["source"])
    own = posting_date(transaction, work.terms)
    reference = next_reference(row.reference, row.generation)
    if await postings.taken_references(work.reach.store, row.company, [reference]):
        reference = f"{reference}-{row.id}"
    decision = {key: value for key, value in (row.decision or {}).items() if key not in {ASKED, "date", "dated_by"}}
    decision = {"by": asked["by"], **decision, "replaces": row.record_no}
    if asked["again"] != own.isoformat():
        decision |= {"date": asked["again"], "dated_by": asked["by"]}
    fresh = {"record_no": "", "posted": None, "fingerprint": "", "not_before": None, "try_no": 1}
    return {
        **columns_of(transaction),
        **fresh,
        "date": own,
        "reference": reference,
        "generation": row.generation + 1,
        "receipt": "due" if transaction.receipts else "",
        "decision": decision,
        **standing_of(transaction, work.terms, own, reference, decision),
    }


async def _refused(work: Pass, row: Posting, told: Told, fault: Fault) -> None:
    """Intacct's own refusal, proven by a look-up: the record stands as it was, and a person decides anew."""
    verdict = classify(fault, known=known_to(work))
    closed = verdict.category == "period.closed"
    why = "the period of that day is closed." if closed else render(hint_for(verdict), verdict).why
    reason = f"Intacct refused it: {why}"
    more = {key: value for key, value in verdict.details if key == "first_open"}
    more |= {"closed": "yes"} if closed else {}
    await _give_back(work, row, reason, told=told, more=more)


async def _give_back(
    work: Pass,
    row: Posting,
    reason: str,
    *,
    said: dict[str, str] | None = None,
    more: Mapping[str, str] | None = None,
    told: Told | None = None,
    solved: bool = False,
) -> None:
    """Nothing was reversed: the row is posted as before, and its alert says why and asks again."""
    now, asked = work.reach.clock(), (row.decision or {})[ASKED]
    details = {**(said or _said(row)), **(more or {})}
    cause = (
        cause_values(None)
        if solved
        else cause_values(verdict_of(row, details, refused=reason), told.fault if told else None)
    )
    values = {
        "state": PostingState.POSTED,
        "decision": {key: value for key, value in (row.decision or {}).items() if key != ASKED},
        "try_no": row.try_no + (told is not None),
        **cause,
    }
    if await reversals.settle(work.reach.store, row, values, (asked["actor"], "not reversed", reason), now, told):
        await _line(work, asked, {"did": "not reversed", "reason": reason, "postings": []}, now)


def _said(row: Posting) -> dict[str, str]:
    """The change as it was told, without what an earlier refusal added."""
    kept = {"old", "new", "then", "day", "fingerprint"}
    return {key: value for key, value in (row.details or {}).items() if key in kept}


async def _line(work: Pass, asked: Mapping[str, Any], line: dict[str, Any], now: datetime) -> None:
    """One more line of the alert's story; it names the click's intent, so that it is told after the click."""
    alert = await alerts.get(work.reach.store, int(asked["alert"]))
    if alert is None:
        return
    intent = next((one["intent"] for one in reversed(alert.story) if "intent" in one), "")
    told = {"actor": asked["actor"], **line, "at": now.isoformat()} | ({"intent": intent} if intent else {})
    await alerts.add_line(work.reach.store, alert.id, told)
