"""What happens when Spend Center changes after the posting: a person reverses, and only what is proven goes on."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, update

from bot.models import ConnectionState, PostingState
from bot.sandbox.intacct.access import all_rights
from bot.store import connections, find, postings
from bot.store.connections import Connection
from bot.store.postings import CHANGED, Posting
from bot.store.tables import attempts
from bot.store.tables import postings as table
from bot.sync import alerts as views
from bot.sync import ending, undo
from bot.sync.desk import Asked, Desk
from bot.sync.reconcile import reconcile
from tests.moved import CLEAN, card, few_cards, ledger, rows  # noqa: F401  # few_cards is the fixture `harbor`
from tests.patience import PATIENCE
from tests.test_run import desk, quiet  # noqa: F401  # `desk` is a fixture
from tests.world import World

POSTED, REVERSING, REVERSED = PostingState.POSTED, PostingState.REVERSING, PostingState.REVERSED


async def changed(harbor: World, at: Desk, **edit: Any) -> tuple[Connection, Posting, int]:
    """A connection with ten posted purchases, one of which was edited since; the row, and its alert."""
    portland = await card(harbor, CLEAN, state=ConnectionState.ACTIVE)
    await synced(harbor, at, portland)
    async with asyncio.timeout(PATIENCE):
        while await postings.receipts_due(harbor.parts.store, portland.id):  # noqa: ASYNC110  # a table rings no bell
            await asyncio.sleep(0.05)
    row = next(one for one in await rows(harbor, portland, POSTED) if len(one.read().lines) == 1)
    await harbor.spend.control("edit_transaction", {"uuid": row.transaction, **(edit or {"amount": "99.00"})})
    await synced(harbor, at, portland)
    (alert,) = await at.reconcile_alerts(portland.id)
    return portland, await now(harbor, row), alert


async def synced(harbor: World, at: Desk, connection: Connection) -> None:
    await at.request_sync(connection.id, "U0DANA")
    await quiet(harbor)


async def now(harbor: World, row: Posting) -> Posting:
    (found,) = await postings.get(harbor.parts.store, [row.id])
    return found


def booked(harbor: World, row: Posting) -> list[tuple[str, str, str]]:
    """(reference, total, state) of every record that was ever made of a transaction, oldest first."""
    bare = row.transaction.removeprefix("txr_")
    mine = [one for one in ledger(harbor) if one["reference"].startswith(bare)]
    return [
        (one["reference"], one["total"], one["state"]) for one in sorted(mine, key=lambda one: int(one["recordno"]))
    ]


async def asked(harbor: World, at: Desk, alert: int, row: Posting, day: date | None = None) -> None:
    """Dana presses, and the run that does it goes by."""
    got = await undo.reverse(at, alert, day or row.date, "U0DANA", "Dana Whitfield")
    assert got.already is None
    await quiet(harbor)


async def proved(harbor: World, connection: Connection) -> None:
    """Nothing is open or in doubt, and both sides agree to the cent."""
    found = await rows(harbor, connection)
    assert {(row.state, row.category) for row in found} <= {(POSTED, ""), (REVERSED, "")}, found
    proof = await reconcile(harbor.parts.reach, connection, harbor.story.calendar.first, harbor.clock().date())
    assert proof.differences == ()
    assert proof.difference == 0
    assert proof.matched == sum(row.state == POSTED for row in found)


async def reversals_of(harbor: World, row: Posting) -> list[tuple[str, bool]]:
    """(state, sent twice) of every attempt to reverse it."""
    past = await find.past(harbor.parts.store, row)
    return [(one.state, one.resent) for one in past.attempts if one.reverses]


async def test_what_changed_after_posting_is_reversed_and_posted_again_once_however_often_it_is_asked_for(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, row, alert = await changed(harbor, desk)
    bare, old = row.reference, f"{row.amount:.2f}"
    assert (row.state, row.category, booked(harbor, row)) == (POSTED, CHANGED, [(bare, old, "Posted")])

    clicks = (undo.reverse(desk, alert, row.date, f"U{at}", "Dana Whitfield") for at in range(5))
    done = await asyncio.gather(*clicks, return_exceptions=True)
    assert sum(isinstance(one, Asked) and one.already is None for one in done) == 1
    await quiet(harbor)

    after = await now(harbor, row)
    pair = [(bare, old, "Reversed"), (bare, f"-{old}", "Reversal")]
    assert booked(harbor, row) == [*pair, (f"{bare}-2", "99.00", "Posted")]
    assert (after.state, after.generation, after.reference, after.amount) == (POSTED, 2, f"{bare}-2", Decimal(99))
    description = next(one for one in ledger(harbor) if one["reference"] == after.reference)["description"]
    assert f"replaces record {row.record_no}" in description
    memo = next(one for one in ledger(harbor) if one["state"] == "Reversal")["description"]
    assert memo == f"{bare} | reversed by Dana Whitfield"
    await proved(harbor, portland)
    await desk.reconcile_alerts(portland.id)
    view = await views.view(harbor.parts.store, alert)
    assert view is not None
    assert (view.solved, view.records) == (True, (after.record_no,))
    past = await find.past(harbor.parts.store, after)
    turned = next(one["recordno"] for one in ledger(harbor) if one["state"] == "Reversal")
    assert [one.text for one in past.events if one.what == "reversed"] == [
        f"Record {row.record_no} is reversed by record {turned}."
    ]
    assert [one.reverses for one in past.attempts] == [False, True, False]


async def test_a_second_change_makes_a_third_generation(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, row, alert = await changed(harbor, desk)
    await asked(harbor, desk, alert, row)
    await harbor.spend.control("edit_transaction", {"uuid": row.transaction, "amount": "98.00"})
    await synced(harbor, desk, portland)
    again = next(one for one in await desk.reconcile_alerts(portland.id) if one != alert)

    await asked(harbor, desk, again, row)

    names = [(reference.removeprefix(row.reference), state) for reference, _, state in booked(harbor, row)]
    turned = ["Reversed", "Reversal"]
    assert names == [*(("", one) for one in turned), *(("-2", one) for one in turned), ("-3", "Posted")]
    await proved(harbor, portland)


@pytest.mark.parametrize("edit", [{"status": "DECLINED"}, {"amount": "0"}, {"sync": "SYNCED"}, None])
async def test_what_no_longer_stands_in_spend_center_is_reversed_and_nothing_takes_its_place(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
    edit: dict[str, str] | None,
) -> None:
    if edit is None:
        portland, row, alert = await deleted(harbor, desk)
    else:
        portland, row, alert = await changed(harbor, desk, **edit)
    assert (row.details or {})["then"] == "leave"

    await asked(harbor, desk, alert, row)

    assert (await now(harbor, row)).state == REVERSED
    assert [state for _, _, state in booked(harbor, row)] == ["Reversed", "Reversal"]
    await synced(harbor, desk, portland)
    await proved(harbor, portland)
    assert len(await rows(harbor, portland, POSTED)) == 9


async def deleted(harbor: World, at: Desk) -> tuple[Connection, Posting, int]:
    """The same, of a purchase that Spend Center deleted; it is found the day after."""
    portland = await card(harbor, CLEAN, state=ConnectionState.ACTIVE)
    await synced(harbor, at, portland)
    row = (await rows(harbor, portland, POSTED))[3]
    await harbor.spend.control("delete_transaction", {"uuid": row.transaction})
    harbor.clock.pass_(days=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ending, "REST", 0.0)
        await synced(harbor, at, portland)
        async with asyncio.timeout(PATIENCE):
            while (await now(harbor, row)).category != CHANGED:  # noqa: ASYNC110  # a job sets no event of ours
                await asyncio.sleep(0.05)
    assert [one.id for one in await rows(harbor, portland) if one.category] == [row.id]
    (alert,) = await at.reconcile_alerts(portland.id)
    return portland, await now(harbor, row), alert


async def test_what_a_person_keeps_is_asked_about_again_only_when_it_changes_again(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, row, alert = await changed(harbor, desk, status="DECLINED")

    assert await desk.ignore(alert, "Paid out of another budget.", "U0DANA", "Dana Whitfield") == 1

    await harbor.spend.control("edit_transaction", {"uuid": row.transaction, "merchant": "Northwind"})
    await synced(harbor, desk, portland)
    assert (await now(harbor, row)).category == ""
    await harbor.spend.control("edit_transaction", {"uuid": row.transaction, "status": "COMPLETE", "amount": "5.00"})
    await synced(harbor, desk, portland)
    kept = await now(harbor, row)
    assert (kept.category, (kept.details or {})["new"]) == (CHANGED, "5.00 USD on 1 Oct")


# --- what stands in the way -----------------------------------------------------------------------------------------------


async def given_back(harbor: World, row: Posting) -> str:
    """Why a reversal was not made: the row is posted as before, and nothing was written."""
    after = await now(harbor, row)
    assert (after.state, after.category, after.record_no) == (POSTED, CHANGED, row.record_no)
    assert "reversal" not in (after.decision or {})
    assert len(booked(harbor, row)) == 1
    return (after.details or {})["said"]


async def test_a_closed_period_refuses_and_the_first_open_day_takes_both(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, row, alert = await changed(harbor, desk)
    await harbor.intacct.control("close_subledger", {"through": "2026-10-31", "entity": "100"})

    await asked(harbor, desk, alert, row)

    assert "closed" in await given_back(harbor, row)
    await desk.reconcile_alerts(portland.id)
    wanted = await undo.plan(desk, alert)
    assert (wanted.first, wanted.propose) == (date(2026, 10, 1), date(2026, 11, 1))
    assert wanted.posted_on(wanted.propose) == date(2026, 11, 1)
    await asked(harbor, desk, alert, row, wanted.propose)
    made = [one for one in ledger(harbor) if one["reference"].startswith(row.reference)]
    assert {one["date"] for one in made if one["state"] != "Reversed"} == {"2026-11-01"}
    assert next(one for one in made if one["state"] == "Posted")["description"].count("dated 2026-10-01") == 1
    await proved(harbor, portland)


async def test_a_record_reversed_by_hand_for_a_day_that_has_not_come_is_known_by_its_keys_and_not_reversed_twice(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    """Until then both halves are called Reversal (facts/intacct-xml.md section 5.2)."""
    portland, row, alert = await changed(harbor, desk)
    await harbor.intacct.control("reverse_transaction", {"recordno": int(row.record_no), "date": "2026-11-20"})

    await asked(harbor, desk, alert, row)

    assert [state for _, _, state in booked(harbor, row)] == ["Reversal", "Reversal", "Posted"]
    assert await reversals_of(harbor, row) == []
    october = await reconcile(harbor.parts.reach, portland, date(2026, 10, 1), date(2026, 10, 31))
    november = await reconcile(harbor.parts.reach, portland, date(2026, 11, 1), date(2026, 11, 30))
    told = [(one.kind, one.spend_amount, one.intacct_amount) for one in (*october.differences, *november.differences)]
    assert told == [("reversed", Decimal(99), row.amount + 99), ("reversed", None, -row.amount)]


async def test_without_the_permission_nothing_changes_and_with_it_the_next_press_does_it(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, row, alert = await changed(harbor, desk)
    rights = {policy: list(given) for policy, given in all_rights().items()}
    rights["Credit card transactions"] = ["List", "View", "Add"]
    await harbor.intacct.control("remove_role", {"user_id": "Spendcenter", "role": "Administrator"})
    await harbor.intacct.control("set_role", {"name": "Billcom Role", "policies": rights})

    await asked(harbor, desk, alert, row)

    assert "Intacct refused it" in await given_back(harbor, row)
    await harbor.intacct.control("set_role", {"name": "Billcom Role"})
    await desk.reconcile_alerts(portland.id)
    await asked(harbor, desk, alert, row)
    await proved(harbor, portland)
    assert await reversals_of(harbor, row) == [("refused", False), ("posted", False)]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("CLEARED", "T", "reconciled"),
        ("CLEARED", "M", "reconciled"),
        ("STATE", "Selected", "paid"),
        ("STATE", "Draft", "a draft"),
        ("TRX_TOTALPAID", Decimal("5.00"), "paid"),
        ("TRX_TOTALENTERED", Decimal("7.00"), "changed in Intacct"),
        ("WHENCREATED", date(2026, 10, 9), "another day"),
    ],
)
async def test_a_record_that_must_not_be_touched_is_left_alone_and_nothing_is_sent(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
    field: str,
    value: object,
    why: str,
) -> None:
    portland, row, alert = await changed(harbor, desk)
    record = harbor.intacct.gateway.company.tables["CCTRANSACTION"].rows[int(row.record_no)]
    right, record[field] = record[field], value

    await asked(harbor, desk, alert, row)

    assert why in await given_back(harbor, row)
    assert await reversals_of(harbor, row) == []
    record[field] = right
    await desk.reconcile_alerts(portland.id)
    await asked(harbor, desk, alert, row)
    await proved(harbor, portland)


async def test_a_record_reversed_by_hand_meanwhile_is_not_reversed_twice(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, row, alert = await changed(harbor, desk)
    client = await harbor.parts.reach.intacct(await company_of(harbor, portland))
    await client.reverse("by-hand", row.record_no, row.date, "by hand", entity="100")

    await asked(harbor, desk, alert, row)

    assert [state for _, _, state in booked(harbor, row)] == ["Reversed", "Reversal", "Posted"]
    assert await reversals_of(harbor, row) == []
    await proved(harbor, portland)


async def company_of(harbor: World, connection: Connection) -> connections.Company:
    return await connections.get_company(harbor.parts.store, connection.company)


async def test_a_change_after_the_click_asks_again_with_what_it_says_now(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, row, alert = await changed(harbor, desk)
    await harbor.spend.control("edit_transaction", {"uuid": row.transaction, "amount": "101.00"})

    await asked(harbor, desk, alert, row)

    assert "once more" in await given_back(harbor, row)
    await desk.reconcile_alerts(portland.id)
    assert (await undo.plan(desk, alert)).new == "101.00 USD on 1 Oct"
    await asked(harbor, desk, alert, row)
    assert booked(harbor, row)[-1][1:] == ("101.00", "Posted")
    await proved(harbor, portland)


async def test_a_change_back_before_the_run_leaves_everything_as_it_is(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, row, alert = await changed(harbor, desk)
    await harbor.spend.control("edit_transaction", {"uuid": row.transaction, "amount": str(row.amount)})

    await asked(harbor, desk, alert, row)

    assert [state for _, _, state in booked(harbor, row)] == ["Posted"]
    await proved(harbor, portland)


async def test_what_could_not_post_again_is_not_reversed(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, row, alert = await changed(harbor, desk)
    await harbor.spend.control("set_complete", {"uuid": row.transaction, "complete": False})

    await asked(harbor, desk, alert, row)

    assert "would not post" in await given_back(harbor, row)
    await harbor.spend.control("set_complete", {"uuid": row.transaction, "complete": True})
    await desk.reconcile_alerts(portland.id)
    await asked(harbor, desk, alert, row)
    await proved(harbor, portland)


# --- when the line drops --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_after_commit", "truncate", "error_503", "html", "drop_before"])
async def test_a_reversal_whose_answer_is_lost_happens_once_and_only_then_is_posted_again(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
    kind: str,
) -> None:
    portland, row, alert = await changed(harbor, desk)
    await harbor.intacct.control(
        "fault", {"kind": kind, "match": "reverse_cctransaction", "committed": kind == "error_503"}
    )

    await asked(harbor, desk, alert, row)

    if kind in {"html", "drop_before"}:
        waits = await now(harbor, row)
        assert (waits.state, waits.category) == (REVERSING, CHANGED)
        assert len(booked(harbor, row)) == 1, "nothing is posted before the reversal is proven"
        with pytest.raises(undo.CannotBe):
            await undo.plan(desk, alert)
        for _ in range(2):
            harbor.clock.pass_(minutes=21)
            await synced(harbor, desk, portland)
        assert await reversals_of(harbor, row) == [("posted", True)]
    assert [state for _, _, state in booked(harbor, row)] == ["Reversed", "Reversal", "Posted"]
    await proved(harbor, portland)


async def test_a_reversal_that_intacct_commits_later_is_seen_and_not_sent_again(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, row, alert = await changed(harbor, desk)
    late = {"kind": "commit_late", "seconds": 900, "match": "reverse_cctransaction"}
    await harbor.intacct.control("fault", late)
    await asked(harbor, desk, alert, row)
    assert (await now(harbor, row)).state == REVERSING

    harbor.clock.pass_(minutes=16)
    await synced(harbor, desk, portland)

    assert await reversals_of(harbor, row) == [("posted", False)]
    assert [state for _, _, state in booked(harbor, row)] == ["Reversed", "Reversal", "Posted"]
    await proved(harbor, portland)


async def test_a_database_restored_from_before_the_reversal_writes_nothing_twice(
    harbor: World,
    desk: Desk,  # noqa: F811  # the fixture's value
) -> None:
    portland, row, alert = await changed(harbor, desk)
    await asked(harbor, desk, alert, row)
    await desk.reconcile_alerts(portland.id)
    before = booked(harbor, row)
    await restored(harbor, row)
    again = next(one for one in await desk.reconcile_alerts(portland.id) if one != alert)

    await asked(harbor, desk, again, row)

    assert booked(harbor, row) == before
    await proved(harbor, portland)


async def restored(harbor: World, row: Posting) -> None:
    """The row as it was, without the attempts since."""
    names = [field.name for field in fields(row) if field.name not in {"id", "connection_id"}]
    async with harbor.parts.store.begin() as db:
        await db.execute(delete(attempts).where(attempts.c.posting_id == row.id, attempts.c.generation > 1))
        await db.execute(
            delete(attempts).where(attempts.c.posting_id == row.id, attempts.c.controlid.startswith("rv-"))
        )
        values = {name: getattr(row, name) for name in names}
        await db.execute(update(table).where(table.c.id == row.id).values(**values))
