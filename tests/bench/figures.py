"""What to reach, and how a measured value stands beside it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    GOAL = "goal"
    MUST = "must"
    MISS = "MISS"
    SEEN = "-"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: the smaller the better, unless `more` is set. Without goal and must it is only shown."""

    name: str
    unit: str = ""
    goal: float | None = None
    must: float | None = None
    more: bool = False

    def mark(self, value: float) -> Mark:
        if self.must is None:
            return Mark.SEEN
        for bound, mark in ((self.goal, Mark.GOAL), (self.must, Mark.MUST)):
            if bound is not None and (value >= bound if self.more else value <= bound):
                return mark
        return Mark.MISS


@dataclass(frozen=True, slots=True)
class Measured:
    """A value seen, and under which circumstances."""

    figure: Figure
    value: float
    how: str = ""

    @property
    def mark(self) -> Mark:
        return self.figure.mark(self.value)

    @property
    def missed(self) -> bool:
        return self.mark is Mark.MISS


def number(value: float | None) -> str:
    if value is None:
        return ""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
