"""Step 7 takes no account of another card, and nothing advises deleting a card that another connection uses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models import StepState
from bot.store import connections
from bot.walkthrough import progress
from handlers.walkthrough import lists
from tests.walkthrough_bench import DANA, Harbor, harbor, states

PROBLEM, DONE = StepState.PROBLEM, StepState.DONE
OWN = "Each card needs an account of its own."


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Harbor]:
    async with harbor(tmp_path) as made:
        yield made


def said(walk: object, step: int) -> str:
    return "\n".join(check.sentence for check in progress.checks_of(walk, step))  # type: ignore[arg-type]


async def portland_at_work(town: Harbor, *, card_at: str = "100") -> str:
    """A connection that posts to `Spend Center CC Object` on 2150, as a set-up or an imported file left it."""
    walk = await town.comes_to_the_account()
    await town.makes_the_account(walk, "2150", "Accrued expenses")
    await town.adds_the_card(card_at)
    walk = await town.talk.check(walk.id, DANA, 8)
    assert walk.company is not None
    made = await connections.add_connection(
        town.store,
        workspace=walk.workspace_id,
        company=walk.company,
        now=town.clock(),
        name="Portland",
        entity_id="100",
        entity_name="Portland",
        card="Spend Center CC Object",
        card_account="2150",
        default_location="100",
        owner=DANA,
    )
    await town.talk.keeper.change(walk.id, lambda _: {"state": "finished", "connection_id": made.id})
    return made.id


async def denver_at_step_7(town: Harbor) -> str:
    walk = await town.opens()
    walk = await town.talk.door.choose_entity(walk.id, DANA, "200")
    assert states(walk)[5] is DONE
    return walk.id


@pytest.mark.parametrize("card_at", ["100", ""])
async def test_the_account_of_another_connections_card_is_refused_and_that_card_is_left_alone(
    town: Harbor, card_at: str
) -> None:
    """As tried by a controller: step 7 took the account of the first card, and step 8 advised deleting that live card."""
    await portland_at_work(town, card_at=card_at)
    walk_id = await denver_at_step_7(town)

    walk = await town.talk.ledger.use_account(walk_id, DANA, "2150")
    assert states(walk)[7] is PROBLEM
    assert said(walk, 7) == f"2150 already belongs to card `Spend Center CC Object`. {OWN} Choose another."

    walk = await town.talk.ledger.use_card(walk_id, DANA, "Spend Center CC Object")
    assert states(walk)[8] is PROBLEM
    assert "delete" not in said(walk, 8).lower()
    assert "inactive" not in said(walk, 8).lower()
    assert "such as `Spend Center CC 200`" in said(walk, 8)
    assert (await town.talk.check(walk_id, DANA, 7)).steps["7"][
        "state"
    ] == PROBLEM  # naming the card does not make it ours

    await town.makes_the_account(walk, "2160")
    await town.adds_the_card("200", CARDID="Spend Center CC 200", LIABACCTKEY="2160")
    walk = await town.talk.ledger.use_card(walk_id, DANA, "Spend Center CC 200")
    assert (states(walk)[7], states(walk)[8]) == (DONE, DONE)


async def test_a_card_of_the_same_entity_that_another_connection_uses_is_left_alone_too(town: Harbor) -> None:
    await portland_at_work(town)
    walk = await town.opens()
    walk = await town.talk.door.choose_entity(walk.id, DANA, "100")
    await town.makes_the_account(walk, "2160")

    walk = await town.talk.ledger.use_card(walk.id, DANA, "Spend Center CC Object")

    assert said(walk, 8) == (
        "`Spend Center CC Object` is used by the connection 100 Portland. Leave it as it is, and add a card of its own "
        "in 100 Portland, such as `Spend Center CC 100`, with offset account 2160."
    )
    assert walk.answers["card"] == "Spend Center CC 100"
    await town.adds_the_card("100", CARDID="Spend Center CC 100", LIABACCTKEY="2160")
    assert states(await town.talk.check(walk.id, DANA, 8))[8] is DONE


async def test_the_account_that_a_connection_uses_is_refused_even_where_its_card_cannot_be_seen(town: Harbor) -> None:
    connection = await portland_at_work(town)
    await connections.change_connection(town.store, connection, card="AMEX-01", card_account="2050")
    walk_id = await denver_at_step_7(town)

    walk = await town.talk.ledger.use_account(walk_id, DANA, "2050")

    assert said(walk, 7) == f"2050 already belongs to card `AMEX-01`. {OWN} Choose another."
    await connections.remove_connection(town.store, connection, town.clock())
    assert states(await town.talk.check(walk_id, DANA, 7))[7] is DONE


async def test_a_card_at_the_wrong_level_that_nobody_uses_may_be_deleted_if_nothing_was_posted_to_it(
    town: Harbor,
) -> None:
    walk = await town.comes_to_the_account()
    await town.makes_the_account(walk, "2150", "Accrued expenses")
    await town.adds_the_card("", LOCATION="200")

    walk = await town.talk.check(walk.id, DANA, 8)

    assert "delete `Spend Center CC Object` first if nothing was ever posted to it" in said(walk, 8)


async def test_only_accounts_that_can_be_one_are_proposed(town: Harbor) -> None:
    """Of the story's balance sheet: debts that nothing else uses; no asset's depreciation, no equity, no payables."""
    await portland_at_work(town)
    walk_id = await denver_at_step_7(town)

    class Services:
        walkthrough = town.talk

    offered = [number for _, number in await lists.accounts(Services(), walk_id, DANA, "")]  # type: ignore[arg-type]  # all that a list needs of them

    assert offered == ["2050", "2100", "2200", "2300", "2900"]
