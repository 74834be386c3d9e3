"""A small language for the shape of Block Kit: strings, numbers, lists, objects and choices, each with its limits.

A check is a function from a value and its JSON pointer to the problems found there. The tables in `elements.py` and
`blocks.py` are written in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

FAILED = "failed_constraint"
MISSING = "missing_required_field"
EXTRA = "additional_property"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that Slack refuses. `pointer` is a JSON pointer into the checked payload."""

    pointer: str
    code: str
    message: str
    constraint: dict[str, Any] | None = None
    field: str = ""

    @property
    def line(self) -> str:
        """As it stands in `response_metadata.messages`."""
        return f"[ERROR] {self.message} [json-pointer:{self.pointer}]"

    def as_json(self) -> dict[str, Any]:
        """As it stands in `errors` of blocks.validate."""
        found: dict[str, Any] = {"pointer": self.pointer, "code": self.code, "message": self.message}
        if self.constraint is not None:
            found["constraint"] = self.constraint
        if self.field:
            found["field"] = self.field
        return found


Found = Iterator[Problem]
Check = Callable[[Any, str], Found]
Rule = Callable[[dict[str, Any], str], Found]


def failed(at: str, message: str, kind: str = "", expected: Any = None, got: Any = None) -> Problem:
    constraint = {"type": kind, "expected": expected, "got": got} if kind else None
    return Problem(at, FAILED, message, constraint)


def _wrong_type(at: str, wanted: str, value: Any) -> Problem:
    return failed(at, f"must provide a {wanted}", "type", wanted, type(value).__name__)


def string(most: int, least: int = 1) -> Check:
    """Text of `least` to `most` Unicode characters."""

    def check(value: Any, at: str) -> Found:
        if not isinstance(value, str):
            yield _wrong_type(at, "string", value)
        elif len(value) > most:
            yield failed(at, f"must be less than {most + 1} characters", "max_length", most, len(value))
        elif len(value) < least:
            yield failed(at, f"must be more than {least - 1} characters", "min_length", least, len(value))

    return check


def url(most: int = 3000) -> Check:
    length = string(most)

    def check(value: Any, at: str) -> Found:
        yield from length(value, at)
        if isinstance(value, str) and "://" not in value and not value.startswith("mailto:"):
            yield failed(at, "must be a valid URL", "format", "url", value[:40])

    return check


def whole(most: int, least: int = 0) -> Check:
    def check(value: Any, at: str) -> Found:
        if not isinstance(value, int) or isinstance(value, bool):
            yield _wrong_type(at, "number", value)
        elif not least <= value <= most:
            yield failed(at, f"must be between {least} and {most}", "range", [least, most], value)

    return check


def number(value: Any, at: str) -> Found:
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield _wrong_type(at, "number", value)


def boolean(value: Any, at: str) -> Found:
    if not isinstance(value, bool):
        yield _wrong_type(at, "boolean", value)


def anything(value: Any, at: str) -> Found:  # noqa: ARG001 -- the shape of every check
    """For parts that Slack checks and this sandbox does not need to."""
    yield from ()


def choice(*allowed: str) -> Check:
    def check(value: Any, at: str) -> Found:
        if value not in allowed:
            yield failed(at, f"must be one of: {', '.join(allowed)}", "enum", list(allowed), value)

    return check


def listed(item: Check, most: int, least: int = 0) -> Check:
    """A list of `least` to `most` items, each passing `item`."""

    def check(value: Any, at: str) -> Found:
        if not isinstance(value, list):
            yield _wrong_type(at, "array", value)
            return
        if len(value) > most:
            yield failed(at, f"no more than {most} items allowed", "max_items", most, len(value))
        if len(value) < least:
            yield failed(at, f"no fewer than {least} items allowed", "min_items", least, len(value))
        for index, one in enumerate(value):
            yield from item(one, f"{at}/{index}")

    return check


def shaped(required: dict[str, Check], optional: dict[str, Check] | None = None, rules: Iterable[Rule] = ()) -> Check:
    """An object with exactly these fields; the rules run when the fields by themselves are right."""
    optional = optional or {}
    rules = tuple(rules)

    def check(value: Any, at: str) -> Found:
        if not isinstance(value, dict):
            yield _wrong_type(at, "object", value)
            return
        broken = False
        for problem in _fields(value, at, required, optional):
            broken = True
            yield problem
        if not broken:
            for rule in rules:
                yield from rule(value, at)

    return check


def _fields(value: dict[str, Any], at: str, required: dict[str, Check], optional: dict[str, Check]) -> Found:
    for name, test in required.items():
        if name not in value:
            yield Problem(at, MISSING, f"missing required field: {name}", field=name)
        else:
            yield from test(value[name], f"{at}/{name}")
    for name, inner in value.items():
        if name in optional:
            yield from optional[name](inner, f"{at}/{name}")
        elif name not in required:
            yield Problem(at, EXTRA, f"invalid additional property: {name}", field=name)


def typed(table: dict[str, Check], allowed: Iterable[str] | None = None) -> Check:
    """An object whose `type` picks its check from a table, optionally only some of the table's types."""
    names = frozenset(table if allowed is None else allowed)

    def check(value: Any, at: str) -> Found:
        if not isinstance(value, dict):
            yield _wrong_type(at, "object", value)
        elif not isinstance(value.get("type"), str):
            yield Problem(at, MISSING, "missing required field: type", field="type")
        elif value["type"] not in names:
            kind = value["type"][:80]
            yield failed(f"{at}/type", f"unsupported type: {kind}", "enum", sorted(names), kind)
        else:
            yield from table[value["type"]](value, at)

    return check


def exactly_one(*names: str) -> Rule:
    def rule(value: dict[str, Any], at: str) -> Found:
        present = [name for name in names if name in value]
        if len(present) != 1:
            yield failed(at, f"must have exactly one of: {', '.join(names)}", "one_of", list(names), present)

    return rule


def some_of(*names: str) -> Rule:
    def rule(value: dict[str, Any], at: str) -> Found:
        if not any(name in value for name in names):
            yield failed(at, f"must have at least one of: {', '.join(names)}", "any_of", list(names), [])

    return rule
