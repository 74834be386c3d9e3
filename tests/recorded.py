"""The field dictionary of a live company, read from beside the project; it is not committed here."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FIELDS = Path(os.environ.get("INTACCT_FIELDS", Path(__file__).resolve().parents[2] / "shared/recorded/fields.json"))


@cache
def _read() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FIELDS.read_text())
    return found


def fields(name: str) -> dict[str, str]:
    """Field to type (TEXT, INTEGER, …) of one object, as its `lookup` answered. Skips the test where there is no recording."""
    if not FIELDS.is_file():
        pytest.skip(f"NOT HELD TO THE RECORDING: there is no {FIELDS}")
    return {one[0]: one[2] for one in _read()[name]["fields"]}


def values(name: str, field: str) -> tuple[str, ...]:
    """The values that a field may have, as recorded."""
    assert fields(name)
    return next(tuple(one[5]) for one in _read()[name]["fields"] if one[0] == field)
