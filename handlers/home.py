"""The Home tab: published when someone opens it, and again for whoever opened it lately when something changed."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack_errors import said
from bot.store import told
from handlers import walkthrough
from handlers.access import Access
from handlers.asking import Ask, workspace_of
from handlers.delivery import sort_out
from handlers.services import Services
from handlers.sync import Ack, Syncs
from handlers.ui import home as ui
from handlers.ui.status import MOST

log = logging.getLogger(__name__)

LATELY = timedelta(days=14)


@dataclass(slots=True)
class Homes:
    """Draws Home tabs from the store; what each person was shown last is remembered, so that an equal one is not sent."""

    services: Services
    access: Access
    syncs: Syncs
    _shown: dict[tuple[str, str], str] = field(default_factory=dict)

    def register(self, app: AsyncApp) -> None:
        app.event("app_home_opened")(self.opened)
        app.action("home.connect")(self.connect)

    async def opened(self, event: dict[str, Any], body: dict[str, Any], client: AsyncWebClient) -> None:
        if event.get("tab") != "home":
            return
        workspace, user = workspace_of(body), str(event["user"])
        await told.home_opened(self.services.store, workspace, user, self.services.clock())
        self._shown.pop((workspace, user), None)
        await self.publish(client, workspace, user)

    async def connect(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        await self.access.may_set_up(client, ask.workspace, ask.user)
        await walkthrough.start(self.services, client, ask.workspace, ask.user)

    async def refresh(self, client: AsyncWebClient, workspace: str) -> None:
        """For everyone who opened it lately.

        Raises:
            Later: Slack is away.
        """
        since = self.services.clock() - LATELY
        for user in await told.home_readers(self.services.store, workspace, since):
            try:
                await self.publish(client, workspace, user)
            except SlackApiError as refused:
                trouble = sort_out(refused)
                if trouble is not refused:
                    raise trouble from refused
                log.warning("views.publish for %s: %s", user, said(refused))

    async def publish(self, client: AsyncWebClient, workspace: str, user: str) -> None:
        ask = Ask(user=user, workspace=workspace, value="", client=client)
        theirs = await self.syncs.theirs(ask)
        glances = await self.services.desk.overview(theirs[:MOST])
        ask_whom = "" if theirs else await self.syncs.choosing.whom_to_ask(ask)
        view = ui.home(glances, await self.syncs.open_alerts(client, theirs), ask_whom)
        digest = hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()
        if self._shown.get((workspace, user)) != digest:
            await client.views_publish(user_id=user, view=view)
            self._shown[workspace, user] = digest
