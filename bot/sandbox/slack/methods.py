"""The Web API of the sandbox as one table: method, handler, scope, tier, and how much of it is simulated."""

from __future__ import annotations

from bot.sandbox.slack import chat, look, surfaces
from bot.sandbox.slack.api import Answer, ApiError, Call, Method
from bot.sandbox.slack.core import Core


def connections_open(core: Core, call: Call) -> Answer:  # noqa: ARG001 -- every method takes both
    if not core.manifest.socket_mode:
        raise ApiError("not_allowed")
    return {"url": f"{core.origin.replace('http', 'ws', 1)}/link?ticket={core.socket.ticket()}"}


METHODS: dict[str, Method] = {
    "apps.connections.open": Method(connections_open, tier=3, takes="app"),
    "auth.test": Method(look.auth_test),
    "blocks.validate": Method(surfaces.blocks_validate, takes=""),
    "bots.info": Method(look.bots_info, "users:read", 3, without="icons"),
    "chat.delete": Method(chat.delete, "chat:write", 3, without="tombstones of threads"),
    "chat.getPermalink": Method(chat.permalink),
    "chat.postEphemeral": Method(chat.post_ephemeral, "chat:write", 4, without="whether the person is active"),
    "chat.postMessage": Method(chat.post_message, "chat:write", without="unfurling, names and icons of choice"),
    "chat.update": Method(chat.update, "chat:write", 3, without="attachments, files"),
    "conversations.history": Method(look.conversations_history, tier=3, without="files, reactions"),
    "conversations.info": Method(look.conversations_info, tier=3, without="locale"),
    "conversations.list": Method(look.conversations_list, tier=2),
    "conversations.members": Method(look.conversations_members, tier=4),
    "conversations.open": Method(look.conversations_open, "im:write", 3, without="group messages"),
    "conversations.replies": Method(look.conversations_replies, tier=3, without="files, reactions"),
    "team.info": Method(look.team_info, "team:read", 3, without="icons"),
    "users.conversations": Method(look.users_conversations, tier=3),
    "users.info": Method(look.users_info, "users:read", 4, without="locale, images"),
    "users.list": Method(look.users_list, "users:read", 2, without="images"),
    "users.lookupByEmail": Method(look.users_by_email, "users:read.email", 3, without="images"),
    "views.open": Method(surfaces.views_open, tier=4),
    "views.publish": Method(surfaces.views_publish, tier=4),
    "views.push": Method(surfaces.views_push, tier=4),
    "views.update": Method(surfaces.views_update, tier=4),
}

MISSING = (
    "auth.revoke",
    "chat.scheduleMessage",
    "chat.unfurl",
    "conversations.join",
    "files.completeUploadExternal",
    "files.getUploadURLExternal",
    "oauth.v2.access",
    "reactions.add",
    "users.profile.get",
)
"""Methods that a bot like ours might come to want; they answer unknown_method, loudly."""

COVERAGE: dict[str, str] = {name: method.coverage for name, method in METHODS.items()} | dict.fromkeys(
    MISSING, "missing"
)
