"""What a person is told after what they asked for is done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from bot.hints.catalogue import hint_for
from bot.hints.words import render
from bot.models import PostingState, RetryClass, RunState, Verdict
from bot.store.runs import Run
from bot.store.told import Settled
from handlers.ui.blocks import Json, message, section
from handlers.ui.text import channel, count, esc, money, plain

NO = RetryClass.NO


def run_ended(
    run: Run,
    where: str,
    posted: tuple[int, Decimal],
    waiting: Mapping[str, int],
    base: str,
    finance: str,
    verdict: Verdict | None = None,
) -> Json:
    """The result of one run in a few sentences.

    Args:
        run: ended.
        where: `100 Portland`.
        posted: number and sum of what this run posted.
        waiting: rows of the connection that wait now, by state.
        base: the company's currency.
        finance: the channel where the alerts stand.
        verdict: what stopped it, with the far end's own words; without it only the kind of it is said.
    """
    n, total = posted
    unknown = waiting.get(PostingState.UNKNOWN, 0)
    place = esc(plain(where, 120))
    said = []
    if run.state == RunState.STOPPED:
        said.append(f"The sync of {place} stopped. {because(verdict or Verdict(run.category, run.subject, NO))}")
    if n:
        said.append(f"Posted {count(n, 'transaction')}, {money(total, base, base)}, to {place}.")
    elif run.state == RunState.FINISHED and not unknown:
        said.append(f"Nothing new to post to {place}.")
    left = sum(waiting.values()) - unknown
    if left:
        stand = "it is" if left == 1 else "they are"
        said.append(f"{left:,} not posted; {stand} in {channel(finance)}.")
    if unknown:
        it = "it" if unknown == 1 else "they"
        by_hand = "it" if unknown == 1 else "them"
        said.append(
            f"{count(unknown, 'transaction')}: checking with Intacct whether {it} posted. Do not enter {by_hand} by hand."
        )
    return _said(" ".join(said))


def because(verdict: Verdict) -> str:
    """What a far end did not do, in a sentence or two; with its own words where the hint quotes them."""
    if not verdict.category:
        return "It was ended early."
    hint = hint_for(verdict)
    words = render(hint, verdict, n=0)
    header = f"{esc(words.header[:1].upper() + words.header[1:])}."
    return f"{header} {esc(words.why)}" if hint.quotes else header


def settled(found: Settled, base: str) -> Json:
    """An answer was lost, and the record was found."""
    what = f"{esc(plain(found.merchant, 80))}, {money(found.amount, plain(found.currency, 3), base)}"
    record = esc(plain(found.record_no, 20))
    return _said(f"{what}: Posted once, record {record}, found after the line dropped.")


def all_settled(found: Sequence[Settled], base: str) -> Json:
    """Answers were lost, and the records were found: one message, however many they are."""
    if len(found) == 1:
        return settled(found[0], base)
    numbers = sorted((one.record_no for one in found), key=lambda number: (len(number), number))
    records = f"{esc(plain(numbers[0], 20))} to {esc(plain(numbers[-1], 20))}"
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in found:
        sums[one.currency] += one.amount
    amounts = " and ".join(money(total, plain(currency, 3), base) for currency, total in sums.items())
    return _said(
        f"{count(len(found), 'transaction')}, {amounts}: each posted once, records {records}, found after the line dropped."
    )


def closed_channel(where: str, finance: str, why: str, bot: str) -> Json:
    """To the owner: alerts have no place to stand."""
    return _said(
        f"I cannot post alerts of {esc(plain(where, 120))} in {channel(finance)}: {esc(why)}. Nothing is lost: they stand in my "
        f"Home tab and under `/intacct errors`. Type `/invite @{esc(plain(bot, 80))}` there, or choose another channel with "
        f"`/intacct settings`."
    )


def card_corrected(where: str, what: str) -> Json:
    """To the owner: an earlier version had stored record numbers of the card where IDs belong."""
    return _said(
        f"I corrected the settings of {esc(plain(where, 120))}: {esc(plain(what, 400))}. An earlier version had stored "
        "Intacct's internal record number there. Transactions that failed because of it can be retried on their alerts; "
        "nothing that is posted was changed."
    )


def _said(text: str) -> Json:
    return message(text, [section(text, "said")])
