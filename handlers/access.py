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
"""The option of a connection that names who has the right. Empty means the members of its channel who are no guests,
once the connection has an owner; without an owner it means no one."""

HELP = (Right.RETRY, Right.CORRECT)
"""Either of these is enough to take an alert, to put it off, or to ask someone about it."""


@dataclass(frozen=True, slots=True)
class Access:
    """Asks and refuses. Every refusal is a sentence that names who can."""

    people: People

    async def sees(self, client: AsyncWebClient, connection: Connection, user: str) -> bool:
        """Whether a connection's amounts are this person's business: the owner, the people on its lists, its channel."""
        named = {connection.owner, *(one for right in LISTS for one in _on_list(connection, right))} - {""}
        return user in named or (bool(connection.owner) and await self._in_channel(client, connection, user))

    async def has(self, client: AsyncWebClient, connection: Connection, right: Right, user: str) -> bool:
        """Whether somebody has a right: as the owner, by a list, or, where an owner left the list empty, by the channel."""
        if connection.owner and connection.owner == user:
            return True
        if right is Right.SET_UP:
            return False
        if named := _on_list(connection, right):
            return user in named
        return bool(connection.owner) and await self._in_channel(client, connection, user)

    async def need(self, client: AsyncWebClient, connection: Connection, right: Right, user: str) -> None:
        """Go on only with this right.

        Raises:
            Refused: without it, naming who has it.
        """
        if not await self.has(client, connection, right, user):
            raise Refused(await self._who_can(client, connection, right, user))

    async def need_any(
        self, client: AsyncWebClient, connections: Sequence[Connection], rights: Sequence[Right], user: str
    ) -> None:
        """Go on with one of these rights for one of several connections that share a cause.

        Raises:
            Refused: without any of them, naming who has the first.
        """
        for one in connections:
            for right in rights:
                if await self.has(client, one, right, user):
                    return
        if not connections:
            raise Refused("The connection that this is about is not there any more.")
        raise Refused(await self._who_can(client, connections[0], rights[0], user))

    async def need_sight(self, client: AsyncWebClient, connections: Sequence[Connection], user: str) -> None:
        """Go on only if one of these is this person's business.

        Raises:
            Refused: none of them is.
        """
        for one in connections:
            if await self.sees(client, one, user):
                return
        if connections and not connections[0].owner:
            raise Refused(without_owner(connections[0], user))
        raise Refused("That is for the people of its finance channel.")

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
        named = _on_list(connection, Right.CORRECT)
        others = [one for one in dict.fromkeys([connection.owner, *named]) if one and one != user]
        who = await self._who(client, others) if others else "someone else of the finance channel"
        raise Refused(f"A transaction of your own card is among these, so someone else has to decide: {who}.")

    async def may_set_up(self, client: AsyncWebClient, workspace: str, user: str) -> None:
        """Go on only for a full member of the workspace.

        Raises:
            Refused: a guest, someone of another organization, or someone whom Slack does not tell us about.
        """
        person = await self.people.person(client, user)
        if not person.known:
            raise Refused("Slack did not tell me who you are. Try once more.")
        if not person.full_member(workspace):
            raise Refused("Guests cannot start a set-up. Ask a full member of this workspace to type `/intacct setup`.")

    async def _in_channel(self, client: AsyncWebClient, connection: Connection, user: str) -> bool:
        """Whether somebody sits in the connection's channel and is no guest, no stranger and no bot."""
        if not connection.channel or user not in await self.people.members(client, connection.channel):
            return False
        return (await self.people.person(client, user)).full_member(connection.workspace_id)

    async def _who_can(self, client: AsyncWebClient, connection: Connection, right: Right, user: str) -> str:
        """The sentence of a refusal."""
        named = _on_list(connection, right) if right in LISTS else []
        if not connection.owner and not named:
            return without_owner(connection, user)
        if right is Right.SET_UP:
            owner = await self.people.person(client, connection.owner)
            return f"Only {owner.name}, who set {place(connection)} up, can change it."
        who = await self._who(client, [connection.owner, *named])
        if named:
            doing = "corrects transactions" if right is Right.CORRECT else "posts again and starts syncs"
            return f"For {place(connection)}, {who} {doing}."
        return f"For {place(connection)}, that is for {who} and the members of its finance channel who are not guests."

    async def _who(self, client: AsyncWebClient, users: Iterable[str]) -> str:
        names = await self.people.names(client, users)
        return listed([names[user] for user in dict.fromkeys(users) if user in names][:5], "or")


def without_owner(connection: Connection, user: str) -> str:
    """What is said where somebody is refused since a connection has no owner, and how it gets one."""
    return (
        f"{place(connection)} has no owner yet, so only people on its own lists may do that. Whoever runs this app names the "
        f"owner with `python -m bot connections owner {connection.id} USER`; your own user ID is {user}."
    )


def _on_list(connection: Connection, right: Right) -> list[str]:
    return [str(one) for one in connection.option(LISTS[right]) or []]
