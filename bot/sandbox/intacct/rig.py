"""Verbs that no screen has: faults, the clock, limits and the habits that nobody has published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.sandbox.control import ControlError
from bot.sandbox.intacct.errors import GENERIC, Problem
from bot.sandbox.intacct.faults import Fault

if TYPE_CHECKING:
    from bot.sandbox.intacct.server import IntacctSim


def fault(
    sim: IntacctSim,
    kind: str,
    count: int = 1,
    match: str = "",
    seconds: float = 0,
    committed: bool = False,
    hard: bool = False,
    after: int = 0,
) -> dict[str, Any]:
    """Arms a fault (faults.KINDS) for the next `count` requests whose body contains `match`."""
    sim.faults.arm(Fault(kind, count, match, seconds, committed, hard, after))
    return sim.faults.state()


def clear_faults(sim: IntacctSim) -> dict[str, Any]:
    """Disarms what has not struck yet. What was put off stays on its way."""
    sim.faults.armed.clear()
    return sim.faults.state()


def advance(sim: IntacctSim, seconds: float) -> dict[str, Any]:
    """Moves this simulator's clock on: late commits fall due, sessions run out."""
    if seconds < 0:
        raise ControlError("The clock does not run backwards.")
    sim.skew += timedelta(seconds=seconds)
    return {"now": sim.now().isoformat()}


def expire_sessions(sim: IntacctSim) -> dict[str, Any]:
    """Ends every session now."""
    return {"ended": sim.gateway.door.end_sessions()}


def set_session_minutes(sim: IntacctSim, minutes: float) -> dict[str, Any]:
    """How long a session lasts after its last call."""
    if minutes <= 0:
        raise ControlError("A session lasts longer than nothing.")
    sim.gateway.door.duration = timedelta(minutes=minutes)
    return {"minutes": minutes}


def set_allowance(sim: IntacctSim, requests: int) -> dict[str, Any]:
    """How many requests at once the company may have; one more is answered 429."""
    if requests < 1:
        raise ControlError("At least one request at once is allowed.")
    sim.allowance = requests
    return {"allowance": requests}


def set_service_time(sim: IntacctSim, request: float = 0, function: float = 0) -> dict[str, Any]:
    """Seconds per request and per function of it, one after the other."""
    if request < 0 or function < 0:
        raise ControlError("A service time is not negative.")
    sim.request_time, sim.function_time = request, function
    return {"request": request, "function": function}


def set_replay(sim: IntacctSim, shape: str = "function", failed_ids: str = "reusable") -> dict[str, Any]:
    """How a repeated controlid is refused, and whether one whose first try failed is spent too (calls.Habits)."""
    if shape not in {"function", "function_named", "control"} or failed_ids not in {"reusable", "spent"}:
        raise ControlError("shape is function, function_named or control; failed_ids is reusable or spent.")
    sim.gateway.habits.replay_shape = shape
    sim.gateway.habits.reuse_failed = failed_ids == "reusable"
    return {"shape": shape, "failed_ids": failed_ids}


def set_negative_totals(sim: IntacctSim, accepted: bool) -> dict[str, Any]:
    """Whether a card transaction may total below zero; nobody has published it."""
    sim.gateway.habits.negative_totals = accepted
    return {"accepted": accepted}


def restrict(sim: IntacctSim, account: str, object: str, value: str, restricted: bool = True) -> dict[str, Any]:  # noqa: A002  # the books' word, as in save_record
    """Forbids a dimension's value on an account, or allows it again, as the account's restrictions would."""
    company = sim.gateway.company
    if object not in company.tables or company.find("GLACCOUNT", account) is None:
        raise ControlError(f"There is no account {account}, or no object {object}.")
    rule = (account, object, value)
    (company.restricted.add if restricted else company.restricted.discard)(rule)
    return {"restricted": sorted(company.restricted)}


