"""Replicas of the whole bot on one PostgreSQL: stopped, killed, put to sleep, and each due time once."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from signal import SIGTERM

import pytest

from tests.chaos.databases import Postgres
from tests.chaos.proof import well
from tests.chaos.town import Town, town
from tests.chaos.until import until
from tests.chaos.wire import RECORD

pytestmark = [pytest.mark.chaos, pytest.mark.postgres]


@pytest.fixture
async def harbor(postgres: str, tmp_path: Path) -> AsyncIterator[Town]:
    """A town for two replicas, none of them started yet."""
    async with town(tmp_path, Postgres(postgres), size=2) as made:
        yield made


async def at_the_gateway(town: Town) -> None:
    """A posting is there, and what was armed for it has struck."""

    async def struck() -> bool:
        return not (await town.gateway.state(0))["faults"]["armed"]

    await until(struck)


async def test_a_replica_that_is_asked_to_end_lets_its_turn_end_and_another_goes_on_at_once(harbor: Town) -> None:
    await harbor.buy(3)
    await harbor.gateway.control("fault", kind="late", seconds=1.0, match=RECORD)
    leaving = harbor.start()
    await harbor.connected()
    await harbor.asks()
    await at_the_gateway(harbor)
    harbor.start()

    began = time.monotonic()
    assert await harbor.end(leaving, SIGTERM) == 0
    assert time.monotonic() - began < 10, "a container's grace"

    await until(lambda: well(harbor), 20)
    await harbor.buy(2)
    harbor.clock.pass_(minutes=11)
    await until(lambda: well(harbor), 20)
