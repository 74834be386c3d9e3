"""Pure verdicts on step 4: what the user may do, box by box, and where the missing one is ticked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.models import Check
from bot.walkthrough.checks import DONE, PROBLEM, TOLD, USERS, joined

Rights = Mapping[str, Collection[str]]
"""What `getUserPermissions` grants: policy, as the screen names it, to rights such as List, View and Add."""
ROLES = "Company > Admin > Roles"
BUILT_IN = "Administrator"
"""The role that every company has and nobody can change; it grants the company's own lists and no ledger."""
UNTOUCHED = "untouched"


@dataclass(frozen=True, slots=True)
class Need:
    """One line of boxes that the sync needs.

    `policies` are its names on different screens, `application` is where the screen lists it, `object` what a harmless
    read asks. Without one that is not `needed` the sync still posts; `lost` says what goes.
    """

    words: str
    policies: tuple[str, ...]
    rights: tuple[str, ...]
    application: str = "Company"
    object: str = ""
    needed: bool = True
    lost: str = ""


_READ = ("List", "View")
_CM, _GL = "Cash Management", "General Ledger"
NEEDS: tuple[Need, ...] = (
    Need(
        "Credit card transactions",
        ("Credit card transactions", "Charge card transactions"),
        _READ,
        _CM,
        "CCTRANSACTION",
    ),
    Need(
        "Credit card accounts",
        ("Credit card accounts", "Charge card accounts", "Credit cards"),
        _READ,
        _CM,
        "CREDITCARD",
    ),
    Need("General Ledger accounts", ("Accounts", "GL accounts", "Chart of accounts"), _READ, _GL, "GLACCOUNT"),
    Need("Entities", ("Entities",), _READ, object="LOCATIONENTITY"),
    Need("Locations", ("Locations",), _READ, object="LOCATION"),
    Need("Departments", ("Departments",), _READ, object="DEPARTMENT"),
    Need(
        "Attachments", ("Attachments",), (*_READ, "Add"), needed=False, lost="receipts cannot be attached to postings"
    ),
)
ADD = Need("Credit card transactions", NEEDS[0].policies, ("Add",), _CM)
HARMFUL = (("Open books", "Open books"), ("Close books", "Close books"), ("Subledgers", "Open or close subledgers"))


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose boxes these are: the roles of a user, or the user itself where permissions go by user."""

    user_id: str
    roles: tuple[str, ...] = ()
    by_user: bool = False

    @property
    def own_roles(self) -> list[str]:
        """The roles that somebody can change."""
        return [role for role in self.roles if role != BUILT_IN]

    @property
    def where(self) -> str:
        if self.by_user or not self.roles:
            return f" for `{self.user_id}`"
        return f" in {joined([f'`{role}`' for role in self.own_roles or self.roles], 'or')}"

    def clicks(self, need: Need, rights: Sequence[str]) -> str:
        own = [] if self.by_user else self.own_roles
        page = f"{ROLES} > {own[0]}" if own else f"{USERS} > {self.user_id}"
        boxes = f"{need.application} > Permissions > {need.policies[0]} > tick {' and '.join(rights)}"
        return f"{page} > Subscriptions > {boxes} > Save."


def permissions(granted: Rights, holder: Holder, role: str = "", off: Collection[str] = ()) -> list[Check]:
    """Step 4 where the user's rights can be read: line by line, each missing right named beside its role.

    Args:
        granted: what the user may do, all its roles together.
        holder: whose boxes these are.
        role: the guide's role, if the company has it and the user does not.
        off: applications that are not subscribed; their boxes are not there to be ticked.
    """
    rights = {name.casefold(): {right.casefold() for right in has} for name, has in granted.items()}
    asked = [need for need in NEEDS if need.application not in off]
    found = [_box(need, rights, holder) for need in asked]
    add = _missing(ADD, rights)
    if _CM not in off and add:
        found.append(
            Check("add", PROBLEM, f"Credit card transactions: Add *missing*{holder.where}. {holder.clicks(ADD, add)}")
        )
    elif _CM not in off:
        found.append(Check("add", TOLD, "Whether *Add* works shows with the first posting."))
    found += [
        Check(policy, TOLD, f"*{words}* is ticked. This user must never reopen a period: untick it.")
        for policy, words in HARMFUL
        if rights.get(policy.casefold())
    ]
    ledgers = [need.words for need in asked if need.application in (_CM, _GL)]
    missing = {check.key for check in found if check.state is PROBLEM}
    if not holder.by_user and ledgers and missing.issuperset(ledgers):
        found = [_whole_role(holder, role), *(check for check in found if check.state is not PROBLEM)]
    return [*subscriptions(off), *found]


def _whole_role(holder: Holder, role: str) -> Check:
    """Nothing of either ledger is granted: that is no missing box, but a role that is not there or was left empty."""
    user = holder.user_id
    if role:
        return role_not_assigned(role, user)
    if holder.own_roles:
        own = holder.own_roles[0]
        sentence = (
            f"`{own}` grants nothing in Cash Management and General Ledger; it must grant the boxes above. Usual reasons: "
            "the pop-up was saved, the role was not; another role was edited. "
            f"{ROLES} > {own} > Subscriptions > Permissions > tick the boxes > Save > Save the role."
        )
    else:
        has = f"only `{BUILT_IN}`, which opens no ledger" if holder.roles else "no role"
        sentence = (
            f"`{user}` has {has}; it needs one with the boxes above. {ROLES} > Add, tick the boxes, Save. Then {USERS} > "
            f"{user} > Edit > Roles information > add it > Save."
        )
        return Check(UNTOUCHED, PROBLEM, sentence)
    return Check("role", PROBLEM, sentence)


def untouched(found: Sequence[Check]) -> bool:
    """Whether nobody has begun with this step: nothing is granted, and no role of one's own is there or named."""
    return any(check.key == UNTOUCHED for check in found)


