"""Every cause that can be provoked, from the refusal to the retry: one alert that names it, the way out, posted once.

What breaks and what mends is done at the far ends, as an accountant or an administrator would; the rest is pressed in Slack.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.hints.catalogue import HINTS, hint_for
from bot.hints.hint import Hint
from bot.models import Level, Operation, RetryClass, Verdict
from bot.store import alerts, connections, postings
from bot.store.alerts import Alert
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync import alerts as views
from tests.office import LEE, LUNCH, Office, office
from tests.world import World, mapping, world

Json = dict[str, Any]
Act = tuple[str, Json]
"""A verb of Intacct's control door and its arguments."""

USER, ROLE = "Spendcenter", "Billcom Role"
CODED: Json = LUNCH["fields"]


def saved(kind: str, **record: str) -> Act:
    return "save_record", {"object": kind, "record": record}


@dataclass(frozen=True)
class Cause:
    """One cause: what makes it, what ends it, and how the message begins."""

    hint: str
    header: str
    breaks: tuple[Act, ...]
    mends: tuple[Act, ...]
    fields: Json = field(default_factory=dict)
    default: tuple[str, str] = ("", "")
    """A dimension that the connection fills in by itself, and its value."""

    def __str__(self) -> str:
        return f"{self.hint}: {self.header}"


def toggled(hint: str, header: str, bad: Act, good: Act, **more: Any) -> Cause:
    return Cause(hint, header, (bad,), (good,), **more)


def inactive(hint: str, header: str, kind: str, key: str, value: str, **more: Any) -> Cause:
    bad, good = (saved(kind, **{key: value}, STATUS=status) for status in ("inactive", "active"))
    return toggled(hint, header, bad, good, **more)


MEALS = {"ACCOUNTNO": "6440"}
NOVEMBER = {"period": "2026-11"}
ON_PROJECT = {"Project": "P-1050 - Winter catalog"}

ROWS = [
    toggled(
        "dimension-required",
        "1 transaction needs a project",
        saved("GLACCOUNT", **MEALS, REQUIREPROJECT="true"),
        saved("GLACCOUNT", **MEALS, REQUIREPROJECT="false"),
    ),
    inactive("account-inactive", "1 transaction uses account 6440 Meals", "GLACCOUNT", "ACCOUNTNO", "6440"),
    toggled(
        "account-no-direct-posting",
        "1 transaction cannot post: account 6440 Meals takes no direct postings",
        saved("GLACCOUNT", **MEALS, SUBLEDGERCONTROLON="true"),
        saved("GLACCOUNT", **MEALS, SUBLEDGERCONTROLON="false"),
    ),
    toggled(
        "account-is-card-or-bank",
        "1 transaction is coded to account 6440 Meals, which belongs to a card or a bank",
        (
            "create_record",
            {"object": "CHECKINGACCOUNT", "record": {"BANKACCOUNTID": "MEALS", "GLACCOUNTNO": "6440"}},
        ),
        ("delete_record", {"object": "CHECKINGACCOUNT", "record": {"BANKACCOUNTID": "MEALS"}}),
    ),
    inactive("dimension-unknown", "1 transaction uses department 20 Sales", "DEPARTMENT", "DEPARTMENTID", "20"),
    inactive("dimension-unknown", "1 transaction uses location 100 Portland", "LOCATION", "LOCATIONID", "100"),
    toggled(
        "dimension-unknown",
        "1 transaction uses",
        ("delete_record", {"object": "DEPARTMENT", "record": {"DEPARTMENTID": "20"}}),
        ("create_record", {"object": "DEPARTMENT", "record": {"DEPARTMENTID": "20", "TITLE": "Sales"}}),
    ),
    toggled(
        "dimension-unknown",
        "1 transaction uses project P-1050 Winter catalog",
        saved("PROJECT", PROJECTID="P-1050", PROJECTSTATUS="Completed"),
        saved("PROJECT", PROJECTID="P-1050", PROJECTSTATUS="In progress"),
        fields=ON_PROJECT,
    ),
    toggled(
        "project-customer-mismatch",
        "1 transaction names a project and a customer that do not belong together",
        saved("PROJECT", PROJECTID="P-1050", CUSTOMERID="C-100"),
        saved("PROJECT", PROJECTID="P-1050", CUSTOMERID="C-110"),
        fields=ON_PROJECT,
        default=("customer", "C-110"),
    ),
    toggled(
        "dimension-restricted",
        "1 transaction combines coding that Intacct does not allow together",
        ("restrict", {"account": "6440", "object": "DEPARTMENT", "value": "20"}),
        ("restrict", {"account": "6440", "object": "DEPARTMENT", "value": "20", "restricted": False}),
    ),
    inactive(
        "vendor-unknown", "1 transaction names vendor V-130", "VENDOR", "VENDORID", "V-130", default=("vendor", "V-130")
    ),
    inactive("card-inactive", "1 transaction cannot post: ", "CREDITCARD", "CARDID", "Spend Center CC Object"),
    toggled(
        "card-expired",
        "1 transaction cannot post: ",
        saved("CREDITCARD", CARDID="Spend Center CC Object", EXP_YEAR="2020"),
        saved("CREDITCARD", CARDID="Spend Center CC Object", EXP_YEAR="2040"),
    ),
    toggled(
        "period-closed-cash-management",
        "1 transaction falls in a closed period",
        ("close_subledger", {"application": "CM", "entity": "100", "through": "2026-11-30"}),
        ("open_subledger", {"application": "CM", "entity": "100", **NOVEMBER}),
    ),
    toggled(
        "period-closed",
        "1 transaction falls in a closed period",
        ("close_books", {"entity": "100", "through": "2026-11-30"}),
        ("open_books", {"entity": "100", **NOVEMBER}),
    ),
]
"""What the simulated books refuse by themselves, row by row."""

