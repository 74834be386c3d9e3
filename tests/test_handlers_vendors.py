"""Vendors in the finance channel: one person asks, another agrees, and only then Intacct is changed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.models import FieldMapping, PostingState, Selector
from bot.store import runs
from bot.store.connections import Connection
from tests.office import DANA, LEE, Office, office
from tests.world import mapping

INACTIVE = "vendor V-130, which Intacct does not accept"
HELD = "vendor V-130, which is inactive or on hold"
ACTIVATE, CREATE = "Set a vendor to active", "Create a vendor"
ASKS = "Dana Whitfield asks to set vendor V-130 Basecamp Equipment from inactive to active in Intacct."


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


async def failing(at: Office, vendor: str = "V-130", *, allowed: bool = True, **changes: str) -> Connection:
    """A connection whose transactions all name one vendor, which Intacct does not take."""
    codes = mapping(at.far.story) | {"vendor": FieldMapping(default=vendor)}
    if changes:
        await books(at, vendor, **changes)
    portland = await at.far.connect(
        "100",
        schedule="",
        mapping=codes,
        selector=Selector(all=False, cards=("9254",)),
        options={"vendors": True} if allowed else {},
    )
    await at.far.sync(portland)
    await at.bot.engine.enqueue("refresh", f"{portland.id}:test", company=portland.company, connection_id=portland.id)
    return portland


async def books(at: Office, vendor: str, **changes: str) -> None:
    await at.far.intacct.control("save_record", {"object": "VENDOR", "record": {"VENDORID": vendor, **changes}})


def vendor(at: Office, number: str = "V-130") -> dict[str, Any] | None:
    return at.far.intacct.gateway.company.find("VENDOR", number)


def menu(post: dict[str, Any]) -> list[str]:
    elements = [one for block in post["blocks"] if block["type"] == "actions" for one in block["elements"]]
    return [one["text"]["text"] for e in elements if e["type"] == "overflow" for one in e["options"]]


async def asked(at: Office, words: str = INACTIVE) -> None:
    room = at.room.in_(DANA)
    await room.chooses(words, "Create vendor V-130 or set it to active")
    await room.submits(ACTIVATE)
    await room.reads(f"{ASKS} A second person must agree.")


async def posted_once(at: Office, connection: Connection) -> None:
    tally = await at.far.tally(connection)
    assert set(tally) == {PostingState.POSTED}
    assert len(at.far.booked()) == tally[PostingState.POSTED][0]


async def test_an_inactive_vendor_is_set_to_active_by_two_people_and_its_transactions_post_once(
    harbor: Office,
) -> None:
    portland = await failing(harbor, STATUS="inactive")
    room = harbor.room.in_(DANA)

    await room.chooses(INACTIVE, "Create vendor V-130 or set it to active")
    form = json.dumps(await room.form(ACTIVATE), ensure_ascii=False)
    assert "Status: inactive → active" in form
    assert "On hold" not in form
    await room.submits(ACTIVATE)
    question = await room.reads(f"{ASKS} A second person must agree.")
    assert question["thread_ts"] == (await room.reads(INACTIVE))["ts"]
    assert "waits in the thread for a second person" in json.dumps((await room.reads(INACTIVE))["blocks"])
    assert vendor(harbor)["STATUS"] == "inactive"  # type: ignore[index]  # it is in the story

    await room.presses("A second person must agree.", "Agree")
    await room.reads("You asked for this yourself, so someone else has to agree.")
    assert vendor(harbor)["STATUS"] == "inactive"  # type: ignore[index]  # as above

    await room.in_(LEE).presses("A second person must agree.", "Agree")
    await room.reads(f"{ASKS} Agreed by Lee Okafor; set to active.")
    solved = await room.reads("Solved: ")
    assert "vendor V-130 Basecamp Equipment set to active" not in solved["text"]
    assert "vendor V-130 set to active" in solved["text"]
    await room.reads(
        "Vendor V-130 Basecamp Equipment is set to active in Intacct; Dana Whitfield asked, Lee Okafor agreed: "
    )
    assert vendor(harbor)["STATUS"] == "active"  # type: ignore[index]  # as above
    await posted_once(harbor, portland)
    [event] = [one for one in await runs.told(harbor.far.parts.store, portland.id) if one.what == "vendor"]
    assert (event.actor, "Dana Whitfield asked, Lee Okafor agreed" in event.text) == (LEE, True)
