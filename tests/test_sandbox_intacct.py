"""The Intacct simulator over real HTTP: coverage, the envelope, rights, errors with ids, set-up objects, the small functions."""

from __future__ import annotations

import pytest
from lxml import etree

from bot.sandbox.intacct import COVERAGE
from bot.sandbox.intacct.calls import FUNCTIONS
from tests.intacct_wire import Wire, account, charge, make_wire, parts, query, texts  # noqa: F401 - make_wire is a fixture

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
