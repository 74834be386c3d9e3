"""`/intacct find`: what people type, who may see what, and a transaction's life from the first reading to the record."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bot.models import PostingState
from bot.store import postings
from bot.store.find import Wanted, search
from bot.store.postings import Posting
from bot.sync.find import read
from handlers.asking import as_typed
from tests.office import LEE, LUNCH, MARIA, Office, office
from tests.world import World

TODAY = date(2026, 11, 5)
TRAVEL = "37 transactions need a department"


@pytest.fixture
async def harbor_office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("blue mesa", [Wanted("blue"), Wanted("mesa")]),
        ("$1,188.00", [Wanted("$1,188.00", Decimal("1188.00"))]),
        ("−640", [Wanted("−640", Decimal(640))]),
        ("10421", [Wanted("10421", Decimal(10421))]),
        ("31 Oct", [Wanted(day=date(2026, 10, 31))]),
        ("October 31, 2025 mesa", [Wanted(day=date(2025, 10, 31)), Wanted("mesa")]),
        ("2026-10-31", [Wanted(day=date(2026, 10, 31))]),
        ("31 Dec", [Wanted(day=date(2025, 12, 31))]),  # not in the future
        ("31 Feb", [Wanted("31", Decimal(31)), Wanted("Feb")]),
        ("7 Marriott", [Wanted("7", Decimal(7)), Wanted("Marriott")]),  # no day in March
        ("", []),
    ],
)
def test_what_people_type_is_read_as_days_amounts_and_words(words: str, wanted: list[Wanted]) -> None:
    assert read(words, TODAY) == wanted


async def test_every_word_narrows_and_wildcards_are_only_signs(harbor: World) -> None:
    portland, denver = await harbor.connect("100"), await harbor.connect("200")
    await harbor.sync(portland)
    await harbor.sync(denver)
    store = harbor.parts.store

    async def hits(words: str, *connections: str) -> set[str]:
        return {row.merchant for row in await search(store, connections or [portland.id], read(words, TODAY), 500)}

    assert await hits("QUILLCAST") == {"Quillcast"}
    assert await hits("quillcast 1,188") == {"Quillcast"}
    assert await hits("quillcast 1.23") == set()
    assert await hits("%") == set()
    assert await hits("cedar ridge") == set()
    assert await hits("cedar ridge", portland.id, denver.id) == {"Cedar Ridge Lodge"}
    [row] = await search(store, [portland.id], read("quillcast 1188", TODAY), 5)
    assert row.merchant == (await search(store, [portland.id], read(row.reference[:12], TODAY), 5))[0].merchant
    assert row.date in {one.date for one in await search(store, [portland.id], [Wanted(day=row.date)], 500)}


async def told(at: Office) -> Posting:
    """One of the purchases whose failure the channel was told of; its card is not Lee's."""
    portland = await at.far.connect("100", schedule="")
    await at.far.sync(portland)
    await at.bot.engine.enqueue("refresh", f"{portland.id}:test", company=portland.company, connection_id=portland.id)
    await at.room.reads(TRAVEL)
    rows = await postings.list_postings(
        at.far.parts.store, portland.id, states=[PostingState.FAILED], category="dimension.required"
    )
    return next(one for one in rows if one.email != "lee@harborpine.example")


async def test_a_life_shows_the_refusal_what_people_did_and_the_record(harbor_office: Office) -> None:
    at, room = harbor_office, harbor_office.room
    row = await told(at)
    await room.in_(LEE).presses(TRAVEL, "Choose department")
    await room.submits("Choose department", value="20", use_for="future", write_back=[])
    await room.reads("Solved: 37 transactions posted")

    await room.types(f"find {row.reference}")
    await room.sees("Refused by Intacct: ")
    shown = json.dumps(room.view(), ensure_ascii=False)
    assert row.merchant in shown
    assert "Lee Okafor chose department 20 for 37 transactions, also for future ones (rule R-1)" in shown
    [posted] = await postings.get(at.far.parts.store, [row.id])
    assert f"Posted: record {posted.record_no}" in shown
    linked = re.escape("Cash Management > Credit card transactions, record number <")
    await room.until(lambda: re.search(rf"{linked}\S+\|{posted.record_no}>", room.screen()), "the way to the record")
    assert shown.index("Read from Spend Center") < shown.index("Refused by") < shown.index("Posted: record")


