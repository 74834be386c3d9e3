"""The line to Slack over real sockets: answers that are none of Slack's, addresses that grow old, tokens that are refused, tasks that die.

What Slack answers rests on facts/slack.md section 7 and on docs.slack.dev (auth.test, Socket Mode): refusals of a token come
with HTTP 200, a WebSocket address is good for 30 seconds and for one handshake.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from slack_bolt.async_app import AsyncAck
from sqlalchemy.exc import OperationalError

from bot.doctor import examine
from bot.engine import Engine, Work
from bot.sandbox.slack import SlackSim
from bot.serve import line as module
from bot.serve import make_app, make_client
from bot.serve.line import Line, Pace
from bot.settings import Settings
from bot.store.connections import ensure_workspace
from bot.store.database import Store, open_store
from bot.supervisor import Supervisor
from tests.engine_rows import KEYS
from tests.patience import PATIENCE
from tests.test_serve import environment, healthy, running
from tests.world import World, world

QUICK = Pace(first_wait=0.05, longest_wait=0.2, address=1.0, look=0.05, ping=0.2)


@asynccontextmanager
async def slack_only() -> AsyncIterator[SlackSim]:
    slack = SlackSim()
    slack.core.socket.ticket_seconds = QUICK.address
    await slack.start()
    await slack.control("limits", {"on": False, "seconds": PATIENCE})
    try:
        yield slack
    finally:
        await slack.stop()


@asynccontextmanager
async def line_to(slack: SlackSim, folder: Path, **changes: Any) -> AsyncIterator[Line]:
    values: dict[str, Any] = {
        "slack_bot_token": SecretStr(slack.BOT_TOKEN),
        "slack_app_token": SecretStr(slack.APP_TOKEN),
        "slack_api_url": slack.url,
        "data_dir": folder,
        **changes,
    }
    settings = Settings(_env_file=None, **values)
    store: Store = await open_store(settings)
    client = make_client(settings)
    client.retry_handlers = []  # they sleep for seconds inside a call; what is tested comes after they gave up
    app = make_app(settings, client)

    @app.command("/intacct")
    async def answer(ack: AsyncAck) -> None:
        await ack()

    supervisor = Supervisor(first_wait=0.05, longest_wait=0.2, settled=0.2)
    made = Line(settings, app, store, lambda: datetime.now(UTC), pace=QUICK, supervisor=supervisor)
    made.open()
    try:
        yield made
    finally:
        await made.close()
        await store.close()


async def connected(line: Line, slack: SlackSim) -> None:
    """Connected in its own eyes, and a command arrives."""
    async with asyncio.timeout(PATIENCE):
        while not await line.connected():  # noqa: ASYNC110  # nothing of ours rings when a socket opens
            await asyncio.sleep(0.02)
    answer = await slack.control("command", {"user": "U0DANA", "text": "/intacct help", "channel": "C0FINANCE"})
    assert answer["acked"], answer


async def until(true: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.02)


def asked_for(slack: SlackSim, method: str) -> int:
    return sum(str(one["what"]).startswith(method) for one in slack.state()["log"])


@pytest.mark.parametrize("form", ["text", "crash", "cut", "verdict"])
async def test_answers_that_are_none_of_slacks_at_the_start_are_waited_out(form: str, tmp_path: Path) -> None:
    async with slack_only() as slack:
        await slack.control("fault", {"kind": "garbled", "form": form, "n": 1_000})
        async with line_to(slack, tmp_path) as line:
            await until(lambda: slack.core.faults.garbled_calls < 1_000 - 3)
            assert not await line.connected()
            assert not line.refused.is_set(), "what stands in a 5xx is no verdict on a token"

            await slack.control("fault", {"kind": "clear"})
            await connected(line, slack)


async def test_an_address_that_grew_old_at_the_start_is_replaced_by_a_fresh_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with slack_only() as slack:
        await slack.control("fault", {"kind": "no_sockets"})
        async with line_to(slack, tmp_path) as line:
            await until(lambda: slack.core.socket.refused >= 8)  # some five handshakes fit into one address's life
            assert asked_for(slack, "apps.connections.open") >= 2
            assert not await line.connected()

            await slack.control("fault", {"kind": "clear"})
            await connected(line, slack)

    assert "asking for a new address" in caplog.text
    assert "ticket=" not in caplog.text.replace("ticket=…", ""), "a one-time address is a secret"


async def test_a_lost_line_is_made_anew_with_a_fresh_address_and_both_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="bot.serve.line")
    async with slack_only() as slack, line_to(slack, tmp_path) as line:
        await connected(line, slack)
        before = asked_for(slack, "apps.connections.open")

        await slack.control("fault", {"kind": "no_sockets"})
        await slack.control("fault", {"kind": "disconnect", "reason": "drop"})
        await until(lambda: slack.core.socket.refused >= 8)
        assert not await line.connected()
        assert asked_for(slack, "apps.connections.open") >= before + 2

        await slack.control("fault", {"kind": "clear"})
        await connected(line, slack)

    told = [record.getMessage() for record in caplog.records if record.name == "bot.serve.line"]
    assert told[0] == "connected to Slack"
    assert "the line to Slack is lost; connecting again" in told
    assert told[-1] == "connected to Slack"


@pytest.mark.parametrize("part", ["message_processor", "message_receiver", "current_session_monitor"])
async def test_a_part_of_the_library_that_died_makes_the_line_be_built_anew(part: str, tmp_path: Path) -> None:
    """An open socket that nobody reads looks like a connection to the far end."""
    async with slack_only() as slack, line_to(slack, tmp_path) as line:
        await connected(line, slack)
        assert line._socket is not None
        dead = getattr(line._socket.client, part)
        dead.cancel()
        await asyncio.wait({dead})

        assert not await line.connected()
        await connected(line, slack)
        assert slack.core.socket.count == 1, "the old socket is closed"


async def test_a_database_that_refuses_at_the_start_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refusals = 3

    async def refusing(*args: Any) -> Any:
        nonlocal refusals
        refusals -= 1
        if refusals >= 0:
            raise OperationalError("SELECT", {}, Exception("FATAL: sorry, too many clients already"))
        return await ensure_workspace(*args)

    monkeypatch.setattr(module, "ensure_workspace", refusing)
    async with slack_only() as slack, line_to(slack, tmp_path) as line:
        await connected(line, slack)
    assert "the database does not answer: OperationalError" in caplog.text


async def test_the_connecting_task_that_dies_is_told_once_known_to_health_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    deaths = 0
    whole = Line._dial

    async def dying(self: Line) -> None:
        nonlocal deaths
        deaths += 1
        if deaths <= 3:
            raise AttributeError("a mistake of ours")
        await whole(self)

    monkeypatch.setattr(Line, "_dial", dying)
    async with slack_only() as slack, line_to(slack, tmp_path) as line:
        await until(lambda: deaths >= 2)
        assert not await line.connected()
        await connected(line, slack)

    told = [record.getMessage() for record in caplog.records if record.name == "bot.supervisor"]
    assert told == [
        "the line to Slack stopped (AttributeError) and is started again",
        "the line to Slack is at work again; it had stopped 3 times",
    ]


@pytest.mark.parametrize("word", ["invalid_auth", "not_authed", "account_inactive", "token_revoked"])
async def test_a_token_that_slack_refuses_at_the_start_ends_the_attempt_with_a_sentence(
    word: str, tmp_path: Path
) -> None:
    async with slack_only() as slack:
        await slack.control("fault", {"kind": "error", "method": "auth.test", "error": word, "n": 1})
        async with line_to(slack, tmp_path) as line, asyncio.timeout(PATIENCE):
            await line.refused.wait()
            assert line.refusal == f"Slack bot token: Slack answers {word}; see OAuth & Permissions of your app"
            assert not await line.connected()


async def test_once_it_was_connected_a_refused_token_is_waited_out(tmp_path: Path) -> None:
    async with slack_only() as slack, line_to(slack, tmp_path) as line:
        await connected(line, slack)
        refusal = {"kind": "error", "method": "apps.connections.open", "error": "invalid_auth", "n": 12}
        await slack.control("fault", refusal)
        await slack.control("fault", {"kind": "disconnect", "reason": "drop"})
        await until(lambda: not slack.core.faults.errors["apps.connections.open"][1])

        await connected(line, slack)
        assert not line.refused.is_set()


@pytest.mark.parametrize(
    ("variable", "what"), [("SLACK_BOT_TOKEN", "Slack bot token"), ("SLACK_APP_TOKEN", "Slack app token")]
)
async def test_run_ends_with_doctors_own_sentence_and_exit_2_where_slack_refuses_a_token(
    variable: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with slack_only() as slack, world(tmp_path) as far:
        env = environment(far, slack, **{variable: "xoxb-wrong" if "BOT" in variable else "xapp-wrong"})
        async with running(tmp_path, env) as process:
            _, told = await asyncio.wait_for(process.communicate(), PATIENCE)

        monkeypatch.chdir(tmp_path)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        sentence = next(problem for name, problem in await examine() if name == what)

    assert process.returncode == 2
    assert f"{what}: {sentence}" in told.decode()
    assert "invalid_auth" in sentence
    assert b"Traceback" not in told


async def test_run_does_not_end_where_slack_is_merely_away(tmp_path: Path) -> None:
    async with slack_only() as slack, world(tmp_path) as far:
        await slack.control("fault", {"kind": "garbled", "form": "verdict", "n": 1_000_000})
        async with running(tmp_path, environment(far, slack)) as process:
            await healthy(port(far), slack=False, engine=True)
            await until(lambda: slack.core.faults.garbled_calls < 1_000_000 - 3)
            assert process.returncode is None

            await slack.control("fault", {"kind": "clear"})
            await healthy(port(far), ok=True)


def let_in(address: str, *, allowed: bool) -> None:
    """The database takes connections or refuses each, as a server does that restarts or has none left; others are cut."""
    server, _, name = address.replace("+psycopg", "").rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as db:
        db.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {allowed}'.encode())
        if not allowed:
            db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


@pytest.mark.postgres
async def test_run_waits_for_a_database_server_that_refuses_at_the_start(postgres: str, tmp_path: Path) -> None:
    async with slack_only() as slack, world(tmp_path, database_url=postgres, encryption_keys=KEYS) as far:
        env = environment(far, slack, DATABASE_URL=postgres, ENCRYPTION_KEYS=KEYS)
        let_in(postgres, allowed=False)
        try:
            async with running(tmp_path, env) as process:
                assert process.stderr is not None
                async with asyncio.timeout(PATIENCE):
                    while b"the database refuses" not in (line := await process.stderr.readline()):
                        assert line, "it ended"
                assert b"trying again" in line
                let_in(postgres, allowed=True)
                await healthy(port(far), ok=True)
        finally:
            let_in(postgres, allowed=True)


@pytest.mark.postgres
async def test_of_an_engine_whose_start_was_refused_nothing_is_left_and_the_next_one_starts(
    postgres: str, tmp_path: Path
) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, database_url=postgres, encryption_keys=KEYS)
    store = await open_store(settings)
    done = asyncio.Event()

    async def work(_turn: int) -> bool:
        done.set()
        return False

    def made() -> Engine:
        return Engine(settings, store, {"work": Work(work)}, lambda: datetime.now(UTC))

    let_in(postgres, allowed=False)
    try:
        with pytest.raises(OperationalError):
            await made().start()
    finally:
        let_in(postgres, allowed=True)

    engine = made()
    await engine.start()
    try:
        await engine.enqueue("work", "k", company=1)
        await asyncio.wait_for(done.wait(), PATIENCE)
    finally:
        await engine.stop(patience=2)
        await store.close()


def port(far: World) -> int:
    return far.settings.port
