"""What people type to find a transaction, read as what a posting must have."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

from bot.store.find import Wanted
from bot.typed_values import amount

NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MONTHS = {word: number for number, name in enumerate(NAMES, 1) for word in (name, name[:3])}
DAY_FIRST = re.compile(r"\b(\d{1,2})\.?\s+([a-z]{3,9})\.?(?:\s+(\d{4}))?(?=\s|$)", re.IGNORECASE)
MONTH_FIRST = re.compile(r"\b([a-z]{3,9})\.?\s+(\d{1,2})(?:,?\s+(\d{4}))?(?=\s|$)", re.IGNORECASE)
ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
MOST = 8
"""Words that count; the rest of a long text narrows nothing down."""


def read(words: str, today: date) -> list[Wanted]:
    """Each word, number and day in the text; a day without a year is its latest one.

    >>> read("blue 612.40", date(2026, 11, 5))[1].amount
    Decimal('612.40')
    """
    days: list[date] = []

    def take(year: str | None, month: int | None, day: str, whole: str) -> str:
        found = _day(year, month, day, today)
        if found is None:
            return whole
        days.append(found)
        return " "

    rest = DAY_FIRST.sub(lambda hit: take(hit[3], MONTHS.get(hit[2].lower()), hit[1], hit[0]), words)
    rest = MONTH_FIRST.sub(lambda hit: take(hit[3], MONTHS.get(hit[1].lower()), hit[2], hit[0]), rest)
    rest = ISO.sub(lambda hit: take(hit[1], int(hit[2]), hit[3], hit[0]), rest)
    wanted = [Wanted(day=one) for one in days]
    wanted += [Wanted(text=word, amount=_amount(word)) for word in rest.split()]
    return wanted[:MOST]


def _amount(word: str) -> Decimal | None:
    """The amount that a word is, whatever its sign; None for any other word."""
    try:
        return amount(re.sub(r"^([$€£]?)[-−]", r"\1", word))
    except ValueError:
        return None


def _day(year: str | None, month: int | None, day: str, today: date) -> date | None:
    """The day that is meant, or None when it is no day."""
    if month is None:
        return None
    try:
        found = date(int(year) if year else today.year, month, int(day))
    except ValueError:
        return None
    if year is None and found > today + timedelta(days=1):
        return None if (found.month, found.day) == (2, 29) else found.replace(year=today.year - 1)
    return found
