"""Requests: well-formed for any text, exact in amounts, and as the published schema wants them."""

from __future__ import annotations

import base64
import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bot.intacct import calls
from bot.intacct.client import render_posting, render_reversal
from bot.intacct.envelope import Element, render_function, render_login, render_request, render_session, sent_card
from bot.intacct.query import (
    MOST_VALUES,
    And,
    Between,
    Eq,
    Filter,
    Greater,
    GreaterOrEqual,
    In,
    IsNull,
    Less,
    LessOrEqual,
    Like,
    NotEq,
    Or,
    Order,
    Query,
)
from bot.intacct.records import AccountRecord, Attachment, AttachmentFile, CardTransaction, PostingLine
from bot.intacct.text import clean, plain_amount, plain_rate, read_amount, read_day, read_truth
from bot.models import Secret

SCHEMA = Path(os.environ.get("INTACCT_XSD", Path(__file__).parents[2] / "shared/data/intacct-api-v3.0.xsd"))

LINE = PostingLine("6120", Decimal("41.2"), location="100")
FULL_LINE = PostingLine(
    account="6120",
    amount=Decimal("-3.5"),
    description="Split 2 & more",
    department="10",
    location="100",
    customer="C1",
    vendor="V1",
    employee="E1",
    project="P1",
    task="T1",
    cost_type="CT1",
    item="I1",
    class_="CL1",
    custom_fields=(("GLDIMGRANT", "G-7"), ("EMPTY", "")),
)
POSTING = CardTransaction("Spend Center CC Object", date(2026, 10, 5), (LINE,), reference="abc", payee="Staples")
FULL_POSTING = CardTransaction(
    card="Spend Center CC Object",
    date=date(2026, 1, 5),
    lines=(LINE, FULL_LINE),
    reference="9f1c",
    payee="Café “Zoë” 🥐 <&>",
    description="Dana Whitfield ··4821 | lunch ]]> | 9f1c",
    supdoc_id="SC-9f1c",
    currency="EUR",
    exchange_rate=Decimal("1.0842"),
    custom_fields=(("ORIGIN", "Spend Center"),),
)
RATE_OF_THE_DAY = CardTransaction("C", date(2026, 1, 5), (LINE,), currency="EUR", exchange_date=date(2026, 1, 4))
RECEIPT = Attachment("SC-1", "Receipt", "Spend Center", (AttachmentFile("a.b.pdf", b"%PDF"),), "of 5 October")


def request(*functions: str, authentication: str = "") -> bytes:
    return render_request(
        sender_id="harborpine-bot",
        sender_password=Secret("pw"),
        request_id="r1",
        unique=True,
        authentication=authentication or render_session(Secret("s1")),
        functions=functions,
    )


# --- the published schema ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """The vendor's schema, with the one choice mended that libxml2 calls ambiguous."""
    if not SCHEMA.is_file():
        pytest.skip(f"NO REQUEST WAS CHECKED against Intacct's schema: set INTACCT_XSD to api.xsd (not at {SCHEMA}).")
    document = etree.parse(SCHEMA)
    xs = "{http://www.w3.org/2001/XMLSchema}"
    choice = document.find(f"{xs}element[@name='arguments']//{xs}choice")
    assert choice is not None
    choice.remove(choice[0])
    return etree.XMLSchema(document)


EVERY_FILTER: tuple[Filter, ...] = (
    Eq("A", "x"),
    NotEq("A", 3),
    Less("A", Decimal("2.5")),
    LessOrEqual("A", date(2026, 1, 5)),
    Greater("A", datetime(2026, 1, 5, 3, 4, 5)),  # noqa: DTZ001 - a filter carries no zone
    GreaterOrEqual("A", True),
    Like("A", "a%"),
    Between("A", 1, 2),
    In("A", ("x", "y")),
    In("A", tuple(str(number) for number in range(MOST_VALUES + 1))),
    IsNull("A"),
    And((Eq("A", "x"), Or((Eq("B", "y"), Eq("C", "z"))))),
    And((Eq("A", "alone"),)),
)

