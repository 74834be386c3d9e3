"""What the set-up reads and writes: accounts, cards, users, permissions, entities, pick lists."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.intacct.client import IntacctClient
from bot.intacct.errors import FunctionFailure
from bot.intacct.query import Eq, Like
from bot.intacct.records import (
    DIMENSION_OBJECTS,
    AccountRecord,
    DimensionObject,
    DimensionValue,
    Entity,
    FinancialSetup,
)
from bot.models import Dimension
from tests.intacct_gateway import SIGN_IN, Clock, Reply, ScriptedGateway, data, failed, gateway, recorded, settings


@pytest.fixture
async def far_end() -> AsyncIterator[ScriptedGateway]:
    async with gateway() as scripted:
        yield scripted


@pytest.fixture
async def intacct(far_end: ScriptedGateway) -> AsyncIterator[IntacctClient]:
    async with IntacctClient(settings(far_end.url), SIGN_IN, sleep=Clock().sleep) as client:
        yield client


def listed(*names: str) -> Reply:
    """What `lookup` answers."""
    fields = "".join(f"<Field><ID>{name}</ID><LABEL>{name.title()}</LABEL></Field>" for name in names)
    return data(f'<data><Type Name="X" DocumentType=""><Fields>{fields}</Fields><Relationships/></Type></data>')


def found(*rows: dict[str, str]) -> Reply:
    inner = "".join(
        "<OBJECT>" + "".join(f"<{name}>{value}</{name}>" for name, value in row.items()) + "</OBJECT>" for row in rows
    )
    return data(f'<data listtype="X" numremaining="0">{inner}</data>')


def asked_fields(far_end: ScriptedGateway) -> list[str | None]:
    return [field.text for field in far_end.asked[-1].document.iterfind(".//select/field")]


async def test_an_account_is_read_with_each_attribute_that_set_up_checks(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    far_end.then(
        listed("RECORDNO", "ACCOUNTNO", "TITLE", "STATUS", "SUBLEDGERCONTROLON", "REQUIREDEPT", "REQUIREGLDIMGRANT"),
        found(
            {
                "RECORDNO": "141",
                "ACCOUNTNO": "2150",
                "TITLE": "Spend Center GL Account",
                "STATUS": "active",
                "SUBLEDGERCONTROLON": "true",
                "REQUIREDEPT": "false",
                "REQUIREGLDIMGRANT": "true",
            }
        ),
        found(),
    )
    account = await intacct.account("2150")
    assert account is not None
    assert (account.record_no, account.active, account.direct_posting) == ("141", True, False)
    assert account.required == ("GLDIMGRANT",)
    assert "REQUIREGLDIMGRANT" in asked_fields(far_end)
    assert "CATEGORY" not in asked_fields(far_end)
    assert await intacct.account("9999") is None
    assert far_end.calls.count(["lookup"]) == 1


async def test_an_account_is_created_as_asked_and_mended_field_by_field(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    far_end.then(
        data('<data listtype="objects" count="1"><glaccount><RECORDNO>141</RECORDNO></glaccount></data>'),
        recorded(),
        failed("BL01001973", "The account number '2150' already exists"),
    )
    account = AccountRecord("2150", "Spend Center GL Account", category="Credit Card Payable")
    assert await intacct.create_account("ac-1", account) == "141"
    await intacct.update_account("ac-2", "2150", {"REQUIREDEPT": "false", "STATUS": "active"})
    with pytest.raises(FunctionFailure, match="already exists"):
        await intacct.create_account("ac-3", account)
    created, updated = (one.functions[0][1][0] for one in far_end.asked[1:3])
    assert {str(field.tag): field.text for field in created} == {
        "ACCOUNTNO": "2150",
        "TITLE": "Spend Center GL Account",
        "CATEGORY": "Credit Card Payable",
        "ACCOUNTTYPE": "balancesheet",
        "NORMALBALANCE": "credit",
        "CLOSINGTYPE": "non-closing account",
        "ALTERNATIVEACCOUNT": "None",
        "STATUS": "active",
    }
    assert {str(field.tag): field.text for field in updated} == {
        "ACCOUNTNO": "2150",
        "REQUIREDEPT": "false",
        "STATUS": "active",
    }


async def test_a_card_is_read_by_ids_and_its_account_by_number_and_record_number(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    """The fact sheet's "# trap": LIABACCTKEY, DEPT, LOCATION are what people see, each `#` is a record number."""
    far_end.then(
        listed("RECORDNO", "CARDID", "STATUS", "LIABACCTKEY", "LIABACCT#", "DEPT", "DEPT#", "LOCATION", "LOCATION#"),
        data(
            '<data listtype="CREDITCARD" numremaining="0"><CREDITCARD><RECORDNO>4</RECORDNO>'
            "<CARDID>Spend Center CC Object</CARDID><STATUS>active</STATUS>"
            "<LIABACCTKEY>2150--Spend Center GL Account</LIABACCTKEY><LIABACCT>5831</LIABACCT>"
            "<DEPT>40</DEPT><LOCATION>100</LOCATION></CREDITCARD></data>"
        ),
    )
    card = await intacct.card("Spend Center CC Object")
    assert card is not None
    assert (card.offset_account, card.offset_record_no) == ("2150", "5831")
    assert (card.department_id, card.location_id) == ("40", "100")
    assert asked_fields(far_end) == [
        *("RECORDNO", "CARDID", "STATUS", "LIABACCTKEY", "LIABACCT#", "DEPT", "LOCATION"),
    ]


