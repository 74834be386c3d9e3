"""Every way to have set Intacct up wrong: what is named, that nothing else is, and that doing what is said mends it.

For each row of the table somebody walks through the set-up, the one wrong field is named, a clerk who knows only that
sentence acts on Intacct's screens, and the same conversation then goes on to the green card.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.models import StepState
from bot.walkthrough import progress
from tests.walkthrough_bench import DANA, Harbor, harbor
from tests.walkthrough_clerk import Clerk, Visit, harbor_pine
from tests.wrong_setups import TABLE, Wrong

DONE = StepState.DONE
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Harbor]:
    """One store for all rows: each has new books, a new set-up, and a conversation that remembers nothing."""
    async with harbor(tmp_path_factory.mktemp("town")) as place:
        yield place


@pytest.mark.parametrize("case", [pytest.param(one, id=one.name) for one in TABLE])
async def test_the_wrong_field_and_no_other_is_named_and_turns_green_when_mended(town: Harbor, case: Wrong) -> None:
    town.talk = town.conversation()
    case.wrong(harbor_pine(town))
    visit = Visit(town)
    for name, value in case.visit.items():
        setattr(visit, name, value)

    named = await visit.goes_on()

    assert [(step, check.key) for step, check in named] == [(case.step, case.key)], named
    sentence = named[0][1].sentence
    assert [words for words in case.says if words not in sentence] == [], sentence

    if case.mends is None:
        await Clerk(visit).follow(sentence)
    else:
        await case.mends(visit)
    walk = await town.talk.check(visit.id, DANA, case.step)

    assert progress.state_of(walk, case.step) is DONE, progress.checks_of(walk, case.step)
    assert await visit.goes_on(after=case.step) == []
    walk = await town.talk.get(visit.id)
    assert {progress.state_of(walk, step) for step in range(1, 9)} == {DONE}


async def test_the_table_is_as_long_as_was_promised() -> None:
    assert len({one.name for one in TABLE}) == len(TABLE) >= 60
