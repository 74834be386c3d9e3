"""Rows that are tried again, by kind: one of each kind goes first, so that one failure speaks for all of its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.models import PostingState, Verdict
from bot.store import postings
from bot.store.database import Store
from bot.store.postings import Posting
from bot.sync.mapping import Terms, compose

Kind = tuple[str, str, str]


def kind(row: Posting, terms: Terms) -> Kind:
    """What a row being retried has in common with others: the cause it failed with, and how it is coded now.

    A row whose coding was mended since is of another kind than one that was not.
    """
    if not row.category:
        return ("", "", "")
    made = compose(row.read(), terms, day=row.date, reference="", decision=row.decision)
    coding = (
        made.category
        if isinstance(made, Verdict)
        else repr([replace(line, amount=Decimal(0), description="") for line in made.record.lines])
    )
    return (row.category, row.subject, coding)


def probes(rows: Sequence[Posting], kinds: Mapping[int, Kind]) -> list[Posting]:
    """What goes out in this round: every new row, and the first of each kind that is being retried."""
    seen: set[Kind] = set()
    batch: list[Posting] = []
    for row in rows:
        if row.category and kinds[row.id] in seen:
            continue
        seen.add(kinds[row.id])
        batch.append(row)
    return batch


async def learn(
    store: Store, sent: Sequence[Posting], waiting: Sequence[Posting], kinds: Mapping[int, Kind], now: datetime
) -> None:
    """What the first of a kind met, the rest of it is spared, or may follow.

    The same failure again fails the rest unsent. Anything else that is proven lets the rest go at once, since the old
    cause is gone; what is not proven yet says nothing, and the next of the kind goes first.
    """
    first = {row.id: row for row in await postings.get(store, [row.id for row in sent if row.category])}
    for row in sent:
        rest = [other.id for other in waiting if kinds[other.id] == kinds[row.id]]
        came = first.get(row.id)
        if not rest or came is None or came.state in {PostingState.PENDING, PostingState.UNKNOWN}:
            continue
        pending = [PostingState.PENDING]
        if came.state == PostingState.FAILED and (came.category, came.subject) == (row.category, row.subject):
            await postings.move(store, rest, source=pending, target=PostingState.FAILED, now=now)
        else:
            values: dict[str, Any] = {"category": "", "subject": "", "details": None, "fault": None}
            await postings.move(store, rest, source=pending, target=PostingState.PENDING, now=now, **values)
