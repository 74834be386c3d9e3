"""From Slack to the app: envelopes, acknowledgements, and events that come again until somebody takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.sandbox.slack.workspace import APP, BOT_USER, TEAM, Workspace

ACK_SECONDS = 3.0
RETRY_DELAYS = (0.0, 60.0, 300.0)
"""Seconds before the first, second and third redelivery of an event."""
Taken = Callable[[dict[str, Any]], None]
UNACKED = "operation_timeout"
UNREACHABLE = "dispatch_failed"


@dataclass(frozen=True, slots=True)
class Envelope:
    """`kind` is events_api, interactive or slash_commands; `answer` says whether an ack may carry a payload.

    `taken` is called with that payload the moment the ack arrives, so that a call which the app makes right after its
    ack finds the ack already followed.
    """

    kind: str
    payload: dict[str, Any]
    answer: bool = False
    attempt: int = 0
    reason: str = ""
    taken: Taken | None = None


@dataclass(frozen=True, slots=True)
class Ack:
    """What came of an envelope. `error` is Slack's word for what the person then sees; `ms` the time until it was known.

    `reason` is what a redelivery will state; `final` means that the app asked for no redelivery.
    """

    acked: bool
    ms: int = 0
    payload: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    reason: str = "timeout"
    final: bool = False


class Wire(Protocol):
    """The way to the app: Socket Mode or signed HTTP requests."""

    async def send(self, envelope: Envelope, seconds: float) -> Ack:
        """Delivers once and waits at most `seconds` for the acknowledgement."""
        ...

    async def close(self) -> None: ...


class Delivery:
    """Sends over the wire, writes what happened to the log, and redelivers events.

    `doubled` counts how many of the next envelopes are sent twice (the drill "redeliver"); while `down` says so,
    nothing leaves.
    """

    def __init__(
        self, wire: Wire, workspace: Workspace, note: Callable[[str, str, bool], None], down: Callable[[], bool]
    ) -> None:
        self.wire = wire
        self.down = down
        self.doubled = 0
        self.ack_seconds = ACK_SECONDS
        self.retry_delays = RETRY_DELAYS
        self._workspace = workspace
        self._note = note
        self._tasks: set[asyncio.Task[Any]] = set()

    async def ask(
        self, kind: str, payload: dict[str, Any], *, answer: bool, what: str, taken: Taken | None = None
    ) -> Ack:
        """An interaction or a command: delivered once, never again."""
        if self.doubled:
            self.doubled -= 1
            self._start(self._deliver(Envelope(kind, payload, answer), f"{what} (sent twice)"))
        return await self._deliver(Envelope(kind, payload, answer, taken=taken), what)

    def tell(self, event: dict[str, Any], authorized: bool = True) -> None:
        """An event, in the background: sent, and sent again after each of the retry delays until it is acknowledged."""
        now = self._workspace.now()
        payload = {
            "token": "sandbox-verification-token",
            "team_id": TEAM,
            "context_team_id": TEAM,
            "context_enterprise_id": None,
            "api_app_id": APP,
            "event": {"event_ts": self._workspace.next_ts(), **event},
            "type": "event_callback",
            "event_id": self._workspace.new_id("Ev"),
            "event_time": int(now),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM,
                    "user_id": BOT_USER,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ]
            if authorized
            else [],
            "is_ext_shared_channel": False,
            "event_context": f"1-{event['type']}-{TEAM}-{APP}",
        }
        what = f"event {event['type']}"
        if self.doubled:
            self.doubled -= 1
            again = Envelope("events_api", payload, attempt=1, reason="timeout")
            self._start(self._deliver(again, f"{what} (sent twice)"))
        self._start(self._insist(payload, what))

    async def _insist(self, payload: dict[str, Any], what: str) -> None:
        ack = await self._deliver(Envelope("events_api", payload), what)
        for attempt, delay in enumerate(self.retry_delays, start=1):
            if ack.acked or ack.final:
                return
            await asyncio.sleep(delay)
            again = Envelope("events_api", payload, attempt=attempt, reason=ack.reason)
            ack = await self._deliver(again, f"{what} (retry {attempt})")

    async def _deliver(self, envelope: Envelope, what: str) -> Ack:
        if self.down():
            ack = Ack(acked=False, error=UNREACHABLE, reason="connection_failed")
        else:
            ack = await self.wire.send(envelope, self.ack_seconds)
        self._note("out", what if ack.acked else f"{what}: {ack.error}", ack.acked)
        return ack

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Waits until no delivery is under way (for tests)."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.wire.close()
