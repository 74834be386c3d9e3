"""Getting a message to Slack: paced by channel, and what Slack's refusals mean for whoever wanted to say something."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

log = logging.getLogger(__name__)

CLOSED = {
    "channel_not_found": "it is gone, or private and I was never invited",
    "not_in_channel": "I am not a member",
    "is_archived": "it is archived",
    "is_inactive": "it is archived",
    "restricted_action": "the workspace does not let apps post there",
    "restricted_action_read_only_channel": "it is read-only",
    "restricted_action_thread_only_channel": "it takes replies only",
    "restricted_action_non_threadable_channel": "it takes no replies",
}
"""Refusals of a channel, as a reason that follows "I cannot post in #finance: "."""

GONE = {"message_not_found", "cant_update_message", "cannot_reply_to_message", "edit_window_closed"}
"""Refusals of one message: it was deleted, or is no longer ours."""

REMOVED = {"account_inactive", "token_revoked", "invalid_auth", "not_authed", "team_access_not_granted"}
"""The app was taken out of the workspace."""

UNFIT = {"invalid_blocks", "msg_blocks_too_long", "invalid_blocks_format", "msg_too_long"}

PAUSE, BURST = 1.0, 3
"""One message a second and channel, and a few at once after a silence: Slack's own limit."""


class Later(Exception):
    """Slack is down or wants a pause; nothing is wrong with what was to be said."""


class ChannelClosed(Exception):
    """This channel takes nothing from us; `why` is the reason in words."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error, self.why = error, CLOSED[error]


class MessageGone(Exception):
    """The message to change or to reply to is not there any more."""


class AppRemoved(Exception):
    """There is no workspace to talk to any more."""


def sort_out(error: SlackApiError) -> Exception:
    """A refusal as what its caller does next; a refusal that is our mistake comes back as it is."""
    said = str(error.response.get("error", ""))
    if error.response.status_code >= 429 or said in {
        "ratelimited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
    }:
        return Later(said)
    for known, kind in ((GONE, MessageGone), (REMOVED, AppRemoved)):
        if said in known:
            return kind(said)
    return ChannelClosed(said) if said in CLOSED else error


class Post:
    """Posts and edits. The clock is monotonic, since only distances count."""

    def __init__(self, now: Callable[[], float] = time.monotonic, pause: float = PAUSE) -> None:
        self._now, self._pause = now, pause
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._sent: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=BURST))

    async def new(
        self, client: AsyncWebClient, channel: str, content: dict[str, Any], thread: str = ""
    ) -> tuple[str, str]:
        """A new message or reply. Returns (channel, ts); for a person's id the channel is that of the direct messages."""
        more = {"thread_ts": thread} if thread else {}
        async with self._turns[channel]:
            sent = self._sent[channel]
            if len(sent) == BURST and (wait := sent[0] + BURST * self._pause - self._now()) > 0:
                await asyncio.sleep(wait)
            try:
                answer = await self._call(client.chat_postMessage, channel=channel, **content, **more)
            finally:
                sent.append(self._now())
        return str(answer["channel"]), str(answer["ts"])

    async def edit(self, client: AsyncWebClient, channel: str, ts: str, content: dict[str, Any]) -> None:
        await self._call(client.chat_update, channel=channel, ts=ts, text=content["text"], blocks=content["blocks"])

    async def _call(self, method: Any, **args: Any) -> Any:
        """Calls; a message whose blocks Slack does not take is said in words alone rather than not at all."""
        try:
            try:
                return await method(**args)
            except SlackApiError as refused:
                if refused.response.get("error") not in UNFIT or "blocks" not in args:
                    raise
                log.exception(
                    "Slack refused the blocks of %r: %s", args["text"][:60], refused.response.get("response_metadata")
                )
                return await method(**{**args, "blocks": None})
        except SlackApiError as refused:
            raise sort_out(refused) from refused
        except (aiohttp.ClientError, TimeoutError, OSError) as lost:
            raise Later(type(lost).__name__) from lost
