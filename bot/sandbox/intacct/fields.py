"""Which objects and fields the books have, how each value is typed, and how it is written on the wire.

Only fields named in the fact sheet exist here, so that a client which asks for another one learns it from a refused call.
One is inferred: a vendor's ONHOLD is read under the name by which the published schema lets it be written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

Value = str | int | Decimal | date | datetime

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class ObjectType:
    """One kind of record.

    `id_field` names the key that people see. `fields` maps a name to its kind: text, int, money, date or datetime.
    `policy` is the permission that guards it (see access.POLICIES), `label` the word in messages.
    """

    id_field: str
    policy: str
    label: str
    fields: dict[str, str] = field(default_factory=dict)


def _fields(text: str, **kinds: str) -> dict[str, str]:
    return {"RECORDNO": "int", **dict.fromkeys(text.split(), "text"), **kinds}


DIMENSIONS = {
    "DEPT": ("DEPARTMENT", "departmentid", "Department"),
    "LOC": ("LOCATION", "locationid", "Location"),
    "CUSTOMER": ("CUSTOMER", "customerid", "Customer"),
    "VENDOR": ("VENDOR", "vendorid", "Vendor"),
    "EMPLOYEE": ("EMPLOYEE", "employeeid", "Employee"),
    "PROJECT": ("PROJECT", "projectid", "Project"),
    "TASK": ("TASK", "taskid", "Task"),
    "ITEM": ("ITEM", "itemid", "Item"),
    "CLASS": ("CLASS", "classid", "Class"),
    "CONTRACT": ("CONTRACT", "contractid", "Contract"),
    "WAREHOUSE": ("WAREHOUSE", "warehouseid", "Warehouse"),
}
"""The REQUIRE… suffix of an account: the object, the element on a line, the word in messages."""

_MONEY = dict.fromkeys(
    ("TOTALENTERED", "TRX_TOTALENTERED", "TOTALPAID", "TRX_TOTALPAID", "TOTALDUE", "TRX_TOTALDUE"), "money"
)

OBJECTS: dict[str, ObjectType] = {
    "GLACCOUNT": ObjectType(
        "ACCOUNTNO",
        "Accounts",
        "GL account",
        _fields(
            "ACCOUNTNO TITLE CATEGORY ACCOUNTTYPE NORMALBALANCE CLOSINGTYPE CLOSINGACCOUNTNO ALTERNATIVEACCOUNT STATUS"
            " SUBLEDGERCONTROLON MEGAENTITYID",
            **{f"REQUIRE{suffix}": "text" for suffix in DIMENSIONS},
        ),
    ),
    "CREDITCARD": ObjectType(
        "CARDID",
        "Credit card accounts",
        "credit card",
        _fields(
            "CARDID DESCRIPTION CARDTYPE EXP_MONTH EXP_YEAR STATUS LIABACCTKEY VENDORID DEPT LOCATION LOCATIONNAME"
            " LIABILITYTYPE CURRENCY_R MEGAENTITYID",
            **dict.fromkeys(("LIABACCT#", "DEPT#", "LOCATION#", "MEGAENTITYKEY"), "int"),
            WHENMODIFIED="datetime",
        ),
    ),
    "CCTRANSACTION": ObjectType(
        "RECORDNO",
        "Credit card transactions",
        "credit card transaction",
        _fields(
            "RECORDID DESCRIPTION SUPDOCID BASECURR CURRENCY STATE RAWSTATE CLEARED INCLUSIVETAX TAXSOLUTIONID"
            " MEGAENTITYID RECORD_URL FINANCIALENTITY REVERSALDATE REVERSEDDATE",
            REVERSALKEY="int",
            REVERSEDKEY="int",
            WHENCREATED="date",
            AUWHENCREATED="datetime",
            WHENMODIFIED="datetime",
            WHENPAID="date",
            **_MONEY,
        ),
    ),
    "CCTRANSACTIONENTRY": ObjectType(
        "RECORDNO",
        "Credit card transactions",
        "credit card transaction line",
        _fields(
            "ACCOUNTNO DESCRIPTION DEPARTMENTID LOCATIONID CUSTOMERID VENDORID EMPLOYEEID PROJECTID TASKID ITEMID CLASSID",
            RECORDKEY="int",
            LINE_NO="int",
            AMOUNT="money",
            TRX_AMOUNT="money",
        ),
    ),
    "LOCATIONENTITY": ObjectType(
        "LOCATIONID", "Entities", "entity", _fields("LOCATIONID NAME CURRENCY STATUS TAXSOLUTIONID", STARTOPEN="date")
    ),
    "LOCATION": ObjectType(
        "LOCATIONID", "Locations", "location", _fields("LOCATIONID NAME PARENTID ENTITY LOCATIONTYPE STATUS CURRENCY")
    ),
    "DEPARTMENT": ObjectType(
        "DEPARTMENTID", "Departments", "department", _fields("DEPARTMENTID TITLE PARENTID STATUS")
    ),
    "CLASS": ObjectType("CLASSID", "Classes", "class", _fields("CLASSID NAME STATUS")),
    "PROJECT": ObjectType(
        "PROJECTID", "Projects", "project", _fields("PROJECTID NAME CUSTOMERID PROJECTSTATUS STATUS MEGAENTITYID")
    ),
    "TASK": ObjectType("TASKID", "Projects", "task", _fields("TASKID PROJECTID NAME TASKSTATUS")),
    "VENDOR": ObjectType("VENDORID", "Vendors", "vendor", _fields("VENDORID NAME STATUS ONHOLD MEGAENTITYID")),
    "CUSTOMER": ObjectType("CUSTOMERID", "Customers", "customer", _fields("CUSTOMERID NAME STATUS MEGAENTITYID")),
    "EMPLOYEE": ObjectType(
        "EMPLOYEEID", "Employees", "employee", _fields("EMPLOYEEID CONTACT_NAME STATUS MEGAENTITYID")
    ),
    "ITEM": ObjectType("ITEMID", "Items", "item", _fields("ITEMID NAME STATUS MEGAENTITYID")),
    "CHECKINGACCOUNT": ObjectType(
        "BANKACCOUNTID", "Checking accounts", "checking account", _fields("BANKACCOUNTID GLACCOUNTNO STATUS")
    ),
    "SUPDOC": ObjectType(
        "SUPDOCID", "Attachments", "attachment", _fields("SUPDOCID SUPDOCNAME FOLDERNAME SUPDOCDESCRIPTION FILES")
    ),
    "SUPDOCFOLDER": ObjectType("NAME", "Attachments", "attachment folder", _fields("NAME DESCRIPTION PARENT")),
    "USERINFO": ObjectType(
        "LOGINID", "Users", "user", _fields("LOGINID DESCRIPTION STATUS USERTYPE LOGINDISABLED ADMIN")
    ),
    "USERROLES": ObjectType("RECORDNO", "Users", "user role", _fields("USERID ROLENAME")),
    "ROLES": ObjectType("NAME", "Roles", "role", _fields("NAME")),
    "ROLEUSERS": ObjectType("RECORDNO", "Roles", "role user", _fields("USERLOGINID ROLENAME")),
}

DEFAULTS: dict[str, dict[str, str]] = {
    "GLACCOUNT": {
        "ACCOUNTTYPE": "incomestatement",
        "NORMALBALANCE": "debit",
        "CLOSINGTYPE": "non-closing account",
        "CLOSINGACCOUNTNO": "",
        "ALTERNATIVEACCOUNT": "None",
        "CATEGORY": "",
        "SUBLEDGERCONTROLON": "false",
        **{f"REQUIRE{suffix}": "false" for suffix in DIMENSIONS},
    },
    "CREDITCARD": {
        "DESCRIPTION": "",
        "CARDTYPE": "Visa",
        "LIABILITYTYPE": "Credit",
        "VENDORID": "",
        "DEPT": "",
        "LOCATION": "",
    },
    "VENDOR": {"ONHOLD": "false"},
}
"""What a new record has where nothing is given; every record also starts active and, where it can have one, without owner."""

BEHIND_THE_SCREEN = frozenset({"SUPDOC", "SUPDOCFOLDER"})
"""Kept as records, but reached by functions of their own; not queryable."""

CODES: dict[str, dict[str, str]] = {
    "STATUS": {"T": "active", "F": "inactive"},
    "ACCOUNTTYPE": {"N": "balancesheet", "I": "incomestatement"},
    "USERTYPE": {"B": "business user", "E": "employee user", "R": "view only user", "P": "project manager user"},
}
"""`readByQuery` compares database codes where `query` compares labels."""

_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_DATETIME = re.compile(r"(\d{1,2}/\d{1,2}/\d{4})(?: (\d{2}):(\d{2}):(\d{2}))?")


def typed(kind: str, text: str) -> Value:
    """Turns a text of the wire into a value. Dates are MM/DD/YYYY, never ISO.

    Raises:
        ValueError: the text is none of that kind.
    """
    text = text.strip()
    if kind == "int":
        return int(text)
    if kind == "money":
        return _decimal(text)
    if kind == "date":
        if not (found := _DATE.fullmatch(text)):
            raise ValueError(text)
        return date(int(found[3]), int(found[1]), int(found[2]))
    if kind == "datetime":
        if not (found := _DATETIME.fullmatch(text)):
            raise ValueError(text)
        day = typed("date", found[1])
        assert isinstance(day, date)
        hour, minute, second = (int(part or 0) for part in found.groups()[1:])
        return datetime.combine(day, time(hour, minute, second))
    return text


def stored(kind: str, value: Any) -> Value | None:
    """A value of a company's dict as it is kept: as `typed`, but ISO dates are fine and an empty one is None."""
    if value is None or value == "":
        return "" if kind == "text" else None
    if kind == "date" and re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
        return date.fromisoformat(str(value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (Decimal, date)):
        return value
    return typed(kind, str(value)) if kind != "text" else str(value)


def _decimal(text: str) -> Decimal:
    if not re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,10})?", text):
        raise ValueError(text)
    try:
        return Decimal(text)
    except InvalidOperation as error:  # a longer number than the context holds
        raise ValueError(text) from error


def amount(text: str) -> Decimal:
    """A money amount: a plain decimal point, no separators, at most two decimals. Raises ValueError."""
    value = _decimal(text.strip())
    if value != round(value, 2):
        raise ValueError(text)
    return round(value, 2)


def month_number(text: str) -> int:
    """1 to 12 for a month's number or English name. Raises ValueError."""
    return int(text) if text.isdigit() and 1 <= int(text) <= 12 else MONTHS.index(text.capitalize()) + 1


def wire(value: Any) -> str:
    """A value as the gateway writes it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%m/%d/%Y %H:%M:%S")
    if isinstance(value, date):
        return value.strftime("%m/%d/%Y")
    return str(value)
