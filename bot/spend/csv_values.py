"""What a cell says: amounts, days and card numbers as people and programs write them. Pure; `ValueError` is a sentence."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.currencies import places, smallest
from bot.spend.text import quoted

_MONEY = re.compile(r"([+-]?) ?[$€£¥]? ?([+-]?) ?([0-9.,' ]*[0-9]) ?[$€£¥]? ?(-?)")
_BRACKETS = re.compile(r"[$€£¥]? ?\((.*)\) ?[$€£¥]?")
_DASH = re.compile(r"[$€£¥]? ?[-\u2013\u2014] ?[$€£¥]?")
_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
_CREDIT = re.compile(r"(.*?) ?(CR|DR)\.?", re.IGNORECASE)
_DIGITS = {
    ".": re.compile(
        r"(?P<whole>[0-9]+|[0-9]{1,3}(?P<mark>[,' ])[0-9]{3}(?:(?P=mark)[0-9]{3})*)?(?:\.(?P<part>[0-9]+))?"
    ),
    ",": re.compile(
        r"(?P<whole>[0-9]+|[0-9]{1,3}(?P<mark>[.' ])[0-9]{3}(?:(?P=mark)[0-9]{3})*)?(?:,(?P<part>[0-9]+))?"
    ),
}
_BY_TWO = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?")
"""As in India: 1,23,456.78."""
_TICKS = str.maketrans({"\u2212": "-", "\u2019": "'", "\u02bc": "'", "`": "'"})
NOISY, NOISE = 9, Decimal("0.00000001")
"""Decimals from which on a fraction is a computer's, and how far it may be off: 12.340000000000001."""
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
    plain = re.sub(r"[\s\u00a0\u202f]+", " ", text.translate(_TICKS)).strip()
    if not plain:
        raise ValueError("there is no amount.")
    if len(plain) > LONGEST:
        raise ValueError(f"{quoted(text)} is not an amount.")
    if _DASH.fullmatch(plain):  # how accounting formats write zero
        return Decimal(0)
    _said_beside(plain, text, currency)
    bare, signs = _signs(plain)
    money = _MONEY.fullmatch(bare)
    signs += "".join(money.group(1, 2, 4)) if money else ""
    if not money or len(signs) > 1:
        raise ValueError(f"{quoted(text)} is not an amount.")
    amount = _exact(money.group(3).strip(), text, decimal, currency)
    return -amount if "-" in signs and amount else amount


def _said_beside(plain: str, text: str, currency: str) -> None:
    """A currency beside its amount is refused rather than dropped: it may be another one than the row's."""
    found = _CODE.search(plain)
    if found:
        raise ValueError(
            f"{quoted(text)} names a currency, {found[0]}, beside the amount; this row is taken as {currency}. Leave the code out of this column, and map the column of the currency or set currency under [csv]."
        )


def _signs(plain: str) -> tuple[str, str]:
    """What brackets and the words of a bank say: a credit (CR) is money back, a debit (DR) a charge."""
    if found := _BRACKETS.fullmatch(plain):
        return found[1].strip(), "-"
    if found := _CREDIT.fullmatch(plain):
        return found[1].strip(), "-" if found[2].upper() == "CR" else "+"
    return plain, ""


def _exact(digits: str, text: str, decimal: str, currency: str) -> Decimal:
    other = "," if decimal == "." else "."
    hint = f'If the decimal sign of this file is “{other}”, write decimal = "{other}" under [csv]'
    found = _DIGITS[decimal].fullmatch(digits)
    if not found:
        if _DIGITS[other].fullmatch(digits):
            raise ValueError(f"{quoted(text)} can be read in two ways. {hint}; if not, correct the amount in the file.")
        if _BY_TWO.fullmatch(digits):
            raise ValueError(
                f"{quoted(text)} groups its digits by two. Write it without commas: {digits.replace(',', '')}."
            )
        raise ValueError(f"{quoted(text)} is not an amount.")
    whole, fraction = re.sub("[^0-9]", "", found["whole"] or "0"), found["part"] or ""
    if len(whole.lstrip("0")) > 12:
        raise ValueError(f"{quoted(text)} is too large to be a card charge.")
    most, number = places(currency), Decimal(f"{whole}.{fraction or '0'}")
    if len(fraction) > most and (len(fraction) == 3 or fraction[most:].strip("0")):
        rounded = number.quantize(smallest(currency))
        if len(fraction) >= NOISY and abs(rounded - number) <= NOISE:
            return rounded
        raise ValueError(f"{quoted(text)} has {len(fraction)} decimals, {currency} has {most or 'none'}. {hint}.")
    return Decimal(f"{whole}.{fraction[:most] or '0'}") if fraction else Decimal(whole)


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
