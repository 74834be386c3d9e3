"""Postings that a person entered in Intacct: marked in one statement, each record for one posting only, and taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select, update

from bot.models import PostingState
from bot.store.database import Store
from bot.store.postings import BY_HAND, Posting, cause_values
from bot.store.rows import as_row
from bot.store.tables import companies, postings

OPEN = (PostingState.FAILED, PostingState.HELD)
"""States in which nothing of a row is in Intacct, so that a record made by hand can stand for it."""


async def mark(
    store: Store, row: Posting, record_no: str, reference: str, *, said: dict[str, Any], now: datetime
) -> Posting | None:
    """Let a record stand for an open posting.

    Args:
        row: as it was read; one that has moved on meanwhile is left alone.
        reference: the record's own, which may be that of another posting.
        said: who marked it and why; kept on the row beside what it was before.

    Returns:
        The posting that has this record already, or None once this one has it.

    Raises:
        LookupError: the row is not open any more.
    """
    async with store.begin() as db:
        company = select(companies.c.company_id).where(companies.c.id == row.company)
        same = select(companies.c.id).where(companies.c.company_id == company.scalar_subquery())
        # whoever marks another posting of these books with the same record waits here, and then sees this one
        await db.execute(select(companies.c.id).where(companies.c.id.in_(same)).with_for_update())
        claims = or_(
            postings.c.record_no == record_no, and_(postings.c.reference == reference, postings.c.reference != "")
        )
        mine = postings.c.company.in_(same), postings.c.id != row.id
        claimed = (await db.execute(select(postings).where(claims, *mine).limit(1))).first()
        if claimed is not None:
            return as_row(Posting, claimed)
        was = {name: getattr(row, name) for name in ("state", "category", "subject", "details", "fault")}
        values: dict[str, Any] = {
            "state": PostingState.POSTED,
            "record_no": record_no,
            "posted": now,
            "updated": now,
            "decision": {**(row.decision or {}), BY_HAND: {**said, "record": record_no, "was": was}},
            **cause_values(None),
        }
        moved = await db.execute(
            update(postings)
            .where(postings.c.id == row.id, postings.c.state.in_(OPEN), postings.c.updated == row.updated)
            .values(**values)
            .returning(postings.c.id)
        )
        if moved.first() is None:
            raise LookupError("The posting has moved on.")
    return None


async def open_again(store: Store, row: Posting, values: dict[str, Any], now: datetime) -> bool:
    """Take back what a person decided about a row; False when it has moved on meanwhile."""
    async with store.begin() as db:
        moved = await db.execute(
            update(postings)
            .where(postings.c.id == row.id, postings.c.state == row.state, postings.c.updated == row.updated)
            .values(updated=now, **values)
            .returning(postings.c.id)
        )
        return moved.first() is not None
