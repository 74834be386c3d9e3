"""Vendors in the finance channel: one person asks, another agrees, and only then Intacct is changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.models import FieldMapping, PostingState, Selector
from bot.sandbox.intacct.access import all_rights
from bot.sandbox.slack.payloads import message_actions
from bot.store import connections, runs
from bot.store.connections import Connection
from tests.office import DANA, LEE, SAM, Office, office
from tests.world import mapping

INACTIVE = "vendor V-130, which is inactive or on hold"
ACTIVATE, CREATE = "Set a vendor to active", "Create a vendor"
ASKS = "Dana Whitfield asks to set vendor V-130 Basecamp Equipment from inactive to active in Intacct."


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


async def failing(at: Office, vendor: str = "V-130", *, allowed: bool = True, **changes: str) -> Connection:
    """A connection whose transactions all name one vendor, which Intacct does not take."""
    codes = mapping(at.far.story) | {"vendor": FieldMapping(default=vendor)}
    if changes:
        await books(at, vendor, **changes)
    portland = await at.far.connect(
        "100",
        schedule="",
        mapping=codes,
        selector=Selector(all=False, cards=("9254",)),
        options={"vendors": True} if allowed else {},
    )
    await at.far.sync(portland)
    await at.bot.engine.enqueue("refresh", f"{portland.id}:test", company=portland.company, connection_id=portland.id)
    return portland


async def books(at: Office, vendor: str, **changes: str) -> None:
    await at.far.intacct.control("save_record", {"object": "VENDOR", "record": {"VENDORID": vendor, **changes}})


def vendor(at: Office, number: str = "V-130") -> dict[str, Any] | None:
    return at.far.intacct.gateway.company.find("VENDOR", number)


def menu(post: dict[str, Any]) -> list[str]:
    elements = [one for block in post["blocks"] if block["type"] == "actions" for one in block["elements"]]
    return [one["text"]["text"] for e in elements if e["type"] == "overflow" for one in e["options"]]


async def asked(at: Office, words: str = INACTIVE) -> None:
    room = at.room.in_(DANA)
    await room.chooses(words, "Set vendor V-130 to active")
    await room.submits(ACTIVATE)
    await room.reads(f"{ASKS} A second person must agree.")


async def posted_once(at: Office, connection: Connection) -> None:
    tally = await at.far.tally(connection)
    assert set(tally) == {PostingState.POSTED}
    assert len(at.far.booked()) == tally[PostingState.POSTED][0]


async def test_an_inactive_vendor_is_set_to_active_by_two_people_and_its_transactions_post_once(
    harbor: Office,
) -> None:
    portland = await failing(harbor, STATUS="inactive")
    room = harbor.room.in_(DANA)

    await room.chooses(INACTIVE, "Set vendor V-130 to active")
    form = json.dumps(await room.form(ACTIVATE), ensure_ascii=False)
    assert "Status: inactive → active" in form
    assert "On hold" not in form
    await room.submits(ACTIVATE)
    question = await room.reads(f"{ASKS} A second person must agree.")
    assert question["thread_ts"] == (await room.reads(INACTIVE))["ts"]
    assert "waits in the thread for a second person" in json.dumps((await room.reads(INACTIVE))["blocks"])
    assert vendor(harbor)["STATUS"] == "inactive"  # type: ignore[index]  # it is in the story

    await room.presses("A second person must agree.", "Agree")
    await room.reads("You asked for this yourself, so someone else has to agree.")
    assert vendor(harbor)["STATUS"] == "inactive"  # type: ignore[index]  # as above

    await room.in_(LEE).presses("A second person must agree.", "Agree")
    await room.reads(f"{ASKS} Agreed by Lee Okafor; set to active.")
    solved = await room.reads("Solved: ")
    assert "vendor V-130 Basecamp Equipment set to active" not in solved["text"]
    assert "vendor V-130 set to active" in solved["text"]
    await room.reads(
        "Vendor V-130 Basecamp Equipment is set to active in Intacct; Dana Whitfield asked, Lee Okafor agreed: "
    )
    assert vendor(harbor)["STATUS"] == "active"  # type: ignore[index]  # as above
    await posted_once(harbor, portland)
    [event] = [one for one in await runs.told(harbor.far.parts.store, portland.id) if one.what == "vendor"]
    assert (event.actor, "Dana Whitfield asked, Lee Okafor agreed" in event.text) == (LEE, True)


async def test_off_by_default_the_menu_offers_nothing_and_a_forged_choice_is_refused(harbor: Office) -> None:
    portland = await failing(harbor, STATUS="inactive", allowed=False)
    room = harbor.room.in_(DANA)
    post = await room.reads(INACTIVE)
    assert menu(post) == ["Posted by hand…", "Ignore…", "Snooze…", "Details"]
    await forged(harbor, post)
    await room.reads("Creating vendors and setting them to active is switched off.")
    assert room.view() is None

    await room.types("settings")
    await room.submits("Settings", vendors=["yes"])
    await room.sees("Saved.")
    await room.closes()
    [event] = [one for one in await runs.told(harbor.far.parts.store, portland.id) if one.what == "vendors"]
    assert (event.actor, event.text) == (DANA, "Creating vendors and setting them to active is allowed.")
    await offered_again(harbor, portland)
    await asked(harbor)
    await room.in_(LEE).presses("A second person must agree.", "Agree")
    await room.reads("Solved: ")
    await posted_once(harbor, portland)


async def forged(at: Office, post: dict[str, Any]) -> None:
    """The line of the menu that is not offered, chosen all the same by somebody who speaks to the app directly."""
    core = at.slack.core
    stands = core.workspace.find(at.room.dm, post["ts"])
    assert stands is not None
    option = {"text": {"type": "plain_text", "text": "Create"}, "value": "vendor:1"}
    action = {"action_id": "alert.menu", "block_id": "do", "type": "overflow", "selected_option": option}
    who, place = core.workspace.people[at.room.user], core.workspace.channels[at.room.dm]
    payload = message_actions(core, who, place, stands, action)
    await core.delivery.ask("interactive", payload, answer=False, what="forged")


async def set_allowed(at: Office, connection: Connection, *, allowed: bool) -> None:
    await connections.set_option(at.far.parts.store, connection.id, "vendors", allowed)


async def offered_again(at: Office, connection: Connection) -> None:
    """Allowed, and the alert drawn anew with the menu's line."""
    await set_allowed(at, connection, allowed=True)
    key = f"{connection.id}:offered again"
    await at.bot.engine.enqueue("refresh", key, company=connection.company, connection_id=connection.id)

    def look() -> bool | None:
        alerts = [post for post in at.room.posts() if INACTIVE in post["text"] and "thread_ts" not in post]
        return any("Set vendor" in str(menu(post)) for post in alerts) or None

    await at.room.until(look, "the menu's line")


