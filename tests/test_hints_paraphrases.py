"""Wordings that nobody has sent yet: the classifier goes by meaning, so none of these is written as Intacct writes it."""

from __future__ import annotations

import pytest

from bot.hints.classify import classify
from bot.models import Fault, Level, Operation, RawError

F, A, C, T = Level.FUNCTION, Level.AUTHENTICATION, Level.CONTROL, Level.TRANSPORT
R, W = Operation.READ, Operation.WRITE

# level, text, category, retry, part of the subject
CODING: list[tuple[str, str, str]] = [
    # account requires a dimension
    ("You must specify a department for account 6420.", "dimension.required", "6420 department"),
    ("Account 6420 (Travel) cannot be posted without a department", "dimension.required", "6420 department"),
    ("Department is mandatory when posting to account number 6420.", "dimension.required", "6420 department"),
    (
        "A Department value was not supplied on line 2, and GL account 6420 needs one.",
        "dimension.required",
        "6420 department",
    ),
    ("GL account 6420--Travel demands a Class", "dimension.required", "6420 class"),
    (
        "Line 3: the class dimension is blank, but it is required by account '7010.20'",
        "dimension.required",
        "7010.20 class",
    ),
    (
        "No project was given for account 5100, which has Project as a required dimension.",
        "dimension.required",
        "5100 project",
    ),
    ("Entries on account 6110 have to carry a location dimension", "dimension.required", "6110 location"),
    ("Missing required dimension: Department (account 6420)", "dimension.required", "6420 department"),
    ("Customer dimension must be populated for account 4000-10.", "dimension.required", "4000-10 customer"),
    ("The entry lacks an employee, and account 6650 insists on it", "dimension.required", "6650 employee"),
    ("6420 requires department", "dimension.required", "6420 department"),
    ("Your account setup for 6420 makes the department dimension compulsory.", "dimension.required", "6420 department"),
    ("The department is a required dimension on 6420 and has been left empty", "dimension.required", "6420 department"),
    ("This transaction does not have a department. Account 6420 requires it.", "dimension.required", "6420 department"),
    (
        "GL account number '6420' has a mandatory dimension 'Department' that was not provided",
        "dimension.required",
        "6420 department",
    ),
    ("An Item must be selected for account 5020.", "dimension.required", "5020 item"),
    ("Vendor dimension is required for account 6300", "dimension.required", "6300 vendor"),
    ("Missing the Grant dimension for Account 7001.", "dimension.required", "7001 grant"),
    ("The line posted to 6420 has no department.", "dimension.required", "6420 department"),
    ("Departments are required for the GL account '6420'", "dimension.required", "6420 department"),
    ("Account 6420 cannot be used unless a department is entered", "dimension.required", "6420 department"),
    ("A required dimension is missing for GL account 6810.", "dimension.required", "6810"),
    # unknown, inactive, closed values
    ("Department 300 no longer exists.", "dimension.invalid", "department 300"),
    ("We could not find a department with ID '300'.", "dimension.invalid", "department 300"),
    ("The value '300' is not a recognized department", "dimension.invalid", "department 300"),
    ("Department '300 - Sales' has been retired", "dimension.invalid", "department 300"),
    ("Class C-12 was deactivated on 10/01/2026.", "dimension.invalid", "class C-12"),
    ("Unknown class 'Retail'", "dimension.invalid", "class Retail"),
    ("There is no location called '250'", "dimension.invalid", "location 250"),
    ("Location 250--Boulder is inactive and cannot be used in transactions", "dimension.invalid", "location 250"),
    ("Location 250 was closed.", "dimension.invalid", "location 250"),
    (
        "The project 'P-1042' is completed; no further costs can be charged to it.",
        "dimension.invalid",
        "project P-1042",
    ),
    ("Project P-1042 has a status of Closed that prevents transactions.", "dimension.invalid", "project P-1042"),
    ("Job 'P-1042' is not open for postings", "dimension.invalid", "project P-1042"),
    ("Cannot locate project P-1042 in this company.", "dimension.invalid", "project P-1042"),
    ("Customer ID C-77 could not be matched to any record", "dimension.invalid", "customer C-77"),
    ("Invalid value 'E-9' for field Employee", "dimension.invalid", "employee E-9"),
    ("Item 'SKU-44' does not exist in the item list", "dimension.invalid", "item SKU-44"),
    ("'300' is not a valid department", "dimension.invalid", "department 300"),
    ("The department you entered (300) is not active.", "dimension.invalid", "department 300"),
    ("DEPARTMENT '300' NOT FOUND", "dimension.invalid", "department 300"),
    ("No active department matches '300'", "dimension.invalid", "department 300"),
    ("The specified location 250 is disabled.", "dimension.invalid", "location 250"),
    ("Task 'T-4' specified is not valid.", "dimension.invalid", "task T-4"),
    ("Department 300 for account 6420 is inactive.", "dimension.invalid", "department 300"),
    ("On account 6420, department 300 does not exist.", "dimension.invalid", "department 300"),
    ("Department 300 does not exist. A valid department is required.", "dimension.invalid", "department 300"),
    ("Department 'Closed Books Team' is not valid", "dimension.invalid", "department Closed Books Team"),
    ("Department 'Period 13' has been archived", "dimension.invalid", "department Period 13"),
    # forbidden together
    ("Department 300 is not allowed with account 6420.", "dimension.restricted", "department 300"),
    ("The combination of account 6420 and location 250 is not permitted", "dimension.restricted", "location 250"),
    (
        "Location 250 may not be used with department 300 because of a dimension relationship",
        "dimension.restricted",
        "location 250",
    ),
    ("Department restricted: '300' cannot be used for this account", "dimension.restricted", "department 300"),
    ("Location must be 200. The value is set automatically by a relationship.", "dimension.restricted", "location 200"),
    ("Project P-7 does not belong to customer C-1.", "dimension.restricted", "project P-7"),
    ("The chosen project is not linked to the chosen customer", "dimension.restricted", ""),
    ("The employee isn’t a resource of the project 'P-7'.", "dimension.restricted", "project P-7"),
    ("Class 'Retail' is incompatible with department 300", "dimension.restricted", "class Retail"),
    # accounts
    ("Account 6215 has been deactivated.", "config.gl_account", "account 6215"),
    ("The GL account number 6215 can't be found in the chart of accounts", "config.gl_account", "account 6215"),
    ("GL account 6215 is not active", "config.gl_account", "account 6215"),
    ("'6215' is not a valid account number", "config.gl_account", "account 6215"),
    ("Invalid account number 6215", "config.gl_account", "account 6215"),
    ("No such GL account: 6215", "config.gl_account", "account 6215"),
    ("Account '6215--Software (old)' is inactive", "config.gl_account", "account 6215"),
    ("The account 6215 isn't available for entity 200", "config.gl_account", "account 6215"),
    ("Account number is missing on line 4", "config.gl_account", ""),
    ("A GL account must be specified for each line.", "config.gl_account", ""),
    ("An account with number 2150 already exists.", "config.gl_account", "account 2150"),
    ("Account number 2150 is already in use", "config.gl_account", "account 2150"),
    ("Account 2150 does not allow direct posting", "config.gl_restricted", "account 2150"),
    ("You can't post directly to account 2150.", "config.gl_restricted", "account 2150"),
    (
        "Manual entries to account '1200' are disallowed; it is a control account.",
        "config.gl_restricted",
        "account 1200",
    ),
    (
        "Account 2010 is linked to credit card AMEX-01 and may not be used on a line.",
        "config.gl_restricted",
        "account 2010",
    ),
    ("GL account 1000 belongs to bank account CHK-1", "config.gl_restricted", "account 1000"),
    ("Account 6420 is restricted for location 250.", "config.gl_restricted", "account 6420"),
    ("The account '6420' may not be used with department '300'", "config.gl_restricted", "account 6420"),
    (
        "Account 6420 is restricted to certain departments and 300 is not among them",
        "config.gl_restricted",
        "account 6420",
    ),
    # card
    ("There is no credit card with the ID 'Spend Center CC'.", "config.card_account", "card Spend Center CC"),
    (
        "Charge card account 'Spend Center CC Object' was not found",
        "config.card_account",
        "card Spend Center CC Object",
    ),
    (
        "The credit card 'Spend Center CC Object' has been deactivated",
        "config.card_account",
        "card Spend Center CC Object",
    ),
    ("chargecardid 'SC-1' is not valid", "config.card_account", "card SC-1"),
    ("Credit card SC-1 expired on 12/31/2025.", "config.card_account", "card SC-1"),
    ("In a multi-currency company, charge cards can't be used at the top level", "config.card_account", ""),
    ("You have not set up any credit cards yet", "config.card_account", ""),
    ("Unknown charge card 'SC-1'", "config.card_account", "card SC-1"),
    ("The liability card must be created at the entity level", "config.card_account", ""),
    # entity and location
    ("Each line needs a location in a multi-entity company.", "entity.location", ""),
    ("Location cannot be left blank when working at the top level", "entity.location", ""),
    ("A location is required.", "entity.location", ""),
    ("You have to select a location", "entity.location", ""),
    ("Empty locations are not allowed; specify a valid multi-entity location", "entity.location", ""),
    ("Negative lines can't be combined with lines of several entities", "entity.location", ""),
    ("All lines must belong to the same entity.", "entity.location", ""),
    ("Inter-entity account mapping is missing between 100 and 200", "entity.location", ""),
    # vendor
    ("No vendor found for 'Copperline Printing'", "vendor.invalid", "vendor Copperline Printing"),
    ("The vendor V-1009 is inactive.", "vendor.invalid", "vendor V-1009"),
    ("Vendor 'V-1009' was placed on hold", "vendor.invalid", "vendor V-1009"),
    ("Supplier 'V-1009' does not exist", "vendor.invalid", "vendor V-1009"),
    (
        "Vendor 'Books Closed Location Ltd' specified is not valid.",
        "vendor.invalid",
        "vendor Books Closed Location Ltd",
    ),
    ("Vendor ID is required", "vendor.invalid", ""),
    ("Reactivate vendor V-1009 and try once more.", "vendor.invalid", "vendor V-1009"),
    ("'Sales Department' is not a known vendor", "vendor.invalid", "vendor Sales Department"),
]

