"""A posting whose transaction changed: reversed and posted again, or kept. Whoever may correct decides, and is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sync import undo
from bot.sync.posting_day import OutOfBounds
from bot.sync.undo import CannotBe, Plan
from bot.walkthrough.conversation import Refused
from handlers.access import Access
from handlers.alert_guard import AlertGuard
from handlers.alerts import Ack
from handlers.asking import Ask
from handlers.services import Services
from handlers.ui import undo as ui
from handlers.ui.corrections import day_agreed, sure


@dataclass(frozen=True, slots=True)
class Undo:
    services: Services
    access: Access
    guard: AlertGuard

    def register(self, app: AsyncApp) -> None:
        app.action(ui.REVERSE)(self.open)
        app.action(ui.KEEP)(self.keep)
        app.view(ui.REVERSE)(self.reverse)

    async def open(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        view = await self.guard.decides(ask, ask.value)
        plan = await self._plan(view.alert.id)
        await ask.open(ui.reverse(view, plan, plan.bounds.today))

    async def keep(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        await ask.open(ui.keep(await self.guard.decides(ask, ask.value)))

    async def reverse(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        alert, agreed = day_agreed(ask.metadata)
        view = await self.guard.decides(ask, alert)
        plan, chosen = await self._plan(view.alert.id), agreed or ask.day("day")
        problem = plan.bounds.problem(chosen) if chosen else "Pick a day."
        if chosen is None or problem:
            if agreed:
                raise Refused(problem)
            await ack(response_action="errors", errors={"day": problem})
            return
        month = plan.bounds.month_to_confirm(chosen)
        if month and not agreed:
            await ack(response_action="update", view=sure(view, chosen, plan.bounds, ui.REVERSE))
            return
        name = (await self.access.people.person(client, ask.user)).name
        try:
            asked = await undo.reverse(self.services.desk, view.alert.id, chosen, ask.user, name, confirmed=month)
        except (CannotBe, OutOfBounds) as no:
            raise Refused(str(no)) from no
        await self.guard.refresh(view)
        await ack()
        await self.guard.first(ask, asked, "the button", view)

    async def _plan(self, alert_id: int) -> Plan:
        try:
            return await undo.plan(self.services.desk, alert_id)
        except CannotBe as no:
            raise Refused(str(no)) from no
