"""Status, sync and errors: what a person asks of the sync by command, or by a button of the Home tab."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import ConnectionState, Right
from bot.slack_errors import said as slack_said
from bot.store.connections import Connection
from bot.sync.alerts import AlertView, place
from bot.sync.overlap import Taken
from bot.walkthrough.conversation import Refused
from handlers.access import Access
from handlers.asking import Ask
from handlers.choosing import Choosing
from handlers.services import Services
from handlers.ui import help as words
from handlers.ui import status as ui
from handlers.ui.text import ago

log = logging.getLogger(__name__)
Ack = Callable[..., Awaitable[Any]]

LINKS = 2000


@dataclass(slots=True)
class Links:
    """Links to messages, asked of Slack once each."""

    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    async def to(self, client: AsyncWebClient, channel: str, ts: str) -> str:
        """The address of a message, or nothing when there is none."""
        if not ts:
            return ""
        if (channel, ts) not in self._known:
            try:
                found = await client.chat_getPermalink(channel=channel, message_ts=ts)
            except SlackApiError as refused:
                log.info("chat.getPermalink of %s: %s", channel, slack_said(refused))
                return ""
            if len(self._known) >= LINKS:
                self._known.clear()
            self._known[channel, ts] = str(found["permalink"])
        return self._known[channel, ts]


@dataclass(frozen=True, slots=True)
class Syncs:
    services: Services
    access: Access
    choosing: Choosing
    links: Links

    def register(self, app: AsyncApp) -> None:
        app.action("sync.now")(self.pressed)

    async def pressed(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        said = await self.start(ask, await self.choosing.pressed(ask))
        await ack()
        await ask.tell(words.said(said))

    # --- commands ---

    async def sync(self, ask: Ask, named: str) -> None:
        one = await self.choosing.named(ask, named, "sync.now", "Which one shall I sync?")
        if one is not None:
            await ask.tell(words.said(await self.start(ask, one)))

    async def status(self, ask: Ask, _named: str) -> None:
        theirs = await self.theirs(ask)
        if not theirs and (said := await self.choosing.whom_to_ask(ask)):
            await ask.tell(words.said(said))
            return
        await ask.tell(ui.status(await self.services.desk.overview(theirs)))

    async def errors(self, ask: Ask, _named: str) -> None:
        await ask.tell(ui.open_alerts(await self.open_alerts(ask.client, await self.theirs(ask))))

    # --- what they do ---

    async def start(self, ask: Ask, one: Connection) -> str:
        """Ask for a run. Returns the sentence about it.

        Raises:
            Refused: not ready, paused, or not for this person.
        """
        desk, name = self.services.desk, place(one)
        await self.access.need(ask.client, one, Right.SET_UP if one.activated is None else Right.RETRY, ask.user)
        if not one.start_date or not one.card:
            raise Refused(f"{name} is still being set up. Type `/intacct setup` to go on.")
        if one.activated is not None and one.state == ConnectionState.PAUSED:
            raise Refused(f"{name} is paused. Type `/intacct resume` first.")
        if one.activated is not None and one.state == ConnectionState.BROKEN:
            raise Refused(f"{name} waits until this app is let in again. Press *Check and resume* in its alert.")
        try:
            asked = await (desk.start if one.activated is None else desk.request_sync)(one.id, ask.user)
        except Taken as no:
            raise Refused(str(no)) from no
        if asked.already is None:
            return f"Syncing {name}. You get the result in a direct message."
        who, since = asked.already
        starter = (await self.access.people.person(ask.client, who)).name if who else "The schedule"
        return words.already(starter, f"started a sync of {name}", ago(self.services.clock() - since), asked.stands)

    async def theirs(self, ask: Ask) -> list[Connection]:
        """What this person may see of their workspace."""
        return await self.choosing.theirs(ask.client, ask.workspace, ask.user)

    async def open_alerts(self, client: AsyncWebClient, of: Sequence[Connection]) -> list[tuple[AlertView, str]]:
        """Each open alert of these connections once, the largest first, with the link to its message."""
        found = await self.services.desk.open_alerts(of)
        found.sort(key=lambda view: (-abs(view.total), view.alert.id))
        return [(view, await self.links.to(client, view.alert.channel, view.alert.ts)) for view in found]
