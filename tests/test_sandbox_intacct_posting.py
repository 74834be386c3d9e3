"""The Intacct simulator over real HTTP: card transactions, what refuses them, roll-backs and replays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.intacct_wire import Wire, account, charge, entries, ids, item, make_wire, parts, query, texts, total_of_books  # noqa: F401 - make_wire is a fixture

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


@pytest.mark.parametrize(("lines", "changes", "says"), CASES)
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
    assert [e["state"] for e in entries(wire)] == ["Reversal", "Reversal"]
    await wire.sim.control("advance", {"seconds": 86400})
    assert [e["state"] for e in entries(wire)] == ["Reversal", "Reversed"]
    assert {e["reference"] for e in entries(wire)} == {"tx-1"}
    assert [a["balance"] for a in wire.sim.state()["accounts"]] == ["0.00", "0.00"]
    assert "does not exist" in texts(await wire.one(reverse.replace(str(key), "1")))


async def test_the_halves_of_a_reversal_are_told_apart_by_keys_and_the_state_follows_its_day(wire: Wire) -> None:
    """facts/intacct-xml.md section 5.2: the original is called Reversal at once, and Reversed when the day has come."""
    key = (await wire.one(charge())).findtext("key")
    today = wire.sim.now().date()
    later = today + timedelta(days=9)
    day = f"<year>{later.year}</year><month>{later.month}</month><day>{later.day}</day>"
    asked = f'<reverse_cctransaction key="{key}"><datereversed>{day}</datereversed></reverse_cctransaction>'
    made = (await wire.one(asked)).findtext("key")
    fields = "RECORDNO STATE WHENCREATED REVERSALKEY REVERSALDATE REVERSEDKEY REVERSEDDATE"

    async def halves() -> dict[str, list[str | None]]:
        rows = (await wire.one(query("CCTRANSACTION", fields))).iterfind("data/CCTRANSACTION")
        return {str(row[0].text): [cell.text for cell in list(row)[1:]] for row in rows}

    assert await halves() == {
        key: ["Reversal", "11/02/2026", made, f"{later:%m/%d/%Y}", None, None],
        made: ["Reversal", f"{later:%m/%d/%Y}", None, None, key, "11/02/2026"],
    }
    await wire.sim.control("advance", {"seconds": 9 * 86400})
    assert [row[0] for row in (await halves()).values()] == ["Reversal", "Reversed"]


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


async def test_an_entity_that_records_vat_refuses_a_line_without_tax(wire: Wire) -> None:
    denver = wire.sim.gateway.company.find("LOCATIONENTITY", "200")
    assert denver is not None
    denver["TAXSOLUTIONID"] = "United Kingdom - VAT"
    call = charge(item(more="<locationid>200</locationid>"), chargecardid="Card 200")
    how = {"auth": wire.login(locationid="200")}
    assert "Tax details are either missing" in texts(await wire.one(call, **how))
    denver["TAXSOLUTIONID"] = ""
    assert (await wire.one(call, **how)).findtext("status") == "success"


async def test_with_several_base_currencies_a_card_posts_only_in_its_own_entity(wire: Wire) -> None:
    denver = wire.sim.gateway.company.find("LOCATIONENTITY", "200")
    assert denver is not None
    denver["CURRENCY"] = "CAD"
    call = charge(chargecardid="Top card")
    assert "'Top card' is invalid" in texts(await wire.one(call))
    assert "cannot be used at the top level" in texts(await wire.one(call, auth=wire.login(locationid="-")))
    assert (await wire.one(charge())).findtext("status") == "success"
    setup = await wire.one("<getFinancialSetup/>")
    assert [setup.findtext(f".//{name}") for name in ("baseCurrency", "multiBaseCurrency")] == ["", "true"]
