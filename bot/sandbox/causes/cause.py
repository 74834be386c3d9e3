"""What one provoked cause is: what breaks, the purchase that meets it, what the alert says, and how it is put right.

Acts are data: a far end, a verb of its control door, its arguments. A text in braces stands for something of the company
as it is when the button is pressed: `{user}`, `{role}`, `{sender}`, `{card}`, `{account}` (the card's own), `{today}`,
`{month_end}`, `{closed}` (the day through which the books were closed before), `{bought}` (the purchase made for it),
`{posted}` (what posted last).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Act = tuple[str, str, Json]

ENTITY = "100"
PURCHASE: Json = {
    "card": "4417",
    "amount": "48.20",
    "merchant": "Marigold Kitchen",
    "date": "{today}",
    "fields": {"GL Account": "6440 - Meals", "Department": "20 - Sales", "Location": "100 - Portland"},
}
"""A purchase of Portland that posts when nothing is wrong."""

ACCESS, BOOKS, VALUES, RECEIPTS, SOURCE, LINE, WORDS = (
    *("Letting the app in", "Card, accounts and periods", "Coding of a line", "Receipts"),
    *("Spend Center", "Passes by itself", "In Intacct's words alone"),
)
GROUPS = (ACCESS, BOOKS, VALUES, RECEIPTS, SOURCE, LINE, WORDS)
RETRY, RESUME, NOTHING = "Retry 1", "Check and resume", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause.

    Attributes:
        name: of the button, kebab-case and its own.
        hint: the catalogue's entry that it ends in.
        group: one of GROUPS.
        title: what happens, for people.
        alert: how the alert begins; empty where none comes.
        how: how an accountant or an administrator puts it right.
        breaks, follows, mends: the acts, `follows` after the purchase. Without `mends` the answer in Slack is enough.
        buys: what differs from PURCHASE; None where something that has posted is what meets it.
        press: the button in Slack that ends it; empty where the next sync does.
        needs: what the connection must be like, where not each one meets it.
        settings: the same for whoever makes such a connection: `defaults` by dimension, `options`, `whole_company`.
        before, after: records in the books while the alert stands, and once it is solved.
    """

    name: str
    hint: str
    group: str
    title: str
    alert: str
    how: str
    breaks: tuple[Act, ...] = ()
    follows: tuple[Act, ...] = ()
    mends: tuple[Act, ...] = ()
    buys: Json | None = field(default_factory=dict)
    press: str = RETRY
    needs: str = ""
    settings: Json = field(default_factory=dict)
    before: int = 0
    after: int = 1

    def __str__(self) -> str:
        return self.name


def intacct(verb: str, **args: Any) -> Act:
    return "intacct", verb, args


def spend(verb: str, **args: Any) -> Act:
    return "spend", verb, args


def saved(kind: str, **record: str) -> Act:
    """The Edit screen of one of Intacct's lists."""
    return intacct("save_record", object=kind, record=record)


def user(**changes: Any) -> Act:
    """Web Services users > the sync user > Edit."""
    return intacct("edit_user", user_id="{user}", **changes)
