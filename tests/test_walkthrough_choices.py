"""Proposals, selectors, dates and free text: decided in pure functions, told as tables."""

from __future__ import annotations

from datetime import date

import pytest

from bot.intacct.records import DimensionValue
from bot.models import CustomField, Dimension, FieldMapping
from bot.walkthrough import choices, proposals
from bot.walkthrough.steps import ACCOUNT, CARD, ENTITY, OPEN, PERMISSIONS, SENDER
from bot.walkthrough.understanding import looks_like_a_password, understand

ACCOUNTS = [
    DimensionValue("6120", "Office supplies", active=True),
    DimensionValue("6215", "Software (old)", active=False),
    DimensionValue("6420", "Travel", active=True),
]


def field(name: str, *texts: str) -> CustomField:
    return CustomField(f"cfd_{name}", name, "CUSTOM_SELECTOR", True, tuple((f"v{at}", t) for at, t in enumerate(texts)))


@pytest.mark.parametrize(
    ("text", "found", "maybe"),
    [
        ("6120 - Office supplies", "6120", ""),
        ("6120", "6120", ""),
        ("6120: Office things", "6120", ""),
        ("6215 – Software (old)", "6215", ""),
        ("travel", "6420", ""),
        ("6420 Lodging", None, "6420"),
        ("6999 - Other", None, ""),
        ("Ask accounting", None, ""),
        ("612", None, ""),
        ("", None, ""),
    ],
)
def test_a_value_is_found_by_its_code_or_its_whole_name_and_never_guessed(
    text: str, found: str | None, maybe: str
) -> None:
    matched = proposals.match(Dimension.GL_ACCOUNT, field("GL Account", text), ACCOUNTS)

    assert matched.values.get("v0") == found
    assert [doubt.maybe for doubt in matched.doubts] == ([] if found else [maybe])


def test_a_name_that_two_entries_share_finds_neither() -> None:
    twins = [DimensionValue("1", "Sales", active=True), DimensionValue("2", "Sales", active=True)]

    assert proposals.match(Dimension.DEPARTMENT, field("Department", "Sales"), twins).found == 0


@pytest.mark.parametrize(
    ("before", "found", "doubt"),
    [
        ("", "6120", None),
        ("6120", "6120", None),
        ("6420", None, proposals.Doubt("v0", "6120 - Office supplies", "6120", "6420")),
        ("6215", None, proposals.Doubt("v0", "6120 - Office supplies", "6120", "6215", refused=True)),
    ],
)
def test_a_value_that_would_go_elsewhere_than_before_is_asked(
    before: str, found: str | None, doubt: proposals.Doubt | None
) -> None:
    office = field("GL Account", "6120 - Office supplies")

    matched = proposals.match(Dimension.GL_ACCOUNT, office, ACCOUNTS, {"v0": before} if before else {})

    assert matched.values.get("v0") == found
    assert matched.doubts == ((doubt,) if doubt else ())
    assert matched.mapping().values["v0"] == (found or before), "unless somebody answers, it stays where it was"


def test_what_intacct_refuses_of_the_values_in_use_is_asked_first() -> None:
    office = field("GL Account", "6215 - Software", "6120 - Office", "6420 - Travel")
    before = {"v0": "6215", "v1": "6120", "v2": "6420"}

    matched = proposals.match(Dimension.GL_ACCOUNT, office, ACCOUNTS, before, {"6420"})

    assert [(doubt.kept, doubt.refused) for doubt in matched.doubts] == [("6420", True), ("6215", True)]
    assert matched.mapping().values == before


def test_a_mapping_by_text_comes_back_by_uuid_and_values_that_are_not_offered_any_more_stay() -> None:
    codes = {
        "gl_account": FieldMapping("GL Account", values={"6120 - Office": "6120", "6420 - Trips": "6420", "v9": "6999"})
    }
    account = field("GL Account", "6120 - Office")

    chosen, placed = proposals.as_before(codes, [account], {Dimension.GL_ACCOUNT: ACCOUNTS})

    assert chosen == {Dimension.GL_ACCOUNT: "cfd_GL Account"}
    assert placed == {Dimension.GL_ACCOUNT: {"v0": "6120", "6420 - Trips": "6420"}}
    again = proposals.match(Dimension.GL_ACCOUNT, account, ACCOUNTS, placed[Dimension.GL_ACCOUNT])
    assert again.mapping().values == {"v0": "6120", "6420 - Trips": "6420"}
    assert again.sentence == "1 of 1 values found in Intacct"


