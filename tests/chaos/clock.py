"""One time for all processes of a town: the real one, moved by what stands in a small file that all of them have mapped.

It moves for a process that is at work, and for one that is stopped, which finds out when it wakes.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from tests.world import NOON

SHIFT = struct.Struct("d")


class SharedClock:
    """The moved time; `file` is made when it is missing, and then it is `since`, whatever day and hour it is outside."""

    def __init__(self, file: Path, since: datetime = NOON) -> None:
        self.file = file
        if not file.exists():
            file.write_bytes(SHIFT.pack((since - datetime.now(UTC)).total_seconds()))
        with file.open("r+b") as opened:
            self._shift = mmap.mmap(opened.fileno(), SHIFT.size)

    @property
    def seconds(self) -> float:
        """How far ahead of the real time this one is."""
        return float(SHIFT.unpack(self._shift[:])[0])

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)

    def pass_(self, **span: float) -> None:
        self._shift[:] = SHIFT.pack(self.seconds + timedelta(**span).total_seconds())


class _TakenFor(type):
    def __instancecheck__(cls, one: Any) -> bool:
        return isinstance(one, datetime)


def told_by(clock: Callable[[], datetime]) -> Any:
    """`datetime` for a module that asks it what time it is: by that clock."""

    class Moved(datetime, metaclass=_TakenFor):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return clock().astimezone(tz)

    return Moved


def live_by(clock: SharedClock) -> None:
    """Make this whole process read that clock: our own code, the scheduler and the engine. Waits go on by the machine's."""
    real = time.time
    time.time = lambda: real() + clock.seconds
    for name in ("bot.app", "apscheduler.schedulers.base"):
        sys.modules[name].datetime = told_by(clock)  # type: ignore[attr-defined]  # what it imported under that name
