"""The daily digest: when it is due, what it says, and that a channel reads it once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.store import connections
from bot.store.connections import Connection
from handlers import make_digests
from handlers.delivery import Post
from handlers.digest import Digests
from handlers.outbox import Outbox
from handlers.ui.text import day
from tests.office import LEE, Office, office
from tests.world import TODAY


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


def digests(at: Office) -> Digests:
    services = at.bot.digests.services
    return make_digests(
        services, at.bot.client, Outbox(services, at.bot.client, Post(services.store, services.clock, 0))
    )


def told(at: Office) -> list[str]:
    return [text for text in at.room.texts() if text.startswith("Cards to Intacct, ")]


async def scheduled(at: Office, one: Connection, schedule: str) -> Connection:
    """From now on; the due times of this morning are not made up for."""
    values: dict[str, Any] = {"schedule": schedule, "last_fired": at.clock()}
    values["activated"] = at.clock() - timedelta(days=3)
    return await connections.change_connection(at.far.parts.store, one.id, **values)


async def synced(at: Office, *entities: str) -> list[Connection]:
    at.far.clock.now = at.clock()
    made = [await at.far.connect(entity, schedule="") for entity in entities]
    for one in made:
        await at.far.sync(one)
        await at.bot.engine.enqueue("refresh", f"{one.id}:test", company=one.company, connection_id=one.id)
    return made


async def test_a_channel_reads_one_digest_a_day_about_all_of_its_connections(harbor: Office) -> None:
    portland, denver = await synced(harbor, "100", "200")
    await harbor.room.reads("4 transactions fall in a closed period")
    await harbor.room.reads("37 transactions need a department")
    for one, schedule in ((portland, "0 7 * * *"), (denver, "0 8 * * *")):
        await scheduled(harbor, one, schedule)

    await digests(harbor).promise()

    told_once = await harbor.room.reads("Cards to Intacct, ")
    figures = "posted since yesterday 147, $47,969.02 · not posted 53, $13,513.15 · oldest 0 days"
    assert told_once["text"] == f"Cards to Intacct, Thu {day(TODAY)} · {figures}"
    shown = json.dumps(told_once["blocks"], ensure_ascii=False)
    assert "37 transactions need a department · 100 Portland · $8,214.60" in shown
    assert "|open it>" in shown
    assert shown.index("37 transactions need") < shown.index("4 transactions fall in")
    for one in (portland, denver):
        assert not await digests(harbor).job(0, connection_id=one.id, day=TODAY.isoformat())
    assert len(told(harbor)) == 1


async def test_what_stays_open_calls_somebody_by_name_on_the_third_day_and_then_once_a_week(harbor: Office) -> None:
    [portland] = await synced(harbor, "100")
    await harbor.room.reads("37 transactions need a department")
    await harbor.room.in_(LEE).presses("6 transactions use account", "I'll take it")
    await harbor.room.sees("Lee Okafor is on it")
    made, calls = digests(harbor), dict[int, str]()
    for age in range(15):
        await made.job(0, connection_id=portland.id, day=harbor.clock().date().isoformat())
        newest = [post for post in harbor.room.posts() if post["text"].startswith("Cards to Intacct, ")][-1]
        calls[age] = json.dumps(newest["blocks"], ensure_ascii=False)
        harbor.clock.pass_(days=1)

    alone, taken = "nobody is on it, <@U0DANA>", "<@U0LEE> is on it"
    assert [age for age, shown in calls.items() if alone in shown] == [3, 7, 14]
    assert [age for age, shown in calls.items() if taken in shown] == [3, 7, 14]


async def test_no_digest_before_its_time_for_another_day_or_without_news(harbor: Office) -> None:
    made = digests(harbor)
    idle = await harbor.far.connect("100", schedule="")
    assert not made.due(idle, harbor.clock())
    early = await scheduled(harbor, idle, "55 12 * * *")
    noon = datetime.combine(TODAY, time(13), ZoneInfo(early.time_zone))
    assert not made.due(early, noon)
    assert made.due(early, noon + timedelta(minutes=12))
    assert not made.due(replace(early, activated=noon), noon + timedelta(minutes=12))  # set up after today's sync
    assert not made.due(replace(early, schedule="0 7 * * 1"), datetime(2026, 11, 24, 20, tzinfo=UTC))  # a Tuesday

    await made.job(0, connection_id=early.id, day=TODAY.isoformat())  # nothing was read yet
    [portland] = await synced(harbor, "100")
    await made.job(0, connection_id=portland.id, day="2026-11-04")
    assert told(harbor) == []
    await made.job(0, connection_id=portland.id, day=TODAY.isoformat())

    assert len(told(harbor)) == 1


async def test_while_slack_is_away_the_digest_waits_and_comes_once(harbor: Office) -> None:
    [portland] = await synced(harbor, "100")
    await harbor.room.reads("37 transactions need a department")
    made = digests(harbor)
    await harbor.slack.stop()
    await made.job(0, connection_id=portland.id, day=TODAY.isoformat())
    assert await harbor.bot.engine.waiting(f"digest:{portland.id}:{TODAY}:1")
    await harbor.slack.start()

    await made.job(0, connection_id=portland.id, day=TODAY.isoformat(), again=1)

    assert len(told(harbor)) == 1
