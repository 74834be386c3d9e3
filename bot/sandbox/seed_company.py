"""Harbor & Pine Outfitters in Sage Intacct: an outdoor shop with two entities, before anything is connected."""

from __future__ import annotations

import copy
from datetime import date, timedelta
from typing import Any

SENDER_ID = "harborpine-bot"
SENDER_PASSWORD = "sandbox-sender-password"  # noqa: S105 - opens nothing but the simulator
WEB_SERVICES_PASSWORD = "sandbox-web-services-password"  # noqa: S105 - the same

BALANCE_SHEET = """
1000 Operating account
1010 Petty cash
1015 Payroll account
1200 Accounts receivable
1300 Inventory
1310 Inventory in transit
1400 Prepaid expenses
1410 Deposits paid
1500 Fixtures and fittings
1510 Computer equipment
1590 Accumulated depreciation
1900 Due from entities
2010 Accounts payable
2050 Accrued expenses
2100 Sales tax payable
2200 Gift cards outstanding
2300 Payroll liabilities
2900 Due to entities
3000 Common stock
3900 Retained earnings
"""
REVENUE = """
4000 Store sales
4100 Online sales
"""
EXPENSES = """
5010 Cost of goods, apparel
5020 Cost of goods, footwear
5030 Cost of goods, equipment
5040 Inbound freight
5050 Duties and customs
5060 Shrinkage
6110 Printer supplies
6120 Office supplies
6130 Small equipment
6140 Samples
6150 Books and maps
6210 Software
6215 Software (old)
6220 Web hosting
6230 Payment processing
6250 Domains and certificates
6310 Printing
6320 Advertising
6325 Photography
6330 Trade fairs
6340 Sponsorship
6350 Catalog mailing
6410 Mileage
6420 Travel
6425 Local transport
6430 Lodging, groups
6440 Meals
6450 Coffee and kitchen
6460 Staff gifts
6510 Vehicle fuel
6520 Freight and postage
6530 Vehicle upkeep
6540 Equipment rental
6550 Parking permits
6560 Vehicle insurance
6610 Store supplies
6620 Packaging
6630 Displays
6640 Uniforms
6650 Signage
6660 Rental gear upkeep
6710 Repairs and maintenance
6720 Cleaning
6730 Waste
6740 Security
6750 Rent
6760 Electricity
6770 Water
6810 Telephone and internet
6820 Mobile devices
6910 Training
6920 Memberships
6930 Licenses and permits
6940 Bank charges
6950 Accounting and legal
6960 Consulting
6970 Recruiting
7010 Insurance
7020 Donations
7090 Other expenses
"""
DEPARTMENTS = """
10 Management
15 Finance
20 Sales
25 Online shop
30 Marketing
35 Catalog
40 Store operations
45 Visual merchandising
50 Buying
55 Product
60 Warehouse
65 Deliveries
70 IT
75 Facilities
80 People
85 Training
90 Events
95 Customer care
"""
PROJECTS = """
P-1014 Spring catalog, two years ago
P-1015 Store app
P-1016 Trail map
P-1017 Summer sale
P-1018 Warehouse racks
P-1019 Fall catalog, two years ago
P-1020 Winter catalog, two years ago
P-1021 Ski swap
P-1022 Gear library
P-1023 New tills
P-1024 Loyalty card
P-1025 River clean-up
P-1026 Climbing wall
P-1027 Spring catalog, last year
P-1028 Boot lab
P-1029 Denver opening
P-1030 Denver signage
P-1031 Summer catalog, last year
P-1032 Photo studio
P-1033 Return portal
P-1034 Fall catalog, last year
P-1035 Holiday windows
P-1036 Winter catalog, last year
P-1037 Avalanche courses
P-1038 Boulder closing
P-1039 Store finder
P-1040 Spring catalog
P-1041 Summer catalog
P-1042 Fall catalog
P-1043 Dealer program
P-1044 Wholesale prices
P-1045 Van fleet
P-1046 Member days
P-1047 Tent rental
P-1048 Repair bench
P-1049 Holiday windows, new
P-1050 Winter catalog
"""
VENDORS = """
V-CARDS Cascade Card Services
V-100 Northwind Freight
V-110 Copperline Printing
V-120 Alpine Textile Mills
V-130 Basecamp Equipment
V-140 Rosewell Cleaning
V-150 Willamette Power
"""
CUSTOMERS = """
C-100 Alpine Dealers
C-110 Bend Outdoor Club
C-120 Rocky Mountain Guides
"""
EMPLOYEES = """
E-001 Dana Whitfield
E-002 Lee Okafor
E-003 Sam Castellano
E-004 Maria Ortiz
"""
ITEMS = """
I-100 Rain jacket
I-200 Trail boot
I-300 Two-person tent
"""
CLASSES = """
STORE Store
ONLINE Online
DEALER Dealer
"""
INACTIVE = {"6215", "P-1042", "250"}
ENTITIES = {"100": "Portland", "200": "Denver"}


