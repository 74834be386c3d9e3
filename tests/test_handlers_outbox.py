"""Slack goes away, answers nothing, asks for a pause; the bot dies in the middle: people see every message once."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.models import MessageState, PostingState
from bot.sandbox.slack import SlackSim
from bot.serve import Bot
from bot.store import alerts, outbox, postings
from bot.store.connections import Connection
from bot.store.postings import Posting
from handlers import refresh
from handlers.delivery import Later, Post
from handlers.outbox import Outbox
from tests.office import DANA, FINANCE, LEE, LUNCH, Office, harbor_without_bot, office
from tests.patience import PATIENCE
from tests.test_serve import environment, healthy, running
from tests.world import World

TRAVEL, SOFTWARE, REFUND = (
    "37 transactions need a department",
    "6 transactions use account",
    "1 refund needs your choice",
)
SOFTWARE_NOW = "6 transactions use account 6215 Software (old), which is inactive"
LOST = {"kind": "lose_answer", "method": "chat.postMessage", "n": 1}


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


async def fails(slack: SlackSim, **fault: Any) -> None:
    await slack.control("fault", {"user": DANA, **fault})


async def drawn(at: Office, one: Connection, why: str) -> None:
    await at.bot.engine.enqueue("refresh", f"{one.id}:{why}", company=one.company, connection_id=one.id)


async def draws(at: Office, one: Connection) -> None:
    """A refresh from its beginning to its end, whatever the engine does meanwhile."""
    services, client = at.bot.digests.services, at.bot.client
    job = refresh(services, client, Outbox(services, client, Post(services.store, services.clock, 0)))
    assert not await job(0, connection_id=one.id)


def calls(slack: SlackSim) -> Counter[str]:
    """From now on, every call of the Web API by its method."""
    counted: Counter[str] = Counter()
    note = slack.core.note

    def listen(direction: str, what: str, ok: bool) -> None:
        if direction == "in":
            counted[what.split(maxsplit=1)[0].rstrip(":")] += 1
        note(direction, what, ok)

    slack.core.note = listen  # type: ignore[method-assign]  # a listener on the simulator's own log
    return counted


def beginnings(slack: SlackSim, place: str = FINANCE) -> list[str]:
    """What stands there apart from threads, without its numbers' details."""
    return [post["text"].split(". ")[0] for post in slack.messages(place, DANA) if "thread_ts" not in post]


async def nothing_left(at: Office) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await outbox.backlog(at.far.parts.store))[0]:  # noqa: ASYNC110  # a table rings no bell
            await asyncio.sleep(0.05)


async def in_doubt(at: Office, one: Connection) -> None:
    """Until the bot knows that it does not know."""
    async with asyncio.timeout(PATIENCE):
        while True:
            owed = await outbox.to_send(at.far.parts.store, one.id)
            if any(message.state == MessageState.SENDING and message.claimed is None for message in owed):
                return
            await asyncio.sleep(0.05)


# --- an answer is lost ------------------------------------------------------------------------------------------------


async def test_an_alert_whose_answer_was_lost_stands_twice_until_one_is_pressed_and_then_once(harbor: Office) -> None:
    await fails(harbor.slack, **LOST)
    portland = await harbor.far.connect("100", schedule="")
    await harbor.far.sync(portland)
    await drawn(harbor, portland, "lost")
    first = await harbor.room.in_(LEE).reads(SOFTWARE)
    assert len(harbor.room.posts()) == 1, "the rest waits for Slack"

    harbor.clock.pass_(seconds=31)
    await drawn(harbor, portland, "again")
    await harbor.room.reads(REFUND)
    assert sorted(text[:20] for text in harbor.room.texts()) == [
        "1 refund needs your ",
        "37 transactions need",
        "6 transactions use a",
        "6 transactions use a",
    ]

    press = {"channel": FINANCE, "ts": first["ts"], "block_id": "do", "action_id": "alert.take"}
    await harbor.room.do("click", **press)
    await harbor.room.until(
        lambda: "Lee Okafor is on it" in json.dumps(harbor.room.posts()) or None, "what was pressed"
    )
    await harbor.room.until(
        lambda: first["ts"] not in [post["ts"] for post in harbor.room.posts()] or None, "the copy gone"
    )
    assert len(beginnings(harbor.slack)) == 3


