"""The whole bot in the simulated Slack: commands, clicks and what people then see, over real wires and the real engine."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import apscheduler.schedulers.base
import pytest

from bot.sandbox.slack import SlackSim
from bot.serve import Bot
from bot.store import connections
from bot.store.connections import Connection
from tests.chaos.clock import told_by
from tests.patience import PATIENCE
from tests.slack_talk import Talk
from tests.world import NOON, World, world

Json = dict[str, Any]
DANA, LEE, SAM, MARIA = "U0DANA", "U0LEE", "U0SAM", "U0MARIA"
FINANCE = "C0FINANCE"


class Ticking:
    """A time that goes on by itself, whatever day and hour it is outside; tests may move it forward."""

    def __init__(self, since: datetime) -> None:
        self._since, self._began, self._moved = since, time.monotonic(), timedelta()

    def __call__(self) -> datetime:
        return self._since + timedelta(seconds=time.monotonic() - self._began) + self._moved

    def pass_(self, **span: float) -> None:
        self._moved += timedelta(**span)


class Room(Talk):
    """Somebody in front of one conversation: the finance channel, unless told otherwise."""

    place = FINANCE

    @property
    def dm(self) -> str:
        return self.place or super().dm

    @property
    def mine(self) -> str:
        return self.user.replace("U0", "D0")

    def in_(self, user: str, place: str = FINANCE) -> Room:
        self.user, self.place = user, place
        return self

    def posts(self, place: str = "") -> list[Json]:
        return self.slack.messages(place or self.dm, self.user)

    def texts(self, place: str = "") -> list[str]:
        return [post["text"] for post in self.posts(place)]

    async def types(self, command: str) -> Json:
        answer = await self.do("command", text=f"/intacct {command}".strip(), channel=self.dm)
        assert answer["acked"], answer
        return answer

    async def reads(self, words: str, place: str = "") -> Json:
        """The newest message with these words in its text, once it is there."""

        def look() -> Json | None:
            return next((post for post in reversed(self.posts(place)) if words in post["text"]), None)

        found: Json = await self.until(look, f"a message with {words!r}")
        return found

    async def presses(self, words: str, label: str) -> Json:
        """A button under the message with these words; the label may be the beginning of the button's."""
        post = await self.reads(words)
        block, element = next(
            (block, element)
            for block in post["blocks"]
            for element in [*block.get("elements", []), block.get("accessory") or {}]
            if element.get("type") == "button" and element["text"]["text"].startswith(label)
        )
        ids = {"block_id": block["block_id"], "action_id": element["action_id"]}
        return await self.do("click", channel=self.dm, ts=post["ts"], **ids)

    async def chooses(self, words: str, label: str) -> Json:
        """A line of the menu under the message with these words."""
        post = await self.reads(words)
        menu = next(
            e for b in post["blocks"] if b["type"] == "actions" for e in b["elements"] if e["type"] == "overflow"
        )
        option = next(one for one in menu["options"] if one["text"]["text"].startswith(label))
        return await self.do(
            "click", channel=self.dm, ts=post["ts"], block_id="do", action_id=menu["action_id"], selected_option=option
        )

    def thread(self, parent: Json) -> list[str]:
        return [post["text"] for post in self.posts() if post.get("thread_ts") == parent["ts"]]

    def home(self) -> str:
        return json.dumps(self.slack.state(self.user)["home"], ensure_ascii=False)


LUNCH: Json = {
    "card": "4417",
    "amount": "2640.00",
    "merchant": "Marigold Kitchen",
    "date": "2026-11-04",
    "fields": {"GL Account": "6440 - Meals", "Department": "20 - Sales", "Location": "100 - Portland"},
}
"""A purchase that posts, as the Spend Center side of the page adds it."""
DROPPED_LINE = {"kind": "drop_after_commit", "count": 1, "match": "<record_cctransaction>"}
"""Intacct saves the next posting, and its answer is lost."""


class Office:
    """The company's far ends, the bot, and a room to talk to it."""

    def __init__(self, far: World, slack: SlackSim, bot: Bot, clock: Ticking) -> None:
        self.far, self.slack, self.bot, self.clock = far, slack, bot, clock
        self.room = Room(slack, bot.app)

    async def connection(self, one: Connection) -> Connection:
        found = await connections.get_connection(self.far.parts.store, one.id)
        assert found is not None
        return found


@asynccontextmanager
async def harbor_without_bot(
    folder: Path, since: datetime = NOON, **changes: Any
) -> AsyncIterator[tuple[World, SlackSim, Ticking]]:
    """Everything but the bot, by a clock that starts at `since`, the scheduler of a bot in this process as well.

    A bot in a process of its own goes by the machine's; who lets one work beside another begins with that.
    """
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
    clock, slack = Ticking(since), SlackSim()
    slack.clock = clock
    await slack.start()
    await slack.control("limits", {"user": DANA, "on": False, "seconds": PATIENCE})
    settings = {
        "slack_bot_token": slack.BOT_TOKEN,
        "slack_app_token": slack.APP_TOKEN,
        "slack_api_url": slack.url,
        "port": free_port(),
        "intacct_settle_after": 1,
        **changes,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apscheduler.schedulers.base, "datetime", told_by(clock))
        try:
            async with world(folder, **settings) as far:
                yield far, slack, clock
        finally:
            await slack.stop()


@asynccontextmanager
async def office(folder: Path, **changes: Any) -> AsyncIterator[Office]:
    """A bot that is connected to Slack; its schedules are empty, so that only people start syncs."""
    async with (
        harbor_without_bot(folder, **changes) as (far, slack, clock),
        Bot(far.settings, clock, pause=0, patience=3) as bot,
    ):
        made = Office(far, slack, bot, clock)
        await made.room.until(lambda: slack.core.socket.count or None, "the bot's socket")
        yield made


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
