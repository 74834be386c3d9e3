"""The table of wrong set-ups: each a state of the simulated company or something typed wrong, and what has to be said of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.intacct.company import Company
from bot.walkthrough.rights import NEEDS
from bot.walkthrough.steps import CARD_ID, ROLE
from tests.walkthrough_bench import DANA, NEEDED, sentences
from tests.walkthrough_clerk import DIMENSIONS, USER, Clerk, Visit

CARD_ROW = {
    "CARDID": CARD_ID,
    "CARDTYPE": "Visa",
    "EXP_MONTH": "December",
    "EXP_YEAR": "2035",
    "STATUS": "active",
    "LIABACCTKEY": "2150",
    "VENDORID": "V-CARDS",
    "LOCATION": "100",
    "LIABILITYTYPE": "Credit",
    "CURRENCY_R": "USD",
    "MEGAENTITYID": "100",
}

# --- making things wrong ----------------------------------------------------------------------------------------------

Doing = Callable[[Company], None]


def senders(pending: Mapping[str, str] | None = None, **listed: str) -> Doing:
    """What stands on the Security tab, saved and not saved."""

    def do(books: Company) -> None:
        books.authorized = {name.replace("_", "-"): status for name, status in listed.items()}
        books.pending = dict(pending or {})

    return do


def sender(name: str) -> Doing:
    def do(books: Company) -> None:
        books.authorized = {name: "active"}

    return do


def user(**changes: Any) -> Doing:
    return lambda books: (books.user(USER) or {}).update(changes)


def role(*, without: str = "", right: str = "", has: Mapping[str, list[str]] | None = None) -> Doing:
    """The role lacks a whole line of boxes, or one box of it."""

    def do(books: Company) -> None:
        grants = {policy: list(rights) for policy, rights in (NEEDED if has is None else has).items()}
        if right:
            grants[without].remove(right)
        elif without:
            del grants[without]
        books.roles[ROLE] = grants

    return do


def by_user(without: str) -> Doing:
    rights = {policy: list(has) for policy, has in NEEDED.items() if policy != without}
    return user(permissions="user", rights=rights, ROLES=[])


def row(name: str, key: str, **changes: str) -> Doing:
    return lambda books: (books.find(name, key) or {}).update(changes)


def account(**changes: str) -> Doing:
    """The liability account; no card is there yet, since a wrong one could not be chosen for it."""

    def do(books: Company) -> None:
        no_card(books)
        row("GLACCOUNT", "2150", **changes)(books)

    return do


def card(**changes: str) -> Doing:
    """The card with some fields changed; `LIABACCT` is its offset account."""

    def do(books: Company) -> None:
        no_card(books)
        given = {("LIABACCTKEY" if name == "LIABACCT" else name): value for name, value in changes.items()}
        books.insert("CREDITCARD", {**books.defaults("CREDITCARD"), **CARD_ROW, **given})

    return do


def no_card(books: Company) -> None:
    found = books.find("CREDITCARD", CARD_ID)
    if found:
        books.delete("CREDITCARD", found)


def both(*doings: Doing) -> Doing:
    def do(books: Company) -> None:
        for doing in doings:
            doing(books)

    return do


def without_module(code: str) -> Doing:
    return lambda books: books.applications.remove(code)


def attribute(name: str, value: Any) -> Doing:
    return lambda books: setattr(books, name, value)


def new_entity(**changes: str) -> Doing:
    def do(books: Company) -> None:
        made = {"LOCATIONID": "300", "NAME": "Calgary", "CURRENCY": "CAD", "STATUS": "active", **changes}
        books.insert("LOCATIONENTITY", {**books.defaults("LOCATIONENTITY"), **made})

    return do


# --- mending in the conversation itself -------------------------------------------------------------------------------

Mending = Callable[[Visit], Awaitable[None]]


async def ticks_all_by_user(visit: Visit) -> None:
    """What step 4 lists, on the user's own page, once the conversation was told that it goes by user."""
    await visit.town.talk.door.choose_permissions(visit.id, DANA, kind="user")
    await visit.town.does("edit_user", user_id=USER, rights=NEEDED)


def types(step: int, **changes: str) -> Mending:
    """Something was typed or picked wrong here; now it is right, up to this step."""

    async def do(visit: Visit) -> None:
        for name, value in changes.items():
            setattr(visit, name, value)
        await visit.again(step)

    return do


