"""The calls, one builder each: values in, the element inside `<function>` out.

Legacy functions are checked for order, so children stand in the order of the published schema. Empty optional values
are left out.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import date

from lxml import etree

from bot.intacct.envelope import Element, add, add_if
from bot.intacct.records import AccountRecord, Attachment, AttachmentFile, CardTransaction, PostingLine
from bot.intacct.text import TEXT_LIMIT, clean, cut, plain_amount, plain_rate

# --- card transactions ------------------------------------------------------------------------------------------------


def record_cctransaction(transaction: CardTransaction) -> Element:
    call = etree.Element("record_cctransaction")
    add(call, "chargecardid", transaction.card)
    _day(call, "paymentdate", transaction.date)
    add_if(call, "referenceno", transaction.reference)
    add_if(call, "payee", transaction.payee)
    add_if(call, "description", transaction.description)
    add_if(call, "supdocid", transaction.supdoc_id)
    if transaction.currency:
        _currency(call, transaction)
    _custom_fields(call, transaction.custom_fields)
    items = etree.SubElement(call, "ccpayitems")
    for line in transaction.lines:
        _line(items, line)
    return call


def attach_supdoc(record_no: str, supdoc_id: str) -> Element:
    """Changes nothing of a posted transaction but its attachment."""
    call = etree.Element("update_cctransaction", key=clean(record_no))
    add(call, "supdocid", supdoc_id)
    return call


def reverse_cctransaction(record_no: str, day: date, memo: str) -> Element:
    call = etree.Element("reverse_cctransaction", key=clean(record_no))
    _day(call, "datereversed", day)
    add_if(call, "memo", cut(memo, TEXT_LIMIT))
    return call


def _currency(call: Element, transaction: CardTransaction) -> None:
    """`currency` alone is refused: either a rate or a rate type (which may be empty) must follow it."""
    add(call, "currency", transaction.currency)
    if transaction.exchange_rate is not None:
        add(call, "exchrate", plain_rate(transaction.exchange_rate))
        return
    if transaction.exchange_date:
        _day(call, "exchratedate", transaction.exchange_date)
    add(call, "exchratetype", transaction.exchange_rate_type)


def _line(items: Element, line: PostingLine) -> None:
    item = etree.SubElement(items, "ccpayitem")
    add(item, "glaccountno", line.account)
    add_if(item, "description", line.description)
    add(item, "paymentamount", plain_amount(line.amount))
    add_if(item, "departmentid", line.department)
    add_if(item, "locationid", line.location)
    add_if(item, "customerid", line.customer)
    add_if(item, "vendorid", line.vendor)
    add_if(item, "employeeid", line.employee)
    add_if(item, "projectid", line.project)
    add_if(item, "taskid", line.task)
    add_if(item, "costtypeid", line.cost_type)
    add_if(item, "itemid", line.item)
    add_if(item, "classid", line.class_)
    _custom_fields(item, line.custom_fields)


def _custom_fields(parent: Element, pairs: Iterable[tuple[str, str]]) -> None:
    said = [(name, value) for name, value in pairs if value]
    if not said:
        return
    fields = etree.SubElement(parent, "customfields")
    for name, value in said:
        one = etree.SubElement(fields, "customfield")
        add(one, "customfieldname", name)
        add(one, "customfieldvalue", value)


def _day(parent: Element, tag: str, day: date) -> None:
    element = etree.SubElement(parent, tag)
    add(element, "year", f"{day.year:04d}")
    add(element, "month", f"{day.month:02d}")
    add(element, "day", f"{day.day:02d}")


# --- accounts ---------------------------------------------------------------------------------------------------------


def create_account(account: AccountRecord) -> Element:
    """The generic `create` of GLACCOUNT.

    "Disallow direct posting" is not in the documented list and is off by default, so it is sent only when asked for.
    """
    call = etree.Element("create")
    ledger = etree.SubElement(call, "GLACCOUNT")
    add(ledger, "ACCOUNTNO", account.account_no)
    add(ledger, "TITLE", account.title)
    add_if(ledger, "CATEGORY", account.category)
    add(ledger, "ACCOUNTTYPE", account.account_type)
    add(ledger, "NORMALBALANCE", account.normal_balance)
    add(ledger, "CLOSINGTYPE", account.closing_type)
    add(ledger, "ALTERNATIVEACCOUNT", account.alternative)
    add(ledger, "STATUS", account.status)
    for name in account.required:
        add(ledger, f"REQUIRE{name}", "true")
    if not account.direct_posting:
        add(ledger, "SUBLEDGERCONTROLON", "true")
    return call


def update_account(account_no: str, changes: Mapping[str, str]) -> Element:
    """Changes the named fields only: `{"STATUS": "active", "REQUIREDEPT": "false"}`."""
    call = etree.Element("update")
    ledger = etree.SubElement(call, "GLACCOUNT")
    add(ledger, "ACCOUNTNO", account_no)
    for name, value in changes.items():
        add(ledger, name, value)
    return call


# --- vendors ----------------------------------------------------------------------------------------------------------


def create_vendor(vendor_id: str, name: str) -> Element:
    """An active vendor with an ID and a name, and nothing else."""
    call = etree.Element("create_vendor")
    add(call, "vendorid", vendor_id)
    add(call, "name", name)
    add(call, "status", "active")
    return call


def update_vendor(vendor_id: str, changes: Mapping[str, str]) -> Element:
    """Changes the named fields only: `{"onhold": "false", "status": "active"}`."""
    call = etree.Element("update_vendor", vendorid=clean(vendor_id))
    for tag in ("onhold", "status"):
        if tag in changes:
            add(call, tag, changes[tag])
    return call


# --- attachments ------------------------------------------------------------------------------------------------------


def create_supdoc_folder(name: str, description: str) -> Element:
    call = etree.Element("create_supdocfolder")
    add(call, "supdocfoldername", name)
    add_if(call, "supdocfolderdescription", description)
    return call


def create_supdoc(attachment: Attachment) -> Element:
    """Documentation and schema disagree on what is required, so ID, name and folder are always sent."""
    call = etree.Element("create_supdoc")
    add(call, "supdocid", attachment.supdoc_id)
    add(call, "supdocname", attachment.name)
    add(call, "supdocfoldername", attachment.folder)
    add_if(call, "supdocdescription", attachment.description)
    if attachment.files:
        files = etree.SubElement(call, "attachments")
        for name, extension, content in _distinct(attachment.files):
            one = etree.SubElement(files, "attachment")
            add(one, "attachmentname", name)
            add(one, "attachmenttype", extension)
            add(one, "attachmentdata", base64.b64encode(content).decode())
    return call


def _distinct(files: Iterable[AttachmentFile]) -> Iterable[tuple[str, str, bytes]]:
    """(name without dots, extension, content); Intacct wants names unique within one attachment."""
    taken: set[str] = set()
    for file in files:
        stem, _, extension = clean(file.name).rpartition(".")
        stem, extension = (stem, extension) if stem else (extension, "")
        wanted = stem.replace(".", "_") or "file"
        name, number = wanted, 1
        while name.casefold() in taken:
            number += 1
            name = f"{wanted}-{number}"
        taken.add(name.casefold())
        yield name, extension, file.content


# --- reads ------------------------------------------------------------------------------------------------------------


def get_api_session() -> Element:
    return etree.Element("getAPISession")


def lookup(name: str) -> Element:
    """The fields that this company has on an object."""
    call = etree.Element("lookup")
    add(call, "object", name)
    return call


def get_user_permissions(user_id: str) -> Element:
    call = etree.Element("getUserPermissions")
    add(call, "userId", user_id)
    return call


def get_company_preferences(application: str) -> Element:
    return etree.Element("get_companyprefs", application=clean(application))


def plain(name: str) -> Element:
    """A call without arguments: `readEntityDetails`, `getFinancialSetup`, `get_applications`."""
    return etree.Element(name)
