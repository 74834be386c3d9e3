"""The line to Slack: who the app is there, and in Socket Mode the socket. Slack may be away at the start and at any time."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from sqlalchemy.exc import SQLAlchemyError

from bot.settings import Settings
from bot.slack_errors import APP_REFUSED, REFUSED, app_token_refused, bot_token_refused, is_verdict, why
from bot.store.connections import ensure_workspace
from bot.store.database import Store
from bot.supervisor import Supervisor

log = logging.getLogger(__name__)

REPEAT = 60.0
"""Seconds in which the library's complaints are told once: it tries a handshake every few seconds."""

TICKET = re.compile(r"(ticket=)[\w%.~-]{1,200}")

GOODBYE = 3.0
"""Seconds that closing a socket may take; a far end that is away answers no goodbye."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. An address of apps.connections.open is good for 30 (Slack's Socket Mode pages), then it is never taken again."""

    first_wait: float = 1.0
    longest_wait: float = 30.0
    address: float = 30.0
    look: float = 1.0
    ping: float = 5.0


class Line:
    """Connects in the background and keeps on trying; `connected` says how it stands.

    The library finds a lost socket by itself and opens another, mostly within seconds. Where that does not succeed while
    an address is good, it is given up and made anew with a fresh address: it would repeat the old one for ever.
    """

    def __init__(
        self,
        settings: Settings,
        app: AsyncApp,
        store: Store,
        clock: Callable[[], datetime],
        *,
        pace: Pace = Pace(),
        supervisor: Supervisor | None = None,
    ) -> None:
        self._settings, self._app, self._store, self._clock, self._pace = settings, app, store, clock, pace
        self._supervisor = supervisor or Supervisor()
        self._socket: AsyncSocketModeHandler | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._known = self._well = self._was_connected = False
        self.refused = asyncio.Event()
        """Set where Slack judged a token at the start, before anything was connected; `refusal` says what of."""
        self.refusal = ""

    def open(self) -> None:
        self._supervisor.keep("the line to Slack", self._stay_connected)

    async def connected(self) -> bool:
        """Whether Slack knows us, and in Socket Mode whether its requests reach us."""
        if not self._known or self._supervisor.down:
            return False
        return self._settings.slack_mode == "http" or await self._listening()

    async def close(self) -> None:
        await self._supervisor.stop()
        await self._hang_up()

    async def _stay_connected(self) -> None:
        await self._introduce()
        if self._settings.slack_mode == "http":
            self._stands(well=True)
            await asyncio.Event().wait()
        since = time.monotonic()  # when it last was connected, or got an address
        while True:
            listening = await self._listening()
            self._stands(well=listening)
            if listening:
                since = time.monotonic()
            elif self._socket is None:
                await self._dial()
                since = time.monotonic()
            elif time.monotonic() - since >= self._pace.address:
                log.warning("not connected to Slack for %.0f s; asking for a new address", self._pace.address)
                await self._hang_up()
                continue
            await asyncio.sleep(self._pace.look)

    async def _introduce(self) -> None:
        """Who we are, and the workspace's row; tried until both are known."""
        if self._known:
            return
        wait = self._pace.first_wait
        while True:
            try:
                me = await self._app.client.auth_test()
                enterprise = str(me.get("enterprise_id") or "")
                team = "" if me.get("is_enterprise_install") else str(me.get("team_id") or "")
                await ensure_workspace(self._store, enterprise, team, str(me.get("team") or ""), self._clock())
            except Exception as trouble:  # noqa: BLE001  # whatever it is, a bot that gives up is deaf
                if isinstance(trouble, SlackApiError) and is_verdict(trouble, REFUSED):
                    await self._give_up(bot_token_refused(trouble))
                wait = await self._wait_after(trouble, wait)
            else:
                self._known = True
                return

    async def _dial(self) -> None:
        """A fresh address and a new socket for it, which goes on trying by itself; returns once there is an address."""
        wait, token = self._pace.first_wait, self._settings.slack_app_token.get_secret_value()
        while True:
            try:
                answer = await self._app.client.apps_connections_open(app_token=token)
                address = str(answer["url"])
            except Exception as trouble:  # noqa: BLE001  # as above
                if isinstance(trouble, SlackApiError) and is_verdict(trouble, APP_REFUSED):
                    await self._give_up(app_token_refused(trouble))
                wait = await self._wait_after(trouble, wait)
            else:
                break
        self._socket = AsyncSocketModeHandler(self._app, token, logger=_quieted(), ping_interval=self._pace.ping)
        self._socket.client.wss_uri = address
        self._connecting = asyncio.create_task(self._socket.connect_async())  # type: ignore[no-untyped-call]  # Bolt's
        self._connecting.add_done_callback(self._dialled)
        await asyncio.wait({self._connecting}, timeout=self._pace.look)

    def _dialled(self, connecting: asyncio.Task[None]) -> None:
        """The library tries until it succeeds or is cancelled; whatever else ends it is told, and the address grows old."""
        if connecting.cancelled():
            return
        if (error := connecting.exception()) is None:
            self._stands(well=True)
        else:
            log.error("connecting to Slack stopped (%s)", type(error).__name__, exc_info=error)

    async def _give_up(self, verdict: tuple[str, str]) -> None:
        """At the start the process ends with this; once it was connected, a verdict may be a passing trouble of Slack's."""
        if self._was_connected:
            return
        self.refusal = f"{verdict[0]}: {verdict[1]}"
        self.refused.set()
        await asyncio.Event().wait()

    async def _hang_up(self) -> None:
        """Away with this socket and all that the library runs for it, also where the far end says no goodbye."""
        connecting, self._connecting = self._connecting, None
        socket, self._socket = self._socket, None
        if connecting is not None:
            connecting.cancel()
            await asyncio.wait({connecting}, timeout=GOODBYE)
        if socket is None:
            return
        try:
            async with asyncio.timeout(GOODBYE):
                await socket.close_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
        except (TimeoutError, aiohttp.ClientError, OSError) as trouble:
            log.info("the old socket did not close in order (%s)", type(trouble).__name__)
        for task in _at_work(socket):
            if task is not None:
                task.cancel()
        await socket.client.aiohttp_client_session.close()

    async def _listening(self) -> bool:
        """Whether the socket is open, and whatever reads it and answers is alive."""
        if self._socket is None:
            return False
        if any(task is None or task.done() for task in _at_work(self._socket)):
            return False
        return bool(await self._socket.client.is_connected())

    def _stands(self, *, well: bool) -> None:
        """Told when it changes."""
        if well and not self._well:
            log.info("connected to Slack")
        elif self._well and not well:
            log.warning("the line to Slack is lost; connecting again")
        self._well, self._was_connected = well, self._was_connected or well

    async def _wait_after(self, trouble: Exception, wait: float) -> float:
        log.warning("Slack is not connected (%s); trying again in %.0f s", _why(trouble), wait)
        await asyncio.sleep(wait)
        return min(self._pace.longest_wait, wait * 2)


def _at_work(socket: AsyncSocketModeHandler) -> tuple[asyncio.Future[None] | None, ...]:
    """What the library runs for a socket: who answers, who reads, who watches."""
    client = socket.client
    return client.message_processor, client.message_receiver, client.current_session_monitor


def _why(trouble: Exception) -> str:
    if isinstance(trouble, SQLAlchemyError):
        return f"the database does not answer: {type(trouble).__name__}"
    return why(trouble) if isinstance(trouble, SlackApiError) else type(trouble).__name__


class _FewWords(logging.Filter):
    """The library tells a refused handshake every few seconds, with a stack and the one-time address: once a minute, without both."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[int, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = None
        record.msg, record.args = TICKET.sub(r"\1…", record.getMessage()), None
        if record.levelno >= logging.WARNING and record.created - self._last.get(record.lineno, 0.0) < REPEAT:
            return False
        self._last[record.lineno] = record.created
        return True


def _quieted() -> logging.Logger:
    """The library's own logger, which never reaches DEBUG, where it would show whole messages."""
    logger = logging.getLogger("slack_sdk.socket_mode")
    if not any(isinstance(one, _FewWords) for one in logger.filters):
        logger.addFilter(_FewWords())
    return logger
