"""`python -m bot sandbox`: the three far ends, the page, and the bot beside them, started and stopped together."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import shutil
import signal
import sys
import webbrowser
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO

from bot.sandbox.causes.door import Causes
from bot.sandbox.child import BotProcess, clean_environment
from bot.sandbox.drills import Drills
from bot.sandbox.intacct import IntacctSim
from bot.sandbox.intacct.access import POLICIES
from bot.sandbox.page import Page
from bot.sandbox.seed import story
from bot.sandbox.seed_company import SENDER_ID, SENDER_PASSWORD
from bot.sandbox.slack import SlackSim
from bot.sandbox.spend import SpendSim

DATA = Path(".data") / "sandbox"
CALLS_PER_MINUTE = 600
"""Spend Center gives a token 60. The story sets two entities up within minutes, and nobody wants to watch it wait."""
PORTS_TRIED = 60

_REAL = {
    "SLACK_BOT_TOKEN": ("xoxb-", "xoxe", "xoxp-"),
    "SLACK_APP_TOKEN": ("xapp-",),
    "SLACK_SIGNING_SECRET": ("",),
    "SLACK_CLIENT_SECRET": ("",),
    "INTACCT_SENDER_PASSWORD": ("",),
}
"""Variables that hold secrets of real accounts, and what a real value begins with."""


def real_secrets(outside: Mapping[str, str]) -> list[str]:
    """Names of variables whose values look real. The sandbox's own values do not; values are never shown."""
    own = {SENDER_PASSWORD, SlackSim.BOT_TOKEN, SlackSim.APP_TOKEN}
    return [
        name
        for name, starts in _REAL.items()
        if outside.get(name) and outside[name] not in own and outside[name].startswith(starts)
    ]


def main(port: int, seed: int | None, open_browser: bool, with_bot: bool, keep: bool) -> int:
    """Runs until Ctrl+C or SIGTERM. Returns an exit code: 0 stopped by the person, 2 refused to start."""
    found = real_secrets(os.environ)
    if found:
        _say(
            f"The sandbox does not start beside real secrets: {', '.join(found)} is set in this environment. "
            "Start it from a terminal without them.",
            sys.stderr,
        )
        return 2
    return asyncio.run(run(port, seed, open_browser, with_bot, keep=keep))


