"""The outbox: what is owed to people is written down first, then said, and what became of it is written down again.

Slack takes a message at least once; people are to see it once. In between lies a call whose answer is lost: the process
died, the line dropped, Slack answered 500. `chat.postMessage` has no documented key that would make a second call
harmless (`client_msg_id` occurs in two of its error names and nowhere else), so every message carries its row's mark as
metadata, an id without meaning, and before a second call the conversation is read for that mark. Direct messages can be
read with `im:history`, once Slack has told their id by an earlier message; of the very first to a person it has not, and
that one is said again. Channels cannot: reading a finance channel would take `channels:history` or `groups:history`,
which no feature needs and the manifest does not ask for. Where a workspace grants them all the same they are used; where
not, the message is said again, and the copy that may stand there is never a second living alert: it is deleted, or
becomes the alert's own message, as soon as somebody presses a button on it (`Strays`). A reply in a thread that is said
again stands twice; a story with a hole in it would be worse.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import AlertState, MessageState
from bot.store import alerts, connections, lanes, outbox
from bot.store.connections import Connection
from bot.store.outbox import Also, Message
from handlers.delivery import AnswerLost, AppRemoved, ChannelClosed, Later, MessageGone, Post
from handlers.services import Services

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
"""A call whose answer is not stored after so long was cut off; the client waits 20 s for Slack."""

AGAIN = timedelta(seconds=30)
REST = timedelta(minutes=10)
"""Until a closed channel, or a message that Slack does not take, is tried again by itself."""

EVENT = "spend_to_intacct"
SKEW = timedelta(minutes=5)
"""How far Slack's clock and ours may lie apart when the conversation is read from the time of the call on."""

PAGE, PAGES = 200, 5

SWEEP, TIDY = timedelta(seconds=30), timedelta(hours=1)
KEEP = timedelta(days=30)


