"""Creating a vendor or setting one to active: asked for from an alert's menu, agreed to by a second person in its thread."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.intacct.errors import IntacctError
from bot.models import Right
from bot.store import connections, outbox
from bot.store import vendors as requests
from bot.store.connections import Connection
from bot.store.outbox import Note
from bot.store.vendors import ASKED, Person, Request
from bot.sync import vendors
from bot.sync.alerts import AlertView
from bot.sync.vendors import OLD_AFTER, Plan, Stays
from bot.walkthrough.conversation import Refused
from handlers.access import Access
from handlers.alert_guard import AlertGuard
from handlers.alerts import Ack
from handlers.asking import Ask
from handlers.by_hand import NO_ANSWER, PATIENCE, chosen
from handlers.services import Services
from handlers.ui import help as words
from handlers.ui import vendors as ui
from handlers.ui.text import count

LOOK = 20.0
"""Seconds for Intacct while the form says that it is asked."""


@dataclass(frozen=True, slots=True)
class Vendors:
    services: Services
    access: Access
    guard: AlertGuard

    def register(self, app: AsyncApp) -> None:
        app.action("alert.menu", matchers=[chosen(ui.MENU)])(self.open)
        app.view(ui.FORM)(self.ask)
        app.action(ui.AGREE)(self.agree)
        app.action(ui.DECLINE)(self.decline)

    # --- asking ---

    async def open(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        """The form opens at once, since Slack waits no longer than it takes to ask Intacct; then it says what it found."""
        await ack()
        ask = Ask.of(body, client)
        view = await self.guard.decides(ask, ask.value.partition(":")[2])
        opened = await client.views_open(trigger_id=ask.trigger, view=ui.looking(self._named(view)))
        try:
            async with asyncio.timeout(LOOK):
                shown = ui.form(view, await vendors.plan(self.services.desk, view.alert.id))
        except Stays as no:
            shown = words.told(str(no), "Vendor")
        except (IntacctError, TimeoutError):
            shown = words.told("Intacct did not answer. Nothing was changed; try once more.", "Vendor")
        await replace(ask, view_id=str(opened["view"]["id"])).show(shown)

    def _named(self, view: AlertView) -> str:
        if view.connection is not None and not view.connection.option(vendors.ALLOWED):
            raise Refused(
                "Creating vendors and setting them to active is switched off. Whoever set this connection up can allow it "
                "in `/intacct settings`."
            )
        named = vendors.named_by(view)
        if not named:
            raise Refused("No vendor stands in the way of these transactions any more.")
        return named

    async def ask(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Answered in the acknowledgement itself. What is asked for is what the form showed, and nothing else."""
        ask = Ask.of(body, client)
        alert, _, shown = ask.metadata.partition(":")
        view = await self.guard.decides(ask, alert)
        self._named(view)
        typed = Plan(ask.text("vendor_id"), " ".join(ask.text("name").split()))
        try:
            async with asyncio.timeout(PATIENCE):
                plan = typed if shown == "create" else await vendors.plan(self.services.desk, view.alert.id)
                if ui.agreed_on(plan) != shown:
                    again = ui.form(view, plan, "Intacct shows something else by now. This is what would be written.")
                    await ack(response_action="update", view=again)
                    return
                name = (await self.access.people.person(client, ask.user)).name
                await vendors.ask(self.services.desk, view.alert.id, plan, ask.user, name)
        except Stays as no:
            if no.part:
                await ack(response_action="errors", errors={no.part: str(no)})
            else:
                await ack(response_action="update", view=words.told(str(no), "Vendor"))
            return
        except (IntacctError, TimeoutError):
            again = ui.form(view, typed, NO_ANSWER) if shown == "create" else words.told(NO_ANSWER, "Vendor")
            await ack(response_action="update", view=again)
            return
        await ack()
        await self.guard.refresh(view)

    # --- the second person ---

    async def agree(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        request, connection = await self._request(ask)
        second = await self._person(ask)
        try:
            counted = await vendors.agree(self.services.desk, request, second, _where(body))
        except Stays as no:
            raise Refused(str(no)) from no
        await self._pressed(ack, ask, connection, counted=counted)

    async def decline(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        request, connection = await self._request(ask)
        second = await self._person(ask)
        counted = await vendors.decline(self.services.desk, request, second, _where(body))
        if counted and second.user != request.first.user:
            said = f"{second.name} declined: vendor {request.vendor} {request.name} stays as it is in Intacct."
            key, until = f"vendor:{request.id}", self.services.clock() + OLD_AFTER
            note = Note(
                request.workspace_id, outbox.NOTE, key, request.first.user, words.said(said), connection.id, until=until
            )
            await outbox.put(self.services.store, note, self.services.clock())
        await self._pressed(ack, ask, connection, counted=counted)

    async def _request(self, ask: Ask) -> tuple[Request, Connection]:
        """The request of a button, if this person may post transactions again.

        Raises:
            Refused: it is gone, or not for this person.
        """
        request = await requests.get(self.services.store, ask.value)
        store = self.services.store
        found = await connections.in_workspace(store, ask.workspace, request.connection) if request else None
        if request is None or found is None:
            raise Refused("That request is not there any more.")
        await self.access.need(ask.client, found, Right.RETRY, ask.user)
        return request, found

    async def _person(self, ask: Ask) -> Person:
        name = (await self.access.people.person(ask.client, ask.user)).name
        return Person(ask.user, name, self.services.clock().isoformat())

    async def _pressed(self, ack: Ack, ask: Ask, connection: Connection, *, counted: bool) -> None:
        """What a press came to: shown on the message, and told to whoever was not the first."""
        now = self.services.clock()
        key = f"{connection.id}:vendor:{ask.value}:{now.isoformat()}"
        await self.services.engine.enqueue(
            "refresh", key, company=connection.company, urgent=True, connection_id=connection.id
        )
        await ack()
        request = await requests.get(self.services.store, ask.value)
        if request is None or request.kind == ASKED:
            return
        if request.stage in ui.NOTHING:
            await ask.tell(words.said(f"Nothing was written: {ui.NOTHING[request.stage]}"))
        elif not counted and request.second is not None:
            ago = count(max(0, int((now - request.second.when).total_seconds())), "second")
            what = "declined this" if request.stage == vendors.DECLINED else "agreed to this"
            await ask.tell(words.said(f"{request.second.name} {what} already, {ago} ago."))


def _where(body: dict[str, Any]) -> tuple[str, str]:
    """Channel and ts of the message whose button was pressed."""
    container = body.get("container") or {}
    return str(container.get("channel_id") or ""), str(container.get("message_ts") or "")
