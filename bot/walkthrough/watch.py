"""A step that is put right in Intacct ticks itself: one look every few seconds, for as long as somebody may be at it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from bot.models import StepState
from bot.store.walkthroughs import OPEN, Walkthrough
from bot.walkthrough import progress
from bot.walkthrough.checks import DONE, PROBLEM
from bot.walkthrough.door import Door
from bot.walkthrough.keeper import Keeper, Refused
from bot.walkthrough.ledger import Ledger
from bot.walkthrough.steps import ACCOUNT, CARD, CREDENTIALS, ENTITY, PERMISSIONS, SENDER, USER

MENDED_IN_INTACCT = (SENDER, USER, PERMISSIONS, ENTITY, ACCOUNT)
"""Steps that are looked at while something is wrong with them. The card is, from the moment that it is to be made."""


class Watch:
    """Looks by itself at the step that stands open.

    Args:
        keeper: the walkthroughs.
        door: looks at the steps 2 to 6.
        ledger: looks at account and card.
        every: seconds between two looks.
        lasting: seconds after which looking by itself ends.
    """

    def __init__(self, keeper: Keeper, door: Door, ledger: Ledger, *, every: float, lasting: float) -> None:
        self.keeper, self.door, self.ledger = keeper, door, ledger
        self.every = every
        self.lasting = timedelta(seconds=lasting)

    async def start(self, walk_id: str) -> int | None:
        """Begins to look by itself, or goes on; the round to promise, or None when there is nothing to look for.

        Asking twice gives the same round: a promise that got lost is made again, and one that was kept stays one.
        """
        begun: list[int] = []

        def decide(now: Walkthrough) -> dict[str, Any]:
            begun.clear()
            if not _wanted(now):
                return {}
            watch = _watch(now)
            number = int(watch.get("round", 0))
            if self._running(watch) and watch.get("step") == now.step:
                begun.append(number)
                return {}
            begun.append(number + 1)
            until = (self.keeper.clock() + self.lasting).isoformat()
            return {"answers": {**now.answers, "watch": {"until": until, "round": number + 1, "step": now.step}}}

        await self.keeper.change(walk_id, decide)
        return begun[0] if begun else None

    async def look(self, walk_id: str, number: int) -> tuple[Walkthrough, int | None]:
        """One look, once for each round. The round to promise next, which may be the next step's, or None at the end."""
        walk = await self.keeper.get(walk_id)
        watch = _watch(walk)
        promised = int(watch.get("round", 0))
        if number != promised or not self._running(watch) or not _wanted(walk, watch):
            return walk, promised if number < promised and self._running(watch) else None
        with suppress(Refused):  # silence, or somebody who changes the same step now: the next look tells
            await self._look(walk)

        def decide(now: Walkthrough) -> dict[str, Any]:
            if _watch(now).get("round") != number:
                return {}  # somebody went to another step meanwhile, which is looked at since
            goes_on = _wanted(now, watch)
            left = {**watch, "until": watch["until"] if goes_on else "", "round": number + goes_on}
            return {"answers": {**now.answers, "watch": left}}

        walk = await self.keeper.change(walk_id, decide)
        if walk.step != watch["step"]:
            return walk, await self.start(walk_id)
        return walk, number + 1 if _wanted(walk, watch) else None

    async def _look(self, walk: Walkthrough) -> None:
        if walk.step == CARD:
            await self.ledger.check_card(walk.id, walk.owner)
        elif walk.step == ACCOUNT:
            await self.ledger.check_account(walk.id, walk.owner)
        else:
            await self.door.look_again(walk)

    def _running(self, watch: dict[str, Any]) -> bool:
        return bool(watch.get("until")) and datetime.fromisoformat(watch["until"]) > self.keeper.clock()


def _watch(walk: Walkthrough) -> dict[str, Any]:
    found: dict[str, Any] = walk.answers.get("watch") or {}
    return found


def _wanted(walk: Walkthrough, watch: dict[str, Any] | None = None) -> bool:
    """Whether the step that stands open is one to look at, and the one that this watch was begun for.

    A password that was refused is not tried again by itself: Intacct locks users for that.
    """
    if walk.state != OPEN or (watch and watch.get("step") != walk.step):
        return False
    state = progress.state_of(walk, walk.step)
    if walk.step == CARD:
        return state is not DONE and bool(walk.answers.get("account"))
    return walk.step in MENDED_IN_INTACCT and state is PROBLEM and not _refused(walk)


def _refused(walk: Walkthrough) -> bool:
    return progress.state_of(walk, CREDENTIALS) is StepState.PROBLEM
