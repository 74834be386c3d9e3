"""What happens when the database goes away under a running bot: health says which, and the owners are told once, by DM."""

from __future__ import annotations

import logging

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.store import connections
from bot.store.database import Store
from bot.store.database_checks import Watch
from handlers.ui import help as words

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two looks."""


class DatabaseAlarm:
    """Looks at our database, and at the engine's where it is a file of its own.

    The owners are read while all is well: a database that is gone does not tell them any more.
    """

    def __init__(self, store: Store, client: AsyncWebClient) -> None:
        self._store, self._client = store, client
        self._watches = [store.watch]
        self._owners: list[str] = []
        self._told: set[str] = set()
        self._logged = ""

    def look_at(self, other: Watch) -> None:
        """From now on at this one, too."""
        self._watches.append(other)

    def trouble(self) -> list[str]:
        """What is wrong with which, in words; empty when all is well."""
        return [found for one in self._watches if (found := one.trouble())]

    async def look(self) -> None:
        """Called every few seconds."""
        lost = next((found for one in self._watches if one.lost and (found := one.trouble())), "")
        if not lost:
            await self._remember()
            return
        if lost != self._logged:
            log.error("%s: stop the bot, restore the last backup of the database, start again", lost)
            self._logged = lost
        for owner in self._owners:
            if owner not in self._told:
                await self._tell(owner, lost)

    async def _remember(self) -> None:
        try:
            rows = await connections.owners(self._store)
        except (SQLAlchemyError, OSError):
            return  # counted; those who were known stay
        self._owners = rows

    async def _tell(self, owner: str, lost: str) -> None:
        """Said straight away, without the outbox, which is in the database. Tried again at the next look."""
        try:
            await self._client.chat_postMessage(channel=owner, **words.said(words.database_lost(lost)))
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as refused:
            log.warning("%s could not be told about the database: %s", owner, type(refused).__name__)
        else:
            self._told.add(owner)
