"""The alerts as they stand in Slack: posted once, edited in place, told on in their threads. One job writes, nobody else."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.models import AlertState, PostingState
from bot.store import alerts, outbox, postings, runs, told, vendors
from bot.store.alerts import FINAL, Alert
from bot.store.connections import Connection
from bot.store.outbox import Also, Note
from bot.store.postings import CHANGED
from bot.store.vendors import ASKED
from bot.sync.alerts import AlertView
from bot.sync.outcome import elsewhere
from handlers.delivery import ChannelClosed, MessageGone, Post
from handlers.outbox import Outbox
from handlers.people import People
from handlers.services import Services
from handlers.ui import alerts as ui
from handlers.ui import story
from handlers.ui import vendors as vendor_ui
from handlers.ui.alerts import Cast
from handlers.ui.blocks import Json
from handlers.ui.text import channel

log = logging.getLogger(__name__)

ROWS, DETAILS, UNKNOWN = "rows", "details", "outcome.unknown"
DIGEST = 40

PRESSING = {UNKNOWN, CHANGED}
"""Causes whose rows are read at once: nobody may enter them by hand, or what was posted is not what was bought."""

REMEMBER = timedelta(days=7)
"""A reply that could not be told for so long is told no more; the audit trail has it."""


@dataclass(slots=True)
class Board:
    """Draws alerts from the store. What Slack shows is remembered as a digest, so that an equal message is not sent."""

    services: Services
    client: AsyncWebClient
    people: People
    outbox: Outbox

    @property
    def post(self) -> Post:
        return self.outbox.post

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
        """What is new in the threads is written into the outbox, in the order in which it happened."""
        for alert_id in changed:
            view = await self.services.desk.alert_view(alert_id)
            if view is None or not view.alert.ts:
                continue
            told_all = await self._thread(view, connection, await self._cast(view, connection))
            if told_all and view.solved and view.alert.shown.startswith(AlertState.SOLVED):
                final = FINAL + view.alert.shown[-DIGEST:]
                await told.close(self.services.store, alert_id, final)

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
                    left = ui.moved(view, channel(connection.channel))
                    await self.post.edit(self.client, alert.channel, alert.ts, left, workspace=connection.workspace_id)
                except (ChannelClosed, MessageGone) as gone:
                    log.info("alert %d leaves nothing behind: %s", alert.id, gone)
            await alerts.change(self.services.store, alert.id, channel=connection.channel, ts="", shown="")

    async def _message(self, alert_id: int, connection: Connection) -> None:
        """Post or edit one alert. For a sign-in alert any connection of the company gives the time zone."""
        view = await self.services.desk.alert_view(alert_id)
        if view is None or (view.solved and not view.alert.ts):
            return  # solved before anybody was told
        cast = await self._cast(view, connection)
        content = ui.alert(view, cast)
        digest = _digest(view.alert, content, cast.today)
        if digest == view.alert.shown or await self._too_soon(view.alert):
            return
        await self._put(view.alert, connection, content, digest)

    async def _put(self, alert: Alert, connection: Connection, content: dict[str, Any], digest: str) -> None:
        """The message itself, edited where it stands; one that was deleted is posted anew."""
        store, workspace = self.services.store, alert.workspace_id
        if alert.ts:
            try:
                await self.post.edit(self.client, alert.channel, alert.ts, content, workspace=workspace)
            except MessageGone:
                await alerts.change(store, alert.id, ts="", shown="")
                if alert.state == AlertState.SOLVED:
                    return
            else:
                await alerts.change(store, alert.id, shown=digest)
                return
        key = f"alert:{alert.id}"
        note = Note(workspace, outbox.ALERT, key, alert.channel, connection_id=connection.id, alert=alert.id)
        message = await outbox.arm(store, note, self.services.clock())
        where = await self.outbox.send(message, content)
        if where is not None:
            stands = partial(alerts.stands, alert=alert.id, ts=where[1], shown=digest)
            await outbox.sent(store, message, *where, also=stands)

    async def _too_soon(self, alert: Alert) -> bool:
        """Whether this would be progress on top of progress; the end of the work brings another refresh."""
        return bool(alert.working and alert.ts) and not await self.post.may_show_progress(f"alert {alert.id}")

    async def _cast(self, view: AlertView, connection: Connection) -> Cast:
        alert = view.alert
        users = {alert.working, alert.assignee, *(str(line.get("actor") or "") for line in alert.story)}
        zone = connection.time_zone or "UTC"
        names = await self.people.names(self.client, users)
        return Cast(today=self.services.clock().date(), zone=zone, names=names)

    # --- the thread ---

    async def _thread(self, view: AlertView, connection: Connection, cast: Cast) -> bool:
        """First the rows, then Intacct's words, then the story as it happens; each told once a message.

        What is seen to be under way stays so for this look: it may end between two of its lines, and those keep their order.

        Returns:
            Whether nothing of it is left to tell.
        """
        alert, under_way = view.alert, set[str]()
        if not view.solved and _attended(view):
            await self._open_thread(view, connection)
        for at, line in enumerate(alert.story):
            if line.get("did") == "vendor ask":
                await self._request(alert, connection, at)
                continue
            if "told" in line:
                continue
            text = None if line.get("intent") in under_way else await self._line(line, alert, cast)
            if text is None:
                under_way.add(line["intent"])
                continue
            if text:
                mark = partial(told.mark_line, alert=alert.id, at=at, mark=alert.ts)
                await self._reply(alert, connection, f"line {at}", ui.reply(text), mark)
            else:
                await told.tell_line(self.services.store, alert.id, at, alert.ts)
        return not under_way

    async def _request(self, alert: Alert, connection: Connection, at: int) -> None:
        """A request that a second person has to agree to: said once, and edited as it goes on."""
        line = alert.story[at]
        request = await vendors.get(self.services.store, str(line["request"]))
        if request is None:
            return
        content = vendor_ui.request(request)
        if "told" not in line or (
            request.stage == ASKED and line["told"] != alert.ts
        ):  # also under a message posted anew
            mark = partial(told.mark_line, alert=alert.id, at=at, mark=alert.ts)
            await self._reply(alert, connection, f"line {at} {alert.ts}", content, mark)
        if request.place is None or request.stage == line.get("shows"):
            return
        try:
            await self.post.edit(self.client, *request.place, content, workspace=alert.workspace_id)
        except (ChannelClosed, MessageGone) as gone:
            log.info("request %s is not shown any more: %s", request.id, gone)
        await told.line_shows(self.services.store, alert.id, at, request.stage)

    async def _open_thread(self, view: AlertView, connection: Connection) -> None:
        """The rows, and Intacct's own words: once under each message that stands for the alert."""
        alert = view.alert
        here = {line["did"] for line in alert.story if line.get("told") == alert.ts}
        first = {ROWS: ui.rows(view) if view.rows else None, DETAILS: ui.details(view)}
        for did, content in first.items():
            if did in here or content is None:
                continue
            line: dict[str, Any] = {"did": did, "told": alert.ts}
            if alert.category == UNKNOWN:  # what is found later was never retried, and is named when it is
                line["postings"] = [row.posting for row in view.rows]
            mark = partial(alerts.append_line, alert=alert.id, line=line)
            await self._reply(alert, connection, f"{did} {alert.ts}", content, mark)

    async def _reply(self, alert: Alert, connection: Connection, what: str, content: Json, mark: Also) -> None:
        """Owed from here on: the mark in the alert's story and the row in the outbox are one."""
        until = self.services.clock() + REMEMBER
        key = f"alert:{alert.id}:{what}"
        note = Note(alert.workspace_id, outbox.LINE, key, alert.channel, content, connection.id, alert.id, until)
        await self.outbox.say(note, also=mark)

    async def _line(self, line: dict[str, Any], alert: Alert, cast: Cast) -> str | None:
        """The sentence of one line; None while what it tells of is still under way."""
        store, posted, moved = self.services.store, 0, ""
        if line.get("intent"):
            asked = await runs.get_intent(store, str(line["intent"]))
            if asked is not None and asked.done is None:
                return None
            rows = await postings.get(store, [int(one) for one in line.get("postings") or []])
            posted = sum(row.state == PostingState.POSTED for row in rows)
            moved = story.moved(elsewhere(rows, alert))
            if alert.connection_id is None and alert.state != AlertState.SOLVED:
                moved = ", which does not let this app in yet"
        return story.reply(line, alert.category, cast.name(str(line.get("actor") or "")), posted, cast.zone, moved)


def _attended(view: AlertView) -> bool:
    """Whether somebody has turned to this alert, or has to in a hurry.

    Before that a thread would be read by nobody: in a storm it doubles the messages, and *Details* shows the same.
    """
    alert = view.alert
    acted = any(line.get("actor") for line in alert.story)
    return bool(alert.assignee) or acted or view.paused or alert.category in PRESSING


def _digest(alert: Alert, content: dict[str, Any], today: date) -> str:
    """What Slack shows: the alert's state and a digest of its message.

    The day is in it while the alert is open: an edit that changes nothing is seen by nobody, and finds out that the
    message was deleted.
    """
    day = "" if alert.state == AlertState.SOLVED else today.isoformat()
    return f"{alert.state}:{hashlib.sha256((day + json.dumps(content, sort_keys=True)).encode()).hexdigest()[:DIGEST]}"