async def run(port: int, seed: int | None, open_browser: bool, with_bot: bool, *, keep: bool = False) -> int:
    """Starts everything, serves until a signal, stops everything.

    Args:
        port: the page's; the far ends take the next free ones. 0 takes any free ports.
        seed: the day that the story is told for, as YYYYMMDD; None is today.
        open_browser: whether to open the page.
        with_bot: False starts no bot and prints the environment that one needs.
        keep: whether the bot finds its data of the last time; the far ends always start fresh.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, stopped.set)
    async with contextlib.AsyncExitStack() as stack:
        directory = stack.enter_context(data_directory(keep))
        try:
            sandbox = Sandbox(directory, seed)
        except ValueError:
            _say(f"{seed} is not a day. Write it like 20261105.", sys.stderr)
            return 2
        stack.push_async_callback(sandbox.stop)
        try:
            await sandbox.start(port)
        except OSError as error:
            why = os.strerror(error.errno or errno.EADDRINUSE).lower()
            _say(f"Port {port} cannot be used ({why}). Choose another one with --port.", sys.stderr)
            return 2
        _say(f"Sandbox: {sandbox.page.url}   (Ctrl+C stops it)")
        settings = stack.enter_context(settings_file(directory, sandbox.environment))
        if with_bot:
            sandbox.bot.start()
            python = _interpreter()
            _say(f"Commands beside it: env $(cat {settings}) {python} -m bot connections list")
        else:
            _say("No bot was started. One needs this environment:")
            _say("\n".join(f"  {name}={value}" for name, value in sandbox.environment.items()))
        _say("Ready.")
        if open_browser:
            await asyncio.to_thread(webbrowser.open, sandbox.page.url)
        await stopped.wait()
        _say("Stopping.")
    return 0


def story_day(seed: int | None) -> date:
    """The day that the story is told for: today, or `seed` as YYYYMMDD. Raises ValueError for what is no day."""
    return datetime.now(UTC).date() if seed is None else date.fromisoformat(str(seed))


class Sandbox:
    """The far ends, the page, and the bot's process. `start` takes ports; the bot is started by its own `start`."""

    def __init__(self, directory: Path, seed: int | None = None) -> None:
        told = story(story_day(seed))
        self.slack = SlackSim()
        self.intacct = IntacctSim(told.company)
        self.spend = SpendSim(told.spend, calls_per_minute=CALLS_PER_MINUTE)
        self.directory = directory
        self.environment: dict[str, str] = {}
        self.bot = BotProcess({}, directory)
        keys = {"spend_token": told.spend["token"], "sender_id": SENDER_ID, "policies": POLICIES}
        self.drills = Drills(self.slack, self.intacct, self.spend, self.bot, keys)
        self.page = Page(
            {
                "slack": self.slack,
                "intacct": self.intacct,
                "spend": self.spend,
                "drills": self.drills,
                "causes": Causes(self.intacct, self.spend, SENDER_ID),
            },
        )

    async def start(self, port: int) -> None:
        """Binds the page first, so that a taken port is told before anything else runs. Raises OSError for that."""
        await self.page.start(port)
        taken = port
        for far_end in (self.slack, self.intacct, self.spend):
            taken = await _start_near(far_end.start, taken)
        self.environment = {
            "SLACK_BOT_TOKEN": SlackSim.BOT_TOKEN,
            "SLACK_APP_TOKEN": SlackSim.APP_TOKEN,
            "SLACK_API_URL": self.slack.url,
            "INTACCT_URL": self.intacct.url,
            "INTACCT_SENDER_ID": SENDER_ID,
            "INTACCT_SENDER_PASSWORD": SENDER_PASSWORD,
            "INTACCT_SETTLE_AFTER": "2",
            "SPEND_CENTER_URL": self.spend.url,
            "SPEND_CENTER_TOKEN_URL": self.spend.token_url,
            "SPEND_CENTER_CALLS_PER_MINUTE": str(CALLS_PER_MINUTE),
            "DATA_DIR": str(self.directory),
            "PORT": str(await _free_port(taken)),
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO"),
        }
        self.bot.environment = clean_environment(self.environment, os.environ)

    async def stop(self) -> None:
        await self.bot.stop()
        await self.page.stop()
        for far_end in (self.slack, self.intacct, self.spend):
            await far_end.stop()


async def _start_near(start: Callable[[int], Awaitable[str]], taken: int) -> int:
    """Starts on the first free port after `taken` (0: on any) and returns the port."""
    if taken == 0:
        await start(0)
        return 0
    for port in range(taken + 1, taken + PORTS_TRIED):
        with contextlib.suppress(OSError):
            await start(port)
            return port
    raise OSError(errno.EADDRINUSE, f"none of the {PORTS_TRIED} ports after {taken} is free")


async def _free_port(taken: int) -> int:
    """A port that is free now, for the bot's health page."""
    found = 0

    async def probe(port: int) -> str:
        nonlocal found
        server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", port)
        found = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        return ""

    await _start_near(probe, taken)
    return found


@contextlib.contextmanager
def data_directory(keep: bool, base: Path = DATA) -> Iterator[Path]:
    """The bot's data directory: emptied unless `keep`, and this process's alone.

    A second sandbox in the same checkout gets a directory of its own beside the first.
    """
    base.parent.mkdir(parents=True, exist_ok=True)
    number, lock = 1, None
    while lock is None:
        directory = base if number == 1 else base.with_name(f"{base.name}-{number}")
        lock = _lock(directory.with_suffix(".lock"))
        number += 1
    with lock:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        yield directory.resolve()


def _interpreter() -> str:
    """This Python as it is typed from here."""
    return os.path.relpath(sys.executable)


@contextlib.contextmanager
def settings_file(directory: Path, settings: Mapping[str, str]) -> Iterator[Path]:
    """What the command line needs to work beside the sandbox, a line each, for as long as it runs."""
    path = directory.with_suffix(".env")
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    shown = Path(os.path.relpath(path))
    try:
        yield shown
    finally:
        path.unlink(missing_ok=True)


def _lock(path: Path) -> IO[str] | None:
    """Holds `path` until the file is closed; None when another process holds it."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _say(text: str, file: IO[str] | None = None) -> None:
    print(text, file=file or sys.stdout, flush=True)
