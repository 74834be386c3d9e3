"""Amounts finer than their currency: asked about, rounded only when somebody says so, and never sent for Intacct to round."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.currencies import fits, places
from bot.models import PostingState
from bot.store import connections, postings
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync.parts import rounded
from tests.office import LEE, LUNCH, Office, office
from tests.world import World, world

CODED = {"fields": {"GL Account": "6440 - Meals", "Department": "20 - Sales", "Location": "100 - Portland"}}
THIRDS = [CODED | {"amount": amount} for amount in ("33.3333", "33.3333", "33.3334")]


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[World]:
    """Spend Center without a single transaction."""
    async with world(tmp_path, cards=("0000",)) as made:
        yield made


async def buys(far: World, **changes: Any) -> str:
    return str((await far.spend.control("add_transaction", LUNCH | changes))["transaction"]["uuid"])


async def row_of(far: World, connection: Connection, uuid: str) -> Posting:
    return (await postings.known(far.parts.store, connection.spend_company, [uuid]))[uuid]


async def test_fractions_of_a_cent_wait_and_the_corrected_amount_posts_once(harbor: World) -> None:
    uuid = await buys(harbor, amount="12.345")
    connection = await harbor.connect("100")
    await harbor.sync(connection)
    connection = (await connections.get_connection(harbor.parts.store, connection.id)) or connection
    row = await row_of(harbor, connection, uuid)
    assert (row.state, row.category, (row.details or {})["amount"]) == (PostingState.HELD, "held.amount", "12.345 USD")
    assert harbor.booked() == {}

    await harbor.spend.control("edit_transaction", {"uuid": uuid, "amount": "12.35"})
    harbor.clock.pass_(minutes=5)
    await harbor.sync(connection)
    assert list(harbor.booked().values()) == [Decimal("12.35")]


async def test_a_split_in_three_posts_in_whole_cents_once_somebody_says_so(tmp_path: Path) -> None:
    async with office(tmp_path, cards=("0000",)) as made:
        made.far.clock.now = made.clock()
        await buys(made.far, amount="100.00", fields={}, lines=THIRDS)
        await made.far.connect("100", schedule="")
        await made.room.in_(LEE).types("sync")
        asked = await made.room.reads("1 transaction has a split finer than the currency")
        assert "33.3333, 33.3333, 33.3334" in asked["text"]
        assert made.far.booked() == {}

        await made.room.presses("1 transaction has a split finer than the currency", "Round the parts")
        await made.room.reads("Solved: 1 transaction posted")
        assert lines_of(made) == [Decimal("33.33"), Decimal("33.33"), Decimal("33.34")]
        assert list(made.far.booked().values()) == [Decimal("100.00")]


def lines_of(at: Office) -> list[Decimal]:
    """From the simulator's books."""
    [record] = at.far.intacct.state(limit=10)["ledger"]["transactions"]
    return sorted(Decimal(line["amount"]) for line in record["lines"])


@given(st.lists(st.decimals(-1000, 1000, places=4), min_size=2, max_size=8), st.sampled_from(["USD", "JPY", "BHD"]))
def test_rounded_parts_keep_their_sum_and_stay_within_one_unit(amounts: list[Decimal], currency: str) -> None:
    unit = Decimal(1) / 10 ** places(currency)
    amounts = [*amounts, -sum(amounts, Decimal(0)) + 7 * unit]  # a sum that the currency can hold
    made = rounded(amounts, currency)
    assert sum(made) == sum(amounts)
    assert all(abs(one - other) < unit for one, other in zip(made, amounts, strict=True))
    assert all(fits(one, currency) for one in made)


@pytest.mark.parametrize(
    ("currency", "amount", "held"),
    [
        ("USD", "1.25", True),
        ("USD", "1.250", True),
        ("USD", "1.255", False),
        ("JPY", "1500", True),
        ("JPY", "1500.00", True),
        ("JPY", "1500.5", False),
        ("BHD", "1.255", True),
        ("BHD", "1.2555", False),
        ("CLF", "1.2555", True),
    ],
)
def test_each_currency_has_its_own_smallest_unit(currency: str, amount: str, held: bool) -> None:
    """ISO 4217."""
    assert fits(Decimal(amount), currency) == held
