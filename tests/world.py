"""The far ends of a story, simulated over real wires, and our side of it, for tests of the core."""

from __future__ import annotations

import pickle
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.app import Parts, open_parts
from bot.models import ConnectionState, FieldMapping, Secret, Selector, Trigger
from bot.sandbox.intacct import IntacctSim
from bot.sandbox.seed import Story, story
from bot.sandbox.seed_cards import SPEND_TOKEN
from bot.sandbox.seed_company import SENDER_ID, SENDER_PASSWORD, WEB_SERVICES_PASSWORD, connected
from bot.sandbox.spend import SpendSim
from bot.settings import Settings
from bot.store import connections, postings, runs
from bot.store.connections import Connection
from bot.store.database import upgrade
from bot.store.runs import Run

TODAY = date(2026, 11, 5)
NOON = datetime(2026, 11, 5, 18, 0, tzinfo=UTC)
CALLS_PER_MINUTE = 100_000
"""Of Spend Center, at its end and at ours: waiting for an allowance is tested where that is the subject."""

PORTLAND, DENVER = "bgt_portland", "bgt_denver"
FIELDS = {"gl_account": "GL Account", "department": "Department", "location": "Location", "project": "Project"}


class Clock:
    """A time that tests move."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class World:
    """Everything at hand: `parts` is the bot's core, the simulators are its far ends."""

    story: Story
    clock: Clock
    intacct: IntacctSim
    spend: SpendSim
    settings: Settings
    parts: Parts

    async def connect(self, entity: str = "100", **changes: Any) -> Connection:
        """A connection as the set-up would leave it, ready for its first run."""
        store = self.parts.store
        workspace = await connections.ensure_workspace(store, "", "T0HARBOR", "Harbor & Pine", self.clock())
        company = await connections.save_company(
            store,
            workspace,
            "HarborPine",
            user_id="Spendcenter",
            password=Secret(WEB_SERVICES_PASSWORD),
            base_currency="USD",
        )
        values = {
            "name": "Portland" if entity == "100" else "Denver",
            "state": ConnectionState.ACTIVE,
            "entity_id": entity,
            "entity_name": "Portland" if entity == "100" else "Denver",
            "card": "Spend Center CC Object" if entity == "100" else "Spend Center CC 200",
            "channel": "C0FINANCE",
            "schedule": "0 7 * * *",
            "time_zone": "America/Los_Angeles",
            "start_date": self.story.calendar.first,
            "spend_token": Secret(SPEND_TOKEN),
            "selector": Selector(all=False, budgets=(PORTLAND if entity == "100" else DENVER,)),
            "mapping": mapping(self.story),
            "owner": "U0DANA",
            "activated": self.clock(),
        } | changes
        return await connections.add_connection(
            store, workspace=workspace, company=company.id, now=self.clock(), **values
        )

    async def sync(self, connection: Connection, *, retry: list[int] | None = None) -> Run:
        """One run, as its job would do it."""
        intent = ""
        key = f"test:{connection.id}:{self.clock().isoformat()}:{len(await runs.last_runs(self.parts.store, connection.id, 100))}"
        if retry is not None:
            asked = await runs.add_intent(
                self.parts.store, connection.workspace_id, "retry", "U0LEE", {"postings": retry}, self.clock()
            )
            intent = asked.id
        trigger = Trigger.PERSON if retry is None else Trigger.RETRY
        turn = 0
        while await self.parts.runner.sync(
            turn, connection_id=connection.id, trigger=str(trigger), run_key=key, actor="U0DANA", intent=intent
        ):
            turn += 1
        run = await runs.find_run(self.parts.store, key)
        assert run is not None
        return run

    async def tally(self, connection: Connection) -> dict[str, tuple[int, Decimal]]:
        return await postings.tally(self.parts.store, connection.id)

    def booked(self) -> dict[str, Decimal]:
        """Reference to total of every card transaction in the simulated books; a double would be seen as a duplicate."""
        ledger = self.intacct.state(limit=5000)["ledger"]["transactions"]
        references = [row["reference"] for row in ledger]
        assert len(set(references)) == len(references), "a reference stands twice in the books"
        return {row["reference"]: Decimal(row["total"]) for row in ledger}


def mapping(story: Story) -> dict[str, FieldMapping]:
    """Each value by its leading code."""
    found = {}
    for field in story.spend["custom_fields"]:
        for key, name in FIELDS.items():
            if field["name"] == name:
                codes = {one["value"]: re.split(r"\s", one["value"])[0] for one in field["values"]}
                found[key] = FieldMapping(field=name, values=codes)
    return found


@cache
def written_down() -> bytes:
    """The story: reading it is quicker than making it up each time."""
    return pickle.dumps(story(TODAY))


@cache
def empty_database() -> bytes:
    """An SQLite file on the newest schema: a copy is quicker than each migration again, which have tests of their own."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "bot.db"
        upgrade(f"sqlite+aiosqlite:///{file}")
        return file.read_bytes()


@asynccontextmanager
async def world(folder: Path, *, cards: tuple[str, ...] = (), **settings: Any) -> AsyncIterator[World]:
    """A world in this folder. With `cards` (their last four), Spend Center has their transactions only, which is quicker."""
    tale: Story = pickle.loads(written_down())
    if cards:
        told = [row for row in tale.spend["transactions"] if row["cardUuid"].removeprefix("crd_") in cards]
        tale.spend["transactions"] = told
    clock = Clock()
    intacct = IntacctSim(connected(tale.company), clock)
    spend = SpendSim(tale.spend, calls_per_minute=CALLS_PER_MINUTE)
    await intacct.start()
    await spend.start()
    made = Settings(
        _env_file=None,
        intacct_url=intacct.url,
        intacct_sender_id=SENDER_ID,
        intacct_sender_password=SENDER_PASSWORD,
        spend_center_url=spend.url,
        spend_center_token_url=spend.token_url,
        data_dir=folder,
        **{"intacct_settle_after": 1200, "spend_center_calls_per_minute": CALLS_PER_MINUTE} | settings,
    )
    if made.on_sqlite and not (folder / "bot.db").exists():
        (folder / "bot.db").write_bytes(empty_database())
    try:
        async with open_parts(made, clock) as parts:
            yield World(tale, clock, intacct, spend, made, parts)
    finally:
        await intacct.stop()
        await spend.stop()
