"""Posting exactly once: the attempt is committed first, and only proof moves a row.

Every slot that the company allows is in use to the end: one lane more than there are slots takes batch after batch, so
that the next batch is composed and claimed while Intacct works through the others.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

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

HEAVIEST = 512 * 1024
"""Characters of functions in one request; a transaction with a hundred splits is some fifty thousand."""

TOO_OLD = timedelta(seconds=60)
"""An attempt older than this when its request is about to leave is withdrawn: the machine slept."""

MOST_TRIES = 6
"""Of a cause that passes by itself; after that a person is told."""

A_BREATH = 20
"""Rows composed before others on the loop get their turn: some 5 ms."""

Take = Callable[[Callable[[], bool]], Awaitable[Sequence[Posting]]]
"""`await take(halted)`: the next pending rows to send in one request; none when there are no more, or once `halted()`."""

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
    """What one round of requests brought, which its run has counted. `stop` is set when nothing more may be sent in this run, and why."""

    posted: int = 0
    failed: int = 0
    unknown: int = 0
    stop: tuple[Verdict, Fault] | None = None
    broken: bool = False

    @property
    def halted(self) -> bool:
        """Whether nothing new may be sent: the run stops, something of ours broke, or a read must succeed first."""
        return self.broken or self.stop is not None or self.unknown > 0

    def add(self, other: Round) -> None:
        self.posted += other.posted
        self.failed += other.failed
        self.unknown += other.unknown
        self.stop = self.stop or other.stop
        self.broken = self.broken or other.broken

    def count(self, settled: Sequence[Settled]) -> None:
        self.posted += sum(one.state is PostingState.POSTED for one in settled)
        self.failed += sum(one.state in {PostingState.FAILED, PostingState.HELD} for one in settled)
        self.unknown += sum(one.state is PostingState.UNKNOWN for one in settled)


async def post_round(work: Pass, rows: Sequence[Posting]) -> Round:
    """Send these pending rows, evenly over the company's slots."""
    parts = iter(cut_evenly(rows, work.client.allowance.now, work.client.batch_size.now))

    async def take(_halted: Callable[[], bool]) -> Sequence[Posting]:
        return next(parts, ())

    return await post_all(work, take)


async def post_all(
    work: Pass, take: Take, told: Callable[[Sequence[Posting], Round], Awaitable[None]] | None = None
) -> Round:
    """Compose, claim and send batch after batch, until none is left or nothing new may be sent.

    An answer in doubt, or a reason to stop, keeps every lane from taking another batch, and what stands in line for a
    slot is withdrawn. While the company must wait after "too many requests" nothing is claimed: an attempt that waits
    grows old.

    Args:
        take: gives the next batch; each lane asks by itself.
        told: called with each batch, and what it brought.
    """
    if work.client.allowance.hold > 0:
        return Round(stop=(BUSY, Fault(Level.TRANSPORT, http_status=429, note="Still holding back.")))
    result = Round()

    async def lane() -> None:
        while not result.halted and (rows := await take(lambda: result.halted)):
            one = await _post_batch(work, rows, result)
            if told is not None:
                await told(rows, one)

    async def guarded() -> None:
        try:
            await lane()
        except BaseException:
            result.broken = True
            raise

    lanes = [guarded() for _ in range(work.client.allowance.at_once + 1)]
    ended = await asyncio.gather(*lanes, return_exceptions=True)
    for one in ended:
        if isinstance(one, BaseException):
            raise one  # only now that every other lane has stored what it learned
    return result


async def _post_batch(work: Pass, rows: Sequence[Posting], whole: Round) -> Round:
    """One batch, in as many requests as its weight wants. What it brought is added to `whole` as soon as it is known."""
    store, result = work.reach.store, Round()
    drafts, held, by_rule = await _drafts(work, rows)
    if held:
        result.count(await attempts.settle(store, held, work.reach.clock(), run=work.run.id))
    if by_rule:
        await rules.note_uses(store, by_rule)
    whole.add(result)
    for part in by_weight(drafts):
        if whole.halted:
            break  # not claimed yet, so it is pending still
        tried = await attempts.claim(
            store, part, run=work.run.id, now=work.reach.clock(), entity=work.connection.entity_id
        )
        if tried:
            one = await _part(work, tried, again=False, halted=lambda: whole.halted)
            whole.add(one)
            result.add(one)
    return result


async def _drafts(work: Pass, rows: Sequence[Posting]) -> tuple[list[Draft], list[Settled], dict[str, list[int]]]:
    """The rows as they would read in Intacct, those that have to wait, and the rules that had a part, by control ID."""
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
        if made.rules:
            by_rule[draft.controlid] = [rule.id for rule in made.rules]
    return drafts, held, by_rule