async def sage_renews(visit: Visit) -> None:
    visit.books.demo_expired = False


async def a_web_services_user(visit: Visit) -> None:
    """Adds the user as the sentence says, gives it the role as step 4 says, and its password here."""
    visit.user_id = "SpendcenterWS"
    visit.password = await visit.town.adds_the_user(user_id=visit.user_id)
    await visit.town.does("assign_role", user_id=visit.user_id, role=ROLE)
    await visit.again(3)


async def enters_and_sees_all(visit: Visit) -> None:
    """The clerk adds the entity; the list of entities as such is the next thing that is named, and goes."""
    await Clerk(visit).follow(sentences(await visit.town.talk.get(visit.id), 5))
    walk = await visit.town.talk.check(visit.id, DANA, 5)
    await Clerk(visit).follow(sentences(walk, 5))


async def another_account(visit: Visit) -> None:
    """*Create it for me*, with a free number."""
    visit.account = "2160"
    await visit.town.makes_the_account(await visit.town.talk.get(visit.id), "2160")


async def an_account_and_a_card(visit: Visit) -> None:
    """The account is another card's: an own account, and an own card on it."""
    await another_account(visit)
    await visit.adds_a_card("Spend Center CC 100")
    visit.card = "Spend Center CC 100"
    await visit.town.talk.ledger.use_card(visit.id, DANA, visit.card)


# --- the table --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wrong:
    """One wrong set-up: where it shows, under which key, in which words, and how it is mended.

    `mends` is what is done in the conversation; without it the clerk acts on the sentence alone. `visit` is what the
    person who walks through has chosen.
    """

    name: str
    wrong: Doing
    step: int
    key: str
    says: tuple[str, ...]
    mends: Mending | None = None
    visit: Mapping[str, str] = field(default_factory=dict)


def nothing(_books: Company) -> None:
    """Intacct is as it should be; what was typed here is not."""


