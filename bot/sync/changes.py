"""What a posted transaction's source says now that it did not say when it was posted. Pure."""

from __future__ import annotations

from datetime import date
from typing import Any

from bot.intacct.records import PostingLine
from bot.models import RetryClass, Transaction, Verdict
from bot.store.postings import CHANGED, Posting
from bot.sync.mapping import Composed, Terms, compose, passed_over, posting_date

UNDONE = {"not cleared yet", "declined", "zero amount", "posted by Spend Center itself"}
"""Reasons to pass over that are news about a transaction which was posted already."""

DELETED = "deleted"
POST, LEAVE = "post", "leave"
"""What follows a reversal: the transaction is posted again as it reads now, or nothing is."""

REFUSED = "reversal-refused"
"""Cause of a change whose reversal was asked for and not made."""


def change(terms: Terms, row: Posting, transaction: Transaction | None) -> dict[str, str]:
    """What differs from what was posted, both read on the terms of today; empty when nothing does, or a person let it stand.

    Args:
        transaction: as it reads now; None when the source has deleted it.

    Returns:
        `old` and `new` as texts, `then` (what a reversal is followed by), `day` (ISO day of a new posting), and the
        `fingerprint` of what the source says, by which a person's decision is about this change and no other.
    """
    reason = DELETED if transaction is None else passed_over(transaction, terms)
    if transaction is None or reason in UNDONE:
        return undone(row, reason)
    before, after = composed(terms, row, row.read()), composed(terms, row, transaction)
    if told(after) in {told(before), row.fingerprint}:
        return {}
    day = posting_date(transaction, terms)
    new = _figure(transaction, day)
    old, said = _old(row), {"then": POST, "day": day.isoformat(), "fingerprint": told(after)}
    if old == new and isinstance(before, Composed) and isinstance(after, Composed):
        old, new = (_coding(one.record.lines) for one in (before, after))
    return {"old": old, "new": new, **said}


def undone(row: Posting, reason: str) -> dict[str, str]:
    """The same, for a transaction that nothing is left of."""
    if row.fingerprint == reason:
        return {}
    return {"old": _old(row), "new": reason, "then": LEAVE, "fingerprint": reason}


def verdict_of(row: Posting, said: dict[str, str], *, refused: str = "") -> Verdict:
    """The cause that a posted row has because of a change; `refused` is why a reversal of it was not made."""
    cause = REFUSED if refused else "source-undone" if said["then"] == LEAVE else "source-changed"
    details = {"cause": cause, **said} | ({"said": refused} if refused else {})
    return Verdict(CHANGED, row.reference, RetryClass.NO, tuple(details.items()))


def composed(terms: Terms, row: Posting, transaction: Transaction) -> Composed | Verdict:
    return compose(transaction, terms, day=row.date, reference=row.reference, decision=row.decision)


def told(made: Composed | Verdict) -> str:
    """What identifies a reading: the fingerprint, or why it cannot be written."""
    return made.fingerprint if isinstance(made, Composed) else f"{made.category} {made.subject}"[:64]


def recorded_on(row: Posting) -> date:
    """The day of the row's record: its own, or the one to which a person moved it."""
    moved = (row.decision or {}).get("date")
    return date.fromisoformat(moved) if moved else row.date


def _old(row: Posting) -> str:
    return _text(row.amount, row.currency, recorded_on(row))


def _figure(transaction: Transaction, day: date) -> str:
    return _text(transaction.amount.amount, transaction.amount.currency, day)


def _text(amount: Any, currency: str, day: date) -> str:
    return f"{amount:,.2f} {currency} on {day.day} {day:%b}"


def _coding(lines: tuple[PostingLine, ...]) -> str:
    """`60.00 on 6420 20 100, 40.00 on 6210 20 100`: account, department, location, project."""
    coded = ((line.amount, (line.account, line.department, line.location, line.project)) for line in lines)
    return ", ".join(f"{amount:,.2f} on {' '.join(part for part in parts if part)}" for amount, parts in coded)
