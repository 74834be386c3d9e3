"""Unknown outcomes: what a look-up proves, when the same body goes out again, and that nobody waits for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.intacct.records import FoundRecord
from bot.models import AttemptState, Fault, Level, PostingState, RawError, RunState
from bot.store import connections, runs, tables
from bot.store.attempts import Attempt
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.store.rows import to_json
from bot.sync.settle import adopt, agrees, may_send_again, next_look, refused_for
from tests.moved import HALF, calm, card, few_cards, ledger, lose, one_at_a_time, proved, rows, states  # noqa: F401  # few_cards is the fixture `harbor`
from tests.world import NOON, World

CARD = "Spend Center CC Object"

POSTED, UNKNOWN, HELD, FAILED = PostingState.POSTED, PostingState.UNKNOWN, PostingState.HELD, PostingState.FAILED
AFTER = timedelta(minutes=20)
ATTEMPT = Attempt(7, 3, 1, "cc-1", "100", 1, 1, AttemptState.UNKNOWN, "<function/>", False, 0, NOON, None, "", None)
DEPARTMENT = to_json(Fault(Level.FUNCTION, (RawError("BL01001973", "", "Account 6420 requires a department."),)))
REPLAYED = to_json(Fault(Level.FUNCTION, (RawError("XL03000011", "", "The function was already executed."),)))
SESSION = to_json(Fault(Level.FUNCTION, (RawError("XL03000006", "", "Invalid session. Sign in again."),)))
LOCKED = to_json(Fault(Level.FUNCTION, (RawError("", "", "The record is locked by another user. Try again."),)))
RATE = to_json(Fault(Level.FUNCTION, (RawError("", "", "No exchange rate found for EUR on 10/31/2026."),)))
MYSTERY = to_json(Fault(Level.FUNCTION, (RawError("ZZ1", "", "The flux is misaligned."),)))


# --- pure -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("looked", "minutes", "again"), [(0, 30, False), (1, 19, False), (1, 20, True), (5, 20, True), (0, 19, False)]
)
def test_the_same_body_goes_out_again_after_two_looks_and_the_settling_time(
    looked: int, minutes: int, again: bool
) -> None:
    attempt = replace(ATTEMPT, looked=looked)
    assert may_send_again(attempt, NOON + timedelta(minutes=minutes), AFTER) is again


def test_a_second_send_that_was_answered_with_it_ran_before_is_not_followed_by_a_third() -> None:
    replayed = replace(ATTEMPT, looked=4, resent=True, state=AttemptState.REFUSED, fault=REPLAYED)
    assert not may_send_again(replayed, NOON + AFTER, AFTER)
    assert may_send_again(replace(replayed, state=AttemptState.UNKNOWN, fault=None), NOON + AFTER, AFTER)


@pytest.mark.parametrize(
    ("changes", "witnessed", "category"),
    [
        ({"fault": DEPARTMENT}, True, "dimension.required"),
        ({"fault": DEPARTMENT}, False, "dimension.required"),
        ({"fault": REPLAYED}, True, "unknown"),
        ({"fault": REPLAYED}, False, None),
        ({"fault": MYSTERY}, True, "unknown"),
        ({"fault": MYSTERY}, False, None),
        ({"fault": SESSION}, True, None),
        ({"fault": LOCKED}, True, None),
        ({"fault": RATE}, True, "currency"),
        ({"fault": DEPARTMENT, "resent": False}, True, None),
        ({"fault": DEPARTMENT, "looked": 0}, True, None),
        ({"fault": DEPARTMENT, "committed": NOON + timedelta(seconds=1)}, True, None),
        ({"fault": DEPARTMENT, "state": AttemptState.UNKNOWN}, True, None),
    ],
)
def test_a_refused_second_send_is_believed_only_after_another_settling_time(
    changes: dict[str, Any], witnessed: bool, category: str | None
) -> None:
    attempt = replace(ATTEMPT, looked=1, resent=True, state=AttemptState.REFUSED)
    verdict = refused_for(replace(attempt, **changes), NOON + AFTER, AFTER, witnessed=witnessed)
    assert (verdict and verdict.category) == category


def test_the_next_look_comes_when_it_can_decide_something_and_never_in_a_hot_loop() -> None:
    assert next_look(ATTEMPT, NOON, AFTER) == 1201
    assert next_look(ATTEMPT, NOON + AFTER * 2, AFTER) == 1
    assert next_look(replace(ATTEMPT, looked=6), NOON + AFTER * 2, AFTER) == 64
    assert next_look(replace(ATTEMPT, looked=40), NOON + AFTER * 2, AFTER) == 1200


async def test_a_record_is_ours_only_if_everything_agrees(harbor: World) -> None:
    portland = await card(harbor)
    await harbor.sync(portland)
    row = (await rows(harbor, portland))[0]
    found = _record(row)

    assert agrees(row, found, CARD)
    for wrong in (
        replace(found, reference="other"),
        replace(found, date=row.date + timedelta(days=1)),
        replace(found, date=None),
        replace(found, total=row.amount + Decimal("0.01")),
        replace(found, total=-row.amount),
        replace(found, total=None),
        replace(found, currency="CAD"),
        replace(found, state="Reversed"),
        replace(found, state="Reversal"),
        replace(found, state="Reversal", reversal_key="9"),
        replace(found, reversed_key="9"),
        replace(found, state="Draft"),
        replace(found, raw_state="V"),
        replace(found, card="Another card"),
    ):
        assert not agrees(row, wrong, CARD), wrong
        assert adopt(row, None, [wrong], CARD).state is HELD
    for ours in (found, replace(found, card=CARD), replace(found, card=f"{CARD}--Spend Center")):
        assert adopt(row, None, [ours], CARD).state is POSTED
    twice = adopt(row, None, [found, replace(found, record_no="2")], CARD)
    assert twice.state is HELD
    assert twice.verdict is not None
    assert twice.verdict.detail("records") == f"{found.record_no}, 2"
    moved = replace(row, decision={"date": "2026-11-01"})
    assert agrees(moved, replace(found, date=date(2026, 11, 1)), CARD)
    assert not agrees(moved, found, CARD)


def _record(row: Posting) -> FoundRecord:
    money = {"TRX_TOTALENTERED": str(row.amount), "CURRENCY": "USD"}
    texts = {"STATE": "Posted", "RAWSTATE": "A", "MEGAENTITYID": "100", "CLEARED": "F"}
    day = row.date.strftime("%m/%d/%Y")
    return FoundRecord.from_row(
        {"RECORDNO": row.record_no, "RECORDID": row.reference, "WHENCREATED": day, **money, **texts}
    )


# --- refused second sends -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["function", "function_named", "control"])
@pytest.mark.parametrize("failed_ids", ["reusable", "spent"])
async def test_a_failure_whose_answer_was_lost_is_known_in_the_end_whatever_a_spent_id_is_answered(
    harbor: World, shape: str, failed_ids: str
) -> None:
    """Six of twelve are refused by Intacct, and no answer arrives: the others prove themselves, these are settled too."""
    portland = await card(harbor, HALF)
    await one_at_a_time(harbor, portland)
    await harbor.intacct.control("set_replay", {"shape": shape, "failed_ids": failed_ids})
    await harbor.intacct.control("fault", {"kind": "drop_after_commit", "match": "record_cctransaction"})

    await harbor.sync(portland)
    assert (await states(harbor, portland)) == {POSTED: 6, UNKNOWN: 6}, "the second turn has read what was booked"
    for _ in range(4):
        harbor.clock.pass_(minutes=21)
        await harbor.sync(portland)

    assert (await states(harbor, portland)) == {POSTED: 6, FAILED: 6}
    cause = {row.category for row in await rows(harbor, portland, FAILED)}
    assert cause == ({"config.gl_account"} if failed_ids == "reusable" else {"unknown"})
    failed = [row.id for row in await rows(harbor, portland, FAILED)]
    await harbor.intacct.control(
        "save_record", {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6215", "STATUS": "active"}}
    )
    await harbor.sync(portland, retry=failed)
    await calm(harbor, portland)
    await proved(harbor, portland, 12)


async def test_a_second_send_that_is_lost_too_is_sent_a_third_time(harbor: World) -> None:
    portland = await card(harbor)
    await one_at_a_time(harbor, portland)
    await harbor.intacct.control("fault", {"kind": "drop_before", "count": 3, "match": "record_cctransaction"})

    await harbor.sync(portland)
    harbor.clock.pass_(minutes=21)
    await harbor.sync(portland)
    assert (await states(harbor, portland)) == {UNKNOWN: 10}
    await calm(harbor, portland)

    await proved(harbor, portland, 10)


async def test_a_second_send_that_never_left_is_sent_later(harbor: World) -> None:
    portland = await card(harbor)
    await one_at_a_time(harbor, portland)
    await harbor.intacct.control("fault", {"kind": "drop_before", "match": "record_cctransaction"})
    await harbor.sync(portland)
    harbor.clock.pass_(minutes=21)
    await harbor.intacct.control("fault", {"kind": "rate_limit", "count": 2, "match": "record_cctransaction"})

    run = await harbor.sync(portland)

    assert (run.state, run.category) == (RunState.STOPPED, "limit.rate")
    assert (await states(harbor, portland)) == {UNKNOWN: 10}
    await calm(harbor, portland)
    await proved(harbor, portland, 10)


async def test_a_second_send_whose_session_ended_within_it_waits_for_nobody_and_goes_out_once_more(
    harbor: World,
) -> None:
    portland = await card(harbor)
    await one_at_a_time(harbor, portland)
    await harbor.intacct.control("fault", {"kind": "drop_before", "match": "record_cctransaction"})
    await harbor.sync(portland)
    harbor.clock.pass_(minutes=21)
    await harbor.intacct.control("fault", {"kind": "expire_session", "after": 2, "match": "record_cctransaction"})

    await harbor.sync(portland)
    assert (await states(harbor, portland)) == {POSTED: 7, UNKNOWN: 3}
    for _ in range(2):
        harbor.clock.pass_(minutes=9)
        await harbor.sync(portland)
    assert (await states(harbor, portland)) == {POSTED: 7, UNKNOWN: 3}, "not before another settling time"
    harbor.clock.pass_(minutes=3)
    await harbor.sync(portland)

    await proved(harbor, portland, 10)
    assert {row.try_no for row in await rows(harbor, portland)} == {1}, "an unknown keeps its id"


# --- witnesses ----------------------------------------------------------------------------------------------------------


async def test_the_very_first_batch_lost_with_nothing_posted_yet_is_posted_once(harbor: World) -> None:
    portland = await card(harbor)
    await one_at_a_time(harbor, portland)
    await harbor.intacct.control("fault", {"kind": "drop_before", "match": "record_cctransaction"})
    await harbor.sync(portland)
    assert ledger(harbor) == []

    await calm(harbor, portland)

    await proved(harbor, portland, 10)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after_commit"])
async def test_a_look_up_that_misses_its_witness_is_no_answer_and_nothing_new_is_posted_meanwhile(
    harbor: World, kind: str
) -> None:
    portland = await card(harbor)
    await harbor.sync(portland)
    await buy(harbor, 3)
    with_answers = harbor.parts.reach.settle_after
    await lose(harbor, portland, kind)
    assert (await states(harbor, portland)) == {POSTED: 10, UNKNOWN: 3}
    table = harbor.intacct.gateway.company.tables["CCTRANSACTION"].rows
    hidden = dict(table)
    table.clear()  # as if the user could not see what is there
    for minutes in (1, 60):
        harbor.clock.pass_(minutes=minutes)
        await buy(harbor, 1)

        run = await harbor.sync(portland)

        assert (run.state, run.category, run.posted) == (RunState.STOPPED, "outcome.unknown", 0)
        assert table == {}, "nothing was sent, neither again nor anew"
    assert harbor.parts.reach.settle_after == with_answers
    table.update(hidden)

    await calm(harbor, portland)

    await proved(harbor, portland, 15)


async def test_an_old_record_that_somebody_deleted_is_no_reason_to_see_nothing_for_ever(harbor: World) -> None:
    portland = await card(harbor)
    await harbor.sync(portland)
    harbor.clock.pass_(hours=2)
    table = harbor.intacct.gateway.company.tables["CCTRANSACTION"].rows
    newest = max(table)
    gone = table.pop(newest)
    await buy(harbor, 2)
    await harbor.intacct.control("fault", {"kind": "drop_after_commit", "count": 2, "match": "record_cctransaction"})

    await calm(harbor, portland)

    assert len(await rows(harbor, portland, POSTED)) == 12
    assert gone["RECORDID"] not in harbor.booked()
    assert len(harbor.booked()) == 11


async def test_a_new_record_that_a_look_up_misses_makes_it_no_answer(harbor: World) -> None:
    """What was posted last shows last: an index that lags would hide the lost ones as well."""
    portland = await card(harbor)
    await harbor.sync(portland)
    table = harbor.intacct.gateway.company.tables["CCTRANSACTION"].rows
    newest = max(table)
    lagging = table.pop(newest)
    await buy(harbor, 2)
    await harbor.intacct.control("fault", {"kind": "drop_before", "count": 2, "match": "record_cctransaction"})

    run = await harbor.sync(portland)

    assert (run.state, run.category) == (RunState.STOPPED, "outcome.unknown")
    table[newest] = lagging
    await calm(harbor, portland)
    await proved(harbor, portland, 12)


# --- records that are not quite ours --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("TRX_TOTALENTERED", Decimal("1.00")),
        ("WHENCREATED", date(2026, 11, 2)),
        ("STATE", "Reversed"),
        ("STATE", "Draft"),
    ],
)
async def test_a_record_that_disagrees_asks_and_is_taken_once_somebody_mended_it(
    harbor: World, field: str, wrong: object
) -> None:
    portland = await card(harbor)
    await lose(harbor, portland)
    record = next(iter(harbor.intacct.gateway.company.tables["CCTRANSACTION"].rows.values()))
    right, record[field] = record[field], wrong

    await harbor.sync(portland)

    asked = await rows(harbor, portland, HELD)
    assert [(row.category, row.reference) for row in asked] == [("duplicate.record", record["RECORDID"])]
    assert (await states(harbor, portland)) == {POSTED: 9, HELD: 1}
    for _ in range(3):  # neither time nor a new look at the source sends it
        harbor.clock.pass_(minutes=30)
        await connections.set_watermark(harbor.parts.store, portland.id, None)
        await harbor.sync(portland)
    assert (await states(harbor, portland)) == {POSTED: 9, HELD: 1}
    record[field] = right
    await harbor.sync(portland)
    await proved(harbor, portland, 10)


async def test_a_second_record_under_our_reference_asks_and_settles_when_it_is_gone(harbor: World) -> None:
    portland = await card(harbor)
    await lose(harbor, portland)
    table = harbor.intacct.gateway.company.tables["CCTRANSACTION"].rows
    first = next(iter(table.values()))
    table[99_001] = {**first, "RECORDNO": 99_001}

    await harbor.sync(portland)

    assert (await states(harbor, portland)) == {POSTED: 9, HELD: 1}
    asked = (await rows(harbor, portland, HELD))[0]
    assert asked.details == {"records": f"{first['RECORDNO']}, 99001"}
    del table[99_001]
    await harbor.sync(portland)
    await proved(harbor, portland, 10)


async def test_a_strange_record_under_our_reference_that_is_deleted_makes_way_for_ours(harbor: World) -> None:
    portland = await card(harbor)
    await harbor.sync(portland)
    strange = ledger(harbor)[0]["reference"]
    record = next(
        row
        for row in harbor.intacct.gateway.company.tables["CCTRANSACTION"].rows.values()
        if row["RECORDID"] == strange
    )
    record["TRX_TOTALENTERED"] = Decimal("1.00")
    await forget(harbor, portland, strange)
    harbor.clock.pass_(hours=1)

    await harbor.sync(portland)
    assert [row.category for row in await rows(harbor, portland, HELD)] == ["duplicate.record"]
    del harbor.intacct.gateway.company.tables["CCTRANSACTION"].rows[record["RECORDNO"]]
    harbor.intacct.gateway.executed.clear()  # it was another system's, so the id is not spent
    await harbor.sync(portland)

    await proved(harbor, portland, 10)


# --- after a start, a restore, a reconnect ----------------------------------------------------------------------------------


async def forget(harbor: World, connection: Connection, *references: str) -> None:
    """Our side as a backup from before these were posted had it, in a process that was started since."""
    chosen = tables.postings.c.reference.in_(references)
    ours = tables.postings.select().with_only_columns(tables.postings.c.id).where(chosen)
    async with harbor.parts.store.begin() as db:
        await db.execute(tables.attempts.delete().where(tables.attempts.c.posting_id.in_(ours)))
        await db.execute(tables.postings.delete().where(chosen))
    await connections.set_watermark(harbor.parts.store, connection.id, None)
    harbor.parts.reach.looked.clear()


@pytest.mark.parametrize("replay", ["reusable", "spent"])
@pytest.mark.parametrize("all_of_them", [False, True])
async def test_a_restored_backup_finds_what_it_has_forgotten_and_posts_nothing_twice(
    harbor: World, replay: str, all_of_them: bool
) -> None:
    portland = await card(harbor, HALF)
    await harbor.intacct.control("set_replay", {"failed_ids": replay})
    await harbor.sync(portland)
    await harbor.intacct.control(
        "save_record", {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6215", "STATUS": "active"}}
    )
    await harbor.sync(portland, retry=[row.id for row in await rows(harbor, portland, FAILED)])
    await proved(harbor, portland, 12)  # six of them under the id of their second try, which the backup does not know
    posted = await rows(harbor, portland)
    await forget(harbor, portland, *(row.reference for row in (posted if all_of_them else posted[3:])))

    run = await harbor.sync(portland)

    assert run.state == RunState.FINISHED
    await proved(harbor, portland, 12)
    found = [event for event in await runs.told(harbor.parts.store, portland.id) if event.what == "settled"]
    assert len(found) == (12 if all_of_them else 9)


async def test_a_backup_in_which_rows_had_failed_finds_them_posted_before_anybody_retries(harbor: World) -> None:
    portland = await card(harbor, HALF)
    await harbor.sync(portland)
    before = await rows(harbor, portland, FAILED)
    await harbor.intacct.control(
        "save_record", {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6215", "STATUS": "active"}}
    )
    await harbor.sync(portland, retry=[row.id for row in before])
    async with harbor.parts.store.begin() as db:
        for row in before:
            old = {"state": FAILED, "record_no": "", "posted": None, "category": row.category, "subject": row.subject}
            change = tables.postings.update().where(tables.postings.c.id == row.id)
            await db.execute(change.values(**old, try_no=row.try_no))
    harbor.parts.reach.looked.clear()

    await harbor.sync(portland)

    await proved(harbor, portland, 12)


async def test_a_run_that_another_process_took_over_in_the_middle_looks_first_as_well(harbor: World) -> None:
    portland = await card(harbor)
    await harbor.sync(portland)
    key = {"connection_id": portland.id, "trigger": "person", "run_key": "taken over"}
    async with harbor.parts.store.begin() as db:
        await db.execute(tables.postings.update().values(state=PostingState.PENDING, record_no="", posted=None))
    harbor.parts.reach.looked.clear()  # the process that did the first turn died here

    while await harbor.parts.runner.sync(1, **key):
        pass

    await proved(harbor, portland, 10)


async def test_a_source_that_was_not_read_whole_keeps_the_first_look_for_the_next_run(harbor: World) -> None:
    portland = await card(harbor)
    unreadable = next(row for row in harbor.spend.books.transactions if row["cardUuid"] == "crd_7718")
    unreadable["amount"], right = "a lot", unreadable["amount"]

    run = await harbor.sync(portland)
    assert run.skipped is not None
    assert run.skipped["could not be read"] == 1
    assert portland.id not in harbor.parts.reach.looked
    kept = await connections.get_connection(harbor.parts.store, portland.id)
    assert kept is not None
    assert kept.watermark is None
    unreadable["amount"] = right
    await harbor.sync(portland)

    assert portland.id in harbor.parts.reach.looked
    await proved(harbor, portland, 10)


async def test_check_now_settles_at_once_and_ends_the_intent(harbor: World) -> None:
    portland = await card(harbor)
    store = harbor.parts.store
    await lose(harbor, portland)
    asked = await runs.add_intent(store, portland.workspace_id, "settle", "U0LEE", {}, harbor.clock())

    await harbor.parts.runner.settle(0, connection_id=portland.id, intent=asked.id)

    await proved(harbor, portland, 10)
    done = await runs.get_intent(store, asked.id)
    assert done is not None
    assert done.done is not None
    last = await runs.last_runs(store, portland.id, 5)
    assert {run.state for run in last} == {RunState.FINISHED, RunState.STOPPED}, "nobody is said to be at work"


async def test_a_pause_lets_look_ups_go_on_and_sends_nothing(harbor: World) -> None:
    portland = await card(harbor)
    await lose(harbor, portland, "drop_before")
    await connections.change_connection(harbor.parts.store, portland.id, state="paused")
    for _ in range(3):
        harbor.clock.pass_(minutes=21)
        await harbor.parts.runner.settle(0, connection_id=portland.id)
    assert ledger(harbor) == []
    await connections.change_connection(harbor.parts.store, portland.id, state="active")

    await calm(harbor, portland)

    await proved(harbor, portland, 10)


async def buy(harbor: World, n: int) -> None:
    """More purchases on the clean card, coded as its others are."""
    model = next(
        row
        for row in harbor.story.spend["transactions"]
        if row["cardUuid"] == "crd_3370" and row["transactionType"] == "CLEAR"
    )
    fields = {
        entry["name"]: entry["selectedValues"][0]["value"] for entry in model["customFields"] if entry["selectedValues"]
    }
    day = harbor.clock().date().isoformat()
    for number in range(n):
        made = {"card": "3370", "amount": f"{number + 1}.25", "merchant": f"Stall {number}", "date": day}
        await harbor.spend.control("add_transaction", {**made, "fields": fields})
