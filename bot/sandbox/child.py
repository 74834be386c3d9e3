"""The bot as a child process: started in a clean environment, started again when it dies, stopped with the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bot
from bot.sandbox.control import ControlError

STOP_SECONDS = 10.0
RESTART_SECONDS = (1.0, 2.0, 4.0, 8.0)
STEADY_SECONDS = 30.0
"""A bot that ran this long has recovered: the next death is answered with the shortest wait again."""

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT")


def clean_environment(settings: Mapping[str, str], outside: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the person's environment reaches the bot but what a process needs to run."""
    kept = {name: outside[name] for name in _PASSED_ON if name in outside}
    root = str(Path(bot.__file__).resolve().parent.parent)
    return {**kept, "PYTHONPATH": root, "PYTHONUNBUFFERED": "1", **settings}


class BotProcess:
    """`python -m bot run`, kept alive. Its working directory is the data directory, so that no `.env` is found."""

    name = "bot"

    def __init__(
        self,
        environment: Mapping[str, str],
        directory: Path,
        command: tuple[str, ...] = (sys.executable, "-m", "bot", "run"),
        restart_seconds: tuple[float, ...] = RESTART_SECONDS,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self.on_change: Callable[[str], None] | None = None
        self.restarts = 0
        self.environment = dict(environment)
        self._directory = directory
        self._command = command
        self._restart_seconds = restart_seconds
        self._stop_seconds = stop_seconds
        self._process: asyncio.subprocess.Process | None = None
        self._last_exit: int | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._wanted = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        if self._keeper is None:
            self._wanted = True
            self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """SIGTERM, a wait, then SIGKILL; returns when the process is gone and will not come back."""
        self._wanted = False
        keeper, self._keeper = self._keeper, None
        if self._process:
            await self._end(self._process)
        if keeper:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper

    def state(self) -> dict[str, Any]:
        """`wanted` (started and not stopped by us), `running`, `pid`, `restarts`, and `last_exit` (a negative number is the signal that ended it)."""
        return {
            "wanted": self._wanted,
            "running": self.pid is not None,
            "pid": self.pid,
            "restarts": self.restarts,
            "last_exit": self._last_exit,
        }

    def kill(self) -> None:
        """What a power cut does: SIGKILL, no warning. The keeper starts it again."""
        if self._process is None:
            raise ControlError("The bot is not running just now.")
        self._process.send_signal(signal.SIGKILL)

    async def _keep(self) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while self._wanted:
            begun = loop.time()
            self._process = await asyncio.create_subprocess_exec(
                *self._command, env=self.environment, cwd=self._directory, start_new_session=True
            )
            self._tell()
            self._last_exit = await self._process.wait()
            self._process = None
            self._tell()
            failures = 0 if loop.time() - begun > STEADY_SECONDS else failures + 1
            if self._wanted:
                await asyncio.sleep(self._restart_seconds[min(max(failures - 1, 0), len(self._restart_seconds) - 1)])
                self.restarts += 1

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self._stop_seconds)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with whatever it started itself
            await process.wait()

    def _tell(self) -> None:
        if self.on_change:
            self.on_change("drills")
