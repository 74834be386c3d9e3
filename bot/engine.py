"""Durable work: DBOS, which nothing else imports. Jobs are handed to it by `bot.app`.

A job is a coroutine function that is called turn by turn, `await job(turn, **ids)`, until it returns False. Each turn is
one durable step: a turn that was finished is never done again, a turn in flight when its process dies is. Jobs carry ids
only and read their work from our own rows; the engine's tables are plain text.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import fcntl
import logging
import os
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID, WorkflowStatus

from bot.dbos_rows import QUEUES, Unreadable, forbid_unpickling, input_of
from bot.job_watch import JobWatch
from bot.schedules import Schedules
from bot.settings import Settings
from bot.store import connections as connection_rows
from bot.store import replicas
from bot.store.database import Store
from bot.store.sqlite import pragmas
from bot.supervisor import FAREWELL, Supervisor, let_end

log = logging.getLogger(__name__)

forbid_unpickling()

VERSION = "1"
"""Of the jobs' meaning, not of the code: with a hash of the code, jobs of the version before are never picked up."""

GRACE = timedelta(hours=12)
"""A due time older than this is passed over: the next one fetches what it would have."""

BEAT, LEASE = timedelta(seconds=5), timedelta(seconds=30)
GONE = datetime.fromtimestamp(0, UTC)
"""The last beat of a process that was asked to end: silent at once, so that the others need not wait."""

REVIVE_AFTER, REVIVE_AT_MOST = 5.0, 600.0
"""Seconds before a job that died of errors is promised anew; doubled each time it dies again, up to the second figure."""

POLL_SECONDS = 0.5
"""Between two looks at a queue; a company gets at most one job started in that time. Tests look more often."""

LISTEN_SECONDS = 1.0
"""Between two looks of the vendor's for messages between jobs, which we have none of; a stop waits for the last one."""

REMEMBERED = 10_000
"""Promises that this process knows it has made: what is swept every few seconds is not written again each time."""

GATHER = 2.0
"""Seconds in which those who ask for a job that looks at the newest state of something ask for the same one."""

FIRE_AGAIN = 2.0
"""Seconds before a due time is handed to a database that refused it once more."""

LOOK_SECONDS = 5.0
"""Between two looks at jobs that are at no one's hand; one is given back at the second look."""

PAGE = 100
"""Dead jobs that are listed at once."""

STEP_SECONDS = 900
PERSON, CLOCK = 10, 100

Job = Callable[..., Awaitable[bool]]
"""`await job(turn, **ids)`: one turn of a durable job; returns whether there is another."""


@dataclass(frozen=True, slots=True)
class Work:
    """A job's body, and whether it needs its company's turn: then at most one such job of a company runs at a time."""

    body: Job
    exclusive: bool = False


class EngineBusy(Exception):
    """Another process holds this SQLite database's engine."""


class TurnFailed(Exception):
    """What the engine keeps of a turn's exception: its kind. Its text may hold anything, and the engine's tables are plain."""


_draining = threading.Event()
_soon: dict[tuple[object, ...], float] = {}
"""Jobs that gather, by name and ids: until when, on the loop's clock, none of them has begun."""

_running: set[asyncio.Task[Any]] = set()
"""The jobs at work, so that a stop can cut them off."""

_jobs: dict[str, Work] = {}
"""DBOS looks workflows up in a registry of the process; ours hands them to the engine that was started last."""


@DBOS.step(
    name="turn",
    retries_allowed=True,
    max_attempts=4,
    interval_seconds=1.0,
    backoff_rate=3.0,
    preemptible=True,
    timeout_seconds=STEP_SECONDS,
)
async def _turn(job: str, turn: int, ids: dict[str, Any]) -> bool:
    _soon.pop(_what(job, ids), None)
    try:
        return await _jobs[job].body(turn, **ids)
    except Exception as error:
        log.exception("job %s turn %d failed", job, turn)
        raise TurnFailed(f"{job}: {type(error).__name__}") from None


def _what(job: str, ids: Mapping[str, Any]) -> tuple[object, ...]:
    return job, *sorted(ids.items())


@DBOS.workflow(name="job", max_recovery_attempts=10)
async def _run(job: str, ids: dict[str, Any]) -> None:
    me = asyncio.current_task()
    assert me is not None, "DBOS runs every job in a task of its own"
    _running.add(me)
    me.add_done_callback(_running.discard)
    turn, more = 0, True
    while more:
        if _draining.is_set():
            raise asyncio.CancelledError  # it stays pending, and whoever starts next goes on with this turn
        more = await _turn(job, turn, ids)
        turn += 1


