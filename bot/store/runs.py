"""Sync runs, intents and the audit trail."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.models import ConnectionState, RunState, Trigger
from bot.store.database import Store, insert_new
from bot.store.rows import as_row, as_rows
from bot.store.tables import attempts, connections, events, intents, sync_runs


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over a connection. `skipped` counts what is not postable, by reason; `category` is set when the whole run failed."""

    id: int
    connection_id: str
    key: str
    trigger: str
    actor: str
    state: str
    created: datetime
    started: datetime | None
    finished: datetime | None
    fetched: int
    posted: int
    failed: int
    requests: int
    skipped: dict[str, int] | None
    category: str
    subject: str
    fault: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Intent:
    """What a person asked for by a click; committed before anything is promised."""

    id: str
    workspace_id: str
    kind: str
    actor: str
    target: dict[str, Any]
    created: datetime
    done: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the audit trail."""

    connection_id: str | None
    posting_id: int | None
    actor: str
    what: str
    text: str
    at: datetime


async def ensure_run(store: Store, key: str, *, connection: str, trigger: Trigger, actor: str, now: datetime) -> Run:
    """The run of this key, made on first sight, and waiting for its turn."""
    values = {"connection_id": connection, "trigger": trigger, "actor": actor, "state": RunState.QUEUED, "created": now}
    async with store.begin() as db:
        made = insert_new(db, sync_runs).values(key=key, **values).returning(*sync_runs.c)
        row = (await db.execute(made)).first()
        if row is None:
            row = (await db.execute(select(sync_runs).where(sync_runs.c.key == key))).one()
    return as_row(Run, row)


async def change_run(store: Store, run: int, **values: Any) -> Run:
    changed = update(sync_runs).where(sync_runs.c.id == run).values(**values).returning(*sync_runs.c)
    return as_row(Run, await store.write(lambda db: db.execute(changed).one()))


def raise_counts(db: Connection, run: int, *, posted: int, failed: int, requests: int) -> None:
    """Raise a run's counters together with what is counted; several at once all count."""
    more = {"run": run, "more_posted": posted, "more_failed": failed, "more_requests": requests}
    db.execute(_RAISE, more)


_RAISE = (
    update(sync_runs)
    .where(sync_runs.c.id == bindparam("run"))
    .values({name: sync_runs.c[name] + bindparam(f"more_{name}") for name in ("posted", "failed", "requests")})
)


async def goes_on(store: Store, run: Run) -> bool:
    """Whether the run's connection is there still, and not paused."""
    return bool(await store.glance(_AT_WORK, {"connection": run.connection_id}))


_AT_WORK = select(connections.c.id).where(
    connections.c.id == bindparam("connection"),
    connections.c.removed.is_(None),
    connections.c.state != ConnectionState.PAUSED,
)


async def get_run(store: Store, run: int) -> Run | None:
    rows = await store.glance(select(sync_runs).where(sync_runs.c.id == run))
    return as_row(Run, rows[0]) if rows else None


async def find_run(store: Store, key: str) -> Run | None:
    rows = await store.glance(select(sync_runs).where(sync_runs.c.key == key))
    return as_row(Run, rows[0]) if rows else None


async def begin(store: Store, key: str, *, connection: str, trigger: Trigger, actor: str, now: datetime) -> Run:
    """The run of this key, at work, unless it has ended already; a job that is started again finds its own.

    Only a job that has the company's turn may call this: whatever run of the connection is still said to be at work has
    lost its job.
    """
    values = {"connection_id": connection, "trigger": trigger, "actor": actor, "created": now}
    began = {"state": RunState.RUNNING, "started": now}

    def work(db: Connection) -> Row[Any]:
        made = insert_new(db, sync_runs).values(key=key, **values, **began).returning(*sync_runs.c)
        row = db.execute(made).first()
        if row is None:
            start = update(sync_runs).where(sync_runs.c.key == key, sync_runs.c.state == RunState.QUEUED)
            db.execute(start.values(**began))
            row = db.execute(select(sync_runs).where(sync_runs.c.key == key)).one()
        if row.state == RunState.RUNNING:
            db.execute(_STOP_DEAD, {"connection": connection, "run": row.id, "now": now})
        return row

    return as_row(Run, await store.write(work))


