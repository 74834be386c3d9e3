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

from bot.sandbox.causes import CAUSES
from bot.sandbox.child import BotProcess, clean_environment
from bot.sandbox.control import ControlError
from bot.sandbox.drills import DRILLS
from bot.sandbox.page import WEB, Page
from bot.sandbox.run import Sandbox, data_directory, main, real_secrets, story_day
from bot.sandbox.seed import story
from bot.sandbox.seed_company import connected
from bot.sandbox.slack import SlackSim
from tests.patience import PATIENCE

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
        line = await asyncio.wait_for(lines.readline(), PATIENCE)
        if line.startswith(b"data: "):
            changed: list[str] = json.loads(line[6:])["changed"]
            return changed


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
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


# --- the drills -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    made = Sandbox(tmp_path)
    await made.start(0)
    yield made
    await made.stop()


async def let_in(sandbox: Sandbox) -> None:
    await sandbox.intacct.control("authorize_sender", {"sender_id": "harborpine-bot"})
    await sandbox.intacct.control("save_company", {})


def is_on(sandbox: Sandbox, name: str) -> bool:
    return bool(next(drill["on"] for drill in sandbox.drills.state()["drills"] if drill["name"] == name))


@pytest.mark.parametrize("name", [drill.name for drill in DRILLS if drill.undo])
async def test_a_drill_is_on_once_started_and_leaves_nothing_behind(sandbox: Sandbox, name: str) -> None:
    await let_in(sandbox)
    before = sandbox.intacct.state()
    assert not is_on(sandbox, name)
    assert await sandbox.drills.control("start", {"name": name}) == {"on": True}
    assert is_on(sandbox, name)
    assert await sandbox.drills.control("undo", {"name": name}) == {"on": False}
    after = sandbox.intacct.state()
    assert {key: after[key] for key in after if key != "now"} == {key: before[key] for key in before if key != "now"}


@pytest.mark.parametrize("far_end", ["slack", "intacct", "spend"])
async def test_a_stopped_far_end_refuses_connections_and_comes_back_on_its_port(sandbox: Sandbox, far_end: str) -> None:
    url = sandbox.drills.far_ends[far_end].url
    async with ClientSession() as session:
        await sandbox.drills.control("start", {"name": f"stop_{far_end}"})
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url)
        await sandbox.drills.control("undo", {"name": f"stop_{far_end}"})
        async with session.get(url) as answer:
            assert answer.status
    assert sandbox.drills.far_ends[far_end].url == url


async def test_who_reopens_the_period_in_intacct_has_undone_the_drill(sandbox: Sandbox) -> None:
    await sandbox.drills.control("start", {"name": "close_period"})
    assert is_on(sandbox, "close_period")
    month = f"{sandbox.drills.today:%Y-%m}"
    await sandbox.intacct.control("open_subledger", {"application": "CM", "entity": "100", "period": month})
    assert not is_on(sandbox, "close_period")


async def test_the_password_drill_needs_a_user_and_mails_a_new_password(sandbox: Sandbox) -> None:
    with pytest.raises(ControlError, match="no Web Services user yet"):
        await sandbox.drills.control("start", {"name": "change_password"})
    user = {"user_id": "Spendcenter", "email": "sam@harborpine.example", "last_name": "Castellano"}
    await sandbox.intacct.control("create_ws_user", user)
    await sandbox.drills.control("start", {"name": "change_password"})
    first, second = (mail["password"] for mail in sandbox.intacct.state()["mailbox"])
    assert first != second
    with pytest.raises(ControlError, match="Enter the password"):
        await sandbox.drills.control("undo", {"name": "change_password"})


async def test_drills_that_cannot_be_done_say_why(sandbox: Sandbox) -> None:
    for verb, args in (("stop", {}), ("start", {"name": "earthquake"}), ("start", {}), ("start", {"name": "kill_bot"})):
        with pytest.raises(ControlError):
            await sandbox.drills.control(verb, args)
    with pytest.raises(ControlError, match="not let in yet"):
        await sandbox.drills.control("start", {"name": "withdraw_sender"})
    await let_in(sandbox)
    assert await sandbox.drills.control("start", {"name": "withdraw_sender"}) == {"on": True}


# --- the causes -------------------------------------------------------------------------------------------------------


async def test_a_cause_that_cannot_be_provoked_says_why(sandbox: Sandbox) -> None:
    door = sandbox.page.doors["causes"]
    for verb, args in (("break", {}), ("provoke", {"name": "earthquake"}), ("mend", {})):
        with pytest.raises(ControlError):
            await door.control(verb, args)
    with pytest.raises(ControlError, match="Connect Portland first"):
        await door.control("provoke", {"name": "card-inactive"})
    await sandbox.intacct.control("reset", {"company": connected(story(story_day(None)).company)})
    with pytest.raises(ControlError, match="Nothing has posted yet"):
        await door.control("provoke", {"name": "changed-after-posting"})
    with pytest.raises(ControlError, match="Provoke it first"):
        await door.control("mend", {"name": "value-not-matched"})
    with pytest.raises(ControlError, match="Answer in the alert"):
        await door.control("mend", {"name": "fee"})


