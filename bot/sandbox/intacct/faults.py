"""Faults: what the gateway and the network can do to a client, armed one by one and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from bot.sandbox.control import ControlError

KINDS = {
    "drop_before": "closes the line without having done anything",
    "drop_after_commit": "does it, then closes the line",
    "late": "does it, then answers after `seconds`",
    "commit_late": "closes the line now and does it when the clock has passed `seconds` (900)",
    "error_500": "answers 500; with `committed` after having done it",
    "error_503": "answers 503; with `committed` after having done it",
    "html": "answers 200 with a page of the edge; with `committed` after having done it",
    "truncate": "does it and answers half the document; with `hard` the line breaks in the middle",
    "expire_session": "the session ends before the request, or with `after` in the midst of it",
    "rate_limit": "answers 429 with GW-0010",
    "invalid_request": "answers 400 with GW-0011",
    "unauthorized": "answers 401 with XMLGW_JPP0002",
    "twice": "does it and writes each result two times",
    "busy": "refuses each function: the service is off-line",
}


@dataclass
class Fault:
    """An armed fault: it strikes the next `count` requests whose body contains `match`."""

    kind: str
    count: int = 1
    match: str = ""
    seconds: float = 0
    committed: bool = False
    hard: bool = False
    after: int = 0


class Faults:
    def __init__(self) -> None:
        self.armed: list[Fault] = []
        self.fired: Counter[str] = Counter()

    def arm(self, fault: Fault) -> None:
        if fault.kind not in KINDS:
            raise ControlError(f"There is no fault '{fault.kind}'. There are: {', '.join(KINDS)}.")
        if fault.count < 1:
            raise ControlError("A fault strikes at least once: count is 1 or more.")
        if fault.kind == "commit_late" and not fault.seconds:
            fault.seconds = 900
        self.armed.append(fault)

    def take(self, body: bytes) -> Fault | None:
        """The first armed fault that fits this request, counted down."""
        for fault in self.armed:
            if fault.match.encode() in body:
                fault.count -= 1
                self.fired[fault.kind] += 1
                if not fault.count:
                    self.armed.remove(fault)
                return fault
        return None

    def state(self) -> dict[str, Any]:
        return {"armed": [asdict(fault) for fault in self.armed], "fired": dict(self.fired)}
