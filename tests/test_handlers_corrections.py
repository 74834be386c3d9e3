"""Fixing in the finance channel: a value chosen or a day moved, by a person, and the alert turning to solved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.models import FieldMapping, PostingState, Selector
from bot.store import postings
from bot.store.connections import Connection
from tests.office import DANA, LEE, LUNCH, Office, office
from tests.world import mapping

TRAVEL, LATE = "37 transactions need a department", "4 transactions fall in a closed period"


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


async def synced(at: Office, entity: str, words: str) -> Connection:
    connection = await at.far.connect(entity, schedule="")
    await at.far.sync(connection)
    await refreshed(at, connection)
    await at.room.reads(words)
    return connection


async def refreshed(at: Office, connection: Connection) -> None:
    await at.bot.engine.enqueue(
        "refresh", f"{connection.id}:test", company=connection.company, connection_id=connection.id
    )


async def test_one_choice_of_a_department_solves_thirty_seven(harbor: Office) -> None:
    portland = await synced(harbor, "100", TRAVEL)

    await harbor.room.in_(LEE).presses(TRAVEL, "Choose department")
    form = await harbor.room.form("Choose department")
    block = next(one for one in form["blocks"] if one.get("block_id") == "value")
    assert list(await harbor.room.offered(form, block, "sales")) == ["20"]
    await harbor.room.submits("Choose department", value="20", write_back=["yes"])
    solved = await harbor.room.reads("Solved: 37 transactions posted")

    assert "Lee Okafor" in solved["text"]
    assert "department 20" in solved["text"]
    assert (await harbor.far.tally(portland))[PostingState.POSTED][0] == 117
    await harbor.room.reads("Lee Okafor chose department 20 for 37 transactions: 37 transactions posted.")
    await harbor.room.reads("Written to 35 in Spend Center; 2 are locked there.")


async def test_a_value_that_stands_for_nothing_is_matched_for_good_from_its_alert(harbor: Office) -> None:
    codes = mapping(harbor.far.story)
    del codes["gl_account"].values["6440 - Meals"]
    portland = await harbor.far.connect("100", schedule="", mapping=codes)
    await harbor.far.sync(portland)
    await refreshed(harbor, portland)
    words = "a value that has no place in Intacct yet"

    await harbor.room.in_(LEE).presses(words, "Choose account")
    form = await harbor.room.form("Choose account")
    uses = next(one for one in form["blocks"] if one["block_id"] == "use_for")["element"]["options"]
    assert uses[0]["text"]["text"] == "All with 6440 - Meals, also later"
    await harbor.room.submits("Choose account", value="6440")

    solved = await harbor.room.reads("Solved:")
    assert "GL Account 6440 - Meals to account 6440" in solved["text"]
    await harbor.room.reads("Lee Okafor matched GL Account 6440 - Meals to account 6440 for good")
    assert (await harbor.connection(portland)).codes()["gl_account"].values["6440 - Meals"] == "6440"


async def test_a_line_for_another_entity_gets_a_location_of_its_own_or_is_allowed(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="")
    fields = {"GL Account": "6440 - Meals", "Department": "20 - Sales", "Location": "200 - Denver"}
    await harbor.far.spend.control("add_transaction", {**LUNCH, "fields": fields})
    await harbor.far.sync(portland)
    await refreshed(harbor, portland)
    words = "1 transaction has a line for another entity"
    post = await harbor.room.reads(words)
    labels = [one["text"]["text"] for one in post["blocks"][-1]["elements"] if one["type"] == "button"]
    assert labels == ["Choose location", "Allow other entities", "I'll take it"]

    await harbor.room.in_(LEE).presses(words, "Choose location")
    await harbor.room.submits("Choose location", value="100", use_for="future", write_back=[])

    solved = await harbor.room.reads("Solved: 1 transaction posted")
    assert "location 100, rule R-1" in solved["text"]


async def test_a_vendor_that_is_kept_as_the_fallback_stands_first_the_next_time(harbor: Office) -> None:
    codes = mapping(harbor.far.story) | {"vendor": FieldMapping(default="V-999")}
    portland = await harbor.far.connect(
        "100", schedule="", mapping=codes, selector=Selector(all=False, cards=("9254",))
    )
    await harbor.far.sync(portland)
    await refreshed(harbor, portland)
    words = "vendor V-999, which Intacct does not accept"

    await harbor.room.in_(LEE).presses(words, "Choose vendor")
    rows = await postings.list_postings(harbor.far.parts.store, portland.id, states=[PostingState.FAILED])
    one = {"use_for": "one", "one": str(rows[0].id)}
    await harbor.room.submits("Choose vendor", value="V-110", fallback=["yes"], write_back=[], **one)
    await harbor.room.reads(f", was {len(rows)}. $")  # open again, with its buttons
    assert (await harbor.connection(portland)).option("fallback_vendor") == "V-110"

    await harbor.room.presses(words, "Choose vendor")
    form = await harbor.room.form("Choose vendor")
    menu = next(block["element"] for block in form["blocks"] if block["block_id"] == "value")
    assert menu["initial_option"]["value"] == "V-110"
    await harbor.room.submits("Choose vendor", write_back=[])
    await harbor.room.reads("Solved:")

    await harbor.room.in_(DANA).types("settings")
    form = await harbor.room.form("Settings")
    block = next(block for block in form["blocks"] if block["block_id"] == "vendor")
    assert block["element"]["initial_option"]["value"] == "V-110"
    assert list(await harbor.room.offered(form, block, "basecamp")) == ["*", "V-130"]
    await harbor.room.submits("Settings", vendor="*")
    await harbor.room.sees("Saved.")
    assert (await harbor.connection(portland)).option("fallback_vendor") == ""


async def test_late_ones_move_to_the_first_open_day_after_a_question_that_names_both_months(harbor: Office) -> None:
    denver = await synced(harbor, "200", LATE)

    await harbor.room.in_(LEE).presses(LATE, "Post on 1 Nov")
    form = await harbor.room.form("Post on another day")
    assert "$1,936.45 moves from October to November in 200 Denver." in str(form["blocks"])
    await harbor.room.submits("Post on another day")
    solved = await harbor.room.reads("Solved: 4 transactions posted on 1 Nov")

    assert "originally 30 to 31 Oct" in solved["text"]
    await harbor.room.reads(
        "Lee Okafor moved 4 transactions to 1 Nov instead of 30 to 31 Oct: 4 transactions posted. "
        "If October has an accrual for them, reverse it on 1 Nov."
    )
    assert harbor.room.texts(harbor.room.mine) == []  # all of it can be read on the alert
    assert (await harbor.far.tally(denver))[PostingState.POSTED][0] == 71


async def test_a_day_out_of_bounds_is_refused_in_the_form_with_the_day_that_may_be_chosen(harbor: Office) -> None:
    denver = await synced(harbor, "200", LATE)

    await harbor.room.in_(LEE).presses(LATE, "Post on 1 Nov")
    for day, said in (
        ("2027-05-01", "May 1, 2027 is too late: choose Nov 5, 2026, today, or earlier."),
        ("2026-10-29", "Nothing is dated before its own day: choose Oct 31, 2026 or later."),
    ):
        answer = await harbor.room.submits("Post on another day", day=day)
        assert answer["errors"] == {"day": said}
    assert (await harbor.far.tally(denver))[PostingState.FAILED][0] >= 4

    await harbor.room.submits("Post on another day", day="2026-11-05")
    await harbor.room.reads("Solved: 4 transactions posted on 5 Nov")


async def test_a_later_month_is_asked_for_once_more_by_month_and_year_and_only_then_posted_into(
    harbor: Office,
) -> None:
    denver = await synced(harbor, "200", LATE)
    harbor.clock.pass_(days=40)

    await harbor.room.in_(LEE).presses(LATE, "Post on 1 Nov")
    await harbor.room.submits("Post on another day", day="2026-12-03")
    form = await harbor.room.form("One more question")
    assert "Post 4 transactions, $1,936.45, in December 2026?" in str(form["blocks"])
    assert "The first open month is November 2026." in str(form["blocks"])
    assert (await harbor.far.tally(denver))[PostingState.POSTED][0] == 67

    await harbor.room.submits("One more question")
    await harbor.room.reads("Solved: 4 transactions posted on 3 Dec")
    moved = [
        row for row in harbor.far.intacct.state(limit=5000)["ledger"]["transactions"] if "dated" in row["description"]
    ]
    assert {row["date"] for row in moved} == {"2026-12-03"}


async def test_nobody_moves_a_transaction_of_their_own_card_to_another_day(harbor: Office) -> None:
    denver = await synced(harbor, "200", LATE)
    [row, *_] = await postings.list_postings(
        harbor.far.parts.store, denver.id, states=[PostingState.FAILED], category="period.closed"
    )
    people = harbor.slack.core.workspace.people
    people[LEE] = replace(people[LEE], email=row.email)

    await harbor.room.in_(LEE).presses(LATE, "Post on 1 Nov")
    await harbor.room.reads("A transaction of your own card is among these")
    assert harbor.room.view() is None

    await harbor.room.in_(DANA).presses(LATE, "Post on 1 Nov")
    assert await harbor.room.form("Post on another day")


async def test_what_a_retry_moves_to_another_cause_is_said_on_both_sides_and_to_whoever_pressed(harbor: Office) -> None:
    await synced(harbor, "100", TRAVEL)
    closed = {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6420", "STATUS": "inactive"}}
    await harbor.far.intacct.control("save_record", closed)

    await harbor.room.in_(LEE).presses(TRAVEL, "Retry 37")

    await harbor.room.reads("Solved: 37 transactions moved to another alert")
    other = await harbor.room.reads("37 transactions use account 6420")
    title = other["text"].split(".")[0]
    await harbor.room.reads(f"Lee Okafor pressed Retry: none of them posted, 37 moved to another alert: *{title}*.")
    await harbor.room.reads("not posted; they are in", harbor.room.mine)

    await harbor.far.intacct.control("save_record", closed | {"record": {"ACCOUNTNO": "6420", "STATUS": "active"}})
    await harbor.room.presses(f"{title}. $8,214.60", "Retry 37")
    await harbor.room.reads(f"{TRAVEL}. $8,214.60")
