"""How Spend Center writes: numbers with their exact decimals, instants with an offset, errors as an array."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any


class ApiError(Exception):
    """A refusal, as the API words it. `code` is a BDC number, `headers` go out with the answer."""

    def __init__(self, status: int, message: str, *, code: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or CODES.get(status, "BDC_1109")
        self.headers = headers or {}

    def body(self, now: datetime) -> list[dict[str, str]]:
        category = "SERVER" if self.status >= 500 else "APPLICATION" if self.status == 429 else "REQUEST"
        return [
            {
                "timestamp": stamp(now),
                "code": self.code,
                "severity": "ERROR",
                "category": category,
                "message": self.message,
            },
        ]


CODES = {401: "BDC_1102", 403: "BDC_1103", 404: "BDC_1110", 429: "BDC_1144", 500: "BDC_1001", 501: "BDC_1001"}
"""1144 (too many calls) and 1109 (bad request, the default) are published; the others only have to differ from them."""


def to_json(value: Any) -> str:
    """JSON in which a Decimal keeps its digits: 184.20 is written `184.20`, never `184.2` or `184.19999`."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{to_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(to_json, value)) + "]"
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


def exact(value: Any) -> Any:
    """A copy in which every float has become the Decimal that a person would read."""
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [exact(item) for item in value]
    return Decimal(repr(value)) if isinstance(value, float) else value


def stamp(instant: datetime) -> str:
    """`2026-08-01T12:00:00.000+00:00`, the form of every instant in the API."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")


def instant_of(text: str) -> datetime:
    return datetime.fromisoformat(text)
