"""`python -m bot run`: everything built, started in order, and stopped in order when the process is asked to end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime
from typing import Any, Self

from slack_bolt.async_app import AsyncApp
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
    async_default_handlers,
)
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot import app as wiring
from bot.app import Parts
from bot.engine import Engine, EngineBusy, Job, Work
from bot.serve.database_alarm import EVERY, DatabaseAlarm
from bot.serve.door import Door
from bot.serve.line import Line
from bot.settings import Settings
from bot.slack_errors import TokenRefused
from bot.store.database_checks import ENGINE_FILES, Watch
from bot.supervisor import Supervisor
from bot.walkthrough.conversation import Conversation
from bot.walkthrough.drift import Drift
from handlers import Services, make_digests, make_proofs, refresh, register, show_homes
from handlers.delivery import PAUSE, Post
from handlers.outbox import Outbox
from handlers.walkthrough import LookAround, watch_step, write_books

log = logging.getLogger(__name__)

PATIENCE = 8
"""Seconds that running work may take to end after SIGTERM; a little less than a container's ten."""

START_PATIENCE, START_AGAIN = 60.0, 2.0
"""Seconds for which a database server that refuses at the start is asked again, and between two tries."""


async def serve(settings: Settings) -> int:
    """Runs until SIGTERM or SIGINT. A database server that refuses at the start is asked again for a while.

    Returns the exit code: 1 when another process is at work on this database.

    Raises:
        TokenRefused: Slack does not take a token, at the start.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    try:
        bot = await _started(settings, stopped)
        if bot is None:
            return 0
        async with bot.started:
            keep_what_is_there()
            log.info("ready on port %d", bot.door.port)
            await _first(stopped, bot.line.refused)
            log.info("stopping")
        if bot.line.refusal:
            raise TokenRefused(bot.line.refusal)
    except EngineBusy as busy:
        log.error("%s", busy)  # noqa: TRY400  # the sentence says it all
        return 1
    except OSError as taken:
        log.error("Port %d is not to be had (%s). Set PORT to another one.", settings.port, taken.strerror)  # noqa: TRY400
        return 1
    return 0


async def _started(settings: Settings, stopped: asyncio.Event) -> Bot | None:
    """A bot that is at work; None where the process was asked to end before one was.

    A server that restarts or has no connection left refuses for a moment; one that still does after `START_PATIENCE` is
    the operator's to look at, and whoever keeps the process alive starts it again.
    """
    ends = asyncio.get_running_loop().time() + START_PATIENCE
    while not stopped.is_set():
        bot = Bot(settings)
        try:
            return await bot.__aenter__()
        except (OperationalError, PoolTimeout) as refused:
            if settings.on_sqlite or asyncio.get_running_loop().time() >= ends:
                raise
            log.warning(
                "the database refuses (%s); trying again", str(getattr(refused, "orig", refused)).split("\n")[0]
            )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), START_AGAIN)
    return None


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(one.wait()) for one in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


def keep_what_is_there() -> None:
    """What was made up to now stays until the end: the garbage collector need not look through it time and again.

    That is mostly imported code, half a million objects, and each look stalled the loop for 150 ms or more. What comes
    later is looked at more seldom, too: a busy loop makes 700 objects, the usual number between two looks, in a moment.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


