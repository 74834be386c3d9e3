"""What people do: click, fill in, submit, close, search a menu. Each waits for the app's acknowledgement."""

from __future__ import annotations

from typing import Any

from bot.sandbox.control import ControlError
from bot.sandbox.slack import payloads
from bot.sandbox.slack.api import ApiError
from bot.sandbox.slack.core import Core
from bot.sandbox.slack.delivery import Ack
from bot.sandbox.slack.elements import OPTIONS_ANSWER
from bot.sandbox.slack.surfaces import checked_view
from bot.sandbox.slack.values import Values, complaints, entered, find_element, state_of
from bot.sandbox.slack.views import STACK, View
from bot.sandbox.slack.workspace import Channel, Person, Post, escaped

Result = dict[str, Any]
TROUBLE = "We had some trouble connecting. Try again?"


def person(core: Core, args: dict[str, Any]) -> Person:
    """Who does it. Raises ControlError for a missing or unknown `user`."""
    found = core.workspace.people.get(wanted(args, "user"))
    if found is None:
        raise ControlError(f"There is no person {args['user']} in this workspace.")
    return found


def wanted(args: dict[str, Any], name: str) -> str:
    value = args.get(name)
    if not isinstance(value, str) or not value:
        raise ControlError(f"This needs {name}.")
    return value


def channel(core: Core, args: dict[str, Any], who: Person) -> Channel:
    """The channel of the request, if this person can open it."""
    found = core.workspace.channel(wanted(args, "channel"))
    if found is None or found not in core.workspace.visible(who.id):
        raise ControlError(f"{who.name} sees no channel {args['channel']}.")
    return found


def _post(core: Core, args: dict[str, Any], who: Person) -> tuple[Channel, Post]:
    where = channel(core, args, who)
    post = core.workspace.find(where.id, wanted(args, "ts"))
    if post is None or post.only_for not in (None, who.id):
        raise ControlError("That message is gone.")
    return where, post


def _view(core: Core, args: dict[str, Any], who: Person) -> View:
    view = core.views.find(wanted(args, "view_id"))
    if view is None or view.user != who.id:
        raise ControlError("That view is not open any more.")
    return view


def result(ack: Ack) -> Result:
    return {"acked": ack.acked, "ms": ack.ms} | ({"error": ack.error} if ack.error else {})


def _fill(core: Core, blocks: list[dict[str, Any]], picked: Values, given: Values) -> None:
    """Takes over what the page says was entered so far; values of elements that are gone by now are dropped."""
    for block_id, fields in state_of(blocks, {}).items():
        for action_id in fields:
            value = given.get(block_id, {}).get(action_id)
            if value is not None:
                _, element = find_element(blocks, block_id, action_id)
                picked.setdefault(block_id, {})[action_id] = entered(element, value, core.workspace)


# --- clicks -----------------------------------------------------------------------------------------------------------


async def click(core: Core, args: dict[str, Any]) -> Result:
    """A button, a menu, a date: in a message (`channel`, `ts`) or a view (`view_id`, with `values` typed so far)."""
    if not core.manifest.interactive:
        raise ControlError("This app is not configured to handle interactive responses.")
    if not core.installed:
        raise ControlError("This app is not installed any more.")
    who = person(core, args)
    if args.get("view_id"):
        return await _click_in_view(core, args, who)
    where, post = _post(core, args, who)
    block, element = find_element(post.body["blocks"], wanted(args, "block_id"), wanted(args, "action_id"))
    picked = post.picked.setdefault(who.id, {})
    _fill(core, post.body["blocks"], picked, args.get("values") or {})
    action = _action(core, block, element, args, picked)
    core.workspace.mark_read(who.id, where.id)
    if _is_quiet(block):
        return {"acked": True, "ms": 0, "sent": False}
    payload = payloads.message_actions(core, who, where, post, action)
    return result(await _interact(core, payload, f"block_actions {element['action_id']}"))


async def _click_in_view(core: Core, args: dict[str, Any], who: Person) -> Result:
    view = _view(core, args, who)
    _fill(core, view.blocks, view.picked, args.get("values") or {})
    block, element = find_element(view.blocks, wanted(args, "block_id"), wanted(args, "action_id"))
    action = _action(core, block, element, args, view.picked)
    if _is_quiet(block):
        core.changed()
        return {"acked": True, "ms": 0, "sent": False}
    payload = payloads.view_actions(core, who, view, action)
    ack = await _interact(core, payload, f"block_actions {element['action_id']}")
    view.notice = "" if ack.acked else TROUBLE
    core.changed()
    return result(ack)


def _is_quiet(block: dict[str, Any]) -> bool:
    """An input block tells the app nothing before it is submitted, unless it asked for that."""
    return block["type"] == "input" and not block.get("dispatch_action")


