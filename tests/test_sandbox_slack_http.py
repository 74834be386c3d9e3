"""The simulated Slack in HTTP mode, against a real Bolt behind a real web server: signatures, forms, retries."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackSim
from tests.patience import PATIENCE

Json = dict[str, Any]


class Site:
    """The app's web server; `statuses` are answered before Bolt gets a request, `seen` are the headers that came."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.extra: dict[str, str] = {}
        self.seen: list[dict[str, str]] = []
        self.bolt: AsyncApp | None = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        app = web.Application()
        app.router.add_post("/slack/events", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/slack/events"

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append({key.lower(): value for key, value in request.headers.items()})
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), headers=self.extra)
        assert self.bolt is not None
        return await to_aiohttp_response(await self.bolt.async_dispatch(await to_bolt_request(request)))


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    yield made
    await made.stop()


@pytest.fixture
async def sim(site: Site) -> AsyncIterator[SlackSim]:
    logging.getLogger("slack_bolt").setLevel(logging.CRITICAL)
    made = SlackSim(deliver_to=await site.start())
    made.core.delivery.retry_delays = (0.0, 0.01, 0.02)
    await made.start()
    site.bolt = app(made, made.SIGNING_SECRET)
    yield made
    await made.stop()


def app(sim: SlackSim, secret: str) -> AsyncApp:
    client = AsyncWebClient(token=sim.BOT_TOKEN, base_url=sim.url)
    made = AsyncApp(client=client, signing_secret=secret)

    async def opens(ack: Callable[..., Awaitable[Any]], body: Json, client: AsyncWebClient) -> None:
        await ack("Opening.")
        field = {
            "type": "input",
            "block_id": "who",
            "label": {"type": "plain_text", "text": "Who"},
            "element": {"type": "external_select", "action_id": "pick", "min_query_length": 0},
        }
        words = {name: {"type": "plain_text", "text": name} for name in ("title", "submit")}
        view = {"type": "modal", "callback_id": "ask", "blocks": [field], **words}
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    async def offers(ack: Callable[..., Awaitable[Any]]) -> None:
        await ack(options=[{"text": {"type": "plain_text", "text": "One"}, "value": "1"}])

    async def refuses(ack: Callable[..., Awaitable[Any]]) -> None:
        await ack(response_action="errors", errors={"who": "Not this one."})

    async def hears(ack: Callable[..., Awaitable[Any]]) -> None:
        await ack()

    made.command("/intacct")(opens)
    made.options("pick")(offers)
    made.view("ask")(refuses)
    made.event("app_home_opened")(hears)
    return made


async def test_commands_options_and_submissions_work_over_signed_http(sim: SlackSim, site: Site) -> None:
    told = await sim.control("command", {"user": "U0DANA", "channel": "C0FINANCE", "text": "/intacct setup"})
    assert told["acked"]
    async with asyncio.timeout(PATIENCE):
        while sim.view_of("U0DANA") is None:
            await _change(sim)
    assert sim.messages("C0FINANCE")[-1]["text"] == "Opening."
    view = sim.view_of("U0DANA") or {}
    place = {"user": "U0DANA", "view_id": view["id"]}
    offered = await sim.control("options", {**place, "block_id": "who", "action_id": "pick", "query": ""})
    values = {"who": {"pick": {"selected_option": offered["options"][0]}}}
    result = await sim.control("submit", {**place, "values": values})
    assert result["errors"] == {"who": "Not this one."}
    assert all(headers["x-slack-signature"].startswith("v0=") for headers in site.seen)


async def _change(sim: SlackSim) -> None:
    changed = asyncio.Event()
    sim.on_change = lambda _: changed.set()
    if sim.view_of("U0DANA") is None:
        await changed.wait()


async def test_a_wrong_signing_secret_is_refused_by_the_app(sim: SlackSim, site: Site) -> None:
    site.bolt = app(sim, "another-secret")
    command = {"user": "U0DANA", "channel": "C0FINANCE", "text": "/intacct setup"}
    assert (await sim.control("command", command))["error"] == "http_status_401"
    site.bolt = app(sim, sim.SIGNING_SECRET)
    assert (await sim.control("command", command))["acked"]


async def test_an_event_comes_three_more_times_with_number_and_reason(sim: SlackSim, site: Site) -> None:
    site.statuses = [500, 500, 500]
    await sim.control("open_home", {"user": "U0DANA"})
    await sim.core.delivery.settled()
    retries = [(one.get("x-slack-retry-num"), one.get("x-slack-retry-reason")) for one in site.seen]
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert [line["ok"] for line in sim.state()["log"] if line["what"].startswith("event")] == [False] * 3 + [True]


async def test_an_app_can_ask_for_no_retry(sim: SlackSim, site: Site) -> None:
    site.statuses, site.extra = [500], {"X-Slack-No-Retry": "1"}
    await sim.control("open_home", {"user": "U0DANA"})
    await sim.core.delivery.settled()
    assert len(site.seen) == 1


async def test_a_server_that_is_gone_is_said_so_and_found_again(sim: SlackSim, site: Site) -> None:
    await site.stop()
    command = {"user": "U0DANA", "channel": "C0FINANCE", "text": "/intacct setup"}
    assert (await sim.control("command", command))["error"] == "dispatch_failed"
    assert sim.messages("C0FINANCE")[-1]["text"] == '/intacct failed with the error "dispatch_failed"'
