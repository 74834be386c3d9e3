"""The open port in HTTP mode, over real sockets against the whole bot: what is not Slack's own does nothing at all."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from pydantic import SecretStr
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackSim
from bot.serve import Bot
from handlers.response_url import answered, slacks
from tests.office import FINANCE, harbor_without_bot
from tests.patience import PATIENCE

SECRET = "sandbox-signing-secret"
FORM = "application/x-www-form-urlencoded"

Lines = Iterable[tuple[str, bytes]]


def signature(body: bytes, stamp: str, secret: str = SECRET) -> str:
    """As Slack's page on verifying requests describes it, by hand."""
    return "v0=" + hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()


def now() -> str:
    return str(int(time.time()))


def signed(body: bytes, content_type: str = FORM) -> list[tuple[str, bytes]]:
    stamp = now()
    return [
        ("Content-Type", content_type.encode()),
        ("X-Slack-Request-Timestamp", stamp.encode()),
        ("X-Slack-Signature", signature(body, stamp).encode()),
    ]


@dataclass
class Port:
    """The bot's port, whoever listens at an address that a request may name, and what both saw."""

    number: int
    slack: SlackSim
    bot: Bot
    hook: str
    visits: list[str] = field(default_factory=list)

    async def send(self, body: bytes, headers: Lines, head: bytes = b"POST /slack/events HTTP/1.1") -> tuple[int, str]:
        """One request on a connection of its own: status and the whole answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.number)
        lines = [head, b"Host: bot.example", b"Connection: close", b"Content-Length: %d" % len(body)]
        lines += [name.encode() + b": " + value for name, value in headers]
        try:
            writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            answer = await asyncio.wait_for(reader.read(), PATIENCE)
        except ConnectionError:  # it was answered before all of it was read
            return 0, ""
        finally:
            writer.close()
        return int(answer.split(b" ", 2)[1]), answer.decode("latin-1")

    def command(self, **changes: str) -> bytes:
        """A command as Slack sends it, with an answer to whoever listens beside us."""
        asked = {"command": "/intacct", "text": "help", "user_id": "U0DANA", "team_id": "T0HARBOR"}
        asked |= {"channel_id": FINANCE, "trigger_id": "1.2.3", "response_url": self.hook}
        return urlencode(asked | changes).encode()

    def outside(self) -> tuple[int, int, list[str]]:
        """All that this port can have set in motion: calls to Slack, messages, visits to an address of a stranger."""
        calls = [line for line in self.slack.core.traffic if line["dir"] == "in"]
        return len(calls), len(self.slack.messages(FINANCE)), list(self.visits)

    async def still(self) -> tuple[int, int, list[str]]:
        """The same, once a request of Slack's own that came after has been answered in the finance channel's place."""
        before = len(self.slack.messages("D0DANA"))
        body = self.command(response_url="")
        assert (await self.send(body, signed(body)))[0] == 200
        async with asyncio.timeout(PATIENCE):
            while len(self.slack.messages("D0DANA")) == before:  # noqa: ASYNC110  # a message sets no event
                await asyncio.sleep(0.02)
        return self.outside()


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Port]:
    visits: list[str] = []

    async def visited(request: web.Request) -> web.Response:
        visits.append(request.path)
        return web.Response(status=307, headers={"Location": "/further"})

    stranger = web.Application()
    stranger.router.add_route("*", "/{path:.*}", visited)
    runner = web.AppRunner(stranger)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        async with harbor_without_bot(folder) as (far, slack, clock):
            settings = far.settings.model_copy(update={"slack_mode": "http", "slack_signing_secret": SecretStr(SECRET)})
            async with Bot(settings, clock, pause=0, patience=1) as bot:
                port = Port(settings.port, slack, bot, hook, visits)
                await port.still()  # by then it is known to Slack, and its own calls are made
                yield port
    finally:
        await runner.cleanup()


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[Port]:
    async with opened(tmp_path) as made:
        yield made


ODD_STAMPS = [b"x", b"", b"1;2", b"nan", b"9" * 400, b"-1", b"1e9", b" ", b"\xd9\xa1" * 10, b"0x10", b"1_0", b"+1"]
ODD_SIGNATURES = [
    b"v0=\xc3\xa4" + b"0" * 62,
    b"",
    b"v0=",
    b"\xff" * 67,
    b"v1=" + b"0" * 64,
    b"v0=" + b"0" * 64,
    b"\xe4",
]


async def test_odd_times_and_signatures_are_401_and_nothing_happens_outside(port: Port) -> None:
    before = port.outside()
    for body in (port.command(), port.command(user_id="C0FINANCE"), b"payload=" + b"{}"):
        good = signature(body, now()).encode()
        for stamp in ODD_STAMPS:
            found = await port.send(body, [("X-Slack-Request-Timestamp", stamp), ("X-Slack-Signature", good)])
            assert found[0] == 401, stamp
        for odd in ODD_SIGNATURES:
            stamp_now = now().encode()
            found = await port.send(body, [("X-Slack-Request-Timestamp", stamp_now), ("X-Slack-Signature", odd)])
            assert found[0] == 401, odd
    assert port.outside() == before

    after = await port.still()
    assert after[1:] == before[1:]
    assert after[0] - before[0] <= 2  # what the command of Slack's own after it called and was sent


async def test_missing_and_doubled_headers_are_401(port: Port) -> None:
    before = port.outside()
    body = port.command()
    stamp = now()
    time_line = ("X-Slack-Request-Timestamp", stamp.encode())
    name_line = ("X-Slack-Signature", signature(body, stamp).encode())
    old = str(int(time.time()) - 3600)
    kinds: list[Lines] = [
        [],
        [time_line],
        [name_line],
        [time_line, time_line, name_line],
        [time_line, name_line, name_line],
        [("X-Slack-Request-Timestamp", b"1"), time_line, name_line],
        [("X-Slack-Request-Timestamp", old.encode()), ("X-Slack-Signature", signature(body, old).encode())],
        [time_line, ("X-Slack-Signature", signature(body, stamp, "another secret").encode())],
        [time_line, ("X-Slack-Signature", signature(body + b"x", stamp).encode())],
        [time_line, ("X-Slack-Signature", signature(body, stamp, "").encode())],
    ]

    answers = [(await port.send(body, kind))[0] for kind in kinds]

    assert answers == [401] * len(kinds)
    assert port.outside() == before


async def test_the_check_of_certificates_needs_a_signature_too(port: Port) -> None:
    assert (await port.send(b"ssl_check=1&token=x", [("Content-Type", FORM.encode())]))[0] == 401


async def test_the_error_handler_talks_to_nobody_whose_request_was_not_proved(port: Port) -> None:
    before = port.outside()
    for stamp in ("x", "1;2", "9" * 400):  # Bolt's own judge raises on these, and hands them to the error handler
        headers = {"Content-Type": FORM, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": "v0=0"}
        asked = AsyncBoltRequest(body=port.command(user_id=FINANCE).decode(), headers=headers)  # type: ignore[arg-type]

        answer = await port.bot.app.async_dispatch(asked)

        assert answer.status == 401
    assert port.outside() == before


async def test_a_signed_request_that_names_a_strangers_address_is_answered_in_slack(port: Port) -> None:
    before = len(port.slack.messages("D0DANA"))
    body = port.command()

    status, _ = await port.send(body, signed(body))

    async with asyncio.timeout(PATIENCE):
        while len(port.slack.messages("D0DANA")) == before:  # noqa: ASYNC110  # a message sets no event
            await asyncio.sleep(0.02)
    assert status == 200
    assert port.visits == []


@pytest.mark.parametrize(
    ("url", "api", "followed"),
    [
        ("https://hooks.slack.com/commands/T1/2/x", "https://slack.com/api/", True),
        ("https://hooks.slack.com:443/actions/T1/2/x", "https://slack.com/api/", True),
        ("http://hooks.slack.com/commands/T1/2/x", "https://slack.com/api/", False),
        ("https://hooks.slack.com.evil.example/x", "https://slack.com/api/", False),
        ("https://hooks.slack.com@evil.example/x", "https://slack.com/api/", False),
        ("https://evil.example@hooks.slack.com/x", "https://slack.com/api/", False),
        ("https://evil.example\\@hooks.slack.com/x", "https://slack.com/api/", False),
        ("https://evil.example/hooks.slack.com", "https://slack.com/api/", False),
        ("https://hooks.slack.com:8443/x", "https://slack.com/api/", False),
        ("http://127.0.0.1:4000/respond/1", "https://slack.com/api/", False),
        ("http://127.0.0.1:4000/respond/1", "http://127.0.0.1:4000/api/", True),
        ("http://127.0.0.1:4001/respond/1", "http://127.0.0.1:4000/api/", False),
        ("https://hooks.slack.com/commands/T1/2/x", "http://127.0.0.1:4000/api/", False),
        ("", "https://slack.com/api/", False),
        ("/respond/1", "https://slack.com/api/", False),
        ("http://[::1", "https://slack.com/api/", False),
        ("javascript:alert(1)", "https://slack.com/api/", False),
    ],
)
def test_an_answers_address_lies_with_slack_or_is_not_followed(url: str, api: str, followed: bool) -> None:
    assert (slacks(url, api) is not None) is followed


async def test_a_redirect_of_an_answer_is_not_followed(port: Port) -> None:
    """The stranger's origin is taken for Slack's here, and sends on to another address."""
    client = AsyncWebClient(base_url=port.hook.replace("/hook", "/api/"))

    assert not await answered(client, port.hook, {"text": "Hello", "blocks": []})
    assert port.visits == ["/hook"]


HEAD = b"POST /slack/events HTTP/1.1"
ODD_PARTS: list[dict[str, Any]] = [
    {},
    {"actions": 5, "view": 5, "event": 5},
    {"actions": [5], "view": [5], "event": [5]},
    {"actions": [], "view": {"state": 5}, "event": {"type": 5}},
    {"team": 5, "enterprise": 5, "user": 5},
    {"team": [], "enterprise": [], "user": [[]]},
    {"authorizations": 5},
    {"authorizations": [5]},
    {"channel": 5, "container": 5, "message": 5, "trigger_id": {}, "response_url": 5},
]
JUNK: list[tuple[bytes, str]] = [
    (b"", FORM),
    (b"{", "application/json"),
    (b"[]", "application/json"),
    (b"[1]", "application/json"),
    (b"7", "application/json"),
    (b"null", "application/json"),
    (b'"text"', "application/json"),
    (b"{}", "application/json"),
    (b"\xff\xfe", FORM),
    (b"\x00", FORM),
    (b"payload=", FORM),
    (b"payload={", FORM),
    (b"payload=[]", FORM),
    (b"payload=7", FORM),
    (b"payload=null", FORM),
    (b"[" * 100_000, "application/json"),
    (b"payload=" + b"[" * 100_000, FORM),
    (b'{"type":' + b"9" * 5000 + b"}", "application/json"),
    (gzip.compress(b"command=/intacct"), FORM),
    *(
        (json.dumps({"type": kind} | odd).encode(), "application/json")
        for kind in ("block_actions", "view_submission", "event_callback", "block_suggestion", "view_closed", "x")
        for odd in ODD_PARTS
    ),
]


@pytest.mark.parametrize("proved", [True, False], ids=["signed", "unsigned"])
async def test_junk_is_a_4xx_without_a_trace(port: Port, proved: bool, caplog: pytest.LogCaptureFixture) -> None:
    before = port.outside()
    caplog.clear()
    for body, content_type in JUNK:
        headers = signed(body, content_type) if proved else [("Content-Type", content_type.encode())]

        status, answer = await port.send(body, headers)

        assert 400 <= status < 500, (body[:80], answer)
        assert "Traceback" not in answer
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    assert port.outside()[1:] == before[1:]


async def test_a_body_over_the_limit_is_refused_before_it_is_read(port: Port) -> None:
    body = port.command(text="help " + "x" * 300_000)

    status, _ = await port.send(body, signed(body))
    chunks = [*signed(body), ("Transfer-Encoding", b"chunked")]
    reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
    writer.write(HEAD + b"\r\nHost: bot.example\r\n" + b"".join(n.encode() + b": " + v + b"\r\n" for n, v in chunks))
    writer.write(b"\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")
    chunked = await asyncio.wait_for(reader.readline(), PATIENCE)
    writer.close()

    assert status == 413
    assert b" 413 " in chunked


async def test_no_answer_names_a_version(port: Port) -> None:
    body = port.command()
    answers = [
        (await port.send(body, signed(body)))[1],
        (await port.send(body, []))[1],
        (await port.send(b"", [], b"GET /healthz HTTP/1.1"))[1],
        (await port.send(b"", [], b"GET /nothing HTTP/1.1"))[1],
        (await port.send(b"", [], b"no HTTP at all"))[1],
        (await port.send(b"", [("bad header", b"x")]))[1],
    ]

    for answer in answers:
        assert "aiohttp" not in answer
        assert "Python" not in answer


async def test_a_long_bad_header_stalls_nothing_and_is_not_logged(port: Port, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    slowest = 0.0
    for name in (b"token" * 6_000, b"password=" * 3_500, b"a://b:" * 5_000, b"-" * 30_000, b"<password" * 3_000):
        started = time.perf_counter()
        status, _ = await port.send(b"", [(name.decode() + " bad", b"x")])
        slowest = max(slowest, time.perf_counter() - started)

        assert status == 400
    assert slowest < 2
    assert all(len(record.getMessage()) < 1_000 and not record.exc_info for record in caplog.records)


async def test_replies_of_the_conversation_still_come_by_http(port: Port) -> None:
    """A command with Slack's own answer address: the sandbox's, since that is where the API is."""
    url = port.slack.core.respond_url("U0DANA", FINANCE)
    body = port.command(response_url=url)

    status, _ = await port.send(body, signed(body))

    async with asyncio.timeout(PATIENCE):
        while not any("Type /intacct" in post["text"] for post in port.slack.messages(FINANCE)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert status == 200
