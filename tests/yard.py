"""A world whose bot runs in processes of its own, which the tests kill; both share a clock that only tests move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.models import PostingState, Selector
from bot.sandbox.seed_company import SENDER_ID, SENDER_PASSWORD
from bot.store import postings
from bot.store.connections import Connection
from bot.store.postings import Posting
from tests.child import Orders, ended, one_run, start
from tests.moved import CLEAN
from tests.world import World

IN_DOUBT = {PostingState.UNKNOWN, PostingState.POSTING, PostingState.PENDING}


async def yard_of(world: World, **changes: Any) -> Yard:
    """Portland's clean card, ready for its first run."""
    chosen = {"selector": Selector(all=False, cards=(CLEAN,))} | changes
    return Yard(world, await world.connect("100", **chosen))


@dataclass
class Yard:
    """The far ends in this process, a connection to them, and children that sync it and die."""

    world: World
    connection: Connection

    def orders(self, **more: Any) -> Orders:
        made = self.world.settings
        settings = {
            "intacct_url": made.intacct_url,
            "intacct_sender_id": SENDER_ID,
            "intacct_sender_password": SENDER_PASSWORD,
            "spend_center_url": made.spend_center_url,
            "data_dir": made.data_dir,
            "database_url": made.database_url,
            "encryption_keys": made.encryption_keys.get_secret_value(),
            "intacct_settle_after": made.intacct_settle_after,
            "spend_center_calls_per_minute": made.spend_center_calls_per_minute,
        }
        return Orders(settings, self.world.clock(), self.connection.id, **more)

    async def sync(self, **more: Any) -> int | None:
        return await ended(start(one_run, self.orders(**more)))

    async def rows(self) -> list[Posting]:
        return await postings.list_postings(self.world.parts.store, self.connection.id)

    async def calm(self, rounds: int = 8) -> None:
        """Whole runs, the settling time passing between them, until nothing is in doubt."""
        for _ in range(rounds):
            assert await self.sync() == 0
            if not {row.state for row in await self.rows()} & IN_DOUBT:
                return
            self.world.clock.pass_(minutes=21)
        raise AssertionError([(row.state, row.category) for row in await self.rows()])

    async def proved(self) -> None:
        """Every row is posted and is one record, to the cent; what is in the books is ours."""
        found = await self.rows()
        assert {row.state for row in found} == {PostingState.POSTED}, [(row.state, row.category) for row in found]
        assert {row.reference: row.amount for row in found} == self.world.booked()

    async def buy(self, n: int) -> None:
        model = next(row for row in self.world.story.spend["transactions"] if row["cardUuid"] == f"crd_{CLEAN}")
        coded = [entry for entry in model["customFields"] if entry["selectedValues"]]
        fields = {entry["name"]: entry["selectedValues"][0]["value"] for entry in coded}
        day = self.world.clock().date().isoformat()
        for number in range(n):
            made = {"card": CLEAN, "amount": f"{number + 1}.25", "merchant": f"Stall {number}", "date": day}
            await self.world.spend.control("add_transaction", {**made, "fields": fields})
