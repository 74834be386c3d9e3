"""Coming back: what stopped everything is mended at its step, the rest of the set-up stays, and what waited is posted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models import ConnectionState, PostingState, Secret
from bot.store import connections, walkthroughs
from tests.office import DANA, LEE, Office, office

USER = "Spendcenter"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


async def syncs(at: Office, command: str = "sync") -> None:
    """Asks for a sync as people do."""
    await at.room.in_(DANA, "D0DANA").types(command)


def mailed(at: Office) -> str:
    return str(at.far.intacct.gateway.company.mailbox[-1]["password"])


async def test_a_new_password_in_step_6_lets_the_sync_go_on_and_post_what_waited(at: Office) -> None:
    portland = await at.far.connect("100", schedule="")
    denver = await at.far.connect("200", schedule="")
    await at.far.intacct.control("reset_password", {"user_id": USER})

    await syncs(at, "sync Portland")
    alert = await at.room.in_(DANA).reads("Syncing is paused")
    await syncs(at, "sync Denver")
    await at.room.in_(DANA, "D0DANA").reads("200 Denver waits until this app is let in again")
    assert len([post for post in at.room.in_(DANA).posts() if "thread_ts" not in post]) == 1
    assert at.far.booked() == {}

    await at.room.presses("Syncing is paused", "Open step 6")
    at.room.in_(DANA, "D0DANA")
    await at.room.clicks("Enter the password")
    await at.room.submits("Enter the password", password="still-wrong")
    await at.room.sees("does not say which part is wrong")
    assert at.far.booked() == {}
    await at.room.submits("Enter the password", password=mailed(at))
    await at.room.sees("Right again.")

    solved = await at.room.in_(DANA).reads("Solved: syncing again")
    assert solved["ts"] == alert["ts"]
    await at.room.reads("37 transactions need a department")
    await at.room.reads("4 transactions fall in a closed period")
    for one, posted in ((portland, 80), (denver, 67)):
        assert (await at.connection(one)).state == ConnectionState.ACTIVE
        assert (await at.far.tally(one))[PostingState.POSTED][0] == posted
    company = await connections.get_company(at.far.parts.store, portland.company)
    assert company.password == Secret(mailed(at))
    assert await walkthroughs.find_open(at.far.parts.store, portland.workspace_id) == []


async def test_a_sender_that_was_withdrawn_is_let_in_again_at_step_2(at: Office) -> None:
    portland = await at.far.connect("100", schedule="")
    await at.far.intacct.control("remove_sender", {"sender_id": "harborpine-bot"})
    await syncs(at)
    await at.room.in_(LEE).presses("Syncing is paused", "Open step 2")
    await at.room.until(
        lambda: True if "Only Dana Whitfield, who set 100 Portland up" in json.dumps(at.room.posts()) else None, "no"
    )

    await at.room.in_(DANA).presses("Syncing is paused", "Open step 2")
    at.room.in_(DANA, "D0DANA")
    await at.room.sees("2 of 9 · Let this app in")
    await at.far.intacct.control("authorize_sender", {"sender_id": "harborpine-bot"})
    await at.room.clicks("Done, check")
    await at.room.sees("the second Save was left out")
    await at.far.intacct.control("save_company", {})
    await at.room.clicks("Check again")
    await at.room.sees("Right again.")

    await at.room.in_(DANA).reads("Solved: syncing again")
    await at.room.reads("37 transactions need a department")
    assert (await at.far.tally(portland))[PostingState.POSTED][0] == 80


async def test_a_card_that_was_replaced_becomes_the_connections_card(at: Office) -> None:
    portland = await at.far.connect("100", schedule="", card_account="2150", default_location="100")
    for name, values in (("remove_role", {"role": "Billcom Role"}), ("assign_role", {"role": "Billcom Role"})):
        await at.far.intacct.control(name, {"user_id": USER, **values})
    await at.far.intacct.control("delete_record", {"object": "CREDITCARD", "record": {"CARDID": portland.card}})
    await at.bot.engine.enqueue("look_around", "monday", company=portland.company, connection_id=portland.id)
    await at.room.in_(DANA).presses("Something changed in Intacct", "Open step 8")
    record = {
        "CARDID": "Cards 2027",
        "EXP_MONTH": "December",
        "EXP_YEAR": "2035",
        "VENDORID": "V-CARDS",
        "LIABACCTKEY": "2150",
        "LOCATION": "100",
    }
    await at.far.intacct.control("create_record", {"object": "CREDITCARD", "record": record, "entity": "100"})

    await at.room.in_(DANA, "D0DANA").clicks("Done, check")
    await at.room.sees("Right again.")

    assert (await at.connection(portland)).card == "Cards 2027"
    await at.room.in_(DANA).reads("Solved: right again in Intacct")


async def test_a_new_token_in_step_9_lets_the_sync_go_on_and_asks_nothing_else(tmp_path: Path) -> None:
    async with office(tmp_path, cards=("2665",)) as at:
        portland = await at.far.connect("100", schedule="")
        known = {"spend_company": at.far.spend.books.company["uuid"], "spend_company_name": "Harbor & Pine Cards"}
        denver = await at.far.connect("200", schedule="", **known)
        at.far.spend.books.token = "token-of-next-year"
        await syncs(at, "sync Denver")
        header = "Syncing is paused: Spend Center no longer lets this app in"
        alert = await at.room.in_(DANA).reads(header)

        await at.room.presses(header, "Open step 9")
        at.room.in_(DANA, "D0DANA")
        await at.room.clicks("Update token")
        await at.room.submits("Connect Spend Center", token="wrong-token-0815")
        await at.room.sees("Spend Center refused the sign-in.")
        await at.room.submits("Connect Spend Center", token="token-of-next-year")
        await at.room.sees("Right again.")

        solved = await at.room.in_(DANA).reads("Solved: syncing again")
        assert solved["ts"] == alert["ts"]
        await at.room.in_(DANA, "D0DANA").reads("Posted 12 transactions, $3,204.29, to 200 Denver.")
        assert at.room.view() is None
        kept = await at.connection(denver)
        assert (kept.state, kept.spend_token) == (ConnectionState.ACTIVE, Secret("token-of-next-year"))
        assert (kept.mapping, kept.start_date) == (denver.mapping, denver.start_date)
        assert (await at.connection(portland)).spend_token == portland.spend_token, "the alert was Denver's"
