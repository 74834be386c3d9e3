"""The Intacct simulator: what is done by hand, at the control door."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.sandbox.control import ControlError
from tests.intacct_wire import COMPANY, Wire, account, charge, entries, equal, make_wire, parts, query, texts  # noqa: F401 - make_wire is a fixture

CARD = {
    "CARDID": "New",
    "EXP_MONTH": "12",
    "EXP_YEAR": "2035",
    "LIABACCTKEY": "2160",
    "LOCATION": "100",
    "VENDORID": "V-1",
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"LIABACCTKEY": "2150"}, "already belongs to Credit Card Card 100"),
        ({"LIABACCTKEY": "9999"}, "no active account '9999'"),
        ({"LOCATION": "200"}, "does not belong to entity '100'"),
        ({"LOCATION": "250"}, "no active location '250'"),
        ({"VENDORID": "V-9"}, "no active vendor 'V-9'"),
        ({"EXP_YEAR": "40"}, "four digits"),
        ({"EXP_MONTH": ""}, "month is missing"),
        ({"CARDID": "Card 100"}, "is taken"),
        ({"COLOUR": "red"}, "no field 'COLOUR'"),
    ],
)
async def test_the_card_screen_checks_and_locks(wire: Wire, change: dict[str, str], says: str) -> None:
    await wire.sim.control(
        "create_record", {"object": "GLACCOUNT", "record": account("2160", "Cards", NORMALBALANCE="credit")}
    )
    with pytest.raises(ControlError, match=says):
        await wire.sim.control("create_record", {"object": "CREDITCARD", "record": {**CARD, **change}, "entity": "100"})
    await wire.sim.control("create_record", {"object": "CREDITCARD", "record": CARD, "entity": "100"})
    result = await wire.one(
        query("CREDITCARD", "EXP_MONTH LIABILITYTYPE MEGAENTITYID CURRENCY_R", equal("CARDID", "New"))
    )
    assert [c.text for c in parts(result, "data/CREDITCARD")] == ["December", "Credit", "100", "USD"]
    with pytest.raises(ControlError, match="Offset account cannot be changed"):
        await wire.sim.control(
            "save_record", {"object": "CREDITCARD", "record": {"CARDID": "New", "LIABACCTKEY": "1000"}}
        )
    await wire.sim.control("save_record", {"object": "CREDITCARD", "record": {"CARDID": "New", "STATUS": "inactive"}})
    assert "The charge card 'New' is inactive." in texts(await wire.one(charge(chargecardid="New")))


@pytest.mark.parametrize(
    ("verb", "args", "says"),
    [
        ("fly", {}, "no verb 'fly'"),
        ("fault", {"kind": "storm"}, "no fault 'storm'"),
        ("fault", {}, "needs 'kind'"),
        ("fault", {"kind": "late", "speed": 3}, "takes no 'speed'"),
        ("fault", {"kind": "late", "count": "2"}, "'count' of 'fault' has to be of type int"),
        ("edit_user", {"user_id": "nobody"}, "no user 'nobody'"),
        ("edit_user", {"user_id": "Spendcenter", "entities": ["9"]}, "no entity '9'"),
        ("create_ws_user", {"user_id": "Spendcenter", "email": "a@b", "last_name": "x"}, "is taken"),
        ("set_role", {"name": "R", "policies": {"Magic": ["Add"]}}, "no policy 'Magic'"),
        ("set_role", {"name": "R", "policies": {"Accounts": ["Fly"]}}, "no right 'Fly'"),
        ("assign_role", {"user_id": "Spendcenter", "role": "R9"}, "no role 'R9'"),
        ("close_books", {"through": "soon"}, "neither a day"),
        ("open_books", {"entity": "200"}, "Nothing is closed here"),
        ("create_record", {"object": "CCTRANSACTION", "record": {"RECORDID": "1"}}, "has no screen"),
        (
            "create_record",
            {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6120", "TITLE": "x"}},
            "Duplicate account number",
        ),
        ("delete_record", {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "2150"}}, "is in use"),
        ("reset", {"company": "x"}, "map with at least company_id"),
    ],
)
async def test_the_control_door_refuses_with_a_sentence(wire: Wire, verb: str, args: dict[str, Any], says: str) -> None:
    with pytest.raises(ControlError, match=says):
        await wire.sim.control(verb, args)


async def test_changes_are_announced_and_a_reset_starts_over(wire: Wire) -> None:
    heard: list[str] = []
    wire.sim.on_change = heard.append
    await wire.ask(charge())
    await wire.sim.control("set_preference", {"application": "CM", "preference": "SUMMARY", "value": "monthly"})
    assert heard == ["intacct", "intacct"]
    for number in range(3):
        await wire.ask(charge(referenceno=f"n{number}"))
    page = wire.sim.state(limit=2, offset=1)["ledger"]
    assert page["count"] == 4
    assert [t["reference"] for t in page["transactions"]] == ["n1", "n0"]
    await wire.sim.control("reset", {"company": copy.deepcopy(COMPANY)})
    assert entries(wire) == []
    assert (await wire.one(charge())).findtext("key") == "10322"
