"""Backup while the bot is at work, restore an hour later, as docs/operating.md says it; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from signal import SIGTERM

import pytest

from bot.models import PostingState
from bot.store import postings
from tests.chaos.databases import Database, Postgres, SqliteFiles
from tests.chaos.proof import well
from tests.chaos.town import BACKUPS, Town, town
from tests.chaos.until import until

pytestmark = pytest.mark.chaos
Make = Callable[[pytest.FixtureRequest, Path], Database]


@pytest.mark.parametrize(
    ("database", "size"),
    [
        (lambda _, folder: SqliteFiles(folder), 1),
        pytest.param(lambda ask, _: Postgres(ask.getfixturevalue("postgres")), 2, marks=pytest.mark.postgres),
    ],
    ids=["bot.db and engine.db", "pg_dump"],
)
async def test_what_was_posted_after_the_backup_is_found_and_not_posted_again(
    request: pytest.FixtureRequest, tmp_path: Path, database: Make, size: int
) -> None:
    async with town(tmp_path, database(request, tmp_path), size) as harbor:
        harbor.full()
        await harbor.connected(size)
        await due(harbor, 3)
        await harbor.gateway.control("fault", kind="late", seconds=1.5, match="record_cctransaction")
        await harbor.buy(2)
        harbor.clock.pass_(minutes=11)
        await harbor.database.keep(tmp_path / BACKUPS)  # with a posting on its way
        await until(lambda: well(harbor))
        await due(harbor, 3)
        for bot in list(harbor.replicas):
            await harbor.end(bot, SIGTERM)

        await harbor.database.restore()
        harbor.clock.pass_(hours=1)
        await harbor.buy(1)
        harbor.full()

        await until(lambda: well(harbor))
        assert len(await harbor.books()) == 9
        async with harbor.store() as store:
            rows = await postings.list_postings(store, harbor.connection, states=[PostingState.POSTED])
        assert len(rows) == 9


async def due(town: Town, n: int) -> None:
    """So many purchases, and the next due time."""
    await town.buy(n)
    town.clock.pass_(minutes=11)
    await until(lambda: well(town))
