"""Causes in the coding of a line: dimensions, entities, vendors."""

from __future__ import annotations

from functools import partial

from bot.sandbox.causes.cause import VALUES, Cause, intacct, saved

_value = partial(Cause, group=VALUES)
_SALES = {"object": "DEPARTMENT", "record": {"DEPARTMENTID": "20"}}
_WINTER = {"fields": {"Project": "P-1050 - Winter catalog"}}
_with_vendor = partial(
    _value,
    needs="A connection with a default vendor, V-130, as a connection file gives it.",
    settings={"defaults": {"vendor": "V-130"}},
)
_whole_company = partial(
    _value, needs="A connection of the whole company, at the top level.", settings={"whole_company": True}
)
_DENVER = {"GL Account": "6440 - Meals", "Department": "20 - Sales", "Location": "200 - Denver"}
_PORTLAND = _DENVER | {"Location": "100 - Portland"}

CAUSES = (
    _value(
        name="project-required",
        hint="dimension-required",
        title="Account 6440 Meals requires a project",
        alert="1 transaction needs a project",
        how="Choose the project in the alert. Or General Ledger > Accounts > 6440 > Edit > Required dimensions.",
        breaks=(saved("GLACCOUNT", ACCOUNTNO="6440", REQUIREPROJECT="true"),),
        mends=(saved("GLACCOUNT", ACCOUNTNO="6440", REQUIREPROJECT="false"),),
    ),
    _value(
        name="department-inactive",
        hint="dimension-inactive",
        title="Department 20 Sales is set to inactive",
        alert="1 transaction uses department 20 Sales, which is inactive",
        how="Company > Departments > 20 > Edit: set Status to Active. Or choose another department in the alert.",
        breaks=(saved("DEPARTMENT", DEPARTMENTID="20", STATUS="inactive"),),
        mends=(saved("DEPARTMENT", DEPARTMENTID="20", STATUS="active"),),
    ),
    _value(
        name="department-deleted",
        hint="dimension-unknown",
        title="Department 20 Sales is deleted",
        alert="1 transaction uses department 20",
        how="Company > Departments > Add: 20. Or choose another department in the alert.",
        needs="Only before a transaction with it has posted: Intacct keeps what is in use.",
        breaks=(intacct("delete_record", **_SALES),),
        mends=(intacct("create_record", object="DEPARTMENT", record={"DEPARTMENTID": "20", "TITLE": "Sales"}),),
    ),
    _value(
        name="location-inactive",
        hint="location-closed",
        title="Location 100 Portland is set to inactive",
        alert="1 transaction uses location 100 Portland, which was closed",
        how="Company > Locations > 100 > Edit: set Status to Active.",
        breaks=(saved("LOCATION", LOCATIONID="100", STATUS="inactive"),),
        mends=(saved("LOCATION", LOCATIONID="100", STATUS="active"),),
    ),
    _value(
        name="project-completed",
        hint="dimension-unknown",
        title="Project P-1050 Winter catalog is completed",
        alert="1 transaction uses project P-1050 Winter catalog",
        how="Projects > Projects > P-1050 > Edit: a status that takes costs. Or choose another project in the alert.",
        breaks=(saved("PROJECT", PROJECTID="P-1050", PROJECTSTATUS="Completed"),),
        mends=(saved("PROJECT", PROJECTID="P-1050", PROJECTSTATUS="In progress"),),
        buys=_WINTER,
    ),
    _value(
        name="project-of-another-customer",
        hint="project-customer-mismatch",
        title="Project P-1050 belongs to another customer than the line's",
        alert="1 transaction names a project and a customer that do not belong together",
        how="Projects > Projects > P-1050 > Edit: Customer C-110.",
        needs="A connection with a default customer, C-110, as a connection file gives it.",
        settings={"defaults": {"customer": "C-110"}},
        breaks=(saved("PROJECT", PROJECTID="P-1050", CUSTOMERID="C-100"),),
        mends=(saved("PROJECT", PROJECTID="P-1050", CUSTOMERID="C-110"),),
        buys=_WINTER,
    ),
    _value(
        name="department-restricted",
        hint="dimension-restricted",
        title="Account 6440 Meals is closed to department 20",
        alert="1 transaction combines coding that Intacct does not allow together",
        how="General Ledger > Accounts > 6440 > Edit > Restrictions: allow 20. Or choose another department.",
        breaks=(intacct("restrict", account="6440", object="DEPARTMENT", value="20"),),
        mends=(intacct("restrict", account="6440", object="DEPARTMENT", value="20", restricted=False),),
    ),
    _value(
        name="department-filled-in",
        hint="dimension-auto-filled",
        title="Location 100 brings department 30 with it",
        alert="1 transaction needs the department that Intacct fills in",
        how="Choose 30 Marketing in the alert. Or change the relationship: here, with the button.",
        breaks=(intacct("relate", object="LOCATION", value="100", fills="DEPARTMENT", with_="30"),),
        mends=(intacct("relate", object="LOCATION", value="100", fills="DEPARTMENT"),),
    ),
    _with_vendor(
        name="vendor-inactive",
        hint="vendor-inactive",
        title="Vendor V-130 is set to inactive",
        alert="1 transaction names vendor V-130",
        how="Accounts Payable > Vendors > V-130 > Edit: set Status to Active. Or choose another vendor in the alert.",
        breaks=(saved("VENDOR", VENDORID="V-130", STATUS="inactive"),),
        mends=(saved("VENDOR", VENDORID="V-130", STATUS="active"),),
    ),
    _with_vendor(
        name="vendor-deleted",
        hint="vendor-unknown",
        title="Vendor V-130 is deleted",
        alert="1 transaction names vendor V-130",
        how="Accounts Payable > Vendors > Add: V-130. Or choose another vendor in the alert.",
        breaks=(intacct("delete_record", object="VENDOR", record={"VENDORID": "V-130"}),),
        mends=(intacct("create_record", object="VENDOR", record={"VENDORID": "V-130", "NAME": "Basecamp Equipment"}),),
    ),
    _whole_company(
        name="between-entities",
        hint="lines-across-entities",
        title="A purchase is split over two entities, and nothing is set up between them",
        alert="1 transaction has lines for more than one entity",
        how="Company > Setup > Inter-entity transactions. Here, put it right with the button.",
        breaks=(intacct("set_preference", application="GEN", preference="INTERENTITY", value="off"),),
        mends=(intacct("set_preference", application="GEN", preference="INTERENTITY", value="on"),),
        buys={"lines": [{"amount": "30.00", "fields": _PORTLAND}, {"amount": "18.20", "fields": _DENVER}]},
    ),
    _whole_company(
        name="credit-between-entities",
        hint="negative-across-entities",
        title="A purchase in Portland and money back in Denver, on one receipt",
        alert="1 transaction mixes a refund with lines of another entity",
        how="Company > Setup > Inter-entity transactions decides about credits. Here, put it right with the button.",
        breaks=(intacct("set_preference", application="GEN", preference="INTERENTITY_CREDITS", value="owners"),),
        mends=(intacct("set_preference", application="GEN", preference="INTERENTITY_CREDITS", value="any"),),
        buys={"lines": [{"amount": "60.00", "fields": _PORTLAND}, {"amount": "-11.80", "fields": _DENVER}]},
    ),
)
