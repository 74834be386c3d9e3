"""Pure verdicts on access: what Intacct answered → what is done, what is wrong and which clicks put it right.

Every problem names the object, the field, what stands there and what should, and the menu.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.intacct.records import Entity, FinancialSetup, UserRecord
from bot.models import Check, StepState

DONE, PROBLEM, TOLD = StepState.DONE, StepState.PROBLEM, StepState.TOLD
USERS = "Company > Admin > Web Services users"

Rights = Mapping[str, Collection[str]]
"""What `getUserPermissions` grants: policy, as the screen names it, to rights such as List, View and Add."""


def standing(checks: Iterable[Check]) -> StepState:
    """A step stands as its worst check; remarks that nothing could prove leave it told."""
    states = {check.state for check in checks}
    return next((state for state in (PROBLEM, StepState.TO_DO, DONE) if state in states), TOLD)


def joined(parts: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " ".join(filter(None, [", ".join(parts[:-1]), last if len(parts) > 1 else "", *parts[-1:]]))


# --- sign-in ----------------------------------------------------------------------------------------------------------

NOT_OURS = "This one is not yours: my own access is refused. Whoever runs this app finds it in my log."
"""Said when the app's own sender ID or password is refused; nobody at the customer can mend that."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """One try at signing in. `category` is the catalogue's for the refusal, empty when Intacct let us in."""

    company_id: str
    user_id: str
    sender_id: str
    category: str = ""
    entity_id: str = ""


def sender(tried: SignIn) -> Check:
    """Step 2. Whatever else was refused, a refusal of the user proves that the sender was let in."""
    if tried.category == "auth.sender_not_authorized":
        return Check(
            "sender",
            PROBLEM,
            f"`{tried.company_id}` does not accept `{tried.sender_id}` yet. Usual reasons: the second Save was left out; "
            "a capital or a blank; it was added in another company.",
        )
    if tried.category == "auth.sender_credentials":
        return Check("sender", TOLD, NOT_OURS)
    if tried.category == "auth.company_state":
        return Check("sender", TOLD, "Noted. I check it as soon as I can sign in.")
    return Check("sender", DONE, f"`{tried.company_id}` accepts `{tried.sender_id}`")


def sign_in(tried: SignIn) -> Check:
    """Steps 3 and 6: may we come in as this user."""
    user, company = tried.user_id, tried.company_id
    if not tried.category:
        return Check("sign_in", DONE, f"Signed in to `{company}` as `{user}`")
    if tried.category == "auth.sender_not_authorized":
        return Check("sign_in", TOLD, "I try the password as soon as step 2 is done.")
    if tried.category == "auth.sender_credentials":
        return Check("sign_in", TOLD, NOT_OURS)
    if tried.category == "auth.company_state":
        sentence = f"`{company}` is a demo company and has expired. Use the live company's ID, or ask Sage."
    elif tried.category == "auth.user_state":
        sentence = (
            f"Intacct does not let `{user}` be used by an application. {USERS} > {user} > Edit: it must stand there (not "
            "under Users), with status Active."
        )
    elif tried.category == "auth.entity_access" and tried.entity_id:
        sentence = may_not_enter(user, tried.entity_id)
    else:
        sentence = (
            "Intacct refused the sign-in and does not say which part is wrong. Check in this order: Company ID "
            f"`{company}`; user ID exactly `{user}`; the password whole, no blank at its end; the user is Active."
        )
    return Check("sign_in", PROBLEM, sentence)


# --- the user ---------------------------------------------------------------------------------------------------------


def user(record: UserRecord | None, user_id: str) -> list[Check]:
    """Step 3. None when the user may not read users, which is no problem in itself: it could sign in."""
    if record is None:
        return [Check("user", TOLD, f"I may not read users, so the type of `{user_id}` stays unchecked.")]
    edit = f"{USERS} > {user_id} > Edit"
    found = []
    kind = record.user_type.lower().removesuffix(" user").strip()
    if kind not in ("business", "b"):
        wrong = f"User type is *{kind.capitalize() or 'empty'}*; it must be *Business*. {edit} > User type."
        found.append(Check("user_type", PROBLEM, wrong))
    if not record.active:
        found.append(Check("status", PROBLEM, f"Status is *{record.status}*; it must be *Active*. {edit} > Status."))
    if not record.web_services_only:
        found.append(
            Check(
                "web_services",
                PROBLEM,
                f"`{user_id}` is a normal user, who can also sign in to the screen. Add one under {USERS}, not under Users.",
            )
        )
    if not found:
        found.append(Check("user", DONE, f"{user_id}, Business, active"))
    admin = record.admin.lower()
    if admin not in ("full", "true"):
        word = {"off": "Off", "false": "Off"}.get(admin, record.admin.capitalize() or "Off")
        found.append(Check("admin", TOLD, f"Admin privileges: *{word}* is fine if step 4 turns green."))
    return found


# --- permissions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Need:
    """One box that the sync needs. `policies` are its names on different screens, `object` is what a harmless read asks.

    Without one that is not `needed` the sync still posts; `lost` says what goes.
    """

    words: str
    policies: tuple[str, ...]
    rights: tuple[str, ...]
    object: str = ""
    needed: bool = True
    lost: str = ""


_READ = ("List", "View")
NEEDS: tuple[Need, ...] = (
    Need("Credit card transactions", ("Credit card transactions", "Charge card transactions"), _READ, "CCTRANSACTION"),
    Need("Credit card accounts", ("Credit card accounts", "Charge card accounts", "Credit cards"), _READ, "CREDITCARD"),
    Need("General Ledger accounts", ("Accounts", "GL accounts", "Chart of accounts"), _READ, "GLACCOUNT"),
    Need("Entities", ("Entities",), _READ, "LOCATIONENTITY"),
    Need("Locations", ("Locations",), _READ, "LOCATION"),
    Need("Departments", ("Departments",), _READ, "DEPARTMENT"),
    Need(
        "Attachments", ("Attachments",), (*_READ, "Add"), needed=False, lost="receipts cannot be attached to postings"
    ),
)
ADD = Need("Credit card transactions", NEEDS[0].policies, ("Add",))
HARMFUL = (("Open books", "Open books"), ("Close books", "Close books"), ("Subledgers", "Open or close subledgers"))


def permissions(granted: Rights, roles: Sequence[str], user_id: str) -> list[Check]:
    """Step 4 where the user's rights can be read: line by line, each missing right named beside its role."""
    rights = {name.casefold(): {right.casefold() for right in has} for name, has in granted.items()}
    where = f" in {joined([f'`{role}`' for role in roles], 'or')}" if roles else f" for `{user_id}`"
    found = [_box(need, rights, where) for need in NEEDS]
    add = _missing(ADD, rights)
    if add is None or not add:
        found.append(Check("add", TOLD, "Whether *Add* works shows with the first posting."))
    else:
        found.append(Check("add", PROBLEM, f"Credit card transactions: Add *missing*{where}."))
    found += [
        Check(policy, TOLD, f"*{words}* is ticked. This user must never reopen a period: untick it.")
        for policy, words in HARMFUL
        if rights.get(policy.casefold())
    ]
    return found


