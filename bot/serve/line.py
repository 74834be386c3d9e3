"""The line to Slack: who the app is there, and in Socket Mode the socket. Slack may be away at the start and at any time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.settings import Settings
from bot.store.connections import ensure_workspace
from bot.store.database import Store

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
LOST = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError)


class Line:
    """Connects in the background and keeps on trying; `connected` says how it stands."""

    def __init__(self, settings: Settings, app: AsyncApp, store: Store, clock: Callable[[], datetime]) -> None:
        self._settings, self._app, self._store, self._clock = settings, app, store, clock
        self._task: asyncio.Task[None] | None = None
        self._socket: AsyncSocketModeHandler | None = None
        self._known = False

    def open(self) -> None:
        self._task = asyncio.create_task(self._connect())

    async def connected(self) -> bool:
        """Whether Slack knows us, and in Socket Mode whether its requests reach us."""
        if not self._known:
            return False
        if self._settings.slack_mode == "http":
            return True
        return self._socket is not None and bool(await self._socket.client.is_connected())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._socket is not None:
            await self._socket.close_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped

    async def _connect(self) -> None:
        wait = FIRST_WAIT
        while True:
            try:
                await self._introduce()
                if self._settings.slack_mode == "socket":
                    await self._listen()
            except LOST as trouble:
                log.warning("Slack is not to be reached (%s); trying again in %.0f s", _why(trouble), wait)
                await asyncio.sleep(wait)
                wait = min(LONGEST_WAIT, wait * 2)
            else:
                log.info("connected to Slack")
                return

    async def _introduce(self) -> None:
        """Who we are, and the workspace's row."""
        me = await self._app.client.auth_test()
        enterprise = str(me.get("enterprise_id") or "")
        team = "" if me.get("is_enterprise_install") else str(me.get("team_id") or "")
        await ensure_workspace(self._store, enterprise, team, str(me.get("team") or ""), self._clock())
        self._known = True

    async def _listen(self) -> None:
        """The socket; once open, the library finds a lost one by itself and opens another."""
        if self._socket is None:
            token = self._settings.slack_app_token.get_secret_value()
            self._socket = AsyncSocketModeHandler(self._app, token, ping_interval=5)
        await self._socket.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped


def _why(trouble: BaseException) -> str:
    return str(trouble.response.get("error")) if isinstance(trouble, SlackApiError) else type(trouble).__name__