async def test_a_vendor_that_is_not_there_is_created_with_the_id_that_was_typed(harbor: Office) -> None:
    portland = await failing(harbor, "V-200")
    words = "vendor V-200, which Intacct does not accept"
    room = harbor.room.in_(DANA)
    await room.chooses(words, "Create vendor V-200")
    form = await room.form(CREATE)
    assert "A new vendor in Intacct, for 100 Portland only: active" in json.dumps(form)
    initial = {one["block_id"]: one["element"].get("initial_value") for one in form["blocks"] if "element" in one}
    assert initial == {"vendor_id": "V-200", "name": "V-200"}

    for vendor_id, name, why in (
        ("V 201", "Quillcast", "no blank"),
        ("V-110", "Quillcast", "V-110 is Copperline Printing in Intacct already"),
        ("V-201", "Copperline Printing", "Intacct has a vendor of this name as V-110."),
    ):
        await room.submits(CREATE, vendor_id=vendor_id, name=name)
        assert why in json.dumps(harbor.slack.state(DANA)["modals"][-1]["errors"])
    await room.submits(CREATE, vendor_id="V-201", name="Quillcast")
    await room.reads("Dana Whitfield asks to create vendor V-201 Quillcast in Intacct. A second person must agree.")
    assert vendor(harbor, "V-201") is None

    await room.in_(LEE).presses("A second person must agree.", "Agree")
    await room.reads("Agreed by Lee Okafor; created.")
    await room.reads("Solved: ")
    made = vendor(harbor, "V-201")
    assert made is not None
    assert (made["NAME"], made["STATUS"], made["MEGAENTITYID"]) == ("Quillcast", "active", "100")
    await posted_once(harbor, portland)
    ledger = harbor.far.intacct.state(limit=5000)["ledger"]["transactions"]
    assert {line["vendor"] for row in ledger for line in row["lines"]} == {"V-201"}
    assert all("coded by Dana Whitfield" in row["description"] for row in ledger)


