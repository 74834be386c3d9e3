"""Between rows and values: typed rows from SQLAlchemy's, and nouns from the JSON they are kept as."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter
from sqlalchemy import Row

T = TypeVar("T")
_NAMES: dict[type[Any], tuple[str, ...]] = {}
_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def as_row(kind: type[T], row: Row[Any] | Mapping[str, Any]) -> T:
    """A dataclass filled from the columns of the same names; further columns are left out."""
    values = row if isinstance(row, Mapping) else row._mapping  # noqa: SLF001  # SQLAlchemy's documented accessor
    return kind(**{name: values[name] for name in _names(kind)})


def as_rows(kind: type[T], rows: Iterable[Row[Any]]) -> list[T]:
    return [as_row(kind, row) for row in rows]


def _names(kind: type[Any]) -> tuple[str, ...]:
    if kind not in _NAMES:
        _NAMES[kind] = tuple(field.name for field in dataclasses.fields(kind))
    return _NAMES[kind]


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def to_json(value: Any) -> Any:
    """A noun as plain JSON values; decimals as exact text, instants as ISO text."""
    return _adapter(type(value)).dump_python(value, mode="json")


def from_json(kind: type[T], data: Any) -> T:
    """The noun that `to_json` wrote."""
    return cast("T", _adapter(kind).validate_python(data))
