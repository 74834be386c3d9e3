"""Copies of an alert that stand in Slack without our knowing: the answer to the call that made them was lost.

A channel cannot be read for them (`handlers.outbox` says why), but a click says where it was made. What was pressed
counts whichever copy it was pressed on; then the copy becomes the alert's message, if that has none, or is taken away.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt.response import BoltResponse

from bot.store import alerts, connections, outbox
from bot.store.alerts import Alert
from bot.store.outbox import Note
from handlers.asking import workspace_of
from handlers.services import Services

log = logging.getLogger(__name__)

OF_ALERT = re.compile(r"(?:[a-z]+:)?(\d+)")
"""What stands on an alert's buttons and menu: `12`, or `snooze:12`."""


@dataclass(frozen=True, slots=True)
class Strays:
    services: Services

    async def seen(
        self,
        body: dict[str, Any],
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002  # Bolt names it so
    ) -> BoltResponse:
        """Passes every request on; looks at where clicks on alerts were made."""
        action = (body.get("actions") or [{}])[0]
        where = body.get("container") or {}
        value = action.get("value") or (action.get("selected_option") or {}).get("value") or ""
        named = OF_ALERT.fullmatch(str(value))
        shown = where.get("type") == "message" and not where.get("is_ephemeral")
        if shown and named and str(action.get("action_id", "")).startswith("alert."):
            found = await alerts.in_workspace(self.services.store, workspace_of(body), named[1])
            await self._clicked(found, str(where.get("channel_id") or ""), str(where.get("message_ts") or ""))
        return await next()

    async def _clicked(self, alert: Alert | None, channel: str, ts: str) -> None:
        store, now = self.services.store, self.services.clock()
        if alert is None or alert.channel != channel or alert.ts == ts:
            return  # the usual way; the same alert in somebody's direct messages is no stray either
        if await outbox.adopt(store, alert.id, channel, ts):
            return  # its answer is lost or under way; what was pressed is drawn there
        mine = [alert.connection_id] if alert.connection_id else []
        mine = mine or [one.id for one in await connections.list_connections(store, company=alert.company)][:1]
        if not mine:
            return
        log.warning("alert %d was pressed on a copy that is not its own, which is taken away", alert.id)
        note = Note(alert.workspace_id, outbox.STRAY, f"stray:{channel}:{ts}", channel, None, mine[0], alert.id)
        await outbox.put(store, replace(note, ts=ts), now)
        await self.services.engine.enqueue(
            "refresh", f"{mine[0]}:stray {ts}", company=alert.company, urgent=True, connection_id=mine[0]
        )
