"""A bot in a process of its own, in mid-sync: its disk is full for a while, its database falls back to a copy that lags behind.

Nobody starts it again; the ledger is the simulator's.
"""

from __future__ import annotations

import asyncio
import resource
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.exc import DBAPIError

from bot.models import PostingState
from tests.child import engine as engine_child
from tests.child import killed, start
from tests.engine_rows import KEYS
from tests.patience import PATIENCE
from tests.world import world
from tests.yard import Yard, yard_of

SLOW = {"kind": "late", "seconds": 1.0, "match": "record_cctransaction", "count": 1_000}
"""Each posting's answer takes a second, so that there is a middle of the sync."""

FULL_FOR = 18.0
"""Seconds. A turn that fails is tried four times, within 13; then its job cannot even be marked as failed."""


async def states(yard: Yard) -> set[str]:
    """Of the rows; empty where the database has just cut us off."""
    try:
        return {row.state for row in await yard.rows()}
    except DBAPIError:
        return set()


async def sending(yard: Yard) -> None:
    """In mid-sync: something is on its way, and something is in the books."""
    async with asyncio.timeout(PATIENCE):
        while PostingState.POSTING not in await states(yard):  # noqa: ASYNC110  # another process rings no bell
            await asyncio.sleep(0.02)


async def posted(yard: Yard, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while await states(yard) != {PostingState.POSTED}:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.2)


async def test_a_sync_goes_on_by_itself_when_there_is_room_again_on_the_disk(tmp_path: Path) -> None:
    async with world(tmp_path, intacct_settle_after=1) as harbor:
        yard = await yard_of(harbor)
        await yard.buy(40)
        await harbor.intacct.control("fault", SLOW)
        bot = start(engine_child, yard.orders(ask=True))
        assert bot.pid is not None
        try:
            await sending(yard)
            most = resource.prlimit(bot.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (0, most[1]))  # from now on no file of its takes a byte
            began = time.monotonic()
            while time.monotonic() - began < FULL_FOR:  # noqa: ASYNC110  # how long it lasts is what is tested
                await asyncio.sleep(0.2)
            assert await states(yard) != {PostingState.POSTED}
            resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, most)

            await posted(yard, PATIENCE)
            assert bot.is_alive(), "it is the same process"
        finally:
            await killed(bot)
        await yard.proved()


def snapshot(address: str) -> dict[tuple[str, str], bytes]:
    """Every table of ours and of the engine as of one moment."""
    listed = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'dbos')"
    with psycopg.connect(address) as db:
        db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        kept = {}
        for schema, table in db.execute(listed).fetchall():
            with db.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(schema, table))) as copy:
                kept[schema, table] = b"".join(bytes(part) for part in copy)
        return kept


def fall_back(address: str, kept: dict[tuple[str, str], bytes]) -> None:
    """What a failover to that copy looks like from outside: everything later is gone, and every connection is cut."""
    with psycopg.connect(address) as db:
        db.execute("SET session_replication_role = replica")
        names = sql.SQL(", ").join(sql.Identifier(*one) for one in kept)
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        db.execute(sql.SQL("TRUNCATE {}").format(names))
        for one, rows in kept.items():
            with db.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(*one))) as copy:
                copy.write(rows)


@pytest.mark.postgres
async def test_a_sync_goes_on_by_itself_when_the_database_fell_back_to_a_copy_three_seconds_behind(
    postgres: str, tmp_path: Path
) -> None:
    address = postgres.replace("+psycopg", "")
    async with world(tmp_path, database_url=postgres, encryption_keys=KEYS, intacct_settle_after=1) as harbor:
        yard = await yard_of(harbor)
        await yard.buy(40)
        await harbor.intacct.control("fault", SLOW)
        bot = start(engine_child, yard.orders(ask=True))
        try:
            await sending(yard)
            copy = await asyncio.to_thread(snapshot, address)
            assert PostingState.POSTED not in await states(yard)
            began = time.monotonic()
            while time.monotonic() - began < 3:  # noqa: ASYNC110  # how far it lags behind is what is tested
                await asyncio.sleep(0.1)
            assert PostingState.POSTED in await states(yard), "the copy knows nothing of it"
            await asyncio.to_thread(fall_back, address, copy)

            await posted(yard, PATIENCE)
            assert bot.is_alive(), "it is the same process"
        finally:
            await killed(bot)
        await yard.proved()
