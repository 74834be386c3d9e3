"""The shape of what Slack sends: whether the parts that are read are objects, lists and texts where they should be."""

from __future__ import annotations

from typing import Any, TypeAlias

Shape: TypeAlias = Any
"""A type; a dict of shapes by key, `...` standing for every key; a list of one shape; or a tuple of shapes, any of which will do."""

_NAMED = (str, {"id": str, "team_id": str, "enterprise_id": str})
_OPTION = {"value": str}
_VIEW = {"id": str, "callback_id": str, "private_metadata": str, "state": {"values": {...: {...: dict}}}}
_MESSAGE = {"ts": str, "text": str, "blocks": [dict]}
_PLACES = ("user", "team", "enterprise", "channel")
_TEXTS = (
    *("type", "command", "text", "value", "trigger_id", "response_url", "callback_id", "action_id", "block_id"),
    *("team_id", "enterprise_id", "user_id", "channel_id"),
)
PAYLOAD: Shape = {
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(_PLACES, _NAMED),
    "view": _VIEW,
    "message": _MESSAGE,
    "container": dict,
    "actions": [{"action_id": str, "block_id": str, "value": str, "selected_option": _OPTION}],
    "authorizations": [{"team_id": str, "enterprise_id": str, "user_id": str}],
    "event": {
        **dict.fromkeys(("type", "subtype", "text", "channel_type", "tab", "bot_id"), str),
        **dict.fromkeys(_PLACES, _NAMED),
        "tokens": dict,
        "view": _VIEW,
    },
}
NEEDED = {
    "block_actions": ("actions", "user"),
    "block_suggestion": ("user",),
    "event_callback": ("event",),
    "view_closed": ("view", "user"),
    "view_submission": ("view", "user"),
}


def is_payload(body: object) -> bool:
    """Whether this is an object of Slack's, with what its kind cannot be without."""
    if not isinstance(body, dict) or not fits(body, PAYLOAD):
        return False
    return all(body.get(key) for key in NEEDED.get(body.get("type") or "", ()))


def fits(value: object, shape: Shape) -> bool:
    """Whether a value read from JSON or a form has a shape; null and what is not there fit everywhere, unknown keys pass."""
    if value is None:
        return True
    if isinstance(shape, tuple):
        return any(fits(value, one) for one in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(one, shape[0]) for one in value)
    if not isinstance(shape, dict):
        return isinstance(value, shape)
    if not isinstance(value, dict):
        return False
    if ... in shape:
        return all(fits(one, shape[...]) for one in value.values())
    return all(fits(value.get(key), one) for key, one in shape.items())
