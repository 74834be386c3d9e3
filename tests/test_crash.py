"""Real processes and real kill -9, at every step between the claim and the end of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.models import RunState
from bot.store import postings, runs
from tests.child import KILLED, ended, engine, killed, one_run, start
from tests.moved import HALF, few_cards  # noqa: F401  # few_cards is the fixture `harbor`
from tests.patience import PATIENCE
from tests.world import World
from tests.yard import yard_of

ATTEMPTS, POSTINGS, RUNS = "bot.store.attempts", "bot.store.postings", "bot.store.runs"
CONNECTIONS = "bot.store.connections"
STEPS = [
    (RUNS, "begin", "after", 1),
    (POSTINGS, "save", "before", 1),
    (POSTINGS, "save", "after", 2),
    (CONNECTIONS, "set_watermark", "before", 1),
    (ATTEMPTS, "claim", "before", 1),
    (ATTEMPTS, "claim", "after", 1),
    ("bot.intacct.client", "IntacctClient.record_batch", "after", 1),
    (ATTEMPTS, "settle", "before", 1),
    (ATTEMPTS, "settle", "after", 1),
    (ATTEMPTS, "settle", "before", 2),
    (RUNS, "change_run", "before", 3),
    (RUNS, "change_run", "after", 4),
    (RUNS, "finish_intent", "before", 1),
]


async def test_a_run_killed_at_any_step_posts_everything_once_in_the_end(harbor: World) -> None:
    """Three purchases more before each run; the next run finds what the dead one left, dies at another step, and so on."""
    yard = await yard_of(harbor)
    deaths = 0
    for step in STEPS:
        await yard.buy(3)
        deaths += await yard.sync(die=step) == KILLED
        harbor.clock.pass_(minutes=7)
        references = [row["reference"] for row in harbor.intacct.state(limit=5000)["ledger"]["transactions"]]
        assert len(set(references)) == len(references), f"posted twice after a kill {step}"
    assert deaths >= len(STEPS) - 2, "the steps are where runs go by"

    await yard.calm()

    await yard.proved()
    assert len(harbor.booked()) == 10 + 3 * len(STEPS)


SECOND_SENDS = [
    (ATTEMPTS, "mark_resent", "before", 1),
    (ATTEMPTS, "mark_resent", "after", 1),
    (ATTEMPTS, "looked_in_vain", "before", 1),
    (ATTEMPTS, "looked_in_vain", "after", 1),
    (ATTEMPTS, "settle", "before", 2),
]


async def test_a_settling_killed_at_any_step_sends_nothing_twice(harbor: World) -> None:
    yard = await yard_of(harbor)
    await yard.sync()
    deaths = 0
    for step in SECOND_SENDS:
        await yard.buy(2)
        fault = {"kind": "drop_before", "count": 2, "match": "record_cctransaction"}
        await harbor.intacct.control("fault", fault)
        assert await yard.sync() == 0
        harbor.clock.pass_(minutes=21)
        deaths += await yard.sync(die=step) == KILLED
        await harbor.intacct.control("clear_faults", {})
    assert deaths >= len(SECOND_SENDS) - 1

    await yard.calm()

    await yard.proved()
    assert len(harbor.booked()) == 10 + 2 * len(SECOND_SENDS)


@pytest.mark.parametrize("committed", [True, False])
async def test_a_process_killed_while_intacct_works_on_its_request_posts_once(harbor: World, committed: bool) -> None:
    yard = await yard_of(harbor)
    arrived = _arrival(harbor)
    kind = "late" if committed else "commit_late"
    fault = {"kind": kind, "seconds": 0.3 if committed else 900, "match": "record_cctransaction", "count": 2}
    await harbor.intacct.control("fault", fault)
    process = start(one_run, yard.orders())

    await arrived()
    await killed(process)

    assert process.exitcode == KILLED
    await asyncio.sleep(0.35)
    harbor.clock.pass_(minutes=16)
    await yard.calm()
    await yard.proved()
    assert len(harbor.booked()) == 10


def _arrival(harbor: World) -> Callable[[], Awaitable[None]]:
    """Waits until a posting has reached the gateway."""

    async def arrived() -> None:
        async with asyncio.timeout(PATIENCE):
            while not {"late", "commit_late"} & harbor.intacct.faults.fired.keys():  # noqa: ASYNC110  # another process acts
                await asyncio.sleep(0.005)

    return arrived


async def test_failures_stand_on_exactly_one_cause_after_a_kill_and_post_after_the_fix(harbor: World) -> None:
    from bot.models import Selector  # noqa: PLC0415  # one use

    yard = await yard_of(harbor, selector=Selector(all=False, cards=(HALF,)))
    await yard.sync(die=(ATTEMPTS, "settle", "before", 1))
    for _ in range(4):
        await yard.sync()
        harbor.clock.pass_(minutes=21)

    causes = await postings.causes(harbor.parts.store, yard.connection.id)
    assert [(one.category, one.n) for one in causes] == [("config.gl_account", 6)]
    mended = {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6215", "STATUS": "active"}}
    await harbor.intacct.control("save_record", mended)
    assert await yard.sync(retry=True, die=(POSTINGS, "move", "after", 1)) == KILLED
    await yard.sync(retry=True)
    await yard.calm()
    await yard.proved()
    assert len(harbor.booked()) == 12


async def test_the_engine_goes_on_with_a_run_whose_process_was_killed(harbor: World) -> None:
    """Killed three times in the midst of one person's run; nobody has to ask again."""
    yard = await yard_of(harbor)
    await harbor.intacct.control("set_service_time", {"request": 0.15})
    await harbor.intacct.control("fault", {"kind": "late", "seconds": 0.1, "match": "record_cctransaction", "count": 2})
    process = start(engine, yard.orders(ask=True))
    await _arrival(harbor)()
    await killed(process)
    for step in [(ATTEMPTS, "settle", "before", 1), (RUNS, "finish_intent", "before", 1)]:
        harbor.clock.pass_(minutes=1)
        process = start(engine, yard.orders(die=step))
        assert await ended(process) == KILLED

    harbor.clock.pass_(minutes=1)
    process = start(engine, yard.orders())
    last = await _run_ended(harbor, yard.connection.id)
    await killed(process)

    assert last.state == RunState.FINISHED
    await yard.proved()
    assert len(harbor.booked()) == 10


async def _run_ended(harbor: World, connection: str) -> runs.Run:
    """The first run, once it has ended and nobody waits for it."""
    store = harbor.parts.store
    async with asyncio.timeout(PATIENCE):
        while True:
            first = (await runs.last_runs(store, connection, 50))[-1:]
            waiting = await runs.open_intents(store, harbor.clock.now.replace(year=2100))
            if first and first[0].state in {RunState.FINISHED, RunState.STOPPED} and not waiting:
                return first[0]
            await asyncio.sleep(0.1)
