"""Whose an account is: a card's, another connection's, or free for the card spend of this one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bot.intacct.records import AccountRecord, CreditCard


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What other connections of the company use: card ID to the connection's name, account number to its card's ID."""

    cards: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)


def owner_of(
    record: AccountRecord, cards: Sequence[CreditCard], own_cards: Collection[str], elsewhere: Elsewhere
) -> tuple[str, str] | None:
    """The card that an account belongs to, if it is not this connection's own, and how the sentence about it ends."""
    number = record.account_no
    card = next((one for one in cards if one.is_on(number, record.record_no) and one.card_id not in own_cards), None)
    if card is not None and card.card_id not in elsewhere.cards:
        return card.card_id, "; or, if that card is for this spend, choose it in step 8."
    found = card.card_id if card is not None else elsewhere.accounts.get(number, "")
    return (found, ".") if found and found not in own_cards else None


def can_be_chosen(
    record: AccountRecord, cards: Sequence[CreditCard], banks: Mapping[str, str], elsewhere: Elsewhere
) -> bool:
    """Whether an account is worth proposing in step 7: a liability, of nothing else, with at most a box to untick.

    Intacct has no type for liabilities, so that a credit account is taken for one unless its name or category says that it
    lowers an asset or is equity.
    """
    named = f"{record.title} {record.category}".casefold()
    return (
        record.active
        and "balance" in record.account_type.lower()
        and (record.normal_balance.lower() == "credit" or for_this_spend(record.title))
        and record.alternative.strip().lower() in ("", "none")
        and record.account_no not in banks
        and not any(word in named for word in NO_LIABILITY)
        and owner_of(record, cards, (), elsewhere) is None
    )


NO_LIABILITY = (
    *("accumulated depreciation", "accumulated amortization", "accumulated amortisation", "allowance for"),
    *("common stock", "preferred stock", "treasury stock", "share capital", "paid-in capital", "retained earnings"),
    *("net income", "owner's equity", "owners' equity", "stockholders' equity", "shareholders' equity"),
)
"""Words of credit accounts that are no debts: those that lower an asset, and equity."""


def for_this_spend(name: str) -> bool:
    """Whether a name says that the thing was made for Spend Center, as the guide's names do."""
    return "spend center" in name.casefold()
