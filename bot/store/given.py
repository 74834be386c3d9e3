"""Many rows in one statement: given as a single JSON value, which the database reads as a table, or gathered into one.

A batch then costs the program one parameter and the database one step, where `executemany` and an answer of many rows
cost both as many as there are rows; on SQLite each of those steps hands the interpreter from thread to thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import (
    Column,
    FromClause,
    Select,
    String,
    TypeDecorator,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

GIVEN = "given"
"""Name of the statement's parameter: what `as_json` wrote."""

Columns = Mapping[str, Column[Any] | TypeEngine[Any]]
"""What each value is: the column that it is compared with or goes into, or a type where there is no such column."""


def given(dialect: str, columns: Columns) -> FromClause:
    """The rows as something to select from. Its columns hold what the database keeps, and compare with columns as they are."""
    types = {name: one.type if isinstance(one, Column) else one for name, one in columns.items()}
    if dialect == "postgresql":
        rows = func.json_to_recordset(cast(bindparam(GIVEN, type_=String()), postgresql.JSON))
        return rows.table_valued(*(column(n, t) for n, t in types.items()), name="rows").render_derived(with_types=True)
    each = func.json_each(bindparam(GIVEN, type_=String())).table_valued("value")
    values = {name: func.json_extract(each.c.value, literal_column(f"'$.{name}'")) for name in types}
    return select(*(type_coerce(values[n], t).label(n) for n, t in types.items())).subquery("rows")


def gathered(dialect: str, rows: Select[Any]) -> Select[tuple[str | None]]:
    """What a query finds as one JSON value, for `rows_in`: lists of what the database keeps, in no order."""
    found = rows.subquery("found")
    if dialect == "postgresql":
        return select(cast(func.json_agg(func.json_build_array(*found.c)), String()))
    return select(func.json_group_array(func.json_array(*found.c)))


def rows_in(value: str | None) -> list[list[Any]]:
    found: list[list[Any]] = json.loads(value or "[]")
    return found


def as_json(columns: Columns, rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as that parameter, each value in the form in which its column is kept.

    NUL characters are left out: neither PostgreSQL nor XML can hold them, and SQLite would end the text there.
    """
    kept = {name: _kept(one) for name, one in columns.items()}
    return json.dumps([{name: kept[name](row[name]) for name in kept} for row in rows], ensure_ascii=False)


def _kept(one: Column[Any] | TypeEngine[Any]) -> Callable[[Any], Any]:
    kind = one.type if isinstance(one, Column) else one
    if not isinstance(kind, TypeDecorator):
        return lambda value: value.replace("\0", "") if isinstance(value, str) else value
    return lambda value: kind.process_bind_param(value, None)  # type: ignore[arg-type]  # ours ask for no dialect
