"""The client and the simulator beside the recorded field dictionary of a live company."""

from __future__ import annotations

from datetime import date

import pytest

from bot.intacct import client
from bot.intacct.query import Query
from bot.sandbox.intacct.company import Company
from bot.sandbox.intacct.desk_books import _CARD_TYPES
from bot.sandbox.intacct.fields import OBJECTS
from bot.sandbox.intacct.query import kinds_of
from bot.sandbox.seed import story
from bot.sandbox.seed_company import connected
from bot.walkthrough.steps import CARD_EXPIRY
from tests.recorded import fields, values

ASKED = {
    "CREDITCARD": client._CARD,
    "GLACCOUNT": client._ACCOUNT,
    "CCTRANSACTION": client._CARD_TRANSACTION,
    "USERINFO": client._USER,
}
HELD = (
    *(
        "GLACCOUNT",
        "CREDITCARD",
        "CCTRANSACTION",
        "CCTRANSACTIONENTRY",
        "LOCATION",
        "LOCATIONENTITY",
        "DEPARTMENT",
        "CLASS",
    ),
    *("PROJECT", "VENDOR", "CUSTOMER", "EMPLOYEE", "ITEM", "TASK", "USERINFO", "USERROLES", "ROLES", "ROLEUSERS"),
)
TYPES = {"int": {"INTEGER"}, "date": {"DATE"}, "datetime": {"TIMESTAMP"}, "money": {"CURRENCY", "DECIMAL"}}


@pytest.mark.parametrize("name", ASKED)
def test_the_client_asks_for_recorded_fields_only(name: str) -> None:
    assert set(ASKED[name]) <= set(fields(name))


@pytest.mark.parametrize("name", HELD)
def test_the_simulator_shows_recorded_fields_with_their_types(name: str) -> None:
    recorded = fields(name)
    company = Company(connected(story(date(2026, 11, 4)).company))

    shown = kinds_of(company, name)
    absent = {"TASKID"} if name == "CCTRANSACTIONENTRY" else set()  # comes with a subscription, which was not recorded

    assert set(shown) - absent <= set(recorded)
    wrong = {
        field: recorded[field]
        for field, kind in shown.items()
        if field != "LINE_NO"  # a number that the recording calls a text: on the wire they are one
        and recorded.get(field) not in TYPES.get(kind, {recorded.get(field)})
    }
    assert wrong == {}


@pytest.mark.parametrize("field", ["LIABACCT#", "DEPT#", "LOCATION#"])
def test_what_ends_in_a_hash_is_recorded_as_a_number_of_a_record(field: str) -> None:
    assert fields("CREDITCARD")[field] == "INTEGER"
    assert fields("CREDITCARD")[field.replace("ACCT#", "ACCTKEY").removesuffix("#")] == "TEXT"
    assert OBJECTS["CREDITCARD"].fields[field] == "int"


def test_what_is_typed_into_the_cards_screen_can_be_picked_there() -> None:
    month, _, year = CARD_EXPIRY.partition("/")
    assert (month, year) == ("12", values("CREDITCARD", "EXP_YEAR")[-1])
    assert values("CREDITCARD", "CARDTYPE") == _CARD_TYPES
    cards = connected(story(date(2026, 11, 4)).company)["objects"]["CREDITCARD"]
    for card in cards:
        for field in ("CARDTYPE", "EXP_MONTH", "EXP_YEAR", "STATUS", "LIABILITYTYPE"):
            assert card[field] in values("CREDITCARD", field)


def test_a_query_never_asks_for_two_fields_that_come_back_under_one_name() -> None:
    """Recorded of a live company: `LOCATION` and `LOCATION#` are answered as two elements `LOCATION`."""
    with pytest.raises(ValueError, match="come back under one name"):
        Query("CREDITCARD", ("CARDID", "LOCATION", "LOCATION#")).call()
