"""Making foreign text safe to read and steady to match.

Texts come from Intacct, from companies' own rules and from merchants. They arrive with entities, tags, invisible
characters, support numbers and any length. `plain` is what may be shown (escaping for a screen is the screen's work);
the rest prepares it for the classifier.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

CAP = 2_000
"""Longest text that is made plain."""

_TAG = re.compile(r"<[/!?a-zA-Z][^<>]*>")
_PERCENT = re.compile(r"%(?:5B|5D|3A|20|27|22|2C)", re.IGNORECASE)
_NUMBER = re.compile(
    r"\[?\s?\b(?:Support|Request|Correlation|Trace|Incident)[ _-]?ID\b\s?[:=#]?\s?([^\s\]\[,;]{3,120})[^\]\[]{0,80}\]"
    r"|\b(?:Support|Request|Correlation|Trace|Incident)[ _-]?ID\s?[:=#]\s?([^\s\]\[,;]{3,120})",
    re.IGNORECASE,
)
_CONTRACTIONS = (
    (re.compile(r"\bcan(?:'t| not)\b", re.IGNORECASE), "cannot"),
    (re.compile(r"\bwon't\b", re.IGNORECASE), "will not"),
    (re.compile(r"(?<=[a-z])n't\b", re.IGNORECASE), " not"),
    (re.compile(r"(?<=\w)'s been\b", re.IGNORECASE), " has been"),
    (re.compile(r"\b(that|it|there|what)'s\b", re.IGNORECASE), r"\1 is"),
    (re.compile(r"(?<=\w)'re\b", re.IGNORECASE), " are"),
    (re.compile(r"(?<=\w)'ve\b", re.IGNORECASE), " have"),
)
_LOOKALIKES = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "`": "'", "´": "'"}
)


_ENDLESS = ((r"\w*", r"\w{0,40}"), (r"\w+", r"\w{1,40}"), (r"\S+", r"\S{1,80}"), (".*", ".{0,120}"))


def bounded(pattern: str) -> str:
    """The pattern with an end to what it repeats: words, and what stands between two of them.

    Without one its time grows with the square of the text: every place where it can begin looks to the text's end.
    """
    for endless, ended in _ENDLESS:
        pattern = pattern.replace(endless, ended)
    return pattern


def plain(text: str, limit: int = CAP) -> str:
    """One line without entities, tags, control and invisible characters, at most `limit` characters long."""
    return clip(_plain(text[: CAP * 2]), limit)


@lru_cache(maxsize=256)  # each step of the classifier asks for the same texts
def _plain(text: str) -> str:
    if _PERCENT.search(text):
        text = unquote(text, errors="replace")
    for _ in range(6):
        before = text
        text = html.unescape(text)
        text = _TAG.sub(" ", text if text.isascii() and text.isprintable() else "".join(map(_visible, text)))
        if text == before:
            break
    else:
        text = text.replace("<", " ").replace(">", " ")
    return " ".join(text.split())


def clip(text: str, limit: int) -> str:
    """Cut to `limit` characters, with … as the last one when something was cut."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def support_ids(text: str) -> tuple[str, ...]:
    """The numbers that Sage's support asks for, in order, each once."""
    found = (first or second for first, second in _NUMBER.findall(plain(text)))
    return tuple(dict.fromkeys(clip(one, 80) for one in found))


def without_ids(text: str) -> str:
    """The plain text less its support numbers."""
    return " ".join(_NUMBER.sub(" ", plain(text)).split())


def spelled_out(text: str) -> str:
    """Straight quotes and no contractions, so that one pattern serves "isn’t", "isn't" and "is not"."""
    text = text.translate(_LOOKALIKES)
    for pattern, replacement in _CONTRACTIONS:
        text = pattern.sub(replacement, text)
    return text


def _visible(character: str) -> str:
    if character.isascii():
        return character if character.isprintable() else " "
    kind = unicodedata.category(character)
    if kind in {"Cc", "Zl", "Zp", "Zs"}:
        return " "
    return "" if kind[0] == "C" else character
