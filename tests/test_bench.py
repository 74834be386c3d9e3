"""The bench counts right; how long anything takes is its own business."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal

import pytest
from aiohttp import web

from bot.intacct.batches import Lost, Refused
from bot.intacct.client import Gateway as Sender
from bot.intacct.client import IntacctClient, SignIn, render_posting
from bot.intacct.records import CardTransaction, PostingLine
from bot.models import Secret
from tests.bench.figures import Figure, Mark
from tests.bench.gateway import CARD, PATH, SENDER, SENDER_PASSWORD, USER_PASSWORD, Gateway
from tests.bench.limit import Service, limit
from tests.bench.order import Order
from tests.bench.processes import Bench, far_ends


@pytest.mark.parametrize(
    ("count", "slots", "seconds"),
    [(1, 2, 0.29), (10, 2, 0.45), (100, 2, 2.25), (1_000, 2, 21.25), (10_000, 2, 212.5), (1_000, 1, 42.5)],
)
def test_the_limit_is_that_of_the_fact_sheet(count: int, slots: int, seconds: float) -> None:
    assert limit(count, slots, Service()) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("value", "mark"), [(1.05, Mark.GOAL), (1.06, Mark.MUST), (1.15, Mark.MUST), (1.1501, Mark.MISS)]
)
def test_a_value_on_the_bound_still_meets_it(value: float, mark: Mark) -> None:
    assert Figure("ratio", "x", 1.05, 1.15).mark(value) is mark


def test_of_a_rate_more_is_better() -> None:
    rate = Figure("rate", "/s", 2000, 700, more=True)
    assert [rate.mark(value) for value in (2000, 700, 699)] == [Mark.GOAL, Mark.MUST, Mark.MISS]


async def test_two_syncs_of_ten_are_counted_at_both_far_ends() -> None:
    order = Order(waves=((10, 30), (10, 10)), scale=0, calm=0)
    async with far_ends() as addresses:
        outcome = await Bench(addresses).run(order)
    first, second = outcome.waves
    assert first.tally == {"posted": 10}
    assert second.tally == {"posted": 20}
    assert second.intacct["records"] == 20
    assert second.intacct["doubles"] == 0
    for seen in outcome.waves:
        assert seen.intacct["functions"]["record_cctransaction"] == 10
    assert first.intacct["functions"]["getAPISession"] >= 1  # the daily look around signs in too, when it likes
    assert first.spend["calls"] >= 3


@asynccontextmanager
async def opened(gateway: Gateway) -> AsyncIterator[IntacctClient]:
    app = web.Application()
    app.router.add_post(PATH, gateway.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    sign_in = SignIn("Bench0000", "Spendcenter", Secret(USER_PASSWORD))
    async with IntacctClient(Sender(url, SENDER, Secret(SENDER_PASSWORD)), sign_in) as client:
        yield client
    await runner.cleanup()


def posting(controlid: str, reference: str) -> tuple[str, str]:
    line = PostingLine(account="6420", amount=Decimal("12.50"))
    record = CardTransaction(card=CARD, date=date(2026, 10, 5), lines=(line,), reference=reference)
    return controlid, render_posting(controlid, record)


async def test_the_gateway_sees_a_double_and_stops_a_replay() -> None:
    gateway = Gateway()
    async with opened(gateway) as client:
        await client.record_batch([posting("first", "r1"), posting("other", "r2")])
        replayed = await client.record_batch([posting("first", "r1")])
        assert isinstance(replayed[0], Refused)
        assert gateway.report()["doubles"] == 0
        await client.record_batch([posting("under-another-id", "r1")])
        found = await client.find_by_reference(["r1", "r3"])
    assert gateway.report()["doubles"] == 1
    assert [record.total for record in found] == [Decimal("12.50")] * 2


async def test_the_gateway_loses_answers_after_the_record_was_made() -> None:
    gateway = Gateway()
    gateway.fault_every = 1
    async with opened(gateway) as client:
        outcomes = [(await client.record_batch([posting(f"id-{number}", f"r{number}")]))[0] for number in range(4)]
    assert all(isinstance(outcome, Lost) for outcome in outcomes)
    assert gateway.tally.answers == {"dropped after": 2, "500 before": 1, "500 after": 1}
    assert gateway.report()["records"] == 3
