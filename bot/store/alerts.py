"""Alerts: which message stands for which cause, and what it has already told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.models import AlertState
from bot.store.database import Store
from bot.store.rows import as_row, as_rows
from bot.store.tables import alerts

FINAL = "final:"
"""How the `shown` of an alert begins once its last form stands in Slack and its story is told."""

LONGEST_ID = 18
"""Digits of an id that a database can hold."""


@dataclass(frozen=True, slots=True)
class Alert:
    """The one message for all open sync errors with one cause.

    `connection_id` is None when the cause is the Intacct company's sign-in. `story` holds the thread lines that were
    told already, `shown` the digest of what Slack shows now, `working` who asked for the retry that is under way.
    """

    id: int
    workspace_id: str
    connection_id: str | None
    company: int
    category: str
    subject: str
    channel: str
    ts: str
    state: str
    assignee: str
    snoozed_until: datetime | None
    working: str
    working_since: datetime | None
    most: int
    total: Decimal
    story: list[dict[str, Any]]
    shown: str
    opened: datetime
    solved: datetime | None
    solved_by: str


async def open_for(
    store: Store,
    *,
    workspace: str,
    connection: str | None,
    company: int,
    category: str,
    subject: str,
    channel: str,
    now: datetime,
) -> Alert:
    """The open alert of this cause, made when there is none."""
    async with store.begin() as db:
        same = (
            alerts.c.connection_id.is_(None) if connection is None else alerts.c.connection_id == connection,
            alerts.c.company == company,
            alerts.c.category == category,
            alerts.c.subject == subject,
            alerts.c.channel == channel,
            alerts.c.state != AlertState.SOLVED,
        )
        row = (await db.execute(select(alerts).where(*same))).first()
        if row is None:
            values: dict[str, Any] = {
                "workspace_id": workspace,
                "connection_id": connection,
                "company": company,
                "category": category,
                "subject": subject,
                "channel": channel,
                "state": AlertState.OPEN,
                "story": [],
                "opened": now,
            }
            row = (await db.execute(insert(alerts).values(**values).returning(*alerts.c))).one()
    return as_row(Alert, row)


async def get(store: Store, alert: int) -> Alert | None:
    async with store.read() as db:
        row = (await db.execute(select(alerts).where(alerts.c.id == alert))).first()
    return as_row(Alert, row) if row else None


async def in_workspace(store: Store, workspace: str, alert: str) -> Alert | None:
    """An alert by the id that a request names, if it is one of this workspace: ids from outside are looked up so."""
    if not (alert.isascii() and alert.isdigit() and len(alert) <= LONGEST_ID):
        return None
    found = await get(store, int(alert))
    return found if found is not None and found.workspace_id == workspace else None


async def change(store: Store, alert: int, **values: Any) -> Alert:
    async with store.begin() as db:
        changed = update(alerts).where(alerts.c.id == alert).values(**values).returning(*alerts.c)
        return as_row(Alert, (await db.execute(changed)).one())


async def start_work(store: Store, alert: int, actor: str, now: datetime) -> bool:
    """Claim an alert for one retry; False when another person's is under way."""
    async with store.begin() as db:
        claimed = await db.execute(
            update(alerts)
            .where(alerts.c.id == alert, alerts.c.working == "", alerts.c.state != AlertState.SOLVED)
            .values(working=actor, working_since=now)
            .returning(alerts.c.id)
        )
        return claimed.first() is not None


async def list_open(
    store: Store, *, workspace: str | None = None, connection: str | None = None, company: int | None = None
) -> list[Alert]:
    query = select(alerts).where(alerts.c.state != AlertState.SOLVED).order_by(alerts.c.opened, alerts.c.id)
    if workspace is not None:
        query = query.where(alerts.c.workspace_id == workspace)
    if connection is not None:
        query = query.where(alerts.c.connection_id == connection)
    if company is not None:
        query = query.where(alerts.c.company == company, alerts.c.connection_id.is_(None))
    async with store.read() as db:
        return as_rows(Alert, await db.execute(query))


async def causes_since(store: Store, connection: str, since: datetime) -> set[tuple[str, str]]:
    """Category and subject of what a connection had alerts about, open or solved, that were opened since then."""
    query = select(alerts.c.category, alerts.c.subject).where(
        alerts.c.connection_id == connection, alerts.c.opened >= since
    )
    async with store.read() as db:
        return {(row.category, row.subject) for row in await db.execute(query)}


async def unsettled_messages(store: Store, connection: str) -> list[Alert]:
    """Every alert of a connection whose message may have to change, the solved ones of the last days included."""
    query = select(alerts).where(alerts.c.connection_id == connection).order_by(alerts.c.id.desc()).limit(200)
    async with store.read() as db:
        return as_rows(Alert, await db.execute(query))


async def stands(db: AsyncConnection, *, alert: int, ts: str, shown: str) -> None:
    """Its message stands in Slack; in the transaction that stores the outbox's row."""
    await db.execute(update(alerts).where(alerts.c.id == alert).values(ts=ts, shown=shown))


async def add_line(store: Store, alert: int, line: dict[str, Any]) -> None:
    async with store.begin() as db:
        await append_line(db, alert=alert, line=line)


async def append_line(db: AsyncConnection, *, alert: int, line: dict[str, Any]) -> None:
    """Append to an alert's story; two at once both stay. One that was told to its end has something to tell again."""
    mine = alerts.c.id == alert
    story = (await db.execute(select(alerts.c.story).where(mine).with_for_update())).scalar_one()
    await db.execute(update(alerts).where(mine).values(story=[*story, line]))
    await db.execute(update(alerts).where(mine, alerts.c.shown.startswith(FINAL)).values(shown=""))
