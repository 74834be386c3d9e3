"""Card transactions: recording, updating and reversing them, and what they do to the ledger."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from lxml.etree import _Element as Element

from bot.sandbox.intacct import errors, record_page
from bot.sandbox.intacct.calls import Answer, Call, function
from bot.sandbox.intacct.company import Row
from bot.sandbox.intacct.draft import (
    Draft,
    Line,
    check,
    check_lengths,
    check_periods,
    check_supdoc,
    child_text,
    read_day,
    read_line,
)
from bot.sandbox.intacct.errors import Problem, Refusal
from bot.sandbox.intacct.fields import wire

_POLICY = "Credit card transactions"
_OBJECT = "CCTRANSACTION"


def _enter(call: Call, right: str, operation: str) -> None:
    if "CM" not in call.company.applications:
        raise Refusal(errors.not_subscribed("Cash Management"))
    if call.visitor.user.get("USERTYPE") != "business user":
        raise Refusal(errors.not_authorized())
    call.need(_POLICY, right, operation, _OBJECT)
    if child_text(call.element, "taxsolutionid") or child_text(call.element, "inclusivetax") == "true":
        raise Refusal(errors.not_simulated("tax on a card transaction"))
    for custom in call.element.iterfind("customfields/customfield"):
        if (name := child_text(custom, "customfieldname")) not in call.company.custom_fields:
            raise Refusal(errors.not_simulated(f"the custom field '{name}'; the company's dict may list it"))


@function("record_cctransaction")
def record_cctransaction(call: Call) -> Answer:
    _enter(call, "Add", "CREATE")
    day = call.element.find("paymentdate")
    items = call.element.find("ccpayitems")
    assert day is not None
    assert items is not None  # the schema check let it through
    draft = Draft(
        card=child_text(call.element, "chargecardid"),
        day=read_day(day),
        entity=call.visitor.entity,
        lines=[read_line(item, number, call.company) for number, item in enumerate(items, start=1)],
        reference=call.text("referenceno"),
        payee=call.text("payee"),
        description=call.text("description"),
        supdoc=child_text(call.element, "supdocid"),
        currency=child_text(call.element, "currency"),
        rate=child_text(call.element, "exchrate"),
    )
    return Answer(key=str(save(call, draft)["RECORDNO"]))


def save(call: Call, draft: Draft, state: str = "Posted") -> Row:
    """Checks and saves a new transaction; one that is saved as a `Draft` is not in the ledger.

    Raises:
        Refusal: what `check` found.
    """
    card = check(call, draft)
    row = call.company.insert(_OBJECT, {**_header(call, draft, card), "STATE": state})
    _save_lines(call, row, draft.lines)
    if state != "Draft":
        call.company.book(row)
    return row


def _header(call: Call, draft: Draft, card: Row) -> Row:
    """The record; names in capitals are fields of CCTRANSACTION, the others only the sandbox's page sees."""
    base = sum((line["AMOUNT"] for line in draft.lines), Decimal(0))
    total = sum((line["TRX_AMOUNT"] for line in draft.lines), Decimal(0))
    return {
        "RECORDID": draft.reference,
        "DESCRIPTION": draft.description,
        "SUPDOCID": draft.supdoc,
        "WHENCREATED": draft.day,
        "AUWHENCREATED": call.now.replace(tzinfo=None, microsecond=0),
        "WHENMODIFIED": call.now.replace(tzinfo=None, microsecond=0),
        "WHENPAID": None,
        "BASECURR": call.company.currency_of(draft.entity),
        "CURRENCY": draft.currency,
        "TOTALENTERED": base,
        "TRX_TOTALENTERED": total,
        "TOTALPAID": Decimal("0.00"),
        "TRX_TOTALPAID": Decimal("0.00"),
        "TOTALDUE": base,
        "TRX_TOTALDUE": total,
        "STATE": "Posted",
        "RAWSTATE": "A",
        "CLEARED": "F",
        "INCLUSIVETAX": "false",
        "TAXSOLUTIONID": "",
        "MEGAENTITYID": draft.entity,
        "payee": draft.payee,
        "card": card["CARDID"],
        "FINANCIALENTITY": card["CARDID"],
        **dict.fromkeys(("REVERSALKEY", "REVERSALDATE", "REVERSEDKEY", "REVERSEDDATE")),
        "offset": str(card["LIABACCTKEY"]),
        "user": call.visitor.user["LOGINID"],
    }


