"""A plain client for the Intacct simulator: text in, elements out; and the small company that its tests use."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from lxml import etree

from bot.sandbox.intacct import IntacctSim
from tests.patience import PATIENCE

NOW = datetime(2026, 11, 4, 15, 0, tzinfo=UTC)
DAY = "<year>2026</year><month>11</month><day>02</day>"


def account(number: str, title: str, **more: str) -> dict[str, str]:
    return {"ACCOUNTNO": number, "TITLE": title, "STATUS": "active", "NORMALBALANCE": "debit", **more}


COMPANY: dict[str, Any] = {
    "company_id": "HarborPine",
    "name": "Harbor & Pine Outfitters",
    "base_currency": "USD",
    "multi_entity": True,
    "senders": {"harborpine-bot": {"password": "sender-pw"}},
    "authorized": {"harborpine-bot": "active"},
    "pending_authorizations": {},
    "users": [
        {
            "LOGINID": "Spendcenter",
            "PASSWORD": "user-pw",
            "USERTYPE": "business user",
            "STATUS": "active",
            "ADMIN": "full",
            "WEBSERVICES": True,
            "ENTITIES": [],
            "permissions": "role",
            "ROLES": ["Billcom Role"],
            "rights": {},
            "EMAIL": "dana@harborpine.example",
            "CONTACT": "Dana Whitfield",
        }
    ],
    "roles": {"Billcom Role": "all"},
    "applications": ["CO", "CM", "GL"],
    "objects": {
        "GLACCOUNT": [
            account("2150", "Spend Center GL Account", ACCOUNTTYPE="balancesheet", NORMALBALANCE="credit"),
            account("1000", "Checking"),
            account("6120", "Office supplies"),
            account("6215", "Software (old)", STATUS="inactive"),
            account("6420", "Travel", REQUIREDEPT="true", CATEGORY="Travel expense"),
            account("6500", "Payroll", SUBLEDGERCONTROLON="true"),
        ],
        "CREDITCARD": [
            {
                "CARDID": "Card 100",
                "STATUS": "active",
                "EXP_MONTH": "December",
                "EXP_YEAR": "2035",
                "LIABACCTKEY": "2150",
                "LOCATION": "100",
                "LIABILITYTYPE": "Credit",
                "VENDORID": "V-1",
                "MEGAENTITYID": "100",
            },
            {
                "CARDID": "Old card",
                "STATUS": "active",
                "EXP_MONTH": "June",
                "EXP_YEAR": "2024",
                "LIABACCTKEY": "2150",
                "LOCATION": "100",
                "MEGAENTITYID": "100",
            },
            {"CARDID": "Card 200", "STATUS": "active", "LIABACCTKEY": "2150", "LOCATION": "200", "MEGAENTITYID": "200"},
            {"CARDID": "Top card", "STATUS": "active", "LIABACCTKEY": "2150", "LOCATION": "100", "MEGAENTITYID": ""},
        ],
        "CHECKINGACCOUNT": [{"BANKACCOUNTID": "FIRST", "GLACCOUNTNO": "1000"}],
        "LOCATIONENTITY": [
            {"LOCATIONID": "100", "NAME": "Portland", "CURRENCY": "USD", "STATUS": "active"},
            {"LOCATIONID": "200", "NAME": "Denver", "CURRENCY": "USD", "STATUS": "active"},
        ],
        "LOCATION": [
            {"LOCATIONID": "110", "NAME": "Pearl District", "PARENTID": "100", "STATUS": "active"},
            {"LOCATIONID": "250", "NAME": "Boulder", "PARENTID": "200", "STATUS": "inactive"},
        ],
        "DEPARTMENT": [
            {"DEPARTMENTID": "20", "TITLE": "Sales", "STATUS": "active"},
            {"DEPARTMENTID": "90", "TITLE": "Closed", "STATUS": "inactive"},
        ],
        "PROJECT": [
            {"PROJECTID": "P-1042", "NAME": "Fair", "STATUS": "active", "PROJECTSTATUS": "Completed"},
            {"PROJECTID": "P-1050", "NAME": "Shop", "STATUS": "active", "CUSTOMERID": "C-1"},
        ],
        "VENDOR": [{"VENDORID": "V-1", "NAME": "Issuer", "STATUS": "active"}],
        "CUSTOMER": [{"CUSTOMERID": "C-2", "NAME": "Other", "STATUS": "active"}],
        "CCTRANSACTION": [],
        "CCTRANSACTIONENTRY": [],
    },
    "closed_through": {"GL": {"": None, "100": "2026-09-30", "200": None}, "CM": {"100": "2026-10-31", "200": None}},
    "preferences": {"GEN": {"PRIMARY_ACCTNO_LENGTH": "4"}, "CM": {}},
    "next_recordno": 10301,
}


class Wire:
    """A plain client: text in, elements out."""

    def __init__(self, sim: IntacctSim, client: httpx.AsyncClient, clock: list[datetime]) -> None:
        self.sim, self.client, self.clock = sim, client, clock

    def login(self, **changes: str) -> str:
        parts = {
            "userid": "Spendcenter",
            "companyid": "HarborPine",
            "password": "user-pw",
            "locationid": "100",
        } | changes
        return "<login>" + "".join(f"<{k}>{v}</{k}>" for k, v in parts.items() if v != "-") + "</login>"

    def body(
        self,
        *functions: str,
        auth: str = "",
        sender: str = "harborpine-bot",
        password: str = "sender-pw",
        unique: str = "<uniqueid>false</uniqueid>",
        version: str = "<dtdversion>3.0</dtdversion>",
        tail: str = "<includewhitespace>false</includewhitespace>",
        transaction: str = "",
        ids: list[str] | None = None,
    ) -> str:
        calls = "".join(
            f'<function controlid="{ids[n] if ids else f"f{n + 1}"}">{call}</function>'
            for n, call in enumerate(functions)
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><request><control>'
            f"<senderid>{sender}</senderid><password>{password}</password><controlid>r1</controlid>{unique}{version}{tail}"
            f"</control><operation{transaction}><authentication>{auth or self.login()}</authentication>"
            f"<content>{calls}</content></operation></request>"
        )

    async def post(self, body: str | bytes) -> httpx.Response:
        content = body.encode() if isinstance(body, str) else body
        return await self.client.post(self.sim.url, content=content, headers={"Content-Type": "application/xml"})

    async def ask(self, *functions: str, **how: Any) -> etree._Element:
        return etree.fromstring((await self.post(self.body(*functions, **how))).content)

    async def one(self, function: str, **how: Any) -> etree._Element:
        found = (await self.ask(function, **how)).find("operation/result")
        assert found is not None
        return found


@pytest.fixture(name="wire")
async def make_wire() -> AsyncIterator[Wire]:
    clock = [NOW]
    sim = IntacctSim(copy.deepcopy(COMPANY), clock=lambda: clock[0])
    await sim.start()
    async with httpx.AsyncClient(timeout=PATIENCE, verify=False) as client:
        yield Wire(sim, client, clock)
    await sim.stop()


def charge(lines: str = "", **changes: str) -> str:
    """A record_cctransaction; a change to "-" leaves the element out."""
    parts = {
        "chargecardid": "Card 100",
        "paymentdate": DAY,
        "referenceno": "tx-1",
        "payee": "Blue Mesa Air",
        "description": "Maria Ortiz",
        "ccpayitems": lines or item(),
    } | changes
    return (
        "<record_cctransaction>"
        + "".join(f"<{k}>{v}</{k}>" for k, v in parts.items() if v != "-")
        + "</record_cctransaction>"
    )


def item(account: str = "6120", amount: str = "12.50", more: str = "<locationid>110</locationid>") -> str:
    return f"<ccpayitem><glaccountno>{account}</glaccountno><paymentamount>{amount}</paymentamount>{more}</ccpayitem>"


def parts(element: etree._Element, path: str) -> list[etree._Element]:
    return element.findall(f"{path}/*")


def texts(element: etree._Element) -> str:
    """All error texts of an answer in one string."""
    return " | ".join(
        " ".join(error.findtext(name) or "" for name in ("errorno", "description", "description2", "correction"))
        for error in element.iter("error")
    )


def query(object_: str, fields: str, condition: str = "", more: str = "") -> str:
    select = "".join(f"<field>{name}</field>" for name in fields.split())
    condition = f"<filter>{condition}</filter>" if condition else ""
    return f"<query><object>{object_}</object><select>{select}</select>{condition}{more}</query>"


def equal(field: str, value: str, operator: str = "equalto") -> str:
    return f"<{operator}><field>{field}</field><value>{value}</value></{operator}>"


async def session(wire: Wire, **changes: str) -> str:
    result = await wire.one("<getAPISession/>", auth=wire.login(**changes))
    return f"<sessionid>{result.findtext('data/api/sessionid')}</sessionid>"


def entries(wire: Wire) -> list[dict[str, Any]]:
    return list(wire.sim.state()["ledger"]["transactions"])


def total_of_books(wire: Wire) -> Decimal:
    return sum((Decimal(a["debit_less_credit"]) for a in wire.sim.state()["accounts"]), Decimal(0))


async def ids(
    wire: Wire, object_: str, field: str, condition: str = "", more: str = "", **how: Any
) -> list[str | None]:
    result = await wire.one(query(object_, field, condition, more), **how)
    assert result.findtext("status") == "success", texts(result)
    return [row[0].text for row in parts(result, "data")]


UNIQUE: dict[str, Any] = {"unique": "<uniqueid>true</uniqueid>", "ids": ["cc-1"]}
