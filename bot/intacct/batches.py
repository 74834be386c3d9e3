"""What became of each posting of a batch, and how to cut a batch. Pure.

Results are matched by control ID, never by position. Only a lone, clean success with a record number counts as
recorded, only a lone, clean failure as refused; anything else leaves the outcome unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from bot.intacct.answers import Answer, Result
from bot.models import Fault, Level

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Recorded:
    """Intacct has it, under this record number."""

    controlid: str
    record_no: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Intacct answered that this function failed."""

    controlid: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Lost:
    """Nobody knows; look it up before anything else."""

    controlid: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class NotSent:
    """Proven that no function of the request ran. `withdrawn`: by our own choice, so that nothing is wrong with it."""

    controlid: str
    fault: Fault
    withdrawn: bool = False


Outcome = Recorded | Refused | Lost | NotSent


def outcomes(answer: Answer, controlids: Sequence[str]) -> list[Outcome]:
    """One outcome per control ID, in the order asked, from an answer that passed the door and the sign-in."""
    found: defaultdict[str, list[Result]] = defaultdict(list)
    for result in answer.results:
        found[result.controlid].append(result)
    return [_outcome(answer, controlid, found[controlid]) for controlid in controlids]


def _outcome(answer: Answer, controlid: str, results: list[Result]) -> Outcome:
    if len(results) != 1:
        note = "More than one result for this posting." if results else "No result for this posting."
        errors = tuple(error for result in results for error in result.errors) or answer.errors
        return Lost(controlid, replace(answer.fault(Level.TRANSPORT, errors), note=note))
    result = results[0]
    if result.status == "success" and _is_key(result.key) and not result.errors:
        return Recorded(controlid, result.key)
    if result.status in {"failure", "aborted"} and not result.key:
        return Refused(controlid, answer.fault(Level.FUNCTION, result.errors))
    return Lost(controlid, answer.fault(Level.TRANSPORT, result.errors, "The result contradicts itself."))


def _is_key(key: str) -> bool:
    return len(key) <= 100 and key.split() == [key]


LARGEST, SMALLEST = 100, 5
"""Functions in one request. Intacct works through them one after another, so that more gain nothing but doubt."""

_GOOD_ANSWERS_TO_GROW = 5


class BatchSize:
    """How many functions a request of one company may carry: half as many after a lost answer, more again as answers come.

    What times out or breaks on its way is often what is too big, and a lost answer leaves a whole batch in doubt.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = self.now = largest
        self._good = 0

    def was_lost(self, size: int) -> None:
        """A request with so many functions brought no answer."""
        self._good = 0
        self.now = min(self.now, max(SMALLEST, size // 2))

    def went_well(self) -> None:
        """A request was answered; enough of them in a row double the size."""
        self._good += 1
        if self._good >= _GOOD_ANSWERS_TO_GROW and self.now < self._largest:
            self._good, self.now = 0, min(self._largest, self.now * 2)


def cut_evenly(items: Sequence[T], slots: int, largest: int = LARGEST) -> list[Sequence[T]]:
    """Cuts items into batches of equal size, give or take one, as many as keep every slot busy to the end.

    The number of batches is a multiple of `slots`, so that no slot idles while another works through a full batch.
    """
    if not items:
        return []
    rounds = -(-len(items) // (slots * largest))
    count = min(len(items), rounds * slots)
    size, extra = divmod(len(items), count)
    ends = [(number + 1) * size + min(number + 1, extra) for number in range(count)]
    return [items[start:end] for start, end in zip([0, *ends], ends, strict=False)]
