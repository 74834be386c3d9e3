"""What people were told, and what they are still owed: kept in the audit trail, so that a restart repeats nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, String, and_, bindparam, cast, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.models import AlertState, AttemptState, PostingState, RunState
from bot.store.alerts import FINAL, Alert
from bot.store.attempts import REVERSAL
from bot.store.connections import CORRECTED, Connection
from bot.store.database import Store
from bot.store.outbox import OPEN as MESSAGES
from bot.store.postings import CHANGING, OPEN
from bot.store.rows import as_rows
from bot.store.runs import Run
from bot.store.tables import alerts, attempts, companies, events, outbox, postings, sync_runs
from bot.store.types import Instant

TOLD, HOME = "told", "home opened"
WAITING = (PostingState.FAILED, PostingState.HELD, PostingState.UNKNOWN)
"""States of rows that wait for someone or for an answer."""

REMEMBER = timedelta(days=1)
"""A result that could not be told for so long is told no more; the Home tab has it."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A posting whose outcome was unknown and is known now; `actor` asked for the run that sent it."""

    posting: int
    actor: str
    merchant: str
    amount: Decimal
    currency: str
    record_no: str


async def any_news(store: Store, connection: Connection, since: datetime) -> bool:
    """Whether anything of a connection is open, unfinished or not told, by one statement.

    Most runs leave nothing behind but posted rows, and have nothing but pending ones while they are at work; what people
    see of those is no message.
    """
    asked = {"connection": connection.id, "company": connection.company, "since": since}
    [[news]] = await store.glance(_any_news(), asked)
    return bool(news)


@cache
def _any_news() -> Select[Any]:
    connection, company = bindparam("connection", type_=String), bindparam("company", type_=Integer)
    since = bindparam("since", type_=Instant)
    mine = postings.c.connection_id == connection
    ended = sync_runs.c.state.in_([RunState.FINISHED, RunState.STOPPED])
    newest = select(func.max(sync_runs.c.id)).where(sync_runs.c.connection_id == connection, ended).scalar_subquery()
    traces = (
        select(postings.c.id).where(mine, postings.c.state.in_(WAITING)),
        select(postings.c.id).where(mine, postings.c.category > "", postings.c.state.in_([*OPEN, *CHANGING])),
        select(alerts.c.id).where(_mine(connection, company), _unfinished()),
        select(outbox.c.id).where(outbox.c.state.in_(MESSAGES), outbox.c.connection_id == connection),
        select(companies.c.id).where(companies.c.id == company, companies.c.problem_since.is_not(None)),
        select(sync_runs.c.id).where(sync_runs.c.id == newest, sync_runs.c.state == RunState.STOPPED),
        select(sync_runs.c.id).where(_untold_run(connection, since)),
        select(events.c.id).where(
            events.c.connection_id == connection, events.c.what == "settled", events.c.at >= since
        ),
        _untold_corrections(connection),
    )
    return select(or_(*(trace.exists() for trace in traces)))


def _untold_run(connection: Any, since: Any) -> Any:
    """A run that a person asked for, that ended since, and whose result that person was not told."""
    key = "run:" + sync_runs.c.key
    told = select(events.c.id).where(events.c.connection_id == connection, events.c.what == TOLD, events.c.text == key)
    return and_(
        sync_runs.c.connection_id == connection,
        sync_runs.c.actor != "",
        sync_runs.c.state.in_([RunState.FINISHED, RunState.STOPPED]),
        sync_runs.c.finished >= since,
        ~told.exists(),
    )


async def ended_runs(store: Store, connection: str, since: datetime) -> list[Run]:
    """Runs that a person asked for, that ended since, and whose result that person was not told."""
    query = select(sync_runs).where(_untold_run(connection, since))
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
    waiting = postings.c.state.in_(WAITING)
    changed = and_(postings.c.state.in_(CHANGING), postings.c.category != "")
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


def _untold_corrections(connection: Any) -> Select[Any]:
    told = events.alias()
    key = f"{CORRECTED}:" + cast(events.c.id, String)
    said = select(told.c.id).where(told.c.connection_id == connection, told.c.what == TOLD, told.c.text == key)
    mine = events.c.connection_id == connection, events.c.what == CORRECTED
    return select(events.c.id, events.c.text).where(*mine, ~said.exists())


async def corrections(store: Store, connection: str) -> dict[int, str]:
    """What was corrected of what a connection keeps of its card, and its owner was not told; by its line in the trail."""
    async with store.read() as db:
        return {int(line.id): str(line.text) for line in await db.execute(_untold_corrections(connection))}


async def tell_correction(db: AsyncConnection, *, connection: str, line: int, now: datetime) -> None:
    said = {"connection_id": connection, "actor": "", "what": TOLD, "text": f"{CORRECTED}:{line}", "at": now}
    await db.execute(insert(events).values(**said))


