"""Replicas of the whole bot on one PostgreSQL: stopped, killed, put to sleep, and each due time once."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from bot.models import PostingState, Trigger
from bot.store import connections, postings, replicas, runs, tables
from tests.chaos.databases import Postgres
from tests.chaos.proof import open_alerts, well
from tests.chaos.town import LEASE, Town, town
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
    assert time.monotonic() - began < 30, "a container grants ten, and is not as busy as this machine may be"

    await until(lambda: well(harbor))
    await harbor.buy(2)
    harbor.clock.pass_(minutes=11)
    await until(lambda: well(harbor))


async def test_the_work_of_a_killed_replica_goes_on_elsewhere_within_a_lease_and_a_little(harbor: Town) -> None:
    """The lease is 3 s here and 30 s in production; docs/operating.md states the bound."""
    await harbor.buy(3)
    await harbor.gateway.control("fault", kind="late", seconds=20, match=RECORD)
    doomed = harbor.start()
    await harbor.connected()
    await harbor.asks()
    await at_the_gateway(harbor)
    harbor.start()
    await harbor.connected(2)

    await harbor.end(doomed, SIGKILL)

    taken = await until(lambda: well(harbor))
    assert taken < 10 * LEASE, "a lease of silence, a beat, a look-up, on a machine that does other things too"


@pytest.mark.parametrize("resent", [False, True], ids=["before", "after"])
async def test_a_replica_that_sleeps_with_an_attempt_in_its_hand_sends_nothing_when_it_wakes(
    harbor: Town, resent: bool
) -> None:
    """It wakes before, or after, the other one has sent the same body under the same id."""
    await harbor.buy(1)
    asleep = harbor.start(("bot.store.attempts", "claim", "after", 1, SIGSTOP))
    await harbor.connected()
    await harbor.asks()
    await until(lambda: stand(harbor, PostingState.POSTING))
    harbor.start()
    await until(lambda: stand(harbor, PostingState.UNKNOWN))
    assert await harbor.books() == [], "the other one cannot know that it was never sent"

    harbor.clock.pass_(minutes=21 if resent else 2)
    if resent:
        await until(lambda: well(harbor))
    assert asleep.pid is not None
    os.kill(asleep.pid, SIGCONT)
    await until(lambda: beating(harbor, 2))

    assert len(await harbor.books()) == (1 if resent else 0)
    harbor.clock.pass_(minutes=21)
    await until(lambda: well(harbor))
    assert (await harbor.gateway.state(0))["replays_refused"] == 0, "Intacct had nothing to refuse"


async def test_a_due_time_is_one_run_though_two_replicas_keep_the_clock_and_so_is_one_that_was_changed(
    harbor: Town,
) -> None:
    harbor.full()
    await harbor.connected(2)
    harbor.clock.pass_(minutes=1)  # the due time at noon may come while they start
    since = harbor.clock()
    for _ in range(2):
        await harbor.buy(2)
        harbor.clock.pass_(minutes=11)
        await until(lambda: well(harbor))
    async with harbor.store() as store:
        earlier = (harbor.clock() - timedelta(hours=1)).astimezone(ZoneInfo("Asia/Tokyo"))
        daily = {"schedule": f"{earlier.minute} {earlier.hour} * * *", "time_zone": "Asia/Tokyo"}
        await connections.change_connection(store, harbor.connection, **daily)
    await both_have_read_it(harbor)
    await harbor.buy(2)
    harbor.clock.pass_(days=1)
    await until(lambda: well(harbor))

    async with harbor.store() as store:
        found = await runs.last_runs(store, harbor.connection, 100)
    fired = [run for run in found if run.trigger == Trigger.SCHEDULE]
    due = [datetime.fromisoformat(run.key.partition(":")[2]) for run in reversed(fired)]
    assert len(set(due)) == len(due)
    *every_ten, tokyo = [one.astimezone(earlier.tzinfo) for one in due if one > since]
    assert [one.minute % 10 for one in every_ten] == [0, 0]
    assert (tokyo.hour, tokyo.minute) == (earlier.hour, earlier.minute)


async def both_have_read_it(town: Town) -> None:
    """Each replica reads the schedules every two seconds of its loop's time, and says nothing about it."""
    began = time.monotonic()

    async def passed() -> bool:
        return time.monotonic() - began > 2.5

    await until(passed)


async def test_retry_pressed_fifty_times_in_a_second_by_everybody_posts_once(harbor: Town) -> None:
    harbor.full()
    await harbor.connected(2)
    await harbor.buy(4, "account")
    await harbor.asks()
    await until(lambda: well(harbor))
    (alert,) = await open_alerts(harbor)
    record = {"ACCOUNTNO": "6215", "STATUS": "active"}
    await harbor.gateway.control("save_record", object="GLACCOUNT", record=record)
    harbor.is_mended("account")

    assert await harbor.presses_retry(alert.ts, times=50) == 50

    await until(lambda: well(harbor))
    async with harbor.store() as store:
        retries = [run for run in await runs.last_runs(store, harbor.connection, 100) if run.trigger == Trigger.RETRY]
    assert len(retries) == 1


async def stand(town: Town, state: PostingState) -> bool:
    """Whether there are rows, all of them in this state."""
    async with town.store() as store:
        return {row.state for row in await postings.list_postings(store, town.connection)} == {state}


async def beating(town: Town, n: int) -> bool:
    """Whether so many replicas have beaten within their lease, by the database's time."""
    async with town.store() as store:
        now = await replicas.time(store, town.clock)
        alive = select(func.count()).where(tables.replicas.c.beat > now - timedelta(seconds=LEASE / 2))
        async with store.read() as db:
            return (await db.execute(alive)).scalar_one() == n
