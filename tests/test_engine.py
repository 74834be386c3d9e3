"""Durable jobs and the clock: promised once, done turn by turn, alive after every kind of death."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import engine as machinery
from bot.engine import Engine, EngineBusy, Work
from bot.models import ConnectionState, PostingState, Secret
from bot.schedules import cron
from bot.settings import Settings
from bot.store import connections, postings, replicas
from bot.store.connections import Connection
from bot.store.database import Store, open_store
from tests.chaos.clock import told_by
from tests.child import KILLED, ended, killed, start
from tests.child import engine as engine_child
from tests.patience import PATIENCE
from tests.world import NOON, world
from tests.yard import yard_of

ATTEMPTS = "bot.store.attempts"


class Jobs:
    """Jobs that note what they were asked; `turns` of each, and `break_at` raises once at that turn."""

    def __init__(self, turns: int = 1) -> None:
        self.turns = turns
        self.done: list[tuple[str, int]] = []
        self.break_at: set[int] = set()
        self.gate: asyncio.Event | None = None

    async def work(self, turn: int, *, name: str) -> bool:
        if turn in self.break_at:
            self.break_at.discard(turn)
            raise RuntimeError("the password is hunter-two")
        if self.gate is not None and turn == 1:
            self.gate.set()
            await asyncio.sleep(0.05)
        self.done.append((name, turn))
        return turn + 1 < self.turns


@asynccontextmanager
async def running(folder: Path, jobs: Jobs, clock: Callable[[], datetime] | None = None) -> AsyncIterator[Engine]:
    settings = Settings(_env_file=None, data_dir=folder)
    store = await open_store(settings)
    engine = Engine(settings, store, {"work": Work(jobs.work, exclusive=True)}, clock or (lambda: datetime.now(UTC)))
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop(patience=3)
        await store.close()


async def until(true: Callable[[], bool | Awaitable[bool]], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = true()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.05)


async def test_a_job_promised_many_times_is_done_once_turn_by_turn_and_goes_on_after_an_exception(
    tmp_path: Path,
) -> None:
    jobs = Jobs(turns=3)
    jobs.break_at = {1}
    async with running(tmp_path, jobs) as engine:
        await asyncio.gather(*(engine.enqueue("work", "k", company=1, name="a") for _ in range(10)))
        await until(lambda: len(jobs.done) == 3)
        await engine.enqueue("work", "k", company=1, name="a")
        await engine.enqueue("work", "later", company=1, delay=600, name="b")
        assert await engine.waiting("work:later"), "what is promised for later waits as well"
        assert not await engine.waiting("work:k")

    assert jobs.done == [("a", 0), ("a", 1), ("a", 2)]
    kept = (tmp_path / "engine.db").read_bytes() + (tmp_path / "engine.db-wal").read_bytes()
    assert b"hunter-two" not in kept, "the engine's tables are plain"


async def test_a_job_that_died_of_errors_lives_again_under_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machinery, "REVIVE_AFTER", 0.01)
    jobs = Jobs()
    async with running(tmp_path, jobs) as engine:
        await engine.enqueue("work", "intent:1", company=1, name="a")
        await until(lambda: len(jobs.done) == 1)
        for lives in (2, 3):
            await _die(tmp_path)
            await engine._revive()
            await engine._revive()
            await until(lambda lives=lives: len(jobs.done) == lives)  # type: ignore[misc]  # bound at once
        await engine.enqueue("work", "intent:1", company=1, name="a")
        await asyncio.sleep(0.7)

    assert len(jobs.done) == 3, "promising it once more does not make a fourth of it"


async def test_jobs_that_gather_are_few_and_the_last_one_sees_the_newest_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machinery, "GATHER", 0.5)
    state, seen = 0, list[int]()

    async def look(_turn: int, *, name: str) -> bool:
        seen.append(state)
        return False

    jobs = Jobs()
    monkeypatch.setattr(jobs, "work", look)
    async with running(tmp_path, jobs) as engine:
        for number in range(1, 41):
            state = number
            await engine.soon("work", "books", company=1, name="books")
            await asyncio.sleep(0.05)
        await until(lambda: seen[-1:] == [40])
        assert len(seen) <= 12

        state = 41
        await engine.soon("work", "books", company=1, name="books")
        await until(lambda: seen[-1] == 41)


async def _die(folder: Path) -> None:
    """As the engine marks a job whose retries are used up."""
    db = sqlite3.connect(folder / "engine.db")

    def died() -> bool:
        ended = db.execute("SELECT count(*) FROM workflow_status WHERE status = 'SUCCESS'").fetchone()
        return bool(ended[0])

    await until(died)
    with db:
        db.execute("UPDATE workflow_status SET status = 'ERROR' WHERE status = 'SUCCESS'")
    db.close()


async def test_a_stop_lets_the_turn_end_and_the_next_start_goes_on_with_the_one_after(tmp_path: Path) -> None:
    jobs = Jobs(turns=4)
    jobs.gate = asyncio.Event()
    async with running(tmp_path, jobs) as engine:
        await engine.enqueue("work", "long", company=1, name="a")
        await asyncio.wait_for(jobs.gate.wait(), PATIENCE)
    assert jobs.done == [("a", 0), ("a", 1)]
    jobs.gate = None

    async with running(tmp_path, jobs):
        await until(lambda: len(jobs.done) >= 4)

    assert jobs.done == [("a", turn) for turn in range(4)]


async def test_a_turn_that_outlasts_the_stop_is_cut_off_and_done_again_by_the_next_start(tmp_path: Path) -> None:
    """Three of them: one waits for a far end, one for its retry after an error, one writes to our own database."""
    at_work, cut_off, done = set[str](), set[str](), set[str]()
    short = True

    async def work(_turn: int, *, name: str) -> bool:
        at_work.add(name)
        try:
            if short and name == "fails":
                raise RuntimeError("no")
            if short and name == "waits":
                await asyncio.sleep(3600)
            while short and name == "writes":
                async with store.begin() as db:
                    await db.execute(sa.text("UPDATE workspaces SET name = name"))
        except asyncio.CancelledError:
            cut_off.add(name)
            raise
        done.add(name)
        return False

    settings = Settings(_env_file=None, data_dir=tmp_path)
    store = await open_store(settings)

    names = {"waits", "fails", "writes"}
    engine = Engine(settings, store, {"work": Work(work)}, lambda: datetime.now(UTC))
    await engine.start()
    for company, name in enumerate(sorted(names)):
        await engine.enqueue("work", name, company=company, name=name)
    await until(lambda: at_work == names)
    await engine.stop(patience=1)
    assert cut_off == {"waits", "writes"}
    assert not done
    await store.close()
    gc.collect()  # an open connection would be told as it goes, and fail this test

    short, store = False, await open_store(settings)
    after = Engine(settings, store, {"work": Work(work)}, lambda: datetime.now(UTC))
    await after.start()
    await until(lambda: done == names)
    await after.stop(patience=3)
    await store.close()


async def test_a_stop_waits_for_housekeeping_that_is_at_work(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    begun, ended_ = asyncio.Event(), asyncio.Event()

    async def sweep() -> None:
        begun.set()
        await asyncio.sleep(0.2)
        ended_.set()

    async with running(tmp_path, Jobs()) as engine:
        engine.sweep = sweep
        async with asyncio.timeout(PATIENCE):
            await begun.wait()

    assert ended_.is_set()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_second_engine_on_one_sqlite_file_is_refused(tmp_path: Path) -> None:
    jobs = Jobs()
    async with running(tmp_path, jobs):
        with pytest.raises(EngineBusy):
            async with running(tmp_path, Jobs()):
                pass
        assert jobs.done == []


# --- the clock ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "day"),
    [("0 9 * * 0", "Sunday"), ("0 9 * * 7", "Sunday"), ("0 9 * * 1", "Monday"), ("0 9 * * fri", "Friday")],
)
def test_weekdays_count_from_sunday(line: str, day: str) -> None:
    fires = cron(line, "America/Los_Angeles").get_next_fire_time(None, NOON)
    assert fires is not None
    assert (fires.strftime("%A"), fires.hour) == (day, 9)


@pytest.mark.parametrize("line", ["", "0 9 * *", "0 25 * * *", "0 9 * * 8", "0 9 * * 1-9", "@daily"])
def test_a_line_that_is_no_schedule_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        cron(line, "UTC")


@pytest.mark.parametrize(
    ("line", "zone", "after", "fires"),
    [
        ("30 2 * * *", "America/Los_Angeles", "2026-03-07T12:00Z", ["2026-03-08T10:30Z", "2026-03-09T09:30Z"]),
        ("0 3 * * *", "America/Los_Angeles", "2026-03-07T12:00Z", ["2026-03-08T10:00Z", "2026-03-09T10:00Z"]),
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", ["2026-03-29T01:30Z", "2026-03-30T00:30Z"]),
        (
            "30 1 * * *",
            "America/Los_Angeles",
            "2026-10-31T12:00Z",
            ["2026-11-01T08:30Z", "2026-11-01T09:30Z", "2026-11-02T09:30Z"],
        ),
        ("0 7 * * *", "America/Los_Angeles", "2026-10-31T12:00Z", ["2026-10-31T14:00Z", "2026-11-01T15:00Z"]),
        ("0 7 * * *", "Asia/Tokyo", "2026-10-31T12:00Z", ["2026-10-31T22:00Z", "2026-11-01T22:00Z"]),
    ],
    ids=["skipped", "just after", "skipped in Berlin", "repeated", "a later hour", "no summer time"],
)
def test_the_hour_that_summer_time_skips_fires_an_hour_later_and_the_one_it_repeats_fires_twice(
    line: str, zone: str, after: str, fires: list[str]
) -> None:
    plan, at = cron(line, zone), datetime.fromisoformat(after)
    found = []
    for _ in fires:
        due = plan.get_next_fire_time(None, at + timedelta(microseconds=1))
        assert due is not None
        at = due.astimezone(UTC)
        found.append(at)
    assert found == [datetime.fromisoformat(one) for one in fires]


@pytest.fixture
async def scheduled(tmp_path: Path) -> AsyncIterator[tuple[Store, Connection]]:
    store = await open_store(Settings(_env_file=None, data_dir=tmp_path))
    began = datetime.now(UTC) - timedelta(days=3)
    workspace = await connections.ensure_workspace(store, "", "T0", "Harbor", began)
    company = await connections.save_company(store, workspace, "HarborPine", user_id="u", password=Secret("p"))
    values = {"state": ConnectionState.ACTIVE, "schedule": "0 * * * *", "time_zone": "America/Los_Angeles"}
    made = await connections.add_connection(
        store, workspace=workspace, company=company.id, now=began, activated=began, last_fired=began, **values
    )
    yield store, made
    await store.close()


async def test_a_due_time_missed_while_down_is_made_up_for_once(
    tmp_path: Path, scheduled: tuple[Store, Connection]
) -> None:
    store, connection = scheduled
    asked: Counter[str] = Counter()

    async def sync(_turn: int, *, run_key: str, **_ids: Any) -> bool:
        asked[run_key] += 1
        return False

    engine = Engine(Settings(_env_file=None, data_dir=tmp_path), store, {"sync": Work(sync, exclusive=True)}, _now)
    await engine.start()
    try:
        due = await _fired(store, connection.id, connection.created)
        for _ in range(3):  # another replica, or this one again: the same due time is the same job
            await engine._fire(connection.id, connection.company, due)
        await until(lambda: asked.total() >= 1)
        await asyncio.sleep(0.7)
    finally:
        await engine.stop(patience=2)
    assert asked[f"{connection.id}:{due.isoformat()}"] == 1
    assert timedelta() <= _now() - due < timedelta(hours=2), "the last of seventy-two, and not each of them"
    assert asked.total() <= 2


async def test_a_clock_that_was_hours_ahead_and_is_put_right_fires_the_next_due_time_and_none_twice(
    tmp_path: Path, scheduled: tuple[Store, Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, connection = scheduled
    ahead = timedelta()
    hour = timedelta(hours=1)

    def clock() -> datetime:
        return _now() + ahead

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", told_by(clock))
    asked: Counter[datetime] = Counter()

    async def sync(_turn: int, *, run_key: str, **_ids: Any) -> bool:
        asked[datetime.fromisoformat(run_key.partition(":")[2])] += 1
        return False

    engine = Engine(Settings(_env_file=None, data_dir=tmp_path), store, {"sync": Work(sync, exclusive=True)}, clock)

    async def until_it_fires(due: datetime) -> None:
        await engine._schedules.reconcile()  # as every two seconds
        await until(lambda: asked[due] > 0)
        await _fired(store, connection.id, due - hour)

    await engine.start()
    try:
        await until(lambda: asked.total() > 0)
        last = max(asked)
        ahead = last + 5.5 * hour - _now()
        await until_it_fires(last + 5 * hour)

        ahead = last + 0.5 * hour - _now()
        await engine._schedules.reconcile()
        ahead = last + 1.5 * hour - _now()
        await until_it_fires(last + hour)
        ahead = last + 5.5 * hour - _now()
        await engine._schedules.reconcile()
        ahead = last + 6.5 * hour - _now()
        await until_it_fires(last + 6 * hour)
    finally:
        await engine.stop(patience=2)
    assert set(asked.values()) == {1}, "the one that fired too early does not run again when it comes"


def _now() -> datetime:
    return datetime.now(UTC)


async def _fired(store: Store, connection: str, since: datetime) -> datetime:
    async def later() -> bool:
        row = await connections.get_connection(store, connection)
        return row is not None and row.last_fired is not None and row.last_fired > since

    await until(later)
    row = await connections.get_connection(store, connection)
    assert row is not None
    assert row.last_fired is not None
    return row.last_fired


async def test_a_due_time_that_the_database_refuses_is_kept_until_it_does_not(
    tmp_path: Path,
    scheduled: tuple[Store, Connection],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The clock does not come back to a due time: what is not promised then is not promised before the next one."""
    store, connection = scheduled
    asked: Counter[str] = Counter()
    monkeypatch.setattr(machinery, "FIRE_AGAIN", 0.1)

    async def sync(_turn: int, *, run_key: str, **_ids: Any) -> bool:
        asked[run_key] += 1
        return False

    with sqlite3.connect(tmp_path / "bot.db") as db:
        db.execute(
            "CREATE TRIGGER full BEFORE UPDATE OF last_fired ON connections "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    engine = Engine(Settings(_env_file=None, data_dir=tmp_path), store, {"sync": Work(sync, exclusive=True)}, _now)
    await engine.start()
    try:
        await until(lambda: "has to wait" in caplog.text)
        with sqlite3.connect(tmp_path / "bot.db") as db:
            db.execute("DROP TRIGGER full")
        due = await _fired(store, connection.id, connection.created)
        await until(lambda: asked[f"{connection.id}:{due.isoformat()}"] == 1)
    finally:
        await engine.stop(patience=2)
    assert caplog.text.count("has to wait") == 1


async def test_housekeeping_that_fails_is_told_once_and_known_to_health_until_it_works(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken, calls = True, 0

    async def sweep() -> None:
        nonlocal calls
        calls += 1
        if broken:
            raise OSError("no space left on device")

    async with running(tmp_path, Jobs()) as engine:
        engine.sweep = sweep
        await until(lambda: calls >= 2)
        assert engine.ailing == ["the sweep has stopped"]
        broken = False
        await until(lambda: not engine.ailing)

    told = [record.getMessage() for record in caplog.records if record.name == "bot.supervisor"]
    assert told[0] == "the sweep stopped (OSError) and is started again"
    assert told[1].startswith("the sweep is at work again")
    assert len(told) == 2


# --- PostgreSQL -------------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
async def test_another_replica_takes_over_from_one_that_was_killed(postgres: str, tmp_path: Path) -> None:
    keys = "3bA1yZ1Yw3D8o3bqk0lYxkM9mJtVhL2uJ5o3r8c1b9E="
    async with world(tmp_path, database_url=postgres, encryption_keys=keys) as harbor:
        yard = await yard_of(harbor)
        await yard.buy(20)
        await harbor.intacct.control("fault", {"kind": "drop_after_commit", "match": "record_cctransaction"})
        doomed = start(engine_child, yard.orders(ask=True, lease=3, die=(ATTEMPTS, "settle", "before", 1)))
        assert await ended(doomed) == KILLED
        left = {row.state for row in await yard.rows()}
        assert PostingState.POSTING in left, "killed between the answer and its storing"

        async def posted() -> bool:
            rows = await yard.rows()
            return {row.state for row in rows} == {PostingState.POSTED}

        harbor.clock.pass_(minutes=21)  # of what never left there is no trace: it goes out after the settling time
        other = start(engine_child, yard.orders(lease=3))
        try:
            await until(posted, 90)
        finally:
            await killed(other)
        await yard.proved()
        assert len(harbor.booked()) == 30


@pytest.mark.postgres
async def test_the_whole_story_posts_the_same_on_postgresql(postgres: str, tmp_path: Path) -> None:
    keys = "3bA1yZ1Yw3D8o3bqk0lYxkM9mJtVhL2uJ5o3r8c1b9E="
    async with world(tmp_path, database_url=postgres, encryption_keys=keys) as harbor:
        portland = await harbor.connect("100")
        run = await harbor.sync(portland)
        assert run.posted == 80
        causes = await postings.causes(harbor.parts.store, portland.id)
        assert {(one.category, one.n) for one in causes} == {
            ("dimension.required", 37),
            ("config.gl_account", 6),
            ("held.refund", 1),
        }
        told = await replicas.time(harbor.parts.store, harbor.clock)
        assert abs(told - datetime.now(UTC)) < timedelta(minutes=1), "replicas agree on the server's time, not on ours"
