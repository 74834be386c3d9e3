"""What was fetched is posted whether or not the source has brought the rest."""

from __future__ import annotations

import asyncio

import pytest

from bot.models import PostingState, Secret, Selector
from bot.sandbox.seed_cards import SPEND_TOKEN
from bot.spend.client import SpendClient
from bot.spend.source import Source
from bot.store.connections import Connection
from tests.moved import CLEAN, HALF, few_cards, rows, states  # noqa: F401  # few_cards is the fixture `harbor`
from tests.patience import PATIENCE
from tests.world import World

LOOK, CALLS = 3, 14


async def test_all_that_a_minutes_calls_brought_is_posted_while_the_next_minute_is_waited_for(
    harbor: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute brings more rows than one look at the database takes."""
    monkeypatch.setattr("bot.sync.feed.AT_ONCE", LOOK)
    monkeypatch.setattr("bot.sync.feed.WORTH_A_LOOK", LOOK)
    monkeypatch.setattr("bot.spend.client.PAGE", 5)
    minutes, waits, go_on = 0, asyncio.Event(), asyncio.Event()

    async def sleep(_seconds: float) -> None:
        nonlocal minutes
        waits.set()
        await go_on.wait()
        minutes += 1

    def source(_connection: Connection) -> Source:
        return SpendClient(
            harbor.settings.spend_center_url,
            token=Secret(SPEND_TOKEN),
            calls_per_minute=CALLS,
            clock=lambda: minutes * 61.0,
            sleep=sleep,
        )

    harbor.parts.reach.source_for = source
    portland = await harbor.connect("100", selector=Selector(all=False, cards=(CLEAN, HALF)))
    syncing = asyncio.create_task(harbor.sync(portland))
    async with asyncio.timeout(PATIENCE):
        await waits.wait()
        found = await states(harbor, portland)
        while PostingState.PENDING in found or sum(found.values()) < 3 * LOOK:
            await asyncio.sleep(0.01)
            found = await states(harbor, portland)

    came = sum(found.values())
    go_on.set()
    await syncing
    assert len(await rows(harbor, portland)) > came
    assert PostingState.PENDING not in await states(harbor, portland)
    assert len(harbor.booked()) == (await states(harbor, portland))[PostingState.POSTED]
