"""Rate limits: calls a minute by tier, and one message a second and channel with short bursts."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

MINUTE = 60.0
TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
"""Tier → calls a minute, for each method."""
BURST = 5
"""Messages that a channel takes at once before the one-a-second rule bites."""


class Limiter:
    """Counts calls on the simulator's clock. Every answer is the seconds to wait, 0 for "go ahead"."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.on = True
        self._now = now
        self._calls: dict[str, deque[float]] = {}
        self._channels: dict[str, tuple[float, float]] = {}

    def call(self, method: str, tier: int) -> int:
        if not self.on:
            return 0
        now, calls = self._now(), self._calls.setdefault(method, deque())
        while calls and calls[0] <= now - MINUTE:
            calls.popleft()
        if len(calls) >= TIERS[tier]:
            return max(1, math.ceil(calls[0] + MINUTE - now))
        calls.append(now)
        return 0

    def message(self, channel: str) -> int:
        """A bucket of `BURST` messages that fills up by one a second."""
        if not self.on:
            return 0
        now = self._now()
        left, since = self._channels.get(channel, (float(BURST), now))
        left = min(float(BURST), left + max(0.0, now - since))
        if left < 1:
            self._channels[channel] = (left, now)
            return max(1, math.ceil(1 - left))
        self._channels[channel] = (left - 1, now)
        return 0
