"""Starts the far ends and the bot's process, and ends only what it started."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from tests.bench.order import Order, Outcome

ROOT = Path(__file__).resolve().parents[2]


class ProcessFailed(Exception):
    """A process of the bench ended with an error; the text is the end of what it said."""


class Incomplete(Exception):
    """Not everything arrived, so no time or size that was measured means anything."""


class Bench:
    """What a scenario works with: the far ends at `addresses` ("url" and "slack"), and a bot's process for each order.

    `scale`, `quick` and `repeat` are what the person at the command line asked for; a scenario has a scale of its own
    unless one is given.
    """

    def __init__(
        self, addresses: dict[str, str], *, scale: float | None = None, quick: bool = False, repeat: int = 3
    ) -> None:
        self.addresses, self.url = addresses, addresses["url"]
        self.quick, self.repeat = quick, 1 if quick else repeat
        self._scale = scale

    def scale(self, usual: float) -> float:
        return self._scale if self._scale is not None else min(usual, 0.1) if self.quick else usual

    def many(self, usual: int, small: int) -> int:
        return small if self.quick else usual

    async def run(self, order: Order) -> Outcome:
        """The far ends set up, the bot's process run to its end, in a folder of its own that goes afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="bench-"))
        try:
            async with httpx.AsyncClient(trust_env=False) as http:
                (await http.post(f"{self.url}/bench/plan", json=order.plan())).raise_for_status()
            await self._bot("prepare", order, folder)
            for number, records in enumerate(order.kill_at):
                await self._killed("again" if number else "sync", order, folder, records)
            said = await self._bot("again" if order.kill_at else "sync", order, folder)
            outcome = Outcome.read(json.loads(said.splitlines()[-1]))
        finally:
            shutil.rmtree(folder)
        there = outcome.last.intacct["records"]
        if not order.refused and not order.enough and there != order.total:
            answers = outcome.last.intacct["answers"]
            raise Incomplete(
                f"{order.total} transactions, but {there} records at the gateway, which answered: {answers}"
            )
        return outcome

    async def _bot(self, what: str, order: Order, folder: Path) -> str:
        """Run to its end; returns what it said."""
        async with self._started(what, folder) as process:
            said, complaints = await process.communicate(json.dumps(asdict(order)).encode())
        if process.returncode:
            raise ProcessFailed(complaints.decode()[-4000:])
        return said.decode()

    async def _killed(self, what: str, order: Order, folder: Path, records: int) -> None:
        """Run until the gateway has so many records, then ended without warning."""
        async with self._started(what, folder, stderr=None) as process, asyncio.timeout(order.patience):
            assert process.stdin is not None
            process.stdin.write(json.dumps(asdict(order)).encode())
            process.stdin.close()
            async with httpx.AsyncClient(trust_env=False) as http:
                while (await http.get(f"{self.url}/bench/report")).json()["intacct"]["records"] < records:  # noqa: ASYNC110  # another process: it is asked, it tells nothing
                    await asyncio.sleep(0.02)

    @asynccontextmanager
    async def _started(
        self, what: str, folder: Path, stderr: int | None = asyncio.subprocess.PIPE
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """The bot's process, which does not outlive the block."""
        command = (sys.executable, "-m", "tests.bench.bot_side", what, str(folder), json.dumps(self.addresses))
        process = await asyncio.create_subprocess_exec(*command, **_piped(stderr))
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


@asynccontextmanager
async def far_ends() -> AsyncIterator[dict[str, str]]:
    """The addresses of the far ends' process, which lives as long as the block."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.far_ends", **_piped(stderr=None))
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


def _piped(stderr: int | None = asyncio.subprocess.PIPE) -> dict[str, Any]:
    pipe = asyncio.subprocess.PIPE
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return {"stdin": pipe, "stdout": pipe, "stderr": stderr, "cwd": ROOT, "env": environment}
