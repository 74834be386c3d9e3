"""Text as Slack shows it: foreign text made harmless, money and dates as in a ledger, counts in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.models import Money

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
MINUS = "−"
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def esc(text: str) -> str:
    """Foreign text for mrkdwn and for a message's `text`: no mention, link or command survives.

    Slack names three characters to escape and no more. Invisible characters go as well, since some of them turn the
    reading direction around.

    >>> esc("<!channel> R&D")
    '&lt;!channel&gt; R&amp;D'
    """
    return _HIDDEN.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clip(text: str, most: int) -> str:
    """At most `most` characters, the last an ellipsis when something was cut. Escape after clipping, not before."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def plain(text: str, most: int) -> str:
    """Foreign text where Slack reads no markup: titles, labels, options. One line, never empty."""
    return clip(" ".join(_HIDDEN.sub("", text).split()), most) or "–"


def quoted(text: str, most: int = 80) -> str:
    """A foreign name as `code`, in which emphasis and mentions mean nothing."""
    return f"`{esc(plain(text, most)).replace('`', 'ˋ')}`"


def money(amount: Decimal | Money, currency: str = "", base: str = "USD") -> str:
    """An amount as in a ledger. The code stands only where the currency is not the company's own.

    >>> money(Decimal("-640"), "USD"), money(Decimal("1936.45"), "CAD")
    ('−$640.00', '1,936.45 CAD')
    """
    if isinstance(amount, Money):
        return money(amount.amount, currency or amount.currency, base)
    minus = MINUS if amount < 0 else ""
    figure = f"{abs(amount):,.2f}"
    if currency and currency != base:
        return f"{minus}{figure} {esc(currency)}"
    return f"{minus}{SIGNS.get(base, '')}{figure}"


def day(value: date, today: date | None = None) -> str:
    """A posting date: `31 Oct`, with its year when that is not this year's.

    >>> day(date(2026, 10, 31), date(2027, 1, 2))
    '31 Oct 2026'
    """
    year = f" {value.year}" if today and value.year != today.year else ""
    return f"{value.day} {value:%b}{year}"


def days(first: date, last: date, today: date | None = None) -> str:
    """A span of posting dates: `1 to 31 Oct`, `30 Sep to 2 Oct`."""
    if first == last:
        return day(first, today)
    same_month = (first.year, first.month) == (last.year, last.month)
    start = str(first.day) if same_month else day(first, today if first.year != last.year else None)
    return f"{start} to {day(last, today)}"


def when(instant: datetime, zone: str = "UTC") -> str:
    """An event's time, which Slack shows in the reader's own zone; `zone` is for clients that cannot."""
    local = instant.astimezone(ZoneInfo(zone))
    fallback = f"{local.day} {local:%b %Y, %H:%M}"
    return f"<!date^{int(instant.astimezone(UTC).timestamp())}^{{date_short_pretty}}, {{time}}|{fallback}>"


def ago(span: timedelta) -> str:
    """How long something is past, roughly.

    >>> ago(timedelta(seconds=4)), ago(timedelta(seconds=70)), ago(timedelta(hours=5))
    ('just now', 'a minute ago', '5 hours ago')
    """
    seconds = max(0, int(span.total_seconds()))
    if seconds < 10:
        return "just now"
    if seconds < 45:
        return f"{seconds} seconds ago"
    if seconds < 90:
        return "a minute ago"
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{count(seconds // length, unit)} ago"
    return "a minute ago"


def clock(instant: datetime) -> str:
    """Only the time of day, in the reader's zone."""
    utc = instant.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{{time}}|{utc:%H:%M} UTC>"


def person(user: str) -> str:
    """A Slack user by id; ids come from Slack, so nothing needs escaping but what was never an id."""
    return f"<@{user}>" if re.fullmatch(r"[A-Z0-9]{2,30}", user) else esc(user)


def channel(name: str) -> str:
    return f"<#{name}>" if re.fullmatch(r"[A-Z0-9]{2,30}", name) else esc(name)


def count(number: int, one: str, many: str = "") -> str:
    """`1 transaction`, `1,250 transactions`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(parts: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " ".join(filter(None, [", ".join(parts[:-1]), last if len(parts) > 1 else "", *parts[-1:]]))
