"""The drills at Slack's end: faults, rate limits, and the app being removed."""

from __future__ import annotations

import math
from typing import Any

from aiohttp import web

from bot.sandbox.control import ControlError
from bot.sandbox.slack import payloads
from bot.sandbox.slack.core import Core
from bot.sandbox.slack.delivery import ACK_SECONDS
from bot.sandbox.slack.socket import REASONS

GARBLED: dict[str, tuple[int, str, str]] = {
    "text": (503, "text/plain", "upstream connect error or disconnect/reset before headers"),
    "crash": (500, "text/plain", "Internal Server Error"),
    "cut": (200, "application/json", '{"ok":true,"url":"https:\\/\\/harb'),
    "verdict": (503, "application/json", '{"ok":false,"error":"invalid_auth"}'),
}
"""What edges and proxies answer in Slack's place: status, content type, body."""


def garble(form: str) -> web.Response:
    status, kind, body = GARBLED[form]
    return web.Response(status=status, content_type=kind, text=body)


def _count(args: dict[str, Any], name: str, default: float) -> float:
    value = args.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise ControlError(f"{name} is a number, 0 or more.")
    return value


async def fault(core: Core, args: dict[str, Any]) -> dict[str, Any]:
    """Breaks something.

    Kinds: down (`seconds`, else until cleared), rate_limit (`n` calls, `retry_after` seconds), disconnect (`reason`, or
    "drop" for none), slow (`n` calls by `seconds`), redeliver (`n` envelopes twice), error (`method`, `error`, `n`
    calls), lose_answer (`n` calls of `method` are carried out, and the line drops before the answer), garbled (`n` calls
    get what is no answer of Slack's, of the `form` text, crash, cut or verdict), no_sockets (the edge refuses every WebSocket
    handshake until cleared), clear.
    """
    kind, faults = args.get("kind"), core.faults
    if kind == "down":
        faults.down_until = core.workspace.now() + _count(args, "seconds", math.inf)
        core.socket.drop()
    elif kind == "rate_limit":
        faults.limited, faults.retry_after = int(_count(args, "n", 1)), max(1, int(_count(args, "retry_after", 1)))
    elif kind == "disconnect":
        await _disconnect(core, str(args.get("reason") or "refresh_requested"))
    elif kind == "slow":
        faults.slow_calls, faults.slow_seconds = int(_count(args, "n", 1)), _count(args, "seconds", 2)
    elif kind == "redeliver":
        core.delivery.doubled = int(_count(args, "n", 1))
    elif kind == "error":
        if not args.get("method") or not args.get("error"):
            raise ControlError("This needs method and error.")
        faults.refuse(str(args["method"]), str(args["error"]), int(_count(args, "n", 1)))
    elif kind == "lose_answer":
        faults.lost[str(args.get("method") or "chat.postMessage")] = int(_count(args, "n", 1))
    elif kind == "garbled":
        if args.get("form") not in GARBLED:
            raise ControlError(f"A form is one of {', '.join(GARBLED)}.")
        faults.garbled, faults.garbled_calls = str(args["form"]), int(_count(args, "n", 1))
    elif kind == "no_sockets":
        faults.no_sockets = True
    elif kind == "clear":
        faults.clear()
        core.delivery.doubled = 0
    else:
        raise ControlError(
            "A fault is down, rate_limit, disconnect, slow, redeliver, error, lose_answer, garbled, no_sockets or clear."
        )
    core.changed()
    return {"kind": kind}


async def _disconnect(core: Core, reason: str) -> None:
    if reason == "drop":
        core.socket.drop()
    elif reason in REASONS:
        await core.socket.disconnect(reason)
    else:
        raise ControlError(f"A reason is drop or one of {', '.join(REASONS)}.")


async def limits(core: Core, args: dict[str, Any]) -> dict[str, Any]:
    """Rate limits on or off (`on`); `seconds` in which an app has to acknowledge and to open a view, where not Slack's three."""
    core.limiter.on = bool(args.get("on", True))
    core.delivery.ack_seconds = core.passes.trigger_seconds = _count(args, "seconds", ACK_SECONDS)
    core.changed()
    return {"on": core.limiter.on}


async def uninstall(core: Core, args: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 -- every verb takes both
    """An administrator removes the app: it is told, and then its tokens are worth nothing."""
    for event in payloads.uninstalled():
        if core.subscribed(event["type"]):
            core.delivery.tell(event, authorized=False)
    core.installed = False
    core.changed()
    return {}


async def install(core: Core, args: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 -- every verb takes both
    """The app comes back with the same tokens."""
    core.installed = True
    core.changed()
    return {}
