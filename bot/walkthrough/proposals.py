"""Which Spend Center field carries which dimension: proposed by comparing its values with Intacct's lists, never guessed.

A value is found when its leading code is an Intacct ID (`6120 - Office supplies` and 6120), when it is an ID itself, or
when it is the name of exactly one entry. A code whose name says something else is doubtful and asked.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bot.intacct.records import DimensionValue
from bot.models import CustomField, Dimension, FieldMapping

Lists = Mapping[Dimension, Sequence[DimensionValue]]

NAMES: Mapping[Dimension, tuple[str, ...]] = {
    Dimension.GL_ACCOUNT: ("gl", "account", "ledger", "expense category", "gl code"),
    Dimension.DEPARTMENT: ("department", "dept", "cost center", "cost centre", "team"),
    Dimension.LOCATION: ("location", "site", "store", "office", "entity"),
    Dimension.CLASS: ("class",),
    Dimension.PROJECT: ("project", "job"),
    Dimension.VENDOR: ("vendor", "supplier"),
    Dimension.ITEM: ("item", "product"),
    Dimension.CUSTOMER: ("customer", "client"),
    Dimension.EMPLOYEE: ("employee",),
}
_CODED = re.compile(r"\s*(?P<code>\S+?)(?:\s*[-–—:·|,/]\s+|\s+|$)(?P<name>.*)", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{3,}")
ENOUGH, NEARLY_ALL = 0.5, 0.8
"""Shares of values found from which on a field is proposed: with a fitting name, and without one."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value that cannot be mapped for certain.

    `maybe` is the ID whose name disagrees, or empty; `kept` the ID that it had before, which Intacct may have `refused`
    since.
    """

    value_id: str
    text: str
    maybe: str = ""
    kept: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """How the values of one field stand against one list.

    `retired` are values that the field does not offer any more, and that older transactions may still have.
    """

    dimension: Dimension
    field_id: str
    field_name: str
    values: Mapping[str, str]
    doubts: tuple[Doubt, ...]
    retired: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def found(self) -> int:
        return len(self.values)

    @property
    def total(self) -> int:
        return len(self.values) + len(self.doubts)

    @property
    def sentence(self) -> str:
        return f"{self.found} of {self.total} values found in Intacct"

    def mapping(self, default: str = "", chosen: Mapping[str, str] | None = None) -> FieldMapping:
        """`chosen`: what a person decides about doubtful values now, value id to Intacct ID; empty takes an answer back."""
        decided = {doubt.value_id: doubt.kept for doubt in self.doubts} | dict(chosen or {})
        decided = {key: value for key, value in decided.items() if value}
        return FieldMapping(self.field_id, default, {**self.retired, **self.values, **decided})


def match(
    dimension: Dimension,
    field: CustomField,
    entries: Sequence[DimensionValue],
    before: Mapping[str, str] = MappingProxyType({}),
    refused: Collection[str] = (),
) -> Match:
    """Compares every value of the field with every entry of the list, inactive ones included: they still have an ID.

    `before` is where the values of this field were placed until now, value id to Intacct ID. One that would go elsewhere
    now is doubtful, since its name changed or a person had decided, and so is one whose entry was made inactive, or is
    known to be `refused` for another reason.
    """
    names: dict[str, str] = {entry.value_id: entry.name for entry in entries}
    unique = _unique((entry.name.casefold(), entry.value_id) for entry in entries if entry.name)
    closed = {*refused, *(entry.value_id for entry in entries if not entry.active)}
    found: dict[str, str] = {}
    doubts = []
    for value_id, text in field.values:
        wanted, certain = _find(text, names, unique)
        kept = before.get(value_id, "")
        if certain and kept in ("", wanted) and kept not in closed:
            found[value_id] = wanted
        else:
            doubts.append(Doubt(value_id, text, wanted, kept, kept in closed))
    doubts.sort(key=lambda doubt: doubt.kept not in refused)  # a form has room for some: what is in use comes first
    offered = {value_id for value_id, _ in field.values}
    retired = {key: value for key, value in before.items() if key not in offered}
    return Match(dimension, field.uuid, field.name, found, tuple(doubts), retired)


def _find(text: str, names: Mapping[str, str], unique: Mapping[str, str]) -> tuple[str, bool]:
    """The ID that a value means, and whether that is certain."""
    text = " ".join(text.split())
    if text in names:
        return text, True
    if whole := unique.get(text.casefold()):
        return whole, True
    parts = _CODED.match(text)
    if not parts or parts["code"] not in names:
        return "", False
    code, said = parts["code"], parts["name"]
    return code, not said or _agree(said, names[code])


def _agree(said: str, name: str) -> bool:
    ours, theirs = (set(_WORD.findall(one.casefold())) for one in (said, name))
    return not ours or not theirs or bool(ours & theirs)


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    twice = set()
    for key, value in pairs:
        if found.setdefault(key, value) != value:
            twice.add(key)
    return {key: value for key, value in found.items() if key not in twice}


def propose(fields: Sequence[CustomField], lists: Lists) -> dict[Dimension, Match]:
    """The best field for each dimension, each field used once; a dimension that no field fits is left out."""
    ranked = []
    for dimension, entries in lists.items():
        for field in fields:
            if not field.values:
                continue
            matched = match(dimension, field, entries)
            share = matched.found / matched.total
            named = _named(field.name, dimension)
            if share >= (ENOUGH if named else NEARLY_ALL):
                ranked.append((named, share, matched.found, matched))
    ranked.sort(key=lambda one: one[:3], reverse=True)
    chosen: dict[Dimension, Match] = {}
    used: set[str] = set()
    for *_, matched in ranked:
        if matched.dimension not in chosen and matched.field_id not in used:
            chosen[matched.dimension] = matched
            used.add(matched.field_id)
    return chosen


def as_before(
    codes: Mapping[str, FieldMapping], fields: Sequence[CustomField], lists: Lists
) -> tuple[dict[Dimension, str], dict[Dimension, dict[str, str]]]:
    """A connection's mapping as choices: dimension to field uuid, and to its values, value uuid to Intacct ID.

    What stands in a connection file by its text comes back by its uuid. Values that go to something which is not in these
    lists are left out: they are asked again. Those that the field does not offer any more stay.
    """
    chosen: dict[Dimension, str] = {}
    placed: dict[Dimension, dict[str, str]] = {}
    for key, mapping in codes.items():
        same = [one for one in fields if mapping.field in (one.uuid, one.name)]
        dimension = next((one for one in lists if one == key), None)
        if len(same) != 1 or dimension is None:
            continue
        chosen[dimension] = same[0].uuid
        there = {value.value_id for value in lists[dimension]}
        uuids = {text: uuid for uuid, text in same[0].values}
        said = {uuids.get(value, value): wanted for value, wanted in mapping.values.items()}
        placed[dimension] = {value: wanted for value, wanted in said.items() if wanted in there}
    return chosen, placed


def only_by_file(codes: Mapping[str, FieldMapping]) -> dict[str, FieldMapping]:
    """Of a mapping, what no form asks about: dimensions of the company's own, and defaults."""
    standard = set(Dimension)
    return {
        key: FieldMapping(default=one.default) if key in standard else one
        for key, one in codes.items()
        if one.default or key not in standard
    }


def _named(name: str, dimension: Dimension) -> bool:
    words = f" {re.sub(r'[^a-z]+', ' ', name.casefold())} "
    return any(f" {hint} " in words or f" {hint}s " in words for hint in NAMES[dimension])
