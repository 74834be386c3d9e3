"""How texts, amounts and days are written on Intacct's wire, and read from it."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORBIDDEN_BYTES = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xed[\xa0-\xbf][\x80-\xbf]|\xef\xbf[\xbe\xbf]"  # controls, lone surrogates, U+FFFE and U+FFFF
)
_REFERENCE = re.compile(rb"&#(?:0{0,9}([0-9]{1,9})|[xX]0{0,9}([0-9a-fA-F]{1,8}));")
_AMERICAN_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def clean(text: str) -> str:
    """The text rule: characters that XML 1.0 forbids are dropped, everything else survives unchanged.

    Dropped: control characters but tab, line feed and carriage return; lone surrogates; U+FFFE and U+FFFF. Emoji,
    right-to-left marks, joiners and `]]>` are legal and stay.
    """
    return _FORBIDDEN.sub("", text)


def forbidden(text: str) -> str:
    """The characters that `clean` drops, as `U+0001`, comma-separated. An ID that has one cannot be sent: less is another ID."""
    return ", ".join(dict.fromkeys(f"U+{ord(found):04X}" for found in _FORBIDDEN.findall(text)))


PAYEE_LIMIT, TEXT_LIMIT, REFERENCE_LIMIT = 100, 400, 45
"""Characters of a payee, of a description or memo, and of a reference that are sent at most.

Intacct publishes no lengths. 100 and 45 are the smallest that error texts name for a payee and for a reference number; texts
stay well below the 1,000 that such columns usually hold.
"""


def cut(text: str, limit: int) -> str:
    """The text, or as much of it as leaves room for an ellipsis within `limit` characters; nothing that is drawn as one is torn."""
    if len(text) <= limit:
        return text
    end = limit - 1
    while end > 0 and _belongs_to_what_is_before(text, end):
        end -= 1
    return text[:end].rstrip() + "…" if limit > 1 else ""


def _belongs_to_what_is_before(text: str, at: int) -> bool:
    """Whether the character at this place is drawn as one with the one before: accents, joined emoji, halves of a flag."""
    before, here = text[at - 1], text[at]
    if unicodedata.category(here).startswith("M") or here in _JOINING or before == _JOINER:
        return True
    if here not in _FLAG_HALVES:
        return False
    halves = 0
    while halves < at and text[at - 1 - halves] in _FLAG_HALVES:
        halves += 1
    return halves % 2 == 1


_JOINER = "\u200d"
_JOINING = frozenset([_JOINER, *map(chr, range(0x1F3FB, 0x1F400))])
"""The joiner, and the skin tones: what follows the joiner, or is a skin tone, belongs to the emoji before."""
_FLAG_HALVES = frozenset(map(chr, range(0x1F1E6, 0x1F200)))


def legal(document: bytes) -> bytes:
    """A document in UTF-8 less what XML 1.0 forbids in it: as it is, and as a numeric reference."""
    return _REFERENCE.sub(_if_allowed, _FORBIDDEN_BYTES.sub(b"", document))


def _if_allowed(found: re.Match[bytes]) -> bytes:
    number = int(found[1]) if found[1] else int(found[2], 16)
    return b"" if number > 0x10FFFF or _FORBIDDEN.match(chr(number)) else found[0]


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