LET_IN = [
    toggled(
        "sender-not-authorized",
        "Syncing is paused: Intacct no longer lets this app in",
        ("remove_sender", {"sender_id": "harborpine-bot"}),
        ("authorize_sender", {"sender_id": "harborpine-bot"}),
    ),
    toggled(
        "sign-in-refused",
        "Syncing is paused: Intacct refuses the sign-in",
        ("edit_user", {"user_id": USER, "status": "lockedout"}),
        ("edit_user", {"user_id": USER, "status": "active"}),
    ),
    toggled(
        "entity-no-access",
        "Syncing is paused: the sync user may not enter",
        ("edit_user", {"user_id": USER, "entities": ["200"]}),
        ("edit_user", {"user_id": USER, "entities": ["100", "200"]}),
    ),
    toggled(
        "company-expired",
        "Syncing is paused: the Intacct company is closed",
        ("expire_demo", {}),
        ("expire_demo", {"expired": False}),
    ),
    Cause(
        "permission-object",
        "Syncing is paused: the sync user lacks a permission",
        (
            ("remove_role", {"user_id": USER, "role": "Administrator"}),
            ("set_role", {"name": ROLE, "policies": {"Credit card transactions": ["List", "View"]}}),
        ),
        (("set_role", {"name": ROLE, "policies": "all"}),),
    ),
]
"""What stops everything."""


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Office]:
    """Everything set up, and Spend Center without a single transaction."""
    async with office(tmp_path, cards=("0000",)) as made:
        yield made


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[World]:
    """The same without Slack."""
    async with world(tmp_path, cards=("0000",)) as made:
        yield made


async def opened(at: Office, default: tuple[str, str] = ("", "")) -> Connection:
    codes = mapping(at.far.story)
    if default[0]:
        codes[default[0]] = type(codes["project"])(default=default[1])
    return await at.far.connect("100", schedule="", mapping=codes)


async def bought(at: Office, merchant: str = LUNCH["merchant"], **fields: str) -> str:
    made = LUNCH | {"merchant": merchant, "amount": "48.20", "fields": CODED | fields}
    return str((await at.far.spend.control("add_transaction", made))["transaction"]["uuid"])


async def does(at: Office, acts: tuple[Act, ...]) -> None:
    for verb, args in acts:
        await at.far.intacct.control(verb, args)
    await at.far.intacct.control("save_company", {})


async def posting(at: Office, connection: Connection, uuid: str) -> Posting:
    return await row_of(at.far, connection, uuid)


async def row_of(far: World, connection: Connection, uuid: str) -> Posting:
    """A transaction's posting; which Spend Center company it belongs to is known after the first sync."""
    now = await connections.get_connection(far.parts.store, connection.id)
    assert now is not None
    return (await postings.known(far.parts.store, now.spend_company, [uuid]))[uuid]


def hint_of(row: Posting) -> Hint:
    return hint_for(Verdict(row.category, row.subject, RetryClass.NO, tuple((row.details or {}).items())))


async def open_alerts(at: Office, connection: Connection) -> list[Alert]:
    store = at.far.parts.store
    return [
        *await alerts.list_open(store, connection=connection.id),
        *await alerts.list_open(store, company=connection.company),
    ]


@pytest.mark.parametrize("cause", ROWS, ids=str)
async def test_what_intacct_refuses_is_one_alert_that_a_fix_in_intacct_and_one_press_solve(
    harbor: Office, cause: Cause
) -> None:
    connection = await opened(harbor, cause.default)
    await does(harbor, cause.breaks)
    uuid = await bought(harbor, **cause.fields)
    await harbor.room.in_(LEE).types("sync")
    await harbor.room.reads(cause.header)

    failed = await posting(harbor, connection, uuid)
    assert hint_of(failed).key == cause.hint
    assert [one.category for one in await open_alerts(harbor, connection)] == [HINTS[cause.hint].category]
    assert harbor.far.booked() == {}

    await does(harbor, cause.mends)
    await harbor.room.presses(cause.header, "Retry 1")
    await harbor.room.reads("Solved: 1 transaction posted")

    assert harbor.far.booked() == {failed.reference: Decimal("48.20")}
    assert await open_alerts(harbor, connection) == []


