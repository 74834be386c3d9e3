"""Posting exactly once: the attempt is committed first, and only proof moves a row."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.hints.classify import classify
from bot.intacct.batches import Lost, NotSent, Outcome, Recorded, Refused, cut_evenly
from bot.intacct.client import IntacctClient, render_posting
from bot.models import AttemptState, Fault, Level, PostingState, RetryClass, Verdict
from bot.store import attempts, rules
from bot.store.attempts import IN_DOUBT, Attempt, Draft, Settled
from bot.store.connections import Company, Connection
from bot.store.postings import Posting
from bot.store.runs import Run
from bot.sync.mapping import Composed, Terms, compose, control_id, hold
from bot.sync.reach import Reach

log = logging.getLogger(__name__)

LARGEST = 50
"""Functions in one request: 6 % slower than 100, and half as much in doubt when an answer is lost."""

TOO_OLD = timedelta(seconds=60)
"""An attempt older than this when its request is about to leave is withdrawn: the machine slept."""

MOST_TRIES = 6
"""Of a cause that passes by itself; after that a person is told."""

A_BREATH = 20
"""Rows composed before others on the loop get their turn: some 5 ms."""

DOUBT = Verdict("outcome.unknown", "", RetryClass.LOOK)
BUSY = Verdict("limit.rate", "", RetryClass.WAIT)


@dataclass(frozen=True, slots=True)
class Pass:
    """Everything that one turn of a sync run works with."""

    reach: Reach
    connection: Connection
    company: Company
    client: IntacctClient
    terms: Terms
    run: Run


@dataclass(slots=True)
class Round:
    """What one round of requests brought. `stop` is set when nothing more may be sent in this run, and why."""

    posted: int = 0
    failed: int = 0
    unknown: int = 0
    requests: int = 0
    stop: tuple[Verdict, Fault] | None = None

    def add(self, other: Round) -> None:
        self.posted += other.posted
        self.failed += other.failed
        self.unknown += other.unknown
        self.requests += other.requests
        self.stop = self.stop or other.stop

    def count(self, settled: Sequence[Settled]) -> None:
        self.posted += sum(one.state is PostingState.POSTED for one in settled)
        self.failed += sum(one.state in {PostingState.FAILED, PostingState.HELD} for one in settled)
        self.unknown += sum(one.state is PostingState.UNKNOWN for one in settled)


async def post_round(work: Pass, rows: Sequence[Posting]) -> Round:
    """Compose, claim and send these pending rows, in one request per slot that the company allows.

    While the company must wait after "too many requests" nothing is claimed: an attempt that waits grows old.
    """
    store, now = work.reach.store, work.reach.clock()
    if work.client.allowance.hold > 0:
        return Round(stop=(BUSY, Fault(Level.TRANSPORT, http_status=429, note="Still holding back.")))
    drafts: list[Draft] = []
    held: list[Settled] = []
    by_rule: dict[str, list[int]] = {}
    for number, row in enumerate(rows, start=1):
        if number % A_BREATH == 0:
            await asyncio.sleep(0)
        made = _composed(work, row)
        if isinstance(made, Verdict):
            was = (PostingState.PENDING,)
            held.append(Settled(row.id, None, PostingState.HELD, None, verdict=made, was=was))
            continue
        draft = _draft(work, row, made)
        drafts.append(draft)
        by_rule[draft.controlid] = [rule.id for rule in made.rules]
    result = Round()
    if held:
        result.count(await attempts.settle(store, held, now))
    if drafts:
        await rules.note_uses(store, by_rule)
        result.add(await send(work, await attempts.claim(store, drafts, run=work.run.id, now=now)))
    return result


def _composed(work: Pass, row: Posting) -> Composed | Verdict:
    """The row as it would read in Intacct, or why it has to wait."""
    transaction = row.read()
    verdict = hold(transaction, work.terms, row.decision)
    return verdict or compose(transaction, work.terms, day=row.date, reference=row.reference, decision=row.decision)


def _draft(work: Pass, row: Posting, made: Composed) -> Draft:
    controlid = control_id(work.company.company_id, row.spend_company, row.transaction, row.generation, row.try_no)
    return Draft(row, controlid, render_posting(controlid, made.record), made.fingerprint)


async def send(work: Pass, tried: Sequence[Attempt], *, again: bool = False) -> Round:
    """Send committed attempts, evenly over the company's slots, and store what each answer proves as it comes.

    Args:
        again: these are unknowns whose own body is sent once more; then no error settles anything.
    """
    result = Round()
    parts = cut_evenly(tried, work.client.allowance.now, LARGEST)
    ended = await asyncio.gather(*(_part(work, part, again=again) for part in parts), return_exceptions=True)
    for one in ended:
        if isinstance(one, BaseException):
            raise one  # only now that every other part has stored what it learned
        result.add(one)
    return result


async def _part(work: Pass, part: Sequence[Attempt], *, again: bool) -> Round:
    """One request and what it proved. Whatever breaks on our side after the claim leaves an unknown, not a loss."""
    result = Round(requests=1)
    try:
        outcomes = await _ask(work, part)
    except Exception as broken:
        log.exception("a batch of %d broke on our side", len(part))
        lost = Fault(Level.TRANSPORT, note=f"{type(broken).__name__} on our side.")
        outcomes = [Lost(attempt.controlid, lost) for attempt in part]
    if len(part) > 1 and all(isinstance(one, NotSent) and poisoned(one.fault) for one in outcomes):
        half = len(part) // 2
        result.add(await _part(work, part[:half], again=again))
        result.add(await _part(work, part[half:], again=again))
        return result
    outcomes = [alone(one) if len(part) == 1 else one for one in outcomes]
    now, known = work.reach.clock(), known_to(work)
    settled = [judge(a, o, now, again=again, known=known) for a, o in zip(part, outcomes, strict=True)]
    result.count(await attempts.settle(work.reach.store, settled, now))
    for one, outcome in zip(settled, outcomes, strict=True):
        result.stop = result.stop or stopping(outcome, one)
    return result


async def _ask(work: Pass, part: Sequence[Attempt]) -> list[Outcome]:
    oldest = min(attempt.committed for attempt in part)

    def ready() -> bool:
        return work.reach.clock() - oldest <= TOO_OLD

    return await work.client.record_batch(
        [(attempt.controlid, attempt.body) for attempt in part], entity=work.connection.entity_id, ready=ready
    )


def poisoned(fault: Fault) -> bool:
    """Whether a whole request was refused at the door for what is in it, so that one function spoils it for the others."""
    if fault.level is not Level.CONTROL:
        return False
    category = classify(fault).category
    return category.startswith(("request.", "duplicate.", "data."))


def alone(outcome: Outcome) -> Outcome:
    """The refusal of a request that held nothing else is the function's own."""
    if isinstance(outcome, NotSent) and poisoned(outcome.fault):
        return Refused(outcome.controlid, outcome.fault)
    return outcome


