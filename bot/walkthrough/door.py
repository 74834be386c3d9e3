"""Steps 1 to 6: which company and level, whether it lets us in, as whom, and what that user may do."""

from __future__ import annotations

import logging
import re
from datetime import datetime, timedelta
from typing import Any

from bot.intacct.records import Entity
from bot.models import Check, Secret, StepState
from bot.settings import sender_doubt
from bot.store import connections, walkthroughs
from bot.store.connections import Company
from bot.store.walkthroughs import Walkthrough
from bot.walkthrough import progress, read, rights
from bot.walkthrough.checks import DONE, TOLD, SignIn, joined, not_ours
from bot.walkthrough.keeper import Keeper, Refused
from bot.walkthrough.steps import CARD, CREDENTIALS, ENTITY, FINISH, OPEN, PERMISSIONS, ROLE, USER, USER_ID

log = logging.getLogger(__name__)

NOTED = "Noted. I check it as soon as I can sign in."
PENDING = timedelta(minutes=30)
"""How long a password is kept that Intacct has not accepted; encrypted, in the walkthrough's row."""

FORGET_EVERY = timedelta(minutes=1)


class Door:
    """The way in. One look proves the steps 2 to 6 together, so they tick by themselves once a password is accepted."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self._forgot: datetime | None = None

    # --- 1: which company, which level --------------------------------------------------------------------------------

    async def choose_scope(self, walk_id: str, user: str, scope: str) -> Walkthrough:
        """`top` for the whole company, `entity` for one entity."""
        walk = await self.keeper.allowed(walk_id, user, OPEN)

        def decide(now: Walkthrough) -> dict[str, Any]:
            answers = {**now.answers, "scope": scope}
            if now.answers.get("scope") == scope:
                return {"answers": answers}
            return {"answers": _without_entity(answers), "steps": _without(now.steps, ENTITY, CARD)}

        return await self.keeper.change(walk.id, decide)

    async def choose_company(self, walk_id: str, user: str, company_id: str, user_id: str) -> Walkthrough:
        """Which Intacct company, and the Web Services user. A company that this person connected before needs no password."""
        walk = await self.keeper.allowed(walk_id, user, OPEN)
        company, who = company_id.strip(), user_id.strip() or USER_ID
        problem = company_problem(company)
        if problem:
            raise Refused(problem, "company_id")
        where = "one entity" if walk.answers.get("scope") == "entity" else "whole company"
        found = [Check("company", DONE, f"`{company}`, {where}")]
        typed = {"the Company ID": company_id, "the user ID": user_id}
        if cut := [name for name, text in typed.items() if text != text.strip()]:
            found.append(Check("blanks", TOLD, f"I cut blanks around {joined(cut)}."))
        known = await self._known_company(walk, company)

        def decide(now: Walkthrough) -> dict[str, Any]:
            same = now.answers.get("company_id") == company
            lasting = ("scope", "watch")  # a watch's rounds are counted on: each is promised once
            kept = now.answers if same else {name: now.answers[name] for name in lasting if name in now.answers}
            steps = now.steps if same else {}
            steps = progress.mark(steps, OPEN, found, self.keeper.clock(), user)
            # a password that waits to be tried is tried there, as that user
            return ({"password_user": who} if now.password else {}) | {
                "answers": {**kept, "company_id": company, "user_id": known.user_id if known else who},
                "steps": steps,
                "company": known.id if known else (now.company if same else None),
                "connection_id": now.connection_id if same else None,
                "step": progress.next_step(steps),
            }

        walk = await self.keeper.change(walk.id, decide)
        return await self.prove(walk, user, OPEN) if known else walk

    async def _known_company(self, walk: Walkthrough, company_id: str) -> Company | None:
        """A company whose password this person has given before: whoever owns none of its connections types it again."""
        company = await connections.find_company(self.keeper.store, walk.workspace_id, company_id)
        if company is None or not company.password:
            return None
        theirs = await connections.list_connections(self.keeper.store, walk.workspace_id, company.id)
        return company if any(one.owner == walk.owner for one in theirs) else None

    # --- 2 to 6: the door and the rights ------------------------------------------------------------------------------

    async def sign_in(self, walk_id: str, user: str, user_id: str, password: Secret) -> Walkthrough:
        """Tries a password. It is encrypted before anything else; the company's it is once Intacct has accepted it."""
        walk = await self.keeper.allowed(walk_id, user, USER)
        if not walk.answers.get("company_id"):
            raise Refused("Choose the company first, in step 1.")
        secret, who = Secret(password.reveal().strip()), user_id.strip() or USER_ID
        if not secret:
            raise Refused("The password is empty.", "password")
        given = {"password": secret, "password_user": who, "password_given": self.keeper.clock()}
        walk = await self.keeper.change(walk.id, lambda _: given)
        return await self.prove(walk, user, CREDENTIALS)

    async def prove(self, walk: Walkthrough, user: str, step: int) -> Walkthrough:
        password = await self._password(walk)
        if password is None:
            return await self._told(walk, user, step)
        secret, who = password
        answers = walk.answers
        tried = SignIn(answers["company_id"], who, self.keeper.sender_id)
        scope, entity_id = answers.get("scope", ""), answers.get("entity_id", "")
        try:
            async with self.keeper.intacct_for(tried.company_id, who, secret, 2) as client:
                by_user = answers.get("kind") == "user"
                seen = await read.access(client, tried, scope, entity_id, ROLE, by_user=by_user)
        except read.Unanswered as silence:
            raise Refused(str(silence)) from None
        company = await self._keep(walk, seen, secret) if seen.let_in else None
        if company and company.problem and self.keeper.let_in:
            await self.keeper.let_in(company.id, user)
        if seen.tried.category == "auth.sender_credentials":
            ours = self.keeper.sender_id
            log.error("Intacct refuses this app's own sender ID or password: %s. %s", ours, sender_doubt(ours))
            raise Refused(not_ours(ours))
        return await self._seen(walk, user, seen, company, step)

    async def look_again(self, walk: Walkthrough) -> None:
        """One more look by itself; nothing at all while there is no password to look with."""
        if await self._password(walk):
            await self.prove(walk, walk.owner, OPEN)

    async def _seen(
        self, walk: Walkthrough, user: str, seen: read.Access, company: Company | None, step: int
    ) -> Walkthrough:
        def decide(now: Walkthrough) -> dict[str, Any]:
            steps: dict[str, Any] = now.steps
            for number, found in seen.steps.items():
                todo = number != step and progress.state_of(now, number) is StepState.TO_DO
                if todo and rights.untouched(found):
                    continue  # nobody said that this is done: it is to do, and no problem
                steps = progress.mark(steps, number, found, self.keeper.clock(), user)
            answers = {**now.answers, "user_id": seen.tried.user_id}
            if seen.entity:
                answers |= {"entity_name": seen.entity.name, "currency": seen.entity.currency}
            if seen.setup:
                answers["cash_book"] = seen.setup.multi_book or "cash" in seen.setup.default_book.lower()
            changed = {"answers": answers, "steps": steps, "step": progress.next_step(steps)}
            if not company:
                return changed
            accepted = now.password_given == walk.password_given  # what was typed meanwhile still waits
            return changed | {"company": company.id} | (walkthroughs.NO_PASSWORD if accepted else {})

        return await self.keeper.change(walk.id, decide)

    async def _password(self, walk: Walkthrough) -> tuple[Secret, str] | None:
        """What to sign in with, and as whom: what was typed and not accepted yet, else what the company has."""
        if walk.password and walk.password_given and abs(self.keeper.clock() - walk.password_given) < PENDING:
            return walk.password, walk.password_user
        company = await connections.get_company(self.keeper.store, walk.company) if walk.company else None
        return (company.password, company.user_id) if company and company.password else None

    async def forget_passwords(self) -> None:
        """Called every few seconds: drop typed passwords that were not accepted in time."""
        now = self.keeper.clock()
        if self._forgot is not None and timedelta() <= now - self._forgot < FORGET_EVERY:
            return
        self._forgot = now
        await walkthroughs.forget_passwords(self.keeper.store, now - PENDING)

    async def _told(self, walk: Walkthrough, user: str, step: int) -> Walkthrough:
        said = NOTED
        if step == ENTITY:
            if walk.answers.get("scope") == "entity" and not walk.answers.get("entity_id"):
                raise Refused("Pick the entity first.")
            said = f"{walk.answers.get('entity_id') or 'Top level'}, checked as soon as I can sign in."
        if step == CREDENTIALS:
            raise Refused("Enter the password first.")

        def decide(now: Walkthrough) -> dict[str, Any]:
            steps = progress.mark(now.steps, step, [Check("told", TOLD, said)], self.keeper.clock(), user)
            return {"steps": steps, "step": progress.next_step(steps)}

        return await self.keeper.change(walk.id, decide)

    async def _keep(self, walk: Walkthrough, seen: read.Access, secret: Secret) -> Company:
        base = seen.setup.base_currency if seen.setup else ""
        known = {"base_currency": base} if base else {}
        return await connections.save_company(
            self.keeper.store,
            walk.workspace_id,
            seen.tried.company_id,
            user_id=seen.tried.user_id,
            password=secret,
            tested=self.keeper.clock(),
            **known,
        )

    async def choose_permissions(self, walk_id: str, user: str, **chosen: str) -> Walkthrough:
        """`kind`: role or user; `breadth`: needed or all. They decide what is shown, not what is checked."""
        walk = await self.keeper.allowed(walk_id, user, PERMISSIONS)
        return await self.keeper.answer(walk.id, **chosen)

    # --- 5: the entity ------------------------------------------------------------------------------------------------

    async def choose_entity(self, walk_id: str, user: str, entity_id: str) -> Walkthrough:
        walk = await self.keeper.allowed(walk_id, user, ENTITY)
        wanted = entity_id.strip()
        if not wanted:
            raise Refused("The Entity ID is empty.", "entity")

        def decide(now: Walkthrough) -> dict[str, Any]:
            if now.answers.get("entity_id") == wanted:
                return {"answers": now.answers}
            answers = {**_without_entity(now.answers), "scope": "entity", "entity_id": wanted}
            return {"answers": answers, "steps": _without(now.steps, CARD)}

        walk = await self.keeper.change(walk.id, decide)
        return await self.prove(walk, user, ENTITY)

    async def entities(self, walk_id: str, user: str) -> list[Entity]:
        """The entities to pick from; empty while nobody is signed in."""
        walk = await self.keeper.allowed(walk_id, user, ENTITY)
        try:
            async with await self.keeper.client(walk) as client:
                return await read.entities(client)
        except Refused:
            return []


def company_problem(company_id: str) -> str:
    """Why this cannot be a Company ID; empty when it can.

    >>> company_problem("console|HarborPine")
    "That looks like a Console ID. The Company ID is the one on Intacct's sign-in page."
    """
    if not company_id:
        return "The Company ID is empty."
    if re.search(r"[|\s]", company_id):
        return "That looks like a Console ID. The Company ID is the one on Intacct's sign-in page."
    return ""


def _without_entity(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers as if no entity had been picked; what hangs on it goes too."""
    gone = {"entity_id", "entity_name", "currency", "card"}
    return {name: value for name, value in answers.items() if name not in gone}


def _without(steps: dict[str, Any], *numbers: int) -> dict[str, Any]:
    """The steps as if these had not been checked; who was asked to do them stays."""
    kept = {name: entry for name, entry in steps.items() if int(name) not in {*numbers, FINISH}}
    return kept | {
        str(n): {"assignee": steps[str(n)]["assignee"]} for n in numbers if steps.get(str(n), {}).get("assignee")
    }
