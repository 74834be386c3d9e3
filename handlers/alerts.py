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
from bot.store import connections, postings
from bot.store.connections import Connection
from bot.sync.alerts import AlertView
from bot.sync.desk import Asked
from bot.walkthrough.conversation import Refused
from handlers import walkthrough
from handlers.access import Access
from handlers.asking import Ask
from handlers.services import Services
from handlers.ui import alert_forms as forms
from handlers.ui import alerts as alert_ui
from handlers.ui import help as ui
from handlers.ui.text import count

Ack = Callable[..., Awaitable[Any]]

LONGEST = timedelta(days=31)
"""The furthest end of a snooze: past the next close nobody remembers."""

OPEN = [PostingState.FAILED, PostingState.HELD, PostingState.UNKNOWN, *postings.CHANGING]


@dataclass(frozen=True, slots=True)
class Alerts:
    services: Services
    access: Access

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
        view = await self._view(ask.value)
        await self.access.need_any(ask.client, await self._connections(view), right, ask.user)
        if view.solved:
            raise Refused("That is solved already; there is nothing left to press.")
        asked = await work(view.alert.id, ask.user)
        await self.refresh(view)
        await ack()
        await self.first(ask, asked, label)

    async def first(self, ask: Ask, asked: Asked, label: str) -> None:
        """A lost click is told to whoever lost it, and to nobody else."""
        if asked.already is None:
            return
        who, since = asked.already
        seconds = max(0, int((self.services.clock() - since).total_seconds()))
        name = (await self.access.people.person(ask.client, who)).name if who else "The schedule"
        await ask.tell(ui.said(f"{name} pressed {label} {count(seconds, 'second')} ago; it is running."))

    async def take(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        view = await self._view(ask.value)
        await self.services.desk.take(view.alert.id, ask.user)
        await self.refresh(view)
        await ack()

    async def answer(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        choice = str(body["actions"][0]["action_id"]).rsplit(".", 1)[-1]
        view = await self.decides(ask, ask.value)
        name = (await self.access.people.person(client, ask.user)).name
        asked = await self.services.desk.answer(view.alert.id, choice, ask.user, name)
        await self.refresh(view)
        await ack()
        await self.first(ask, asked, dict(view.choices).get(choice, "the answer"))

    # --- forms ---

    async def menu(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        what, _, alert = ask.value.partition(":")
        if what == "details":
            view = await self._view(alert)
            await ask.open(forms.details(view, await self._page(view, 0)))
        elif what == "ignore":
            await ask.open(forms.ignore(await self.decides(ask, alert)))
        elif what == "snooze":
            view = await self._view(alert)
            today = self.services.clock().date()
            await ask.open(forms.snooze(view, today + timedelta(days=1)))

    async def records(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        view = await self._view(ask.value)
        await ask.open(forms.records(view, await self._page(view, 0)))

    async def page(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        kind, alert, number = ask.value.split(":")
        view = await self._view(alert)
        draw = forms.records if kind == "records" else forms.details
        await ask.show(draw(view, await self._page(view, int(number))))

    async def ignore(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        view = await self.decides(ask, ask.metadata)
        await ack()  # a long list takes longer than Slack waits
        name = (await self.access.people.person(client, ask.user)).name
        rows = await self.services.desk.ignore(view.alert.id, ask.text("reason"), ask.user, name)
        if not rows:
            await ask.tell(ui.said("Nothing was left to ignore: these transactions have moved on meanwhile."))

    async def snooze(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        view = await self._view(ask.metadata)
        now = self.services.clock()
        until = _morning(ask.text("until"), view.connection.time_zone if view.connection else "UTC")
        if until is None or not now < until <= now + LONGEST:
            await ack(response_action="errors", errors={"until": "Pick a day from tomorrow on, within a month."})
            return
        await self.services.desk.snooze(view.alert.id, until, ask.text("reason"), ask.user)
        await self.refresh(view)
        await self.refresh(view, until)
        await ack()

    # --- asking someone else ---

    async def ask(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        await ask.open(forms.ask(await self._view(ask.value)))

    async def asked(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        view = await self._view(ask.metadata)
        whom = ask.text("person")
        await ack()
        name = (await self.access.people.person(client, ask.user)).name
        await client.chat_postMessage(channel=whom, **forms.asked(view, name, self.services.settings.intacct_sender_id))
        told = (await self.access.people.person(client, whom)).name
        await ask.tell(ui.said(f"{told} has the step in a direct message."))

    async def open_step(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        view = await self._view(ask.value)
        step = alert_ui.hint(view).step
        if step is None:
            raise Refused("No step of the set-up mends this.")
        one = view.connection.id if view.connection else ""
        await walkthrough.mend(self.services, client, ask.workspace, ask.user, view.company.id, step, connection=one)

    # --- shared ---

    async def _view(self, alert: str) -> AlertView:
        view = await self.services.desk.alert_view(int(alert)) if alert.isdigit() else None
        if view is None:
            raise Refused("That alert is not there any more.")
        return view

    async def decides(self, ask: Ask, alert: str) -> AlertView:
        """The alert, if this person may decide about its transactions."""
        view = await self._view(alert)
        if view.connection is None:
            raise Refused("This is not about transactions; there is nothing to decide.")
        await self.access.need(ask.client, view.connection, Right.CORRECT, ask.user)
        rows = await self._rows(view)
        await self.access.not_own_card(ask.client, view.connection, ask.user, (row.email for row in rows))
        return view

    async def _rows(self, view: AlertView) -> list[postings.Posting]:
        if view.connection is None:
            return []
        alert = view.alert
        return await postings.list_postings(
            self.services.store,
            view.connection.id,
            states=OPEN,
            category=alert.category,
            subject=alert.subject,
            limit=20_000,
            largest_first=True,
        )

    async def _page(self, view: AlertView, number: int) -> forms.Page:
        """One page of an alert's transactions, those that its retries posted once it is solved."""
        if view.solved:
            ids = sorted({int(one) for line in view.alert.story for one in line.get("postings") or []})
            rows = await postings.get(self.services.store, ids)
            rows = [row for row in rows if row.state == PostingState.POSTED]
        else:
            rows = await self._rows(view)
        return forms.Page.of(rows, number)

    async def _connections(self, view: AlertView) -> list[Connection]:
        if view.connection is not None:
            return [view.connection]
        return await connections.list_connections(self.services.store, company=view.company.id)

    async def refresh(self, view: AlertView, at: datetime | None = None) -> None:
        """Promise the refresh of an alert's connection, now or at a later instant."""
        now = self.services.clock()
        for one in (await self._connections(view))[:1]:
            key = f"{'at' if at else one.id}:{(at or now).isoformat()}:{view.alert.id}"
            delay = max(0.0, (at - now).total_seconds() + 1) if at else 0.0
            await self.services.engine.enqueue(
                "refresh", key, company=one.company, urgent=True, delay=delay, connection_id=one.id
            )


def _morning(day: str, zone: str) -> datetime | None:
    """Seven in the morning of a day, where the books are."""
    try:
        return datetime.combine(date.fromisoformat(day), time(7), ZoneInfo(zone or "UTC")).astimezone(UTC)
    except ValueError:
        return None