class Engine:
    """One process's share of the durable work. `start` and `stop` are called once each, inside the running loop."""

    def __init__(
        self, settings: Settings, store: Store, jobs: Mapping[str, Work], clock: Callable[[], datetime]
    ) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._jobs = dict(jobs)
        self._executor_id = "local" if settings.on_sqlite else f"replica-{secrets.token_hex(6)}"
        self._schedules = Schedules(store, clock, self._fire)
        self._promised: dict[str, None] = {}
        self._beating_since: datetime | None = None
        self._last_beat: datetime | None = None
        self._revived: set[str] = set()
        self._lock: int | None = None
        self._stopping = asyncio.Event()
        self._supervisor = Supervisor()
        self._watch = JobWatch(store, self._executor_id, _register)
        self.sweep: Callable[[], Awaitable[None]] | None = None

    # --- life ---

    async def start(self) -> None:
        """Launch DBOS on this loop, resume what a crash left, start the clock.

        Raises:
            EngineBusy: another process runs on this SQLite file.
        """
        if self._settings.on_sqlite:
            self._lock = lock_file(self._settings.data_dir)
        _draining.clear()
        _jobs.clear()
        _soon.clear()
        _jobs.update(self._jobs)
        try:
            await self._launch()
        except BaseException:
            await self._undo_launch()
            raise
        housekeeping: tuple[tuple[str, float, Callable[[], Awaitable[None]]], ...] = (
            ("the schedule check", 2.0, self._schedules.reconcile),
            ("the sweep", 2.0, self._sweep),
            ("the job revival", REVIVE_AFTER, self._revive),
            ("the look at stalled jobs", LOOK_SECONDS, self._watch.look),
            ("the heartbeat", BEAT.total_seconds(), self._beat),
            ("the purge", 24 * 3600.0, self._purge),
        )
        for name, seconds, body in housekeeping:
            self._supervisor.every(name, seconds, body)

    async def _launch(self) -> None:
        DBOS(config=self._config())
        DBOS.launch()
        await _register(QUEUES)
        await self._beat()
        await self._schedules.start()

    async def _undo_launch(self) -> None:
        """Nothing is left of a start that failed, so that another may be made in this process."""
        _draining.set()
        self._schedules.stop()
        self._watch.close()
        await let_end(_running, 0)
        with ThreadPoolExecutor(1) as waiting:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(waiting, lambda: DBOS.destroy(workflow_completion_timeout_sec=0))
        loop.set_default_executor(ThreadPoolExecutor())
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def ailing(self) -> list[str]:
        """What of the engine is not at work, in words; empty when all is well."""
        if self.draining:
            return []
        return [f"{name} has stopped" for name in self._supervisor.down] + self._watch.ailing

    @property
    def draining(self) -> bool:
        """Whether this process is to end, so that a long turn should come to its end as well."""
        return _draining.is_set()

    async def stop(self, patience: int = 8) -> None:
        """Stop the clock, let running turns end within `patience` seconds, and hand the rest to whoever comes next.

        A turn that takes longer, such as one that waits for its share of the Spend Center's calls, is cut off as by a
        crash: nothing is at work any more when this returns, and the store and the far ends' clients may be closed.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        self._schedules.pause()
        self._stopping.set()
        _draining.set()
        await self._supervisor.stop(patience)
        self._schedules.stop()
        self._watch.close()
        with ThreadPoolExecutor(1) as waiting:
            waited = int(max(0.0, deadline - loop.time())) + FAREWELL
            gone = loop.run_in_executor(waiting, lambda: DBOS.destroy(workflow_completion_timeout_sec=waited))
            await let_end(_running, deadline - loop.time())
            await gone
        loop.set_default_executor(ThreadPoolExecutor())  # DBOS had made its own the loop's, and took it along
        with contextlib.suppress(sa.exc.SQLAlchemyError):  # its row stays until another has taken over what it leaves
            await replicas.beat(self._store, self._executor_id, GONE)
        self._unlock()

    def _config(self) -> DBOSConfig:
        config: DBOSConfig = {
            "name": "spend-to-intacct",
            "application_version": VERSION,
            "executor_id": self._executor_id,
            "serializer": DBOSPortableJSONSerializer(),
            "max_executor_threads": 4,
            "sys_db_pool_size": 10,
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": LISTEN_SECONDS,
        }
        if not self._settings.on_sqlite:
            return config | {"system_database_url": self._settings.store_url}
        file = self._settings.data_dir.resolve() / "engine.db"
        engine = sa.create_engine(f"sqlite:///{file}", connect_args={"check_same_thread": False}, hide_parameters=True)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        return config | {"system_database_url": f"sqlite:///{file}", "system_database_engine": engine}

    # --- jobs ---

    async def enqueue(
        self, job: str, key: str, *, company: int | str, delay: float = 0, urgent: bool = False, **ids: str | int
    ) -> None:
        """Promise a job. It is durable when this returns, and the same job and key are one job for ever.

        Args:
            job: a registered name.
            key: what makes it this job and no other: a due time, an intent's id, a revision.
            company: whose turn it takes; at most one job of a company and queue runs at a time.
            delay: seconds before it may start.
            urgent: someone is waiting; goes before the clock's jobs of the same company.
            ids: what it works on; ids only, never a secret or a text from outside.
        """
        name = f"{job}:{key}"
        if name not in self._promised:
            promise = self._promise(job, name, str(company), delay or None, PERSON if urgent else CLOCK, dict(ids))
            # A context of its own: inside a turn DBOS would take this for a child of the job at work, and refuse.
            await asyncio.get_running_loop().create_task(promise, context=contextvars.Context())
        self._promised.pop(name, None)
        self._promised[name] = None  # the newest is the last
        if len(self._promised) > REMEMBERED:
            del self._promised[next(iter(self._promised))]

    async def soon(self, job: str, about: str, *, company: int | str, **ids: str | int) -> None:
        """Promise a job that looks at the newest state of `about`: all who ask until it begins have asked for the same one.

        It is durable when this returns, and begins later than that, so that it sees whatever was stored before.
        """
        what, now = _what(job, ids), time.monotonic()
        if _soon.get(what, 0.0) > now:
            return
        key = f"{about}:{self._clock().isoformat()}"
        await self.enqueue(job, key, company=company, delay=GATHER, urgent=False, **ids)
        _soon[what] = now + GATHER * 0.9  # the queue counts whole milliseconds, and cuts them off

    async def _promise(
        self, job: str, key: str, partition: str, delay: float | None, priority: int, ids: dict[str, str | int]
    ) -> None:
        queue = "sync" if self._jobs[job].exclusive else "side"
        options = SetEnqueueOptions(queue_partition_key=partition, priority=priority, delay_seconds=delay)
        with SetWorkflowID(key), options:
            await DBOS.enqueue_workflow_async(queue, _run, job, ids)
        self._watch.promised(key, lambda: self._promise(job, key, partition, None, priority, ids))

    async def waiting(self, prefix: str) -> bool:
        """Whether a job whose id starts so is promised and not begun, be it for now or for later.

        One that a dead process had begun stands in the queue again, but goes on after what it has done, such as reading
        the source; what came since is not its business.
        """
        found = await DBOS.list_workflows_async(
            workflow_id_prefix=prefix, status=["ENQUEUED", "DELAYED"], limit=20, load_input=False, load_output=False
        )
        return any(not one.recovery_attempts for one in found)

    async def at_work(self, company: int | str) -> bool:
        """Whether a job that needs this company's turn is in the hand of a living process right now."""
        if self.draining:
            return False  # what is at work here goes on elsewhere
        return await self._watch.at_work(str(company), LEASE, lambda: replicas.time(self._store, self._clock))

    # --- the clock ---

    async def _fire(self, connection: str, company: int, due: datetime) -> None:
        """One due time; while the database refuses it is tried again, since the clock does not come back to it."""
        told = False
        while not self._stopping.is_set():
            try:
                await self._promise_run(connection, company, due)
            except Exception as trouble:
                if not told:
                    log.warning(
                        "due time %s of %s has to wait (%s)", due, connection, type(trouble).__name__, exc_info=True
                    )
                told = True
            else:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), FIRE_AGAIN)

    async def _promise_run(self, connection: str, company: int, due: datetime) -> None:
        """Enqueue its run unless one is waiting already, then remember it."""
        if due < self._clock() - GRACE:
            log.warning("due time %s of %s is too long ago and is passed over", due, connection)
        elif not await self.waiting(f"sync:{connection}:"):
            key = f"{connection}:{due.astimezone(UTC).isoformat()}"
            await self.enqueue("sync", key, company=company, connection_id=connection, trigger="schedule", run_key=key)
        await connection_rows.fired(self._store, connection, due)

    # --- housekeeping ---

    async def _sweep(self) -> None:
        if self.sweep is not None:
            await self.sweep()

    async def _revive(self) -> None:
        """Promise jobs anew that died of errors, or of killing their process too often.

        The engine counts such a job as done for ever; what it was to do is still written in our rows, and somebody may
        be waiting for it. Each death lengthens the pause before the next life, whose id tells how many there were.
        """
        offset = 0
        while True:
            dead = await DBOS.list_workflows_async(
                status=["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
                name="job",
                sort_desc=True,
                limit=PAGE,
                offset=offset,
                load_input=False,
                load_output=False,
            )
            new = [one for one in dead if one.workflow_id not in self._revived]
            for one in new:
                await self._revive_one(one)
                self._revived.add(one.workflow_id)
            if not new or len(dead) < PAGE:
                return
            offset += PAGE

    async def _revive_one(self, one: WorkflowStatus) -> None:
        """Its ids are read alone: a row that cannot be read keeps no other from living again."""
        first, _, lives = one.workflow_id.partition("~")
        whole = await DBOS.list_workflows_async(workflow_ids=[one.workflow_id], load_output=False)
        try:
            job, ids = input_of(whole[0].input if whole else None)
        except Unreadable as why:
            log.warning("job %s died and is left as it is: %s", one.workflow_id, why)
            return
        if job not in self._jobs:
            log.warning("job %s died and is left as it is: this version knows no job of that name", one.workflow_id)
            return
        life = int(lives) + 1 if lives.isdecimal() else 2
        delay = REVIVE_AT_MOST if one.status != "ERROR" else min(REVIVE_AFTER * 2 ** (life - 2), REVIVE_AT_MOST)
        log.warning("job %s died; life %d begins in %d s", first, life, delay)
        partition, priority = str(one.queue_partition_key), one.priority or CLOCK
        await self._promise(job, f"{first}~{life}", partition, delay, priority, ids)

    async def _beat(self) -> None:
        """Say that this process lives, and take over the jobs of processes that stopped saying so (PostgreSQL)."""
        now = await replicas.time(self._store, self._clock)
        late = self._last_beat is None or now - self._last_beat > LEASE / 2
        await replicas.beat(self._store, self._executor_id, now)
        self._last_beat = now
        self._beating_since = now if late else self._beating_since
        if self._settings.on_sqlite or self._beating_since is None or now - self._beating_since < LEASE:
            return  # who has not beaten through a whole lease, because of a stop or of the database, cannot judge others
        for dead in await replicas.silent(self._store, now - LEASE):
            # The vendor's documented recovery of one's own id, used for another's; pinned to dbos 3.4 by pyproject.
            resumed = await asyncio.to_thread(DBOS._recover_pending_workflows, [dead])  # noqa: SLF001
            if resumed:
                log.warning("replica %s is gone or silent; %d of its jobs are taken over", dead, len(resumed))
            else:
                await replicas.leave(self._store, dead)

    async def _purge(self) -> None:
        """Forget jobs that ended a week ago; longer than GRACE, since they are the memory that a due time fired."""
        before = (self._clock() - timedelta(days=7)).isoformat()
        while True:
            old = await DBOS.list_workflows_async(
                completed_before=before, limit=500, load_input=False, load_output=False
            )
            if not old:
                return
            await DBOS.delete_workflows_async([job.workflow_id for job in old])


async def _register(queues: Collection[str]) -> None:
    for name in queues:
        await DBOS.register_queue_async(
            name, partition_concurrency=1, worker_concurrency=100, polling_interval_sec=POLL_SECONDS
        )


def _prepare_sqlite(dbapi_connection: Any, record: object) -> None:
    """Python 3.12 and later with SQLite before 3.42 lack what DBOS asks of `unixepoch`."""
    pragmas(dbapi_connection, record)
    dbapi_connection.isolation_level = "IMMEDIATE"
    import sqlite3  # noqa: PLC0415  # only SQLite needs it

    if sqlite3.sqlite_version_info < (3, 42):
        dbapi_connection.create_function("unixepoch", 1, lambda _: time.time())


def lock_file(data_dir: Path) -> int:
    """Take the lock that keeps a second engine off one SQLite file; held until the descriptor is closed or the process ends.

    Raises:
        EngineBusy: another process has it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    handle = os.open(data_dir / "engine.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise EngineBusy(f"Another process is at work on the database in {data_dir}.") from None
    return handle
