"""The Home tab and the forms behind it: settings, disconnect."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dbos import DBOS
from sqlalchemy import event

from bot.models import PostingState, Selector, Trigger
from bot.schedules import next_due
from bot.store import alerts, postings, told
from bot.store.database import Store
from handlers import show_homes
from handlers.ui.status import MOST
from tests.moved import CLEAN
from tests.office import DANA, FINANCE, LEE, MARIA, Office, Room, office

WORKSPACE = ":T0HARBOR"
TRAVEL = "37 transactions need a department"


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


async def on_home(room: Room, words: str) -> None:
    await room.until(lambda: words in room.home() or None, f"{words!r} on the Home tab")


async def press(room: Room, label: str) -> None:
    view = room.slack.state(room.user)["home"]
    block, element = next(
        (block, element)
        for block in view["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["text"]["text"] == label
    )
    await room.do("click", view_id=view["id"], block_id=block["block_id"], action_id=element["action_id"])


async def test_an_empty_home_offers_to_connect(harbor: Office) -> None:
    await harbor.room.do("open_home")
    await on_home(harbor.room, "each exactly once")

    await press(harbor.room, "Connect")

    assert await harbor.room.reads("Set-up of Spend Center", "D0DANA")


async def test_home_follows_a_sync_that_was_started_from_it(harbor: Office) -> None:
    await harbor.far.connect("100", schedule="0 7 * * *", last_fired=harbor.clock())
    room = harbor.room.in_(LEE)
    await room.do("open_home")
    await on_home(room, "posted 0, $0.00")

    await press(room, "Sync now")

    await on_home(room, "posted 80, $29,942.82")
    await on_home(room, "*3 alerts need someone*")
    await on_home(room, "archives/C0FINANCE/")
    assert "next <!date^" in room.home()
    assert await room.reads("Syncing 100 Portland", "D0LEE")


async def test_a_run_that_only_posts_draws_the_home_tab_and_looks_for_no_message_to_write(harbor: Office) -> None:
    clean = Selector(all=False, cards=(CLEAN,))
    portland = await harbor.far.connect("100", schedule="", selector=clean)
    await harbor.room.do("open_home")
    await on_home(harbor.room, "posted 0, $0.00")

    key, trigger = f"{portland.id}:due", str(Trigger.SCHEDULE)
    await harbor.bot.engine.enqueue(
        "sync", key, company=portland.company, connection_id=portland.id, trigger=trigger, run_key=key
    )

    await on_home(harbor.room, "posted 10")
    assert await DBOS.list_workflows_async(workflow_id_prefix="refresh:") == []
    assert harbor.room.posts() == []


async def test_a_home_tab_of_many_connections_reads_no_more_than_it_shows(harbor: Office) -> None:
    draw = show_homes(harbor.bot.digests.services, harbor.bot.client)
    await told.home_opened(harbor.far.parts.store, WORKSPACE, DANA, harbor.clock())

    async def statements_with(more: int) -> int:
        """What one drawing asks of the database once there are so many more connections."""
        for _ in range(more):
            await harbor.far.connect("100", schedule="")
        with counted(harbor.bot.digests.services.store) as asked:
            assert not await draw(0, workspace=WORKSPACE)
        assert "Portland" in harbor.room.in_(DANA).home()
        return len(asked)

    few, many = await statements_with(MOST), await statements_with(3 * MOST)

    assert many - few < MOST, "a page of connections more, and nothing for each of them"


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """Every statement of this store from now on, whoever sends it."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(store.engine.sync_engine, "before_cursor_execute", note)
    yield asked
    event.remove(store.engine.sync_engine, "before_cursor_execute", note)


async def test_home_shows_nobody_what_is_not_theirs_but_whom_to_ask(harbor: Office) -> None:
    await harbor.far.connect("100", schedule="")

    await harbor.room.in_(MARIA).do("open_home")

    await on_home(harbor.room, "nothing of it is yours to see. If it should be, ask Dana Whitfield.")
    assert "Portland" not in harbor.room.home()
    assert "home.connect" not in harbor.room.home()


async def test_settings_are_checked_where_they_can_be_wrong_and_then_kept(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="0 7 * * *", last_fired=harbor.clock())
    await harbor.room.types("settings")
    fields = {"name": "Portland cards", "receipts": "75", "at_once": "4", "retry": [DANA, LEE]}

    await submit(harbor.room, **fields, cron="0 9 * *")
    await harbor.room.sees("That schedule does not work: A schedule has five fields")
    await submit(harbor.room, cron="0 9 * * mon-fri", zone="America/Los_Angles")
    await harbor.room.sees("I don't know the time zone “America/Los_Angles”. Write it like America/Los_Angeles.")
    await submit(harbor.room, zone="America/Los_Angeles")
    await harbor.room.sees("Saved.")

    kept = await harbor.connection(portland)
    assert (kept.name, kept.schedule, kept.option("receipts_above")) == ("Portland cards", "0 9 * * mon-fri", "75")
    assert kept.option("retry") == [DANA, LEE]
    assert next_due(kept, harbor.clock()) is not None


