"""What one entry of the catalogue is: a cause, in words for accountants.

A hint cannot be built without its name, its words and a way out. Words are templates: `{account}` is a named part with
a general phrase where it is not known, `[need|needs]` picks the first for several transactions, the second for one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.models import Fault, Level, Operation, RawError, RetryClass, Side

ACCOUNTANTS = "accountants"
CONTROLLER = "the controller"
ADMINISTRATOR = "the Sage Intacct administrator"
SPEND_ADMINISTRATOR = "the Spend Center administrator"
CARDHOLDER = "the cardholder"
OPERATOR = "whoever runs this app"
NOBODY = "nobody, this settles by itself"

CHOOSE = "choose the value from a list"
MOVE = "post on the first open day"
RESUME = "check and resume"
LOOK = "ask Intacct now"
ANSWER = "answer the question"
REVERSE = "reverse, and post again"
"""What the first button of an alert does, where it is more than to try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One cause: what happened, why, the ways out, who acts, and what a retry may do.

    Attributes:
        key: stable name, kebab-case; `Verdict.detail("cause")` carries it.
        category: one of the slugs of the sync error sheet, or `held.*` for a posting that waits for an answer.
        what: the headline, outcome first.
        why: one or two sentences.
        ways: numbered ways out, the recommended first, menus with > as on Intacct's screen.
        who: who can act, as it follows "For".
        retry, retry_note: what may be done again, and the sentence about it where the usual one does not fit.
        transient: a trouble of the machines that passes by itself.
        one_click: what the first button of its alert does, empty where that is to try again.
        instead_of, when: this hint takes the place of another of its category when a detail has this value; an empty
            value means any.
        step: the step of the walkthrough whose check prevents it.
        examples: raw errors that really classify to this hint (proved by a test); empty for causes that the sync finds.
        source: where the wording or behaviour is known from.
    """

    key: str
    category: str
    what: str
    why: str
    ways: tuple[str, ...]
    who: str
    retry: RetryClass = RetryClass.NO
    retry_note: str = ""
    transient: bool = False
    one_click: str = ""
    step: int | None = None
    instead_of: str = ""
    when: tuple[str, str] = ("", "")
    examples: tuple[Fault, ...] = ()
    source: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", self.key):
            raise ValueError(f"A hint's name is kebab-case, not {self.key!r}.")
        if not (self.what and self.why and self.ways and self.who):
            raise ValueError(f"Hint {self.key} lacks its words.")
        if self.transient and self.retry is not RetryClass.WAIT:
            raise ValueError(f"Hint {self.key}: what passes by itself is waited for.")

    @property
    def stops_run(self) -> bool:
        """Whether every further transaction would fail the same way, so that a run ends and the connection pauses."""
        doors = ("auth.", "permission.", "subscription.", "source.auth")
        return self.category.startswith(doors) and self.retry is RetryClass.NO

    @property
    def quotes(self) -> bool:
        """Whether it says little without the far end's own sentence."""
        return "{told}" in self.why


def seen(
    text: str,
    *,
    errorno: str = "",
    description: str = "",
    correction: str = "",
    level: Level = Level.FUNCTION,
    status: int | None = 200,
    operation: Operation = Operation.WRITE,
    note: str = "",
    side: Side = Side.INTACCT,
) -> Fault:
    """An example: one error at one level, as the far end sends it."""
    errors = (RawError(errorno, description, text, correction),) if text or errorno or description else ()
    return Fault(level, errors, status, operation, note, side)
