"""SQLite connections of our own making: transactions stay whole, whoever fails, waits or is cancelled in the midst of one."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from bot.settings import Settings
from bot.store.database import AT_ONCE, Store, open_store
from bot.store.sqlite import WRITE, open_line
from tests.patience import PATIENCE

MADE = sa.Table("made", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True), sa.Column("said", sa.String))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = await open_store(Settings(_env_file=None, data_dir=tmp_path))
    async with made.begin() as db:
        await db.run_sync(MADE.create)
    yield made
    await made.close()


async def numbers(store: Store) -> list[int]:
    async with store.read() as db:
        return list((await db.execute(sa.select(MADE.c.n).order_by(MADE.c.n))).scalars())


async def add(store: Store, *n: int) -> None:
    async with store.begin() as db:
        await db.execute(MADE.insert(), [{"n": one} for one in n])


async def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_works(store: Store) -> None:
    async def twice() -> None:
        async with store.begin() as db:
            await db.execute(MADE.insert().values(n=1))
            await db.execute(MADE.insert().values(n=1))

    with pytest.raises(IntegrityError):
        await twice()
    assert await numbers(store) == []

    await add(store, 1)

    assert await numbers(store) == [1]


async def test_one_cancelled_at_any_moment_is_stored_whole_or_not_at_all(store: Store) -> None:
    """Also when the statement is on its way to the thread, or in it, at that moment: it begins nothing that stays open."""
    whole = 0
    for moment in range(60):
        pair = (moment * 2, moment * 2 + 1)

        async def both(pair: tuple[int, int] = pair) -> None:
            async with store.begin() as db:
                for n in pair:
                    await db.execute(MADE.insert().values(n=n))

        task = asyncio.create_task(both())
        for _ in range(moment):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        found = set(await numbers(store)) & set(pair)
        assert found in (set(), set(pair)), f"half of it is stored when cancelled after {moment} turns of the loop"
        whole += bool(found)
        await add(store, 1000 + moment)
    assert len(await numbers(store)) == whole * 2 + 60


async def test_readers_cancelled_at_any_moment_leave_no_snapshot_open(store: Store, tmp_path: Path) -> None:
    await add(store, 1)
    for moment in range(40):
        task = asyncio.create_task(numbers(store))
        for _ in range(moment):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await asyncio.gather(*(numbers(store) for _ in range(AT_ONCE)))  # every connection has ended what it began
    assert await store.glance(sa.select(MADE.c.n))
    with suppress(OperationalError):
        await store.glance(sa.text("SELECT nothing FROM nowhere"))

    other = sqlite3.connect(tmp_path / "bot.db")
    busy, _, _ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    other.close()

    assert not busy, "an open snapshot would keep the log from being emptied"


async def test_a_snapshot_stays_the_same_while_others_write(store: Store) -> None:
    await add(store, 1)
    async with store.read() as db:
        first = (await db.execute(sa.select(sa.func.count()).select_from(MADE))).scalar()
        await add(store, 2)
        second = (await db.execute(sa.select(sa.func.count()).select_from(MADE))).scalar()
    assert first == second == 1
    assert await numbers(store) == [1, 2]


async def test_writers_of_one_process_take_turns_and_readers_wait_for_none_of_them(store: Store) -> None:
    async def write(n: int) -> None:
        async with store.begin() as db:
            most = (await db.execute(sa.select(sa.func.coalesce(sa.func.max(MADE.c.n), 0)))).scalar_one()
            await asyncio.sleep(0)
            await db.execute(MADE.insert().values(n=most + 1, said=str(n)))

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as many:
        for n in range(50):
            many.create_task(write(n))
            many.create_task(numbers(store))

    assert await numbers(store) == list(range(1, 51))


async def test_after_a_refused_beginning_the_next_statement_begins_the_transaction(tmp_path: Path) -> None:
    line = await open_line(str(tmp_path / "line.db"))
    for sql in ("PRAGMA busy_timeout=1", "CREATE TABLE made (n)"):
        await line.cursor().execute(sql)
    other = sqlite3.connect(tmp_path / "line.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    line.begin(WRITE)
    with pytest.raises(sqlite3.OperationalError):
        await line.cursor().execute("INSERT INTO made VALUES (1)")
    other.execute("ROLLBACK")
    await line.cursor().execute("INSERT INTO made VALUES (2)")

    assert other.execute("SELECT count(*) FROM made").fetchone() == (0,), "nothing is written outside a transaction"
    await line.rollback()
    line.begin(WRITE)
    await line.cursor().execute("INSERT INTO made VALUES (3)")
    await line.commit()
    assert other.execute("SELECT n FROM made").fetchall() == [(3,)]
    other.close()
    await line.close()


async def test_what_a_statement_changed_is_counted_with_its_rows_and_without(store: Store) -> None:
    await add(store, 1, 2, 3)
    async with store.begin() as db:
        changed = await db.execute(MADE.update().where(MADE.c.n > 1).values(said="x").returning(MADE.c.n))
        assert sorted(changed.scalars()) == [2, 3]
        assert (await db.execute(MADE.update().values(said="y"))).rowcount == 3
        assert (await db.execute(MADE.delete().where(MADE.c.n == 9))).rowcount == 0
