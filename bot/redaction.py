"""Our secrets in texts of others: blanked however they are written there."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote

BLANK = "…"
SHORTEST = 6
"""Letters of a secret that is looked for; a shorter one would blank the text itself."""

MOST, TAIL = 8_000, 400
"""Characters of a text that are looked through, and those of them from its end."""

_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_NAMED = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_REQUEST_TAG = re.compile(
    r"<(request|control|senderid|operation|authentication|login|userid|companyid|password|sessionid)\b[^<>]{0,200}>",
    re.IGNORECASE,
)
_SECRET_FIELD = re.compile(r"\b(?:client_secret|apiToken)[\"']?\s?[=:]\s?[\"']?[^\s\"']{6}", re.IGNORECASE)
_ENDLESS_NUMBER = re.compile(r"&#x?[0-9a-f]{8,};?", re.IGNORECASE)
ECHO = "(The answer repeated what was sent; that is not kept.)"


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets, whether they stand there as they are or as XML, JSON, an address or base64 write them.

    A text that repeats a request of ours is not kept at all: what it holds besides is nobody's to read.
    """
    text = shortened(text)
    for secret in secrets:
        if len(secret) >= SHORTEST:
            text = _spellings(secret).sub(BLANK, text)
    return ECHO if _is_echo(unescaped(text)) else text


def shortened(text: str) -> str:
    """Beginning and end of a very long text, cut between words so that no half of a secret is left."""
    if len(text) <= MOST:
        return text
    return f"{text[: MOST - TAIL].rsplit(maxsplit=1)[0]} … {text[-TAIL:].split(maxsplit=1)[-1]}"


def unescaped(text: str) -> str:
    """The text itself, however many times it was escaped as XML; percent-encoded tags, too."""
    text = _ENDLESS_NUMBER.sub(" ", text)  # Python refuses to read a number of more than 4,300 digits
    for _ in range(6):
        before, text = text, html.unescape(text)
        if text == before:
            break
    return text


def _is_echo(text: str) -> bool:
    if "%3c" in text.lower():
        text = unquote(text, errors="replace")
    tags = {found.lower() for found in _REQUEST_TAG.findall(text)}
    return bool(tags & {"password", "sessionid"}) or len(tags) > 2 or _SECRET_FIELD.search(text) is not None


@lru_cache(maxsize=64)
def _spellings(secret: str) -> re.Pattern[str]:
    """Every way in which the secret may be written, also as what is left when tags and runs of blanks are taken out of it."""
    shown = " ".join(_TAG.sub("", secret).split())
    ways = ["".join(map(_character, one)) for one in (secret, shown) if len(one) >= SHORTEST]
    ways += [re.escape(one) for one in _in_base64(secret)]
    return re.compile("|".join(ways))


def _character(one: str) -> str:
    """A pattern for one character: plain, as an entity escaped any number of times, percent-encoded, or as JSON has it."""
    number = ord(one)
    name = f"|{_NAMED[one]}" if one in _NAMED else ""
    entity = rf"&(?:amp;){{0,5}}(?i:\#0{{0,6}}{number}|\#x0{{0,6}}{number:x}{name});?"
    octets = "".join(f"%(?:25){{0,3}}(?i:{byte:02x})" for byte in one.encode("utf-8", "surrogatepass"))
    units = one.encode("utf-16-be", "surrogatepass")
    escapes = "".join(rf"\\{{1,4}}u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2))
    plain = r"\s{1,8}|\+" if one == " " else rf"\\{{0,4}}{re.escape(one)}"
    return f"(?:{plain}|{entity}|{octets}|{escapes})"


def _in_base64(secret: str) -> list[str]:
    """What every base64 of a text with the secret in it contains, wherever in the text it stands."""
    found = []
    data = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        coded = base64.b64encode(bytes(before) + data).decode()
        first = (before * 8 + 5) // 6  # letters that also hold bits of what stands before
        last = (before + len(data)) * 8 // 6  # and after
        if last - first >= SHORTEST:
            found += [coded[first:last], coded[first:last].translate(str.maketrans("+/", "-_"))]
    return list(dict.fromkeys(found))
