"""Short-lived rights that Slack hands out with an interaction: trigger ids and response URLs."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5
KEPT = 1_000
"""Rights of each kind that are remembered; older ones are unknown, as they would be to Slack after a while."""


@dataclass(slots=True)
class Trigger:
    """A right to open one view for one person. `view` is the modal that it was given out in, if any."""

    id: str
    user: str
    born: float
    view: str | None = None
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """A right to answer five times within 30 minutes. `ts` is the message that was clicked, empty for a command."""

    id: str
    user: str
    channel: str
    born: float
    ts: str = ""
    uses: int = 0


class Passes:
    """Gives out and takes back. `now` is in seconds; every lifetime is measured by it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.trigger_seconds = TRIGGER_SECONDS
        self._triggers: dict[str, Trigger] = {}
        self._urls: dict[str, ResponseUrl] = {}

    def trigger(self, user: str, view: str | None = None) -> Trigger:
        made = Trigger(
            f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}", user, self._now(), view
        )
        self._triggers[made.id] = made
        _forget(self._triggers)
        return made

    def exchange(self, trigger_id: str) -> Trigger | str:
        """The trigger, used up by this; or Slack's error."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            return "invalid_trigger_id"
        if trigger.used:
            return "exchanged_trigger_id"
        if self._now() - trigger.born > self.trigger_seconds:
            return "expired_trigger_id"
        trigger.used = True
        return trigger

    def response_url(self, user: str, channel: str, ts: str = "") -> ResponseUrl:
        made = ResponseUrl(secrets.token_hex(12), user, channel, self._now(), ts)
        self._urls[made.id] = made
        _forget(self._urls)
        return made

    def use(self, url_id: str) -> ResponseUrl | str:
        """The response URL with one use taken; or Slack's error."""
        found = self._urls.get(url_id)
        if found is None or self._now() - found.born > RESPONSE_SECONDS:
            return "expired_url"
        if found.uses >= RESPONSE_USES:
            return "used_url"
        found.uses += 1
        return found


def _forget(rights: dict[str, Any]) -> None:
    while len(rights) > KEPT:
        del rights[next(iter(rights))]
