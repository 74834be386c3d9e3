"""Pause, resume, settings and disconnect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import ConnectionState, Right
from bot.store.connections import Connection
from bot.sync.alerts import place
from handlers.access import Access
from handlers.asking import Ask
from handlers.choosing import Choosing
from handlers.services import Services
from handlers.ui import help as words

Ack = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Connections:
    services: Services
    access: Access
    choosing: Choosing

    def register(self, app: AsyncApp) -> None:
        app.action("connection.pause")(self.pause_pressed)
        app.action("connection.resume")(self.resume_pressed)

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
