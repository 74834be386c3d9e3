"""Reading and changing walkthroughs: who may, and how two people at once both get their way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from bot.intacct.client import IntacctClient
from bot.models import Secret
from bot.spend.source import Source
from bot.store import connections, walkthroughs
from bot.store.database import Store
from bot.store.walkthroughs import OPEN, Stale, Walkthrough
from bot.walkthrough import progress

Clock = Callable[[], datetime]
IntacctFor = Callable[[str, str, Secret, int], IntacctClient]
"""(company ID, user ID, password, requests at once) → a client of its own, closed by whoever asked for it."""
SourceFor = Callable[[Secret | None, str, Secret | None], Source]
"""(token, client ID, client secret) → Spend Center; either a token or the other two."""
LetIn = Callable[[int, str], Awaitable[None]]
"""(company's row, who mended it): called when a company that refused us lets us in again."""
TRIES = 8
HERE_NO_LONGER = "This set-up is no longer here. Type `/intacct setup` to start one."


class Refused(Exception):
    """What was asked for was not done. `str()` is the sentence for people, `field` the answer at fault, if one is."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


class Keeper:
    """Walkthroughs by id, and how the far ends are reached for them.

    Changes are functions of the row as it stands, so that a lost race is simply run again.
    """

    def __init__(
        self,
        store: Store,
        *,
        intacct_for: IntacctFor,
        source_for: SourceFor,
        sender_id: str,
        clock: Clock,
        let_in: LetIn | None = None,
    ) -> None:
        self.store = store
        self.intacct_for = intacct_for
        self.source_for = source_for
        self.sender_id = sender_id
        self.clock = clock
        self.let_in = let_in

    async def get(self, walk_id: str) -> Walkthrough:
        """Raises `Refused` when there is none."""
        walk = await walkthroughs.get(self.store, walk_id)
        if walk is None:
            raise Refused(HERE_NO_LONGER)
        return walk

    async def allowed(self, walk_id: str, user: str, step: int) -> Walkthrough:
        """The walkthrough, if this person may work on this step of it.

        Raises:
            Refused: not theirs, or finished.
        """
        walk = await self.get(walk_id)
        if not progress.may_act(walk, user, step):
            raise Refused("Only the person who runs this set-up, or who was asked to do this step, can do that.")
        if walk.state != OPEN:
            raise Refused("This set-up is finished. Type `/intacct setup` to connect another entity.")
        return walk

    async def change(self, walk_id: str, decide: Callable[[Walkthrough], dict[str, Any]]) -> Walkthrough:
        """Saves what `decide` makes of the newest row, and asks it again when someone else was faster."""
        for _ in range(TRIES):
            walk = await self.get(walk_id)
            try:
                return await walkthroughs.save(self.store, walk, self.clock(), **decide(walk))
            except Stale:
                continue
        raise Refused("Several people change this set-up at the same moment. Try once more.")

    async def answer(self, walk_id: str, **answers: Any) -> Walkthrough:
        """Keeps some answers beside the others."""
        return await self.change(walk_id, lambda walk: {"answers": {**walk.answers, **answers}})

    async def client(self, walk: Walkthrough) -> IntacctClient:
        """Signs in as the company's user, at the top level.

        Raises:
            Refused: there is no password yet that Intacct has accepted.
        """
        company = await connections.get_company(self.store, walk.company) if walk.company else None
        if company is None or not company.password:
            raise Refused("I cannot sign in to Intacct yet. Enter the password in step 6 first.")
        return self.intacct_for(company.company_id, company.user_id, company.password, company.requests_at_once)