async def test_what_every_cause_does_the_far_ends_take_and_mending_undoes(sandbox: Sandbox) -> None:
    door = sandbox.page.doors["causes"]
    for cause in CAUSES:
        await sandbox.intacct.control("reset", {"company": connected(story(story_day(None)).company)})
        if cause.buys is None:
            continue  # what has posted is changed: tests/test_causes.py has a bot that posts
        before = sandbox.intacct.state()
        assert (await door.control("provoke", {"name": cause.name}))["transaction"]
        if cause.mends:
            await door.control("mend", {"name": cause.name})
        after = sandbox.intacct.state()
        for key in ("authorized", "refused", "closed_through"):
            assert after[key] == before[key], cause.name
    shown = [one["name"] for group in door.state()["groups"] for one in group["causes"]]
    assert sorted(shown) == sorted(one.name for one in CAUSES)


# --- the command ------------------------------------------------------------------------------------------------------


def test_values_of_real_accounts_are_told_from_the_sandboxs_own() -> None:
    own = {"SLACK_BOT_TOKEN": "xoxb-sandbox-bot", "SLACK_APP_TOKEN": "xapp-sandbox-app", "PATH": "/bin"}
    assert real_secrets(own | {"INTACCT_SENDER_PASSWORD": "sandbox-sender-password", "SLACK_SIGNING_SECRET": ""}) == []
    assert real_secrets(own | {"SLACK_BOT_TOKEN": "xoxb-1-2-abc"}) == ["SLACK_BOT_TOKEN"]
    assert real_secrets({"SLACK_APP_TOKEN": "xapp-1-A", "INTACCT_SENDER_PASSWORD": "s3cret"}) == [
        "SLACK_APP_TOKEN",
        "INTACCT_SENDER_PASSWORD",
    ]


def test_beside_a_real_token_it_refuses_to_start_and_does_not_repeat_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-12345-real")
    assert main(0, None, open_browser=False, with_bot=False, keep=False) == 2
    said = capsys.readouterr().err
    assert "SLACK_BOT_TOKEN" in said
    assert "12345" not in said


def test_the_data_directory_starts_empty_unless_kept_and_is_one_process_s_own(tmp_path: Path) -> None:
    base = tmp_path / ".data" / "sandbox"
    with data_directory(keep=False, base=base) as first:
        (first / "bot.db").touch()
        with data_directory(keep=True, base=base) as second:
            assert second != first
    with data_directory(keep=True, base=base) as again:
        assert again == first
        assert (again / "bot.db").exists()
    with data_directory(keep=False, base=base) as fresh:
        assert list(fresh.iterdir()) == []


COMMAND = "import sys; from bot.sandbox.run import main; sys.exit(main({port}, {seed}, False, False, False))"


async def command(directory: Path, port: int = 0, seed: str = "None") -> asyncio.subprocess.Process:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK", "INTACCT"))}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COMMAND.format(port=port, seed=seed)),
        env=clean | {"PYTHONPATH": str(ROOT)},
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_the_command_prints_its_address_serves_and_stops_at_a_signal(tmp_path: Path) -> None:
    process = await command(tmp_path)
    assert process.stdout is not None
    said: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while not said or said[-1] != "Ready.":
            line = (await process.stdout.readline()).decode()
            assert line, "it stopped before it was ready"
            said.append(line.strip())
    address = said[0].split()[1]
    told = dict(line.split("=", 1) for line in said if "=" in line)
    assert told["SLACK_API_URL"].startswith("http://127.0.0.1:")
    assert told["INTACCT_SENDER_ID"] == "harborpine-bot"
    async with ClientSession() as session:
        async with session.get(address) as answer:
            assert "Harbor &amp; Pine" in await answer.text()
        async with session.get(f"{address}control/spend/state", params={"limit": 1}) as answer:
            assert (await answer.json())["totals"]["amount"] == "61482.17"
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE):
        rest, trouble = await process.communicate()
    assert process.returncode == 0
    assert rest.decode().strip() == "Stopping."
    assert trouble == b""


async def test_a_taken_port_is_told_in_a_sentence(tmp_path: Path, page: Page) -> None:
    port = int(page.url.rstrip("/").rpartition(":")[2])
    process = await command(tmp_path, port=port)
    async with asyncio.timeout(PATIENCE):
        _, trouble = await process.communicate()
    assert process.returncode == 2
    assert (
        trouble.decode().strip()
        == f"Port {port} cannot be used (address already in use). Choose another one with --port."
    )


async def test_a_seed_that_is_no_day_is_told_in_a_sentence(tmp_path: Path) -> None:
    process = await command(tmp_path, seed="7")
    async with asyncio.timeout(PATIENCE):
        _, trouble = await process.communicate()
    assert process.returncode == 2
    assert trouble.decode().strip() == "7 is not a day. Write it like 20261105."