def _save_lines(call: Call, row: Row, lines: list[Line]) -> None:
    """Writes the lines as records of their own; a line that stays keeps its record."""
    saved = []
    for line in lines:
        kept = call.company.tables["CCTRANSACTIONENTRY"].rows.get(line.pop("RECORDNO", 0))
        values = {**line, "RECORDKEY": row["RECORDNO"], "MEGAENTITYID": row["MEGAENTITYID"]}
        if kept is None:
            saved.append(call.company.insert("CCTRANSACTIONENTRY", values))
        else:
            call.company.change(kept, values)
            saved.append(kept)
    call.company.change(row, {"lines": saved, "RECORD_URL": record_page.address(call.endpoint, row["RECORDNO"])})


# --- update -----------------------------------------------------------------------------------------------------------

_TEXTS = {"referenceno": "RECORDID", "payee": "payee", "description": "DESCRIPTION", "supdocid": "SUPDOCID"}


def _existing(call: Call) -> Row:
    key = call.element.get("key", "")
    rows = call.company.tables[_OBJECT].rows
    row = rows.get(int(key)) if key.isdigit() else None
    if row is None or not call.visitor.sees(row, private=True):
        raise Refusal(errors.not_found("credit card transaction", key))
    return row


def _must_be_open(call: Call, day: date, row: Row, verb: str) -> None:
    try:
        check_periods(call.company, day, row["MEGAENTITYID"], row["lines"])
    except Refusal as refusal:
        raise errors.wrapped(*refusal.problems, verb=verb) from None


@function("update_cctransaction")
def update_cctransaction(call: Call) -> Answer:
    _enter(call, "Edit", "UPDATE")
    row = _existing(call)
    if row["STATE"] != "Posted":
        problem = Problem(errors.GENERIC, f"The transaction is {row['STATE'].lower()} and cannot be changed.")
        raise errors.wrapped(problem, verb="update")
    draft = _laid_over(call, row)
    money = any(call.element.find(name) is not None for name in ("paymentdate", "currency", "updateccpayitems"))
    if money and (row["TOTALPAID"] or row["CLEARED"] == "T"):
        problem = Problem(errors.GENERIC, "Only texts of a paid or reconciled transaction can be changed.")
        raise errors.wrapped(problem, verb="update")
    if money:
        rebook(call, row, draft)
    else:
        _check_texts(call, draft)
    texts = {"RECORDID": draft.reference, "payee": draft.payee, "DESCRIPTION": draft.description}
    stamp = {"SUPDOCID": draft.supdoc, "WHENMODIFIED": call.now.replace(tzinfo=None, microsecond=0)}
    call.company.change(row, {**texts, **stamp})
    return Answer(key=str(row["RECORDNO"]))


def _laid_over(call: Call, row: Row) -> Draft:
    """The saved transaction with the given elements over it; an empty one clears only with set_nulls."""
    clear = call.element.get("set_nulls") == "true"
    texts = {field: str(row.get(field) or "") for field in _TEXTS.values()}
    for name, field in _TEXTS.items():
        given = call.element.find(name)
        if given is not None and (given.text or clear):
            texts[field] = given.text or ""
    day = call.element.find("paymentdate")
    return Draft(
        card=row["card"],
        day=row["WHENCREATED"] if day is None else read_day(day),
        entity=row["MEGAENTITYID"],
        lines=_changed_lines(call, row),
        reference=texts["RECORDID"],
        payee=texts["payee"],
        description=texts["DESCRIPTION"],
        supdoc=texts["SUPDOCID"].strip(),
        currency=child_text(call.element, "currency") or row["CURRENCY"],
        rate=child_text(call.element, "exchrate"),
    )


def _changed_lines(call: Call, row: Row) -> list[Line]:
    lines = [dict(line) for line in row["lines"]]
    for item in call.element.iterfind("updateccpayitems/*"):
        if item.tag == "ccpayitem":
            lines.append(read_line(item, len(lines) + 1, call.company))
            continue
        number = item.get("line_num", "")
        line = next((line for line in lines if str(line["LINE_NO"]) == number), None)
        if line is None:
            raise errors.wrapped(errors.not_found("line", number), verb="update")
        line.update(_given(item, line, call))
    return lines


