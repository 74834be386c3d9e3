"""Who people are, as Slack knows them: names for sentences, e-mail for the own-card rule, members of a channel."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

log = logging.getLogger(__name__)
T = TypeVar("T")

FRESH = timedelta(hours=1)
JUST_NOW = timedelta(minutes=1)
PEOPLE = 5000


@dataclass(frozen=True, slots=True)
class Person:
    """`email` is lower case, and empty where Slack does not say it."""

    id: str
    name: str
    email: str = ""


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
            log.warning("users.info of %s: %s", user, refused.response.get("error"))
            return Person(user, "Someone")
        profile = found.get("profile") or {}
        name = profile.get("real_name") or found.get("real_name") or found.get("name") or "Someone"
        person = Person(user, str(name), str(profile.get("email") or "").strip().lower())
        if len(self._people) >= PEOPLE:
            self._people.clear()
        self._people[user] = (self._clock(), person)
        return person

    async def names(self, client: AsyncWebClient, users: Iterable[str]) -> dict[str, str]:
        return {user: (await self.person(client, user)).name for user in sorted({one for one in users if one})}

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
            log.info("conversations.members of %s: %s", channel, refused.response.get("error"))
            return frozenset()
        self._members[channel] = (self._clock(), frozenset(found))
        return frozenset(found)

    def _kept(self, entry: tuple[datetime, T] | None, age: timedelta) -> T | None:
        return entry[1] if entry is not None and self._clock() - entry[0] < age else None
