"""When connections fall due: their cron lines, their zones, and the scheduler that waits for the next time.

A due time is only handed on; what is promised for it is the engine's business.
"""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.executors.base import BaseExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

from bot.store import connections as connection_rows
from bot.store.connections import Connection
from bot.store.database import Store

log = logging.getLogger(__name__)

JUMP = 60.0
"""Seconds that the machine's clock and the loop's may differ between two looks; more, and the clock was set."""

DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
AT_ONCE = 8
"""Due times of one connection that may be on their way to the engine; a slow database makes none of them skip."""

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")

Fire = Callable[[str, int, datetime], Awaitable[None]]
"""`await fire(connection, company, due)`."""


class Schedules:
    """The due times of all connections, as their rows have them now; each is handed to `fire`.

    After a time in which nobody watched, the last due time that was missed is handed on, and not each of them.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime], fire: Fire) -> None:
        self._store, self._clock = store, clock
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.add_executor(_Hand(fire), "due")
        self._known: dict[str, int] = {}
        self._seen: tuple[datetime, float] | None = None

    async def start(self) -> None:
        self._scheduler.start()
        await self.reconcile()

    def pause(self) -> None:
        self._scheduler.pause()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def reconcile(self) -> None:
        """Make the scheduler's jobs those of our columns, and have it look at the time, which may have jumped."""
        if self._jumped():
            self._known.clear()
        now = await connection_rows.revisions(self._store)
        for gone in self._known.keys() - now.keys():
            self._drop(gone)
        changed = [one for one, revision in now.items() if self._known.get(one) != revision]
        async for row in connection_rows.each_connection(self._store, changed):
            self._drop(row.id)
            self._known[row.id] = row.revision
            if row.scheduled:
                try:
                    await self._add(row)
                except (ValueError, KeyError) as unusable:  # one that is stored so must not stop all others
                    log.warning("schedule %r of %s cannot be used: %s", row.schedule, row.id, unusable)
        self._scheduler.wakeup()

    def _jumped(self) -> bool:
        """Whether the machine's clock was set since the last look."""
        now, then = (self._clock(), time.monotonic()), self._seen
        self._seen = now
        return then is not None and abs((now[0] - then[0]).total_seconds() - (now[1] - then[1])) > JUMP

    async def _add(self, row: Connection) -> None:
        now = self._clock()
        since = row.last_fired or row.activated or now
        if since > now:  # a due time has a name: what fired already, by a clock that was ahead, runs no second time
            if (since - now).total_seconds() > JUMP:
                log.warning("schedule of %s was last fired in the future (%s); starting from now", row.id, since)
            await connection_rows.fired_ahead(self._store, row.id, since, now)
            since = now
        plan = trigger(row)
        first = plan.get_next_fire_time(None, since + timedelta(microseconds=1))
        if first is None:
            return
        self._scheduler.add_job(
            _nothing,
            plan,
            args=[row.id, row.company],
            id=row.id,
            executor="due",
            coalesce=True,
            misfire_grace_time=None,
            next_run_time=first,
            max_instances=AT_ONCE,
        )

    def _drop(self, connection: str) -> None:
        self._known.pop(connection, None)
        if self._scheduler.get_job(connection):
            self._scheduler.remove_job(connection)


