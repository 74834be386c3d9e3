"""The alert's menu: posted by hand, and asking the cardholders."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models import PostingState
from bot.store import postings
from bot.store.connections import Connection
from bot.store.postings import Posting
from tests.office import LEE, MARIA, Office, office
from tests.test_by_hand import entered

TRAVEL = "37 transactions need a department"


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


async def with_alerts(at: Office) -> tuple[Connection, list[Posting]]:
    portland = await at.far.connect("100", schedule="")
    await at.far.sync(portland)
    await at.bot.engine.enqueue("refresh", f"{portland.id}:test", company=portland.company, connection_id=portland.id)
    await at.room.reads(TRAVEL)
    rows = await postings.list_postings(
        at.far.parts.store, portland.id, states=[PostingState.FAILED], category="dimension.required"
    )
    return portland, sorted((row for row in rows if row.email != "lee@harborpine.example"), key=lambda row: row.id)


async def test_a_record_is_checked_marked_shown_and_taken_back(harbor: Office) -> None:
    portland, rows = await with_alerts(harbor)
    row = rows[0]
    wrong = await entered(harbor.far, portland, row.amount + 1, reference="wrong")
    right = await entered(harbor.far, portland, row.amount, reference="right")
    room = harbor.room.in_(LEE)

    await room.chooses(TRAVEL, "Posted by hand")
    await room.submits("Posted by hand", one=str(row.id), record="R10", reason="urgent")
    assert "digits only" in json.dumps(harbor.slack.state(LEE)["modals"][-1]["errors"])
    await room.submits("Posted by hand", one=str(row.id), record=wrong, reason="urgent")
    await room.sees(f"Record {wrong} is ")
    spaces = await room.submits("Posted by hand", one=str(row.id), record=right, reason="  ")
    assert spaces["errors"] == {"reason": "Give a reason in words; it is kept with your name."}
    await room.submits("Posted by hand", one=str(row.id), record=right, reason="urgent")

    await room.reads(f"counts as posted: record {right} agrees in amount and card", "D0LEE")
    await room.reads("36 transactions need a department, was 37")
    await room.reads(f"Lee Okafor marked one as posted by hand, record {right}: urgent")
    await room.in_(LEE, "").presses("counts as posted", "Take back")
    await room.reads("It is open again, and its alert shows what it needs.")
    await room.in_(LEE).reads(TRAVEL)
    assert (await postings.get(harbor.far.parts.store, [row.id]))[0].state == PostingState.FAILED


async def test_when_intacct_does_not_answer_the_form_stays_as_it_was_typed(harbor: Office) -> None:
    _, rows = await with_alerts(harbor)
    room = harbor.room.in_(LEE)
    await room.chooses(TRAVEL, "Posted by hand")
    await harbor.far.intacct.stop()

    await room.submits("Posted by hand", one=str(rows[0].id), record="10455", reason="urgent")

    await room.sees("Nothing was changed; try once more.")
    form = await room.form("Posted by hand")
    assert [b["element"]["initial_value"] for b in form["blocks"] if b["block_id"] in {"record", "reason"}] == [
        "10455",
        "urgent",
    ]


async def test_each_cardholder_gets_their_own_rows_once_a_day(harbor: Office) -> None:
    _, rows = await with_alerts(harbor)
    maria = [row for row in rows if row.email == "maria@harborpine.example"]
    assert maria
    room = harbor.room.in_(LEE)

    await room.chooses(TRAVEL, "Ask the cardholders")
    await room.sees("the department")
    await room.submits("Ask the cardholders")
    answer = await room.reads("Not found in Slack by e-mail:", "D0LEE")
    assert "Asked " in answer["text"]
    assert "Maria Ortiz" in answer["text"]
    await room.reads("Lee Okafor asked ")
    told = await room.in_(MARIA, "").reads(
        f"Lee Okafor asks for your help with {len(maria)} card transaction", "D0MARIA"
    )
    shown = json.dumps(told["blocks"], ensure_ascii=False)
    assert all(row.merchant in shown for row in maria)
    assert not [
        row.merchant for row in rows if row.merchant in shown and row.merchant not in {m.merchant for m in maria}
    ]

    room.in_(LEE)
    await room.chooses(TRAVEL, "Ask the cardholders")
    await room.submits("Ask the cardholders")
    await room.reads("had this message today already.", "D0LEE")
    assert len([text for text in room.in_(MARIA, "").texts("D0MARIA") if "asks for your help" in text]) == 1
