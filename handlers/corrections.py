"""Fixing in place: choose a value or another day for an alert's transactions, and post them again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import Right
from bot.sync import correct
from bot.sync.alerts import AlertView
from bot.sync.correct import Keep
from bot.sync.desk import Asked
from bot.sync.posting_day import OutOfBounds
from bot.walkthrough.conversation import Refused
from handlers.access import Access
from handlers.alert_guard import AlertGuard
from handlers.alerts import Ack
from handlers.asking import Ask
from handlers.services import Services
from handlers.ui import corrections as forms
from handlers.ui.blocks import options_answer
from handlers.value_search import ValueSearch


@dataclass(frozen=True, slots=True)
class Corrections:
    """Its listeners; who may correct is asked for as for any decision about an alert."""

    services: Services
    access: Access
    guard: AlertGuard
    search: ValueSearch

    def register(self, app: AsyncApp) -> None:
        app.action(forms.CHOOSE)(self.choose)
        app.action(forms.MOVE)(self.move)
        app.options(forms.VALUES)(self.values)
        app.view(forms.CHOOSE)(self.chosen)
        app.view(forms.MOVE)(self.moved)

    async def choose(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        view = await self.guard.decides(ask, ask.value)
        dimension = forms.chosen_from(view)
        if dimension is None:
            raise Refused("That is solved already; there is nothing left to choose.")
        await ask.open(forms.choose(view, dimension))

    async def values(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        """The list behind the field, read live for whoever may correct; when Intacct does not answer, it is empty."""
        ask = Ask.of(body, client)
        view = await self.guard.may(ask, ask.metadata, Right.CORRECT)
        dimension = forms.chosen_from(view)
        if dimension is None or view.connection is None:
            await ack(options=[])
            return
        read = partial(correct.values, self.services.desk, view.alert.id)
        found = await self.search.find(view.connection.id, dimension, ask.user, str(body.get("value") or ""), read)
        await ack(options=options_answer(found))

    async def chosen(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        view = await self.guard.decides(ask, ask.metadata)
        use_for, one = ask.text("use_for"), ask.text("one")
        if use_for == forms.ONE and not one:
            await ack(response_action="errors", errors={"one": "Pick the one that it is for."})
            return
        name = (await self.access.people.person(client, ask.user)).name
        asked = await correct.code(
            self.services.desk,
            view.alert.id,
            ask.text("value"),
            ask.user,
            name,
            only=[await self.guard.row(view, one)] if use_for == forms.ONE else (),
            write_back="yes" in ask.many("write_back"),
            keep=Keep.NOT if use_for in {"", forms.ONE} else Keep(use_for),
        )
        if "yes" in ask.many("fallback"):
            await correct.keep_fallback(self.services.desk, view.alert.id, ask.text("value"), ask.user)
        await self._promised(ack, ask, view, asked)

    async def move(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        view = await self.guard.decides(ask, ask.value)
        bounds = await correct.bounds_of(self.services.desk, view.alert.id)
        await ask.open(forms.move(view, bounds.proposed, bounds.today))

    async def moved(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        """A day within the bounds is posted on; one past the first open month is asked for once more, by month and year."""
        ask = Ask.of(body, client)
        alert, agreed = forms.day_agreed(ask.metadata)
        view = await self.guard.decides(ask, alert)
        chosen = agreed or ask.day("day")
        bounds = await correct.bounds_of(self.services.desk, view.alert.id)
        problem = bounds.problem(chosen) if chosen else "Pick a day."
        if chosen is None or problem:
            if agreed:
                raise Refused(problem)
            await ack(response_action="errors", errors={"day": problem})
            return
        month = bounds.month_to_confirm(chosen)
        if month and not agreed:
            await ack(response_action="update", view=forms.sure(view, chosen, bounds, forms.MOVE))
            return
        name = (await self.access.people.person(client, ask.user)).name
        try:
            asked = await correct.redate(self.services.desk, view.alert.id, chosen, ask.user, name, confirmed=month)
        except OutOfBounds as no:
            raise Refused(str(no)) from no
        await self._promised(ack, ask, view, asked)

    async def _promised(self, ack: Ack, ask: Ask, view: AlertView, asked: Asked) -> None:
        await self.guard.refresh(view)
        await ack()
        await self.guard.first(ask, asked, "the button", view)
