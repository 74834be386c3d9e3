"""Column types: money that stays exact, instants that keep their zone, secrets that are encrypted on the way in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect, String, Text, TypeDecorator

from bot.models import Secret
from bot.store.vault import Vault, VaultError

SCALE = 10_000
"""Money is stored as an integer of 1/10,000; SQLite's numeric would be a binary float."""


LARGEST = Decimal(9 * 10**14)
"""Amounts stay below this, so that 64 bits hold them in 1/10,000."""


class Keyring:
    """Hands the column type its vault. Set when a store is opened; a process has one set of keys."""

    vault: Vault | None = None

    @classmethod
    def get(cls) -> Vault:
        if cls.vault is None:
            raise VaultError("The store was used before its keys were loaded.")
        return cls.vault


class Amount(TypeDecorator[Decimal]):
    """A Decimal in major units, exact to four places; more places are refused rather than rounded."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if not value.is_finite() or abs(value) >= LARGEST:
            raise ValueError("Money is a number, and not as large as this one.")
        scaled = value * SCALE
        if scaled != scaled.to_integral_value():
            raise ValueError("Money has more than four decimal places.")
        return int(scaled)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        exact = Decimal(value) / SCALE
        return exact.quantize(Decimal("0.01")) if value % 100 == 0 else exact


class Instant(TypeDecorator[datetime]):
    """A zone-aware UTC instant, kept as ISO text of constant width, so that text order is time order on both databases."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("An instant needs a time zone.")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class Encrypted(TypeDecorator[Secret]):
    """A Secret. Only its token reaches the database, a query's parameters, or an exception about them."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Secret | None, dialect: Dialect) -> str | None:
        return None if value is None else Keyring.get().seal(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Secret | None:
        return None if value is None else Keyring.get().open(value)


def _encode(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Secret):
        raise TypeError("A secret does not belong into a JSON column.")
    return str(value)


class Document(TypeDecorator[Any]):
    """JSON as text; decimals and dates become strings, secrets are refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, default=_encode, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)
