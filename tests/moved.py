"""Helpers of the exactly-once tests: clients that live by the moved clock, and runs until nothing is in doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from bot.intacct.client import IntacctClient, SignIn
from bot.models import PostingState, RunState, Secret, Selector
from bot.store import attempts, postings
from bot.store.connections import Connection, change_company
from bot.store.postings import Posting
from bot.store.runs import Run
from tests.world import World, world

CLEAN = "3370"
"""A card with ten purchases, nothing wrong with any of them: 10 rows."""

TRAVEL = "7718"
"""A card with a refund, and with journeys that want a department."""

HALF = "2093"
"""A card with twelve, half of which want an account that is not active."""


@pytest.fixture(name="harbor")
async def few_cards(tmp_path: Path) -> AsyncIterator[World]:
    """Harbor & Pine with three cards: enough for what a test of the core looks at, and quicker than all eight."""
    async with world(tmp_path, cards=(CLEAN, HALF, TRAVEL)) as made:
        yield made


def on_moved_time(harbor: World) -> None:
    """Pauses of the Intacct client pass on the world's clock instead of the wall's."""
    reach, gateway = harbor.parts.reach, harbor.parts.gateway

    async def sleep(seconds: float) -> None:
        harbor.clock.pass_(seconds=seconds)

    def client(company_id: str, user_id: str, password: Secret, at_once: int = 2) -> IntacctClient:
        return IntacctClient(
            gateway,
            SignIn(company_id, user_id, password),
            requests_at_once=at_once,
            sleep=sleep,
            monotonic=lambda: harbor.clock().timestamp(),
        )

    reach.intacct_for = client


async def card(harbor: World, last4: str = CLEAN, **changes: object) -> Connection:
    """A connection to Portland that has one card's purchases."""
    on_moved_time(harbor)
    return await harbor.connect("100", selector=Selector(all=False, cards=(last4,)), **changes)


async def one_at_a_time(harbor: World, connection: Connection) -> None:
    """The company allows one request at once, so that all rows of a small card leave in one."""
    await change_company(harbor.parts.store, connection.company, requests_at_once=1)


async def lose(harbor: World, connection: Connection, kind: str = "drop_after_commit") -> Run:
    """A run whose one request is lost, and that comes to no look-up, since Intacct answers none: all it sent is in doubt."""
    await one_at_a_time(harbor, connection)
    harbor.parts.reach.looked.add(connection.id)
    for fault in ({"kind": kind, "match": "record_cctransaction"}, {"kind": "error_500", "match": "RECORDID"}):
        await harbor.intacct.control("fault", {**fault, "count": 99})
    run = await harbor.sync(connection)
    assert run.state == RunState.STOPPED
    await harbor.intacct.control("clear_faults", {})
    return run


async def rows(harbor: World, connection: Connection, *states: PostingState) -> list[Posting]:
    return await postings.list_postings(harbor.parts.store, connection.id, states=states)


async def states(harbor: World, connection: Connection) -> dict[str, int]:
    return dict(Counter(row.state for row in await rows(harbor, connection)))


async def calm(harbor: World, connection: Connection, runs: int = 8, minutes: float = 21) -> Run:
    """Run until nothing is in doubt any more, the settling time passing between the runs."""
    for _ in range(runs):
        run = await harbor.sync(connection)
        left = await states(harbor, connection)
        if not {PostingState.UNKNOWN, PostingState.POSTING, PostingState.PENDING} & left.keys():
            return run
        harbor.clock.pass_(minutes=minutes)
    raise AssertionError(f"still in doubt after {runs} runs: {left}, {run.category}")


async def tries(harbor: World, row: Posting) -> list[tuple[str, str]]:
    """(controlid, state) of every attempt that a posting's newest one is."""
    found = await attempts.last_attempts(harbor.parts.store, [row.id])
    return [(one.controlid, one.state) for one in found.values()]


async def proved(harbor: World, connection: Connection, n: int) -> None:
    """All `n` rows are posted, each is one record in the simulated books, and both sides agree to the cent."""
    posted = await rows(harbor, connection, PostingState.POSTED)
    booked = harbor.booked()
    assert len(posted) == n, await states(harbor, connection)
    assert {row.reference: row.amount for row in posted} == booked
    assert sum(booked.values(), Decimal(0)) == sum((row.amount for row in posted), Decimal(0))
    records = {row["reference"]: str(row["recordno"]) for row in ledger(harbor)}
    assert {row.reference: row.record_no for row in posted} == records


def ledger(harbor: World) -> list[dict[str, str]]:
    found: list[dict[str, str]] = harbor.intacct.state(limit=5000)["ledger"]["transactions"]
    return found
