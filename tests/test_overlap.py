"""Two connections of one Spend Center company never take the same transactions: one function says what they share."""

from __future__ import annotations

import pytest

from bot.models import ConnectionState, Selector
from bot.store import connections, walkthroughs
from bot.sync.overlap import Taken, overlap, taken
from tests.moved import CLEAN
from tests.test_correct import desk_of
from tests.world import World


def some(**chosen: object) -> Selector:
    return Selector(all=False, **chosen)  # type: ignore[arg-type]  # the selector's own fields


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (Selector(), Selector(), "all transactions"),
        (Selector(), some(budgets=("a",)), "all transactions"),
        (some(budgets=("a", "b")), some(budgets=("b",)), "the same budgets"),
        (some(budgets=("a",)), some(budgets=("b",)), ""),
        (some(cards=("1",)), some(cards=("1",)), "the same cards"),
        (some(cards=("1",)), some(cards=("2",)), ""),
        (some(cards=("1",)), some(budgets=("1",)), "transactions that match both ways of choosing"),
        (some(field="F", values=("x",)), some(field="F", values=("x", "y")), "the same values of F"),
        (some(field="F", values=("x",)), some(field="F", values=("y",)), ""),
        (
            some(field="F", values=("x",)),
            some(field="G", values=("x",)),
            "transactions that match both ways of choosing",
        ),
    ],
)
def test_what_two_selectors_share_is_said_in_words_and_the_same_from_either_side(
    one: Selector, other: Selector, shared: str
) -> None:
    assert overlap(one, other) == overlap(other, one) == shared


async def test_a_set_ups_draft_takes_nothing_until_it_is_started_and_is_compared_then(harbor: World) -> None:
    selector, store = some(cards=(CLEAN,)), harbor.parts.store
    first = await harbor.connect("100", selector=selector, activated=None, state=ConnectionState.DRAFT)
    begun = await walkthroughs.begin(
        store, first.workspace_id, "U0DANA", harbor.clock(), connection_id=first.id, step=9
    )
    assert begun.connection_id == first.id
    second = await harbor.connect("200", selector=selector)
    assert await taken(store, second) == []

    with pytest.raises(Taken, match="“Denver” already takes the same cards"):
        await desk_of(harbor).start(first.id, "U0DANA")

    again = await connections.get_connection(store, first.id)
    assert again is not None
    assert (again.activated, again.state) == (None, ConnectionState.DRAFT)
    assert harbor.booked() == {}


async def test_a_connection_from_a_file_takes_its_transactions_from_its_import_on(harbor: World) -> None:
    selector = some(cards=(CLEAN,))
    await harbor.connect("100", selector=selector, activated=None, state=ConnectionState.DRAFT)
    second = await harbor.connect("200", selector=selector)

    [(other, shared)] = await taken(harbor.parts.store, second)

    assert (other.name, shared) == ("Portland", "the same cards")
