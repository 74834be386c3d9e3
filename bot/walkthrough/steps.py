"""The nine steps as data: what a person does in Intacct, which values are copied, and where people get stuck.

Texts hold two kinds of marks, *emphasis* and `code`, and places in braces that `Facts` fills. Menus stand exactly as
on Intacct's screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

USER_ID = "Spendcenter"
ROLE = "Billcom Role"
ACCOUNT_TITLE = "Spend Center GL Account"
CARD_ID = "Spend Center CC Object"
"""The names of the vendor's own guide: defaults, since people choose others."""

CARD_EXPIRY = "12/2035"
"""The last year that Intacct's own list offers, as recorded at the end of 2025."""
OPEN, SENDER, USER, PERMISSIONS, ENTITY, CREDENTIALS, ACCOUNT, CARD, FINISH = range(1, 10)


@dataclass(frozen=True, slots=True)
class Step:
    """One task.

    `values` are copied into Intacct, one per code block. `stuck` are the places where people really get stuck.
    `signed_in` tells that nothing of it can be checked before the bot can sign in.
    """

    number: int
    title: str
    text: str
    values: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    signed_in: bool = True


STEPS: Mapping[int, Step] = {
    step.number: step
    for step in (
        Step(
            OPEN,
            "Open",
            "Nine steps, about ten minutes of clicks in Intacct. Someone has to be allowed to edit company settings, "
            "users and roles there; it need not be you. Stop whenever you like, I keep the place.\n"
            "*Where does this card spend belong?*",
            signed_in=False,
        ),
        Step(
            SENDER,
            "Let this app in",
            "In Intacct: Company > Setup > Company > Security > Edit. Under Web Services authorizations: Add, paste the "
            "sender ID, status Active, Save. Then *Save the page itself*.",
            ("{sender_id}",),
            (
                "The second Save: the pop-up's Save alone keeps nothing.",
                "An entry for another product (`bill.com`) may be there already and looks like ours.",
                "Capitals and blanks count: copy the sender ID as it stands here.",
            ),
        ),
        Step(
            USER,
            "Web Services user",
            "Company > Admin > Web Services users > Add (not Users). User ID as below · name and e-mail of whoever looks "
            "after the sync (the password goes there) · a new contact · User type *Business* · Admin privileges *Full* "
            "· Active.\nIntacct asks for your own password when you save, and then mails a password for the new user.",
            ("{user_id}",),
            (
                "A normal user instead of a Web Services user.",
                "The mail may be in spam, or went to a colleague.",
                "These passwords do not expire, but a reset breaks the sync: tell me the new one.",
            ),
        ),
        Step(
            PERMISSIONS,
            "Permissions",
            "Does this user get permissions by *role* or by *user*? If its page has a tab “Roles information”, it is by "
            "role.",
            stuck=(
                "The role was saved but not assigned to {user_id}.",
                "The pop-up was saved, the role was not.",
                "Another role was edited.",
            ),
        ),
        Step(
            ENTITY,
            "Entity",
            "Which entity do these cards belong to? The Entity ID stands in Company > Entities, column Entity ID.",
            stuck=(
                "Neither the entity's name nor a location ID will do; the list makes typing unnecessary.",
                "A user limited to one entity cannot read anything at the top level.",
            ),
        ),
        Step(
            CREDENTIALS,
            "Credentials",
            "The e-mail from Intacct has the password of {user_id}. Type it into the form, never into this chat.",
        ),
        Step(
            ACCOUNT,
            "Liability account",
            "All card spend is credited to one balance sheet account of its own.",
            stuck=(
                "The account number needs the company's length.",
                "A required dimension, ticked by habit, makes syncs fail.",
                "The old card's account: each card needs one of its own.",
            ),
        ),
        Step(
            CARD,
            "Card",
            "Yours to make: over this connection I cannot create it. *{place}* Then Cash Management > Setup > Accounts > "
            "Credit card > Add: ID as below · any type · account type *Credit* · vendor: the card issuer · expiry "
            "`{expiry}` · offset account `{account}` · default location {location}. The step ticks itself when I see it.",
            ("{card}",),
            (
                "Made at the top level instead of in the entity.",
                "The vendor was forgotten.",
                "The expiry was copied from a plastic card; it should lie far ahead.",
            ),
        ),
        Step(
            FINISH,
            "Spend Center, choices, preview",
            "Connect Spend Center with a token of your company (Spend Center > Settings > API tokens), check which field "
            "carries what, and choose start, channel and time. Nothing is posted until you press.",
            signed_in=False,
        ),
    )
}

NEEDED_BOXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Cash Management",
        ("Credit card transactions: List, View, Add, Edit", "Credit card accounts: List, View"),
    ),
    ("General Ledger", ("Accounts: List, View, and Add and Edit if I shall create the liability account",)),
    (
        "Company",
        (
            "Entities, Locations, Departments, Classes: List, View",
            "Users, Roles, Permissions: List, View (so that I can name what is missing)",
            "Attachments: List, View, Add, Edit (for receipts)",
        ),
    ),
    ("Others in use", ("Vendors, Customers, Projects, Items, Employees: List, View",)),
)
"""Application to boxes, for people who give only what is needed."""
LEAVE_OFF = "Leave *Open books* and *Close books* off. This user must never reopen a period."


@dataclass(frozen=True, slots=True)
class Facts:
    """What fills the places in a step's texts; anything unknown reads as a word instead of a gap."""

    sender_id: str
    answers: Mapping[str, Any] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        answers = self.answers
        entity = str(answers.get("entity_id", ""))
        label = f"{entity} {answers.get('entity_name', '')}".strip()
        return text.format(
            sender_id=self.sender_id or "(my sender ID is not set)",
            company_id=answers.get("company_id", "your company"),
            user_id=answers.get("user_id") or USER_ID,
            place=f"First switch to entity {label}." if entity else "Stay at the top level.",
            expiry=CARD_EXPIRY,
            account=answers.get("account") or "the account of step 7",
            location=f"`{entity}`" if entity else "the one that card spend without a location of its own gets",
            card=answers.get("card") or CARD_ID,
        )
