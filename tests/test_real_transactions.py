"""What real card spend brings along: nothing charged, other currencies, several clears, several cards, locked rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.models import PostingState, Selector
from bot.store import connections, postings
from bot.store.connections import Connection
from bot.store.postings import Posting
from tests.office import LUNCH
from tests.test_correct import alert_on, desk_of
from tests.world import World, world

Json = dict[str, Any]


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[World]:
    """Everything set up, and Spend Center without a single transaction."""
    async with world(tmp_path, cards=("0000",)) as made:
        yield made


async def bought(at: World, amount: str = "48.20", **more: Any) -> str:
    answer = await at.spend.control("add_transaction", LUNCH | {"amount": amount} | more)
    return str(answer["transaction"]["uuid"])


async def row_of(at: World, connection: Connection, uuid: str) -> Posting:
    now = await connections.get_connection(at.parts.store, connection.id)
    assert now is not None
    return (await postings.known(at.parts.store, now.spend_company, [uuid]))[uuid]


def record(at: World, row: Posting) -> Json:
    found = [one for one in at.intacct.state(limit=100)["ledger"]["transactions"] if one["reference"] == row.reference]
    assert len(found) == 1
    return dict(found[0])


async def test_what_costs_nothing_is_counted_and_never_posted(harbor: World) -> None:
    portland = await harbor.connect()
    free, paid = await bought(harbor, "0.00"), await bought(harbor)
    run = await harbor.sync(portland)
    await harbor.sync(portland)

    assert (run.skipped or {})["zero amount"] == 1
    assert harbor.booked() == {(await row_of(harbor, portland, paid)).reference: Decimal("48.20")}
    with pytest.raises(KeyError):
        await row_of(harbor, portland, free)


async def test_a_foreign_purchase_posts_what_the_card_settled_and_says_what_was_charged(harbor: World) -> None:
    portland = await harbor.connect()
    uuid = await bought(harbor, "107.50", currency={"code": "EUR", "amount": "100.00", "rate": "1.075"})
    await harbor.sync(portland)

    posted = record(harbor, await row_of(harbor, portland, uuid))
    assert Decimal(posted["total"]) == Decimal("107.50")
    assert " | EUR 100.00 at 1.075 | " in posted["description"]


async def test_a_row_that_spend_center_has_locked_posts_like_any_other(harbor: World) -> None:
    portland = await harbor.connect()
    uuid = await bought(harbor, isLocked=True)
    await harbor.sync(portland)
    await harbor.sync(portland)

    assert harbor.booked() == {(await row_of(harbor, portland, uuid)).reference: Decimal("48.20")}


async def test_an_authorisation_that_clears_in_parts_posts_each_part_and_asks_about_one_that_repeats(
    harbor: World,
) -> None:
    portland = await harbor.connect()
    authorised = await bought(harbor, "90.00", authorize=True)
    await harbor.spend.control("clear_authorization", {"uuid": authorised, "variant": "new_uuid", "amount": "60.00"})
    rows = harbor.spend.books.transactions
    first = next(row for row in rows if row["originalAuthTransactionUuid"] == authorised)
    part = {"amount": Decimal("30.00"), "transactedAmount": Decimal("30.00")}
    harbor.spend.books.add({**first, "uuid": "txr_second", "id": "second", **part})
    harbor.spend.books.add({**first, "uuid": "txr_again", "id": "again"})
    await harbor.sync(portland)
    assert sorted(harbor.booked().values()) == [Decimal("30.00"), Decimal("60.00")]

    asks = await row_of(harbor, portland, "txr_again")
    if asks.state == PostingState.POSTED:  # of the two alike, the one that was read first went
        asks = await row_of(harbor, portland, first["uuid"])
    assert (asks.state, asks.category) == (PostingState.HELD, "held.twin")
    desk = desk_of(harbor)
    alert = await alert_on(harbor, desk, portland.id, "held.twin")
    await desk.answer(alert, "both", "U0LEE", "Lee Okafor")
    for _ in range(2):
        await harbor.sync(portland)

    assert sorted(harbor.booked().values()) == [Decimal("30.00"), Decimal("60.00"), Decimal("60.00")]


async def test_several_cards_post_to_the_card_object_of_their_own_connection(harbor: World) -> None:
    account = {"ACCOUNTNO": "2152", "TITLE": "Spend Center, trade fairs", "ACCOUNTTYPE": "balancesheet"}
    await harbor.intacct.control(
        "create_record", {"object": "GLACCOUNT", "record": account | {"NORMALBALANCE": "credit"}}
    )
    fairs = {"CARDID": "CC Fairs", "LIABACCT": "2152", "LOCATION": "100", "EXP_MONTH": "December", "EXP_YEAR": "2035"}
    await harbor.intacct.control("create_record", {"object": "CREDITCARD", "record": fairs, "entity": "100"})
    lunch = await harbor.connect(selector=Selector(all=False, cards=("4417",)))
    fair = await harbor.connect(selector=Selector(all=False, cards=("7718",)), card="CC Fairs", name="Fairs")
    meal, booth = await bought(harbor), await bought(harbor, "310.00", card="7718")
    for connection in (lunch, fair, lunch, fair):
        await harbor.sync(connection)

    said = [record(harbor, await row_of(harbor, lunch, uuid)) for uuid in (meal, booth)]
    assert [(one["card"], Decimal(one["total"])) for one in said] == [
        ("Spend Center CC Object", Decimal("48.20")),
        ("CC Fairs", Decimal("310.00")),
    ]
    assert len(harbor.booked()) == 2


async def test_at_the_top_level_one_purchase_may_have_lines_in_two_entities(harbor: World) -> None:
    account = {"ACCOUNTNO": "2153", "TITLE": "Spend Center, all", "ACCOUNTTYPE": "balancesheet"}
    await harbor.intacct.control(
        "create_record", {"object": "GLACCOUNT", "record": account | {"NORMALBALANCE": "credit"}}
    )
    whole = {"CARDID": "CC All", "LIABACCT": "2153", "LOCATION": "100", "EXP_MONTH": "December", "EXP_YEAR": "2035"}
    await harbor.intacct.control("create_record", {"object": "CREDITCARD", "record": whole})
    everything = await harbor.connect("", card="CC All", selector=Selector(), options={"other_entities": True})
    here = LUNCH["fields"]
    there = here | {"Location": "200 - Denver"}
    lines = [{"amount": "30.00", "fields": here}, {"amount": "18.20", "fields": there}]
    uuid = await bought(harbor, fields={}, lines=lines)
    await harbor.sync(everything)

    posted = record(harbor, await row_of(harbor, everything, uuid))
    assert [(one["location"], Decimal(one["amount"])) for one in posted["lines"]] == [
        ("100", Decimal("30.00")),
        ("200", Decimal("18.20")),
    ]
