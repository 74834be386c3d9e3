"""views.* and blocks.validate: modals and Home tabs as the app opens, changes and checks them."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.api import Answer, ApiError, Call, missing_argument, person_of, refused
from bot.sandbox.slack.blocks import check_blocks, check_message, check_view
from bot.sandbox.slack.core import Core
from bot.sandbox.slack.passes import Trigger
from bot.sandbox.slack.views import STACK, View, too_large


def checked_view(core: Core, content: Any, kind: str, but: View | None = None) -> dict[str, Any]:
    """A view as sent by the app, refused as Slack would. `but` is the view that it replaces."""
    if too_large(content):
        raise ApiError("view_too_large")
    if problems := check_view(content):
        raise refused("invalid_arguments", problems)
    if content["type"] != kind:
        messages = [f"[ERROR] unsupported type: {content['type']} [json-pointer:/view/type]"]
        raise ApiError("invalid_arguments", response_metadata={"messages": messages})
    if core.views.taken(content.get("external_id", ""), but):
        raise ApiError("duplicate_external_id")
    return dict(content)


def _sent(call: Call) -> Any:
    content = call.parsed("view", "invalid_arguments")
    if content is None:
        raise missing_argument("view")
    return content


def _exchanged(core: Core, call: Call) -> Trigger:
    trigger = core.passes.exchange(call.need("trigger_id", "interactivity_pointer"))
    if isinstance(trigger, str):
        raise ApiError(trigger)
    return trigger


def _show(core: Core, user: str, content: dict[str, Any]) -> Answer:
    view = core.views.push(user, content)
    core.changed()
    return {"view": view.as_json()}


def views_open(core: Core, call: Call) -> Answer:
    """Opening from inside a modal lays the new one on top, as push does."""
    content = checked_view(core, _sent(call), "modal")
    trigger = _exchanged(core, call)
    if len(core.views.stack(trigger.user)) >= STACK:
        raise ApiError("push_limit_reached")
    return _show(core, trigger.user, content)


def views_push(core: Core, call: Call) -> Answer:
    content = checked_view(core, _sent(call), "modal")
    trigger = _exchanged(core, call)
    stack = core.views.stack(trigger.user)
    if not stack or trigger.view is None:
        raise ApiError("not_found")
    if len(stack) >= STACK:
        raise ApiError("push_limit_reached")
    return _show(core, trigger.user, content)


def views_update(core: Core, call: Call) -> Answer:
    call.need("view_id", "external_id")
    view = core.views.find(call.text("view_id"), call.text("external_id"))
    if view is None:
        raise ApiError("not_found")
    content = checked_view(core, _sent(call), view.content["type"], view)
    if call.text("hash", view.hash) != view.hash:
        raise ApiError("hash_conflict")
    core.views.replace(view, content)
    core.changed()
    return {"view": view.as_json()}


def views_publish(core: Core, call: Call) -> Answer:
    if not core.manifest.home_tab:
        raise ApiError("not_enabled")
    person = person_of(core, call.need("user_id"))
    home = core.views.homes.get(person.id)
    content = checked_view(core, _sent(call), "home", home)
    if home and call.text("hash", home.hash) != home.hash:
        raise ApiError("hash_conflict")
    view = core.views.publish(person.id, content)
    core.changed()
    return {"view": view.as_json()}


def blocks_validate(core: Core, call: Call) -> Answer:  # noqa: ARG001 -- every method takes both
    """Takes exactly one of blocks, message and view; needs no token."""
    sent = [name for name in ("blocks", "message", "view") if call.args.get(name) is not None]
    if len(sent) != 1:
        raise ApiError("invalid_arguments")
    payload = call.parsed(sent[0], "invalid_arguments")
    problems = {
        "blocks": lambda: check_blocks(payload, "message", ""),
        "message": lambda: check_message(payload),
        "view": lambda: check_view(payload, ""),
    }[sent[0]]()
    if problems:
        raise ApiError(f"invalid_{sent[0]}", errors=[problem.as_json() for problem in problems])
    return {}
