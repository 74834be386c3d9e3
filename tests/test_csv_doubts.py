"""What a file leaves open is asked before it is posted: parts beside their whole, what has not cleared, zones, IDs, twins.

Expected sums are written by hand and read from the simulator's books.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.models import PostingState, RunState
from bot.spend.csv_source import CsvSource
from bot.spend.csv_status import kind_of
from bot.spend.csv_sums import Sums
from bot.spend.errors import CsvRefused
from bot.store import postings
from bot.store.connections import Connection
from bot.store.runs import Run
from bot.sync.preview import preview
from tests.exports import COLUMNS, HEADING, connect_file
from tests.office import LEE, office
from tests.world import World, world

SPLIT = f"""{HEADING},Parent Transaction ID
txr_p,2026-11-02,100.00,Print Co,6440,
txr_c1,2026-11-02,60.00,Print Co,6420,txr_p
txr_c2,2026-11-02,40.00,Print Co,6440,txr_p
"""
STATUSES = f"""{HEADING},Status
txr_1,2026-11-02,10.00,Diner,6440,Cleared
txr_2,2026-11-02,500.00,Hotel hold,6440,Pending
txr_3,2026-11-02,900.00,Shop,6440,Declined
"""


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, cards=("0000",)) as made:
        yield made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "export.csv"


def writes(path: Path, text: str) -> None:
    path.write_text(text)


def booked(far: World) -> list[Decimal]:
    return sorted(far.booked().values())


async def states(far: World, connection: Connection) -> dict[str, tuple[str, str]]:
    rows = await postings.list_postings(far.parts.store, connection.id, states=list(PostingState), limit=100)
    return {row.transaction: (row.state, row.category) for row in rows}


async def again(far: World, connection: Connection) -> Run:
    far.clock.pass_(minutes=5)
    return await far.sync(connection)


def said(run: Run) -> str:
    assert run.fault is not None
    return str(run.fault["errors"][0]["description"])


async def refusal(path: Path, text: str, **options: Any) -> CsvRefused:
    writes(path, text)
    source = CsvSource(path, options.pop("columns", COLUMNS), company="Harbor", **options)
    with pytest.raises(CsvRefused) as refused:
        [page async for page in source.transactions(None)]
    return refused.value


# --- parts of a split beside their whole ------------------------------------------------------------------------------


async def test_a_column_that_names_parents_is_a_question_and_split_of_makes_one_posting(
    harbor: World, path: Path
) -> None:
    writes(path, SPLIT)
    connection = await connect_file(harbor, path)
    asked = await harbor.sync(connection)
    assert (asked.state, asked.category, booked(harbor)) == (RunState.STOPPED, "source.file", [])
    assert 'split_of = "Parent Transaction ID" under [csv.columns]' in said(asked)
    assert "export.csv, line 3, Parent Transaction ID" in said(asked)

    answered = await connect_file(harbor, path, {"split_of": "Parent Transaction ID"})
    await again(harbor, answered)
    assert booked(harbor) == [Decimal("100.00")]
    [record] = harbor.intacct.state(limit=10)["ledger"]["transactions"]
    assert sorted(Decimal(line["amount"]) for line in record["lines"]) == [Decimal("40.00"), Decimal("60.00")]


async def test_a_column_whose_values_are_other_rows_ids_is_a_question_whatever_it_is_called(path: Path) -> None:
    text = SPLIT.replace("Parent Transaction ID", "Belongs to").replace("txr_p", "txr_parent")
    refused = await refusal(path, text)
    assert [(one.line, one.column) for one in refused.problems] == [(3, "Belongs to")]


@pytest.mark.parametrize("heading", ["Parent", "Parent ID", "parent_transaction_id", "Is Parent", "Split from"])
async def test_headings_that_mean_a_parent_are_asked_about_once_something_stands_in_them(
    path: Path, heading: str
) -> None:
    text = f"{HEADING},{heading}\ntxr_1,2026-11-02,10.00,Diner,6440,"
    assert f'ignore = ["{heading}"]' in str(await refusal(path, f"{text}yes\n"))
    writes(path, f"{text}\n")
    assert [page async for page in CsvSource(path, COLUMNS, company="Harbor").transactions(None)]


async def test_rows_that_sum_to_another_wait_as_a_whole_while_the_parts_post(tmp_path: Path, path: Path) -> None:
    """Without any column that tells: the ignored one tells nothing here."""
    writes(path, SPLIT + "txr_x,2026-11-02,7.00,Print Co,6440,\ntxr_y,2026-11-03,9.00,Print Co,6440,\n")
    async with office(tmp_path, cards=("0000",)) as made:
        made.far.clock.now = made.clock()
        one = await connect_file(made.far, path, ignore=["Parent Transaction ID"])
        await made.room.in_(LEE).types("sync")
        await made.room.reads("1 transaction is the sum of other rows of the file")
        assert booked(made.far) == [Decimal(amount) for amount in ("7.00", "9.00", "40.00", "60.00")]
        assert (await states(made.far, one))["txr_p"] == (PostingState.HELD, "held.whole")

        await made.room.presses("1 transaction is the sum of other rows of the file", "Post it as well")
        await made.room.reads("Solved: 1 transaction posted")
        assert sum(booked(made.far)) == Decimal("216.00")


async def test_parts_that_come_after_their_whole_has_posted_wait(harbor: World, path: Path) -> None:
    whole, parts = SPLIT.replace(",Parent Transaction ID", "").replace(",txr_p", "").splitlines()[:2], SPLIT
    writes(path, "\n".join([whole[0], whole[1].rstrip(","), ""]))
    connection = await connect_file(harbor, path, ignore=["Parent Transaction ID"])
    await harbor.sync(connection)
    writes(path, parts)
    await again(harbor, connection)
    assert booked(harbor) == [Decimal("100.00")]
    found = await states(harbor, connection)
    assert [found[name][1] for name in ("txr_c1", "txr_c2")] == ["held.twin", "held.twin"]


async def test_equal_parts_are_no_twins_of_each_other(harbor: World, path: Path) -> None:
    rows = [("txr_p", "100.00"), ("txr_c1", "50.00"), ("txr_c2", "50.00")]
    writes(path, "\n".join([HEADING, *(f"{name},2026-11-02,{amount},Print Co,6440" for name, amount in rows), ""]))
    connection = await connect_file(harbor, path)
    await harbor.sync(connection)
    assert booked(harbor) == [Decimal("50.00"), Decimal("50.00")]


@pytest.mark.parametrize(
    ("amounts", "whole", "parts"),
    [
        ("100 60 40", "0", "12"),
        ("60 40 100", "2", "01"),
        ("60 100 7 40", "1", "03"),
        ("-100 -60 -40", "0", "12"),
        ("100 100", "", ""),
        ("5 5 5", "", ""),
        ("100 -60 -40 200", "", ""),
        ("1 2 4 8 16 32 64 128 256 512 1024 2048 4096 " + "100 60 40", "d", "ef"),
    ],
)
def test_which_rows_sum_to_another(amounts: str, whole: str, parts: str) -> None:
    """Rows are named by their place: 0 to 9, then a to f."""
    sums = Sums()
    for at, amount in enumerate(amounts.split()):
        sums.add(("2026-11-02",), "0123456789abcdef"[at], Decimal(amount))
    assert sums.found() == ({whole: tuple(parts)} if whole else {})


def test_ten_thousand_rows_of_one_merchant_and_day_are_gone_through_row_by_row() -> None:
    """Steps are counted, not time: each row is compared with at most 120 others."""
    sums, steps = Sums(), Counter[str]()

    class Counting(Decimal):
        def __rsub__(self, other: Decimal | int) -> Decimal:
            steps["taken off"] += 1
            return Decimal(other) - Decimal(self)

    for at in range(10_000):
        sums.add(("2026-11-02",), str(at), Counting(at % 97 + 1))
    sums.found()
    assert 0 < steps["taken off"] <= 120 * 10_000


# --- what has not cleared ---------------------------------------------------------------------------------------------


async def test_a_status_column_is_a_question_and_once_mapped_only_what_has_cleared_posts(
    harbor: World, path: Path
) -> None:
    writes(path, STATUSES)
    connection = await connect_file(harbor, path)
    asked = await harbor.sync(connection)
    assert (asked.category, booked(harbor)) == ("source.file", [])
    assert "“Cleared”, “Pending”, “Declined”" in said(asked)

    answered = await connect_file(harbor, path, {"status": "Status"})
    run = await again(harbor, answered)
    assert booked(harbor) == [Decimal("10.00")]
    assert Counter(run.skipped) == {"not cleared yet": 1, "declined": 1}

    writes(path, STATUSES.replace("Pending", "Posted"))
    await again(harbor, answered)
    assert booked(harbor) == [Decimal("10.00"), Decimal("500.00")]


async def test_words_of_ones_own_mean_cleared_and_unknown_ones_are_asked_about(path: Path) -> None:
    columns = COLUMNS | {"status": "Status"}
    text = f"{HEADING},Status\ntxr_1,2026-11-02,10.00,Diner,6440,Done\ntxr_2,2026-11-02,1.00,Diner,6440,\n"
    refused = await refusal(path, text, columns=columns)
    assert [(one.line, one.column) for one in refused.problems] == [(2, "Status"), (3, "Status")]
    assert 'cleared = ["Cleared"]' in refused.problems[0].sentence
    source = CsvSource(path, columns, company="Harbor", cleared=["done"])
    [page] = [page async for page in source.transactions(None)]
    assert [one.kind.name for one in page.transactions] == ["CLEAR", "AUTHORIZATION"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("CLEARED", "CLEAR"),
        ("Posted", "CLEAR"),
        ("On hold", "AUTHORIZATION"),
        ("APPROVED", "AUTHORIZATION"),
        ("Voided", "DECLINE"),
        ("declined", "DECLINE"),
        ("", None),
        ("Maybe", None),
    ],
)
def test_the_words_of_a_status(word: str, kind: str | None) -> None:
    found = kind_of(word)
    assert (found.name if found else None) == kind


@pytest.mark.parametrize(
    ("heading", "values", "asks"),
    [
        ("State", ("OR", "WA"), True),
        ("State", ("Cleared", "Cleared"), False),
        ("Transaction Status", ("Pending", "Pending"), True),
        ("Type", ("Purchase", "Refund"), False),
        ("Transaction Type", ("Purchase", "Authorization"), True),
        ("Status note", ("a", "b"), False),
    ],
)
async def test_which_unmapped_columns_are_asked_about(
    path: Path, heading: str, values: tuple[str, str], asks: bool
) -> None:
    rows = [f"txr_{at},2026-11-0{at + 1},10.00,Diner,6440,{value}" for at, value in enumerate(values)]
    text = "\n".join([f"{HEADING},{heading}", *rows, ""])
    writes(path, text)
    if asks:
        assert f'status = "{heading}"' in str(await refusal(path, text))
    source = CsvSource(path, COLUMNS, company="Harbor", ignore=[heading] if asks else [])
    assert sum([len(page.transactions) async for page in source.transactions(None)]) == 2


# --- zones ------------------------------------------------------------------------------------------------------------

UTC_ROWS = f"{HEADING}\ntxr_a,2026-11-01 02:30:00 {{zone}},10.00,Diner,6440\n"


@pytest.fixture(params=["Asia/Tokyo", "America/New_York", "UTC"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own zone, which must not matter."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("date_format", "zone", "day"),
    [
        ("%Y-%m-%d %H:%M:%S %Z", "UTC", date(2026, 10, 31)),
        ("%Y-%m-%d %H:%M:%S %Z", "GMT", date(2026, 10, 31)),
        ("%Y-%m-%d %H:%M:%S %Z", "Z", date(2026, 10, 31)),
        ("%Y-%m-%d %H:%M:%S %Z", "-0700", date(2026, 11, 1)),
        ("%Y-%m-%d %H:%M:%S %z", "+00:00", date(2026, 10, 31)),
        ("%Y-%m-%d %H:%M:%S UTC", "UTC", date(2026, 10, 31)),
        ("%Y-%m-%d %H:%M:%S", "", date(2026, 11, 1)),
    ],
)
async def test_a_zone_in_a_date_is_honoured(harbor: World, path: Path, date_format: str, zone: str, day: date) -> None:
    writes(path, UTC_ROWS.format(zone=zone).replace(" ,", ","))
    connection = await connect_file(harbor, path, date_format=date_format)
    await harbor.sync(connection)
    [record] = harbor.intacct.state(limit=10)["ledger"]["transactions"]
    assert record["date"] == day.isoformat()


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("zone", ["JST", "EST", "PST", "CET", "BST"])
async def test_any_other_zone_name_is_refused_on_every_machine(path: Path, zone: str) -> None:
    refused = await refusal(path, UTC_ROWS.format(zone=zone), date_format="%Y-%m-%d %H:%M:%S %Z")
    assert (refused.problems[0].line, refused.problems[0].column) == (2, "Date")
    assert f"names the time zone {zone}" in str(refused)
    in_format = await refusal(path, UTC_ROWS.format(zone=zone), date_format=f"%Y-%m-%d %H:%M:%S {zone}")
    assert f"names the time zone {zone}" in str(in_format)


# --- IDs that a spreadsheet made, and the same row under another ID ---------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "line", "words"),
    [
        (["1.23457E+15", "1.23458E+15"], 2, "its last digits are lost"),
        (["T-1", "#N/A"], 3, "an error of a spreadsheet"),
        (["T-1", "#REF!"], 3, "an error of a spreadsheet"),
        (["T-1", "######"], 3, "an error of a spreadsheet"),
        (["1", "2", "3"], 2, "row numbers"),
        (["3", "2", "1"], 2, "row numbers"),
        (["2", "3"], 2, "row numbers"),
        (["0012345", "12346"], 3, "leading zeros may be lost"),
        (["1234567890123450", "1234567890123460"], 2, "has lost their last digits"),
    ],
)
async def test_an_id_that_only_a_spreadsheet_makes_is_refused_with_what_to_change(
    path: Path, ids: list[str], line: int, words: str
) -> None:
    rows = [f"{name},2026-11-0{at + 1},1{at}.00,Diner,6440" for at, name in enumerate(ids)]
    refused = await refusal(path, "\n".join([HEADING, *rows, ""]))
    assert refused.problems[0].line == line
    assert words in str(refused)


@pytest.mark.parametrize(
    ("ids", "read"),
    [
        (['"=""00123"""', '"=""00124"""'], ["00123", "00124"]),
        (["81", "82", "83"], ["81", "82", "83"]),
        (["5E12", "5E13"], ["5E12", "5E13"]),
        (["1234567890123450", "1234567890123461"], ["1234567890123450", "1234567890123461"]),
    ],
)
async def test_ids_that_can_be_undone_or_are_ids_are_read(path: Path, ids: list[str], read: list[str]) -> None:
    rows = [f"{name},2026-11-0{at + 1},1{at}.00,Diner,6440" for at, name in enumerate(ids)]
    writes(path, "\n".join([HEADING, *rows, ""]))
    [page] = [page async for page in CsvSource(path, COLUMNS, company="Harbor").transactions(None)]
    assert [one.uuid for one in page.transactions] == read


