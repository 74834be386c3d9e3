"""What a function gets and gives back, and the table of functions that the gateway knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml.etree import _Element as Element

from bot.sandbox.intacct import errors
from bot.sandbox.intacct.access import Door, Visitor
from bot.sandbox.intacct.company import Company


@dataclass
class Habits:
    """What nobody has published and a client must therefore bear either way.

    Attributes:
        replay_shape: how a controlid that was executed and completed is refused: "function", "function_named" (the text
            names it) or "control" (the whole request is refused and nothing of it runs).
        reuse_failed: whether a controlid whose first try failed may be used again.
        negative_totals: whether a card transaction may total below zero.
        max_lengths: longest texts of a card transaction.
    """

    replay_shape: str = "function"
    reuse_failed: bool = True
    negative_totals: bool = True
    max_lengths: dict[str, int] = field(
        default_factory=lambda: {"referenceno": 45, "payee": 100, "description": 1000, "memo": 1000, "supdocid": 20}
    )


@dataclass
class Call:
    """One function of one request."""

    company: Company
    door: Door
    visitor: Visitor
    element: Element
    now: datetime
    endpoint: str
    habits: Habits
    cursors: dict[str, Any]

    def text(self, name: str, default: str = "") -> str:
        child = self.element.find(name)
        return default if child is None else child.text or ""

    def need(self, policy: str, right: str, operation: str, name: str) -> None:
        """Refuses the call unless the user holds `right` on `policy`."""
        if not self.visitor.may(policy, right):
            raise errors.Refusal(errors.forbidden(operation, name))


@dataclass
class Answer:
    """What stands in `<result>`: a key, or data elements below `<data>` with its attributes."""

    key: str = ""
    data: list[Element] | None = None
    attributes: dict[str, str] = field(default_factory=dict)


class Partial(errors.Refusal):
    """A refusal that still lists what was done before it, as `create` with several objects does."""

    def __init__(self, refusal: errors.Refusal, answer: Answer) -> None:
        super().__init__(*refusal.problems)
        self.answer = answer


Handler = Callable[[Call], Answer]
FUNCTIONS: dict[str, Handler] = {}


def function(name: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        FUNCTIONS[name] = handler
        return handler

    return register