_STOP_DEAD = (
    update(sync_runs)
    .where(
        sync_runs.c.connection_id == bindparam("connection"),
        sync_runs.c.id != bindparam("run"),
        sync_runs.c.state == RunState.RUNNING,
    )
    .values(state=RunState.STOPPED, finished=bindparam("now"))
)


async def last_runs(
    store: Store, connection: str, limit: int = 5, *, ended: bool = False, before: datetime | None = None
) -> list[Run]:
    """The newest first; `ended` leaves out those that wait or are at work, `before` those asked for since."""
    query = select(sync_runs).where(sync_runs.c.connection_id == connection).order_by(sync_runs.c.id.desc())
    if ended:
        query = query.where(sync_runs.c.state.in_([RunState.FINISHED, RunState.STOPPED]))
    if before is not None:
        query = query.where(sync_runs.c.created <= before)
    async with store.read() as db:
        return as_rows(Run, await db.execute(query.limit(limit)))


async def newest(store: Store) -> dict[str, Run]:
    """The newest run of each connection."""
    last = select(func.max(sync_runs.c.id)).group_by(sync_runs.c.connection_id)
    async with store.read() as db:
        found = as_rows(Run, await db.execute(select(sync_runs).where(sync_runs.c.id.in_(last))))
    return {run.connection_id: run for run in found}


async def add_intent(
    store: Store, workspace: str, kind: str, actor: str, target: dict[str, Any], now: datetime
) -> Intent:
    """What a person asked for. Where it names postings it also keeps which attempt was the last so far: `target["tried"]`."""
    async with store.begin() as db:
        return await insert_intent(db, workspace, kind, actor, target, now)


async def insert_intent(
    db: AsyncConnection, workspace: str, kind: str, actor: str, target: dict[str, Any], now: datetime
) -> Intent:
    """The same in a transaction with something else."""
    if "postings" in target:
        tried = (await db.execute(select(func.max(attempts.c.id)))).scalar() or 0
        target = {**target, "tried": tried}
    values = {"workspace_id": workspace, "kind": kind, "actor": actor, "target": target, "created": now}
    made = insert(intents).values(id=secrets.token_hex(12), **values).returning(*intents.c)
    return as_row(Intent, (await db.execute(made)).one())


async def get_intent(store: Store, intent: str) -> Intent | None:
    rows = await store.glance(select(intents).where(intents.c.id == intent))
    return as_row(Intent, rows[0]) if rows else None


async def finish_intent(store: Store, intent: str, now: datetime) -> None:
    async with store.begin() as db:
        await db.execute(update(intents).where(intents.c.id == intent).values(done=now))


async def open_intents(store: Store, before: datetime, limit: int = 100) -> list[Intent]:
    """Asked for and not done; the sweeper turns those without a job into jobs."""
    query = select(intents).where(intents.c.done.is_(None), intents.c.created < before).order_by(intents.c.created)
    async with store.read() as db:
        return as_rows(Intent, await db.execute(query.limit(limit)))


async def tell(
    store: Store,
    what: str,
    text: str,
    now: datetime,
    *,
    actor: str = "",
    connection: str | None = None,
    posting: int | None = None,
) -> None:
    """Write one line of the audit trail."""
    values = {"connection_id": connection, "posting_id": posting, "actor": actor, "what": what, "text": text, "at": now}
    async with store.begin() as db:
        await db.execute(insert(events).values(**values))


async def told(store: Store, connection: str, *, posting: int | None = None, limit: int = 50) -> list[Event]:
    query = select(events).where(events.c.connection_id == connection)
    if posting is not None:
        query = query.where(events.c.posting_id == posting)
    async with store.read() as db:
        return as_rows(Event, await db.execute(query.order_by(events.c.id.desc()).limit(limit)))
