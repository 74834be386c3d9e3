"""chat.* and the response_url: how the app's messages come to be, change and go."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.api import Answer, ApiError, Call, blocks_of, channel_of, judge, metadata_of, person_of
from bot.sandbox.slack.core import Core
from bot.sandbox.slack.passes import ResponseUrl
from bot.sandbox.slack.workspace import BOT_USER, DOMAIN, Channel, Post

TEXT_CUT = 40_000
UPDATE_TEXT = 4_000
ATTACHMENTS = 100


def _writable(core: Core, channel: Channel) -> None:
    """Raises what keeps the app from writing in this channel."""
    if channel.archived:
        raise ApiError("is_archived")
    if channel.kind == "im" and not core.manifest.messages_tab:
        raise ApiError("messages_tab_disabled")
    open_to_apps = channel.kind == "channel" and "chat:write.public" in core.manifest.scopes
    if BOT_USER not in channel.members and not open_to_apps:
        raise ApiError("not_in_channel")


def _content(call: Call) -> dict[str, Any]:
    """text, blocks and attachments of a new message, checked. Raises `no_text` when there is nothing to show."""
    text, blocks = call.text("text"), blocks_of(call)
    attachments = call.parsed("attachments", "invalid_attachments") or []
    if not isinstance(attachments, list):
        raise ApiError("invalid_attachments")
    if len(attachments) > ATTACHMENTS:
        raise ApiError("too_many_attachments")
    if call.text("markdown_text"):
        if text or blocks:
            raise ApiError("markdown_text_conflict")
        text = call.text("markdown_text")
    if not text.strip() and not blocks and not attachments:
        raise ApiError("no_text")
    content: dict[str, Any] = {"text": text[:TEXT_CUT], "blocks": blocks or []}
    return content | ({"attachments": attachments} if attachments else {})


def _thread(core: Core, channel: Channel, ts: str) -> dict[str, str]:
    """Where a reply goes: a reply's ts leads to its parent."""
    if not ts:
        return {}
    parent = core.workspace.find(channel.id, ts)
    if parent is None or parent.only_for:
        raise ApiError("cannot_reply_to_message")
    return {"thread_ts": parent.thread or parent.ts}


def post_message(core: Core, call: Call) -> Answer:
    channel = channel_of(core, call.need("channel"))
    _writable(core, channel)
    content = _content(call) | _thread(core, channel, call.text("thread_ts"))
    if metadata := metadata_of(call):
        content["metadata"] = metadata
    if content.get("thread_ts") and call.flag("reply_broadcast"):
        content["subtype"] = "thread_broadcast"
    if wait := core.limiter.message(channel.id):
        raise ApiError("ratelimited", retry_after=wait)
    post = core.post_as_app(channel, content)
    return {"channel": channel.id, "ts": post.ts, "message": post.body}


def post_ephemeral(core: Core, call: Call) -> Answer:
    channel = channel_of(core, call.need("channel"))
    person = person_of(core, call.need("user"), "user_not_in_channel")
    _writable(core, channel)
    if person.id not in channel.members:
        raise ApiError("user_not_in_channel")
    content = _content(call) | _thread(core, channel, call.text("thread_ts"))
    return {"message_ts": core.post_as_app(channel, content, only_for=person.id).ts}


def _own(core: Core, call: Call, error: str) -> tuple[Channel, Post]:
    """A message of the app, by channel id and ts; a person's id stands for no channel here."""
    name = call.need("channel")
    if name not in core.workspace.channels:
        raise ApiError("channel_not_found")
    channel = channel_of(core, name)
    post = core.workspace.find(channel.id, call.need("ts"))
    if post is None or post.only_for:
        raise ApiError("message_not_found")
    if post.body.get("user") != BOT_USER:
        raise ApiError(error)
    return channel, post


def update(core: Core, call: Call) -> Answer:
    channel, post = _own(core, call, "cant_update_message")
    if len(call.text("text")) > UPDATE_TEXT:
        raise ApiError("msg_too_long")
    if channel.archived:
        raise ApiError("is_inactive")
    blocks, metadata = blocks_of(call), metadata_of(call)
    before = dict(post.body)
    rewrite(core, post, call.args.get("text"), blocks)
    if metadata is not None:
        post.body.pop("metadata", None)
        post.body |= {"metadata": metadata} if metadata else {}
    core.change_as_app(channel, post, before)
    return {"channel": channel.id, "ts": post.ts, "text": post.body["text"], "message": post.body}


def rewrite(core: Core, post: Post, text: Any, blocks: list[dict[str, Any]] | None) -> None:
    """New text without blocks removes the blocks and marks the message as edited; neither keeps both."""
    left = blocks if blocks is not None else [] if text is not None else post.body["blocks"]
    if not left and not str(post.body["text"] if text is None else text).strip():
        raise ApiError("no_text")
    if blocks is not None:
        post.body["blocks"] = core.workspace.with_block_ids(blocks)
    elif text is not None:
        post.body["blocks"] = []
        post.body["edited"] = {"user": BOT_USER, "ts": core.workspace.next_ts()}
    if text is not None:
        post.body["text"] = str(text)


def delete(core: Core, call: Call) -> Answer:
    channel, post = _own(core, call, "cant_delete_message")
    core.workspace.remove(channel.id, post)
    if channel.kind == "im":
        gone = {"type": "message", "subtype": "message_deleted", "hidden": True, "ts": core.workspace.next_ts()}
        core.tell_message(channel, gone | {"deleted_ts": post.ts, "previous_message": post.body})
    core.changed()
    return {"channel": channel.id, "ts": post.ts}


def permalink(core: Core, call: Call) -> Answer:
    channel = channel_of(core, call.need("channel"))
    post = core.workspace.find(channel.id, call.need("message_ts"))
    if post is None:
        raise ApiError("message_not_found")
    link = f"https://{DOMAIN}.slack.com/archives/{channel.id}/p{post.ts.replace('.', '')}"
    if post.thread:
        link += f"?thread_ts={post.thread}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def respond(core: Core, url: ResponseUrl, body: dict[str, Any]) -> None:
    """What is posted to a response_url: a new message, ephemeral unless said otherwise, or a change of the clicked one.

    For a command, the original is the first message that came by its response_url.
    """
    channel = core.workspace.channels[url.channel]
    call = Call("response_url", body)
    clicked = core.workspace.find(channel.id, url.ts) if url.ts else None
    if call.flag("delete_original") or call.flag("replace_original"):
        if clicked is None:
            raise ApiError("message_not_found")
        if call.flag("delete_original"):
            core.workspace.remove(channel.id, clicked)
        else:
            _content(call)
            before = dict(clicked.body)
            rewrite(core, clicked, body.get("text"), blocks_of(call))
            core.change_as_app(channel, clicked, before)
        core.changed()
        return
    kind = call.text("response_type", "ephemeral")
    if kind not in {"ephemeral", "in_channel"}:
        raise ApiError("invalid_response_type")
    content = _content(call) | _thread(core, channel, call.text("thread_ts"))
    post = core.post_as_app(channel, content, only_for=url.user if kind == "ephemeral" else None)
    url.ts = url.ts or post.ts


def answer_command(core: Core, channel: Channel, user: str, payload: dict[str, Any]) -> None:
    """The message in the acknowledgement of a slash command, if there is one."""
    if payload.get("text") or payload.get("blocks"):
        if payload.get("blocks"):
            judge(payload["blocks"])
        content = {"text": str(payload.get("text", "")), "blocks": payload.get("blocks", [])}
        core.post_as_app(channel, content, only_for=None if payload.get("response_type") == "in_channel" else user)