async def test_a_press_before_the_second_try_makes_the_first_message_the_alerts_own(harbor: Office) -> None:
    await fails(harbor.slack, **LOST)
    portland = await harbor.far.connect("100", schedule="")
    await harbor.far.sync(portland)
    await drawn(harbor, portland, "lost")
    first = await harbor.room.in_(LEE).reads(SOFTWARE)
    await harbor.room.until(
        lambda: any("the answer is lost" in line["what"] for line in harbor.slack.state()["log"]) or None, "it"
    )

    await harbor.room.presses(SOFTWARE, "I'll take it")
    await harbor.room.reads(REFUND)
    await harbor.room.until(lambda: "Lee Okafor is on it" in json.dumps(harbor.room.posts()) or None, "who is on it")

    assert len(beginnings(harbor.slack)) == 3
    assert harbor.room.posts()[0]["ts"] == first["ts"]


async def test_where_the_workspace_lets_the_app_read_the_channel_the_message_is_found(harbor: Office) -> None:
    manifest = harbor.slack.core.manifest
    manifest.scopes = (*manifest.scopes, "groups:history")
    await fails(harbor.slack, **LOST)
    portland = await harbor.far.connect("100", schedule="")
    await harbor.far.sync(portland)
    await drawn(harbor, portland, "lost")
    await harbor.room.reads(SOFTWARE)

    harbor.clock.pass_(seconds=31)
    await drawn(harbor, portland, "again")
    await harbor.room.reads(REFUND)

    assert len(beginnings(harbor.slack)) == 3
    await harbor.room.in_(LEE).presses(SOFTWARE, "I'll take it")
    await harbor.room.until(lambda: "Lee Okafor is on it" in json.dumps(harbor.room.posts()) or None, "it is live")
    await nothing_left(harbor)

    refund = await harbor.room.reads(REFUND)
    await fails(harbor.slack, **LOST)
    await harbor.room.presses(REFUND, "I'll take it")
    await in_doubt(harbor, portland)
    harbor.clock.pass_(seconds=31)
    await drawn(harbor, portland, "the reply again")
    await nothing_left(harbor)
    assert harbor.room.thread(refund) == ["1 transaction, −$640.00"]


async def test_a_result_whose_answer_was_lost_is_read_once(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="")
    await harbor.room.in_(LEE).types("sync")
    await harbor.room.reads("Posted 80 transactions", "D0LEE")
    await nothing_left(harbor)

    await fails(harbor.slack, **LOST)
    await harbor.room.types("sync")
    await harbor.room.reads("Nothing new to post to 100 Portland.", "D0LEE")
    await in_doubt(harbor, portland)
    harbor.clock.pass_(seconds=31)
    await harbor.bot.engine._sweep()  # what comes round every two seconds of the real clock
    await nothing_left(harbor)

    assert sum(text.startswith("Nothing new") for text in harbor.room.texts("D0LEE")) == 1


@pytest.mark.parametrize("readable", [True, False])
async def test_a_bot_killed_between_slacks_commit_and_its_own_leaves_every_alert_and_result_once(
    tmp_path: Path, readable: bool
) -> None:
    async with harbor_without_bot(tmp_path, since=datetime.now(UTC)) as (far, slack, clock):
        if readable:
            slack.core.manifest.scopes = (*slack.core.manifest.scopes, "groups:history")
        await far.connect("100", schedule="")
        await killed_at_its_first_message(tmp_path, far, slack)
        [stray] = slack.messages(FINANCE, DANA)
        clock.pass_(minutes=2)

        async with Bot(far.settings, clock, pause=0, patience=3) as bot:
            at = Office(far, slack, bot, clock)
            room = at.room.in_(DANA)
            await room.until(lambda: slack.core.socket.count or None, "the bot's socket")
            await room.reads(REFUND)
            await room.reads("Posted 80 transactions", "D0DANA")
            await nothing_left(at)
            assert len(beginnings(slack)) == (3 if readable else 4)
            press = {"channel": FINANCE, "ts": stray["ts"], "block_id": "do", "action_id": "alert.take"}
            await room.in_(LEE).do("click", **press)
            await room.until(lambda: "Lee Okafor is on it" in json.dumps(room.posts()) or None, "what was pressed")
            await nothing_left(at)

        assert len(beginnings(slack)) == 3
        assert sum(post["text"].startswith("Posted 80") for post in slack.messages("D0DANA", DANA)) == 1


async def killed_at_its_first_message(folder: Path, far: World, slack: SlackSim) -> None:
    """A bot as a process; it dies while Slack's answer to its first alert is on the way."""
    async with running(folder, environment(far, slack)) as process:
        await healthy(far.settings.port, ok=True)

        def kill(_: str) -> None:
            if slack.messages(FINANCE, DANA) and process.returncode is None:
                process.kill()

        slack.on_change = kill
        await slack.control("command", {"user": DANA, "text": "/intacct sync", "channel": "D0DANA"})
        await asyncio.wait_for(process.wait(), PATIENCE)
        slack.on_change = None


