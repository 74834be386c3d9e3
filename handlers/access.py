"""Who may do what. Three rights, and one rule: nobody corrects a transaction of their own card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.models import Right
from bot.store.connections import Connection
from bot.sync.alerts import place
from bot.walkthrough.conversation import Refused
from handlers.people import People
from handlers.ui.text import listed

LISTS = {Right.CORRECT: "correct", Right.RETRY: "retry"}
"""The option of a connection that names who has the right; empty means everyone in its channel."""


@dataclass(frozen=True, slots=True)
class Access:
    """Asks and refuses. Every refusal is a sentence that names who can."""

    people: People

    async def sees(self, client: AsyncWebClient, connection: Connection, user: str) -> bool:
        """Whether a connection's amounts are this person's business: whoever has a right, or sits in its channel."""
        named = {connection.owner, *(one for key in LISTS.values() for one in connection.option(key) or [])}
        return user in named or user in await self.people.members(client, connection.channel)

    async def need(self, client: AsyncWebClient, connection: Connection, right: Right, user: str) -> None:
        """Go on only with this right.

        Raises:
            Refused: without it, naming who has it.
        """
        if connection.owner in {"", user}:
            return
        if right is Right.SET_UP:
            owner = await self.people.person(client, connection.owner)
            raise Refused(f"Only {owner.name}, who set {place(connection)} up, can change it.")
        named = [str(one) for one in connection.option(LISTS[right]) or []]
        if user in named or (not named and user in await self.people.members(client, connection.channel)):
            return
        who = await self._who(client, [connection.owner, *named])
        doing = "corrects transactions" if right is Right.CORRECT else "posts again and starts syncs"
        if named:
            raise Refused(f"For {place(connection)}, {who} {doing}.")
        raise Refused(f"For {place(connection)}, that is for {who} and the people of its finance channel.")

    async def need_any(
        self, client: AsyncWebClient, connections: Sequence[Connection], right: Right, user: str
    ) -> None:
        """Go on with this right for one of several connections that share a cause."""
        refused: Refused | None = None
        for one in connections:
            try:
                await self.need(client, one, right, user)
            except Refused as no:
                refused = refused or no
            else:
                return
        if refused is not None:
            raise refused

    async def not_own_card(
        self, client: AsyncWebClient, connection: Connection, user: str, emails: Iterable[str]
    ) -> None:
        """Nobody decides about their own spending.

        Raises:
            Refused: one of the cards behind these transactions is this person's.
        """
        mine = (await self.people.person(client, user)).email
        if not mine or mine not in {one.strip().lower() for one in emails}:
            return
        named = [str(one) for one in connection.option("correct") or []]
        others = [one for one in dict.fromkeys([connection.owner, *named]) if one and one != user]
        who = await self._who(client, others) if others else "someone else of the finance channel"
        raise Refused(f"A transaction of your own card is among these, so someone else has to decide: {who}.")

    async def _who(self, client: AsyncWebClient, users: Iterable[str]) -> str:
        names = await self.people.names(client, users)
        return listed([names[user] for user in dict.fromkeys(users) if user in names][:5], "or")
