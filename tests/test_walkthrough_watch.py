"""A step with something wrong that only Intacct's screens can mend ticks itself once it is mended there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models import StepState
from bot.walkthrough import progress
from bot.walkthrough.steps import ACCOUNT, CARD, ENTITY, PERMISSIONS, SENDER, USER
from tests.walkthrough_bench import DANA, NEEDED, Harbor, harbor, sentences

DONE, PROBLEM = StepState.DONE, StepState.PROBLEM


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Harbor]:
    async with harbor(tmp_path) as place:
        yield place


async def test_a_forgotten_second_save_ticks_the_step_when_it_is_made(town: Harbor) -> None:
    await town.does("authorize_sender", sender_id="harborpine-bot")
    password = await town.adds_the_user()
    walk = await town.signs_in(await town.opens(), password)
    assert progress.state_of(walk, SENDER) is PROBLEM
    first = await town.talk.watch.start(walk.id)
    assert first is not None
    walk, second = await town.talk.watch.look(walk.id, first)
    assert progress.state_of(walk, SENDER) is PROBLEM
    assert second == first + 1

    await town.does("save_company")
    walk, after = await town.talk.watch.look(walk.id, second)

    assert after is None
    assert progress.state_of(walk, SENDER) is progress.state_of(walk, USER) is DONE
    assert walk.step == PERMISSIONS


async def test_a_missing_box_ticks_the_step_when_it_is_ticked(town: Harbor) -> None:
    await town.lets_the_app_in()
    password = await town.adds_the_user()
    await town.gives_the_role({policy: rights for policy, rights in NEEDED.items() if policy != "Accounts"})
    walk = await town.signs_in(await town.opens(), password)
    assert "General Ledger accounts: List, View *missing*" in sentences(walk, PERMISSIONS)
    first = await town.talk.watch.start(walk.id)
    assert first is not None

    await town.does("set_role", name="Billcom Role", policies=NEEDED)
    walk, _ = await town.talk.watch.look(walk.id, first)

    assert progress.state_of(walk, PERMISSIONS) is DONE
    assert walk.step == ENTITY


async def test_after_the_account_the_card_is_looked_for_without_a_press(town: Harbor) -> None:
    walk = await town.comes_to_the_account()
    await town.makes_the_account(walk, "2150")
    wrong = {"ACCOUNTNO": "2150", "REQUIREDEPT": "true"}
    await town.does("save_record", object="GLACCOUNT", record=wrong)
    await town.talk.check(walk.id, DANA, ACCOUNT)
    first = await town.talk.watch.start(walk.id)
    assert first is not None
    await town.does("save_record", object="GLACCOUNT", record={**wrong, "REQUIREDEPT": "false"})
    walk, second = await town.talk.watch.look(walk.id, first)
    assert walk.step == CARD
    assert second is not None

    await town.adds_the_card()
    walk, after = await town.talk.watch.look(walk.id, second)

    assert progress.state_of(walk, CARD) is DONE
    assert after is None


async def test_a_refused_password_is_not_tried_again_by_itself(town: Harbor) -> None:
    await town.lets_the_app_in()
    password = await town.adds_the_user()
    await town.gives_the_role()
    walk = await town.signs_in(await town.opens(), "wrong")
    assert progress.state_of(walk, USER) is PROBLEM
    assert await town.talk.watch.start(walk.id) is None

    walk = await town.signs_in(walk, password)

    assert progress.state_of(walk, USER) is DONE
