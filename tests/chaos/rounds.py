"""Rounds of random harm to a world that keeps trading; after each, what must never be is looked for.

One seed is one story: the same purchases, faults, deaths and pauses in the same order.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.models import PostingState
from tests.child import KILLED, Orders, ended, one_run, start
from tests.moved import CLEAN
from tests.world import world
from tests.yard import Yard, yard_of

RECORD = "record_cctransaction"
ON_THE_WIRE: list[dict[str, Any]] = [
    {"kind": "drop_before"},
    {"kind": "drop_after_commit"},
    {"kind": "error_500"},
    {"kind": "error_500", "committed": True},
    {"kind": "error_503", "committed": True},
    {"kind": "html"},
    {"kind": "html", "committed": True},
    {"kind": "truncate"},
    {"kind": "truncate", "hard": True},
    {"kind": "twice"},
    {"kind": "busy"},
    {"kind": "rate_limit"},
    {"kind": "expire_session"},
    {"kind": "expire_session", "after": 1},
    {"kind": "commit_late", "seconds": 900},
]
STEPS = [
    ("bot.store.attempts", "claim"),
    ("bot.store.attempts", "settle"),
    ("bot.store.attempts", "mark_resent"),
    ("bot.store.attempts", "looked_in_vain"),
    ("bot.store.attempts", "orphans"),
    ("bot.store.postings", "save"),
    ("bot.store.runs", "change_run"),
    ("bot.intacct.client", "IntacctClient.record_batch"),
]


@dataclass
class Tally:
    """What happened, and what was found wrong: a reference in the books more than once, or a purchase not in them once all is calm."""

    rounds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    losses: int = 0
    posted: int = 0
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        kinds = ", ".join(f"{name} {n}" for name, n in sorted(self.faults.items()))
        return [
            f"rounds {self.rounds}",
            f"faults injected {self.faults.total()} ({kinds})",
            f"posted {self.posted}",
            f"duplicates {self.duplicates}",
            f"losses {self.losses}",
            *self.notes,
        ]


class Chaos:
    """One world under one seed."""

    def __init__(self, yard: Yard, folder: Path, seed: int, tally: Tally) -> None:
        self.yard, self.folder, self.tally = yard, folder, tally
        self.dice = random.Random(seed)
        self.backup: Path | None = None

    async def round(self) -> None:
        """Some purchases, some harm, one run that may die of it, some time."""
        dice, yard = self.dice, self.yard
        await yard.buy(dice.randint(1, 5))
        await self._harm_the_wire()
        harm = dice.choice([self._die, self._die, self._kill, self._lock, self._restore, self._live, self._live])
        await harm()
        yard.world.clock.pass_(minutes=dice.choice([0, 1, 7, 16, 21, 45]))
        self.tally.rounds += 1
        self._look()

    async def calm(self) -> None:
        """No harm any more: in the end each purchase is one record, to the cent."""
        await self.yard.world.intacct.control("clear_faults", {})
        try:
            await self.yard.calm()
        except AssertionError as late:
            self.tally.notes.append(str(late))
            self.tally.losses += sum(row.state != PostingState.POSTED for row in await self.yard.rows())
            return
        self._look()
        bought = {
            row["uuid"].removeprefix("txr_"): Decimal(row["amount"])
            for row in self.yard.world.spend.books.transactions
            if (row["cardUuid"], row["transactionType"]) == ("crd_3370", "CLEAR") and not row["parentTransactionUuid"]
        }
        booked = dict(self._books())
        ours = {row.reference: row for row in await self.yard.rows()}
        differ = {one for one in bought.keys() | booked.keys() if bought.get(one) != booked.get(one)}
        self.tally.losses += len(differ)
        for reference in sorted(differ):
            row = ours.get(reference)
            stands = f"{row.state} {row.category} {row.subject}".strip() if row else "no row of ours"
            amounts = f"bought {bought.get(reference)}, booked {booked.get(reference)}"
            self.tally.notes.append(f"{reference} {amounts}: {stands}")

    def _books(self) -> list[tuple[str, Decimal]]:
        ledger = self.yard.world.intacct.state(limit=100_000)["ledger"]["transactions"]
        return [(row["reference"], Decimal(row["total"])) for row in ledger]

    def _look(self) -> None:
        times = Counter(reference for reference, _ in self._books())
        self.tally.duplicates = max(self.tally.duplicates, sum(n - 1 for n in times.values()))

    # --- harm -----------------------------------------------------------------------------------------------------------

    async def _harm_the_wire(self) -> None:
        shape = self.dice.choice(["function", "function_named", "control"])
        await self.yard.world.intacct.control("set_replay", {"shape": shape})
        await self.yard.world.intacct.control("clear_faults", {})
        for _ in range(self.dice.choice([0, 1, 1, 2, 3])):
            fault = self.dice.choice(ON_THE_WIRE)
            await self.yard.world.intacct.control("fault", {**fault, "match": RECORD})
            self.tally.faults[fault["kind"]] += 1

    async def _live(self) -> None:
        await self._run(self.yard.orders())

    async def _die(self) -> None:
        module, name = self.dice.choice(STEPS)
        step = (module, name, self.dice.choice(["before", "after"]), self.dice.randint(1, 3))
        await self._run(self.yard.orders(die=step))

    async def _kill(self) -> None:
        """kill -9 at a moment of its own."""
        process = start(one_run, self.yard.orders())
        await asyncio.sleep(self.dice.uniform(0.05, 1.2))
        process.kill()
        self.tally.faults["kill -9"] += await ended(process) == KILLED

    async def _lock(self) -> None:
        """Someone else holds the database's write lock for a while."""
        held = sqlite3.connect(self.folder / "bot.db", isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        self.tally.faults["database locked"] += 1
        running = asyncio.create_task(self._run(self.yard.orders()))
        await asyncio.sleep(self.dice.uniform(0.1, 0.6))
        held.execute("ROLLBACK")
        held.close()
        await running

    async def _restore(self) -> None:
        """Back to the last backup, or one is made; the next process is a new one, as after any restore."""
        if self.backup is None or self.dice.random() < 0.4:
            self.backup = self.folder / "backup.db"
            with sqlite3.connect(self.folder / "bot.db") as now, sqlite3.connect(self.backup) as kept:
                now.backup(kept)
        else:
            with sqlite3.connect(self.backup) as kept, sqlite3.connect(self.folder / "bot.db") as now:
                kept.backup(now)
            self.tally.faults["restored backup"] += 1
        await self._live()

    async def _run(self, orders: Orders) -> None:
        code = await ended(start(one_run, orders), 120)
        self.tally.faults["kill -9"] += code == KILLED
        if code not in {0, KILLED}:
            raise RuntimeError(f"a child ended with {code} under seed-bound harm")


async def play(seed: int, rounds: int, folder: Path, tally: Tally, more: Callable[[], bool] = lambda: True) -> None:
    """One world: `rounds` rounds as long as `more()` says so, a proof after every ten and at the end."""
    async with world(folder, cards=(CLEAN,)) as made:
        chaos = Chaos(await yard_of(made), folder, seed, tally)
        for number in range(1, rounds + 1):
            await chaos.round()
            last = number == rounds or not more()
            if last or number % 10 == 0:
                await chaos.calm()
            if last or tally.losses:
                break
        tally.posted += made.intacct.state(limit=1)["ledger"]["count"]
