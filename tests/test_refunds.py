"""Refunds from end to end: the first one asks, the answer counts for the company, and a no is for that refund alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bot.models import ConnectionState, PostingState
from bot.store import connections
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync.desk import Desk
from tests.moved import CLEAN, card, few_cards, rows  # noqa: F401  # few_cards is the fixture `harbor`
from tests.test_run import desk, quiet  # noqa: F401  # `desk` is a fixture
from tests.world import World

POSTED, HELD, IGNORED = PostingState.POSTED, PostingState.HELD, PostingState.IGNORED


async def started(harbor: World, at: Desk) -> tuple[Connection, list[Posting], Posting]:
    """A connection whose purchases are posted: the plain ones, and one that is split."""
    portland = await card(harbor, CLEAN, state=ConnectionState.ACTIVE)
    await synced(harbor, at, portland)
    bought = await rows(harbor, portland, POSTED)
    split = next(row for row in bought if len(row.read().lines) > 1)
    return portland, [row for row in bought if row.id != split.id], split


async def synced(harbor: World, at: Desk, connection: Connection) -> None:
    await at.request_sync(connection.id, "U0DANA")
    await quiet(harbor)


async def refunded(harbor: World, at: Desk, connection: Connection, bought: Posting, **more: Any) -> Posting:
    """The merchant gives money back for a purchase, and a sync goes by; the refund's own row."""
    answer = await harbor.spend.control("refund", {"uuid": bought.transaction, "date": "2026-11-04", **more})
    await synced(harbor, at, connection)
    return await again(harbor, connection, str(answer["transaction"]["uuid"]))


async def again(harbor: World, connection: Connection, uuid: str) -> Posting:
    (found,) = [row for row in await rows(harbor, connection) if row.transaction == uuid]
    return found


async def accepted(harbor: World, connection: Connection) -> bool:
    return (await connections.get_company(harbor.parts.store, connection.company)).refunds_accepted


async def test_the_first_refund_asks_and_every_later_one_of_the_company_posts_unasked(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, bought, _ = await started(harbor, desk)
    first = await refunded(harbor, desk, portland, bought[0])
    assert (first.state, first.category) == (HELD, "held.refund")
    assert first.reference not in harbor.booked()

    (alert,) = await desk.reconcile_alerts(portland.id)
    await desk.answer(alert, "negative", "U0DANA", "Dana Whitfield")
    await quiet(harbor)
    assert harbor.booked()[first.reference] == -bought[0].amount

    second = await refunded(harbor, desk, portland, bought[1], amount="1.10")
    assert (second.state, second.category) == (POSTED, "")
    assert harbor.booked()[second.reference] == Decimal("-1.10")
    assert await accepted(harbor, portland)


async def test_a_no_leaves_that_refund_out_and_the_next_one_asks_again(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, bought, _ = await started(harbor, desk)
    first = await refunded(harbor, desk, portland, bought[0])
    (alert,) = await desk.reconcile_alerts(portland.id)

    assert await desk.ignore(alert, "Entered in Intacct, record 90210.", "U0DANA", "Dana Whitfield") == 1
    await desk.reconcile_alerts(portland.id)

    second = await refunded(harbor, desk, portland, bought[1], amount="1.10")
    assert (await again(harbor, portland, first.transaction)).state == IGNORED
    assert (second.state, second.category) == (HELD, "held.refund")
    assert {first.reference, second.reference}.isdisjoint(harbor.booked())
    assert not await accepted(harbor, portland)

    (asks,) = await desk.reconcile_alerts(portland.id)
    assert asks != alert
    await desk.answer(asks, "negative", "U0DANA", "Dana Whitfield")
    await quiet(harbor)
    assert (await again(harbor, portland, first.transaction)).state == IGNORED, "a later yes takes back no earlier no"
    assert harbor.booked()[second.reference] == Decimal("-1.10")


async def test_the_refund_of_a_split_waits_until_its_cardholder_has_coded_it(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, bought, split = await started(harbor, desk)
    company = await connections.get_company(harbor.parts.store, portland.company)
    await connections.change_company(harbor.parts.store, company.id, refunds_accepted=True)
    waits = await refunded(harbor, desk, portland, split, amount="1.10")
    assert (waits.state, waits.category) == (HELD, "source.incomplete")

    for coding in bought[0].read().lines[0].codings:
        told = {"uuid": waits.transaction, "field": coding.field, "value": coding.value}
        await harbor.spend.control("set_coding", told)
    await synced(harbor, desk, portland)

    assert (await again(harbor, portland, waits.transaction)).state == POSTED
    assert harbor.booked()[waits.reference] == Decimal("-1.10")
