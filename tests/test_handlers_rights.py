"""A right that was withdrawn, and who is asked for it: from the alert to the administrator, to step 4, and on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models import Secret
from bot.sandbox.causes.door import Causes
from bot.sandbox.seed_company import SENDER_ID
from bot.store import alerts, connections
from tests.office import DANA, LEE, SAM, Office, office
from tests.patience import PATIENCE

REFUSED = "Syncing is paused: the sync user lacks a permission"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, cards=("0000",)) as made:
        await made.far.connect("100", schedule="")
        yield made


async def provoked(at: Office, name: str) -> Causes:
    door = Causes(at.far.intacct, at.far.spend, SENDER_ID)
    await door.control("provoke", {"name": name})
    await at.room.in_(LEE).types("sync")
    return door


async def test_the_administrator_gets_the_missing_right_by_message_and_resumes_from_there(at: Office) -> None:
    door = await provoked(at, "permission-withdrawn")
    await at.room.presses(REFUSED, "Ask the administrator")
    await at.room.submits("Ask the administrator", person=SAM)

    asked = json.dumps(
        await at.room.reads("Lee Okafor asks for your help with Sage Intacct company HarborPine", "D0SAM")
    )
    assert "Spendcenter may not add Credit card transactions." in asked
    assert "Company > Admin > Roles" in asked.replace("&gt;", ">")
    assert SENDER_ID not in asked

    await door.control("mend", {"name": "permission-withdrawn"})
    await at.room.in_(SAM, "D0SAM").presses("asks for your help", "Check and resume")
    await at.room.in_(LEE).reads("Solved: 1 transaction posted")
    assert len(at.far.booked()) == 1


async def test_step_4_opens_from_the_alert_names_what_is_missing_and_is_done_once_it_is_there(at: Office) -> None:
    door = await provoked(at, "permission-withdrawn")
    await at.room.in_(DANA).presses(REFUSED, "Open step 4")
    at.room.in_(DANA, "D0DANA")
    await at.room.sees("4 of 9 · Permissions")
    await at.room.clicks("By role")
    await at.room.clicks("Done, check")
    await at.room.sees("*missing* in `Billcom Role`")

    await door.control("mend", {"name": "permission-withdrawn"})
    await at.room.clicks("Check again")
    await at.room.sees("Right again.")
    await at.room.in_(LEE).presses(REFUSED, "Check and resume")
    await at.room.reads("Solved: 1 transaction posted")
    assert len(at.far.booked()) == 1


async def test_for_spend_center_its_own_administrator_is_asked(at: Office) -> None:
    words = "Syncing is paused: Spend Center no longer lets this app in"
    door = await provoked(at, "token-withdrawn")
    await at.room.presses(words, "Ask the administrator")
    assert "Who looks after Spend Center?" in json.dumps(await at.room.form("Ask the administrator"))
    await at.room.submits("Ask the administrator", person=SAM)
    await at.room.reads("Lee Okafor asks for your help with Spend Center: ", "D0SAM")

    await door.control("mend", {"name": "token-withdrawn"})
    await at.room.in_(SAM, "D0SAM").presses("asks for your help", "Check and resume")
    await at.room.in_(LEE).reads("Solved: syncing again")


async def test_nobody_in_the_company_is_asked_about_the_access_of_this_app_itself(at: Office) -> None:
    words = "Syncing is paused: Intacct refuses this app's own access"
    door = await provoked(at, "sender-revoked")
    alert = json.dumps(await at.room.reads(words))
    assert "Check and resume" in alert
    assert "Ask the administrator" not in alert

    await door.control("mend", {"name": "sender-revoked"})
    await at.room.presses(words, "Check and resume")
    await at.room.reads("Solved: syncing again")
    assert await alerts.list_open(at.far.parts.store) == []


async def told_in_vain(at: Office, times: int) -> None:
    """Until it is told that often that Intacct still refuses, and the next press is not one beside another's."""
    words = "Lee Okafor asked Intacct again, which does not let this app in yet."
    await at.room.until(lambda: sum(words in text for text in at.room.texts()) >= times or None, f"{times} x {words}")
    async with asyncio.timeout(PATIENCE):
        while any(alert.working for alert in await alerts.list_open(at.far.parts.store)):  # noqa: ASYNC110  # a row
            await asyncio.sleep(0.05)


async def test_check_and_resume_solves_nothing_while_intacct_still_refuses(at: Office) -> None:
    """Also while a session of before the reset lasts: with the password still wrong the one alert stays, and says so."""
    await at.room.in_(LEE).types("sync")
    await at.room.until(lambda: at.room.texts("D0LEE") or None, "what became of the sync")
    await at.far.intacct.control("reset_password", {"user_id": "Spendcenter"})
    await at.bot.engine.enqueue("look_around", "reset", company=1, connection_id=await connection_of(at))
    alert = await at.room.reads("Syncing is paused: Intacct refuses the sign-in")
    assert "Open step 6 of the set-up and enter the new password" in json.dumps(alert)
    assert "Open step 6" in [e["text"]["text"] for b in alert["blocks"] for e in b.get("elements", []) if "value" in e]

    for times in (1, 2):
        await at.room.presses("Syncing is paused", "Check and resume")
        await told_in_vain(at, times)
        await at.room.until(
            lambda: "still refused, last checked" in json.dumps(at.room.posts()) or None, "that it is still refused"
        )
    assert "Solved" not in json.dumps(at.room.posts())
    (standing,) = await alerts.list_open(at.far.parts.store)
    assert standing.ts == alert["ts"]

    password = str(at.far.intacct.gateway.company.mailbox[-1]["password"])
    await connections.change_company(at.far.parts.store, standing.company, password=Secret(password))
    await at.room.presses("Syncing is paused", "Check and resume")
    await at.room.reads("Solved: syncing again")


async def test_a_company_refused_for_another_reason_keeps_its_one_message(at: Office) -> None:
    await at.far.intacct.control("reset_password", {"user_id": "Spendcenter"})
    await at.room.in_(LEE).types("sync")
    alert = await at.room.reads("Syncing is paused: Intacct refuses the sign-in")
    await at.far.intacct.control("remove_sender", {"sender_id": SENDER_ID})

    await at.room.presses("Syncing is paused", "Check and resume")
    changed = await at.room.reads("Syncing is paused: Intacct no longer lets this app in")
    assert changed["ts"] == alert["ts"]
    assert "Solved" not in json.dumps(at.room.posts())
    assert len(await alerts.list_open(at.far.parts.store)) == 1


async def connection_of(at: Office) -> str:
    (one,) = await connections.list_connections(at.far.parts.store)
    return one.id
