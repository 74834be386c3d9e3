"""The payloads of interactions, commands and events, field for field as Slack sends them."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.core import Core
from bot.sandbox.slack.values import state_of
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import APP, BOT_USER, DOMAIN, TEAM, Channel, Person, Post, escaped

TOKEN = "sandbox-verification-token"  # noqa: S105 -- Slack's retired verification token, in every payload


def _common(kind: str, person: Person) -> dict[str, Any]:
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.handle, "name": person.handle, "team_id": TEAM},
        "api_app_id": APP,
        "token": TOKEN,
        "team": {"id": TEAM, "domain": DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _channel_name(channel: Channel) -> str:
    return {"im": "directmessage", "private": "privategroup"}.get(channel.kind, channel.name)


def _place(channel: Channel, post: Post) -> dict[str, Any]:
    """Where a message stands, and the message itself without what only the sandbox's page needs."""
    container: dict[str, Any] = {"type": "message", "message_ts": post.ts, "channel_id": channel.id}
    if "thread_ts" in post.body:
        container["thread_ts"] = post.body["thread_ts"]
    message = {key: value for key, value in post.body.items() if key != "ephemeral"}
    return {
        "container": container | {"is_ephemeral": post.only_for is not None},
        "channel": {"id": channel.id, "name": _channel_name(channel)},
        "message": message,
    }


def message_actions(core: Core, person: Person, channel: Channel, post: Post, action: dict[str, Any]) -> dict[str, Any]:
    """block_actions from a message: with a response_url and the state of its menus and inputs."""
    values = state_of(post.body["blocks"], post.picked.get(person.id, {}))
    return (
        _common("block_actions", person)
        | _place(channel, post)
        | {
            "trigger_id": core.passes.trigger(person.id).id,
            "state": {"values": values},
            "response_url": core.respond_url(person.id, channel.id, post.ts),
            "actions": [action],
        }
    )


def view_actions(core: Core, person: Person, view: View, action: dict[str, Any]) -> dict[str, Any]:
    """block_actions from a modal or the Home tab: no channel, no response_url."""
    in_modal = view.id if view.content["type"] == "modal" else None
    return _common("block_actions", person) | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": core.passes.trigger(person.id, in_modal).id,
        "view": view.as_json(),
        "state": {"values": view.state},
        "actions": [action],
    }


def view_submission(core: Core, person: Person, view: View) -> dict[str, Any]:
    return _common("view_submission", person) | {
        "trigger_id": core.passes.trigger(person.id, view.id).id,
        "view": view.as_json(),
        "response_urls": _asked_urls(core, person, view),
    }


def _asked_urls(core: Core, person: Person, view: View) -> list[dict[str, Any]]:
    """A response_url for each conversation menu that asked for one with `response_url_enabled`."""
    found = []
    for block in view.blocks:
        element = block.get("element", {})
        if element.get("response_url_enabled"):
            picked = view.state[block["block_id"]][element["action_id"]]
            channel = picked.get("selected_conversation") or picked.get("selected_channel")
            if channel:
                url = core.respond_url(person.id, channel)
                place = {"block_id": block["block_id"], "action_id": element["action_id"]}
                found.append(place | {"channel_id": channel, "response_url": url})
    return found


def view_closed(person: Person, view: View, *, cleared: bool) -> dict[str, Any]:
    return _common("view_closed", person) | {"view": view.as_json(), "is_cleared": cleared}


def block_suggestion(
    person: Person, names: tuple[str, str], query: str, place: tuple[Channel, Post] | View
) -> dict[str, Any]:
    """The question for options: `names` are block_id and action_id. The query is escaped like other text (cases, README)."""
    asked = {"block_id": names[0], "action_id": names[1], "value": escaped(query)}
    common = _common("block_suggestion", person) | asked
    if isinstance(place, View):
        return common | {"container": {"type": "view", "view_id": place.id}, "view": place.as_json()}
    return common | _place(*place)


def slash_command(core: Core, person: Person, channel: Channel, command: str, text: str) -> dict[str, Any]:
    return {
        "token": TOKEN,
        "team_id": TEAM,
        "team_domain": DOMAIN,
        "channel_id": channel.id,
        "channel_name": _channel_name(channel),
        "user_id": person.id,
        "user_name": person.handle,
        "command": command,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": core.respond_url(person.id, channel.id),
        "trigger_id": core.passes.trigger(person.id).id,
    }


def home_opened(core: Core, person: Person, tab: str) -> dict[str, Any]:
    event: dict[str, Any] = {"type": "app_home_opened", "user": person.id, "channel": person.dm, "tab": tab}
    home = core.views.homes.get(person.id)
    return event | ({"view": home.as_json()} if home and tab == "home" else {})


def uninstalled() -> list[dict[str, Any]]:
    return [{"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT_USER]}}, {"type": "app_uninstalled"}]
