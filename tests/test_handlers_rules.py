"""Rules in Slack: kept from an alert's form, listed, looked into and switched off by whoever may."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import Parts
from bot.models import PostingState
from bot.store import postings, rules
from bot.store.connections import Connection
from tests.office import DANA, LEE, MARIA, Office, office

TRAVEL = "37 transactions need a department"


@pytest.fixture
async def harbor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setattr(Parts, "calls_per_minute", 100_000)
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
    store, clock = harbor.far.parts.store, harbor.clock
    kept = await rules.add(
        store,
        workspace=portland.workspace_id,
        connection=portland.id,
        dimension="department",
        value="20",
        account="6420",
        made_by="Lee Okafor",
        now=clock(),
    )
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

    assert await rules.times_used(store, [kept.id]) == {kept.id: 37}
    await harbor.room.types("rules")
    await harbor.room.reads("1 rule, 0 in use.")


async def test_rules_are_for_the_people_of_the_connection(harbor: Office) -> None:
    portland = await with_alerts(harbor, correct=[LEE])
    await rules.add(
        harbor.far.parts.store,
        workspace=portland.workspace_id,
        connection=portland.id,
        dimension="department",
        value="20",
        account="6420",
        made_by="Lee Okafor",
        now=harbor.clock(),
    )

    await harbor.room.in_(MARIA, "C0GENERAL").types("rules")
    await harbor.room.reads("There is no rule yet.")
    await harbor.room.in_("U0SAM").types("rules")
    await harbor.room.presses("1 rule, 1 in use.", "Switch off")
    await harbor.room.reads("Lee Okafor corrects transactions")

    [kept] = await rules.of_connections(harbor.far.parts.store, [portland.id])
    assert kept.off is None
