"""The simulator on a real listener: HTTP behaviour, the allowance of requests at once, service times and faults."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from aiohttp import web

from bot.sandbox.control import ControlError
from bot.sandbox.intacct import errors, functions, record_page, view
from bot.sandbox.intacct.desk import DESK
from bot.sandbox.intacct.faults import Fault, Faults
from bot.sandbox.intacct.gateway import Admitted, Gateway, Reply
from bot.sandbox.intacct.rig import RIG

PATH = "/ia/xml/xmlgw.phtml"
MAX_BODY = 64 * 1024 * 1024
_HEADERS = {"Content-Type": 'text/xml; encoding="UTF-8";charset=UTF-8'}
_XML_TYPES = frozenset({"application/xml", "text/xml", "x-intacct-xml-request", "application/x-intacct-xml-request"})
_PAGE = (
    "<!DOCTYPE html><html><head><title>Error</title></head><body><div class='cf-error-details'>"
    "<h1>Web server is returning an unknown error</h1></div></body></html>"
)

assert functions.LOADED  # importing the module registers every function


class IntacctSim:
    """A strict stand-in for the Intacct XML gateway, with one company.

    Attributes:
        url: where requests are posted (what INTACCT_URL is set to); empty before the first start.
        clock: tells the time (UTC); `advance` adds to it.
        on_change: called with "intacct" after each request and each verb.
        VERBS: every verb of the control door; what a verb takes stands at its function.
    """

    VERBS: ClassVar[dict[str, Callable[..., dict[str, Any]]]] = {**DESK, **RIG}

    def __init__(self, company: dict[str, Any], clock: Callable[[], datetime] | None = None) -> None:
        self.url = ""
        self.clock: Callable[[], datetime] = clock or (lambda: datetime.now(UTC))
        self.on_change: Callable[[str], None] | None = None
        self.skew = timedelta()
        self.allowance = 2
        self.request_time = 0.0
        self.function_time = 0.0
        self.in_flight = 0
        self.refused_busy = 0
        self.most_at_once = 0
        self.reset(company)
        self._runner: web.AppRunner | None = None
        self._port = 0

    def reset(self, company: dict[str, Any]) -> None:
        """Starts over with another company, or the same one afresh. Faults and what was to be done late are gone."""
        self.gateway = Gateway(company, self.now)
        self.faults = Faults()
        self.late: list[tuple[datetime, Admitted]] = []

    def now(self) -> datetime:
        return self.clock() + self.skew

    # --- life ---------------------------------------------------------------------------------------------------------

    async def start(self, port: int = 0) -> str:
        """Binds 127.0.0.1 and returns the url; after a stop the old port is taken again."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", PATH, self._handle)
        app.router.add_get(record_page.PATH, self._record_page)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port or self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}{PATH}"
        return self.url

    async def stop(self) -> None:
        """Closes the listener and drops the connections; the books stay."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # --- the control door ---------------------------------------------------------------------------------------------

    async def control(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        """Does a verb. Raises ControlError with a sentence."""
        handler = self.VERBS.get(verb)
        if handler is None:
            raise ControlError(f"There is no verb '{verb}'. There are: {', '.join(sorted(self.VERBS))}.")
        _check_args(verb, handler, args)
        self.catch_up()
        answer = handler(self, **args)
        self.catch_up()
        self._changed()
        return answer

    def state(self, limit: int = 50, offset: int = 0) -> dict[str, Any]:
        """A snapshot for the page and for tests; `limit` and `offset` page through the posted transactions."""
        self.catch_up()
        return view.state(self, int(limit), int(offset))

    def catch_up(self) -> None:
        """Does what was put off until now; in a real gateway the first request would have run on."""
        due = [entry for entry in self.late if entry[0] <= self.now()]
        self.late = [entry for entry in self.late if entry[0] > self.now()]
        for _, admitted in due:
            self.gateway.run(admitted)

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change("intacct")

    # --- requests -----------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_at_once = max(self.most_at_once, self.in_flight)
        try:
            if self.in_flight > self.allowance:
                self.refused_busy += 1
                return _http(self.gateway.refused(errors.too_many(self.gateway.support_id())))
            return await self._serve(request)
        finally:
            self.in_flight -= 1
            self._changed()

    async def _record_page(self, request: web.Request) -> web.Response:
        found = record_page.page(self.gateway.company, request.query.get(".r", ""))
        if found is None:
            raise web.HTTPNotFound(text="There is no such record.")
        return web.Response(text=found, content_type="text/html")

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.gateway.requests_served += 1
        if request.method != "POST" or request.content_type not in _XML_TYPES or not body.strip():
            return _http(self.gateway.refused(errors.invalid_request(self.gateway.support_id())))
        if pause := self.request_time + self.function_time * body.count(b"<function "):
            await asyncio.sleep(pause)
        self.catch_up()
        fault = self.faults.take(body)
        if fault is None:
            return _http(self._answer(body))
        return await self._struck(request, body, fault)

    def _answer(self, body: bytes, **how: Any) -> Reply:
        admitted = self.gateway.admit(body, self._endpoint())
        return admitted if isinstance(admitted, Reply) else self.gateway.run(admitted, **how)

    def _endpoint(self) -> str:
        host = self.gateway.company.endpoint_host
        return f"https://{host}{PATH}" if host else self.url

    async def _struck(self, request: web.Request, body: bytes, fault: Fault) -> web.StreamResponse:
        """Answers a request that a fault strikes."""
        kind = fault.kind
        if kind in {"rate_limit", "invalid_request", "unauthorized"}:
            return _http(self.gateway.refused(self._refusal(kind)))
        if kind == "busy":
            return _http(self._answer(body, busy=True))
        if kind == "twice":
            return _http(self._answer(body, twice=True))
        if kind == "expire_session":
            return _http(self._expired(body, fault))
        if kind == "commit_late":
            admitted = self.gateway.admit(body, self._endpoint())
            if isinstance(admitted, Admitted):
                self.late.append((self.now() + timedelta(seconds=fault.seconds), admitted))
            return _dropped(request)
        if kind == "drop_before":
            return _dropped(request)
        if kind in {"error_500", "error_503", "html"}:
            if fault.committed:
                self._answer(body)
            status = {"error_500": 500, "error_503": 503}.get(kind, 200)
            return web.Response(status=status, text=_PAGE, content_type="text/html")
        reply = self._answer(body)
        if kind == "drop_after_commit":
            return _dropped(request)
        if kind == "truncate":
            return await _truncated(request, reply, hard=fault.hard)
        await asyncio.sleep(fault.seconds)
        return _http(reply)

    def _refusal(self, kind: str) -> errors.ControlRefusal:
        mark = self.gateway.support_id()
        if kind == "rate_limit":
            return errors.too_many(mark)
        return errors.invalid_request(mark) if kind == "invalid_request" else errors.rejected_credentials()

    def _expired(self, body: bytes, fault: Fault) -> Reply:
        if fault.after:
            return self._answer(body, ends_after=fault.after)
        self.gateway.door.end_sessions()
        return self._answer(body)


def _http(reply: Reply) -> web.Response:
    response = web.Response(status=reply.status, body=reply.body, headers=_HEADERS)
    response.enable_compression()
    return response


def _dropped(request: web.Request) -> web.Response:
    """Breaks the connection; what is returned after that reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncated(request: web.Request, reply: Reply, *, hard: bool) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=_HEADERS)
    if hard:
        response.content_length = len(reply.body)
    await response.prepare(request)
    await response.write(reply.body[: len(reply.body) // 2])
    if hard and request.transport is not None:
        request.transport.close()
        return response
    await response.write_eof()
    return response


_TYPES: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "float": (int, float), "bool": bool}


def _check_args(verb: str, handler: Callable[..., dict[str, Any]], args: dict[str, Any]) -> None:
    parameters = dict(list(inspect.signature(handler).parameters.items())[1:])
    for name, value in args.items():
        if name not in parameters:
            raise ControlError(f"'{verb}' takes no '{name}'. It takes: {', '.join(parameters) or 'nothing'}.")
        wanted = _TYPES.get(str(parameters[name].annotation))
        if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool)):
            raise ControlError(f"'{name}' of '{verb}' has to be of type {parameters[name].annotation}.")
    for name, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and name not in args:
            raise ControlError(f"'{verb}' needs '{name}'.")