@pytest.mark.parametrize("passes", [{"seconds": 31}, {"hours": -1}], ids=["lease", "set back"])
async def test_a_job_cut_off_in_a_call_leaves_the_message_to_whoever_comes_after_the_lease(
    harbor: Office, passes: dict[str, float]
) -> None:
    portland = await harbor.far.connect("100", schedule="")
    await harbor.far.sync(portland)
    services, client = harbor.bot.digests.services, harbor.bot.client
    job = refresh(services, client, Outbox(services, client, Post(services.store, services.clock, 0)))
    cut = asyncio.ensure_future(job(0, connection_id=portland.id))

    def die(_: str) -> None:
        if harbor.room.posts():
            cut.cancel()

    harbor.slack.on_change = die
    with pytest.raises(asyncio.CancelledError):
        await cut
    harbor.slack.on_change = None
    assert len(beginnings(harbor.slack)) == 1

    await job(0, connection_id=portland.id)
    assert len(beginnings(harbor.slack)) == 1, "a call may be under way"
    harbor.clock.pass_(**passes)
    await job(0, connection_id=portland.id)

    assert sorted(beginnings(harbor.slack)) == sorted([SOFTWARE_NOW, SOFTWARE_NOW, TRAVEL, REFUND])
    mine = {one.ts for one in await alerts.list_open(services.store, connection=portland.id)}
    assert len(mine) == 3


# --- Slack is away ----------------------------------------------------------------------------------------------------


async def test_an_hour_without_slack_and_a_restart_in_it_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    async with harbor_without_bot(tmp_path) as (far, slack, clock):
        portland = await far.connect("100", schedule="")
        async with Bot(far.settings, clock, pause=0, patience=3) as bot:
            at = Office(far, slack, bot, clock)
            await at.room.until(lambda: slack.core.socket.count or None, "the bot's socket")
            await at.bot.digests.services.desk.request_sync(portland.id, LEE)
            await at.room.reads("Posted 80 transactions", "D0LEE")
            await nothing_left(at)
            await fails(slack, kind="down")
            await bot.digests.services.desk.ignore(1, "entered by hand", LEE, "Lee Okafor")
            await bot.digests.services.desk.request_sync(portland.id, LEE)
            counted = calls(slack)
            async with asyncio.timeout(PATIENCE):
                while not counted["chat.update"]:  # noqa: ASYNC110  # a call in vain
                    await asyncio.sleep(0.05)
        clock.pass_(minutes=30)
        async with Bot(far.settings, clock, pause=0, patience=3) as bot:
            at = Office(far, slack, bot, clock)
            await drawn(at, portland, "in vain")
            clock.pass_(minutes=30)
            await fails(slack, kind="clear")
            await at.room.until(lambda: slack.core.socket.count or None, "the bot's socket")
            await drawn(at, portland, "Slack is back")
            await at.room.reads("Nothing new to post", "D0LEE")
            await at.room.reads("left out · $2,388.00 · 100 Portland")
            await at.room.reads("Lee Okafor left out")
            await nothing_left(at)

        assert len(beginnings(slack)) == 3
        told = Counter(post["text"].split()[0] for post in slack.messages("D0LEE", LEE))
        assert (told["Posted"], told["Nothing"]) == (1, 1)
        assert (
            sum("Lee Okafor left out" in post["text"] for post in slack.messages(FINANCE, LEE) if "thread_ts" in post)
            == 1
        )


async def test_a_pause_that_slack_asks_for_holds_the_method_for_everyone_and_over_a_restart(harbor: Office) -> None:
    services, client = harbor.bot.digests.services, harbor.bot.client
    counted = calls(harbor.slack)
    await fails(harbor.slack, kind="rate_limit", n=1, retry_after=20)
    hello = {"text": "It is about time."}
    one, other = (Post(services.store, services.clock, 0) for _ in range(2))

    with pytest.raises(Later) as asked:
        await one.new(client, FINANCE, hello, workspace="w")
    assert asked.value.until is not None
    assert 19 < (asked.value.until - harbor.clock()).total_seconds() <= 20
    with pytest.raises(Later):
        await other.new(client, LEE, hello, workspace="w")
    assert counted["chat.postMessage"] == 1
    await other.new(client, LEE, hello, workspace="another")
    await other.call(client, "w", "conversations.info", channel=FINANCE)

    harbor.clock.pass_(seconds=20)
    await other.new(client, FINANCE, hello, workspace="w")
    assert harbor.room.texts() == ["It is about time."]