async def tell_settled(db: AsyncConnection, *, connection: str, found: Sequence[int], now: datetime) -> None:
    """The outcome of these postings is told."""
    line = {"connection_id": connection, "actor": "", "what": TOLD, "text": "settled", "at": now}
    await db.execute(insert(events), [{**line, "posting_id": posting} for posting in found])


async def tell_run(db: AsyncConnection, *, run: Run, now: datetime) -> None:
    """The result of a run is told."""
    line = {"connection_id": run.connection_id, "actor": "", "what": TOLD, "text": f"run:{run.key}", "at": now}
    await db.execute(insert(events).values(**line))


async def run_shown(store: Store, run: Run, now: datetime) -> None:
    """The result of a run needs no telling: its alert shows all of it."""
    async with store.begin() as db:
        await tell_run(db, run=run, now=now)


# --- the Home tab -----------------------------------------------------------------------------------------------------


async def home_opened(store: Store, workspace: str, user: str, now: datetime) -> None:
    """Remember who looks at the Home tab; once for each person."""
    seen = _home(workspace), events.c.actor == user
    async with store.begin() as db:
        known = (await db.execute(select(events.c.id).where(*seen).limit(1))).scalar()
        if known is None:
            await db.execute(insert(events).values(actor=user, what=HOME, text=workspace, at=now))
        else:
            await db.execute(update(events).where(events.c.id == known).values(at=now))


def _home(workspace: str) -> Any:
    """The lines of no connection are few, and found by its index."""
    return and_(events.c.connection_id.is_(None), events.c.what == HOME, events.c.text == workspace)


async def home_readers(store: Store, workspace: str, since: datetime) -> list[str]:
    lately = _home(workspace), events.c.at >= since
    query = select(events.c.actor).where(*lately)
    async with store.read() as db:
        return list((await db.execute(query.order_by(events.c.id))).scalars())


# --- alerts -----------------------------------------------------------------------------------------------------------


async def unfinished_alerts(store: Store, connection: str, company: int) -> list[Alert]:
    """Every alert of a connection and its company whose last form does not stand in Slack yet."""
    query = select(alerts).where(_mine(connection, company), _unfinished()).order_by(alerts.c.id)
    async with store.read() as db:
        return as_rows(Alert, await db.execute(query))


def _mine(connection: Any, company: Any) -> Any:
    return or_(
        alerts.c.connection_id == connection, and_(alerts.c.connection_id.is_(None), alerts.c.company == company)
    )


def _unfinished() -> Any:
    return or_(alerts.c.state != AlertState.SOLVED, and_(alerts.c.ts != "", ~alerts.c.shown.startswith(FINAL)))


async def wake(store: Store, company: int, now: datetime) -> None:
    """Snoozed alerts whose time has come are open again."""
    due = alerts.c.company == company, alerts.c.state == AlertState.SNOOZED, alerts.c.snoozed_until <= now
    async with store.read() as db:  # hardly ever is there one, and a reader waits for nobody
        if (await db.execute(select(alerts.c.id).where(*due).limit(1))).first() is None:
            return
    async with store.begin() as db:
        await db.execute(update(alerts).where(*due).values(state=AlertState.OPEN, snoozed_until=None))


async def tell_line(store: Store, alert: int, at: int, mark: str) -> None:
    async with store.begin() as db:
        await mark_line(db, alert=alert, at=at, mark=mark)


async def mark_line(db: AsyncConnection, *, alert: int, at: int, mark: str) -> None:
    """Mark one line of an alert's story as told; lines that others add meanwhile stay."""
    await _change_line(db, alert, at, {"told": mark})


async def close(store: Store, alert: int, shown: str) -> None:
    """The last form of an alert stands in Slack; unless somebody has added to its story since, which is told next."""
    mine = alerts.c.id == alert
    async with store.begin() as db:
        lines = (await db.execute(select(alerts.c.story).where(mine).with_for_update())).scalar_one()
        if all("told" in line for line in lines):
            await db.execute(update(alerts).where(mine).values(shown=shown))


async def line_shows(store: Store, alert: int, at: int, stage: str) -> None:
    """The message of one line was edited, and shows this stage of what it is about."""
    async with store.begin() as db:
        await _change_line(db, alert, at, {"shows": stage})


async def _change_line(db: AsyncConnection, alert: int, at: int, values: dict[str, str]) -> None:
    lines = (await db.execute(select(alerts.c.story).where(alerts.c.id == alert).with_for_update())).scalar_one()
    lines = [{**line, **values} if n == at else line for n, line in enumerate(lines)]
    await db.execute(update(alerts).where(alerts.c.id == alert).values(story=lines))
