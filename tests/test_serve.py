"""`python -m bot run` and `doctor`: starting, health, Slack that comes late or goes away, and an orderly end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier

from bot.doctor import examine
from bot.sandbox.seed_company import SENDER_ID, SENDER_PASSWORD
from bot.sandbox.slack import SlackSim
from bot.serve import Bot
from bot.settings import Settings
from tests.office import FINANCE, Room, free_port, harbor_without_bot
from tests.patience import PATIENCE
from tests.world import World

REPOSITORY = Path(__file__).parent.parent


def environment(far: World, slack: SlackSim, **changes: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY),
        "SLACK_BOT_TOKEN": slack.BOT_TOKEN,
        "SLACK_APP_TOKEN": slack.APP_TOKEN,
        "SLACK_API_URL": slack.url,
        "INTACCT_URL": far.intacct.url,
        "INTACCT_SENDER_ID": SENDER_ID,
        "INTACCT_SENDER_PASSWORD": SENDER_PASSWORD,
        "SPEND_CENTER_URL": far.spend.url,
        "SPEND_CENTER_TOKEN_URL": far.spend.token_url,
        "DATA_DIR": str(far.settings.data_dir),
        "PORT": str(far.settings.port),
        **changes,
    }


@asynccontextmanager
async def running(folder: Path, env: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """The bot as a process, killed if the test did not end it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", cwd=folder, env=env, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def healthy(port: int, **wanted: bool) -> dict[str, Any]:
    """The health page, once it says what is wanted."""
    said: dict[str, Any] = {}
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as http:
        while not said or any(  # a process rings no bell
            said.get(name) is not value for name, value in wanted.items()
        ):
            try:
                said = (await http.get(f"http://127.0.0.1:{port}/healthz")).json()
            except httpx.TransportError:
                said = {}
            await asyncio.sleep(0.05)
    return said


async def test_the_process_starts_answers_and_ends_in_order(tmp_path: Path) -> None:
    async with harbor_without_bot(tmp_path) as (far, slack, _):
        async with running(tmp_path, environment(far, slack)) as process:
            said = await healthy(far.settings.port, ok=True)
            assert said == {"ok": True, "database": True, "slack": True, "engine": True}

            await slack.control("command", {"user": "U0DANA", "text": "/intacct help", "channel": FINANCE})
            process.send_signal(signal.SIGTERM)

            assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
        assert any("Type /intacct" in post["text"] for post in slack.messages(FINANCE))
        assert not slack.state()["connected"]


async def test_a_second_bot_on_one_sqlite_file_says_why_it_does_not_start(tmp_path: Path) -> None:
    async with harbor_without_bot(tmp_path) as (far, slack, _), running(tmp_path, environment(far, slack)):
        await healthy(far.settings.port, engine=True)

        async with running(tmp_path, environment(far, slack, PORT=str(free_port()))) as second:
            _, told = await asyncio.wait_for(second.communicate(), PATIENCE)

        assert second.returncode == 1
        assert b"Another process is at work on the database" in told


async def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    async with harbor_without_bot(tmp_path) as (far, slack, _):
        holder = await asyncio.start_server(lambda _reader, _writer: None, "0.0.0.0", far.settings.port)
        async with holder, running(tmp_path, environment(far, slack)) as process:
            _, told = await asyncio.wait_for(process.communicate(), PATIENCE)

        assert process.returncode == 1
        assert b"Set PORT to another one" in told
        assert b"Traceback" not in told


async def test_missing_settings_are_all_told_at_once(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}

    async with running(tmp_path, env) as process:
        _, told = await asyncio.wait_for(process.communicate(), PATIENCE)

    assert process.returncode == 2
    for name in (b"SLACK_BOT_TOKEN", b"SLACK_APP_TOKEN", b"INTACCT_SENDER_ID", b"INTACCT_SENDER_PASSWORD"):
        assert name in told


async def test_an_install_flow_that_is_not_there_yet_is_refused_at_the_start(tmp_path: Path) -> None:
    async with harbor_without_bot(tmp_path) as (far, slack, _):
        env = environment(far, slack, SLACK_CLIENT_ID="111.222", SLACK_CLIENT_SECRET="hunter3")
        async with running(tmp_path, env) as process:
            _, told = await asyncio.wait_for(process.communicate(), PATIENCE)

    assert process.returncode == 2
    assert b"SLACK_CLIENT_ID is set, but this version cannot be installed into several workspaces" in told
    assert b"SLACK_CLIENT_SECRET is set" in told
    assert b"hunter3" not in told


@pytest.mark.parametrize("value", ["", "111.222"])
async def test_bolt_keeps_no_installations_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """Bolt looks at os.environ by itself: with both there, empty or not, no press would find the app's token."""
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        monkeypatch.setenv(name, value)
    async with (
        harbor_without_bot(tmp_path) as (far, slack, clock),
        Bot(far.settings, clock, pause=0, patience=1) as bot,
    ):
        room = Room(slack, bot.app)
        await room.until(lambda: slack.core.socket.count or None, "the bot's socket")

        await room.types("help")

        await room.reads("Type /intacct")
        assert bot.app.oauth_flow is None
        assert os.environ["SLACK_CLIENT_ID"] == value