@pytest.mark.parametrize("cause", LET_IN, ids=str)
async def test_what_stops_everything_is_one_alert_and_check_and_resume_posts_what_waited(
    harbor: Office, cause: Cause
) -> None:
    connection = await opened(harbor)
    uuids = [await bought(harbor, merchant) for merchant in ("Stall", "Kiosk")]
    await does(harbor, cause.breaks)
    await harbor.room.in_(LEE).types("sync")
    await harbor.room.reads(cause.header)

    assert [one.category for one in await open_alerts(harbor, connection)] == [HINTS[cause.hint].category]
    assert harbor.far.booked() == {}

    await does(harbor, cause.mends)
    await harbor.room.presses(cause.header, "Check and resume")
    await harbor.room.reads("Solved: ")
    await until_posted(harbor, connection, uuids)

    assert await open_alerts(harbor, connection) == []


async def test_an_entity_that_records_tax_takes_nothing_until_it_records_none(harbor: Office) -> None:
    connection = await opened(harbor)
    taxed, free = (saved("LOCATIONENTITY", LOCATIONID="100", TAXSOLUTIONID=one) for one in ("UK VAT", ""))
    await does(harbor, (taxed,))
    uuid = await bought(harbor)
    await harbor.room.in_(LEE).types("sync")
    told = await harbor.room.reads("All transactions need a tax detail")

    assert "Sync again posts what waits, each once, on its own date." in json.dumps(told)
    assert [one.category for one in await open_alerts(harbor, connection)] == ["tax"]
    assert harbor.far.booked() == {}

    await does(harbor, (free,))
    await harbor.room.presses("All transactions need a tax detail", "Sync again")
    await until_posted(harbor, connection, [uuid])
    await harbor.room.reads("Solved: ")
    assert await open_alerts(harbor, connection) == []


async def test_a_withdrawn_token_of_spend_center_is_one_alert_and_check_and_resume_posts_what_waited(
    harbor: Office,
) -> None:
    header = "Syncing is paused: Spend Center no longer lets this app in"
    connection = await opened(harbor)
    uuid = await bought(harbor)
    await harbor.far.spend.control("fault", {"kind": "unauthorized", "count": 1000})
    await harbor.room.in_(LEE).types("sync")
    await harbor.room.reads(header)
    assert [one.category for one in await open_alerts(harbor, connection)] == ["source.auth"]

    await harbor.far.spend.control("clear_faults", {})
    await harbor.room.presses(header, "Check and resume")
    await until_posted(harbor, connection, [uuid])
    await harbor.room.reads("Solved: syncing again")
    assert await open_alerts(harbor, connection) == []


async def until_posted(at: Office, connection: Connection, uuids: list[str]) -> None:
    """Until each of these stands in the books, once."""
    news = asyncio.Event()
    at.far.intacct.on_change = lambda _: news.set()
    async with asyncio.timeout(30):
        while len(at.far.booked()) < len(uuids):
            await news.wait()
            news.clear()
    booked = {(await posting(at, connection, uuid)).reference: Decimal("48.20") for uuid in uuids}
    assert at.far.booked() == booked


def worded() -> list[Hint]:
    """The hints for what Intacct may answer to one card transaction, by the words that it uses."""
    return [
        hint
        for hint in HINTS.values()
        if not hint.stops_run
        and hint.retry is RetryClass.NO
        and hint.examples
        and (hint.examples[0].level, hint.examples[0].operation) == (Level.FUNCTION, Operation.WRITE)
    ]


@pytest.mark.parametrize("hint", worded(), ids=lambda hint: hint.key)
async def test_every_refusal_of_the_catalogue_is_one_alert_and_its_retry_posts_once(small: World, hint: Hint) -> None:
    connection = await small.connect("100")
    said = hint.examples[0].errors[0]
    words = {"errorno": said.errorno, "description": said.description, "correction": said.correction}
    await small.intacct.control("refuse", {"payee": "Stall", "text": said.description2, **words})
    made = LUNCH | {"merchant": "Stall", "amount": "48.20"}
    uuid = str((await small.spend.control("add_transaction", made))["transaction"]["uuid"])
    await small.sync(connection)
    store = small.parts.store
    await views.reconcile(store, connection.id, small.clock())

    failed = await row_of(small, connection, uuid)
    (alert,) = await alerts.list_open(store, connection=connection.id)
    seen = await views.view(store, alert.id)
    assert seen is not None
    assert (hint_of(failed).key, alert.category, seen.n) == (hint.key, hint.category, 1)
    assert seen.words.header
    assert small.booked() == {}

    await small.intacct.control("accept", {"payee": "Stall"})
    small.clock.pass_(minutes=30)
    await small.sync(connection, retry=[failed.id])
    await views.reconcile(store, connection.id, small.clock())

    assert small.booked() == {failed.reference: Decimal("48.20")}
    assert await alerts.list_open(store, connection=connection.id) == []
