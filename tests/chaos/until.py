"""Waiting for what has to come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.patience import PATIENCE


async def until(true: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> float:
    """Waits for it; returns how many seconds that took.

    Raises:
        TimeoutError: it did not come.
    """
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110  # other processes act, and set no event of ours
            await asyncio.sleep(0.05)
    return time.monotonic() - began
