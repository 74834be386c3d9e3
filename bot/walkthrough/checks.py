"""Pure verdicts on the door: what Intacct answered → what is done, what is wrong and which clicks put it right.

Every problem names the object, the field, what stands there and what should, and the menu. What the user may do once
it is in is judged in `rights`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.intacct.records import Entity, FinancialSetup, UserRecord
from bot.models import Check, StepState
from bot.settings import sender_doubt

DONE, PROBLEM, TOLD = StepState.DONE, StepState.PROBLEM, StepState.TOLD
USERS = "Company > Admin > Web Services users"


def standing(checks: Iterable[Check]) -> StepState:
    """A step stands as its worst check; remarks that nothing could prove leave it told."""
    states = {check.state for check in checks}
    return next((state for state in (PROBLEM, StepState.TO_DO, DONE) if state in states), TOLD)


def joined(parts: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " ".join(filter(None, [", ".join(parts[:-1]), last if len(parts) > 1 else "", *parts[-1:]]))


# --- sign-in ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignIn:
    """One try at signing in. `category` and `cause` are the catalogue's for the refusal, empty when Intacct let us in."""

    company_id: str
    user_id: str
    sender_id: str
    category: str = ""
    entity_id: str = ""
    cause: str = ""


def not_ours(sender_id: str) -> str:
    """Said when the app's own sender ID or password is refused; nobody at the customer can mend that."""
    doubt = sender_doubt(sender_id)
    likely = f" A likely cause: {doubt}." if doubt else ""
    return f"This one is not yours: my own access is refused.{likely} Whoever runs this app finds it in my log."


def sender(tried: SignIn) -> Check:
    """Step 2. Whatever else was refused, a refusal of the user proves that the sender was let in."""
    if tried.category == "auth.sender_not_authorized":
        capitals = " Mine has capitals: the entry needs the same ones." if sender_doubt(tried.sender_id) else ""
        return Check(
            "sender",
            PROBLEM,
            f"`{tried.company_id}` does not accept `{tried.sender_id}` yet. Usual reasons: the second Save was left out; "
            f"a capital or a blank; the entry is Inactive; it was added in another company.{capitals} Company > Setup > "
            f"Company > Security > Edit > Web Services authorizations > `{tried.sender_id}`, status Active > Save > Save the page.",
        )
    if tried.category == "auth.sender_credentials":
        return Check("sender", TOLD, not_ours(tried.sender_id))
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
        return Check("sign_in", TOLD, not_ours(tried.sender_id))
    if tried.category == "auth.company_state":
        sentence = f"`{company}` is a demo company and has expired. Use the live company's ID, or ask Sage."
    elif tried.cause == "user-two-step":
        sentence = (
            f"Two-step verification is on for `{user}`, and an application cannot answer it. {USERS} > Add (not Users), with "
            f"a user ID of its own such as `{user}WS`: such a user is not asked for a second step. Give me its password."
        )
    elif tried.category == "auth.user_state":
        sentence = (
            f"Intacct does not let `{user}` be used by an application. {USERS} > {user} > Edit: it must stand there (not "
            "under Users), with status Active. A password that has to be changed first is reset there."
        )
    elif tried.category == "auth.entity_access" and tried.entity_id:
        sentence = may_not_enter(user, tried.entity_id)
    else:
        sentence = (
            "Intacct refused the sign-in and does not say which part is wrong. Check in this order: Company ID "
            f"`{company}`; user ID exactly `{user}`; the password whole, no blank at its end; the user is Active "
            f"({USERS} > {user} > Edit > Status > Active)."
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
    if kind not in ("business", "b", ""):
        wrong = f"User type is *{kind.capitalize()}*; it must be *Business*. {edit} > User type > Business."
        found.append(Check("user_type", PROBLEM, wrong))
    if not record.active:
        found.append(
            Check("status", PROBLEM, f"Status is *{record.status}*; it must be *Active*. {edit} > Status > Active.")
        )
    if record.web_services_only is False:
        found.append(
            Check(
                "web_services",
                PROBLEM,
                f"`{user_id}` is a normal user, who can also sign in to the screen; it must be a Web Services user. "
                f"{USERS} > Add (not Users), with a user ID of its own such as `{user_id}WS`, and give me its password.",
            )
        )
    if not found:
        found.append(Check("user", DONE, f"{user_id}, Business, active"))
    if record.admin != "Full":
        word = record.admin or "Off"
        found.append(Check("admin", TOLD, f"Admin privileges: *{word}* is fine if step 4 turns green."))
    return found


# --- the entity -------------------------------------------------------------------------------------------------------


def may_not_enter(user_id: str, entity: str) -> str:
    number = entity.split(" ", 1)[0]
    return f"`{user_id}` may not enter `{entity}`. {USERS} > {user_id} > Edit > User entities > add {number} > Save."


def limited(user_id: str, admitted: Sequence[Entity]) -> Check:
    """A user with a list of entities reads nothing at the top level, where the chart of accounts and most lists live."""
    names = joined([f"{entity.entity_id} {entity.name}".strip() for entity in admitted]) or "no entity"
    return Check(
        "limited",
        PROBLEM,
        f"`{user_id}` is limited to {names}, so nothing at the top level can be read; it should have no such limit. "
        f"{USERS} > {user_id} > Edit > User entities > remove all > Save.",
    )


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


@dataclass(frozen=True, slots=True)
class Known:
    """What a company has under an ID: an entity with its `status`, or a location `inside` one; all empty for nothing."""

    name: str = ""
    status: str = ""
    inside: str = ""


def one_entity(
    wanted: str, visible: Sequence[Entity], known: Known, user_id: str, *, tax_enabled: bool = False
) -> list[Check]:
    """Step 5 for one entity.

    Args:
        wanted: the Entity ID that was picked or typed.
        visible: the entities that the user may enter.
        known: what the company has under that ID, entered or not.
        user_id: the Web Services user.
        tax_enabled: whether it records VAT or GST.
    """
    entity = next((one for one in visible if one.entity_id == wanted), None)
    if entity is None and known.status.lower() not in ("", "active"):
        sentence = (
            f"Entity {wanted} {known.name} is {known.status}; it must be active. Company > Entities > {wanted} > Edit > "
            "Status > Active."
        )
        return [Check("status", PROBLEM, sentence)]
    if entity is None and known.status:
        return [Check("entity", PROBLEM, may_not_enter(user_id, f"{wanted} {known.name}".strip()))]
    if entity is None:
        meant = next(
            (one for one in visible if wanted.casefold() in (one.name.casefold(), one.entity_id.casefold())), None
        )
        if meant:
            sentence = (
                f"Not the name but the Entity ID counts: `{meant.entity_id}` for {meant.name}. Pick it from the list."
            )
        elif known.inside:
            sentence = (
                f"`{wanted}` is a location, not an entity; its entity is `{known.inside}`. Pick it from the list."
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
