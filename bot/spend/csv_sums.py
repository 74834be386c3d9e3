"""Rows that sum to another row of the same day, card and merchant: perhaps a split's parts beside their whole. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

Row = tuple[str, Decimal]
"""ID and amount."""
ALL_WAYS = 12
"""Rows of one group up to which every choice of parts is tried; of more, only those that stand beside the whole."""
LONGEST_SPLIT = 60


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
                wholes |= _wholes(alike) if len(alike) > 2 else {}
        return wholes


def _wholes(rows: Sequence[Row]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for at in sorted(range(len(rows)), key=lambda at: -abs(rows[at][1])):
        name, amount = rows[at]
        if name in taken:
            continue
        if len(rows) <= ALL_WAYS:
            parts = _chosen(amount, [row for row in rows if row[0] != name and row[0] not in taken])
        else:
            after, before = rows[at + 1 : at + 1 + LONGEST_SPLIT], rows[max(0, at - LONGEST_SPLIT) : at]
            parts = _beside(amount, after, taken) or _beside(amount, before[::-1], taken)
        if parts:
            found[name] = parts
            taken |= {name, *parts}
    return found


def _chosen(total: Decimal, rows: Sequence[Row]) -> tuple[str, ...]:
    """Any two or more rows that sum to the total; at most 2^11 sums are known at once."""
    ways: dict[Decimal, tuple[str, ...]] = {Decimal(0): ()}
    for name, amount in rows:
        if abs(amount) < abs(total):
            ways |= {one + amount: (*names, name) for one, names in ways.items() if one + amount not in ways}
    return ways.get(total, ())


def _beside(total: Decimal, rows: Sequence[Row], taken: set[str]) -> tuple[str, ...]:
    """The first two or more of these rows, where they sum to the total."""
    parts: list[str] = []
    left = total
    for name, amount in rows:
        left -= amount
        if name in taken or left * total < 0:
            return ()
        parts.append(name)
        if not left:
            return tuple(parts) if len(parts) > 1 else ()
    return ()
