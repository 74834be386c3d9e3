"""Months as people name them: `2026-10`, `October`, `oct 2025`, or none at all."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

CLOSING = 15
"""Through this day of a month people work on the close of the one before; that is what they mean without naming one."""

_NUMBERED = re.compile(r"(\d{4})-(\d{1,2})")
_YEAR = re.compile(r"(?:19|20)\d{2}")
_NAMES = {name.casefold(): number for number, name in enumerate(calendar.month_name) if name}
_NAMES |= {name.casefold(): number for number, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}


def read(typed: str) -> tuple[str, str]:
    """The month among the words behind a command, and the rest of them.

    Returns:
        The month as `2026-10`, as `10` where no year was named, or empty; it stands first or last. And what is left.

    Raises:
        ValueError: a month that does not exist, as a sentence.
    """
    words = typed.split()
    for size in (2, 1):
        for found, rest in ((words[:size], words[size:]), (words[-size:], words[:-size])):
            if len(found) == size and (month := _month(found)):
                return month, " ".join(rest)
    return "", typed.strip()


def _month(words: list[str]) -> str:
    if len(words) == 1 and (numbered := _NUMBERED.fullmatch(words[0])):
        year, month = (int(part) for part in numbered.groups())
        if not 1 <= month <= 12 or year < 2000:
            raise ValueError(f"{words[0]} is not a month. Type it as 2026-10, or by its name.")
        return f"{year:04d}-{month:02d}"
    number = _NAMES.get(words[0].casefold().rstrip(".,"))
    if number is None:
        return ""
    if len(words) == 1:
        return f"{number:02d}"
    return f"{words[1]}-{number:02d}" if _YEAR.fullmatch(words[1]) else ""


def settled(month: str, today: date) -> date:
    """The first day of the month that is meant: without a year the newest such month, without a month the one in its close.

    Args:
        month: as `read` returns it.
        today: where the connection's books are.

    Raises:
        ValueError: it has not begun, as a sentence.
    """
    if not month:
        this = today.replace(day=1)
        return (this - timedelta(days=1)).replace(day=1) if today.day <= CLOSING else this
    if len(month) == 2:
        number = int(month)
        return date(today.year - (number > today.month), number, 1)
    first = date.fromisoformat(f"{month}-01")
    if first > today:
        raise ValueError(f"{first:%B %Y} has not begun yet.")
    return first


def last_day(first: date) -> date:
    """The last day of the month that begins on this day."""
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])
