"""One call of the Web API: reading its arguments, and refusing it in Slack's words."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.blocks import MESSAGE_CHARACTERS, blocks_length, check_blocks
from bot.sandbox.slack.check import Problem
from bot.sandbox.slack.core import Core
from bot.sandbox.slack.workspace import BOT_USER, TEAM, Channel, Person

Answer = dict[str, Any]
Handler = Callable[[Core, "Call"], Awaitable[Answer] | Answer]


class ApiError(Exception):
    """A refusal. `more` goes into the answer beside `error`; `retry_after` makes it a 429."""

    def __init__(self, error: str, *, retry_after: int = 0, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Method:
    """A Web API method.

    `scope` is what the manifest must grant, `tier` sets its calls a minute (0: no such rule), `takes` is the kind of
    token (bot, app, or empty for none). `coverage` is full or partly, the latter with what is left out in `without`.
    """

    handler: Handler
    scope: str = ""
    tier: int = 0
    takes: str = "bot"
    without: str = ""

    @property
    def coverage(self) -> str:
        return f"partly: without {self.without}" if self.without else "full"


@dataclass(frozen=True, slots=True)
class Call:
    """Arguments of a call, wherever they stood: query, form or JSON body. JSON parts may be strings or objects."""

    method: str
    args: dict[str, Any]

    def text(self, name: str, default: str = "") -> str:
        value = self.args.get(name)
        return default if value is None else str(value)

    def need(self, *names: str) -> str:
        """The first of these arguments that is there. Raises `invalid_arguments` when all are missing."""
        for name in names:
            if value := self.text(name):
                return value
        raise missing_argument(names[0])

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in {"1", "true"}

    def parsed(self, name: str, error: str) -> Any:
        """A JSON argument, sent as JSON or as a string of it; None when absent. Raises `error` when it cannot be read."""
        value = self.args.get(name)
        if isinstance(value, str):
            try:
                return json.loads(value) if value else None
            except ValueError:
                raise ApiError(error) from None
        return value


def missing_argument(name: str) -> ApiError:
    line = f"[ERROR] missing required field: {name} [json-pointer:/{name}]"
    return ApiError("invalid_arguments", response_metadata={"messages": [line]})


def refused(error: str, problems: list[Problem]) -> ApiError:
    """`invalid_blocks` or `invalid_arguments` with Slack's lines, each saying where."""
    return ApiError(
        error,
        errors=[problem.message for problem in problems],
        response_metadata={"messages": [problem.line for problem in problems]},
    )


def blocks_of(call: Call) -> list[dict[str, Any]] | None:
    """The checked `blocks` of a message; None when the argument is absent."""
    blocks = call.parsed("blocks", "invalid_blocks_format")
    if blocks is None:
        return None
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    judge(blocks)
    return blocks


def judge(blocks: list[dict[str, Any]]) -> None:
    """Raises what Slack answers to message blocks that break its rules."""
    if problems := check_blocks(blocks, "message"):
        raise refused("invalid_blocks", problems)
    if blocks_length(blocks) > MESSAGE_CHARACTERS:
        raise ApiError("msg_blocks_too_long")


def metadata_of(call: Call) -> dict[str, Any] | None:
    """The checked `metadata`; an empty object clears what is there, None leaves it."""
    metadata = call.parsed("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if metadata == {}:
        return {}
    if not isinstance(metadata, dict) or set(metadata) - {"event_type", "event_payload", "entities"}:
        raise ApiError("invalid_metadata_format")
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not kind or not isinstance(payload, dict):
        raise ApiError("invalid_metadata_format")
    if len(json.dumps(metadata)) > 16_000:
        raise ApiError("metadata_too_large")
    return metadata


def scoped(core: Core, needed: str) -> None:
    """Raises `missing_scope` unless the manifest grants this scope."""
    if needed and needed not in core.manifest.scopes:
        raise ApiError("missing_scope", needed=needed, provided=",".join(core.manifest.scopes))


def channel_of(core: Core, name: str) -> Channel:
    """A channel that the app can know of: private ones only as a member. Raises `channel_not_found`."""
    channel = core.workspace.channel(name)
    if channel is None or (channel.kind == "private" and BOT_USER not in channel.members):
        raise ApiError("channel_not_found")
    return channel


def person_of(core: Core, user: str, error: str = "user_not_found") -> Person:
    person = core.workspace.people.get(user)
    if person is None:
        raise ApiError(error)
    return person


def same_team(call: Call) -> None:
    """`team_id` comes with every call of Bolt; only another team's is refused."""
    if call.text("team_id", TEAM) != TEAM:
        raise ApiError("team_not_found")
