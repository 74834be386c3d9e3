"""A visitor of a running sandbox without a browser: everything goes through the control door, as the page would send it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import httpx

from tests.patience import PATIENCE

Json = dict[str, Any]
T = TypeVar("T")

LOOK_EVERY = 0.05

DANA, LEE, SAM, MARIA = "U0DANA", "U0LEE", "U0SAM", "U0MARIA"
FINANCE = "C0FINANCE"

FIELDS = {
    "plain_text_input": "value",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
}
"""Kinds of inputs whose value is sent as it is."""


class Refused(Exception):
    """The control door refused, with its sentence."""


class Visitor:
    """One person at a time in front of the page. `channel` is the conversation that is open in Slack."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False)
        self.user, self.channel = DANA, "D0DANA"

    def close(self) -> None:
        self.http.close()

    # --- the door -----------------------------------------------------------------------------------------------------

    def does(self, door: str, verb: str, **args: Any) -> Json:
        """One verb of a far end or of the drills. Raises Refused with the door's sentence."""
        answer = self.http.post(f"/control/{door}/{verb}", json=args)
        found: Json = answer.json()
        if answer.status_code != httpx.codes.OK:
            raise Refused(found["error"])
        return found

    def state(self, door: str, **query: str) -> Json:
        answer = self.http.get(f"/control/{door}/state", params=query)
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def slack(self, verb: str, **args: Any) -> Json:
        return self.does("slack", verb, user=self.user, **args)

    def intacct(self, verb: str, **args: Any) -> Json:
        return self.does("intacct", verb, **args)

    def as_(self, user: str, channel: str = "") -> Visitor:
        """Another person, in the conversation with the bot unless a channel is named."""
        self.user, self.channel = user, channel or user.replace("U0", "D0")
        return self

    def until(self, look: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
        """Looks again and again until there is something to see."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            found = look()
            if found is not None and found is not False:
                return found
            time.sleep(LOOK_EVERY)
        raise AssertionError(f"{self.user} never saw {what}. On the screen:\n{self.seen()}")

    # --- Slack --------------------------------------------------------------------------------------------------------

    def commands(self, text: str) -> None:
        self.slack("command", text=text, channel=self.channel)

    def says(self, text: str) -> None:
        self.slack("say", text=text, channel=self.channel)

    def messages(self) -> list[Json]:
        found: list[Json] = self.state("slack", user=self.user)["messages"].get(self.channel, [])
        return found

    def form_now(self) -> Json | None:
        open_ones = self.state("slack", user=self.user)["modals"]
        return open_ones[-1] if open_ones else None

    def screen(self) -> str:
        """The conversation and the open forms, as text."""
        seen = self.state("slack", user=self.user)
        return json.dumps([seen["messages"].get(self.channel, []), seen["modals"]], ensure_ascii=False)

    def seen(self) -> str:
        """For a person who reads a failure: a line a message, and the open form whole."""
        lines = [f"{'  ' if m.get('thread_ts') else ''}{m['text'][:200]}" for m in self.messages()]
        return "\n".join([*lines, json.dumps(self.form_now(), ensure_ascii=False)])

    def sees(self, words: str, patience: float = PATIENCE) -> None:
        """Waits until these words stand somewhere on the screen."""
        wanted = json.dumps(words, ensure_ascii=False)[1:-1]
        self.until(lambda: wanted in self.screen() or None, repr(words), patience)

    def message(self, words: str) -> Json:
        """The newest message that holds these words, once there is one."""
        return self.until(lambda: self._newest(words), f"a message with {words!r}")

    def _newest(self, words: str) -> Json | None:
        wanted = json.dumps(words, ensure_ascii=False)[1:-1]
        return next((m for m in reversed(self.messages()) if wanted in json.dumps(m, ensure_ascii=False)), None)

    def clicks(self, label: str, *, near: str = "", option: str = "") -> Json:
        """The newest button of this label (or the item `option` of a menu), in a message that holds the words `near`."""
        return self.until(lambda: self._clicked(label, near, option), f"a button {label!r} near {near!r}")

    def _clicked(self, label: str, near: str, option: str) -> Json | None:
        """A press on what stands there; a button that was edited away under the finger is looked for again."""
        found = self._control(label, near)
        if found is None:
            return None
        message, block, element = found
        more: Json = {}
        if option:
            more["selected_option"] = next(one for one in element["options"] if one["text"]["text"] == option)
        ids = {"ts": message["ts"], "block_id": block["block_id"], "action_id": element["action_id"]}
        try:
            return self.slack("click", channel=self.channel, **ids, **more)
        except Refused as refused:
            if "has changed" in str(refused):
                return None
            raise

    def buttons(self, near: str) -> list[str]:
        """The labels under the newest message with these words."""
        return [label_of(element) for _, element in controls(self.message(near))]

    def _control(self, label: str, near: str) -> tuple[Json, Json, Json] | None:
        for message in reversed(self.messages()):
            if near and near not in json.dumps(message, ensure_ascii=False):
                continue
            for block, element in controls(message):
                if label_of(element) == label:
                    return message, block, element
        return None

    def form(self, title: str) -> Json:
        """The open form of this title, once it is there and has something to send."""

        def look() -> Json | None:
            view = self.form_now() or {}
            return view if view.get("submit") and view["title"]["text"] == title else None

        return self.until(look, f"the form {title!r}")

    def submits(self, title: str, **values: Any) -> Json:
        """Fills the form in and sends it. A value is text, an option's value or text, or a list of them; `:` is `_`."""
        view = self.form(title)
        entered: Json = {}
        for block in view["blocks"]:
            wanted = values.pop(block["block_id"].replace(":", "_"), None)
            if wanted is not None:
                entered[block["block_id"]] = {block["element"]["action_id"]: self._entry(view, block, wanted)}
        assert not values, f"the form {title!r} has no {sorted(values)}: {view['blocks']}"
        return self.slack("submit", view_id=view["id"], values=entered)

    def _entry(self, view: Json, block: Json, wanted: Any) -> Json:
        kind = block["element"]["type"]
        if kind in FIELDS:
            return {"type": kind, FIELDS[kind]: wanted}
        offered = self._offered(view, block) if "external" in kind else block["element"]["options"]
        picked = [
            next(one for one in offered if want in {one["value"], one["text"]["text"]})
            for want in (wanted if isinstance(wanted, list) else [wanted])
        ]
        many = kind.startswith("multi_") or kind == "checkboxes"
        return {"type": kind, "selected_options": picked} if many else {"type": kind, "selected_option": picked[0]}

    def _offered(self, view: Json, block: Json) -> list[Json]:
        action = block["element"]["action_id"]
        answer = self.slack("options", view_id=view["id"], block_id=block["block_id"], action_id=action, query="")
        found: list[Json] = answer["options"]
        return found

    def closes(self) -> None:
        view = self.form_now()
        if view is not None:
            self.slack("close", view_id=view["id"], all=True)

    # --- the two ledgers ----------------------------------------------------------------------------------------------

    def posted(self) -> tuple[int, Decimal]:
        """How many card transactions stand in Intacct, and what they come to."""
        entities = self.state("intacct", limit="0")["entities"].values()
        total = sum((Decimal(one["total"]) for one in entities), Decimal(0))
        return sum(one["transactions"] for one in entities), total

    def spent(self) -> tuple[int, Decimal]:
        """The same of Spend Center."""
        totals = self.state("spend", limit="0")["totals"]
        return totals["count"], Decimal(totals["amount"])


def controls(message: Json) -> list[tuple[Json, Json]]:
    """Each button and menu of a message, with the block it stands in."""
    return [
        (block, element)
        for block in message.get("blocks") or []
        for element in [*block.get("elements", []), block.get("accessory")]
        if isinstance(element, dict) and "action_id" in element
    ]


def label_of(element: Json) -> str:
    """A menu has no words of its own: the page calls it More actions."""
    return str(element["text"]["text"]) if "text" in element else "More actions"
