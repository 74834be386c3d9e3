"""The set-up in Slack, over Socket Mode, with Intacct and Spend Center on real wires and the real engine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import Parts, jobs, make_desk
from bot.engine import Engine, Work
from bot.models import ConnectionState
from bot.sandbox.seed_cards import SPEND_TOKEN
from bot.sandbox.seed_company import SENDER_ID, SENDER_PASSWORD
from bot.settings import Settings
from bot.store import connections
from bot.walkthrough.conversation import Conversation
from handlers import walkthrough
from handlers.services import Services
from handlers.walkthrough import cards, writing
from handlers.walkthrough.cards import Note
from handlers.walkthrough.finishing import look_at_channel
from tests.slack_talk import Talk, workspace
from tests.walkthrough_bench import DANA, LEE, NEEDED, SAM, Harbor, harbor


@dataclass
class Town:
    """The town's offices: Slack with its people, and the far ends with their screens."""

    talk: Talk
    far: Harbor
    services: Services
    engine: Engine

    async def setup(self) -> None:
        client: AsyncWebClient = self.talk.app.client
        await walkthrough.start(self.services, client, self.far.workspace, self.talk.user)

    async def says(self, text: str) -> None:
        """What somebody types, and what the app makes of it."""
        await self.talk.says(text)
        await walkthrough.on_message(self.services, self.talk.app.client, self.far.workspace, self.talk.user, text)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        talk = await stack.enter_async_context(workspace())
        far = await stack.enter_async_context(harbor(tmp_path))
        settings = Settings(
            _env_file=None,
            data_dir=tmp_path,
            intacct_url=far.intacct.url,
            intacct_sender_id=SENDER_ID,
            intacct_sender_password=SecretStr(SENDER_PASSWORD),
            spend_center_url=far.spend.url,
        )
        parts = Parts(settings, far.store, far.clock)
        stack.push_async_callback(parts.reach.aclose)
        conversation = Conversation(
            far.store,
            intacct_for=far.talk.keeper.intacct_for,
            source_for=far.talk.keeper.source_for,
            sender_id=SENDER_ID,
            clock=far.clock,
            watch_every=0.1,
        )
        made: dict[str, Work] = jobs(parts.runner)
        engine = Engine(settings, far.store, made, far.clock)
        services = Services(far.store, engine, make_desk(parts, engine), conversation, far.clock, settings)
        engine._jobs["watch_step"] = Work(walkthrough.watch_step(services, talk.app.client))
        engine._jobs["write_books"] = Work(walkthrough.write_books(services, talk.app.client))
        engine._jobs |= {"refresh": Work(nothing), "homes": Work(nothing)}
        walkthrough.register(talk.app, services)
        await engine.start()
        stack.push_async_callback(engine.stop)
        yield Town(talk, far, services, engine)


async def nothing(turn: int, **ids: Any) -> bool:
    """What people see of a connection is rebuilt by others."""
    return False


