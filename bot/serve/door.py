"""The HTTP door: `/healthz` and `/metrics`, and `/slack/events` where Slack comes by HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web, web_response
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot.engine import Engine
from bot.serve.database_alarm import DatabaseAlarm
from bot.serve.line import Line
from bot.serve.payload import is_payload
from bot.serve.signed import MOST_BYTES, SIGNATURE, STAMP, Signatures
from bot.settings import Settings
from bot.store import outbox, replicas
from bot.store.database import Store
from handlers import PROVED

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
PATIENCE = 3.0
"""Seconds that the database may take to answer before it counts as gone."""
PASSED_ON = ("Content-Type", STAMP, SIGNATURE, "X-Slack-Retry-Num", "X-Slack-Retry-Reason")
"""The headers of a signed request that the app gets to see; Bolt judges the signature once more."""

web_response.SERVER_SOFTWARE = "spend-to-intacct"  # type: ignore[attr-defined]
# aiohttp names its version and Python's otherwise, also where it answers by itself and no signal of ours is asked.


class Door:
    """Listens on PORT. Health is 200 when everything works and 503 with the same words when something does not."""

    def __init__(
        self,
        settings: Settings,
        app: AsyncApp,
        store: Store,
        clock: Callable[[], datetime],
        line: Line,
        engine: Engine,
        alarm: DatabaseAlarm,
    ) -> None:
        self._settings, self._app, self._store, self._clock, self._line = settings, app, store, clock, line
        self._signatures = Signatures(settings.slack_signing_secret.get_secret_value())
        self._engine, self._alarm = engine, alarm
        self._runner: web.AppRunner | None = None
        self.port = settings.port

    async def open(self) -> None:
        served = web.Application(client_max_size=MOST_BYTES)
        served.router.add_get("/healthz", self._health)
        served.router.add_get("/metrics", self._metrics)
        if self._settings.slack_mode == "http":
            served.router.add_post("/slack/events", self._events)
        self._runner = web.AppRunner(
            served, access_log=None, shutdown_timeout=3, logger=_wire_log(), auto_decompress=False
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "0.0.0.0", self._settings.port).start()  # noqa: S104  # a container's port

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def look(self) -> dict[str, bool]:
        return {
            "database": await self._database(),
            "slack": await self._line.connected(),
            "engine": not self._engine.ailing and await self._beating(),
        }

    async def _health(self, _: web.Request) -> web.Response:
        parts = await self.look()
        ok = all(parts.values())
        reasons = [*self._alarm.trouble(), *self._engine.ailing]
        why = {"why": reasons} if reasons else {}
        return web.json_response({"ok": ok, **parts, **why}, status=200 if ok else 503)

    async def _beating(self) -> bool:
        """Whether an engine has beaten lately; without a database nobody can tell."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await replicas.lively(self._store, self._clock() - LEASE)
        except (SQLAlchemyError, TimeoutError, OSError):
            return False

    async def _database(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE), self._store.begin() as db:
                await db.execute(text("SELECT 1"))
        except (SQLAlchemyError, TimeoutError, OSError) as trouble:
            log.warning("the database does not answer: %s", type(trouble).__name__)
            return False
        return not self._alarm.trouble()

    async def _metrics(self, _: web.Request) -> web.Response:
        registry = CollectorRegistry()
        up = Gauge("spend_to_intacct_up", "1 where this part works.", ["part"], registry=registry)
        for part, works in (await self.look()).items():
            up.labels(part).set(int(works))
        await self._waiting(registry)
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _waiting(self, registry: CollectorRegistry) -> None:
        """What Slack still has to be told; without a database nobody can tell."""
        try:
            many, oldest = await outbox.backlog(self._store)
        except SQLAlchemyError:
            return
        waiting = Gauge("spend_to_intacct_outbox_messages", "Messages that wait for Slack.", registry=registry)
        age = Gauge("spend_to_intacct_outbox_age_seconds", "Age of the oldest of them.", registry=registry)
        waiting.set(many)
        age.set((self._clock() - oldest).total_seconds() if oldest else 0)

    async def _events(self, request: web.Request) -> web.Response:
        """Slack's own requests go on to the app; whatever does not prove to be one is refused unread."""
        if (request.content_length or 0) > MOST_BYTES:
            return web.Response(status=413)
        if not self._signatures.plausible(request):
            return web.Response(status=401)
        body = await request.read()  # aiohttp refuses what grows past the same size
        if not self._signatures.prove(request, body):
            return web.Response(status=401)
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        try:
            asked = AsyncBoltRequest(body=body.decode(), headers=headers, context={PROVED: True})  # type: ignore[arg-type]  # its dict is invariant
        except (ValueError, TypeError, AttributeError, RecursionError):
            return web.Response(status=400)
        if not is_payload(asked.body):
            return web.Response(status=400)
        return await to_aiohttp_response(await self._app.async_dispatch(asked))


def _wire_log() -> logging.Logger:
    """Where aiohttp reports; of a request that is no HTTP only that it came, since the exception quotes it."""
    wire = logging.getLogger(f"{__name__}.wire")
    wire.addFilter(_unquoted)
    return wire


def _unquoted(record: logging.LogRecord) -> bool:
    trouble = record.exc_info[1] if record.exc_info else None
    if isinstance(trouble, HttpProcessingError):
        record.msg, record.args = "refused a request that is no HTTP (%s)", (type(trouble).__name__,)
        record.exc_info, record.levelno, record.levelname = None, logging.INFO, "INFO"
    return True
