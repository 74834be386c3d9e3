"""Pause, resume, settings and disconnect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import ConnectionState, Dimension, Right
from bot.schedules import cron
from bot.store import connections, runs, told
from bot.store.connections import Company, Connection
from bot.sync import correct
from bot.sync.alerts import place
from bot.sync.late import OPTION as LATE
from bot.sync.vendors import ALLOWED
from bot.typed_values import daily, limit, requests_at_once, time_zone
from bot.walkthrough.conversation import Refused
from bot.walkthrough.draft import understood
from handlers.access import Access
from handlers.asking import Ask
from handlers.choosing import Choosing
from handlers.services import Services
from handlers.ui import help as words
from handlers.ui import settings as ui
from handlers.ui.blocks import options_answer
from handlers.ui.settings import Typed
from handlers.value_search import ValueSearch
from handlers.walkthrough.finishing import look_at_channel

Ack = Callable[..., Awaitable[Any]]
T = TypeVar("T")

PATIENCE = 2.0
"""Seconds for a form's check; Slack waits three for the acknowledgement."""


@dataclass(frozen=True, slots=True)
class Connections:
    services: Services
    access: Access
    choosing: Choosing
    search: ValueSearch

    def register(self, app: AsyncApp) -> None:
        app.action("connection.pause")(self.pause_pressed)
        app.action("connection.resume")(self.resume_pressed)
        app.action("connection.settings")(self.settings_pressed)
        app.action("connection.disconnect")(self.disconnect_pressed)
        app.options(ui.VENDORS)(self.vendors)
        app.view("connection.settings")(self.save)
        app.view("connection.end")(self.end)

    # --- pause and resume ---

    async def pause(self, ask: Ask, named: str) -> None:
        one = await self.choosing.named(ask, named, "connection.pause", "Which one shall I pause?")
        if one is not None:
            await ask.tell(words.said(await self._pause(ask, one)))

    async def pause_pressed(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        said = await self._pause(ask, await self.choosing.pressed(ask))
        await ack()
        await ask.tell(words.said(said))

    async def _pause(self, ask: Ask, one: Connection) -> str:
        await self.access.need(ask.client, one, Right.SET_UP, ask.user)
        if one.state == ConnectionState.PAUSED:
            return f"{place(one)} is paused already."
        await self.services.desk.pause(one.id, ask.user)
        return f"{place(one)} is paused: nothing is posted until someone resumes it. What was posted stands."

    async def resume(self, ask: Ask, named: str) -> None:
        one = await self.choosing.named(ask, named, "connection.resume", "Which one shall I resume?")
        if one is not None:
            await ask.tell(words.said(await self._resume(ask, one)))

    async def resume_pressed(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        said = await self._resume(ask, await self.choosing.pressed(ask))
        await ack()
        await ask.tell(words.said(said))

    async def _resume(self, ask: Ask, one: Connection) -> str:
        await self.access.need(ask.client, one, Right.SET_UP, ask.user)
        if one.state == ConnectionState.ACTIVE:
            return f"{place(one)} is not paused."
        changed = await self.services.desk.resume(one.id, ask.user)
        if changed.state == ConnectionState.BROKEN:
            return f"{place(one)} is resumed, and waits until Intacct lets this app in again: see its alert."
        return f"{place(one)} is resumed; what waited goes with the next sync."

    # --- settings ---

    async def settings(self, ask: Ask, named: str) -> None:
        one = await self.choosing.named(ask, named, "connection.settings", "Whose settings?")
        if one is not None:
            await self._open_settings(ask, one)

    async def settings_pressed(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        await self._open_settings(ask, await self.choosing.pressed(ask))

    async def _open_settings(self, ask: Ask, one: Connection) -> None:
        await self.access.need(ask.client, one, Right.SET_UP, ask.user)
        await ask.open(ui.settings(one, ui.as_it_is(one, await self._company(one))))

    async def vendors(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Read live; when Intacct does not answer, only none is offered."""
        ask = Ask.of(body, client)
        one = await self.choosing.pressed(ask)
        await self.access.need(client, one, Right.SET_UP, ask.user)
        read = partial(correct.listed, self.services.desk, one, Dimension.VENDOR)
        found = await self.search.find(one.id, Dimension.VENDOR, ask.user, str(body.get("value") or ""), read)
        await ack(options=options_answer([("None", ui.NO_VENDOR), *found]))

    async def save(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Answered in the acknowledgement itself: a change of the form after it could overtake it."""
        ask = Ask.of(body, client)
        one = await self.choosing.pressed(ask)
        await self.access.need(client, one, Right.SET_UP, ask.user)
        now = _typed(ask)
        try:
            async with asyncio.timeout(PATIENCE):
                view = await self._saved(ask, one, now)
        except Refused as refused:
            view = ui.settings(one, now, error=str(refused))
        except TimeoutError:
            view = ui.settings(one, now, error="Slack did not say in time what channel that is. Save once more.")
        await ack(response_action="update", view=view)

    async def _saved(self, ask: Ask, one: Connection, now: Typed) -> dict[str, Any]:
        """Check what was typed and keep it. Returns what the form shows next.

        Raises:
            Refused: something of it cannot be.
        """
        values, at_once = wanted(one, now)
        if await self._look(ask, one, now) and "yes" not in ask.many("public"):
            return ui.settings(one, now, error=ui.PUBLIC, ask_public=True)
        changed = await connections.change_connection(self.services.store, one.id, **values)
        await connections.change_company(self.services.store, one.company, requests_at_once=at_once)
        await self._switched(one, changed, ask.user)
        await self._refresh(changed)
        return words.told(f"Saved. {_what_follows(one, changed)}", "Settings")

    async def _switched(self, before: Connection, after: Connection, user: str) -> None:
        """Who let something be done without being asked each time, and who ended that, is in the audit trail."""
        for option, what, event in (
            (ALLOWED, "Creating vendors and setting them to active", "vendors"),
            (LATE, "Posting late transactions on the first open day", "late"),
        ):
            allowed = bool(after.option(option))
            if bool(before.option(option)) == allowed:
                continue
            said, now = f"{what} is {'allowed' if allowed else 'switched off'}.", self.services.clock()
            await runs.tell(self.services.store, event, said, now, actor=user, connection=after.id)

    async def _look(self, ask: Ask, one: Connection, now: Typed) -> bool:
        """Whether a newly picked channel is public.

        Raises:
            Refused: it is shared with another company, or the app is not in it.
        """
        channel = now.texts["channel"]
        if channel == one.channel:
            return False
        name, problem, public = await look_at_channel(ask.client, channel)
        if problem:
            where = f"#{name}" if name else "that channel"
            raise Refused(f"I am not in {where}. Type /invite @spend-intacct there, then save once more.")
        return public

    # --- the end ---

    async def disconnect(self, ask: Ask, named: str) -> None:
        one = await self.choosing.named(ask, named, "connection.disconnect", "Which one shall I disconnect?")
        if one is not None:
            await ask.open(await self._farewell(ask, one))

    async def disconnect_pressed(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        view = await self._farewell(ask, await self.choosing.pressed(ask))
        if ask.view_id and (body.get("view") or {}).get("type") == "modal":
            await client.views_push(trigger_id=ask.trigger, view=view)
        else:
            await ask.open(view)

    async def _farewell(self, ask: Ask, one: Connection) -> dict[str, Any]:
        await self.access.need(ask.client, one, Right.SET_UP, ask.user)
        siblings = await connections.list_connections(self.services.store, company=one.company)
        waiting = sum((await told.open_rows(self.services.store, one.id)).values())
        return ui.disconnect(one, await self._company(one), last=len(siblings) == 1, waiting=waiting)

    async def end(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        one = await self.choosing.pressed(ask)
        await self.access.need(client, one, Right.SET_UP, ask.user)
        await ack(
            response_action="clear"
        )  # Intacct is asked about what is in doubt, and may take longer than Slack waits
        base = (await self._company(one)).base_currency or "USD"
        removed = await self.services.desk.disconnect(one.id, ask.user)
        await self._refresh(one)
        await ask.tell(words.said(ui.disconnected(removed, base)))

    # --- shared ---

    async def _company(self, one: Connection) -> Company:
        return await connections.get_company(self.services.store, one.company)

    async def _refresh(self, one: Connection) -> None:
        key = f"{one.id}:{self.services.clock().isoformat()}:changed"
        await self.services.engine.enqueue("refresh", key, company=one.company, urgent=True, connection_id=one.id)


def _typed(ask: Ask) -> Typed:
    texts = {
        name: ask.text(name) for name in ("name", "channel", "time", "cron", "zone", "receipts", "vendor", "at_once")
    }
    texts |= {name: next(iter(ask.many(name)), "") for name in ("vendors", "late")}
    return Typed(texts, {key: ask.many(key) for key in ("correct", "retry")})


def wanted(one: Connection, now: Typed) -> tuple[dict[str, Any], int]:
    """The connection's new columns, and requests at once.

    Raises:
        Refused: something typed cannot be meant; the sentence says what.
    """
    texts = now.texts
    zone = _read(time_zone, texts["zone"])
    options = {
        **(one.options or {}),
        "receipts_above": _read(limit, texts["receipts"]),
        ALLOWED: texts["vendors"] == "yes",
        LATE: texts["late"] == "yes",
        "fallback_vendor": "" if texts["vendor"] == ui.NO_VENDOR else texts["vendor"],
        "correct": list(now.people.get("correct", ())),
        "retry": list(now.people.get("retry", ())),
    }
    values = {
        "name": texts["name"],
        "channel": texts["channel"],
        "schedule": _schedule(texts["cron"], texts["time"], zone),
        "time_zone": zone,
        "options": options,
    }
    return values, _read(requests_at_once, texts["at_once"] or "2")


def _schedule(line: str, at: str, zone: str) -> str:
    if line:
        try:
            cron(line, zone)
        except ValueError as wrong:
            raise Refused(f"That schedule does not work: {wrong}") from None
        return line
    return _read(daily, at) if at else ""


def _read(reader: Callable[[str], T], text: str) -> T:
    """What was typed, or the sentence about it.

    Raises:
        Refused: it cannot be meant.
    """
    try:
        return reader(text)
    except ValueError as wrong:
        raise Refused(str(wrong)) from None


def _what_follows(before: Connection, after: Connection) -> str:
    said = []
    if after.channel != before.channel and before.channel:
        said.append("Open alerts move to the new channel.")
    if after.option("receipts_above") != before.option("receipts_above"):
        said.append(f"{understood(after.selects(), {'options': after.options})['receipts']}.")
    if not after.schedule:
        said.append("Without a schedule it syncs only when somebody asks.")
    return " ".join(said)