async def test_from_the_first_click_to_a_first_sync(town: Town) -> None:
    talk, far = town.talk, town.far
    await town.setup()
    await talk.sees("Where does this card spend belong?")
    await talk.clicks("One entity")
    await talk.submits("Intacct company", company_id="HarborPine")
    await talk.sees("2 of 9 · Let this app in")
    await talk.sees(SENDER_ID)
    await far.does("authorize_sender", sender_id=SENDER_ID)
    await talk.clicks("Done, check")
    await talk.sees("3 of 9 · Web Services user")
    password = await far.adds_the_user()
    await far.gives_the_role()
    await talk.clicks("Enter the password")
    await talk.submits("Enter the password", password=password)
    await talk.sees("Step 2 first: `HarborPine` does not accept `harborpine-bot` yet")
    await talk.closes()
    await far.does("save_company")
    await talk.sees("5 of 9 · Entity")  # nobody pressed anything: the step ticked itself

    await talk.clicks("Pick the entity")
    await talk.submits("Entity", entity="100")
    await talk.sees("7 of 9 · Liability account")
    await talk.clicks("Create it for me")
    form = await talk.form("Liability account")
    assert form["blocks"][0]["element"]["initial_value"] == "2150"
    assert "Disallow direct posting: *unticked*" in talk.screen()
    answer = await talk.submits("Liability account", number="21", category="Accrued expenses")
    assert "Account numbers have 4 characters" in answer["errors"]["number"]
    await talk.submits("Liability account", number="2150", category="Accrued expenses")
    await talk.sees("8 of 9 · Card")
    assert talk.view() is None
    await talk.sees("First switch to entity 100 Portland.")

    await far.adds_the_card()
    await talk.sees("9 of 9 · Spend Center, choices, preview")
    await talk.clicks("Connect Spend Center")
    await talk.submits("Connect Spend Center", token=SPEND_TOKEN)
    await talk.sees("118 of 121 values found in Intacct.")
    await talk.submits("Fields")
    await talk.submits("Choices", channel="C0FINANCE")
    await talk.sees("*Ready.* 9 of 9 checked. *Preview:* 80 would post ($29,942.82), 44 would not:")
    assert talk.view() is None

    await talk.clicks("Post the 80 now")
    await talk.sees("Failures go to <#C0FINANCE>.")
    assert talk.buttons() == ["Connect another entity"]
    connection = (await connections.list_connections(far.store))[0]
    assert connection.state == ConnectionState.ACTIVE
    assert password not in talk.screen()
    assert SPEND_TOKEN not in talk.screen()

    await talk.clicks("Connect another entity")
    await talk.sees("*Now* · *5 Entity*")
    await talk.clicks("Pick the entity")
    await talk.submits("Entity", entity="200")
    await talk.sees("*Now* · *7 Liability account*")
    await the_second_connection_asks_nothing_twice(town)


async def the_second_connection_asks_nothing_twice(town: Town) -> None:
    """Three steps: the account, a card with an ID of its own, and what differs from the first one's choices."""
    talk, far = town.talk, town.far
    await talk.clicks("Create it for me")
    await talk.submits("Liability account")
    await talk.sees("8 of 9 · Card")
    card = next(m for m in reversed(far_messages(town)) if "8 of 9" in m)
    assert "Spend Center CC 200" in card
    assert "Spend Center CC Object" not in card
    await far.adds_the_card("200", CARDID="Spend Center CC 200", LOCATION="200", LIABACCTKEY="2160")
    await talk.sees("Use Harbor & Pine Cards again")
    await talk.clicks("Use Harbor & Pine Cards again")
    form = await talk.form("Choices")
    assert (
        "As for 100 Portland: account from GL Account, department from Department" in form["blocks"][0]["text"]["text"]
    )
    filled = {block["block_id"]: block["element"] for block in form["blocks"] if "element" in block}
    assert filled["channel"]["initial_conversation"] == "C0FINANCE"
    assert filled["start"]["initial_date"] == "2026-10-01"
    assert [one["text"]["text"] for one in filled["selector"]["initial_options"]] == ["Budget Denver"]
    await talk.submits("Choices")
    await talk.sees("*Preview:* 71 would post")
    await talk.sees("Whether a period is closed shows only when a transaction posts")


def far_messages(town: Town) -> list[str]:
    return [json.dumps(one, ensure_ascii=False) for one in town.talk.slack.messages(town.talk.dm, town.talk.user)]


# --- refusals and recoveries ------------------------------------------------------------------------------------------


async def test_a_refusal_keeps_everything_typed_except_the_password(town: Town) -> None:
    talk, far = town.talk, town.far
    await far.lets_the_app_in()
    password = await far.adds_the_user(user_id="Cards")
    await far.does("create_role", name="Billcom Role")
    await far.does("assign_role", user_id="Cards", role="Billcom Role")
    await opens(town)
    await talk.clicks("Done, check")
    await talk.clicks("Enter the password")
    await talk.submits("Enter the password", user_id="Cards", password="not-the-password")
    await talk.sees("Intacct refused the sign-in and does not say which part is wrong.")

    form = await talk.form("Enter the password")

    typed = {block["block_id"]: block["element"].get("initial_value") for block in form["blocks"] if "element" in block}
    assert typed == {"user_id": "Cards", "password": None}
    assert "not-the-password" not in talk.screen()
    await talk.submits("Enter the password", password=password)
    await talk.sees("Signed in to `HarborPine` as `")
    await talk.sees("5 of 9 · Entity")


