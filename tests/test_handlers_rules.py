"""Rules in Slack: kept from an alert's form, listed, looked into and switched off by whoever may."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models import PostingState
from bot.store import postings, rules
from bot.store.connections import Connection
from tests.office import DANA, LEE, MARIA, Office, office
from tests.test_rules import kept

TRAVEL = "37 transactions need a department"


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


async def with_alerts(at: Office, **options: object) -> Connection:
    portland = await at.far.connect("100", schedule="", options=options)
    await at.far.sync(portland)
    await at.bot.engine.enqueue("refresh", f"{portland.id}:test", company=portland.company, connection_id=portland.id)
    await at.room.reads(TRAVEL)
    return portland


async def test_a_choice_is_kept_for_future_ones_and_both_lines_name_the_rule(harbor: Office) -> None:
    await with_alerts(harbor)

    await harbor.room.in_(LEE).presses(TRAVEL, "Choose department")
    form = await harbor.room.form("Choose department")
    words = [
        option["text"]["text"]
        for block in form["blocks"]
        if block["block_id"] == "use_for"
        for option in block["element"]["options"]
    ]
    assert words == ["These 37", "One of these, picked below", "Also future ones on 6420 without a department"]
    await harbor.room.submits("Choose department", value="20", use_for="future", write_back=[])

    solved = await harbor.room.reads("Solved: 37 transactions posted")
    assert "department 20, rule R-1" in solved["text"]
    await harbor.room.reads("chose department 20 for 37 transactions, also for future ones (rule R-1): 37 transactions")


async def test_a_choice_for_one_leaves_the_other_thirty_six_and_makes_no_rule(harbor: Office) -> None:
    portland = await with_alerts(harbor)
    await harbor.room.in_(LEE).presses(TRAVEL, "Choose department")
    await harbor.room.submits("Choose department", value="20", use_for="one", write_back=[])
    assert "Pick the one that it is for." in json.dumps(harbor.slack.state(LEE)["modals"][-1]["errors"])
    [first, *_] = await postings.list_postings(
        harbor.far.parts.store, portland.id, states=[PostingState.FAILED], category="dimension.required"
    )

    await harbor.room.submits("Choose department", value="20", use_for="one", one=str(first.id), write_back=[])

    await harbor.room.reads("36 transactions need a department, was 37")
    assert await rules.of_connections(harbor.far.parts.store, [portland.id]) == []
    assert (await harbor.far.tally(portland))[PostingState.POSTED][0] == 81


async def test_rules_are_listed_looked_into_and_switched_off_once(harbor: Office) -> None:
    portland = await with_alerts(harbor)
    store = harbor.far.parts.store
    rule = await kept(harbor.far, portland)
    await harbor.room.in_(LEE).presses(TRAVEL, "Retry 37")
    await harbor.room.reads("Solved: 37 transactions posted")

    await harbor.room.in_(DANA).types("rules")
    answer = await harbor.room.reads("1 rule, 1 in use.")
    shown = json.dumps(answer["blocks"], ensure_ascii=False)
    assert "Transactions on account 6420 without a department: department 20" in shown
    assert "touched 37 transactions" in shown
    await harbor.room.presses("1 rule, 1 in use.", "What it touched")
    await harbor.room.sees("37 transactions posted with it.")
    await harbor.room.closes()
    await harbor.room.presses("1 rule, 1 in use.", "Switch off")
    await harbor.room.reads("R-1 is switched off. What was posted with it stays as it is.")
    await harbor.room.presses("1 rule, 1 in use.", "Switch off")
    await harbor.room.reads("Dana Whitfield switched R-1 off already.")

    assert await rules.times_used(store, [rule.id]) == {rule.id: 37}
    await harbor.room.types("rules")
    await harbor.room.reads("1 rule, 0 in use.")


async def test_a_rule_is_edited_beside_the_rules_it_meets_and_codes_what_comes_next(harbor: Office) -> None:
    portland = await with_alerts(harbor)
    for value, merchant in (("20", ""), ("40", "Blue Mesa Air")):
        await kept(harbor.far, portland, value=value, merchant=merchant)
    await harbor.room.in_(DANA).types("rules")
    shown = json.dumps((await harbor.room.reads("2 rules, 2 in use."))["blocks"], ensure_ascii=False)
    assert "asked in this order" in shown
    assert shown.index("*R-2*") < shown.index("*R-1*")

    await harbor.room.presses("2 rules, 2 in use.", "What it touched")
    await harbor.room.sees("0 transactions posted with it.")
    await harbor.room.closes()
    await edits(harbor, "R-1")
    form = await harbor.room.form("Edit R-1")
    menus = {one["block_id"]: one for one in form["blocks"]}
    assert "30" in await harbor.room.offered(form, menus["value"])
    assert next(iter(await harbor.room.offered(form, menus["account"]))) == "*"
    await harbor.room.submits("Edit R-1", value="20", account="*", merchant="")
    await harbor.room.sees("Name an account or a merchant")
    await harbor.room.submits("Edit R-1", value="30", account="6420", merchant="")
    await harbor.room.sees("R-2 is asked before it.")
    await harbor.room.submits("Edit R-1", sure=["yes"])
    await harbor.room.sees("R-1 is saved: department 30 from the next posting on.")
    await harbor.room.closes()

    await harbor.room.in_(LEE).presses(TRAVEL, "Retry 37")
    await harbor.room.reads("Solved: 37 transactions posted")
    ledger = harbor.far.intacct.state(limit=5000)["ledger"]["transactions"]
    coded = [row for row in ledger if row["description"].endswith("| rule R-1")]
    assert {line["department"] for row in coded for line in row["lines"] if line["account"] == "6420"} == {"30"}
    assert not [row for row in coded if row["payee"] == "Blue Mesa Air"]

    await harbor.room.in_(DANA).types("rules")
    await presses_of(harbor, "R-1", "What it touched")
    await harbor.room.sees("Department 20 became 30.")
    await harbor.room.sees("Dana Whitfield · ")


async def test_of_two_people_who_edit_a_rule_at_once_the_second_is_told(harbor: Office) -> None:
    portland = await with_alerts(harbor)
    store = harbor.far.parts.store
    rule = await kept(harbor.far, portland)
    await harbor.room.in_(DANA).types("rules")
    await edits(harbor, "R-1")
    await harbor.room.form("Edit R-1")
    await harbor.room.in_(LEE).types("rules")
    await edits(harbor, "R-1")
    await harbor.room.submits("Edit R-1", value="30")
    await harbor.room.sees("R-1 is saved")

    await harbor.room.in_(DANA).submits("Edit R-1", value="40")
    await harbor.room.sees("Someone changed R-1 meanwhile.")

    [now] = await rules.of_connections(store, [portland.id])
    assert (now.id, now.number, now.value) == (rule.id, 1, "30")


async def edits(at: Office, name: str) -> None:
    await presses_of(at, name, "Edit")


async def presses_of(at: Office, name: str, label: str) -> None:
    """A button of this rule, in the newest list."""
    post = await at.room.reads("in use.")
    blocks = post["blocks"]
    n = next(n for n, one in enumerate(blocks) if f"*{name}*" in json.dumps(one, ensure_ascii=False))
    found = next(one for one in blocks[n + 1]["elements"] if one["text"]["text"].startswith(label))
    ids = {"block_id": blocks[n + 1]["block_id"], "action_id": found["action_id"]}
    await at.room.do("click", channel=at.room.dm, ts=post["ts"], **ids)


async def test_rules_are_for_the_people_of_the_connection(harbor: Office) -> None:
    portland = await with_alerts(harbor, correct=[LEE])
    await kept(harbor.far, portland)

    await harbor.room.in_(MARIA, "C0GENERAL").types("rules")
    await harbor.room.reads("There is no rule yet.")
    await harbor.room.in_("U0SAM").types("rules")
    await harbor.room.presses("1 rule, 1 in use.", "Switch off")
    await harbor.room.reads("Lee Okafor corrects transactions")

    [rule] = await rules.of_connections(harbor.far.parts.store, [portland.id])
    assert rule.off is None
