"""What people enter: the value of each element in Slack's own shape, from its initial value to `state.values`."""

from __future__ import annotations

import re
from typing import Any

from bot.sandbox.control import ControlError
from bot.sandbox.slack.elements import STATEFUL, options_of
from bot.sandbox.slack.workspace import Workspace, blocks_in, elements_in

Values = dict[str, dict[str, dict[str, Any]]]
"""block_id → action_id → value, as in `view.state.values`."""

REQUIRED = "Please complete this required field."

HOLDS: dict[str, str] = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
    "file_input": "files",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "button": "value",
}
"""Element type → the key of its value in actions and in state."""


def _initial(element: dict[str, Any]) -> Any:
    key = HOLDS[element["type"]]
    found = element.get("initial_" + key.removeprefix("selected_"))
    if element["type"] == "rich_text_input":
        found = element.get("initial_value")
    return [] if found is None and key.endswith("s") and key != "files" else found


def state_of(blocks: list[dict[str, Any]], picked: Values) -> Values:
    """`state.values` of a message or view: what was picked, else the initial value, else null."""
    state: Values = {}
    for block in blocks_in(blocks):
        for element in elements_in(block):
            if element["type"] in STATEFUL:
                block_id, action_id = block["block_id"], element["action_id"]
                chosen = picked.get(block_id, {}).get(action_id)
                fresh = {"type": element["type"], HOLDS[element["type"]]: _initial(element)}
                state.setdefault(block_id, {})[action_id] = chosen or fresh
    return state


def find_element(blocks: list[dict[str, Any]], block_id: str, action_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The block and the element that a person touched. Raises ControlError when nothing of that name is on screen."""
    for block in blocks_in(blocks):
        if block["block_id"] == block_id:
            for element in elements_in(block):
                if element["action_id"] == action_id:
                    return block, element
    raise ControlError(f"There is no control {action_id} in block {block_id} here; the message or view has changed.")


def entered(element: dict[str, Any], given: dict[str, Any], workspace: Workspace) -> dict[str, Any]:
    """The element's value from what the page sent, refused unless Slack's own client could have sent it."""
    kind = element["type"]
    key = HOLDS[kind]
    value = given.get(key)
    if kind in {"static_select", "radio_buttons", "overflow"}:
        value = _one_of(element, value)
    elif kind in {"checkboxes", "multi_static_select"}:
        value = [_one_of(element, one) for one in value or []]
    elif kind in {"external_select", "multi_external_select"}:
        for one in _as_list(value):
            if not isinstance(one, dict) or not {"text", "value"} <= set(one):
                raise ControlError("An option from the app is sent whole, with its text and value.")
    elif kind in {"users_select", "multi_users_select"}:
        _known(value, workspace.people, "person")
    elif kind in {"channels_select", "conversations_select", "multi_channels_select", "multi_conversations_select"}:
        _known(value, workspace.channels, "channel")
        for one in _as_list(value):
            _passes_filter(element, workspace.channels[one].kind)
    elif kind == "datepicker" and value is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
        raise ControlError("A date is written YYYY-MM-DD.")
    elif kind == "timepicker" and value is not None and not re.fullmatch(r"\d\d:\d\d", str(value)):
        raise ControlError("A time is written HH:MM.")
    elif key == "value":
        if not isinstance(value, str | None):
            raise ControlError("What is typed is sent as text.")
        value = value or None
    return {"type": kind, key: value}


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _known(value: Any, table: dict[str, Any], noun: str) -> None:
    for one in _as_list(value):
        if one not in table:
            raise ControlError(f"There is no {noun} {one} in this workspace.")


def _one_of(element: dict[str, Any], given: Any) -> dict[str, Any] | None:
    """The offered option that was picked: sent whole or only by its value."""
    if given is None:
        return None
    wanted = given.get("value") if isinstance(given, dict) else given
    for option in options_of(element):
        if option["value"] == wanted:
            return option
    raise ControlError(f"{wanted!r} is not among the options of {element['action_id']}.")


def _passes_filter(element: dict[str, Any], kind: str) -> None:
    wanted = element.get("filter", {})
    if kind == "shared" and wanted.get("exclude_external_shared_channels"):
        raise ControlError("Channels shared with another company are not offered here.")
    include = wanted.get("include")
    offered = {"channel": "public", "shared": "public"}.get(kind, kind)
    if include and offered not in include:
        raise ControlError(f"Only these kinds of conversation are offered here: {', '.join(include)}.")


def complaints(blocks: list[dict[str, Any]], state: Values) -> dict[str, str]:
    """What Slack's client says of a form before it sends it: block_id → text."""
    found: dict[str, str] = {}
    for block in blocks:
        if block["type"] == "input":
            element = block["element"]
            value = state[block["block_id"]][element["action_id"]][HOLDS[element["type"]]]
            text = _complaint(element, value, optional=bool(block.get("optional")))
            if text:
                found[block["block_id"]] = text
    return found


def _complaint(element: dict[str, Any], value: Any, *, optional: bool) -> str:
    if value in (None, "", []):
        return "" if optional else REQUIRED
    kind = element["type"]
    if kind == "plain_text_input":
        least, most = element.get("min_length", 0), element.get("max_length", 3000)
        if not least <= len(value) <= most:
            return f"This must be {least} to {most} characters."
    if kind == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        return "Enter an e-mail address."
    if kind == "url_text_input" and not re.match(r"https?://\S+$", value):
        return "Enter a full URL."
    if kind == "number_input":
        return _number_complaint(element, value)
    return ""


def _number_complaint(element: dict[str, Any], value: str) -> str:
    pattern = r"-?\d+(\.\d+)?" if element["is_decimal_allowed"] else r"-?\d+"
    if not re.fullmatch(pattern, value):
        return "Enter a number."
    if "min_value" in element and float(value) < float(element["min_value"]):
        return f"Enter a number of at least {element['min_value']}."
    if "max_value" in element and float(value) > float(element["max_value"]):
        return f"Enter a number of at most {element['max_value']}."
    return ""