REFUSED_SENDER = ("`HarborPine` does not accept `harborpine-bot` yet", "Security > Edit", "status Active")
AT_THE_DOOR = [
    Wrong("no sender", senders(), 2, "sender", REFUSED_SENDER),
    Wrong("the second save left out", senders({"harborpine-bot": "active"}), 2, "sender", ("the second Save",)),
    Wrong("sender inactive", senders(harborpine_bot="inactive"), 2, "sender", ("the entry is Inactive",)),
    Wrong("sender with a capital", sender("Harborpine-bot"), 2, "sender", ("a capital or a blank",)),
    Wrong("sender with a blank", sender("harborpine-bot "), 2, "sender", ("a capital or a blank",)),
    Wrong("another product's sender", sender("bill.com"), 2, "sender", REFUSED_SENDER),
    Wrong(
        "the test company's ID",
        nothing,
        3,
        "sign_in",
        ("Company ID `HarborPine-sandbox`",),
        types(3, company_id="HarborPine"),
        {"company_id": "HarborPine-sandbox"},
    ),
    Wrong(
        "user ID misspelt",
        nothing,
        3,
        "sign_in",
        ("user ID exactly `Spendcentre`",),
        types(3, user_id=USER),
        {"user_id": "Spendcentre"},
    ),
    Wrong(
        "password cut short",
        nothing,
        3,
        "sign_in",
        ("the password whole, no blank at its end",),
        types(3, password="sandbox-web-services-password"),
        {"password": "sandbox-web"},
    ),
    Wrong("user inactive", user(STATUS="inactive"), 3, "sign_in", ("Spendcenter > Edit > Status > Active",)),
    Wrong("user locked", user(STATUS="lockedout"), 3, "sign_in", ("Spendcenter > Edit > Status > Active",)),
    Wrong(
        "two-step verification",
        user(WEBSERVICES=False, TWO_STEP=True),
        3,
        "sign_in",
        ("Two-step verification is on for `Spendcenter`", "Web Services users > Add (not Users)"),
        a_web_services_user,
    ),
    Wrong(
        "demo company expired",
        attribute("demo_expired", True),
        3,
        "sign_in",
        ("`HarborPine` is a demo company and has expired", "the live company's ID, or ask Sage"),
        sage_renews,
    ),
    *(
        Wrong(
            f"user type {kind}",
            user(USERTYPE=kind),
            3,
            "user_type",
            (f"User type is *{kind.removesuffix(' user').capitalize()}*; it must be *Business*.", "Edit > User type"),
        )
        for kind in ("employee user", "view only user", "project manager user", "platform user", "dashboard user")
    ),
    Wrong(
        "a normal user",
        user(WEBSERVICES=False),
        3,
        "web_services",
        ("is a normal user", "Web Services users > Add (not Users)"),
        a_web_services_user,
    ),
]
LINES = {need.policies[0]: need for need in NEEDS if need.needed}
RIGHTS = [
    *(
        Wrong(
            f"{policy} not in the role",
            role(without=policy),
            4,
            need.words,
            (f"{need.words}: List, View *missing* in `Billcom Role`", f"{need.application} > Permissions > {policy}"),
        )
        for policy, need in LINES.items()
        if policy != "Credit card transactions"
    ),
    *(
        Wrong(
            f"{policy}: {right} not ticked",
            role(without=policy, right=right),
            4,
            need.words,
            (f"{need.words}: {right} *missing* in `Billcom Role`", f"{policy} > tick {right} > Save"),
        )
        for policy, need in LINES.items()
        for right in ("List", "View")
    ),
    Wrong(
        "Add not ticked",
        role(without="Credit card transactions", right="Add"),
        4,
        "add",
        ("Credit card transactions: Add *missing* in `Billcom Role`", "tick Add > Save"),
    ),
    *(
        Wrong(
            f"by user, {policy} not ticked",
            by_user(policy),
            4,
            LINES[policy].words,
            (f"{LINES[policy].words}: List, View *missing* for `Spendcenter`", "Web Services users > Spendcenter >"),
            visit={"kind": "user"},
        )
        for policy in ("Credit card accounts", "Accounts", "Entities")
    ),
    Wrong("role not assigned", user(ROLES=["Administrator"]), 4, "role", ("`Billcom Role` exists but `Spendcenter`",)),
    Wrong(
        "role not assigned, privileges off",
        user(ROLES=["Administrator"], ADMIN="off"),
        4,
        "role",
        ("`Billcom Role` exists but `Spendcenter`", "Roles information > add it > Save"),
    ),
    Wrong(
        "no role made",
        both(attribute("roles", {}), user(ROLES=["Administrator"])),
        4,
        "untouched",
        ("`Spendcenter` has only `Administrator`, which opens no ledger", "Roles > Add"),
    ),
    Wrong(
        "another role edited",
        both(role(has={}), user(ROLES=["Administrator", ROLE]), lambda books: books.roles.update(Billing=NEEDED)),
        4,
        "role",
        ("`Billcom Role` grants nothing in Cash Management and General Ledger", "another role was edited"),
    ),
    Wrong(
        "limited privileges and a box missing",
        both(user(ADMIN="limited"), role(without="Credit card accounts", right="View")),
        4,
        "Credit card accounts",
        ("Credit card accounts: View *missing*",),
    ),
    Wrong(
        "by user, no box ticked",
        user(permissions="user", rights={}, ROLES=[]),
        4,
        "untouched",
        ("Web Services users > Spendcenter > Subscriptions > Permissions > tick List and View of each",),
        ticks_all_by_user,
        {"kind": "user"},
    ),
    Wrong(
        "a role that does not count, since permissions go by user",
        user(permissions="user", rights={}, ROLES=["Administrator", ROLE]),
        4,
        "untouched",
        ("permissions go by user; say so below",),
        ticks_all_by_user,
    ),
    Wrong("a role that grants nothing at all", role(has={}), 4, "untouched", ("I tried each thing instead",)),
    Wrong(
        "permissions not readable, a list refused",
        role(has={policy: has for policy, has in NEEDED.items() if policy not in ("Permissions", "Departments")}),
        4,
        "tried",
        ("Departments was refused", "Billcom Role > Subscriptions > Permissions"),
    ),
    Wrong(
        "Cash Management not subscribed",
        without_module("CM"),
        4,
        "Cash Management",
        ("Cash Management is not subscribed", "Subscriptions > Cash Management > Subscribe"),
    ),
    Wrong(
        "General Ledger not subscribed", without_module("GL"), 4, "General Ledger", ("General Ledger is not subscr",)
    ),
]
ENTITIES = [
    Wrong(
        "no such entity",
        nothing,
        5,
        "entity",
        ("There is no entity `2OO`", "Company > Entities"),
        types(5, entity="100"),
        {"entity": "2OO"},
    ),
    Wrong(
        "the entity's name",
        nothing,
        5,
        "entity",
        ("Not the name but the Entity ID counts: `100`",),
        types(5, entity="100"),
        {"entity": "Portland"},
    ),
    Wrong(
        "a location of an entity",
        nothing,
        5,
        "entity",
        ("`250` is a location, not an entity; its entity is `200`",),
        types(5, entity="200", account="2151", card="Spend Center CC 200"),
        {"entity": "250"},
    ),
    Wrong(
        "entity inactive",
        row("LOCATIONENTITY", "100", STATUS="inactive"),
        5,
        "status",
        ("Entity 100 Portland is inactive; it must be active", "Company > Entities > 100 > Edit > Status"),
    ),
    Wrong(
        "entity not allowed",
        both(row("LOCATIONENTITY", "200", STATUS="inactive"), new_entity(CURRENCY="USD"), user(ENTITIES=["300"])),
        5,
        "entity",
        ("`Spendcenter` may not enter `100 Portland`", "User entities > add 100 > Save"),
        enters_and_sees_all,
    ),
    Wrong(
        "limited to its own entity",
        user(ENTITIES=["100"]),
        5,
        "limited",
        ("`Spendcenter` is limited to 100 Portland", "User entities > remove all > Save"),
    ),
    Wrong(
        "limited to an entity, posting at the top",
        both(user(ENTITIES=["100"]), card(MEGAENTITYID="")),
        5,
        "limited",
        ("`Spendcenter` is limited to 100 Portland", "nothing at the top level can be read"),
        visit={"scope": "top"},
    ),
    Wrong(
        "a tax-enabled entity",
        row("LOCATIONENTITY", "100", TAXSOLUTIONID="UK VAT"),
        5,
        "tax",
        ("100 Portland records VAT; card spend would post without it",),
        types(5, entity="200", account="2151", card="Spend Center CC 200"),
    ),
    Wrong(
        "two currencies at the top level",
        new_entity(),
        5,
        "currencies",
        ("Your entities use CAD and USD", "Connect one entity at a time"),
        types(5, scope="entity", entity="100"),
        {"scope": "top"},
    ),
]
BOOKS = [
    Wrong(
        "normal balance", account(NORMALBALANCE="debit"), 7, "NORMALBALANCE", ("Normal balance is debit, it should be",)
    ),
    Wrong(
        "closing account",
        account(CLOSINGTYPE="closing account"),
        7,
        "CLOSINGTYPE",
        ("Period end closing type is closing account, it should be non-closing account",),
    ),
    Wrong("account inactive", account(STATUS="inactive"), 7, "STATUS", ("Status is inactive, it should be active",)),
    Wrong(
        "no direct posting",
        account(SUBLEDGERCONTROLON="true"),
        7,
        "SUBLEDGERCONTROLON",
        ("Disallow direct posting is ticked, it should not be", "2150 > Edit > Disallow direct posting > untick"),
    ),
    *(
        Wrong(
            f"{words} required",
            account(**{f"REQUIRE{suffix}": "true"}),
            7,
            f"REQUIRE{suffix}",
            (f"{words} is required, it should not be", f"Required dimensions > {words} > untick"),
        )
        for words, suffix in DIMENSIONS.items()
    ),
    Wrong(
        "an alternative account",
        account(ALTERNATIVEACCOUNT="Payables account"),
        7,
        "alternative",
        ("2150 is a payables account; choose",),
        another_account,
    ),
    Wrong(
        "an income statement account",
        account(ACCOUNTTYPE="incomestatement"),
        7,
        "type",
        ("2150 is an income statement account; choose a balance sheet one",),
        another_account,
    ),
    *(
        Wrong(f"{number} chosen", no_card, 7, key, (says,), another_account, {"account": number})
        for number, key, says in (
            ("6420", "type", "6420 is an income statement account; choose a balance sheet one"),
            ("1000", "NORMALBALANCE", "Normal balance is debit, it should be credit"),
            ("1300", "NORMALBALANCE", "Or choose a liability account"),
            ("2010", "alternative", "2010 is a payables account; choose"),
            ("1200", "alternative", "1200 is a receivables account; choose"),
            ("9999", "account", "There is no account 9999 in General Ledger > Accounts. Choose another"),
        )
    ),
    Wrong(
        "a bank account's, where those may be read",
        both(no_card, role(has={**NEEDED, "Checking accounts": ["List", "View"]})),
        7,
        "bank",
        ("1000 belongs to bank account `OPERATING`; choose",),
        another_account,
        {"account": "1000"},
    ),
    Wrong(
        "the account of the other entity's card",
        no_card,
        7,
        "shared",
        ("2151 already belongs to card `Spend Center CC 200`",),
        another_account,
        {"account": "2151"},
    ),
    Wrong(
        "the account of another card",
        card(CARDID="AMEX-01"),
        7,
        "shared",
        ("2150 already belongs to card `AMEX-01`. Each card needs an account of its own",),
        an_account_and_a_card,
    ),
]
LOCKED = "Intacct locks this field after saving"
CARDS = [
    Wrong("card inactive", card(STATUS="inactive"), 8, "status", ("Status is inactive, it should be active",)),
    Wrong(
        "a debit card", card(LIABILITYTYPE="Debit"), 8, "type", ("Account type is Debit, it should be Credit", LOCKED)
    ),
    Wrong("no vendor", card(VENDORID=""), 8, "vendor", ("Without a vendor", "Edit > Vendor > choose the card issuer")),
    Wrong(
        "vendor inactive",
        row("VENDOR", "V-CARDS", STATUS="inactive"),
        8,
        "vendor",
        ("Vendor V-CARDS is inactive, it should be active", "Accounts Payable > Vendors > V-CARDS > Edit > Status"),
    ),
    Wrong("expired last year", card(EXP_YEAR="2025"), 8, "expiry", ("The card expired 12/2025", "date > 12/2035")),
    Wrong("expired last month", card(EXP_YEAR="2026", EXP_MONTH="October"), 8, "expiry", ("The card expired 10/2026",)),
    Wrong("no expiry date", card(EXP_YEAR=""), 8, "expiry", ("The expiry date is empty", "Expiration date > 12/2035")),
    Wrong(
        "offset account",
        card(LIABACCT="2050"),
        8,
        "account",
        ("Offset account is 2050, it should be 2150", LOCKED, "set this one to Inactive"),
    ),
    Wrong(
        "no location", card(LOCATION=""), 8, "location", ("Default location is empty", "Default location > choose 100")
    ),
    Wrong(
        "location of another entity",
        card(LOCATION="200"),
        8,
        "location",
        ("Default location is 200, which is not inside 100 Portland", "choose 100"),
    ),
    Wrong(
        "a closed location",
        both(
            lambda books: books.delete("CREDITCARD", books.find("CREDITCARD", "Spend Center CC 200") or {}),
            card(LIABACCT="2151", LOCATION="250", MEGAENTITYID="200"),
        ),
        8,
        "location",
        ("Default location is 250, which is inactive", "Default location > choose 200"),
        visit={"entity": "200", "account": "2151"},
    ),
    Wrong("currency", card(CURRENCY_R="CAD"), 8, "currency", ("Currency is CAD, it should be USD", LOCKED)),
    Wrong(
        "at the top level instead of in the entity",
        card(MEGAENTITYID="", LIABACCT="2050", LOCATION="200"),
        8,
        "level",
        ("I see `Spend Center CC Object` at the top level; this connection posts to 100 Portland", "CC 100`"),
    ),
    Wrong(
        "at the top level, on the right account",
        card(MEGAENTITYID="", LOCATION="200"),
        8,
        "level",
        (
            "I see `Spend Center CC Object` at the top level",
            "delete `Spend Center CC Object` first if nothing was ever posted to it",
        ),
    ),
    Wrong(
        "in another entity",
        card(MEGAENTITYID="200", LOCATION="200", LIABACCT="2050"),
        8,
        "level",
        ("I see `Spend Center CC Object` in entity 200; this connection posts to 100 Portland",),
    ),
    Wrong(
        "in an entity instead of at the top level",
        card(LIABACCT="2050"),
        8,
        "level",
        ("I see `Spend Center CC Object` in entity 100; this connection posts at the top level",),
        visit={"scope": "top"},
    ),
]
TABLE = [*AT_THE_DOOR, *RIGHTS, *ENTITIES, *BOOKS, *CARDS]