def pairs(table: str) -> list[tuple[str, str]]:
    """(ID, name) of each line."""
    return [(key, name) for key, _, name in (line.partition(" ") for line in table.strip().splitlines())]


def intacct_company(first: date, closed: date) -> dict[str, Any]:
    """The company before the set-up: no sender let in, no Web Services user, no liability account, no card.

    Args:
        first: the first day of the month that is being closed; everything before it is closed in both ledgers.
        closed: its last day. Denver's Cash Management is closed through it, its General Ledger and all of Portland
            are open.

    Returns:
        The plain dict that the Intacct simulator takes; ISO days, record numbers below `next_recordno`.
    """
    before = (first - timedelta(days=1)).isoformat()
    levels = dict.fromkeys(["", *ENTITIES], before)
    return {
        "company_id": "HarborPine",
        "name": "Harbor & Pine Outfitters",
        "base_currency": "USD",
        "multi_entity": True,
        "demo_expired": False,
        "endpoint_host": None,
        "senders": {SENDER_ID: {"password": SENDER_PASSWORD}},
        "authorized": {},
        "pending_authorizations": {},
        "users": [_person("dwhitfield", "Dana Whitfield", "full"), _person("scastellano", "Sam Castellano", "full")],
        "roles": {},
        "applications": ["CO", "CM", "GL", "AP"],
        "objects": _numbered(_objects()),
        "closed_through": {"GL": levels, "CM": levels | {"200": closed.isoformat()}},
        "preferences": {"CM": {}, "GEN": {"ACCTLEN": "4", "BASECURR": "USD"}},
        "next_recordno": 10301,
    }


def connected(company: dict[str, Any]) -> dict[str, Any]:
    """The same company after a set-up that went well, for tests and quick demos; the given dict is left alone.

    Sender let in, Web Services user `Spendcenter` (WEB_SERVICES_PASSWORD) with the role `Billcom Role` (all rights),
    and for each entity a liability account with its card: 2150 and `Spend Center CC Object` in 100 Portland, 2151 and
    `Spend Center CC 200` in 200 Denver. Two accounts, because each card needs one of its own.
    """
    company = copy.deepcopy(company)
    company["authorized"] = {SENDER_ID: "active"}
    company["roles"] = {"Billcom Role": "all"}
    user = _person("Spendcenter", "Dana Whitfield", "full") | {
        "PASSWORD": WEB_SERVICES_PASSWORD,
        "WEBSERVICES": True,
        "ROLES": ["Administrator", "Billcom Role"],
    }
    company["users"].append(user)
    accounts = [
        _account("2150", "Spend Center GL Account"),
        _account("2151", "Spend Center GL Account 200"),
    ]
    cards = [_card("Spend Center CC Object", "2150", "100"), _card("Spend Center CC 200", "2151", "200")]
    for name, rows in {"GLACCOUNT": accounts, "CREDITCARD": cards}.items():
        for row in rows:
            row["RECORDNO"] = str(company["next_recordno"])
            company["next_recordno"] += 1
        company["objects"][name] += rows
    return company


