"""Fixes made in place, from the choice to the posted record and back to Spend Center."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bot.app import jobs
from bot.models import PostingState
from bot.store import alerts, postings, runs
from bot.sync import correct
from bot.sync.desk import Desk
from bot.sync.posting_day import OutOfBounds
from tests.world import World


class Promises:
    """Stands where the engine stands and does each promised job at once, in order."""

    def __init__(self, harbor: World) -> None:
        self.harbor = harbor
        self.draining = False
        self.done: list[str] = []
        self.breaks_after: int | None = None

    async def soon(self, job: str, about: str, **ids: Any) -> None:
        await self.enqueue(job, about, **ids)

    async def waiting(self, _prefix: str) -> bool:
        return False  # each was done at once

    async def at_work(self, _company: int) -> bool:
        return False  # the same

    async def enqueue(self, job: str, _key: str, **ids: Any) -> None:
        for name in ("company", "delay", "urgent"):
            ids.pop(name, None)
        self.done.append(job)
        if job in {"write_back", "write_rules"} and self.breaks_after is not None:
            await self.harbor.spend.control("fault", {"kind": "down", "after": self.breaks_after})
            self.breaks_after = None
        if job in {"refresh", "homes", "receipts"}:
            return
        turn = 0
        while await jobs(self.harbor.parts.runner)[job].body(turn, **ids):
            turn += 1


def desk_of(harbor: World, promises: Promises | None = None) -> Desk:
    promises = promises or Promises(harbor)
    return Desk(harbor.parts.reach, harbor.parts.runner, promises)  # type: ignore[arg-type]  # the same methods


async def alert_on(harbor: World, desk: Desk, connection: str, category: str) -> int:
    await desk.reconcile_alerts(connection)
    found = await alerts.list_open(harbor.parts.store, connection=connection)
    return next(one.id for one in found if one.category == category)


async def test_one_choice_of_a_department_posts_all_thirty_seven_and_is_written_back(harbor: World) -> None:
    portland = await harbor.connect("100")
    await harbor.sync(portland)
    desk = desk_of(harbor)
    alert = await alert_on(harbor, desk, portland.id, "dimension.required")
    offered = await correct.values(desk, alert, "sales")
    assert [(one.value_id, one.name) for one in offered] == [("20", "Sales")]

    await correct.code(desk, alert, "20", "U0LEE", "Lee Okafor")

    assert (await harbor.tally(portland))[PostingState.POSTED][0] == 117
    ledger = harbor.intacct.state(limit=5000)["ledger"]["transactions"]
    coded = [row for row in ledger if "coded by Lee Okafor" in row["description"]]
    assert len(coded) == 37
    assert {line["department"] for row in coded for line in row["lines"] if line["account"] == "6420"} == {"20"}
    await desk.reconcile_alerts(portland.id)
    story = (await alerts.get(harbor.parts.store, alert)).story  # type: ignore[union-attr]  # it was there above
    assert [(line["written"], line["locked"]) for line in story if line["did"] == "write back"] == [(35, 2)]


async def test_a_line_that_breaks_in_the_middle_of_writing_back_leaves_nothing_out(harbor: World) -> None:
    portland = await harbor.connect("100")
    await harbor.sync(portland)
    promises = Promises(harbor)
    promises.breaks_after = 25
    desk = desk_of(harbor, promises)
    harbor.parts.runner.engine = desk.engine
    alert = await alert_on(harbor, desk, portland.id, "dimension.required")

    await correct.code(desk, alert, "20", "U0LEE", "Lee Okafor")

    assert promises.done.count("write_back") == 2
    story = (await alerts.get(harbor.parts.store, alert)).story  # type: ignore[union-attr]  # it was there above
    assert [(line["written"], line["locked"]) for line in story if line["did"] == "write back"] == [(35, 2)]


async def test_late_ones_post_on_the_first_open_day_with_their_own_day_in_the_description(harbor: World) -> None:
    denver = await harbor.connect("200")
    await harbor.sync(denver)
    desk = desk_of(harbor)
    alert = await alert_on(harbor, desk, denver.id, "period.closed")

    await correct.redate(desk, alert, date(2026, 11, 1), "U0LEE", "Lee Okafor")

    assert (await harbor.tally(denver))[PostingState.POSTED][0] == 71
    ledger = harbor.intacct.state(limit=5000)["ledger"]["transactions"]
    moved = [row for row in ledger if "dated 2026-10-3" in row["description"]]
    assert {row["date"] for row in moved} == {"2026-11-01"}
    assert len(moved) == 4
    view = await desk.alert_view(alert)
    assert view is not None
    assert view.n == 0


async def test_no_click_posts_into_another_year_before_its_day_or_ahead_of_today(harbor: World) -> None:
    denver = await harbor.connect("200")
    await harbor.sync(denver)
    desk = desk_of(harbor)
    alert = await alert_on(harbor, desk, denver.id, "period.closed")
    before = harbor.booked()

    for day in (date(2027, 5, 1), date(2026, 11, 6), date(2026, 10, 30), date(2026, 9, 30)):
        with pytest.raises(OutOfBounds):
            await correct.redate(desk, alert, day, "U0LEE", "Lee Okafor")

    assert harbor.booked() == before
    late = await postings.list_postings(harbor.parts.store, denver.id, states=[PostingState.FAILED])
    assert [(row.decision, row.category) for row in late if row.category == "period.closed"] == [
        (None, "period.closed")
    ] * 4
    await correct.redate(desk, alert, date(2026, 11, 5), "U0LEE", "Lee Okafor")
    assert (await harbor.tally(denver))[PostingState.POSTED][0] == 71


async def test_past_the_first_open_month_only_the_month_that_was_confirmed_is_posted_into(harbor: World) -> None:
    denver = await harbor.connect("200")
    await harbor.sync(denver)
    desk = desk_of(harbor)
    alert = await alert_on(harbor, desk, denver.id, "period.closed")
    harbor.clock.pass_(days=60)
    late = date(2026, 12, 31)

    for confirmed in ("", "November 2026", "January 2027"):
        with pytest.raises(OutOfBounds, match="confirm December 2026 first"):
            await correct.redate(desk, alert, late, "U0LEE", "Lee Okafor", confirmed=confirmed)
    await correct.redate(desk, alert, late, "U0LEE", "Lee Okafor", confirmed="December 2026")

    ledger = harbor.intacct.state(limit=5000)["ledger"]["transactions"]
    assert {row["date"] for row in ledger if "| dated 2026-10-3" in row["description"]} == {"2026-12-31"}


async def test_what_was_moved_by_mistake_goes_back_to_its_own_day_and_reads_like_any_other(harbor: World) -> None:
    denver = await harbor.connect("200")
    await harbor.sync(denver)
    desk = desk_of(harbor)
    alert = await alert_on(harbor, desk, denver.id, "period.closed")
    await harbor.intacct.control("close_subledger", {"through": "2026-11-30", "entity": "200"})
    await correct.redate(desk, alert, date(2026, 11, 1), "U0LEE", "Lee Okafor")
    alert = await alert_on(harbor, desk, denver.id, "period.closed")
    await harbor.intacct.control("open_subledger", {"application": "CM", "entity": "200", "period": "2026-10"})

    await correct.redate(desk, alert, date(2026, 10, 31), "U0LEE", "Lee Okafor")

    ledger = harbor.intacct.state(limit=5000)["ledger"]["transactions"]
    last = [row for row in ledger if row["date"] == "2026-10-31"]
    assert last
    for row in last:
        own = next(one for one in await every(harbor, denver.id) if one.reference == row["reference"]).date
        assert ("dated" in row["description"]) == (own != date(2026, 10, 31))


async def every(harbor: World, connection: str) -> list[postings.Posting]:
    return await postings.list_postings(harbor.parts.store, connection, limit=5000)


async def test_a_second_click_learns_who_was_first(harbor: World) -> None:
    portland = await harbor.connect("100")
    await harbor.sync(portland)
    desk = desk_of(harbor)
    alert = await alert_on(harbor, desk, portland.id, "dimension.required")
    assert await alerts.start_work(harbor.parts.store, alert, "U0LEE", harbor.clock())
    await desk.reconcile_alerts(portland.id)  # somebody draws the message before Lee's intent is written

    asked = await desk.retry(alert, "U0DANA")

    assert asked.already is not None
    assert asked.already[0] == "U0LEE"
    assert not [one for one in await runs.open_intents(harbor.parts.store, harbor.clock()) if one.actor == "U0DANA"]
    failed = await postings.list_postings(harbor.parts.store, portland.id, states=[PostingState.FAILED])
    assert len(failed) == 43

    harbor.clock.pass_(minutes=2)  # nothing was ever written: Lee's process died
    await desk.reconcile_alerts(portland.id)

    assert (await desk.retry(alert, "U0DANA")).already is None