async def test_a_clock_set_back_an_hour_keeps_nobody_waiting_for_what_is_said_next(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="")
    await harbor.far.sync(portland)
    await drawn(harbor, portland, "first")
    await nothing_left(harbor)
    alert = await harbor.room.in_(LEE).reads(SOFTWARE)

    harbor.clock.pass_(hours=-1)
    await harbor.room.presses(SOFTWARE, "I'll take it")

    await harbor.room.until(lambda: len(harbor.room.thread(alert)) == 2 or None, "the thread")
    await nothing_left(harbor)


async def test_two_processes_with_much_to_say_stay_within_slacks_limit_of_a_channel(harbor: Office) -> None:
    services, client = harbor.bot.digests.services, harbor.bot.client
    harbor.slack.core.limiter.on = True
    slept = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal slept
        if seconds > slept:
            harbor.clock.pass_(seconds=seconds - slept)
            slept = seconds

    posts = [Post(services.store, services.clock, sleep=sleep) for _ in range(2)]
    for number in range(12):
        slept = 0.0
        await posts[number % 2].new(client, FINANCE, {"text": f"Line {number}"})

    assert [post["text"] for post in harbor.room.posts()] == [f"Line {number}" for number in range(12)]


# --- much at once -----------------------------------------------------------------------------------------------------


async def test_ten_thousand_failures_of_twelve_causes_are_twelve_messages_and_one_that_is_solved_is_one_edit(
    harbor: Office,
) -> None:
    portland = await harbor.far.connect("100", schedule="")
    store = harbor.far.parts.store
    await harbor.far.sync(portland)
    [model, *_] = await postings.list_postings(store, portland.id, states=[PostingState.FAILED], limit=1)
    await storm(at=harbor, model=model, many=10_000, causes=12)
    counted = calls(harbor.slack)

    await draws(harbor, portland)

    assert len(harbor.room.posts()) == 12
    assert sum(counted.values()) < 60, counted
    assert counted["chat.postMessage"] == 12 + len(harbor.room.texts("D0DANA"))
    counted.clear()
    solved = await postings.list_postings(
        store, portland.id, category="dimension.required", subject="7003 department", limit=1000
    )
    await postings.move(
        store, [row.id for row in solved], source=[PostingState.FAILED], target=PostingState.IGNORED, now=harbor.clock()
    )
    await harbor.far.spend.control("add_transaction", LUNCH)
    harbor.far.clock.now = harbor.clock()
    assert (await harbor.far.sync(portland)).posted == 1
    await draws(harbor, portland)
    await harbor.room.reads("Solved: ")
    assert counted["chat.update"] == 1
    assert len(harbor.room.posts()) == 12
    assert harbor.room.texts("D0DANA")[1:] == [
        "Posted 1 transaction, $2,640.00, to 100 Portland. 9,166 not posted; they are in <#C0FINANCE>."
    ]


async def test_two_real_runs_of_which_nearly_all_fails_are_one_message_for_each_cause(harbor: Office) -> None:
    for account in harbor.far.story.company["objects"]["GLACCOUNT"]:
        if account["ACCOUNTTYPE"] == "incomestatement":
            closed = {"ACCOUNTNO": account["ACCOUNTNO"], "STATUS": "inactive"}
            await harbor.far.intacct.control("save_record", {"object": "GLACCOUNT", "record": closed})
    made = [await harbor.far.connect(entity, schedule="") for entity in ("100", "200")]
    counted = calls(harbor.slack)

    for one in made:
        await harbor.far.sync(one)
        await draws(harbor, one)

    causes = [cause for one in made for cause in await postings.causes(harbor.far.parts.store, one.id)]
    assert sum(cause.n for cause in causes) > 150
    assert len(harbor.room.posts()) == len(causes)
    assert counted["chat.postMessage"] == len(causes) + len(made), "and each run's result, to who asked for it"
    assert sum(counted.values()) < 60, counted


async def storm(at: Office, model: Posting, *, many: int, causes: int) -> None:
    """Failed rows in bulk, as a run would leave them; those of the first sync are out of the way."""
    store, now = at.far.parts.store, at.clock()
    before = await postings.list_postings(store, model.connection_id, states=[PostingState.FAILED, PostingState.HELD])
    await postings.move(
        store,
        [row.id for row in before],
        source=[PostingState.FAILED, PostingState.HELD],
        target=PostingState.IGNORED,
        now=now,
    )
    row = {name: value for name, value in asdict(model).items() if name != "id"}
    row |= {"state": PostingState.FAILED, "category": "dimension.required", "updated": now}
    new = [
        row
        | {
            "transaction": f"txr_storm{number:05d}",
            "reference": f"storm{number:05d}",
            "authorization_id": "",
            "subject": f"{7000 + number % causes} department",
            "details": {"account": str(7000 + number % causes), "dimension": "department"},
        }
        for number in range(many)
    ]
    await postings.save(store, new, [])
