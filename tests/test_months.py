"""Months as people name them behind `/intacct proof`."""

from __future__ import annotations

from datetime import date

import pytest

from bot.sync.months import last_day, read, settled


@pytest.mark.parametrize(
    ("typed", "month", "rest"),
    [
        ("", "", ""),
        ("2026-10", "2026-10", ""),
        ("2026-1 Portland", "2026-01", "Portland"),
        ("October", "10", ""),
        ("oct 2025", "2025-10", ""),
        ("Sept. 200 Denver", "09", "200 Denver"),
        ("200 Denver october", "10", "200 Denver"),
        ("Denver October 2025", "2025-10", "Denver"),
        ("Marina Card", "", "Marina Card"),
        ("c1f2e3d4a5", "", "c1f2e3d4a5"),
    ],
)
def test_a_month_stands_before_or_behind_the_connection(typed: str, month: str, rest: str) -> None:
    assert read(typed) == (month, rest)


def test_a_month_that_does_not_exist_is_said() -> None:
    with pytest.raises(ValueError, match="2026-13 is not a month"):
        read("2026-13")


@pytest.mark.parametrize(
    ("month", "today", "first"),
    [
        ("", date(2026, 11, 3), date(2026, 10, 1)),  # in the first days the month that is being closed
        ("", date(2026, 11, 15), date(2026, 10, 1)),
        ("", date(2026, 11, 16), date(2026, 11, 1)),
        ("", date(2027, 1, 4), date(2026, 12, 1)),
        ("10", date(2026, 11, 3), date(2026, 10, 1)),
        ("11", date(2026, 11, 3), date(2026, 11, 1)),
        ("12", date(2026, 11, 3), date(2025, 12, 1)),  # the newest December
        ("2025-10", date(2026, 11, 3), date(2025, 10, 1)),
    ],
)
def test_the_month_that_is_meant(month: str, today: date, first: date) -> None:
    assert settled(month, today) == first


def test_a_month_that_has_not_begun_has_no_proof() -> None:
    with pytest.raises(ValueError, match="December 2026 has not begun yet"):
        settled("2026-12", date(2026, 11, 30))


def test_february_has_its_last_day() -> None:
    assert last_day(date(2028, 2, 1)) == date(2028, 2, 29)
