"""Rows that sum to another row of the same day, card and merchant: perhaps a split's parts beside their whole. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

Row = tuple[str, Decimal]
"""ID and amount."""
ALL_WAYS = 12
"""Rows of one group up to which every choice of parts is tried; of more, only those that stand side by side."""


class Sums:
    """Watches the rows of a file that stand alone."""

    def __init__(self) -> None:
        self._groups: defaultdict[tuple[object, ...], list[Row]] = defaultdict(list)

    def add(self, group: tuple[object, ...], name: str, amount: Decimal) -> None:
        """`group` is day, card, merchant and currency."""
        self._groups[group].append((name, amount))

    def found(self) -> dict[str, tuple[str, ...]]:
        """ID of a row to the IDs of those that sum to it; each row is part of one sum at most."""
        wholes: dict[str, tuple[str, ...]] = {}
        for rows in self._groups.values():
            for sign in (1, -1):
                alike = [row for row in rows if row[1] * sign > 0]
                taken: set[str] = set()
                for whole in sorted(alike, key=lambda row: -abs(row[1])):
                    rest = [row for row in alike if row is not whole and row[0] not in taken]
                    if whole[0] not in taken and (parts := _parts(whole, rest)):
                        wholes[whole[0]] = parts
                        taken |= {whole[0], *parts}
        return wholes


def _parts(whole: Row, rest: Sequence[Row]) -> tuple[str, ...]:
    """Two or more of the rest that sum to the whole; as they stand in the file, most of them first."""
    smaller = [row for row in rest if abs(row[1]) < abs(whole[1])]
    runs = [
        smaller[start:end]
        for start in range(len(smaller) - 1)
        for end in range(start + 2, min(len(smaller), start + 60) + 1)
    ]
    for run in sorted(runs, key=len, reverse=True):
        if sum(amount for _, amount in run) == whole[1]:
            return tuple(name for name, _ in run)
    return _chosen(whole[1], smaller) if len(smaller) < ALL_WAYS else ()


def _chosen(total: Decimal, rows: Sequence[Row]) -> tuple[str, ...]:
    """Any rows that sum to the total; at most 2^11 sums are known at once."""
    ways: dict[Decimal, tuple[str, ...]] = {Decimal(0): ()}
    for name, amount in rows:
        ways |= {one + amount: (*names, name) for one, names in ways.items() if one + amount not in ways}
    return ways.get(total, ())
