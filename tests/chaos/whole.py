"""Rounds of harm to the whole bot: one process on SQLite, or several replicas on PostgreSQL.

After each round everything is let be, and then the books and the messages have to become what they ought to be: time
passes, and where a message asks for it and its cause is gone, somebody presses Retry. Nobody does anything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.chaos.databases import Database
from tests.chaos.proof import open_alerts, retriable, strays, wrong
from tests.chaos.tally import Tally
from tests.chaos.town import BACKUPS, FLAWS, Town, town
from tests.chaos.until import until
from tests.chaos.wire import harm_intacct, harm_slack, harm_spend, take_back
from tests.child import KILLED, ended

PATIENCE = 180.0
"""Real seconds that a calm may take, some sixty times what it usually takes."""

LOOK, STILL = 0.15, 1.5
"""Real seconds between two looks, and until time is moved on while nothing gets better."""

SLOWER = 1.25
"""Each time it is moved on it stands still for longer: on a busy machine a request must leave within its minute."""

DEATHS = [
    ("bot.store.attempts", "claim", "after", 1),
    ("bot.store.attempts", "settle", "before", 1),
    ("bot.store.attempts", "mark_resent", "after", 1),
    ("bot.store.postings", "save", "after", 1),
    ("bot.store.runs", "change_run", "before", 2),
    ("bot.store.alerts", "open_for", "after", 1),
    ("bot.intacct.client", "IntacctClient.record_batch", "after", 1),
    ("handlers.delivery", "Post.call", "after", 1),
    ("handlers.delivery", "Post.call", "before", 2),
]


class Whole:
    """One town under one seed."""

    def __init__(self, town: Town, seed: int, tally: Tally, kind: str) -> None:
        self.town, self.tally, self.kind = town, tally, kind
        self.dice = random.Random(seed)
        self.harms: list[Callable[[], Awaitable[None]]] = [
            *(self._nothing, self._kill, self._kill, self._die, self._term, self._gateway, self._gateway),
            *(self._lock, self._restore, self._restore, self._tomorrow, self._an_hour_back, self._fifty_clicks),
            *([self._stop, self._stop] if town.size > 1 else []),
        ]

    async def round(self) -> None:
        """Some purchases, some harm, a run that may die of it, and then the proof."""
        dice, here = self.dice, self.town
        self._start_the_dead()
        await self._account("inactive")
        await here.buy(dice.randint(1, 4))
        await here.buy(dice.choice([0, 0, 1, 2]), dice.choice(sorted(FLAWS)))
        await harm_intacct(dice, here.gateway.control, self.tally.faults)
        await harm_spend(dice, self._spend, self.tally.faults)
        await harm_slack(dice, self._slack, self.tally.faults)
        if dice.random() < 0.5:
            await here.asks()
        else:
            here.clock.pass_(minutes=11)
        await dice.choice(self.harms)()
        await self._struck()
        here.clock.pass_(minutes=dice.choice([0, 1, 7, 16, 21]))
        self.tally.played(self.kind)
        await self.calm()

    async def calm(self) -> None:
        """No harm any more; time passes where nothing gets better by itself."""
        here = self.town
        await self._let_be()
        deadline, still = time.monotonic() + PATIENCE, STILL
        moved, before = time.monotonic(), [""]
        while (found := await wrong(here)) and time.monotonic() < deadline:
            if found != before:
                before, moved = found, time.monotonic()
            elif time.monotonic() - moved > still:
                here.clock.pass_(minutes=21)
                for ts in await retriable(here):
                    await here.presses_retry(ts)
                moved, still = time.monotonic(), still * SLOWER
            await asyncio.sleep(LOOK)
            self._start_the_dead()  # as whatever runs a bot does
        self.tally.duplicates += await here.doubles()
        self.tally.losses += len(found)
        self.tally.notes += found
        self.tally.strays = await strays(here)

    async def _let_be(self) -> None:
        here = self.town
        await self._disarmed()
        await here.gateway.control("clear_faults")
        spared = [{"kind": one.kind} for one in here.spend.faults]
        take_back(self.tally.faults, "Spend Center", spared)
        await here.spend.control("clear_faults", {})
        await here.slack.control("fault", {"kind": "clear"})
        self._start_the_dead()

    def _start_the_dead(self) -> None:
        for code in self.town.full():
            self.tally.faults["kill -9 of a bot at a step"] += code == KILLED
            self._ended(code, KILLED)

    def _ended(self, code: int | None, *expected: int) -> None:
        """A bot that ends of anything but what was done to it is found wrong."""
        if code not in expected:
            self.tally.notes.append(f"a bot ended with {code}")
            self.tally.losses += 1

    async def _struck(self) -> None:
        """A while for the faults that wait for a posting."""

        async def struck() -> bool:
            return not await self._armed()

        with contextlib.suppress(TimeoutError):
            await until(struck, STILL)

    async def _armed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.town.gateway.state(0))["faults"]["armed"]
        return found

    async def _disarmed(self) -> None:
        """What the gateway was still going to do goes with it."""
        take_back(self.tally.faults, "Intacct", await self._armed())

    async def _account(self, status: str) -> None:
        record = {"ACCOUNTNO": "6215", "STATUS": status}
        await self.town.gateway.control("save_record", object="GLACCOUNT", record=record)

    async def _spend(self, verb: str, **args: object) -> None:
        await self.town.spend.control(verb, args)

    async def _slack(self, verb: str, **args: object) -> None:
        await self.town.slack.control(verb, args)

    def _pause(self, longest: float = 1.2) -> Awaitable[None]:
        return asyncio.sleep(self.dice.uniform(0.02, longest))

    # --- harm -----------------------------------------------------------------------------------------------------------

    async def _nothing(self) -> None:
        await self._pause()

    async def _kill(self) -> None:
        """kill -9 of a bot, at a moment of its own."""
        await self._pause(2)
        self.tally.faults["kill -9 of a bot"] += await self.town.end(self.dice.choice(self.town.replicas)) == KILLED

    async def _die(self) -> None:
        """kill -9 of a bot at a chosen step, now or whenever it gets there."""
        here = self.town
        await here.end(self.dice.choice(here.replicas), signal.SIGTERM)
        doomed = here.start(self.dice.choice(DEATHS))
        with contextlib.suppress(TimeoutError):
            await ended(doomed, 3)

    async def _term(self) -> None:
        await self._pause()
        code = await self.town.end(self.dice.choice(self.town.replicas), signal.SIGTERM)
        self.tally.faults["SIGTERM"] += 1
        self._ended(code, 0, -signal.SIGTERM)  # the signal itself, where the bot was not up yet to take it

    async def _gateway(self) -> None:
        """kill -9 of Intacct's gateway, back after a while with what it had committed."""
        await self._pause(2)
        await self._disarmed()
        await self.town.gateway.kill()
        self.tally.faults["kill -9 of the gateway"] += 1
        await self._pause()
        await self.town.gateway.start()

    async def _lock(self) -> None:
        await self._pause(0.3)
        async with self.town.database.locked():
            self.tally.faults["database locked"] += 1
            await self._pause(3)

    async def _restore(self) -> None:
        """A backup while all is at work; or all is killed, and what comes back is the last backup, an hour later."""
        here = self.town
        await self._pause()
        if here.database.backup is None or self.dice.random() < 0.3:
            await here.database.keep(here.folder / BACKUPS)
            self.tally.faults["backup at work"] += 1
            return
        for process in list(here.replicas):
            await here.end(process)
        await here.database.restore()
        here.clock.pass_(hours=1)
        self.tally.faults["restored backup"] += 1

    async def _tomorrow(self) -> None:
        await self._pause()
        self.town.clock.pass_(days=1)
        self.tally.faults["clock a day ahead"] += 1
        await self._pause()

    async def _an_hour_back(self) -> None:
        await self._pause()
        self.town.clock.pass_(hours=-1)
        self.tally.faults["clock an hour back"] += 1
        await self._pause()

    async def _stop(self) -> None:
        """A replica sleeps for longer than an attempt may wait, its work goes on elsewhere, and it wakes."""
        here = self.town
        await self._pause(1.5)
        asleep = self.dice.choice(here.replicas)
        assert asleep.pid is not None
        os.kill(asleep.pid, signal.SIGSTOP)
        self.tally.faults["SIGSTOP"] += 1
        here.clock.pass_(minutes=self.dice.choice([2, 25]))
        await asyncio.sleep(self.dice.choice([0.5, 5]))
        here.clock.pass_(minutes=self.dice.choice([0, 25]))
        os.kill(asleep.pid, signal.SIGCONT)

    async def _fifty_clicks(self) -> None:
        """Somebody mends an account, and everybody presses its Retry, fifty times together."""
        here = self.town
        asked = [one for one in await open_alerts(here) if one.category == "config.gl_account"]
        if not asked:
            await self._pause()
            return
        await self._account("active")
        here.is_mended("account")
        self.tally.faults["Retry pressed fifty times"] += 1
        await here.presses_retry(asked[0].ts, times=50)


async def play_whole(
    seed: int,
    rounds: int,
    folder: Path,
    tally: Tally,
    database: Database | None = None,
    size: int = 1,
    more: Callable[[], bool] = lambda: True,
) -> None:
    """One town: `rounds` rounds as long as `more()` says so and nothing was found wrong."""
    kind = "whole bot on SQLite" if size == 1 else f"{size} replicas on PostgreSQL"
    async with town(folder, database, size) as made:
        whole = Whole(made, seed, tally, kind)
        made.full()
        for _ in range(rounds):
            await whole.round()
            if not more() or not tally.well:
                break
        tally.posted += len(await made.books())
