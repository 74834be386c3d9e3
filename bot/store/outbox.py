"""Messages that must arrive in Slack: written down before the call leaves, and what became of each.

A row is one message. It is committed together with the mark that its news is told, so that what is owed to people
stands in one place only; from then on the row is tried until Slack has said where the message stands.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.models import AlertState, MessageState
from bot.store.database import Store, insert_new
from bot.store.rows import as_row, as_rows
from bot.store.tables import alerts, outbox

ALERT, LINE, NOTE, STRAY = "alert", "line", "note", "stray"
"""Kinds: an alert itself, a reply in its thread, a message of its own, a copy that has to go."""

OPEN = (MessageState.DUE, MessageState.SENDING)

Also = Callable[[AsyncConnection], Awaitable[None]]
"""What is written in the same transaction."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be said once under its `key`. Without `content` it is drawn when it is sent."""

    workspace_id: str
    kind: str
    key: str
    channel: str
    content: dict[str, Any] | None = None
    connection_id: str | None = None
    alert: int | None = None
    until: datetime | None = None
    ts: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A row. `place` and `ts` are where it stands; `parent` is the ts of the alert whose thread it goes into."""

    id: int
    workspace_id: str
    connection_id: str | None
    kind: str
    key: str
    alert: int | None
    channel: str
    content: dict[str, Any] | None
    state: str
    mark: str
    tries: int
    place: str
    ts: str
    created: datetime
    claimed: datetime | None
    not_before: datetime | None
    until: datetime | None
    parent: str = ""


def _values(note: Note, now: datetime) -> dict[str, Any]:
    return {
        "workspace_id": note.workspace_id,
        "connection_id": note.connection_id,
        "kind": note.kind,
        "alert": note.alert,
        "channel": note.channel,
        "content": note.content,
        "until": note.until,
        "ts": note.ts,
        "state": MessageState.DUE,
        "mark": secrets.token_hex(8),
        "tries": 0,
        "place": "",
        "created": now,
        "claimed": None,
        "not_before": None,
    }


async def put(store: Store, note: Note, now: datetime, *, also: Also | None = None) -> bool:
    """Write down what has to be said.

    Returns:
        Whether it is new; the same key is said once.
    """
    async with store.begin() as db:
        made = insert_new(db, outbox).values(key=note.key, **_values(note, now)).returning(outbox.c.id)
        new = (await db.execute(made)).first() is not None
        if also is not None:
            await also(db)
    return new


async def arm(store: Store, note: Note, now: datetime) -> Message:
    """The row of a message that has to stand: made, or due anew where the one that stood is gone or stood elsewhere."""
    over = outbox.c.state.not_in(OPEN) | (outbox.c.channel != note.channel)
    same = outbox.c.key == note.key
    async with store.begin() as db:
        await db.execute(insert_new(db, outbox).values(key=note.key, **_values(note, now)))
        await db.execute(update(outbox).where(same, over).values(**_values(note, now)))
        return as_row(Message, {**(await db.execute(select(outbox).where(same))).one()._mapping, "parent": ""})  # noqa: SLF001  # SQLAlchemy's documented accessor


async def to_send(store: Store, connection: str) -> list[Message]:
    """What a connection still has to say, in the order in which it came up.

    Alerts are drawn and sent by whoever sees them open; one that was solved before it stood is here to be given up.
    """
    query = (
        select(outbox, func.coalesce(alerts.c.ts, "").label("parent"))
        .outerjoin(alerts, alerts.c.id == outbox.c.alert)
        .where(outbox.c.state.in_(OPEN), outbox.c.connection_id == connection)
        .where(or_(outbox.c.kind != ALERT, and_(alerts.c.state == AlertState.SOLVED, alerts.c.ts == "")))
        .order_by(outbox.c.id)
    )
    async with store.read() as db:
        return as_rows(Message, await db.execute(query))


async def claim(store: Store, message: Message, now: datetime) -> bool:
    """Take a message for one call, as it was read; False when another was quicker."""
    before = outbox.c.claimed.is_(None) if message.claimed is None else outbox.c.claimed == message.claimed
    taken = (
        update(outbox)
        .where(outbox.c.id == message.id, outbox.c.state == message.state, before)
        .values(state=MessageState.SENDING, claimed=now, tries=outbox.c.tries + 1)
        .returning(outbox.c.id)
    )
    async with store.begin() as db:
        return (await db.execute(taken)).first() is not None


async def sent(store: Store, message: Message, place: str, ts: str, *, also: Also | None = None) -> None:
    """It stands in Slack."""
    done = {"state": MessageState.SENT, "place": place, "ts": ts, "not_before": None}
    async with store.begin() as db:
        await db.execute(update(outbox).where(outbox.c.id == message.id).values(**done))
        if also is not None:
            await also(db)


async def put_back(store: Store, message: Message, not_before: datetime) -> None:
    """Slack did not take it, that is certain: due again."""
    again = {"state": MessageState.DUE, "claimed": None, "not_before": not_before}
    async with store.begin() as db:
        await db.execute(update(outbox).where(outbox.c.id == message.id).values(**again))


async def answer_lost(store: Store, message: Message, not_before: datetime) -> None:
    """Slack may have taken it; whoever sends it next looks first."""
    async with store.begin() as db:
        await db.execute(update(outbox).where(outbox.c.id == message.id).values(claimed=None, not_before=not_before))


async def give_up(store: Store, message: Message) -> None:
    async with store.begin() as db:
        await db.execute(update(outbox).where(outbox.c.id == message.id).values(state=MessageState.GIVEN_UP))


async def place_of(store: Store, workspace: str, channel: str) -> str:
    """The conversation that Slack last answered for a channel or person; empty when nothing was ever said there."""
    query = select(outbox.c.place).where(
        outbox.c.workspace_id == workspace, outbox.c.channel == channel, outbox.c.place != ""
    )
    async with store.read() as db:
        return str((await db.execute(query.order_by(outbox.c.id.desc()).limit(1))).scalar() or "")


async def adopt(store: Store, alert: int, place: str, ts: str) -> bool:
    """A message of an alert stands in Slack without our knowing: it is the alert's from now on, unless that has one."""
    free = update(alerts).where(alerts.c.id == alert, alerts.c.ts.in_(["", ts])).values(ts=ts)
    waits = outbox.c.alert == alert, outbox.c.kind == ALERT, outbox.c.state.in_(OPEN)
    done = {"state": MessageState.SENT, "place": place, "ts": ts, "not_before": None}
    async with store.begin() as db:
        if (await db.execute(free.returning(alerts.c.id))).first() is None:
            return False
        await db.execute(update(outbox).where(*waits).values(**done))
    return True


async def backlog(store: Store) -> tuple[int, datetime | None]:
    """How many messages wait for Slack, and since when the oldest does."""
    query = select(func.count(), func.min(outbox.c.created, type_=outbox.c.created.type))
    async with store.read() as db:
        n, oldest = (await db.execute(query.where(outbox.c.state.in_(OPEN)))).one()
    return int(n), oldest


async def stranded(store: Store, now: datetime, before: datetime) -> list[str]:
    """Connections with something to say since before that instant, and whose time has come."""
    query = select(outbox.c.connection_id).where(
        outbox.c.state.in_(OPEN),
        outbox.c.connection_id.is_not(None),
        outbox.c.created < before,
        or_(outbox.c.not_before.is_(None), outbox.c.not_before < now),
        or_(outbox.c.claimed.is_(None), outbox.c.claimed < before),
    )
    async with store.read() as db:
        return list((await db.execute(query.distinct().order_by(outbox.c.connection_id))).scalars())


async def purge(store: Store, before: datetime) -> None:
    """Forget what was said or given up long ago."""
    old = outbox.c.state.not_in(OPEN), outbox.c.created < before
    async with store.begin() as db:
        await db.execute(delete(outbox).where(*old))
