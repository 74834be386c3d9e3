"""The set-up as a conversation: opening, going back and forth, asking others, and which part answers for which step.

Nothing in this package knows Slack. Every method takes who asks, changes the store before it returns, and raises
`Refused` with a sentence when it did not do what was asked.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from bot.models import Check
from bot.store import connections, walkthroughs
from bot.store.database import Store
from bot.store.walkthroughs import Walkthrough
from bot.walkthrough import progress
from bot.walkthrough.checks import DONE
from bot.walkthrough.door import Door
from bot.walkthrough.draft import answers_of
from bot.walkthrough.keeper import Clock, IntacctFor, Keeper, LetIn, Refused, SourceFor
from bot.walkthrough.ledger import Ledger
from bot.walkthrough.spending import Spending
from bot.walkthrough.steps import ACCOUNT, CARD, FINISH, OPEN, STEPS, Facts
from bot.walkthrough.watch import Watch

__all__ = ["Conversation", "IntacctFor", "Refused", "SourceFor"]

log = logging.getLogger(__name__)


class Conversation:
    """All set-ups of this bot: `door` answers for steps 1 to 6, `ledger` for 7 and 8, `spending` for 9.

    Args:
        store: where walkthroughs, companies and connections are kept.
        intacct_for: makes a client of Intacct.
        source_for: makes a client of Spend Center.
        sender_id: the app's own; empty when the app is not ready.
        clock: the instant, in UTC.
        watch_every: seconds between two looks at a step that is put right in Intacct.
        watch_for: seconds after which looking by itself ends.
        let_in: resumes the sync of a company that had refused us.
    """

    def __init__(
        self,
        store: Store,
        *,
        intacct_for: IntacctFor,
        source_for: SourceFor,
        sender_id: str,
        clock: Clock,
        watch_every: float = 20.0,
        watch_for: float = 900.0,
        let_in: LetIn | None = None,
    ) -> None:
        self.store = store
        self.keeper = Keeper(
            store, intacct_for=intacct_for, source_for=source_for, sender_id=sender_id, clock=clock, let_in=let_in
        )
        self.door = Door(self.keeper)
        self.ledger = Ledger(self.keeper)
        self.watch = Watch(self.keeper, self.door, self.ledger, every=watch_every, lasting=watch_for)
        self.spending = Spending(self.keeper)

    async def get(self, walk_id: str) -> Walkthrough:
        return await self.keeper.get(walk_id)

    def facts(self, walk: Walkthrough) -> Facts:
        return Facts(self.keeper.sender_id, walk.answers)

    async def open(self, workspace: str, user: str, *, fresh: bool = False) -> Walkthrough:
        """This person's set-up where it was left, or a new one."""
        if not self.keeper.sender_id:
            log.error("A set-up was asked for, and INTACCT_SENDER_ID is not set.")
            raise Refused(
                "I am not ready: my sender ID is not set. Whoever runs this app finds it in my log; nothing for you to do."
            )
        mine = [] if fresh else await walkthroughs.find_open(self.store, workspace, user)
        return mine[0] if mine else await walkthroughs.begin(self.store, workspace, user, self.keeper.clock())

    async def current(self, workspace: str, user: str) -> tuple[Walkthrough, int] | None:
        """What this person is at: their own set-up and its step, else a step that they were asked to do."""
        everyone = await walkthroughs.find_open(self.store, workspace)
        mine = next((walk for walk in everyone if walk.owner == user), None)
        if mine:
            return mine, mine.step
        asked = (
            (walk, step)
            for walk in everyone
            for step in STEPS
            if progress.assignee(walk, step) == user and progress.state_of(walk, step) is not DONE
        )
        return next(asked, None)

    async def another(self, walk_id: str, user: str) -> Walkthrough:
        """A new set-up for one more entity of the same company: what was proved there comes ticked."""
        before = await self.keeper.get(walk_id)
        if user != before.owner:
            raise Refused(
                "Only the person who ran this set-up can go on from it. Type `/intacct setup` for one of yours."
            )
        walk = await self.open(before.workspace_id, user, fresh=True)
        await self.door.choose_scope(walk.id, user, "entity")
        known = before.answers
        walk = await self.door.choose_company(walk.id, user, known.get("company_id", ""), known.get("user_id", ""))
        source = await self.spending.connected_before(walk.id)
        return await self.keeper.answer(walk.id, spend_before=source.spend_company_name) if source else walk

    async def mend(self, workspace: str, user: str, company: int, step: int, *, connection: str = "") -> Walkthrough:
        """Leads the owner of a connection back to one step of its set-up, which has to be checked again.

        Args:
            workspace: the Slack workspace.
            user: who asks.
            company: the Intacct company whose access or books are in trouble.
            step: what its hint names as the step that mends it.
            connection: which of the company's connections; any of this person's, unless told.
        """
        theirs = await connections.list_connections(self.store, workspace, company)
        one = next((each for each in theirs if each.owner == user and connection in ("", each.id)), None)
        if one is None:
            raise Refused("Only the person who set this connection up can open its steps.")
        unfinished = await walkthroughs.find_open(self.store, workspace, user)
        here = next((walk for walk in unfinished if walk.connection_id == one.id), None)
        if here:
            return await self.go_to(here.id, user, step)
        kept = Check("kept", DONE, "set up before")
        steps: dict[str, Any] = {}
        for number in STEPS:
            if number != step:
                steps = progress.mark(steps, number, [kept], self.keeper.clock(), user)
        return await walkthroughs.begin(
            self.store,
            workspace,
            user,
            self.keeper.clock(),
            company=company,
            connection_id=one.id,
            step=step,
            steps=steps,
            answers=answers_of(one, await connections.get_company(self.store, company)),
            spend_token=one.spend_token,
            client_secret=one.client_secret,
        )

    async def mended(self, walk_id: str) -> Walkthrough | None:
        """Ends a set-up that was opened again for a running connection, once all of it is right; None while it is not.

        An account, a card or a location that was changed on the way becomes the connection's.
        """
        walk = await self.keeper.get(walk_id)
        known = await connections.get_connection(self.store, walk.connection_id) if walk.connection_id else None
        if walk.state != walkthroughs.OPEN or known is None or known.removed or known.activated is None:
            return None
        if not self.spending.complete(walk):
            return None
        chosen = {"card": "card", "card_account": "account", "default_location": "location"}
        answers = {column: walk.answers.get(name) for column, name in chosen.items()}
        changed = {name: value for name, value in answers.items() if value and value != getattr(known, name)}
        if changed:
            await connections.change_connection(self.store, known.id, card_read=None, **changed)
        return await self.keeper.change(walk.id, lambda _: {"state": walkthroughs.FINISHED})

    async def check(self, walk_id: str, user: str, step: int) -> Walkthrough:
        """Checks one step now, and with it whatever else the same look proves."""
        walk = await self.keeper.allowed(walk_id, user, step)
        if not walk.answers.get("company_id"):
            raise Refused("Choose first where this card spend belongs, in step 1.")
        if step == ACCOUNT:
            return await self.ledger.check_account(walk_id, user)
        if step == CARD:
            return await self.ledger.check_card(walk_id, user)
        if step == FINISH:
            return await self.spending.check(walk_id, user)
        return await self.door.prove(walk, user, step)

    async def verify(self, walk_id: str, user: str, *, unless_within: timedelta = timedelta()) -> Walkthrough:
        """Looks again at all that was proved in Intacct: what was green once may have turned since.

        Args:
            walk_id: the set-up.
            user: who asks for the summary or goes on from it.
            unless_within: how old the last look may be to be good enough.

        Raises:
            Refused: nothing was learned.
        """
        walk = await self.keeper.allowed(walk_id, user, FINISH)
        looked = progress.checked_at(walk, CARD)
        if looked and timedelta() <= self.keeper.clock() - looked < unless_within:
            return walk
        walk = await self.door.prove(walk, user, OPEN)
        if walk.answers.get("account") and not progress.wrong(walk):
            await self.ledger.check_account(walk_id, user)
            walk = await self.ledger.check_card(walk_id, user)
        return walk

    async def back(self, walk_id: str, user: str) -> Walkthrough:
        walk = await self.keeper.allowed(walk_id, user, OPEN)
        return await self.keeper.change(walk.id, lambda now: {"step": max(OPEN, now.step - 1)})

    async def go_to(self, walk_id: str, user: str, step: int) -> Walkthrough:
        """Leads to a step: back to a finished one to change it, or to one that waits."""
        walk = await self.keeper.allowed(walk_id, user, OPEN)
        return await self.keeper.change(walk.id, lambda _: {"step": step})

    async def hand_over(self, walk_id: str, user: str, step: int, to: str) -> Walkthrough:
        """Asks someone else to do one step; they can do nothing but that one. The owner goes on with another."""
        walk = await self.keeper.get(walk_id)
        if user != walk.owner:
            raise Refused("Only the person who runs this set-up can ask someone else.")
        assignee = "" if to == walk.owner else to

        def decide(now: Walkthrough) -> dict[str, Any]:
            steps = progress.set_aside(now.steps, step, assignee=assignee)
            return {"steps": steps, "step": progress.next_step(steps) if assignee else step}

        return await self.keeper.change(walk.id, decide)

    async def finish(self, walk_id: str, user: str) -> Walkthrough:
        """Closes a set-up whose first sync was started."""
        walk = await self.keeper.allowed(walk_id, user, FINISH)
        return await self.keeper.change(walk.id, lambda _: {"state": walkthroughs.FINISHED})
