"""What transactions are coded to is held against Intacct's lists once a day: told once, before a sync meets it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from bot.models import FieldMapping
from bot.sandbox.intacct.company import Company
from bot.store import connections, drift, in_use, rules, walkthroughs
from bot.store.connections import Connection
from bot.store.tables import postings
from bot.store.vault import new_key
from bot.walkthrough import values
from bot.walkthrough.values import Values, summary
from tests.office import LUNCH, Office, office
from tests.world import World, mapping, world

Json = dict[str, Any]
Doing = Callable[[Company], None]
CARDS = ("8846", "5521")
"""What is bought with these is enough for what people are told of it."""
MET = {"dimension.required 6420 department"}
"""What the first sync fails for; it has its alert."""


@pytest.fixture
async def far(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, cards=CARDS) as made:
        yield made


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, cards=CARDS) as made:
        yield made


async def portland(far: World, **changes: Any) -> Connection:
    return await far.connect("100", **{"schedule": "", "card_account": "2150", "default_location": "100", **changes})


async def looked(far: World, connection: Connection) -> Values:
    company = await connections.get_company(far.parts.store, connection.company)
    client = await far.parts.reach.intacct(company)
    return await values.look(far.parts.store, client, company, connection, far.clock())


def row(name: str, key: str, **changes: str) -> Doing:
    """A record's fields as an accountant changes them on Intacct's screen."""
    return lambda books: (books.find(name, key) or {}).update(changes)


def gone(name: str, key: str) -> Doing:
    """A record that is not there any more under this ID: renumbered, or not shared any more."""

    def do(books: Company) -> None:
        found = books.find(name, key)
        assert found
        books.delete(name, found)

    return do


# --- what is seen -----------------------------------------------------------------------------------------------------


async def test_nothing_is_said_while_all_is_right_nor_of_what_failed_and_has_its_alert(far: World) -> None:
    connection = await portland(far)
    assert await looked(far, connection) == Values()

    run = await far.sync(connection)

    assert (run.posted, run.failed) == (25, 13)
    assert await looked(far, connection) == Values((), frozenset(MET))


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        (
            row("GLACCOUNT", "6440", STATUS="inactive"),
            "config.gl_account account 6440",
            (
                "Account 6440 Meals: Status is inactive, it should be active: 6 transactions since 7 Aug",
                "General Ledger > Accounts > 6440 > Edit > Status > Active. Or match it to another one in step 9.",
            ),
        ),
        (
            gone("GLACCOUNT", "6120"),
            "config.gl_account account 6120",
            ("Account 6120 is not in the chart of 100 Portland any more", "Match it to another one in step 9."),
        ),
        (
            row("GLACCOUNT", "6120", SUBLEDGERCONTROLON="true"),
            "config.gl_restricted account 6120",
            (
                "Account 6120 Office supplies: Disallow direct posting is ticked",
                "6120 > Edit > Disallow direct posting",
            ),
        ),
        (
            row("GLACCOUNT", "6440", REQUIRECLASS="true"),
            "dimension.required 6440 class",
            (
                "Account 6440 Meals requires the class now, and 6 transactions since 7 Aug, the newest of 28 Oct, came",
                "without it. Fill it in Spend Center, or choose in step 9 which field carries it.",
            ),
        ),
        (
            row("DEPARTMENT", "20", STATUS="inactive"),
            "dimension.invalid department 20",
            ("Department 20 Sales: Status is inactive", "Company > Departments > 20 > Edit > Status > Active."),
        ),
        (
            gone("DEPARTMENT", "20"),
            "dimension.invalid department 20",
            ("Department 20 is not in Company > Departments any more, or not shared with 100 Portland",),
        ),
        (
            row("VENDOR", "V-CARDS", STATUS="inactive"),
            "vendor.invalid vendor V-CARDS",
            ("Vendor V-CARDS", "Accounts Payable > Vendors > V-CARDS > Edit > Status > Active."),
        ),
    ],
)
async def test_each_change_that_the_next_transactions_will_meet_is_named_with_its_clicks(
    far: World, change: Doing, key: str, words: tuple[str, ...]
) -> None:
    codes = {**mapping(far.story), "vendor": FieldMapping(default="V-CARDS")}
    connection = await portland(far, mapping=codes)
    await far.sync(connection)
    assert (await looked(far, connection)).wrong == ()

    change(far.intacct.gateway.company)
    seen = await looked(far, connection)

    assert [one.key for one in seen.wrong] == [key]
    assert [part for part in words if part not in seen.wrong[0].sentence] == []


async def test_nothing_is_said_of_what_nobody_uses(far: World) -> None:
    connection = await portland(far)
    await far.sync(connection)
    books = far.intacct.gateway.company
    used = {line["ACCOUNTNO"] for line in books.rows("CCTRANSACTIONENTRY")} | {"2150", "6215", "6420"}
    for account in books.rows("GLACCOUNT"):
        if account["ACCOUNTNO"] not in used:
            account["STATUS"] = "inactive"

    assert (await looked(far, connection)).wrong == ()

    row("GLACCOUNT", "6440", STATUS="inactive")(books)
    far.clock.pass_(days=91)
    assert (await looked(far, connection)).wrong == (), "the last transaction with it was months ago"


async def test_a_rule_that_speaks_counts_as_use_and_so_does_what_it_fills(far: World) -> None:
    connection = await portland(far)
    await rules.add(
        far.parts.store,
        workspace=connection.workspace_id,
        connection=connection.id,
        dimension="project",
        value="P-1050",
        account="6990",
        made_by="Lee Okafor",
        now=far.clock(),
    )
    row("PROJECT", "P-1050", STATUS="inactive")(far.intacct.gateway.company)

    (wrong,) = (await looked(far, connection)).wrong

    assert wrong.key == "dimension.invalid project P-1050"
    assert wrong.sentence.endswith(
        "it should be active: rule R-1 uses it. Projects > Projects > P-1050 > Edit > Status > Active. Or change R-1 under "
        "`/intacct rules`."
    )


async def test_an_answer_that_mends_it_is_enough_no_transaction_would_be_refused_any_more(far: World) -> None:
    connection = await portland(far)
    await far.sync(connection)
    row("GLACCOUNT", "6440", STATUS="inactive")(far.intacct.gateway.company)
    assert len((await looked(far, connection)).wrong) == 1
    codes = connection.codes()
    account = codes["gl_account"]
    placed = {key: "6120" if value == "6440" else value for key, value in account.values.items()}

    mended = replace(connection, mapping=json_of({**codes, "gl_account": replace(account, values=placed)}))

    assert (await looked(far, mended)).wrong == ()


def json_of(codes: dict[str, FieldMapping]) -> Json:
    return {key: {"field": one.field, "default": one.default, "values": one.values} for key, one in codes.items()}


async def test_however_many_transactions_there_are_the_questions_to_intacct_stay_few(far: World) -> None:
    connection = await portland(far)
    await far.sync(connection)
    company = await connections.get_company(far.parts.store, connection.company)
    client = await far.parts.reach.intacct(company)
    await looked(far, connection)
    before = client.requests
    await looked(far, connection)
    few = client.requests - before
    await twenty_times_as_many(far, connection)
    row("GLACCOUNT", "6440", STATUS="inactive")(far.intacct.gateway.company)

    before = client.requests
    (wrong,) = (await looked(far, connection)).wrong

    assert client.requests - before == few <= 8
    assert "120 transactions since" in wrong.sentence


async def twenty_times_as_many(far: World, connection: Connection) -> None:
    async with far.parts.store.begin() as db:
        mine = select(postings).where(postings.c.connection_id == connection.id, postings.c.state == "posted")
        rows = [dict(one._mapping) for one in await db.execute(mine)]
        for at in range(19):
            own = ({"transaction": f"txr_{at}_{one['id']}", "reference": f"again-{at}-{one['id']}"} for one in rows)
            copies = [{**one, **names} for one, names in zip(rows, own, strict=True)]
            await db.execute(insert(postings), [{k: v for k, v in one.items() if k != "id"} for one in copies])


async def test_pages_have_each_row_once_and_leave_out_what_posted_long_ago(far: World) -> None:
    connection = await portland(far)
    run = await far.sync(connection)
    await twenty_times_as_many(far, connection)
    store, since = far.parts.store, far.clock() - timedelta(days=90)
    async with store.begin() as db:
        old = update(postings).where(postings.c.reference.startswith("again-0-"))
        await db.execute(old.values(posted=since - timedelta(seconds=1)))

    rows = [one async for page in in_use.pages(store, connection.id, since) for one in page]

    assert len({one.id for one in rows}) == len(rows) == run.failed + 19 * run.posted
    assert max([len(page) async for page in in_use.pages(store, connection.id, since)]) == in_use.PAGE


@pytest.mark.postgres
async def test_postgresql_pages_and_looks_alike(tmp_path: Path, postgres: str) -> None:
    async with world(tmp_path, cards=CARDS, database_url=postgres, encryption_keys=new_key()) as far:
        connection = await portland(far)
        await far.sync(connection)
        await twenty_times_as_many(far, connection)
        row("DEPARTMENT", "20", STATUS="inactive")(far.intacct.gateway.company)

        (wrong,) = (await looked(far, connection)).wrong

        assert wrong.key == "dimension.invalid department 20"
        since = far.clock() - timedelta(days=90)
        rows = [one.id async for page in in_use.pages(far.parts.store, connection.id, since) for one in page]
        assert len(set(rows)) == len(rows) > in_use.PAGE


def test_many_changes_are_the_first_few_and_a_number() -> None:
    assert summary(["a", "b"]) == "• a\n• b"
    assert summary([str(n) for n in range(7)]).splitlines()[-1] == "And 2 more, told here as these are put right."


# --- what is told -----------------------------------------------------------------------------------------------------

CODED = "transactions coded as before will not go through"


async def look(at: Office, connection: Connection, why: str) -> None:
    await at.bot.engine.enqueue("look_around", why, company=connection.company, connection_id=connection.id)


async def changes(at: Office, name: str, **fields: str) -> None:
    key = {"GLACCOUNT": "ACCOUNTNO", "DEPARTMENT": "DEPARTMENTID"}[name]
    ident = fields.pop("id")
    await at.far.intacct.control("save_record", {"object": name, "record": {key: ident, **fields}})


async def test_changes_of_one_day_are_one_message_that_shrinks_and_ends_solved_and_new_ones_are_another(
    at: Office,
) -> None:
    connection = await portland(at.far)
    await at.far.sync(connection)
    await changes(at, "GLACCOUNT", id="6440", STATUS="inactive")
    await changes(at, "DEPARTMENT", id="20", STATUS="inactive")
    await look(at, connection, "monday")
    told = await at.room.reads(CODED)
    assert "Account 6440 Meals: Status is inactive" in json.dumps(told)
    assert "Department 20 Sales: Status is inactive" in json.dumps(told)

    await changes(at, "GLACCOUNT", id="6120", STATUS="inactive")
    await look(at, connection, "tuesday")
    second = await at.room.reads("Account 6120 Office supplies")
    assert second["ts"] != told["ts"]
    assert "6440" not in json.dumps(second), "what was told once is not told again"
    assert len([text for text in at.room.texts() if CODED in text]) == 2

    await changes(at, "GLACCOUNT", id="6440", STATUS="active")
    await look(at, connection, "wednesday")
    await at.room.until(lambda: still(at, told, "6440"), "only the department is left")
    await changes(at, "DEPARTMENT", id="20", STATUS="active")
    await look(at, connection, "thursday")
    solved = await at.room.reads("Solved: nothing of this stands in the way any more")

    assert solved["ts"] == told["ts"]
    await changes(at, "GLACCOUNT", id="6120", STATUS="active")
    await look(at, connection, "friday")
    await at.room.until(lambda: still(at, second, CODED), "the second message is solved too")
    assert [text for text in at.room.texts() if CODED in text] == []


def still(at: Office, told: Json, gone_words: str) -> bool | None:
    now = next(post for post in at.room.posts() if post["ts"] == told["ts"])
    return True if gone_words not in json.dumps(now) else None


async def test_once_a_transaction_failed_for_it_its_alert_tells_it_alone(at: Office) -> None:
    connection = await portland(at.far)
    await at.far.sync(connection)
    await changes(at, "GLACCOUNT", id="6440", STATUS="inactive")
    await look(at, connection, "monday")
    told = await at.room.reads(CODED)

    await at.far.spend.control("add_transaction", LUNCH)
    assert (await at.far.sync(connection)).failed
    await look(at, connection, "tuesday")
    handed = await at.room.reads("Transactions met this: it has an alert of its own now")

    assert handed["ts"] == told["ts"]
    await look(at, connection, "wednesday")
    await changes(at, "GLACCOUNT", id="6120", STATUS="inactive")
    await look(at, connection, "thursday")
    assert "6440" not in json.dumps(await at.room.reads("Account 6120 Office supplies"))
    marks = await drift.open_marks(at.far.parts.store, connection.id)
    assert [mark.told for mark in marks] == [("config.gl_account account 6120",)]


async def test_the_button_opens_the_fields_where_it_is_matched_to_another_account(at: Office) -> None:
    connection = await portland(at.far)
    await at.far.sync(connection)
    await changes(at, "GLACCOUNT", id="6440", SUBLEDGERCONTROLON="true")
    await look(at, connection, "monday")
    told = await at.room.reads(CODED)
    dana = at.room.in_("U0DANA")
    await dana.presses(CODED, "Open step 9")
    room = at.room.in_("U0DANA", "D0DANA")
    await room.clicks("Match the fields again")
    form = await room.form("Fields")
    asked = next(one for one in form["blocks"] if "6440" in one.get("label", {}).get("text", ""))
    assert asked["element"]["initial_option"]["value"] == "6440"
    assert "Intacct does not take 6440 any more. Pick what took its place." in json.dumps(asked)

    await room.submits("Fields", **{asked["block_id"].replace(":", "_"): "6120"})
    await room.submits("Choices")
    await room.sees("*Right again.*")
    solved = await at.room.in_("U0DANA").reads("Solved: nothing of this stands in the way any more")

    assert solved["ts"] == told["ts"]
    assert await walkthroughs.find_open(at.far.parts.store, connection.workspace_id, "U0DANA") == []
    assert "6440" not in (await at.connection(connection)).codes()["gl_account"].values.values()
