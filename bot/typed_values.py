"""What people type into forms, files and searches, read in one way: amounts, daily times, time zones, reasons.

Whatever cannot be meant is a ValueError whose text is a sentence for the person who typed it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

MOST_DIGITS = 12
"""Before the decimal point; the database keeps three more."""
MOST_AT_ONCE = 50

_SIGNS = ("$", "€", "£", "USD")
_AMOUNT = re.compile(
    r"(?P<plain>[0-9]+)(?:\.(?P<cents>[0-9]{1,4}))?"
    r"|(?P<grouped>[0-9]{1,3}(?:,[0-9]{3})+)(?:\.(?P<more>[0-9]{1,4}))?"
    r"|(?P<whole>[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+),(?P<comma>[0-9]{2})"
)
"""In turn: 75 and 75.50, 1,234.50, and a decimal comma with two digits after it, as in 75,50 and 1.234,50."""
_SCIENTIFIC = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?E\+?[0-9]{1,2}")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_DAILY = re.compile(r"([0-9]{1,2}) ([0-9]{1,2}) \* \* \*")


def amount(text: str) -> Decimal:
    """An amount of zero or more, exactly as typed; never one that could be meant in two ways.

    >>> amount("75,50"), amount("$1,234.50"), amount("75")
    (Decimal('75.50'), Decimal('1234.50'), Decimal('75'))
    """
    typed = text.strip()
    bare = typed.upper()
    for sign in _SIGNS:
        bare = bare.removeprefix(sign).removesuffix(sign).strip()
    found = _AMOUNT.fullmatch(bare)
    if not found:
        raise ValueError(f"I can't read {_shown(typed)} as an amount. Write it like 75 or 1234.50.")
    whole = re.sub(r"[,.]", "", found["plain"] or found["grouped"] or found["whole"])
    cents = found["cents"] or found["more"] or found["comma"] or ""
    if found["cents"] and len(cents) == 3 and len(whole) <= 3 and not whole.startswith("0"):
        raise ValueError(
            f"{_shown(typed)} can be read as {whole}{cents} or as {whole} and a fraction. Write {whole}{cents}.00 or "
            f"{whole}.{cents[:2]}."
        )
    if len(whole.lstrip("0")) > MOST_DIGITS:
        raise ValueError(f"An amount has at most {MOST_DIGITS} digits before its decimal point.")
    return Decimal(f"{whole}.{cents}" if cents else whole)


def limit(text: str) -> str:
    """An amount as an option keeps it: digits and a point, or empty where nothing was typed."""
    return f"{amount(text):f}" if text.strip() else ""


def kept_limit(kept: object) -> str:
    """A limit as it was kept, in digits: an earlier version kept what was typed as 1,000 as `1E+3`."""
    text = str(kept or "")
    return f"{Decimal(text):f}" if _SCIENTIFIC.fullmatch(text) else text


def daily(time: str) -> str:
    """A daily time such as 07:00 as a schedule.

    >>> daily("07:05")
    '5 7 * * *'
    """
    found = _TIME.fullmatch(time.strip())
    if not found:
        raise ValueError("The time is written like 07:00.")
    return f"{int(found[2])} {int(found[1])} * * *"


def daily_time(schedule: str) -> str:
    """The daily time of a schedule that `daily` wrote, else empty.

    >>> daily_time("5 7 * * *")
    '07:05'
    """
    found = _DAILY.fullmatch(schedule)
    time = f"{int(found[2]):02d}:{int(found[1]):02d}" if found else ""
    return time if _TIME.fullmatch(time) else ""


def clock_time(text: str) -> str:
    """The time as a picker shows it, or empty where it is none."""
    return text if _TIME.fullmatch(text) and len(text) == len("07:00") else ""


def time_zone(name: str) -> str:
    """The zone's own name, in whatever letter case it was typed.

    >>> time_zone(" america/los_angeles ")
    'America/Los_Angeles'
    """
    known = _zones().get(name.strip().casefold())
    if known is None:
        raise ValueError(f"I don't know the time zone {_shown(name)}. Write it like America/Los_Angeles.")
    return known


@cache
def _zones() -> dict[str, str]:
    """Read from the disk, which takes some ten milliseconds, once."""
    return {name.casefold(): name for name in available_timezones() if ZoneInfo(name)}


def requests_at_once(text: str | int) -> int:
    """How many requests Intacct may get at the same time."""
    typed = str(text).strip()
    if not re.fullmatch(r"[0-9]{1,3}", typed) or not 1 <= int(typed) <= MOST_AT_ONCE:
        raise ValueError(f"Requests at once are a number from 1 to {MOST_AT_ONCE}.")
    return int(typed)


def reason(text: str) -> str:
    """Why a person decided so, in words: at least one letter or digit."""
    said = " ".join(text.split())
    if not any(one.isalnum() for one in said):
        raise ValueError("Give a reason in words; it is kept with your name.")
    return said


def _shown(text: str) -> str:
    """What was typed, short and on one line."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return f"“{line[:40]}…”" if len(line) > 41 else f"“{line}”"
