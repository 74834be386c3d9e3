"""`SlackSim`: the simulated Slack on a listener of its own, with its control door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from aiohttp import web

from bot.sandbox.control import ControlError
from bot.sandbox.slack import interactions, talking
from bot.sandbox.slack.api import ApiError, Call, same_team, scoped
from bot.sandbox.slack.chat import respond
from bot.sandbox.slack.core import Core
from bot.sandbox.slack.manifest import MANIFEST, Manifest
from bot.sandbox.slack.methods import METHODS
from bot.sandbox.slack.trouble import fault, garble, install, limits, uninstall
from bot.sandbox.slack.views import View

BODY = 4 * 1024 * 1024
LINE = 1024 * 1024
"""slack-sdk sends the arguments of some POST calls in the query, whole views included."""

Verb = Callable[[Core, dict[str, Any]], Awaitable[dict[str, Any]]]


class SlackSim:
    """A strict Slack for one app.

    Args:
        manifest: The app's manifest, as a path or as its content; it decides scopes, events, commands and tabs.
        deliver_to: Address for HTTP mode; empty means Socket Mode.
        signing_secret: Signs the requests of HTTP mode.
    """

    BOT_TOKEN = "xoxb-sandbox-bot"  # noqa: S105 -- known to all, good for nothing but this simulator
    APP_TOKEN = "xapp-sandbox-app"  # noqa: S105 -- known to all, good for nothing but this simulator
    SIGNING_SECRET = "sandbox-signing-secret"  # noqa: S105 -- known to all, good for nothing but this simulator

    VERBS: ClassVar[dict[str, Verb]] = {
        "say": talking.say,
        "command": talking.command,
        "open_home": talking.open_home,
        "join": talking.join,
        "read": talking.read,
        "reload": talking.reload,
        "click": interactions.click,
        "submit": interactions.submit,
        "close": interactions.close,
        "options": interactions.options,
        "fault": fault,
        "limits": limits,
        "uninstall": uninstall,
        "install": install,
    }

    def __init__(
        self,
        manifest: Path | dict[str, Any] = MANIFEST,
        *,
        deliver_to: str = "",
        signing_secret: str = SIGNING_SECRET,
    ) -> None:
        self.core = Core(Manifest(manifest), deliver_to, signing_secret)
        self.core.on_change = self._changed
        self.on_change: Callable[[str], None] | None = None
        self.url = ""
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def clock(self) -> Callable[[], datetime]:
        return self.core.clock

    @clock.setter
    def clock(self, clock: Callable[[], datetime]) -> None:
        self.core.clock = clock

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change("slack")

    # --- the listener -------------------------------------------------------------------------------------------------

    async def start(self, port: int = 0) -> str:
        """Binds 127.0.0.1 and returns the Web API's base address; after a stop it is the same one again."""
        app = web.Application(client_max_size=BODY)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/link", self._link)
        app.router.add_post("/respond/{id}", self._respond)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, max_line_size=LINE)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port or self._port).start()
        self._port = int(self._runner.addresses[0][1])
        self.core.origin = f"http://127.0.0.1:{self._port}"
        self.url = f"{self.core.origin}/api/"
        return self.url

    async def stop(self) -> None:
        """Closes the listener and every socket; the workspace stays."""
        await self.core.delivery.close()
        await self.core.socket.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _link(self, request: web.Request) -> web.StreamResponse:
        if self.core.faults.down:
            return web.json_response({"ok": False, "error": "service_unavailable"}, status=503)
        if self.core.faults.no_sockets:
            self.core.socket.refused += 1
            return garble("text")
        return await self.core.socket.serve(request)

    async def _api(self, request: web.Request) -> web.Response:
        name, core = request.match_info["method"], self.core
        if delay := core.faults.delay():
            await asyncio.sleep(delay)
        if core.faults.down:
            core.note("in", f"{name}: Slack is down", ok=False)
            return web.json_response({"ok": False, "error": "service_unavailable"}, status=503)
        if form := core.faults.garble():
            core.note("in", f"{name}: something that is no answer of Slack's", ok=False)
            return garble(form)
        call = Call(name, await _arguments(request))
        try:
            answer = await self._answered(call, _token(request, call))
        except ApiError as error:
            core.note("in", f"{name} {call.text('channel')}: {error.error}".replace(" :", ":"), ok=False)
            return _refusal(error)
        core.note("in", f"{name} {call.text('channel')}".strip(), ok=True)
        if core.faults.lose(name) and request.transport is not None:
            core.note("in", f"{name}: the answer is lost", ok=False)
            request.transport.abort()
        headers = {"x-oauth-scopes": ",".join(core.manifest.scopes)}
        return web.json_response({"ok": True, **answer}, headers=headers)

    async def _answered(self, call: Call, token: str) -> dict[str, Any]:
        """The answer of the method's handler, once token, scope, limits and faults have let the call through."""
        core, method = self.core, METHODS.get(call.method)
        if method is None:
            raise ApiError("unknown_method", req_method=call.method)
        if method.takes:
            self._allowed(token, method.takes)
        if error := core.faults.refusal(call.method):
            raise ApiError(error)
        if wait := core.faults.wait():
            raise ApiError("ratelimited", retry_after=wait)
        scoped(core, method.scope)
        same_team(call)
        if method.tier and (wait := core.limiter.call(call.method, method.tier)):
            raise ApiError("ratelimited", retry_after=wait)
        answer = method.handler(core, call)
        return answer if isinstance(answer, dict) else await answer

    def _allowed(self, token: str, takes: str) -> None:
        if not token:
            raise ApiError("not_authed")
        if token not in (self.BOT_TOKEN, self.APP_TOKEN):
            raise ApiError("invalid_auth")
        if token != {"bot": self.BOT_TOKEN, "app": self.APP_TOKEN}[takes]:
            raise ApiError("not_allowed_token_type")
        if takes == "bot" and not self.core.installed:
            raise ApiError("account_inactive")

    async def _respond(self, request: web.Request) -> web.Response:
        url = self.core.passes.use(request.match_info["id"])
        try:
            if isinstance(url, str):
                self.core.note("in", f"response_url: {url}", ok=False)
                return web.json_response({"ok": False, "error": url}, status=404)
            respond(self.core, url, await _arguments(request))
        except ApiError as error:
            self.core.note("in", f"response_url: {error.error}", ok=False)
            return web.json_response({"ok": False, "error": error.error, **error.more}, status=400)
        self.core.note("in", "response_url", ok=True)
        return web.Response(text="ok")

    # --- the control door ---------------------------------------------------------------------------------------------

    async def control(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        """Does what a person of the workspace does, or breaks something. Raises ControlError with a sentence."""
        handler = self.VERBS.get(verb)
        if handler is None:
            raise ControlError(f"The Slack sandbox knows no verb {verb}.")
        return await handler(self.core, args)

    def state(self, user: str = "U0DANA") -> dict[str, Any]:
        """What this person sees, as JSON-able values."""
        core, workspace = self.core, self.core.workspace
        if user not in workspace.people:
            raise ControlError(f"There is no person {user} in this workspace.")
        channels = workspace.visible(user)
        home = core.views.homes.get(user)
        return {
            "me": user,
            "users": [
                {"id": one.id, "name": one.name, "title": one.title, "initials": one.initials, "color": one.color}
                for one in workspace.people.values()
            ],
            "channels": [
                {
                    "id": one.id,
                    "name": core.manifest.bot_name if one.kind == "im" else one.name,
                    "kind": one.kind,
                    "unread": workspace.unread(user, one.id),
                }
                for one in channels
            ],
            "messages": {one.id: list(workspace.seen_by(user, one.id)) for one in channels},
            "home": home.as_json() if home else None,
            "modals": [_on_screen(view) for view in core.views.stack(user)],
            "connected": core.installed and core.wire.connected,
            "faults": core.faults.armed,
            "log": list(core.traffic),
        }

    def messages(self, channel: str, user: str = "U0DANA") -> list[dict[str, Any]]:
        """A channel's messages as this person sees them, by the channel's id, name or person."""
        found = self.core.workspace.channel(channel)
        if found is None:
            raise ControlError(f"There is no channel {channel}.")
        return list(self.core.workspace.seen_by(user, found.id))

    def view_of(self, user: str) -> dict[str, Any] | None:
        """The modal on top of this person's screen."""
        stack = self.core.views.stack(user)
        return _on_screen(stack[-1]) if stack else None


def _on_screen(view: View) -> dict[str, Any]:
    shown = view.as_json()
    if view.errors:
        shown["errors"] = dict(view.errors)
    if view.notice:
        shown["notice"] = view.notice
    return shown


async def _arguments(request: web.Request) -> dict[str, Any]:
    """Query, form and JSON body together."""
    args: dict[str, Any] = dict(request.query)
    if "json" in request.content_type:
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            body = {}
        return args | (body if isinstance(body, dict) else {})
    return args | dict(await request.post())


def _token(request: web.Request, call: Call) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme == "Bearer" else call.text("token")


def _refusal(error: ApiError) -> web.Response:
    body = {"ok": False, "error": error.error, **error.more}
    if error.retry_after:
        return web.json_response(body, status=429, headers={"Retry-After": str(error.retry_after)})
    return web.json_response(body)