def relate(sim: IntacctSim, object: str, value: str, fills: str, with_: str = "") -> dict[str, Any]:  # noqa: A002  # as above
    """A relationship: one dimension's value fills another in; without a value it is taken back."""
    company = sim.gateway.company
    for name, key in ((object, value), (fills, with_)):
        if name not in company.tables or (key and company.find(name, key) is None):
            raise ControlError(f"There is no {name} {key}.")
    if with_:
        company.fixed[object, value] = (fills, with_)
    else:
        company.fixed.pop((object, value), None)
    return {"fills": with_}


def open_elsewhere(sim: IntacctSim, card: str, opened: bool = True) -> dict[str, Any]:
    """Somebody has this card's transactions open, or has closed the window."""
    (sim.gateway.company.opened.add if opened else sim.gateway.company.opened.discard)(card)
    return {"opened": sorted(sim.gateway.company.opened)}


def revoke_sender(sim: IntacctSim, sender_id: str, revoked: bool = True) -> dict[str, Any]:
    """Sage refuses this sender ID and password in every company, or takes them again."""
    (sim.gateway.company.revoked.add if revoked else sim.gateway.company.revoked.discard)(sender_id)
    return {"revoked": sorted(sim.gateway.company.revoked)}


def set_candid(sim: IntacctSim, candid: bool = True) -> dict[str, Any]:
    """Whether a refused sign-in says which part is wrong; nobody has published it (access.Door)."""
    sim.gateway.door.candid = candid
    return {"candid": candid}


def set_attachment_types(sim: IntacctSim, types: list[str]) -> dict[str, Any]:
    """Which types of files are taken as attachments; an empty list means all."""
    sim.gateway.company.attachment_types = frozenset(str(one).lower() for one in types)
    return {"types": sorted(sim.gateway.company.attachment_types)}


def forbid_element(sim: IntacctSim, name: str, forbidden: bool = True) -> dict[str, Any]:
    """Another version of the schema: an element that it no longer knows."""
    (sim.gateway.forbidden.add if forbidden else sim.gateway.forbidden.discard)(name)
    return {"forbidden": sorted(sim.gateway.forbidden)}


def refuse(
    sim: IntacctSim, payee: str, text: str, errorno: str = GENERIC, description: str = "", correction: str = ""
) -> dict[str, Any]:
    """Refuses every card transaction with `payee` in its payee, as a Smart Rule does, or for a cause that these books lack."""
    sim.gateway.company.refusals[payee] = Problem(errorno, text, description, correction)
    return {"refused": sorted(sim.gateway.company.refusals)}


def accept(sim: IntacctSim, payee: str) -> dict[str, Any]:
    """Takes back what `refuse` was told about a payee."""
    if sim.gateway.company.refusals.pop(payee, None) is None:
        raise ControlError(f"Nothing is refused for '{payee}'.")
    return {"refused": sorted(sim.gateway.company.refusals)}


def expire_demo(sim: IntacctSim, expired: bool = True) -> dict[str, Any]:
    """The company is a demo company, and its time is over (or not yet)."""
    sim.gateway.company.demo_expired = expired
    return {"expired": expired}


def reset(sim: IntacctSim, company: Any) -> dict[str, Any]:
    """Starts over with a company's dict."""
    if not isinstance(company, dict) or "company_id" not in company:
        raise ControlError("A company is a map with at least company_id.")
    sim.reset(company)
    return {"company_id": sim.gateway.company.id}


RIG: dict[str, Callable[..., dict[str, Any]]] = {
    verb.__name__: verb
    for verb in (
        fault,
        clear_faults,
        advance,
        expire_sessions,
        set_session_minutes,
        set_allowance,
        set_service_time,
        set_replay,
        set_negative_totals,
        restrict,
        relate,
        open_elsewhere,
        revoke_sender,
        set_candid,
        set_attachment_types,
        forbid_element,
        refuse,
        accept,
        expire_demo,
        reset,
    )
}
