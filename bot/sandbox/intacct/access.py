"""Who may come in and what they may do: senders, sign-in, sessions, roles and rights.

The shape of `getUserPermissions` (application, policy, rights joined by `|`) is documented. The policy names for card
transactions are not published anywhere that was found; the names in POLICIES follow the screen's menus and stand only
here.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lxml.etree import _Element as Element

from bot.sandbox.intacct import errors
from bot.sandbox.intacct.company import Company, Row

_ALL = ("List", "View", "Add", "Edit", "Delete")

POLICIES: dict[str, dict[str, tuple[str, ...]]] = {
    "Administration": {
        "Application Subscriptions": ("List", "View", "Subscribe", "Configure", "Remove", "Assign Users"),
    },
    "Company": {
        "Users": _ALL,
        "Permissions": ("View", "Edit"),
        "Roles": _ALL,
        "Entities": _ALL,
        "Locations": _ALL,
        "Departments": _ALL,
        "Classes": _ALL,
        "Employees": _ALL,
        "Attachments": _ALL,
    },
    "Cash Management": {
        "Credit card transactions": _ALL,
        "Credit card accounts": _ALL,
        "Checking accounts": _ALL,
        "Subledgers": ("Open", "Close"),
    },
    "General Ledger": {"Accounts": _ALL, "Open books": ("Run",), "Close books": ("Run",)},
    "Accounts Payable": {"Vendors": _ALL},
    "Accounts Receivable": {"Customers": _ALL},
    "Projects": {"Projects": _ALL},
    "Inventory Control": {"Items": _ALL},
}
"""By application: policy and the rights it can hold."""

RIGHTS = {policy: rights for policies in POLICIES.values() for policy, rights in policies.items()}

ADMINISTRATOR = {policy: list(rights) for policy, rights in POLICIES["Company"].items()} | {
    policy: list(rights) for policy, rights in POLICIES["Administration"].items()
}
"""What the role that every company has, Administrator, grants: the company's own lists, no ledger."""

USER_TYPES = (
    "business user",
    "employee user",
    "view only user",
    "dashboard user",
    "project manager user",
    "construction manager user",
    "platform user",
    "warehouse user",
    "CRM user",
)


@dataclass
class Session:
    id: str
    user: str
    entity: str
    expires: datetime


@dataclass
class Visitor:
    """Someone who signed in: the user, the entity ("" = top level) and until when the session lasts."""

    user: Row
    entity: str
    since: datetime
    until: datetime
    session: Session | None = None
    rights: dict[str, frozenset[str]] = field(default_factory=dict)

    def may(self, policy: str, right: str) -> bool:
        return right in self.rights.get(policy, frozenset())

    @property
    def restricted(self) -> bool:
        """Limited to some entities: at the top level such a user sees what its entities own and nothing else."""
        return bool(self.user.get("ENTITIES"))

    def sees(self, row: Row, private: bool) -> bool:
        """Whether a record shows: shared ones everywhere, an entity's own only there, or at the top when asked for."""
        owner = str(row.get("MEGAENTITYID") or "")
        if self.entity:
            return owner in {"", self.entity}
        if self.restricted and "MEGAENTITYID" in row:
            return private and owner in self.user["ENTITIES"]
        return not owner or private


def all_rights() -> dict[str, list[str]]:
    return {policy: list(rights) for policy, rights in RIGHTS.items()}


def rights_of(company: Company, user: Row) -> dict[str, frozenset[str]]:
    """The effective rights: of the user's roles together, or the user's own where permissions go by user."""
    granted: dict[str, set[str]] = {}
    if user.get("permissions") == "user":
        sources = [user.get("rights") or {}]
    else:
        known = {"Administrator": ADMINISTRATOR, **company.roles}
        sources = [known[role] for role in user.get("ROLES", ()) if role in known]
    for source in sources:
        for policy, rights in (all_rights() if source == "all" else source).items():
            granted.setdefault(policy, set()).update(rights)
    return {policy: frozenset(rights) for policy, rights in granted.items()}


