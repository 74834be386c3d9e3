"""Every cron line in every zone is due once for each time that the zone's wall clock shows, over ten years of clock changes.

What is expected is counted off the wall clock, five minutes after five minutes, by nothing of `bot` and nothing of the
scheduler. Of zones that change their clocks at the same instants by the same spans one stands for all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bot.schedules import cron

FIRST, LAST = datetime(2018, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)
"""Of the wall clock; all lines below name multiples of it, and so do all changes of these years."""

DAY = timedelta(days=1)

Days = Callable[[date], bool]
Times = list[tuple[int, int]]
Changes = tuple[tuple[datetime, timedelta, timedelta], ...]
"""When, and how far the clock was ahead of UTC before and after."""


def _every_day(_: date) -> bool:
    return True


def _on(*days: int) -> Days:
    return lambda day: day.day in days


def _weekly(*weekdays: int) -> Days:
    """Monday is 0."""
    return lambda day: day.weekday() in weekdays


LINES: dict[str, tuple[Days, Times]] = {
    "0 0 * * *": (_every_day, [(0, 0)]),
    "30 0 * * *": (_every_day, [(0, 30)]),
    "55 23 * * *": (_every_day, [(23, 55)]),
    "30 23 * * *": (_every_day, [(23, 30)]),
    "0 1 * * *": (_every_day, [(1, 0)]),
    "30 1 * * *": (_every_day, [(1, 30)]),
    "0 2 * * *": (_every_day, [(2, 0)]),
    "30 2 * * *": (_every_day, [(2, 30)]),
    "15 3 * * *": (_every_day, [(3, 15)]),
    "0 7 * * *": (_every_day, [(7, 0)]),
    "0 12,0 * * *": (_every_day, [(12, 0), (0, 0)]),
    "10,25,50 1,2 * * *": (_every_day, [(hour, minute) for hour in (1, 2) for minute in (10, 25, 50)]),
    "0 */6 * * *": (_every_day, [(0, 0), (6, 0), (12, 0), (18, 0)]),
    "45 * * * *": (_every_day, [(hour, 45) for hour in range(24)]),
    "*/20 0-4 * * *": (_every_day, [(hour, minute) for hour in range(5) for minute in (0, 20, 40)]),
    "0 0 1 * *": (_on(1), [(0, 0)]),
    "30 2 1,15 * *": (_on(1, 15), [(2, 30)]),
    "0 0 * * 1-5": (_weekly(0, 1, 2, 3, 4), [(0, 0)]),
    "30 0 * * 0": (_weekly(6), [(0, 30)]),
    "0 0 * * sat,sun": (_weekly(5, 6), [(0, 0)]),
    "30 23 28-31 3,10 *": (lambda day: day.day >= 28 and day.month in (3, 10), [(23, 30)]),
}


@cache
def _changes(name: str) -> Changes:
    """The clock changes of a zone in these years, found by looking every day and then closer."""
    zone = ZoneInfo(name)

    def ahead(at: datetime) -> timedelta:
        return at.astimezone(zone).utcoffset() or timedelta()

    found, at, was = [], FIRST, ahead(FIRST)
    while at < LAST:
        if ahead(at + DAY) != was:
            while ahead(at + STEP) == was:
                at += STEP
            at += STEP
            found.append((at, was, ahead(at)))
            was = ahead(at)
        else:
            at += DAY
    return tuple(found)


@cache
def _zones() -> list[str]:
    """One of each list of changes."""
    by_changes: dict[Changes, str] = {}
    for name in sorted(available_timezones()):
        by_changes.setdefault(_changes(name), name)
    return [name for changes, name in by_changes.items() if changes]


GROUPS = 8
"""Of zones, so that several processes share the work."""


def _wall_clock(name: str, first: datetime, last: datetime) -> dict[date, dict[tuple[int, int], list[datetime]]]:
    """What the clock on a wall there shows from one instant to the other: day and time of day to the instants.

    A time that is skipped stands where operating.md says: as much later as the clock was put forward, so that it is due
    when a clock that nobody had touched would have shown it.
    """
    zone = ZoneInfo(name)
    shown: dict[date, dict[tuple[int, int], list[datetime]]] = defaultdict(lambda: defaultdict(list))
    at, untouched = first, first.astimezone(zone).replace(tzinfo=None)
    while at < last:
        wall = at.astimezone(zone).replace(tzinfo=None)
        behind = at
        while untouched < wall:
            shown[untouched.date()][untouched.hour, untouched.minute].append(behind)
            untouched, behind = untouched + STEP, behind + STEP
        shown[wall.date()][wall.hour, wall.minute].append(at)
        at, untouched = at + STEP, wall + STEP
    return shown


def _expected(shown: dict[date, dict[tuple[int, int], list[datetime]]], days: Days, times: Times) -> list[datetime]:
    there = (of_day.get(time, []) for day, of_day in shown.items() if days(day) for time in times)
    return sorted({instant for instants in there for instant in instants})


def _due(line: str, name: str, first: datetime, last: datetime) -> Iterator[datetime]:
    """As the scheduler goes on from one due time to the next."""
    plan = cron(line, name)
    due = plan.get_next_fire_time(None, first)
    while due is not None and due < last:
        yield due.astimezone(UTC)
        due = plan.get_next_fire_time(due, last)


def test_all_kinds_of_clock_changes_are_among_the_zones() -> None:
    """So that what follows tries what it says: half an hour, two hours, midnight, a zone that goes over to another one."""
    spans = {after - before for name in _zones() for _, before, after in _changes(name)}
    assert {timedelta(minutes=30), timedelta(hours=1), timedelta(hours=2), timedelta(hours=-1)} <= spans
    skipped_midnight = [
        name
        for name in _zones()
        for at, before, after in _changes(name)
        if after > before and (at + before).time().isoformat() == "00:00:00"
    ]
    assert skipped_midnight
    assert len(_zones()) > 50


@pytest.mark.parametrize("group", range(GROUPS))
def test_every_line_is_due_once_for_each_time_on_the_wall_clock_in_the_days_around_every_change(group: int) -> None:
    wrong = []
    for name in _zones()[group::GROUPS]:
        for at, *_ in _changes(name):
            first, last = at - 1.5 * DAY, at + 1.5 * DAY
            shown = _wall_clock(name, first, last)
            for line, (days, times) in LINES.items():
                expected = [due for due in _expected(shown, days, times) if due < last]
                if list(_due(line, name, first, last)) != expected:
                    wrong.append((name, line, at.isoformat()))
    assert wrong == []


@pytest.mark.parametrize("name", ["America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Beirut"])
def test_every_line_is_due_as_the_wall_clock_says_all_through_a_year_and_into_the_next(name: str) -> None:
    first, last = datetime(2026, 1, 31, tzinfo=UTC), datetime(2027, 4, 2, tzinfo=UTC)
    shown = _wall_clock(name, first, last)
    for line, (days, times) in LINES.items():
        expected = [due for due in _expected(shown, days, times) if due < last]
        assert list(_due(line, name, first, last)) == expected, line


def _looks(first: datetime, last: datetime) -> Iterable[datetime]:
    at = first
    while at < last:
        yield at
        at += timedelta(minutes=37)


@pytest.mark.parametrize("name", ["America/Los_Angeles", "Australia/Lord_Howe", "America/Havana", "Asia/Beirut", "UTC"])
def test_whenever_home_is_looked_at_it_promises_the_next_time_that_comes(name: str) -> None:
    for at, *_ in (_changes(name) or ((datetime(2026, 11, 1, 9, tzinfo=UTC), None, None),))[-3:]:
        first, last = at - DAY, at + DAY
        shown = _wall_clock(name, first, last + 2 * DAY)
        for line in ("0 0 * * *", "30 1 * * *", "45 * * * *", "10,25,50 1,2 * * *"):
            plan = cron(line, name)
            coming = _expected(shown, *LINES[line])
            for look in _looks(first, last):
                due = plan.get_next_fire_time(None, look)
                assert due is not None
                assert due.astimezone(UTC) == next(one for one in coming if one >= look), (line, look)
