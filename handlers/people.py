"""Who people are, as Slack knows them: names for sentences, e-mail for the own-card rule, members of a channel."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack_errors import said
from bot.sync.connection_file import is_user

log = logging.getLogger(__name__)
T = TypeVar("T")

FRESH = timedelta(hours=1)
JUST_NOW = timedelta(minutes=1)
PEOPLE = 5000


@dataclass(frozen=True, slots=True)
class Person:
    """`email` is lower case, and empty where Slack does not say it.

    `known` says whether Slack told us of this person at all; whoever it did not tell of has no rights by a channel.
    `guest` is Slack's restricted or ultra-restricted; `teams` are the workspaces and the organization that this person
    belongs to, of which a person of another organization shares none with us.
    """

    id: str
    name: str
    email: str = ""
    known: bool = False
    guest: bool = False
    bot: bool = False
    deactivated: bool = False
    teams: frozenset[str] = frozenset()

    def full_member(self, workspace: str) -> bool:
        """Whether this is a person of this workspace (`<enterprise>:<team>`), and no guest, no bot, not deactivated."""
        return self.reachable(workspace) and not self.guest

    def reachable(self, workspace: str) -> bool:
        """Whether this is a person of this workspace, who may be a guest in it."""
        ours = {one for one in workspace.split(":") if one}
        return self.known and not self.bot and not self.deactivated and bool(self.teams & ours)

    @classmethod
    def of(cls, user: str, found: Mapping[str, Any]) -> Person:
        """From Slack's user object."""
        profile, enterprise = found.get("profile") or {}, found.get("enterprise_user") or {}
        name = profile.get("real_name") or found.get("real_name") or found.get("name") or "Someone"
        teams = {found.get("team_id"), enterprise.get("enterprise_id"), *(enterprise.get("teams") or ())}
        return cls(
            user,
            str(name),
            str(profile.get("email") or "").strip().lower(),
            known=True,
            guest=bool(found.get("is_restricted") or found.get("is_ultra_restricted")),
            bot=bool(found.get("is_bot")) or user == "USLACKBOT",
            deactivated=bool(found.get("deleted")),
            teams=frozenset() if found.get("is_stranger") else frozenset(str(team) for team in teams if team),
        )


class People:
    """Looks people up and remembers them for an hour, members of channels for a minute."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._people: dict[str, tuple[datetime, Person]] = {}
        self._members: dict[str, tuple[datetime, frozenset[str]]] = {}

    async def person(self, client: AsyncWebClient, user: str) -> Person:
        """Somebody; where Slack does not answer, a person without a name or an e-mail."""
        kept = self._kept(self._people.get(user), FRESH)
        if kept is not None:
            return kept
        try:
            found = (await client.users_info(user=user)).get("user") or {}
        except SlackApiError as refused:
            log.warning("users.info of %s: %s", user, said(refused))
            return Person(user, "Someone")
        person = Person.of(user, found)
        if len(self._people) >= PEOPLE:
            self._people.clear()
        self._people[user] = (self._clock(), person)
        return person

    async def names(self, client: AsyncWebClient, users: Iterable[str]) -> dict[str, str]:
        return {user: (await self.person(client, user)).name for user in sorted({one for one in users if one})}

    async def to_ask(self, client: AsyncWebClient, workspace: str, user: str) -> tuple[Person, str]:
        """Somebody whom a form names to be asked, and what speaks against it: a channel's id is no person's."""
        if not is_user(user):
            return Person(user, "Someone"), "Pick a person."
        person = await self.person(client, user)
        if not person.known:
            return person, "Slack does not know this person. Pick another one."
        if not person.reachable(workspace):
            return person, f"I can't ask {person.name}. Pick someone of this workspace."
        return person, ""

    async def members(self, client: AsyncWebClient, channel: str) -> frozenset[str]:
        """The people of a channel; nobody where the bot may not look."""
        kept = self._kept(self._members.get(channel), JUST_NOW)
        if kept is not None:
            return kept
        found: set[str] = set()
        cursor = ""
        try:
            while True:
                page = await client.conversations_members(channel=channel, limit=1000, cursor=cursor or None)
                found.update(page.get("members") or [])
                cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
                if not cursor:
                    break
        except SlackApiError as refused:
            log.info("conversations.members of %s: %s", channel, said(refused))
            return frozenset()
        self._members[channel] = (self._clock(), frozenset(found))
        return frozenset(found)

    def _kept(self, entry: tuple[datetime, T] | None, age: timedelta) -> T | None:
        return entry[1] if entry is not None and self._clock() - entry[0] < age else None
