"""Twenty rounds with every change; `python -m tests.chaos` plays as many as asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.databases import Postgres
from tests.chaos.rounds import play
from tests.chaos.tally import Tally
from tests.chaos.whole import play_whole

SEED = 20261105
LIGHT, WHOLE, REPLICAS = 13, 4, 3

pytestmark = pytest.mark.chaos


async def test_rounds_of_harm_to_one_run_after_another_post_nothing_twice_and_lose_nothing(tmp_path: Path) -> None:
    tally = Tally()

    await play(SEED, LIGHT, tmp_path, tally)

    found_nothing(tally, LIGHT)
    assert tally.faults["kill -9"] >= 3


async def test_after_each_round_of_harm_to_the_whole_bot_books_and_messages_are_right(tmp_path: Path) -> None:
    tally = Tally()

    await play_whole(SEED, WHOLE, tmp_path, tally)

    found_nothing(tally, WHOLE)


@pytest.mark.postgres
async def test_after_each_round_of_harm_to_two_replicas_books_and_messages_are_right(
    postgres: str, tmp_path: Path
) -> None:
    tally = Tally()

    await play_whole(SEED, REPLICAS, tmp_path, tally, Postgres(postgres), 2)

    found_nothing(tally, REPLICAS)


def found_nothing(tally: Tally, rounds: int) -> None:
    assert (tally.rounds, tally.duplicates, tally.losses) == (rounds, 0, 0), tally.lines()
    assert tally.faults.total() >= rounds
    assert tally.posted >= rounds
