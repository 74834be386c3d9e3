"""What Intacct says when it refuses: the texts, as far as they are known, in one place.

A text that is known from published products keeps its wording and its number. Where only the meaning is known, the
wording here is this project's own, and the number is empty or the generic BL01001973; a client must not rely on it.
Stable ids (`error_id`, `ids`) stand only where they are documented.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

GENERIC = "BL01001973"
MALFORMED = "BL03000018"


@dataclass(frozen=True)
class Problem:
    """One `<error>`. `ids` are the message ids of description, description2 and correction."""

    errorno: str
    description2: str = ""
    description: str = ""
    correction: str = ""
    error_id: str = ""
    category: str = ""
    ids: tuple[str, str, str] = ("", "", "")
    placeholders: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """A call, a sign-in or a whole request that is refused, with its errors from specific to generic."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(p.description2 or p.description or p.errorno for p in problems))
        self.problems = problems


class ControlRefusal(Refusal):
    """Refused before anything ran: the document has no operation."""

    def __init__(self, *problems: Problem, status: int = 200) -> None:
        super().__init__(*problems)
        self.status = status


class SignInRefusal(Refusal):
    """Refused at authentication. With `anonymous` the answer names no user and no company, as for a dead session."""

    def __init__(self, *problems: Problem, anonymous: bool = False) -> None:
        super().__init__(*problems)
        self.anonymous = anonymous


# --- the whole request ------------------------------------------------------------------------------------------------


def schema(text: str) -> ControlRefusal:
    return ControlRefusal(Problem("XL03000003", text))


def not_simulated(what: str) -> Problem:
    """The sandbox's own voice: loud, and naming what it does not do."""
    return Problem("SANDBOX", f"The sandbox does not simulate {what}.", "Not simulated", "See its table COVERAGE.")


def sender_refused() -> ControlRefusal:
    return ControlRefusal(Problem("XL03000006", "Incorrect Intacct XML Partner ID or password."))


def demo_expired() -> ControlRefusal:
    return ControlRefusal(Problem("PL04000055", "This company is a demo company and has expired."))


def invalid_request(request_id: str) -> ControlRefusal:
    return ControlRefusal(Problem("GW-0011", "", f"Invalid Request [Request ID: {request_id}]"), status=400)


def too_many(request_id: str) -> ControlRefusal:
    text = f"Too many operations are running for this company [Request ID: {request_id}]"
    return ControlRefusal(Problem("GW-0010", "", text), status=429)


def rejected_credentials() -> ControlRefusal:
    text = "Sign-in information is incorrect. Please check your request."
    return ControlRefusal(Problem("XMLGW_JPP0002", "", text), status=401)


# --- signing in -------------------------------------------------------------------------------------------------------


def sign_in() -> SignInRefusal:
    return SignInRefusal(Problem("XL03000006", "Sign-in information is incorrect"))


def sender_not_authorized(sender: str, company: str) -> SignInRefusal:
    text = f"The sender ID '{sender}' is not authorized to make Web Services requests to company ID '{company}'."
    correction = "Contact the company administrator to grant Web Services authorization to this sender ID."
    return SignInRefusal(Problem("XL03000006", text, "Invalid Web Services Authorization", correction))


def second_step() -> SignInRefusal:
    """BILL's help says that such a user cannot sync; Intacct's words for it are not published."""
    return SignInRefusal(Problem("XL03000006", "Two-step verification is required for this user."))


def web_services_off() -> SignInRefusal:
    """Inferred, like the three after it: what Intacct says is not published."""
    return SignInRefusal(Problem("XL03000006", "Web Services is not enabled for this company."))


def locked_out(user: str) -> SignInRefusal:
    return SignInRefusal(Problem("XL03000006", f"User '{user}' is locked out. Contact your administrator."))


def password_expired() -> SignInRefusal:
    return SignInRefusal(Problem("XL03000006", "Your password has expired and must be changed."))


def entity_unknown(entity: str) -> SignInRefusal:
    return SignInRefusal(Problem("XL03000006", f"The location ID '{entity}' is invalid."))


def entity_refused(user: str) -> Problem:
    return Problem(
        "XL03000006", f"The user '{user}' does not have access to the entity you are attempting to slide into."
    )


