"""Alerts in the finance channel: what stands there, what people press, and what becomes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.models import PostingState, Secret
from bot.sandbox.seed_company import WEB_SERVICES_PASSWORD
from bot.sandbox.seed_fixes import fixes
from bot.store import alerts, connections
from bot.store.connections import Connection
from tests.office import DANA, DROPPED_LINE, FINANCE, LEE, LUNCH, MARIA, SAM, Office, office

TRAVEL, REFUND = "37 transactions need a department", "1 refund needs your choice"


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


async def synced(at: Office, **changes: object) -> Connection:
    """Portland after its first sync, its three alerts in the channel."""
    portland = await at.far.connect("100", schedule="", **changes)
    await at.far.sync(portland)
    await at.bot.engine.enqueue("refresh", f"{portland.id}:test", company=portland.company, connection_id=portland.id)
    await at.room.reads(TRAVEL)
    return portland


async def mend(at: Office, cause: str) -> None:
    """What an accountant does at the far ends."""
    fix = next(one for one in fixes(at.far.story) if one.cause == cause)
    for act in fix.acts:
        sim = at.far.intacct if act.simulator == "intacct" else at.far.spend
        await sim.control(act.verb, act.args)


async def test_forty_four_failures_are_three_messages_and_the_rows_come_when_somebody_turns_to_one(
    harbor: Office,
) -> None:
    await synced(harbor)
    travel = await harbor.room.reads(TRAVEL)
    await harbor.room.reads(REFUND)
    assert len(harbor.room.posts()) == 3
    assert "$8,214.60 · 100 Portland" in travel["text"]

    await harbor.room.in_(LEE).presses(TRAVEL, "I'll take it")
    await harbor.room.reads("Details for your Sage admin")

    thread = [post for post in harbor.room.posts() if "thread_ts" in post]
    table = thread[0]
    assert [post["thread_ts"] for post in thread] == [travel["ts"]] * 2
    rows = next(block for block in table["blocks"] if block["type"] == "table")["rows"]
    assert len(rows) == 38
    assert rows[1][1]["text"] == "Blue Mesa Air"


async def test_a_retry_after_the_fix_solves_the_alert_and_says_by_whom(harbor: Office) -> None:
    portland = await synced(harbor)
    await mend(harbor, "department")

    await harbor.room.in_(LEE).presses(TRAVEL, "Retry 37")
    solved = await harbor.room.reads("Solved: 37 transactions posted")

    assert "Lee Okafor" in solved["text"]
    assert "$8,214.60" in solved["text"]
    assert "records " in solved["text"]
    assert (await harbor.far.tally(portland))[PostingState.POSTED][0] == 117
    await harbor.room.reads("Lee Okafor pressed Retry: 37 transactions posted.")
    assert harbor.room.texts("D0LEE") == []  # all of it can be read on the alert


async def test_a_retry_without_a_fix_leaves_the_alert_open_and_says_so(harbor: Office) -> None:
    await synced(harbor)

    await harbor.room.in_(LEE).presses(TRAVEL, "Retry 37")
    await harbor.room.reads("Lee Okafor pressed Retry: none of them posted.")
    again = await harbor.room.reads(TRAVEL)

    assert "Retry 37" in json.dumps(again["blocks"])
    assert len(harbor.far.booked()) == 80


async def test_of_two_people_who_press_at_once_one_is_told_privately_who_was_first(harbor: Office) -> None:
    portland = await synced(harbor)
    await mend(harbor, "department")
    post = await harbor.room.reads(TRAVEL)
    press = {"channel": FINANCE, "ts": post["ts"], "block_id": "do", "action_id": "alert.retry"}

    await asyncio.gather(*(harbor.slack.control("click", {"user": user, **press}) for user in (LEE, DANA)))
    await harbor.room.reads("Solved: 37 transactions posted")

    words = ("; it is running", "; it waits for its turn", " solved this ")
    lost = [text for user in (LEE, DANA) for text in harbor.room.in_(user).texts() if any(one in text for one in words)]
    assert len(lost) == 1
    assert (await harbor.far.tally(portland))[PostingState.POSTED][0] == 117
    assert len(harbor.far.booked()) == 117


async def test_the_refund_is_answered_by_a_button_and_posts_once(harbor: Office) -> None:
    portland = await synced(harbor)

    await harbor.room.in_(LEE).presses(REFUND, "Post as a negative")
    solved = await harbor.room.reads("Solved: 1 transaction posted")

    assert "−$640.00" in solved["text"]
    await harbor.room.reads("Lee Okafor answered *Post as a negative*: 1 transaction posted.")
    assert (await harbor.far.tally(portland))[PostingState.POSTED][0] == 81


async def test_nobody_decides_about_a_transaction_of_their_own_card(harbor: Office) -> None:
    await synced(harbor)
    harbor.slack.core.workspace.channels[FINANCE].members.add(MARIA)

    await harbor.room.in_(MARIA).chooses(TRAVEL, "Ignore")
    await harbor.room.reads("A transaction of your own card is among these")

    assert harbor.room.view() is None
    await harbor.room.in_(LEE).chooses(TRAVEL, "Ignore")
    assert await harbor.room.form("Ignore")


async def test_ignored_rows_need_a_reason_and_solve_the_alert(harbor: Office) -> None:
    portland = await synced(harbor)

    await harbor.room.in_(LEE).chooses(TRAVEL, "Ignore")
    empty = await harbor.room.submits("Ignore")
    assert "reason" in empty["errors"]
    for nothing in ("   ", "\u00a0\u2003", "—"):
        spaces = await harbor.room.submits("Ignore", reason=nothing)
        assert spaces["errors"] == {"reason": "Give a reason in words; it is kept with your name."}
    await harbor.room.submits("Ignore", reason="Entered by hand in October <!channel>")
    solved = await harbor.room.reads("Solved: 37 transactions left out")

    assert "Entered by hand in October &lt;!channel&gt;" in solved["text"]
    assert solved["text"].startswith("Solved: 37 transactions left out · $8,214.60 · 100 Portland.")
    assert (await harbor.far.tally(portland))[PostingState.IGNORED][0] == 37
    await harbor.room.reads("Lee Okafor left out 37 transactions")


async def test_a_snooze_needs_an_end_and_wakes_by_itself(harbor: Office) -> None:
    portland = await synced(harbor)

    await harbor.room.in_(LEE).chooses(TRAVEL, "Snooze")
    refused = await harbor.room.submits(
        "Snooze", until=str(harbor.clock().date() + timedelta(days=60)), reason="Waiting for the travel desk"
    )
    assert "within a month" in refused["errors"]["until"]
    await harbor.room.submits(
        "Snooze", until=str(harbor.clock().date() + timedelta(days=2)), reason="Waiting for the travel desk"
    )
    await harbor.room.reads("wants this quiet until")
    quiet = await harbor.room.reads(TRAVEL)
    assert "quiet until" in json.dumps(quiet["blocks"])

    harbor.clock.pass_(days=4)
    await harbor.bot.engine.enqueue("refresh", f"{portland.id}:woken", company=1, connection_id=portland.id)
    await harbor.room.until(
        lambda: (
            "quiet until" not in json.dumps([post for post in harbor.room.posts() if post["ts"] == quiet["ts"]]) or None
        ),
        "the alert awake",
    )


async def test_somebody_takes_an_alert_and_everyone_sees_who(harbor: Office) -> None:
    await synced(harbor)

    await harbor.room.in_(LEE).presses(TRAVEL, "I'll take it")

    await harbor.room.until(lambda: "Lee Okafor is on it" in json.dumps(harbor.room.posts()) or None, "who is on it")


async def test_a_deleted_message_is_posted_anew_with_its_thread_the_next_day_at_the_latest(harbor: Office) -> None:
    portland = await synced(harbor)
    before = await harbor.room.in_(LEE).reads(TRAVEL)
    await harbor.room.presses(TRAVEL, "I'll take it")
    await harbor.room.until(lambda: len(harbor.room.thread(before)) == 2 or None, "the thread")
    workspace = harbor.slack.core.workspace
    post = workspace.find(FINANCE, before["ts"])
    assert post is not None
    workspace.remove(FINANCE, post)

    harbor.clock.pass_(days=1)
    await harbor.bot.engine.enqueue("refresh", f"{portland.id}:next day", company=1, connection_id=portland.id)

    anew = await harbor.room.reads(TRAVEL)
    assert anew["ts"] != before["ts"]
    await harbor.room.until(lambda: harbor.room.thread(anew) or None, "the rows under the new message")


async def test_a_channel_without_the_bot_is_told_to_the_owner_once_and_heals(harbor: Office) -> None:
    members = harbor.slack.core.workspace.channels[FINANCE].members
    members.discard("U0BOT")
    portland = await harbor.far.connect("100", schedule="")
    await harbor.far.sync(portland)
    for n in range(2):
        await harbor.bot.engine.enqueue("refresh", f"{portland.id}:{n}", company=1, connection_id=portland.id)

    told = await harbor.room.reads("I cannot post alerts of 100 Portland", "D0DANA")
    assert "/invite @spend-intacct" in told["text"]
    members.add("U0BOT")
    await harbor.bot.engine.enqueue("refresh", f"{portland.id}:healed", company=1, connection_id=portland.id)
    await harbor.room.reads(TRAVEL)

    assert sum("I cannot post" in text for text in harbor.room.texts("D0DANA")) == 1


async def test_what_was_corrected_of_the_card_is_told_to_the_owner_once(harbor: Office) -> None:
    place = harbor.far.intacct.gateway.company.find("LOCATION", "100")
    assert place is not None
    number = str(place["RECORDNO"])
    portland = await harbor.far.connect("100", schedule="", default_location=number, card_account="2150")
    await harbor.far.sync(portland)
    for n in range(2):
        await harbor.bot.engine.enqueue("refresh", f"{portland.id}:{n}", company=1, connection_id=portland.id)
        told = await harbor.room.reads("I corrected the settings of 100 Portland", "D0DANA")

    assert f"default location {number} → 100" in told["text"]
    await harbor.room.reads(TRAVEL)
    assert sum("I corrected the settings" in text for text in harbor.room.texts("D0DANA")) == 1


async def test_while_slack_is_away_nothing_is_lost(harbor: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.refreshing.AGAIN", 1)
    await harbor.slack.control("fault", {"user": DANA, "kind": "down"})
    portland = await harbor.far.connect("100", schedule="")
    await harbor.far.sync(portland)
    await harbor.bot.engine.enqueue("refresh", f"{portland.id}:down", company=1, connection_id=portland.id)
    await harbor.room.until(
        lambda: any("Slack is down" in line["what"] for line in harbor.slack.state()["log"]) or None, "a call in vain"
    )
    assert not harbor.room.posts()

    await harbor.slack.control("fault", {"user": DANA, "kind": "clear"})

    assert await harbor.room.reads(TRAVEL)


async def test_a_changed_password_is_one_message_that_check_and_resume_solves(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="")
    store = harbor.far.parts.store
    await connections.change_company(store, portland.company, password=None)
    await harbor.room.in_(LEE).types("sync")
    alert = await harbor.room.reads("HarborPine")
    labels = [
        e["text"]["text"]
        for b in alert["blocks"]
        if b["type"] == "actions"
        for e in b["elements"]
        if e["type"] == "button"
    ]
    assert labels[:2] == ["Check and resume", "Ask the administrator"]

    await harbor.room.in_(LEE).presses("HarborPine", "Ask the administrator")
    await harbor.room.submits("Ask the administrator", person=SAM)
    asked = await harbor.room.reads("Lee Okafor asks for your help", "D0SAM")
    assert "HarborPine" in asked["text"]
    await connections.change_company(store, portland.company, password=Secret(WEB_SERVICES_PASSWORD))
    await harbor.room.in_(SAM, "D0SAM").presses("asks for your help", "Check and resume")

    await harbor.room.in_(LEE).reads("Solved: syncing again")
    await harbor.room.reads(TRAVEL)
    assert not await alerts.list_open(store, company=portland.company)


async def test_details_and_records_turn_page_by_page(harbor: Office) -> None:
    await synced(harbor)

    await harbor.room.in_(LEE).chooses(TRAVEL, "Details")
    view = await harbor.room.until(harbor.room.view, "the details")
    assert "Page 1 of 2, 37 transactions" in json.dumps(view)
    await harbor.room.do("click", view_id=view["id"], block_id="turn", action_id="alert.page.on")
    await harbor.room.until(lambda: "Page 2 of 2" in json.dumps(harbor.room.view()) or None, "the second page")


async def test_an_answer_that_stays_away_is_asked_for_by_a_button_and_found_once(tmp_path: Path) -> None:
    async with office(tmp_path, intacct_settle_after=3600) as harbor:
        portland = await synced(harbor)
        await harbor.far.intacct.control("fault", {**DROPPED_LINE, "kind": "commit_late", "seconds": 900})
        await harbor.far.spend.control("add_transaction", LUNCH)
        await harbor.room.in_(LEE).types("sync")
        told = await harbor.room.reads("checking with Intacct whether it posted", "D0LEE")
        assert "Do not enter it by hand" in told["text"]
        assert not any("checking with Intacct" in text for text in harbor.room.texts())

        harbor.clock.pass_(minutes=16)
        harbor.far.clock.pass_(minutes=16)
        await harbor.bot.engine.enqueue("refresh", f"{portland.id}:late", company=1, connection_id=portland.id)
        alert = await harbor.room.reads("checking with Intacct whether it posted")
        assert "Retry" not in json.dumps(alert["blocks"])
        await harbor.room.presses("checking with Intacct whether it posted", "Check now")

        solved = await harbor.room.reads("Solved: 1 transaction posted once, found after the line dropped")
        assert "record 1" in solved["text"]
        assert sum(amount == 2640 for amount in harbor.far.booked().values()) == 1


async def test_slack_asking_for_a_pause_or_stumbling_only_delays_an_alert(
    harbor: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.refreshing.AGAIN", 1)
    portland = await harbor.far.connect("100", schedule="")
    await harbor.far.sync(portland)
    stumble = {"kind": "error", "method": "chat.postMessage", "error": "internal_error", "n": 1}
    for fault in ({"kind": "rate_limit", "n": 1, "retry_after": 1}, stumble):
        await harbor.slack.control("fault", {"user": DANA, **fault})

    await harbor.bot.engine.enqueue("refresh", f"{portland.id}:test", company=1, connection_id=portland.id)

    assert await harbor.room.reads(TRAVEL)
    assert sum(text.startswith(TRAVEL) for text in harbor.room.texts()) == 1
