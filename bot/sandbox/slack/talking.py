"""What people do in conversations: say something, type a command, open the Home tab, invite, reload."""

from __future__ import annotations

import re
from typing import Any

from bot.sandbox.control import ControlError
from bot.sandbox.slack import payloads
from bot.sandbox.slack.api import ApiError
from bot.sandbox.slack.chat import answer_command
from bot.sandbox.slack.core import Core
from bot.sandbox.slack.interactions import Result, channel, person, result, wanted
from bot.sandbox.slack.workspace import BOT_USER, Channel, Person, escaped


async def say(core: Core, args: dict[str, Any]) -> Result:
    """A message; one that begins with `/` is a command, as in Slack."""
    text = wanted(args, "text")
    if text.startswith("/"):
        return await command(core, args)
    who = person(core, args)
    where = channel(core, args, who)
    if where.kind == "im" and core.manifest.read_only:
        raise ControlError("Messages to this app are turned off.")
    body: dict[str, Any] = {"user": who.id, "text": escaped(text)}
    if args.get("thread_ts"):
        parent = core.workspace.find(where.id, str(args["thread_ts"]))
        if parent is None:
            raise ControlError("That thread is gone.")
        body["thread_ts"] = parent.thread or parent.ts
    post = core.workspace.post(where.id, body)
    core.workspace.mark_read(who.id, where.id)
    core.changed()
    if where.kind == "im":
        core.tell_message(where, dict(post.body))
    return {"acked": True, "ms": 0, "ts": post.ts}


async def command(core: Core, args: dict[str, Any]) -> Result:
    """A slash command, typed in a channel; `/invite` is Slack's own."""
    who = person(core, args)
    where = channel(core, args, who)
    name, _, rest = wanted(args, "text").strip().partition(" ")
    if args.get("thread_ts"):
        core.slackbot(where.id, who.id, f"{name} is not supported in threads. Sorry!")
        return {"acked": False, "ms": 0, "error": "not_in_threads"}
    if name == "/invite":
        return _invite(core, who, where, rest)
    if name not in core.manifest.commands or not core.installed:
        core.slackbot(where.id, who.id, f"{escaped(name)} is not a valid command.")
        return {"acked": False, "ms": 0, "error": "unknown_command"}
    text = _mentions(core, rest.strip()) if core.manifest.commands[name].get("should_escape") else rest.strip()
    payload = payloads.slash_command(core, who, where, name, text)
    core.workspace.mark_read(who.id, where.id)
    ack = await core.delivery.ask("slash_commands", payload, answer=True, what=f"command {name}")
    if not ack.acked:
        core.slackbot(where.id, who.id, f'{name} failed with the error "{ack.error}"')
        return result(ack)
    try:
        answer_command(core, where, who.id, ack.payload)
    except ApiError as error:
        core.note("out", f"command {name}: the acknowledgement is refused: {error.error}", ok=False)
    return result(ack)


def _mentions(core: Core, text: str) -> str:
    """`@lee` and `#general` as ids, which `should_escape` asks for; the rest escaped."""
    people = {one.handle: f"<@{one.id}|{one.handle}>" for one in core.workspace.people.values()}
    channels = {one.name: f"<#{one.id}|{one.name}>" for one in core.workspace.channels.values() if one.kind != "im"}
    text = re.sub(r"@([\w.-]+)", lambda match: people.get(match[1], match[0]), escaped(text))
    return re.sub(r"#([\w.-]+)", lambda match: channels.get(match[1], match[0]), text)


def _invite(core: Core, who: Person, where: Channel, rest: str) -> Result:
    if rest.strip().removeprefix("@") != core.manifest.bot_name:
        core.slackbot(where.id, who.id, f"Could not find {escaped(rest.strip()) or 'anybody'} to invite.")
        return {"acked": False, "ms": 0, "error": "user_not_found"}
    add_app(core, where)
    return {"acked": True, "ms": 0}


def add_app(core: Core, where: Channel) -> None:
    if where.kind == "im":
        raise ControlError("An app cannot be invited into direct messages.")
    if BOT_USER not in where.members:
        where.members.add(BOT_USER)
        core.workspace.post(
            where.id, {"user": BOT_USER, "subtype": "channel_join", "text": f"<@{BOT_USER}> has joined the channel"}
        )
    core.changed()


async def join(core: Core, args: dict[str, Any]) -> Result:
    who = person(core, args)
    add_app(core, channel(core, args, who))
    return {"acked": True, "ms": 0}


async def open_home(core: Core, args: dict[str, Any]) -> Result:
    """Opens the app's Home tab (`tab` home or messages); the app is told by an event."""
    who, tab = person(core, args), str(args.get("tab") or "home")
    if tab not in {"home", "messages"}:
        raise ControlError("A tab is home or messages.")
    if core.subscribed("app_home_opened"):
        core.delivery.tell(payloads.home_opened(core, who, tab))
    return {"acked": True, "ms": 0}


async def read(core: Core, args: dict[str, Any]) -> Result:
    who = person(core, args)
    core.workspace.mark_read(who.id, channel(core, args, who).id)
    core.changed()
    return {}


async def reload(core: Core, args: dict[str, Any]) -> Result:
    """A reload of this person's client: ephemeral messages are lost."""
    core.workspace.forget_ephemeral(person(core, args).id)
    core.changed()
    return {}
