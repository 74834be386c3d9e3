"""How often Slack may be called, kept where every replica and the next start see it.

A lane is one thing that is limited: a channel's posts, a method of a workspace, the progress shown on one alert. Its
row says when the next call may go; each question takes its answer in one statement, so that no two get the same. What a
row says lies so far ahead at most; further ahead it was written before the clock was set back, and counts as free.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Store
from bot.store.tables import lanes

LONGEST_LINE = timedelta(minutes=2)
"""More than stand in line for a channel at any time; a turn beyond comes from a clock that was set back since."""

LONGEST_HOLD = timedelta(minutes=10)
"""Slack asks for half a minute as a rule. What asks for longer is told again after this; what is beyond is no hold."""


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _insert(db: AsyncConnection) -> Any:
    return postgresql.insert(lanes) if db.dialect.name == "postgresql" else sqlite.insert(lanes)


async def turn(store: Store, name: str, now: datetime, pause: timedelta, burst: int) -> timedelta:
    """Take the next place in a lane.

    Returns:
        How long to wait for it: nothing for the first `burst` after a silence, then one `pause` after the other.
    """
    step = round(pause / timedelta(milliseconds=1))
    busy = lanes.c.free.between(_ms(now), _ms(now + LONGEST_LINE))
    async with store.begin() as db:
        taken = _insert(db).values(name=name, free=_ms(now) + step)
        later = {"free": case((busy, lanes.c.free), else_=_ms(now)) + step}
        taken = taken.on_conflict_do_update(index_elements=[lanes.c.name], set_=later).returning(lanes.c.free)
        free = (await db.execute(taken)).scalar_one()
    return max(timedelta(), timedelta(milliseconds=free - step * burst - _ms(now)))


async def take(store: Store, name: str, now: datetime, pause: timedelta) -> bool:
    """Whether the lane is free now; then it is taken for one `pause`."""
    step = round(pause / timedelta(milliseconds=1))
    async with store.begin() as db:
        taken = _insert(db).values(name=name, free=_ms(now) + step)
        only = ~lanes.c.free.between(_ms(now) + 1, _ms(now) + step)
        taken = taken.on_conflict_do_update(
            index_elements=[lanes.c.name], set_={"free": _ms(now) + step}, where=only
        ).returning(lanes.c.free)
        return (await db.execute(taken)).first() is not None


async def hold(store: Store, name: str, now: datetime, pause: timedelta) -> datetime:
    """Nobody goes before this pause is over; a longer one that was asked for before stays. Returns when it is over."""
    until = now + min(pause, LONGEST_HOLD)
    async with store.begin() as db:
        held = _insert(db).values(name=name, free=_ms(until))
        longer = lanes.c.free.between(_ms(until), _ms(now + LONGEST_HOLD))
        later = case((longer, lanes.c.free), else_=_ms(until))
        await db.execute(held.on_conflict_do_update(index_elements=[lanes.c.name], set_={"free": later}))
    return until


async def held(store: Store, name: str, now: datetime) -> datetime | None:
    """Until when a lane is held, or None when it is free."""
    busy = lanes.c.free.between(_ms(now) + 1, _ms(now + LONGEST_HOLD))
    async with store.read() as db:
        free = (await db.execute(select(lanes.c.free).where(lanes.c.name == name, busy))).scalar()
    return None if free is None else datetime.fromtimestamp(free / 1000, UTC)


async def purge(store: Store, before: datetime) -> None:
    """Forget lanes that nobody has used since."""
    async with store.begin() as db:
        await db.execute(delete(lanes).where(lanes.c.free < _ms(before)))