def _objects() -> dict[str, list[dict[str, str]]]:
    accounts = [_account(*pair) for pair in pairs(BALANCE_SHEET)]
    accounts += [_account(*pair, income=True) for pair in pairs(REVENUE + EXPENSES.lstrip())]
    entities = [{"LOCATIONID": key, "NAME": name, "CURRENCY": "USD"} for key, name in ENTITIES.items()]
    boulder = {"LOCATIONID": "250", "NAME": "Boulder", "PARENTID": "200", "CURRENCY": "USD"}
    return {
        "GLACCOUNT": accounts,
        "CREDITCARD": [],
        "CHECKINGACCOUNT": [{"BANKACCOUNTID": "OPERATING", "GLACCOUNTNO": "1000", "STATUS": "active"}],
        "LOCATIONENTITY": [_status("LOCATIONID", row) for row in entities],
        "LOCATION": [_status("LOCATIONID", row) for row in (*(dict(row) for row in entities), boulder)],
        "DEPARTMENT": _named(DEPARTMENTS, "DEPARTMENTID", "TITLE"),
        "CLASS": _named(CLASSES, "CLASSID"),
        "PROJECT": _named(PROJECTS, "PROJECTID"),
        "VENDOR": _named(VENDORS, "VENDORID"),
        "CUSTOMER": _named(CUSTOMERS, "CUSTOMERID"),
        "EMPLOYEE": _named(EMPLOYEES, "EMPLOYEEID", "CONTACT_NAME"),
        "ITEM": _named(ITEMS, "ITEMID"),
        "CCTRANSACTION": [],
        "CCTRANSACTIONENTRY": [],
    }


def _account(number: str, title: str, *, income: bool = False) -> dict[str, str]:
    """One account. 6420 Travel requires a department; no other account requires anything."""
    credit = number[0] in "234" or number == "1590"
    row = {
        "ACCOUNTNO": number,
        "TITLE": title,
        "CATEGORY": title,
        "ACCOUNTTYPE": "incomestatement" if income else "balancesheet",
        "NORMALBALANCE": "credit" if credit else "debit",
        "CLOSINGTYPE": "closing account" if income else "non-closing account",
        "CLOSINGACCOUNTNO": "3900" if income else "",
        "ALTERNATIVEACCOUNT": {"1200": "Receivables account", "2010": "Payables account"}.get(number, "None"),
        "SUBLEDGERCONTROLON": "false",
        "MEGAENTITYID": "",
    }
    asked = ("DEPT", "LOC", "CUSTOMER", "VENDOR", "EMPLOYEE", "PROJECT", "ITEM", "CLASS")
    required = {f"REQUIRE{name}": str(name == "DEPT" and number == "6420").lower() for name in asked}
    return _status("ACCOUNTNO", row | required)


def _card(card: str, account: str, entity: str) -> dict[str, str]:
    return {
        "CARDID": card,
        "DESCRIPTION": f"Spend Center cards, {ENTITIES[entity]}",
        "CARDTYPE": "Visa",
        "EXP_MONTH": "December",
        "EXP_YEAR": "2035",
        "STATUS": "active",
        "LIABACCTKEY": account,
        "VENDORID": "V-CARDS",
        "LOCATION": entity,
        "LIABILITYTYPE": "Credit",
        "CURRENCY_R": "USD",
        "MEGAENTITYID": entity,
    }


def _person(login: str, name: str, admin: str) -> dict[str, Any]:
    """Somebody who signs in on the screen; nobody does in the sandbox, so the password is for show."""
    return {
        "LOGINID": login,
        "PASSWORD": f"sandbox-password-of-{login}",
        "USERTYPE": "business user",
        "STATUS": "active",
        "ADMIN": admin,
        "WEBSERVICES": False,
        "ENTITIES": [],
        "permissions": "role",
        "ROLES": ["Administrator"],
        "rights": {},
        "EMAIL": f"{name.split(maxsplit=1)[0].lower()}@harborpine.example",
        "CONTACT": name,
    }


def _named(table: str, key: str, name: str = "NAME") -> list[dict[str, str]]:
    return [_status(key, {key: number, name: title}) for number, title in pairs(table)]


def _status(key: str, row: dict[str, str]) -> dict[str, str]:
    return row | {"STATUS": "inactive" if row[key] in INACTIVE else "active"}


def _numbered(objects: dict[str, list[dict[str, str]]]) -> dict[str, list[dict[str, str]]]:
    """Record numbers of their own range, so that none equals an ID or an account number. An entity has one in both of its lists."""
    numbers = iter(range(10_001, 10_301))
    made = {name: [row | {"RECORDNO": str(next(numbers))} for row in rows] for name, rows in objects.items()}
    entities = {row["LOCATIONID"]: row["RECORDNO"] for row in made["LOCATIONENTITY"]}
    for row in made["LOCATION"]:
        row["RECORDNO"] = entities.get(row["LOCATIONID"], row["RECORDNO"])
    return made
