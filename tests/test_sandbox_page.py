"""The page's server, the bot's process and the command, over real HTTP and with real processes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientSession

from bot.sandbox.child import BotProcess, clean_environment
from bot.sandbox.control import ControlError
from bot.sandbox.page import WEB, Page
from bot.sandbox.slack import SlackSim

ROOT = Path(__file__).parent.parent


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    served = Page({"slack": SlackSim()})
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def browser(page: Page) -> AsyncIterator[ClientSession]:
    async with ClientSession(page.url) as session:
        yield session


async def next_event(lines: aiohttp.StreamReader) -> list[str]:
    while True:
        line = await asyncio.wait_for(lines.readline(), 5)
        if line.startswith(b"data: "):
            changed: list[str] = json.loads(line[6:])["changed"]
            return changed


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - another process does it; there is no event to wait for
            await asyncio.sleep(0.01)


# --- files ------------------------------------------------------------------------------------------------------------


async def test_the_page_and_all_it_loads_come_from_its_own_address(browser: ClientSession) -> None:
    async with browser.get("/") as answer:
        html = await answer.text()
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    wanted = set(re.findall(r'(?:src|href)="(/[^"]+)"', html))
    for path in [*wanted]:
        async with browser.get(path) as answer:
            assert answer.status == 200, path
            text = await answer.text()
        wanted |= {f"/web/{name}" for name in re.findall(r'from "\./([\w.]+)"', text)}
    loaded = {Path(path).name for path in wanted}
    for path in sorted(wanted):
        async with browser.get(path) as answer:
            assert answer.status == 200, path
    assert {"app.js", "base.css", "slack.js", "mark.svg"} <= loaded


def test_nothing_on_the_page_makes_markup_out_of_text_or_loads_from_elsewhere() -> None:
    sources = {path.name: path.read_text(encoding="utf-8") for path in WEB.iterdir()}
    assert len(sources) > 10
    for name, text in sources.items():
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|\beval\(|srcdoc", text
        ), name
        addresses = re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[^\s\"'`)]*", text)
        assert [one for one in addresses if "www.w3.org" not in one] == [], name


async def test_only_files_of_the_page_are_served(browser: ClientSession) -> None:
    for path in ("/web/../run.py", "/web/%2e%2e/run.py", "/web/nothing.js", "/pyproject.toml"):
        async with browser.get(path) as answer:
            assert answer.status in {403, 404}, path


# --- the control door -------------------------------------------------------------------------------------------------


async def test_a_verb_does_what_it_says_and_the_state_shows_it(browser: ClientSession) -> None:
    say = {"user": "U0DANA", "channel": "C0GENERAL", "text": "Good morning"}
    async with browser.post("/control/slack/say", json=say) as answer:
        assert answer.status == 200
    async with browser.get("/control/slack/state", params={"user": "U0LEE"}) as answer:
        state = await answer.json()
    assert state["me"] == "U0LEE"
    assert [message["text"] for message in state["messages"]["C0GENERAL"]] == ["Good morning"]


@pytest.mark.parametrize(
    ("path", "sent", "sentence"),
    [
        ("/control/slack/dance", "{}", "dance"),
        ("/control/slack/say", '{"user": "U0DANA"}', "text"),
        ("/control/moon/say", "{}", "There is no 'moon' here"),
        ("/control/slack/say", "no json", "takes JSON"),
        ("/control/slack/say", "[1]", "a JSON object"),
    ],
)
async def test_a_refusal_is_a_sentence(browser: ClientSession, path: str, sent: str, sentence: str) -> None:
    async with browser.post(path, data=sent, headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 400
        assert sentence in (await answer.json())["error"]


async def test_a_state_that_is_asked_for_wrongly_is_refused_and_then_given(browser: ClientSession) -> None:
    for query in ({"planet": "mars"}, {"user": "U0NOBODY"}):
        async with browser.get("/control/slack/state", params=query) as answer:
            assert answer.status == 400
            assert (await answer.json())["error"]
    async with browser.get("/control/slack/state") as answer:
        assert (await answer.json())["me"] == "U0DANA"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_another_site_cannot_use_the_door(page: Page, browser: ClientSession, headers: dict[str, str]) -> None:
    say = {"user": "U0DANA", "channel": "C0GENERAL", "text": "from elsewhere"}
    async with browser.post("/control/slack/say", json=say, headers=headers) as answer:
        assert answer.status == 403
    state: dict[str, Any] = page.doors["slack"].state(user="U0DANA")
    assert state["messages"]["C0GENERAL"] == []
    own = {"Origin": page.url.rstrip("/")}
    async with browser.post("/control/slack/say", json=say, headers=own) as answer:
        assert answer.status == 200


async def test_a_form_of_another_site_is_refused_for_its_content_type(browser: ClientSession) -> None:
    async with browser.post("/control/slack/say", data={"user": "U0DANA", "text": "x"}) as answer:
        assert answer.status == 400
        assert "application/json" in (await answer.json())["error"]


async def test_a_failing_door_says_so_and_does_not_take_the_page_down(
    page: Page, browser: ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        on_change: Callable[[str], None] | None = None

        async def control(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
            raise RuntimeError(f"a bug of ours in {verb} {args}")

        def state(self) -> dict[str, Any]:
            return {}

    page.doors["broken"] = Broken()
    async with browser.post("/control/broken/x", json={}) as answer:
        assert answer.status == 500
        assert "a bug of ours" not in (await answer.json())["error"]
    assert "a bug of ours" in caplog.text
    async with browser.get("/control/slack/state") as answer:
        assert answer.status == 200


# --- events -----------------------------------------------------------------------------------------------------------


async def test_events_name_what_changed_and_many_changes_are_one_event(page: Page, browser: ClientSession) -> None:
    async with browser.get("/control/events") as stream:
        assert stream.content_type == "text/event-stream"
        assert await next_event(stream.content) == ["slack"]
        for _ in range(50):
            page.changed("slack")
        assert await next_event(stream.content) == ["slack"]
        say = {"user": "U0DANA", "channel": "C0GENERAL", "text": "once more"}
        async with browser.post("/control/slack/say", json=say) as answer:
            assert answer.status == 200
        assert await next_event(stream.content) == ["slack"]


async def test_stopping_the_page_ends_the_streams_at_once(page: Page, browser: ClientSession) -> None:
    async with browser.get("/control/events") as stream:
        await next_event(stream.content)
        async with asyncio.timeout(3):
            await page.stop()
            assert (await stream.content.read()).strip() == b""


# --- the bot's process ------------------------------------------------------------------------------------------------


def script(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", textwrap.dedent(text))


async def test_nothing_of_the_persons_environment_reaches_the_bot(tmp_path: Path) -> None:
    outside = {"PATH": os.environ["PATH"], "HOME": "/home/me", "SLACK_SIGNING_SECRET": "real", "DATABASE_URL": "real"}
    environment = clean_environment({"SLACK_BOT_TOKEN": "xoxb-sandbox-bot"}, outside)
    command = script(
        "import os, pathlib, time; pathlib.Path('seen').write_text(repr(dict(os.environ))); time.sleep(60)"
    )
    child = BotProcess(environment, tmp_path, command)
    child.start()
    await until(lambda: (tmp_path / "seen").exists() and (tmp_path / "seen").read_text())
    await child.stop()
    seen = (tmp_path / "seen").read_text()
    assert "xoxb-sandbox-bot" in seen
    assert "'/home/me'" in seen
    assert "real" not in seen


async def test_a_killed_bot_comes_back_and_a_stopped_one_does_not(tmp_path: Path) -> None:
    child = BotProcess(dict(os.environ), tmp_path, script("import time; time.sleep(60)"), restart_seconds=(0.01,))
    told: list[str] = []
    child.on_change = told.append
    with pytest.raises(ControlError):
        child.kill()
    child.start()
    await until(lambda: child.pid)
    first = child.pid
    child.kill()
    await until(lambda: child.pid not in {None, first})
    assert child.state() | {"pid": 0} == {
        "wanted": True,
        "running": True,
        "pid": 0,
        "restarts": 1,
        "last_exit": -signal.SIGKILL,
    }
    await child.stop()
    assert child.state()["running"] is False
    assert child.state()["last_exit"] == -signal.SIGTERM
    assert len(told) == 4


async def test_a_bot_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = script(
        """
        import pathlib, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path("deaf").touch()
        time.sleep(60)
        """
    )
    child = BotProcess(dict(os.environ), tmp_path, deaf, stop_seconds=0.2)
    child.start()
    await until((tmp_path / "deaf").exists)
    await child.stop()
    assert child.state()["last_exit"] == -signal.SIGKILL