async def test_what_is_typed_into_the_settings_is_understood_or_refused_and_what_was_understood_is_said_back(
    harbor: Office,
) -> None:
    portland = await harbor.far.connect("100", schedule="0 7 * * *", options={"wait_for_approval": True})
    await harbor.room.types("settings")
    shown = json.dumps(await harbor.room.form("Settings"), ensure_ascii=False)
    assert (
        "Start date Oct 1, 2026. Transactions of 1 budget. Posted once cleared and approved by its reviewer." in shown
    )

    for typed, said in (
        ("9e999999", "I can't read “9e999999” as an amount"),
        ("75,5", "I can't read “75,5” as an amount. Write it like 75 or 1234.50."),
        ("1.234", "“1.234” can be read as 1234 or as 1 and a fraction."),
    ):
        await submit(harbor.room, receipts=typed)
        await harbor.room.sees(said)
    await forge(harbor, "time", "99:99")
    await harbor.room.sees("The time is written like 07:00.")
    assert (await harbor.connection(portland)).schedule == "0 7 * * *"

    await submit(harbor.room, time="07:00", receipts="75,50")
    await harbor.room.sees("Saved. Above 75.50 held until a receipt is there.")
    assert (await harbor.connection(portland)).option("receipts_above") == "75.50"


async def forge(at: Office, block: str, time: str) -> None:
    """A time that no picker offers, sent by somebody who speaks to the app directly."""
    view = await at.room.form("Settings")
    entered = {
        block: {"picked": {"type": "timepicker", "selected_time": time}},
        "receipts": {"typed": {"type": "plain_text_input", "value": "75"}},
    }
    await at.room.do("submit", view_id=view["id"], values=entered)


async def test_open_alerts_move_with_the_channel(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="")
    await harbor.room.types("sync")
    old = await harbor.room.reads(TRAVEL)
    general = harbor.slack.core.workspace.channels["C0GENERAL"]

    await harbor.room.types("settings")
    await submit(harbor.room, channel="C0GENERAL")
    await harbor.room.sees("I am not in #general")
    general.members.add("U0BOT")
    await submit(harbor.room)
    await harbor.room.sees("Everyone in the company can read merchants, names and amounts")
    await submit(harbor.room, public=["yes"])
    await harbor.room.sees("Open alerts move to the new channel.")

    await harbor.room.reads(TRAVEL, "C0GENERAL")
    left = await harbor.room.until(
        lambda: next(
            (p for p in harbor.room.posts(FINANCE) if p["ts"] == old["ts"] and "now stands in" in p["text"]), None
        ),
        "the line left behind",
    )
    assert "<#C0GENERAL>" in left["text"]
    assert {one.channel for one in await alerts.list_open(harbor.far.parts.store, connection=portland.id)} == {
        "C0GENERAL"
    }


async def test_disconnecting_says_what_happens_and_forgets_the_secrets(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="")
    await harbor.room.types("sync")
    await harbor.room.reads(TRAVEL)

    await harbor.room.in_(LEE).types("disconnect")
    await harbor.room.reads("Only Dana Whitfield")
    await harbor.room.in_(DANA).types("disconnect")
    form = await harbor.room.form("Disconnect")
    assert "44 transactions not posted yet stay out" in json.dumps(form)
    await harbor.room.submits("Disconnect")

    await harbor.room.reads("100 Portland is disconnected", "D0DANA")
    gone = await harbor.connection(portland)
    assert gone.removed is not None
    assert gone.spend_token is None
    await harbor.room.reads("Closed: this connection was ended")
    assert (await harbor.far.tally(portland))[PostingState.POSTED][0] == 80
    await harbor.room.types("status")
    assert await harbor.room.reads("Nothing is connected yet")


async def test_disconnecting_lists_what_may_or_may_not_be_in_intacct_with_its_references(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="", selector=Selector(all=False, cards=(CLEAN,)))
    for fault in ({"kind": "drop_before", "match": "record_cctransaction"}, {"kind": "error_500", "match": "RECORDID"}):
        await harbor.far.intacct.control("fault", {**fault, "count": 99})
    harbor.far.parts.reach.looked.add(portland.id)
    await harbor.far.sync(portland)
    rows = await postings.list_postings(harbor.far.parts.store, portland.id, states=[PostingState.UNKNOWN])
    assert rows

    await harbor.room.types("disconnect")
    await harbor.room.submits("Disconnect")

    told = await harbor.room.reads("100 Portland is disconnected", "D0DANA")
    assert "may or may not be in Intacct. Intacct could not be asked: " in told["text"]
    assert all(row.reference in told["text"] for row in rows[:10])


async def test_a_form_closed_while_it_looks_does_no_harm(harbor: Office) -> None:
    portland = await harbor.far.connect("100", schedule="")
    await harbor.room.types("settings")
    view = await harbor.room.form("Settings")
    await harbor.room.closes()

    await harbor.room.types("settings")
    await submit(harbor.room, name="Kept")
    await harbor.room.sees("Saved.")

    assert view["id"]
    assert (await harbor.connection(portland)).name == "Kept"


async def submit(room: Room, **values: object) -> None:
    """Fill some fields of the settings and send them; the others stay as they are."""
    view = await room.form("Settings")
    entered = {}
    for block in view["blocks"]:
        if block["type"] == "input" and block["block_id"] in values:
            element, wanted = block["element"], values[block["block_id"]]
            entered[block["block_id"]] = {element["action_id"]: entry(element, wanted)}
    await room.do("submit", view_id=view["id"], values=entered)


def entry(element: dict[str, object], wanted: object) -> dict[str, object]:
    kind = str(element["type"])
    names = {
        "plain_text_input": "value",
        "timepicker": "selected_time",
        "conversations_select": "selected_conversation",
        "multi_users_select": "selected_users",
    }
    if kind in names:
        return {"type": kind, names[kind]: wanted}
    options = {option["value"]: option for option in element["options"]}  # type: ignore[attr-defined]  # JSON
    if kind == "checkboxes":
        return {"type": kind, "selected_options": [options[one] for one in wanted]}  # type: ignore[attr-defined]  # a list
    return {"type": kind, "selected_option": options[wanted]}
