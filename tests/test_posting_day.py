"""On which day a transaction may be posted that cannot be posted on its own. Figures are of close.md, section 3."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.intacct.access import all_rights
from bot.store import connections
from bot.sync.posting_day import Bounds, OutOfBounds, latest_of, told_by_refusal
from tests.world import World

HALLOWEEN, FIRST, FIFTH = date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 5)
LATE = Bounds(own=HALLOWEEN, today=FIFTH, start=date(2026, 10, 1), opens=FIRST)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2027, 5, 1), "May 1, 2027 is too late: choose Nov 5, 2026, today, or earlier."),
        (date(2026, 11, 6), "Nov 6, 2026 is too late: choose Nov 5, 2026, today, or earlier."),
        (date(2026, 10, 30), "Nothing is dated before its own day: choose Oct 31, 2026 or later."),
        (date(2026, 9, 30), "Nothing is posted before the start date, Oct 1, 2026."),
        (HALLOWEEN, ""),
        (FIRST, ""),
        (FIFTH, ""),
    ],
)
def test_a_day_lies_between_the_transactions_own_and_today(day: date, said: str) -> None:
    assert LATE.problem(day) == said


def test_where_the_first_open_day_is_still_to_come_it_is_the_last_one_that_may_be_chosen() -> None:
    on_the_eve = Bounds(own=date(2026, 10, 30), today=HALLOWEEN, opens=FIRST)

    assert on_the_eve.proposed == FIRST
    assert on_the_eve.problem(FIRST) == ""
    assert on_the_eve.problem(date(2026, 11, 2)) == (
        "Nov 2, 2026 is too late: choose Nov 1, 2026, the first open day, or earlier."
    )


def test_past_the_first_open_month_only_with_that_month_and_year_confirmed() -> None:
    months_later = Bounds(own=HALLOWEEN, today=date(2027, 1, 4), opens=FIRST)

    assert [months_later.month_to_confirm(day) for day in (FIRST, date(2026, 11, 30))] == ["", ""]
    assert months_later.month_to_confirm(date(2026, 12, 1)) == "December 2026"
    with pytest.raises(OutOfBounds, match="December 2026 lies after November 2026, the first open month"):
        months_later.check(date(2026, 12, 3))
    with pytest.raises(OutOfBounds, match="confirm January 2027"):
        months_later.check(date(2027, 1, 3), "December 2026")
    months_later.check(date(2026, 12, 3), "December 2026")


def test_where_intacct_names_no_open_day_the_month_after_the_transactions_is_taken_for_open() -> None:
    unknown = Bounds(own=HALLOWEEN, today=date(2026, 12, 2))

    assert unknown.proposed == FIRST
    assert unknown.month_to_confirm(date(2026, 12, 1)) == "December 2026"
    assert Bounds(own=HALLOWEEN, today=HALLOWEEN).proposed == HALLOWEEN, "a guess is no reason to date ahead"


def test_books_that_open_before_the_transaction_say_nothing_of_the_ledger_that_is_closed() -> None:
    general_ledger_only = Bounds(own=HALLOWEEN, today=FIFTH, opens=date(2026, 10, 1))

    assert (general_ledger_only.proposed, general_ledger_only.latest) == (FIRST, FIFTH)


def test_of_two_ledgers_the_one_that_opens_later_counts() -> None:
    assert latest_of([date(2026, 10, 1), told_by_refusal({"first_open": "2026-11-01"})]) == FIRST
    assert latest_of([None, told_by_refusal({})]) is None


days = st.dates(date(2025, 1, 1), date(2028, 12, 31))


@given(own=days, today=days, start=days, opens=st.none() | days, day=days)
def test_no_day_passes_that_is_before_its_transaction_or_ahead_of_today_and_the_first_open_day(
    own: date, today: date, start: date, opens: date | None, day: date
) -> None:
    bounds = Bounds(own, today, min(own, start), opens)
    if bounds.problem(day) == "":
        assert own <= day
        assert day <= max(own, today, opens or today)
    assert bounds.problem(own) == ""
    assert bounds.problem(bounds.proposed) == "", "what the form proposes can be submitted"
    assert bounds.month_to_confirm(bounds.proposed) == ""


# --- where the books open: STARTOPEN of LOCATIONENTITY, as recorded/fields.json has it -------------------------------


async def opens(harbor: World, entity: str) -> date | None:
    connection = await harbor.connect(entity)
    reach = harbor.parts.reach
    client = await reach.intacct(await connections.get_company(reach.store, connection.company))
    return await reach.books.opens(client, connection, harbor.clock())


async def test_an_entity_says_itself_from_when_its_general_ledger_is_open(harbor: World) -> None:
    await harbor.intacct.control("close_books", {"through": "2026-10-31", "entity": "200"})

    assert await opens(harbor, "200") == FIRST
    assert await opens(harbor, "100") == date(2026, 10, 1)

    await harbor.intacct.control("close_books", {"through": "2026-11-30", "entity": "200"})
    assert await opens(harbor, "200") == FIRST, "believed for a minute"
    harbor.clock.pass_(minutes=2)
    assert await opens(harbor, "200") == FIRST + timedelta(days=30)


async def test_whoever_may_not_read_entities_is_told_by_the_refusal_alone(harbor: World) -> None:
    rights = {policy: list(given) for policy, given in all_rights().items() if policy != "Entities"}
    await harbor.intacct.control("remove_role", {"user_id": "Spendcenter", "role": "Administrator"})
    await harbor.intacct.control("set_role", {"name": "Billcom Role", "policies": rights})

    assert await opens(harbor, "200") is None
