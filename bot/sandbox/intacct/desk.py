"""What an administrator or an accountant does by hand on Intacct's screens, as verbs of the control door.

Each verb checks what its screen checks and answers with what changed; a refusal is a ControlError with a sentence. Here:
who may come in. The records, the books and the preferences are in `desk_books`, card transactions in
`desk_transactions`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bot.sandbox.control import ControlError
from bot.sandbox.intacct.access import USER_TYPES, all_rights, unknown_rights
from bot.sandbox.intacct.company import Row
from bot.sandbox.intacct.desk_books import DESK_BOOKS
from bot.sandbox.intacct.desk_transactions import DESK_TRANSACTIONS

if TYPE_CHECKING:
    from bot.sandbox.intacct.server import IntacctSim

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
APPLICATIONS = {"Cash Management": "CM", "General Ledger": "GL", "Accounts Payable": "AP"}
_PRIVILEGES = ("full", "limited", "off")


def authorize_sender(sim: IntacctSim, sender_id: str, status: str = "active") -> dict[str, Any]:
    """Web Services authorizations: adds or changes an entry in the pop-up. It counts only after save_company."""
    if not sender_id:
        raise ControlError("The sender ID is empty.")
    if status not in {"active", "inactive"}:
        raise ControlError("The status is active or inactive.")
    sim.gateway.company.pending[sender_id] = status
    return {"pending": dict(sim.gateway.company.pending)}


def save_company(sim: IntacctSim) -> dict[str, Any]:
    """The second Save: the company page itself."""
    company = sim.gateway.company
    company.authorized.update(company.pending)
    company.pending.clear()
    return {"authorized": dict(company.authorized)}


def remove_sender(sim: IntacctSim, sender_id: str) -> dict[str, Any]:
    """Takes a sender off the list and saves the page."""
    company = sim.gateway.company
    if sender_id not in company.authorized and sender_id not in company.pending:
        raise ControlError(f"'{sender_id}' is not on the list.")
    company.authorized.pop(sender_id, None)
    company.pending.pop(sender_id, None)
    return {"authorized": dict(company.authorized)}


def create_ws_user(
    sim: IntacctSim,
    user_id: str,
    email: str,
    first_name: str = "",
    last_name: str = "",
    user_type: str = "business user",
    admin: str = "full",
    permissions: str = "role",
) -> dict[str, Any]:
    """Web Services users > Add. Intacct mails a temporary password to `email`."""
    company = sim.gateway.company
    if not user_id or company.user(user_id):
        raise ControlError(f"The user ID '{user_id}' is taken." if user_id else "The user ID is empty.")
    if "@" not in email or not last_name:
        raise ControlError("Last name and e-mail address are required.")
    user: Row = {
        "RECORDNO": len(company.users) + 1,
        "LOGINID": user_id,
        "STATUS": "active",
        "WEBSERVICES": True,
        "ENTITIES": [],
        "ROLES": [],
        "rights": {},
        "EMAIL": email,
        "CONTACT": f"{first_name} {last_name}".strip(),
    }
    _set_user(user, {"user_type": user_type, "admin": admin, "permissions": permissions})
    company.users.append(user)
    _new_password(sim, user, "Your new Sage Intacct Web Services user")
    return {"user_id": user_id}


def edit_user(
    sim: IntacctSim,
    user_id: str,
    status: str = "",
    user_type: str = "",
    admin: str = "",
    email: str = "",
    permissions: str = "",
    entities: Any = None,
    rights: Any = None,
    web_services: bool | None = None,
    two_step: bool | None = None,
    must_change: bool | None = None,
) -> dict[str, Any]:
    """Web Services users > Edit. What is not given stays; `rights` counts where `permissions` is "user".

    `web_services` False stands for a user made under Users, whom `two_step` asks for a second step; `must_change` for a
    password that was never set for good.
    """
    user = _user(sim, user_id)
    doors = {"WEBSERVICES": web_services, "TWO_STEP": two_step, "MUST_CHANGE": must_change}
    if given_doors := {name: bool(value) for name, value in doors.items() if value is not None}:
        user.update(given_doors)
        sim.gateway.door.end_sessions(user_id)
    if status and status not in {"active", "inactive", "lockedout"}:
        raise ControlError("The status is active, inactive or lockedout.")
    if entities is not None and not isinstance(entities, list):
        raise ControlError("entities is a list of entity IDs.")
    for entity in entities or []:
        if not sim.gateway.company.find("LOCATIONENTITY", str(entity)):
            raise ControlError(f"There is no entity '{entity}'.")
    if rights is not None and (wrong := unknown_rights(rights)):
        raise ControlError(wrong)
    given = {"STATUS": status, "EMAIL": email}
    user.update({name: value for name, value in given.items() if value})
    if entities is not None:
        user["ENTITIES"] = [str(entity) for entity in entities]
    if rights is not None:
        user["rights"] = all_rights() if rights == "all" else rights
    _set_user(user, {"user_type": user_type, "admin": admin, "permissions": permissions})
    return {"user_id": user_id}


def _set_user(user: Row, given: dict[str, str]) -> None:
    kind = given["user_type"].casefold()
    if kind:
        kind = kind if kind.endswith("user") else f"{kind} user"
        if kind not in {known.casefold() for known in USER_TYPES}:
            raise ControlError(f"There is no user type '{given['user_type']}'. There are: {', '.join(USER_TYPES)}.")
        user["USERTYPE"] = next(known for known in USER_TYPES if known.casefold() == kind)
    if given["admin"]:
        if given["admin"].casefold() not in _PRIVILEGES:
            raise ControlError("Admin privileges are full, limited or off.")
        user["ADMIN"] = given["admin"].casefold()
    if given["permissions"]:
        if given["permissions"] not in {"role", "user"}:
            raise ControlError("Permissions go by role or by user.")
        user["permissions"] = given["permissions"]


def reset_password(sim: IntacctSim, user_id: str) -> dict[str, Any]:
    """Sets a new temporary password and mails it; the old one and the user's sessions are dead at once."""
    user = _user(sim, user_id)
    _new_password(sim, user, "Your Sage Intacct password was reset")
    sim.gateway.door.end_sessions(user_id)
    return {"user_id": user_id}