async def test_the_user_and_its_roles(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    user = {"LOGINID": "Spendcenter", "STATUS": "active", "USERTYPE": "business user", "LOGINDISABLED": "true"}
    far_end.then(
        listed("LOGINID", "STATUS", "USERTYPE", "LOGINDISABLED"),
        found(user),
        found({"ROLENAME": "Administrator"}, {"ROLENAME": "Billcom Role"}),
    )
    record = await intacct.user("Spendcenter")
    assert record is not None
    assert (record.login_id, record.active, record.web_services_only) == ("Spendcenter", True, True)
    assert await intacct.user_roles("Spendcenter") == ("Administrator", "Billcom Role")


async def test_permissions_are_rights_by_policy_by_application(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    far_end.then(
        data(
            "<data><permissions><appSubscription><applicationName>Cash Management</applicationName><policies>"
            "<policy><policyName>Credit card transactions</policyName><rights>List|View| Add |</rights></policy>"
            "<policy><policyName>Accounts</policyName><rights></rights></policy></policies></appSubscription>"
            "<appSubscription><applicationName>General Ledger</applicationName><policies/></appSubscription>"
            "</permissions></data>"
        )
    )
    assert await intacct.permissions("Spendcenter") == {
        "Cash Management": {
            "Credit card transactions": frozenset({"List", "View", "Add"}),
            "Accounts": frozenset(),
        },
        "General Ledger": {},
    }


async def test_the_company_is_described(far_end: ScriptedGateway, intacct: IntacctClient) -> None:
    far_end.then(
        data(
            "<data><entity><id>100</id><name>Portland</name><recordno>7</recordno><currency>USD</currency></entity></data>"
        ),
        data(
            "<data><financialSetup><baseCurrency>USD</baseCurrency><defaultBook>ACCRUAL</defaultBook>"
            "<multiBaseCurrency>false</multiBaseCurrency><multiBook>false</multiBook>"
            "<multiCurrency>true</multiCurrency><multiEntityShared>true</multiEntityShared></financialSetup></data>"
        ),
        data(
            "<data><companypref><application>GEN</application><preference>PRIMARY_ACCTNO_LENGTH</preference>"
            "<prefvalue>4</prefvalue></companypref></data>"
        ),
    )
    assert await intacct.entities() == [Entity("100", "Portland", "USD", "7")]
    assert await intacct.financial_setup() == FinancialSetup(
        base_currency="USD",
        multi_currency=True,
        multi_base_currency=False,
        multi_entity=True,
        multi_book=False,
        default_book="ACCRUAL",
    )
    assert await intacct.preferences("GEN") == {"PRIMARY_ACCTNO_LENGTH": "4"}


async def test_a_pick_list_names_its_values_and_asks_only_for_fields_that_exist(
    far_end: ScriptedGateway, intacct: IntacctClient
) -> None:
    far_end.then(
        listed("EMPLOYEEID", "CONTACT_NAME", "STATUS"),
        found(
            {"EMPLOYEEID": "E1", "CONTACT_NAME": "Dana Whitfield", "STATUS": "active"},
            {"EMPLOYEEID": "E2", "CONTACT_NAME": "", "STATUS": "inactive"},
        ),
        listed("GRANTID"),
        found({"GRANTID": "G1"}),
    )
    like = Like("EMPLOYEEID", "E%")
    assert [one async for one in intacct.list_values(Dimension.EMPLOYEE, like, active_only=True)] == [
        DimensionValue("E1", "Dana Whitfield", active=True),
        DimensionValue("E2", "E2", active=False),
    ]
    assert asked_fields(far_end) == ["EMPLOYEEID", "CONTACT_NAME", "STATUS"]
    conditions = far_end.asked[-1].document.find(".//filter/and")
    assert conditions is not None
    assert [child.tag for child in conditions] == ["like", "equalto"]

    grants = DimensionObject("GRANT", "GRANTID", ("NAME",))
    values = [one async for one in intacct.list_values(grants, Eq("GRANTID", "G1"), active_only=True)]
    assert values == [DimensionValue("G1", "G1", active=True)]


def test_every_dimension_has_its_object() -> None:
    assert set(DIMENSION_OBJECTS) == set(Dimension)