async def test_a_console_id_is_an_error_on_its_field(town: Town) -> None:
    await town.setup()
    await town.talk.clicks("One entity")
    answer = await town.talk.submits("Intacct company", company_id="console|HarborPine")
    assert "That looks like a Console ID" in answer["errors"]["company_id"]

    await town.talk.submits("Intacct company", company_id="HarborPine")

    await town.talk.sees("2 of 9 · Let this app in")


async def test_intacct_being_away_is_told_in_words_and_checking_again_works(town: Town) -> None:
    talk, far = town.talk, town.far
    walk = await far.comes_to_the_account()
    await town.setup()
    await talk.sees("7 of 9 · Liability account")
    await far.intacct.stop()
    await far.talk.go_to(walk.id, DANA, 2)
    await town.setup()
    await talk.clicks("Done, check")
    await talk.sees("Intacct did not answer. Nothing was changed.")

    await far.intacct.start()
    await talk.clicks("Done, check")

    await talk.sees("*7 of 9 · Liability account*")


async def test_a_deleted_card_is_posted_anew_and_a_resumed_one_stands_at_the_end(town: Town) -> None:
    talk = town.talk
    await opens(town)
    before = [post["ts"] for post in talk.slack.messages(talk.dm, DANA)]
    await town.says("continue")
    await talk.sees("This set-up goes on below.")

    posts = talk.slack.messages(talk.dm, DANA)

    assert [post["ts"] for post in posts][: len(before)] == before
    assert [post["text"][:6] for post in posts if post["ts"] not in before and post["user"] == "U0BOT"] == [
        "Set-up",
        "Step 2",
    ]


async def test_a_card_left_saying_that_it_checks_is_put_right_after_a_restart(town: Town) -> None:
    talk, client = town.talk, town.talk.app.client
    await opens(town)
    walk = (await town.services.walkthrough.open(town.far.workspace, DANA)).id
    await cards.show(town.services, client, walk, Note(DANA, busy="Checking…"))
    assert "Checking…" in talk.screen()
    assert talk.buttons() == []

    await walkthrough.resume(town.services, client, town.far.workspace)

    assert "Checking…" not in talk.screen()
    await talk.clicks("Done, check")
    await talk.sees("3 of 9 · Web Services user")


# --- other people -----------------------------------------------------------------------------------------------------


async def test_someone_asked_sees_only_that_step_and_both_see_the_tick(town: Town) -> None:
    talk, far = town.talk, town.far
    await opens(town)
    await talk.clicks("Someone else does this")
    await talk.submits("Ask someone else", person=SAM)
    await talk.sees("asked <@U0SAM>")
    await talk.sees("3 of 9 · Web Services user")

    talk.as_(SAM)
    await talk.sees("2 of 9 · Let this app in")
    assert talk.buttons() == ["Done, check"]
    assert "1 Open" not in talk.screen()
    await far.lets_the_app_in()
    await talk.clicks("Done, check")
    await talk.sees("Noted. I check it as soon as I can sign in.")

    talk.as_(DANA)
    password = await far.adds_the_user()
    await far.gives_the_role()
    await talk.clicks("Enter the password")
    await talk.submits("Enter the password", password=password)
    await talk.sees("*Done* · 2 Let this app in")
    talk.as_(SAM)
    await talk.sees("*Done* · 2 Let this app in")
    assert talk.buttons() == []


