"""The sandbox's Slack with a counter, and people who type twenty commands a second."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from bot.sandbox.slack import SlackSim
from bot.sandbox.slack.api import Call

COMMAND = {"user": "U0DANA", "channel": "C0FINANCE", "text": "/intacct status"}
A_SECOND = 20


class Slack(SlackSim):
    """Counts what the app posts, and how long it takes to acknowledge."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()
        self._typing: asyncio.Task[None] | None = None

    def reset(self) -> None:
        self.answered: Counter[str] = Counter()
        self._acks: list[int] = []
        self._lost = 0

    def report(self) -> dict[str, Any]:
        """`acks` in milliseconds, sorted; `lost` were not acknowledged in three seconds."""
        return {"methods": dict(self.answered), "acks": sorted(self._acks), "lost": self._lost}

    async def _answered(self, call: Call, token: str) -> dict[str, Any]:
        answer = await super()._answered(call, token)
        self.answered[call.method] += 1
        return answer

    def start_commands(self) -> None:
        self._typing = asyncio.create_task(self._type())

    async def stop_commands(self) -> None:
        if self._typing is not None:
            self._typing.cancel()
            await asyncio.gather(self._typing, return_exceptions=True)
            self._typing = None

    async def _type(self) -> None:
        async with asyncio.TaskGroup() as people:
            while True:
                people.create_task(self._command())
                await asyncio.sleep(1 / A_SECOND)

    async def _command(self) -> None:
        result = await self.control("command", COMMAND)
        if result["acked"]:
            self._acks.append(result["ms"])
        else:
            self._lost += 1
