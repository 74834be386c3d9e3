"""What every part of the simulated Slack shares: the workspace, the rights, the wire to the app, and the log."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bot.sandbox.slack.delivery import Delivery
from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.http import SignedRequests
from bot.sandbox.slack.limiter import Limiter
from bot.sandbox.slack.manifest import Manifest
from bot.sandbox.slack.passes import Passes
from bot.sandbox.slack.socket import SocketMode
from bot.sandbox.slack.views import Views
from bot.sandbox.slack.workspace import APP, BOT, BOT_USER, Channel, Post, Workspace

log = logging.getLogger("sandbox.slack")
LOG_LINES = 50


class Core:
    """One Slack with one app in it. `origin` is the server's address once it listens, such as http://127.0.0.1:4000."""

    def __init__(self, manifest: Manifest, deliver_to: str, signing_secret: str) -> None:
        self.manifest = manifest
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.on_change: Callable[[], None] = lambda: None
        self.origin = ""
        self.installed = True
        self.traffic: deque[dict[str, Any]] = deque(maxlen=LOG_LINES)
        self.workspace = Workspace(self.time)
        now = self.workspace.now
        self.views = Views(self.workspace)
        self.passes = Passes(now)
        self.limiter = Limiter(now)
        self.faults = Faults(now)
        self.socket = SocketMode(self.changed)
        self.wire: SocketMode | SignedRequests = (
            SignedRequests(deliver_to, signing_secret, now) if deliver_to else self.socket
        )
        self.delivery = Delivery(self.wire, self.workspace, self.note, lambda: self.faults.down)

    def changed(self) -> None:
        self.on_change()

    def time(self) -> datetime:
        """The clock of this moment; tests may put in another one at any time."""
        return self.clock()

    def note(self, direction: str, what: str, ok: bool) -> None:
        """A line of traffic: "in" from the app, "out" to it. Never holds what people typed or any token."""
        self.traffic.append({"at": self.clock().isoformat(), "dir": direction, "what": what, "ok": ok})
        if not ok:
            log.warning("Slack sandbox, %s: %s", direction, what)
        self.changed()

    # --- messages by the app ------------------------------------------------------------------------------------------

    def post_as_app(self, channel: Channel, content: dict[str, Any], only_for: str | None = None) -> Post:
        """A message of the app. Its own direct messages come back to it as events, as they do in Slack."""
        body = {"user": BOT_USER, "bot_id": BOT, "app_id": APP, **content}
        post = self.workspace.post(channel.id, body, only_for=only_for)
        if channel.kind == "im" and not only_for:
            self.tell_message(channel, dict(post.body))
        self.changed()
        return post

    def change_as_app(self, channel: Channel, post: Post, before: dict[str, Any]) -> None:
        """Tells of an edit that has been made to a message in the app's direct messages."""
        if channel.kind == "im" and not post.only_for:
            self.tell_message(
                channel,
                {
                    "type": "message",
                    "subtype": "message_changed",
                    "hidden": True,
                    "message": dict(post.body),
                    "previous_message": before,
                    "ts": self.workspace.next_ts(),
                },
            )
        self.changed()

    def slackbot(self, channel: str, user: str, text: str) -> None:
        """What Slack itself says to one person, such as that a command failed."""
        self.workspace.post(channel, {"user": "USLACKBOT", "text": text}, only_for=user)
        self.changed()

    def tell_message(self, channel: Channel, message: dict[str, Any]) -> None:
        """A `message.im` event, if the manifest subscribes to it and grants its scope."""
        if self.subscribed("message.im") and "im:history" in self.manifest.scopes:
            event = message | {"channel": channel.id, "channel_type": "im", "event_ts": message["ts"]}
            self.delivery.tell(event)

    def subscribed(self, event: str) -> bool:
        return self.installed and event in self.manifest.events

    def respond_url(self, user: str, channel: str, ts: str = "") -> str:
        return f"{self.origin}/respond/{self.passes.response_url(user, channel, ts).id}"