async def test_a_vendor_on_hold_is_taken_off_hold_and_nothing_else(harbor: Office) -> None:
    portland = await failing(harbor, ONHOLD="true")
    room = harbor.room.in_(DANA)
    await room.chooses(INACTIVE, "Set vendor V-130 to active")
    form = json.dumps(await room.form(ACTIVATE), ensure_ascii=False)
    assert "On hold: yes → no" in form
    assert "Status" not in form
    await room.submits(ACTIVATE)
    await room.reads("Dana Whitfield asks to take vendor V-130 Basecamp Equipment off hold in Intacct.")
    await room.in_(LEE).presses("A second person must agree.", "Agree")
    await room.reads("Agreed by Lee Okafor; taken off hold.")
    await room.reads("Solved: ")
    await posted_once(harbor, portland)


async def test_what_is_declined_is_not_written_and_can_be_asked_for_again(harbor: Office) -> None:
    portland = await failing(harbor, STATUS="inactive")
    await asked(harbor)
    room = harbor.room.in_(DANA)
    await room.chooses(INACTIVE, "Set vendor V-130 to active")
    await room.submits(ACTIVATE)
    await room.sees("Dana Whitfield asked for this already")
    await room.closes()

    await room.in_(LEE).presses("A second person must agree.", "Decline")
    await room.reads(f"{ASKS} Declined by Lee Okafor; nothing was written.")
    await room.reads("Lee Okafor declined: vendor V-130 Basecamp Equipment stays as it is in Intacct.", "D0DANA")
    assert vendor(harbor)["STATUS"] == "inactive"  # type: ignore[index]  # it is in the story

    await asked(harbor)
    await room.in_(LEE).presses("A second person must agree.", "Agree")
    await room.reads("Solved: ")
    await posted_once(harbor, portland)


async def test_of_two_who_agree_at_once_one_counts_and_the_other_is_told(harbor: Office) -> None:
    portland = await failing(harbor, STATUS="inactive")
    await asked(harbor)
    post = await harbor.room.reads("A second person must agree.")
    press = {"channel": harbor.room.dm, "ts": post["ts"], "block_id": "do", "action_id": "vendor.agree"}

    await asyncio.gather(*(harbor.slack.control("click", {"user": user, **press}) for user in (LEE, SAM)))

    names, room = {LEE: "Lee Okafor", SAM: "Sam Castellano"}, harbor.room
    slow = await room.until(
        lambda: next((user for user in names if "agreed to this already" in str(room.in_(user).texts())), None),
        "a private answer to whoever was second",
    )
    [quick] = names.keys() - {slow}
    await room.in_(slow).reads(f"{names[quick]} agreed to this already")
    assert "agreed to this already" not in str(room.in_(quick).texts())
    await room.reads(f"Agreed by {names[quick]}; set to active.")
    await room.reads("Solved: ")
    await posted_once(harbor, portland)
    assert writes(harbor) == 1


def writes(at: Office) -> int:
    """How many writes of vendors Intacct has executed."""
    return sum(done for controlid, done in at.far.intacct.gateway.executed.items() if controlid.startswith("vendor-"))


async def test_a_missing_permission_is_told_with_what_to_do_and_the_next_request_goes_through(harbor: Office) -> None:
    portland = await failing(harbor, STATUS="inactive")
    less: dict[str, Any] = {**all_rights(), "Vendors": ["List", "View"]}
    await harbor.far.intacct.control("set_role", {"name": "Billcom Role", "policies": less})
    await asked(harbor)
    room = harbor.room.in_(LEE)
    await room.presses("A second person must agree.", "Agree")

    await room.reads(f"{ASKS} Agreed by Lee Okafor; Intacct did not take it.")
    told = await room.reads("Vendor V-130 Basecamp Equipment was not set to active.")
    assert "You do not have permission for API operation UPDATE on objects of type VENDOR" in told["text"]
    assert "Accounts Payable &gt; Permissions: tick Edit on Vendors, Save. Then ask again." in told["text"]
    assert vendor(harbor)["STATUS"] == "inactive"  # type: ignore[index]  # it is in the story

    await harbor.far.intacct.control("set_role", {"name": "Billcom Role", "policies": "all"})
    await asked(harbor)
    await room.in_(LEE).presses("A second person must agree.", "Agree")
    await room.reads("Solved: ")
    await posted_once(harbor, portland)


