"""What people read of a sync that runs, and of one that the tables call running and nobody has at hand."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from bot import engine as machinery
from bot import job_watch
from bot.store import runs
from bot.store.tables import sync_runs
from tests.engine_rows import Rows, until
from tests.office import LEE, Office, office
from tests.patience import PATIENCE
from tests.test_serve import healthy


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machinery, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(machinery, "BEAT", timedelta(seconds=0.5))
    monkeypatch.setattr(job_watch, "CERTAIN", 0.5)


def syncs(rows: Rows) -> list[str]:
    return [state for job, state in rows.states().items() if job.startswith("sync:")]


async def begun(harbor: Office, connection: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await runs.last_runs(harbor.far.parts.store, connection, 1))[0].state != "running":  # noqa: ASYNC110  # it rings no bell
            await asyncio.sleep(0.02)


async def as_of_then(harbor: Office) -> None:
    """Our own row of the run as a copy of the database has it that lags behind."""
    async with harbor.far.parts.store.begin() as db:
        await db.execute(sa.update(sync_runs).values(state="running", finished=None))


async def test_no_sentence_says_running_of_a_sync_that_nobody_has_at_hand_and_it_ends_by_itself(tmp_path: Path) -> None:
    async with office(tmp_path) as harbor:
        portland = await harbor.far.connect("100", schedule="")
        room, rows = harbor.room.in_(LEE), Rows(harbor.far.settings)
        await harbor.far.intacct.control(
            "fault", {"kind": "late", "seconds": 3, "match": "record_cctransaction", "count": 1}
        )
        await room.types("sync")
        await until(lambda: syncs(rows) == ["PENDING"])
        await begun(harbor, portland.id)
        await room.types("sync")
        await room.reads("; it is running.")
        await room.types("status")
        shown = await room.reads("is syncing on its schedule")
        assert "Syncing since" in str(shown["blocks"])
        copy = rows.copy()
        await until(lambda: syncs(rows) == ["SUCCESS"])

        rows.put_back(copy)
        await as_of_then(harbor)
        rows.refuse_changes()  # as a full disk does, so that it stays so for a while
        said = await healthy(harbor.far.settings.port, engine=False)
        assert not said["ok"]
        await until(lambda: "jobs at no one's hand: 1" in harbor.bot.engine.ailing)

        await room.types("sync")
        await room.reads("; it waits for its turn and starts by itself.")
        await room.types("status")
        await room.until(
            lambda: next((post for post in room.posts() if "was interrupted and goes on by itself" in str(post)), None),
            "a status that does not call it running",
        )

        rows.allow_changes()
        said = await healthy(harbor.far.settings.port, ok=True)
        assert "why" not in said
        await until(lambda: syncs(rows) == ["SUCCESS"])
        assert len(harbor.far.booked()) == 80, "as after the one sync; counted by hand in the story"
        async with httpx.AsyncClient() as http:
            metrics = await http.get(f"http://127.0.0.1:{harbor.far.settings.port}/metrics")
        assert 'spend_to_intacct_up{part="engine"} 1.0' in metrics.text
