"""Figures of a channel's day: what posted, what did not, and what waits for cardholders, each by currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, func, or_, select

from bot.models import PostingState
from bot.store.database import Store
from bot.store.tables import postings

WAITING = "source.incomplete"
"""Cause of a row that waits for its cardholder; nobody is alerted."""

Sums = dict[str, tuple[int, Decimal]]
"""Number and sum by currency."""


@dataclass(frozen=True, slots=True)
class Figures:
    """`posted` since the last digest, `open` and `waiting` now."""

    posted: Sums
    open: Sums
    waiting: Sums

    @property
    def nothing(self) -> bool:
        return not (self.posted or self.open or self.waiting)


async def figures(store: Store, connections: Sequence[str], since: datetime) -> Figures:
    """What a digest about these connections says."""
    waits = and_(postings.c.state == PostingState.HELD, postings.c.category == WAITING)
    failed = postings.c.state.in_([PostingState.FAILED, PostingState.HELD, PostingState.UNKNOWN])
    return Figures(
        posted=await _sums(store, connections, postings.c.state == PostingState.POSTED, postings.c.posted >= since),
        open=await _sums(
            store, connections, failed, or_(postings.c.state != PostingState.HELD, postings.c.category != WAITING)
        ),
        waiting=await _sums(store, connections, waits),
    )


async def _sums(store: Store, connections: Sequence[str], *where: ColumnElement[bool]) -> Sums:
    total = func.sum(postings.c.amount, type_=postings.c.amount.type)
    query = select(postings.c.currency, func.count(), total).where(postings.c.connection_id.in_(connections), *where)
    async with store.read() as db:
        found = await db.execute(query.group_by(postings.c.currency).order_by(func.count().desc()))
        return {currency: (n, amount) for currency, n, amount in found}
