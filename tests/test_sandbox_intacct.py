"""The Intacct simulator over real HTTP: the envelope, the door, reading, posting, replays, faults."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from bot.sandbox.control import ControlError
from bot.sandbox.intacct import COVERAGE, IntacctSim
from bot.sandbox.intacct.calls import FUNCTIONS
from bot.sandbox.intacct.gateway import KNOWN
from bot.sandbox.intacct.schema import problem

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
                "EXP_YEAR": "2040",
                "LIABACCT#": "2150",
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
                "LIABACCT#": "2150",
                "LOCATION": "100",
                "MEGAENTITYID": "100",
            },
            {"CARDID": "Card 200", "STATUS": "active", "LIABACCT#": "2150", "LOCATION": "200", "MEGAENTITYID": "200"},
            {"CARDID": "Top card", "STATUS": "active", "LIABACCT#": "2150", "LOCATION": "100", "MEGAENTITYID": ""},
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


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    clock = [NOW]
    sim = IntacctSim(copy.deepcopy(COMPANY), clock=lambda: clock[0])
    await sim.start()
    async with httpx.AsyncClient(timeout=5, verify=False) as client:
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


# --- the table of what is simulated -----------------------------------------------------------------------------------


def test_coverage_names_what_is_registered_and_nothing_else() -> None:
    assert {name for name, (state, _) in COVERAGE.items() if state != "not"} == set(FUNCTIONS)
    assert {state for state, _ in COVERAGE.values()} == {"simulated", "partly", "not"}


async def test_what_is_not_simulated_says_so_by_name(wire: Wire) -> None:
    result = await wire.one("<get_list object='supdoc'/>".replace("'", '"').replace(' object="supdoc"', ""))
    assert result.findtext("status") == "failure"
    assert "does not simulate the function get_list" in texts(result)


# --- the envelope -----------------------------------------------------------------------------------------------------


async def test_a_sound_request_is_answered_at_every_level(wire: Wire) -> None:
    response = await wire.post(wire.body("<getAPISession/>"))
    assert response.status_code == 200
    assert response.headers["content-type"] == 'text/xml; encoding="UTF-8";charset=UTF-8'
    root = etree.fromstring(response.content)
    assert [
        root.findtext(f"control/{name}") for name in ("status", "senderid", "controlid", "uniqueid", "dtdversion")
    ] == [
        "success",
        "harborpine-bot",
        "r1",
        "false",
        "3.0",
    ]
    found = {child.tag: child.text for child in parts(root, "operation/authentication")}
    assert found["status"] == "success"
    assert found["locationid"] == "100"
    assert found["sessiontimestamp"] == "2026-11-04T15:00:00+00:00"
    assert found["sessiontimeout"] == "2026-11-04T17:10:00+00:00"
    assert root.findtext("operation/result/data/api/endpoint") == wire.sim.url


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("<controlid>r1</controlid>", "", "'uniqueid': This element is not expected. Expected is ( controlid )"),
        ("<uniqueid>", "<colour/><uniqueid>", "'colour': This element is not expected"),
        ("</request>", "", "Fatal Error 77"),
        ("</control>", "</cntrol>", "Opening and ending tag mismatch"),
        ("<content>", '<content><function controlid="x"/>', "Missing child element(s)"),
        (' controlid="f1"', "", "The attribute 'controlid' is required but missing"),
        ("<operation>", '<operation transaction="yes">', "is not among the enumerated set"),
        ("<payee>", "<creditcardid/><payee>", "'creditcardid': This element is not expected"),
        (
            "<chargecardid>Card 100</chargecardid>",
            "",
            "'paymentdate': This element is not expected. Expected is ( chargecardid",
        ),
        ("<paymentamount>12.50</paymentamount>", "", "Expected is one of ( description, paymentamount )"),
        ("<payee>Blue Mesa Air</payee><description>Maria Ortiz</description>", "<description/><payee/>", "'payee'"),
        (
            "<ccpayitems>",
            "<currency>USD</currency><ccpayitems>",
            "Expected is one of ( exchratedate, exchratetype, exchrate )",
        ),
        ("<year>2026</year><month>11</month>", "<month>11</month><year>2026</year>", "Expected is ( year )"),
        ("record_cctransaction", "record_cctrans", "'record_cctrans': This element is not expected"),
    ],
)
async def test_a_broken_envelope_is_refused_at_control_level(wire: Wire, before: str, after: str, says: str) -> None:
    sound = wire.body(charge())
    assert before in sound
    root = etree.fromstring((await wire.post(sound.replace(before, after))).content)
    assert [child.tag for child in parts(root, "control")] == ["status"]
    assert root.find("operation") is None
    assert "XL03000003" in texts(root)
    assert says in texts(root)
    assert wire.sim.state()["functions_served"] == 0
    assert (await wire.ask(charge())).findtext("operation/result/status") == "success"


async def test_a_document_type_is_refused(wire: Wire) -> None:
    evil = wire.body("<get_applications/>").replace("<request>", '<!DOCTYPE request [<!ENTITY a "b">]><request>')
    assert "XL03000003" in texts(etree.fromstring((await wire.post(evil)).content))


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"password": "wrong"}, "XL03000006  Incorrect Intacct XML Partner ID or password."),
        ({"sender": "nobody"}, "Incorrect Intacct XML Partner ID or password."),
        ({"version": "<dtdversion>2.1</dtdversion>"}, "does not simulate dtdversion '2.1'"),
        ({"version": ""}, "does not simulate dtdversion ''"),
        ({"version": "<dtdversion>3.0</dtdversion><policyid>p1</policyid>"}, "p1 is not a valid transport policy."),
        ({"auth": "<oauth>x</oauth>"}, "does not simulate sign-in by oauth"),
    ],
)
async def test_control_level_refusals(wire: Wire, how: dict[str, str], says: str) -> None:
    root = await wire.ask("<get_applications/>", **how)
    assert root.findtext("control/status") == "failure"
    assert root.find("operation") is None
    assert says in texts(root)


async def test_what_is_no_xml_request_is_refused_by_the_edge(wire: Wire) -> None:
    for answer in (
        await wire.client.get(wire.sim.url),
        await wire.client.post(wire.sim.url, data={"xmlrequest": "x"}),
        await wire.post(b""),
    ):
        assert answer.status_code == 400
        root = etree.fromstring(answer.content)
        assert [child.tag for child in parts(root, "errormessage/error")] == ["errorno", "description"]
        assert root.findtext("errormessage/error/errorno") == "GW-0011"


# --- the door ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"password": "wrong"}, "Sign-in information is incorrect"),
        ({"userid": "nobody"}, "Sign-in information is incorrect"),
        ({"companyid": "Elsewhere"}, "Sign-in information is incorrect"),
        ({"companyid": "Console|HarborPine|100"}, "Sign-in information is incorrect"),
        ({"locationid": "999"}, "Sign-in information is incorrect"),
    ],
)
async def test_sign_in_refusals_name_user_and_company_and_no_more(
    wire: Wire, changes: dict[str, str], says: str
) -> None:
    root = await wire.ask("<get_applications/>", auth=wire.login(**changes))
    assert root.findtext("control/status") == "success"
    assert [child.tag for child in parts(root, "operation/authentication")] == ["status", "userid", "companyid"]
    assert root.find("operation/result") is None
    assert says in texts(root)


async def test_an_unauthorised_sender_is_told_apart_until_the_second_save(wire: Wire) -> None:
    await wire.sim.control("remove_sender", {"sender_id": "harborpine-bot"})
    wrong = wire.login(password="wrong")
    for auth in ("", wrong):
        root = await wire.ask("<get_applications/>", auth=auth)
        assert "Invalid Web Services Authorization The sender ID 'harborpine-bot' is not authorized" in texts(root)
    await wire.sim.control("authorize_sender", {"sender_id": "harborpine-bot"})
    assert "is not authorized" in texts(await wire.ask("<get_applications/>"))
    assert wire.sim.state()["pending_authorizations"] == {"harborpine-bot": "active"}
    await wire.sim.control("save_company", {})
    assert "Sign-in information is incorrect" in texts(await wire.ask("<get_applications/>", auth=wrong))
    assert (await wire.one("<get_applications/>")).findtext("status") == "success"
    await wire.sim.control("authorize_sender", {"sender_id": "harborpine-bot", "status": "inactive"})
    await wire.sim.control("save_company", {})
    assert "is not authorized" in texts(await wire.ask("<get_applications/>"))


async def test_the_raw_apostrophe_is_escaped(wire: Wire) -> None:
    await wire.sim.control("remove_sender", {"sender_id": "harborpine-bot"})
    assert b"&#039;harborpine-bot&#039;" in (await wire.post(wire.body("<get_applications/>"))).content


@pytest.mark.parametrize("status", ["inactive", "lockedout"])
async def test_a_locked_user_cannot_sign_in_until_unlocked(wire: Wire, status: str) -> None:
    await wire.sim.control("edit_user", {"user_id": "Spendcenter", "status": status})
    assert "Sign-in information is incorrect" in texts(await wire.ask("<get_applications/>"))
    await wire.sim.control("edit_user", {"user_id": "Spendcenter", "status": "active"})
    assert (await wire.one("<get_applications/>")).findtext("status") == "success"


async def test_a_lapsed_demo_company_refuses_at_control_level(wire: Wire) -> None:
    await wire.sim.control("expire_demo", {})
    root = await wire.ask("<get_applications/>")
    assert root.findtext("control/status") == "failure"
    assert "PL04000055 " in texts(root)


async def test_an_entity_is_refused_to_a_user_who_may_not_enter(wire: Wire) -> None:
    await wire.sim.control("edit_user", {"user_id": "Spendcenter", "entities": ["200"]})
    assert "does not have access to the entity you are attempting to slide into" in texts(
        await wire.ask("<get_applications/>")
    )
    result = await wire.one(
        "<getAPISession><locationid>100</locationid></getAPISession>", auth=wire.login(locationid="200")
    )
    assert "slide into" in texts(result)
    listed = await wire.one("<readEntityDetails/>", auth=wire.login(locationid="200"))
    assert [e.findtext("id") for e in listed.iter("entity")] == ["200"]
    top = await wire.one(query("GLACCOUNT", "ACCOUNTNO"), auth=wire.login(locationid="-"))
    assert top.find("data").get("totalcount") == "0"  # type: ignore[union-attr]


async def test_a_session_lives_as_long_as_it_is_used_and_belongs_to_an_entity(wire: Wire) -> None:
    auth = await session(wire)
    for _ in range(3):
        wire.clock[0] += timedelta(minutes=120)
        root = await wire.ask("<get_applications/>", auth=auth)
        assert root.findtext("operation/authentication/locationid") == "100"
    wire.clock[0] += timedelta(minutes=131)
    root = await wire.ask("<get_applications/>", auth=auth)
    assert root.findtext("operation/authentication/status") == "failure"
    assert root.findtext("operation/authentication/userid") == ""
    assert "XL03000006  Invalid session" in texts(root)
    assert (await wire.one("<get_applications/>", auth=await session(wire))).findtext("status") == "success"


async def test_an_absent_and_an_empty_location_differ(wire: Wire) -> None:
    auth = await session(wire)
    kept = await wire.one("<getAPISession/>", auth=auth)
    assert kept.findtext("data/api/locationid") == "100"
    top = await wire.one("<getAPISession><locationid/></getAPISession>", auth=auth)
    assert top.findtext("data/api/locationid") == ""


async def test_get_api_session_stands_alone(wire: Wire) -> None:
    root = await wire.ask("<getAPISession/>", "<get_applications/>")
    assert [r.findtext("status") for r in root.iter("result")] == ["failure", "success"]


async def test_a_new_user_gets_a_mail_and_a_reset_ends_its_sessions(wire: Wire) -> None:
    given = {"user_id": "Sync2", "email": "lee@harborpine.example", "last_name": "Okafor", "user_type": "employee"}
    await wire.sim.control("create_ws_user", given)
    first = wire.sim.state()["mailbox"][0]["password"]
    login = {"userid": "Sync2", "password": first}
    auth = await session(wire, **login)
    await wire.sim.control("reset_password", {"user_id": "Sync2"})
    assert "Invalid session" in texts(await wire.ask("<get_applications/>", auth=auth))
    assert "Sign-in information" in texts(await wire.ask("<get_applications/>", auth=wire.login(**login)))
    login["password"] = wire.sim.state()["mailbox"][1]["password"]
    assert (await wire.one("<get_applications/>", auth=wire.login(**login))).findtext("status") == "success"
    state = wire.sim.state()
    assert "PASSWORD" not in str(state["users"])
    assert state["users"][1]["USERTYPE"] == "employee user"


# --- rights -----------------------------------------------------------------------------------------------------------


async def test_rights_come_from_the_assigned_roles_only(wire: Wire) -> None:
    await wire.sim.control("remove_role", {"user_id": "Spendcenter", "role": "Billcom Role"})
    for call, says in (
        (
            query("CREDITCARD", "CARDID"),
            "PL04000005  You do not have permission for API operation QUERY on objects of type CREDITCARD",
        ),
        (charge(), "API operation CREATE on objects of type CCTRANSACTION"),
        ("<getUserPermissions><userId>Spendcenter</userId></getUserPermissions>", "PL04000005"),
    ):
        assert says in texts(await wire.one(call))
    await wire.sim.control(
        "set_role", {"name": "Small", "policies": {"Credit card transactions": ["Add"], "Permissions": ["View"]}}
    )
    assert "PL04000005" in texts(await wire.one(charge()))
    await wire.sim.control("assign_role", {"user_id": "Spendcenter", "role": "Small"})
    assert (await wire.one(charge())).findtext("status") == "success"
    shown = await wire.one("<getUserPermissions><userId>Spendcenter</userId></getUserPermissions>")
    pairs = {p.findtext("policyName"): p.findtext("rights") for p in shown.iter("policy")}
    assert pairs == {"Credit card transactions": "Add", "Permissions": "View"}
    await wire.sim.control("edit_user", {"user_id": "Spendcenter", "permissions": "user", "rights": "all"})
    shown = await wire.one("<getUserPermissions><userId>Spendcenter</userId></getUserPermissions>")
    pairs = {p.findtext("policyName"): p.findtext("rights") for p in shown.iter("policy")}
    assert pairs["Credit card transactions"] == "List|View|Add|Edit|Delete"


async def test_an_unsubscribed_module_is_named(wire: Wire) -> None:
    wire.sim.gateway.company.applications.remove("CM")
    assert "Cash Management module is not subscribed" in texts(await wire.one(charge()))
    assert "not subscribed" in texts(await wire.one(query("CREDITCARD", "CARDID")))


# --- posting ----------------------------------------------------------------------------------------------------------


async def test_a_charge_is_recorded_and_the_books_balance(wire: Wire) -> None:
    lines = item(amount="10.00") + item("6420", "2.50", "<departmentid>20</departmentid><locationid>100</locationid>")
    result = await wire.one(charge(lines))
    assert [child.tag for child in result] == ["status", "function", "controlid", "key"]
    assert result.findtext("key") == "10322"
    entry = entries(wire)[0]
    assert entry["reference"] == "tx-1"
    assert entry["total"] == "12.50"
    assert entry["entity"] == "100"
    assert entry["lines"][1] == {
        "account": "6420",
        "amount": "2.50",
        "description": "",
        "department": "20",
        "location": "100",
    }
    liability = next(a for a in wire.sim.state()["accounts"] if a["account"] == "2150")
    assert liability["balance"] == "12.50"
    assert liability["by_location"] == {"110": "-10.00", "100": "-2.50"}
    assert total_of_books(wire) == 0
    found = await wire.one(query("CCTRANSACTION", "RECORDNO RECORDID WHENCREATED TOTALENTERED STATE MEGAENTITYID"))
    assert [c.text for c in parts(found, "data/CCTRANSACTION")] == [
        "10322",
        "tx-1",
        "11/02/2026",
        "12.50",
        "Posted",
        "100",
    ]


SUPDOC = "<supdocid>A-1</supdocid>"
PLACE = "<locationid>110</locationid>"
CASES: list[tuple[str, dict[str, str], str]] = [
    ("", {"chargecardid": "Nothing"}, "The charge card 'Nothing' is invalid."),
    ("", {"chargecardid": "Old card"}, "The charge card 'Old card' has expired."),
    ("", {"chargecardid": "Card 200"}, "The charge card 'Card 200' is invalid."),
    (
        "",
        {"paymentdate": "<year>2026</year><month>13</month><day>2</day>"},
        "PL03000006  The transaction date '13/2/2026' is invalid",
    ),
    (
        "",
        {"paymentdate": "<year>2026</year><month>9</month><day>2</day>"},
        "Periods are closed. Your transaction date (09/02/2026)",
    ),
    (
        "",
        {"paymentdate": "<year>2026</year><month>10</month><day>31</day>"},
        "The Cash Management subledger is closed for entity '100'",
    ),
    ("", {"referenceno": "x" * 46}, "Maximum length cannot be greater than 45"),
    ("", {"payee": "-", "description": "-", "supdocid": "A-9"}, ""),
    (item("6215"), {}, "Account 6215 is not valid"),
    (item("9999"), {}, "Account 9999 is not valid"),
    (item(""), {}, "Enter an account number on line item 1"),
    (item(amount=""), {}, "Required field paymentamount"),
    (item(amount="1,000.00"), {}, "Illegal format for paymentamount"),
    (item(amount="1.005"), {}, "Illegal format for paymentamount"),
    (item("2150"), {}, "The account number 2150 is associated to the Credit Card Card 100"),
    (item("1000"), {}, "The account number 1000 is associated to the Bank account FIRST"),
    (item("6500"), {}, "The specified GL account '6500' : 'Payroll' is not valid. GL account is restricted"),
    (item("6420"), {}, "BL03000018  This transaction is missing the Department dimension for the Account 6420"),
    (item(more="<departmentid>77</departmentid>" + PLACE), {}, "Invalid Department 77 selected"),
    (item(more="<departmentid>90</departmentid>" + PLACE), {}, "The department '90' is invalid."),
    (item(more="<locationid>999</locationid>"), {}, "Location '999' is not valid"),
    (item(more="<locationid>200</locationid>"), {}, "Location '200' is not valid"),
    (item(more=PLACE + "<projectid>P-1042</projectid>"), {}, "Invalid Project 'P-1042' specified."),
    (item(more=PLACE + "<projectid>P-9</projectid>"), {}, "Invalid Project 'P-9' specified."),
    (item(more=PLACE + "<vendorid>V-9</vendorid>"), {}, "Invalid Vendor 'V-9' specified."),
    (
        item(more=PLACE + "<customerid>C-2</customerid><projectid>P-1050</projectid>"),
        {},
        "is not associated with the customer",
    ),
    (item(more=PLACE + "<itemid>I-9</itemid>"), {}, "Invalid Item 'I-9' specified."),
    (item(more=PLACE + "<warehouseid>W</warehouseid>"), {}, "Invalid Warehouse 'W' specified."),
]


@pytest.mark.parametrize(("lines", "changes", "says"), [case for case in CASES if case[2]])
async def test_a_charge_is_refused_with_its_cause_before_the_wrappers(
    wire: Wire, lines: str, changes: dict[str, str], says: str
) -> None:
    result = await wire.one(charge(lines, **changes))
    assert result.findtext("status") == "failure"
    assert result.find("key") is None
    first, *rest = texts(result).split(" | ")
    assert says in first
    assert "[Support ID: " in first
    assert "Currently, we can't create the transaction" in rest[-2]
    assert "Could not create cctransaction record!" in rest[-1]
    assert entries(wire) == []
    assert (await wire.one(charge())).findtext("status") == "success"


async def test_currency_must_be_the_base_currency_unless_there_is_a_rate(wire: Wire) -> None:
    rated = "<currency>EUR</currency><exchratetype/>"
    call = charge().replace("<ccpayitems>", f"{rated}<ccpayitems>")
    assert "Enable foreign-currency transactions, and try again" in texts(await wire.one(call))
    wire.sim.gateway.company.multi_currency = True
    assert "No exchange rate from EUR" in texts(await wire.one(call))
    assert (await wire.one(call.replace("<exchratetype/>", "<exchrate>1.10</exchrate>"))).findtext(
        "status"
    ) == "success"
    assert [a["balance"] for a in wire.sim.state()["accounts"] if a["account"] == "2150"] == ["13.75"]
    assert total_of_books(wire) == 0


async def test_at_the_top_level_a_location_is_required_and_a_top_level_card(wire: Wire) -> None:
    top = {"auth": wire.login(locationid="-")}
    assert "The charge card 'Card 100' is invalid." in texts(await wire.one(charge(), **top))
    bare = charge(item(more=""), chargecardid="Top card")
    assert "Use of an empty Location is invalid. A valid Multi-Entity Location must be specified" in texts(
        await wire.one(bare, **top)
    )
    mixed = charge(item() + item(amount="-1.00", more="<locationid>200</locationid>"), chargecardid="Top card")
    assert "BL03002073" in texts(await wire.one(mixed, **top))
    assert (await wire.one(charge(chargecardid="Top card"), **top)).findtext("status") == "success"
    assert (await wire.one(bare)).findtext("status") == "success"
    assert entries(wire)[0]["lines"][0]["location"] == "100"
    assert [e["entity"] for e in entries(wire)] == ["100", ""]


async def test_opening_the_period_by_hand_lets_the_charge_pass(wire: Wire) -> None:
    call = charge(paymentdate="<year>2026</year><month>9</month><day>15</day>")
    assert "Periods are closed." in texts(await wire.one(call))
    await wire.sim.control("open_books", {"entity": "100", "period": "2026-09"})
    assert "Cash Management subledger" in texts(await wire.one(call))
    await wire.sim.control("open_subledger", {"application": "CM", "entity": "", "period": "2026-09"})
    assert "Cash Management subledger" in texts(await wire.one(call))
    await wire.sim.control("open_subledger", {"application": "CM", "entity": "100", "period": "2026-09"})
    assert (await wire.one(call)).findtext("status") == "success"
    await wire.sim.control("close_books", {"entity": "100", "through": "2026-09"})
    assert "Periods are closed." in texts(await wire.one(call))


async def test_the_offset_account_with_a_required_dimension_fails_every_charge(wire: Wire) -> None:
    record = {"ACCOUNTNO": "2150", "REQUIREDEPT": True}
    await wire.sim.control("save_record", {"object": "GLACCOUNT", "record": record})
    assert "missing the Department dimension for the Account 2150" in texts(await wire.one(charge()))
    await wire.sim.control("save_record", {"object": "GLACCOUNT", "record": {**record, "REQUIREDEPT": False}})
    assert (await wire.one(charge())).findtext("status") == "success"


async def test_refunds_are_taken_or_refused_as_the_company_does(wire: Wire) -> None:
    refund = charge(item(amount="-640.00"))
    await wire.sim.control("set_negative_totals", {"accepted": False})
    assert "cannot be negative" in texts(await wire.one(refund))
    await wire.sim.control("set_negative_totals", {"accepted": True})
    assert (await wire.one(refund)).findtext("status") == "success"
    assert entries(wire)[0]["total"] == "-640.00"
    assert total_of_books(wire) == 0


async def test_updates_and_reversals_keep_the_books_balanced(wire: Wire) -> None:
    key = (await wire.one(charge())).findtext("key")
    changed = f"""<update_cctransaction key="{key}"><description>new</description><updateccpayitems>
        <updateccpayitem line_num="1"><paymentamount>20.00</paymentamount></updateccpayitem>{item(amount="5.00")}
        </updateccpayitems></update_cctransaction>"""
    assert (await wire.one(changed)).findtext("key") == key
    assert entries(wire)[0]["total"] == "25.00"
    assert entries(wire)[0]["description"] == "new"
    late = f'<reverse_cctransaction key="{key}"><datereversed><year>2026</year><month>10</month><day>5</day></datereversed></reverse_cctransaction>'
    assert "Cash Management subledger" in texts(await wire.one(late))
    reverse = late.replace("<month>10", "<month>11")
    assert (await wire.one(reverse)).findtext("status") == "success"
    assert "has already been reversed" in texts(await wire.one(reverse))
    assert "cannot be changed" in texts(await wire.one(changed))
    assert [e["state"] for e in entries(wire)] == ["Reversal", "Reversed"]
    assert {e["reference"] for e in entries(wire)} == {"tx-1"}
    assert [a["balance"] for a in wire.sim.state()["accounts"]] == ["0.00", "0.00"]
    assert "does not exist" in texts(await wire.one(reverse.replace(str(key), "1")))


async def test_receipts_need_a_folder_and_unique_file_names(wire: Wire) -> None:
    def supdoc(verb: str, name: str, kind: str = "pdf", data: str = "aGVsbG8=") -> str:
        return (
            f"<{verb}_supdoc><supdocid>A-1</supdocid><supdocname>A-1</supdocname><supdocfoldername>Receipts</supdocfoldername>"
            f"<attachments><attachment><attachmentname>{name}</attachmentname><attachmenttype>{kind}</attachmenttype>"
            f"<attachmentdata>{data}</attachmentdata></attachment></attachments></{verb}_supdoc>"
        )

    with_receipt = charge().replace("<ccpayitems>", f"{SUPDOC}<ccpayitems>")
    assert "attachment ID 'A-1' does not exist" in texts(await wire.one(with_receipt))
    assert "attachment folder 'Receipts' does not exist" in texts(await wire.one(supdoc("create", "r1")))
    folder = "<create_supdocfolder><supdocfoldername>Receipts</supdocfoldername></create_supdocfolder>"
    assert (await wire.one(folder)).findtext("status") == "success"
    assert "BL34000061" in texts(await wire.one(folder))
    assert "Illegal format for attachmentdata" in texts(await wire.one(supdoc("create", "r1", data="no base64!")))
    assert "Illegal format for attachmenttype" in texts(await wire.one(supdoc("create", "r1", kind=".pdf")))
    assert (await wire.one(supdoc("create", "r1"))).findtext("key") == "A-1"
    assert "already exists" in texts(await wire.one(supdoc("create", "r1")))
    assert "already exists" in texts(await wire.one(supdoc("update", "r1")))
    assert (await wire.one(supdoc("update", "r2"))).findtext("status") == "success"
    assert wire.sim.state()["attachments"] == [{"supdocid": "A-1", "name": "A-1", "files": {"r1.pdf": 5, "r2.pdf": 5}}]
    assert (await wire.one(with_receipt)).findtext("status") == "success"
    key = (await wire.one(charge())).findtext("key")
    await wire.sim.control("close_subledger", {"entity": "100", "through": "2026-11"})
    attach = f'<update_cctransaction key="{key}">{SUPDOC}</update_cctransaction>'
    assert (await wire.one(attach)).findtext("status") == "success"
    assert entries(wire)[0]["supdocid"] == "A-1"


# --- transactions and replays -----------------------------------------------------------------------------------------


async def test_one_failure_leaves_the_others_alone_without_a_transaction(wire: Wire) -> None:
    root = await wire.ask(charge(), charge(item("9999")), charge(referenceno="tx-3"))
    assert [r.findtext("status") for r in root.iter("result")] == ["success", "failure", "success"]
    assert [e["reference"] for e in entries(wire)] == ["tx-3", "tx-1"]


async def test_one_failure_rolls_back_a_transaction(wire: Wire) -> None:
    new = "<create><GLACCOUNT><ACCOUNTNO>6999</ACCOUNTNO><TITLE>x</TITLE></GLACCOUNT></create>"
    how: dict[str, Any] = {
        "transaction": ' transaction="true"',
        "unique": "",
        "ids": ["a", "b", "c", "d"],
        "auth": wire.login(locationid="-"),
    }
    good = charge(chargecardid="Top card")
    root = await wire.ask(new, good, charge(item("9999"), chargecardid="Top card"), good, **how)
    assert [r.findtext("status") for r in root.iter("result")] == ["aborted", "aborted", "failure", "aborted"]
    failed = root.findall("operation/result")[2]
    assert "Account 9999 is not valid" in texts(failed)
    assert all("XL03000009  The entire transaction" in texts(r) for r in root.iter("result"))
    assert entries(wire) == []
    assert total_of_books(wire) == 0
    assert wire.sim.gateway.company.find("GLACCOUNT", "6999") is None
    root = await wire.ask(new, good, good, good, **how)
    assert {r.findtext("status") for r in root.iter("result")} == {"success"}
    assert len(entries(wire)) == 3


async def test_a_lone_failure_in_a_transaction_comes_back_aborted(wire: Wire) -> None:
    result = await wire.one(charge(item("9999")), transaction=' transaction="true"')
    assert result.findtext("status") == "aborted"
    assert "Account 9999" in texts(result).split(" | ")[0]


@pytest.mark.parametrize("shape", ["function", "function_named", "control"])
@pytest.mark.parametrize("failed_ids", ["reusable", "spent"])
async def test_a_completed_controlid_never_runs_twice(wire: Wire, shape: str, failed_ids: str) -> None:
    await wire.sim.control("set_replay", {"shape": shape, "failed_ids": failed_ids})
    how: dict[str, Any] = {"unique": "<uniqueid>true</uniqueid>", "ids": ["cc-1"]}
    assert (await wire.ask(charge(), **how)).findtext("operation/result/status") == "success"
    for unique in ("<uniqueid>true</uniqueid>", ""):  # the default is true
        again = await wire.ask(charge(), **{**how, "unique": unique})
        assert "already executed and completed" in texts(again)
        assert ("cc-1" in texts(again)) == (shape != "function")
        assert again.findtext("control/status") == ("failure" if shape == "control" else "success")
    assert len(entries(wire)) == 1
    other = {**how, "ids": ["cc-2"]}
    assert "Account 9999" in texts(await wire.ask(charge(item("9999")), **other))
    retried = await wire.ask(charge(), **other)
    assert ("already executed" in texts(retried)) == (failed_ids == "spent")
    assert len(entries(wire)) == (2 if failed_ids == "reusable" else 1)
    assert (await wire.one(charge(), ids=["cc-1"])).findtext(
        "status"
    ) == "success"  # uniqueid false: any number of times


async def test_one_replayed_id_leaves_the_rest_of_its_batch_alone(wire: Wire) -> None:
    how: dict[str, Any] = {"unique": "", "ids": ["a", "a", "b"]}
    root = await wire.ask(charge(), charge(), charge(), **how)
    assert [r.findtext("status") for r in root.iter("result")] == ["success", "failure", "success"]
    assert wire.sim.state()["replays_refused"] == 1


# --- additional error information -------------------------------------------------------------------------------------


async def test_additional_information_is_given_when_asked_for(wire: Wire) -> None:
    new = "<create><GLACCOUNT><ACCOUNTNO>6120</ACCOUNTNO><TITLE>x</TITLE></GLACCOUNT></create>"
    tail = "<includewhitespace>false</includewhitespace><showadditionalerrorinfo>true</showadditionalerrorinfo>"
    top = wire.login(locationid="-")
    result = await wire.one(new, tail=tail, auth=top)
    assert "Duplicate account number The account number '6120' already exists" in texts(result)
    info = result.find("errormessage/error/additionalinfo")
    assert info is not None
    assert info.findtext("errorid") == "GL-0493"
    assert info.findtext("category") == "Duplication Prevention"
    assert info.findtext("description/messageid") == "IA.DUPLICATE_ACCOUNT_NUMBER"
    holder = info.find("cdescription/placeholders/placeholder")
    assert holder is not None
    assert {str(k): v for k, v in holder.attrib.items()} == {"name": "ACCOUNTNO", "value": "6120"}
    assert (await wire.one(new, auth=top)).find("errormessage/error/additionalinfo") is None
    misplaced = "<showadditionalerrorinfo>true</showadditionalerrorinfo><debug>0</debug>"
    assert "'debug': This element is not expected" in texts(await wire.ask(new, tail=misplaced))


# --- set-up objects ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ("<ACCOUNTNO>2160</ACCOUNTNO>", "Required field TITLE is missing"),
        ("<ACCOUNTNO>216</ACCOUNTNO><TITLE>x</TITLE>", "Illegal format for ACCOUNTNO"),
        (
            "<ACCOUNTNO>2160</ACCOUNTNO><TITLE>x</TITLE><NORMALBALANCE>up</NORMALBALANCE>",
            "Illegal format for NORMALBALANCE",
        ),
        ("<ACCOUNTNO>2160</ACCOUNTNO><TITLE>x</TITLE><COLOUR>red</COLOUR>", "XL03000010"),
        ("<ACCOUNTNO>2160</ACCOUNTNO><TITLE>x</TITLE><REQUIREWAREHOUSE>false</REQUIREWAREHOUSE>", "XL03000010"),
    ],
)
async def test_a_gl_account_is_checked_and_then_made(wire: Wire, fields: str, says: str) -> None:
    top = {"auth": wire.login(locationid="-")}
    result = await wire.one(f"<create><GLACCOUNT>{fields}</GLACCOUNT></create>", **top)
    assert says in texts(result)
    good = "<ACCOUNTNO>2160</ACCOUNTNO><TITLE>Cards</TITLE><NORMALBALANCE>credit</NORMALBALANCE><ACCOUNTTYPE>balancesheet</ACCOUNTTYPE>"
    result = await wire.one(f"<create><GLACCOUNT>{good}</GLACCOUNT></create>", **top)
    assert result.findtext("data/glaccount/ACCOUNTNO") == "2160"
    number = result.findtext("data/glaccount/RECORDNO")
    changed = f"<update><GLACCOUNT><RECORDNO>{number}</RECORDNO><REQUIREDEPT>true</REQUIREDEPT></GLACCOUNT></update>"
    assert (await wire.one(changed, **top)).findtext("status") == "success"
    read = await wire.one(
        "<readByName><object>GLACCOUNT</object><keys>2160</keys><fields>*</fields></readByName>", **top
    )
    assert read.findtext("data/GLACCOUNT/REQUIREDEPT") == "true"
    assert read.findtext("data/GLACCOUNT/REQUIREPROJECT") == "false"
    assert "from an entity restricted user" in texts(await wire.one(changed))


async def test_a_create_of_several_objects_is_not_atomic(wire: Wire) -> None:
    call = (
        "<create>"
        + "".join(f"<GLACCOUNT><ACCOUNTNO>{n}</ACCOUNTNO><TITLE>x</TITLE></GLACCOUNT>" for n in (6901, 6120, 6902))
        + "</create>"
    )
    result = await wire.one(call, auth=wire.login(locationid="-"))
    assert result.findtext("status") == "failure"
    assert [e.findtext("ACCOUNTNO") for e in result.iter("glaccount")] == ["6901"]
    assert wire.sim.gateway.company.find("GLACCOUNT", "6902") is None


async def test_a_card_cannot_be_made_over_the_gateway(wire: Wire) -> None:
    result = await wire.one("<create><CREDITCARD><CARDID>x</CARDID></CREDITCARD></create>")
    assert "API operation 'CREATE' cannot be performed on objects of type CREDITCARD" in texts(result)
    assert "does not simulate generic create of VENDOR" in texts(await wire.one("<create><VENDOR/></create>"))


# --- reading ----------------------------------------------------------------------------------------------------------


async def ids(
    wire: Wire, object_: str, field: str, condition: str = "", more: str = "", **how: Any
) -> list[str | None]:
    result = await wire.one(query(object_, field, condition, more), **how)
    assert result.findtext("status") == "success", texts(result)
    return [row[0].text for row in parts(result, "data")]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (equal("ACCOUNTNO", "6120"), {"6120"}),
        (equal("STATUS", "inactive"), {"6215"}),
        (equal("STATUS", "active", "notequalto"), {"6215"}),
        (equal("ACCOUNTNO", "6215", "greaterthan"), {"6420", "6500"}),
        (equal("ACCOUNTNO", "6420", "greaterthanorequalto"), {"6420", "6500"}),
        (equal("ACCOUNTNO", "2150", "lessthan"), {"1000"}),
        (equal("ACCOUNTNO", "2150", "lessthanorequalto"), {"1000", "2150"}),
        ("<between><field>ACCOUNTNO</field><value>6000</value><value>6300</value></between>", {"6120", "6215"}),
        ("<in><field>ACCOUNTNO</field><value>6120</value><value>x</value><value>1000</value></in>", {"6120", "1000"}),
        ("<notin><field>STATUS</field><value>active</value></notin>", {"6215"}),
        (equal("TITLE", "Soft%", "like"), {"6215"}),
        (equal("TITLE", "_ravel", "like"), {"6420"}),
        (equal("TITLE", "travel", "like"), set()),
        (equal("TITLE", "%o%", "notlike"), {"1000", "6120", "6420"}),
        ("<isnull><field>CATEGORY</field></isnull>", {"1000", "2150", "6120", "6215", "6500"}),
        ("<isnotnull><field>CATEGORY</field></isnotnull>", {"6420"}),
        (f"<and>{equal('STATUS', 'active')}{equal('NORMALBALANCE', 'credit')}</and>", {"2150"}),
        (f"<or>{equal('ACCOUNTNO', '1000')}{equal('ACCOUNTNO', '2150')}</or>", {"1000", "2150"}),
    ],
)
async def test_query_operators(wire: Wire, condition: str, found: set[str]) -> None:
    assert set(await ids(wire, "GLACCOUNT", "ACCOUNTNO", condition)) == found


async def test_queries_order_page_and_fold_case(wire: Wire) -> None:
    order = "<orderby><order><field>ACCOUNTNO</field><descending/></order></orderby>"
    result = await wire.one(query("GLACCOUNT", "ACCOUNTNO", "", f"{order}<pagesize>2</pagesize><offset>1</offset>"))
    data = result.find("data")
    assert data is not None
    assert {str(k): v for k, v in data.attrib.items()} == {
        "listtype": "GLACCOUNT",
        "totalcount": "6",
        "offset": "1",
        "count": "2",
        "numremaining": "3",
    }
    assert [row.findtext("ACCOUNTNO") for row in data] == ["6420", "6215"]
    fold = "<options><caseinsensitive>true</caseinsensitive></options>"
    assert await ids(wire, "GLACCOUNT", "ACCOUNTNO", equal("TITLE", "TRAVEL"), fold) == ["6420"]
    assert await ids(wire, "GLACCOUNT", "ACCOUNTNO", equal("TITLE", "TRAVEL")) == []
    count = "<query><select><field>STATUS</field><count>RECORDNO</count></select><object>GLACCOUNT</object></query>"
    rows = parts(await wire.one(count), "data")
    assert {(row.findtext("STATUS"), row.findtext("COUNT.RECORDNO")) for row in rows} == {
        ("active", "5"),
        ("inactive", "1"),
    }


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (query("GLACCOUNT", "ACCOUNTNO COLOUR"), "DL02000001  There was an error processing the request."),
        (query("GLACCOUNT", "ACCOUNTNO", equal("COLOUR", "x")), "DL02000001"),
        (query("GLACCOUNT", "REQUIREWAREHOUSE"), "DL02000001"),
        (query("CCTRANSACTION", "REFERENCENO"), "DL02000001"),
        (query("CCTRANSACTION", "RECORDNO", equal("WHENCREATED", "2026-11-02", "greaterthan")), "DL02000001"),
        (query("CCTRANSACTION", "RECORDNO", equal("RECORDNO", "abc")), "DL02000001"),
        (query("GLACCOUNT", "ACCOUNTNO", "", "<orderby><order><field>X</field></order></orderby>"), "DL02000001"),
        (query("NOTHING", "RECORDNO"), "Query Failed  Object definition NOTHING not found"),
        (query("COMPANYPREF", "RECORDNO"), "Object definition COMPANYPREF not found"),
        (query("GLACCOUNT", "VENDOR.NAME"), "does not simulate fields of related objects"),
        (
            "<readByQuery><object>GLACCOUNT</object><query>ACCOUNTNO = '1' ORDER BY TITLE</query></readByQuery>",
            "DL02000001",
        ),
        ("<readByQuery><object>GLACCOUNT</object><query>COLOUR = '1'</query></readByQuery>", "DL02000001"),
        ("<read><object>GLACCOUNT</object><keys>1</keys><fields>COLOUR</fields></read>", "Invalid fields list COLOUR"),
        ("<lookup><object>NOTHING</object></lookup>", "Object definition NOTHING not found"),
        ("<getUserPermissions><userId>X</userId></getUserPermissions>", "BL03000025  Login ID X does not exist."),
    ],
)
async def test_reads_that_fail_the_whole_call(wire: Wire, call: str, says: str) -> None:
    result = await wire.one(call)
    assert result.findtext("status") == "failure"
    assert says in texts(result)


@pytest.mark.parametrize(
    "call",
    [
        query("GLACCOUNT", "ACCOUNTNO", "", "<pagesize>2001</pagesize>"),
        query("GLACCOUNT", "ACCOUNTNO", "", "<pagesize>0</pagesize>"),
        query("GLACCOUNT", "ACCOUNTNO", f"<and>{equal('ACCOUNTNO', '1')}</and>"),
        query("GLACCOUNT", "ACCOUNTNO", equal("ACCOUNTNO", "1") * 2),
        query("GLACCOUNT", "ACCOUNTNO", "<in><field>ACCOUNTNO</field>" + "<value>1</value>" * 1001 + "</in>"),
        query(
            "GLACCOUNT",
            "ACCOUNTNO",
            "",
            "<options><showprivate>true</showprivate><caseinsensitive>true</caseinsensitive></options>",
        ),
        query("GLACCOUNT", "ACCOUNTNO", "", "<object>X</object>"),
        "<query><object>GLACCOUNT</object></query>",
        "<read><object>GLACCOUNT</object></read>",
    ],
)
async def test_queries_that_the_schema_refuses(wire: Wire, call: str) -> None:
    assert "XL03000003" in texts(await wire.ask(call))


async def test_asking_for_both_names_of_a_location_gives_two_elements_of_one_name(wire: Wire) -> None:
    result = await wire.one(
        query("CREDITCARD", "CARDID LOCATION LOCATION# LIABACCT# LOCATIONNAME", equal("CARDID", "Card 100"))
    )
    row = result.find("data/CREDITCARD")
    assert row is not None
    assert [(cell.tag, cell.text) for cell in row] == [
        ("CARDID", "Card 100"),
        ("LOCATION", "100"),
        ("LOCATION", "100"),
        ("LIABACCT", "2150"),
        ("LOCATIONNAME", "Portland"),
    ]


async def test_what_an_entity_owns_shows_there_and_at_the_top_only_when_asked_for(wire: Wire) -> None:
    private = "<options><showprivate>true</showprivate></options>"
    top = {"auth": wire.login(locationid="-")}
    assert await ids(wire, "CREDITCARD", "CARDID", **top) == ["Top card"]
    assert len(await ids(wire, "CREDITCARD", "CARDID", "", private, **top)) == 4
    assert set(await ids(wire, "CREDITCARD", "CARDID")) == {"Card 100", "Old card", "Top card"}


async def test_dates_and_references_find_a_posting(wire: Wire) -> None:
    await wire.ask(charge(), charge(referenceno="TX-2", paymentdate=DAY.replace(">02<", ">03<")))
    assert await ids(wire, "CCTRANSACTION", "RECORDID", equal("WHENCREATED", "11/03/2026")) == ["TX-2"]
    assert await ids(wire, "CCTRANSACTION", "RECORDID", equal("WHENCREATED", "11/02/2026", "lessthanorequalto")) == [
        "tx-1"
    ]
    wanted = "<in><field>RECORDID</field><value>tx-1</value><value>tx-2</value></in>"
    assert await ids(wire, "CCTRANSACTION", "RECORDID", wanted) == ["tx-1"]
    assert await ids(wire, "CCTRANSACTION", "RECORDID", equal("TOTALENTERED", "12.5")) == ["TX-2", "tx-1"]
    assert await ids(wire, "CCTRANSACTIONENTRY", "ACCOUNTNO") == ["6120", "6120"]
    total = "<query><select><sum>TOTALENTERED</sum></select><object>CCTRANSACTION</object></query>"
    assert (await wire.one(total)).findtext("data/CCTRANSACTION/SUM.TOTALENTERED") == "25.00"


async def test_read_by_query_uses_codes_pages_and_lower_case(wire: Wire) -> None:
    def ask(text: str) -> str:
        return f"<readByQuery><object>GLACCOUNT</object><fields>ACCOUNTNO</fields><query>{text}</query><pagesize>2</pagesize></readByQuery>"

    result = await wire.one(ask(""))
    data = result.find("data")
    assert data is not None
    assert (data.get("count"), data.get("totalcount"), data.get("numremaining")) == ("2", "6", "4")
    found = [row.findtext("ACCOUNTNO") for row in data.iter("glaccount")]
    more = f"<readMore><resultId>{data.get('resultId')}</resultId></readMore>"
    for _ in range(2):
        found += [row.findtext("ACCOUNTNO") for row in (await wire.one(more)).iter("glaccount")]
    assert sorted(map(str, found)) == ["1000", "2150", "6120", "6215", "6420", "6500"]
    assert "does not exist" in texts(await wire.one(more))
    for text, wanted in (
        ("STATUS = 'F'", ["6215"]),
        ("STATUS = 'T' AND ACCOUNTTYPE = 'N'", ["2150"]),
        ("TITLE like '%old%' or ACCOUNTNO in ('1000','x')", ["6215", "1000"]),
        ("CATEGORY IS NOT NULL and ACCOUNTNO not in ('1')", ["6420"]),
        (r"TITLE = 'Jane\'s Deli'", []),
    ):
        rows = (await wire.one(ask(text))).iter("glaccount")
        assert [row.findtext("ACCOUNTNO") for row in rows] == wanted


async def test_users_and_roles_are_read_from_the_screens(wire: Wire) -> None:
    result = await wire.one(query("USERINFO", "LOGINID STATUS USERTYPE LOGINDISABLED ADMIN"))
    assert [c.text for c in parts(result, "data/USERINFO")] == [
        "Spendcenter",
        "active",
        "business user",
        "true",
        "Full",
    ]
    assert await ids(wire, "USERROLES", "ROLENAME", equal("USERID", "Spendcenter")) == ["Billcom Role"]
    assert set(await ids(wire, "ROLES", "NAME")) == {"Administrator", "Billcom Role"}


async def test_the_small_functions(wire: Wire) -> None:
    root = await wire.ask(
        "<get_applications/>",
        '<get_companyprefs application="GEN"/>',
        "<getFinancialSetup/>",
        "<readUserFormatting><userId>Spendcenter</userId></readUserFormatting>",
        "<lookup><object>GLACCOUNT</object></lookup>",
        "<readEntityDetails/>",
    )
    assert [a.text for a in root.iter("application") if a.getparent().tag == "data"] == ["CO", "CM", "GL"]  # type: ignore[union-attr]
    prefs = {p.findtext("preference"): p.findtext("prefvalue") for p in root.iter("companypref")}
    assert prefs["PRIMARY_ACCTNO_LENGTH"] == "4"
    assert root.findtext(".//financialSetup/baseCurrency") == "USD"
    assert root.findtext(".//financialSetup/multiEntityShared") == "true"
    assert root.findtext(".//userformatting/dateformat") == "/mdY"
    fields = [f.findtext("ID") for f in root.iter("Field")]
    assert "REQUIREDEPT" in fields
    assert "REQUIREWAREHOUSE" not in fields
    assert [e.findtext("id") for e in root.iter("entity")] == ["100", "200"]


# --- faults -----------------------------------------------------------------------------------------------------------

UNIQUE: dict[str, Any] = {"unique": "<uniqueid>true</uniqueid>", "ids": ["cc-1"]}


@pytest.mark.parametrize(
    ("fault", "posted"),
    [
        ({"kind": "drop_before"}, 0),
        ({"kind": "drop_after_commit"}, 1),
        ({"kind": "truncate", "hard": True}, 1),
        ({"kind": "commit_late"}, 0),
    ],
)
async def test_a_broken_line_leaves_nothing_or_one_posting(wire: Wire, fault: dict[str, Any], posted: int) -> None:
    await wire.sim.control("fault", {**fault, "match": "record_cctransaction"})
    assert (await wire.one("<get_applications/>")).findtext("status") == "success"  # the match spares it
    with pytest.raises(httpx.TransportError):
        await wire.ask(charge(), **UNIQUE)
    assert len(entries(wire)) == posted
    assert wire.sim.state()["faults"]["fired"] == {fault["kind"]: 1}
    again = await wire.ask(charge(), **UNIQUE)
    assert (again.findtext("operation/result/status") == "success") == (posted == 0)
    await wire.sim.control("advance", {"seconds": 1000})
    assert len(entries(wire)) == 1


async def test_a_late_commit_lands_when_its_time_has_come(wire: Wire) -> None:
    auth = await session(wire)
    await wire.sim.control("fault", {"kind": "commit_late"})
    with pytest.raises(httpx.TransportError):
        await wire.ask(charge(), auth=auth, **UNIQUE)
    wire.clock[0] += timedelta(seconds=899)
    assert entries(wire) == []
    assert len(wire.sim.state()["late_commits"]) == 1
    wire.clock[0] += timedelta(seconds=1)
    assert len(entries(wire)) == 1
    assert "already executed" in texts(await wire.ask(charge(), auth=auth, **UNIQUE))


@pytest.mark.parametrize(
    ("fault", "status", "holds", "posted"),
    [
        ({"kind": "error_500"}, 500, b"cf-error-details", 0),
        ({"kind": "error_500", "committed": True}, 500, b"<!DOCTYPE html>", 1),
        ({"kind": "error_503"}, 503, b"cf-error-details", 0),
        ({"kind": "html", "committed": True}, 200, b"cf-error-details", 1),
        ({"kind": "truncate"}, 200, b"<response>", 1),
        ({"kind": "rate_limit"}, 429, b"GW-0010", 0),
        ({"kind": "invalid_request"}, 400, b"GW-0011", 0),
        ({"kind": "unauthorized"}, 401, b"XMLGW_JPP0002", 0),
        ({"kind": "busy"}, 200, b"The Service is Temporarily Off-line", 0),
        ({"kind": "late", "seconds": 0.01}, 200, b"<key>", 1),
    ],
)
async def test_strange_answers_and_then_a_sound_one(
    wire: Wire, fault: dict[str, Any], status: int, holds: bytes, posted: int
) -> None:
    await wire.sim.control("fault", fault)
    response = await wire.post(wire.body(charge(), **UNIQUE))
    assert response.status_code == status
    assert holds in response.content
    if fault["kind"] == "truncate":
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(response.content)
    assert len(entries(wire)) == posted
    await wire.ask(charge(), **UNIQUE)
    assert len(entries(wire)) == 1


async def test_results_written_twice_are_recorded_once(wire: Wire) -> None:
    await wire.sim.control("fault", {"kind": "twice"})
    root = await wire.ask(charge(), "<get_applications/>")
    assert [r.findtext("controlid") for r in root.iter("result")] == ["f1", "f1", "f2", "f2"]
    assert len(entries(wire)) == 1


async def test_a_session_can_end_in_the_midst_of_a_batch(wire: Wire) -> None:
    auth = await session(wire)
    await wire.sim.control("fault", {"kind": "expire_session", "after": 1})
    root = await wire.ask(charge(), charge(), auth=auth)
    assert [r.findtext("status") for r in root.iter("result")] == ["success", "failure"]
    assert "Invalid session" in texts(root)
    assert "Invalid session" in texts(await wire.ask(charge(), auth=auth))
    assert len(entries(wire)) == 1
    await wire.sim.control("fault", {"kind": "expire_session"})
    assert (await wire.one("<get_applications/>")).findtext("status") == "success"  # a login is not a session


async def test_more_at_once_than_allowed_is_answered_429(wire: Wire) -> None:
    await wire.sim.control("set_service_time", {"request": 0.05})
    answers = await asyncio.gather(*(wire.post(wire.body("<get_applications/>")) for _ in range(5)))
    codes = sorted(a.status_code for a in answers)
    assert codes == [200, 200, 429, 429, 429]
    assert b"GW-0010" in next(a for a in answers if a.status_code == 429).content
    await wire.sim.control("set_allowance", {"requests": 5})
    answers = await asyncio.gather(*(wire.post(wire.body("<get_applications/>")) for _ in range(5)))
    assert {a.status_code for a in answers} == {200}
    assert wire.sim.state()["refused_at_once"] == 3


async def test_the_listener_closes_and_comes_back_with_its_books(wire: Wire) -> None:
    await wire.ask(charge())
    url = wire.sim.url
    await wire.sim.stop()
    with pytest.raises(httpx.TransportError):
        await wire.ask(charge())
    assert await wire.sim.start() == url
    assert (await wire.one(charge())).findtext("status") == "success"
    assert len(entries(wire)) == 2


# --- by hand ----------------------------------------------------------------------------------------------------------

CARD = {
    "CARDID": "New",
    "EXP_MONTH": "12",
    "EXP_YEAR": "2040",
    "LIABACCT#": "2160",
    "LOCATION": "100",
    "VENDORID": "V-1",
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"LIABACCT#": "2150"}, "already belongs to Credit Card Card 100"),
        ({"LIABACCT#": "9999"}, "no active account '9999'"),
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
            "save_record", {"object": "CREDITCARD", "record": {"CARDID": "New", "LIABACCT#": "1000"}}
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


# --- the table against the published schema ---------------------------------------------------------------------------

XSD = Path(__file__).resolve().parents[2] / "shared" / "data" / "intacct-api-v3.0.xsd"


@pytest.mark.skipif(not XSD.exists(), reason="the published schema is not beside this checkout")
def test_the_table_agrees_with_the_published_schema() -> None:
    tree = etree.parse(XSD)
    names = {"xs": "http://www.w3.org/2001/XMLSchema"}
    choice = tree.xpath("//xs:element[@name='arguments']//xs:choice", namespaces=names)[0]  # type: ignore[index]
    assert isinstance(choice, etree._Element)
    choice.tag = "{http://www.w3.org/2001/XMLSchema}sequence"
    for child in list(choice):
        choice.remove(child)
    published = etree.XMLSchema(tree)
    function = tree.xpath("//xs:element[@name='function']", namespaces=names)[0]  # type: ignore[index]
    assert isinstance(function, etree._Element)
    offered = {e.get("ref") for e in function.iter("{http://www.w3.org/2001/XMLSchema}element")}
    assert set(COVERAGE) <= offered
    checked = 0
    for text in _variants():
        root = etree.fromstring(text)
        ours, theirs = not problem(root, KNOWN), published.validate(root)
        assert ours == theirs, (text, problem(root, KNOWN), str(published.error_log))
        checked += 1
    assert checked > 500


def _variants() -> list[str]:
    """Sound requests, and each with one element left out, doubled, renamed, emptied, or swapped with its neighbour."""
    wire = Wire(None, None, [])  # type: ignore[arg-type]
    full = item(
        more="<departmentid>1</departmentid><locationid>1</locationid><projectid>p</projectid><taskid>t</taskid><itemid>i</itemid><billable>false</billable>"
    )
    condition = f"<or>{equal('A', '1')}<and>{equal('B', '1', 'like')}<between><field>C</field><value>1</value><value>2</value></between></and></or>"
    sound = [
        charge(full * 2).replace(
            "<ccpayitems>",
            "<supdocid/><currency/><exchratedate>" + DAY + "</exchratedate><exchratetype/><customfields/><ccpayitems>",
        ),
        f'<update_cctransaction key="1"><payee/><updateccpayitems><updateccpayitem line_num="1"><description/></updateccpayitem>{item()}</updateccpayitems></update_cctransaction>',
        f'<reverse_cctransaction key="1"><datereversed>{DAY}</datereversed><memo/></reverse_cctransaction>',
        query(
            "X",
            "A B",
            condition,
            "<orderby><order><field>A</field><ascending/></order></orderby><options><showprivate>true</showprivate></options><pagesize>5</pagesize>",
        ),
        query("X", "A", "<in><field>A</field><value>1</value></in>", "<offset>0</offset>"),
        "<readByQuery><object>X</object><query/><fields>*</fields></readByQuery>",
        "<readByName><keys>1</keys><object>X</object></readByName>",
        "<readMore><resultId>1</resultId></readMore>",
        "<getAPISession><locationid/></getAPISession>",
        "<readUserFormatting><key>1</key></readUserFormatting>",
        "<getUserPermissions><userId>1</userId></getUserPermissions>",
        '<get_companyprefs application="CM"/>',
        "<create_supdoc><supdocid/><supdocname/><attachments><attachment><attachmentname/><attachmenttype/><attachmentdata/></attachment></attachments></create_supdoc>",
        "<create_supdocfolder><supdocfoldername/><supdocparentfoldername/></create_supdocfolder>",
    ]
    bodies = [wire.body(call)[38:] for call in sound]
    return [*bodies, *(variant for body in bodies for variant in _mutations(body))]


def _mutations(body: str) -> list[str]:
    made = []
    count = sum(1 for _ in etree.fromstring(body).iter())
    for number in range(1, count):
        for act in ("drop", "double", "rename", "swap", "fill"):
            root = etree.fromstring(body)
            element = list(root.iter())[number]
            parent = element.getparent()
            assert parent is not None
            place = parent.index(element)
            if act == "drop":
                parent.remove(element)
            elif act == "double":
                parent.insert(place, copy.deepcopy(element))
            elif act == "rename":
                element.tag = "nonsense"
            elif act == "fill":
                if parent.tag in {"select", "order"}:  # partly of no type as published, so they take anything; not here
                    continue
                etree.SubElement(element, "nonsense")
            elif place + 1 < len(parent):
                parent.insert(place + 1, element)
            made.append(etree.tostring(root, encoding="unicode"))
    return made