class _Hand(BaseExecutor):  # type: ignore[misc]  # apscheduler is published without types
    """Hands due times on; overriding `_do_submit_job` is the one place in 3.x that learns the *due* time."""

    def __init__(self, fire: Fire) -> None:
        super().__init__()
        self._fire = fire
        self._at_once = asyncio.Semaphore(2)

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        task = asyncio.get_running_loop().create_task(self._hand(job, run_times[-1]))
        task.add_done_callback(lambda done: self._finished(job, done))

    async def _hand(self, job: Any, due: datetime) -> None:
        connection, company = job.args
        async with self._at_once:
            await self._fire(connection, company, due)

    def _finished(self, job: Any, done: asyncio.Task[None]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is not None:
            self._run_job_error(job.id, error, error.__traceback__)
        else:
            self._run_job_success(job.id, [])


def _nothing(connection: str, company: int) -> None:
    """What APScheduler thinks it runs."""


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """The next instant (UTC) at which this connection's schedule fires, or None when it does not."""
    if not connection.scheduled:
        return None
    try:
        due: datetime | None = trigger(connection).get_next_fire_time(None, after)
    except (ValueError, KeyError):  # it fires never; the clock's log says why
        return None
    return due and due.astimezone(UTC)


def trigger(connection: Connection) -> WallClockCron:
    """The connection's cron line in its zone, at a second of its own, so that a thousand do not fall due at once.

    Raises:
        ValueError: the line is not five cron fields.
    """
    return cron(connection.schedule, connection.time_zone, second=zlib.crc32(connection.id.encode()) % 60)


def cron(line: str, zone: str, *, second: int = 0) -> WallClockCron:
    """Five cron fields, weekdays by name or 0 (and 7) = Sunday. APScheduler counts them from Monday = 0.

    Raises:
        ValueError: the line is not five cron fields.
    """
    fields = line.split()
    if len(fields) != 5:
        raise ValueError("A schedule has five fields: minute, hour, day, month, weekday; for example 0 7 * * *")
    minute, hour, day, month, weekday = fields
    pattern = CronTrigger(
        second=second,
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        day_of_week=_weekdays(weekday),
        timezone=UTC,
    )
    return WallClockCron(pattern, ZoneInfo(zone))


class WallClockCron(BaseTrigger):  # type: ignore[misc]  # apscheduler is published without types
    """Due whenever the wall clock of a zone shows a time of the pattern.

    A time that a clock change skips is due as much later as the clock was put forward (02:30 at 03:30); one that is
    repeated is due each time it is shown. APScheduler's own cron trigger adds elapsed time to local midnights and so
    jumps over the midnight that follows a change; here it only matches fields, on a wall clock that never changes: it is
    asked for its times in UTC, which are then read as local ones.
    """

    def __init__(self, pattern: CronTrigger, zone: ZoneInfo) -> None:
        self._pattern, self._zone = pattern, zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The first due time after `previous_fire_time`; without one, or where the clock was set back, from `now` on."""
        after = now - TICK if previous_fire_time is None else min(previous_fire_time.astimezone(UTC), now - TICK)
        found = self._after(after.astimezone(UTC))
        return found and found.astimezone(self._zone)

    def _after(self, instant: datetime) -> datetime | None:
        """The first due instant later than this one. Near a change wall clock and instants are not in the same order."""
        least, most = self._offsets(instant)
        best: datetime | None = None
        wall = self._match(instant + least)
        while wall is not None:
            for due in self._shown(wall):
                if due > instant and (best is None or due < best):
                    best = due
                    most = max(most, self._offsets(due)[1])
            if best is not None and wall + TICK - most >= best:
                break  # whatever comes later on the wall clock cannot be due before
            wall = self._match(wall)
        return best

    def _match(self, wall: datetime) -> datetime | None:
        """The first time of the pattern that is later on the wall clock than this one, which is written as if in UTC."""
        found: datetime | None = self._pattern.get_next_fire_time(None, wall + TICK)
        return found

    def _offsets(self, instant: datetime) -> tuple[timedelta, timedelta]:
        """The least and the most that the zone's clock is ahead of UTC within a day of this instant."""
        near = (instant - DAY, instant, instant + DAY)
        offsets = [one.astimezone(self._zone).utcoffset() or timedelta() for one in near]
        return min(offsets), max(offsets)

    def _shown(self, wall: datetime) -> tuple[datetime, datetime]:
        """The two instants at which the clock shows this time; the same one twice on all but two days of a year.

        Of a time that is skipped the first is as much later as the clock was put forward, and the second is earlier
        than the change: at that instant the clock shows another time.
        """
        local = wall.replace(tzinfo=self._zone)
        first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        return first, max(first, second)


def _weekdays(text: str) -> str:
    """Numbers become names, ranges over Sunday become lists."""
    parts = []
    for part in text.lower().split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            parts.append(part)
            continue
        days = range(int(first), int(last or first) + 1, int(step) if slash else 1)
        if not 0 <= int(first) <= 7 or (dash and int(last) > 7):
            raise ValueError("A weekday is a name or a number from 0 to 7, both ends being Sunday.")
        parts += [WEEKDAYS[number] for number in days]
    return ",".join(dict.fromkeys(parts))