def dead_session() -> SignInRefusal:
    return SignInRefusal(Problem("XL03000006", "Invalid session. Sign in again."), anonymous=True)


# --- any function -----------------------------------------------------------------------------------------------------


def rolled_back() -> Problem:
    return Problem("XL03000009", "The entire transaction in this operation has been rolled back due to an error.")


def busy() -> Problem:
    return Problem("", "", "The Service is Temporarily Off-line", "Please Try Again Later")


def forbidden(operation: str, name: str) -> Problem:
    text = f"You do not have permission for API operation {operation} on objects of type {name}"
    return Problem("PL04000005", text, category="Invalid permission")


def not_authorized() -> Problem:
    """The text is published; that a user of another type than Business gets it is inferred."""
    return Problem("PL04000005", "Not authorized to execute this function")


def not_offered(operation: str, name: str) -> Problem:
    return Problem("PL04000005", f"API operation '{operation}' cannot be performed on objects of type {name}")


def not_subscribed(module: str) -> Problem:
    return Problem("", f"{module} module is not subscribed")


def unknown_object(name: str) -> Problem:
    return Problem("Query Failed", f"Object definition {name} not found")


def unprocessable() -> Problem:
    return Problem("DL02000001", "There was an error processing the request.")


def bad_fields(names: str) -> Problem:
    """The text sits in the number; the rest is empty."""
    return Problem(f"Invalid fields list {names}")


def no_such_user(user: str) -> Problem:
    return Problem("BL03000025", f"Login ID {user} does not exist.", "", "Provide a valid USER.LOGINID value.")


def required(name: str) -> Problem:
    return Problem(MALFORMED, f"Required field {name} is missing")


def illegal(name: str) -> Problem:
    return Problem(MALFORMED, f"Illegal format for {name}")


def too_long(name: str, limit: int) -> Problem:
    return Problem(MALFORMED, f"{name}: Maximum length cannot be greater than {limit}")


def exists(name: str, values: str) -> Problem:
    text = f"Another {name} with the given value(s) {values}  already exists"
    return Problem("BL34000061", text, "", "Use a unique value instead.")


def not_found(name: str, value: str) -> Problem:
    return Problem(GENERIC, f"The {name} '{value}' does not exist.")


def replayed(controlid: str = "") -> Problem:
    """Nobody has published this one: its number, its text and its level are this project's guesses."""
    named = f" '{controlid}'" if controlid else ""
    return Problem("XL03000011", f"The function{named} was already executed and completed; uniqueid is true.")


# --- general ledger ---------------------------------------------------------------------------------------------------


def duplicate_account(number: str) -> Problem:
    return Problem(
        GENERIC,
        f"The account number '{number}' already exists",
        "Duplicate account number",
        "Enter unique account number",
        error_id="GL-0493",
        category="Duplication Prevention",
        ids=("IA.DUPLICATE_ACCOUNT_NUMBER", "IA.THE_ACCOUNT_NUMBER_ALREADY_EXISTS", "IA.ENTER_UNIQUE_ACCOUNT_NUMBER"),
        placeholders={"ACCOUNTNO": number},
    )


def account_not_created() -> Problem:
    return Problem(
        GENERIC,
        "Could not create GL Account record.",
        error_id="GL-0504",
        category="Unable to create record.",
        ids=("", "IA.COULD_NOT_CREATE_GL_ACCOUNT_RECORD", ""),
    )


def root_level(name: str) -> Problem:
    return Problem(GENERIC, f"You cannot update a root level {name} from an entity restricted user")


# --- a card transaction -----------------------------------------------------------------------------------------------


def wrapped(*causes: Problem, verb: str = "create") -> Refusal:
    """The cause first, then the two wrappers that say nothing."""
    return Refusal(
        *causes,
        Problem(
            GENERIC,
            f"Currently, we can't {verb} the transaction",
            "",
            "Check the transaction for errors or inconsistencies, then try again.",
        ),
        Problem(GENERIC, f"Could not {verb} cctransaction record!"),
    )


def card(number: str, what: str) -> Problem:
    return Problem(GENERIC, f"The charge card '{number}' {what}.")


def no_journals(number: str) -> Problem:
    """Inferred from a peer's help page on a card without journals."""
    return Problem(GENERIC, f"Journals are not configured for credit card '{number}'.")


