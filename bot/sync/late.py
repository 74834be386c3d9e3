"""The standing instruction for late transactions: those of a closed period are posted on the first open day."""

from __future__ import annotations

from bot.models import PostingState
from bot.store import postings, runs
from bot.store.postings import Posting
from bot.sync.post import Pass
from bot.sync.posting_day import PERIOD, Bounds, latest_of, next_month, spelled, today, told_by_refusal

OPTION = "late_to_open_day"
PATIENCE_SECONDS = 20.0
"""For Intacct's word on where the books open; nobody waits for it in a form."""
MOST = 20_000


async def to_open_day(work: Pass) -> None:
    """What failed because its period is closed becomes due on the first open day, where the connection says so.

    Each is a proven failure, so that its next try has an id of its own; its own day stays in its description.
    """
    if not work.terms.options.get(OPTION):
        return
    store, now = work.reach.store, work.reach.clock()
    failed = [PostingState.FAILED]
    late = await postings.list_postings(store, work.connection.id, states=failed, category=PERIOD, limit=MOST)
    if not late:
        return
    opens = await work.reach.books.opens(work.client, work.connection, now, PATIENCE_SECONDS)
    for row in late:
        told = latest_of([told_by_refusal(row.details), opens])
        bounds = Bounds(row.date, today(work.connection, now), work.terms.start_date, told)
        day = bounds.first_open
        if day is None or not _moves(row, bounds):
            continue
        values = {"category": "", "subject": "", "details": None, "fault": None, "not_before": None}
        decision = {**(row.decision or {}), "date": day.isoformat(), "dated_by": ""}
        due = PostingState.PENDING
        moved = await postings.move(
            store, [row.id], source=failed, target=due, now=now, seen=row.updated, decision=decision, **values
        )
        if moved:
            said = (
                f"Its period is closed: it goes to {spelled(day)}, the first open day, as this connection is set to do."
            )
            await runs.tell(store, "moved", said, now, connection=row.connection_id, posting=row.id)


def _moves(row: Posting, bounds: Bounds) -> bool:
    """Whether the first open day is another one than it was tried on, and so near that nobody needs to be asked."""
    day = bounds.first_open
    tried = (row.decision or {}).get("date") or row.date.isoformat()
    if day is None or day.isoformat() <= tried or bounds.problem(day):
        return False
    return day <= next_month(bounds.today)
