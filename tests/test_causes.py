"""Every cause of the catalogue, provoked as on the sandbox's page: one alert that names it, put right, posted once.

What breaks, and what mends it at the far ends, is the page's own table (`bot.sandbox.causes`), pressed at its own door; the
rest is pressed in Slack. What the simulators cannot be brought to is walked by Intacct's words alone; what nobody
can meet in a first sync stands below with the place of its proof.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.hints.catalogue import HINTS, hint_for
from bot.models import FieldMapping, RetryClass, Selector
from bot.sandbox.causes import CAUSES, Cause
from bot.sandbox.causes.cause import GROUPS, RESUME, WORDS
from bot.sandbox.causes.door import Causes
from bot.sandbox.seed_company import SENDER_ID
from bot.store import alerts, connections, postings, runs
from bot.store.alerts import Alert
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync import alerts as views
from bot.sync.post import MOST_TRIES
from tests.office import LEE, LUNCH, Office, office
from tests.patience import PATIENCE
from tests.world import World, mapping, world

Json = dict[str, Any]

NEVER = {
    "request-policy": "the app names no transport policy",
    "source-file-refused": "Harbor & Pine has no export file: test_source_failures",
    "twin-in-file": "the same: test_csv_doubts",
    "sum-question": "the same: test_csv_doubts",
    "source-locked": "told in the thread of the correction that was not written back: test_write_rules",
    "source-native-sync": "counted with its reason, since nothing is to be done with the row: test_mapping",
    "source-authorisation-and-clear": "only what has cleared is a posting: test_mapping",
    "reversal-refused": "the second act of a change after posting: test_reversals",
}
"""Causes that no first sync can end in, and where they are proved instead."""


SAID = [one for one in CAUSES if one.group == WORDS]


def test_each_cause_of_the_catalogue_is_provoked_or_says_why_it_cannot_be() -> None:
    provoked = {one.hint for one in CAUSES}

    assert set(HINTS) - provoked == set(NEVER)
    assert provoked - set(HINTS) == set()
    assert {one.hint for one in SAID} & {one.hint for one in CAUSES if one not in SAID} == set()
    assert len({one.name for one in CAUSES}) == len(CAUSES)
    assert {one.group for one in CAUSES} == set(GROUPS)


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


async def connected(far: World, settings: Json) -> Connection:
    """A connection of Portland, or of the whole company, as this cause needs it."""
    codes = mapping(far.story)
    for name, value in settings.get("defaults", {}).items():
        codes[name] = FieldMapping(default=value)
    if unmatched := settings.get("unmatched"):
        known = {text: code for text, code in codes["gl_account"].values.items() if text != unmatched}
        codes["gl_account"] = FieldMapping(field="GL Account", values=known)
    more: Json = {"mapping": codes, "options": settings.get("options", {}), "schedule": ""}
    if not settings.get("whole_company"):
        return await far.connect("100", **more)
    account = {"ACCOUNTNO": "2153", "TITLE": "Cards", "ACCOUNTTYPE": "balancesheet", "NORMALBALANCE": "credit"}
    card = {"CARDID": "CC All", "LIABACCT": "2153", "LOCATION": "100", "EXP_MONTH": "December", "EXP_YEAR": "2035"}
    for kind, record in (("GLACCOUNT", account), ("CREDITCARD", card)):
        await far.intacct.control("create_record", {"object": kind, "record": record})
    return await far.connect("", card="CC All", selector=Selector(), **more)


def door_of(far: World) -> Causes:
    return Causes(far.intacct, far.spend, SENDER_ID)


async def buys(far: World, merchant: str = LUNCH["merchant"]) -> str:
    made = LUNCH | {"merchant": merchant, "amount": "48.20"}
    return str((await far.spend.control("add_transaction", made))["transaction"]["uuid"])


async def open_alerts(far: World, connection: Connection) -> list[Alert]:
    store = far.parts.store
    return [
        *await alerts.list_open(store, connection=connection.id),
        *await alerts.list_open(store, company=connection.company),
    ]


async def hint_of(far: World, alert: Alert) -> str:
    seen = await views.view(far.parts.store, alert.id)
    assert seen is not None
    return hint_for(seen.verdict).key


async def syncs(at: Office, connection: Connection) -> None:
    """Lee asks for a sync, and waits until it has ended."""
    store = at.far.parts.store
    before = len(await runs.last_runs(store, connection.id, 50, ended=True))
    await at.room.in_(LEE).types("sync")
    async with asyncio.timeout(PATIENCE):
        while len(await runs.last_runs(store, connection.id, 50, ended=True)) == before or await runs.open_intents(  # noqa: ASYNC110  # rows ring no bell
            store, at.clock() + timedelta(days=1)
        ):
            await asyncio.sleep(0.02)


async def booked(at: Office, records: int) -> None:
    """Until so many records stand in the books, each reference once."""
    news = asyncio.Event()
    at.far.intacct.on_change = lambda _: news.set()
    async with asyncio.timeout(PATIENCE):
        while len(at.far.booked()) < records:
            await news.wait()
            news.clear()
    assert len(at.far.booked()) == records


ALERTING = [one for one in CAUSES if one.alert and one not in SAID]
PASSING = [one for one in CAUSES if not one.alert]


@pytest.mark.parametrize("cause", ALERTING, ids=str)
async def test_a_provoked_cause_is_one_alert_and_once_put_right_it_posts_once(harbor: Office, cause: Cause) -> None:
    connection = await connected(harbor.far, cause.settings)
    door, room = door_of(harbor.far), harbor.room.in_(LEE)
    if cause.buys is None:
        await buys(harbor.far)
        await syncs(harbor, connection)
    several = cause.press == RESUME  # one message, however many wait
    if several:
        await buys(harbor.far, "Kiosk")
    await door.control("provoke", {"name": cause.name})
    await syncs(harbor, connection)
    await room.reads(cause.alert)

    (alert,) = await open_alerts(harbor.far, connection)
    assert (alert.category, await hint_of(harbor.far, alert)) == (HINTS[cause.hint].category, cause.hint)
    assert len(harbor.far.booked()) == cause.before

    if cause.mends:
        await door.control("mend", {"name": cause.name})
    if cause.press:
        await room.presses(cause.alert, cause.press)
    else:
        await syncs(harbor, connection)
    if cause.press == "Keep as it is":
        await room.submits("Keep what was posted", reason="The terminal was set up wrongly.")
    await booked(harbor, cause.after + several)
    await room.reads("Solved: ")
    assert await open_alerts(harbor.far, connection) == []


@pytest.mark.parametrize("cause", PASSING, ids=str)
async def test_a_cause_that_passes_by_itself_alerts_nobody_and_posts_once(small: World, cause: Cause) -> None:
    connection = await connected(small, cause.settings)
    door = door_of(small)
    await small.sync(connection)
    await door.control("provoke", {"name": cause.name})
    run = await small.sync(connection)
    await views.reconcile(small.parts.store, connection.id, small.clock())
    assert run.category in {"", HINTS[cause.hint].category}
    assert await open_alerts(small, connection) == []

    if cause.mends:
        await door.control("mend", {"name": cause.name})
    for _ in range(5):
        small.clock.pass_(minutes=30)
        await small.sync(connection)
    await views.reconcile(small.parts.store, connection.id, small.clock())
    assert len(small.booked()) == 1
    assert await open_alerts(small, connection) == []


@pytest.mark.parametrize("cause", SAID, ids=str)
async def test_what_only_intacct_s_words_can_say_is_one_alert_and_posts_once_after_it(
    small: World, cause: Cause
) -> None:
    connection, door, hint = await small.connect("100"), door_of(small), HINTS[cause.hint]
    uuid = (await door.control("provoke", {"name": cause.name}))["transaction"]
    store = small.parts.store
    for _ in range(MOST_TRIES):  # what may pass by itself is tried so often before anybody is told
        if not await open_alerts(small, connection):
            await small.sync(connection)
            small.clock.pass_(minutes=10)
            await views.reconcile(store, connection.id, small.clock())
    (alert,) = await open_alerts(small, connection)
    shown = HINTS["no-answer"] if hint.retry is RetryClass.LOOK else hint
    assert (alert.category, await hint_of(small, alert)) == (shown.category, shown.key)
    seen = await views.view(store, alert.id)
    assert seen is not None
    assert seen.words.header.startswith(cause.alert)
    assert ("tried several times" in seen.words.retry_note) == (hint.retry is RetryClass.WAIT)
    assert small.booked() == {}

    await door.control("mend", {"name": cause.name})
    failed = await row_of(small, connection, uuid)
    for _ in range(3):  # two look-ups without a find, and the same request again
        small.clock.pass_(minutes=30)
        await small.sync(connection, retry=[failed.id])
        await views.reconcile(store, connection.id, small.clock())
    assert small.booked() == {failed.reference: Decimal("48.20")}
    assert await open_alerts(small, connection) == []


async def row_of(far: World, connection: Connection, uuid: str) -> Posting:
    """A transaction's posting; which Spend Center company it belongs to is known after the first sync."""
    now = await connections.get_connection(far.parts.store, connection.id)
    assert now is not None
    return (await postings.known(far.parts.store, now.spend_company, [uuid]))[uuid]