def _new_password(sim: IntacctSim, user: Row, subject: str) -> None:
    user["PASSWORD"] = "".join(secrets.choice(_LETTERS) for _ in range(12))
    company = sim.gateway.company
    body = f"Company ID: {company.id}\nUser ID: {user['LOGINID']}\nTemporary password: {user['PASSWORD']}\n"
    company.mailbox.append(
        {
            "to": user.get("EMAIL", ""),
            "subject": subject,
            "body": body,
            "user_id": user["LOGINID"],
            "password": user["PASSWORD"],
            "at": sim.now().isoformat(),
        }
    )


def _user(sim: IntacctSim, user_id: str) -> Row:
    user = sim.gateway.company.user(user_id)
    if user is None:
        raise ControlError(f"There is no user '{user_id}'.")
    return user


def subscribe(sim: IntacctSim, application: str, on: bool = True) -> dict[str, Any]:
    """Company > Admin > Subscriptions: an application, or Web Services itself."""
    company = sim.gateway.company
    if application == "Web Services":
        company.web_services = on
    elif application not in APPLICATIONS:
        raise ControlError(f"There is no application '{application}'. There are: {', '.join(APPLICATIONS)}.")
    else:
        code = APPLICATIONS[application]
        others = [one for one in company.applications if one != code]
        company.applications = [*others, code] if on else others
    return {"application": application, "on": on}


def create_role(sim: IntacctSim, name: str, policies: Any = "all") -> dict[str, Any]:
    """Roles > Add, with its permissions: "all", or a map from policy to rights."""
    if not name or name == "Administrator" or name in sim.gateway.company.roles:
        raise ControlError(f"The role '{name}' exists already." if name else "The role's name is empty.")
    return _save_role(sim, name, policies)


def set_role(sim: IntacctSim, name: str, policies: Any = "all") -> dict[str, Any]:
    """Roles > Subscriptions > Permissions: replaces what a role grants; a new name makes a new role."""
    return _save_role(sim, name, policies)


def _save_role(sim: IntacctSim, name: str, policies: Any) -> dict[str, Any]:
    if name == "Administrator":
        raise ControlError("The Administrator role is Intacct's own and cannot be changed.")
    if wrong := unknown_rights(policies):
        raise ControlError(wrong)
    sim.gateway.company.roles[name] = all_rights() if policies == "all" else policies
    return {"role": name}


def assign_role(sim: IntacctSim, user_id: str, role: str) -> dict[str, Any]:
    """Web Services users > Edit > Roles information > add."""
    user = _user(sim, user_id)
    if role != "Administrator" and role not in sim.gateway.company.roles:
        raise ControlError(f"There is no role '{role}'.")
    if role not in user["ROLES"]:
        user["ROLES"] = [*user["ROLES"], role]
    return {"user_id": user_id, "roles": list(user["ROLES"])}


def remove_role(sim: IntacctSim, user_id: str, role: str) -> dict[str, Any]:
    """Web Services users > Edit > Roles information > remove."""
    user = _user(sim, user_id)
    if role not in user["ROLES"]:
        raise ControlError(f"'{user_id}' does not have the role '{role}'.")
    user["ROLES"] = [name for name in user["ROLES"] if name != role]
    return {"user_id": user_id, "roles": list(user["ROLES"])}


DESK: dict[str, Callable[..., dict[str, Any]]] = (
    {
        verb.__name__: verb
        for verb in (
            authorize_sender,
            save_company,
            remove_sender,
            create_ws_user,
            edit_user,
            reset_password,
            subscribe,
            create_role,
            set_role,
            assign_role,
            remove_role,
        )
    }
    | DESK_BOOKS
    | DESK_TRANSACTIONS
)
