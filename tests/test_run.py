"""Runs from the first turn to the last: who may start them, what stops them, and that nobody waits for ever."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from typing import Any

import apscheduler.schedulers.base
import pytest
from sqlalchemy.exc import OperationalError

from bot.app import jobs, make_desk
from bot.engine import Engine, Work
from bot.intacct.errors import IntacctError
from bot.models import ConnectionState, PostingState, RunState, Secret, Trigger
from bot.sandbox.seed_cards import SPEND_TOKEN
from bot.sandbox.seed_company import SENDER_ID, SENDER_PASSWORD, WEB_SERVICES_PASSWORD
from bot.store import alerts, connections, runs
from bot.store.connections import Connection
from bot.store.runs import Run
from bot.sync import alerts as views
from bot.sync.desk import Desk
from bot.sync.run import may_run
from tests.chaos.clock import told_by
from tests.moved import CLEAN, HALF, card, few_cards, ledger, one_at_a_time, proved, rows, states  # noqa: F401  # few_cards is the fixture `harbor`
from tests.patience import PATIENCE
from tests.world import World

POSTED, FAILED, HELD, PENDING = PostingState.POSTED, PostingState.FAILED, PostingState.HELD, PostingState.PENDING
SECRETS = (WEB_SERVICES_PASSWORD, SENDER_PASSWORD, SPEND_TOKEN)


@pytest.fixture
async def desk(harbor: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """The desk of a bot whose engine is at work, the scheduler by the world's clock: by the machine's a run would fall due."""
    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", told_by(harbor.clock))
    parts = harbor.parts

    async def nothing(_turn: int, **_ids: Any) -> bool:
        return False

    engine = Engine(
        harbor.settings,
        parts.store,
        {**jobs(parts.runner), "refresh": Work(nothing), "homes": Work(nothing)},
        harbor.clock,
    )
    made = make_desk(parts, engine)
    await engine.start()
    yield made
    await engine.stop(patience=2)
    parts.runner.engine = None


async def quiet(harbor: World, seconds: float = PATIENCE) -> None:
    """Until nothing is asked for and no run is at work."""
    store = harbor.parts.store
    async with asyncio.timeout(seconds):
        while True:
            asked = await runs.open_intents(store, harbor.clock().replace(year=2100))
            busy = [run for one in await connections.list_connections(store) for run in await _busy(harbor, one)]
            if not asked and not busy:
                return
            await asyncio.sleep(0.1)


async def _busy(harbor: World, connection: Connection) -> list[Run]:
    last = await runs.last_runs(harbor.parts.store, connection.id, 20)
    return [run for run in last if run.state in {RunState.QUEUED, RunState.RUNNING}]


# --- who may ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "trigger", "intent", "may"),
    [
        (ConnectionState.ACTIVE, Trigger.SCHEDULE, "", True),
        (ConnectionState.ACTIVE, Trigger.RETRY, "", True),
        (ConnectionState.PAUSED, Trigger.SCHEDULE, "", False),
        (ConnectionState.PAUSED, Trigger.PERSON, "i", False),
        (ConnectionState.PAUSED, Trigger.RETRY, "", False),
        (ConnectionState.BROKEN, Trigger.SCHEDULE, "", False),
        (ConnectionState.BROKEN, Trigger.RETRY, "", False),
        (ConnectionState.BROKEN, Trigger.RETRY, "i", True),
        (ConnectionState.BROKEN, Trigger.PERSON, "", True),
        (ConnectionState.DRAFT, Trigger.SCHEDULE, "", False),
    ],
)
async def test_who_may_run(harbor: World, state: ConnectionState, trigger: Trigger, intent: str, may: bool) -> None:
    portland = await harbor.connect("100", state=state)
    assert may_run(portland, trigger, intent) is may


async def begun(harbor: World, portland: Connection, run_key: str) -> dict[str, str]:
    """A run that a person asked for, after its first turn; returns what its next turn is called with."""
    store = harbor.parts.store
    asked = await runs.add_intent(store, portland.workspace_id, "sync", "U0LEE", {}, harbor.clock())
    key = {"connection_id": portland.id, "trigger": "person", "run_key": run_key, "intent": asked.id}
    assert await harbor.parts.runner.sync(0, **key)
    return key


async def _resumed(harbor: World, portland: Connection) -> None:
    """The run that was paused is stopped, and the next one posts all of it once the pause is over."""
    run = await runs.find_run(harbor.parts.store, "paused")
    assert run is not None
    assert run.state == RunState.STOPPED
    await connections.change_connection(harbor.parts.store, portland.id, state=ConnectionState.ACTIVE)
    await harbor.sync(portland)
    await proved(harbor, portland, 10)


async def test_a_pause_between_two_turns_ends_the_run(harbor: World) -> None:
    portland = await card(harbor)
    key = await begun(harbor, portland, "paused")
    await connections.change_connection(harbor.parts.store, portland.id, state=ConnectionState.PAUSED)

    assert not await harbor.parts.runner.sync(1, **key)

    assert ledger(harbor) == []
    await _resumed(harbor, portland)


async def test_a_pause_in_the_midst_of_a_turn_ends_the_run_after_what_is_under_way(harbor: World) -> None:
    portland = await card(harbor)
    await one_at_a_time(harbor, portland)
    client = await harbor.parts.reach.intacct(await connections.get_company(harbor.parts.store, portland.company))
    client.batch_size.now = 2
    late = {"kind": "late", "seconds": 0.2, "count": 99, "match": "record_cctransaction"}
    await harbor.intacct.control("fault", late)
    key = {"connection_id": portland.id, "trigger": "person", "run_key": "paused"}

    running = asyncio.create_task(harbor.parts.runner.sync(0, **key))
    while not ledger(harbor):  # noqa: ASYNC110  # the simulator tells nobody
        await asyncio.sleep(0.01)
    await connections.change_connection(harbor.parts.store, portland.id, state=ConnectionState.PAUSED)
    assert await running, "it ends its turn; the next one sees the pause"
    assert not await harbor.parts.runner.sync(1, **key)

    assert (await states(harbor, portland))[PENDING] >= 4, "one was under way and one stood in line"
    await _resumed(harbor, portland)


async def test_a_connection_removed_in_the_midst_of_a_run_leaves_no_run_and_no_intent_open(harbor: World) -> None:
    portland = await card(harbor)
    store = harbor.parts.store
    key = await begun(harbor, portland, "gone")
    await connections.remove_connection(store, portland.id, harbor.clock())

    assert not await harbor.parts.runner.sync(1, **key)

    assert await runs.open_intents(store, harbor.clock().replace(year=2100)) == []
    assert await _busy(harbor, portland) == []
    assert ledger(harbor) == []


# --- what breaks ----------------------------------------------------------------------------------------------------------------


async def test_a_database_that_fails_is_raised_so_that_the_turn_is_tried_again(harbor: World) -> None:
    portland = await card(harbor)
    await one_at_a_time(harbor, portland)
    key = {"connection_id": portland.id, "trigger": "person", "run_key": "locked"}
    locked = OperationalError("UPDATE", {}, Exception("database is locked"))

    async def fail(*_args: Any, **_named: Any) -> None:
        raise locked

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.store.attempts.settle", fail)
        with pytest.raises(OperationalError):
            await harbor.parts.runner.sync(0, **key)
    assert len(ledger(harbor)) == 10

    while await harbor.parts.runner.sync(1, **key):
        pass

    await proved(harbor, portland, 10)
    run = await runs.find_run(harbor.parts.store, "locked")
    assert run is not None
    assert run.state == RunState.FINISHED


async def test_a_run_that_a_dead_job_left_open_is_closed_by_the_next(harbor: World) -> None:
    portland = await card(harbor)
    await begun(harbor, portland, "dead")
    assert [run.key for run in await _busy(harbor, portland)] == ["dead"]

    await harbor.sync(portland)

    assert await _busy(harbor, portland) == []
    await proved(harbor, portland, 10)


async def test_withdrawn_authorisation_breaks_all_connections_and_check_company_lets_them_in_again(
    harbor: World,
) -> None:
    portland, denver = await card(harbor), await harbor.connect("200")
    await harbor.intacct.control("remove_sender", {"sender_id": SENDER_ID})
    await harbor.intacct.control("save_company", {})

    run = await harbor.sync(portland)

    assert run.state == RunState.STOPPED
    assert run.category.startswith("auth."), run.category
    store = harbor.parts.store
    company = await connections.get_company(store, portland.company)
    assert company.problem is not None
    for one in (portland, denver):
        broken = await connections.get_connection(store, one.id)
        assert broken is not None
        assert broken.state == ConnectionState.BROKEN

    await harbor.intacct.stop()  # that nobody answers says nothing about who may come in
    await harbor.parts.runner.check_company(0, company_id=company.id)
    assert (await connections.get_company(store, company.id)).problem == company.problem
    await harbor.intacct.start()
    await harbor.parts.runner.check_company(0, company_id=company.id)
    assert (await connections.get_company(store, company.id)).problem is not None

    await harbor.intacct.control("authorize_sender", {"sender_id": SENDER_ID})
    await harbor.intacct.control("save_company", {})
    await harbor.parts.runner.check_company(0, company_id=company.id)
    assert (await connections.get_company(store, company.id)).problem is None
    for one in (portland, denver):
        whole = await connections.get_connection(store, one.id)
        assert whole is not None
        assert whole.state == ConnectionState.ACTIVE
    await harbor.sync(portland)
    await proved(harbor, portland, 10)


# --- with the engine --------------------------------------------------------------------------------------------------------------


async def test_fifty_clicks_by_five_people_post_once_and_one_of_them_was_first(harbor: World, desk: Desk) -> None:
    portland = await card(harbor, HALF, state=ConnectionState.ACTIVE)
    await desk.request_sync(portland.id, "U0DANA")
    await quiet(harbor)
    assert await states(harbor, portland) == {POSTED: 6, FAILED: 6}
    (alert,) = await desk.reconcile_alerts(portland.id)
    mended = {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6215", "STATUS": "active"}}
    await harbor.intacct.control("save_record", mended)

    asked = await asyncio.gather(*(desk.retry(alert, f"U{number % 5}") for number in range(50)))

    first = [one for one in asked if one.already is None]
    assert len(first) == 1
    assert first[0].rows == 6
    assert len({one.already[0] for one in asked if one.already}) == 1
    await quiet(harbor)
    await proved(harbor, portland, 12)
    await desk.reconcile_alerts(portland.id)
    view = await views.view(harbor.parts.store, alert)
    assert view is not None
    assert view.solved


async def test_a_held_refund_is_answered_and_posts_as_a_negative(harbor: World, desk: Desk) -> None:
    portland = await card(harbor, "7718", state=ConnectionState.ACTIVE)
    await desk.request_sync(portland.id, "U0DANA")
    await quiet(harbor)
    for alert in await desk.reconcile_alerts(portland.id):
        if (await _alert(harbor, alert)).category == "held.refund":
            await desk.answer(alert, "negative", "U0DANA", "Dana Whitfield")

    await quiet(harbor)

    refunds = [row for row in await rows(harbor, portland, POSTED) if row.amount < 0]
    assert [str(row.amount) for row in refunds] == ["-640.00"]
    assert [one["total"] for one in ledger(harbor) if one["total"].startswith("-")] == ["-640.00"]

    await harbor.sync(portland)
    company = await connections.get_company(harbor.parts.store, portland.company)
    assert company.refunds_accepted, "the question is asked once for a company"


async def _alert(harbor: World, alert: int) -> alerts.Alert:
    found = await alerts.get(harbor.parts.store, alert)
    assert found is not None
    return found


async def test_what_a_process_promised_and_did_not_hand_over_is_promised_by_the_sweeper(
    harbor: World, desk: Desk
) -> None:
    portland = await card(harbor, CLEAN, state=ConnectionState.ACTIVE)
    before = harbor.clock()
    target = {"connection": portland.id, "postings": []}
    await runs.add_intent(harbor.parts.store, portland.workspace_id, "sync", "U0LEE", target, before)
    harbor.clock.pass_(seconds=10)

    await desk.sweep()
    await quiet(harbor)

    await proved(harbor, portland, 10)


async def test_intacct_that_is_down_is_come_back_to_without_anybody_asking(harbor: World, desk: Desk) -> None:
    portland = await card(harbor, CLEAN, state=ConnectionState.ACTIVE)
    await harbor.intacct.stop()
    await desk.request_sync(portland.id, "U0DANA")
    await quiet(harbor)
    assert await states(harbor, portland) == {}
    assert await desk.engine.waiting(f"sync:{portland.id}:")
    await harbor.intacct.start()

    async with asyncio.timeout(PATIENCE):
        while (await states(harbor, portland)).get(POSTED, 0) < 10:  # noqa: ASYNC110  # a job sets no event of ours
            await asyncio.sleep(0.1)

    await proved(harbor, portland, 10)


# --- secrets ------------------------------------------------------------------------------------------------------------------------


async def test_no_secret_shows_anywhere_through_a_whole_run_that_goes_wrong_in_every_way(
    harbor: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    portland = await card(harbor)
    store = harbor.parts.store
    for kind in ("drop_after_commit", "html", "rate_limit"):
        await harbor.intacct.control("fault", {"kind": kind, "match": "record_cctransaction"})
        await harbor.sync(portland)
        harbor.clock.pass_(minutes=21)
    await harbor.spend.control("fault", {"kind": "unauthorized"})
    await harbor.sync(portland)
    wrong = Secret("planted-wrong-password")
    await connections.change_company(store, portland.company, password=wrong)
    await harbor.sync(portland)
    company = await connections.get_company(store, portland.company)
    found = await connections.get_connection(store, portland.id)
    client = await harbor.parts.reach.intacct(company)
    told = [repr(company), str(company), repr(found), repr(harbor.parts.reach), repr(client), repr(harbor.settings)]
    with pytest.raises(IntacctError) as refused:
        await client.sign_in("100")
    told += [str(refused.value), repr(refused.value), *traceback.format_exception(refused.value)]
    await store.close()
    folder = harbor.settings.data_dir
    kept = b"".join(file.read_bytes() for file in folder.glob("*.db*"))
    assert caplog.text.count("\n") > 100, "DEBUG was on"

    for secret in (*SECRETS, wrong.reveal()):
        assert secret.encode() not in kept
        assert secret not in caplog.text
        assert not [line for line in told if secret in line]


@pytest.mark.parametrize(
    ("category", "choice", "made"),
    [
        ("held.fee", "inside", {"fees": "1.50"}),
        ("held.split", "lines", {"lines": [{"amount": "4.00"}, {"amount": "5.00"}]}),
        ("held.entity", "allow", {"location": "Denver"}),
    ],
)
async def test_each_question_holds_its_row_until_it_is_answered_and_then_posts_it_once(
    harbor: World, desk: Desk, category: str, choice: str, made: dict[str, Any]
) -> None:
    portland = await card(harbor, CLEAN, state=ConnectionState.ACTIVE)
    model = next(row for row in harbor.story.spend["transactions"] if row["cardUuid"] == f"crd_{CLEAN}")
    fields = {one["name"]: one["selectedValues"][0]["value"] for one in model["customFields"] if one["selectedValues"]}
    if "location" in made:
        values = next(one for one in harbor.story.spend["custom_fields"] if one["name"] == "Location")["values"]
        fields["Location"] = next(one["value"] for one in values if made["location"] in one["value"])
    lines = [{**line, "fields": fields} for line in made.get("lines", [])]
    extra = {"lines": lines} if lines else {key: value for key, value in made.items() if key == "fees"}
    bought = {"card": CLEAN, "amount": "10.00", "merchant": "Stall", "date": "2026-11-04", "fields": fields}
    answer = await harbor.spend.control("add_transaction", {**bought, **extra})
    await desk.request_sync(portland.id, "U0DANA")
    await quiet(harbor)
    held = await rows(harbor, portland, HELD)
    assert [(row.transaction, row.category) for row in held] == [(answer["transaction"]["uuid"], category)]
    assert held[0].reference not in harbor.booked()

    (alert,) = await desk.reconcile_alerts(portland.id)
    asked = await asyncio.gather(*(desk.answer(alert, choice, f"U{number}", "Lee") for number in range(3)))
    await quiet(harbor)

    assert sum(one.already is None for one in asked) == 1
    (row,) = [one for one in await rows(harbor, portland) if one.id == held[0].id]
    if category == "held.entity":  # it was sent: Intacct itself does not let this user post for the other entity
        assert (row.state, row.try_no, row.reference in harbor.booked()) == (FAILED, 2, False)
    else:
        assert (await states(harbor, portland)) == {POSTED: 11}
        assert harbor.booked()[row.reference] == (9 if lines else 10)


async def test_what_was_tried_since_the_click_is_not_tried_again_for_it(harbor: World) -> None:
    portland = await card(harbor, HALF)
    await harbor.sync(portland)
    failed = [row.id for row in await rows(harbor, portland, FAILED)]
    target = {"connection": portland.id, "postings": failed[:1]}
    store = harbor.parts.store
    asked = await runs.add_intent(store, portland.workspace_id, "retry", "U0LEE", target, harbor.clock())
    await harbor.sync(portland, retry=failed)  # another run came first, and met the same
    before = await rows(harbor, portland, FAILED)
    key = {"connection_id": portland.id, "trigger": "retry", "run_key": "late", "intent": asked.id}

    turn = 0
    while await harbor.parts.runner.sync(turn, **key):
        turn += 1

    assert [(row.id, row.try_no) for row in await rows(harbor, portland, FAILED)] == [
        (row.id, row.try_no) for row in before
    ]
    mended = {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6215", "STATUS": "active"}}
    await harbor.intacct.control("save_record", mended)
    await harbor.sync(portland, retry=failed)
    assert await rows(harbor, portland, FAILED) == []
