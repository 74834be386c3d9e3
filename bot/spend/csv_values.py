"""What a cell says: amounts, days and card numbers as people and programs write them. Pure; `ValueError` is a sentence."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.currencies import places
from bot.spend.text import quoted

_MONEY = re.compile(r"([+-]?) ?[$€£]? ?([+-]?) ?([0-9.,' ]*[0-9]) ?[$€£]? ?(-?)")
_DIGITS = {
    ".": re.compile(
        r"(?P<whole>[0-9]+|[0-9]{1,3}(?P<mark>[,' ])[0-9]{3}(?:(?P=mark)[0-9]{3})*)?(?:\.(?P<part>[0-9]+))?"
    ),
    ",": re.compile(
        r"(?P<whole>[0-9]+|[0-9]{1,3}(?P<mark>[.' ])[0-9]{3}(?:(?P=mark)[0-9]{3})*)?(?:,(?P<part>[0-9]+))?"
    ),
}
LONGEST = 60
"""Characters of an amount or a date."""
_ZONE_NAME = re.compile(r"(?<![A-Za-z])(?:UTC|GMT|Z)(?![A-Za-z0-9+-])", re.IGNORECASE)
_OTHER_NAME = re.compile(
    r"(?<![A-Za-z])(?!(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEPT?|OCT|NOV|DEC|MON|TUE|WED|THU|FRI|SAT|SUN)(?![A-Za-z]))"
    r"(?:[A-Z]{3,5}|(?i:[ECMP][SD]T|AK[SD]T|HST|[BIJ]ST|[CEW]E?S?T))(?![A-Za-z])"
)
"""What stands where a zone's name would, and is no month and no weekday."""
_DIRECTIVE = re.compile(r"%[-#]?.")
_CARD_NUMBER = re.compile(r"(?:[0-9][ -]?){8,15}([0-9]{4})(?![0-9])")
_LAST_FOUR = re.compile(r"([0-9]{4})[^0-9]*$")


def parse_amount(text: str, *, decimal: str = ".", currency: str = "USD") -> Decimal:
    """The exact amount. Nothing is guessed: what the other decimal sign would read differently is refused.

    >>> parse_amount("(1,234.50)"), parse_amount("-1.234,50", decimal=",")
    (Decimal('-1234.50'), Decimal('-1234.50'))
    """
    plain = re.sub(r"[\s\u00a0\u202f]+", " ", text.replace("\u2212", "-")).strip()
    if not plain:
        raise ValueError("there is no amount.")
    in_brackets = plain.startswith("(") and plain.endswith(")")
    money = len(plain) <= LONGEST and _MONEY.fullmatch(plain[1:-1].strip() if in_brackets else plain)
    signs = "".join(money.group(1, 2, 4)) + "-" * in_brackets if money else ""
    if not money or len(signs) > 1:
        raise ValueError(f"{quoted(text)} is not an amount.")
    digits = money.group(3).strip()
    other = "," if decimal == "." else "."
    hint = f'If the decimal sign of this file is “{other}”, write decimal = "{other}" under [csv]'
    found = _DIGITS[decimal].fullmatch(digits)
    if not found:
        if _DIGITS[other].fullmatch(digits):
            raise ValueError(f"{quoted(text)} can be read in two ways. {hint}; if not, correct the amount in the file.")
        raise ValueError(f"{quoted(text)} is not an amount.")
    whole, fraction = re.sub("[^0-9]", "", found["whole"] or "0"), found["part"] or ""
    most = places(currency)
    if len(fraction) > most and (len(fraction) == 3 or fraction[most:].strip("0")):
        raise ValueError(f"{quoted(text)} has {len(fraction)} decimals, {currency} has {most or 'none'}. {hint}.")
    if len(whole.lstrip("0")) > 12:
        raise ValueError(f"{quoted(text)} is too large to be a card charge.")
    amount = Decimal(f"{whole}.{fraction[:most] or '0'}") if fraction else Decimal(whole)
    return -amount if "-" in signs and amount else amount


def parse_moment(text: str, date_format: str, zone: ZoneInfo) -> datetime:
    """The instant, in UTC. A day without a time is its noon in `zone`, so that it stays that day there.

    Args:
        text: such as 10/31/2026.
        date_format: as `datetime.strptime` takes it, such as %m/%d/%Y; but %Z is UTC, GMT, Z or an offset, whatever
            the machine's own zone is called.
        zone: of the connection; a format with a zone brings its own.
    """
    if not text.strip():
        raise ValueError("there is no date.")
    plain, form = text.strip()[: LONGEST + 1], date_format
    if "%Z" in form:
        form, plain = form.replace("%Z", "%z"), _ZONE_NAME.sub("+0000", plain)
    try:
        moment = datetime.strptime(plain, form)  # noqa: DTZ007  the zone is put in below, unless it is there
        if not has_time(date_format):
            moment = datetime.combine(moment.date(), time(12), moment.tzinfo)
        own = UTC if _in_utc(date_format) else zone
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=own)).astimezone(UTC)
    except (ValueError, OverflowError):
        named = _OTHER_NAME.search(plain) if form != date_format else None
        if named:
            sentence = f"{quoted(text)} names the time zone {named[0]}, which means different times to different people. Export it in UTC, or with an offset such as -0700."
            raise ValueError(sentence) from None
        raise ValueError(f"{quoted(text)} is not a date written as {quoted(date_format)}.") from None
    if not 2000 <= moment.year < 2100:
        raise ValueError(f"{quoted(text)} is read as the year {moment.year}. The date_format under [csv] needs a look.")
    return moment


def zone_problem(date_format: str) -> str:
    """What is wrong with the zone in a date_format; empty when nothing is."""
    if "%z" in date_format and "%Z" in date_format:
        return "date_format under [csv] has both %z and %Z; one of them says the zone."
    named = _OTHER_NAME.search(_DIRECTIVE.sub(" ", date_format))
    if named and not _ZONE_NAME.fullmatch(named[0]):
        return f"date_format under [csv] names the time zone {named[0]}; only UTC, GMT and Z can stand there, or %z for an offset."
    return ""


def _in_utc(date_format: str) -> bool:
    """Whether the format itself says UTC, GMT or Z, as in %Y-%m-%dT%H:%M:%SZ."""
    return bool(_ZONE_NAME.search(_DIRECTIVE.sub(" ", date_format)))


def has_time(date_format: str) -> bool:
    return any(mark in date_format for mark in ("%H", "%I", "%X", "%c"))


def last_four(text: str) -> str:
    """The last four digits of however a card is written; spreadsheets eat leading zeros, which are put back."""
    bare = text.strip()
    if bare.isascii() and bare.isdigit() and len(bare) < 4:
        return bare.zfill(4)
    found = _LAST_FOUR.search(bare[-40:])
    return found.group(1) if found else ""


def without_card_number(text: str) -> str:
    """No full card number goes any further than this."""
    return _CARD_NUMBER.sub(r"··\1", text)
