"""Foreign text, made harmless: nothing that breaks a line, a log, an XML document or the reading direction."""

from __future__ import annotations

import re
import unicodedata

_UNRULY = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029"  # control characters and line separators
    "\ud800-\udfff\ufeff\ufffe\uffff"  # lone surrogates and non-characters, which neither UTF-8 nor XML carries
    "\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]+"  # invisible marks that hide or turn text around
)


def clean(value: object, cap: int = 200) -> str:
    """One line of at most `cap` characters; empty for anything that is not text."""
    if not isinstance(value, str):
        return ""
    if len(value) <= cap and "  " not in value and value.isprintable():  # nearly always, and then nothing is unruly
        return value.strip(" ")
    return " ".join(_UNRULY.sub(" ", value[: cap * 4]).split())[:cap]


def heading_key(text: str) -> str:
    """What makes two headings the same: neither case nor the Unicode form in which a program writes an accent."""
    return unicodedata.normalize("NFKC", clean(text, 100)).casefold()


def quoted(value: object, cap: int = 40) -> str:
    """Foreign text inside a sentence for people: “like this”, shortened."""
    text = clean(value, cap + 1)
    return f"“{text if len(text) <= cap else text[: cap - 1] + '…'}”"
