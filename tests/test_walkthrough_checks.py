"""The pure verdicts as tables: what Intacct says → which line, in which state, with which words."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from bot.intacct.records import AccountRecord, CreditCard, Entity, FinancialSetup, UserRecord
from bot.models import Check, StepState
from bot.walkthrough import books, checks, shelves
from bot.walkthrough import rights as boxes
from bot.walkthrough.books import Place
from bot.walkthrough.checks import Known, SignIn
from bot.walkthrough.rights import Holder

DONE, PROBLEM, TOLD = StepState.DONE, StepState.PROBLEM, StepState.TOLD
TODAY = date(2026, 11, 3)
PORTLAND = Place("100", "100 Portland", frozenset({"100", "110"}))
ACCOUNT = AccountRecord("2150", "Spend Center GL Account")
CARD = CreditCard(
    card_id="Spend Center CC Object",
    description="",
    card_type="Visa",
    exp_month="December",
    exp_year="2035",
    status="active",
    offset_account="2150",
    vendor_id="V-CARDS",
    department_id="",
    location_id="100",
    liability_type="Credit",
    currency="USD",
    record_no="7",
    entity_id="100",
)
USER = UserRecord("Spendcenter", "active", "business user", "Full", True, "", "3")


def said(found: list[Check], state: StepState) -> str:
    return "\n".join(check.sentence for check in found if check.state is state)


@pytest.mark.parametrize(
    ("category", "sender", "user", "words"),
    [
        ("", DONE, DONE, "Signed in to `HarborPine` as `Spendcenter`"),
        ("auth.sender_not_authorized", PROBLEM, TOLD, "as soon as step 2 is done"),
        ("auth.sender_credentials", TOLD, TOLD, "This one is not yours"),
        ("auth.login", DONE, PROBLEM, "user ID exactly `Spendcenter`"),
        ("auth.user_state", DONE, PROBLEM, "Web Services users > Spendcenter > Edit"),
        ("auth.company_state", TOLD, PROBLEM, "`HarborPine` is a demo company and has expired"),
    ],
)
def test_a_refused_sign_in_blames_the_right_step(category: str, sender: StepState, user: StepState, words: str) -> None:
    tried = SignIn("HarborPine", "Spendcenter", "harborpine-bot", category)

    assert checks.sender(tried).state is sender
    assert checks.sign_in(tried).state is user
    assert words in checks.sign_in(tried).sentence


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"user_type": "employee user"}, "User type is *Employee*; it must be *Business*."),
        ({"status": "lockedout"}, "Status is *lockedout*; it must be *Active*."),
        ({"web_services_only": False}, "is a normal user, who can also sign in to the screen"),
    ],
)
def test_each_wrong_attribute_of_the_user_is_named(change: dict[str, object], words: str) -> None:
    found = checks.user(dataclasses.replace(USER, **change), "Spendcenter")  # type: ignore[arg-type]  # one field at a time

    assert words in said(found, PROBLEM)
    assert checks.standing(checks.user(USER, "Spendcenter")) is DONE


def test_limited_privileges_are_a_remark_and_no_problem() -> None:
    found = checks.user(dataclasses.replace(USER, admin="Limited"), "Spendcenter")

    assert checks.standing(found) is DONE
    assert "*Limited* is fine if step 4 turns green" in said(found, TOLD)


def test_rights_are_found_under_the_names_of_either_screen() -> None:
    rights = {
        "Charge card transactions": {"List", "View", "Add"},
        "Charge card accounts": {"List", "View"},
        "GL accounts": {"List", "View"},
        "Entities": {"List", "View"},
        "Locations": {"List", "View"},
        "Departments": {"List", "View"},
    }

    found = boxes.permissions(rights, Holder("Spendcenter", ("Billcom Role",)))

    assert checks.standing(found) is DONE
    assert "receipts cannot be attached" in said(found, TOLD)


def test_a_missing_add_is_a_problem_where_it_can_be_seen() -> None:
    rights = {"Credit card transactions": {"List", "View"}}

    found = boxes.permissions(rights, Holder("Spendcenter", ("Billcom Role", "Clerk")))

    assert "Credit card transactions: Add *missing* in `Billcom Role` or `Clerk`." in said(found, PROBLEM)


def test_several_base_currencies_cannot_post_at_the_top_level() -> None:
    entities = [Entity("100", "Portland", "USD", "1"), Entity("300", "Calgary", "CAD", "2")]
    setup = FinancialSetup("", True, True, True, False, "")

    assert "Your entities use CAD and USD." in said(checks.top_level(setup, entities), PROBLEM)


def test_an_entity_with_taxes_is_refused() -> None:
    london = Entity("300", "London", "GBP", "1")

    found = checks.one_entity("300", [london], Known(), "Spendcenter", tax_enabled=True)

    assert said(found, PROBLEM) == "300 London records VAT; card spend would post without it."


# --- the liability account --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words", "mended"),
    [
        ({"normal_balance": "debit"}, "Normal balance is debit, it should be credit.", {"NORMALBALANCE": "credit"}),
        ({"normal_balance": "debit", "title": "Inventory"}, "Or choose a liability account.", None),
        (
            {"closing_type": "closing account"},
            "it should be non-closing account",
            {"CLOSINGTYPE": "non-closing account"},
        ),
        ({"status": "inactive"}, "Status is inactive, it should be active.", {"STATUS": "active"}),
        ({"direct_posting": False}, "Disallow direct posting is ticked", {"SUBLEDGERCONTROLON": "false"}),
        ({"required": ("DEPT",)}, "Department is required, it should not be.", {"REQUIREDEPT": "false"}),
        ({"required": ("GLDIMREGION",)}, "Region is required", {"REQUIREGLDIMREGION": "false"}),
        ({"account_type": "incomestatement"}, "choose a balance sheet one", None),
        ({"alternative": "Payables account"}, "2150 is a payables account", None),
    ],
)
def test_each_wrong_attribute_of_the_account_is_named_and_what_can_be_mended_is(
    change: dict[str, object], words: str, mended: dict[str, str] | None
) -> None:
    record = dataclasses.replace(ACCOUNT, **change)  # type: ignore[arg-type]  # one field at a time
    found = books.account(record, "2150", [])

    assert words in said(found, PROBLEM)
    if mended is not None:
        assert books.mending(record) == mended
        assert books.mending_words(record)


def test_the_account_as_planned_passes_its_own_check() -> None:
    planned = books.planned_account("2150", "Accrued expenses")

    assert checks.standing(books.account(planned, "2150", [])) is DONE
    assert books.mending(planned) == {}


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("2150", ""),
        ("215", "Account numbers have 4 characters"),
        ("2150-01", ""),
        ("2150-0001", "Sub-account numbers have 2 characters at most"),
        ("2010", "2010 is taken: Accounts payable"),
        ("21 0", "made of digits and letters"),
    ],
)
def test_an_account_number_has_the_companys_length_and_is_free(number: str, words: str) -> None:
    problem = books.number_problem(number, [AccountRecord("2010", "Accounts payable")], 4, 2, "-")

    assert words in problem
    assert bool(problem) == bool(words)


# --- the card ---------------------------------------------------------------------------------------------------------


def judge(record: CreditCard, place: Place = PORTLAND, vendor: str | None = "active") -> list[Check]:
    return books.card(record, record.card_id, "2150", place, [record], vendor_status=vendor, today=TODAY)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "inactive"}, "Status is inactive, it should be active."),
        ({"liability_type": "Debit"}, "Account type is Debit, it should be Credit. Intacct locks this field"),
        ({"offset_account": "2010"}, "Offset account is 2010, it should be 2150. Intacct locks this field"),
        ({"vendor_id": ""}, "Without a vendor the card balance cannot be paid off"),
        ({"exp_year": "2025"}, "The card expired 12/2025"),
        ({"exp_year": ""}, "The expiry date is empty."),
        ({"location_id": "200"}, "Default location is 200, which is not inside 100 Portland."),
        ({"location_id": ""}, "Default location is empty"),
        ({"entity_id": "200"}, "I see `Spend Center CC Object` in entity 200; this connection posts to 100 Portland."),
    ],
)
def test_each_wrong_attribute_of_the_card_is_named(change: dict[str, str], words: str) -> None:
    assert checks.standing(judge(CARD)) is DONE

    assert words in said(judge(dataclasses.replace(CARD, **change)), PROBLEM)


def test_a_card_that_expires_within_a_year_is_remarked() -> None:
    found = judge(dataclasses.replace(CARD, exp_month="6", exp_year="2027"))

    assert checks.standing(found) is DONE
    assert "The card expires 06/2027" in said(found, TOLD)


def test_an_inactive_vendor_is_a_problem_and_an_unread_one_is_not() -> None:
    for status in ("inactive", "active non-posting"):
        assert f"Vendor V-CARDS is {status}, it should be active." in said(judge(CARD, vendor=status), PROBLEM)
    assert "There is no vendor V-CARDS." in said(judge(CARD, vendor=""), PROBLEM)
    assert checks.standing(judge(CARD, vendor=None)) is DONE


@pytest.mark.parametrize("status", ["inactive", "active non-posting"])
def test_a_default_location_that_takes_no_postings_is_named_with_its_status(status: str) -> None:
    """`active non-posting` is one of the three recorded values of LOCATION.STATUS: nothing may be coded to it."""
    place = dataclasses.replace(PORTLAND, closed={"110": status})

    found = judge(dataclasses.replace(CARD, location_id="110"), place)

    assert f"Default location is 110, which is {status}." in said(found, PROBLEM)
    assert checks.standing(judge(CARD, place)) is DONE


def test_a_top_level_card_is_taken_in_a_company_with_one_currency_and_not_with_several() -> None:
    shared = dataclasses.replace(CARD, entity_id="", location_id="110")

    assert "reconciled there" in said(judge(shared), TOLD)
    assert checks.standing(judge(shared)) is DONE
    several = dataclasses.replace(PORTLAND, several_currencies=True)
    assert "I see `Spend Center CC Object` at the top level" in said(judge(shared, several), PROBLEM)


def test_an_entitys_card_does_not_post_at_the_top_level() -> None:
    assert "this connection posts at the top level" in said(judge(CARD, Place()), PROBLEM)


def test_two_cards_do_not_share_an_account() -> None:
    other = dataclasses.replace(CARD, card_id="AMEX-01", record_no="8")

    found = books.card(CARD, CARD.card_id, "2150", PORTLAND, [CARD, other], vendor_status="active", today=TODAY)

    assert said(found, PROBLEM) == "2150 already belongs to card `AMEX-01`. Each card needs an account of its own."


@pytest.mark.parametrize(
    ("shown", "record_no", "right"),
    [
        ("2150", "10301", True),  # by both
        ("2150", "", True),  # the company shows no LIABACCT#
        ("2150 Spend Center GL Account", "10301", True),  # LIABACCTKEY in a form of its own: the record number decides
        ("10301", "10301", True),
        ("2010", "10017", False),
        ("", "", False),
    ],
)
def test_an_offset_account_is_right_by_its_number_or_by_its_record_number(
    shown: str, record_no: str, *, right: bool
) -> None:
    record = dataclasses.replace(CARD, offset_account=shown, offset_record_no=record_no)
    other = dataclasses.replace(record, card_id="AMEX-01", record_no="8")
    account = dataclasses.replace(ACCOUNT, record_no="10301")

    found = books.card(
        record,
        record.card_id,
        "2150",
        PORTLAND,
        [record],
        vendor_status="active",
        today=TODAY,
        account_record_no=account.record_no,
    )

    assert (checks.standing(found) is DONE) is right
    assert (checks.standing(books.account(account, "2150", [other])) is PROBLEM) is right  # so it belongs to the other
    assert (shelves.pick_card([record], "another", "2150", PORTLAND, "10301") == record) is right


@pytest.mark.parametrize(("month", "number"), [("December", 12), ("dec", 12), ("12", 12), ("13", None), ("", None)])
def test_an_expiry_month_is_read_in_every_form(month: str, number: int | None) -> None:
    ends = books.expires(dataclasses.replace(CARD, exp_month=month))

    assert ends == ((2035, number) if number else None)
