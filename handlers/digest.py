"""The daily digest: once a day in each finance channel, a while after the day's first sync, and none without news."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import ConnectionState
from bot.schedules import next_due
from bot.store import connections, digest, outbox
from bot.store.connections import Connection
from bot.store.outbox import Note
from handlers.delivery import AppRemoved, Later
from handlers.outbox import Outbox
from handlers.services import Services
from handlers.sync import Syncs
from handlers.ui import digest as ui
from handlers.ui.blocks import Json

log = logging.getLogger(__name__)

AFTER = timedelta(minutes=15)
"""From the day's first sync to the digest: what it brings is known by then."""

PAUSE = timedelta(minutes=1)
AGAIN = 300
"""Seconds until what Slack did not take is tried once more."""

DAY = timedelta(days=1)


@dataclass(slots=True)
class Digests:
    """Promised by the engine's sweep, told by a job of its own."""

    services: Services
    client: AsyncWebClient
    outbox: Outbox
    syncs: Syncs
    _asked: datetime | None = field(default=None)

    async def promise(self) -> None:
        """Promises the digests that are due; asked every few seconds, it answers every minute."""
        now = self.services.clock()
        if self._asked is not None and timedelta() <= now - self._asked < PAUSE:
            return
        self._asked = now
        async for one in connections.each_connection(self.services.store):
            if one.channel and self.due(one, now):
                await self.services.engine.enqueue(
                    "digest", _key(one, now), company=one.company, connection_id=one.id, day=_today(one, now)
                )

    def due(self, one: Connection, now: datetime) -> bool:
        """Whether today's first scheduled sync was a while ago; one set up since then has its first digest tomorrow."""
        zone = ZoneInfo(one.time_zone or "UTC")
        midnight = datetime.combine(now.astimezone(zone).date(), time(), zone)
        first = next_due(one, midnight)
        if first is None or one.activated is None or first.astimezone(zone).date() != midnight.date():
            return False
        return one.activated <= first and first + AFTER <= now

    async def job(self, turn: int, *, connection_id: str, day: str, again: int = 0) -> bool:
        """Tell the channel of this connection about its day; the first of its connections that is due speaks for all."""
        one = await connections.get_connection(self.services.store, connection_id)
        if one is None or one.removed or not one.channel or turn > 0 or one.state == ConnectionState.PAUSED:
            return False
        now = self.services.clock()
        if day != _today(one, now):
            return False  # yesterday's news
        store = self.services.store
        everyone = await connections.list_connections(store, one.workspace_id)
        mine = [other for other in everyone if other.channel == one.channel]
        figures = await digest.figures(store, [other.id for other in mine], now - DAY)
        company = await connections.get_company(store, one.company)
        today = now.astimezone(ZoneInfo(one.time_zone or "UTC")).date()
        try:
            alerts = await self.syncs.open_alerts(self.client, mine)
        except (Later, aiohttp.ClientError, TimeoutError, OSError) as trouble:
            log.warning("Slack is not to be reached (%s); the digest of %s comes later", type(trouble).__name__, one.id)
            key = f"{one.id}:{day}:{again + 1}"
            await self.services.engine.enqueue(
                "digest", key, company=one.company, delay=AGAIN, connection_id=one.id, day=day, again=again + 1
            )
            return False
        if figures.nothing and not alerts:
            return False
        words = ui.digest(figures, alerts, now, today, company.base_currency or "USD", one.owner)
        await self._tell(one, day, words)
        return False

    async def _tell(self, one: Connection, day: str, words: Json) -> None:
        """Once for each channel and day, and not on the next."""
        zone = ZoneInfo(one.time_zone or "UTC")
        until = datetime.combine(date.fromisoformat(day), time(), zone) + DAY
        key = f"digest:{one.workspace_id}:{one.channel}:{day}"
        await self.outbox.say(Note(one.workspace_id, outbox.NOTE, key, one.channel, words, one.id, until=until))
        try:
            await self.outbox.deliver(one, threads=False)
        except (Later, AppRemoved) as trouble:
            log.warning("the digest of %s comes later: %s", one.id, trouble)


def _today(one: Connection, now: datetime) -> str:
    return now.astimezone(ZoneInfo(one.time_zone or "UTC")).date().isoformat()


def _key(one: Connection, now: datetime) -> str:
    return f"{one.id}:{_today(one, now)}"