async def test_slack_may_come_late_and_go_away(tmp_path: Path) -> None:
    async with harbor_without_bot(tmp_path) as (far, slack, clock):
        await slack.control("fault", {"user": "U0DANA", "kind": "down"})
        async with Bot(far.settings, clock, pause=0, patience=1) as bot:
            room = Room(slack, bot.app)
            assert await bot.door.look() == {"database": True, "slack": False, "engine": True}
            async with httpx.AsyncClient() as http:
                answer = await http.get(f"http://127.0.0.1:{far.settings.port}/healthz")
                metrics = await http.get(f"http://127.0.0.1:{far.settings.port}/metrics")
            assert (answer.status_code, answer.json()["ok"]) == (503, False)
            assert 'spend_to_intacct_up{part="slack"} 0.0' in metrics.text
            assert "spend_to_intacct_outbox_messages 0.0" in metrics.text

            await slack.control("fault", {"user": "U0DANA", "kind": "clear"})
            await room.until(lambda: slack.core.socket.count or None, "the bot's socket")
            await room.types("help")
            await room.reads("Type /intacct")

            await slack.control("fault", {"user": "U0DANA", "kind": "disconnect", "reason": "drop"})
            await room.until(lambda: slack.core.socket.count or None, "the bot's socket again")
            await room.types("status")
            await room.reads("Nothing is connected yet")


async def test_http_mode_takes_signed_requests_and_no_others(tmp_path: Path) -> None:
    secret = "sandbox-signing-secret"
    async with harbor_without_bot(tmp_path) as (far, slack, clock):
        settings = far.settings.model_copy(update={"slack_mode": "http", "slack_signing_secret": SecretStr(secret)})
        async with Bot(settings, clock, pause=0, patience=1), httpx.AsyncClient() as http:
            await healthy(settings.port, slack=True)
            body = urlencode(
                {
                    "command": "/intacct",
                    "text": "help",
                    "user_id": "U0DANA",
                    "team_id": "T0HARBOR",
                    "channel_id": FINANCE,
                    "trigger_id": "1.2.3",
                    "response_url": "",
                }
            )
            stamp = str(int(time.time()))
            signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
            headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Slack-Request-Timestamp": stamp}
            url = f"http://127.0.0.1:{settings.port}/slack/events"

            taken = await http.post(url, content=body, headers={**headers, "X-Slack-Signature": str(signature)})
            refused = await http.post(url, content=body, headers={**headers, "X-Slack-Signature": "v0=0"})

            assert (taken.status_code, refused.status_code) == (200, 401)
            async with asyncio.timeout(PATIENCE):
                while not any("Type /intacct" in post["text"] for post in slack.messages("D0DANA")):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)


async def test_doctor_finds_all_in_order_and_names_what_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with harbor_without_bot(tmp_path) as (far, slack, _):
        for name, value in environment(far, slack).items():
            monkeypatch.setenv(name, value)
        lines = await examine()
        assert [line for line in lines if line[1]] == []
        assert any(far.spend.token_url in what for what, _ in lines)

        nobodys = await far.connect("100", owner="")
        await far.connect("200")
        problem = dict(await examine())["owners of connections"]
        assert problem.startswith(f"without one: Portland ({nobodys.id}); only people on its own lists may do anything")
        assert "python -m bot connections owner ID USER names one" in problem

        monkeypatch.setenv("INTACCT_SENDER_ID", SENDER_ID.title())
        capitals = dict(await examine())["Intacct"]
        monkeypatch.setenv("INTACCT_SENDER_ID", SENDER_ID)
        monkeypatch.setenv("INTACCT_SENDER_PASSWORD", "wrong")
        monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-wrong")
        (far.settings.data_dir / "encryption.key").chmod(0o644)
        await far.spend.stop()
        found = dict(await examine())

    assert found["Intacct"].endswith("refuses INTACCT_SENDER_ID or INTACCT_SENDER_PASSWORD")
    assert capitals.endswith("Harborpine-Bot has capital letters, and Intacct tells them apart; try harborpine-bot")
    assert "connections:write" in found["Slack app token"]
    assert "is not to be reached" in found["Spend Center"]
    tokens = next(problem for what, problem in found.items() if far.spend.token_url in what)
    assert "is not to be reached" in tokens
    assert "chmod 600" in next(problem for what, problem in found.items() if what.startswith("encryption key"))


async def test_doctor_lists_each_missing_setting_and_an_old_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("INTACCT_URL", "http://127.0.0.1:1/ia/xml/xmlgw.phtml")
    monkeypatch.setenv("SPEND_CENTER_URL", "http://127.0.0.1:1/connect")
    (tmp_path / ".data").mkdir()
    sqlite3.connect(tmp_path / ".data" / "bot.db").close()

    found = dict(await examine())

    assert "api.slack.com" in found["SLACK_BOT_TOKEN"]
    assert "db upgrade" in next(problem for what, problem in found.items() if what.startswith("database"))
    assert json.dumps(found).count("is missing") == 4
