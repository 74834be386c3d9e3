"""`/intacct proof`: a job whose answer goes to the asker alone, its pages, and who gets none."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bot.models import PostingState
from bot.serve import Bot
from bot.store import connections, postings, proofs
from bot.store.connections import Connection
from tests.office import DANA, FINANCE, LEE, MARIA, Office, office

LATE = "4 transactions fall in a closed period"
DENVER, PORTLAND = "October 2026 proof · 200 Denver", "October 2026 proof · 100 Portland"


@pytest.fixture
async def harbor_office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


def ledger(at: Office, card: str, first: date, last: date) -> Decimal:
    """What the simulated Intacct has on this card for these days."""
    rows = at.far.intacct.gateway.company.rows("CCTRANSACTION")
    mine = [row for row in rows if row["card"] == card and first <= row["WHENCREATED"] <= last]
    return sum((row["TRX_TOTALENTERED"] for row in mine), Decimal(0))


async def denver_moved(at: Office) -> Connection:
    """Denver, its four late purchases posted by Lee on the first open day."""
    denver = await at.far.connect("200", schedule="")
    await at.far.sync(denver)
    await at.bot.engine.enqueue("refresh", f"{denver.id}:test", company=denver.company, connection_id=denver.id)
    await at.room.in_(LEE).presses(LATE, "Post on 1 Nov")
    await at.room.submits("Post on another day")
    await at.room.reads("Solved: 4 transactions posted")
    return denver


def shown(at: Office) -> str:
    return json.dumps(at.room.view(), ensure_ascii=False)


async def turns(at: Office, label: str) -> None:
    view = at.room.view()
    assert view is not None
    block = next(one for one in view["blocks"] if one["block_id"] == "turn")
    element = next(one for one in block["elements"] if one["text"]["text"] == label)
    await at.room.do("click", view_id=view["id"], block_id="turn", action_id=element["action_id"])


async def test_four_rows_moved_to_the_first_open_day_are_named_in_both_months_to_the_asker_alone(
    harbor_office: Office,
) -> None:
    at, room = harbor_office, harbor_office.room
    denver = await denver_moved(at)
    await room.in_(LEE).types("proof")
    await room.reads("Reading October 2026 of 200 Denver from both sides.")
    october = await room.reads(DENVER, "D0LEE")
    await room.types("proof November")
    november = await room.reads("November 2026 proof · 200 Denver", "D0LEE")

    told = json.dumps(october, ensure_ascii=False)
    mine = ledger(at, denver.card, date(2026, 10, 1), date(2026, 10, 31))
    assert re.search(rf"Intacct, ledger of the card +{mine:,.2f}", told)
    assert "1. 4 transactions, $1,936.45: dated in another month or on another day" in told
    assert "The month before, since November has only begun" in told
    assert "America/Los_Angeles, as of Nov 5, 2026" in told
    theirs = ledger(at, denver.card, date(2026, 11, 1), date(2026, 11, 30))
    assert re.search(rf"Intacct, ledger of the card +{theirs:,.2f}", json.dumps(november, ensure_ascii=False))
    assert "4 transactions, −$1,936.45: dated in another month or on another day" in json.dumps(
        november, ensure_ascii=False
    )
    for place, other in ((FINANCE, DANA), ("D0DANA", DANA), ("D0MARIA", MARIA)):
        assert not [one for one in at.slack.messages(place, other) if "proof" in one["text"]]


async def test_every_difference_is_on_a_page_and_shows_what_was_read_then(harbor_office: Office) -> None:
    at, room = harbor_office, harbor_office.room
    portland = await at.far.connect("100", schedule="")
    await at.far.sync(portland)
    await room.in_(LEE).types("proof 2026-10 Portland")
    told = await room.reads(PORTLAND, "D0LEE")
    n = int(re.search(r"(\d+) differences", told["text"]).group(1))  # type: ignore[union-attr]  # else the test fails here
    [kept] = [one for at_ in range(1, 9) if (one := await proofs.get(at.far.parts.store, at_)) is not None]
    reasons = [one["why"] for one in kept.content["differences"]]
    assert len(reasons) == n > 8

    room.in_(LEE, "D0LEE")
    await room.presses(PORTLAND, f"See {n} differences")
    await room.sees("Page 1 of ")
    pages = -(-n // 8)
    seen = shown(at)
    for number in range(2, pages + 1):
        await turns(at, "Next")
        await room.sees(f"Page {number} of {pages}")
        seen += shown(at)
    assert seen.count("Spend Center $") + seen.count("Spend Center −$") == n
    await turns(at, "Back")
    await room.sees(f"Page {pages - 1} of {pages}")


async def test_with_several_connections_it_asks_which_and_keeps_the_month(harbor_office: Office) -> None:
    at, room = harbor_office, harbor_office.room
    await at.far.connect("100", schedule="")
    await at.far.connect("200", schedule="")

    await room.in_(LEE).types("proof november")
    await room.presses("Whose proof do you want to see?", "200 Denver")

    await room.reads("November 2026 proof · 200 Denver", "D0LEE")


async def test_what_cannot_be_proved_is_said_in_a_sentence(harbor_office: Office) -> None:
    at, room = harbor_office, harbor_office.room
    denver = await at.far.connect("200", schedule="")

    for typed, said in (
        ("proof 2026-13", "2026-13 is not a month"),
        ("proof 2027-05", "May 2027 has not begun yet"),
        ("proof 2026-08", "200 Denver posts from October 1, 2026 on"),
        ("proof october Nowhere", "No connection is called Nowhere"),
    ):
        await room.in_(LEE).types(typed)
        await room.reads(said)
    await room.in_(MARIA, "C0GENERAL").types("proof")
    await room.reads("nothing of it is yours to see")

    await at.far.spend.control("fault", {"kind": "down", "count": 99})
    await room.in_(LEE).types("proof october")
    told = await room.reads("There is no October 2026 proof of 200 Denver yet", "D0LEE")
    assert "Spend Center" in told["text"]
    await at.far.spend.control("clear_faults", {})
    await room.types("proof october")
    await room.reads(DENVER, "D0LEE")
    assert (await connections.get_connection(at.far.parts.store, denver.id)) is not None


async def test_the_pages_are_closed_to_whoever_lost_the_right_meanwhile(harbor_office: Office) -> None:
    at, room = harbor_office, harbor_office.room
    denver = await at.far.connect("200", schedule="")
    await room.in_(LEE).types("proof october")
    await room.reads(DENVER, "D0LEE")
    await connections.change_connection(at.far.parts.store, denver.id, channel="C0GENERALX")

    room.in_(LEE, "D0LEE")
    await room.presses(DENVER, "See ")

    await room.reads("That connection is not yours to see.", "D0LEE")
    assert room.view() is None


async def test_a_proof_that_was_promised_is_answered_once_by_the_bot_that_starts_next(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        denver = await at.far.connect("200", schedule="")
        await at.far.sync(denver)
        await at.far.intacct.control("set_service_time", {"request": 30.0})
        await at.room.in_(LEE).types("proof october")
        await at.room.reads("Reading October 2026 of 200 Denver")
        await at.bot.__aexit__(None, None, None)
        await at.far.intacct.control("set_service_time", {})

        async with Bot(at.far.settings, at.clock, pause=0, patience=3):
            await at.room.reads(DENVER, "D0LEE")
        told = [text for text in at.room.texts("D0LEE") if text.startswith(DENVER)]
        assert len(told) == 1
        assert {row.state for row in await postings.list_postings(at.far.parts.store, denver.id)} <= {
            PostingState.POSTED,
            PostingState.FAILED,
            PostingState.HELD,
        }
