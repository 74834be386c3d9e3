"""What each line of a posting amounts to. A sum that the currency cannot hold is a question, never sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any

from bot.currencies import fits, smallest
from bot.hints.catalogue import verdict
from bot.models import Transaction, Verdict

ROUNDED = "rounded"
"""The answer to parts that are too fine: rounded, so that they add up to what the card was charged."""


def parts_of(transaction: Transaction, decision: Mapping[str, Any] | None = None) -> tuple[Decimal, ...] | Verdict:
    """The amount of each line, in the order of the lines, or why there is none.

    Args:
        transaction: to be posted.
        decision: a person's answers: "parts" when the split was finer than the currency.
    """
    currency, amounts = transaction.amount.currency, tuple(line.amount for line in transaction.lines)
    if all(fits(amount, currency) for amount in amounts):
        return amounts
    total = sum(amounts, Decimal(0))
    if len(amounts) == 1 or not fits(total, currency):
        return verdict("amount-too-fine", "", amount=f"{total.normalize():f} {currency}")
    if (decision or {}).get("parts") != ROUNDED:
        return verdict("split-too-fine", "", amount=", ".join(f"{amount.normalize():f}" for amount in amounts[:6]))
    return rounded(amounts, currency)


def rounded(amounts: Sequence[Decimal], currency: str) -> tuple[Decimal, ...]:
    """The same sum in whole units of the currency: each amount cut, then one unit more for those that lost most.

    >>> rounded([Decimal("33.3333"), Decimal("33.3333"), Decimal("33.3334")], "USD")
    (Decimal('33.33'), Decimal('33.33'), Decimal('33.34'))
    """
    unit = smallest(currency)
    cut = [amount.quantize(unit, ROUND_DOWN) for amount in amounts]
    left = sum(amounts, Decimal(0)) - sum(cut, Decimal(0))
    step = unit.copy_sign(left)
    lost = sorted(range(len(amounts)), key=lambda at: (amounts[at] - cut[at]) * step, reverse=True)
    for at in lost[: int(left / step)] if left else ():
        cut[at] += step
    return tuple(cut)