class Door:
    """Checks senders and sign-ins, and keeps the sessions. The clock is passed in.

    `candid`: whether a refused sign-in says which part is wrong. Nobody has published what Intacct says of a locked user,
    of a password that has to be changed or of an unknown entity, so a client must bear both.
    """

    def __init__(self, company: Company, now: Callable[[], datetime]) -> None:
        self.company = company
        self.now = now
        self.sessions: dict[str, Session] = {}
        self.duration = timedelta(minutes=130)
        self.candid = False

    def check_sender(self, sender: str, password: str) -> None:
        if self.company.senders.get(sender) != password or sender in self.company.revoked:
            raise errors.sender_refused()

    def enter(self, sender: str, authentication: Element) -> Visitor:
        """Signs in by password or session.

        That the sender is not authorised is told before a wrong password: the sheet leaves the order open, and only
        this order lets an administrator see the cause.
        """
        way = authentication[0]
        if way.tag == "oauth":
            raise errors.ControlRefusal(errors.not_simulated("sign-in by oauth"))
        if self.company.demo_expired:
            raise errors.demo_expired()
        if not self.company.web_services:
            raise errors.web_services_off()
        if way.tag == "sessionid":
            return self._resume(sender, (way.text or "").strip())
        given = {str(child.tag): child.text or "" for child in way}
        if given["companyid"] != self.company.id or given.get("clientid"):
            raise errors.sign_in()
        self._check_authorized(sender)
        user = self.company.user(given["userid"])
        if user is None or user.get("PASSWORD") != given["password"]:
            raise errors.sign_in()
        self._check_user(user)
        entity = given.get("locationid", "").strip()
        if entity and not self._exists(entity):
            raise errors.entity_unknown(entity) if self.candid else errors.sign_in()
        if entity and not self._admitted(user, entity):
            raise errors.SignInRefusal(errors.entity_refused(user["LOGINID"]))
        return self._visitor(user, entity, None)

    def _check_authorized(self, sender: str) -> None:
        if self.company.authorized.get(sender) != "active":
            raise errors.sender_not_authorized(sender, self.company.id)

    def _check_user(self, user: Row) -> None:
        """Whether a user whose password is right may come in."""
        status = user.get("STATUS")
        if status == "lockedout" and self.candid:
            raise errors.locked_out(user["LOGINID"])
        if user.get("MUST_CHANGE") and self.candid:
            raise errors.password_expired()
        if status != "active" or user.get("MUST_CHANGE"):
            raise errors.sign_in()
        if user.get("TWO_STEP") and not user.get("WEBSERVICES"):
            raise errors.second_step()

    def _exists(self, entity: str) -> bool:
        row = self.company.find("LOCATIONENTITY", entity)
        return row is not None and row.get("STATUS", "active") == "active"

    def _admitted(self, user: Row, entity: str) -> bool:
        allowed = user.get("ENTITIES") or []
        return not allowed or entity in allowed

    def _resume(self, sender: str, token: str) -> Visitor:
        session = self.sessions.get(token)
        if session is None or session.expires <= self.now():
            self.sessions.pop(token, None)
            raise errors.dead_session()
        user = self.company.user(session.user)
        if user is None or user.get("STATUS") != "active" or (session.entity and not self._exists(session.entity)):
            raise errors.dead_session()
        self._check_authorized(sender)
        session.expires = self.now() + self.duration
        return self._visitor(user, session.entity, session)

    def _visitor(self, user: Row, entity: str, session: Session | None) -> Visitor:
        now = self.now()
        return Visitor(user, entity, now, now + self.duration, session, rights_of(self.company, user))

    def open_session(self, visitor: Visitor, location: str | None) -> Session:
        """A new session; `location` None keeps the visitor's level, "" asks for the top level."""
        entity = visitor.entity if location is None else location
        if entity and not (self._exists(entity) and self._admitted(visitor.user, entity)):
            raise errors.Refusal(errors.entity_refused(visitor.user["LOGINID"]))
        token = secrets.token_urlsafe(24) + ".."
        self.sessions[token] = Session(token, visitor.user["LOGINID"], entity, self.now() + self.duration)
        return self.sessions[token]

    def end_sessions(self, user: str | None = None) -> int:
        """Ends all sessions, or one user's; says how many. A reset password ends the user's (assumed)."""
        ended = [token for token, session in self.sessions.items() if user in {None, session.user}]
        for token in ended:
            del self.sessions[token]
        return len(ended)


def derived_rows(company: Company, name: str) -> list[Row] | None:
    """USERINFO, USERROLES, ROLES and ROLEUSERS are read off the users and roles; None for any other object."""
    if name == "USERINFO":
        return [_user_info(user) for user in company.users]
    if name == "ROLES":
        names = dict.fromkeys(["Administrator", *company.roles])
        return [{"RECORDNO": number, "NAME": role} for number, role in enumerate(names, start=1)]
    if name in {"USERROLES", "ROLEUSERS"}:
        login = "USERID" if name == "USERROLES" else "USERLOGINID"
        pairs = [(user["LOGINID"], role) for user in company.users for role in user.get("ROLES", ())]
        return [{"RECORDNO": n, login: user, "ROLENAME": role} for n, (user, role) in enumerate(pairs, start=1)]
    return None


def _user_info(user: Row) -> Row:
    return {
        "RECORDNO": user["RECORDNO"],
        "LOGINID": user["LOGINID"],
        "DESCRIPTION": user.get("CONTACT", ""),
        "STATUS": user.get("STATUS", "active"),
        "USERTYPE": user.get("USERTYPE", "business user"),
        "LOGINDISABLED": str(bool(user.get("WEBSERVICES"))).lower(),
        "ADMIN": _PRIVILEGES.get(str(user.get("ADMIN", "off")), "false"),
    }


_PRIVILEGES = {"off": "false", "limited": "true", "full": "Full"}
"""The screen's words for admin privileges, and what a query answers for them, as recorded of a live company."""


def permissions(company: Company, user: Row) -> dict[str, dict[str, list[str]]]:
    """Application, policy, rights as `getUserPermissions` lists them: only what is granted, in the screen's order."""
    granted = rights_of(company, user)
    listed: dict[str, dict[str, list[str]]] = {}
    for application, policies in POLICIES.items():
        for policy, rights in policies.items():
            if has := [right for right in rights if right in granted.get(policy, ())]:
                listed.setdefault(application, {})[policy] = has
    return listed


def unknown_rights(policies: Any) -> str:
    """What is wrong with a role's policies, as a sentence; empty when all exist."""
    if policies == "all":
        return ""
    if not isinstance(policies, dict):
        return 'Policies are "all" or a map from policy to rights.'
    for policy, rights in policies.items():
        if policy not in RIGHTS:
            return f"There is no policy '{policy}'. There are: {', '.join(RIGHTS)}."
        if strange := [right for right in rights if right not in RIGHTS[policy]]:
            return f"'{policy}' has no right '{strange[0]}'. It has: {', '.join(RIGHTS[policy])}."
    return ""
