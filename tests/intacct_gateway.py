"""A gateway that answers what a test tells it to, over a real socket, and keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import escape

from aiohttp import web
from lxml import etree

from bot.intacct.client import Gateway, SignIn
from bot.intacct.envelope import Element
from bot.models import Secret

SENDER = Secret("sender-pass-1")
PASSWORD = Secret("user-pass-22")
SIGN_IN = SignIn("HarborPine", "Spendcenter", PASSWORD)


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    http: web.Request
    body: bytes
    document: Element

    @property
    def request_id(self) -> str:
        return self.document.findtext("control/controlid") or ""

    @property
    def functions(self) -> list[tuple[str, Element]]:
        return [(str(function.get("controlid")), function[0]) for function in self.document.iter("function")]

    @property
    def calls(self) -> list[str]:
        return [str(call.tag) for _, call in self.functions]

    @property
    def ids(self) -> list[str]:
        return [controlid for controlid, _ in self.functions]

    def text(self, path: str) -> str:
        return self.document.findtext(path) or ""


Reply = Callable[[Asked], Awaitable[web.StreamResponse]]


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class ScriptedGateway:
    """Sign-ins are answered by themselves (unless `sign_ins` has something to say), all else from the script."""

    def __init__(self) -> None:
        self.script: deque[Reply] = deque()
        self.sign_ins: deque[Reply] = deque()
        self.asked: list[Asked] = []
        self.endpoint = ""
        self.timeout = "2026-10-05T14:00:00+00:00"
        self.url = ""
        self.stop: Callable[[], Awaitable[None]] | None = None

    def then(self, *replies: Reply) -> None:
        self.script.extend(replies)

    @property
    def calls(self) -> list[list[str]]:
        return [asked.calls for asked in self.asked]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked = Asked(request, body, etree.fromstring(body))
        self.asked.append(asked)
        if asked.calls == ["getAPISession"]:
            return await (self.sign_ins.popleft() if self.sign_ins else self.signed_in)(asked)
        return await self.script.popleft()(asked)

    async def signed_in(self, asked: Asked) -> web.StreamResponse:
        entity = asked.text("operation/authentication/login/locationid")
        number = sum(one.calls == ["getAPISession"] for one in self.asked)
        data = (
            f'<data listtype="all" count="1"><api><sessionid>session-{number}-{entity}</sessionid>'
            f"<endpoint>{self.endpoint or self.url}</endpoint><locationid>{entity}</locationid></api></data>"
        )
        body = document(asked, result(asked.ids[0], "getAPISession", data=data), entity=entity, timeout=self.timeout)
        return xml(body)


def xml(body: str | bytes, status: int = 200) -> web.Response:
    raw = body.encode() if isinstance(body, str) else body
    return web.Response(body=raw, status=status, headers={"Content-Type": 'text/xml; encoding="UTF-8";charset=UTF-8'})


def document(
    asked: Asked, *results: str, entity: str = "", timeout: str = "2026-10-05T14:00:00+00:00", control: str = "success"
) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<response><control>'
        f"<status>{control}</status><senderid>us</senderid><controlid>{asked.request_id}</controlid>"
        "<uniqueid>false</uniqueid><dtdversion>3.0</dtdversion></control><operation><authentication>"
        "<status>success</status><userid>Spendcenter</userid><companyid>HarborPine</companyid>"
        f"<locationid>{entity}</locationid><sessiontimestamp>2026-10-05T12:00:00+00:00</sessiontimestamp>"
        f"<sessiontimeout>{timeout}</sessiontimeout></authentication>{''.join(results)}</operation></response>"
    )


def result(
    controlid: str, function: str = "x", *, key: str = "", data: str = "", status: str = "success", errors: str = ""
) -> str:
    key_element = f"<key>{key}</key>" if key else ""
    return (
        f"<result><status>{status}</status><function>{function}</function><controlid>{controlid}</controlid>"
        f"{key_element}{data}{errors}</result>"
    )


def errors(*texts: tuple[str, str]) -> str:
    """`<errormessage>` of (number, description2)."""
    inner = "".join(
        f"<error><errorno>{number}</errorno><description></description>"
        f"<description2>{escape(text)}</description2><correction></correction></error>"
        for number, text in texts
    )
    return f"<errormessage>{inner}</errormessage>"


def control_failure(asked: Asked, number: str, text: str) -> str:
    return (
        f"<response><control><status>failure</status><controlid>{asked.request_id}</controlid></control>"
        f"{errors((number, text))}</response>"
    )


def authentication_failure(asked: Asked, number: str, text: str) -> str:
    return (
        f"<response><control><status>success</status><controlid>{asked.request_id}</controlid></control><operation>"
        "<authentication><status>failure</status><userid></userid><companyid></companyid></authentication>"
        f"{errors((number, text))}</operation></response>"
    )


# --- replies ----------------------------------------------------------------------------------------------------------


def recorded(first: int = 7001) -> Reply:
    """Every function succeeds, with keys that count up from `first`."""

    async def reply(asked: Asked) -> web.StreamResponse:
        keys = enumerate(asked.functions, first)
        return xml(document(asked, *(result(cid, str(call.tag), key=str(key)) for key, (cid, call) in keys)))

    return reply


def data(inner: str) -> Reply:
    """The one function succeeds with this `<data>`."""

    async def reply(asked: Asked) -> web.StreamResponse:
        return xml(document(asked, result(asked.ids[0], asked.calls[0], data=inner)))

    return reply


def failed(number: str, text: str) -> Reply:
    """The one function fails."""

    async def reply(asked: Asked) -> web.StreamResponse:
        return xml(document(asked, result(asked.ids[0], status="failure", errors=errors((number, text)))))

    return reply


def says(build: Callable[[Asked], str], status: int = 200) -> Reply:
    async def reply(asked: Asked) -> web.StreamResponse:
        return xml(build(asked), status)

    return reply


def raw(body: bytes | str, status: int = 200, **headers: str) -> Reply:
    async def reply(asked: Asked) -> web.StreamResponse:
        response = xml(body, status)
        response.headers.update(headers)
        return response

    return reply


def invalid_session() -> Reply:
    return says(lambda asked: authentication_failure(asked, "XL03000006", "Invalid session x4. [Support ID: a%7E]"))


async def hang_up(asked: Asked) -> web.StreamResponse:
    """Drops the line after the request was read: it may have been executed."""
    assert asked.http.transport is not None
    asked.http.transport.abort()
    return web.Response()


# --- the server -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def gateway() -> AsyncIterator[ScriptedGateway]:
    scripted = ScriptedGateway()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/ia/xml/xmlgw.phtml", scripted.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    scripted.url = f"http://{host}:{port}/ia/xml/xmlgw.phtml"
    scripted.stop = runner.cleanup
    try:
        yield scripted
    finally:
        await runner.cleanup()


def settings(url: str, **times: float) -> Gateway:
    return Gateway(url, "harborpine-bot", SENDER, **times)
