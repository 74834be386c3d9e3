"""Set-up objects over the gateway: GL accounts by generic create and update, attachments and their folders."""

from __future__ import annotations

import base64
import binascii
import re

from lxml.etree import _Element as Element

from bot.sandbox.intacct import errors
from bot.sandbox.intacct.calls import Answer, Call, Partial, function
from bot.sandbox.intacct.company import Company, Row
from bot.sandbox.intacct.errors import Refusal
from bot.sandbox.intacct.fields import DIMENSIONS
from bot.sandbox.intacct.helpers import record

_CHOICES = {
    "ACCOUNTTYPE": ("balancesheet", "incomestatement"),
    "NORMALBALANCE": ("debit", "credit"),
    "CLOSINGTYPE": ("non-closing account", "closing account"),
    "ALTERNATIVEACCOUNT": ("None", "Payables account", "Receivables account"),
    "STATUS": ("active", "inactive"),
    "SUBLEDGERCONTROLON": ("true", "false"),
    **{f"REQUIRE{suffix}": ("true", "false") for suffix in DIMENSIONS},
}


def check_account(company: Company, given: dict[str, str], existing: Row | None) -> Row:
    """A GL account as it will stand, from the given fields; the screen and the gateway check alike.

    Raises:
        Refusal: a field that does not exist, a value that is not offered, a number of the wrong length or taken.
    """
    for name, value in given.items():
        if name != "RECORDNO" and not company.has_field("GLACCOUNT", name):
            raise Refusal(errors.Problem("XL03000010", f"The field {name} does not exist on GLACCOUNT"))
        if name in _CHOICES and value not in _CHOICES[name]:
            raise Refusal(errors.illegal(name))
    account = {**company.defaults("GLACCOUNT"), **(existing or {}), **given}
    account.pop("RECORDNO", None)
    for name in ("ACCOUNTNO", "TITLE"):
        if not account.get(name):
            raise Refusal(errors.required(name))
    if existing is None:
        _check_number(company, account["ACCOUNTNO"])
    elif account["ACCOUNTNO"] != existing["ACCOUNTNO"]:
        raise Refusal(errors.illegal("ACCOUNTNO"))
    if account["CLOSINGTYPE"] == "closing account" and not company.find("GLACCOUNT", account["CLOSINGACCOUNTNO"]):
        raise Refusal(errors.required("CLOSINGACCOUNTNO"))
    return account


def _check_number(company: Company, number: str) -> None:
    general = company.preferences.get("GEN", {})
    primary = int(general.get("PRIMARY_ACCTNO_LENGTH") or general.get("ACCTLEN") or 4)
    sub, mark = int(general.get("SUBACCTNO_LENGTH") or 0), re.escape(general.get("ACCTNO_SEPARATOR") or "-")
    tail = f"({mark}[0-9A-Za-z]{{1,{sub}}})?" if sub else ""
    if not re.fullmatch(rf"[0-9A-Za-z]{{{primary}}}{tail}", number):
        fix = f"Enter an account number of {primary} characters."
        raise Refusal(errors.Problem(errors.MALFORMED, "Illegal format for ACCOUNTNO", "Invalid account number", fix))
    if company.find("GLACCOUNT", number):
        raise Refusal(errors.duplicate_account(number))


def _each(call: Call, operation: str) -> Answer:
    """Runs a generic create or update object by object. What was done before a failure stays done, and is listed."""
    done = Answer(data=[], attributes={"listtype": "objects", "count": "0"})
    assert done.data is not None
    for given in call.element:
        try:
            done.data.append(_one(call, given, operation))
        except Refusal as refusal:
            done.attributes["count"] = str(len(done.data))
            raise Partial(refusal, done) from None
    done.attributes["count"] = str(len(done.data))
    return done


def _one(call: Call, given: Element, operation: str) -> Element:
    name = str(given.tag).upper()
    if name == "CREDITCARD":
        raise Refusal(errors.not_offered(operation, name))
    if name != "GLACCOUNT":
        raise Refusal(errors.not_simulated(f"generic {operation.lower()} of {name}"))
    call.need("Accounts", "Add" if operation == "CREATE" else "Edit", operation, name)
    if call.visitor.entity or call.visitor.restricted:
        raise Refusal(errors.root_level("GL account"))
    values = {str(child.tag).upper(): (child.text or "").strip() for child in given}
    row = _create(call, values) if operation == "CREATE" else _update(call, values)
    return record("glaccount", {"RECORDNO": str(row["RECORDNO"]), "ACCOUNTNO": row["ACCOUNTNO"]})


def _create(call: Call, values: dict[str, str]) -> Row:
    try:
        return call.company.insert("GLACCOUNT", check_account(call.company, values, None))
    except Refusal as refusal:
        raise Refusal(*refusal.problems, errors.account_not_created()) from None


