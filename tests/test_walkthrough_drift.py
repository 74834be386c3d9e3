"""The daily look around: each change in Intacct is told once, in the channel, and once that it is right again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.models import ConnectionState
from bot.store import drift, walkthroughs
from bot.store.connections import Connection
from bot.walkthrough import drift as daily
from bot.walkthrough import progress
from bot.walkthrough.drift import Drift, Seen
from bot.walkthrough.values import Values
from tests.office import LEE, Office, office
from tests.world import World, world

USER = "Spendcenter"
Json = dict[str, Any]


@pytest.fixture
async def far(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


async def looked(far: World, connection: Connection) -> Seen | None:
    return await Drift(far.parts.runner, None).look(connection)  # type: ignore[arg-type]  # a look keeps no promises


async def portland(far: World) -> Connection:
    return await far.connect("100", schedule="", card_account="2150", default_location="100")


def account(**changes: str) -> tuple[str, Json]:
    return "save_record", {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "2150", **changes}}


def card(**changes: str) -> tuple[str, Json]:
    return "save_record", {"object": "CREDITCARD", "record": {"CARDID": "Spend Center CC Object", **changes}}


# --- what is seen -----------------------------------------------------------------------------------------------------


async def test_nothing_is_said_of_a_connection_that_is_as_it_was_set_up(far: World) -> None:
    seen = await looked(far, await portland(far))

    assert seen == Seen((), frozenset(range(2, 9)), Values())


@pytest.mark.parametrize(
    ("change", "step", "key", "words"),
    [
        (account(REQUIREDEPT="true"), 7, "REQUIREDEPT", "Department is required, it should not be."),
        (account(STATUS="inactive"), 7, "STATUS", "Status is inactive, it should be active."),
        (card(STATUS="inactive"), 8, "status", "Status is inactive, it should be active."),
        (card(EXP_YEAR="2026", EXP_MONTH="December"), 8, "expiry", "The card expires 12/2026"),
        (("remove_role", {"user_id": USER, "role": "Billcom Role"}), 4, "role", "`Billcom Role` exists but"),
        (("edit_user", {"user_id": USER, "entities": ["100"]}), 5, "limited", "is limited to 100 Portland"),
        (("edit_user", {"user_id": USER, "user_type": "employee"}), 3, "user_type", "it must be *Business*"),
    ],
)
async def test_each_change_that_will_stop_the_sync_is_seen_with_its_step(
    far: World, change: tuple[str, Json], step: int, key: str, words: str
) -> None:
    connection = await portland(far)
    await far.intacct.control(*change)

    seen = await looked(far, connection)

    assert seen is not None
    assert [(number, check.key) for number, check in seen.wrong] == [(step, key)]
    assert words in seen.wrong[0][1].sentence


async def test_the_cards_own_location_is_told_by_the_card_and_not_again_by_what_is_coded_to_it(far: World) -> None:
    connection = await portland(far)
    await far.sync(connection)
    (far.intacct.gateway.company.find("LOCATION", "100") or {})["STATUS"] = "inactive"

    seen = await looked(far, connection)

    assert seen is not None
    assert [(step, check.key) for step, check in seen.wrong] == [(8, "location")]
    assert seen.values is not None
    assert seen.values.wrong == ()


async def test_silence_of_intacct_is_no_change(far: World) -> None:
    connection = await portland(far)
    await far.intacct.stop()
    assert await looked(far, connection) is None

    await far.intacct.start()

    assert await looked(far, connection) == Seen((), frozenset(range(2, 9)), Values())


# --- when -------------------------------------------------------------------------------------------------------------


async def test_the_daily_look_waits_until_a_start_is_over_and_for_its_own_moment(
    at: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily, "DAILY", 0)
    monkeypatch.setattr(daily, "SPREAD", 2**32)
    connection = await portland(at.far)
    looks = Drift(at.far.parts.runner, at.bot.engine)
    at.far.clock.pass_(minutes=9)
    await looks.promise()
    assert not await at.bot.engine.waiting(f"look_around:{connection.id}:"), "the syncs of a start go first"

    at.far.clock.pass_(minutes=2)
    await looks.promise()

    assert await at.bot.engine.waiting(f"look_around:{connection.id}:{at.far.clock().date()}")


# --- what is told -----------------------------------------------------------------------------------------------------


async def look(at: Office, connection: Connection, why: str) -> None:
    await at.bot.engine.enqueue("look_around", why, company=connection.company, connection_id=connection.id)


async def test_a_change_is_told_once_and_the_same_message_ends_solved(at: Office) -> None:
    connection = await portland(at.far)
    await at.far.intacct.control(*account(REQUIREDEPT="true"))
    await look(at, connection, "monday")
    told = await at.room.reads("Something changed in Intacct: the next sync will not go through")
    assert "General Ledger > Accounts > 2150 > Edit > Required dimensions > Department > untick" in json.dumps(
        told
    ).replace("&gt;", ">")
    assert "Open step 7" in json.dumps(told)

    await look(at, connection, "tuesday")
    await at.room.in_(LEE).presses("Something changed in Intacct", "Check again")
    await at.room.until(lambda: True if "still so, checked" in json.dumps(at.room.posts()) else None, "a second look")
    assert len(at.room.posts()) == 1

    await at.far.intacct.control(*account(REQUIREDEPT="false"))
    await at.room.presses("Something changed in Intacct", "Check again")
    solved = await at.room.reads("Solved: right again in Intacct")

    assert solved["ts"] == told["ts"]
    assert len(at.room.posts()) == 1

    await look(at, connection, "wednesday")
    await at.far.intacct.control(*card(STATUS="inactive"))
    await look(at, connection, "thursday")
    await at.room.reads("card Spend Center CC Object")
    assert len(at.room.posts()) == 2
    assert [mark.key for mark in await drift.open_marks(at.far.parts.store, connection.id)] == [(8, "status")]


async def test_the_button_opens_the_step_that_mends_it(at: Office) -> None:
    connection = await portland(at.far)
    await at.far.intacct.control(*account(REQUIREDEPT="true"))
    await look(at, connection, "monday")
    await at.room.in_(LEE).presses("Something changed in Intacct", "Open step 7")
    await at.room.until(
        lambda: True if "Only Dana Whitfield, who set 100 Portland up" in json.dumps(at.room.posts()) else None, "no"
    )

    await at.room.in_("U0DANA").presses("Something changed in Intacct", "Open step 7")
    await at.room.in_("U0DANA", "D0DANA").reads("Liability account")
    (walk,) = await walkthroughs.find_open(at.far.parts.store, connection.workspace_id, "U0DANA")

    assert (walk.step, walk.connection_id) == (7, connection.id)
    assert progress.state_of(walk, 8) == "done"


@pytest.mark.parametrize(
    "change",
    [
        ("reset_password", {"user_id": USER}),
        ("remove_sender", {"sender_id": "harborpine-bot"}),
        ("edit_user", {"user_id": USER, "entities": ["200"]}),
    ],
)
async def test_a_sign_in_that_is_refused_is_told_by_the_companys_one_alert(
    at: Office, change: tuple[str, Json]
) -> None:
    connection = await portland(at.far)
    await at.far.intacct.control(*change)

    await look(at, connection, "monday")
    await at.room.reads("Syncing is paused")
    await look(at, connection, "tuesday")

    assert (await at.connection(connection)).state == ConnectionState.BROKEN
    assert [text for text in at.room.texts() if "Something changed" in text] == []


async def test_the_look_comes_by_itself_once_a_day_and_after_a_run_that_went_wrong(
    at: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily, "SPREAD", 1)
    connection = await portland(at.far)
    await at.far.intacct.control(*account(REQUIREDEPT="true"))
    at.clock.pass_(minutes=11)
    told = await at.room.reads("Something changed in Intacct")
    await at.far.intacct.control(*account(REQUIREDEPT="false"))

    at.clock.pass_(days=1)
    solved = await at.room.reads("Solved: right again in Intacct")
    assert solved["ts"] == told["ts"]

    await at.far.intacct.control(*account(REQUIRELOC="true"))
    assert (await at.far.sync(connection)).failed
    at.clock.pass_(minutes=11)
    await at.room.reads("Location is required, it should not be.")