async def test_only_the_password_is_asked_of_whoever_got_the_mail(town: Town) -> None:
    talk, far = town.talk, town.far
    await far.lets_the_app_in()
    password = await far.adds_the_user()
    await far.gives_the_role()
    await opens(town)
    await talk.clicks("Done, check")
    await talk.clicks("The e-mail went to someone else")
    await talk.submits("Ask someone else", person=LEE)

    talk.as_(LEE)
    await talk.sees("6 of 9 · Credentials")
    await talk.clicks("Enter the password")
    await talk.submits("Enter the password", password=password)
    await talk.sees("Signed in to `HarborPine` as `")

    talk.as_(DANA)
    await talk.sees("5 of 9 · Entity")
    assert password not in talk.screen()


async def test_somebody_elses_click_is_refused_in_words(town: Town) -> None:
    await opens(town)
    walk = (await town.services.walkthrough.current(town.far.workspace, DANA) or pytest.fail("nothing is open"))[0]
    client = town.talk.app.client

    await walkthrough.start(town.services, client, town.far.workspace, LEE)
    with pytest.raises(walkthrough.Refused, match="Only the person who runs this set-up"):
        await town.services.walkthrough.check(walk.id, LEE, 2)


# --- free text --------------------------------------------------------------------------------------------------------


async def test_a_password_typed_into_the_chat_is_answered_with_what_to_do(town: Town) -> None:
    talk, far = town.talk, town.far
    await far.lets_the_app_in()
    password = await far.adds_the_user()
    await far.gives_the_role()
    await opens(town)
    await town.says("my password is Tr0ub4dor&3")

    await talk.sees("That may be a password. Delete your message, reset it in Intacct")

    bot = [post for post in talk.slack.messages(talk.dm, DANA) if post["user"] == "U0BOT"]
    assert not any("Tr0ub4dor" in str(post) for post in bot)
    await talk.clicks("Enter the password")
    await talk.submits("Enter the password", password=password)
    await talk.sees("5 of 9 · Entity")


async def test_an_entity_is_picked_by_its_id_or_its_name(town: Town) -> None:
    walk = await town.far.comes_to_the_account()
    await town.far.talk.go_to(walk.id, DANA, 5)
    await town.setup()
    await town.says("denver")
    await town.talk.sees("*Done* · 5 Entity · 200 Denver, USD")

    await town.far.talk.go_to(walk.id, DANA, 5)
    await town.says("100")

    await town.talk.sees("*Done* · 5 Entity · 100 Portland, USD")


async def test_done_back_and_help_are_understood(town: Town) -> None:
    await opens(town)
    await town.says("Done!")
    await town.talk.sees("3 of 9 · Web Services user")
    await town.says("back")
    await town.talk.sees("*2 of 9 · Let this app in*")

    await town.says("what does this mean?")

    await town.talk.sees("We are at step 2, *Let this app in*.")


async def test_text_from_somebody_without_a_set_up_is_left_to_others(town: Town) -> None:
    client = town.talk.app.client

    assert not await walkthrough.on_message(town.services, client, town.far.workspace, LEE, "hello")
    assert await walkthrough.on_message(town.services, client, town.far.workspace, LEE, "password: Tr0ub4dor&3")


# --- the channel ------------------------------------------------------------------------------------------------------


async def test_doubtful_values_are_asked_beside_the_fields_and_those_of_another_field_after_them(town: Town) -> None:
    talk = town.talk
    await to_the_fields(town)
    form = await talk.form("Fields")
    doubtful = next(block["block_id"] for block in form["blocks"] if "6240" in block.get("label", {}).get("text", ""))
    menu = next(block["element"] for block in form["blocks"] if block["block_id"] == "field:class")
    department = next(one["value"] for one in menu["options"] if one["text"]["text"] == "Department")

    await talk.submits("Fields", **{doubtful.replace(":", "_"): "6210", "field_class": department})
    asked = await talk.form("Doubtful values")
    assert {block["label"]["text"].split(":")[0] for block in asked["blocks"] if "label" in block} == {"Class"}
    await talk.submits("Doubtful values")
    await talk.form("Choices")

    walk = await town.services.walkthrough.open(town.far.workspace, DANA)
    assert walk.answers["mapping"]["gl_account"]["values"][doubtful.split(":")[2]] == "6210"
    assert walk.answers["fields"]["gl_account"]["found"] == 61


