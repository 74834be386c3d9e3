"""People talking to the bot in the simulated Slack: what they say, click and submit, and what they then see."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackSim
from tests.patience import PATIENCE

Json = dict[str, Any]


class Talk:
    """One person at a time in front of Slack. Everything goes over the wire, as the page would send it."""

    def __init__(self, slack: SlackSim, app: AsyncApp) -> None:
        self.slack, self.app = slack, app
        self.user = "U0DANA"
        self._news = asyncio.Event()
        slack.on_change = lambda _: self._news.set()

    @property
    def dm(self) -> str:
        return self.user.replace("U0", "D0")

    def as_(self, user: str) -> Talk:
        self.user = user
        return self

    async def do(self, verb: str, **args: Any) -> Json:
        return await self.slack.control(verb, {"user": self.user, **args})

    async def says(self, text: str, channel: str = "") -> None:
        await self.do("say", text=text, channel=channel or self.dm)

    # --- clicking -----------------------------------------------------------------------------------------------------

    async def clicks(self, label: str, *, near: str = "") -> None:
        """The newest button of this label in the conversation, in a block whose text holds `near` where one is given."""
        post, block, element = await self.until(lambda: self._button(label, near), f"a button {label!r}")
        await self.do(
            "click", channel=self.dm, ts=post["ts"], block_id=block["block_id"], action_id=element["action_id"]
        )

    def _button(self, label: str, near: str) -> tuple[Json, Json, Json] | None:
        for post in reversed(self.slack.messages(self.dm, self.user)):
            for block in post.get("blocks", []):
                for element in [*block.get("elements", []), block.get("accessory") or {}]:
                    words = (element.get("text") or {}).get("text") if element.get("type") == "button" else None
                    if words == label and near in json.dumps(block, ensure_ascii=False):
                        return post, block, element
        return None

    def buttons(self) -> list[str]:
        """The labels under the newest message that has any."""
        for post in reversed(self.slack.messages(self.dm, self.user)):
            found = [
                element["text"]["text"]
                for block in post.get("blocks", [])
                if block["type"] == "actions"
                for element in block["elements"]
            ]
            if found:
                return found
        return []

    # --- forms --------------------------------------------------------------------------------------------------------

    async def form(self, title: str) -> Json:
        """The open form of this title, once it is there and has something to submit."""

        def look() -> Json | None:
            view = self.view() or {}
            return view if view.get("submit") and view["title"]["text"] == title else None

        found: Json = await self.until(look, f"the form {title!r}")
        return found

    def view(self) -> Json | None:
        found: Json | None = self.slack.view_of(self.user)
        return found

    async def submits(self, title: str, **values: Any) -> Json:
        """Fills the form in and sends it. A value is text, an option's value, or a list of options' values."""
        view = await self.form(title)
        entered: Json = {}
        for block in view["blocks"]:
            wanted = values.pop(block["block_id"].replace(":", "_"), None)
            if wanted is not None:
                element = block["element"]
                entered[block["block_id"]] = {element["action_id"]: await self._entry(view, block, wanted)}
        assert not values, f"the form {title!r} has no {sorted(values)}"
        return await self.do("submit", view_id=view["id"], values=entered)

    async def _entry(self, view: Json, block: Json, wanted: Any) -> Json:
        element, kind = block["element"], block["element"]["type"]
        names = {"datepicker": "selected_date", "timepicker": "selected_time", "plain_text_input": "value"}
        if kind in names:
            return {"type": kind, names[kind]: wanted}
        if kind == "users_select":
            return {"type": kind, "selected_user": wanted}
        if kind == "conversations_select":
            return {"type": kind, "selected_conversation": wanted}
        if kind == "multi_users_select":
            return {"type": kind, "selected_users": wanted}
        if kind == "external_select":
            return {"type": kind, "selected_option": (await self.offered(view, block))[wanted]}
        if kind == "multi_external_select":
            offered = await self.offered(view, block)
            return {"type": kind, "selected_options": [offered[one] for one in wanted]}
        options = {option["value"]: option for option in element["options"]}
        if kind == "checkboxes":
            return {"type": kind, "selected_options": [options[one] for one in wanted]}
        return {"type": kind, "selected_option": options[wanted]}

    async def offered(self, view: Json, block: Json, query: str = "") -> dict[str, Json]:
        """What an external menu offers, by value."""
        answer = await self.do(
            "options",
            view_id=view["id"],
            block_id=block["block_id"],
            action_id=block["element"]["action_id"],
            query=query,
        )
        return {option["value"]: option for option in answer["options"]}

    async def closes(self) -> None:
        view = self.view()
        assert view is not None
        await self.do("close", view_id=view["id"], all=True)

    # --- seeing -------------------------------------------------------------------------------------------------------

    def screen(self) -> str:
        """All that stands in the conversation and in the open form, as text."""
        return json.dumps([self.slack.messages(self.dm, self.user), self.view()], ensure_ascii=False)

    async def sees(self, words: str) -> None:
        """Waits until these words stand somewhere on the screen."""
        await self.until(lambda: json.dumps(words, ensure_ascii=False)[1:-1] in self.screen() or None, repr(words))

    async def until(self, look: Any, what: str) -> Any:
        """Waits for what a change in the workspace brings about."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    self._news.clear()
                    found = look()
                    if found is not None:
                        return found
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{self.user} never saw {what}. On the screen: {self.screen()}") from None


@asynccontextmanager
async def workspace() -> AsyncIterator[Talk]:
    """The simulated Slack with a Bolt app on it; listeners are registered by whoever asks, before the first click."""
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)  # its warnings are about listeners that tests do not need
    slack = SlackSim()
    await slack.start()
    await slack.control("limits", {"user": "U0DANA", "seconds": PATIENCE})
    app = AsyncApp(token=slack.BOT_TOKEN, client=AsyncWebClient(token=slack.BOT_TOKEN, base_url=slack.url))
    talk = Talk(slack, app)
    client = AsyncSocketModeHandler(app, slack.APP_TOKEN, ping_interval=0.5).client
    await client.connect_to_new_endpoint()
    await talk.until(lambda: slack.core.socket.count > 0 or None, "a socket")
    yield talk
    await client.close()  # type: ignore[no-untyped-call]  # slack-sdk leaves it untyped
    tasks = (client.message_processor, client.message_receiver, client.current_session_monitor)
    await asyncio.gather(*(task for task in tasks if task), return_exceptions=True)
    await slack.stop()
