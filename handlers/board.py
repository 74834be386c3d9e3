"""The alerts as they stand in Slack: posted once, edited in place, told on in their threads. One job writes, nobody else."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.models import AlertState, PostingState
from bot.store import alerts, postings, runs, told
from bot.store.alerts import Alert
from bot.store.connections import Connection
from bot.sync.alerts import AlertView
from handlers.delivery import ChannelClosed, MessageGone, Post
from handlers.people import People
from handlers.services import Services
from handlers.ui import alerts as ui
from handlers.ui import story
from handlers.ui.alerts import Cast
from handlers.ui.text import channel

log = logging.getLogger(__name__)

BETWEEN_EDITS = timedelta(seconds=2)
"""Progress is shown at most this often; what a person has to know is shown at once."""

ROWS, DETAILS, UNKNOWN = "rows", "details", "outcome.unknown"
DIGEST = 40


@dataclass(slots=True)
class Board:
    """Draws alerts from the store. What Slack shows is remembered as a digest, so that an equal message is not sent."""

    services: Services
    client: AsyncWebClient
    people: People
    post: Post
    _progress: dict[int, datetime] = field(default_factory=dict)

    async def messages(self, connection: Connection) -> list[int]:
        """Every message of a connection whose alert may have changed.

        Returns:
            The alerts whose threads may have something new.
        """
        store = self.services.store
        await told.wake(store, connection.company, self.services.clock())
        await self._follow_channel(connection)
        await self.services.desk.reconcile_alerts(connection.id)
        unfinished = [one.id for one in await told.unfinished_alerts(store, connection.id, connection.company)]
        for alert in unfinished:
            await self._message(alert, connection)
        return unfinished

    async def threads(self, connection: Connection, changed: list[int]) -> None:
        """What is new in the threads, a message at a time, until a later refresh stands in line and does it."""
        for alert_id in changed:
            view = await self.services.desk.alert_view(alert_id)
            if view is None or not view.alert.ts:
                continue
            if await self.services.engine.waiting(f"refresh:{connection.id}:"):
                return
            told_all = await self._thread(view, view.alert, await self._cast(view, connection))
            if told_all and view.solved and view.alert.shown.startswith(AlertState.SOLVED):
                final = told.FINAL + view.alert.shown[-DIGEST:]
                await alerts.change(self.services.store, alert_id, shown=final)

    async def _follow_channel(self, connection: Connection) -> None:
        """The finance channel was changed: what is open leaves a line where it stood and is posted anew where it belongs."""
        if connection.removed is not None:
            return
        for alert in await alerts.list_open(self.services.store, connection=connection.id):
            if alert.channel == connection.channel:
                continue
            view = await self.services.desk.alert_view(alert.id)
            if alert.ts and view is not None:
                try:
                    await self.post.edit(
                        self.client, alert.channel, alert.ts, ui.moved(view, channel(connection.channel))
                    )
                except (ChannelClosed, MessageGone) as gone:
                    log.info("alert %d leaves nothing behind: %s", alert.id, gone)
            await alerts.change(self.services.store, alert.id, channel=connection.channel, ts="", shown="")

    async def _message(self, alert_id: int, connection: Connection) -> None:
        """Post or edit one alert. For a sign-in alert any connection of the company gives the time zone."""
        view = await self.services.desk.alert_view(alert_id)
        if view is None or (view.solved and not view.alert.ts):
            return  # solved before anybody was told
        content = ui.alert(view, await self._cast(view, connection))
        digest = _digest(view.alert, content)
        if digest != view.alert.shown and not self._too_soon(view.alert):
            await self._put(view.alert, content, digest)

    async def _put(self, alert: Alert, content: dict[str, Any], digest: str) -> None:
        """The message itself. Its ts is stored at once; one that was deleted is posted anew."""
        store = self.services.store
        if alert.ts:
            try:
                await self.post.edit(self.client, alert.channel, alert.ts, content)
            except MessageGone:
                await alerts.change(store, alert.id, ts="", shown="")
                if alert.state == AlertState.SOLVED:
                    return
            else:
                await alerts.change(store, alert.id, shown=digest)
                return
        _, ts = await self.post.new(self.client, alert.channel, content)
        await alerts.change(store, alert.id, ts=ts, shown=digest)

    def _too_soon(self, alert: Alert) -> bool:
        """Whether this would be progress on top of progress; the end of the work brings another refresh."""
        now = self.services.clock()
        if not alert.working:
            self._progress.pop(alert.id, None)
            return False
        last = self._progress.get(alert.id)
        if last is not None and now - last < BETWEEN_EDITS:
            return True
        self._progress[alert.id] = now
        return False

    async def _cast(self, view: AlertView, connection: Connection) -> Cast:
        alert = view.alert
        users = {alert.working, alert.assignee, *(str(line.get("actor") or "") for line in alert.story)}
        zone = connection.time_zone or "UTC"
        names = await self.people.names(self.client, users)
        return Cast(today=self.services.clock().date(), zone=zone, names=names)

    # --- the thread ---

    async def _thread(self, view: AlertView, alert: Alert, cast: Cast) -> bool:
        """First the rows, then Intacct's words, then the story as it happens; each told once a message.

        Returns:
            Whether nothing of it is left to tell.
        """
        whole = True
        store = self.services.store
        here = {
            line["did"] for line in alert.story if line.get("did") in {ROWS, DETAILS} and line.get("told") == alert.ts
        }
        first = {ROWS: ui.rows(view) if view.rows else None, DETAILS: ui.details(view)}
        for did, content in first.items():
            if did not in here and content is not None and not view.solved:
                await self.post.new(self.client, alert.channel, content, thread=alert.ts)
                line: dict[str, Any] = {"did": did, "told": alert.ts}
                if alert.category == UNKNOWN:  # what is found later was never retried, and is named when it is
                    line["postings"] = [row.posting for row in view.rows]
                await alerts.add_line(store, alert.id, line)
        for at, line in enumerate(alert.story):
            if "told" in line:
                continue
            text = await self._line(line, alert, cast)
            if text is None:
                whole = False
                continue
            if text:
                await self.post.new(self.client, alert.channel, ui.reply(text), thread=alert.ts)
            await told.tell_line(store, alert.id, at, alert.ts)
        return whole

    async def _line(self, line: dict[str, Any], alert: Alert, cast: Cast) -> str | None:
        """The sentence of one line; None while what it tells of is still under way."""
        store, posted = self.services.store, 0
        if line.get("intent"):
            asked = await runs.get_intent(store, str(line["intent"]))
            if asked is not None and asked.done is None:
                return None
            rows = await postings.get(store, [int(one) for one in line.get("postings") or []])
            posted = sum(row.state == PostingState.POSTED for row in rows)
        return story.reply(line, alert.category, cast.name(str(line.get("actor") or "")), posted, cast.zone)


def _digest(alert: Alert, content: dict[str, Any]) -> str:
    """What Slack shows: the alert's state and a digest of its message."""
    return f"{alert.state}:{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:DIGEST]}"
