"""Posting exactly once: the attempt is committed first, and only proof moves a row."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.hints.classify import classify
from bot.intacct.batches import NotSent, Outcome, Recorded, Refused, cut_evenly
from bot.intacct.client import IntacctClient, render_posting
from bot.models import AttemptState, Fault, Level, PostingState, RetryClass, Verdict
from bot.store import postings
from bot.store.connections import Company, Connection
from bot.store.postings import Attempt, Posting, Settled
from bot.store.runs import Run
from bot.sync.mapping import Terms, compose, control_id, hold
from bot.sync.reach import Reach

LARGEST = 50
"""Functions in one request: 6 % slower than 100, and half as much in doubt when an answer is lost."""

TOO_OLD = timedelta(seconds=60)
"""An attempt older than this when its request is about to leave is withdrawn: the machine slept."""

MOST_TRIES = 6
"""Of a cause that passes by itself; after that a person is told."""


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
    sent: int = 0
    requests: int = 0
    stop: tuple[Verdict, Fault] | None = None
    causes: set[tuple[str, str]] = field(default_factory=set)

    def add(self, other: Round) -> None:
        self.posted += other.posted
        self.failed += other.failed
        self.unknown += other.unknown
        self.sent += other.sent
        self.requests += other.requests
        self.stop = self.stop or other.stop
        self.causes |= other.causes


async def post_round(work: Pass, rows: Sequence[Posting]) -> Round:
    """Compose, claim and send these pending rows, in one request per slot that the company allows."""
    store, now = work.reach.store, work.reach.clock()
    bodies: dict[int, tuple[str, str]] = {}
    prints: dict[int, str] = {}
    held: list[Settled] = []
    for row in rows:
        transaction = row.read()
        verdict = hold(transaction, work.terms, row.decision)
        made = verdict or compose(transaction, work.terms, day=row.date, reference=row.reference, decision=row.decision)
        if isinstance(made, Verdict):
            held.append(Settled(row.id, None, PostingState.HELD, None, verdict=made))
            continue
        controlid = control_id(work.company.company_id, row.spend_company, row.transaction, row.generation, row.try_no)
        bodies[row.id] = (controlid, render_posting(controlid, made.record))
        prints[row.id] = made.fingerprint
    if held:
        await postings.settle(store, held, now)
    attempts = await postings.claim(store, bodies, prints, run=work.run.id, now=now) if bodies else []
    result = await send(work, attempts)
    result.failed += len(held)
    return result


async def send(work: Pass, attempts: Sequence[Attempt], *, again: bool = False) -> Round:
    """Send committed attempts, evenly over the company's slots, and store what each answer proves.

    Args:
        again: these are unknowns whose own body is sent once more; then no error settles anything.
    """
    parts = cut_evenly(attempts, work.company.requests_at_once, LARGEST)
    result = Round(sent=len(attempts), requests=len(parts))
    answers = await asyncio.gather(*(_send_part(work, part) for part in parts))
    now = work.reach.clock()
    for part, outcomes in zip(parts, answers, strict=True):
        settled = [
            judge(attempt, outcome, now, again=again, known=_known(work))
            for attempt, outcome in zip(part, outcomes, strict=True)
        ]
        await postings.settle(work.reach.store, settled, now)
        for one, outcome in zip(settled, outcomes, strict=True):
            result.posted += one.state is PostingState.POSTED
            result.failed += one.state is PostingState.FAILED
            result.unknown += one.state is PostingState.UNKNOWN
            if one.verdict is not None and one.state is PostingState.FAILED:
                result.causes.add((one.verdict.category, one.verdict.subject))
            result.stop = result.stop or stopping(outcome, one)
    return result


async def _send_part(work: Pass, part: Sequence[Attempt]) -> list[Outcome]:
    oldest = min(attempt.committed for attempt in part)

    def ready() -> bool:
        return work.reach.clock() - oldest <= TOO_OLD

    return await work.client.record_batch(
        [(attempt.controlid, attempt.body) for attempt in part], entity=work.connection.entity_id, ready=ready
    )


def _known(work: Pass) -> dict[str, str]:
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
    if isinstance(outcome, Recorded):
        return Settled(
            attempt.posting_id, attempt.id, PostingState.POSTED, AttemptState.POSTED, record_no=outcome.record_no
        )
    if isinstance(outcome, NotSent) and not again:
        wait = now + _pause(attempt.try_no) if _passing(outcome.fault) else None
        return Settled(
            attempt.posting_id,
            attempt.id,
            PostingState.PENDING,
            AttemptState.WITHDRAWN,
            fault=outcome.fault,
            not_before=wait,
        )
    if isinstance(outcome, Refused) and not again:
        verdict = classify(outcome.fault, known=known or {})
        if verdict.retry is not RetryClass.LOOK:
            return _refused(attempt, verdict, outcome.fault, now)
    doubt = Verdict("outcome.unknown", "", RetryClass.LOOK)
    state = AttemptState.REFUSED if isinstance(outcome, Refused) else AttemptState.UNKNOWN
    return Settled(attempt.posting_id, attempt.id, PostingState.UNKNOWN, state, verdict=doubt, fault=outcome.fault)


def _refused(attempt: Attempt, verdict: Verdict, fault: Fault, now: datetime) -> Settled:
    """A proven failure: the next try gets an id of its own. What passes by itself is tried again, later."""
    if verdict.retry is RetryClass.WAIT and attempt.try_no < MOST_TRIES:
        return Settled(
            attempt.posting_id,
            attempt.id,
            PostingState.PENDING,
            AttemptState.REFUSED,
            fault=fault,
            raise_try=True,
            not_before=now + _pause(attempt.try_no),
        )
    return Settled(
        attempt.posting_id,
        attempt.id,
        PostingState.FAILED,
        AttemptState.REFUSED,
        verdict=verdict,
        fault=fault,
        raise_try=True,
    )


def _passing(fault: Fault) -> bool:
    """Whether a request that never ran may simply be tried again soon, rather than needing someone to let us in."""
    return fault.level is Level.TRANSPORT or fault.http_status == 429


def _pause(tries: int) -> timedelta:
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
