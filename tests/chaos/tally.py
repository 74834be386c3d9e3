"""What rounds of harm did, and what they found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What happened, and what was found wrong: a reference in the books more than once, or a purchase not in them once all is calm.

    `kinds` counts the rounds by where they were played, `strays` the copies of a message whose answer was lost.
    """

    rounds: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    losses: int = 0
    posted: int = 0
    strays: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        return not self.duplicates and not self.losses

    def played(self, kind: str) -> None:
        self.rounds += 1
        self.kinds[kind] += 1

    def add(self, other: Tally) -> None:
        for mine, theirs in ((self.kinds, other.kinds), (self.faults, other.faults)):
            mine.update(theirs)
        self.rounds += other.rounds
        self.duplicates += other.duplicates
        self.losses += other.losses
        self.posted += other.posted
        self.strays += other.strays
        self.notes += other.notes

    def lines(self) -> list[str]:
        return [
            f"rounds {self.rounds} ({_listed(self.kinds)})",
            f"faults injected {self.faults.total()} ({_listed(self.faults)})",
            f"posted {self.posted}",
            f"duplicates {self.duplicates}",
            f"losses {self.losses}",
            f"messages that stand twice, their answer having been lost {self.strays}",
            *self.notes,
        ]


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(counted.items()) if n)
