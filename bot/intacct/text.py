"""How texts, amounts and days are written on Intacct's wire, and read from it."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_AMERICAN_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def clean(text: str) -> str:
    """The text rule: characters that XML 1.0 forbids are dropped, everything else survives unchanged.

    Dropped: control characters but tab, line feed and carriage return; lone surrogates; U+FFFE and U+FFFF. Emoji,
    right-to-left marks, joiners and `]]>` are legal and stay.
    """
    return _FORBIDDEN.sub("", text)


def plain_amount(amount: Decimal) -> str:
    """An exact amount as Intacct wants it: plain digits, a point, at least two decimals, never an exponent.

    Raises:
        ValueError: the amount is not finite.
    """
    if not amount.is_finite():
        raise ValueError("An amount must be a finite number.")
    whole, _, decimals = f"{amount.copy_abs():f}".partition(".")
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def plain_rate(rate: Decimal) -> str:
    """An exchange rate with all the digits it has."""
    if not rate.is_finite() or rate <= 0:
        raise ValueError("An exchange rate must be a positive number.")
    return f"{rate:f}"


def american_day(day: date) -> str:
    """A day in a filter or a generic call: MM/DD/YYYY; ISO days are refused there."""
    return f"{day.month:02d}/{day.day:02d}/{day.year:04d}"


def american_time(moment: datetime) -> str:
    return f"{american_day(moment)} {moment:%H:%M:%S}"


def read_amount(text: str) -> Decimal | None:
    """An amount from an answer; None when there is none or it is no number."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def read_day(text: str) -> date | None:
    """The day of `MM/DD/YYYY` (query) or ISO (legacy reads), with or without a time; None when it is neither."""
    try:
        if found := _AMERICAN_DAY.match(text.strip()):
            month, day, year = map(int, found.groups())
            return date(year, month, day)
        if found := _ISO_DAY.match(text.strip()):
            year, month, day = map(int, found.groups())
            return date(year, month, day)
    except ValueError:
        pass
    return None


def read_truth(text: str) -> bool:
    """Intacct says true as `true`, `T` or `1`, depending on the call."""
    return text.strip().lower() in {"true", "t", "1", "yes"}