async def test_all_doubtful_values_are_asked_page_by_page_and_an_answer_is_kept_on_each(town: Town) -> None:
    talk = town.talk
    account = next(one for one in town.far.spend.books.lists["custom_fields"] if one["name"] == "GL Account")
    extra = [{**account["values"][0], "uuid": f"tvl_extra_{n:02}", "value": f"Ask about {n:02}"} for n in range(43)]
    account["values"] += extra
    await to_the_fields(town)
    seen: list[str] = []
    for title in ("Fields", "Doubtful values", "Doubtful values"):
        form = await talk.form(title)
        page = [one["block_id"] for one in form["blocks"] if one["block_id"].startswith("value:")]
        assert not set(page) & set(seen)
        seen += page
        assert len(page) <= 20
        await talk.submits(title, **{page[-1].replace(":", "_"): "6210"})
    await talk.form("Choices")

    assert len(seen) == 43 + 3
    walk = await town.services.walkthrough.open(town.far.workspace, DANA)
    placed = {key: one for value in walk.answers["mapping"].values() for key, one in value["values"].items()}
    assert sum(placed.get(block.split(":")[2]) == "6210" for block in seen) == 3


async def test_what_was_picked_in_a_form_is_there_again_after_a_refusal(town: Town) -> None:
    talk = town.talk
    await to_the_fields(town)
    form = await talk.form("Fields")
    asked = next(block for block in form["blocks"] if "6240" in block.get("label", {}).get("text", ""))
    doubtful, picked = asked["block_id"], (await talk.offered(form, asked))["6210"]
    menu = next(block["element"] for block in form["blocks"] if block["block_id"] == "field:class")
    department = next(one for one in menu["options"] if one["text"]["text"] == "Department")
    town.services.walkthrough.spending._kept.clear()  # what a restart leaves of what was read
    await town.far.intacct.stop()
    entered = {
        doubtful: {"walkthrough.pick_value": {"type": "external_select", "selected_option": picked}},
        "field:class": {"picked": {"type": "static_select", "selected_option": department}},
    }
    await talk.do("submit", view_id=form["id"], values=entered)
    await talk.sees("Intacct did not answer. Nothing was changed.")
    await town.far.intacct.start()

    again = {block["block_id"]: block.get("element", {}) for block in (await talk.form("Fields"))["blocks"]}
    assert again[doubtful]["initial_option"]["value"] == "6210"
    assert again["field:class"]["initial_option"] == department
    await talk.submits("Fields")
    await talk.form("Doubtful values")

    walk = await town.services.walkthrough.open(town.far.workspace, DANA)
    assert walk.answers["mapping"]["gl_account"]["values"][doubtful.split(":")[2]] == "6210"


async def test_shared_channels_are_refused_public_ones_ask_and_an_invitation_is_waited_for(town: Town) -> None:
    talk = town.talk
    await to_the_choices(town)
    with pytest.raises(walkthrough.Refused, match="shared with another company"):
        await look_at_channel(talk.app.client, "C0SHARED")
    await talk.submits("Choices", channel="C0GENERAL")
    await talk.sees("Everyone in the company can read merchants, names and amounts here.")
    await talk.submits("Choices", channel="C0GENERAL", public=["yes"])
    await talk.sees("Type `/invite @spend-intacct` in #general, then press *Check again*.")
    assert "Post the" not in talk.screen()

    await talk.do("command", text="/invite @spend-intacct", channel="C0GENERAL")
    await talk.clicks("Check again")

    await talk.sees("*Ready.* 9 of 9 checked.")