def _given(item: Element, line: Line, call: Call) -> dict[str, Any]:
    changed = read_line(item, line["LINE_NO"], call.company)
    return {name: value for name, value in changed.items() if value not in {"", None}}


def _check_texts(call: Call, draft: Draft) -> None:
    try:
        check_lengths(call, draft)
        check_supdoc(call.company, draft.supdoc)
    except Refusal as refusal:
        raise errors.wrapped(*refusal.problems, verb="update") from None


def rebook(call: Call, row: Row, draft: Draft) -> None:
    """Lays another card, day or other lines over a posted transaction.

    Raises:
        Refusal: the day that it leaves is closed, or what `check` found.
    """
    _must_be_open(call, row["WHENCREATED"], row, "update")
    card = check(call, draft)
    in_ledger = row["STATE"] != "Draft"
    if in_ledger:
        call.company.book(row, -1)
    fresh = _header(call, draft, card)
    names = ("WHENCREATED", "CURRENCY", "TOTALENTERED", "TRX_TOTALENTERED", "card", "FINANCIALENTITY", "offset")
    kept = {name: fresh[name] for name in names}
    call.company.change(row, {**kept, "TOTALDUE": fresh["TOTALDUE"], "TRX_TOTALDUE": fresh["TRX_TOTALDUE"]})
    _save_lines(call, row, draft.lines)
    if in_ledger:
        call.company.book(row)


# --- reverse ----------------------------------------------------------------------------------------------------------


@function("reverse_cctransaction")
def reverse_cctransaction(call: Call) -> Answer:
    """Returns the number of the record that reverses it (assumed: what XML answers here is not published)."""
    _enter(call, "Edit", "REVERSE")
    row = _existing(call)
    day_element = call.element.find("datereversed")
    assert day_element is not None  # the schema check let it through
    made = reverse(call, row, read_day(day_element), call.text("memo"))
    return Answer(key=str(made["RECORDNO"]))


def reverse(call: Call, row: Row, day: date, memo: str = "") -> Row:
    """Books the negative as a record of its own, on its own day; the original stays in the ledger on the day it has.

    The keys tell the two apart, not the state: the original is called `Reversal` too until that day has come. Both keep
    the reference (assumed).

    Raises:
        Refusal: it is not posted, it is reconciled or paid, or the day is closed.
    """
    if reason := _irreversible(row):
        raise errors.wrapped(Problem(errors.GENERIC, reason), verb="reverse")
    _must_be_open(call, day, row, "reverse")
    stamp = call.now.replace(tzinfo=None, microsecond=0)
    money = ("TOTALENTERED", "TRX_TOTALENTERED", "TOTALDUE", "TRX_TOTALDUE")
    reversal = {**row, **{name: -row[name] for name in money}}
    reversal |= {"WHENCREATED": day, "AUWHENCREATED": stamp, "WHENMODIFIED": stamp, "STATE": "Reversal", "lines": []}
    reversal |= {"REVERSEDKEY": row["RECORDNO"], "REVERSEDDATE": wire(row["WHENCREATED"])}
    reversal["DESCRIPTION"] = memo or row["DESCRIPTION"]
    made = call.company.insert(_OBJECT, reversal)
    skipped = {"RECORDNO", "RECORDKEY", "MEGAENTITYID"}
    lines = [
        {k: (-v if k in {"AMOUNT", "TRX_AMOUNT"} else v) for k, v in line.items() if k not in skipped}
        for line in row["lines"]
    ]
    _save_lines(call, made, lines)
    call.company.book(made)
    turned = {"REVERSALKEY": made["RECORDNO"], "REVERSALDATE": wire(day), "turned": day, "WHENMODIFIED": stamp}
    call.company.change(row, {**turned, "STATE": "Reversal"})
    call.company.reversals_that_came_due(call.now.date())
    return made


def _irreversible(row: Row) -> str:
    if row.get("REVERSALKEY"):
        return "The transaction has already been reversed."
    if row["STATE"] != "Posted":
        return "It is itself a reversal." if row.get("REVERSEDKEY") else f"The transaction is {row['STATE'].lower()}."
    if row["CLEARED"] == "T":
        return "The transaction has been reconciled and cannot be reversed."
    return "The transaction has been paid and cannot be reversed." if row["TOTALPAID"] else ""
