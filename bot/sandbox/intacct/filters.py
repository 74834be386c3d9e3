"""Conditions: the filter of `query`, built of elements, and the text of `readByQuery`, both as one predicate."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from lxml.etree import _Element as Element

from bot.sandbox.intacct import errors
from bot.sandbox.intacct.company import Row
from bot.sandbox.intacct.fields import CODES, typed

Predicate = Callable[[Row], bool]
Read = Callable[[Row, str], Any]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "equalto": operator.eq,
    "notequalto": operator.ne,
    "lessthan": operator.lt,
    "lessthanorequalto": operator.le,
    "greaterthan": operator.gt,
    "greaterthanorequalto": operator.ge,
}


class Conditions:
    """Builds predicates for one object.

    `kinds` maps each field that exists to its kind; `read` gets a field's value from a record. A field that does not
    exist, or a value that is none of its kind (an ISO date), fails the whole call with DL02000001.
    """

    def __init__(self, kinds: dict[str, str], read: Read, *, fold: bool = False) -> None:
        self.kinds = kinds
        self.read = read
        self.fold = fold

    def of(self, element: Element) -> Predicate:
        """The predicate of one operator element."""
        name = str(element.tag)
        if name in {"and", "or"}:
            parts = [self.of(child) for child in element]
            return _all(parts) if name == "and" else _any(parts)
        field = (element.findtext("field") or "").strip()
        return self.compare(name, field, [value.text or "" for value in element.findall("value")])

    def compare(self, name: str, field: str, texts: list[str]) -> Predicate:
        """The predicate of a named operator on a field; `texts` are its values."""
        if field not in self.kinds:
            raise errors.Refusal(errors.unprocessable())
        get = self._getter(field)
        if name in {"isnull", "isnotnull"}:
            return lambda row: (get(row) in {None, ""}) == (name == "isnull")
        if name in {"like", "notlike"}:
            pattern = _pattern(texts[0], fold=self.fold)
            return lambda row: bool(pattern.fullmatch(str(get(row) or ""))) == (name == "like")
        values = [self._value(field, text) for text in texts]
        if name in {"in", "notin"}:
            wanted = frozenset(values)
            return lambda row: (get(row) in wanted) == (name == "in")
        if name == "between":
            low, high = values
            return lambda row: (value := get(row)) is not None and low <= value <= high
        compare, wanted_value = _COMPARE[name], values[0]
        if name in {"equalto", "notequalto"}:
            return lambda row: compare(get(row), wanted_value)
        return lambda row: (value := get(row)) is not None and compare(value, wanted_value)

    def _getter(self, field: str) -> Callable[[Row], Any]:
        read = self.read
        if self.fold and self.kinds[field] == "text":
            return lambda row: str(read(row, field) or "").casefold()
        return lambda row: read(row, field)

    def _value(self, field: str, text: str) -> Any:
        try:
            value = typed(self.kinds[field], text)
        except ValueError:
            raise errors.Refusal(errors.unprocessable()) from None
        return value.casefold() if self.fold and isinstance(value, str) else value

    # --- readByQuery --------------------------------------------------------------------------------------------------

    def of_text(self, text: str) -> Predicate:
        """The predicate of a `readByQuery` text: comparisons joined by AND and OR; empty means all.

        Strings stand in single quotes, escaped by a backslash. ORDER BY, parentheses and whatever else is left over fail
        with DL02000001.
        """
        tokens = _TOKEN.findall(text.strip())
        if not tokens:
            return lambda _row: True
        groups: list[list[Predicate]] = [[]]
        while True:
            groups[-1].append(self._term(tokens))
            if not tokens:
                return _any([_all(parts) for parts in groups])
            word = tokens.pop(0).upper()
            if word == "OR":
                groups.append([])
            elif word != "AND":
                raise errors.Refusal(errors.unprocessable())

    def _term(self, tokens: list[str]) -> Predicate:
        try:
            field, sign = tokens.pop(0).upper(), tokens.pop(0).upper()
            if sign == "IS":
                negated = tokens[0].upper() == "NOT" and bool(tokens.pop(0))
                name = {"NULL": "isnotnull" if negated else "isnull"}[tokens.pop(0).upper()]
                return self.compare(name, field, [])
            negated = sign == "NOT"
            sign = tokens.pop(0).upper() if negated else sign
            texts = _list(tokens) if sign == "IN" else [_unquoted(tokens.pop(0))]
            words = {"IN": "notin" if negated else "in", "LIKE": "notlike" if negated else "like"}
            name = words[sign] if sign in words else _SIGNS[sign]
            return self.compare(name, field, [CODES.get(field, {}).get(text, text) for text in texts])
        except (IndexError, KeyError):
            raise errors.Refusal(errors.unprocessable()) from None


def _list(tokens: list[str]) -> list[str]:
    """The values in parentheses after IN."""
    if tokens.pop(0) != "(":
        raise IndexError
    end = tokens.index(")") if ")" in tokens else len(tokens)
    inside, tokens[: end + 1] = tokens[:end], []
    return [_unquoted(part) for part in inside if part != ","]


_TOKEN = re.compile(r"'(?:\\.|[^'\\])*'|<=|>=|<>|!=|[=<>(),]|[^\s=<>(),']+")
_SIGNS = {
    "=": "equalto",
    "!=": "notequalto",
    "<>": "notequalto",
    "<": "lessthan",
    "<=": "lessthanorequalto",
    ">": "greaterthan",
    ">=": "greaterthanorequalto",
}


def _unquoted(token: str) -> str:
    if token.startswith("'"):
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    if token in {"(", ")", ","}:
        raise IndexError
    return token


def _pattern(text: str, *, fold: bool) -> re.Pattern[str]:
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(c, re.escape(c)) for c in text), re.DOTALL | (re.IGNORECASE if fold else 0))


def _all(parts: list[Predicate]) -> Predicate:
    return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)


def _any(parts: list[Predicate]) -> Predicate:
    return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)
