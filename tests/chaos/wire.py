"""What can go wrong on the way to each far end, and how a round picks some of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

RECORD = "record_cctransaction"
Control = Callable[..., Awaitable[Any]]

INTACCT: list[dict[str, Any]] = [
    {"kind": "drop_before"},
    {"kind": "drop_after_commit"},
    {"kind": "error_500"},
    {"kind": "error_500", "committed": True},
    {"kind": "error_503", "committed": True},
    {"kind": "html"},
    {"kind": "html", "committed": True},
    {"kind": "truncate"},
    {"kind": "truncate", "hard": True},
    {"kind": "late", "seconds": 0.4},
    {"kind": "twice"},
    {"kind": "busy"},
    {"kind": "rate_limit"},
    {"kind": "expire_session"},
    {"kind": "expire_session", "after": 1},
    {"kind": "commit_late", "seconds": 900},
]
SPEND: list[dict[str, Any]] = [
    {"kind": "down"},
    {"kind": "error_500"},
    {"kind": "garbage"},
    {"kind": "slow", "seconds": 0.3},
    {"kind": "repeat_token"},
]
SLACK: list[dict[str, Any]] = [
    {"kind": "down"},
    {"kind": "rate_limit", "n": 2},
    {"kind": "slow", "n": 3, "seconds": 0.3},
    {"kind": "disconnect"},
    {"kind": "disconnect", "reason": "drop"},
    {"kind": "redeliver", "n": 2},
    {"kind": "lose_answer", "method": "chat.postMessage"},
    {"kind": "lose_answer", "method": "chat.update"},
    {"kind": "error", "method": "chat.postMessage", "error": "internal_error", "n": 1},
    {"kind": "error", "method": "chat.update", "error": "fatal_error", "n": 1},
]


async def harm_intacct(dice: random.Random, control: Control, faults: Counter[str]) -> None:
    """Up to three faults for the next postings, and one of the habits with a replayed id that nobody has published."""
    shape = dice.choice(["function", "function_named", "control"])
    await control("set_replay", shape=shape, failed_ids=dice.choice(["reusable", "spent"]))
    for _ in range(dice.choice([0, 1, 1, 2, 3])):
        await _arm(dice.choice(INTACCT), "Intacct", control, faults, match=RECORD)


async def harm_spend(dice: random.Random, control: Control, faults: Counter[str]) -> None:
    if dice.random() < 0.3:
        await _arm(dice.choice(SPEND), "Spend Center", control, faults)


async def harm_slack(dice: random.Random, control: Control, faults: Counter[str]) -> None:
    if dice.random() < 0.5:
        await _arm(dice.choice(SLACK), "Slack", control, faults)


def take_back(faults: Counter[str], whose: str, armed: Iterable[dict[str, Any]]) -> None:
    """What was armed and struck nobody is no fault that was injected."""
    for one in armed:
        faults[_name(whose, one)] -= 1


async def _arm(fault: dict[str, Any], whose: str, control: Control, faults: Counter[str], **more: Any) -> None:
    await control("fault", **fault, **more)
    faults[_name(whose, fault)] += 1


def _name(whose: str, fault: dict[str, Any]) -> str:
    return " ".join([whose, fault["kind"], *(["committed"] if fault.get("committed") else [])])
