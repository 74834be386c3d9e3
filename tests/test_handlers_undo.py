"""In Slack: a posting that changed afterwards is shown, reversed and posted again, or kept, and its life tells it all."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.models import PostingState
from bot.store import alerts, postings, runs
from bot.store.connections import Connection
from bot.store.database import Store
from bot.store.postings import Posting
from handlers import board
from tests.moved import CLEAN, ledger
from tests.office import DANA, LEE, MARIA, Office, office

CHANGED = "1 transaction changed in Spend Center after posting"


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


async def changed(at: Office, **edit: str) -> tuple[Connection, Posting]:
    """A posted purchase that Spend Center changed, told in the channel."""
    portland = await at.far.connect("100", schedule="", options={"correct": [DANA]})
    await at.far.sync(portland)
    posted = await postings.list_postings(at.far.parts.store, portland.id, states=[PostingState.POSTED])
    row = next(one for one in posted if one.last4 == CLEAN and len(one.read().lines) == 1)
    await at.far.spend.control("edit_transaction", {"uuid": row.transaction, **(edit or {"amount": "99.00"})})
    await at.far.sync(portland)
    await at.bot.engine.enqueue("refresh", f"{portland.id}:test", company=portland.company, connection_id=portland.id)
    return portland, row


async def test_what_changed_is_shown_reversed_and_posted_again_in_a_form_and_told_in_the_thread(
    harbor: Office,
) -> None:
    _, row = await changed(harbor)
    room = harbor.room.in_(DANA)
    alert = await room.reads(CHANGED)

    await room.presses(CHANGED, "Reverse and post again")
    shown = json.dumps(await room.form("Reverse and post again"), ensure_ascii=False)
    assert f"In Intacct: {row.amount:,.2f} USD on 1 Oct, record {row.record_no}" in shown
    assert "In Spend Center now: 99.00 USD on 1 Oct" in shown
    await room.submits("Reverse and post again", day="2026-09-30")
    wrong = harbor.slack.state(DANA)["modals"][-1]["errors"]
    assert wrong == {"day": "Nothing is dated before its own day: choose Oct 1, 2026 or later."}
    await room.submits("Reverse and post again", day="2026-10-01")

    await room.reads("Solved: 1 transaction posted again")
    made = [one for one in ledger(harbor.far) if one["reference"].startswith(row.reference)]
    by = {one["state"]: one["recordno"] for one in made}
    await room.reads(f"Record {row.record_no} is reversed by record {by['Reversal']}. The transaction is posted again.")
    story = room.thread(alert)
    asked = f"Dana Whitfield asked to reverse record {row.record_no} on 1 Oct and to post it again."
    assert story.index(asked) < next(at for at, line in enumerate(story) if "is reversed by" in line)

    for words in (row.record_no, by["Posted"], row.reference, "99.00"):
        await room.types(f"find {words} {row.merchant.split()[0]}")
        await room.sees(
            f"Record {row.record_no} is reversed by record {by['Reversal']}. Dana Whitfield had asked for it."
        )
        life = json.dumps(room.view(), ensure_ascii=False)
        assert f"Posted, record {by['Posted']}" in life
        assert f"Posted: record {row.record_no}" in life
        assert asked in life


async def test_work_that_ends_while_its_thread_is_drawn_leaves_the_lines_in_their_order(
    harbor: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    portland, _ = await changed(harbor)
    alert, store, now = await harbor.room.reads(CHANGED), harbor.far.parts.store, harbor.clock()
    [mine] = [one for one in await alerts.list_open(store, connection=portland.id) if one.category == "source.changed"]
    target = {"connection": portland.id}
    intent = await runs.add_intent(store, portland.workspace_id, "retry", DANA, target, now + timedelta(hours=1))

    async def answered_and_then_ended(store: Store, one: str) -> runs.Intent | None:
        found = await runs.get_intent(store, one)
        await runs.finish_intent(store, one, now)
        return found

    monkeypatch.setattr(board, "runs", SimpleNamespace(get_intent=answered_and_then_ended))
    for line in (
        {"did": "reverse", "day": "2026-10-01", "then": "leave"},
        {"did": "reversed", "by": "9", "then": "leave"},
    ):
        said = {**line, "actor": DANA, "record": "7", "postings": [], "intent": intent.id, "at": now.isoformat()}
        await alerts.add_line(store, mine.id, said)

    for look in ("one", "two"):
        key = f"{portland.id}:{look}"
        await harbor.bot.engine.enqueue("refresh", key, company=portland.company, connection_id=portland.id)
    await harbor.room.reads("Record 7 is reversed by record 9.")

    told = [text for text in harbor.room.thread(alert) if " 7 " in text]
    assert [text.split()[0] for text in told] == ["Dana", "Record"]


async def test_what_a_person_keeps_stays_and_the_thread_says_why(harbor: Office) -> None:
    _, row = await changed(harbor)
    room = harbor.room.in_(LEE)
    await room.presses(CHANGED, "Keep as it is")
    await room.reads("For 100 Portland, ")  # Lee may not correct here

    room = harbor.room.in_(DANA)
    await room.presses(CHANGED, "Keep as it is")
    await room.submits("Keep what was posted", reason="the tip was cash")

    await room.reads("Solved: what was posted stays")
    await room.reads("Dana Whitfield keeps what was posted: the tip was cash")
    assert [one["total"] for one in ledger(harbor.far) if one["reference"] == row.reference] == [f"{row.amount:.2f}"]


async def test_a_refused_reversal_stands_in_the_alert_with_the_way_out(harbor: Office) -> None:
    _, row = await changed(harbor)
    await harbor.far.intacct.control("close_subledger", {"through": "2026-10-31", "entity": "100"})
    room = harbor.room.in_(DANA)
    await room.presses(CHANGED, "Reverse and post again")
    await room.submits("Reverse and post again", day="2026-10-01")

    refused = "1 transaction changed in Spend Center; the reversal was not made"
    await room.reads(refused)
    await room.reads("Record and books stay as they are. Intacct refused it: the period of that day is closed.")
    await room.presses(refused, "Reverse and post again")
    proposed = json.dumps(await room.form("Reverse and post again"), ensure_ascii=False)
    assert '"initial_date": "2026-11-01"' in proposed
    await room.submits("Reverse and post again", day="2026-11-01")

    await room.reads("Solved: 1 transaction posted again")
    made = {one["state"]: one["date"] for one in ledger(harbor.far) if one["reference"].startswith(row.reference)}
    assert made == {"Reversed": "2026-10-01", "Reversal": "2026-11-01", "Posted": "2026-11-01"}


async def test_what_was_declined_after_posting_is_reversed_and_nothing_takes_its_place(harbor: Office) -> None:
    _, row = await changed(harbor, status="DECLINED")
    words = "1 transaction posted, and no longer stands in Spend Center"
    room = harbor.room.in_(DANA)
    await room.presses(words, "Reverse the record")
    await room.submits("Reverse the record", day="2026-10-01")

    await room.reads("Solved: reversed, and nothing posted in its place")
    await room.types(f"find {row.record_no} {row.merchant.split()[0]}")
    await room.sees(f"Reversed: record {row.record_no}, nothing in its place")
    assert MARIA not in json.dumps(room.view())
