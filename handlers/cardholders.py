"""Ask the cardholders: each gets their own transactions of an alert in a direct message, once a day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import Right
from bot.slack_errors import said as slack_said
from bot.store import alerts, outbox
from bot.store.outbox import Note
from bot.store.postings import Posting
from bot.sync.alerts import AlertView
from bot.walkthrough.conversation import Refused
from handlers.access import Access
from handlers.alert_guard import AlertGuard
from handlers.alerts import Ack
from handlers.asking import Ask
from handlers.by_hand import chosen
from handlers.services import Services
from handlers.ui import cardholders as ui
from handlers.ui import help as words
from handlers.ui.corrections import missing

NEWS = timedelta(days=1)
"""A question that could not be asked for so long is asked no more; the alert still stands."""


@dataclass(frozen=True, slots=True)
class Cardholders:
    services: Services
    access: Access
    guard: AlertGuard

    def register(self, app: AsyncApp) -> None:
        app.action("alert.menu", matchers=[chosen("people")])(self.open)
        app.view(ui.FORM)(self.ask)

    async def open(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        view, theirs = await self._theirs(ask, ask.value.partition(":")[2])
        names = [rows[0].cardholder or email for email, rows in theirs.items()]
        await ask.open(ui.ask(view, names, sum(len(rows) for rows in theirs.values())))

    async def ask(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        view, theirs = await self._theirs(ask, ask.metadata)
        await ack()  # looking people up takes longer than Slack waits
        name = (await self.access.people.person(client, ask.user)).name
        reached: dict[str, list[str]] = {"asked": [], "again": [], "unknown": []}
        rows = 0
        for email, own in theirs.items():
            became = await self._one(client, view, name, email, own)
            reached[became].append(own[0].cardholder or email)
            rows += len(own) if became == "asked" else 0
        if reached["asked"]:
            line = {"actor": ask.user, "did": "ask", "people": len(reached["asked"]), "rows": rows, "postings": []}
            now = self.services.clock().isoformat()
            await alerts.add_line(self.services.store, view.alert.id, {**line, "at": now})
            await self.guard.refresh(view)
        await ask.tell(words.said(ui.told(reached["asked"], reached["again"], reached["unknown"])))

    async def _one(self, client: AsyncWebClient, view: AlertView, by: str, email: str, rows: list[Posting]) -> str:
        """Whether this cardholder was asked, was asked today already, or is not to be found."""
        try:
            user = str((await client.users_lookupByEmail(email=email))["user"]["id"])
        except SlackApiError as refused:
            if slack_said(refused) not in {"users_not_found", "missing_scope"}:
                raise
            return "unknown"
        now = self.services.clock()
        key = f"asked:{view.alert.id}:{now.date().isoformat()}:{user}"
        question = ui.asked(view, by, rows, now.date())
        note = Note(
            view.alert.workspace_id, outbox.NOTE, key, user, question, view.alert.connection_id, until=now + NEWS
        )
        return "asked" if await outbox.put(self.services.store, note, now) else "again"

    async def _theirs(self, ask: Ask, alert: str) -> tuple[AlertView, dict[str, list[Posting]]]:
        """The alert and its open rows by the cardholder's e-mail.

        Raises:
            Refused: not for this person, or nothing that cardholders could add.
        """
        view = await self.guard.acts(ask, alert, Right.RETRY)
        if view.connection is None or not missing(view):
            raise Refused("There is nothing left to ask the cardholders for.")
        rows = await self.guard.rows(view)
        theirs: defaultdict[str, list[Posting]] = defaultdict(list)
        for row in rows:
            if row.email:
                theirs[row.email.strip().lower()].append(row)
        if not theirs:
            raise Refused("Spend Center names no e-mail address for these cardholders.")
        return view, dict(theirs)