def _action(
    core: Core, block: dict[str, Any], element: dict[str, Any], args: dict[str, Any], picked: Values
) -> dict[str, Any]:
    """The entry in `actions`; what was picked is remembered for `state`."""
    action = {"action_id": element["action_id"], "block_id": block["block_id"], "type": element["type"]}
    if element["type"] == "button":
        action |= {key: element[key] for key in ("text", "value", "style") if key in element}
        action["text"] = {**action["text"], "text": escaped(action["text"]["text"])}  # seen in bolt-python issue 513
    else:
        value = entered(element, args, core.workspace)
        if element["type"] != "overflow":
            picked.setdefault(block["block_id"], {})[element["action_id"]] = value
        action |= value
    return action | {"action_ts": core.workspace.next_ts()}


async def _interact(core: Core, payload: dict[str, Any], what: str, *, answer: bool = False) -> Ack:
    return await core.delivery.ask("interactive", payload, answer=answer, what=what)


# --- modals -----------------------------------------------------------------------------------------------------------


async def submit(core: Core, args: dict[str, Any]) -> Result:
    """Sends a modal. What Slack's own client refuses (an empty required field) never reaches the app."""
    who = person(core, args)
    view = _view(core, args, who)
    if view.content["type"] != "modal":
        raise ControlError("Only a modal can be submitted.")
    _fill(core, view.blocks, view.picked, args.get("values") or {})
    view.errors, view.notice = complaints(view.blocks, view.state), ""
    if view.errors:
        core.changed()
        return {"acked": False, "ms": 0, "errors": view.errors}
    payload = payloads.view_submission(core, who, view)
    what = f"view_submission {view.content.get('callback_id', '')}"
    ack = await core.delivery.ask(
        "interactive", payload, answer=True, what=what, taken=lambda answer: _apply(core, view, answer, what)
    )
    if not ack.acked:
        view.notice = TROUBLE
    core.changed()
    return result(ack) | ({"errors": view.errors} if view.errors else {})


def _apply(core: Core, view: View, answer: dict[str, Any], what: str) -> None:
    """Follows the acknowledgement of a submission; one that Slack cannot follow leaves the modal open with a notice."""
    try:
        _follow(core, view, answer)
    except ApiError as error:
        view.notice = TROUBLE
        core.note("out", f"{what}: the acknowledgement is refused: {error.error} {error.more}", ok=False)


def _follow(core: Core, view: View, answer: dict[str, Any]) -> None:
    """Close, errors, update, push or clear; nothing when the person has closed the modal in the meantime."""
    kind = answer.get("response_action")
    if view not in core.views.stack(view.user):
        return
    if not answer:
        core.views.close(view)
    elif kind == "clear":
        core.views.clear(view.user)
    elif kind == "errors":
        view.errors = _errors(view, answer)
    elif kind == "update":
        core.views.replace(view, checked_view(core, answer.get("view"), "modal", view))
    elif kind != "push":
        raise ApiError("invalid_response_action")
    elif len(core.views.stack(view.user)) >= STACK:
        raise ApiError("push_limit_reached")
    else:
        core.views.push(view.user, checked_view(core, answer.get("view"), "modal"))


def _errors(view: View, answer: dict[str, Any]) -> dict[str, str]:
    errors = answer.get("errors")
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors:
        raise ApiError("errors_are_missing")
    if strangers := sorted(set(errors) - inputs):
        raise ApiError("errors_only_on_input_blocks", blocks=strangers)
    return {block_id: str(text) for block_id, text in errors.items()}


async def close(core: Core, args: dict[str, Any]) -> Result:
    """The Cancel button of a modal; `all` is the cross that closes the whole stack."""
    who = person(core, args)
    view = _view(core, args, who)
    stack = list(core.views.stack(who.id))
    if view not in stack:
        raise ControlError("Only a modal can be closed.")
    cleared = bool(args.get("all")) or bool(view.content.get("clear_on_close"))
    closing = stack if cleared else stack[stack.index(view) :]
    core.views.close(closing[0])
    core.changed()
    told = Ack(acked=True)
    for one in reversed(closing):
        if one.content.get("notify_on_close"):
            payload = payloads.view_closed(who, one, cleared=cleared)
            told = await _interact(core, payload, f"view_closed {one.content.get('callback_id', '')}")
    return result(told)


async def options(core: Core, args: dict[str, Any]) -> Result:
    """What an external menu offers for `query`; the app is asked only when the query is long enough."""
    who = person(core, args)
    names = (wanted(args, "block_id"), wanted(args, "action_id"))
    place = _view(core, args, who) if args.get("view_id") else _post(core, args, who)
    blocks = place.blocks if isinstance(place, View) else place[1].body["blocks"]
    _, element = find_element(blocks, *names)
    if element["type"] not in {"external_select", "multi_external_select"}:
        raise ControlError(f"{names[1]} does not ask the app for its options.")
    query = str(args.get("query") or "")
    if len(query) < element.get("min_query_length", 3):
        return {"acked": True, "ms": 0, "sent": False, "options": []}
    payload = payloads.block_suggestion(who, names, query, place)
    what = f"block_suggestion {names[1]}"
    ack = await _interact(core, payload, what, answer=True)
    if ack.acked and (problems := list(OPTIONS_ANSWER(ack.payload, ""))):
        core.note("out", f"{what}: the options are refused: {problems[0].line}", ok=False)
        return result(ack) | {"options": [], "error": "invalid_options"}
    return result(ack) | (ack.payload if ack.acked else {"options": []})
