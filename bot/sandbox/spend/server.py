"""The Spend Center simulator: an HTTP server with the API's sign-in, limits and faults, and the control door."""

from __future__ import annotations

import asyncio
import inspect
import math
import secrets
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from aiohttp import web

from bot.sandbox.control import ControlError
from bot.sandbox.spend.books import Books
from bot.sandbox.spend.routes import COVERAGE, NOT_SIMULATED, REPEAT_TOKEN, Api
from bot.sandbox.spend.verbs import Verbs
from bot.sandbox.spend.view import snapshot
from bot.sandbox.spend.wire import ApiError, to_json

CALLS_AT_ONCE = 3
SLOW = 5.0
FAULTS = ("down", "error_500", "rate_limit", "unauthorized", "repeat_token", "slow", "garbage", "answer")
SIGN_IN = "POST /authx/token"
LIST = "GET /connect/v3/spend/transactions"


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong with the next `count` calls, after `after` calls that go well.

    `seconds` is how long a slow answer takes, or how long the client is told to stay away; 0 is the kind's usual.
    An "answer" is given in place of Spend Center's own: `status` and `body`, as from a proxy or another service.
    """

    kind: str
    count: int
    after: int
    seconds: float
    status: int = 200
    body: str = ""


class SpendSim:
    """BILL Spend & Expense on 127.0.0.1.

    Args:
        spend: the plain dict of a story: company, token, oauth, users, cards, budgets, custom_fields, transactions.
        token_lifetime: seconds for which an OAuth access token is good.
        retry_after: whether a 429 carries `Retry-After`; the real one is not proven to.
        calls_per_minute: for each token; 60 in reality, more for a test that measures something else.

    Attributes:
        url: what SPEND_CENTER_URL is set to; ends in `/connect`.
        token_url: what SPEND_CENTER_TOKEN_URL is set to: on a host of its own, as BILL's OpenAPI has it.
        clock: the present moment, UTC; the minute of the rate limit runs by it.
        on_change: told "spend" after each change.
    """

    VERBS: ClassVar[dict[str, str]] = {
        "add_transaction": "A purchase: card, amount, merchant; date, fields, lines … as wanted.",
        "clear_authorization": "An authorisation clears, as the same row or as a new one.",
        "clear_again": "It clears a second time.",
        "edit_transaction": "Spend Center changes a transaction afterwards.",
        "delete_transaction": "Spend Center takes a transaction off its list altogether.",
        "set_coding": "A person codes a transaction in Spend Center.",
        "set_multiple": "A field takes several values, or one.",
        "lock": "A transaction's coding can no longer be changed.",
        "unlock": "It can again.",
        "add_receipt": "A receipt is attached.",
        "set_complete": "All required fields are filled, or not.",
        "decline": "A purchase, or an authorisation that waits, is declined.",
        "refund": "A merchant gives money back.",
        "fault": "The next calls go wrong.",
        "clear_faults": "They go well again.",
        "reset": "Everything as at the story's start.",
    }

    def __init__(
        self,
        spend: dict[str, Any],
        *,
        token_lifetime: float = 3600,
        retry_after: bool = True,
        calls_per_minute: int = 60,
    ) -> None:
        self.url = self.token_url = ""
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.on_change: Callable[[str], None] | None = None
        self.token_lifetime = token_lifetime
        self.retry_after = retry_after
        self.calls_per_minute = calls_per_minute
        self.books = Books(spend, self._now)
        self.faults: list[Fault] = []
        self._api = Api(self.books, lambda: self.url.removesuffix("/connect"), self._changed)
        self._verbs = Verbs(self.books)
        self._bearers: dict[str, datetime] = {}
        self._calls: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._in_flight = 0
        self._ports = (0, 0)
        self._runners: list[web.AppRunner] = []

    # --- the listener --------------------------------------------------------------------------------------------

    async def start(self, port: int = 0) -> str:
        """Binds 127.0.0.1, the token host on any port; after a stop the old ports, unless another is named. Returns `url`."""
        api = await self._listen([name for name in COVERAGE if name != SIGN_IN], port or self._ports[0])
        tokens = await self._listen([SIGN_IN], self._ports[1])
        self._ports = (api, tokens)
        self.url, self.token_url = f"http://127.0.0.1:{api}/connect", f"http://127.0.0.1:{tokens}/authx/token"
        return self.url

    async def _listen(self, names: list[str], port: int) -> int:
        app = web.Application(middlewares=[self._gate])
        for name in names:
            method, path = name.split(" ")
            app.router.add_route(method, path, self._handler(name, COVERAGE[name]))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runners.append(runner)
        return int(runner.addresses[0][1])

    async def stop(self) -> None:
        while self._runners:
            await self._runners.pop().cleanup()

    # --- what a live company may do otherwise ------------------------------------------------------------------------

    def behave(self, *, several_sync_states: bool = True, budgets_listed: bool = True) -> None:
        """As documented, or as public clients met it: see `Api`."""
        self._api.several_sync_states, self._api.budgets_listed = several_sync_states, budgets_listed

    def _handler(self, name: str, coverage: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        special: dict[str, Callable[[web.Request], Any]] = {
            SIGN_IN: self._token,
            "PUT /upload/{key}": self._api.upload,
            "GET /files/{key}/{filename}": self._api.file,
        }

        async def handle(request: web.Request) -> web.StreamResponse:
            if coverage == NOT_SIMULATED:
                raise ApiError(501, f"The sandbox does not simulate {name}.")
            answer = special[name](request) if name in special else self._api.handlers[name](request)
            answer = await answer if inspect.isawaitable(answer) else answer
            return answer if isinstance(answer, web.StreamResponse) else _json_response(answer)

        return handle

    # --- what every call passes ----------------------------------------------------------------------------------

    @web.middleware
    async def _gate(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        if not request.path.startswith(("/connect/", "/authx/")):
            return await self._loud(request, handler)
        self._in_flight += 1
        try:
            return await self._gated(request, handler)
        except ApiError as error:
            return _json_response(error.body(self.clock()), error.status, error.headers)
        finally:
            self._in_flight -= 1

    async def _gated(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        fault = self._next_fault(f"{request.method} {request.path}")
        if fault and fault.kind == "down":
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds or SLOW)
        if fault and fault.kind == "error_500":
            raise ApiError(500, "Internal server error")
        if fault and fault.kind == "rate_limit":
            raise self._too_many("Rate limit exceeded", math.ceil(fault.seconds or 60))
        if fault and fault.kind == "garbage":
            return web.Response(text="<!DOCTYPE html><html><body>Web server is retur", content_type="text/html")
        if fault and fault.kind == "answer":
            return web.Response(text=fault.body, status=fault.status, headers={"Location": "/sign-in"})
        if f"{request.method} {request.path}" != SIGN_IN:
            token = self._signed_in(request, refused=fault is not None and fault.kind == "unauthorized")
            self._count(token)
        request[REPEAT_TOKEN] = fault is not None and fault.kind == "repeat_token"
        return await self._loud(request, handler)

    async def _loud(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        """An unknown path or method names itself, so that nobody takes the sandbox's gap for an answer."""
        try:
            response: web.StreamResponse = await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
            unknown = ApiError(error.status, f"Spend Center's sandbox knows no {request.method} {request.path[:200]}.")
            return _json_response(unknown.body(self.clock()), error.status)
        return response

    def _signed_in(self, request: web.Request, *, refused: bool) -> str:
        """The token of the call, in either of the two headers."""
        plain = request.headers.get("apiToken", "")
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        known = bool(plain) and secrets.compare_digest(plain.encode(), self.books.token.encode())
        if not known and bearer in self._bearers:
            known = self._bearers[bearer] > self.clock()
            plain = bearer
        if refused or not known:
            raise ApiError(401, "Unauthorized: the token is missing, wrong or expired")
        return plain

    def _count(self, token: str) -> None:
        if self._in_flight > CALLS_AT_ONCE:
            raise self._too_many("Too many calls at once for this organization", 1, code="BDC_1322")
        now, calls = self.clock(), self._calls[token]
        while calls and calls[0] <= now - timedelta(minutes=1):
            calls.popleft()
        if len(calls) >= self.calls_per_minute:
            wait = calls[0] + timedelta(minutes=1) - now
            raise self._too_many(
                f"Rate limit exceeded: {self.calls_per_minute} calls per minute", math.ceil(wait.total_seconds())
            )
        calls.append(now)

    def _too_many(self, message: str, seconds: int, code: str = "BDC_1144") -> ApiError:
        headers = {"Retry-After": str(seconds)} if self.retry_after else {}
        return ApiError(429, message, code=code, headers=headers)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        """OAuth client credentials, as a form. Refusals have OAuth's own shape, not the API's array."""
        form = await request.post()
        if form.get("grant_type") != "client_credentials":
            return _json_response({"error": "unsupported_grant_type"}, 400)
        known = self.books.oauth
        if not known or any(form.get(key) != known[key] for key in ("client_id", "client_secret")):
            return _json_response({"error": "invalid_client"}, 401)
        token = secrets.token_urlsafe(24)
        self._bearers[token] = self.clock() + timedelta(seconds=self.token_lifetime)
        return _json_response({"access_token": token, "token_type": "Bearer", "expires_in": int(self.token_lifetime)})

    def _next_fault(self, call: str) -> Fault | None:
        fits = (fault for fault in self.faults if fault.kind != "repeat_token" or call == LIST)
        fault = next(fits, None)
        if fault is None:
            return None
        if fault.after:
            fault.after -= 1
            return None
        fault.count -= 1
        if not fault.count:
            self.faults.remove(fault)
        return fault

    # --- the control door ----------------------------------------------------------------------------------------

    async def control(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        """Does what a person in Spend Center, the network or the visitor of the page would do.

        Raises:
            ControlError: with a sentence, for an unknown verb, wrong arguments, or what Spend Center would refuse.
        """
        if verb not in self.VERBS:
            raise ControlError(f"Spend Center's sandbox knows no {verb!r}; it knows {', '.join(self.VERBS)}.")
        own: dict[str, Any] = {"fault": self._fault, "clear_faults": self._clear_faults, "reset": self._reset}
        act = own.get(verb) or getattr(self._verbs, verb)
        try:
            bound = inspect.signature(act).bind(**args)
        except TypeError as error:
            raise ControlError(f"{verb}: {error}.") from None
        try:
            answer: dict[str, Any] = act(*bound.args, **bound.kwargs)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ControlError(f"{verb} cannot read its arguments: {error}.") from error
        self._changed()
        return answer

    def state(self, **asked: Any) -> dict[str, Any]:
        """A JSON-able picture for the page and for tests; see `view.snapshot` for its shape and its query."""
        since = self.clock() - timedelta(minutes=1)
        faults = [{"kind": fault.kind, "count": fault.count, "after": fault.after} for fault in self.faults]
        calls = sum(at > since for calls in self._calls.values() for at in calls)
        traffic = {"faults": faults, "calls_last_minute": calls, "calls_per_minute": self.calls_per_minute}
        return snapshot(self.books, **asked) | traffic

    def _fault(
        self, kind: str, count: int = 1, after: int = 0, seconds: float = 0, status: int = 200, body: str = ""
    ) -> dict[str, Any]:
        if kind not in FAULTS:
            raise ControlError(f"There is no fault {kind!r}; there are {', '.join(FAULTS)}.")
        if count < 1 or after < 0 or seconds < 0:
            raise ControlError("count is 1 or more, after and seconds are 0 or more.")
        self.faults.append(Fault(kind, int(count), int(after), float(seconds), int(status), str(body)))
        return {"faults": len(self.faults)}

    def _clear_faults(self) -> dict[str, Any]:
        self.faults.clear()
        return {"faults": 0}

    def _reset(self) -> dict[str, Any]:
        self.books.reset()
        self.faults.clear()
        self._calls.clear()
        self._bearers.clear()
        return {"transactions": len(self.books.transactions)}

    def _now(self) -> datetime:
        """By the clock of the moment, which tests replace after construction."""
        return self.clock()

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change("spend")


def _json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(text=to_json(value), status=status, content_type="application/json", headers=headers)
