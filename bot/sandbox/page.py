"""The page's server: the page itself, the control door, and the stream that says what changed.

It answers only to its own address. A page elsewhere on the web could otherwise drive the sandbox through the visitor's
browser: `Host` defeats a name that was re-bound to 127.0.0.1, `Origin` and the JSON content type defeat forms.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.sandbox.control import ControlError, Controlled

WEB = Path(__file__).parent / "web"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: http://127.0.0.1:*; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
HEARTBEAT_SECONDS = 15.0
PACE_SECONDS = 0.05
"""The least time between two events on one stream: a sync changes hundreds of things a second, eyes see twenty."""

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Page:
    """Serves `doors`, by name, beside the page. `changed(name)` tells every open page; simulators call it by `on_change`."""

    def __init__(self, doors: Mapping[str, Controlled]) -> None:
        self.doors = dict(doors)
        self.url = ""
        self._streams: set[_Stream] = set()
        self._runner: web.AppRunner | None = None
        for door in self.doors.values():
            door.on_change = self.changed

    def changed(self, name: str) -> None:
        for stream in self._streams:
            stream.add(name)

    async def start(self, port: int = 0) -> str:
        """Binds 127.0.0.1. Raises OSError when the port is taken."""
        app = web.Application(middlewares=[_guard, _answer_in_json], client_max_size=1 << 20)
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/control/events", self._events),
                web.get("/control/{name}/state", self._state),
                web.post("/control/{name}/{verb}", self._control),
                web.static("/web", WEB),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, "127.0.0.1", port)
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self.url

    async def stop(self) -> None:
        for stream in self._streams:
            stream.end()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _index(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(WEB / "index.html")

    def _door(self, request: web.Request) -> Controlled:
        name = request.match_info["name"]
        if name not in self.doors:
            raise ControlError(f"There is no {name[:40]!r} here; there are {', '.join(sorted(self.doors))}.")
        return self.doors[name]

    async def _state(self, request: web.Request) -> web.Response:
        state = self._door(request).state
        try:
            inspect.signature(state).bind(**request.query)
        except TypeError as error:
            raise ControlError(f"This state cannot be asked for like that: {error}.") from error
        return web.json_response(state(**request.query))

    async def _control(self, request: web.Request) -> web.Response:
        args = await _json_object(request)
        return web.json_response(await self._door(request).control(request.match_info["verb"], args))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        stream = _Stream(self.doors)
        self._streams.add(stream)
        try:
            async for line in stream:
                await response.write(line)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the page was closed
        finally:
            self._streams.discard(stream)
        return response


class _Stream:
    """What one open page has not been told yet. Starts with every name, so that a page that comes back catches up."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._changed = set(names)
        self._wake = asyncio.Event()
        self._wake.set()
        self._ended = False

    def add(self, name: str) -> None:
        self._changed.add(name)
        self._wake.set()

    def end(self) -> None:
        self._ended = True
        self._wake.set()

    def __aiter__(self) -> _Stream:
        return self

    async def __anext__(self) -> bytes:
        try:
            await asyncio.wait_for(self._wake.wait(), HEARTBEAT_SECONDS)
        except TimeoutError:
            return b": still here\n\n"
        await asyncio.sleep(PACE_SECONDS)
        if self._ended:
            raise StopAsyncIteration
        changed, self._changed = sorted(self._changed), set()
        self._wake.clear()
        return b"data: " + json.dumps({"changed": changed}).encode() + b"\n\n"


async def _json_object(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise ControlError("The control door takes JSON: send the content type application/json.")
    try:
        body = await request.json()
    except ValueError as error:
        raise ControlError("The control door takes JSON, and this is not.") from error
    if not isinstance(body, dict):
        raise ControlError("The control door takes a JSON object.")
    return body


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    port = request.url.port
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
    sockname = request.transport.get_extra_info("sockname") if request.transport else None
    if request.host not in hosts or (sockname and sockname[1] != port):
        raise web.HTTPForbidden(text="This address is not the sandbox's own.")
    origin = request.headers.get("Origin")
    if origin is not None and origin not in {f"http://{host}" for host in hosts}:
        raise web.HTTPForbidden(text="Another site may not use the sandbox.")
    response = await handler(request)
    if not response.prepared:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("Cache-Control", "no-cache")
    return response


@web.middleware
async def _answer_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ControlError as error:
        return web.json_response({"error": str(error)}, status=400)
    except (web.HTTPException, asyncio.CancelledError, ConnectionError):
        raise
    except Exception:
        logger.exception("The control door failed at %s", request.path)
        return web.json_response({"error": "The sandbox failed at this; its terminal says why."}, status=500)
