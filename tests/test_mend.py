"""Rules for causes beside a missing or inactive value: what is refused only together, outside the entity, or unmapped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.models import FieldMapping, PostingState
from bot.store import alerts, connections, postings, rules
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync import correct
from bot.sync.correct import Keep
from bot.sync.desk import Desk
from tests.test_correct import alert_on, desk_of
from tests.test_rules import kept
from tests.world import FIELDS, World, mapping, world

MEALS, SALES, HERE = "6440 - Meals", "20 - Sales", "100 - Portland"


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[World]:
    """Everything set up, and Spend Center without a single transaction."""
    async with world(tmp_path, cards=("0000",)) as made:
        yield made


async def bought(at: World, connection: Connection, merchant: str, **fields: str) -> Posting:
    """A purchase, and what became of it in the next sync."""
    said = {"GL Account": MEALS, "Department": SALES, "Location": HERE} | {
        FIELDS[key]: value for key, value in fields.items()
    }
    told = {key: value for key, value in said.items() if value}
    purchase = {"card": "4417", "amount": "48.20", "merchant": merchant, "date": "2026-11-04", "fields": told}
    uuid = (await at.spend.control("add_transaction", purchase))["transaction"]["uuid"]
    await at.sync(await again(at, connection))
    connection = await again(at, connection)
    return (await postings.known(at.parts.store, connection.spend_company, [uuid]))[uuid]


async def again(at: World, connection: Connection) -> Connection:
    found = await connections.get_connection(at.parts.store, connection.id)
    assert found is not None
    return found


async def choose(at: World, desk: Desk, row: Posting, value: str, keep: Keep) -> Posting:
    alert = await alert_on(at, desk, row.connection_id, row.category)
    assert value in {one.value_id for one in await correct.values(desk, alert, "")}
    await correct.code(desk, alert, value, "U0LEE", "Lee Okafor", keep=keep, write_back=False)
    return (await postings.get(at.parts.store, [row.id]))[0]


def booked(at: World, row: Posting) -> tuple[dict[str, Any], str]:
    """The first line of a posting as Intacct has it, and its description."""
    found = [one for one in at.intacct.state(limit=5000)["ledger"]["transactions"] if one["reference"] == row.reference]
    assert len(found) == 1
    return found[0]["lines"][0], found[0]["description"]


async def test_a_value_refused_only_beside_an_account_is_replaced_there_and_nowhere_else(harbor: World) -> None:
    portland, desk = await harbor.connect("100"), desk_of(harbor)
    await harbor.intacct.control("restrict", {"account": "6440", "object": "DEPARTMENT", "value": "20"})
    first = await bought(harbor, portland, "Marigold Kitchen")
    assert (first.state, first.category) == (PostingState.FAILED, "dimension.restricted")
    assert (await choose(harbor, desk, first, "30", Keep.SAME)).state == PostingState.POSTED

    second = await bought(harbor, portland, "Hearth & Harvest")
    elsewhere = await bought(harbor, portland, "Quillcast", gl_account="6210 - Software")
    assert (second.state, second.decision) == (PostingState.POSTED, {"refused": {"department": ["20"]}})
    line, description = booked(harbor, second)
    assert (line["department"], description.endswith("| rule R-1")) == ("30", True)
    assert booked(harbor, elsewhere)[0]["department"] == "20"
    [rule] = await rules.of_connections(harbor.parts.store, [portland.id])
    assert [row.id for row in await rules.touched(harbor.parts.store, rule.id)] == [second.id]

    await rules.switch_off(harbor.parts.store, rule.id, "Lee Okafor", harbor.clock())
    third = await bought(harbor, portland, "Lantern Hotels")
    assert (third.state, third.category) == (PostingState.FAILED, "dimension.restricted")
    await harbor.intacct.control(
        "restrict", {"account": "6440", "object": "DEPARTMENT", "value": "20", "restricted": False}
    )
    await harbor.sync(portland, retry=[third.id])
    assert booked(harbor, third)[0]["department"] == "20"


async def test_rules_that_send_a_refused_value_in_a_ring_leave_it_to_a_person(harbor: World) -> None:
    portland = await harbor.connect("100")
    for value, instead in (("30", "20"), ("20", "30")):
        await harbor.intacct.control("restrict", {"account": "6440", "object": "DEPARTMENT", "value": value})
        await kept(harbor, portland, value=value, instead=instead, account="")

    row = await bought(harbor, portland, "Marigold Kitchen")

    assert (row.state, row.category) == (PostingState.FAILED, "dimension.restricted")
    assert row.try_no <= 4
    mended = await choose(harbor, desk_of(harbor), row, "15", Keep.NOT)
    assert mended.state == PostingState.POSTED
    assert booked(harbor, mended)[0]["department"] == "15"


async def test_an_account_that_takes_no_direct_posting_is_replaced_while_it_takes_none(harbor: World) -> None:
    portland, desk = await harbor.connect("100"), desk_of(harbor)
    shut = {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6440", "SUBLEDGERCONTROLON": "true"}}
    await harbor.intacct.control("save_record", shut)
    first = await bought(harbor, portland, "Marigold Kitchen")
    assert first.category == "config.gl_restricted"
    await choose(harbor, desk, first, "6430", Keep.SAME)

    second = await bought(harbor, portland, "Hearth & Harvest")
    assert booked(harbor, second)[0]["account"] == "6430"
    await harbor.intacct.control(
        "save_record", {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6440", "SUBLEDGERCONTROLON": "false"}}
    )
    third = await bought(harbor, portland, "Lantern Hotels")
    assert booked(harbor, third)[0]["account"] == "6440"


async def test_a_location_of_another_entity_is_replaced_and_only_the_entitys_own_are_offered(harbor: World) -> None:
    portland, desk = await harbor.connect("100"), desk_of(harbor)
    first = await bought(harbor, portland, "Marigold Kitchen", location="200 - Denver")
    assert (first.state, first.category) == (PostingState.HELD, "held.entity")
    alert = await alert_on(harbor, desk, portland.id, "held.entity")
    offered = {one.value_id for one in await correct.values(desk, alert, "")}
    assert "100" in offered
    assert "200" not in offered

    assert (await choose(harbor, desk, first, "100", Keep.SAME)).state == PostingState.POSTED
    second = await bought(harbor, portland, "Hearth & Harvest", location="200 - Denver")

    line, description = booked(harbor, second)
    assert (line["location"], description.endswith("| rule R-1")) == ("100", True)


async def test_a_vendor_that_intacct_does_not_take_is_replaced(harbor: World) -> None:
    codes = mapping(harbor.story) | {"vendor": FieldMapping(default="V-999")}
    portland, desk = await harbor.connect("100", mapping=codes), desk_of(harbor)
    first = await bought(harbor, portland, "Marigold Kitchen")
    assert first.category == "vendor.invalid"
    await choose(harbor, desk, first, "V-110", Keep.SAME)

    second = await bought(harbor, portland, "Hearth & Harvest")

    line, description = booked(harbor, second)
    assert (line["vendor"], description.endswith("| rule R-1")) == ("V-110", True)


async def test_a_value_that_stands_for_nothing_is_matched_once_for_good(harbor: World) -> None:
    codes = mapping(harbor.story)
    del codes["gl_account"].values[MEALS]
    portland, desk = await harbor.connect("100", mapping=codes), desk_of(harbor)
    first = await bought(harbor, portland, "Marigold Kitchen")
    assert (first.state, first.category) == (PostingState.HELD, "source.mapping")

    assert (await choose(harbor, desk, first, "6440", Keep.MAPPED)).state == PostingState.POSTED

    second = await bought(harbor, portland, "Hearth & Harvest")
    assert booked(harbor, second)[0]["account"] == "6440"
    assert booked(harbor, first)[1].endswith(first.reference)  # nobody coded this row: the map did
    assert (await again(harbor, portland)).codes()["gl_account"].values[MEALS] == "6440"
    [alert] = await alerts.unsettled_messages(harbor.parts.store, portland.id)
    assert [line["did"] for line in alert.story if "intent" in line] == ["map"]


async def test_two_people_who_match_two_values_at_once_both_count(harbor: World) -> None:
    portland = await harbor.connect("100")
    for text, value in (("Taxi", "6420"), ("Beans", "6440")):
        await connections.map_value(harbor.parts.store, portland.id, "gl_account", text, value)

    values = (await again(harbor, portland)).codes()["gl_account"].values
    assert (values["Taxi"], values["Beans"], values[MEALS]) == ("6420", "6440", "6440")
    bare = await harbor.connect("100", name="Bare", mapping={"gl_account": FieldMapping(field="GL Account")})
    with pytest.raises(ValueError, match="no map to add to"):
        await connections.map_value(harbor.parts.store, bare.id, "gl_account", "Taxi", "6420")


async def test_a_missing_account_is_kept_for_one_merchant_only(harbor: World) -> None:
    codes = mapping(harbor.story) | {"gl_account": FieldMapping()}
    portland, desk = await harbor.connect("100", mapping=codes), desk_of(harbor)
    first = await bought(harbor, portland, "Marigold Kitchen")
    assert (first.state, first.category) == (PostingState.HELD, "source.mapping")
    await choose(harbor, desk, first, "6440", Keep.SAME)
    assert await rules.of_connections(harbor.parts.store, [portland.id]) == []
    second = await bought(harbor, portland, "Hearth & Harvest")

    await choose(harbor, desk, second, "6440", Keep.OF_MERCHANT)

    third = await bought(harbor, portland, "Hearth & Harvest")
    assert booked(harbor, third)[0]["account"] == "6440"
    assert (await bought(harbor, portland, "Lantern Hotels")).state == PostingState.HELD
