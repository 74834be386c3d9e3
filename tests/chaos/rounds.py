"""Light rounds: random harm to one run after another, each a process of its own, of a world that keeps trading.

They have no Slack and no engine, and are quick; tests/chaos/whole.py has the whole bot. One seed is one story: the same
purchases, faults, deaths and pauses in the same order.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.models import PostingState
from tests.chaos.databases import SqliteFiles
from tests.chaos.tally import Tally
from tests.chaos.town import KEYS
from tests.chaos.wire import harm_intacct, harm_spend, take_back
from tests.child import KILLED, Orders, ended, killed, one_run, start
from tests.moved import CLEAN
from tests.world import world
from tests.yard import Yard, yard_of

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


class Chaos:
    """One world under one seed."""

    def __init__(self, yard: Yard, folder: Path, seed: int, tally: Tally) -> None:
        self.yard, self.folder, self.tally = yard, folder, tally
        self.dice = random.Random(seed)
        self.database = SqliteFiles(folder, names=("bot.db",))

    async def round(self) -> None:
        """Some purchases, some harm, one run that may die of it, some time."""
        dice, yard = self.dice, self.yard
        await yard.buy(dice.randint(1, 5))
        await harm_intacct(dice, self._intacct, self.tally.faults)
        await harm_spend(dice, self._spend, self.tally.faults)
        harms = [self._die, self._die, self._kill, self._lock, self._restore, self._jump, self._live, self._live]
        await dice.choice(harms)()
        await self._let_be()
        yard.world.clock.pass_(minutes=dice.choice([0, 1, 7, 16, 21, 45]))
        self.tally.played("light")
        self._look()

    async def calm(self) -> None:
        """No harm any more: in the end each purchase is one record, to the cent.

        Where Intacct counts the id of a failed try as spent, a row may end with a person, who presses Retry.
        """
        try:
            await self.yard.calm()
            if any(row.state == PostingState.FAILED for row in await self.yard.rows()):
                self.tally.faults["Retry pressed"] += 1
                await self.yard.sync(retry=True)
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

    async def _intacct(self, verb: str, **args: Any) -> None:
        await self.yard.world.intacct.control(verb, args)

    async def _spend(self, verb: str, **args: Any) -> None:
        await self.yard.world.spend.control(verb, args)

    async def _let_be(self) -> None:
        """What struck nobody is taken back, so that each round has its own."""
        intacct, spend = self.yard.world.intacct, self.yard.world.spend
        take_back(self.tally.faults, "Intacct", intacct.faults.state()["armed"])
        take_back(self.tally.faults, "Spend Center", ({"kind": one.kind} for one in spend.faults))
        await self._intacct("clear_faults")
        await self._spend("clear_faults")

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
        async with self.database.locked():
            self.tally.faults["database locked"] += 1
            running = asyncio.create_task(self._run(self.yard.orders()))
            await asyncio.sleep(self.dice.uniform(0.1, 0.6))
        await running

    async def _restore(self) -> None:
        """Back to the last backup, or one is made; the next process is a new one, as after any restore."""
        if self.database.backup is None or self.dice.random() < 0.4:
            await self.database.keep(self.folder / "backups")
        else:
            await self.yard.world.parts.store.close()
            await self.database.restore()
            self.tally.faults["restored backup"] += 1
        await self._live()

    async def _jump(self) -> None:
        """The clock jumps, between a run that may have died and the next one."""
        module, name = self.dice.choice(STEPS)
        await self._run(self.yard.orders(die=(module, name, "after", 1)))
        span = self.dice.choice([{"days": 1}, {"hours": -1}])
        self.yard.world.clock.pass_(**span)
        self.tally.faults["clock a day ahead" if "days" in span else "clock an hour back"] += 1
        await self._live()

    async def _run(self, orders: Orders) -> None:
        process = start(one_run, orders)
        try:
            code = await ended(process, 120)
        except TimeoutError:
            await killed(process)
            code = None
        self.tally.faults["kill -9"] += code == KILLED
        if code not in {0, KILLED}:
            self.tally.notes.append("a run did not end" if code is None else f"a run ended with {code}")
            self.tally.losses += 1


async def play(seed: int, rounds: int, folder: Path, tally: Tally, more: Callable[[], bool] = lambda: True) -> None:
    """One world: `rounds` rounds as long as `more()` says so, a proof after every ten and at the end."""
    (folder / "backups").mkdir()  # nobody waits yet
    async with world(folder, cards=(CLEAN,), encryption_keys=KEYS) as made:
        made.spend.clock = made.clock
        chaos = Chaos(await yard_of(made), folder, seed, tally)
        for number in range(1, rounds + 1):
            await chaos.round()
            last = number == rounds or not more()
            if last or number % 10 == 0:
                await chaos.calm()
            if last or tally.losses:
                break
        tally.posted += made.intacct.state(limit=1)["ledger"]["count"]
