"""Every listener that Bolt knows, pressed by people without the right, from elsewhere, and with it.

The walk is over Bolt's own list: a listener that stands in no row of the table fails the test. Requests are made by hand,
as somebody could send them who keeps an old message open or changes what a client sends: Slack itself would show most of
these buttons to nobody here.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.async_app import AsyncBoltRequest

from bot.models import PostingState
from bot.sandbox.slack.workspace import Person
from bot.store import alerts, connections, postings, proofs, rules, vendors, walkthroughs
from bot.store.connections import Connection
from bot.store.vendors import Wanted
from handlers.ui.ids import SECRET_BLOCKS
from handlers.walkthrough.clicks import CLICKS
from handlers.walkthrough.finishing import FINISH_CLICKS, FINISH_FORMS
from handlers.walkthrough.forms import FORMS
from handlers.walkthrough.lists import LISTS
from tests.office import DANA, FINANCE, LEE, MARIA, SAM, Office, office
from tests.patience import PATIENCE

Json = dict[str, Any]
OUTSIDER, GUEST, EXTERNAL, MEMBER = MARIA, "U0GUEST", "U0BANK", "U0NEW"
TRAVEL = "37 transactions need a department"

SEES, HELPS = {MEMBER, LEE, SAM, DANA}, {LEE, SAM, DANA}
RETRIES, CORRECTS, OWNS = {LEE, DANA}, {SAM, DANA}, {DANA}
STARTS = {OUTSIDER, MEMBER, LEE, SAM, DANA}
EVERYONE = {OUTSIDER, GUEST, EXTERNAL, MEMBER, LEE, SAM, DANA}
ELSEWHERE = "T0OTHER"

OUT_OF_TURN = ("find.Finds.open", "walkthrough.register")
"""Sent without what comes before: a form that stands open, an answer to an earlier step. Only the right is looked at."""

REFUSED = (
    "For 100 Portland, ",
    "Only Dana Whitfield, who set 100 Portland up",
    "Only the person who",
    "is for the people of its finance channel",
    "not there any more",
    "no longer here",
    "not yours to see",
    "Guests cannot start",
    "nothing of it is yours to see",
)
"""How every refusal reads for somebody without a right; one of these has to be told wherever somebody is refused."""


@dataclass(frozen=True, slots=True)
class Ids:
    """What the requests name: all of it belongs to Portland, in the workspace of Harbor & Pine."""

    connection: str
    alert: int
    posted: int
    open: int
    rule: int
    request: str
    walk: str
    proof: int
    ts: str


@dataclass(frozen=True, slots=True)
class Row:
    """A listener, who may, and a request that reaches it. `silent` ones answer with an empty list or with nothing."""

    listener: str
    may: set[str]
    request: Callable[[Ids], Json]
    silent: bool = False

    def refused(self) -> list[tuple[str, str]]:
        """(person, workspace) of all for whom it is not; the many verbs of a set-up are asked for by one function."""
        others = {MEMBER, GUEST} if self.listener.startswith("walkthrough.register") else EVERYONE - self.may
        elsewhere = () if self.may is STARTS else sorted(self.may)
        return [(user, "T0HARBOR") for user in sorted(others)] + [(user, ELSEWHERE) for user in elsewhere]


def press(action: str, value: Callable[[Ids], Any], *, option: bool = False) -> Callable[[Ids], Json]:
    def made(ids: Ids) -> Json:
        named = str(value(ids))
        chosen: Json = {"selected_option": {"text": {"type": "plain_text", "text": "…"}, "value": named}}
        one = {"action_id": action, "block_id": "do", "type": "button", **(chosen if option else {"value": named})}
        container = {"type": "message", "channel_id": FINANCE, "message_ts": ids.ts}
        return {"type": "block_actions", "actions": [one], "container": container, "channel": {"id": FINANCE}}

    return made


def page(
    action: str, value: Callable[[Ids], Any], metadata: Callable[[Ids], Any] = lambda _: ""
) -> Callable[[Ids], Json]:
    """A button inside a modal."""

    def made(ids: Ids) -> Json:
        one = {"action_id": action, "block_id": "turn", "type": "button", "value": str(value(ids))}
        view = {"id": "V0", "type": "modal", "private_metadata": str(metadata(ids)), "state": {"values": {}}}
        return {"type": "block_actions", "actions": [one], "container": {"type": "view"}, "view": view}

    return made


def form(callback: str, metadata: Callable[[Ids], Any], **typed: Callable[[Ids], Json]) -> Callable[[Ids], Json]:
    def made(ids: Ids) -> Json:
        values = {block: {"picked": {"type": "x", **entry(ids)}} for block, entry in typed.items()}
        view = {"id": "V0", "type": "modal", "callback_id": callback, "private_metadata": str(metadata(ids))}
        return {"type": "view_submission", "view": {**view, "state": {"values": values}}}

    return made


def options(action: str, metadata: Callable[[Ids], Any]) -> Callable[[Ids], Json]:
    def made(ids: Ids) -> Json:
        view = {"id": "V0", "type": "modal", "private_metadata": str(metadata(ids)), "state": {"values": {}}}
        return {"type": "block_suggestion", "action_id": action, "block_id": "value", "value": "", "view": view}

    return made


def event(**said: Any) -> Callable[[Ids], Json]:
    return lambda _: {"type": "event_callback", "event": said}


def text(words: str) -> Callable[[Ids], Json]:
    return lambda _: {"value": words}


def picked(value: Callable[[Ids], Any]) -> Callable[[Ids], Json]:
    return lambda ids: {"selected_option": {"value": str(value(ids))}}


def rule_of(ids: Ids) -> str:
    return json.dumps([str(ids.rule), "30", "6420", ""])


def typed_settings() -> dict[str, Callable[[Ids], Json]]:
    who = {"correct": lambda _: {"selected_users": [SAM]}, "retry": lambda _: {"selected_users": [LEE]}}
    return {
        "name": text("Portland"),
        "channel": lambda _: {"selected_conversation": FINANCE},
        "zone": text("America/Los_Angeles"),
        "at_once": picked(lambda _: "2"),
        **who,
    }


def alert(ids: Ids) -> int:
    return ids.alert


def connection(ids: Ids) -> str:
    return ids.connection


TABLE = [
    # --- to be seen ---
    Row("alerts.Alerts.menu", SEES, press("alert.menu", lambda ids: f"details:{ids.alert}", option=True)),
    Row("alerts.Alerts.records", SEES, press("alert.records", alert)),
    Row("alerts.Alerts.page", SEES, page("alert.page.on", lambda ids: f"details:{ids.alert}:1")),
    Row("find.Finds.open", SEES, press("find.open", lambda ids: ids.posted)),
    Row("find.Finds.page", SEES, page("find.page.on", lambda _: "0", lambda ids: ids.posted), silent=True),
    Row("proof.Proofs.picked", SEES, press("proof.of.10", connection)),
    Row("proof.Proofs.see", OWNS, press("proof.see", lambda ids: ids.proof)),  # Dana's own, for nobody else
    Row("proof.Proofs.page", OWNS, page("proof.page.on", lambda _: "0", lambda ids: ids.proof)),
    Row("rules.Rules.touched", SEES, press("rules.touched", lambda ids: ids.rule)),
    Row("rules.Rules.page", SEES, page("rules.page.on", lambda ids: f"{ids.rule}:0")),
    Row("alerts.Alerts.open_step", OWNS, press("alert.open_step", alert)),
    # --- to help with an alert ---
    Row("alerts.Alerts.take", HELPS, press("alert.take", alert)),
    Row("alerts.Alerts.menu", HELPS, press("alert.menu", lambda ids: f"snooze:{ids.alert}", option=True)),
    Row("alerts.Alerts.ask", HELPS, press("alert.ask", alert)),
    Row(
        "alerts.Alerts.asked",
        HELPS,
        form("alert.asked", alert, person=lambda _: {"selected_user": SAM}),
    ),
    Row("walkthrough.drifting.register.<locals>.check", HELPS, press("drift.check", connection)),
    Row(
        "walkthrough.drifting.register.<locals>.open_step",
        OWNS,
        press("drift.open", lambda ids: f"{ids.connection}:4"),
    ),
    # --- to decide ---
    Row("alerts.Alerts.menu", CORRECTS, press("alert.menu", lambda ids: f"ignore:{ids.alert}", option=True)),
    Row("by_hand.ByHand.open", CORRECTS, press("alert.menu", lambda ids: f"hand:{ids.alert}", option=True)),
    Row("vendors.Vendors.open", CORRECTS, press("alert.menu", lambda ids: f"vendor:{ids.alert}", option=True)),
    Row("cardholders.Cardholders.open", RETRIES, press("alert.menu", lambda ids: f"people:{ids.alert}", option=True)),
    Row("corrections.Corrections.choose", CORRECTS, press("alert.choose", alert)),
    Row("corrections.Corrections.move", CORRECTS, press("alert.move", alert)),
    Row("corrections.Corrections.values", CORRECTS, options("correct.values", alert), silent=True),
    Row("rules.Rules.edit", CORRECTS, press("rules.edit", lambda ids: ids.rule)),
    Row("rules.Rules.values", CORRECTS, options("rules.values", rule_of), silent=True),
    Row("rules.Rules.accounts", CORRECTS, options("rules.accounts", rule_of), silent=True),
    Row("undo.Undo.open", CORRECTS, press("alert.reverse", alert)),
    Row("undo.Undo.keep", CORRECTS, press("alert.keep", alert)),
    Row("undo.Undo.reverse", CORRECTS, form("alert.reverse", alert, day=lambda _: {"selected_date": "2026-11-05"})),
    Row("by_hand.ByHand.take_back", CORRECTS, press("hand.take_back", lambda ids: ids.posted)),
    Row("vendors.Vendors.agree", RETRIES, press("vendor.agree", lambda ids: ids.request)),
    Row("vendors.Vendors.decline", RETRIES, press("vendor.decline", lambda ids: ids.request)),
    Row(
        "vendors.Vendors.ask",
        CORRECTS,
        form("vendor.form", lambda ids: f"{ids.alert}:create", vendor_id=text("V900"), name=text("Northwind")),
    ),
    Row(
        "by_hand.ByHand.mark",
        CORRECTS,
        form("hand.form", alert, one=picked(lambda ids: ids.open), record=text("999999"), reason=text("by hand")),
    ),
    Row("cardholders.Cardholders.ask", RETRIES, form("people.form", alert)),
    Row(
        "corrections.Corrections.moved",
        CORRECTS,
        form("alert.move", alert, day=lambda _: {"selected_date": "2026-10-01"}),
    ),
    Row(
        "rules.Rules.edited",
        CORRECTS,
        form("rules.edit", rule_of, value=picked(lambda _: "30"), account=picked(lambda _: "6420")),
    ),
    Row("rules.Rules.off", CORRECTS, press("rules.off", lambda ids: ids.rule)),
    Row(
        "alerts.Alerts.snooze",
        HELPS,
        form("alert.snooze", alert, until=lambda _: {"selected_date": "2026-11-09"}, reason=text("Waits")),
    ),
    Row("alerts.Alerts.answer", CORRECTS, press("alert.answer.negative", alert)),
    Row("alerts.Alerts.check_now", RETRIES, press("alert.check_now", alert)),
    Row("alerts.Alerts.check_and_resume", RETRIES, press("alert.check_and_resume", alert)),
    Row("alerts.Alerts.retry", RETRIES, press("alert.retry", alert)),
    Row(
        "corrections.Corrections.chosen",
        CORRECTS,
        form("alert.choose", alert, value=picked(lambda _: "30"), use_for=picked(lambda _: "these")),
    ),
    Row("alerts.Alerts.ignore", CORRECTS, form("alert.ignore", alert, reason=text("Not ours"))),
    # --- a connection ---
    Row("sync.Syncs.pressed", RETRIES, press("sync.now", connection)),
    Row("connections.Connections.settings_pressed", OWNS, press("connection.settings", connection)),
    Row("connections.Connections.disconnect_pressed", OWNS, press("connection.disconnect", connection)),
    Row("connections.Connections.vendors", OWNS, options("settings.vendors", connection), silent=True),
    Row("connections.Connections.save", OWNS, form("connection.settings", connection, **typed_settings())),
    Row("connections.Connections.pause_pressed", OWNS, press("connection.pause", connection)),
    Row("connections.Connections.resume_pressed", OWNS, press("connection.resume", connection)),
    Row("connections.Connections.end", OWNS, form("connection.end", connection)),
    # --- set-ups, and what belongs to nobody ---
    *(
        Row("walkthrough.register.<locals>.press", OWNS, press(f"walkthrough.{verb}", lambda ids: f"{ids.walk}:1"))
        for verb in {**CLICKS, **FINISH_CLICKS}
    ),
    *(
        Row(
            "walkthrough.register.<locals>.submit",
            OWNS,
            form(
                f"walkthrough.{verb}", lambda ids: f"{ids.walk}:1", company_id=text("Other"), person=text("C0GENERAL")
            ),
        )
        for verb in {**FORMS, **FINISH_FORMS}
    ),
    *(
        Row(
            "walkthrough.register.<locals>.options",
            OWNS,
            options(f"walkthrough.{verb}", lambda ids: f"{ids.walk}:1"),
            silent=True,
        )
        for verb in LISTS
    ),
    Row("home.Homes.connect", STARTS, press("home.connect", lambda _: "new")),
]
"""Ordered so that what ends something comes last."""

OPEN_TO_ALL = {
    "home.Homes.opened": "shows what this person may see",
    "Gate.message": "goes on with this person's own set-up, or says where the commands are",
    "Gate.removed": "comes from Slack itself",
    "unknown_button": "says that the button is old",
    "Intacct.run": "each word of it has a row below",
}
"""Listeners that ask for no right, each with its reason."""

WORDS: dict[str, set[str]] = {
    "setup": STARTS,
    "status": SEES,
    "sync": RETRIES,
    "errors": SEES,
    "find": SEES,
    "proof": SEES,
    "rules": SEES,
    "pause": OWNS,
    "resume": OWNS,
    "settings": OWNS,
    "disconnect": OWNS,
}
"""The words behind `/intacct`."""


class World:
    """One office with something of everything, and requests that are sent to it."""

    def __init__(self, at: Office, ids: Ids, folder: Path) -> None:
        self.at, self.ids, self.folder = at, ids, folder

    async def send(self, user: str, body: Json, *, team: str = "T0HARBOR") -> Json:
        """Hands a request to Bolt, waits for all that its listener does. Returns the acknowledgement's body."""
        common = {"user": {"id": user}, "team": {"id": team}, "enterprise": None, "api_app_id": "A0SPEND"}
        if body["type"] == "event_callback":
            common |= {"team_id": team, "event_id": "Ev0"}
            body = {**body, "event": {"user": user, **body["event"]}}
        if body["type"] == "command":
            common = {"user_id": user, "team_id": team, "channel_id": FINANCE, "command": "/intacct"}
        trigger = self.at.slack.core.passes.trigger(user).id
        before = asyncio.all_tasks()
        sent = AsyncBoltRequest(body={**common, **body, "trigger_id": trigger}, mode="socket_mode")
        answer = await self.at.bot.app.async_dispatch(sent)
        late = [task for task in asyncio.all_tasks() - before if "run_ack_function" in str(task.get_coro())]
        await asyncio.gather(*late, return_exceptions=True)
        assert answer.status == 200, (body, answer.status, answer.body)
        found: Json = json.loads(answer.body) if answer.body else {}
        return found

    def standing(self, user: str) -> Json:
        """All that somebody without a right must not change, open or bring about."""
        posts = {
            place: [post["text"] for post in self.at.slack.messages(place, DANA)]
            for place in self.at.slack.core.workspace.channels
            if place != user.replace("U0", "D0")
        }
        return {"rows": dict(self._rows()), "posts": posts, "view": self.at.slack.view_of(user)}

    def _rows(self) -> Iterator[tuple[str, Any]]:
        ours = sqlite3.connect(f"file:{self.folder / 'bot.db'}?mode=ro", uri=True)
        tables = [name for (name,) in ours.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in sorted({*tables} - {"replicas"}):  # a heartbeat is nobody's doing
            yield name, ours.execute(f"SELECT * FROM {name}").fetchall()  # names from the schema itself
        ours.close()
        engine = sqlite3.connect(f"file:{self.folder / 'engine.db'}?mode=ro", uri=True)
        yield "jobs", sorted(engine.execute("SELECT workflow_uuid FROM workflow_status").fetchall())
        engine.close()

    def told(self, user: str) -> list[str]:
        return [post["text"] for post in self.at.slack.messages(user.replace("U0", "D0"), user)]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with office(tmp_path) as at:
        people = at.slack.core.workspace
        for user, role in ((GUEST, "guest"), (EXTERNAL, "external"), (MEMBER, "member")):
            people.join(Person(user, f"{role} one".title(), f"{role}@example.com", "", "#777777", role), FINANCE)
        lists = {"correct": [SAM], "retry": [LEE]}
        portland = await at.far.connect("100", schedule="", options=lists)
        await at.far.sync(portland)
        await at.bot.engine.enqueue("refresh", "first", company=portland.company, connection_id=portland.id)
        await at.room.reads(TRAVEL)
        await quiet(tmp_path)
        for one in at.bot.app._async_listeners:
            one.ack_timeout = int(PATIENCE)  # Slack's three seconds are not what is tested, and others use this machine
        yield World(at, await something_of_everything(at, portland), tmp_path)


async def quiet(folder: Path) -> None:
    """Waits until every promised job has ended."""
    engine = sqlite3.connect(f"file:{folder / 'engine.db'}?mode=ro", uri=True)
    at_work = "SELECT count(*) FROM workflow_status WHERE status NOT IN ('SUCCESS', 'ERROR', 'CANCELLED')"
    async with asyncio.timeout(PATIENCE):
        while engine.execute(at_work).fetchone()[0]:  # noqa: ASYNC110  # another thread's database tells nobody
            await asyncio.sleep(0.05)
    engine.close()


async def something_of_everything(at: Office, portland: Connection) -> Ids:
    store, now, workspace = at.far.parts.store, at.clock(), portland.workspace_id
    found = await alerts.list_open(store, connection=portland.id)
    travel = next(one for one in found if one.category == "dimension.required")
    posted, open_ = [
        (await postings.list_postings(store, portland.id, states=[state], limit=1))[0].id
        for state in (PostingState.POSTED, PostingState.FAILED)
    ]
    rule = await rules.add(
        store,
        workspace=workspace,
        connection=portland.id,
        dimension="department",
        value="30",
        account="6420",
        made_by="Sam Castellano",
        now=now,
    )
    request = await vendors.ask(
        store, workspace, SAM, Wanted(travel.id, portland.id, "V900", "Northwind", "V900", "Sam Castellano"), now
    )
    walk = await walkthroughs.begin(store, workspace, DANA, now)
    span = {"first": "2026-10-01", "last": "2026-10-31", "matched": 0, "differences": (), "spend": "0", "intacct": "0"}
    of = {"workspace": workspace, "connection": portland.id, "actor": DANA}
    proof = await proofs.keep(store, "dana's", content=span, now=now, **of)
    return Ids(portland.id, travel.id, posted, open_, rule.id, request.id, walk.id, proof.id, travel.ts)


def differing(before: Json, after: Json) -> list[Any]:
    """What somebody brought about: the tables, channels and views that are not as they were."""
    parts = [(name, before[name], after[name]) for name in ("rows", "posts")]
    found: list[Any] = [
        (name, key, was[key], now[key]) for name, was, now in parts for key in was if was[key] != now[key]
    ]
    return found + ([("view", after["view"])] if after["view"] != before["view"] else [])


def listeners(at: Office) -> list[str]:
    """The names of all functions that Bolt would call, from Bolt's own list."""
    found = []
    for one in at.bot.app._async_listeners:  # there is no public list
        function = one.ack_function
        found.append(f"{function.__module__}.{function.__qualname__}".removeprefix("handlers."))
    return found


async def test_every_listener_that_bolt_knows_stands_in_the_table(world: World) -> None:
    known = {row.listener for row in TABLE} | set(OPEN_TO_ALL)
    there = listeners(world.at)
    assert set(there) - known == set(), "these listeners ask for no right that this test knows of"
    assert known - set(there) == set(), "these rows are about listeners that are gone"
    functions: list[Any] = [one.ack_function for one in world.at.bot.app._async_listeners]
    command = next(one for one in functions if one.__qualname__ == "Intacct.run")
    assert set(command.__self__.table) == set(WORDS), "each word behind the command has a row"


async def test_nobody_without_the_right_brings_anything_about(world: World) -> None:
    for row in TABLE:
        body = row.request(world.ids)
        for user, team in row.refused():
            before, heard = world.standing(user), len(world.told(user))
            answer = await world.send(user, body, team=team)
            who = f"{user} of {team} at {row.listener}: {body.get('actions') or body.get('view')}"
            assert differing(before, world.standing(user)) == [], who
            if body["type"] == "block_suggestion":
                assert answer in ({}, {"options": []}), who
                continue
            if team == ELSEWHERE and "view" not in answer:
                continue  # the simulated Slack takes no message for a workspace that it does not have
            said = world.told(user)[heard:] + ([json.dumps(answer["view"])] if "view" in answer else [])
            assert row.silent or any(words in one for words in REFUSED for one in said), (who, said, answer)
            assert not any("give this number" in one for one in said), (who, said)


async def test_whoever_has_the_right_is_not_refused(world: World) -> None:
    for row in TABLE:
        for user in sorted(row.may, reverse=True):
            if row.listener == "connections.Connections.end":
                continue
            world.at.slack.core.views.clear(user)
            heard = len(world.told(user))
            body = row.request(world.ids)
            answer = await world.send(user, body)
            who = f"{user} at {row.listener}: {body.get('actions') or body.get('view')}"
            said = [*world.told(user)[heard:], json.dumps(answer, ensure_ascii=False)]
            assert not any(words in one for words in REFUSED for one in said), (who, said)
            assert row.listener.startswith(OUT_OF_TURN) or not any("give this number" in one for one in said), (
                who,
                said,
            )
            if body["type"] == "block_suggestion" and "walkthrough" not in row.listener:
                assert answer["options"], who


async def test_the_words_behind_the_command_show_and_do_nothing_for_whom_it_is_not(world: World) -> None:
    merchant = "Blue Mesa Air"
    for word, may in WORDS.items():
        for user in sorted(EVERYONE - may):
            before, heard = world.standing(user), len(world.told(user))
            await world.send(user, {"type": "command", "text": f"{word} {merchant if word == 'find' else ''}"})
            said = world.told(user)[heard:]
            assert differing(before, world.standing(user)) == [], (user, word)
            assert said, (user, word)
            assert not any(foreign in one for foreign in (merchant, "$8,214.60", TRAVEL) for one in said), (word, said)


async def test_a_form_is_held_to_what_it_was_opened_for(world: World) -> None:
    """A person is a person and no channel; a transaction is one of the alert that was checked."""
    store, asked = world.at.far.parts.store, form("alert.asked", alert, person=lambda _: {"selected_user": FINANCE})
    before = world.standing(LEE)
    answer = await world.send(LEE, asked(world.ids))
    assert answer["errors"] == {"person": "Pick a person."}
    for nobody in ("U0NOBODY", EXTERNAL):
        body = asked(world.ids)
        body["view"]["state"]["values"]["person"]["picked"]["selected_user"] = nobody
        assert list((await world.send(LEE, body))["errors"]) == ["person"]

    rows = await postings.list_postings(store, world.ids.connection, states=[PostingState.FAILED], limit=500)
    strange = next(row.id for row in rows if row.category != "dimension.required")
    by_hand = form("hand.form", alert, one=picked(lambda _: strange), record=text("999999"), reason=text("by hand"))
    answer = await world.send(SAM, by_hand(world.ids))
    assert "not among those of this alert" in json.dumps(answer["view"])
    coded = form(
        "alert.choose",
        alert,
        value=picked(lambda _: "30"),
        use_for=picked(lambda _: "one"),
        one=picked(lambda _: strange),
    )
    answer = await world.send(SAM, coded(world.ids))
    assert "not among those of this alert" in json.dumps(answer["view"])
    assert differing(before, world.standing(LEE)) == []


async def test_forty_impatient_presses_cost_the_far_ends_one_look_and_one_search(world: World) -> None:
    def looks() -> int:
        engine = sqlite3.connect(f"file:{world.folder / 'engine.db'}?mode=ro", uri=True)
        (found,) = engine.execute(
            "SELECT count(*) FROM workflow_status WHERE workflow_uuid LIKE 'look_around:%'"
        ).fetchone()
        engine.close()
        return int(found)

    values = options("correct.values", alert)(world.ids)
    first = await world.send(SAM, values)
    await world.at.far.intacct.control("fault", {"kind": "late", "seconds": 60, "count": 500})
    assert [await world.send(SAM, values) for _ in range(40)] == [first] * 40, "answered from the last search"
    for _ in range(40):
        await world.send(LEE, press("drift.check", connection)(world.ids))
    assert looks() <= 2, "one that Intacct has not answered yet, and one that waits for it to end"


async def test_without_an_owner_only_the_people_on_its_lists_have_rights_until_one_is_named(world: World) -> None:
    """Whoever is refused for that reads the command that names an owner; the lists count all the while."""
    store = world.at.far.parts.store
    await connections.change_connection(store, world.ids.connection, owner="", options={"correct": [SAM]})
    take, retry = press("alert.take", alert)(world.ids), press("alert.retry", alert)(world.ids)
    ignore = press("alert.menu", lambda ids: f"ignore:{ids.alert}", option=True)(world.ids)
    details = press("alert.menu", lambda ids: f"details:{ids.alert}", option=True)(world.ids)
    settings = press("connection.settings", connection)(world.ids)
    for user, body in [(DANA, settings), (SAM, settings), (SAM, retry), (LEE, retry), (LEE, take), (LEE, details)]:
        before, heard = world.standing(user), len(world.told(user))
        await world.send(user, body)
        (said,) = world.told(user)[heard:]
        assert f"python -m bot connections owner {world.ids.connection} USER" in said
        assert user in said
        assert differing(before, world.standing(user)) == []
    await world.send(SAM, ignore)
    assert (world.at.slack.view_of(SAM) or {})["title"]["text"] == "Ignore"

    await connections.change_connection(store, world.ids.connection, owner=DANA)
    for user, refused in ((GUEST, True), (EXTERNAL, True), (OUTSIDER, True), (LEE, False), (MEMBER, False)):
        before = world.standing(user)["rows"]["alerts"]
        await world.send(user, take)  # an empty list: the members of the channel who are no guests
        assert (world.standing(user)["rows"]["alerts"] == before) is refused, user


async def test_whatever_is_submitted_after_a_colleague_solved_the_alert_says_who_did_what(world: World) -> None:
    """Also before the alert's own message says so: its rows are gone from the moment of the colleague's deed."""
    ignored = form("alert.ignore", alert, reason=text("Paid by R&D <twice>"))(world.ids)
    await world.send(SAM, ignored)
    features = ("alerts.", "by_hand.", "cardholders.", "corrections.", "undo.", "vendors.")
    forms = [
        row
        for row in TABLE
        if row.listener.startswith(features) and row.request(world.ids)["type"] != "block_suggestion"
    ]
    asked = [row for row in forms if row.listener.rpartition(".")[2] not in ("records", "page", "open_step")]
    tried = 0
    for row in asked:
        body = row.request(world.ids)
        if "details:" in json.dumps(body) or row.listener in ("by_hand.ByHand.take_back", *AGREEING):
            continue
        heard = len(world.told(DANA))
        answer = await world.send(DANA, body)
        said = answer["view"]["blocks"][0]["text"]["text"] if "view" in answer else world.told(DANA)[heard]
        assert said.startswith("Sam Castellano solved this "), (row.listener, said)
        assert said.endswith(": 37 transactions left out · Paid by R&amp;D &lt;twice&gt;."), (row.listener, said)
        tried += 1
    assert tried >= len(TOO_LATE)
    await world.send(SAM, ignored)
    assert world.told(SAM) == []  # his own form said it: You solved this


AGREEING = ("vendors.Vendors.agree", "vendors.Vendors.decline")
TOO_LATE = ("ignore", "snooze", "asked", "chosen", "moved", "mark", "ask", "reverse", "vendor")
"""The forms of alerts; the buttons and menus come on top."""


def test_no_secret_is_typed_by_the_walk() -> None:
    """The forms above are filled with what they refuse; a password among it would be tried at a far end."""
    assert not {"company_id", "person"} & SECRET_BLOCKS
