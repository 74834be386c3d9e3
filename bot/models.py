"""The nouns. Frozen values and states; nothing here knows a database, a wire or Slack."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self


class Secret:
    """A value that shows itself to nobody who did not ask with `reveal()`.

    `repr`, `str`, formatting, pickling and JSON all refuse or stay blank, so that a secret that strays into a log
    line, a traceback or a message says nothing.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret()"

    def __str__(self) -> str:
        return ""

    def __format__(self, spec: str) -> str:
        return ""

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> Any:
        raise TypeError("A Secret is not pickled.")


class Worded(StrEnum):
    """An enum whose members carry a sentence: `DRAFT = "draft", "Being set up."`."""

    sentence: str

    def __new__(cls, value: str, sentence: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member


# --- states -----------------------------------------------------------------------------------------------------------


class WorkspaceState(Worded):
    INSTALLED = "installed", "The app is installed in this Slack workspace."
    UNINSTALLED = "uninstalled", "The app was removed; its tokens are deleted."


class ConnectionState(Worded):
    DRAFT = "draft", "Being set up; nothing is posted."
    ACTIVE = "active", "Syncing on its schedule."
    PAUSED = "paused", "A person stopped the schedule."
    BROKEN = "broken", "Stopped until someone lets the app in again."


class PostingState(Worded):
    """The fate of one transaction."""

    PENDING = "pending", "Will be sent with the next sync."
    HELD = "held", "Waits for an answer or for something at the source; never sent while it waits."
    POSTING = "posting", "An attempt is committed and may be on its way to Intacct."
    POSTED = "posted", "One record in Intacct, known by its number."
    FAILED = "failed", "Proven not to be in Intacct; waits for a fix and a retry."
    UNKNOWN = "unknown", "Nobody knows yet whether Intacct has it; settled by looking it up."
    IGNORED = "ignored", "A person decided that it shall not be posted, with a reason."
    REVERSING = (
        "reversing",
        "A person asked to reverse its record; nothing else happens before Intacct shows it reversed.",
    )
    REVERSED = "reversed", "Was posted and reversed by a person."


class AttemptState(Worded):
    SENDING = "sending", "Committed; the request may have left."
    POSTED = "posted", "Intacct answered success, or a look-up found the record."
    REFUSED = "refused", "Intacct proved that it did not run."
    WITHDRAWN = "withdrawn", "Never left this process."
    UNKNOWN = "unknown", "The answer was lost."


class RunState(Worded):
    QUEUED = "queued", "Accepted, waits for its turn."
    RUNNING = "running", "At work."
    FINISHED = "finished", "Went through all that was due."
    STOPPED = "stopped", "Ended early; what was left waits for the next run."


class Trigger(Worded):
    SCHEDULE = "schedule", "The clock."
    PERSON = "person", "Someone asked for it."
    RETRY = "retry", "Someone asked to post failed ones again, or a waiting cause has passed."


class AlertState(Worded):
    OPEN = "open", "Someone has to act."
    SOLVED = "solved", "Nothing is left of it."
    SNOOZED = "snoozed", "Quiet until a stated time."


class MessageState(Worded):
    """The way of one message to Slack."""

    DUE = "due", "Has to be said."
    SENDING = "sending", "The call may have left; until Slack's answer is stored nobody knows whether it stands."
    SENT = "sent", "Stands in Slack."
    GIVEN_UP = "given up", "Was no news any more before it could be said."


class StepState(Worded):
    TO_DO = "to do", "Not done yet."
    TOLD = "told", "Told, not checked yet."
    DONE = "done", "Checked."
    PROBLEM = "problem", "Checked, and something is wrong."


class Right(Worded):
    SET_UP = "set up", "Connect, change and disconnect."
    CORRECT = "correct", "Code, re-date, ignore, mark as posted by hand, reverse."
    RETRY = "retry", "Post failed ones again, run a sync."


class Dimension(Worded):
    """Where a posting line is coded; the value is the key in connection files, the sentence its name on the screen."""

    GL_ACCOUNT = "gl_account", "account"
    DEPARTMENT = "department", "department"
    LOCATION = "location", "location"
    CLASS = "class", "class"
    PROJECT = "project", "project"
    VENDOR = "vendor", "vendor"
    ITEM = "item", "item"
    CUSTOMER = "customer", "customer"
    EMPLOYEE = "employee", "employee"


# --- money ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in major units beside its ISO 4217 code."""

    amount: Decimal
    currency: str


# --- the source: Spend Center -----------------------------------------------------------------------------------------


class TransactionKind(StrEnum):
    AUTHORIZATION = "AUTHORIZATION"
    CLEAR = "CLEAR"
    DECLINE = "DECLINE"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Coding:
    """One value of one custom field, as it stands on a transaction. `value` is the text people see."""

    field: str
    field_id: str
    value: str
    value_id: str


@dataclass(frozen=True, slots=True)
class Receipt:
    uuid: str
    filename: str
    url: str


@dataclass(frozen=True, slots=True)
class TransactionLine:
    """What one line of the posting will be made of: the whole transaction, or one child of a split.

    `amount` is in the transaction's settled currency, negative for a refund.
    """

    uuid: str
    amount: Decimal
    note: str = ""
    codings: tuple[Coding, ...] = ()


@dataclass(frozen=True, slots=True)
class Transaction:
    """One card transaction as read from the source, already joined with its card and its cardholder.

    `amount` is the settled amount, positive for a purchase, negative for a refund. `original` is what the merchant
    charged, when that was another currency. `occurred` and `updated` are UTC. `posted_on` is the cleared day of sources
    that have such a column, else None. `native_sync` is the state of BILL's own accounting sync, lower case, or empty.
    `looks_like_sum` and `looks_like_part_of` (an ID) are a file's: rows of one day, card and merchant sum to another.
    """

    uuid: str
    kind: TransactionKind
    status: str
    amount: Money
    occurred: datetime
    updated: datetime
    merchant: str
    lines: tuple[TransactionLine, ...]
    cardholder: str = ""
    email: str = ""
    user_id: str = ""
    card_id: str = ""
    card_name: str = ""
    last4: str = ""
    budget_id: str = ""
    note: str = ""
    original: Money | None = None
    exchange_rate: Decimal | None = None
    fees: Decimal = Decimal(0)
    authorization_id: str | None = None
    complete: bool = True
    locked: bool = False
    approved: bool = True
    native_sync: str = ""
    receipt_required: bool = False
    receipts: tuple[Receipt, ...] = ()
    posted_on: date | None = None
    codings: tuple[Coding, ...] = ()
    looks_like_sum: bool = False
    looks_like_part_of: str = ""


@dataclass(frozen=True, slots=True)
class SpendCompany:
    uuid: str
    name: str


@dataclass(frozen=True, slots=True)
class SpendCard:
    uuid: str
    name: str
    last4: str
    holder: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field of Spend Center with all its values as (uuid, text)."""

    uuid: str
    name: str
    kind: str
    required: bool
    values: tuple[tuple[str, str], ...] = ()


# --- what Intacct said ------------------------------------------------------------------------------------------------


class Level(StrEnum):
    """Where a failure shows; see facts: an HTTP 200 can carry any of the last three."""

    TRANSPORT = "transport"
    CONTROL = "control"
    AUTHENTICATION = "authentication"
    FUNCTION = "function"


class Operation(StrEnum):
    READ = "read"
    WRITE = "write"


class Side(StrEnum):
    """The far end that a failure is about."""

    INTACCT = "intacct"
    SPEND_CENTER = "spend_center"


@dataclass(frozen=True, slots=True)
class RawError:
    """One `<error>` of Intacct, or what stands for it. Any text may be empty; texts are foreign and may hold mark-up.

    `message_ids`, `error_id`, `target` and `placeholders` come with `showadditionalerrorinfo` and are steadier than the texts.
    """

    errorno: str = ""
    description: str = ""
    description2: str = ""
    correction: str = ""
    error_id: str = ""
    category: str = ""
    target: str = ""
    message_ids: tuple[str, ...] = ()
    placeholders: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Everything one refused or lost call told us; what the classifier reads and what the store keeps as JSON."""

    level: Level
    errors: tuple[RawError, ...] = ()
    http_status: int | None = None
    operation: Operation = Operation.WRITE
    note: str = ""
    side: Side = Side.INTACCT


# --- hints ------------------------------------------------------------------------------------------------------------


class RetryClass(Worded):
    NO = "no", "Needs a change first."
    WAIT = "wait", "The same request can pass later."
    LOOK = "look", "Outcome unknown: looked up in Intacct before anything else."


@dataclass(frozen=True, slots=True)
class Verdict:
    """A classified fault. `category` + `subject` is the key of its alert within a connection.

    `subject` is the named object (account, dimension and value, period, card …), as short text; empty when the fault
    names none. `details` are the named parts, for sentences: ("account", "6420"), ("dimension", "department").
    """

    category: str
    subject: str
    retry: RetryClass
    details: tuple[tuple[str, str], ...] = ()

    def detail(self, name: str) -> str:
        return next((value for key, value in self.details if key == name), "")


# --- set-up -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Check:
    """The proof of one thing in a step: what was looked at, and what it says.

    `sentence` names object, field, present and wanted value, and the clicks that change it when `state` is a problem.
    """

    key: str
    state: StepState
    sentence: str


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """How one dimension of a posting line gets its value: a Spend Center custom field, its value map, and a default.

    `field` is a custom field's name or uuid; empty when only the default applies. `values` maps value uuid or value
    text to an Intacct ID. `default` is an Intacct ID, or empty.
    """

    field: str = ""
    default: str = ""
    values: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Selector:
    """Which transactions are a connection's own. `all`, or any of cards (uuid or last four), budgets, or a field's values."""

    all: bool = True
    cards: tuple[str, ...] = ()
    budgets: tuple[str, ...] = ()
    field: str = ""
    values: tuple[str, ...] = ()
