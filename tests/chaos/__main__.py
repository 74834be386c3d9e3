"""`python -m tests.chaos --rounds N --minutes M --seed S`: rounds of random harm, and what they found."""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.rounds import Tally, play

A_WORLD = 50
"""Rounds that one world lives through; its books are read whole each time."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=60, help="stop after the round in which this time ran out")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    asked = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    tally = asyncio.run(run(asked.rounds, asked.minutes, asked.seed))
    print(f"seed {asked.seed}", *tally.lines(), sep="\n")  # noqa: T201  # what a command line is for
    return 1 if tally.duplicates or tally.losses else 0


async def run(rounds: int, minutes: float, seed: int) -> Tally:
    tally, until = Tally(), time.monotonic() + minutes * 60

    def more() -> bool:
        return time.monotonic() < until and not tally.duplicates and not tally.losses

    while tally.rounds < rounds and more():
        left = min(A_WORLD, rounds - tally.rounds)
        with tempfile.TemporaryDirectory() as folder:
            await play(seed + tally.rounds, left, Path(folder), tally, more)
    return tally


if __name__ == "__main__":
    sys.exit(main())
