"""The conversation over real wires, from opening it to a card that ticks itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models import Secret, StepState
from bot.store import connections
from bot.walkthrough import progress
from bot.walkthrough.keeper import Refused
from tests.walkthrough_bench import DANA, LEE, NEEDED, SAM, Harbor, harbor, sentences, states

TO_DO, TOLD, DONE, PROBLEM = StepState.TO_DO, StepState.TOLD, StepState.DONE, StepState.PROBLEM


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Harbor]:
    async with harbor(tmp_path) as place:
        yield place


# --- opening ----------------------------------------------------------------------------------------------------------


async def test_a_set_up_is_resumed_where_it_was_left_also_after_a_restart(town: Harbor) -> None:
    walk = await town.opens()
    walk = await town.talk.check(walk.id, DANA, 2)

    town.talk = town.conversation()
    again = await town.talk.open(town.workspace, DANA)

    assert again.id == walk.id
    assert again.step == 3
    assert sentences(again, 2) == "Noted. I check it as soon as I can sign in."


async def test_an_app_without_a_sender_says_so_and_opens_nothing(
    town: Harbor, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Refused, match="my sender ID is not set"):
        await town.conversation(sender_id="").open(town.workspace, DANA)

    assert "INTACCT_SENDER_ID" in caplog.text
    assert await town.talk.current(town.workspace, DANA) is None


@pytest.mark.parametrize("typed", ["console|HarborPine", "Harbor Pine"])
async def test_a_console_id_is_refused_on_its_field_and_can_be_corrected(town: Harbor, typed: str) -> None:
    walk = await town.talk.open(town.workspace, DANA)
    with pytest.raises(Refused, match="looks like a Console ID") as refused:
        await town.talk.door.choose_company(walk.id, DANA, typed, "")
    assert refused.value.field == "company_id"

    walk = await town.talk.door.choose_company(walk.id, DANA, " HarborPine ", "")

    assert walk.answers["company_id"] == "HarborPine"
    assert "I cut blanks around the Company ID" in sentences(walk, 1)


# --- before and after sign-in -----------------------------------------------------------------------------------------


async def test_steps_told_before_sign_in_tick_by_themselves_after_it(town: Harbor) -> None:
    await town.lets_the_app_in()
    password = await town.adds_the_user()
    await town.gives_the_role()
    walk = await town.opens(scope="top")
    for step in (2, 3, 4, 5):
        walk = await town.talk.check(walk.id, DANA, step)
    assert states(walk) == {1: DONE, 2: TOLD, 3: TOLD, 4: TOLD, 5: TOLD}

    walk = await town.signs_in(walk, password)

    assert states(walk) == {1: DONE, 2: DONE, 3: DONE, 4: DONE, 5: DONE, 6: DONE}
    assert walk.step == 7
    assert "Posting at the top level" in sentences(walk, 5)


async def test_a_forgotten_second_save_is_named_and_the_password_need_not_be_typed_again(town: Harbor) -> None:
    await town.does("authorize_sender", sender_id="harborpine-bot")
    password = await town.adds_the_user()
    await town.gives_the_role()
    walk = await town.signs_in(await town.opens(), password)
    assert walk.step == 2
    assert states(walk)[2] is PROBLEM
    assert "`HarborPine` does not accept `harborpine-bot` yet" in sentences(walk, 2)
    assert "second Save" in sentences(walk, 2)
    assert await connections.find_company(town.store, town.workspace, "HarborPine") is None

    await town.does("save_company")
    walk = await town.talk.check(walk.id, DANA, 2)

    assert states(walk) == {1: DONE, 2: DONE, 3: DONE, 4: DONE, 6: DONE}
    assert walk.step == 5


async def test_a_wrong_password_is_not_stored_and_the_right_one_is(town: Harbor) -> None:
    await town.lets_the_app_in()
    password = await town.adds_the_user()
    await town.gives_the_role()
    walk = await town.signs_in(await town.opens(), "not-the-password")
    assert states(walk)[3] is PROBLEM
    assert "does not say which part is wrong" in sentences(walk, 6)
    assert states(walk)[2] is DONE
    assert await connections.find_company(town.store, town.workspace, "HarborPine") is None

    walk = await town.signs_in(walk, f"{password}\n")

    company = await connections.find_company(town.store, town.workspace, "HarborPine")
    assert company is not None
    assert company.password == Secret(password)
    assert company.tested == town.clock()
    assert states(walk)[6] is DONE


async def test_the_password_stands_nowhere_in_the_walkthrough(town: Harbor) -> None:
    walk = await town.comes_to_the_account()

    assert town.mailed_password() not in repr(walk)


async def test_the_apps_own_refusal_is_not_blamed_on_the_customer(
    town: Harbor, caplog: pytest.LogCaptureFixture
) -> None:
    await town.lets_the_app_in()
    password = await town.adds_the_user()
    walk = await town.opens()
    town.talk = town.conversation(sender_password="wrong")
    with pytest.raises(Refused, match="This one is not yours"):
        await town.signs_in(walk, password)
    assert "harborpine-bot" in caplog.text
    assert states(await town.talk.get(walk.id)) == {1: DONE}

    town.talk = town.conversation()
    walk = await town.signs_in(walk, password)

    assert states(walk)[2] is DONE


async def test_silence_is_told_in_words_and_changes_nothing(town: Harbor) -> None:
    walk = await town.comes_to_the_account()
    before = await town.talk.get(walk.id)
    await town.intacct.stop()
    with pytest.raises(Refused, match="Intacct did not answer"):
        await town.talk.check(walk.id, DANA, 2)
    assert await town.talk.get(walk.id) == before

    await town.intacct.start()
    walk = await town.talk.check(walk.id, DANA, 2)

    assert states(walk)[2] is DONE


async def test_the_wrong_user_type_and_status_are_named_with_the_menu(town: Harbor) -> None:
    await town.lets_the_app_in()
    password = await town.adds_the_user(user_type="employee", admin="limited")
    await town.gives_the_role()
    walk = await town.signs_in(await town.opens(), password)
    assert walk.step == 3
    assert "User type is *Employee*; it must be *Business*" in sentences(walk, 3)
    assert "*Limited* is fine if step 4 turns green" in sentences(walk, 3)

    await town.does("edit_user", user_id="Spendcenter", user_type="business")
    walk = await town.talk.check(walk.id, DANA, 3)

    assert states(walk)[3] is DONE


async def test_a_missing_right_is_named_in_its_role(town: Harbor) -> None:
    await town.lets_the_app_in()
    password = await town.adds_the_user()
    await town.gives_the_role({**NEEDED, "Credit card accounts": ["View"], "Open books": ["Run"]})
    walk = await town.signs_in(await town.opens(), password)
    assert walk.step == 4
    assert "Credit card accounts: List *missing* in `Billcom Role`" in sentences(walk, 4)
    assert "Credit card transactions: List, View" in sentences(walk, 4)
    assert "*Open books* is ticked" in sentences(walk, 4)

    await town.does("set_role", name="Billcom Role", policies=NEEDED)
    walk = await town.talk.check(walk.id, DANA, 4)

    assert states(walk)[4] is DONE
    assert "shows with the first posting" in sentences(walk, 4)


async def test_a_role_that_was_not_assigned_is_told_apart(town: Harbor) -> None:
    await town.lets_the_app_in()
    password = await town.adds_the_user()
    await town.does("create_role", name="Billcom Role", policies=NEEDED)
    await town.does("assign_role", user_id="Spendcenter", role="Administrator")
    walk = await town.signs_in(await town.opens(), password)
    assert "`Billcom Role` exists but `Spendcenter` does not have it" in sentences(walk, 4)

    await town.does("assign_role", user_id="Spendcenter", role="Billcom Role")
    walk = await town.talk.check(walk.id, DANA, 4)

    assert states(walk)[4] is DONE


async def test_where_rights_cannot_be_read_each_thing_is_tried_instead(town: Harbor) -> None:
    await town.lets_the_app_in()
    password = await town.adds_the_user()
    rights = {name: has for name, has in NEEDED.items() if name not in ("Permissions", "Departments", "Locations")}
    await town.gives_the_role(rights)
    walk = await town.signs_in(await town.opens(), password)
    assert "I tried each thing instead. Locations and Departments were refused" in sentences(walk, 4)

    await town.does(
        "set_role", name="Billcom Role", policies={**rights, **{n: NEEDED[n] for n in ("Departments", "Locations")}}
    )
    walk = await town.talk.check(walk.id, DANA, 4)

    assert states(walk)[4] is DONE


# --- the entity -------------------------------------------------------------------------------------------------------


async def test_an_entity_that_the_user_may_not_enter_is_told_apart_from_one_that_does_not_exist(town: Harbor) -> None:
    walk = await town.comes_to_the_account()
    walk = await town.talk.door.choose_entity(walk.id, DANA, "Denver")
    assert "`200` for Denver" in sentences(walk, 5)
    walk = await town.talk.door.choose_entity(walk.id, DANA, "900")
    assert "There is no entity `900`" in sentences(walk, 5)

    walk = await town.talk.door.choose_entity(walk.id, DANA, "200")

    assert states(walk)[5] is DONE
    assert sentences(walk, 5) == "200 Denver, USD"


async def test_the_list_of_entities_is_read_live(town: Harbor) -> None:
    walk = await town.comes_to_the_account()

    assert [(one.entity_id, one.name) for one in await town.talk.door.entities(walk.id, DANA)] == [
        ("100", "Portland"),
        ("200", "Denver"),
    ]


# --- other people -----------------------------------------------------------------------------------------------------


async def test_a_step_handed_over_can_be_done_by_that_person_and_nothing_else(town: Harbor) -> None:
    await town.lets_the_app_in()
    walk = await town.opens()
    walk = await town.talk.hand_over(walk.id, DANA, 2, SAM)
    assert walk.step == 3

    with pytest.raises(Refused, match="Only the person who runs this set-up"):
        await town.talk.check(walk.id, SAM, 3)
    with pytest.raises(Refused):
        await town.talk.go_to(walk.id, SAM, 2)
    walk = await town.talk.check(walk.id, SAM, 2)

    assert states(walk)[2] is TOLD
    assert progress.assignee(walk, 2) == SAM


async def test_the_password_may_be_entered_by_the_person_who_got_the_mail(town: Harbor) -> None:
    await town.lets_the_app_in()
    password = await town.adds_the_user()
    await town.gives_the_role()
    walk = await town.opens()
    with pytest.raises(Refused):
        await town.signs_in(walk, password, user=LEE)

    await town.talk.hand_over(walk.id, DANA, 6, LEE)
    walk = await town.signs_in(walk, password, user=LEE)

    assert states(walk)[6] is DONE


async def test_two_people_at_once_both_get_their_way(town: Harbor) -> None:
    walk = await town.opens()
    await town.talk.hand_over(walk.id, DANA, 2, SAM)

    await asyncio.gather(
        town.talk.check(walk.id, SAM, 2),
        town.talk.check(walk.id, DANA, 3),
        town.talk.door.choose_permissions(walk.id, DANA, kind="role"),
    )

    walk = await town.talk.get(walk.id)
    assert states(walk) == {1: DONE, 2: TOLD, 3: TOLD}
    assert walk.answers["kind"] == "role"


# --- account and card -------------------------------------------------------------------------------------------------


async def test_the_account_is_proposed_shown_and_created_once(town: Harbor) -> None:
    walk = await town.comes_to_the_account()
    chart = await town.talk.ledger.chart(walk.id, DANA)
    assert chart.free_number() == "2150"
    with pytest.raises(Refused, match="Account numbers have 4 characters"):
        await town.talk.ledger.plan_account(walk.id, DANA, "21500", "")
    with pytest.raises(Refused, match="2050 is taken: Accrued expenses"):
        await town.talk.ledger.plan_account(walk.id, DANA, "2050", "")

    walk = await town.makes_the_account(walk, "2150", "Accrued expenses", DANA)

    assert states(walk)[7] is DONE
    assert walk.step == 8
    with pytest.raises(Refused, match="2150 is taken"):
        await town.makes_the_account(walk, "2150", "Accrued expenses", DANA)


async def test_wrong_attributes_are_named_and_mended_on_request(town: Harbor) -> None:
    walk = await town.comes_to_the_account()
    await town.makes_the_account(walk, "2150", "", DANA)
    await town.does(
        "save_record",
        object="GLACCOUNT",
        record={"ACCOUNTNO": "2150", "REQUIREDEPT": "true", "SUBLEDGERCONTROLON": "true"},
    )
    walk = await town.talk.check(walk.id, DANA, 7)
    assert "Department is required, it should not be. General Ledger > Accounts > 2150 > Edit" in sentences(walk, 7)
    assert "Disallow direct posting is ticked" in sentences(walk, 7)
    assert progress.note(walk, 7, "changes") == [
        "Disallow direct posting: ticked → unticked",
        "Department required: ticked → unticked",
    ]

    walk = await town.talk.ledger.mend_account(walk.id, DANA)

    assert states(walk)[7] is DONE
    assert not progress.note(walk, 7, "changes")


async def test_an_expense_account_and_an_account_of_another_card_are_refused(town: Harbor) -> None:
    walk = await town.comes_to_spend_center()
    walk = await town.talk.ledger.use_account(walk.id, DANA, "6420")
    assert sentences(walk, 7) == "6420 is an income statement account; choose a balance sheet one."
    await town.talk.door.choose_entity(walk.id, DANA, "200")

    walk = await town.talk.ledger.use_account(walk.id, DANA, "2150")

    assert "2150 already belongs to card `Spend Center CC Object`" in sentences(walk, 7)


async def test_the_card_ticks_itself_while_it_is_watched(town: Harbor) -> None:
    walk = await town.comes_to_the_account()
    walk = await town.makes_the_account(walk, "2150", "", DANA)
    assert await town.talk.watch.start(walk.id) == 1
    assert await town.talk.watch.start(walk.id) == 1
    walk, second = await town.talk.watch.look(walk.id, 1)
    assert second == 2
    assert "I do not see `Spend Center CC Object` yet" in sentences(walk, 8)

    await town.adds_the_card()
    walk, after = await town.talk.watch.look(walk.id, 2)

    assert after is None
    assert states(walk)[8] is DONE
    assert walk.answers["location"] == "100"
    assert walk.step == 9


async def test_watching_ends_by_itself_and_can_be_begun_again(town: Harbor) -> None:
    walk = await town.comes_to_the_account()
    walk = await town.makes_the_account(walk, "2150", "", DANA)
    assert await town.talk.watch.start(walk.id) == 1
    town.clock.pass_by(901)
    assert (await town.talk.watch.look(walk.id, 1))[1] is None

    again = await town.talk.watch.start(walk.id)

    assert again == 2
    assert (await town.talk.watch.look(walk.id, 2))[1] == 3
    assert (await town.talk.watch.look(walk.id, 2))[1] == 3, "the same round again only repeats its promise"


async def test_a_card_at_the_wrong_level_gets_another_id_and_is_found_then(town: Harbor) -> None:
    walk = await town.comes_to_the_account()
    walk = await town.makes_the_account(walk, "2150", "", DANA)
    await town.adds_the_card(entity="200")
    walk = await town.talk.check(walk.id, DANA, 8)
    assert "I see `Spend Center CC Object` in entity 200; this connection posts to 100 Portland" in sentences(walk, 8)
    assert walk.answers["card"] == "Spend Center CC 100"

    await town.does("delete_record", object="CREDITCARD", record={"CARDID": "Spend Center CC Object"})
    await town.adds_the_card(CARDID="Spend Center CC 100")
    walk = await town.talk.check(walk.id, DANA, 8)

    assert states(walk)[8] is DONE


async def test_back_leads_one_step_back_and_change_to_any(town: Harbor) -> None:
    walk = await town.comes_to_the_account()
    assert walk.step == 7

    assert (await town.talk.back(walk.id, DANA)).step == 6
    assert (await town.talk.go_to(walk.id, DANA, 3)).step == 3
    assert (await town.talk.check(walk.id, DANA, 3)).step == 7
