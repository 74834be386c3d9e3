"""What the simulators, the drills and the page share: the control door's shape and its one refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol


class ControlError(Exception):
    """A person's request at the control door that cannot be done; the text is a sentence for that person."""


class Controlled(Protocol):
    """Whatever stands behind `/control/{name}/`: it takes verbs and shows its state as JSON-able values."""

    on_change: Callable[[str], None] | None

    async def control(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        """Does `verb`. Raises ControlError, with a sentence, for an unknown verb, bad arguments or a refusal."""
        ...

    @property
    def state(self) -> Callable[..., dict[str, Any]]:
        """`state(**query)`: a snapshot for the page and for tests. Which query names exist is the owner's affair."""
        ...


class Simulator(Controlled, Protocol):
    """A far end on a listener of its own. `stop` really closes the listener; the state stays for the next `start`."""

    url: str
    clock: Callable[[], datetime]

    @property
    def VERBS(self) -> Mapping[str, Any]:  # noqa: N802 - a table of constants, spelt as one
        """Every verb that `control` knows."""
        ...

    async def start(self, port: int = 0) -> str:
        """Binds 127.0.0.1 (0 = any free port; after a stop the old one) and returns `url`."""
        ...

    async def stop(self) -> None:
        """Closes the listener and drops its connections."""
        ...