def _update(call: Call, values: dict[str, str]) -> Row:
    table = call.company.tables["GLACCOUNT"]
    number = values.get("RECORDNO", "")
    row = table.rows.get(int(number)) if number.isdigit() else table.by_id.get(values.get("ACCOUNTNO", ""))
    if row is None:
        raise Refusal(errors.not_found("GL account", number or values.get("ACCOUNTNO", "")))
    call.company.change(row, check_account(call.company, values, row))
    return row


@function("create")
def create(call: Call) -> Answer:
    return _each(call, "CREATE")


@function("update")
def update(call: Call) -> Answer:
    return _each(call, "UPDATE")


# --- attachments ------------------------------------------------------------------------------------------------------


@function("create_supdocfolder")
def create_supdocfolder(call: Call) -> Answer:
    call.need("Attachments", "Add", "CREATE", "SUPDOCFOLDER")
    name, parent = call.text("supdocfoldername").strip(), call.text("supdocparentfoldername").strip()
    if not name:
        raise Refusal(errors.required("supdocfoldername"))
    if call.company.find("SUPDOCFOLDER", name):
        raise Refusal(errors.exists("Attachment folder", name))
    if parent and not call.company.find("SUPDOCFOLDER", parent):
        raise Refusal(errors.not_found("attachment folder", parent))
    values = {"NAME": name, "DESCRIPTION": call.text("supdocfolderdescription"), "PARENT": parent}
    call.company.insert("SUPDOCFOLDER", values)
    return Answer(key=name)


@function("create_supdoc")
def create_supdoc(call: Call) -> Answer:
    call.need("Attachments", "Add", "CREATE", "SUPDOC")
    given = {name: call.text(name).strip() for name in ("supdocid", "supdocname", "supdocfoldername")}
    for name, value in given.items():
        if not value:
            raise Refusal(errors.required(name))
    limit = call.habits.max_lengths["supdocid"]
    if len(given["supdocid"]) > limit:
        raise Refusal(errors.too_long("supdocid", limit))
    if call.company.find("SUPDOC", given["supdocid"]):
        raise Refusal(errors.exists("Attachment", given["supdocid"]))
    _check_folder(call, given["supdocfoldername"])
    values = {
        "SUPDOCID": given["supdocid"],
        "SUPDOCNAME": given["supdocname"],
        "FOLDERNAME": given["supdocfoldername"],
        "SUPDOCDESCRIPTION": call.text("supdocdescription"),
        "files": _files(call, {}),
    }
    call.company.insert("SUPDOC", values)
    return Answer(key=given["supdocid"])


@function("update_supdoc")
def update_supdoc(call: Call) -> Answer:
    call.need("Attachments", "Edit", "UPDATE", "SUPDOC")
    row = call.company.find("SUPDOC", call.text("supdocid").strip())
    if row is None:
        raise Refusal(errors.not_found("attachment ID", call.text("supdocid").strip()))
    changes: Row = {"files": {**row["files"], **_files(call, row["files"])}}
    if folder := call.text("supdocfoldername").strip():
        _check_folder(call, folder)
        changes["FOLDERNAME"] = folder
    for tag, name in (("supdocname", "SUPDOCNAME"), ("supdocdescription", "SUPDOCDESCRIPTION")):
        if text := call.text(tag):
            changes[name] = text
    call.company.change(row, changes)
    return Answer(key=row["SUPDOCID"])


def _check_folder(call: Call, folder: str) -> None:
    if not call.company.find("SUPDOCFOLDER", folder):
        raise Refusal(errors.not_found("attachment folder", folder))


def _files(call: Call, present: dict[str, int]) -> dict[str, int]:
    """File name to size in bytes; names are unique within one attachment, and the extension has no dot."""
    files: dict[str, int] = {}
    for item in call.element.iterfind("attachments/attachment"):
        name, kind = (item.findtext("attachmentname") or "").strip(), (item.findtext("attachmenttype") or "").strip()
        if not name or not kind or "." in kind:
            raise Refusal(errors.illegal("attachmenttype" if name else "attachmentname"))
        if call.company.attachment_types and kind.lower() not in call.company.attachment_types:
            raise Refusal(errors.attachment_type())
        full = f"{name}.{kind}"
        if full in files or full in present:
            raise Refusal(errors.exists("Attachment file", full))
        try:
            files[full] = len(base64.b64decode("".join((item.findtext("attachmentdata") or "").split()), validate=True))
        except (binascii.Error, ValueError):
            raise Refusal(errors.illegal("attachmentdata")) from None
        if not files[full]:
            raise Refusal(errors.required("attachmentdata"))
    return files
