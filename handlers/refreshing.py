"""The jobs that rebuild what people see: a connection's alerts and results, and the Home tabs of a workspace."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.engine import Job
from bot.store import connections, outbox, told
from bot.store.connections import Connection
from bot.store.outbox import Also, Note
from bot.sync.alerts import place, verdict_of_run
from bot.sync.ending import homes_of, promise_homes
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


def refresh(services: Services, client: AsyncWebClient, sender: Outbox) -> Job:
    """The body of the job `refresh`: `await job(turn, connection_id=…)`."""
    people = People(services.clock)
    return Refresh(services, client, sender, Board(services, client, people, sender)).job


def show_homes(services: Services, client: AsyncWebClient) -> Job:
    """The body of the job `homes`: `await job(turn, workspace=…)`. A tab shows all connections of its workspace."""
    people = People(services.clock)
    access = Access(people)
    homes = Homes(services, access, Syncs(services, access, Choosing(services, access), Links()))

    async def job(turn: int, *, workspace: str) -> bool:
        if turn > 0:
            return False
        try:
            await homes.refresh(client, workspace)
        except Later as trouble:
            log.warning("Slack is not to be reached (%s); Home tabs of %s are shown later", trouble, workspace)
            line = homes_of(workspace)
            await again(services, "homes", workspace, trouble, company=line, workspace=workspace)
        except AppRemoved as trouble:
            log.warning("the app is not in workspace %s any more (%s)", workspace, trouble)
        return False

    return job


async def again(services: Services, job: str, about: str, trouble: Later, *, company: int | str, **ids: str) -> None:
    """Once more, when Slack said or in a while; one that waits already stands for all that end so until it begins.

    Its id is like no other's: one made of the time would be taken for a job that was done before the clock was set
    back, or that woke a moment before the time it was made of.
    """
    delay = float(AGAIN)
    if trouble.until is not None:
        delay = max(0.1, (trouble.until - services.clock()).total_seconds())
    if not await services.engine.waiting(f"{job}:later:{about}:"):
        key = f"later:{about}:{secrets.token_hex(8)}"
        await services.engine.enqueue(job, key, company=company, delay=delay, urgent=False, **ids)


@dataclass(frozen=True, slots=True)
class Refresh:
    """Slack's troubles end here: what cannot be said now is said later, from the store."""

    services: Services
    client: AsyncWebClient
    outbox: Outbox
    board: Board

    async def job(self, turn: int, *, connection_id: str) -> bool:
        connection = await connections.get_connection(self.services.store, connection_id)
        if connection is None or turn > 0:
            return False
        try:
            changed = await self._messages(connection)
            await promise_homes(self.services.engine, connection)
            await self.board.threads(connection, changed)
            await self.outbox.deliver(connection, threads=True)
        except Later as trouble:
            log.warning("Slack is not to be reached (%s); %s is shown later", trouble, connection.id)
            company = connection.company
            await again(self.services, "refresh", connection.id, trouble, company=company, connection_id=connection.id)
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
        for run in await told.ended_runs(store, connection.id, now - told.REMEMBER):
            if await all_on_alert(store, run):
                await told.run_shown(store, run, now)
                continue
            posted, waiting = await told.posted_by(store, run.id), await told.open_rows(store, connection.id)
            verdict, _ = verdict_of_run(run, company)
            words = results.run_ended(run, place(connection), posted, waiting, base, connection.channel, verdict)
            await self._tell(
                connection, f"run:{run.key}", run.actor, words, also=partial(told.tell_run, run=run, now=now)
            )
        for line, text in (await told.corrections(store, connection.id)).items() if connection.owner else ():
            mark = partial(told.tell_correction, connection=connection.id, line=line, now=now)
            words = results.card_corrected(place(connection), text)
            await self._tell(connection, f"corrected:{line}", connection.owner, words, also=mark)
        settled = await told.settled(store, connection.id, now - told.REMEMBER)
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
        until = self.services.clock() + told.REMEMBER
        note = Note(connection.workspace_id, outbox.NOTE, key, user, words, connection.id, until=until)
        await self.outbox.say(note, also=also)