def test_each_field_is_proposed_once_and_the_named_one_wins() -> None:
    fields = [field("Old codes", "6120", "6420"), field("GL Account", "6120 - Office supplies", "6420 - Travel")]
    lists = {Dimension.GL_ACCOUNT: ACCOUNTS, Dimension.PROJECT: ACCOUNTS}

    proposed = proposals.propose(fields, lists)

    assert proposed[Dimension.GL_ACCOUNT].field_name == "GL Account"
    assert proposed[Dimension.PROJECT].field_name == "Old codes"


def test_a_field_whose_values_are_not_in_intacct_is_not_proposed() -> None:
    assert proposals.propose([field("GL Account", "a", "b", "6120")], {Dimension.GL_ACCOUNT: ACCOUNTS}) == {}


# --- selectors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("picked", [[], ["b:bgt_1"], ["b:bgt_1", "c:crd_1"], ["f:cfd_1:v1", "f:cfd_1:v2"]])
def test_what_was_picked_becomes_a_selector_and_comes_back(picked: list[str]) -> None:
    assert choices.picked_of(choices.to_selector(picked)) == picked


def test_values_of_two_fields_are_refused() -> None:
    with pytest.raises(ValueError, match="one field only"):
        choices.to_selector(["f:cfd_1:v1", "f:cfd_2:v2"])


@pytest.mark.parametrize(
    ("budgets", "entity", "expected"),
    [
        ([("b1", "Portland"), ("b2", "Denver")], "Portland", ["b:b1"]),
        ([("b1", "Portland store"), ("b2", "Denver")], "portland", ["b:b1"]),
        ([("b1", "Marketing")], "Portland", ["f:cfd:v1"]),
        ([("b1", "Portland")], "", []),
    ],
)
def test_an_entitys_transactions_are_proposed_by_its_budget_else_by_its_locations(
    budgets: list[tuple[str, str]], entity: str, expected: list[str]
) -> None:
    values = {"v1": "100", "v2": "200"}

    assert choices.propose(budgets, entity, "cfd", values, ["100", "110"]) == expected


# --- dates and times --------------------------------------------------------------------------------------------------


def test_the_start_is_proposed_at_last_months_first_day_and_after_spend_centers_own_postings() -> None:
    today = date(2026, 11, 3)

    assert choices.propose_start(today) == date(2026, 10, 1)
    assert choices.propose_start(today, date(2026, 10, 20)) == date(2026, 10, 21)
    assert choices.propose_start(date(2027, 1, 31)) == date(2026, 12, 1)
    assert "start on a later day" in choices.start_problem(date(2026, 10, 20), today, date(2026, 10, 20))
    assert not choices.start_problem(date(2026, 10, 21), today, date(2026, 10, 20))


# --- free text --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "step", "kind", "value"),
    [
        ("done", SENDER, "done", ""),
        ("Done.", SENDER, "done", ""),
        ("BACK", CARD, "back", ""),
        ("help", OPEN, "help", ""),
        ("one entity", OPEN, "one_entity", ""),
        ("by role", PERMISSIONS, "role", ""),
        ("HarborPine", OPEN, "value", "HarborPine"),
        ("200", ENTITY, "value", "200"),
        ("2150", ACCOUNT, "value", "2150"),
        ("Spend Center CC Object", CARD, "value", "Spend Center CC Object"),
        ("what is an entity?", ENTITY, "nothing", ""),
        ("200", SENDER, "nothing", ""),
        ("Tr0ub4dor&3", ENTITY, "password", ""),
        ("the password is hunter22", SENDER, "password", ""),
    ],
)
def test_free_text_is_understood_where_it_is_an_obvious_answer(text: str, step: int, kind: str, value: str) -> None:
    meaning = understand(text, step)

    assert (meaning.kind, meaning.value) == (kind, value)


@pytest.mark.parametrize(
    ("text", "suspicious"),
    [
        ("kT7wqPz2mNcb", True),
        ("Sommer2026!", True),
        ("pwd: abcd", True),
        ("harborpine-bot", False),
        ("HarborPine", False),
        ("dana@harborpine.example", False),
        ("https://harborpine.example/A1b2c3d4", False),
        ("P-1042", False),
        ("where is the password field?", False),
        ("20261101", False),
    ],
)
def test_what_may_be_a_password_is_told_from_ids_and_addresses(text: str, suspicious: bool) -> None:
    assert looks_like_a_password(text) is suspicious
