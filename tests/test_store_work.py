"""How much the database does for a run: as much as there is to do, however much was done before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOS

from bot.app import jobs, make_desk
from bot.engine import Engine, Work
from bot.models import PostingState
from bot.store.connections import Connection
from bot.store.database import Store
from bot.store.postings import Posting
from bot.store.tables import attempts, postings
from bot.sync.desk import Desk
from tests.moved import CLEAN, card, few_cards, rows  # noqa: F401  # few_cards is the fixture `harbor`
from tests.world import World

LUNCH = {
    "card": CLEAN,
    "amount": "264.00",
    "merchant": "Marigold Kitchen",
    "date": "2026-11-04",
    "fields": {"GL Account": "6440 - Meals", "Department": "20 - Sales", "Location": "100 - Portland"},
}
STEPS = 100
"""Of SQLite's virtual machine, between two counts."""
OLD = 1_000_000
"""From this id on."""
HISTORY = 5_000
"""Rows posted long ago; one look at each of them alone would be more steps than that."""


class Counted:
    """Steps that SQLite took on connections handed out since."""

    steps = 0

    def count(self) -> int:
        self.steps += STEPS
        return 0


@contextmanager
def counted(store: Store) -> Iterator[Counted]:
    work = Counted()

    def watch(connection: Any, *_: object) -> None:
        connection.driver_connection._conn.set_progress_handler(work.count, STEPS)

    sa.event.listen(store.engine.sync_engine, "checkout", watch)
    yield work
    sa.event.remove(store.engine.sync_engine, "checkout", watch)


@pytest.fixture
async def desk(harbor: World) -> AsyncIterator[Desk]:
    """The desk of a bot whose engine is at work."""

    async def nothing(_turn: int, **_ids: Any) -> bool:
        return False

    parts = harbor.parts
    engine = Engine(
        harbor.settings,
        parts.store,
        {**jobs(parts.runner), "refresh": Work(nothing), "homes": Work(nothing)},
        harbor.clock,
    )
    made = make_desk(parts, engine)
    await engine.start()
    yield made
    await engine.stop(patience=2)
    parts.runner.engine = None


async def test_a_run_costs_the_database_no_more_where_thousands_were_posted_before(harbor: World, desk: Desk) -> None:
    connection = await card(harbor, CLEAN, schedule="")
    await synced(harbor, desk, connection)
    few = await work_of_one_more(harbor, desk, connection)

    await grow_old(harbor, connection)
    many = await work_of_one_more(harbor, desk, connection)

    assert many - few < HISTORY, (few, many)


async def work_of_one_more(harbor: World, desk: Desk, connection: Connection) -> int:
    """Steps of the database for a run that posts one purchase."""
    before, _ = (await harbor.tally(connection))[PostingState.POSTED]
    await harbor.spend.control("add_transaction", LUNCH)
    with counted(harbor.parts.store) as work:
        await synced(harbor, desk, connection)
        steps = work.steps
    assert (await harbor.tally(connection))[PostingState.POSTED][0] == before + 1
    return steps


async def synced(harbor: World, desk: Desk, connection: Connection) -> None:
    harbor.clock.pass_(minutes=10)
    assert (await desk.request_sync(connection.id, "U0DANA")).already is None
    async with asyncio.timeout(60):
        while await DBOS.list_workflows_async(status=["ENQUEUED", "PENDING"]):  # noqa: ASYNC110  # the engine tells nobody
            await asyncio.sleep(0.05)


async def grow_old(harbor: World, connection: Connection) -> None:
    """Thousands of posted rows like the first one, each with its attempt, as if posted before it."""
    first = (await rows(harbor, connection, PostingState.POSTED))[0]
    async with harbor.parts.store.begin() as db:
        for table, key in ((postings, postings.c.id), (attempts, attempts.c.posting_id)):
            one = (await db.execute(sa.select(table).where(key == first.id))).mappings().one()
            await db.execute(sa.insert(table), [{**one, **_old(table, n, first)} for n in range(HISTORY)])


def _old(table: sa.Table, n: int, first: Posting) -> dict[str, Any]:
    """What tells one copy from the others."""
    if table is attempts:
        return {"id": OLD + n, "posting_id": OLD + n, "controlid": f"old-{n}"}
    assert first.posted is not None
    key = {"id": OLD + n, "transaction": f"old-{n}", "reference": f"old-{n}"}
    return key | {"receipt": "attached", "posted": first.posted - timedelta(days=1)}