async def test_a_list_is_paged_opened_and_private(harbor_office: Office) -> None:
    at, room = harbor_office, harbor_office.room
    portland = await at.far.connect("100", schedule="")
    await at.far.sync(portland)

    await room.in_(MARIA, "C0GENERAL").types("find air")
    await room.reads("Nothing was found for that.")
    await room.in_(LEE).types("find")
    await room.reads("Type what you know after")
    await room.types("find portland.example")
    await room.reads("Nothing was found for that.")
    await room.types("find a")

    await room.sees("Page 1 of ")
    await click(at, "turn", "Next")
    await room.sees("Page 2 of ")
    view = room.view()
    assert view is not None
    row = next(block for block in view["blocks"] if block["block_id"].startswith("row."))
    await click(at, row["block_id"], "Open")
    await room.sees("Read from Spend Center for the first time")


async def test_what_was_left_out_is_taken_back_from_its_life(harbor_office: Office) -> None:
    at, room = harbor_office, harbor_office.room
    row = await told(at)
    await room.in_(LEE).chooses(TRAVEL, "Ignore")
    await room.submits("Ignore", reason="paid twice")
    await room.reads("Solved: 37 transactions left out")

    await room.types(f"find {row.reference}")
    await room.sees("Lee Okafor left it out: paid twice")
    await click(at, "do", "Take back")
    await room.reads("It is open again, and its alert shows what it needs.", "D0LEE")
    await room.reads("1 transaction needs a department")

    [back] = await postings.get(at.far.parts.store, [row.id])
    assert (back.state, back.decision) == (PostingState.FAILED, {})


async def click(at: Office, block_id: str, label: str) -> None:
    """A button in the open form."""
    view = at.room.view()
    assert view is not None
    block = next(one for one in view["blocks"] if one["block_id"] == block_id)
    elements = [*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])]
    element = next(one for one in elements if one["text"]["text"] == label)
    await at.room.do("click", view_id=view["id"], block_id=block_id, action_id=element["action_id"])


async def test_what_people_type_is_taken_as_typed_though_slack_escapes_it(harbor_office: Office) -> None:
    """Slack sends `&`, `<` and `>` of a command, a message and a search as entities ("Formatting message text")."""
    at = harbor_office
    await at.far.spend.control("add_transaction", {**LUNCH, "merchant": "AT&T <West>"})
    await at.far.intacct.control(
        "create_record", {"object": "DEPARTMENT", "record": {"DEPARTMENTID": "77", "TITLE": "R&D"}}
    )
    portland = await at.far.connect("100", schedule="", name="R&D")
    await at.far.connect("200", schedule="", name="Rand")
    await at.far.sync(portland)
    await at.bot.engine.enqueue("refresh", "typed", company=portland.company, connection_id=portland.id)

    await at.room.in_(LEE).types("find AT&T <West>")
    await at.room.sees("AT&amp;T &lt;West&gt;")
    await at.room.closes()
    await at.room.types("sync R&D")
    await at.room.reads("Syncing 100 Portland.")

    await at.room.presses(TRAVEL, "Choose department")
    form = await at.room.form("Choose department")
    block = next(one for one in form["blocks"] if one.get("block_id") == "value")
    assert list(await at.room.offered(form, block, "R&D")) == ["77"]


def test_what_is_typed_into_a_form_is_left_as_it_comes() -> None:
    """An input's text comes from Slack as it was typed: a password may well hold what looks like an entity."""
    password, picked = {"type": "plain_text_input", "value": "a&amp;b"}, {"selected_option": {"value": "R&amp;D"}}
    body = {
        "type": "view_submission",
        "view": {"state": {"values": {"password": {"typed": password}, "one": {"x": picked}}}},
    }
    as_typed(body)
    assert password["value"] == "a&amp;b"
    assert picked["selected_option"]["value"] == "R&D"
    event = {"type": "event_callback", "event": {"type": "message", "text": "Harbor &amp; Pine &lt;US&gt; &amp;amp;"}}
    as_typed(event)
    assert event["event"] == {"type": "message", "text": "Harbor & Pine <US> &amp;"}