async def test_the_same_row_under_another_id_waits_and_posts_when_somebody_says_it_is_another(
    tmp_path: Path, path: Path
) -> None:
    writes(path, f"{HEADING}\n0012345,2026-11-02,10.00,Diner,6440\n0012346,2026-11-03,11.00,Cab,6440\n")
    async with office(tmp_path, cards=("0000",)) as made:
        made.far.clock.now = made.clock()
        one = await connect_file(made.far, path)
        await made.far.sync(one)
        assert booked(made.far) == [Decimal("10.00"), Decimal("11.00")]

        writes(path, f"{HEADING}\n12345,2026-11-02,10.00,Diner,6440\n12347,2026-11-03,11.00,Taxi,6440\n")
        seen = await preview(made.far.parts.reach, one)
        assert [row.verdict.category if row.verdict else "" for row in seen.rows] == ["held.twin", ""]
        await made.room.in_(LEE).types("sync")
        asked = await made.room.reads("1 transaction looks like one that posted already")
        assert "under another ID" in asked["text"]
        assert sum(booked(made.far)) == Decimal("32.00")
        await made.room.presses("1 transaction looks like one that posted already", "Post both")
        await made.room.reads("Solved: 1 transaction posted")
        assert sum(booked(made.far)) == Decimal("42.00")


async def test_two_alike_in_one_file_are_one_posting_and_a_question(harbor: World, path: Path) -> None:
    rows = [
        "txr_1,2026-11-02,10.00,Diner,6440",
        "txr_2,2026-11-02,10.00,diner,6440",
        "txr_3,2026-11-03,10.00,Diner,6440",
    ]
    writes(path, "\n".join([HEADING, *rows, ""]))
    connection = await connect_file(harbor, path)
    await harbor.sync(connection)
    await again(harbor, connection)
    assert booked(harbor) == [Decimal("10.00"), Decimal("10.00")]
    assert (await states(harbor, connection))["txr_2"] == (PostingState.HELD, "held.twin")
