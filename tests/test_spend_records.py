"""From API rows to nouns: a table for each thing that can be read wrongly, and rows made of anything at all."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Coding, Money, Receipt, SpendCompany, Transaction, TransactionKind
from bot.spend.errors import BadRow, CsvProblem, CsvRefused, said
from bot.spend.records import (
    Directory,
    child_ids,
    parse_company,
    parse_directory,
    parse_field,
    parse_json,
    parse_transaction,
    with_children,
)
from bot.spend.source import Window
from bot.spend.text import clean, quoted

SAMPLE = """{
 "id":"VHJhbnNhY3Rpb246OTE3Nw==","uuid":"txr_9k2m4c7q1d8f0a3b5e6g",
 "transactionType":"CLEAR","status":"COMPLETE","amount":184.20,"transactedAmount":184.20,
 "fees":0.0,"foreignExchangeFee":0.0,"isCredit":false,
 "currencyData":{"exchangeRate":1.0,"exponent":2,"originalCurrencyAmount":"18420","originalCurrencyCode":"USD","symbol":"$"},
 "occurredTime":"2026-03-11T15:04:22.000+00:00","authorizedTime":"2026-03-11T15:04:22.000+00:00","updatedTime":"2026-03-13T06:10:05.000+00:00",
 "merchantName":"Northgate Office Supply","rawMerchantName":"NORTHGATE OFF SUP #221","merchantCategoryCode":"5943",
 "userUuid":"usr_5h1","cardUuid":"crd_7t2","budgetUuid":"bgt_3w8","parentBudgetUuid":null,
 "complete":true,"isLocked":false,"isReconciled":false,"isParent":false,"childTransactionUuids":[],
 "originalAuthTransactionUuid":"txr_1aa","matchedClearTransactionUuid":null,
 "receiptRequired":true,"receiptStatus":"ATTACHED","receipts":[{"uuid":"rct_4","filename":"r.jpg","url":"https://files.example/r.jpg"}],
 "customFields":[
  {"uuid":"cfd_gl","name":"GL Account","isRequired":true,"note":null,"selectedValues":[{"uuid":"tvl_61","value":"6120 - Office supplies"}]},
  {"uuid":"cfd_memo","name":"Notes","isRequired":false,"note":"printer paper","selectedValues":[]}],
 "reviewers":[{"approverType":"ADMIN","status":"APPROVED","userUuid":"usr_2","reviewedTime":"2026-03-12T09:00:00.000+00:00"}],
 "accountingIntegrationTransactions":null}"""

PEOPLE = parse_directory(
    [{"uuid": "usr_5h1", "id": "VXNlcjox", "firstName": "Maria", "lastName": "Ortiz", "email": "maria@harbor.example"}],
    [
        {
            "uuid": "crd_7t2",
            "id": "Q2FyZDox",
            "name": "Travel",
            "lastFour": "4417",
            "status": "FROZEN",
            "userId": "VXNlcjox",
        }
    ],
)


def sample(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = parse_json(SAMPLE.encode())
    return row | changes


def read(**changes: Any) -> Transaction:
    return parse_transaction(sample(**changes), PEOPLE)


def test_a_whole_row_becomes_a_whole_transaction() -> None:
    account = Coding("GL Account", "cfd_gl", "6120 - Office supplies", "tvl_61")
    read_in = read()
    assert read_in.uuid == "txr_9k2m4c7q1d8f0a3b5e6g"
    assert (read_in.kind, read_in.status) == (TransactionKind.CLEAR, "COMPLETE")
    assert read_in.amount == Money(Decimal("184.20"), "USD")
    assert str(read_in.amount.amount) == "184.20"
    assert read_in.occurred == datetime(2026, 3, 11, 15, 4, 22, tzinfo=UTC)
    assert read_in.updated == datetime(2026, 3, 13, 6, 10, 5, tzinfo=UTC)
    assert (read_in.merchant, read_in.cardholder, read_in.email) == (
        "Northgate Office Supply",
        "Maria Ortiz",
        "maria@harbor.example",
    )
    assert (read_in.card_id, read_in.card_name, read_in.last4, read_in.budget_id) == (
        "crd_7t2",
        "Travel",
        "4417",
        "bgt_3w8",
    )
    assert (read_in.note, read_in.codings, read_in.authorization_id) == ("printer paper", (account,), "txr_1aa")
    assert read_in.receipts == (Receipt("rct_4", "r.jpg", "https://files.example/r.jpg"),)
    assert (read_in.complete, read_in.locked, read_in.approved, read_in.receipt_required) == (True, False, True, True)
    assert (read_in.original, read_in.exchange_rate, read_in.native_sync, read_in.posted_on) == (None, None, "", None)
    (line,) = read_in.lines
    assert (line.uuid, line.amount, line.note, line.codings) == (
        read_in.uuid,
        Decimal("184.20"),
        "printer paper",
        (account,),
    )


def test_names_are_joined_by_the_older_ids_too() -> None:
    old = read(userUuid=None, cardUuid=None, userId="VXNlcjox", cardId="Q2FyZDox")
    assert (old.card_id, old.user_id, old.last4, old.cardholder) == ("crd_7t2", "usr_5h1", "4417", "Maria Ortiz")
    by_card = read(userUuid=None)
    assert by_card.email == "maria@harbor.example"
    stranger = read(userUuid="usr_x", cardUuid="crd_x", userName="Someone Else")
    assert (stranger.cardholder, stranger.email, stranger.user_id, stranger.card_id) == (
        "Someone Else",
        "",
        "usr_x",
        "crd_x",
    )


@pytest.mark.parametrize(
    ("sent", "amount"),
    [
        ("184.20", "184.20"),
        ("-640.00", "-640.00"),
        ("0", "0"),
        ("0.1", "0.1"),
        ("1E+2", "100"),
        ("4.35", "4.35"),
        ("0.30000000000000004", "0.3"),
        ("999999999999.9999", "999999999999.9999"),
        ('"12.30"', "12.30"),
    ],
)
def test_amounts_are_exact(sent: str, amount: str) -> None:
    row = parse_json(SAMPLE.replace("184.20,", f"{sent},", 1).encode())
    assert parse_transaction(row, PEOPLE).amount.amount == Decimal(amount)


@pytest.mark.parametrize(
    "sent",
    [
        "null",
        "true",
        '"1,234.56"',
        '"12e3"',
        "NaN",
        "Infinity",
        "-Infinity",
        "1e13",
        "1e999999999999999999999",
        "0.00005",
        "[1]",
        '"١٢"',
        "1" * 5000,
        '"-"',
        "{}",
    ],
)
def test_an_amount_that_is_not_one_is_a_bad_row_of_that_transaction(sent: str) -> None:
    row = parse_json(SAMPLE.replace("184.20,", f"{sent},", 1).encode())
    with pytest.raises(BadRow) as bad:
        parse_transaction(row, PEOPLE)
    assert bad.value.uuid == "txr_9k2m4c7q1d8f0a3b5e6g"
    assert "amount" in str(bad.value)
    assert len(str(bad.value)) < 300


@pytest.mark.parametrize("uuid", [None, "", 7, "x" * 101, "a b", "../x", "txr_\u202e1", ["txr_1"], "-"])
def test_only_a_uuid_is_an_identity(uuid: object) -> None:
    with pytest.raises(BadRow, match="ID"):
        read(uuid=uuid)


@pytest.mark.parametrize(
    "time", [None, "", 1, "yesterday", "2026-03-11", "2026-03-11T15:04:22", "0001-01-01T00:00:00+14:00"]
)
@pytest.mark.parametrize("key", ["occurredTime", "updatedTime"])
def test_a_time_without_a_zone_could_be_another_day_and_is_refused(key: str, time: object) -> None:
    with pytest.raises(BadRow, match=key):
        read(**{key: time})


@pytest.mark.parametrize(
    ("kind", "read_as"),
    [
        ("AUTHORIZATION", "AUTHORIZATION"),
        ("decline", "DECLINE"),
        ("OTHER", "OTHER"),
        ("HOLD", "OTHER"),
        (None, "OTHER"),
    ],
)
def test_kinds_that_are_not_known_are_other(kind: object, read_as: str) -> None:
    assert read(transactionType=kind).kind == read_as


FOREIGN = {
    "exchangeRate": Decimal("1.0842"),
    "exponent": 2,
    "originalCurrencyAmount": "16990",
    "originalCurrencyCode": "EUR",
}


@pytest.mark.parametrize(
    ("data", "original"),
    [
        (FOREIGN, Money(Decimal("169.90"), "EUR")),
        (FOREIGN | {"exponent": 0, "originalCurrencyCode": "JPY"}, Money(Decimal(16990), "JPY")),
        (FOREIGN | {"exponent": 3, "originalCurrencyCode": "kwd"}, Money(Decimal("16.990"), "KWD")),
        (FOREIGN | {"originalCurrencyAmount": 16990}, Money(Decimal("169.90"), "EUR")),
        (FOREIGN | {"originalCurrencyCode": "USD", "originalCurrencyAmount": None}, None),
        (FOREIGN | {"originalCurrencyCode": None}, None),
        (None, None),
    ],
)
def test_the_original_amount_comes_from_minor_units_and_their_exponent(data: object, original: Money | None) -> None:
    assert read(currencyData=data).original == original
    assert read(currencyData=data).exchange_rate == (Decimal("1.0842") if original else None)


def test_the_original_amount_of_a_refund_is_negative_like_the_refund() -> None:
    assert read(amount=Decimal("-184.20"), currencyData=FOREIGN).original == Money(Decimal("-169.90"), "EUR")


@pytest.mark.parametrize(
    "change",
    [
        {"exponent": None},
        {"exponent": 9},
        {"exponent": True},
        {"originalCurrencyAmount": "12.5"},
        {"originalCurrencyAmount": None},
        {"originalCurrencyAmount": "many"},
        {"originalCurrencyCode": "EURO"},
    ],
)
def test_a_foreign_charge_that_cannot_be_told_exactly_is_a_bad_row(change: dict[str, object]) -> None:
    with pytest.raises(BadRow, match="original"):
        read(currencyData=FOREIGN | change)


def test_fees_are_those_of_the_row_or_the_exchange_fee() -> None:
    assert read().fees == 0
    assert read(fees=Decimal("1.50"), foreignExchangeFee=Decimal("1.50")).fees == Decimal("1.50")
    assert read(fees=None, foreignExchangeFee=Decimal("2.25")).fees == Decimal("2.25")


@pytest.mark.parametrize(
    ("reviewers", "required", "approved"),
    [
        ([{"approverType": "ADMIN", "status": "APPROVED"}], True, True),
        ([{"approverType": "MANAGER", "status": "APPROVED"}], True, False),
        ([{"approverType": "ADMIN", "status": "WAITING"}], True, False),
        (
            [{"approverType": "MANAGER", "status": "APPROVED"}, {"approverType": "ADMIN", "status": "APPROVED"}],
            True,
            True,
        ),
        ([], False, True),
        ([], True, False),
        (None, None, True),
    ],
)
def test_approved_means_by_an_admin_or_that_nobody_has_to(reviewers: object, required: object, approved: bool) -> None:
    assert read(reviewers=reviewers, reviewRequired=required).approved is approved


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ([], ""),
        (["SYNCED"], "synced"),
        (["error", "synced"], "synced"),
        (["error", "pending"], "pending"),
        (["NOT_SYNCED"], "not_synced"),
        (["MANUAL_SYNCED", "error"], "manual_synced"),
        ([None], ""),
    ],
)
def test_the_native_sync_state_is_the_one_that_forbids_most(states: list[str | None], state: str) -> None:
    assert read(accountingIntegrationTransactions=[{"syncStatus": one} for one in states]).native_sync == state


def test_several_values_and_several_fields_of_one_name_are_all_kept() -> None:
    fields = [
        {
            "uuid": "cfd_1",
            "name": "GL Account",
            "selectedValues": [{"uuid": "a", "value": "6120"}, {"id": "b", "value": "6130"}],
        },
        {"customFieldUuid": "cfd_2", "name": "GL Account", "selectedValues": [{"uuid": "c", "value": "6140"}, {}]},
        {"id": "cfd_3", "name": "Notes", "note": "first\nsecond", "selectedValues": None},
        {"id": "cfd_4", "name": "Memo", "note": "third"},
        {"id": "cfd_5", "name": "Copy", "note": "third"},
    ]
    codings = read(customFields=fields).codings
    assert [(one.field_id, one.value, one.value_id) for one in codings] == [
        ("cfd_1", "6120", "a"),
        ("cfd_1", "6130", "b"),
        ("cfd_2", "6140", "c"),
    ]
    assert read(customFields=fields).note == "first second; third"


@pytest.mark.parametrize("fields", ["GL", {}, [7], [{"selectedValues": "x"}], [{"selectedValues": [1]}]])
def test_coding_that_cannot_be_read_is_never_taken_for_no_coding(fields: object) -> None:
    with pytest.raises(BadRow, match="coding"):
        read(customFields=fields)


def test_receipts_that_cannot_be_read_stop_nothing() -> None:
    assert read(receipts="none").receipts == ()
    assert read(receipts=[7, {"url": None}, {"url": "a\nb"}, {"url": "x" * 9000}]).receipts == ()


# --- splits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "ids"),
    [
        ({}, ()),
        ({"childTransactionUuids": None, "childTransactionIds": None}, ()),
        ({"childTransactionUuids": ["a", "b", "a"], "childTransactionIds": ["x", "y"]}, ("a", "b")),
        ({"childTransactionUuids": [], "childTransactionIds": ["VHI6MQ=="]}, ("VHI6MQ==",)),
    ],
)
def test_children_are_named_by_uuid_if_they_can_be(row: dict[str, object], ids: tuple[str, ...]) -> None:
    assert child_ids(row) == ids


@pytest.mark.parametrize("children", ["abc", [7], [None], ["../x"], {"a": 1}])
def test_a_split_that_cannot_be_read_is_a_bad_row(children: object) -> None:
    with pytest.raises(BadRow, match="split"):
        child_ids({"uuid": "txr_1", "childTransactionUuids": children})


def test_lines_come_from_the_children_each_with_its_own_coding_and_note() -> None:
    parent = read()
    one = sample(uuid="txr_c1", amount=Decimal("100.00"), parentTransactionUuid=parent.uuid, customFields=[])
    two = sample(uuid="txr_c2", amount=Decimal("84.20"), parentTransactionUuid=parent.uuid, isLocked=True)
    split = with_children(parent, [one, two])
    assert [(line.uuid, line.amount, line.note, len(line.codings)) for line in split.lines] == [
        ("txr_c1", Decimal("100.00"), "", 0),
        ("txr_c2", Decimal("84.20"), "printer paper", 1),
    ]
    assert (split.amount, split.codings, split.locked) == (parent.amount, parent.codings, True)


def test_a_missing_child_and_a_child_of_someone_else_give_no_line() -> None:
    stray = sample(uuid="txr_c2", amount=Decimal("84.20"), parentTransactionUuid="txr_other")
    assert with_children(read(), [None, stray, sample(uuid=None)]).lines == ()


def test_a_child_that_was_synced_or_is_incomplete_counts_for_the_whole() -> None:
    synced = sample(uuid="txr_c1", accountingIntegrationTransactions=[{"syncStatus": "synced"}])
    assert with_children(read(), [synced]).native_sync == "synced"
    assert not with_children(read(), [sample(uuid="txr_c1", complete=False)]).complete


def test_a_bad_child_is_told_under_its_parent() -> None:
    with pytest.raises(BadRow) as bad:
        with_children(read(), [sample(uuid="txr_c1", amount=None)])
    assert bad.value.uuid == "txr_9k2m4c7q1d8f0a3b5e6g"


# --- the smaller nouns ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "company"),
    [
        ({"company": {"uuid": "cmp_1", "name": "Harbor"}}, SpendCompany("cmp_1", "Harbor")),
        ({"companyUuid": "cmp_2", "companyName": "Pine"}, SpendCompany("cmp_2", "Pine")),
        ({"uuid": "usr_1", "email": "dana@harbor.example"}, SpendCompany("gateway.example", "harbor.example")),
        ({"company": "Harbor"}, SpendCompany("gateway.example", "Spend Center")),
        ([], SpendCompany("gateway.example", "Spend Center")),
    ],
)
def test_the_company_is_named_as_far_as_the_answer_goes(answer: object, company: SpendCompany) -> None:
    assert parse_company(answer, "gateway.example") == company


def test_a_directory_knows_what_a_row_names_and_skips_what_has_no_id() -> None:
    assert PEOPLE.knows(sample())
    assert not PEOPLE.knows(sample(userUuid="usr_x"))
    assert not PEOPLE.knows(sample(cardUuid="crd_x"))
    assert PEOPLE.knows("nonsense")
    assert not PEOPLE.cards["crd_7t2"].active
    assert parse_directory([7, {}, {"email": "x"}], [None, {}]) == Directory()


def test_a_value_without_text_shows_its_id() -> None:
    field = parse_field(
        {"id": "cfd_1", "name": "Class", "type": "custom_selector"}, [{"id": "tvl_1"}, {"value": "x"}, 7]
    )
    assert (field.uuid, field.kind, field.values) == ("cfd_1", "CUSTOM_SELECTOR", (("tvl_1", "tvl_1"),))


@pytest.mark.parametrize(
    ("text", "tame"),
    [
        (" a\x00\n\tb ", "a b"),
        ("\ud800x", "x"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\ufeffHead", "Head"),
        ("x" * 500, "x" * 200),
        (None, ""),
        (7, ""),
        ("Käse · 東京", "Käse · 東京"),
    ],
)
def test_foreign_text_is_one_tame_line(text: object, tame: str) -> None:
    assert clean(text) == tame


def test_quoted_text_is_short() -> None:
    assert quoted("x" * 41) == "“" + "x" * 39 + "…”"
    assert quoted("x" * 40) == "“" + "x" * 40 + "”"


def test_a_refused_file_speaks_in_one_sentence() -> None:
    problem = CsvProblem(14, "Amount", "“x” is not an amount.")
    assert str(CsvRefused([problem])) == "Line 14, Amount: “x” is not an amount."
    assert str(CsvRefused([problem], total=3)) == "Line 14, Amount: “x” is not an amount. 2 more."


@pytest.mark.parametrize("edge", [date.min, date.max])
def test_a_window_at_the_edge_of_the_calendar_is_a_window(edge: date) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert Window(on_or_after=edge, on_or_before=edge).filters().count("occurredTime") == 2
    assert Window(on_or_after=date.min, on_or_before=date.max).holds(moment, moment)


# --- anything at all --------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("txr_1"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    *json.loads(SAMPLE),
    "userName",
    "childTransactionIds",
    "parentTransactionUuid",
    "userId",
    "cardId",
    "reviewRequired",
]


@given(JSON | st.dictionaries(st.sampled_from(KEYS), JSON))
def test_a_row_of_anything_is_read_or_refused(row: Any) -> None:
    row = parse_json(json.dumps(row).encode())
    refusal = ""
    try:
        parse_transaction(row, PEOPLE)
    except BadRow as bad:
        refusal = str(bad)
    assert refusal.isprintable()
    assert len(refusal) < 500


@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=3), st.lists(JSON, max_size=3))
def test_a_good_row_with_anything_in_some_fields_is_read_or_refused(
    changes: dict[str, Any], children: list[Any]
) -> None:
    row = parse_json(json.dumps(sample() | changes, default=float).encode())
    try:
        transaction = with_children(parse_transaction(row, parse_directory([row], [row])), [row, *children])
        child_ids(row)
    except BadRow:
        return
    assert transaction.occurred.tzinfo is UTC
    for text in (transaction.merchant, transaction.note, transaction.cardholder, transaction.status):
        assert text.encode().decode() == text
        assert "\n" not in text


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=2, allow_nan=False))
def test_every_amount_of_cents_survives(amount: Decimal) -> None:
    row = parse_json(SAMPLE.replace("184.20,", f"{amount:f},", 1).encode())
    assert parse_transaction(row, PEOPLE).amount.amount == amount


@given(st.binary(max_size=400))
def test_an_error_body_of_anything_says_something_or_nothing(body: bytes) -> None:
    code, message = said(body)
    assert len(code) <= 40
    assert len(message) <= 300


@given(st.binary(max_size=400))
def test_json_of_anything_is_read_or_a_value_error(body: bytes) -> None:
    try:
        parse_json(body)
    except ValueError:
        return
