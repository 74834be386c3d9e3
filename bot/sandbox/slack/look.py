"""auth, team, users.* and conversations.*: what the app may look at."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from bot.sandbox.slack.api import Answer, ApiError, Call, channel_of, missing_argument, person_of, scoped
from bot.sandbox.slack.core import Core
from bot.sandbox.slack.workspace import APP, BOT, BOT_USER, DOMAIN, TEAM, TEAM_NAME, Channel, Person, Post

TYPES = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read"}
MOST = 1000
ELSEWHERE = "T0ELSEWHERE"
"""The workspace of people who are here by a shared channel only."""


def auth_test(core: Core, call: Call) -> Answer:  # noqa: ARG001 -- every method takes both
    return {
        "url": f"https://{DOMAIN}.slack.com/",
        "team": TEAM_NAME,
        "user": core.manifest.bot_name,
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT,
        "is_enterprise_install": False,
    }


def team_info(core: Core, call: Call) -> Answer:  # noqa: ARG001 -- every method takes both
    return {"team": {"id": TEAM, "name": TEAM_NAME, "domain": DOMAIN, "email_domain": "harborpine.example"}}


def bots_info(core: Core, call: Call) -> Answer:
    if call.need("bot") != BOT:
        raise ApiError("bot_not_found")
    return {"bot": {"id": BOT, "app_id": APP, "user_id": BOT_USER, "name": core.manifest.bot_name, "deleted": False}}


def _page(call: Call, items: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
    """A page of a list by `limit` and `cursor`, and the response_metadata that leads to the next."""
    try:
        limit = min(int(call.text("limit", "0")) or 100, MOST)
        start = int(base64.b64decode(call.text("cursor"), validate=True) or b"0")
    except binascii.Error:
        raise ApiError("invalid_cursor") from None
    except ValueError:
        raise ApiError("invalid_limit") from None
    if limit < 1:
        raise ApiError("invalid_limit")
    after = start + limit
    cursor = base64.b64encode(str(after).encode()).decode() if after < len(items) else ""
    return list(items[start:after]), {"response_metadata": {"next_cursor": cursor}}


# --- people -----------------------------------------------------------------------------------------------------------


def _user(core: Core, person: Person) -> dict[str, Any]:
    profile = {
        "real_name": person.name,
        "real_name_normalized": person.name,
        "display_name": person.handle,
        "title": person.title,
        "team": TEAM,
    }
    if "users:read.email" in core.manifest.scopes:
        profile["email"] = person.email
    return {
        "id": person.id,
        "team_id": ELSEWHERE if person.role == "external" else TEAM,
        "name": person.handle,
        "real_name": person.name,
        "deleted": person.role == "deactivated",
        "color": person.color.removeprefix("#"),
        "tz": "America/Los_Angeles",
        "tz_label": "Pacific Time",
        "tz_offset": -25200,
        "profile": profile,
        "is_admin": person.id == "U0SAM",
        "is_owner": False,
        "is_bot": person.role == "bot",
        "is_app_user": False,
        "is_restricted": person.role in {"guest", "single"},
        "is_ultra_restricted": person.role == "single",
        "updated": 1_700_000_000,
    }


def _bot_user(core: Core) -> dict[str, Any]:
    name = core.manifest.bot_name
    profile = {"real_name": name, "display_name": name, "api_app_id": APP, "bot_id": BOT, "team": TEAM}
    return {"id": BOT_USER, "team_id": TEAM, "name": name, "real_name": name, "profile": profile} | {
        "deleted": False,
        "is_bot": True,
        "is_admin": False,
        "tz": "America/Los_Angeles",
    }


def users_info(core: Core, call: Call) -> Answer:
    user = call.need("user")
    return {"user": _bot_user(core) if user == BOT_USER else _user(core, person_of(core, user))}


def users_by_email(core: Core, call: Call) -> Answer:
    person = core.workspace.by_email(call.need("email"))
    if person is None:
        raise ApiError("users_not_found")
    return {"user": _user(core, person)}


def users_list(core: Core, call: Call) -> Answer:
    everyone = [_user(core, person) for person in core.workspace.people.values()] + [_bot_user(core)]
    members, metadata = _page(call, everyone)
    return {"members": members, "cache_ts": int(core.workspace.now())} | metadata


# --- conversations ----------------------------------------------------------------------------------------------------


def _conversation(channel: Channel) -> dict[str, Any]:
    common = {
        "id": channel.id,
        "is_channel": channel.kind in {"channel", "shared"},
        "is_group": channel.kind == "private",
        "is_im": channel.kind == "im",
        "is_mpim": False,
        "is_private": channel.kind in {"private", "im"},
        "is_archived": channel.archived,
        "created": 1_700_000_000,
        "context_team_id": TEAM,
    }
    if channel.kind == "im":
        return common | {"user": next(user for user in channel.members if user != BOT_USER), "is_open": True}
    return common | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_general": channel.name == "general",
        "is_member": BOT_USER in channel.members,
        "is_shared": channel.kind == "shared",
        "is_ext_shared": channel.kind == "shared",
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "creator": "U0SAM",
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }


def conversations_info(core: Core, call: Call) -> Answer:
    name = call.need("channel")
    if name not in core.workspace.channels:
        raise ApiError("channel_not_found")
    channel = channel_of(core, name)
    scoped(core, channel.scope)
    count = {"num_members": len(channel.members)} if call.flag("include_num_members") else {}
    return {"channel": _conversation(channel) | count}


def conversations_members(core: Core, call: Call) -> Answer:
    channel = channel_of(core, call.need("channel"))
    scoped(core, channel.scope)
    members, metadata = _page(call, sorted(channel.members))
    return {"members": members} | metadata


def _listed(core: Core, call: Call, member: str | None) -> Answer:
    types = [kind.strip() for kind in call.text("types", "public_channel").split(",")]
    for kind in types:
        if kind not in TYPES:
            raise ApiError("invalid_types")
        scoped(core, TYPES[kind])
    found = [
        _conversation(channel)
        for channel in core.workspace.channels.values()
        if channel.conversation_type in types
        and not (channel.archived and call.flag("exclude_archived"))
        and (channel.kind in {"channel", "shared"} or BOT_USER in channel.members)
        and (member is None or member in channel.members)
    ]
    channels, metadata = _page(call, found)
    return {"channels": channels} | metadata


def conversations_list(core: Core, call: Call) -> Answer:
    return _listed(core, call, None)


def users_conversations(core: Core, call: Call) -> Answer:
    return _listed(core, call, call.text("user", BOT_USER))


def conversations_open(core: Core, call: Call) -> Answer:
    users = [user for user in call.text("users").split(",") if user]
    if not users and not call.text("channel"):
        raise missing_argument("users")
    if len(users) > 1:
        raise ApiError("method_not_supported_for_channel_type")
    person = person_of(core, users[0]) if users else None
    channel = core.workspace.channels[person.dm] if person else channel_of(core, call.text("channel"))
    full = _conversation(channel) if call.flag("return_im") else {"id": channel.id}
    return {"no_op": True, "already_open": True, "channel": full}


# --- messages ---------------------------------------------------------------------------------------------------------


def _readable(core: Core, call: Call) -> Channel:
    """A conversation whose messages the app may read: by its own id, with its kind's history scope, as a member."""
    name = call.need("channel")
    if name not in core.workspace.channels:
        raise ApiError("channel_not_found")
    kind = core.workspace.channels[name].kind
    scoped(core, {"private": "groups:history", "im": "im:history"}.get(kind, "channels:history"))
    channel = channel_of(core, name)
    if BOT_USER not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _read(call: Call, posts: list[Post], always: tuple[Post, ...] = ()) -> Answer:
    """A page of these messages, after those that are always there, between `oldest` and `latest`, both left out unless `inclusive`."""
    edge = call.flag("inclusive")
    try:
        first, last = float(call.text("oldest", "0")), float(call.text("latest", "inf"))
    except ValueError:
        raise ApiError("invalid_arguments") from None
    inside = [post for post in posts if first < float(post.ts) < last or (edge and float(post.ts) in (first, last))]
    page, more = _page(call, [*always, *inside])
    hidden = set() if call.flag("include_all_metadata") else {"metadata"}
    seen = [{key: value for key, value in post.body.items() if key not in hidden} for post in page]
    has_more = bool(more["response_metadata"]["next_cursor"])
    return {"messages": seen, "has_more": has_more} | (more if has_more else {})


def conversations_history(core: Core, call: Call) -> Answer:
    """The newest first, replies left out."""
    channel = _readable(core, call)
    posts = [post for post in core.workspace.posts[channel.id] if not post.only_for and post.thread is None]
    return _read(call, posts[::-1])


def conversations_replies(core: Core, call: Call) -> Answer:
    """A thread, its parent first, whatever the bounds."""
    channel, ts = _readable(core, call), call.need("ts")
    parent = core.workspace.find(channel.id, ts)
    if parent is None or parent.only_for:
        raise ApiError("thread_not_found")
    posts = [post for post in core.workspace.posts[channel.id] if not post.only_for and post.thread == ts]
    return _read(call, posts, (parent,))
