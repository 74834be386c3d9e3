"""Where a walkthrough stands, read off its row: states, checks, whose turn it is and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bot.models import Check, StepState
from bot.store.rows import from_json, to_json
from bot.store.walkthroughs import Walkthrough
from bot.walkthrough.checks import standing
from bot.walkthrough.steps import CREDENTIALS, FINISH, STEPS, USER

Marks = dict[str, dict[str, Any]]
"""`Walkthrough.steps`: step number as text to {"state", "checks", "checked", "by", "assignee", …}."""


def state_of(walk: Walkthrough, step: int) -> StepState:
    return StepState(_mark(walk, step).get("state", StepState.TO_DO.value))


def checks_of(walk: Walkthrough, step: int) -> list[Check]:
    return [from_json(Check, check) for check in _mark(walk, step).get("checks", ())]


def assignee(walk: Walkthrough, step: int) -> str:
    return str(_mark(walk, step).get("assignee", ""))


def checked_at(walk: Walkthrough, step: int) -> datetime | None:
    said = _mark(walk, step).get("checked")
    return datetime.fromisoformat(said) if said else None


def note(walk: Walkthrough, step: int, name: str) -> Any:
    """Something kept beside the step's checks, such as when its watch ends."""
    return _mark(walk, step).get(name)


def line_of(walk: Walkthrough, step: int) -> str:
    """The step in a few words for the checklist: what proves it, or what is wrong with it."""
    checks = checks_of(walk, step)
    wrong = [check.sentence for check in checks if check.state is StepState.PROBLEM]
    if wrong:
        return wrong[0] if len(wrong) == 1 else f"{wrong[0]} (and {len(wrong) - 1} more)"
    done = [check.sentence for check in checks if check.state is StepState.DONE]
    if len(done) > 1 and step != FINISH:
        return f"{len(done)} checks passed"
    return next(iter(done or [check.sentence for check in checks]), "")


def done_count(walk: Walkthrough) -> int:
    return sum(state_of(walk, step) is StepState.DONE for step in STEPS)


def wrong(walk: Walkthrough) -> bool:
    return any(state_of(walk, step) is StepState.PROBLEM for step in STEPS)


def mark(steps: Mapping[str, Any], step: int, checks: Iterable[Check], now: datetime, by: str, **more: Any) -> Marks:
    """The steps with one more verdict; whatever else is kept beside the step stays."""
    checks = list(checks)
    entry = {
        **steps.get(str(step), {}),
        "state": standing(checks).value,
        "checks": [to_json(check) for check in checks],
        "checked": now.isoformat(),
        "by": by,
        **more,
    }
    return {**steps, str(step): entry}


def set_aside(steps: Mapping[str, Any], step: int, **more: Any) -> Marks:
    """The steps with something kept beside a step's checks; its state stays."""
    return {**steps, str(step): {**steps.get(str(step), {}), **more}}


def may_act(walk: Walkthrough, user: str, step: int) -> bool:
    """The owner may do everything; whoever was asked for a step may do that one, the password being part of both its steps."""
    if user == walk.owner:
        return True
    steps = {USER, CREDENTIALS} if step in (USER, CREDENTIALS) else {step}
    return any(assignee(walk, one) == user for one in steps)


def next_step(steps: Mapping[str, Any]) -> int:
    """What the owner sees next: a problem, else the first undone one, else one that waits for the sign-in.

    What another person was asked to do is left to them while anything else remains.
    """

    def rank(step: int) -> tuple[int, int]:
        entry = steps.get(str(step), {})
        state = StepState(entry.get("state", StepState.TO_DO.value))
        order = {StepState.PROBLEM: 0, StepState.TO_DO: 1, StepState.TOLD: 2, StepState.DONE: 9}[state]
        if state is StepState.TOLD and step > CREDENTIALS:
            order = 1  # nothing of these waits for the sign-in: told means not there yet
        if order < 9 and entry.get("assignee"):
            order = 3
        return order, step

    best = min(STEPS, key=rank)
    return best if rank(best)[0] < 9 else FINISH


def _mark(walk: Walkthrough, step: int) -> dict[str, Any]:
    found: dict[str, Any] = walk.steps.get(str(step), {})
    return found
