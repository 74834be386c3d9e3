"""A vendor's request from the wish to the posted transactions: killed at every step, its answers lost, on both databases."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from bot.models import FieldMapping
from bot.sandbox.intacct.fields import OBJECTS
from bot.store import alerts, runs
from bot.store import vendors as requests
from bot.store.connections import Connection
from bot.store.vault import new_key
from bot.store.vendors import ENDED, Person, Request
from bot.sync import vendors
from bot.sync.desk import Desk
from bot.sync.vendors import Stays
from tests.child import KILLED, ended, one_job, start
from tests.moved import CLEAN, few_cards  # noqa: F401  # few_cards is the fixture `harbor`
from tests.test_correct import Promises, alert_on, desk_of
from tests.world import World, mapping, world
from tests.yard import Yard, yard_of

PLACE = ("C0FINANCE", "1.2")


def second(harbor: World, user: str = "U0LEE", name: str = "Lee Okafor") -> Person:
    return Person(user, name, harbor.clock().isoformat())


async def books(harbor: World, vendor: str = "V-130", **changes: str) -> None:
    await harbor.intacct.control("save_record", {"object": "VENDOR", "record": {"VENDORID": vendor, **changes}})


async def failing(harbor: World, vendor: str = "V-130") -> Yard:
    """Ten purchases of one card that name this vendor, which Intacct does not take."""
    codes = mapping(harbor.story) | {"vendor": FieldMapping(default=vendor)}
    yard = await yard_of(harbor, mapping=codes, options={"vendors": True})
    await harbor.sync(yard.connection)
    return yard


async def asked(harbor: World, desk: Desk, connection: Connection) -> Request:
    alert = await alert_on(harbor, desk, connection.id, "vendor.invalid")
    plan = await vendors.plan(desk, alert)
    if plan.creates:
        plan = vendors.Plan("V-200", "Quillcast")
    return await vendors.ask(desk, alert, plan, "U0DANA", "Dana Whitfield")


def promising(harbor: World) -> tuple[Desk, Promises]:
    """A desk whose jobs are done at once, those included that a job promises."""
    promises = Promises(harbor)
    harbor.parts.runner.engine = promises  # type: ignore[assignment]  # the same methods
    return desk_of(harbor, promises), promises


def written(harbor: World) -> int:
    """How many writes of vendors Intacct has executed."""
    return sum(done for controlid, done in harbor.intacct.gateway.executed.items() if controlid.startswith("vendor-"))


async def told_once(harbor: World, request: Request) -> dict[str, Any]:
    """The request is over, its event and its line stand once, and its transactions were asked for once."""
    store = harbor.parts.store
    now = await requests.get(store, request.id)
    assert now is not None
    assert now.kind == ENDED
    assert len([one for one in await runs.told(store, request.connection) if one.what == "vendor"]) == 1
    alert = await alerts.get(store, request.alert)
    assert alert is not None
    [line] = [one for one in alert.story if one["did"] == "vendor"]
    assert line["request"] == request.id
    return line


STEPS = [
    ("bot.store.vendors", "mark_sent", "before", 1),
    ("bot.store.vendors", "mark_sent", "after", 1),
    ("bot.intacct.client", "IntacctClient.record_batch", "after", 1),
    ("bot.store.alerts", "start_work", "after", 1),
    ("bot.store.vendors", "end", "before", 1),
    ("bot.store.vendors", "end", "after", 1),
]


@pytest.mark.parametrize("vendor", ["V-130", "V-200"])
async def test_a_write_killed_at_any_step_is_made_and_told_once_and_its_transactions_post_once(
    harbor: World, vendor: str
) -> None:
    await books(harbor, STATUS="inactive")
    yard = await failing(harbor, vendor)
    desk, _ = promising(harbor)
    request = await asked(harbor, desk, yard.connection)
    assert await requests.agree(harbor.parts.store, request, second(harbor), PLACE)
    job = ("vendor", {"connection_id": yard.connection.id, "intent": request.id})

    deaths = [await ended(start(one_job, yard.orders(job=job, die=step))) == KILLED for step in STEPS]

    assert deaths == [True] * len(STEPS), "the steps are where the job goes by"
    assert written(harbor) == 1
    assert harbor.intacct.gateway.replays_refused == 0
    harbor.clock.pass_(seconds=10)
    await desk.sweep()  # what the dead promised
    line = await told_once(harbor, request)
    assert (line["outcome"], len(line["postings"])) == ("written", 10)
    await yard.proved()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_before"},
        {"kind": "drop_after_commit"},
        {"kind": "error_500", "committed": True},
        {"kind": "html"},
        {"kind": "twice"},
        {"kind": "rate_limit"},
        {"kind": "busy"},
        {"kind": "commit_late", "seconds": 900},
    ],
)
async def test_a_lost_answer_is_looked_up_and_the_vendor_is_written_once(harbor: World, fault: dict[str, Any]) -> None:
    await books(harbor, STATUS="inactive")
    yard = await failing(harbor)
    desk, promises = promising(harbor)
    request = await asked(harbor, desk, yard.connection)
    await harbor.intacct.control("fault", {"count": 1, "match": "<update_vendor", **fault})

    assert await vendors.agree(desk, request, second(harbor), PLACE)

    assert harbor.intacct.faults.fired[fault["kind"]] == 1
    assert (await told_once(harbor, request))["outcome"] == "written"
    assert written(harbor) == 1
    assert "sync" in promises.done
    await yard.proved()


async def test_what_somebody_else_did_meanwhile_is_not_written_again(harbor: World) -> None:
    await books(harbor, STATUS="inactive")
    yard = await failing(harbor)
    desk, _ = promising(harbor)
    request = await asked(harbor, desk, yard.connection)
    await books(harbor, STATUS="active")

    assert await vendors.agree(desk, request, second(harbor), PLACE)

    assert (await told_once(harbor, request))["outcome"] == "there"
    assert written(harbor) == 0
    await yard.proved()


async def test_an_id_that_was_taken_meanwhile_is_not_overwritten(harbor: World) -> None:
    yard = await failing(harbor, "V-200")
    desk, _ = promising(harbor)
    request = await asked(harbor, desk, yard.connection)
    record = {"VENDORID": "V-200", "NAME": "Somebody else"}
    await harbor.intacct.control("create_record", {"object": "VENDOR", "record": record})

    assert await vendors.agree(desk, request, second(harbor), PLACE)

    line = await told_once(harbor, request)
    assert (line["outcome"], line["why"]) == ("refused", "Intacct has V-200 as Somebody else by now.")
    assert written(harbor) == 0
    with pytest.raises(Stays, match=r"V-200 Somebody else is active in Intacct\. Press Retry\."):
        await vendors.plan(desk, request.alert)
    await desk.retry(request.alert, "U0LEE")
    await yard.proved()


async def test_whoever_asked_cannot_agree_and_a_word_once_given_stands(harbor: World) -> None:
    await books(harbor, STATUS="inactive")
    yard = await failing(harbor)
    desk, _ = promising(harbor)
    request = await asked(harbor, desk, yard.connection)

    with pytest.raises(Stays, match="You asked for this yourself"):
        await vendors.agree(desk, request, second(harbor, "U0DANA", "Dana Whitfield"), PLACE)
    assert await vendors.decline(desk, request, second(harbor), PLACE)
    assert not await vendors.agree(desk, request, second(harbor, "U0SAM", "Sam Castellano"), PLACE)

    assert (await told_once(harbor, request))["outcome"] == "declined"
    assert written(harbor) == 0
    again = await asked(harbor, desk, yard.connection)
    assert await vendors.agree(desk, again, second(harbor), PLACE)
    assert written(harbor) == 1
    await yard.proved()


async def test_a_request_that_intacct_never_answers_ends_after_seven_days(harbor: World) -> None:
    await books(harbor, STATUS="inactive")
    yard = await failing(harbor)
    desk, promises = promising(harbor)
    request = await asked(harbor, desk, yard.connection)
    assert await requests.agree(harbor.parts.store, request, second(harbor), PLACE)
    agreed = await requests.get(harbor.parts.store, request.id)
    assert agreed is not None
    await requests.mark_sent(harbor.parts.store, agreed)
    harbor.parts.runner.engine = None
    await harbor.intacct.control("fault", {"kind": "error_503", "count": 1000})
    job = vendors.Vendors(harbor.parts.runner)
    await job(0, connection_id=yard.connection.id, intent=request.id)
    assert (await requests.get(harbor.parts.store, request.id)) == replaced(agreed)

    harbor.clock.pass_(days=7, seconds=1)
    await job(0, connection_id=yard.connection.id, intent=request.id)

    assert (await told_once(harbor, request))["outcome"] == "old"
    assert promises.done == []


def replaced(agreed: Request) -> Request:
    return dataclasses.replace(agreed, sent=True)


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def test_of_many_who_press_at_once_one_counts(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = {"database_url": request.getfixturevalue("postgres")} if database == "postgresql" else {}
    async with world(tmp_path, cards=(CLEAN,), encryption_keys=new_key(), **address) as harbor:
        await books(harbor, STATUS="inactive")
        yard = await failing(harbor)
        desk, _ = promising(harbor)
        wish = await asked(harbor, desk, yard.connection)
        people = [second(harbor, f"U{at}", f"Person {at}") for at in range(6)]

        counted = await asyncio.gather(
            *(vendors.agree(desk, wish, one, PLACE) for one in people[:4]),
            *(vendors.decline(desk, wish, one, PLACE) for one in people[4:]),
        )

        assert sum(counted) == 1
        line = await told_once(harbor, wish)
        over = await requests.get(harbor.parts.store, wish.id)
        assert over is not None
        assert over.second == people[counted.index(True)]
        assert written(harbor) == (line["outcome"] == "written")
        if line["outcome"] == "declined":
            wish = await asked(harbor, desk, yard.connection)
            assert await vendors.agree(desk, wish, people[0], PLACE)
        await yard.proved()


async def test_a_hold_that_the_company_does_not_list_is_lifted_all_the_same(
    harbor: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await books(harbor, ONHOLD="true")
    yard = await failing(harbor)
    monkeypatch.delitem(OBJECTS["VENDOR"].fields, "ONHOLD")
    desk, _ = promising(harbor)
    request = await asked(harbor, desk, yard.connection)
    assert dict(request.changes) == {"onhold": ("", "false")}

    assert await vendors.agree(desk, request, second(harbor), PLACE)

    assert (await told_once(harbor, request))["outcome"] == "written"
    await yard.proved()
