"""Short transactions that share a commit: each is stored whole or not at all, whatever becomes of its neighbours."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from bot.settings import Settings
from bot.store.database import Store, open_store
from bot.store.group_commit import TOGETHER
from bot.store.vault import new_key
from tests.patience import PATIENCE

PARENTS = sa.Table("parents", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True))
MADE = sa.Table(
    "made",
    PARENTS.metadata,
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("parent", sa.ForeignKey("parents.n", deferrable=True, initially="DEFERRED")),
)
ORPHAN = MADE.insert().values(n=7, parent=1)
"""Refused no sooner than by the commit."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}"
    if request.param == "postgresql":
        url = str(request.getfixturevalue("postgres"))
    settings = Settings(_env_file=None, database_url=url, data_dir=tmp_path, encryption_keys=new_key())
    made = await open_store(settings)
    async with made.begin() as db:
        await db.run_sync(MADE.metadata.create_all)
    yield made
    await made.close()


@pytest.fixture
async def on_sqlite(tmp_path: Path) -> AsyncIterator[Store]:
    made = await open_store(Settings(_env_file=None, data_dir=tmp_path))
    async with made.begin() as db:
        await db.run_sync(MADE.metadata.create_all)
    yield made
    await made.close()


def add(*numbers: int) -> Callable[[sa.Connection], int]:
    def work(db: sa.Connection) -> int:
        for n in numbers:
            db.execute(MADE.insert().values(n=n))
        return sum(numbers)

    return work


async def numbers(store: Store) -> list[int]:
    return [row.n for row in await store.glance(sa.select(MADE.c.n).order_by(MADE.c.n))]


async def test_what_it_returned_is_returned_once_it_is_stored(store: Store) -> None:
    assert await store.write(add(1, 2)) == 3
    assert await numbers(store) == [1, 2]


async def test_of_many_at_once_those_that_fail_leave_nothing_and_the_others_are_stored_whole(store: Store) -> None:
    await store.write(add(5))
    asked = [store.write(add(10 * n, 5 if n % 3 == 0 else 10 * n + 1)) for n in range(1, 40)]

    told = await asyncio.gather(*asked, return_exceptions=True)

    assert [isinstance(one, IntegrityError) for one in told] == [n % 3 == 0 for n in range(1, 40)]
    good = [n for n in range(1, 40) if n % 3]
    assert await numbers(store) == [5, *(m for n in good for m in (10 * n, 10 * n + 1))]


async def test_a_commit_that_fails_is_told_to_all_who_shared_it_and_the_next_one_works(store: Store) -> None:
    told = await asyncio.gather(
        *(store.write(work) for work in (add(1), lambda db: db.execute(ORPHAN), add(2))), return_exceptions=True
    )
    kept = [n for n, one in zip((1, 7, 2), told, strict=True) if not isinstance(one, BaseException)]
    assert isinstance(told[1], IntegrityError)
    assert await numbers(store) == sorted(kept), "what was told as stored is stored, and nothing else"

    await store.write(add(3))

    assert await numbers(store) == sorted([*kept, 3])


async def test_many_share_a_commit(on_sqlite: Store) -> None:
    commits = 0

    def count(_db: sa.Connection) -> None:
        nonlocal commits
        commits += 1

    assert on_sqlite._group is not None
    sa.event.listen(on_sqlite._group.engine, "commit", count)
    many = TOGETHER * 4
    await asyncio.gather(*(on_sqlite.write(add(n)) for n in range(many)))
    assert await numbers(on_sqlite) == list(range(many))
    assert commits == 4


async def test_who_is_cancelled_at_any_moment_is_stored_whole_or_not_at_all(store: Store) -> None:
    whole = 0
    for moment in range(30):
        pair = (moment * 2, moment * 2 + 1)
        task = asyncio.create_task(store.write(add(*pair)))
        neighbour = asyncio.create_task(store.write(add(1000 + moment)))
        for _ in range(moment):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await neighbour
        found = set(await numbers(store)) & set(pair)
        assert found in (set(), set(pair)), f"half of it is stored when cancelled after {moment} turns of the loop"
        whole += bool(found)
    assert len(await numbers(store)) == whole * 2 + 30


async def test_it_takes_turns_with_the_other_writers(store: Store) -> None:
    async def slowly(n: int) -> None:
        async with store.begin() as db:
            await db.execute(MADE.insert().values(n=1000 + n))
            await asyncio.sleep(0)

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as together:
        for n in range(20):
            together.create_task(slowly(n))
            together.create_task(store.write(add(n)))
    assert await numbers(store) == [*range(20), *range(1000, 1020)]


async def test_a_lock_of_another_process_is_waited_for_and_stalls_nobody_else(on_sqlite: Store, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = [asyncio.create_task(on_sqlite.write(add(n))) for n in range(3)]
    for _ in range(20):
        assert await numbers(on_sqlite) == []
        await asyncio.sleep(0.01)
    assert not any(task.done() for task in writing)

    other.execute("COMMIT")
    other.close()

    await asyncio.gather(*writing)
    assert await numbers(on_sqlite) == [0, 1, 2]


async def test_a_database_that_takes_everything_back_stores_nothing_of_the_group(on_sqlite: Store) -> None:
    """SQLite ends the whole transaction where the disk is full; what comes after it must not be stored by itself."""

    def full(db: sa.Connection) -> None:
        db.exec_driver_sql("ROLLBACK")
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    told = await asyncio.gather(*(on_sqlite.write(work) for work in (add(1), full, add(2))), return_exceptions=True)
    assert all(isinstance(one, OperationalError) for one in told), told
    assert await numbers(on_sqlite) == []

    await on_sqlite.write(add(3))

    assert await numbers(on_sqlite) == [3]


async def test_the_store_closes_after_the_last_one_and_leaves_no_thread(tmp_path: Path) -> None:
    made = await open_store(Settings(_env_file=None, data_dir=tmp_path))
    async with made.begin() as db:
        await db.run_sync(MADE.metadata.create_all)
    writing = asyncio.create_task(made.write(add(1)))
    await asyncio.sleep(0)
    await made.close()
    assert await writing == 1
    assert not [one for one in threading.enumerate() if one.name.startswith("writer")]
