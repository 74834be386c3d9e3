"""Twenty rounds with every change; `python -m tests.chaos` plays as many as asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.rounds import Tally, play

SEED = 20261105


@pytest.mark.chaos
@pytest.mark.timeout(300)
async def test_twenty_rounds_of_harm_post_nothing_twice_and_lose_nothing(tmp_path: Path) -> None:
    tally = Tally()

    await play(SEED, 20, tmp_path, tally)

    assert (tally.rounds, tally.duplicates, tally.losses) == (20, 0, 0), tally
    assert tally.faults.total() >= 20
    assert tally.faults["kill -9"] >= 3
    assert tally.posted >= 30
