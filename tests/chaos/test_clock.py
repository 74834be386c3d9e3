"""The whole bot while the machine's clock is set forward and back, and schedules in the days when clocks change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.store import connections
from bot.store.tables import replicas
from tests.chaos.proof import well
from tests.chaos.town import Town, town
from tests.chaos.until import until

pytestmark = pytest.mark.chaos


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as made:
        yield made


async def test_schedule_and_housekeeping_go_on_when_the_clock_is_set_back_or_forward(harbor: Town) -> None:
    harbor.start()
    await harbor.connected()
    for span in ({"minutes": 11}, {"hours": -1}, {"days": 1}, {"days": -1}):
        harbor.clock.pass_(**span)
        before = await beat(harbor)
        await until(lambda before=before: changed(harbor, before))  # type: ignore[misc]  # bound at once
        await harbor.buy(2)
        harbor.clock.pass_(days=2)

        await until(lambda: well(harbor))


async def beat(town: Town) -> datetime:
    async with town.store() as store, store.read() as db:
        found: datetime = (await db.execute(select(replicas.c.beat))).scalar_one()
        return found


async def changed(town: Town, before: datetime) -> bool:
    return await beat(town) != before


async def test_a_due_time_that_a_wrong_clock_wrote_ahead_is_taken_back_and_the_next_one_fires(harbor: Town) -> None:
    ahead = harbor.clock() + timedelta(days=2)
    async with harbor.store() as store:
        await connections.change_connection(store, harbor.connection, last_fired=ahead)
    harbor.start()
    await harbor.connected()
    await harbor.buy(2)
    harbor.clock.pass_(minutes=11)

    await until(lambda: well(harbor))

    async with harbor.store() as store:
        row = await connections.get_connection(store, harbor.connection)
    assert row is not None
    assert row.last_fired is not None
    assert harbor.clock() - timedelta(minutes=11) < row.last_fired <= harbor.clock()
    assert "was last fired in the future" in (harbor.folder / "bot-1.log").read_text()
