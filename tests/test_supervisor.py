"""What is kept: it ends, it raises, it is cancelled; it is told once, named to health, and started again."""

from __future__ import annotations

import asyncio

import pytest

from bot.supervisor import Supervisor
from tests.patience import PATIENCE

BRISK = {"first_wait": 0.01, "longest_wait": 0.02, "settled": 0.05}


async def test_whatever_ends_a_task_it_is_started_again_and_told_once_until_it_is_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    supervisor, lives, at_work = Supervisor(**BRISK), 0, asyncio.Event()

    async def work() -> None:
        nonlocal lives
        lives += 1
        if lives <= 3:
            raise KeyError("x")
        if lives == 4:
            return
        if lives == 5:
            raise asyncio.CancelledError
        at_work.set()
        await asyncio.Event().wait()

    supervisor.keep("the work", work)
    async with asyncio.timeout(PATIENCE):
        await at_work.wait()
        assert supervisor.down == ["the work"], "it has to live for a while first"
        while supervisor.down:  # noqa: ASYNC110  # it rings no bell
            await asyncio.sleep(0.01)
    await supervisor.stop()

    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "the work stopped (KeyError) and is started again",
        "the work stopped (it ended) and is started again",
        "the work stopped (it was cancelled) and is started again",
        "the work is at work again; it had stopped 5 times",
    ]


async def test_a_repeated_task_that_failed_is_well_again_when_it_has_done_its_work_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    supervisor, calls, done = Supervisor(**BRISK), 0, asyncio.Event()
    seen: list[list[str]] = []

    async def body() -> None:
        nonlocal calls
        calls += 1
        seen.append(supervisor.down)
        if calls in {2, 3}:
            raise OSError("no space left on device")
        if calls == 5:
            done.set()

    supervisor.every("the chore", 0.01, body)
    async with asyncio.timeout(PATIENCE):
        await done.wait()
    await supervisor.stop(1)

    assert seen[:5] == [[], [], ["the chore"], ["the chore"], []]
    assert [record.getMessage() for record in caplog.records] == [
        "the chore stopped (OSError) and is started again",
        "the chore is at work again; it had stopped 2 times",
    ]


async def test_a_stop_lets_a_repeated_task_finish_and_cuts_off_what_takes_too_long() -> None:
    supervisor, begun, finished, cut_off = Supervisor(), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def short() -> None:
        begun.set()
        await asyncio.sleep(0.05)
        finished.set()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cut_off.set()
            raise

    supervisor.every("short", 0.0, short)
    supervisor.keep("endless", endless)
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
        await supervisor.stop(0.2)

    assert finished.is_set()
    assert cut_off.is_set()
