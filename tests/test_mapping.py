"""From transaction to posting: tables for each decision, properties for what must hold whatever comes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import (
    Coding,
    FieldMapping,
    Money,
    Receipt,
    Selector,
    Transaction,
    TransactionKind,
    TransactionLine,
    Verdict,
)
from bot.sync.mapping import (
    DESCRIPTION_LIMIT,
    Composed,
    Terms,
    coded,
    compose,
    control_id,
    describe,
    hold,
    passed_over,
    posting_date,
    reference_for,
    selected,
)

NOON = datetime(2026, 10, 15, 19, 0, tzinfo=UTC)
DAY = date(2026, 10, 15)
ACCOUNT = Coding("GL Account", "fld_gl", "6420 Travel", "val_6420")
DEPARTMENT = Coding("Department", "fld_dept", "20 Sales", "val_20")
CODES = {
    "gl_account": FieldMapping("GL Account", "", {"6420 Travel": "6420"}),
    "department": FieldMapping("fld_dept", "", {"val_20": "20"}),
}


def bought(paid: str = "612.40", /, *codings: Coding, **changes: Any) -> Transaction:
    """A cleared purchase of one line, coded to 6420 unless told otherwise."""
    values: dict[str, Any] = {
        "uuid": "txr_1",
        "kind": TransactionKind.CLEAR,
        "status": "COMPLETE",
        "amount": Money(Decimal(paid), "USD"),
        "occurred": NOON,
        "updated": NOON,
        "merchant": "Blue Mesa Air",
        "lines": (TransactionLine("txr_1", Decimal(paid), codings=codings or (ACCOUNT,)),),
        "cardholder": "Maria Ortiz",
        "last4": "4417",
        "card_id": "crd_1",
        "budget_id": "bgt_1",
    }
    return Transaction(**values | changes)


def terms(**changes: Any) -> Terms:
    values: dict[str, Any] = {
        "zone": ZoneInfo("America/Los_Angeles"),
        "start_date": date(2026, 10, 1),
        "card": "Spend Center CC Object",
        "default_location": "100",
        "codes": CODES,
        "base_currency": "USD",
        "refunds_accepted": True,
    }
    return Terms(**values | changes)


def composed(transaction: Transaction, decision: Mapping[str, Any] | None = None, **changes: Any) -> Composed:
    made = compose(transaction, terms(**changes), day=DAY, reference="1", decision=decision)
    assert isinstance(made, Composed), made
    return made


def refused(transaction: Transaction, decision: Mapping[str, Any] | None = None, **changes: Any) -> Verdict:
    made = compose(transaction, terms(**changes), day=DAY, reference="1", decision=decision)
    assert isinstance(made, Verdict), made
    return made


# --- is it a posting at all ---


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"kind": TransactionKind.AUTHORIZATION}, "not cleared yet"),
        ({"kind": TransactionKind.DECLINE}, "declined"),
        ({"kind": TransactionKind.OTHER}, "declined"),
        ({"status": "DECLINED"}, "declined"),
        ({"amount": Money(Decimal("0.00"), "USD")}, "zero amount"),
        ({"occurred": datetime(2026, 10, 1, 6, 59, tzinfo=UTC)}, "before the start"),
        ({"occurred": datetime(2026, 10, 1, 7, 0, tzinfo=UTC)}, ""),
        ({"native_sync": "synced"}, "posted by Spend Center itself"),
        ({"native_sync": "manual_synced"}, "posted by Spend Center itself"),
        ({"native_sync": "pending"}, "posted by Spend Center itself"),
        ({"native_sync": "error"}, ""),
    ],
)
def test_what_is_no_posting_is_counted_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    assert passed_over(bought(**changes), terms()) == reason


@pytest.mark.parametrize(
    ("selector", "its_own"),
    [
        (Selector(), True),
        (Selector(all=False, cards=("crd_1",)), True),
        (Selector(all=False, cards=("4417",)), True),
        (Selector(all=False, cards=("4418",)), False),
        (Selector(all=False, budgets=("bgt_1",)), True),
        (Selector(all=False, budgets=("bgt_2",)), False),
        (Selector(all=False, field="GL Account", values=("6420 Travel",)), True),
        (Selector(all=False, field="fld_gl", values=("val_6420",)), True),
        (Selector(all=False, field="Department", values=("6420 Travel",)), False),
        (Selector(all=False), False),
    ],
)
def test_a_selector_says_which_transactions_are_a_connections_own(selector: Selector, its_own: bool) -> None:
    assert selected(bought(), selector) is its_own
    assert (passed_over(bought(), terms(selector=selector)) == "no connection") is not its_own


def test_no_card_and_no_budget_match_no_selector_by_their_emptiness() -> None:
    bare = bought(card_id="", last4="", budget_id="")

    assert not selected(bare, Selector(all=False, cards=("",)))
    assert not selected(bare, Selector(all=False, budgets=("",)))


# --- which day ---


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("America/Los_Angeles", "2026-11-01T06:40:00Z", "2026-10-31"),  # 23:40 on the 31st stays on the 31st
        ("America/Los_Angeles", "2026-11-01T07:00:00Z", "2026-11-01"),
        ("America/Los_Angeles", "2026-11-01T08:30:00Z", "2026-11-01"),  # 01:30, the first of the two
        ("America/Los_Angeles", "2026-11-01T09:30:00Z", "2026-11-01"),  # 01:30 once more
        ("America/Los_Angeles", "2026-11-02T07:59:00Z", "2026-11-01"),  # a day of 25 hours
        ("America/Los_Angeles", "2027-03-14T07:59:00Z", "2027-03-13"),
        ("America/Los_Angeles", "2027-03-15T06:59:00Z", "2027-03-14"),  # a day of 23 hours
        ("UTC", "2026-10-31T23:40:00Z", "2026-10-31"),
        ("Pacific/Auckland", "2026-10-31T11:00:00Z", "2026-11-01"),
        ("Asia/Kolkata", "2026-10-31T18:29:00Z", "2026-10-31"),
        ("Asia/Kolkata", "2026-10-31T18:30:00Z", "2026-11-01"),
    ],
)
def test_the_posting_date_is_the_day_where_the_books_are(zone: str, moment: str, day: str) -> None:
    one = bought(occurred=datetime.fromisoformat(moment))

    assert posting_date(one, terms(zone=ZoneInfo(zone))).isoformat() == day


def test_a_cleared_day_counts_only_where_the_connection_says_so_and_the_source_has_one() -> None:
    cleared = bought(posted_on=date(2026, 10, 18))

    assert posting_date(cleared, terms()) == DAY
    assert posting_date(cleared, terms(options={"date": "cleared"})) == date(2026, 10, 18)
    assert posting_date(bought(), terms(options={"date": "cleared"})) == DAY


def test_a_person_moves_the_date_and_the_description_keeps_the_original() -> None:
    record = composed(bought(), {"date": "2026-11-01", "by": "Lee Okafor"}).record

    assert record.date == date(2026, 11, 1)
    assert record.description.endswith("| 1 | dated 2026-10-15")


# --- what waits for someone ---

SPLIT = (TransactionLine("a", Decimal("600.00")), TransactionLine("b", Decimal("12.41")))


@pytest.mark.parametrize(
    ("changes", "given_terms", "decision", "category"),
    [
        ({}, {}, {}, None),
        ({"complete": False}, {}, {}, "source.incomplete"),
        ({"approved": False}, {}, {}, None),
        ({"approved": False}, {"options": {"wait_for_approval": True}}, {}, "source.incomplete"),
        ({"amount": Money(Decimal("612.40"), "CAD")}, {}, {}, "currency"),
        ({"amount": Money(Decimal("612.40"), "CAD")}, {"base_currency": ""}, {}, None),
        ({"lines": SPLIT}, {}, {}, "held.split"),
        ({"lines": SPLIT}, {}, {"split": "lines"}, None),
        ({"fees": Decimal("1.20")}, {}, {}, "held.fee"),
        ({"fees": Decimal("1.20")}, {"options": {"fee_inside": True}}, {}, None),
        ({"fees": Decimal("1.20")}, {"options": {"fee_inside": False}}, {}, "held.fee"),
        ({}, {"options": {"receipts_above": "600"}}, {}, "held.receipt"),
        ({}, {"options": {"receipts_above": "612.40"}}, {}, None),
        ({"receipts": (Receipt("r", "r.pdf", "https://x/r"),)}, {"options": {"receipts_above": "600"}}, {}, None),
    ],
)
def test_what_is_not_ready_waits_with_its_question(
    changes: dict[str, Any], given_terms: dict[str, Any], decision: dict[str, Any], category: str | None
) -> None:
    verdict = hold(bought(**changes), terms(**given_terms), decision)

    assert (verdict and verdict.category) == category


def test_the_first_refund_of_a_company_asks_and_the_next_ones_do_not() -> None:
    refund = bought("-640.00")

    asked = hold(refund, terms(refunds_accepted=False))

    assert asked is not None
    assert asked.category == "held.refund"
    assert hold(refund, terms(refunds_accepted=False), {"refund": "negative"}) is None
    assert hold(refund, terms()) is None
    assert composed(refund).record.lines[0].amount == Decimal("-640.00")


def test_a_second_clear_that_looks_like_the_first_asks_once() -> None:
    one = bought(authorization_id="txr_auth")

    asked = hold(one, terms(), twin=True)

    assert asked is not None
    assert (asked.category, asked.subject) == ("held.twin", "txr_auth")
    assert hold(one, terms(), {"twin": "both"}, twin=True) is None


# --- how it is coded ---


@pytest.mark.parametrize(
    ("line", "whole", "mapping", "wanted"),
    [
        ((ACCOUNT,), (), FieldMapping("GL Account", "", {"6420 Travel": "6420"}), "6420"),
        ((ACCOUNT,), (), FieldMapping("fld_gl", "", {"val_6420": "6420"}), "6420"),
        ((), (ACCOUNT,), FieldMapping("GL Account", "", {"6420 Travel": "6420"}), "6420"),
        ((replace(ACCOUNT, value="6430", value_id=""),), (ACCOUNT,), FieldMapping("GL Account"), "6430"),
        ((replace(ACCOUNT, value="6430", value_id="v"),), (), FieldMapping("GL Account"), "6430"),
        ((), (), FieldMapping("GL Account", "6999"), "6999"),
        ((), (), FieldMapping("", "6999"), "6999"),
        ((), (), FieldMapping("GL Account"), ""),
        ((replace(ACCOUNT, value="", value_id=""),), (), FieldMapping("GL Account", "6999"), "6999"),
        ((DEPARTMENT,), (), FieldMapping("GL Account", "6999"), "6999"),
    ],
)
def test_a_value_comes_from_the_line_then_the_transaction_then_the_default(
    line: tuple[Coding, ...], whole: tuple[Coding, ...], mapping: FieldMapping, wanted: str
) -> None:
    one = bought(codings=whole, lines=(TransactionLine("a", Decimal("612.40"), codings=line),))

    assert coded(one, one.lines[0], mapping) == wanted


@pytest.mark.parametrize(
    ("codings", "values", "said"),
    [
        ((replace(ACCOUNT, value="6421 Trav", value_id="v"),), {"6420 Travel": "6420"}, "GL Account: 6421 Trav"),
        ((replace(ACCOUNT, value="Travel (new)", value_id="v"),), {}, "GL Account: Travel (new)"),
        ((ACCOUNT, replace(ACCOUNT, value="6430", value_id="w")), {}, "GL Account: 6420 Travel and 6430"),
        ((replace(ACCOUNT, value="6420 travel", value_id="v"),), {"6420 Travel": "6420"}, "GL Account: 6420 travel"),
    ],
)
def test_what_the_map_does_not_know_is_a_question_and_never_the_default(
    codings: tuple[Coding, ...], values: dict[str, str], said: str
) -> None:
    one = bought("612.40", *codings)

    found = coded(one, one.lines[0], FieldMapping("GL Account", "6999", values))

    assert isinstance(found, Verdict)
    assert (found.category, found.subject) == ("source.mapping", said)


def test_each_child_of_a_split_is_a_line_with_its_own_note_coding_and_amount() -> None:
    lines = (
        TransactionLine("a", Decimal("600.00"), "Flight", (ACCOUNT, DEPARTMENT)),
        TransactionLine("b", Decimal("12.40"), "Snack", (replace(ACCOUNT, value="6430", value_id="x"),)),
    )
    codes = {
        "gl_account": FieldMapping("GL Account", "", {"val_6420": "6420", "x": "6430"}),
        **{k: v for k, v in CODES.items() if k != "gl_account"},
    }

    record = composed(bought(lines=lines), codes=codes).record

    assert [(one.amount, one.account, one.department, one.location, one.description) for one in record.lines] == [
        (Decimal("600.00"), "6420", "20", "100", "Flight"),
        (Decimal("12.40"), "6430", "", "100", "Snack"),
    ]


def test_a_line_without_an_account_is_a_question() -> None:
    assert refused(bought("1.00", DEPARTMENT)).category == "source.mapping"


def test_user_defined_dimensions_travel_as_custom_fields() -> None:
    region = Coding("Region", "fld_r", "West", "val_w")
    codes = {**CODES, "GLDIMREGION": FieldMapping("Region", "", {"val_w": "10042"})}

    assert composed(bought("1.00", ACCOUNT, region), codes=codes).record.lines[0].custom_fields == (
        ("GLDIMREGION", "10042"),
    )


def test_a_line_for_another_entity_waits_until_the_connection_allows_it() -> None:
    codes = {**CODES, "location": FieldMapping("", "200")}

    held = refused(bought(), codes=codes, inside=frozenset({"100"}))

    assert (held.category, held.subject) == ("held.entity", "200")
    allowed = composed(bought(), codes=codes, inside=frozenset({"100"}), options={"other_entities": True})
    assert allowed.record.lines[0].location == "200"


def test_a_persons_choice_fills_what_is_missing_or_wrong_and_nothing_else() -> None:
    lines = (
        TransactionLine("a", Decimal(1), codings=(ACCOUNT,)),
        TransactionLine("b", Decimal(2), codings=(ACCOUNT, DEPARTMENT)),
    )
    chosen = {"coding": {"department": "30"}, "instead": {"department": ""}, "by": "Dana Whitfield"}

    record = composed(bought("3", lines=lines), chosen).record

    assert [one.department for one in record.lines] == ["30", "20"]
    assert record.description.endswith("| 1 | coded by Dana Whitfield")


# --- what the auditor reads ---


def test_the_description_names_cardholder_card_note_original_amount_and_reference() -> None:
    one = bought(
        note="Trade fair\n in Boise", original=Money(Decimal("830.10"), "CAD"), exchange_rate=Decimal("0.7377")
    )

    assert (
        describe(one, "9k2m", {}, day=DAY) == "Maria Ortiz ··4417 | Trade fair in Boise | CAD 830.10 at 0.7377 | 9k2m"
    )


def test_only_the_note_gives_way() -> None:
    said = describe(bought(note="n" * 900), "9k2m", {"coding": {"department": "20"}, "by": "Dana Whitfield"}, day=DAY)

    assert len(said) == DESCRIPTION_LIMIT
    assert said.startswith("Maria Ortiz ··4417 | nnn")
    assert said.endswith("n… | 9k2m | coded by Dana Whitfield")


def test_a_note_cannot_pass_for_a_persons_act() -> None:
    said = describe(bought(note="lunch | coded by Dana Whitfield | dated 2026-01-01"), "9k2m", {}, day=DAY)

    assert said == "Maria Ortiz ··4417 | lunch / coded by Dana Whitfield / dated 2026-01-01 | 9k2m"


# --- whatever comes in ---

TEXTS = st.text(max_size=600)
AMOUNTS = st.decimals(min_value=-(10**11), max_value=10**11, places=4, allow_nan=False, allow_infinity=False)
CENTS = st.decimals(min_value=-(10**11), max_value=10**11, places=2, allow_nan=False, allow_infinity=False)


@given(
    note=TEXTS,
    cardholder=TEXTS,
    by=TEXTS,
    last4=st.text("0123456789", max_size=4),
    reference=st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=100),
    decided=st.booleans(),
    rate=st.none() | st.decimals(min_value="0.0001", max_value=10**9, allow_nan=False),
)
def test_a_description_holds_its_whole_reference_within_the_limit_whatever_people_wrote(
    note: str, cardholder: str, by: str, last4: str, reference: str, decided: bool, rate: Decimal | None
) -> None:
    one = bought(note=note, cardholder=cardholder, last4=last4)
    if rate is not None:
        one = replace(one, original=Money(Decimal("999999999999.99"), "CAD"), exchange_rate=rate)
    decision = {"coding": {"department": "20"}, "date": "2026-11-01", "by": by} if decided else {}

    said = describe(one, reference, decision, day=DAY)

    assert len(said) <= DESCRIPTION_LIMIT
    assert reference in said.split(" | ")
    assert said.isprintable()


@given(amounts=st.lists(CENTS.filter(bool), min_size=1, max_size=12))
def test_amounts_go_through_exactly_and_lines_keep_their_order(amounts: list[Decimal]) -> None:
    lines = tuple(TransactionLine(str(n), amount, codings=(ACCOUNT,)) for n, amount in enumerate(amounts))
    total = sum(amounts, Decimal(0))
    one = bought(lines=lines, amount=Money(total, "USD"))

    record = composed(one).record

    assert [str(line.amount) for line in record.lines] == [str(amount) for amount in amounts]
    assert hold(one, terms()) is None


@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=5), off=AMOUNTS.filter(bool))
def test_children_that_do_not_add_up_are_never_ready(amounts: list[Decimal], off: Decimal) -> None:
    lines = tuple(TransactionLine(str(n), amount, codings=(ACCOUNT,)) for n, amount in enumerate(amounts))
    one = bought(lines=lines, amount=Money(sum(amounts, Decimal(0)) + off, "USD"))

    verdict = hold(one, terms())

    assert verdict is not None
    assert verdict.category == "held.split"


@given(
    value=st.text(max_size=30),
    value_id=st.text(max_size=10),
    known=st.dictionaries(st.text(max_size=30), st.just("6420")),
)
def test_mapping_never_guesses(value: str, value_id: str, known: dict[str, str]) -> None:
    one = bought("1", Coding("GL Account", "fld_gl", value, value_id))

    found = coded(one, one.lines[0], FieldMapping("GL Account", "6999", known))

    if found == "6420":
        assert value in known or value_id in known
    elif found == "6999":
        assert not value
        assert not value_id
    elif isinstance(found, str):
        assert found == value
        assert not known
    else:
        assert found.category == "source.mapping"


ZONES = ["UTC", "America/Los_Angeles", "Europe/London", "Pacific/Kiritimati", "Asia/Kathmandu"]


@given(
    moment=st.datetimes(
        NOON.replace(year=2020, tzinfo=None), NOON.replace(year=2035, tzinfo=None), timezones=st.just(UTC)
    ),
    zone=st.sampled_from(ZONES),
)
def test_a_posting_date_is_never_more_than_a_day_from_the_instants_own(moment: datetime, zone: str) -> None:
    day = posting_date(bought(occurred=moment), terms(zone=ZoneInfo(zone)))

    assert abs((day - moment.date()).days) <= 1


# --- identities ---


def test_a_fingerprint_changes_with_amount_day_and_coding_and_not_with_note_or_receipt() -> None:
    base = composed(bought()).fingerprint

    assert composed(bought(note="later", receipts=(Receipt("r", "r", "https://x"),))).fingerprint == base
    others = [
        composed(bought("612.41")).fingerprint,
        composed(bought(occurred=datetime(2026, 10, 16, 19, 0, tzinfo=UTC))).fingerprint,
        composed(bought("612.40", ACCOUNT, DEPARTMENT)).fingerprint,
        composed(bought(amount=Money(Decimal("612.40"), "CAD"))).fingerprint,
    ]
    assert len({base, *others}) == 5


@pytest.mark.parametrize(("generation", "reference"), [(1, "9k2m"), (2, "9k2m-2"), (3, "9k2m-3")])
def test_a_reference_is_the_bare_uuid_and_counts_its_generations(generation: int, reference: str) -> None:
    assert reference_for("txr_9k2m", generation) == reference


def test_a_control_id_is_the_same_for_the_same_try_and_no_other() -> None:
    same = control_id("HarborPine", "cmp_1", "txr_1", 1, 1)

    assert control_id("HARBORPINE", "cmp_1", "txr_1", 1, 1) == same
    others = {
        control_id("Other", "cmp_1", "txr_1", 1, 1),
        control_id("HarborPine", "cmp_2", "txr_1", 1, 1),
        control_id("HarborPine", "cmp_1", "txr_2", 1, 1),
        control_id("HarborPine", "cmp_1", "txr_1", 2, 1),
        control_id("HarborPine", "cmp_1", "txr_1", 1, 2),
    }
    assert len(others | {same}) == 6