POSTING: list[tuple[str, str, str]] = [
    ("The books are closed through 10/31/2026.", "period.closed", "General Ledger"),
    ("You can't post to October 2026: that month has been locked.", "period.closed", "October 2026"),
    ("The posting date 2026-10-31 falls within a closed accounting period", "period.closed", "October 2026"),
    ("Cash Management is closed for 10/2026", "period.closed", "October 2026, Cash Management"),
    (
        "The subledger for Cash Management has not been opened for October 2026",
        "period.closed",
        "October 2026, Cash Management",
    ),
    (
        "The General Ledger is open but the Cash Management subledger is closed for October 2026.",
        "period.closed",
        "October 2026, Cash Management",
    ),
    ("Period 'Month Ended October 2026' is not open.", "period.closed", "October 2026"),
    ("Transaction date must not be earlier than 11/01/2026", "period.closed", ""),
    ("Dates before November 1, 2026 are no longer accepted because the books were closed.", "period.closed", ""),
    ("Entries dated 31 Oct 2026 cannot be posted since the period is locked", "period.closed", "October 2026"),
    ("Fiscal period 10 is closed", "period.closed", ""),
    ("That accounting month is already closed to new transactions.", "period.closed", ""),
    ("The date you entered is in a closed period", "period.closed", ""),
    ("GL books for entity 200 have been closed as of 10/31/2026", "period.closed", "October 2026, General Ledger"),
    ("No open period exists for 10/31/2026", "period.closed", "October 2026"),
    ("You do not have the right to post into closed periods", "period.closed", ""),
    ("Posting date precedes the first open date of the ledger (11/01/2026)", "period.closed", ""),
    ("The batch for this month is closed", "period.closed", ""),
    ("Books closed.", "period.closed", ""),
    ("Your transaction date is in a period which was frozen by the controller", "period.closed", ""),
    ("Invalid transaction date '31/31/2026'.", "date.invalid", ""),
    ("WHENCREATED isn't a valid date", "date.invalid", ""),
    ("The date format is wrong; use MM/DD/YYYY", "date.invalid", ""),
    ("Date is required", "date.invalid", ""),
    ("Transaction date could not be parsed", "date.invalid", ""),
    ("No reporting period is defined for 01/15/2041", "date.invalid", ""),
    ("Multi-currency is not enabled in this company.", "currency", ""),
    ("Currency EUR is not the currency of the charge card", "currency", "EUR"),
    ("The transaction currency must match the card's base currency", "currency", ""),
    ("Foreign currency transactions are turned off", "currency", ""),
    ("Tax code is required for this entity", "tax", ""),
    ("You must provide a tax detail on each line", "tax", ""),
    ("The tax detail 'Std' isn't part of the tax solution 'United Kingdom - VAT'", "tax", ""),
    ("VAT code 'S20' is invalid", "tax", ""),
    ("Smart Rule Card-Memo prevented this record from being saved: Enter a memo", "smart_rule", "Card-Memo"),
    ("Blocked by smart rule 'No weekend spend': the period is closed for weekends", "smart_rule", "No weekend spend"),
    ("A custom validation rule stopped the save: Department heads must approve", "smart_rule", ""),
    ("Smart event 'X' error: location needed", "smart_rule", ""),
    ("Smart rule says a receipt must be attached", "attachment", ""),
    ("An attachment is mandatory for charges above 75.00", "attachment", ""),
    ("Supporting document missing", "attachment", ""),
    ("The attached file is too large (limit 50 MB)", "attachment", ""),
    ("Attachment could not be uploaded: unsupported file type", "attachment", ""),
    ("The description is longer than 1000 characters", "data.format", ""),
    ("Value too long for field PAYEE", "data.format", ""),
    ("Maximum allowed length is 45 characters", "data.format", ""),
    ("The memo contains invalid characters", "data.format", ""),
    ("Illegal format for Email", "data.format", ""),
    ("Field REFERENCENO exceeds the maximum length of 45", "data.format", ""),
    ("Amount can't be zero.", "amount", ""),
    ("Line 2 has no amount", "amount", ""),
    ("The sum of the lines does not equal the transaction total", "amount", ""),
    ("Debits must equal credits for each location", "amount", ""),
    ("The entry is out of balance", "amount", ""),
    ("An amount is required on each line item", "amount", ""),
]

