"""The alert's buttons and menu. Each click: commit what was asked, promise the job, acknowledge; the board shows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import PostingState, Right
from bot.store import postings
from bot.sync.alerts import AlertView
from bot.sync.desk import Asked
from bot.typed_values import reason as reason_given
from bot.walkthrough.conversation import Refused
from handlers import walkthrough
from handlers.access import Access
from handlers.alert_guard import AlertGuard
from handlers.asking import Ask
from handlers.services import Services
from handlers.ui import alert_forms as forms
from handlers.ui import alerts as alert_ui
from handlers.ui import help as ui

Ack = Callable[..., Awaitable[Any]]

LONGEST = timedelta(days=31)
"""The furthest end of a snooze: past the next close nobody remembers."""


@dataclass(frozen=True, slots=True)
class Alerts:
    services: Services
    access: Access
    guard: AlertGuard

    def register(self, app: AsyncApp) -> None:
        app.action("alert.retry")(self.retry)
        app.action("alert.check_now")(self.check_now)
        app.action("alert.check_and_resume")(self.check_and_resume)
        app.action("alert.take")(self.take)
        app.action(forms.ANSWERS)(self.answer)
        app.action("alert.menu")(self.menu)
        app.action("alert.records")(self.records)
        app.action("alert.ask")(self.ask)
        app.action("alert.open_step")(self.open_step)
        app.action(forms.PAGES)(self.page)
        app.view("alert.ignore")(self.ignore)
        app.view("alert.snooze")(self.snooze)
        app.view("alert.asked")(self.asked)

    # --- one click ---

    async def retry(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await self._press(ack, Ask.of(body, client), Right.RETRY, self.services.desk.retry, "Retry")

    async def check_now(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await self._press(ack, Ask.of(body, client), Right.RETRY, self.services.desk.check_now, "Check now")

    async def check_and_resume(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        desk = self.services.desk
        await self._press(ack, Ask.of(body, client), Right.RETRY, desk.check_and_resume, "Check and resume")

    async def _press(
        self, ack: Ack, ask: Ask, right: Right, work: Callable[[int, str], Awaitable[Asked]], label: str
    ) -> None:
        view = await self.guard.acts(ask, ask.value, right)
        asked = await work(view.alert.id, ask.user)
        await self.guard.refresh(view)
        await ack()
        await self.guard.first(ask, asked, label, view)

    async def take(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        view = await self.guard.helped(ask, ask.value)
        await self.services.desk.take(view.alert.id, ask.user)
        await self.guard.refresh(view)
        await ack()

    async def answer(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        choice = str(body["actions"][0]["action_id"]).rsplit(".", 1)[-1]
        view = await self.guard.decides(ask, ask.value)
        if choice not in dict(view.choices):
            raise Refused("That is not a question of this alert any more.")
        name = (await self.access.people.person(client, ask.user)).name
        asked = await self.services.desk.answer(view.alert.id, choice, ask.user, name)
        await self.guard.refresh(view)
        await ack()
        await self.guard.first(ask, asked, dict(view.choices).get(choice, "the answer"), view)

    # --- forms ---

    async def menu(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        what, _, alert = ask.value.partition(":")
        if what == "details":
            view = await self.guard.seen(ask, alert)
            await ask.open(forms.details(view, await self._page(view, 0)))
        elif what == "ignore":
            await ask.open(forms.ignore(await self.guard.decides(ask, alert)))
        elif what == "snooze":
            view = await self.guard.helped(ask, alert)
            today = self.services.clock().date()
            await ask.open(forms.snooze(view, today + timedelta(days=1)))

    async def records(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        view = await self.guard.seen(ask, ask.value)
        await ask.open(forms.records(view, await self._page(view, 0)))

    async def page(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        kind, alert, number = ask.value.split(":")
        view = await self.guard.seen(ask, alert)
        draw = forms.records if kind == "records" else forms.details
        await ask.show(draw(view, await self._page(view, int(number))))

    async def ignore(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        view = await self.guard.decides(ask, ask.metadata)
        try:
            reason = reason_given(ask.text("reason"))
        except ValueError as wrong:
            await ack(response_action="errors", errors={"reason": str(wrong)})
            return
        await ack()  # a long list takes longer than Slack waits
        name = (await self.access.people.person(client, ask.user)).name
        rows = await self.services.desk.ignore(view.alert.id, reason, ask.user, name)
        if not rows:
            await ask.tell(ui.said("Nothing was left to ignore: these transactions have moved on meanwhile."))

    async def snooze(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        view = await self.guard.helped(ask, ask.metadata)
        now = self.services.clock()
        until = _morning(ask.text("until"), view.connection.time_zone if view.connection else "UTC")
        if until is None or not now < until <= now + LONGEST:
            await ack(response_action="errors", errors={"until": "Pick a day from tomorrow on, within a month."})
            return
        try:
            reason = reason_given(ask.text("reason"))
        except ValueError as wrong:
            await ack(response_action="errors", errors={"reason": str(wrong)})
            return
        await self.services.desk.snooze(view.alert.id, until, reason, ask.user)
        await self.guard.refresh(view)
        await self.guard.refresh(view, until)
        await ack()

    # --- asking someone else ---

    async def ask(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        await ask.open(forms.ask(await self.guard.helped(ask, ask.value)))

    async def asked(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        view = await self.guard.helped(ask, ask.metadata)
        whom, problem = await self.access.people.to_ask(client, ask.workspace, ask.text("person"))
        if problem:
            await ack(response_action="errors", errors={"person": problem})
            return
        await ack()
        name = (await self.access.people.person(client, ask.user)).name
        step = forms.asked(view, name, self.services.settings.intacct_sender_id)
        await client.chat_postMessage(channel=whom.id, **step)
        await ask.tell(ui.said(f"{whom.name} has the step in a direct message."))

    async def open_step(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        view = await self.guard.may(ask, ask.value, Right.SET_UP)
        step = alert_ui.hint(view).step
        if step is None:
            raise Refused("No step of the set-up mends this.")
        one = view.connection.id if view.connection else ""
        await walkthrough.mend(self.services, client, ask.workspace, ask.user, view.company.id, step, connection=one)
        await ask.tell(ui.said(f"Step {step} of the set-up is open in our direct messages."))

    # --- shared ---

    async def _page(self, view: AlertView, number: int) -> forms.Page:
        """One page of an alert's transactions, those that its retries posted once it is solved."""
        if view.solved:
            ids = sorted({int(one) for line in view.alert.story for one in line.get("postings") or []})
            rows = await postings.get(self.services.store, ids)
            rows = [row for row in rows if row.state == PostingState.POSTED]
        else:
            rows = await self.guard.rows(view)
        return forms.Page.of(rows, number)


def _morning(day: str, zone: str) -> datetime | None:
    """Seven in the morning of a day, where the books are."""
    try:
        return datetime.combine(date.fromisoformat(day), time(7), ZoneInfo(zone or "UTC")).astimezone(UTC)
    except ValueError:
        return None
