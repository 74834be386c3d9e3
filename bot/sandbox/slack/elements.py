"""Texts, options and interactive elements of Block Kit with their limits (Slack's Block Kit reference)."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.check import (
    Check,
    Found,
    Rule,
    anything,
    boolean,
    choice,
    exactly_one,
    failed,
    listed,
    shaped,
    some_of,
    string,
    typed,
    url,
    whole,
)

TYPE: dict[str, Check] = {"type": string(40)}


def text(most: int, *, plain: bool = False) -> Check:
    """A text object of 1 to `most` characters; `plain` allows plain_text only."""
    plain_text = shaped(TYPE | {"text": string(most)}, {"emoji": boolean})
    mrkdwn = shaped(TYPE | {"text": string(most)}, {"verbatim": boolean})
    return typed({"plain_text": plain_text} if plain else {"plain_text": plain_text, "mrkdwn": mrkdwn})


CONFIRM = shaped(
    {"title": text(100, plain=True), "text": text(300), "confirm": text(30, plain=True), "deny": text(30, plain=True)},
    {"style": choice("primary", "danger")},
)


def _option(*, plain: bool, linked: bool = False) -> Check:
    optional: dict[str, Check] = {"description": text(75, plain=plain)}
    if linked:
        optional["url"] = url()
    return shaped({"text": text(75, plain=plain), "value": string(150)}, optional)


MENU_OPTION = _option(plain=True)
BOX_OPTION = _option(plain=False)
OPTIONS = listed(MENU_OPTION, 100, 1)
GROUPS = listed(shaped({"label": text(75, plain=True), "options": OPTIONS}), 100, 1)
OPTIONS_ANSWER = shaped(
    {},
    {"options": listed(MENU_OPTION, 100), "option_groups": GROUPS},
    [exactly_one("options", "option_groups")],
)
"""What an app may answer to a block_suggestion: an empty list of options is fine."""

FILTER = shaped(
    {},
    {
        "include": listed(choice("im", "mpim", "private", "public"), 4, 1),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    [some_of("include", "exclude_external_shared_channels", "exclude_bot_users")],
)
DISPATCH = shaped({"trigger_actions_on": listed(choice("on_enter_pressed", "on_character_entered"), 2, 1)})

_ID: dict[str, Check] = {"action_id": string(255)}
_PLACEHOLDER: dict[str, Check] = {"placeholder": text(150, plain=True)}
_FOCUS: dict[str, Check] = {"focus_on_load": boolean}
_ASK: dict[str, Check] = {"confirm": CONFIRM}
_MENU = _ID | _PLACEHOLDER | _FOCUS | _ASK
_MULTI: dict[str, Check] = {"max_selected_items": whole(100, 1)}
_TYPED = _ID | _PLACEHOLDER | _FOCUS | {"initial_value": string(3000, 0), "dispatch_action_config": DISPATCH}
_CONVERSATIONS: dict[str, Check] = {"default_to_current_conversation": boolean, "filter": FILTER}


def options_of(element: dict[str, Any]) -> list[dict[str, Any]]:
    """All options of an element, those in groups included; empty where they come from elsewhere."""
    if "option_groups" in element:
        return [option for group in element["option_groups"] for option in group["options"]]
    return list(element.get("options", []))


def _preselected(name: str) -> Rule:
    """`initial_option` or `initial_options` must be among the options, exactly as written there."""

    def rule(element: dict[str, Any], at: str) -> Found:
        chosen = element.get(name, [])
        offered = options_of(element)
        for one in chosen if isinstance(chosen, list) else [chosen]:
            if one not in offered:
                yield failed(f"{at}/{name}", f"{name} must be among the options", "among_options", None, None)

    return rule


def _lengths_agree(element: dict[str, Any], at: str) -> Found:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if least > most:
        yield failed(at, "min_length must not be greater than max_length", "range", most, least)


def _element(*parts: dict[str, Check], required: dict[str, Check] | None = None, rules: tuple[Rule, ...] = ()) -> Check:
    optional: dict[str, Check] = {}
    for part in parts:
        optional |= part
    return shaped(TYPE | (required or {}), optional, rules)


def _menu(more: dict[str, Check], multi: dict[str, Check]) -> tuple[Check, Check]:
    return _element(_MENU, more), _element(_MENU, _MULTI, multi)


_users, _multi_users = _menu({"initial_user": string(30)}, {"initial_users": listed(string(30), 100)})
_channels, _multi_channels = _menu(
    {"initial_channel": string(30), "response_url_enabled": boolean},
    {"initial_channels": listed(string(30), 100)},
)
_conversations, _multi_conversations = _menu(
    {"initial_conversation": string(30), "response_url_enabled": boolean} | _CONVERSATIONS,
    {"initial_conversations": listed(string(30), 100)} | _CONVERSATIONS,
)
_external, _multi_external = _menu(
    {"initial_option": MENU_OPTION, "min_query_length": whole(100)},
    {"initial_options": listed(MENU_OPTION, 100, 1), "min_query_length": whole(100)},
)
_ONE_SOURCE = exactly_one("options", "option_groups")

ELEMENTS: dict[str, Check] = {
    "button": _element(
        _ID | _ASK,
        {"url": url(), "value": string(2000), "style": choice("primary", "danger"), "accessibility_label": string(75)},
        required={"text": text(75, plain=True)},
    ),
    "overflow": _element(_ID | _ASK, required={"options": listed(_option(plain=True, linked=True), 5, 1)}),
    "static_select": _element(
        _MENU,
        {"options": OPTIONS, "option_groups": GROUPS, "initial_option": MENU_OPTION},
        rules=(_ONE_SOURCE, _preselected("initial_option")),
    ),
    "multi_static_select": _element(
        _MENU | _MULTI,
        {"options": OPTIONS, "option_groups": GROUPS, "initial_options": listed(MENU_OPTION, 100, 1)},
        rules=(_ONE_SOURCE, _preselected("initial_options")),
    ),
    "external_select": _external,
    "multi_external_select": _multi_external,
    "users_select": _users,
    "multi_users_select": _multi_users,
    "channels_select": _channels,
    "multi_channels_select": _multi_channels,
    "conversations_select": _conversations,
    "multi_conversations_select": _multi_conversations,
    "datepicker": _element(_ID | _PLACEHOLDER | _FOCUS | _ASK, {"initial_date": string(10, 10)}),
    "timepicker": _element(_ID | _PLACEHOLDER | _FOCUS | _ASK, {"initial_time": string(5, 5), "timezone": string(60)}),
    "datetimepicker": _element(_ID | _FOCUS | _ASK, {"initial_date_time": whole(9_999_999_999, 1_000_000_000)}),
    "checkboxes": _element(
        _ID | _FOCUS | _ASK,
        {"initial_options": listed(BOX_OPTION, 10, 1)},
        required={"options": listed(BOX_OPTION, 10, 1)},
        rules=(_preselected("initial_options"),),
    ),
    "radio_buttons": _element(
        _ID | _FOCUS | _ASK,
        {"initial_option": BOX_OPTION},
        required={"options": listed(BOX_OPTION, 10, 1)},
        rules=(_preselected("initial_option"),),
    ),
    "plain_text_input": _element(
        _TYPED,
        {"multiline": boolean, "min_length": whole(3000), "max_length": whole(3000, 1)},
        rules=(_lengths_agree,),
    ),
    "email_text_input": _element(_TYPED),
    "url_text_input": _element(_TYPED),
    "number_input": _element(
        _TYPED,
        {"min_value": string(40), "max_value": string(40)},
        required={"is_decimal_allowed": boolean},
    ),
    "rich_text_input": _element(
        _ID | _PLACEHOLDER | _FOCUS, {"initial_value": anything, "dispatch_action_config": DISPATCH}
    ),
    "file_input": _element(_ID, {"filetypes": listed(string(20), 50), "max_files": whole(10, 1)}),
    "image": shaped(
        TYPE | {"alt_text": string(2000)},
        {"image_url": url(), "slack_file": anything},
        [exactly_one("image_url", "slack_file")],
    ),
}

_SINGLE = {"static_select", "external_select", "users_select", "channels_select", "conversations_select"}
_MULTIPLE = {f"multi_{name}" for name in _SINGLE}
_PICKED = {"checkboxes", "radio_buttons", "datepicker", "timepicker"}
_WRITTEN = {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input"}

ACCESSORIES = {"button", "overflow", "image"} | _SINGLE | _MULTIPLE | _PICKED
ACTIONS = {"button", "overflow", "datetimepicker"} | _SINGLE | _PICKED
INPUTS = {"datetimepicker"} | _SINGLE | _MULTIPLE | _PICKED | _WRITTEN
STATEFUL = INPUTS
"""Elements whose value stands in `state.values`; buttons, overflow menus and images have none."""