LOOKED_UP: list[tuple[str, str]] = [
    ("A record with reference '8c1f' already exists", "duplicate.record"),
    ("Duplicate transaction number 8c1f", "duplicate.record"),
    ("Reference number '8c1f' has already been used", "duplicate.record"),
    ("This value must be unique: 8c1f", "duplicate.record"),
    ("Another Credit Card Transaction with the given value(s) '8c1f' already exists.", "duplicate.record"),
    ("The same document number was used before on 10/31/2026", "duplicate.record"),
    ("Control ID 9f3e has been used already", "duplicate.request"),
    ("This request is a duplicate of an earlier one (uniqueid)", "duplicate.request"),
    ("Function with controlid 9f3e was previously processed", "duplicate.request"),
    ("Operation timed out", "outcome.unknown"),
    ("The connection was closed before the response was complete", "outcome.unknown"),
    ("mid-process failure", "outcome.unknown"),
    ("The create succeeded but no RECORDNO was returned", "outcome.unknown"),
    ("An internal error occurred. Please try again later.", "outcome.unknown"),
    ("We can't determine whether the outcome of the transaction was saved; status unknown", "outcome.unknown"),
    ("There was an error processing the request.", "outcome.unknown"),
    ("Unexpected system error", "outcome.unknown"),
    ("The service is temporarily unavailable", "outcome.unknown"),
]

