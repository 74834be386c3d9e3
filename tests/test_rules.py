"""Rules: what is remembered of a choice, what it fills and what it leaves alone, and the tables under it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bot.models import Coding, Dimension, FieldMapping, Money, PostingState, TransactionLine
from bot.store import alerts, postings, rules
from bot.store.connections import Connection
from bot.store.rules import Rule
from bot.sync import correct
from bot.sync.correct import Keep
from bot.sync.preview import preview
from bot.sync.rules import Line, condition_of, conflicts, fill, in_order, overlaps, refused_value, same_said
from tests.test_correct import alert_on, desk_of
from tests.test_mapping import bought, composed
from tests.world import World

NOON = datetime(2026, 11, 5, 18, 0, tzinfo=UTC)


def rule(number: int, dimension: str = "department", value: str = "20", **changes: Any) -> Rule:
    made = Rule(
        id=number,
        workspace_id="w",
        connection_id="c",
        number=number,
        dimension=dimension,
        value=value,
        instead="",
        account="",
        merchant="",
        made_by="Lee Okafor",
        made=NOON,
        off_by="",
        off=None,
    )
    return replace(made, **changes)


async def kept(at: World, connection: Connection, **said: Any) -> Rule:
    """A rule of this connection: a department for what has none on 6420, unless said otherwise."""
    told: dict[str, Any] = {"dimension": "department", "value": "20", "account": "6420", "made_by": "Lee Okafor"}
    where = {"workspace": connection.workspace_id, "connection": connection.id}
    return await rules.add(at.parts.store, now=at.clock(), **(told | where | said))


# --- which rule fills what ---


@pytest.mark.parametrize(
    ("asked", "value", "used"),
    [
        ({"value": ""}, "20", ["R-1"]),
        ({"value": "30"}, "30", []),  # what is there and valid stays
        ({"value": "", "account": "6215"}, "", []),
        ({"value": "", "merchant": "BLUE MESA AIR"}, "40", ["R-2"]),  # the narrower one is asked first
        ({"dimension": "project", "value": "P-1042"}, "P-1050", ["R-3"]),
        ({"dimension": "project", "value": "P-1099"}, "P-1099", []),
        ({"dimension": "project", "value": ""}, "", []),
        ({"dimension": "location", "value": "250"}, "210", ["R-4", "R-5"]),  # 250 became 200, and 200 later 210
    ],
)
def test_a_rule_fills_what_is_missing_or_refused_and_nothing_else(
    asked: dict[str, str], value: str, used: list[str]
) -> None:
    found = in_order(
        [
            rule(1, account="6420"),
            rule(2, value="40", account="6420", merchant="Blue Mesa Air"),
            rule(3, "project", "P-1050", instead="P-1042"),
            rule(4, "location", "200", instead="250"),
            rule(5, "location", "210", instead="200"),
        ]
    )
    line = {"dimension": "department", "account": "6420", "merchant": "Quillcast"} | asked

    filled, by = fill(found, line["dimension"], line["value"], Line(line["account"], line["merchant"]))

    assert (filled, [one.name for one in by]) == (value, used)


def test_two_rules_that_replace_each_other_end() -> None:
    found = [rule(1, value="30", instead="20"), rule(2, value="20", instead="30")]

    assert fill(found, "department", "20", Line("", ""))[0] == "20"


def test_a_rule_that_rests_speaks_only_where_the_value_was_refused() -> None:
    found = in_order([rule(1, value="30", instead="20"), rule(2, value="40", instead="30")])
    refused = Line("6420", "", {"department": ["20"]})

    assert fill(found, "department", "20", Line("6420", ""), {1, 2})[0] == "20"
    assert fill(found, "department", "20", refused, {1, 2})[0] == "30"
    assert fill(found, "department", "20", refused, {1})[0] == "40"


def test_of_two_rules_with_one_condition_the_newer_counts_and_the_older_is_shown() -> None:
    both = [rule(1, account="6420"), rule(2, value="30", account="6420"), rule(3, account="6500")]

    assert fill(in_order(both), "department", "", Line("6420", ""))[0] == "30"
    assert {lost: winner.name for lost, winner in conflicts(both).items()} == {1: "R-2"}
    assert not conflicts([replace(both[0], off=NOON), both[1]])
    assert not conflicts([both[0], replace(both[1], connection_id="other")])


def test_an_edited_rule_sees_whom_it_meets_and_who_is_asked_first() -> None:
    beside = [
        rule(1, value="10"),
        rule(2, value="40", account="6420", merchant="Blue Mesa Air"),
        rule(4, value="30", account="6420"),
        rule(5, value="50", account="6500"),
        rule(6, value="60", instead="20", account="6420"),
        rule(7, value="70", account="6420", off=NOON),
        rule(8, value="80", account="6420", connection_id="other"),
    ]

    before, after = overlaps(beside, rule(3, account="6420"))

    assert ([one.name for one in before], [one.name for one in after]) == (["R-2", "R-4"], ["R-1"])
    assert overlaps(beside, rule(3, account="6420", merchant="Quillcast"))[0] == []
    assert same_said(beside, rule(3, value="30", account="6420")) == beside[2]
    assert same_said(beside, rule(4, value="30", account="6420")) is None


@pytest.mark.parametrize(
    ("category", "details", "dimension", "condition"),
    [
        ("dimension.required", {"account": "6420"}, Dimension.DEPARTMENT, ("", "6420", False)),
        ("dimension.required", {}, Dimension.DEPARTMENT, None),  # every line without one would be too many
        ("dimension.invalid", {"value": "P-1042"}, Dimension.PROJECT, ("P-1042", "", False)),
        ("config.gl_account", {"account": "6215"}, Dimension.GL_ACCOUNT, ("6215", "", False)),
        ("config.gl_account", {}, Dimension.GL_ACCOUNT, None),
        ("config.gl_restricted", {"account": "6420"}, Dimension.GL_ACCOUNT, ("6420", "", False)),
        ("dimension.restricted", {"account": "6420", "value": "30"}, Dimension.DEPARTMENT, ("30", "6420", False)),
        ("dimension.restricted", {"value": "300", "wanted": "300"}, Dimension.DEPARTMENT, None),
        ("vendor.invalid", {"vendor": "V-1009"}, Dimension.VENDOR, ("V-1009", "", False)),
        ("entity.location", {"cause": "location-required"}, Dimension.LOCATION, ("", "", False)),
        ("entity.location", {"cause": "negative-across-entities"}, Dimension.LOCATION, None),
        ("held.entity", {"location": "200"}, Dimension.LOCATION, ("200", "", False)),
        ("source.mapping", {"cause": "source-no-account"}, Dimension.GL_ACCOUNT, ("", "", True)),
        ("source.mapping", {"cause": "source-mapping", "field": "GL Account"}, Dimension.GL_ACCOUNT, None),
        ("transient.lock", {"value": "30"}, Dimension.DEPARTMENT, None),
    ],
)
def test_a_choice_is_kept_only_for_what_can_be_told_apart(
    category: str, details: dict[str, str], dimension: Dimension, condition: tuple[str, str, bool] | None
) -> None:
    found = condition_of(category, details, dimension)

    assert (found and (found.instead, found.account, found.broad)) == condition


@pytest.mark.parametrize(
    ("details", "refused"),
    [
        ({"value": "30"}, "30"),
        ({"cause": "dimension-required"}, ""),
        ({"field": "Department", "value": "Sales"}, ""),  # Spend Center's word, none of Intacct's
        ({"wanted": "300", "value": "300"}, None),
        ({}, None),
    ],
)
def test_what_gives_way_to_a_choice_is_what_was_refused(details: dict[str, str], refused: str | None) -> None:
    assert refused_value(Dimension.DEPARTMENT, details) == refused


# --- in a posting ---


def test_a_rule_shows_in_the_description_once_and_codes_only_the_lines_it_is_for() -> None:
    travel, software = (
        Coding("GL Account", "fld_gl", "6420 Travel", "val_6420"),
        Coding("GL Account", "fld_gl", "6210 Software", "val_6210"),
    )
    codes = {"gl_account": FieldMapping("GL Account", values={"6420 Travel": "6420", "6210 Software": "6210"})}
    lines = tuple(
        TransactionLine(f"txr_{n}", Decimal(10), codings=(coding,))
        for n, coding in enumerate([travel, travel, software])
    )
    bill = bought(lines=lines, amount=Money(Decimal(30), "USD"))

    made = composed(bill, codes=codes, rules=(rule(3, account="6420"),))

    assert [(line.account, line.department) for line in made.record.lines] == [
        ("6420", "20"),
        ("6420", "20"),
        ("6210", ""),
    ]
    assert made.record.description.endswith("| 1 | rule R-3")
    assert [one.name for one in made.rules] == ["R-3"]


def test_an_account_is_replaced_before_other_rules_ask_for_it() -> None:
    codes = {"department": FieldMapping(), "gl_account": FieldMapping(default="6215")}

    made = composed(
        bought(), codes=codes, rules=(rule(1, account="6210"), rule(2, "gl_account", "6210", instead="6215"))
    )

    assert [(line.account, line.department) for line in made.record.lines] == [("6210", "20")]
    assert made.record.description.endswith("| rule R-1 | rule R-2")


def test_what_a_person_chose_is_no_rules_business() -> None:
    codes = {"gl_account": FieldMapping(default="6420")}
    decision = {"coding": {"department": "30"}, "instead": {"department": ""}, "by": "Lee Okafor"}

    made = composed(bought(), decision, codes=codes, rules=(rule(1), rule(2, value="40", instead="30")))

    assert [line.department for line in made.record.lines] == ["30"]
    assert made.record.description.endswith("| coded by Lee Okafor")


def test_a_note_cannot_pass_for_a_rule() -> None:
    made = composed(bought(note="lunch | rule R-9"), codes={"gl_account": FieldMapping(default="6420")})

    assert "| rule" not in made.record.description


# --- from the choice to the next transactions ---


async def test_a_choice_kept_as_a_rule_codes_what_comes_later_until_it_is_switched_off(harbor: World) -> None:
    portland = await harbor.connect("100")
    store, desk = harbor.parts.store, desk_of(harbor)
    await harbor.sync(portland)
    alert = await alert_on(harbor, desk, portland.id, "dimension.required")
    waiting = await postings.list_postings(
        store, portland.id, states=[PostingState.FAILED], category="dimension.required"
    )
    first, second, third = waiting[:3]

    await correct.code(desk, alert, "20", "U0LEE", "Lee Okafor", only=[first.id], keep=Keep.SAME, write_back=False)
    [kept] = await rules.of_connections(store, [portland.id])
    story = (await alerts.get(store, alert)).story  # type: ignore[union-attr]  # it was there above
    assert [line["rule"] for line in story if line["did"] == "code"] == [kept.number]
    assert (kept.name, kept.account, kept.instead, kept.value) == ("R-1", "6420", "", "20")
    assert await rules.times_used(store, [kept.id]) == {}  # the one it was chosen for is coded by a person
    await harbor.sync(portland, retry=[second.id])

    [row] = await postings.get(store, [second.id])
    assert row.state == PostingState.POSTED
    assert [one.id for one in await rules.touched(store, kept.id)] == [second.id]
    assert described(harbor, row.reference).endswith("| rule R-1")

    assert await rules.switch_off(store, kept.id, "Dana Whitfield", harbor.clock())
    assert not await rules.switch_off(store, kept.id, "Lee Okafor", harbor.clock())
    await harbor.sync(portland, retry=[third.id])

    assert [one.state for one in await postings.get(store, [second.id, third.id])] == ["posted", "failed"]
    assert await rules.times_used(store, [kept.id]) == {kept.id: 1}
    assert described(harbor, row.reference).endswith("| rule R-1")


@pytest.mark.parametrize(("status", "coded"), [("inactive", "6210"), ("active", "6215")])
async def test_a_rule_replaces_a_value_only_while_intacct_refuses_it(harbor: World, status: str, coded: str) -> None:
    portland = await harbor.connect("100")
    said = {"dimension": "gl_account", "value": "6210", "instead": "6215", "account": ""}
    rule = await kept(harbor, portland, **said)
    await harbor.intacct.control(
        "save_record", {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6215", "STATUS": status}}
    )

    foreseen = await preview(harbor.parts.reach, portland)
    await harbor.sync(portland)

    assert foreseen.would_post[0] == 86
    assert (await harbor.tally(portland))[PostingState.POSTED][0] == 86
    old = [row for row in ledger(harbor) if row["payee"] == "Quillcast"]
    assert {line["account"] for row in old for line in row["lines"]} == {coded}
    assert len(await rules.touched(harbor.parts.store, rule.id)) == (6 if coded == "6210" else 0)


def ledger(harbor: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = harbor.intacct.state(limit=5000)["ledger"]["transactions"]
    return found


def described(harbor: World, reference: str) -> str:
    return next(str(row["description"]) for row in ledger(harbor) if row["reference"] == reference)


async def test_an_edit_keeps_the_number_and_tells_who_and_the_second_of_two_is_refused(harbor: World) -> None:
    portland = await harbor.connect("100")
    store, first = harbor.parts.store, await kept(harbor, portland)

    assert await rules.edit(store, first, replace(first, value="30"), "20 became 30.", "U0DANA", harbor.clock())
    assert not await rules.edit(store, first, replace(first, value="40"), "20 became 40.", "U0LEE", harbor.clock())
    assert await rules.switch_off(store, first.id, "Lee Okafor", harbor.clock(), "U0LEE")
    [off] = await rules.of_connections(store, [portland.id])
    assert not await rules.edit(store, off, replace(off, value="40"), "30 became 40.", "U0LEE", harbor.clock())

    assert (off.number, off.value) == (first.number, "30")
    told = await rules.history(store, off)
    assert [(one.actor, one.text) for one in told] == [("U0LEE", "Switched off."), ("U0DANA", "20 became 30.")]


async def test_numbers_are_counted_by_workspace_and_the_same_rule_is_kept_once(harbor: World) -> None:
    portland, denver = await harbor.connect("100"), await harbor.connect("200")
    made = [
        await rules.add(
            harbor.parts.store,
            workspace=one.workspace_id,
            connection=one.id,
            dimension="department",
            value=value,
            account="6420",
            made_by="Lee Okafor",
            now=harbor.clock(),
        )
        for one, value in ((portland, "20"), (denver, "20"), (portland, "30"), (portland, "20"))
    ]

    assert [one.name for one in made] == ["R-1", "R-2", "R-3", "R-1"]
