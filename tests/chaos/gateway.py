"""Intacct as a process of its own that may die at any moment: what it has committed is in a file, and the next one has it.

A commit stands in the file before its answer leaves, as in a database. Sessions, and requests under way, die with it.
"""

from __future__ import annotations

import asyncio
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx

from bot.sandbox.intacct import IntacctSim
from bot.sandbox.intacct.gateway import Admitted, Gateway, Reply
from bot.sandbox.page import Page
from tests.chaos.clock import SharedClock
from tests.child import ended, start
from tests.patience import PATIENCE


@dataclass(frozen=True)
class Kept:
    """Where the books are, where to listen, and whose time it is. `company` is what the books begin as."""

    books: Path
    clock: Path
    port: int
    door: int
    company: dict[str, Any]


class KeptGateway(Gateway):
    """A gateway whose every commit is in a file before anything is answered."""

    def __init__(self, kept: Kept, now: Callable[[], datetime]) -> None:
        super().__init__(kept.company, now)
        self._file = kept.books
        if self._file.exists():
            company, self.executed, self.habits = pickle.loads(self._file.read_bytes())
            self.company = self.door.company = company

    def run(self, admitted: Admitted, **how: Any) -> Reply:
        reply = super().run(admitted, **how)
        self.save()
        return reply

    def save(self) -> None:
        made = self._file.with_suffix(".new")
        made.write_bytes(pickle.dumps((self.company, self.executed, self.habits)))
        made.replace(self._file)


class KeptIntacct(IntacctSim):
    """The simulator on those books; a verb of its door is kept like a commit."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        super().__init__(kept.company, SharedClock(kept.clock))

    def reset(self, company: dict[str, Any]) -> None:
        super().reset(company)
        self.gateway = KeptGateway(self._kept, self.now)

    async def control(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        answer = await super().control(verb, args)
        assert isinstance(self.gateway, KeptGateway)
        self.gateway.save()
        return answer


def serve(kept: Kept) -> None:
    """The process: the gateway and its control door, until it is killed."""
    asyncio.run(_serve(kept))


async def _serve(kept: Kept) -> None:
    sim = KeptIntacct(kept)
    await sim.start(kept.port)
    await Page({"intacct": sim}).start(kept.door)
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110  # nobody tells an orphan
        await asyncio.sleep(1)


class GatewayProcess:
    """The test's side: started, asked, killed, started again on the same ports and the same books."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._process: BaseProcess | None = None
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{kept.door}/control/intacct", trust_env=False)

    async def start(self) -> None:
        self._process = start(serve, self._kept)
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    (await self._http.get("/state", params={"limit": 0})).raise_for_status()
                except httpx.TransportError:
                    await asyncio.sleep(0.02)  # it says by answering that it listens
                else:
                    return

    async def kill(self) -> None:
        """kill -9, and gone."""
        assert self._process is not None
        self._process.kill()
        await ended(self._process)

    async def stop(self) -> None:
        if self._process is not None:
            await self.kill()
        await self._http.aclose()

    async def control(self, verb: str, **args: Any) -> dict[str, Any]:
        answer = await self._http.post(f"/{verb}", json=args)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def state(self, limit: int = 100_000) -> dict[str, Any]:
        answer = await self._http.get("/state", params={"limit": limit})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
