"""What a connection's transactions are coded to: those that wait, and those that posted lately, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from bot.models import PostingState
from bot.store.database import Store
from bot.store.postings import RESTING
from bot.store.rows import as_rows
from bot.store.tables import postings

PAGE = 200
"""Rows at once: a page is read and looked at without anybody noticing."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A posting as far as its coding goes; `source` is the transaction as last read."""

    id: int
    date: date
    posted: datetime | None
    merchant: str
    source: dict[str, Any]
    decision: dict[str, Any] | None


async def pages(store: Store, connection: str, since: datetime) -> AsyncIterator[list[Coded]]:
    """All that waits, then all that posted since then, each newest first."""
    for state in (*RESTING, PostingState.POSTED):
        before: list[Any] = []
        while True:
            mine = (postings.c.connection_id == connection, postings.c.state == state, *before)
            query = select(*(postings.c[name] for name in Coded.__slots__)).where(*mine)
            async with store.read() as db:
                rows = as_rows(Coded, await db.execute(query.order_by(postings.c.id.desc()).limit(PAGE)))
            page = [row for row in rows if state != PostingState.POSTED or (row.posted and row.posted >= since)]
            if page:
                yield page
            if len(rows) < PAGE or not page:
                break
            before = [postings.c.id < rows[-1].id]
