"""What changed in Intacct since a connection was set up, and where people were told: lines of the audit trail.

A mark is open from its first line to the one that says it is right again; nothing else is stored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from bot.models import Check
from bot.store.database import Store
from bot.store.rows import from_json, to_json
from bot.store.tables import events

CHANGED, RIGHT = "drift", "drift solved"
LINES = 400
"""Lines of a connection's trail that are read back; an older change that is still wrong is told anew."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One change that stops the sync, or will: the check that shows it, the step that mends it, and its message.

    `ts` is empty until the message stands in `channel`. A message about values in use has its check's key for itself, and
    `told` says which of them it still stands for.
    """

    step: int
    check: Check
    since: datetime
    channel: str = ""
    ts: str = ""
    told: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[int, str]:
        return self.step, self.check.key


async def open_marks(store: Store, connection: str) -> list[Mark]:
    """What is wrong now and was told, or is to be told; oldest first."""
    query = (
        select(events.c.what, events.c.text)
        .where(events.c.connection_id == connection, events.c.what.in_([CHANGED, RIGHT]))
        .order_by(events.c.id.desc())
        .limit(LINES)
    )
    async with store.read() as db:
        rows = (await db.execute(query)).all()
    newest: dict[tuple[int, str], tuple[str, Mark]] = {}
    for what, text in rows:
        mark = from_json(Mark, json.loads(text))
        newest.setdefault(mark.key, (what, mark))
    return sorted((mark for what, mark in newest.values() if what == CHANGED), key=lambda mark: (mark.since, mark.step))


async def note(store: Store, connection: str, mark: Mark, now: datetime) -> None:
    """It is wrong, or its message stands now."""
    await _write(store, connection, CHANGED, mark, now)


async def solved(store: Store, connection: str, mark: Mark, now: datetime) -> None:
    await _write(store, connection, RIGHT, mark, now)


def placed(mark: Mark, channel: str, ts: str) -> Mark:
    return replace(mark, channel=channel, ts=ts)


async def _write(store: Store, connection: str, what: str, mark: Mark, now: datetime) -> None:
    values: dict[str, Any] = {"connection_id": connection, "actor": "", "what": what, "at": now}
    async with store.begin() as db:
        await db.execute(insert(events).values(text=json.dumps(to_json(mark)), **values))