def known_to(work: Pass) -> dict[str, str]:
    """What the classifier cannot read from a text that leaves it out."""
    return {
        "company": work.company.company_id,
        "sender": work.reach.sender_id,
        "user": work.company.user_id,
        "entity": work.connection.entity_id,
        "card": work.connection.card,
    }


def judge(
    attempt: Attempt, outcome: Outcome, now: datetime, *, again: bool = False, known: dict[str, str] | None = None
) -> Settled:
    """What one answer proves about one attempt. Only success is posted; only a first send's own failure is failed."""
    row, sent = attempt.posting_id, attempt.id
    if isinstance(outcome, Recorded):
        state = PostingState.POSTED
        return Settled(row, sent, state, AttemptState.POSTED, record_no=outcome.record_no, was=IN_DOUBT)
    fault, was = outcome.fault, (PostingState.UNKNOWN if again else PostingState.POSTING,)
    verdict = classify(fault, known=known or {})
    if isinstance(outcome, NotSent) and not again:
        wait = now + pause(attempt.try_no) if _passing(fault) else None
        state, tried = PostingState.PENDING, AttemptState.WITHDRAWN
        return Settled(row, sent, state, tried, fault=fault, not_before=wait, was=was, committed=attempt.committed)
    if isinstance(outcome, Refused) and not again and verdict.retry is not RetryClass.LOOK:
        return _refused(attempt, verdict, fault, now)
    tried = AttemptState.REFUSED if isinstance(outcome, Refused) else AttemptState.UNKNOWN
    state = PostingState.UNKNOWN
    return Settled(row, sent, state, tried, verdict=DOUBT, fault=fault, was=was, committed=attempt.committed)


def _refused(attempt: Attempt, verdict: Verdict, fault: Fault, now: datetime) -> Settled:
    """A proven failure: the next try gets an id of its own. What passes by itself is tried again, later."""
    waits = verdict.retry is RetryClass.WAIT and attempt.try_no < MOST_TRIES
    return Settled(
        attempt.posting_id,
        attempt.id,
        PostingState.PENDING if waits else PostingState.FAILED,
        AttemptState.REFUSED,
        verdict=None if waits else verdict,
        fault=fault,
        raise_try=True,
        not_before=now + pause(attempt.try_no) if waits else None,
        committed=attempt.committed,
    )


def _passing(fault: Fault) -> bool:
    """Whether a request that never ran may simply be tried again soon, rather than needing someone to let us in."""
    return fault.level is Level.TRANSPORT or fault.http_status == 429


def pause(tries: int) -> timedelta:
    """Seconds that double with each try, with jitter, so that a company's rows do not all come back at once."""
    return timedelta(seconds=min(2.0**tries, 600) * random.uniform(0.8, 1.2))  # noqa: S311  # spreads load, guards nothing


def stopping(outcome: Outcome, settled: Settled) -> tuple[Verdict, Fault] | None:
    """Whether this outcome ends the run: no way in, no permission, or nobody there."""
    if isinstance(outcome, NotSent):
        return classify(outcome.fault), outcome.fault
    barred = ("permission.", "subscription.", "auth.")
    if isinstance(outcome, Refused) and settled.verdict and settled.verdict.category.startswith(barred):
        return settled.verdict, outcome.fault
    return None
