"""Posted by hand: which records may stand for a transaction, what the proof makes of it, and the way back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bot.intacct.batches import Recorded
from bot.intacct.client import IntacctClient, render_posting
from bot.intacct.records import CardTransaction, PostingLine
from bot.models import PostingState
from bot.store import alerts, connections, postings, runs
from bot.store.connections import Connection
from bot.store.postings import BY_HAND, Posting
from bot.sync import by_hand
from bot.sync.by_hand import Disagrees
from bot.sync.reconcile import reconcile
from tests.test_correct import alert_on, desk_of
from tests.world import World

DAY = date(2026, 11, 2)
CARD = "Spend Center CC Object"


async def client_of(harbor: World, connection: Connection) -> IntacctClient:
    company = await connections.get_company(harbor.parts.store, connection.company)
    return await harbor.parts.reach.intacct(company)


async def waiting(harbor: World, connection: Connection) -> list[Posting]:
    return await postings.list_postings(
        harbor.parts.store, connection.id, states=[PostingState.FAILED], category="dimension.required"
    )


async def now(harbor: World, row: Posting) -> Posting:
    [found] = await postings.get(harbor.parts.store, [row.id])
    return found


async def entered(harbor: World, connection: Connection, amount: Decimal, **changes: Any) -> str:
    """What an accountant typed in; returns the record number."""
    values: dict[str, Any] = {
        "card": connection.card,
        "date": DAY,
        "reference": "by-hand-1",
        "payee": "Blue Mesa Air",
        "description": "entered by Lee",
        "lines": (
            PostingLine(account="6420", amount=amount, department="20", location=connection.entity_id, description=""),
        ),
    }
    client = await client_of(harbor, connection)
    record = CardTransaction(**values | changes)
    [outcome] = await client.record_batch(
        [(record.reference, render_posting(record.reference, record))], entity=connection.entity_id
    )
    assert isinstance(outcome, Recorded), outcome
    return outcome.record_no


async def test_a_record_that_agrees_is_marked_proven_and_taken_back(harbor: World) -> None:
    portland = await harbor.connect("100")
    store, desk = harbor.parts.store, desk_of(harbor)
    await harbor.sync(portland)
    alert = await alert_on(harbor, desk, portland.id, "dimension.required")
    row = (await waiting(harbor, portland))[0]
    number = await entered(harbor, portland, row.amount)

    found = await by_hand.check(desk, row.id, number)
    await by_hand.mark(desk, alert, row.id, found, "was urgent", "U0LEE", "Lee Okafor")

    marked = await now(harbor, row)
    assert (marked.state, marked.record_no, marked.category) == (PostingState.POSTED, number, "")
    assert [event.text for event in await runs.told(store, portland.id, posting=row.id)] == [
        f"Record {number}: was urgent"
    ]
    view = await desk.alert_view(alert)
    assert view is not None
    assert (view.n, view.records) == (36, (number,))
    proof = await reconcile(harbor.parts.reach, portland, date(2026, 10, 1), date(2026, 11, 5))
    assert proof.matched == 81
    assert {one.kind for one in proof.differences} == {"missing"}
    assert row.transaction not in {one.transaction for one in proof.differences}

    said = await by_hand.take_back(desk, row.id, "U0LEE")

    back = await now(harbor, row)
    assert said.startswith("It is open again")
    assert (back.state, back.record_no, back.category, back.subject) == ("failed", "", row.category, row.subject)
    assert back.details == row.details
    assert BY_HAND not in (back.decision or {})
    assert (await alerts.get(store, await alert_on(harbor, desk, portland.id, "dimension.required"))) is not None


async def test_what_does_not_agree_is_refused_in_a_sentence(harbor: World) -> None:
    portland, denver = await harbor.connect("100"), await harbor.connect("200")
    desk = desk_of(harbor)
    await harbor.sync(portland)
    row = (await waiting(harbor, portland))[0]
    less = await entered(harbor, portland, row.amount - 1, reference="less")
    elsewhere = await entered(harbor, denver, row.amount, reference="elsewhere")
    undone = await entered(harbor, portland, row.amount, reference="undone")
    undoing = await (await client_of(harbor, portland)).reverse("undo", undone, DAY, entity="100")
    later = await entered(harbor, portland, row.amount, reference="later")
    await (await client_of(harbor, portland)).reverse("undo-later", later, date(2026, 11, 20), entity="100")
    draft = await drafted(harbor, portland, row.amount)

    for number, why in (
        ("99999", "Intacct shows no credit card transaction with record number 99999 at 100 Portland."),
        (less, f"Record {less} is "),
        (elsewhere, f"record number {elsewhere} at 100 Portland."),
        (undone, f"Record {undone} was reversed in Intacct."),
        (undoing, f"Record {undoing} reverses another record in Intacct."),
        (later, f"Record {later} was reversed in Intacct."),
        (draft, f"Record {draft} is a draft in Intacct: it is not in the ledger."),
    ):
        with pytest.raises(Disagrees) as refused:
            await by_hand.check(desk, row.id, number)
        assert why in str(refused.value)

    assert (await now(harbor, row)).state == PostingState.FAILED


async def drafted(harbor: World, connection: Connection, amount: Decimal, reference: str = "left") -> str:
    """What an accountant began on the screen and left as a draft; returns the record number."""
    values = {"card": connection.card, "date": DAY.isoformat(), "amount": str(amount), "reference": reference}
    coded = {"account": "6420", "department": "20", "entity": connection.entity_id}
    return str((await harbor.intacct.control("enter_transaction", {**values, **coded, "draft": True}))["recordno"])


async def test_a_draft_under_our_reference_is_never_taken_and_asks_before_anything_opens_again(harbor: World) -> None:
    portland = await harbor.connect("100")
    desk = desk_of(harbor)
    await harbor.sync(portland)
    alert = await alert_on(harbor, desk, portland.id, "dimension.required")
    row = (await waiting(harbor, portland))[0]
    await desk.ignore(alert, "private", "U0LEE", "Lee Okafor")
    number = await drafted(harbor, portland, row.amount, row.reference)

    with pytest.raises(Disagrees, match=f"a draft under its reference, record {number}"):
        await by_hand.take_back(desk, row.id, "U0LEE")
    assert (await now(harbor, row)).state == PostingState.IGNORED

    await harbor.intacct.control("post_transaction", {"recordno": int(number)})
    assert f"record {number}" in await by_hand.take_back(desk, row.id, "U0LEE")


async def test_a_record_stands_for_one_transaction_only(harbor: World) -> None:
    portland = await harbor.connect("100")
    desk = desk_of(harbor)
    await harbor.sync(portland)
    alert = await alert_on(harbor, desk, portland.id, "dimension.required")
    first, second = (await waiting(harbor, portland))[:2]
    number = await entered(harbor, portland, first.amount)
    found = await by_hand.check(desk, first.id, number)
    await by_hand.mark(desk, alert, first.id, found, "once", "U0LEE", "Lee Okafor")
    everything = await postings.list_postings(harbor.parts.store, portland.id, states=[PostingState.POSTED])
    posted = next(row for row in everything if row.id != first.id)
    own = await (await client_of(harbor, portland)).find_by_reference([posted.reference], entity="100")

    for record, whose in ((found, first), (own[0], posted)):
        with pytest.raises(Disagrees, match=f"belongs to another transaction already: {whose.merchant}"):
            await by_hand.mark(desk, alert, second.id, record, "twice", "U0LEE", "Lee Okafor")
    with pytest.raises(Disagrees, match="moved on"):
        await by_hand.check(desk, first.id, number)

    assert (await now(harbor, second)).state == PostingState.FAILED


async def test_what_was_left_out_opens_again_unless_intacct_has_it(harbor: World) -> None:
    portland = await harbor.connect("100")
    desk = desk_of(harbor)
    await harbor.sync(portland)
    alert = await alert_on(harbor, desk, portland.id, "dimension.required")
    first, second = (await waiting(harbor, portland))[:2]
    assert await desk.ignore(alert, "private", "U0LEE", "Lee Okafor") == 37
    number = await entered(harbor, portland, second.amount, reference=second.reference)

    assert (await by_hand.take_back(desk, first.id, "U0LEE")).startswith("It is open again")
    assert f"record {number}" in await by_hand.take_back(desk, second.id, "U0LEE")
    with pytest.raises(Disagrees, match="neither left out nor marked"):
        await by_hand.take_back(desk, first.id, "U0LEE")

    opened, settled = await now(harbor, first), await now(harbor, second)
    assert (opened.state, opened.category, opened.decision) == ("failed", "dimension.required", {})
    assert (settled.state, settled.record_no) == ("posted", number)
    await harbor.sync(portland)
    assert harbor.booked()[second.reference] == second.amount
