"""The control door of the causes: what the sandbox's page and the tests press."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox.causes import CAUSES
from bot.sandbox.causes.cause import ENTITY, GROUPS, NOTHING, PURCHASE, Act, Cause
from bot.sandbox.control import ControlError, Controlled

Scene = dict[str, str]
"""What the texts in braces stand for."""

_NAMED = re.compile(r"\{(\w+)\}")


class Causes:
    """The door `causes`: verbs `provoke` and `mend`, each with the `name` of a cause.

    Args:
        intacct, spend: the far ends.
        sender: the app's own sender ID.
    """

    VERBS: Mapping[str, str] = {
        "provoke": "Breaks something and makes a purchase that meets it.",
        "mend": "Puts it right.",
    }

    def __init__(self, intacct: Controlled, spend: Controlled, sender: str) -> None:
        self.on_change: Callable[[str], None] | None = None
        self._ends = {"intacct": intacct, "spend": spend}
        self._sender = sender
        self._scenes: dict[str, Scene] = {}

    async def control(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        """Provokes or mends. Raises ControlError with a sentence."""
        if verb not in self.VERBS:
            raise ControlError(f"A cause is provoked or mended; nothing here does {verb[:40]!r}.")
        cause = next((one for one in CAUSES if one.name == args.get("name")), None)
        if cause is None:
            raise ControlError(f"There is no such cause. There are: {', '.join(one.name for one in CAUSES)}.")
        return await (self._provoke(cause) if verb == "provoke" else self._mend(cause))

    def state(self) -> dict[str, Any]:
        """All causes in their groups, in the order of the page."""
        return {
            "groups": [
                {"title": group, "causes": [_public(one) for one in CAUSES if one.group == group]} for group in GROUPS
            ]
        }

    async def _provoke(self, cause: Cause) -> dict[str, Any]:
        scene = self._scenes[cause.name] = self._scene(cause)
        await self._do(cause.breaks, scene)
        if cause.buys is not None:
            wanted = {**PURCHASE, **cause.buys, "fields": {**PURCHASE["fields"], **cause.buys.get("fields", {})}}
            made = await self._ends["spend"].control("add_transaction", _filled(wanted, scene))
            scene["bought"] = made["transaction"]["uuid"]
        await self._do(cause.follows, scene)
        bought = "A purchase that meets it waits in Spend Center. " if cause.buys is not None else ""
        return {"said": f"{bought}Now type /intacct sync in Slack.", "transaction": scene.get("bought", "")}

    async def _mend(self, cause: Cause) -> dict[str, Any]:
        if not cause.mends:
            raise ControlError(cause.how)
        await self._do(cause.mends, self._scenes.get(cause.name) or self._scene(cause))
        ends = f"Now press {cause.press} in Slack." if cause.press != NOTHING else "The next sync posts it."
        return {"said": f"Put right. {ends}"}

    async def _do(self, acts: tuple[Act, ...], scene: Scene) -> None:
        for end, verb, args in acts:
            await self._ends[end].control(verb, _filled(args, scene))

    def _scene(self, cause: Cause) -> Scene:
        """The company as it is now. What no cause asks for may be missing from it."""
        books = self._ends["intacct"].state(limit=1)
        today = books["now"][:10]
        year, month = int(today[:4]), int(today[5:7])
        user = next((one for one in books["users"] if one.get("WEBSERVICES") or one.get("TWO_STEP")), None)
        card = next((one for one in books["objects"]["CREDITCARD"] if one["LOCATION"] == ENTITY), None)
        if user is None or card is None:
            raise ControlError("Connect Portland first: nothing syncs yet, so there is nothing to go wrong.")
        posted = next(iter(books["ledger"]["transactions"]), None)
        if cause.buys is None and posted is None:
            raise ControlError("Nothing has posted yet; sync something first.")
        return {
            "today": today,
            "month_end": f"{today[:8]}{calendar.monthrange(year, month)[1]:02}",
            "closed": str(books["closed_through"].get("GL", {}).get("") or f"{year - 1}-12-31"),
            "sender": self._sender,
            "user": str(user["LOGINID"]),
            "role": next((one for one in reversed(user["ROLES"]) if one != "Administrator"), ""),
            "card": str(card["CARDID"]),
            "account": str(card["LIABACCTKEY"]),
            "posted": f"txr_{posted['reference']}" if posted else "",
        }


def _filled(value: Any, scene: Scene) -> Any:
    """A value with its texts in braces replaced. Raises ControlError for one that the company has nothing for."""
    if isinstance(value, dict):
        return {key: _filled(one, scene) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, scene) for one in value]
    if not isinstance(value, str):
        return value
    for name in _NAMED.findall(value):
        if not scene.get(name):
            raise ControlError(f"There is no {name} for this yet. Provoke it first, with everything set up.")
    return _NAMED.sub(lambda found: scene[found[1]], value)


def _public(cause: Cause) -> dict[str, Any]:
    return {
        "name": cause.name,
        "hint": cause.hint,
        "title": cause.title,
        "alert": cause.alert.rstrip(": "),
        "how": cause.how,
        "needs": cause.needs,
        "mends": bool(cause.mends),
    }
