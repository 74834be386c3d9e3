"""`/intacct rules`: what is remembered, what each rule touched, and the switch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import Right
from bot.store import connections, rules, runs
from bot.store.connections import Connection
from bot.store.rules import Rule
from bot.sync.alerts import place
from bot.sync.rules import conflicts
from bot.walkthrough.conversation import Refused
from handlers.access import Access
from handlers.alerts import Ack
from handlers.asking import Ask
from handlers.choosing import Choosing
from handlers.services import Services
from handlers.ui import help as words
from handlers.ui import rules as ui
from handlers.ui.alert_forms import Page
from handlers.ui.blocks import Json


@dataclass(frozen=True, slots=True)
class Rules:
    services: Services
    access: Access
    choosing: Choosing

    def register(self, app: AsyncApp) -> None:
        app.action(ui.TOUCHED)(self.touched)
        app.action(ui.OFF)(self.off)
        app.action(ui.PAGES)(self.page)

    async def rules(self, ask: Ask, _named: str) -> None:
        """Every rule of the connections that are this person's business."""
        store = self.services.store
        theirs = {one.id: one for one in await self.choosing.theirs(ask.client, ask.workspace, ask.user)}
        found = await rules.of_connections(store, list(theirs))
        times = await rules.times_used(store, [rule.id for rule in found])
        lost = conflicts(found)
        await ask.tell(ui.listed([self._listed(rule, theirs[rule.connection_id], times, lost) for rule in found]))

    def _listed(self, rule: Rule, one: Connection, times: dict[int, int], lost: dict[int, Rule]) -> ui.Listed:
        return ui.Listed(rule, place(one), one.time_zone or "UTC", times.get(rule.id, 0), lost.get(rule.id))

    async def touched(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        await ask.open(await self._touched(ask, ask.value, 0))

    async def page(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        rule, _, number = ask.value.partition(":")
        await ask.show(await self._touched(ask, rule, int(number)))

    async def off(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        rule, connection = await self._rule(ask, ask.value)
        await self.access.need(client, connection, Right.CORRECT, ask.user)
        name = (await self.access.people.person(client, ask.user)).name
        store, now = self.services.store, self.services.clock()
        done = await rules.switch_off(store, rule.id, name, now)
        if done:
            await runs.tell(store, "rule off", rule.name, now, actor=ask.user, connection=connection.id)
        await ack()
        latest = await rules.get(store, rule.id) or rule
        said = ui.switched_off(rule) if done else f"{latest.off_by} switched {rule.name} off already."
        await ask.tell(words.said(said))

    async def _touched(self, ask: Ask, number: str, page: int) -> Json:
        rule, connection = await self._rule(ask, number)
        company = await connections.get_company(self.services.store, connection.company)
        found = await rules.touched(self.services.store, rule.id)
        return ui.touched(rule, Page.of(found, page), company.base_currency or "USD")

    async def _rule(self, ask: Ask, number: str) -> tuple[Rule, Connection]:
        """A rule of a connection that this person may see.

        Raises:
            Refused: there is none, or it is not this person's business.
        """
        rule = await rules.get(self.services.store, int(number)) if number.isdigit() else None
        one = await connections.get_connection(self.services.store, rule.connection_id) if rule else None
        if rule is None or one is None or one.workspace_id != ask.workspace:
            raise Refused("That rule is not there any more. Type `/intacct rules` to see what is.")
        if not await self.access.sees(ask.client, one, ask.user):
            raise Refused(f"The rules of {place(one)} are for the people of its finance channel.")
        return rule, one