def subscriptions(off: Collection[str]) -> list[Check]:
    return [
        Check(
            name,
            PROBLEM,
            f"{name} is not subscribed; it must be. Company > Admin > Subscriptions > {name} > Subscribe.",
        )
        for name in off
    ]


def _box(need: Need, rights: Mapping[str, Collection[str]], holder: Holder) -> Check:
    missing = _missing(need, rights)
    if not missing and missing is not None:
        return Check(need.words, DONE, f"{need.words}: {', '.join(need.rights)}")
    wanted = list(need.rights) if missing is None else missing
    named, clicks = ", ".join(wanted), holder.clicks(need, wanted)
    if need.needed:
        return Check(need.words, PROBLEM, f"{need.words}: {named} *missing*{holder.where}. {clicks}")
    return Check(need.words, TOLD, f"{need.words}: {named} missing{holder.where}; without it {need.lost}.")


def _missing(need: Need, rights: Mapping[str, Collection[str]]) -> list[str] | None:
    """The rights that are not granted, or None when the whole policy is not listed."""
    has = [rights[name.casefold()] for name in need.policies if name.casefold() in rights]
    if not has:
        return None
    return [right for right in need.rights if not any(right.casefold() in one for one in has)]


def tried(refused: Collection[str], holder: Holder, off: Collection[str] = ()) -> list[Check]:
    """Step 4 where the rights cannot be read: each thing was tried instead.

    Args:
        refused: names of objects whose harmless read was refused.
        holder: whose boxes these are, as far as it is known.
        off: applications that the company has not subscribed to.
    """
    asked = [need for need in NEEDS if need.object and need.application not in off]
    found = [Check(need.words, DONE, f"{need.words}: can be read") for need in asked if need.object not in refused]
    words = [need.words for need in asked if need.object in refused]
    instead = "I cannot read this user's permissions, so I tried each thing instead."
    if words:
        verb = "was" if len(words) == 1 else "were"
        role = holder.own_roles[0] if holder.own_roles else "the role"
        page = f"{USERS} > {holder.user_id}" if holder.by_user else f"{ROLES} > {role}"
        clicks = f"{page} > Subscriptions > Permissions > tick List and View of each > Save."
        if len(words) == len(asked) and not holder.by_user:
            clicks += (
                f" Or the role was not assigned: {USERS} > {holder.user_id} > Edit > Roles information > add it > Save. Where "
                "there is no such tab, permissions go by user; say so below."
            )
        key = UNTOUCHED if len(words) == len(asked) and not holder.own_roles else "tried"
        found.append(Check(key, PROBLEM, f"{instead} {joined(words)} {verb} refused: {clicks}"))
    else:
        found.append(Check("tried", TOLD, instead))
    return [*subscriptions(off), *found, Check("add", TOLD, "Whether *Add* works shows with the first posting.")]


def role_not_assigned(role: str, user_id: str) -> Check:
    return Check(
        "role",
        PROBLEM,
        f"`{role}` exists but `{user_id}` does not have it. {USERS} > {user_id} > Edit > Roles information > add it > "
        "Save.",
    )