WAITED_FOR: list[tuple[str, str]] = [
    ("The record is being edited by another user", "transient.lock"),
    ("Deadlock detected, transaction rolled back to savepoint", "transient.lock"),
    ("Could not obtain a lock on the batch", "transient.lock"),
    ("This batch is locked by user jsmith", "transient.lock"),
    ("Record currently in use by another process; try again in a moment", "transient.lock"),
    ("Too many concurrent requests for this company", "limit.rate"),
    ("You have gone over your allotted number of API transactions per minute", "limit.rate"),
    ("Request was throttled", "limit.rate"),
    ("Maximum number of simultaneous calls exceeded", "limit.rate"),
    ("Your session has expired. Please log in again.", "auth.session"),
    ("Session ID is no longer valid", "auth.session"),
    ("An exchange rate for CAD does not exist for 10/30/2026", "currency"),
    ("Exchange rate missing", "currency"),
]

SIGN_IN: list[tuple[Level, str, str, str, str]] = [
    (
        A,
        "Sender 'harborpine-bot' has not been granted access to this company's web services",
        "auth.sender_not_authorized",
        "no",
        "harborpine-bot",
    ),
    (
        A,
        "This company does not allow web services requests from sender ID harborpine-bot",
        "auth.sender_not_authorized",
        "no",
        "harborpine-bot",
    ),
    (
        A,
        "You are not authorized to use Web Services under the company HarborPine",
        "auth.sender_not_authorized",
        "no",
        "",
    ),
    (A, "The Sender ID is inactive for company 'HarborPine'.", "auth.sender_not_authorized", "no", ""),
    (C, "Sender ID or sender password is wrong", "auth.sender_credentials", "no", ""),
    (C, "Sender ID/Password is invalid.", "auth.sender_credentials", "no", ""),
    (C, "The partner credentials could not be verified", "auth.sender_credentials", "no", ""),
    (A, "Your login details are not correct", "auth.login", "no", ""),
    (A, "Wrong user ID or password.", "auth.login", "no", ""),
    (A, "Authentication failed", "auth.login", "no", ""),
    (A, "The company ID 'HarborPne' does not exist", "auth.login", "no", ""),
    (A, "We didn't recognise that user or company", "auth.login", "no", ""),
    (A, "The user Spendcenter is inactive", "auth.user_state", "no", "Spendcenter"),
    (
        A,
        "Account locked after too many failed sign-in attempts for user 'Spendcenter'",
        "auth.user_state",
        "no",
        "Spendcenter",
    ),
    (A, "This login is disabled", "auth.user_state", "no", ""),
    (A, "Multi-factor verification is turned on for this user", "auth.user_state", "no", ""),
    (A, "The password has to be reset before you can sign in: temporary password", "auth.user_state", "no", ""),
    (A, "The user is not a Web Services user", "auth.user_state", "no", ""),
    (A, "The session you supplied is invalid", "auth.session", "wait", ""),
    (A, "User Spendcenter isn't permitted to enter entity 200", "auth.entity_access", "no", "entity 200"),
    (A, "You do not have access to location '200'", "auth.entity_access", "no", "entity 200"),
    (A, "No such entity: 2OO", "auth.entity_access", "no", ""),
    (A, "The locationid 999 could not be found", "auth.entity_access", "no", "999"),
    (A, "Access to the top level is denied for this user", "auth.entity_access", "no", ""),
    (F, "An entity-restricted user cannot modify records owned at the root", "auth.entity_access", "no", ""),
    (C, "Your trial of this company has expired", "auth.company_state", "no", ""),
    (A, "Company HarborPine has been suspended", "auth.company_state", "no", "HarborPine"),
    (F, "User has no permission to create credit card transactions", "permission.missing", "no", ""),
    (F, "Insufficient privileges to view GLACCOUNT", "permission.missing", "no", ""),
    (F, "Your role doesn't include the Add permission on Charge Card Transactions", "permission.missing", "no", ""),
    (F, "You lack the rights to run this operation", "permission.missing", "no", ""),
    (F, "Access denied", "permission.missing", "no", ""),
    (F, "You aren't allowed to perform the function record_cctransaction", "permission.missing", "no", ""),
    (F, "No object definition exists for GLDIMREGION: object not found", "permission.missing", "no", ""),
    (F, "This company isn't subscribed to the Cash Management module", "subscription.off", "no", ""),
    (F, "The application Projects is not enabled for your company", "subscription.off", "no", ""),
    (F, "No active subscription for Cash Management", "subscription.off", "no", ""),
    (A, "The Web Services subscription has been switched off", "subscription.off", "no", ""),
    (C, "Malformed XML document: unexpected end tag at line 12", "request.malformed", "no", ""),
    (C, "Schema validation error: element 'foo' is not allowed here", "request.malformed", "no", ""),
    (C, "Control block is missing senderid element", "request.malformed", "no", ""),
    (C, "Unknown transport policy 'nightly'", "request.malformed", "no", ""),
    (F, "The operation 'readMore' isn't supported for object type CREDITCARD", "request.malformed", "no", ""),
    (F, "Function 'record_cctrans' is unknown", "request.malformed", "no", ""),
    (C, "Intacct is down for maintenance", "outcome.unknown", "look", ""),
]


