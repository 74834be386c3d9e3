"""What Intacct refused and a rule knows better goes once more: the refusal is kept on the row, and the rule may speak."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from bot.models import PostingState
from bot.store import postings
from bot.store.database import Store
from bot.store.postings import Posting
from bot.sync.mapping import Composed, Terms, compose
from bot.sync.rules import dimension_of, refused_value


async def mend(store: Store, terms: Terms, ids: Collection[int], now: datetime) -> None:
    """Of these rows, what failed for a value that a rule replaces becomes due again.

    A value that is fine elsewhere, but not beside another one, is in no list of Intacct: only its refusal proves that it
    is wrong, and only for the row that was refused. Each refused value counts once, so that rules in a ring come to an end.
    """
    if not any(rule.instead for rule in terms.rules):
        return
    for row in await postings.get(store, sorted(ids)):
        decision = _refused(row) if row.state == PostingState.FAILED else None
        if decision is None or _lines(row, terms, decision) == _lines(row, terms, row.decision):
            continue
        values = {"decision": decision, "not_before": None}
        failed, due = [PostingState.FAILED], PostingState.PENDING
        await postings.move(store, [row.id], source=failed, target=due, now=now, seen=row.updated, **values)


def _refused(row: Posting) -> dict[str, Any] | None:
    """The row's decision with the value that Intacct refused; None when it names none, or one that was refused before."""
    details = row.details or {}
    dimension = dimension_of(row.category, details)
    value = refused_value(dimension, details) if dimension is not None else None
    if dimension is None or not value:
        return None
    decision = row.decision or {}
    before = decision.get("refused") or {}
    known = before.get(dimension.value, [])
    if value in known:
        return None
    return {**decision, "refused": {**before, dimension.value: [*known, value]}}


def _lines(row: Posting, terms: Terms, decision: dict[str, Any] | None) -> object:
    made = compose(row.read(), terms, day=row.date, reference=row.reference, decision=decision)
    return made.record.lines if isinstance(made, Composed) else made
