"""The Intacct simulator over real HTTP: queries and their traps."""

from __future__ import annotations

import copy

import pytest

from tests.intacct_wire import COMPANY, DAY, Wire, charge, equal, ids, make_wire, parts, query, texts  # noqa: F401 - make_wire is a fixture


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
    """As recorded of a live company: the ID first, the record number second, in the order in which they were asked for."""
    entity = wire.sim.gateway.company.find("LOCATIONENTITY", "100")
    account = wire.sim.gateway.company.find("GLACCOUNT", "2150")
    assert entity is not None
    assert account is not None
    asked = "CARDID LIABACCTKEY LIABACCT# DEPT DEPT# LOCATION LOCATION# LOCATIONNAME MEGAENTITYID MEGAENTITYKEY"
    result = await wire.one(query("CREDITCARD", asked, equal("CARDID", "Card 100")))
    row = result.find("data/CREDITCARD")
    assert row is not None
    assert [(cell.tag, cell.text) for cell in row] == [
        ("CARDID", "Card 100"),
        ("LIABACCTKEY", "2150"),
        ("LIABACCT", str(account["RECORDNO"])),
        ("DEPT", None),
        ("DEPT", None),
        ("LOCATION", "100"),
        ("LOCATION", str(entity["RECORDNO"])),
        ("LOCATIONNAME", "Portland"),
        ("MEGAENTITYID", "100"),
        ("MEGAENTITYKEY", str(entity["RECORDNO"])),
    ]
    assert {str(account["RECORDNO"]), str(entity["RECORDNO"])}.isdisjoint({"2150", "100"})


async def test_a_location_names_the_entity_that_it_lies_in(wire: Wire) -> None:
    """Recorded: ENTITY is the parent entity, PARENTID the next one up, and MEGAENTITYID no field of a location."""
    result = await wire.one(query("LOCATION", "LOCATIONID PARENTID ENTITY LOCATIONTYPE", equal("LOCATIONID", "110")))
    assert [cell.text for cell in parts(result, "data/LOCATION")] == ["110", "100", "100", "N"]
    assert "DL02000001" in texts(await wire.ask(query("LOCATION", "LOCATIONID MEGAENTITYID")))


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


async def test_a_company_may_lack_fields_that_others_have(wire: Wire) -> None:
    """FINANCIALENTITY is among the recorded fields; subscriptions decide what a company shows (recorded/README.md)."""
    await wire.ask(charge())
    asked = query("CCTRANSACTION", "FINANCIALENTITY")
    assert (await wire.one(asked)).findtext("data/CCTRANSACTION/FINANCIALENTITY") == "Card 100"
    await wire.sim.control(
        "reset", {"company": {**copy.deepcopy(COMPANY), "absent_fields": {"CCTRANSACTION": ["FINANCIALENTITY"]}}}
    )
    await wire.ask(charge())
    assert "DL02000001" in texts(await wire.one(asked))
