"""`/intacct` and its words: what each answers, to whom, and what is refused."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models import ConnectionState, PostingState, Trigger
from bot.store import connections, runs
from tests.office import DANA, DROPPED_LINE, FINANCE, LEE, LUNCH, MARIA, Office, office
from tests.patience import PATIENCE


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


async def test_an_unknown_word_gets_the_list_and_nothing_else(harbor: Office) -> None:
    await harbor.room.types("frobnicate <!channel>")

    answer = await harbor.room.reads("I do not know")
    assert answer["ephemeral"]
    assert "`frobnicate`" in answer["text"]
    assert "`/intacct sync` · post now" in json.dumps(answer["blocks"], ensure_ascii=False)


async def test_help_and_no_word_at_all_are_the_same(harbor: Office) -> None:
    await harbor.room.types("help")
    await harbor.room.types("")

    assert len({text for text in harbor.room.texts() if text.startswith("Type /intacct")}) == 1


async def test_setup_opens_the_conversation(harbor: Office) -> None:
    await harbor.room.types("setup")

    assert await harbor.room.reads("Set-up of Spend Center", "D0DANA")


async def test_status_before_anything_is_connected_says_how_to_begin(harbor: Office) -> None:
    await harbor.room.types("status")

    assert await harbor.room.reads("Nothing is connected yet")


async def test_a_sync_is_asked_for_told_at_once_and_told_again_when_done(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="")

    await harbor.room.in_(LEE).types("sync")
    await harbor.room.reads("Syncing 100 Portland")
    await harbor.room.reads("Posted 80 transactions, $29,942.82, to 100 Portland. 44 not posted", "D0LEE")
    await harbor.room.types("status")
    await harbor.room.types("errors")

    status = await harbor.room.reads("100 Portland is syncing on its schedule")
    assert "posted 80, $29,942.82 · not posted 44, $9,962.60" in json.dumps(status["blocks"], ensure_ascii=False)
    errors = await harbor.room.reads("3 alerts open")
    assert "https://harborpine.slack.com/archives/C0FINANCE/" in json.dumps(errors["blocks"])
    assert (await harbor.far.tally(portland))[PostingState.POSTED][0] == 80


async def test_a_second_sync_learns_who_started_the_first(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="")
    await runs.ensure_run(
        harbor.far.parts.store, "k", connection=portland.id, trigger=Trigger.PERSON, actor=DANA, now=harbor.clock()
    )

    await harbor.room.in_(LEE).types("sync")

    assert await harbor.room.reads("Dana Whitfield started a sync of 100 Portland")


async def test_a_press_is_acknowledged_in_time_while_slack_itself_is_slow(harbor: Office) -> None:
    await harbor.far.connect("100", schedule="")
    await harbor.far.connect("200", schedule="")
    await harbor.room.in_(LEE).types("sync")
    await harbor.room.reads("Which one shall I sync?")
    harbor.clock.pass_(minutes=2)  # what was known of the channel's members is old: it is asked again
    await harbor.slack.control("fault", {"user": DANA, "kind": "slow", "n": 1, "seconds": 4})

    pressed = await harbor.room.presses("Which one shall I sync?", "200 Denver")

    assert pressed["acked"]
    assert pressed["ms"] < 3000
    assert await harbor.room.reads("Posted 67 transactions", "D0LEE")


async def test_of_several_connections_the_one_that_is_meant_is_asked_for(harbor: Office) -> None:
    await harbor.far.connect("100", schedule="")
    denver = await harbor.far.connect("200", schedule="")

    await harbor.room.in_(LEE).types("sync")
    await harbor.room.presses("Which one shall I sync?", "200 Denver")
    await harbor.room.reads("Posted 67 transactions", "D0LEE")
    assert (await harbor.far.tally(denver))[PostingState.POSTED][0] == 67

    await harbor.room.types("sync nowhere")
    await harbor.room.reads("No connection is called nowhere")
    await harbor.room.types("sync denver")
    assert await harbor.room.reads("Nothing new to post to 200 Denver.", "D0LEE")


async def test_the_last_attempt_of_a_lost_answer_is_told_as_found(harbor: Office) -> None:
    await harbor.far.connect("100", schedule="")
    await harbor.room.in_(LEE).types("sync")
    await harbor.room.reads("Posted 80 transactions", "D0LEE")
    await harbor.far.intacct.control("fault", DROPPED_LINE)
    await harbor.far.spend.control("add_transaction", LUNCH)

    await harbor.room.types("sync")
    found = await harbor.room.reads("Posted once, record", "D0LEE")

    assert "$2,640.00" in found["text"]
    assert sum(amount == 2640 for amount in harbor.far.booked().values()) == 1


async def test_pause_and_resume_belong_to_whoever_set_it_up(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="0 7 * * *", last_fired=harbor.clock())

    await harbor.room.in_(LEE).types("pause")
    await harbor.room.reads("Only Dana Whitfield, who set 100 Portland up, can change it.")
    assert (await harbor.connection(portland)).state == ConnectionState.ACTIVE

    await harbor.room.in_(DANA).types("pause")
    await harbor.room.reads("100 Portland is paused")
    await harbor.room.types("sync")
    await harbor.room.reads("100 Portland is paused. Type `/intacct resume` first.")
    await harbor.room.types("resume")
    await harbor.room.reads("100 Portland is resumed")
    assert (await harbor.connection(portland)).state == ConnectionState.ACTIVE


async def test_amounts_are_nobodys_business_outside_the_finance_channel(harbor: Office) -> None:
    await harbor.far.connect("100", schedule="")

    for word in ("status", "errors", "sync"):
        await harbor.room.in_(MARIA, "C0GENERAL").types(word)

    answers = harbor.room.texts()
    assert not any("Portland" in text for text in answers)
    asked = await harbor.room.reads("nothing of it is yours to see")
    assert asked["text"].endswith("If it should be, ask Dana Whitfield.")


async def test_who_may_retry_can_be_a_list(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="", options={"retry": [DANA]})

    await harbor.room.in_(LEE).types("sync")

    assert await harbor.room.reads("For 100 Portland, Dana Whitfield posts again and starts syncs.")
    assert PostingState.POSTED not in await harbor.far.tally(portland)


async def test_a_button_of_an_older_version_says_so(harbor: Office) -> None:
    block = {
        "type": "actions",
        "block_id": "old",
        "elements": [{"type": "button", "action_id": "gone.away", "text": {"type": "plain_text", "text": "Old"}}],
    }
    await harbor.bot.client.chat_postMessage(channel=FINANCE, text="An old message", blocks=[block])

    pressed = await harbor.room.presses("An old message", "Old")

    assert pressed["acked"]
    assert await harbor.room.reads("That button is from an older message")


async def test_what_breaks_is_told_with_a_number_that_the_log_has_too(
    harbor: Office, caplog: pytest.LogCaptureFixture
) -> None:
    await connections.ensure_workspace(harbor.far.parts.store, "", "T0HARBOR", "", harbor.clock())
    await harbor.bot.client.chat_postMessage(
        channel=FINANCE,
        text="A broken button",
        blocks=[
            {
                "type": "actions",
                "block_id": "do",
                "elements": [
                    {
                        "type": "button",
                        "action_id": "alert.page.on",
                        "value": "s3cret-looking",
                        "text": {"type": "plain_text", "text": "Broken"},
                    }
                ],
            }
        ],
    )
    with caplog.at_level(logging.INFO):
        await harbor.room.presses("A broken button", "Broken")
        told = await harbor.room.reads("give this number to whoever runs this app")

    reference = told["text"].rsplit(" ", 1)[-1]
    assert any(record.levelno == logging.ERROR and reference in record.getMessage() for record in caplog.records)
    assert not any("s3cret-looking" in record.getMessage() for record in caplog.records)


async def test_free_text_gets_a_way_on(harbor: Office) -> None:
    await harbor.room.in_(LEE, "D0LEE").says("hello?")

    assert await harbor.room.reads("type `/intacct help`")


async def test_an_app_that_was_removed_stops_its_schedules(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="0 7 * * *", last_fired=harbor.clock())

    await harbor.slack.control("uninstall", {"user": DANA})

    async with asyncio.timeout(PATIENCE):
        while (await harbor.connection(portland)).state != ConnectionState.PAUSED:  # noqa: ASYNC110  # a database row rings no bell
            await asyncio.sleep(0.05)
