"""Posted by hand: a record checked and marked, and taken back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.intacct.errors import IntacctError
from bot.models import Right
from bot.store import connections, postings
from bot.sync import by_hand
from bot.sync.by_hand import Disagrees
from bot.typed_values import reason as reason_given
from bot.walkthrough.conversation import Refused
from handlers.access import Access
from handlers.alert_guard import AlertGuard
from handlers.alerts import Ack
from handlers.asking import Ask
from handlers.services import Services
from handlers.ui import by_hand as ui
from handlers.ui import help as words
from handlers.ui.blocks import Json

PATIENCE = 2.0
"""Seconds for Intacct; Slack waits three for the acknowledgement of a form."""

NO_ANSWER = "Intacct did not answer in time. Nothing was changed; try once more."


def chosen(what: str) -> Callable[[dict[str, Any]], Awaitable[bool]]:
    """Whether this line of an alert's menu was picked."""

    async def matches(body: dict[str, Any]) -> bool:
        option = ((body.get("actions") or [{}])[0].get("selected_option") or {}).get("value") or ""
        return str(option).startswith(f"{what}:")

    return matches


@dataclass(frozen=True, slots=True)
class ByHand:
    services: Services
    access: Access
    guard: AlertGuard

    def register(self, app: AsyncApp) -> None:
        app.action("alert.menu", matchers=[chosen("hand")])(self.open)
        app.view(ui.FORM)(self.mark)
        app.action(ui.TAKE_BACK)(self.take_back)

    async def open(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        await ask.open(ui.form(await self.guard.decides(ask, ask.value.partition(":")[2])))

    async def mark(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Answered in the acknowledgement itself: a change of the form after it could overtake it."""
        ask = Ask.of(body, client)
        view = await self.guard.decides(ask, ask.metadata)
        one, record = ask.text("one"), ask.text("record")
        posting = await self.guard.row(view, one)
        try:
            reason = reason_given(ask.text("reason"))
        except ValueError as wrong:
            await ack(response_action="errors", errors={"reason": str(wrong)})
            return
        if not re.fullmatch(r"[0-9]{1,12}", record):
            await ack(response_action="errors", errors={"record": "A record number has digits only, like 10390."})
            return
        try:
            async with asyncio.timeout(PATIENCE):
                found = await by_hand.check(self.services.desk, posting, record)
                name = (await self.access.people.person(client, ask.user)).name
            await by_hand.mark(self.services.desk, view.alert.id, posting, found, reason, ask.user, name)
        except Disagrees as no:
            again = ui.form(view, one=one, record=record, reason=reason, problem=str(no))
            await ack(response_action="update", view=again)
            return
        except (IntacctError, TimeoutError):
            again = ui.form(view, one=one, record=record, reason=reason, problem=NO_ANSWER)
            await ack(response_action="update", view=again)
            return
        await ack()
        await ask.tell(await self._marked(posting, view.company.base_currency or "USD"))

    async def _marked(self, posting: int, base: str) -> Json:
        [row] = await postings.get(self.services.store, [posting])
        return ui.marked(row, base)

    async def take_back(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Also for what was left out: both are a person's decision about a transaction that stays out of the sync."""
        await ack()
        ask = Ask.of(body, client)
        store = self.services.store
        row = next(iter(await postings.get(store, [int(ask.value)])), None) if ask.value.isdecimal() else None
        connection = await connections.in_workspace(store, ask.workspace, row.connection_id) if row else None
        if row is None or connection is None:
            raise Refused("That transaction is not there any more.")
        await self.access.need(client, connection, Right.CORRECT, ask.user)
        await self.access.not_own_card(client, connection, ask.user, [row.email])
        try:
            said = await by_hand.take_back(self.services.desk, row.id, ask.user)
        except Disagrees as no:
            raise Refused(str(no)) from no
        except IntacctError as lost:
            raise Refused("Intacct did not answer, and nothing was changed. Try once more.") from lost
        await ask.tell(words.said(said))
