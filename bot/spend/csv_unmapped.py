"""What the columns say that nobody mapped: which rows are parts of a split, and which have not cleared. Pure.

Either would be posted wrongly without a word, so it is a question before anything is taken.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bot.spend.csv_ids import unwrapped
from bot.spend.csv_status import tells
from bot.spend.errors import CsvProblem
from bot.spend.text import clean, heading_key, quoted

_PARENT = re.compile(
    r"(?:is )?(?:split )?parent(?: (?:transaction|txn|charge|purchase|row))?(?: (?:id|uuid|number|no|#))?"
)
_SPLIT_OF = re.compile(r"split (?:of|from)(?: (?:transaction|txn))?(?: (?:id|uuid))?")
_STATUS = re.compile(r"(?:\w+ )?(?:status|state)")
_TYPE = re.compile(r"(?:transaction |txn )?type")
SHORTEST_ID = 6
"""Characters of a value that may name another row; shorter ones are found in any column by chance."""
MOST_VALUES = 12
MOST_NAMES = 200_000


@dataclass(slots=True)
class _Column:
    place: int
    heading: str
    is_parent: bool
    is_status: bool
    filled: int = 0
    """Line of the first cell that has something in it."""
    values: dict[str, None] = field(default_factory=dict)
    names: dict[str, int] | None = field(default_factory=dict)
    """Values that may be other rows' IDs, with the line; None once one cannot be."""


class Unmapped:
    """Watches the unmapped columns of a file go by.

    Args:
        headings: of the file, cleaned.
        columns: our key to the heading.
        ignored: headings of which a person said that they mean nothing here.
    """

    def __init__(self, headings: Sequence[str], columns: Mapping[str, str], ignored: Sequence[str] = ()) -> None:
        mapped = {heading_key(name) for name in (*columns.values(), *ignored)}
        self._split_known = bool(columns.get("split_of"))
        self._status_known = bool(columns.get("status"))
        self._columns = [
            _column(place, heading)
            for place, heading in enumerate(headings)
            if heading and heading_key(heading) not in mapped
        ]

    def add(self, line: int, name: str, cells: Sequence[str]) -> None:
        """One row; `name` is its ID."""
        for column in self._columns:
            text = unwrapped(cells[column.place]).strip()
            if not text:
                continue
            column.filled = column.filled or line
            if len(column.values) < MOST_VALUES:
                column.values[clean(text, 40)] = None
            if column.names is not None and text != name:
                if len(text) < SHORTEST_ID or " " in text or len(column.names) >= MOST_NAMES:
                    column.names = None
                else:
                    column.names.setdefault(text, line)

    def problems(self, ids: Collection[str]) -> list[CsvProblem]:
        """The questions, once the whole file is known."""
        found = []
        for column in self._columns:
            names = column.names or {}
            is_parent = (column.is_parent and column.filled) or (names and all(name in ids for name in names))
            if is_parent and not self._split_known:
                line = next(iter(names.values()), column.filled)
                sentence = f"this column seems to say which rows are parts of another one, which would be posted as well. Write split_of = {_as_toml(column)} under [csv.columns], or ignore = [{_as_toml(column)}] under [csv] if it means something else."
                found.append(CsvProblem(line, column.heading, sentence))
            elif _asks_for_status(column) and not self._status_known:
                there = ", ".join(map(quoted, list(column.values)[:5]))
                sentence = f"this column has {there}, and nothing says which rows have cleared. Write status = {_as_toml(column)} under [csv.columns], so that only those post, or ignore = [{_as_toml(column)}] under [csv] if it means something else."
                found.append(CsvProblem(column.filled, column.heading, sentence))
        return found


def _column(place: int, heading: str) -> _Column:
    words = " ".join(re.sub(r"[^\w#]+|_", " ", heading.casefold()).split())
    is_parent = bool(_PARENT.fullmatch(words) or _SPLIT_OF.fullmatch(words))
    return _Column(place, heading, is_parent, bool(_STATUS.fullmatch(words) or _TYPE.fullmatch(words)))


def _asks_for_status(column: _Column) -> bool:
    """A status with several values, or with one that says that a row has not cleared."""
    if not column.is_status:
        return False
    several = len(column.values) > 1 and not _TYPE.fullmatch(column.heading.casefold())
    return several or any(map(tells, column.values))


def _as_toml(column: _Column) -> str:
    return '"' + column.heading.replace("\\", "\\\\").replace('"', '\\"') + '"'