def in_use() -> Problem:
    """Inferred."""
    return Problem(GENERIC, "The record is locked by another user. Try again.")


def account_invalid(number: str) -> Problem:
    return Problem(GENERIC, f"Account {number} is not valid")


def account_inactive(number: str) -> Problem:
    fix = f"Activate the account {number}, then try again."
    return replace(account_invalid(number), description="Account is inactive", correction=fix)


def account_missing(line: int) -> Problem:
    return Problem(GENERIC, f"Enter an account number on line item {line}")


def account_taken(number: str, owner: str) -> Problem:
    return Problem(GENERIC, f"The account number {number} is associated to the {owner}")


def account_restricted(number: str, title: str) -> Problem:
    text = (
        f"The specified GL account '{number}' : '{title}' is not valid. GL account is restricted by"
        " Disallow direct posting"
    )
    return Problem(GENERIC, text)


def account_not_there(number: str, title: str, place: str) -> Problem:
    text = f"GL account '{number}': '{title}' specified is not valid. GL account is restricted by Location {place}."
    return Problem(GENERIC, text)


def dimension_missing(name: str, account: str) -> Problem:
    return Problem(MALFORMED, f"This transaction is missing the {name} dimension for the Account {account}")


def dimension_invalid(name: str, value: str) -> Problem:
    texts = {
        "Location": f"Location '{value}' is not valid",
        "Department": f"Invalid Department {value} selected",
        "Employee": f"The employee '{value}' is invalid.",
    }
    return Problem(GENERIC, texts.get(name, f"Invalid {name} '{value}' specified."))


def dimension_inactive(name: str, value: str) -> Problem:
    texts = {"Location": f"The location '{value}' is invalid.", "Department": f"The department '{value}' is invalid."}
    fix = f"Activate the {name.lower()} {value}, then try again."
    return Problem(GENERIC, texts.get(name, f"Invalid {name} '{value}' specified."), "", fix)


def dimension_restricted(name: str, value: str, title: str) -> Problem:
    return Problem(GENERIC, f"{name} '{value}': '{title}' specified is not valid. {name} is restricted by GL account.")


def vendor_on_hold(value: str) -> Problem:
    return Problem(GENERIC, f"Vendor '{value}' is on hold.")


def dimension_fixed(name: str, value: str) -> Problem:
    return Problem(GENERIC, f"{name} must be {value}. This value is auto-filled")


def project_customer() -> Problem:
    return Problem(GENERIC, "The project you selected is not associated with the customer you selected")


def location_missing() -> Problem:
    return Problem(GENERIC, "Use of an empty Location is invalid. A valid Multi-Entity Location must be specified")


def credit_across_entities() -> Problem:
    text = (
        "Your configuration limits credits to the entity owners: negative line items cannot stand beside lines of"
        " multiple entities"
    )
    return Problem("BL03002073", text)


def between_entities(one: str, other: str) -> Problem:
    """Inferred."""
    return Problem(GENERIC, f"Inter-entity transactions are not set up between entities {one} and {other}.")


def period_closed(ledger: str, entity: str, day: str, first_open: str) -> Problem:
    within = f"Your transaction date ({day}) is within a period that's been closed."
    where = f"for entity '{entity}'" if entity else "at the top level"
    opening = f"The Cash Management subledger is closed {where}." if ledger == "CM" else "Periods are closed."
    return Problem(GENERIC, f"{opening} {within}", "", f"Date must be on or after {first_open}")


def date_invalid(text: str) -> Problem:
    return Problem("PL03000006", f"The transaction date '{text}' is invalid")


def foreign_currency_off(currency: str) -> Problem:
    return Problem(
        GENERIC,
        f"The currency '{currency}' is not the base currency.",
        "",
        "Enable foreign-currency transactions, and try again",
    )


def no_rate(currency: str, day: str) -> Problem:
    return Problem(GENERIC, f"No exchange rate from {currency} was found for {day}.", "", "Enter an exchange rate.")


def attachment_type() -> Problem:
    """Inferred: that a type can be refused is published, the words are not."""
    return Problem(GENERIC, "The attachment file type is not supported.")


def tax_missing() -> Problem:
    return Problem(GENERIC, "Tax details are either missing or don't belong to the tax solution")
