"""What people were told, and what they are still owed: kept in the audit trail, so that a restart repeats nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import and_, func, insert, or_, select, update

from bot.models import AlertState, AttemptState, PostingState, RunState
from bot.store.alerts import Alert
from bot.store.attempts import REVERSAL
from bot.store.database import Store
from bot.store.postings import CHANGED, CHANGING
from bot.store.rows import as_rows
from bot.store.runs import Run
from bot.store.tables import alerts, attempts, events, postings, sync_runs

TOLD, HOME = "told", "home opened"
FINAL = "final:"
"""How the `shown` of an alert begins once its last form stands in Slack and its story is told."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A posting whose outcome was unknown and is known now; `actor` asked for the run that sent it."""

    posting: int
    actor: str
    merchant: str
    amount: Decimal
    currency: str
    record_no: str


async def once(store: Store, what: str, now: datetime, *, connection: str | None = None, actor: str = "") -> bool:
    """Whether this is told for the first time; from now on it counts as told."""
    told = events.c.what == TOLD, events.c.text == what, events.c.actor == actor
    same = events.c.connection_id.is_(None) if connection is None else events.c.connection_id == connection
    async with store.begin() as db:
        if (await db.execute(select(events.c.id).where(*told, same).limit(1))).first():
            return False
        values = {"connection_id": connection, "actor": actor, "what": TOLD, "text": what, "at": now}
        await db.execute(insert(events).values(**values))
    return True


async def ended_runs(store: Store, connection: str, since: datetime) -> list[Run]:
    """Runs that a person asked for, that ended since, and whose result that person was not told."""
    key = "run:" + sync_runs.c.key
    told = select(events.c.id).where(events.c.connection_id == connection, events.c.what == TOLD, events.c.text == key)
    query = select(sync_runs).where(
        sync_runs.c.connection_id == connection,
        sync_runs.c.actor != "",
        sync_runs.c.state.in_([RunState.FINISHED, RunState.STOPPED]),
        sync_runs.c.finished >= since,
        ~told.exists(),
    )
    async with store.read() as db:
        return as_rows(Run, await db.execute(query.order_by(sync_runs.c.id)))


async def posted_by(store: Store, run: int) -> tuple[int, Decimal]:
    """Number and sum of what a run's own attempts posted, later settled ones included."""
    to_post = attempts.c.controlid.not_like(f"{REVERSAL}%")
    query = (
        select(func.count(), func.sum(postings.c.amount, type_=postings.c.amount.type))
        .select_from(attempts.join(postings, postings.c.id == attempts.c.posting_id))
        .where(attempts.c.run_id == run, attempts.c.state == AttemptState.POSTED, to_post)
    )
    async with store.read() as db:
        n, total = (await db.execute(query)).one()
    return int(n), total or Decimal(0)


async def open_rows(store: Store, connection: str) -> dict[str, int]:
    """How many rows wait for someone or for an answer, by state."""
    waiting = postings.c.state.in_([PostingState.FAILED, PostingState.HELD, PostingState.UNKNOWN])
    changed = and_(postings.c.state.in_(CHANGING), postings.c.category == CHANGED)
    query = select(postings.c.state, func.count().label("n")).where(
        postings.c.connection_id == connection, or_(waiting, changed)
    )
    async with store.read() as db:
        found = await db.execute(query.group_by(postings.c.state))
        return {str(row.state): int(row.n) for row in found}


async def settled(store: Store, connection: str, since: datetime) -> list[Settled]:
    """Postings that a look-up settled since, for which somebody waits and was not told."""
    earlier = events.alias()
    told = select(earlier.c.id).where(
        earlier.c.connection_id == connection, earlier.c.what == TOLD, earlier.c.posting_id == postings.c.id
    )
    query = (
        select(
            postings.c.id.label("posting"),
            func.max(sync_runs.c.actor).label("actor"),
            postings.c.merchant,
            postings.c.amount,
            postings.c.currency,
            postings.c.record_no,
        )
        .select_from(
            events.join(postings, postings.c.id == events.c.posting_id)
            .join(attempts, attempts.c.posting_id == postings.c.id)
            .join(sync_runs, sync_runs.c.id == attempts.c.run_id)
        )
        .where(
            events.c.connection_id == connection,
            events.c.what == "settled",
            events.c.at >= since,
            sync_runs.c.actor != "",
            ~told.exists(),
        )
        .group_by(postings.c.id, postings.c.merchant, postings.c.amount, postings.c.currency, postings.c.record_no)
        .order_by(postings.c.id)
    )
    async with store.read() as db:
        return as_rows(Settled, await db.execute(query))


async def tell_settled(store: Store, connection: str, posting: int, now: datetime) -> None:
    async with store.begin() as db:
        await db.execute(
            insert(events).values(
                connection_id=connection, posting_id=posting, actor="", what=TOLD, text="settled", at=now
            )
        )


# --- the Home tab -----------------------------------------------------------------------------------------------------


async def home_opened(store: Store, workspace: str, user: str, now: datetime) -> None:
    """Remember who looks at the Home tab; once for each person."""
    seen = events.c.what == HOME, events.c.actor == user, events.c.text == workspace
    async with store.begin() as db:
        known = (await db.execute(select(events.c.id).where(*seen).limit(1))).scalar()
        if known is None:
            await db.execute(insert(events).values(actor=user, what=HOME, text=workspace, at=now))
        else:
            await db.execute(update(events).where(events.c.id == known).values(at=now))


async def home_readers(store: Store, workspace: str, since: datetime) -> list[str]:
    query = select(events.c.actor).where(events.c.what == HOME, events.c.text == workspace, events.c.at >= since)
    async with store.read() as db:
        return list((await db.execute(query.order_by(events.c.id))).scalars())


# --- alerts -----------------------------------------------------------------------------------------------------------


async def unfinished_alerts(store: Store, connection: str, company: int) -> list[Alert]:
    """Every alert of a connection and its company whose last form does not stand in Slack yet."""
    mine = or_(
        alerts.c.connection_id == connection, and_(alerts.c.connection_id.is_(None), alerts.c.company == company)
    )
    unfinished = or_(alerts.c.state != AlertState.SOLVED, and_(alerts.c.ts != "", ~alerts.c.shown.startswith(FINAL)))
    async with store.read() as db:
        return as_rows(Alert, await db.execute(select(alerts).where(mine, unfinished).order_by(alerts.c.id)))


async def wake(store: Store, company: int, now: datetime) -> None:
    """Snoozed alerts whose time has come are open again."""
    due = alerts.c.company == company, alerts.c.state == AlertState.SNOOZED, alerts.c.snoozed_until <= now
    async with store.read() as db:  # hardly ever is there one, and a reader waits for nobody
        if (await db.execute(select(alerts.c.id).where(*due).limit(1))).first() is None:
            return
    async with store.begin() as db:
        await db.execute(update(alerts).where(*due).values(state=AlertState.OPEN, snoozed_until=None))


async def tell_line(store: Store, alert: int, at: int, mark: str) -> None:
    """Mark one line of an alert's story as told; lines that others add meanwhile stay."""
    async with store.begin() as db:
        lines = (await db.execute(select(alerts.c.story).where(alerts.c.id == alert).with_for_update())).scalar_one()
        lines = [{**line, "told": mark} if n == at else line for n, line in enumerate(lines)]
        await db.execute(update(alerts).where(alerts.c.id == alert).values(story=lines))
