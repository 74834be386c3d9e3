"""The job that rebuilds what people see of a connection: alerts, results, Home tabs."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.engine import Job
from bot.store import connections, outbox, told
from bot.store.connections import Connection
from bot.store.outbox import Also, Note
from bot.sync.alerts import place
from bot.sync.outcome import all_on_alert
from handlers.access import Access
from handlers.board import Board
from handlers.choosing import Choosing
from handlers.delivery import AppRemoved, ChannelClosed, Later
from handlers.home import Homes
from handlers.outbox import Outbox
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


def refresh(services: Services, client: AsyncWebClient, sender: Outbox, *, people: People | None = None) -> Job:
    """The body of the job `refresh`: `await job(turn, connection_id=…)`."""
    people = people or People(services.clock)
    board = Board(services, client, people, sender)
    access = Access(people)
    syncs = Syncs(services, access, Choosing(services, access), Links())
    return Refresh(services, client, sender, board, Homes(services, people, syncs)).job


@dataclass(frozen=True, slots=True)
class Refresh:
    """Slack's troubles end here: what cannot be said now is said later, from the store."""

    services: Services
    client: AsyncWebClient
    outbox: Outbox
    board: Board
    homes: Homes

    async def job(self, turn: int, *, connection_id: str) -> bool:
        connection = await connections.get_connection(self.services.store, connection_id)
        if connection is None or turn > 0:
            return False
        try:
            news = await told.any_news(self.services.store, connection, self.services.clock() - REMEMBER)
            changed = await self._messages(connection) if news else []
            await self.homes.refresh(self.client, connection.workspace_id)
            if news:
                await self.board.threads(connection, changed)
                await self.outbox.deliver(connection, threads=True)
        except Later as trouble:
            log.warning("Slack is not to be reached (%s); %s is shown later", trouble, connection.id)
            await self._again(connection, trouble)
        except AppRemoved as trouble:
            log.warning("the app is not in workspace %s any more (%s)", connection.workspace_id, trouble)
        return False

    async def _messages(self, connection: Connection) -> list[int]:
        """All but the threads, whose lines take a second each."""
        changed = await self._alerts(connection)
        await self._results(connection)
        await self.outbox.deliver(connection, threads=False)
        return changed

    async def _alerts(self, connection: Connection) -> list[int]:
        if not connection.channel:
            return []
        try:
            return await self.board.messages(connection)
        except ChannelClosed as closed:
            await self._say_closed(connection, closed)
            return []

    async def _again(self, connection: Connection, trouble: Later) -> None:
        """Once more, when Slack said or in a while; one that waits already stands for all that end so until it begins.

        Its id is like no other's: one made of the time would be taken for a job that was done before the clock was set
        back, or that woke a moment before the time it was made of.
        """
        engine, now, delay = self.services.engine, self.services.clock(), float(AGAIN)
        if trouble.until is not None:
            delay = max(0.1, (trouble.until - now).total_seconds())
        if not await engine.waiting(f"refresh:later:{connection.id}:"):
            key = f"later:{connection.id}:{secrets.token_hex(8)}"
            await engine.enqueue("refresh", key, company=connection.company, delay=delay, connection_id=connection.id)

    async def _say_closed(self, connection: Connection, closed: ChannelClosed) -> None:
        """To the owner, once a day: the alerts have no place to stand."""
        log.warning("channel %s of %s: %s", connection.channel, connection.id, closed.error)
        what = f"channel:{connection.id}:{connection.channel}:{closed.error}:{self.services.clock().date()}"
        if connection.owner:
            words = results.closed_channel(place(connection), connection.channel, closed.why, "spend-intacct")
            await self._tell(connection, what, connection.owner, words)

    async def _results(self, connection: Connection) -> None:
        """What a person asked for is answered once, in their direct messages, unless its alert shows all of it."""
        store, now = self.services.store, self.services.clock()
        company = await connections.get_company(store, connection.company)
        base = company.base_currency or "USD"
        for run in await told.ended_runs(store, connection.id, now - REMEMBER):
            if await all_on_alert(store, run):
                await told.run_shown(store, run, now)
                continue
            posted, waiting = await told.posted_by(store, run.id), await told.open_rows(store, connection.id)
            words = results.run_ended(run, place(connection), posted, waiting, base, connection.channel)
            await self._tell(
                connection, f"run:{run.key}", run.actor, words, also=partial(told.tell_run, run=run, now=now)
            )
        settled = await told.settled(store, connection.id, now - REMEMBER)
        for actor in dict.fromkeys(one.actor for one in settled):
            theirs = [one for one in settled if one.actor == actor]
            found = [one.posting for one in theirs]
            mark = partial(told.tell_settled, connection=connection.id, found=found, now=now)
            await self._tell(
                connection, f"settled:{found[0]}:{actor}", actor, results.all_settled(theirs, base), also=mark
            )

    async def _tell(
        self, connection: Connection, key: str, user: str, words: Json, *, also: Also | None = None
    ) -> None:
        """Owed from here on, under this key."""
        until = self.services.clock() + REMEMBER
        note = Note(connection.workspace_id, outbox.NOTE, key, user, words, connection.id, until=until)
        await self.outbox.say(note, also=also)