class Bot:
    """The running bot. Entering starts store, door, engine and the line to Slack; leaving stops them the other way round."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime] = wiring.utc_now,
        *,
        pause: float = PAUSE,
        patience: int = PATIENCE,
    ) -> None:
        self.settings = settings
        self._clock, self._pause, self._patience = clock, pause, patience
        self.client = make_client(settings)
        self.started = AsyncExitStack()
        """What runs, to be ended in order."""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            parts = await stack.enter_async_context(wiring.open_parts(self.settings, self._clock))
            self.engine, services, offered = _services(parts)
            self.app = make_app(self.settings, self.client)
            register(self.app, services)
            post = Post(parts.store, parts.clock, self._pause)
            outbox = Outbox(services, self.client, post)
            drift = Drift(parts.runner, self.engine)
            look = LookAround(services, self.client, drift, post).job
            job = refresh(services, self.client, outbox)
            self.digests = make_digests(services, self.client, outbox)
            offered |= {"refresh": job, "homes": show_homes(services, self.client)}
            offered |= {"digest": self.digests.job, "look_around": look}
            offered |= {"proof": make_proofs(services, outbox)}
            offered |= {
                "watch_step": watch_step(services, self.client),
                "write_books": write_books(services, self.client),
            }
            self.engine.sweep = _each(
                services.desk.sweep,
                drift.promise,
                self.digests.promise,
                outbox.sweep,
                services.walkthrough.door.forget_passwords,
            )
            self.line = Line(self.settings, self.app, parts.store, parts.clock)
            alarm = DatabaseAlarm(parts.store, self.client)
            self.door = Door(self.settings, self.app, parts.store, parts.clock, self.line, self.engine, alarm)
            await self.door.open()
            stack.push_async_callback(self.door.close)
            await self.engine.start()
            stack.push_async_callback(self.engine.stop, self._patience)
            if self.settings.on_sqlite:
                alarm.look_at(Watch(f"sqlite:///{self.settings.data_dir / ENGINE_FILES[0]}"))
            await alarm.look()
            looks = Supervisor()
            looks.every("the look at the database", EVERY, alarm.look)
            stack.push_async_callback(looks.stop)
            self.line.open()
            stack.push_async_callback(self.line.close)
            self.started = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.started.aclose()


def _services(parts: Parts) -> tuple[Engine, Services, dict[str, Job]]:
    """Engine and services, and a table that takes the jobs which need both."""
    offered: dict[str, Job] = {}

    def later(name: str, *, exclusive: bool = False) -> Work:
        async def body(turn: int, **ids: Any) -> bool:
            return await offered[name](turn, **ids)

        return Work(body, exclusive=exclusive)

    work = {
        **wiring.jobs(parts.runner),
        **{name: later(name) for name in ("refresh", "homes", "watch_step", "write_books", "digest", "proof")},
    }
    work["look_around"] = later("look_around", exclusive=True)  # two at once would tell the same change twice
    engine = Engine(parts.settings, parts.store, work, parts.clock)
    desk = wiring.make_desk(parts, engine)
    talk = Conversation(
        parts.store,
        intacct_for=parts.intacct_for,
        source_for=parts.spend_for,
        sender_id=parts.settings.intacct_sender_id,
        clock=parts.clock,
        let_in=desk.let_in_again,
    )
    return engine, Services(parts.store, engine, desk, talk, parts.clock, parts.settings), offered


def _each(*sweeps: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    async def sweep() -> None:
        """All of them, whatever becomes of one."""
        broken: list[Exception] = []
        for one in sweeps:
            try:
                await one()
            except Exception as error:  # noqa: BLE001  # told below
                broken.append(error)
        if broken:
            raise broken[0] if len(broken) == 1 else ExceptionGroup("several sweeps failed", broken)

    return sweep


def make_client(settings: Settings) -> AsyncWebClient:
    """Waits out a 429 and retries a 500 or 503 by itself; never used before an ack, since it sleeps inside the call."""
    retries = [
        *async_default_handlers(),
        AsyncRateLimitErrorRetryHandler(max_retry_count=2),
        AsyncServerErrorRetryHandler(max_retry_count=2),
    ]
    token = settings.slack_bot_token.get_secret_value()
    return AsyncWebClient(token=token, base_url=settings.slack_api_url, retry_handlers=retries, timeout=20)


def make_app(settings: Settings, client: AsyncWebClient) -> AsyncApp:
    logging.getLogger("slack_bolt.AsyncApp").addFilter(_about_the_client)
    with _hidden("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        return AsyncApp(client=client, signing_secret=settings.slack_signing_secret.get_secret_value() or None)


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Bolt reads these from the environment itself, empty ones too, and would then look for installations in a store of its own."""
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _about_the_client(record: logging.LogRecord) -> bool:
    """Bolt warns that the token in the environment is not its own to use, since it is given a client; that is meant."""
    return not record.getMessage().startswith("As you gave `client` as well")