def _box(need: Need, rights: Mapping[str, Collection[str]], where: str) -> Check:
    missing = _missing(need, rights)
    if not missing and missing is not None:
        return Check(need.words, DONE, f"{need.words}: {', '.join(need.rights)}")
    named = ", ".join(need.rights if missing is None else missing)
    if need.needed:
        return Check(need.words, PROBLEM, f"{need.words}: {named} *missing*{where}.")
    return Check(need.words, TOLD, f"{need.words}: {named} missing{where}; without it {need.lost}.")


def _missing(need: Need, rights: Mapping[str, Collection[str]]) -> list[str] | None:
    """The rights that are not granted, or None when the whole policy is not listed."""
    has = [rights[name.casefold()] for name in need.policies if name.casefold() in rights]
    if not has:
        return None
    return [right for right in need.rights if not any(right.casefold() in one for one in has)]


def tried(refused: Collection[str], missing_modules: Collection[str] = ()) -> list[Check]:
    """Step 4 where the rights cannot be read: each thing was tried instead.

    Args:
        refused: names of objects whose harmless read was refused.
        missing_modules: applications that the company has not subscribed to.
    """
    asked = [need for need in NEEDS if need.object]
    found = [Check(need.words, DONE, f"{need.words}: can be read") for need in asked if need.object not in refused]
    words = [need.words for need in asked if need.object in refused]
    if words:
        verb = "was" if len(words) == 1 else "were"
        found.append(
            Check(
                "tried",
                PROBLEM,
                f"I cannot read this user's permissions, so I tried each thing instead. {joined(words)} {verb} refused: "
                "Company > Admin > Roles > the role > Subscriptions > Permissions.",
            )
        )
    else:
        found.append(Check("tried", TOLD, "I cannot read this user's permissions, so I tried each thing instead."))
    found.append(Check("add", TOLD, "Whether *Add* works shows with the first posting."))
    return found + [
        Check(name, PROBLEM, f"{name} is not subscribed. Company > Admin > Subscriptions > {name}.")
        for name in missing_modules
    ]


