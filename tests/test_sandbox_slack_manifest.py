"""manifest.yml against Slack's rules for manifests, and against what the bot is allowed to ask for.

Slack publishes a JSON Schema (slackapi/manifest-schema); what of it matters here is written out, since the scopes and
events are only length-checked there. Lengths and key names are from that schema, version 2.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from bot.sandbox.slack.manifest import MANIFEST
from bot.sandbox.slack.methods import METHODS

Json = dict[str, Any]


def text(most: int, least: int = 1, **more: Any) -> Json:
    return {"type": "string", "minLength": least, "maxLength": most, **more}


def closed(required: list[str], **properties: Json) -> Json:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


FLAG = {"type": "boolean"}
LINK = text(3500, pattern="^https?://")
BOT_SCOPES = {
    *("app_mentions:read", "channels:history", "channels:join", "channels:manage", "channels:read", "chat:write"),
    *("chat:write.customize", "chat:write.public", "commands", "files:read", "files:write", "groups:history"),
    *("groups:read", "groups:write", "im:history", "im:read", "im:write", "links:read", "links:write"),
    *("metadata.message:read", "mpim:history", "mpim:read", "mpim:write", "pins:read", "pins:write", "reactions:read"),
    *("reactions:write", "team:read", "usergroups:read", "usergroups:write", "users.profile:read", "users:read"),
    *("users:read.email", "users:write"),
}
EVENT_SCOPES: dict[str, str] = {
    "app_home_opened": "",
    "app_uninstalled": "",
    "tokens_revoked": "",
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "member_joined_channel": "channels:read",
}
SCHEMA = closed(
    ["display_information", "features", "oauth_config", "settings"],
    _metadata=closed(["major_version"], major_version={"enum": [1, 2]}, minor_version={"type": "integer"}),
    display_information=closed(
        ["name"],
        name=text(35),
        description=text(140),
        background_color=text(7, 4, pattern="^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$"),
        long_description=text(4000, 175),
    ),
    features=closed(
        ["bot_user"],
        app_home=closed([], home_tab_enabled=FLAG, messages_tab_enabled=FLAG, messages_tab_read_only_enabled=FLAG),
        bot_user=closed(["display_name"], display_name=text(80), always_online=FLAG),
        slash_commands={
            "type": "array",
            "minItems": 1,
            "maxItems": 50,
            "items": closed(
                ["command", "description"],
                command=text(32, 2, pattern="^/"),
                url=LINK,
                description=text(2000),
                usage_hint=text(1000),
                should_escape=FLAG,
            ),
        },
    ),
    oauth_config=closed(
        ["scopes"],
        redirect_urls={"type": "array", "items": text(2500)},
        scopes=closed(["bot"], bot={"type": "array", "uniqueItems": True, "items": {"enum": sorted(BOT_SCOPES)}}),
    ),
    settings=closed(
        [],
        event_subscriptions=closed(
            [],
            request_url=LINK,
            bot_events={"type": "array", "uniqueItems": True, "items": {"enum": sorted(EVENT_SCOPES)}},
        ),
        interactivity=closed(["is_enabled"], is_enabled=FLAG, request_url=LINK, message_menu_options_url=LINK),
        org_deploy_enabled=FLAG,
        socket_mode_enabled=FLAG,
        token_rotation_enabled=FLAG,
    ),
)


def manifest() -> Json:
    content: Json = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return content


def complaints(content: Json) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(content)]


def test_the_manifest_is_one_that_slack_takes() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert complaints(manifest()) == []


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("display_information", "name", "x" * 36),
        ("display_information", "long_description", "too short"),
        ("settings", "socket_mode", True),
        ("oauth_config", "scopes", {"bot": ["chat:wirte"]}),
        ("features", "slash_commands", [{"command": "intacct", "description": "x"}]),
    ],
)
def test_a_slip_in_the_manifest_would_be_noticed(section: str, key: str, value: Any) -> None:
    content = manifest()
    content[section][key] = value
    assert len(complaints(content)) == 1


def test_socket_mode_is_on_and_the_tabs_are_open() -> None:
    content = manifest()
    assert content["settings"]["socket_mode_enabled"] is True
    assert content["settings"]["interactivity"]["is_enabled"] is True
    assert content["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }


def test_every_event_has_the_scope_that_slack_wants_for_it() -> None:
    content = manifest()
    scopes = content["oauth_config"]["scopes"]["bot"]
    for event in content["settings"]["event_subscriptions"]["bot_events"]:
        assert EVENT_SCOPES[event] in ["", *scopes], event


def test_no_scope_reads_what_people_write_outside_the_conversation_with_the_app() -> None:
    scopes = set(manifest()["oauth_config"]["scopes"]["bot"])
    assert {scope for scope in scopes if scope.endswith(":history")} == {"im:history"}


def test_every_scope_opens_a_method_or_an_event_that_the_sandbox_has() -> None:
    content = manifest()
    used = {method.scope for method in METHODS.values()} | {"commands", "channels:read", "groups:read"}
    used |= {EVENT_SCOPES[event] for event in content["settings"]["event_subscriptions"]["bot_events"]}
    assert set(content["oauth_config"]["scopes"]["bot"]) <= used
