"""The bot's core in a process of its own, for tests that kill it: forked from a server that has everything imported."""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

from bot import engine as machinery
from bot.app import jobs, make_desk, open_parts
from bot.engine import Engine, Work
from bot.models import ConnectionState, PostingState, Trigger
from bot.settings import Settings
from bot.store import connections, postings, runs
from tests.patience import PATIENCE

KILLED = -signal.SIGKILL
T = TypeVar("T")

Death = tuple[str, str, str, int] | tuple[str, str, str, int, signal.Signals]
"""Where a child ends itself: module, function, "before" or "after", which call of it, and the signal if not SIGKILL."""


@dataclass(frozen=True)
class Orders:
    """What a child is to do. `die` is where it ends itself.

    `at` is the time on its clock when it starts, `lease` a shorter lease in seconds than the engine's own, `job` the name
    and the ids of a job of which one turn is to be done.
    """

    settings: dict[str, Any]
    at: datetime
    connection: str = ""
    die: Death | None = None
    retry: bool = False
    ask: bool = False
    lease: float = 0
    job: tuple[str, dict[str, Any]] = ("", {})


WHOLE = ("bot.__main__", "bot.serve", "bot.sandbox.intacct", "bot.sandbox.page", "tests.chaos.town")
"""What the whole bot and a gateway of its own need besides."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["tests.child", "tests.old_schemas", "bot.commands", "bot.intacct.client", "sqlalchemy.dialects.sqlite", *WHOLE]
)


@dataclass(frozen=True)
class Command:
    """`python -m bot` with these arguments; `streams` are files for what it reads, prints and complains."""

    arguments: tuple[str, ...]
    environment: dict[str, str]
    folder: Path
    streams: tuple[Path, Path, Path]


def start(target: Callable[[T], None], orders: T) -> BaseProcess:
    """Start a child; the caller kills or joins it."""
    process = _context.Process(target=target, args=(orders,), daemon=True)
    process.start()
    return process


async def ended(process: BaseProcess, seconds: float = PATIENCE) -> int | None:
    """Its exit code, once it has one."""
    async with asyncio.timeout(seconds):
        while process.is_alive():  # noqa: ASYNC110  # a process sets no event of ours
            await asyncio.sleep(0.02)
    return process.exitcode


async def killed(process: BaseProcess) -> None:
    """kill -9, and gone."""
    process.kill()
    await ended(process)


# --- inside the child ---------------------------------------------------------------------------------------------------


def command(asked: Command) -> None:
    """A command in a process that was forked with everything imported, which is a second or two quicker."""
    from bot.__main__ import main  # noqa: PLC0415  # only this process is the program

    os.environ.clear()
    os.environ.update(asked.environment)
    os.chdir(asked.folder)
    for number, file in enumerate(asked.streams):
        os.dup2(os.open(file, os.O_RDWR | os.O_CREAT), number)
    sys.stdin, sys.stdout, sys.stderr = (open(n, mode, encoding="utf-8") for n, mode in enumerate("rww"))  # noqa: PTH123, SIM115  # they stay open
    sys.argv = ["bot", *asked.arguments]
    main()


def one_run(orders: Orders) -> None:
    """One run alone, as the command line does it; with `retry`, what has failed is tried again."""
    arm(orders.die)
    asyncio.run(_one_run(orders))


def one_job(orders: Orders) -> None:
    """One turn of one job alone, as the engine would do it."""
    arm(orders.die)
    asyncio.run(_one_job(orders))


def engine(orders: Orders) -> None:
    """A bot without Slack: engine, clock and desk, until it is killed. With `ask`, a person asks for a run first."""
    arm(orders.die)
    asyncio.run(_engine(orders))


def arm(death: Death | None) -> None:
    """Have this process signal itself there; after a SIGSTOP it goes on from there."""
    if death is None:
        return
    module, name, when, number, *others = death
    how = others[0] if others else signal.SIGKILL
    owner = importlib.import_module(module)
    *path, name = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)
    calls = 0

    @wraps(original)
    async def fatal(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        mine = calls == number
        if mine and when == "before":
            os.kill(os.getpid(), how)
        result = await original(*args, **named)
        if mine and when == "after":
            os.kill(os.getpid(), how)
        return result

    setattr(owner, name, fatal)


def _clock(orders: Orders) -> Callable[[], datetime]:
    started = time.monotonic()
    return lambda: orders.at + timedelta(seconds=time.monotonic() - started)


async def _one_run(orders: Orders) -> None:
    clock = _clock(orders)
    async with open_parts(Settings(_env_file=None, **orders.settings), clock) as parts:
        connection = await connections.get_connection(parts.store, orders.connection)
        assert connection is not None
        target: dict[str, Any] = {"connection": connection.id}
        if orders.retry:
            failed = await postings.list_postings(parts.store, connection.id, states=[PostingState.FAILED])
            target["postings"] = [row.id for row in failed]
        intent = await runs.add_intent(parts.store, connection.workspace_id, "sync", "", target, clock())
        ids = {"connection_id": connection.id, "trigger": str(Trigger.PERSON), "run_key": f"intent:{intent.id}"}
        turn = 0
        while await parts.runner.sync(turn, **ids, intent=intent.id):
            turn += 1


async def _one_job(orders: Orders) -> None:
    name, ids = orders.job
    async with open_parts(Settings(_env_file=None, **orders.settings), _clock(orders)) as parts:
        await jobs(parts.runner)[name].body(0, **ids)


async def _engine(orders: Orders) -> None:
    settings = Settings(_env_file=None, **orders.settings)
    if orders.lease:
        machinery.LEASE, machinery.BEAT = timedelta(seconds=orders.lease), timedelta(seconds=orders.lease / 6)
    async with open_parts(settings, _clock(orders)) as parts:
        bodies = {**jobs(parts.runner), "refresh": Work(_nothing), "homes": Work(_nothing)}
        machine = Engine(settings, parts.store, bodies, parts.clock)
        desk = make_desk(parts, machine)
        await machine.start()
        if orders.ask:
            for connection in await connections.list_connections(parts.store):
                if connection.state == ConnectionState.ACTIVE:
                    await desk.request_sync(connection.id, "U0LEE")
        await asyncio.Event().wait()


async def _nothing(_turn: int, **_ids: Any) -> bool:
    return False