CALLS: dict[str, Element] = {
    "the least posting": calls.record_cctransaction(POSTING),
    "the fullest posting": calls.record_cctransaction(FULL_POSTING),
    "a posting at the rate of a day": calls.record_cctransaction(RATE_OF_THE_DAY),
    "an attached receipt": calls.attach_supdoc("10301", "SC-1"),
    "a reversal": calls.reverse_cctransaction("10301", date(2026, 10, 31), "Wrong card"),
    "a reversal without words": calls.reverse_cctransaction("10301", date(2026, 10, 31), ""),
    "a new account": calls.create_account(AccountRecord("2150", "Spend Center GL Account", required=("DEPT",))),
    "a changed account": calls.update_account("2150", {"REQUIREDEPT": "false"}),
    "a new vendor": calls.create_vendor("V-200", "Quillcast <&>"),
    "a vendor set to active": calls.update_vendor("V-200", {"status": "active"}),
    "a vendor taken off hold too": calls.update_vendor("V-200", {"status": "active", "onhold": "false"}),
    "a folder": calls.create_supdoc_folder("Spend Center", "Receipts"),
    "a receipt": calls.create_supdoc(RECEIPT),
    "a session": calls.get_api_session(),
    "a look at an object": calls.lookup("CREDITCARD"),
    "permissions": calls.get_user_permissions("Spendcenter"),
    "preferences": calls.get_company_preferences("CM"),
    "entities": calls.plain("readEntityDetails"),
    "the financial set-up": calls.plain("getFinancialSetup"),
    "applications": calls.plain("get_applications"),
    "a query": Query("VENDOR", ("VENDORID",), order=(Order("NAME", descending=True),), show_private=True).call(100),
} | {
    f"filter {number} {type(one).__name__}": Query("GLACCOUNT", ("A",), one).call()
    for number, one in enumerate(EVERY_FILTER)
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("signed_in_by", ["session", "login", "login to an entity"])
def test_every_request_is_valid_in_the_published_schema(schema: etree.XMLSchema, name: str, signed_in_by: str) -> None:
    authentication = {
        "session": render_session(Secret("s1")),
        "login": render_login("HarborPine", "Spendcenter", Secret("pw"), ""),
        "login to an entity": render_login("HarborPine", "Spendcenter", Secret("pw"), "100"),
    }[signed_in_by]
    schema.assertValid(etree.fromstring(request(render_function("cc-1", CALLS[name]), authentication=authentication)))


def test_the_schema_check_notices_a_wrong_order(schema: etree.XMLSchema) -> None:
    call = calls.record_cctransaction(POSTING)
    call.insert(0, call[1])
    assert not schema.validate(etree.fromstring(request(render_function("cc-1", call))))


# --- content ----------------------------------------------------------------------------------------------------------


def test_a_posting_says_what_it_was_given() -> None:
    call = calls.record_cctransaction(FULL_POSTING)
    said = {str(child.tag): child.text for child in call}
    assert said["chargecardid"] == "Spend Center CC Object"
    assert [part.text for part in call.iterfind("paymentdate/*")] == ["2026", "01", "05"]
    assert (said["payee"], said["exchrate"]) == ("Café “Zoë” 🥐 <&>", "1.0842")
    assert [item.findtext("paymentamount") for item in call.iter("ccpayitem")] == ["41.20", "-3.50"]
    assert [field.findtext("customfieldname") for field in call.iterfind("ccpayitems/*/customfields/*")] == [
        "GLDIMGRANT"
    ]


def test_a_posting_without_currency_names_no_rate() -> None:
    assert {"currency", "exchrate", "exchratetype"}.isdisjoint(
        child.tag for child in calls.record_cctransaction(POSTING)
    )


def test_the_frozen_body_of_a_posting_is_the_same_each_time() -> None:
    assert render_posting("cc-1", FULL_POSTING) == render_posting("cc-1", FULL_POSTING)


@pytest.mark.parametrize("controlid", ["", "a b", 'a"b', "ä", "x" * 257, "cc-1\n"])
def test_a_control_id_that_would_need_escaping_is_refused(controlid: str) -> None:
    with pytest.raises(ValueError, match="control ID"):
        render_posting(controlid, POSTING)


def test_file_names_in_an_attachment_are_distinct_and_without_dots() -> None:
    files = tuple(AttachmentFile(name, b"x") for name in ("a.b.pdf", "a_b.png", "receipt", ".hidden"))
    call = calls.create_supdoc(Attachment("SC-1", "n", "f", files))
    names = [(one.findtext("attachmentname"), one.findtext("attachmenttype")) for one in call.iter("attachment")]
    assert names == [("a_b", "pdf"), ("a_b-2", "png"), ("receipt", ""), ("hidden", "")]
    assert [base64.b64decode(one.text or "") for one in call.iter("attachmentdata")] == [b"x"] * 4


def test_a_long_list_of_values_becomes_lists_that_intacct_takes() -> None:
    query = Query("CCTRANSACTION", ("RECORDNO",), In("RECORDID", tuple(map(str, range(2001))))).call()
    assert [len(one.findall("value")) for one in query.iterfind("filter/or/in")] == [1000, 1000, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: PostingLine("", Decimal(1)),
        lambda: PostingLine("6120", Decimal(1), task="T"),
        lambda: CardTransaction("", date(2026, 1, 1), (LINE,)),
        lambda: CardTransaction("C", date(2026, 1, 1), ()),
        lambda: Attachment("x" * 21, "n", "f", ()),
        lambda: In("A", ()).render(etree.Element("filter")),
        lambda: And(()).render(etree.Element("filter")),
        lambda: Query("A", ()).call(),
        lambda: Query("A", ("B",), page=2001).call(),
        lambda: plain_amount(Decimal("NaN")),
        lambda: plain_rate(Decimal(0)),
    ],
)
def test_what_intacct_would_refuse_is_refused_here(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ValueError):
        wrong()


