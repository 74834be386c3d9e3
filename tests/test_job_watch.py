"""Jobs at no one's hand, on both databases: the tables fall back behind a living bot, refuse a write, or lose what was promised."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from bot import engine as machinery
from bot import job_watch
from bot.settings import Settings
from tests.engine_rows import Rows, either, engine_of, until
from tests.patience import PATIENCE

__all__ = ["either"]


IN_EARNEST = (machinery.LOOK_SECONDS, job_watch.CERTAIN)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks in no time; how long they are in earnest is a test of its own."""
    monkeypatch.setattr(machinery, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(machinery, "BEAT", timedelta(seconds=0.2))
    monkeypatch.setattr(job_watch, "CERTAIN", 0.5)
    monkeypatch.setattr(job_watch, "CERTAIN_OF_OTHERS", 1.0)
    monkeypatch.setattr(job_watch, "SURE_AFTER", 0.5)


class Long:
    """A job of three turns; it waits at its second until it is let go."""

    def __init__(self) -> None:
        self.turns: list[int] = []
        self.at_second, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, turn: int, **_: str) -> bool:
        if turn == 1:
            self.at_second.set()
            await self.go_on.wait()
        self.turns.append(turn)
        return turn < 2


def test_a_job_at_no_ones_hand_is_given_back_within_half_a_minute() -> None:
    """At worst it happens right after a look; of the next two the second may come a moment too soon to be certain."""
    look, certain = IN_EARNEST
    assert 3 * look + certain + 2 < 30


async def test_a_row_that_fell_back_to_at_work_when_its_job_had_ended_goes_on_and_is_told(
    either: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    job = Long()
    async with engine_of(either, work=job) as engine:
        await engine.enqueue("work", "k", company=7, name="a")
        await asyncio.wait_for(job.at_second.wait(), PATIENCE)
        assert await engine.at_work(7)
        rows = Rows(either)
        copy = rows.copy()
        job.go_on.set()
        await until(lambda: rows.states() == {"work:k": "SUCCESS"})
        assert not await engine.at_work(7)

        rows.put_back(copy)
        assert rows.states() == {"work:k": "PENDING"}
        await until(lambda: rows.states() == {"work:k": "SUCCESS"})
        await until(lambda: not engine.ailing)

    assert job.turns == [0, 1, 2, 1, 2], "what the copy says was done is not done again"
    assert caplog.text.count("job work:k of company 7 was at no one's hand and goes on") == 1


@pytest.mark.parametrize("owner", ["taken by another claim", "waiting in its queue", "in the name of nobody who lives"])
async def test_a_row_that_fell_back_under_a_job_at_work_ends_all_the_same(either: Settings, owner: str) -> None:
    """The job that runs finds at its next write that it is not its owner's any more, and is followed by one that is."""
    job = Long()
    async with engine_of(either, work=job) as engine:
        await engine.enqueue("work", "k", company=7, name="a")
        await asyncio.wait_for(job.at_second.wait(), PATIENCE)
        rows = Rows(either)
        if owner == "taken by another claim":
            rows.do("UPDATE {t}workflow_status SET owner_xid = 'of-a-claim-before'")
        elif owner == "waiting in its queue":
            rows.do("UPDATE {t}workflow_status SET status = 'ENQUEUED', owner_xid = NULL")
        else:
            rows.do("UPDATE {t}workflow_status SET executor_id = 'replica-of-long-ago', owner_xid = 'its'")
        job.go_on.set()
        await until(lambda: rows.states() == {"work:k": "SUCCESS"})
        await engine.enqueue("work", "next", company=7, name="b")
        await until(lambda: rows.states() == {"work:k": "SUCCESS", "work:next": "SUCCESS"})

    assert job.turns[-3:] == [0, 1, 2], "the company's next job has its turn"


async def test_while_a_job_cannot_be_given_back_health_says_so_and_nobody_calls_it_running(
    either: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Every change of the row is refused, as on a full disk; then there is room again."""
    job = Long()
    async with engine_of(either, work=job) as engine:
        await engine.enqueue("work", "k", company=7, name="a")
        await asyncio.wait_for(job.at_second.wait(), PATIENCE)
        rows = Rows(either)
        copy = rows.copy()
        job.go_on.set()
        await until(lambda: rows.states() == {"work:k": "SUCCESS"})
        rows.put_back(copy)
        rows.refuse_changes()

        await until(lambda: "jobs at no one's hand: 1" in engine.ailing)
        assert not await engine.at_work(7)
        assert rows.states() == {"work:k": "PENDING"}

        rows.allow_changes()
        await until(lambda: rows.states() == {"work:k": "SUCCESS"})
        await until(lambda: not engine.ailing)

    assert "was at no one's hand and goes on" in caplog.text
    assert "the look at stalled jobs is at work again" in caplog.text


async def test_a_promise_that_is_gone_from_the_tables_is_promised_anew(
    either: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    job = Long()
    job.go_on.set()
    async with engine_of(either, work=job) as engine:
        rows = Rows(either)
        copy = rows.copy()
        await engine.enqueue("work", "k", company=7, delay=600, name="a")
        assert rows.states() == {"work:k": "DELAYED"}
        rows.put_back(copy)
        assert rows.states() == {}

        await until(lambda: rows.states() == {"work:k": "SUCCESS"})

    assert job.turns == [0, 1, 2]
    assert caplog.text.count("job work:k was promised and is gone") == 1


async def test_queues_that_the_tables_lost_are_made_anew(either: Settings, caplog: pytest.LogCaptureFixture) -> None:
    job = Long()
    job.go_on.set()
    async with engine_of(either, work=job) as engine:
        rows = Rows(either)
        rows.do("DELETE FROM {t}queues")
        await until(lambda: "do not name the queues side, sync any more" in caplog.text)
        await engine.enqueue("work", "k", company=7, name="a")
        await until(lambda: rows.states() == {"work:k": "SUCCESS"})
        await until(lambda: not engine.ailing)


async def test_jobs_that_are_at_work_or_wait_are_left_alone(either: Settings, caplog: pytest.LogCaptureFixture) -> None:
    job = Long()
    async with engine_of(either, work=job) as engine:
        await engine.enqueue("work", "k", company=7, name="a")
        await engine.enqueue("work", "waits", company=7, name="b")
        await engine.enqueue("work", "later", company=8, delay=600, name="c")
        await asyncio.wait_for(job.at_second.wait(), PATIENCE)
        began = time.monotonic()
        await until(lambda: time.monotonic() - began > 2)  # several looks, each long enough to be certain
        assert engine.ailing == []
        job.go_on.set()
        rows = Rows(either)
        await until(lambda: rows.states()["work:waits"] == "SUCCESS")

    assert "at no one's hand" not in caplog.text
    assert "promised anew" not in caplog.text
    assert job.turns == [0, 1, 2, 0, 1, 2]