def role_not_assigned(role: str, user_id: str) -> Check:
    return Check(
        "role",
        PROBLEM,
        f"`{role}` exists but `{user_id}` does not have it. {USERS} > {user_id} > Edit > Roles information > add it > "
        "Save.",
    )


# --- the entity -------------------------------------------------------------------------------------------------------


def may_not_enter(user_id: str, entity: str) -> str:
    number = entity.split(" ", 1)[0]
    return f"`{user_id}` may not enter `{entity}`. {USERS} > {user_id} > Edit > User entities > add {number} > Save."


def top_level(setup: FinancialSetup, entities: Sequence[Entity]) -> list[Check]:
    """Step 5 for a whole company."""
    currencies = sorted({entity.currency for entity in entities if entity.currency})
    if setup.multi_base_currency or len(currencies) > 1:
        return [
            Check(
                "currencies",
                PROBLEM,
                f"Your entities use {joined(currencies) or 'several base currencies'}. Intacct lets a card post only in "
                "its own entity. Connect one entity at a time.",
            )
        ]
    return [Check("level", DONE, "Posting at the top level. Every line carries a location.")]


def one_entity(
    wanted: str, visible: Sequence[Entity], exists: bool, user_id: str, *, tax_enabled: bool = False
) -> list[Check]:
    """Step 5 for one entity.

    Args:
        wanted: the Entity ID that was picked or typed.
        visible: the entities that the user may enter.
        exists: whether the company has an entity of that ID, entered or not.
        tax_enabled: whether it records VAT or GST.
    """
    entity = next((one for one in visible if one.entity_id == wanted), None)
    if entity is None and exists:
        return [Check("entity", PROBLEM, may_not_enter(user_id, wanted))]
    if entity is None:
        meant = next(
            (one for one in visible if wanted.casefold() in (one.name.casefold(), one.entity_id.casefold())), None
        )
        if meant:
            sentence = (
                f"Not the name but the Entity ID counts: `{meant.entity_id}` for {meant.name}. Pick it from the list."
            )
        else:
            sentence = (
                f"There is no entity `{wanted}`. The Entity ID stands in Company > Entities; the list has them all."
            )
        return [Check("entity", PROBLEM, sentence)]
    label = f"{entity.entity_id} {entity.name}"
    if tax_enabled:
        return [Check("tax", PROBLEM, f"{label} records VAT; card spend would post without it.")]
    currency = f", {entity.currency}" if entity.currency else ""
    return [Check("entity", DONE, f"{label}{currency}")]
