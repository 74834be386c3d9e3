"""`python -m tests.chaos --rounds N --minutes M --seed S --kind K`: rounds of random harm, and what they found.

Light rounds go on beside those with the whole bot, as far as the machine's cores allow. What is found wrong names the
kind, the seed and the number of rounds that play it again.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tests.chaos.databases import Postgres
from tests.chaos.rounds import play
from tests.chaos.tally import Tally
from tests.chaos.whole import play_whole
from tests.postgres import binaries, fresh_database, server

A_WORLD = {"light": 40, "whole": 8, "two": 8, "three": 6}
"""Rounds that one world lives through, by kind: one run after another, the whole bot on SQLite, replicas on PostgreSQL."""

REPLICAS = {"two": 2, "three": 3}
BESIDE = (("light",), ("whole", "two", "three"))
"""Kinds that take turns, and beside which others go on."""


class Chaos:
    """All rounds that were asked for. `postgres` is a server's address, or nothing where there is none."""

    def __init__(self, rounds: int, minutes: float, seed: int, postgres: str | None) -> None:
        self.tally = Tally()
        self._left, self._until, self._seed, self._postgres = rounds, time.monotonic() + minutes * 60, seed, postgres

    async def run(self, kinds: tuple[str, ...]) -> None:
        lanes = [tuple(kind for kind in lane if kind in kinds) for lane in BESIDE]
        await asyncio.gather(*(self._lane(lane, at * 500_000) for at, lane in enumerate(lanes) if lane))

    async def _lane(self, kinds: tuple[str, ...], first: int) -> None:
        seeds = itertools.count(self._seed + first, 1000)
        for kind, seed in zip(itertools.cycle(kinds), seeds, strict=False):
            wanted = min(A_WORLD[kind], self._left)
            if wanted < 1 or not self._more():
                return
            self._left -= wanted
            mine = Tally()
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                await self._play(kind, seed, wanted, Path(folder), mine)
            self._left += wanted - mine.rounds
            if not mine.well:
                again = f"--kind {kind} --seed {seed} --rounds {mine.rounds}"
                mine.notes.insert(0, f"play it again: python -m tests.chaos {again}")
            self.tally.add(mine)

    async def _play(self, kind: str, seed: int, rounds: int, folder: Path, tally: Tally) -> None:
        if kind == "light":
            await play(seed, rounds, folder, tally, self._more)
        elif kind == "whole":
            await play_whole(seed, rounds, folder, tally, more=self._more)
        else:
            assert self._postgres is not None
            database = Postgres(fresh_database(self._postgres, f"chaos_{uuid4().hex}"))
            await play_whole(seed, rounds, folder, tally, database, REPLICAS[kind], self._more)

    def _more(self) -> bool:
        return time.monotonic() < self._until and self.tally.well


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=60, help="stop after the round in which this time ran out")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    parser.add_argument("--kind", choices=A_WORLD, action="append", help="only these; all of them if none is named")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    kinds = tuple(asked.kind or A_WORLD)
    _say(f"seed {asked.seed}")
    with _postgres(kinds) as address:
        chaos = Chaos(asked.rounds, asked.minutes, asked.seed, address)
        asyncio.run(chaos.run(kinds if address else tuple(kind for kind in kinds if kind not in REPLICAS)))
    _say(*chaos.tally.lines())
    return 0 if chaos.tally.well else 1


@contextmanager
def _postgres(kinds: tuple[str, ...]) -> Iterator[str | None]:
    """A server for as long as the block, where one is needed and there is one."""
    if not REPLICAS.keys() & set(kinds):
        yield None
    elif binaries() is None:
        _say("PostgreSQL: no server is installed, so NO rounds with replicas are played")
        yield None
    else:
        with server() as address:
            yield address


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
