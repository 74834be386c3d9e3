"""By hand: card transactions, as an accountant enters, edits, reverses and deletes them on the screen. See `desk`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lxml import etree

from bot.sandbox.control import ControlError
from bot.sandbox.intacct import posting
from bot.sandbox.intacct.access import Visitor
from bot.sandbox.intacct.calls import Call
from bot.sandbox.intacct.company import Row
from bot.sandbox.intacct.draft import Draft
from bot.sandbox.intacct.errors import Refusal
from bot.sandbox.intacct.fields import amount as read_amount

if TYPE_CHECKING:
    from bot.sandbox.intacct.server import IntacctSim

_ACCOUNTANT = "accountant"


def enter_transaction(
    sim: IntacctSim,
    card: str,
    date: str,
    amount: str,
    account: str,
    department: str = "",
    location: str = "",
    reference: str = "",
    payee: str = "",
    entity: str = "",
    draft: bool = False,
) -> dict[str, Any]:
    """Cash Management > Credit card transactions > Add, with one line; `draft` saves it without posting it."""
    line: Row = {"LINE_NO": 1, "ACCOUNTNO": account, "DESCRIPTION": "", "TRX_AMOUNT": _amount(amount)}
    line |= {"LOCATIONID": location or entity} | ({"DEPARTMENTID": department} if department else {})
    given = Draft(card, _day(date), entity, [line], reference=reference, payee=payee)
    row = _done(lambda call: posting.save(call, given, "Draft" if draft else "Posted"), _call(sim, entity))
    return {"recordno": row["RECORDNO"]}


def edit_transaction(
    sim: IntacctSim, recordno: int, date: str = "", amount: str = "", reference: str = "", card: str = ""
) -> dict[str, Any]:
    """Edit: what is given changes, what is not stays. Another amount is laid on the first line."""
    row = _row(sim, recordno)
    if row["STATE"] not in {"Posted", "Draft"}:
        raise ControlError(f"The transaction is {row['STATE'].lower()} and cannot be changed.")
    if row["TOTALPAID"] or row["CLEARED"] != "F":
        raise ControlError("A paid or reconciled transaction cannot be changed here.")
    lines = [dict(line) for line in row["lines"]]
    if amount:
        lines[0]["TRX_AMOUNT"] += _amount(amount) - row["TRX_TOTALENTERED"]
    given = Draft(
        card=card or row["card"],
        day=_day(date) if date else row["WHENCREATED"],
        entity=row["MEGAENTITYID"],
        lines=lines,
        reference=reference or row["RECORDID"],
        payee=row["payee"],
        description=row["DESCRIPTION"],
        currency=row["CURRENCY"],
    )

    def edited(call: Call) -> None:
        posting.rebook(call, row, given)
        call.company.change(row, {"RECORDID": given.reference, "WHENMODIFIED": _stamp(sim)})

    _done(edited, _call(sim, row["MEGAENTITYID"]))
    return {"recordno": recordno}


def post_transaction(sim: IntacctSim, recordno: int) -> dict[str, Any]:
    """Post, on a draft."""
    row = _row(sim, recordno)
    if row["STATE"] != "Draft":
        raise ControlError(f"The transaction is {row['STATE'].lower()} already.")
    sim.gateway.company.change(row, {"STATE": "Posted", "WHENMODIFIED": _stamp(sim)})
    sim.gateway.company.book(row)
    return {"recordno": recordno}


def reverse_transaction(sim: IntacctSim, recordno: int, date: str, memo: str = "") -> dict[str, Any]:
    """Reverse, on a day of its own."""
    row = _row(sim, recordno)
    made = _done(lambda call: posting.reverse(call, row, _day(date), memo), _call(sim, row["MEGAENTITYID"]))
    return {"recordno": made["RECORDNO"]}


def delete_transaction(sim: IntacctSim, recordno: int) -> dict[str, Any]:
    """Delete: the record and its lines are gone, and so is what they did to the ledger."""
    row, company = _row(sim, recordno), sim.gateway.company
    if row["TOTALPAID"] or row["CLEARED"] != "F" or row.get("REVERSALKEY") or row.get("REVERSEDKEY"):
        raise ControlError("A paid, reconciled or reversed transaction cannot be deleted.")
    if row["STATE"] != "Draft":
        company.book(row, -1)
    for line in row["lines"]:
        company.delete("CCTRANSACTIONENTRY", line)
    company.delete("CCTRANSACTION", row)
    return {"recordno": recordno}


def _row(sim: IntacctSim, recordno: int) -> Row:
    row = sim.gateway.company.tables["CCTRANSACTION"].rows.get(recordno)
    if row is None:
        raise ControlError(f"There is no credit card transaction {recordno}.")
    return row


def _call(sim: IntacctSim, entity: str) -> Call:
    """What the gateway's own checks ask for: the accountant, at that entity."""
    gateway, now = sim.gateway, sim.now()
    visitor = Visitor({"LOGINID": _ACCOUNTANT}, entity, now, now)
    return Call(gateway.company, gateway.door, visitor, etree.Element("screen"), now, sim.url, gateway.habits, {})


def _done(act: Callable[[Call], Any], call: Call) -> Any:
    try:
        return act(call)
    except Refusal as refusal:
        problem = refusal.problems[0]
        parts = (problem.description, problem.description2, problem.correction)
        raise ControlError(". ".join(part for part in parts if part)) from None


def _stamp(sim: IntacctSim) -> Any:
    return sim.now().replace(tzinfo=None, microsecond=0)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ControlError(f"'{text}' is no day (YYYY-MM-DD).") from None


def _amount(text: str) -> Decimal:
    try:
        return read_amount(text)
    except ValueError:
        raise ControlError(f"'{text}' is no amount.") from None


DESK_TRANSACTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    verb.__name__: verb
    for verb in (enter_transaction, edit_transaction, post_transaction, reverse_transaction, delete_transaction)
}