@dataclass(slots=True)
class Outbox:
    """Sends what stands in the table. The refresh of a connection does so, one at a time by its company's turn."""

    services: Services
    client: AsyncWebClient
    post: Post
    _swept: datetime | None = field(default=None)
    _tidied: datetime | None = field(default=None)

    async def say(self, note: outbox.Note, *, also: Also | None = None) -> bool:
        """Write down what has to be said; whether it is new."""
        return await outbox.put(self.services.store, note, self.services.clock(), also=also)

    async def send(self, message: Message, content: dict[str, Any], *, thread: str = "") -> tuple[str, str] | None:
        """Say one message, unless it was said.

        Returns:
            Where it stands, as (channel, ts), to be stored with `outbox.sent`; None when another process is at it or
            Slack does not take it.

        Raises:
            Later, ChannelClosed, MessageGone, AppRemoved: it stays due.
        """
        store, clock = self.services.store, self.services.clock
        if message.state == MessageState.SENDING:
            if message.claimed is not None and abs(clock() - message.claimed) < LEASE:  # else the clock was set back
                raise Later("a call is under way", message.claimed + LEASE)
            if found := await self._find(message, thread):
                return found
        await self.post.turn(message.channel)
        if not await outbox.claim(store, message, clock()):
            return None
        more: dict[str, Any] = {"thread_ts": thread} if thread else {}
        more["metadata"] = {"event_type": EVENT, "event_payload": {"mark": message.mark}}
        try:
            return await self.post.place(self.client, message.workspace_id, message.channel, content, **more)
        except AnswerLost:
            await outbox.answer_lost(store, message, clock() + AGAIN)
            raise
        except Later as later:
            await outbox.put_back(store, message, later.until or clock() + AGAIN)
            raise
        except (ChannelClosed, MessageGone, AppRemoved):
            await outbox.put_back(store, message, clock() + REST)
            raise
        except SlackApiError:
            log.exception("Slack does not take message %d", message.id)
            await outbox.put_back(store, message, clock() + REST)
            return None

    async def deliver(self, connection: Connection, *, threads: bool) -> None:
        """Everything that this connection has to say apart from its alerts; replies, a second each, with `threads` only."""
        now = self.services.clock()
        for message in await outbox.to_send(self.services.store, connection.id):
            if message.until is not None and message.until <= now:
                await outbox.give_up(self.services.store, message)
            elif (message.kind == outbox.LINE) != threads or (message.not_before or now) > now:
                continue
            elif threads and await self.services.engine.waiting(f"refresh:{connection.id}:"):
                return  # it stands in line, has newer things to show, and goes on here
            else:
                await self._one(message)

    async def _one(self, message: Message) -> None:
        if message.kind == outbox.ALERT:  # solved before it stood anywhere
            await outbox.give_up(self.services.store, message)
        elif message.kind == outbox.STRAY:
            await self._remove(message)
        elif message.content is not None and (message.parent or message.kind != outbox.LINE):
            thread = message.parent if message.kind == outbox.LINE else ""
            try:
                where = await self.send(message, message.content, thread=thread)
            except ChannelClosed as closed:
                log.info("%s takes no message: %s", message.channel, closed.error)
            except MessageGone:
                await self._orphaned(message)
            else:
                if where is not None:
                    await outbox.sent(self.services.store, message, *where)

    async def _orphaned(self, message: Message) -> None:
        """The alert above was deleted: an open one is posted anew, and takes this reply; nobody misses a solved one."""
        alert = await alerts.get(self.services.store, message.alert or 0)
        if alert is None or alert.state == AlertState.SOLVED:
            await outbox.give_up(self.services.store, message)
            return
        await alerts.change(self.services.store, alert.id, ts="", shown="")
        raise Later("the alert is posted anew", self.services.clock() + timedelta(seconds=1))

    async def _remove(self, message: Message) -> None:
        """Deleting twice is deleting once."""
        try:
            await self.post.call(
                self.client, message.workspace_id, "chat.delete", channel=message.channel, ts=message.ts
            )
        except (MessageGone, ChannelClosed) as gone:
            log.info("the stray %s of alert %s is out of reach: %s", message.ts, message.alert, gone)
        await outbox.sent(self.services.store, message, message.channel, message.ts)

    async def _find(self, message: Message, thread: str) -> tuple[str, str] | None:
        """Where a message stands whose call was not answered; None where it does not, or where we may not look."""
        place = message.channel
        if place.startswith(("U", "W")):
            place = await outbox.place_of(self.services.store, message.workspace_id, place)
        if not place:
            return None
        method = "conversations.replies" if thread else "conversations.history"
        since = str((message.created - SKEW).timestamp())
        args: dict[str, Any] = {"channel": place, "oldest": since, "limit": PAGE, "include_all_metadata": True}
        args |= {"ts": thread} if thread else {}
        for _ in range(PAGES):
            try:
                page = await self.post.call(self.client, message.workspace_id, method, **args)
            except (SlackApiError, ChannelClosed, MessageGone) as refused:
                log.info("message %d cannot be looked for in %s: %s", message.id, place, refused)
                return None
            for one in page.get("messages") or []:
                kept = one.get("metadata") or {}
                if (kept.get("event_payload") or {}).get("mark") == message.mark:
                    return place, str(one["ts"])
            args["cursor"] = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not args["cursor"]:
                break
        return None

    # --- what nobody comes back for by itself ---

    async def sweep(self) -> None:
        """Promise a refresh where something has waited too long: its process died, or was never told. Asked every few seconds."""
        now, store = self.services.clock(), self.services.store
        if self._swept is not None and timedelta() <= now - self._swept < SWEEP:
            return
        self._swept = now
        for one in await outbox.stranded(store, now, now - SWEEP):
            await self.promise(one, f"outbox {int(now.timestamp()) // int(SWEEP.total_seconds())}")
        if self._tidied is None or now - self._tidied >= TIDY:
            self._tidied = now
            await outbox.purge(store, now - KEEP)
            await lanes.purge(store, now - timedelta(days=1))

    async def promise(self, connection_id: str, why: str) -> None:
        """The refresh that sends what this connection has to say."""
        connection = await connections.get_connection(self.services.store, connection_id)
        if connection is not None:
            await self.services.engine.enqueue(
                "refresh", f"{connection_id}:{why}", company=connection.company, connection_id=connection_id
            )
