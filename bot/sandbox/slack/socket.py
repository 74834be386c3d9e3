"""Socket Mode: one-time addresses, hello, envelopes to one of the open sockets, disconnect frames."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.slack.delivery import UNACKED, UNREACHABLE, Ack, Envelope
from bot.sandbox.slack.workspace import APP

MOST_SOCKETS = 10
TICKET_SECONDS = 30.0
"""How long a one-time address is good for."""

CONNECTION_SECONDS = 18_060
REASONS = ("warning", "refresh_requested", "link_disabled", "too_many_websockets")


@dataclass(slots=True)
class _Waiting:
    envelope: Envelope
    done: asyncio.Future[dict[str, Any]]


class SocketMode:
    """The app's open sockets. A payload goes to one of them, each in turn; an ack may come back over any."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._tickets: dict[str, float] = {}
        self.ticket_seconds = TICKET_SECONDS
        self.refused = 0
        self._sockets: dict[web.WebSocketResponse, asyncio.BaseTransport | None] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._turn = 0

    @property
    def connected(self) -> bool:
        return bool(self._sockets)

    @property
    def count(self) -> int:
        return len(self._sockets)

    def ticket(self) -> str:
        """The secret part of a one-time address."""
        made = secrets.token_hex(16)
        self._tickets[made] = time.monotonic() + self.ticket_seconds
        return made

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The far end of one socket, from the handshake until it closes."""
        ticket = request.query.get("ticket", "")
        if self._tickets.pop(ticket, 0.0) < time.monotonic():
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=404)
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        if self.count >= MOST_SOCKETS:
            await self._leave(socket, "too_many_websockets")
            return socket
        self._sockets[socket] = request.transport
        self._changed()
        try:
            await socket.send_json(self._hello())
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._take(message.data)
        finally:
            self._sockets.pop(socket, None)
            self._changed()
        return socket

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": self.count,
            "connection_info": {"app_id": APP},
            "debug_info": {
                "host": "sandbox",
                "build_number": 1,
                "approximate_connection_time": CONNECTION_SECONDS,
            },
        }

    def _take(self, text: str) -> None:
        """An ack. Anything else that an app sends is ignored, as Slack does."""
        with contextlib.suppress(ValueError):
            frame = json.loads(text)
            waiting = self._waiting.pop(frame.get("envelope_id", ""), None) if isinstance(frame, dict) else None
            if waiting and not waiting.done.done():
                sent = frame.get("payload") if waiting.envelope.answer else None
                payload = sent if isinstance(sent, dict) else {}
                waiting.done.set_result(payload)
                if waiting.envelope.taken:
                    waiting.envelope.taken(payload)

    async def send(self, envelope: Envelope, seconds: float) -> Ack:
        started = time.monotonic()
        socket = self._next()
        if socket is None:
            return Ack(acked=False, error=UNREACHABLE)
        envelope_id = str(uuid.uuid4())
        waiting = _Waiting(envelope, asyncio.get_running_loop().create_future())
        self._waiting[envelope_id] = waiting
        frame: dict[str, Any] = {
            "envelope_id": envelope_id,
            "payload": envelope.payload,
            "type": envelope.kind,
            "accepts_response_payload": envelope.answer,
        }
        if envelope.kind == "events_api":
            frame |= {"retry_attempt": envelope.attempt, "retry_reason": envelope.reason}
        try:
            await socket.send_json(frame)
            payload = await asyncio.wait_for(waiting.done, seconds)
        except (TimeoutError, ConnectionError):
            return Ack(acked=False, ms=_since(started), error=UNACKED)
        finally:
            self._waiting.pop(envelope_id, None)
        return Ack(acked=True, ms=_since(started), payload=payload)

    def _next(self) -> web.WebSocketResponse | None:
        alive = [socket for socket in self._sockets if not socket.closed]
        if not alive:
            return None
        self._turn += 1
        return alive[self._turn % len(alive)]

    async def disconnect(self, reason: str) -> None:
        """Says goodbye on every socket with a disconnect frame, and closes it."""
        for socket in list(self._sockets):
            await self._leave(socket, reason)

    async def _leave(self, socket: web.WebSocketResponse, reason: str) -> None:
        with contextlib.suppress(ConnectionError):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
            await socket.close()

    def drop(self) -> None:
        """Cuts every socket without a word."""
        for transport in list(self._sockets.values()):
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        self._sockets.clear()

    async def close(self) -> None:
        self.drop()


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