async def test_what_was_switched_off_or_asked_for_long_ago_is_not_written(harbor: Office) -> None:
    portland = await failing(harbor, STATUS="inactive")
    room = harbor.room
    await asked(harbor)
    await set_allowed(harbor, portland, allowed=False)
    await room.in_(LEE).presses("A second person must agree.", "Agree")
    await room.reads("Nothing was written: creating vendors and setting them to active was switched off meanwhile.")
    await room.reads(f"{ASKS} Nothing was written: ")

    await offered_again(harbor, portland)
    await asked(harbor)
    harbor.clock.pass_(days=7, minutes=1)
    await room.in_(LEE).presses("A second person must agree.", "Agree")
    await room.reads(f"{ASKS} Nothing was written: it was asked for more than 7 days ago.")
    assert (vendor(harbor)["STATUS"], writes(harbor)) == ("inactive", 0)  # type: ignore[index]  # it is in the story

    await asked(harbor)
    await room.in_(LEE).presses("A second person must agree.", "Agree")
    await room.reads("Solved: ")
    await posted_once(harbor, portland)


async def test_what_was_solved_meanwhile_is_not_written(harbor: Office) -> None:
    portland = await failing(harbor, STATUS="inactive")
    room = harbor.room
    await asked(harbor)
    await room.presses(INACTIVE, "Choose vendor")
    await room.submits("Choose vendor", value="V-110", write_back=[])
    await room.reads("Solved: ")

    await room.in_(LEE).presses("A second person must agree.", "Agree")

    await room.reads(f"{ASKS} Nothing was written: no transaction waits for it any more.")
    assert (vendor(harbor)["STATUS"], writes(harbor)) == ("inactive", 0)  # type: ignore[index]  # it is in the story
    await posted_once(harbor, portland)


async def test_only_who_may_correct_asks_and_only_who_may_retry_agrees(harbor: Office) -> None:
    portland = await failing(harbor, STATUS="inactive")
    options = {"vendors": True, "correct": [DANA], "retry": [SAM]}
    await connections.change_connection(harbor.far.parts.store, portland.id, options=options)
    room = harbor.room.in_(LEE)
    await room.chooses(INACTIVE, "Set vendor V-130 to active")
    await room.reads("For 100 Portland, Dana Whitfield corrects transactions.")
    await asked(harbor)
    await room.in_(LEE).presses("A second person must agree.", "Agree")
    await room.reads("For 100 Portland, Dana Whitfield or Sam Castellano posts again and starts syncs.")
    assert writes(harbor) == 0
    await room.in_(SAM).presses("A second person must agree.", "Agree")
    await room.reads("Solved: ")
    await posted_once(harbor, portland)


async def test_a_vendor_with_a_hostile_name_pings_nobody(harbor: Office) -> None:
    portland = await failing(harbor, STATUS="inactive", NAME="<!channel> <https://x.example|pay> \u202ecruel")
    room = harbor.room.in_(DANA)
    await room.chooses(INACTIVE, "Set vendor V-130 to active")
    await room.submits(ACTIVATE)
    await room.reads("A second person must agree.")
    await room.in_(LEE).presses("A second person must agree.", "Agree")
    await room.reads("Solved: ")
    await room.reads("asked, Lee Okafor agreed: ")
    shown = json.dumps([harbor.room.posts(), harbor.room.posts("D0DANA")], ensure_ascii=False)
    assert "&lt;!channel&gt;" in shown
    assert not [trick for trick in ("<!channel>", "<https", "\u202e") if trick in shown]
    await posted_once(harbor, portland)


async def test_a_question_whose_alert_was_deleted_stands_under_the_new_one_too(harbor: Office) -> None:
    portland = await failing(harbor, STATUS="inactive")
    await asked(harbor)
    room, workspace = harbor.room, harbor.slack.core.workspace
    before = await room.reads(INACTIVE)
    workspace.remove(room.dm, workspace.find(room.dm, before["ts"]))  # type: ignore[arg-type]  # it is there

    harbor.clock.pass_(days=1)
    key = f"{portland.id}:next day"
    await harbor.bot.engine.enqueue("refresh", key, company=portland.company, connection_id=portland.id)

    def moved() -> bool | None:
        anew = next((post for post in room.posts() if INACTIVE in post["text"] and "thread_ts" not in post), before)
        return any("A second person must agree." in text for text in room.thread(anew)) or None

    await room.until(moved, "the question under the new message")
    await room.in_(LEE).presses("A second person must agree.", "Agree")
    await room.reads(f"{ASKS} Agreed by Lee Okafor; set to active.")
    await room.reads("Solved: ")
    assert writes(harbor) == 1
    await posted_once(harbor, portland)