async def test_a_green_step_that_turned_wrong_is_not_summarised_as_green(town: Town) -> None:
    talk, far = town.talk, town.far
    await to_the_choices(town)
    await far.does("save_record", object="GLACCOUNT", record={"ACCOUNTNO": "2150", "REQUIREDEPT": "true"})
    await talk.submits("Choices", channel="C0FINANCE")
    await talk.sees("*7 of 9 · Liability account*")
    await talk.sees("*Problem:* Department is required, it should not be.")
    assert "*Ready.*" not in talk.screen()
    await far.does("save_record", object="GLACCOUNT", record={"ACCOUNTNO": "2150", "REQUIREDEPT": "false"})
    await talk.sees("9 of 9 · Spend Center, choices, preview")  # it ticked itself

    less = {policy: rights for policy, rights in NEEDED.items() if policy != "Departments"}
    await far.does("set_role", name="Billcom Role", policies=less)
    await talk.clicks("Preview")
    await talk.sees("*4 of 9 · Permissions*")
    await talk.sees("*Problem:* Departments: List, View *missing* in `Billcom Role`")
    await far.does("set_role", name="Billcom Role", policies=NEEDED)
    await talk.sees("9 of 9 · Spend Center, choices, preview")
    await talk.clicks("Preview")

    await talk.sees("*Ready.* 9 of 9 checked.")


async def test_a_summary_that_has_grown_old_is_proved_again_before_the_first_sync(town: Town) -> None:
    talk, far = town.talk, town.far
    await to_the_choices(town)
    await talk.submits("Choices", channel="C0FINANCE")
    await talk.sees("*Ready.* 9 of 9 checked.")
    await far.does("reset_password", user_id="Spendcenter")
    far.clock.pass_by(3600)
    await talk.clicks("Post the 80 now")
    await talk.sees("*3 of 9 · Web Services user*")
    await talk.sees("*Problem:* Intacct refused the sign-in and does not say which part is wrong.")
    assert far.intacct.state(limit=10)["ledger"]["transactions"] == []
    assert (await connections.list_connections(far.store))[0].state == ConnectionState.DRAFT

    await talk.clicks("Enter the password")
    await talk.submits("Enter the password", password=far.mailed_password())
    await talk.sees("9 of 9 · Spend Center, choices, preview")
    await talk.clicks("Post the 80 now")

    await talk.sees("Failures go to <#C0FINANCE>.")


async def test_who_may_do_what_and_waiting_for_approval_are_chosen_with_the_rest(town: Town) -> None:
    talk = town.talk
    await to_the_choices(town)
    picked = {"correct": [DANA], "retry": [DANA, LEE], "wait": ["yes"], "receipts": "75,50"}
    await talk.submits("Choices", channel="C0GENERAL", **picked)
    await talk.sees("Everyone in the company can read merchants, names and amounts here.")
    form = await talk.form("Choices")
    kept = {block["block_id"]: block["element"] for block in form["blocks"] if "element" in block}
    assert kept["retry"]["initial_users"] == [DANA, LEE]
    assert kept["wait"]["initial_options"][0]["value"] == "yes"

    await talk.submits("Choices", channel="C0FINANCE", **picked)
    await talk.sees("You named who may correct and retry; setting up stays with you.")
    await talk.sees("Transactions of Budget Portland")
    await talk.sees("Posted once cleared and approved by its reviewer")
    await talk.sees("Above 75.50 held until a receipt is there")
    await talk.sees("Failures go to #finance-cards")

    options = (await connections.list_connections(town.far.store))[0].options
    chosen = {"correct": [DANA], "retry": [DANA, LEE], "wait_for_approval": True, "receipts_above": "75.50"}
    assert {name: (options or {})[name] for name in chosen} == chosen


async def test_a_wrong_account_is_mended_from_its_card_and_the_old_and_new_values_are_shown(town: Town) -> None:
    talk, far = town.talk, town.far
    await far.comes_to_the_account()
    wrong = {"ACCOUNTNO": "2150", "TITLE": "Spend Center GL Account", "REQUIREDEPT": "true", "NORMALBALANCE": "credit"}
    await far.does("create_record", object="GLACCOUNT", record={**wrong, "ACCOUNTTYPE": "balancesheet"})
    await town.setup()
    await talk.clicks("Use an existing one")
    await talk.submits("Liability account", account="2150")
    await talk.sees("*Problem:* Department is required, it should not be.")
    await talk.sees("Required dimensions &gt; Department &gt; untick")

    await talk.clicks("Change it for me")

    await talk.sees("2150 Spend Center GL Account · balance sheet, credit")
    assert (far.intacct.gateway.company.find("GLACCOUNT", "2150") or {})["REQUIREDEPT"] == "false"


