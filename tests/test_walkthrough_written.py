"""What a set-up writes in Intacct: shown before, done once, and in the audit trail with the name of who said yes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.models import Secret, Selector, StepState
from bot.sandbox.seed_cards import SPEND_TOKEN
from bot.store.tables import events
from bot.walkthrough import progress
from bot.walkthrough.keeper import Refused
from bot.walkthrough.spending import Wanted
from bot.walkthrough.steps import ACCOUNT, ACCOUNT_TITLE
from tests.walkthrough_bench import DANA, Harbor, harbor, sentences

DONE = StepState.DONE


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Harbor]:
    async with harbor(tmp_path) as place:
        yield place


async def audit(town: Harbor) -> list[tuple[str, str]]:
    async with town.store.read() as db:
        rows = await db.execute(select(events.c.actor, events.c.text).order_by(events.c.id))
        return [(row.actor, row.text) for row in rows]


async def changes_the_account(town: Harbor, **fields: str) -> None:
    await town.does("save_record", object="GLACCOUNT", record={"ACCOUNTNO": "2150", **fields})


async def test_two_presses_at_once_make_one_account_and_one_line_of_the_audit_trail(town: Harbor) -> None:
    walk = await town.comes_to_the_account()
    await town.talk.ledger.plan_account(walk.id, DANA, "2150", "Accrued expenses")

    seen = await asyncio.gather(*(town.talk.ledger.create_account(walk.id, DANA) for _ in range(2)))

    assert {progress.state_of(one, ACCOUNT) for one in seen} == {DONE}
    made = [row for row in town.intacct.gateway.company.rows("GLACCOUNT") if row["TITLE"] == ACCOUNT_TITLE]
    assert [row["ACCOUNTNO"] for row in made] == ["2150"]
    assert await audit(town) == [(DANA, "created account 2150 Spend Center GL Account, at the top level of HarborPine")]


async def test_a_number_that_somebody_took_meanwhile_is_not_taken_for_ours(town: Harbor) -> None:
    walk = await town.comes_to_the_account()
    await town.talk.ledger.plan_account(walk.id, DANA, "2150", "")
    await town.does("create_record", object="GLACCOUNT", record={"ACCOUNTNO": "2150", "TITLE": "Gift cards"})
    with pytest.raises(Refused, match="Intacct did not create 2150"):
        await town.talk.ledger.create_account(walk.id, DANA)
    assert await audit(town) == []

    walk = await town.makes_the_account(walk, "2160")

    assert progress.state_of(walk, ACCOUNT) is DONE


async def test_only_the_changes_that_were_shown_are_made_and_twice_is_once(town: Harbor) -> None:
    walk = await town.comes_to_the_account()
    await town.makes_the_account(walk, "2150")
    await changes_the_account(town, REQUIREDEPT="true")
    await town.talk.check(walk.id, DANA, ACCOUNT)
    await changes_the_account(town, SUBLEDGERCONTROLON="true")

    with pytest.raises(Refused, match="Somebody changed this account meanwhile, so I changed nothing"):
        await town.talk.ledger.mend_account(walk.id, DANA)
    walk = await town.talk.get(walk.id)
    assert "Disallow direct posting is ticked" in sentences(walk, ACCOUNT)
    assert len(await audit(town)) == 1

    for _ in range(2):
        walk = await town.talk.ledger.mend_account(walk.id, DANA)
        assert progress.state_of(walk, ACCOUNT) is DONE
    said = "changed account 2150: Disallow direct posting: ticked → unticked, Department required: ticked → unticked"
    assert [text for _, text in await audit(town)][1:] == [f"{said}, at the top level of HarborPine"]


# --- Spend Center's own sync ------------------------------------------------------------------------------------------


async def test_what_spend_center_posts_itself_is_seen_and_the_start_must_lie_after_it(town: Harbor) -> None:
    walk = await town.comes_to_spend_center()
    for row in town.tale.spend["transactions"][:3]:
        change = {"uuid": row["uuid"], "date": "2026-10-20", "sync": "SYNCED"}
        await town.spend.control("edit_transaction", change)
    walk = await town.talk.spending.connect(walk.id, DANA, token=Secret(SPEND_TOKEN))
    assert "Spend Center itself posted 3 transactions to Intacct" in sentences(walk, 9)
    proposed = await town.talk.spending.propose(walk.id, DANA)
    await town.talk.spending.keep_fields(walk.id, DANA, {one: match.field_id for one, match in proposed.items()})
    too_early = Wanted(date(2026, 10, 20), "07:00", "America/Los_Angeles", "C0FINANCE", selector=Selector())
    with pytest.raises(Refused) as refused:
        await town.talk.spending.choose(walk.id, DANA, too_early)
    assert refused.value.field == "start"

    after = Wanted(date(2026, 10, 21), "07:00", "America/Los_Angeles", "C0FINANCE", selector=Selector())
    walk = await town.talk.spending.choose(walk.id, DANA, after)

    assert progress.state_of(walk, 9) is DONE
