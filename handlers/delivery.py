"""Getting a message to Slack: paced by channel, and what Slack's refusals mean for whoever wanted to say something."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack_errors import said
from bot.store import lanes
from bot.store.database import Store

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

STUMBLED = {"internal_error", "fatal_error", "service_unavailable", "request_timeout"}
"""Slack's own troubles, after which part of what was asked may have been done; so its documentation of each method says."""

PAUSE, BURST = 1.0, 3
"""One message a second and channel, and a few at once after a silence: Slack's own limit."""

BETWEEN_EDITS = timedelta(seconds=2)
"""Progress is shown at most this often; what a person has to know is shown at once."""

RETRY_AFTER = 30
"""Seconds to wait where Slack asks for a pause and does not say how long."""


class Later(Exception):
    """Slack is down or wants a pause; nothing is wrong with what was to be said. `until` is when, where that is known."""

    def __init__(self, why: str, until: datetime | None = None) -> None:
        super().__init__(why)
        self.until = until


class AnswerLost(Later):
    """Slack may have done what was asked; its answer did not come."""


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
    word, status = said(error), int(getattr(error.response, "status_code", 0) or 0)
    if status == 429 or word == "ratelimited":
        return Later(word)
    if status >= 500 or word in STUMBLED or not word:
        return AnswerLost(word or f"answer {status}")
    for known, kind in ((GONE, MessageGone), (REMOVED, AppRemoved)):
        if word in known:
            return kind(word)
    return ChannelClosed(word) if word in CLOSED else error


@dataclass(slots=True)
class Post:
    """Posts and edits, within Slack's limits.

    The limits are counted in the database, since every replica and the next start count as the same app. What Slack
    asks for with a 429 holds the method in the whole workspace. Nothing is tried twice in here: of a call whose answer
    is lost only the caller knows whether a second one does harm.
    """

    store: Store
    clock: Callable[[], datetime]
    pause: float = PAUSE
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
    _bare: dict[int, AsyncWebClient] = field(default_factory=dict)

    async def turn(self, channel: str) -> None:
        """Waits until one more message may go to this channel."""
        wait = await lanes.turn(self.store, channel, self.clock(), timedelta(seconds=self.pause), BURST)
        if wait:
            await self.sleep(wait.total_seconds())

    async def place(
        self, client: AsyncWebClient, workspace: str, channel: str, content: dict[str, Any], **more: Any
    ) -> tuple[str, str]:
        """A new message or reply, its turn taken before; `more` goes to Slack as it is.

        Returns:
            (channel, ts); for a person's id the channel is that of the direct messages.

        Raises:
            Later: not now. AnswerLost, one kind of it: it may stand there.
            ChannelClosed, MessageGone, AppRemoved: Slack will not take it.
        """
        answer = await self.call(client, workspace, "chat.postMessage", channel=channel, **content, **more)
        return str(answer["channel"]), str(answer["ts"])

    async def new(
        self, client: AsyncWebClient, channel: str, content: dict[str, Any], *, workspace: str = ""
    ) -> tuple[str, str]:
        """A message in its turn, for callers that can bear to say it twice."""
        await self.turn(channel)
        return await self.place(client, workspace, channel, content)

    async def edit(
        self, client: AsyncWebClient, channel: str, ts: str, content: dict[str, Any], *, workspace: str = ""
    ) -> None:
        args = {"channel": channel, "ts": ts, "text": content["text"], "blocks": content["blocks"]}
        await self.call(client, workspace, "chat.update", **args)

    async def may_show_progress(self, what: str) -> bool:
        """Whether progress of this may be shown again."""
        return await lanes.take(self.store, f"progress {what}", self.clock(), BETWEEN_EDITS)

    async def call(self, client: AsyncWebClient, workspace: str, method: str, **args: Any) -> Any:
        """Calls; a message whose blocks Slack does not take is said in words alone rather than not at all."""
        lane = f"{workspace} {method}"
        if until := await lanes.held(self.store, lane, self.clock()):
            raise Later("Slack asked for a pause", until)
        try:
            try:
                return await self._method(client, method)(**args)
            except SlackApiError as refused:
                if said(refused) not in UNFIT or "blocks" not in args:
                    raise
                details = refused.response.get("response_metadata")
                log.exception("Slack refused the blocks of %r: %s", args["text"][:60], details)
                words = {name: value for name, value in args.items() if name != "blocks"}
                return await self._method(client, method)(**words)
        except SlackApiError as refused:
            trouble = sort_out(refused)
            if type(trouble) is Later:
                pause = timedelta(seconds=_retry_after(refused))
                trouble.until = await lanes.hold(self.store, lane, self.clock(), pause)
            raise trouble from refused
        except aiohttp.ClientConnectorError as unreached:
            raise Later(type(unreached).__name__) from unreached
        except (aiohttp.ClientError, TimeoutError, OSError) as lost:
            raise AnswerLost(type(lost).__name__) from lost

    def _method(self, client: AsyncWebClient, method: str) -> Any:
        """A method of the same Slack, without the retries that the SDK would make inside a call."""
        if id(client) not in self._bare:
            self._bare[id(client)] = AsyncWebClient(
                token=client.token,
                base_url=client.base_url,
                timeout=client.timeout,
                ssl=client.ssl,
                proxy=client.proxy,
                retry_handlers=[],
            )
        return getattr(self._bare[id(client)], method.replace(".", "_"))


def _retry_after(refused: SlackApiError) -> int:
    told = str((getattr(refused.response, "headers", None) or {}).get("Retry-After") or "")
    return max(1, int(told)) if told.isdigit() else RETRY_AFTER