def _fault(text: str, level: Level = F, operation: Operation = W) -> Fault:
    return Fault(level, (RawError("BL01001973", "", text, ""),), 200, operation)


@pytest.mark.parametrize(("text", "category", "subject"), CODING + POSTING)
def test_a_refused_line_is_placed_by_meaning(text: str, category: str, subject: str) -> None:
    verdict = classify(_fault(text))
    assert (verdict.category, verdict.retry) == (category, "no"), verdict
    assert subject in verdict.subject


@pytest.mark.parametrize(("text", "category"), LOOKED_UP)
def test_what_may_be_in_intacct_already_is_looked_up(text: str, category: str) -> None:
    verdict = classify(_fault(text))
    assert (verdict.category, verdict.retry) == (category, "look"), verdict


@pytest.mark.parametrize(("text", "category"), WAITED_FOR)
def test_what_passes_is_waited_for(text: str, category: str) -> None:
    verdict = classify(_fault(text))
    assert (verdict.category, verdict.retry) == (category, "wait"), verdict


@pytest.mark.parametrize(("level", "text", "category", "retry", "subject"), SIGN_IN)
def test_sign_in_and_permission_are_told_apart(
    level: Level, text: str, category: str, retry: str, subject: str
) -> None:
    verdict = classify(Fault(level, (RawError("XL03000006" if level != F else "", "", text, ""),), 200))
    assert (verdict.category, verdict.retry) == (category, retry), verdict
    assert subject in verdict.subject
