"""What DBOS keeps and does beneath its documented surface; pinned to dbos 3.4 by pyproject. Nothing but `bot.engine` imports this."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NoReturn

import sqlalchemy as sa
from dbos import _serialization
from dbos._dbos import _get_dbos_instance
from dbos._queue import queue_thread
from dbos._utils import INTERNAL_QUEUE_NAME

QUEUES = ("sync", "side")
"""Jobs that need their company's turn, and the others."""


class Unreadable(Exception):
    """A row of the engine's tables claims to be a pickle, and reading one is running whatever it says."""


def _refuse(*_: Any) -> NoReturn:
    raise Unreadable("pickles are not read")


def forbid_unpickling() -> None:
    """Make DBOS refuse a row that claims to be a pickle, whichever column and table it stands in.

    We write portable JSON, as every version of ours did, but the row itself says how it is to be read: whoever can write
    one row there would run code in every replica. The vendor's default serializer is made to refuse, for the instances
    of it that other modules of the vendor's hold, and the name by which it reaches `loads` is taken away.
    """
    _serialization.DefaultSerializer.deserialize = _refuse  # type: ignore[method-assign, assignment]
    _serialization.pickle = _WritesOnly  # type: ignore[attr-defined, assignment]


class _WritesOnly:
    """Stands where the vendor's module has `pickle`. All that is written by it is why such a row was refused."""

    loads = load = Unpickler = staticmethod(_refuse)

    @staticmethod
    def dumps(data: object) -> bytes:
        return f"{type(data).__name__}".encode()


def input_of(found: object) -> tuple[str, dict[str, str | int]]:
    """The job and its ids, from what a row of ours holds.

    Raises:
        Unreadable: it is none of ours, or damaged.
    """
    args = found.get("args") if isinstance(found, dict) else None
    if not isinstance(args, list | tuple) or len(args) != 2:
        raise Unreadable("these are not a job and its ids")
    job, ids = args
    if not isinstance(job, str) or not isinstance(ids, dict):
        raise Unreadable("these are not a job and its ids")
    if not all(isinstance(value, str | int) for value in ids.values()):
        raise Unreadable("these are not a job and its ids")
    return job, ids


# --- which jobs are at whose hand ---


@dataclass(frozen=True, slots=True)
class PendingJob:
    """A job that the tables say is at work: in which process, and for which company (empty for none)."""

    id: str
    executor: str
    queue: str
    company: str


def pending() -> list[PendingJob]:
    """All of them, in one look.

    Plain SQL, in a thread of the caller's: the vendor's own listings try again for up to a minute where the database is
    away, in the few threads that its jobs wait in as well.
    """
    rows = _get_dbos_instance()._sys_db  # noqa: SLF001  # see the head of this file
    of = rows.tables.workflow_status.c
    wanted = sa.select(of.workflow_uuid, of.executor_id, of.queue_name, of.queue_partition_key)
    with rows.engine.begin() as db:
        found = db.execute(wanted.where(of.status == "PENDING")).all()
    return [PendingJob(*(str(value or "") for value in row)) for row in found]


def at_work() -> set[str]:
    """The ids of the jobs that run in this process."""
    return set(_get_dbos_instance()._active_workflows_set.activeList())  # noqa: SLF001  # as above


def give_back(job: PendingJob) -> bool:
    """Put it into its queue again, unless somebody took it up meanwhile; one that runs all the same is fenced off.

    The vendor's `reenqueue_for_recovery`, which would try for minutes where the database refuses.
    """
    rows = _get_dbos_instance()._sys_db  # noqa: SLF001  # as above
    table = rows.tables.workflow_status
    of = table.c
    mine = (of.workflow_uuid == job.id, of.status == "PENDING", of.executor_id == job.executor)
    again = {
        "status": "ENQUEUED",
        "owner_xid": None,
        "started_at_epoch_ms": None,
        "queue_name": sa.func.coalesce(of.queue_name, INTERNAL_QUEUE_NAME),
    }
    with rows.engine.begin() as db:
        return bool(db.execute(sa.update(table).where(*mine).values(again)).rowcount)


def missing(ids: Collection[str]) -> set[str]:
    """Those of these jobs of which the tables know nothing."""
    rows = _get_dbos_instance()._sys_db  # noqa: SLF001  # as above
    of = rows.tables.workflow_status.c
    with rows.engine.begin() as db:
        there = db.execute(sa.select(of.workflow_uuid).where(of.workflow_uuid.in_(ids))).scalars()
        return set(ids) - set(there)


def lost_queues() -> set[str]:
    """The queues that the tables do not name: their threads end, and nobody takes their jobs."""
    rows = _get_dbos_instance()._sys_db  # noqa: SLF001  # as above
    with rows.engine.begin() as db:
        return set(QUEUES) - set(db.execute(sa.select(rows.tables.queues.c.name)).scalars())


def idle_queues() -> list[str]:
    """The queues whose thread in this process has ended. The vendor's manager starts it again within a second."""
    alive = {thread.name for thread in threading.enumerate()}
    return [name for name in QUEUES if f"queue-worker-{name}" not in alive]


def start_manager() -> bool:
    """Start the thread that starts the queues' threads, where it has ended. Returns whether it had."""
    if any(thread.name.endswith("(queue_thread)") for thread in threading.enumerate()):
        return False
    dbos = _get_dbos_instance()
    stop = threading.Event()
    dbos.background_thread_stop_events.append(stop)
    made = threading.Thread(target=queue_thread, args=(stop, dbos), daemon=True)
    made.start()
    dbos._background_threads.append(made)  # noqa: SLF001  # as above
    return True