def test_secrets_show_in_the_document_and_nowhere_else() -> None:
    secret = Secret("hunter2-hunter2")
    assert b"hunter2-hunter2" in request(render_function("a", calls.get_api_session()), authentication="")[:0] + (
        render_login("c", "u", secret, "").encode()
    )
    assert "hunter2" not in repr(secret)


# --- any text, any amount ---------------------------------------------------------------------------------------------


def legal(character: str) -> bool:
    """XML 1.0, production 2, written down a second time."""
    code = ord(character)
    return code in {0x9, 0xA, 0xD} or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_travels_whole_but_for_what_xml_forbids(text: str) -> None:
    posting = CardTransaction("C", date(2026, 1, 1), (LINE,), payee=text, custom_fields=(("F", text),))
    call = etree.fromstring(request(render_posting("cc-1", posting))).find(".//record_cctransaction")
    assert call is not None
    kept = "".join(filter(legal, text))
    assert clean(text) == kept
    assert (call.findtext("payee") or "") == kept
    assert (call.findtext(".//customfieldvalue") or "") == kept


@pytest.mark.parametrize("text", ["]]>", "🧾👩🏽‍💻", "\u202eabc\u202c", "a\r\nb\tc", "&#039;", "<x>", "\U00010000"])
def test_odd_but_legal_text_survives(text: str) -> None:
    posting = CardTransaction("C", date(2026, 1, 1), (LINE,), payee=text)
    assert etree.fromstring(render_posting("a", posting)).findtext(".//payee") == text


@given(st.text())
def test_any_text_survives_in_an_attribute(text: str) -> None:
    call = etree.fromstring(render_function("a", calls.attach_supdoc(text, "S")))[0]
    assert call.get("key") == clean(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None))
def test_amounts_are_exact_and_plain(amount: Decimal) -> None:
    text = plain_amount(amount)
    assert Decimal(text) == amount
    assert "e" not in text.lower()
    assert len(text.partition(".")[2]) >= 2


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "0.00"), ("-0.00", "0.00"), ("1E+3", "1000.00"), ("84.2", "84.20"), ("1.2350", "1.235"), ("-3", "-3.00")],
)
def test_amounts_read_as_people_write_them(amount: str, text: str) -> None:
    assert plain_amount(Decimal(amount)) == text


def test_days_amounts_and_truths_are_read_in_every_spelling() -> None:
    assert read_day("10/05/2026") == read_day("2026-10-05T00:00:00") == date(2026, 10, 5)
    assert read_day("13/45/2026") is None
    assert read_day("") is None
    assert read_amount(" 84.20 ") == Decimal("84.20")
    assert read_amount("n/a") is None
    assert read_amount("Infinity") is None
    assert [read_truth(text) for text in ("true", "T", "1", "false", "F", "")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_the_card_of_a_frozen_body_is_read_as_it_was_given() -> None:
    one = PostingLine(amount=Decimal("1.00"), account="6120", location="100")
    sent = CardTransaction("R&D <1> “card”", date(2026, 10, 1), (one,), payee="<chargecardid>other</chargecardid>")

    assert sent_card(render_posting("cc-1", sent)) == "R&D <1> “card”"
    assert sent_card(render_reversal("cr-1", "10390", date(2026, 10, 1), "memo")) == ""
