"""How many decimals an amount of a currency can have (ISO 4217): the one table of it."""

from __future__ import annotations

from decimal import Decimal

USUAL = 2
_NONE = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_THREE = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
_FOUR = frozenset(["CLF", "UYW"])


def places(currency: str) -> int:
    """Decimals of the currency's smallest unit.

    >>> places("USD"), places("JPY"), places("BHD")
    (2, 0, 3)
    """
    if currency in _NONE:
        return 0
    return 3 if currency in _THREE else 4 if currency in _FOUR else USUAL


def smallest(currency: str) -> Decimal:
    """The smallest unit: 0.01 of USD, 1 of JPY."""
    return Decimal(1).scaleb(-places(currency))


def fits(amount: Decimal, currency: str) -> bool:
    """Whether the currency can hold the amount exactly; what cannot be held would be rounded by whoever books it."""
    return amount == amount.quantize(smallest(currency))
