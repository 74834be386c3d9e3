"""Steps 7 and 8: the liability account, which can be made and mended from here, and the card, which is looked for."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar
from uuid import uuid4

from bot.hints.classify import classify
from bot.intacct.errors import FunctionFailure, IntacctError
from bot.intacct.records import AccountRecord, CreditCard
from bot.store import connections, runs
from bot.store.walkthroughs import Walkthrough
from bot.walkthrough import books, progress, read, shelves
from bot.walkthrough.account_owner import Elsewhere, can_be_chosen, for_this_spend
from bot.walkthrough.checks import DONE, standing
from bot.walkthrough.keeper import Keeper, Refused
from bot.walkthrough.steps import ACCOUNT, CARD, CARD_ID

T = TypeVar("T")
MOST_INSIDE = 200
"""Locations of an entity that are remembered for the proposal of what belongs to it."""


class Ledger:
    """The account and the card."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper

    # --- 7: the liability account -------------------------------------------------------------------------------------

    async def chart(self, walk_id: str, user: str) -> shelves.Chart:
        """The accounts and cards there are, for pick lists and for the proposal of a number."""
        walk = await self.keeper.allowed(walk_id, user, ACCOUNT)
        async with await self.keeper.client(walk) as client:
            return await self._answered(shelves.chart(client))

    async def plan_account(
        self, walk_id: str, user: str, number: str, category: str, chart: shelves.Chart | None = None
    ) -> AccountRecord:
        """The whole record as it would be created; nothing is written in Intacct. `chart`: if it was read just now.

        Raises:
            Refused: the number is taken, or not of the right length.
        """
        number = number.strip()
        problem = (chart or await self.chart(walk_id, user)).number_problem(number)
        if problem:
            raise Refused(problem, "number")
        await self.keeper.answer(walk_id, planned={"number": number, "category": category})
        return books.planned_account(number, category)

    async def create_account(self, walk_id: str, user: str) -> Walkthrough:
        """Creates what `plan_account` showed, once: whatever became of the call, the account is looked up after it.

        A second press finds the account that the first one made, and writes nothing.
        """
        walk = await self.keeper.allowed(walk_id, user, ACCOUNT)
        shown = walk.answers.get("planned")
        if not shown and walk.answers.get("account"):  # made already, by the same click before its process died
            return await self.check_account(walk_id, user)
        if not shown:
            raise Refused("Say first which number the account shall have.")
        number, planned = shown["number"], books.planned_account(shown["number"], shown["category"])
        async with await self.keeper.client(walk) as client:
            try:
                await client.create_account(f"acct-{walk.id}-{uuid4().hex}", planned, entity="")
            except FunctionFailure as refused:
                there = await self._answered(client.account(number, entity=""))
                if there is None or there.title != planned.title:
                    raise Refused(_why(refused, f"Intacct did not create {number}.", _TICK.format("Add"))) from None
            except IntacctError:
                if await self._answered(client.account(number, entity="")) is None:
                    raise Refused("Intacct did not answer, and the account is not there. Press again.") from None
                await self._wrote(walk, user, f"created account {number} {planned.title}")
            else:
                await self._wrote(walk, user, f"created account {number} {planned.title}")
        return await self.use_account(walk.id, user, number)

    async def make_account_by_hand(self, walk_id: str, user: str) -> Walkthrough:
        """Shows the record to somebody who makes the account on Intacct's own screen."""
        walk = await self.keeper.allowed(walk_id, user, ACCOUNT)
        return await self.keeper.answer(walk.id, account_by="self")

    async def cards(self, walk_id: str, user: str) -> list[CreditCard]:
        """Every card that Intacct has, for a pick list."""
        walk = await self.keeper.allowed(walk_id, user, CARD)
        async with await self.keeper.client(walk) as client:
            return await self._answered(shelves.all_cards(client))

    async def choosable(self, walk_id: str, user: str) -> list[AccountRecord]:
        """The accounts that can be chosen, those made for this spend first."""
        walk = await self.keeper.allowed(walk_id, user, ACCOUNT)
        seen, elsewhere = await self.chart(walk_id, user), await self._elsewhere(walk)
        own = await self._own_cards(walk, seen.cards, None, elsewhere)
        others = [one for one in seen.cards if one.card_id not in own]
        found = [one for one in seen.accounts if can_be_chosen(one, others, seen.banks, elsewhere)]
        return sorted(found, key=lambda one: (not for_this_spend(one.title), one.account_no))

    async def use_account(self, walk_id: str, user: str, number: str) -> Walkthrough:
        """Chooses an existing account and checks it."""
        walk = await self.keeper.allowed(walk_id, user, ACCOUNT)
        if not number.strip():
            raise Refused("The account number is empty.", "number")
        await self.keeper.answer(walk.id, account=number.strip(), planned=None)
        return await self.check_account(walk_id, user)

    async def check_account(self, walk_id: str, user: str) -> Walkthrough:
        walk = await self.keeper.allowed(walk_id, user, ACCOUNT)
        number = str(walk.answers.get("account", ""))
        if not number:
            raise Refused("Say first which account it is: create one, or use an existing one.")
        async with await self.keeper.client(walk) as client:
            seen = await self._answered(shelves.chart(client))
        if not seen.accounts:
            raise Refused("I see no account at all at the top level: steps 4 and 5 show what is missing.")
        record = next((one for one in seen.accounts if one.account_no == number), None)
        elsewhere = await self._elsewhere(walk)
        own = await self._own_cards(walk, seen.cards, record, elsewhere)
        found = books.account(record, number, seen.cards, own, seen.banks, elsewhere)
        wrong = record is not None and standing(found) is not DONE
        changes = books.mending_words(record) if wrong and record and found[0].key in books.mending(record) else []
        card = await self._free_id(walk)

        def decide(now: Walkthrough) -> dict[str, Any]:
            steps = progress.mark(now.steps, ACCOUNT, found, self.keeper.clock(), user, changes=changes)
            answers = {**now.answers, "card": now.answers.get("card") or card}
            return {"steps": steps, "step": progress.next_step(steps), "answers": answers}

        return await self.keeper.change(walk.id, decide)

    async def _free_id(self, walk: Walkthrough) -> str:
        """The ID for the card that is still to be made: one of the entity's own where another connection has the guide's."""
        taken = CARD_ID in (await self._elsewhere(walk)).cards
        return books.another_id(CARD_ID, str(walk.answers.get("entity_id") or "2")) if taken else CARD_ID

    async def _elsewhere(self, walk: Walkthrough) -> Elsewhere:
        """The cards of the company's other connections, and the accounts of those."""
        if walk.company is None:
            return Elsewhere()
        known = await connections.list_connections(self.keeper.store, walk.workspace_id, walk.company)
        others = [one for one in known if one.id != walk.connection_id and one.card]
        return Elsewhere(
            {one.card: f"{one.entity_id} {one.entity_name}".strip() or one.name for one in others},
            {one.card_account: one.card for one in others if one.card_account},
        )

    async def _own(self, walk: Walkthrough) -> str:
        """The card to which this set-up's connection posts already; empty while there is no connection."""
        known = await connections.get_connection(self.keeper.store, walk.connection_id) if walk.connection_id else None
        return known.card if known else ""

    async def _own_cards(
        self, walk: Walkthrough, cards: Sequence[CreditCard], account: AccountRecord | None, elsewhere: Elsewhere
    ) -> set[str]:
        """The cards that this set-up uses already, or that were made for it: they may have its account.

        None that another connection uses.
        """
        card, place = str(walk.answers.get("card") or CARD_ID), str(walk.answers.get("entity_id", ""))
        free = [one for one in cards if one.card_id not in elsewhere.cards]
        named = {one.card_id for one in free if one.card_id == card and one.entity_id in ("", place)}
        on_it = [one for one in free if account and one.is_on(account.account_no, account.record_no)]
        made = {one.card_id for one in on_it if one.entity_id == place and for_this_spend(one.card_id)}
        return ({await self._own(walk)} - {""}) | (named or made)

    async def mend_account(self, walk_id: str, user: str) -> Walkthrough:
        """Puts the wrong attributes of the chosen account right: those that were shown, and nothing else."""
        walk = await self.keeper.allowed(walk_id, user, ACCOUNT)
        number = str(walk.answers.get("account", ""))
        async with await self.keeper.client(walk) as client:
            record = await self._answered(client.account(number, entity=""))
            changes = books.mending(record) if record else {}
            said = books.mending_words(record) if record else []
            agreed = said == (progress.note(walk, ACCOUNT, "changes") or [])
            if changes and agreed:
                try:
                    await client.update_account(f"acct-{walk.id}-{uuid4().hex}", number, changes, entity="")
                except FunctionFailure as refused:
                    raise Refused(_why(refused, f"Intacct did not change {number}.", _TICK.format("Edit"))) from None
                except IntacctError:
                    raise Refused("Intacct did not answer. Press *Check again* to see what stands.") from None
                await self._wrote(walk, user, f"changed account {number}: {', '.join(said)}")
        now = await self.check_account(walk_id, user)
        if changes and not agreed:
            raise Refused(
                "Somebody changed this account meanwhile, so I changed nothing. What is wrong now stands here."
            )
        return now

    async def _wrote(self, walk: Walkthrough, user: str, what: str) -> None:
        """The line of the audit trail for what a set-up wrote in Intacct."""
        company, store = str(walk.answers.get("company_id", "")), self.keeper.store
        text = f"{what}, at the top level of {company}"
        await runs.tell(store, "set-up", text, self.keeper.clock(), actor=user, connection=walk.connection_id)

    # --- 8: the card --------------------------------------------------------------------------------------------------

    async def use_card(self, walk_id: str, user: str, card_id: str) -> Walkthrough:
        walk = await self.keeper.allowed(walk_id, user, CARD)
        await self.keeper.answer(walk.id, card=card_id.strip() or CARD_ID)
        return await self.check_card(walk_id, user)

    async def check_card(self, walk_id: str, user: str) -> Walkthrough:
        """Looks for the card and judges it; the account's step is judged again when another card took its account."""
        walk = await self.keeper.allowed(walk_id, user, CARD)
        seen = await self._see_card(walk)
        proposed = await self._proposed_id(walk, seen)

        def decide(now: Walkthrough) -> dict[str, Any]:
            steps = progress.mark(now.steps, CARD, seen.checks, self.keeper.clock(), user)
            answers = {**now.answers, "card": proposed, "summaries": seen.summaries}
            if seen.record and standing(seen.checks) is DONE:
                inside = sorted(seen.place.inside)[:MOST_INSIDE]
                answers |= {"card": seen.card_id, "location": seen.record.location_id, "inside": inside}
            return {"answers": answers, "steps": steps, "step": progress.next_step(steps)}

        return await self.keeper.change(walk.id, decide)

    async def _see_card(self, walk: Walkthrough) -> shelves.Watched:
        answers = walk.answers
        if not answers.get("account"):
            raise Refused("The liability account of step 7 comes first.")
        today = self.keeper.clock().date()
        elsewhere, own = await self._elsewhere(walk), await self._own(walk)
        async with await self.keeper.client(walk) as client:
            return await self._answered(
                shelves.card(
                    client,
                    answers.get("card") or CARD_ID,
                    answers["account"],
                    answers.get("entity_id", ""),
                    answers.get("entity_name", ""),
                    today,
                    elsewhere=elsewhere,
                    own=own,
                )
            )

    async def _proposed_id(self, walk: Walkthrough, seen: shelves.Watched) -> str:
        """The ID to copy: one of its own for an entity when the usual one exists elsewhere."""
        wanted = str(walk.answers.get("card") or CARD_ID)
        entity = str(walk.answers.get("entity_id", ""))
        key = seen.checks[0].key if seen.record and seen.record.card_id == wanted else ""
        if key == "used" or (key == "level" and entity):
            return books.another_id(wanted, entity or "2")
        return wanted

    async def _answered(self, reading: Awaitable[T]) -> T:
        """A reading's result; silence and refusals become sentences."""
        try:
            async with read.answering():
                return await reading
        except read.Unanswered as silence:
            raise Refused(str(silence)) from None
        except IntacctError as refused:
            raise Refused(_why(refused, "Intacct refused to show this.")) from None


_TICK = "tick General Ledger > Permissions > Accounts > {} in its role, or do it by hand in General Ledger > Accounts"
"""Reading is all that the sync itself needs, so step 4 does not ask for these."""


def _why(refused: IntacctError, sentence: str, right: str = "step 4 shows what is missing") -> str:
    """Our sentence with Intacct's own first words behind it, for the administrator who has to act on them."""
    verdict = classify(refused.fault)
    texts = [text for error in refused.fault.errors for text in (error.description2, error.description) if text]
    words = f" Intacct says: {texts[0][:300]}" if texts else ""
    if verdict.category == "permission.missing":
        return f"{sentence} The user has no right to: {right}.{words}"
    return f"{sentence}{words}"
