"""What can go wrong at Slack's end, on request: down, busy, slow, refusing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """Faults that wait for calls. `now` is in seconds; counts fall as calls use them up."""

    now: Callable[[], float]
    down_until: float | None = None
    limited: int = 0
    retry_after: int = 1
    slow_calls: int = 0
    slow_seconds: float = 0.0
    errors: dict[str, tuple[str, int]] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    garbled: str = ""
    garbled_calls: int = 0
    no_sockets: bool = False

    @property
    def down(self) -> bool:
        return self.down_until is not None and self.now() < self.down_until

    @property
    def armed(self) -> list[str]:
        """Kinds of fault that the next call may meet."""
        waiting = {
            "down": self.down,
            "rate_limit": self.limited > 0,
            "slow": self.slow_calls > 0,
            "error": any(left > 0 for _, left in self.errors.values()),
            "lose_answer": any(left > 0 for left in self.lost.values()),
            "garbled": self.garbled_calls > 0,
            "no_sockets": self.no_sockets,
        }
        return [kind for kind, is_armed in waiting.items() if is_armed]

    def clear(self) -> None:
        self.down_until, self.limited, self.slow_calls, self.errors, self.lost = None, 0, 0, {}, {}
        self.garbled_calls, self.no_sockets = 0, False

    def wait(self) -> int:
        """Seconds to state in Retry-After for this call; 0 lets it pass."""
        if self.limited > 0:
            self.limited -= 1
            return self.retry_after
        return 0

    def garble(self) -> str:
        """How this call's answer is none of Slack's; empty where it is."""
        if self.garbled_calls <= 0:
            return ""
        self.garbled_calls -= 1
        return self.garbled

    def delay(self) -> float:
        """Seconds by which this call is late."""
        if self.slow_calls > 0:
            self.slow_calls -= 1
            return self.slow_seconds
        return 0.0

    def refuse(self, method: str, error: str, calls: int) -> None:
        """The next `calls` calls of this method answer `error`."""
        self.errors[method] = (error, calls)

    def refusal(self, method: str) -> str:
        """The error that this call must answer; empty for none."""
        error, left = self.errors.get(method, ("", 0))
        if left <= 0:
            return ""
        self.refuse(method, error, left - 1)
        return error

    def lose(self, method: str) -> bool:
        """Whether this call is carried out and its line dropped before the answer."""
        left = self.lost.get(method, 0)
        self.lost[method] = max(0, left - 1)
        return left > 0
