"""What a status says of a row: cleared, on its way, or never to come. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.models import TransactionKind

CLEARED = ("clear", "cleared", "complete", "completed", "posted", "settled", "paid", "success", "successful")
"""Words that mean that a charge has cleared, unless `cleared` under [csv] lists others."""
WAITING = (
    *("pending", "authorized", "authorised", "authorization", "authorisation", "auth", "approved", "hold", "on hold"),
    *("processing", "in progress", "open", "scheduled"),
)
"""Words for what may clear later."""
GONE = (
    *("declined", "decline", "denied", "rejected", "refused", "failed", "error", "void", "voided", "canceled"),
    *("cancelled", "expired", "released", "reversed", "removed", "deleted"),
)
"""Words for what never will."""


def kind_of(text: str, cleared: Sequence[str] = ()) -> TransactionKind | None:
    """What the row is; None for a word that nobody has explained.

    Args:
        text: of the status column.
        cleared: the words that mean cleared, where the connection lists them; any other word then means that it has not.
    """
    word = " ".join(text.casefold().replace("_", " ").split())
    listed = {" ".join(one.casefold().replace("_", " ").split()) for one in cleared}
    if word in (listed or CLEARED):
        return TransactionKind.CLEAR
    if word in GONE:
        return TransactionKind.DECLINE
    return TransactionKind.AUTHORIZATION if listed or word in WAITING else None


def tells(text: str) -> bool:
    """Whether this word says that a row has not cleared."""
    return " ".join(text.casefold().split()) in (*WAITING, *GONE)
