"""Reversals: asked for by a person, claimed before anything is sent, settled by what Intacct shows.

A reversal's attempts stand beside those that posted the row, under ids of their own kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from bot.models import AttemptState, Fault, PostingState, Verdict
from bot.store.attempts import REVERSAL, Attempt
from bot.store.database import Store
from bot.store.postings import CHANGED, Posting, cause_values
from bot.store.rows import as_row, as_rows, to_json
from bot.store.tables import attempts, events, postings

ASKED = "reversal"
"""Key of the decision that asks for it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an attempt, as its row takes it."""

    attempt: Attempt
    state: AttemptState
    record_no: str = ""
    fault: Fault | None = None


async def mark(store: Store, row: Posting, verdict: Verdict, now: datetime) -> bool:
    """A posted row's source says something else now; False when the row has moved on since it was read."""
    as_read = (postings.c.id == row.id, postings.c.state == PostingState.POSTED, postings.c.updated == row.updated)
    async with store.begin() as db:
        told = update(postings).where(*as_read).values(updated=now, **cause_values(verdict)).returning(postings.c.id)
        return (await db.execute(told)).first() is not None


async def ask(store: Store, row: Posting, asked: Mapping[str, Any], now: datetime) -> bool:
    """A person's decision about a posted row whose source changed; False when it has moved on since it was shown."""
    values = {"state": PostingState.REVERSING, "decision": {**(row.decision or {}), ASKED: dict(asked)}, "updated": now}
    shown = (PostingState.POSTED, CHANGED, row.record_no, row.details, row.decision)
    async with store.begin() as db:
        found = (await db.execute(select(postings).where(postings.c.id == row.id).with_for_update())).one()
        if (found.state, found.category, found.record_no, found.details, found.decision) != shown:
            return False
        await db.execute(update(postings).where(postings.c.id == row.id).values(**values))
        return True


async def agree(store: Store, row: Posting, asked: Mapping[str, Any], now: datetime) -> Posting | None:
    """What was asked for, with what will follow it: committed before anything is sent. None when the row has moved on."""
    decision = {**(row.decision or {}), ASKED: dict(asked)}
    as_read = (postings.c.id == row.id, postings.c.state == PostingState.REVERSING, postings.c.updated == row.updated)
    values = {"decision": decision, "updated": now}
    async with store.begin() as db:
        moved = await db.execute(update(postings).where(*as_read).values(**values).returning(*postings.c))
        found = moved.first()
    return as_row(Posting, found) if found else None


async def waiting(store: Store, connection: str) -> list[Posting]:
    """Rows whose reversal was asked for and is not proven yet."""
    mine = (postings.c.connection_id == connection, postings.c.state == PostingState.REVERSING)
    async with store.read() as db:
        return as_rows(Posting, await db.execute(select(postings).where(*mine).order_by(postings.c.id)))


async def last(store: Store, row: Posting) -> Attempt | None:
    """The newest attempt to reverse what this generation of the row posted."""
    mine = (
        attempts.c.posting_id == row.id,
        attempts.c.generation == row.generation,
        attempts.c.controlid.startswith(REVERSAL),
    )
    query = select(attempts).where(*mine).order_by(attempts.c.id.desc()).limit(1)
    async with store.read() as db:
        found = (await db.execute(query)).first()
    return as_row(Attempt, found) if found else None


async def claim(
    store: Store, row: Posting, controlid: str, body: str, *, run: int | None, now: datetime, entity: str
) -> Attempt | None:
    """Commit an attempt before it is sent; None when the row has changed since it was read."""
    as_read = (
        postings.c.id == row.id,
        postings.c.state == PostingState.REVERSING,
        postings.c.updated == row.updated,
        postings.c.try_no == row.try_no,
    )
    values = {
        "posting_id": row.id,
        "run_id": run,
        "controlid": controlid,
        "entity_id": entity,
        "generation": row.generation,
        "try_no": row.try_no,
        "state": AttemptState.SENDING,
        "body": body,
        "committed": now,
    }
    async with store.begin() as db:
        taken = await db.execute(update(postings).where(*as_read).values(updated=now).returning(postings.c.id))
        if taken.first() is None:
            return None
        return as_row(Attempt, (await db.execute(insert(attempts).values(**values).returning(*attempts.c))).one())


async def send_again(store: Store, attempt: Attempt, now: datetime) -> Attempt | None:
    """Committed before the same body goes out once more; its look-ups start anew. None when somebody else did it."""
    as_read = (attempts.c.id == attempt.id, attempts.c.committed == attempt.committed)
    values = {"resent": True, "looked": 0, "committed": now, "state": AttemptState.SENDING}
    async with store.begin() as db:
        marked = await db.execute(update(attempts).where(*as_read).values(**values).returning(*attempts.c))
        found = marked.first()
    return as_row(Attempt, found) if found else None


async def keep(store: Store, told: Told, now: datetime) -> None:
    """What an answer said of an attempt, while the row goes on waiting for proof."""
    async with store.begin() as db:
        await db.execute(update(attempts).where(attempts.c.id == told.attempt.id).values(**_values(told, now)))


async def settle(
    store: Store, row: Posting, values: Mapping[str, Any], said: Sequence[str], now: datetime, told: Told | None = None
) -> bool:
    """The end of a reversal, in one commit: the row, its attempt and the line of the audit trail.

    Args:
        values: what the row becomes.
        said: who, what and the sentence, for the audit trail.
        told: what became of the attempt, where there was one.

    Returns:
        False when somebody else has ended it.
    """
    still = (postings.c.id == row.id, postings.c.state == PostingState.REVERSING)
    actor, what, text = said
    event = {"connection_id": row.connection_id, "posting_id": row.id, "actor": actor, "what": what, "text": text}
    async with store.begin() as db:
        moved = await db.execute(update(postings).where(*still).values(updated=now, **values).returning(postings.c.id))
        if moved.first() is None:
            return False
        if told is not None:
            await db.execute(update(attempts).where(attempts.c.id == told.attempt.id).values(**_values(told, now)))
        await db.execute(insert(events).values(at=now, **event))
    return True


def _values(told: Told, now: datetime) -> dict[str, Any]:
    fault = to_json(told.fault) if told.fault else None
    return {"state": told.state, "answered": now, "record_no": told.record_no, "fault": fault}