def by_weight(drafts: Sequence[Draft]) -> Iterator[list[Draft]]:
    """The drafts in their order, cut where a request would grow too heavy; one that is too heavy by itself goes alone."""
    part: list[Draft] = []
    weight = 0
    for draft in drafts:
        if part and weight + len(draft.body) > HEAVIEST:
            yield part
            part, weight = [], 0
        part.append(draft)
        weight += len(draft.body)
    if part:
        yield part


def _composed(work: Pass, row: Posting) -> Composed | Verdict:
    """The row as it would read in Intacct, or why it has to wait."""
    transaction = row.read()
    verdict = hold(transaction, work.terms, row.decision)
    return verdict or compose(transaction, work.terms, day=row.date, reference=row.reference, decision=row.decision)


def _draft(work: Pass, row: Posting, made: Composed) -> Draft:
    controlid = control_id(work.company.company_id, row.spend_company, row.transaction, row.generation, row.try_no)
    return Draft(row, controlid, render_posting(controlid, made.record), made.fingerprint)


async def send(work: Pass, tried: Sequence[Attempt], *, again: bool = False) -> Round:
    """Send committed attempts of one level, evenly over the company's slots, and store what each answer proves as it comes.

    Args:
        again: these are unknowns whose own body is sent once more; then no error settles anything.
    """
    result = Round()
    parts = cut_evenly(tried, work.client.allowance.now, work.client.batch_size.now)
    ended = await asyncio.gather(*(_part(work, part, again=again) for part in parts), return_exceptions=True)
    for one in ended:
        if isinstance(one, BaseException):
            raise one  # only now that every other part has stored what it learned
        result.add(one)
    return result


def _never() -> bool:
    return False


async def _part(
    work: Pass, part: Sequence[Attempt], *, again: bool, halted: Callable[[], bool] = _never, before: int = 0
) -> Round:
    """One request and what it proved. Whatever breaks on our side after the claim leaves an unknown, not a loss.

    `before` counts the requests that were refused whole, and halved, on the way to this one.
    """
    result = Round()
    try:
        outcomes = await _ask(work, part, halted)
    except Exception as broken:
        log.exception("a batch of %d broke on our side", len(part))
        lost = Fault(Level.TRANSPORT, note=f"{type(broken).__name__} on our side.")
        outcomes = [Lost(attempt.controlid, lost) for attempt in part]
    _resize(work, outcomes)
    if len(part) > 1 and all(isinstance(one, NotSent) and poisoned(one.fault) for one in outcomes):
        half = len(part) // 2
        result.add(await _part(work, part[:half], again=again, halted=halted, before=before + 1))
        result.add(await _part(work, part[half:], again=again, halted=halted))
        return result
    outcomes = [alone(one) if len(part) == 1 else one for one in outcomes]
    now, known = work.reach.clock(), known_to(work)
    settled = [judge(a, o, now, again=again, known=known) for a, o in zip(part, outcomes, strict=True)]
    result.count(await attempts.settle(work.reach.store, settled, now, run=work.run.id, requests=before + 1))
    if halted():
        return result  # the reason is known already; what was withdrawn for it is none of its own
    for one, outcome in zip(settled, outcomes, strict=True):
        result.stop = result.stop or stopping(outcome, one)
    return result


def _resize(work: Pass, outcomes: Sequence[Outcome]) -> None:
    """The next batches are smaller after one that brought no answer, and larger again as answers come."""
    size = work.client.batch_size
    if all(isinstance(one, Lost) or (isinstance(one, NotSent) and too_large(one.fault)) for one in outcomes):
        size.was_lost(len(outcomes))
    elif any(isinstance(one, Recorded | Refused) for one in outcomes):
        size.went_well()


async def _ask(work: Pass, part: Sequence[Attempt], halted: Callable[[], bool]) -> list[Outcome]:
    oldest = min(attempt.committed for attempt in part)

    def ready() -> bool:
        return work.reach.clock() - oldest <= TOO_OLD and not halted()

    return await work.client.record_batch(
        [(attempt.controlid, attempt.body) for attempt in part], entity=part[0].entity_id, ready=ready
    )


def too_large(fault: Fault) -> bool:
    """Whether a proxy or the gateway refused the request for its size."""
    return fault.http_status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def poisoned(fault: Fault) -> bool:
    """Whether a request was refused at the door for what is in it or for its size, so that half of it may pass."""
    if too_large(fault):
        return True
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
        wait = now + pause(attempt.try_no) if _passing(outcome) else None
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


def _passing(outcome: NotSent) -> bool:
    """Whether a request that never ran is to be tried again after a while, rather than at once or when someone lets us in."""
    fault = outcome.fault
    return not outcome.withdrawn and (fault.level is Level.TRANSPORT or fault.http_status == 429)


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
