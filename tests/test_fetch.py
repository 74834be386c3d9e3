"""From the source into our rows: each transaction once, whatever it was before and whoever reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from bot.models import PostingState, RunState, Selector
from bot.store import connections, postings
from bot.store.connections import Connection
from bot.store.postings import CHANGED, Posting
from bot.sync.fetch import AHEAD
from tests.moved import CLEAN, HALF, calm, card, few_cards, ledger, proved, rows, states  # noqa: F401  # few_cards is the fixture `harbor`
from tests.world import World

POSTED, HELD, PENDING, FAILED = PostingState.POSTED, PostingState.HELD, PostingState.PENDING, PostingState.FAILED


def coding(harbor: World) -> dict[str, str]:
    """How the purchases of the clean card are coded, by field name."""
    cards = [row for row in harbor.story.spend["transactions"] if row["cardUuid"] == f"crd_{CLEAN}"]
    return {one["name"]: one["selectedValues"][0]["value"] for one in cards[0]["customFields"] if one["selectedValues"]}


async def buy(harbor: World, amount: str = "12.50", **changes: Any) -> str:
    day = harbor.clock().date().isoformat()
    made = {"card": CLEAN, "amount": amount, "merchant": "Stall", "date": day, "fields": coding(harbor)}
    answer = await harbor.spend.control("add_transaction", made | changes)
    return str(answer["transaction"]["uuid"])


async def row_of(harbor: World, connection: Connection, uuid: str) -> Posting:
    found = await postings.known(harbor.parts.store, connection.spend_company, [uuid])
    return found[uuid]


async def settled(harbor: World) -> Connection:
    """The clean card with all that it has posted, and known to both sides."""
    portland = await card(harbor)
    await harbor.sync(portland)
    await proved(harbor, portland, 10)
    found = await connections.get_connection(harbor.parts.store, portland.id)
    assert found is not None
    return found


@pytest.mark.parametrize("variant", ["same_uuid", "new_uuid"])
async def test_an_authorisation_posts_when_it_clears_and_then_once(harbor: World, variant: str) -> None:
    portland = await settled(harbor)
    uuid = await buy(harbor, authorize=True)
    run = await harbor.sync(portland)
    assert run.skipped is not None
    assert run.skipped["not cleared yet"] >= 1
    await proved(harbor, portland, 10)

    await harbor.spend.control("clear_authorization", {"uuid": uuid, "variant": variant, "amount": "14.00"})
    for _ in range(2):
        await harbor.sync(portland)

    await proved(harbor, portland, 11)
    assert ledger(harbor)[0]["total"] == "14.00"


async def test_a_second_clear_just_like_the_first_asks_and_stays_asking(harbor: World) -> None:
    portland = await settled(harbor)
    uuid = await buy(harbor, authorize=True)
    await harbor.spend.control("clear_authorization", {"uuid": uuid, "variant": "new_uuid"})
    first = next(row for row in harbor.spend.books.transactions if row["originalAuthTransactionUuid"] == uuid)
    twin = {**first, "uuid": "txr_twin", "id": "twin", "complete": False}
    harbor.spend.books.add(twin)
    await harbor.sync(portland)
    assert (await row_of(harbor, portland, "txr_twin")).category == "source.incomplete"

    await harbor.spend.control("set_complete", {"uuid": "txr_twin"})
    for _ in range(2):
        await harbor.sync(portland)
    held = await row_of(harbor, portland, "txr_twin")
    assert (held.state, held.category) == (HELD, "held.twin"), "whole now, and a twin all the same"

    await postings.move(
        harbor.parts.store,
        [held.id],
        source=[HELD],
        target=PENDING,
        now=harbor.clock(),
        decision={"twin": "both"},
        category="",
        subject="",
        details=None,
    )
    await harbor.sync(portland)
    await proved(harbor, portland, 12)


async def test_a_row_that_cannot_be_read_harms_no_other_and_keeps_the_watermark(harbor: World) -> None:
    portland = await settled(harbor)
    uuid = await buy(harbor)
    other = await buy(harbor, "8.00")
    bad = harbor.spend.books.find(uuid)
    assert bad is not None
    bad["amount"], right = "a lot", bad["amount"]

    run = await harbor.sync(portland)

    assert run.state == RunState.FINISHED
    assert (await row_of(harbor, portland, other)).state == POSTED
    kept = await connections.get_connection(harbor.parts.store, portland.id)
    assert kept is not None
    assert kept.watermark == portland.watermark
    bad["amount"] = right
    await harbor.sync(portland)
    await proved(harbor, portland, 12)


async def test_a_waiting_row_that_cannot_be_read_again_does_not_stop_the_run(harbor: World) -> None:
    portland = await settled(harbor)
    uuid = await buy(harbor)
    await harbor.spend.control("set_complete", {"uuid": uuid, "complete": False})
    await harbor.sync(portland)
    harbor.clock.pass_(days=5)
    await buy(harbor, "3.00")
    await harbor.sync(portland)
    bad = harbor.spend.books.find(uuid)
    assert bad is not None
    bad["amount"], right = "a lot", bad["amount"]

    run = await harbor.sync(portland)
    assert run.state == RunState.FINISHED, run.category
    assert (await row_of(harbor, portland, uuid)).state == HELD

    bad["amount"], bad["complete"] = right, True  # without a new `updatedTime`: only asking by id shows it
    await harbor.sync(portland)
    await proved(harbor, portland, 12)


async def test_the_watermark_is_the_newest_change_and_never_a_day_that_is_far_ahead(harbor: World) -> None:
    portland = await settled(harbor)
    newest = max(row["updatedTime"] for row in harbor.spend.books.transactions)
    assert portland.watermark == datetime.fromisoformat(newest)
    uuid = await buy(harbor)
    mad = harbor.spend.books.find(uuid)
    assert mad is not None
    mad["updatedTime"] = "2099-01-01T00:00:00.000+00:00"
    await harbor.sync(portland)
    after = await connections.get_connection(harbor.parts.store, portland.id)
    assert after is not None
    assert after.watermark is not None
    assert after.watermark <= harbor.clock() + AHEAD
    await buy(harbor, "9.00")
    await harbor.sync(portland)
    await proved(harbor, portland, 12)


async def test_a_source_that_stops_in_the_middle_keeps_what_came_and_is_read_again(harbor: World) -> None:
    portland = await card(harbor)
    await harbor.spend.control("fault", {"kind": "unauthorized", "after": 4})

    run = await harbor.sync(portland)

    assert (run.state, run.category) == (RunState.STOPPED, "source.auth")
    broken = await connections.get_connection(harbor.parts.store, portland.id)
    assert broken is not None
    assert (broken.state, broken.watermark) == ("broken", None)
    assert ledger(harbor) == []
    await harbor.sync(portland)  # a person asks, and the source lets us in again
    await proved(harbor, portland, 10)
    whole = await connections.get_connection(harbor.parts.store, portland.id)
    assert whole is not None
    assert whole.state == "active"


async def test_a_source_that_is_down_stops_the_run_and_what_a_person_asked_for_is_not_lost(harbor: World) -> None:
    portland = await card(harbor, HALF)
    await harbor.sync(portland)
    mended = {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6215", "STATUS": "active"}}
    await harbor.intacct.control("save_record", mended)
    failed = [row.id for row in await rows(harbor, portland, FAILED)]
    await harbor.spend.control("fault", {"kind": "unauthorized"})

    stopped = await harbor.sync(portland, retry=failed)

    assert stopped.state == RunState.STOPPED
    open_causes = await postings.causes(harbor.parts.store, portland.id)
    assert [(one.category, one.n) for one in open_causes] == [("config.gl_account", 6)], "nobody calls it solved"
    await harbor.sync(portland)  # nobody has to press again
    await proved(harbor, portland, 12)


# --- changes at the source --------------------------------------------------------------------------------------------------


async def test_a_change_after_the_posting_asks_and_a_change_back_takes_the_question_back(harbor: World) -> None:
    portland = await settled(harbor)
    uuid = await buy(harbor)
    await harbor.sync(portland)
    await harbor.spend.control("edit_transaction", {"uuid": uuid, "amount": "99.00"})
    for _ in range(2):
        await harbor.sync(portland)

    row = await row_of(harbor, portland, uuid)
    assert (row.state, row.category) == (POSTED, CHANGED)
    assert row.details is not None
    assert (row.details["old"], row.details["new"]) == ("12.50 USD on 5 Nov", "99.00 USD on 5 Nov")
    assert {one["total"] for one in ledger(harbor) if one["reference"] == row.reference} == {"12.50"}

    await harbor.spend.control("edit_transaction", {"uuid": uuid, "amount": "12.50"})
    await harbor.sync(portland)
    assert (await row_of(harbor, portland, uuid)).category == ""


async def test_a_change_that_a_person_let_stand_asks_again_only_when_it_changes_again(harbor: World) -> None:
    portland = await settled(harbor)
    uuid = await buy(harbor)
    await harbor.sync(portland)
    await harbor.spend.control("edit_transaction", {"uuid": uuid, "amount": "99.00"})
    await harbor.sync(portland)
    row = await row_of(harbor, portland, uuid)

    assert await postings.accept_change(harbor.parts.store, [row.id], harbor.clock()) == [row.id]
    await harbor.sync(portland)
    assert (await row_of(harbor, portland, uuid)).category == ""
    await harbor.spend.control("edit_transaction", {"uuid": uuid, "amount": "100.00"})
    await harbor.sync(portland)
    assert (await row_of(harbor, portland, uuid)).category == CHANGED


async def test_a_mapping_that_changes_is_no_change_at_the_source(harbor: World) -> None:
    portland = await settled(harbor)
    uuid = await buy(harbor)
    await harbor.sync(portland)
    mapping = dict(portland.mapping or {})
    values = dict.fromkeys(mapping["gl_account"]["values"], "6210")
    mapping["gl_account"] = {**mapping["gl_account"], "values": values}
    await connections.change_connection(harbor.parts.store, portland.id, mapping=mapping)
    await harbor.spend.control("add_receipt", {"uuid": uuid})

    await harbor.sync(portland)

    row = await row_of(harbor, portland, uuid)
    assert (row.category, row.receipt) == ("", "due")
    assert len(row.read().receipts) == 1, "what is to be attached is known now"


@pytest.mark.parametrize("state", [PENDING, FAILED, HELD])
async def test_what_spend_center_posts_itself_or_takes_back_is_not_posted_by_us_any_more(
    harbor: World, state: PostingState
) -> None:
    portland = await settled(harbor)
    uuid = await buy(harbor)
    await harbor.spend.control("set_complete", {"uuid": uuid, "complete": False})
    await harbor.sync(portland)
    row = await row_of(harbor, portland, uuid)
    await postings.move(harbor.parts.store, [row.id], source=[HELD], target=state, now=harbor.clock())
    await harbor.spend.control("set_complete", {"uuid": uuid})
    await harbor.spend.control("edit_transaction", {"uuid": uuid, "sync": "SYNCED"})

    await harbor.sync(portland, retry=[row.id])

    waits = await row_of(harbor, portland, uuid)
    assert (waits.state, waits.category, waits.subject) == (HELD, "source.incomplete", "posted by Spend Center itself")
    assert waits.reference not in harbor.booked()


async def test_a_setting_that_is_answered_lets_old_held_rows_go(harbor: World) -> None:
    """They are older than what a run reads from the source; what is stored of them is enough."""
    portland = await settled(harbor)
    uuid = await buy(harbor, "500.00")
    await connections.change_connection(harbor.parts.store, portland.id, options={"receipts_above": "400"})
    await harbor.sync(portland)
    assert (await row_of(harbor, portland, uuid)).category == "held.receipt"
    harbor.clock.pass_(days=9)
    await buy(harbor, "1.00")
    await harbor.sync(portland)

    await connections.change_connection(harbor.parts.store, portland.id, options={})
    await harbor.sync(portland)

    await proved(harbor, portland, 12)


# --- several connections ----------------------------------------------------------------------------------------------------


async def test_two_connections_of_one_company_never_post_the_same_row(harbor: World) -> None:
    one = await settled(harbor)
    two = await harbor.connect("100", name="Copy", selector=Selector(all=False, cards=(CLEAN,)))

    run = await harbor.sync(two)

    assert run.skipped is not None
    assert run.skipped["posted by another connection"] == 10
    await proved(harbor, one, 10)


async def test_a_new_set_up_takes_over_what_a_removed_one_left_and_posts_nothing_twice(harbor: World) -> None:
    old = await card(harbor, HALF)
    await harbor.intacct.control("fault", {"kind": "drop_after_commit", "match": "record_cctransaction"})
    for turn in range(2):
        ids = {"connection_id": old.id, "trigger": "person", "run_key": "cut"}
        await harbor.parts.runner.sync(turn, **ids)
    before = await states(harbor, old)
    assert before[PostingState.UNKNOWN] > 0
    assert before[FAILED] > 0
    await connections.remove_connection(harbor.parts.store, old.id, harbor.clock())
    mended = {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6215", "STATUS": "active"}}
    await harbor.intacct.control("save_record", mended)

    new = await harbor.connect("100", name="Again", selector=Selector(all=False, cards=(HALF,)))
    await calm(harbor, new)
    failed = [row.id for row in await rows(harbor, new, FAILED)]
    await harbor.sync(new, retry=failed)
    await calm(harbor, new)

    found = await rows(harbor, new, POSTED) + await rows(harbor, old, POSTED)
    assert {row.reference: row.amount for row in found} == harbor.booked()
    assert len(found) == 12


async def test_a_card_that_moves_to_another_connection_takes_its_waiting_rows_along(harbor: World) -> None:
    one = await settled(harbor)
    uuid = await buy(harbor)
    await harbor.spend.control("set_complete", {"uuid": uuid, "complete": False})
    await harbor.sync(one)
    two = await harbor.connect("100", name="Other", selector=Selector(all=False, cards=(CLEAN,)))
    await connections.change_connection(harbor.parts.store, one.id, selector=Selector(all=False, cards=("9999",)))
    await harbor.spend.control("set_complete", {"uuid": uuid})
    await harbor.sync(one)

    await harbor.sync(two)

    row = await row_of(harbor, one, uuid)
    assert (row.state, row.connection_id) == (POSTED, two.id)
    assert len(ledger(harbor)) == 11
