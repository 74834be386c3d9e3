"""Which processes live: a row each, beaten every few seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import delete, func, insert, select, update

from bot.store.database import Store
from bot.store.tables import replicas

COMMAND_LOCK = 7_320_002
"""PostgreSQL's advisory lock: commands that sync without a bot take turns."""


@asynccontextmanager
async def only_command(store: Store) -> AsyncIterator[bool]:
    """Whether no other command holds the turn (PostgreSQL); the lock ends with its connection, whatever happens to us."""
    async with store.engine.connect() as db:
        got = bool((await db.execute(select(func.pg_try_advisory_lock(COMMAND_LOCK)))).scalar_one())
        try:
            yield got
        finally:
            if got:
                await db.execute(select(func.pg_advisory_unlock(COMMAND_LOCK)))
            await db.rollback()


async def time(store: Store, clock: Callable[[], datetime]) -> datetime:
    """The instant that all replicas agree on: the database server's where there is one, else ours."""
    async with store.read() as db:
        if db.dialect.name != "postgresql":
            return clock()
        told: datetime = (await db.execute(select(func.clock_timestamp()))).scalar_one()
        return told.astimezone(UTC)


async def beat(store: Store, executor_id: str, now: datetime) -> None:
    async with store.begin() as db:
        mine = await db.execute(update(replicas).where(replicas.c.executor_id == executor_id).values(beat=now))
        if not mine.rowcount:
            await db.execute(insert(replicas).values(executor_id=executor_id, beat=now))


async def silent(store: Store, since: datetime) -> list[str]:
    async with store.read() as db:
        return list((await db.execute(select(replicas.c.executor_id).where(replicas.c.beat < since))).scalars())


async def beats(store: Store) -> dict[str, datetime]:
    """When each process that is known beat last."""
    async with store.read() as db:
        found = await db.execute(select(replicas.c.executor_id, replicas.c.beat))
        return {str(row.executor_id): row.beat for row in found}


async def lively(store: Store, since: datetime) -> bool:
    """Whether any process has beaten since then."""
    async with store.read() as db:
        found = await db.execute(select(replicas.c.executor_id).where(replicas.c.beat >= since).limit(1))
        return found.first() is not None


async def leave(store: Store, executor_id: str) -> None:
    async with store.begin() as db:
        await db.execute(delete(replicas).where(replicas.c.executor_id == executor_id))