async def test_the_number_typed_for_an_account_that_was_refused_is_there_again(town: Town) -> None:
    talk, far = town.talk, town.far
    await far.comes_to_the_account()
    await far.does("set_role", name="Billcom Role", policies={**NEEDED, "Accounts": ["List", "View"]})
    await town.setup()
    await talk.clicks("Create it for me")
    await talk.form("Liability account")
    await talk.submits("Liability account", number="2175")
    await talk.sees("Intacct did not create 2175. The user has no right to")

    await far.does("set_role", name="Billcom Role", policies=NEEDED)
    await talk.clicks("Create it for me")
    form = await talk.form("Liability account")
    assert form["blocks"][0]["element"]["initial_value"] == "2175"
    await talk.submits("Liability account", number="2175")

    await talk.sees("2175 Spend Center GL Account · balance sheet, credit")


async def test_the_job_that_makes_the_account_may_run_again_after_any_of_its_steps(town: Town) -> None:
    talk, far = town.talk, town.far
    walk = await far.comes_to_the_account()
    await town.setup()
    job = walkthrough.write_books(town.services, talk.app.client)
    await far.talk.ledger.plan_account(walk.id, DANA, "2150", "Accrued expenses")
    ids = {"walkthrough_id": walk.id, "user": DANA, "step": 7, "deed": writing.CREATE}
    await far.intacct.control("fault", {"kind": "drop_after_commit", "match": "<GLACCOUNT>"})

    for _ in range(3):
        assert not await job(0, **ids)

    await talk.sees("8 of 9 · Card")
    assert "Say first" not in talk.screen()
    assert len([row for row in far.intacct.gateway.company.rows("GLACCOUNT") if row["ACCOUNTNO"] == "2150"]) == 1


async def test_a_locked_field_of_the_card_is_mended_by_another_card_that_ticks_itself(town: Town) -> None:
    talk, far = town.talk, town.far
    walk = await far.comes_to_the_account()
    await far.makes_the_account(walk, "2150")
    await far.adds_the_card(LIABACCTKEY="2050")
    await town.setup()
    await talk.clicks("Done, check")
    await talk.sees("Offset account is 2050, it should be 2150. Intacct locks this field after saving")

    await far.adds_the_card(CARDID="Spend Center CC 2")
    await far.does(
        "save_record", object="CREDITCARD", record={"CARDID": "Spend Center CC Object", "STATUS": "inactive"}
    )

    await talk.sees("9 of 9 · Spend Center, choices, preview")


async def test_a_refused_token_can_be_typed_again(town: Town) -> None:
    talk = town.talk
    await town.far.comes_to_spend_center()
    await town.setup()
    await talk.clicks("Connect Spend Center")
    await talk.submits("Connect Spend Center", token="wrong-token-0815")
    await talk.sees("Spend Center refused the sign-in.")
    assert "wrong-token-0815" not in talk.screen()

    await talk.submits("Connect Spend Center", token=SPEND_TOKEN)

    await talk.sees("Connected to *Harbor &amp; Pine Cards*, 14 cards.")


async def opens(town: Town) -> None:
    """Section 1 done: step 2 stands open."""
    await town.setup()
    await town.talk.clicks("One entity")
    await town.talk.submits("Intacct company", company_id="HarborPine")
    await town.talk.sees("2 of 9 · Let this app in")


async def to_the_fields(town: Town) -> None:
    await town.far.comes_to_spend_center()
    await town.setup()
    await town.talk.clicks("Connect Spend Center")
    await town.talk.submits("Connect Spend Center", token=SPEND_TOKEN)


async def to_the_choices(town: Town) -> None:
    """Steps 1 to 8 done, Spend Center connected and its fields matched: the last form stands open."""
    await to_the_fields(town)
    await town.talk.submits("Fields")
    await town.talk.form("Choices")
