"""The standing instruction `late_to_open_day`: four of Denver's transactions fall into October, closed in Cash Management."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from bot.models import PostingState
from bot.store import connections, find, postings, runs
from bot.store.connections import Connection
from bot.store.postings import Posting
from tests.moved import on_moved_time
from tests.world import World

POSTED, FAILED, UNKNOWN = PostingState.POSTED, PostingState.FAILED, PostingState.UNKNOWN
ON = {"late_to_open_day": True}


async def late(harbor: World, connection: Connection) -> list[Posting]:
    """The four: dated by the story on the last two days of October."""
    rows = await postings.list_postings(harbor.parts.store, connection.id, limit=500)
    found = [row for row in rows if row.date.isoformat() in {"2026-10-30", "2026-10-31"}]
    assert len(found) == 4
    return found


def records(harbor: World, rows: list[Posting]) -> dict[str, tuple[str, str]]:
    """(date, description) of the one record of each, by reference."""
    ledger = harbor.intacct.state(limit=5000)["ledger"]["transactions"]
    wanted = {row.reference for row in rows}
    found = [row for row in ledger if row["reference"] in wanted]
    assert set(Counter(row["reference"] for row in found).values()) <= {1}, "none stands twice"
    return {row["reference"]: (row["date"], row["description"]) for row in found}


async def tries(harbor: World, row: Posting) -> list[tuple[int, str, str]]:
    """(try, state, date sent) of each attempt, oldest first."""
    past = await find.past(harbor.parts.store, row)
    return [(one.try_no, one.state, sent_on(one.body)) for one in sorted(past.attempts, key=lambda one: one.id)]


def sent_on(body: str) -> str:
    year, month, day = (re.search(f"<{tag}>(\\d+)</{tag}>", body) for tag in ("year", "month", "day"))
    assert year
    assert month
    assert day
    return f"{int(year[1])}-{int(month[1]):02}-{int(day[1]):02}"


async def test_one_run_posts_them_on_the_first_open_day_each_once_with_its_own_day_in_the_description(
    harbor: World,
) -> None:
    denver = await harbor.connect("200", options=ON)

    await harbor.sync(denver)

    rows = await late(harbor, denver)
    found = records(harbor, rows)
    for row in rows:
        assert (row.state, row.category) == (POSTED, "")
        day, description = found[row.reference]
        assert (day, f"| dated {row.date.isoformat()}" in description) == ("2026-11-01", True)
        assert await tries(harbor, row) == [(1, "refused", row.date.isoformat()), (2, "posted", "2026-11-01")]
    said = [one for one in await runs.told(harbor.parts.store, denver.id) if one.what == "moved"]
    assert {one.text for one in said} == {
        "Its period is closed: it goes to Nov 1, 2026, the first open day, as this connection is set to do."
    }
    assert (await harbor.tally(denver))[POSTED][0] == 71
    harbor.booked()


async def test_without_it_they_wait_for_a_person_and_once_it_is_switched_on_they_go_with_the_next_sync(
    harbor: World,
) -> None:
    denver = await harbor.connect("200")
    await harbor.sync(denver)
    assert {row.state for row in await late(harbor, denver)} == {FAILED}

    harbor.clock.pass_(minutes=1)
    await connections.set_option(harbor.parts.store, denver.id, "late_to_open_day", True)
    await harbor.sync(denver)

    rows = await late(harbor, denver)
    assert {day for day, _ in records(harbor, rows).values()} == {"2026-11-01"}
    assert len(records(harbor, rows)) == 4


@pytest.mark.parametrize("lost", ["drop_before", "drop_after_commit"])
async def test_an_outcome_in_doubt_keeps_the_day_that_was_sent_until_it_is_proven(harbor: World, lost: str) -> None:
    on_moved_time(harbor)
    denver = await harbor.connect("200", options=ON)
    await harbor.intacct.control("fault", {"kind": lost, "match": "Bluff Street Catering"})

    await harbor.sync(denver)
    rows = await late(harbor, denver)
    [doubted] = [row for row in rows if row.merchant == "Bluff Street Catering"]
    assert doubted.state == UNKNOWN
    assert doubted.decision is None
    for _ in range(6):
        harbor.clock.pass_(minutes=21)
        await harbor.sync(denver)

    rows = await late(harbor, denver)
    assert {row.state for row in rows} == {POSTED}
    assert {day for day, _ in records(harbor, rows).values()} == {"2026-11-01"}
    past = await find.past(harbor.parts.store, doubted)
    assert len({one.try_no for one in past.attempts}) == len(past.attempts), "a try has one body, whatever became of it"
    assert [day for _, _, day in await tries(harbor, doubted)] == [doubted.date.isoformat(), "2026-11-01"]
    assert (await harbor.tally(denver))[POSTED][0] == 71
    harbor.booked()


@pytest.mark.parametrize(
    "words",
    [
        ("Periods are closed. Your transaction date is within a period that's been closed.", ""),
        ("Periods are closed.", "Date must be on or after 05/01/2027"),
    ],
    ids=["no day named", "half a year ahead"],
)
async def test_where_no_open_day_is_named_or_it_is_far_ahead_a_person_is_asked(
    harbor: World, words: tuple[str, str]
) -> None:
    denver = await harbor.connect("200", options=ON)
    await harbor.intacct.control("open_subledger", {"application": "CM", "entity": "200", "period": "2026-10"})
    said: dict[str, Any] = {"errorno": "BL01001973", "description": "", "text": words[0], "correction": words[1]}
    await harbor.intacct.control("refuse", {"payee": "Bluff Street Catering", **said})

    await harbor.sync(denver)
    await harbor.sync(denver)

    [row] = [row for row in await late(harbor, denver) if row.merchant == "Bluff Street Catering"]
    assert (row.state, row.category, row.decision) == (FAILED, "period.closed", None)
    assert await tries(harbor, row) == [(1, "refused", row.date.isoformat())]
