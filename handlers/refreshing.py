"""The job that rebuilds what people see of a connection: alerts, results, Home tabs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.engine import Job
from bot.store import connections, told
from bot.store.connections import Connection
from bot.sync.alerts import place
from handlers.access import Access
from handlers.board import Board
from handlers.choosing import Choosing
from handlers.delivery import AppRemoved, ChannelClosed, Later, MessageGone, Post
from handlers.home import Homes
from handlers.people import People
from handlers.services import Services
from handlers.sync import Links, Syncs
from handlers.ui import results
from handlers.ui.blocks import Json

log = logging.getLogger(__name__)

AGAIN = 30
"""Seconds until the next try while Slack is away. All refreshes of a connection in that time are one."""

REMEMBER = timedelta(days=1)
"""A result that could not be told for so long is told no more; the Home tab has it."""


def refresh(
    services: Services, client: AsyncWebClient, *, post: Post | None = None, people: People | None = None
) -> Job:
    """The body of the job `refresh`: `await job(turn, connection_id=…)`."""
    people = people or People(services.clock)
    post = post or Post()
    board = Board(services, client, people, post)
    access = Access(people)
    syncs = Syncs(services, access, Choosing(services, access), Links())
    return Refresh(services, client, post, board, Homes(services, people, syncs)).job


@dataclass(frozen=True, slots=True)
class Refresh:
    """Slack's troubles end here: what cannot be said now is said later, from the store."""

    services: Services
    client: AsyncWebClient
    post: Post
    board: Board
    homes: Homes

    async def job(self, turn: int, *, connection_id: str) -> bool:
        connection = await connections.get_connection(self.services.store, connection_id)
        if connection is None or turn > 0:
            return False
        try:
            changed = await self._alerts(connection)
            await self._results(connection)
            await self.homes.refresh(self.client, connection.workspace_id)
            await self._threads(connection, changed)
        except Later as trouble:
            log.warning("Slack is not to be reached (%s); %s is shown later", trouble, connection.id)
            await self._again(connection)
        except AppRemoved as trouble:
            log.warning("the app is not in workspace %s any more (%s)", connection.workspace_id, trouble)
        return False

    async def _alerts(self, connection: Connection) -> list[int]:
        if not connection.channel:
            return []
        try:
            return await self.board.messages(connection)
        except ChannelClosed as closed:
            await self._say_closed(connection, closed)
            return []

    async def _threads(self, connection: Connection, changed: list[int]) -> None:
        """Last, since a thread takes a second a line; a message deleted meanwhile is posted anew by the next refresh."""
        try:
            await self.board.threads(connection, changed)
        except (ChannelClosed, MessageGone) as gone:
            log.info("a thread of %s takes no reply: %s", connection.id, gone)

    async def _again(self, connection: Connection) -> None:
        now = self.services.clock()
        key = f"later:{connection.id}:{int(now.timestamp()) // AGAIN}"
        await self.services.engine.enqueue(
            "refresh", key, company=connection.company, delay=AGAIN, connection_id=connection.id
        )

    async def _say_closed(self, connection: Connection, closed: ChannelClosed) -> None:
        """To the owner, once a day: the alerts have no place to stand."""
        now, store = self.services.clock(), self.services.store
        log.warning("channel %s of %s: %s", connection.channel, connection.id, closed.error)
        what = f"channel:{connection.channel}:{closed.error}:{now.date()}"
        if connection.owner and await told.once(store, what, now, connection=connection.id):
            words = results.closed_channel(place(connection), connection.channel, closed.why, "spend-intacct")
            await self.post.new(self.client, connection.owner, words)

    async def _results(self, connection: Connection) -> None:
        """What a person asked for is answered once, in their direct messages."""
        store, now = self.services.store, self.services.clock()
        company = await connections.get_company(store, connection.company)
        base = company.base_currency or "USD"
        for run in await told.ended_runs(store, connection.id, now - REMEMBER):
            posted, waiting = await told.posted_by(store, run.id), await told.open_rows(store, connection.id)
            words = results.run_ended(run, place(connection), posted, waiting, base, connection.channel)
            await self._tell(run.actor, words)
            await told.once(store, f"run:{run.key}", now, connection=connection.id)
        settled = await told.settled(store, connection.id, now - REMEMBER)
        for actor in dict.fromkeys(one.actor for one in settled):
            theirs = [one for one in settled if one.actor == actor]
            await self._tell(actor, results.all_settled(theirs, base))
            for one in theirs:
                await told.tell_settled(store, connection.id, one.posting, now)

    async def _tell(self, user: str, words: Json) -> None:
        try:
            await self.post.new(self.client, user, words)
        except ChannelClosed as closed:
            log.info("%s takes no direct message: %s", user, closed.error)
