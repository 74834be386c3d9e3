"""Step 9 over real wires: Spend Center signed in to, fields matched, choices made, the connection drafted."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from bot.models import ConnectionState, Dimension, Secret, Selector, StepState
from bot.sandbox.seed_cards import SPEND_TOKEN
from bot.store import connections
from bot.store.walkthroughs import Walkthrough
from bot.walkthrough.keeper import Refused
from bot.walkthrough.spending import Wanted
from tests.walkthrough_bench import DANA, LEE, Harbor, harbor, sentences, states

DONE, PROBLEM = StepState.DONE, StepState.PROBLEM


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Harbor]:
    async with harbor(tmp_path) as place:
        yield place


async def connect(town: Harbor, walk: Walkthrough, token: str = SPEND_TOKEN) -> Walkthrough:
    return await town.talk.spending.connect(walk.id, DANA, token=Secret(token))


async def keep_proposals(town: Harbor, walk: Walkthrough) -> Walkthrough:
    proposed = await town.talk.spending.propose(walk.id, DANA)
    return await town.talk.spending.keep_fields(
        walk.id, DANA, {dimension: matched.field_id for dimension, matched in proposed.items()}
    )


def wanted(budget: str = "bgt_portland", start: date = date(2026, 10, 1)) -> Wanted:
    selector = Selector(all=False, budgets=(budget,)) if budget else Selector()
    return Wanted(start, "07:00", "America/Los_Angeles", "C0FINANCE", "finance-cards", selector=selector)


async def test_a_refused_token_is_not_stored_and_the_right_one_names_the_company_back(town: Harbor) -> None:
    walk = await town.comes_to_spend_center()
    with pytest.raises(Refused) as refused:
        await connect(town, walk, "wrong")
    assert refused.value.field == "token"
    assert (await town.talk.get(walk.id)).spend_token is None

    walk = await connect(town, walk)

    assert walk.spend_token == Secret(SPEND_TOKEN)
    assert "Connected to *Harbor & Pine Cards*, 14 cards" in sentences(walk, 9)


async def test_fields_are_proposed_by_their_values_and_the_doubtful_ones_are_told(town: Harbor) -> None:
    walk = await connect(town, await town.comes_to_spend_center())

    proposed = await town.talk.spending.propose(walk.id, DANA)

    assert {dimension.value: matched.field_name for dimension, matched in proposed.items()} == {
        "gl_account": "GL Account",
        "department": "Department",
        "location": "Location",
        "project": "Project",
    }
    assert sum(matched.found for matched in proposed.values()) == 118
    assert sum(matched.total for matched in proposed.values()) == 121
    assert sorted(doubt.text for matched in proposed.values() for doubt in matched.doubts) == [
        "6240 - Subscriptions",
        "Ask accounting",
        "P-1061 - Winter lookbook",
    ]


async def test_a_doubtful_value_that_a_person_placed_is_mapped_and_the_others_stay_open(town: Harbor) -> None:
    walk = await connect(town, await town.comes_to_spend_center())
    proposed = await town.talk.spending.propose(walk.id, DANA)
    doubt = next(d for d in proposed[Dimension.GL_ACCOUNT].doubts if d.text == "6240 - Subscriptions")
    with pytest.raises(Refused, match="One field has to carry the account"):
        await town.talk.spending.keep_fields(walk.id, DANA, {})

    walk = await town.talk.spending.keep_fields(
        walk.id,
        DANA,
        {Dimension.GL_ACCOUNT: proposed[Dimension.GL_ACCOUNT].field_id},
        {Dimension.GL_ACCOUNT: {doubt.value_id: "6210"}},
    )

    values = walk.answers["mapping"]["gl_account"]["values"]
    assert values[doubt.value_id] == "6210"
    assert len(values) == proposed[Dimension.GL_ACCOUNT].total - 1


async def test_all_chosen_makes_a_draft_that_posts_nothing_yet(town: Harbor) -> None:
    walk = await keep_proposals(town, await connect(town, await town.comes_to_spend_center()))
    with pytest.raises(Refused, match="step 9 of 9"):
        await town.talk.spending.ready(walk.id, DANA)

    walk = await town.talk.spending.choose(walk.id, DANA, wanted())

    connection = await town.talk.spending.ready(walk.id, DANA)
    assert states(walk) == dict.fromkeys(range(1, 10), DONE)
    assert connection.state == ConnectionState.DRAFT
    assert connection.activated is None
    assert (connection.name, connection.entity_id, connection.card) == ("Portland", "100", "Spend Center CC Object")
    assert (connection.card_account, connection.default_location) == ("2150", "100")
    assert (connection.schedule, connection.time_zone) == ("0 7 * * *", "America/Los_Angeles")
    assert connection.start_date == date(2026, 10, 1)
    assert connection.selects() == Selector(all=False, budgets=("bgt_portland",))
    assert connection.spend_token == Secret(SPEND_TOKEN)
    assert connection.codes()["gl_account"].field == "GL Account"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"time": "7 o'clock"}, "time"), ({"zone": "Pacific"}, "zone"), ({"start": date(2028, 1, 1)}, "start")],
)
async def test_a_choice_that_cannot_be_is_refused_on_its_field(
    town: Harbor, change: dict[str, object], field: str
) -> None:
    walk = await keep_proposals(town, await connect(town, await town.comes_to_spend_center()))
    with pytest.raises(Refused) as refused:
        await town.talk.spending.choose(walk.id, DANA, dataclasses.replace(wanted(), **change))  # type: ignore[arg-type]  # one field at a time
    assert refused.value.field == field

    walk = await town.talk.spending.choose(walk.id, DANA, wanted())

    assert states(walk)[9] is DONE


async def test_a_channel_the_bot_cannot_post_to_keeps_the_step_open_until_it_can(town: Harbor) -> None:
    walk = await keep_proposals(town, await connect(town, await town.comes_to_spend_center()))
    shut = dataclasses.replace(wanted(), channel_problem="Type `/invite @spend-intacct` in #finance-cards.")
    walk = await town.talk.spending.choose(walk.id, DANA, shut)
    assert states(walk)[9] is PROBLEM

    walk = await town.talk.spending.channel_checked(walk.id, DANA, "")

    assert states(walk)[9] is DONE


async def test_the_second_entity_comes_with_five_steps_ticked_and_takes_the_token_along(town: Harbor) -> None:
    walk = await keep_proposals(town, await connect(town, await town.comes_to_spend_center()))
    walk = await town.talk.spending.choose(walk.id, DANA, wanted())
    await activate(town, walk)
    await town.talk.finish(walk.id, DANA)

    second = await town.talk.another(walk.id, DANA)
    assert states(second) == dict.fromkeys((1, 2, 3, 4, 6), DONE)
    assert second.step == 5
    second = await town.talk.door.choose_entity(second.id, DANA, "200")
    await town.makes_the_account(second, "2160", "", DANA)
    second = await town.talk.check(second.id, DANA, 8)
    assert second.answers["card"] == "Spend Center CC 200"
    await town.adds_the_card("200", CARDID="Spend Center CC 200", LIABACCTKEY="2160")
    await town.talk.check(second.id, DANA, 8)
    second = await town.talk.spending.connect_again(second.id, DANA)
    second = await keep_proposals(town, second)
    with pytest.raises(Refused, match="“Portland” already takes all transactions"):
        await town.talk.spending.choose(second.id, DANA, wanted(""))
    with pytest.raises(Refused, match="the same budgets"):
        await town.talk.spending.choose(second.id, DANA, wanted())
    second = await town.talk.spending.choose(second.id, DANA, wanted("bgt_denver"))

    assert (await town.talk.spending.ready(second.id, DANA)).name == "Denver"


async def test_a_withdrawn_sender_is_mended_in_the_one_step_that_it_needs(town: Harbor) -> None:
    walk = await keep_proposals(town, await connect(town, await town.comes_to_spend_center()))
    walk = await town.talk.spending.choose(walk.id, DANA, wanted())
    await activate(town, walk)
    await town.talk.finish(walk.id, DANA)
    await town.does("remove_sender", sender_id="harborpine-bot")
    assert walk.company is not None
    with pytest.raises(Refused, match="Only the person who set this connection up"):
        await town.talk.mend(town.workspace, LEE, walk.company, 2)

    again = await town.talk.mend(town.workspace, DANA, walk.company, 2)
    assert again.step == 2
    again = await town.talk.check(again.id, DANA, 2)
    assert states(again)[2] is PROBLEM
    await town.lets_the_app_in()
    again = await town.talk.check(again.id, DANA, 2)

    assert states(again) == dict.fromkeys(range(1, 10), DONE)
    assert (await town.talk.mend(town.workspace, DANA, walk.company, 3)).id == again.id
    assert again.connection_id == walk.connection_id


@pytest.mark.parametrize(
    ("csv", "said"),
    [(None, "this connection posts what Harbor & Pine Cards spends"), ({"path": "x.csv"}, "export file")],
)
async def test_a_connection_that_is_at_work_never_goes_over_to_another_source(
    town: Harbor, csv: dict[str, str] | None, said: str
) -> None:
    walk = await keep_proposals(town, await connect(town, await town.comes_to_spend_center()))
    walk = await town.talk.spending.choose(walk.id, DANA, wanted())
    await activate(town, walk)
    await town.talk.finish(walk.id, DANA)
    assert walk.company
    assert walk.connection_id
    before = await connections.change_connection(town.store, walk.connection_id, csv=csv)
    company = town.spend.books.company
    own = company["uuid"]
    company["uuid"] = own if csv else "cmp_elsewhere"
    again = await town.talk.mend(town.workspace, DANA, walk.company, 9)
    with pytest.raises(Refused, match=said):
        await connect(town, again)
    assert await connections.get_connection(town.store, before.id) == before

    company["uuid"] = own
    await connections.change_connection(town.store, before.id, csv=None)
    again = await connect(town, again)

    assert town.talk.spending.complete(again)
    assert "account from *GL Account*" in sentences(again, 9)
    now = await connections.get_connection(town.store, before.id)
    assert now
    assert now.mapping == before.mapping


async def test_an_entity_changed_after_the_choices_reaches_the_draft(town: Harbor) -> None:
    walk = await keep_proposals(town, await connect(town, await town.comes_to_spend_center()))
    walk = await town.talk.spending.choose(walk.id, DANA, wanted())
    await town.talk.door.choose_entity(walk.id, DANA, "200")
    await town.makes_the_account(walk, "2160")
    await town.adds_the_card("200", CARDID="Spend Center CC 200", LIABACCTKEY="2160")
    await town.talk.ledger.use_card(walk.id, DANA, "Spend Center CC 200")
    with pytest.raises(Refused, match="step 9 of 9"):
        await town.talk.spending.ready(walk.id, DANA)
    await town.talk.check(walk.id, DANA, 9)

    connection = await town.talk.spending.ready(walk.id, DANA)

    assert (connection.name, connection.entity_id, connection.card) == ("Denver", "200", "Spend Center CC 200")
    assert connection.card_account == "2160"


async def test_someone_else_has_to_type_the_password_again(town: Harbor) -> None:
    walk = await keep_proposals(town, await connect(town, await town.comes_to_spend_center()))
    walk = await town.talk.spending.choose(walk.id, DANA, wanted())
    await activate(town, walk)

    other = await town.opens(LEE)

    assert states(other) == {1: DONE}
    assert other.company is None


async def activate(town: Harbor, walk: Walkthrough) -> None:
    """What the first sync does to a draft."""
    assert walk.connection_id
    await connections.change_connection(
        town.store, walk.connection_id, state=ConnectionState.ACTIVE, activated=town.clock()
    )


async def test_matching_the_fields_again_keeps_every_answer_of_a_field_that_keeps_its_part(town: Harbor) -> None:
    spending = town.talk.spending
    walk = await connect(town, await town.comes_to_spend_center())
    proposed = await spending.propose(walk.id, DANA)
    chosen = {dimension: matched.field_id for dimension, matched in proposed.items()}
    old, ask = (
        next(d.value_id for d in proposed[Dimension.GL_ACCOUNT].doubts if d.text == text)
        for text in ("6240 - Subscriptions", "Ask accounting")
    )
    await spending.keep_fields(walk.id, DANA, chosen, {Dimension.GL_ACCOUNT: {old: "6210", ask: "6440"}})

    again = await spending.propose(walk.id, DANA)
    kept = {doubt.value_id: (doubt.kept, doubt.refused) for doubt in again[Dimension.GL_ACCOUNT].doubts}
    closed = {key for key, (_, refused) in kept.items() if refused}
    assert [kept.pop(key) for key in closed] == [("6215", True)], "an account that was made inactive is asked again"
    assert kept == {old: ("6210", False), ask: ("6440", False)}
    walk = await spending.keep_fields(walk.id, DANA, chosen, {Dimension.GL_ACCOUNT: {ask: ""}})
    values = walk.answers["mapping"]["gl_account"]["values"]
    assert values[old] == "6210"
    assert ask not in values, "an answer that was taken back is open again"
    assert walk.answers["fields"]["gl_account"] | {"found": 61} == walk.answers["fields"]["gl_account"]

    moved = {Dimension.GL_ACCOUNT: chosen[Dimension.DEPARTMENT], Dimension.CLASS: chosen[Dimension.GL_ACCOUNT]}
    walk = await spending.keep_fields(walk.id, DANA, moved)
    assert old not in walk.answers["mapping"]["class"]["values"], "an account is no class"
    walk = await spending.keep_fields(walk.id, DANA, chosen)
    assert old not in walk.answers["mapping"]["gl_account"]["values"], "the field had another part meanwhile"


async def test_what_only_a_connection_file_says_of_the_mapping_outlives_matching_again(town: Harbor) -> None:
    walk = await keep_proposals(town, await connect(town, await town.comes_to_spend_center()))
    mapping = walk.answers["mapping"]
    by_file = {
        "GLDIMREGION": {"field": "Region", "default": "WEST", "values": {"West": "WEST"}},
        "class": {"field": "", "default": "10", "values": {}},
        "department": {**mapping["department"], "default": "20"},
    }
    await town.talk.keeper.answer(walk.id, mapping={**mapping, **by_file})

    walk = await keep_proposals(town, walk)

    assert {key: walk.answers["mapping"][key] for key in by_file} == by_file
    assert walk.answers["mapping"]["gl_account"] == mapping["gl_account"]
