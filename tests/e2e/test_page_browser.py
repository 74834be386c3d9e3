"""The sandbox's page in a real browser: what a newcomer sees, clicks and types.

The bot's place is taken by a small Bolt app over a real WebSocket, so that every surface of the renderer is on the screen
whatever the bot itself happens to use.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.run import Sandbox, story_day
from bot.sandbox.seed import story
from bot.sandbox.seed_company import connected
from bot.sandbox.slack import SlackSim
from tests.e2e.chromium import ARGUMENTS, CHROMIUM, NEEDS_CHROMIUM

pytestmark = [*NEEDS_CHROMIUM, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="module")
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    made = Sandbox(tmp_path)
    await made.start(0)
    yield made
    await made.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Page]:
    """The page at 1440 by 900, with a context of its own. Whatever the browser complains about fails the test."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    opened = await context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda line: complaints.append(line.text) if line.type == "error" and "400" not in line.text else None,
    )
    await opened.goto(sandbox.page.url)
    yield opened
    await context.close()
    assert complaints == []


@pytest.fixture
def client(sandbox: Sandbox) -> AsyncWebClient:
    return AsyncWebClient(token=SlackSim.BOT_TOKEN, base_url=sandbox.slack.url)


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def option(text: str, value: str) -> dict[str, Any]:
    return {"text": plain(text), "value": value}


def field(label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "block_id": label.lower(), "label": plain(label), "element": element, **more}


FORM = {
    "type": "modal",
    "callback_id": "form",
    "title": plain("Every field"),
    "submit": plain("Send"),
    "close": plain("Cancel"),
    "blocks": [
        {"type": "alert", "text": plain("Nothing is posted yet."), "level": "warning"},
        field("Name", {"type": "plain_text_input", "action_id": "a"}, hint=plain("As on the card")),
        field("Department", {"type": "external_select", "action_id": "a", "min_query_length": 0}),
        field(
            "Entity",
            {
                "type": "static_select",
                "action_id": "a",
                "options": [option("100 Portland", "100"), option("200", "200")],
            },
        ),
        field("Person", {"type": "users_select", "action_id": "a"}),
        field(
            "Channel",
            {
                "type": "conversations_select",
                "action_id": "a",
                "filter": {"include": ["public", "private"], "exclude_external_shared_channels": True},
            },
        ),
        field("Days", {"type": "datepicker", "action_id": "a"}, optional=True),
        field(
            "Boxes",
            {"type": "checkboxes", "action_id": "a", "options": [option("Receipts", "r"), option("Splits", "s")]},
        ),
        field(
            "Way",
            {"type": "radio_buttons", "action_id": "a", "options": [option("Now", "now"), option("Later", "later")]},
        ),
        field(
            "Many",
            {"type": "multi_static_select", "action_id": "a", "options": [option("A", "a"), option("B", "b")]},
        ),
    ],
}
DEPARTMENTS = {"20": "20 Sales", "30": "30 Marketing"}


def rehearsal(client: AsyncWebClient) -> AsyncApp:
    """A command that opens FORM, a form that refuses the name "bad", a menu, and a button that edits its message."""
    app = AsyncApp(client=client, signing_secret="unused in Socket Mode")

    @app.command("/intacct")
    async def command(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.options("a")
    async def options(ack: Any, payload: dict[str, Any]) -> None:
        found = [option(text, key) for key, text in DEPARTMENTS.items() if payload["value"].lower() in text.lower()]
        await ack(options=found)

    @app.view("form")
    async def submitted(ack: Any, view: dict[str, Any], body: dict[str, Any]) -> None:
        values = {block: actions["a"] for block, actions in view["state"]["values"].items()}
        if values["name"]["value"] == "bad":
            await ack(response_action="errors", errors={"name": "This name is taken."})
            return
        await ack()
        await client.chat_postMessage(channel=body["user"]["id"], text=json.dumps(values))

    @app.action("retry")
    async def retry(ack: Any, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        text = f"{body['user']['id']} pressed {action['value']}"
        message = body["message"]
        await client.chat_update(channel=body["channel"]["id"], ts=message["ts"], text=text, blocks=section(text))

    @app.action("menu")
    async def menu(ack: Any, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        await client.chat_postEphemeral(
            channel=body["channel"]["id"], user=body["user"]["id"], text=f"Chosen: {action['selected_option']['value']}"
        )

    return app


def section(text: str) -> list[dict[str, Any]]:
    return [{"type": "section", "text": mrkdwn(text)}]


@pytest_asyncio.fixture(loop_scope="module")
async def app(client: AsyncWebClient) -> AsyncIterator[AsyncApp]:
    made = rehearsal(client)
    handler = AsyncSocketModeHandler(made, SlackSim.APP_TOKEN)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
    yield made
    await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped


async def open_menu(page: Page, menu: str, item: str) -> None:
    await page.get_by_role("navigation", name="Sage Intacct").get_by_role("button", name=menu).click()
    await page.get_by_role("menuitem", name=item, exact=True).click()


async def choose(page: Page, label: str, text: str) -> None:
    box = page.get_by_role("combobox", name=label, exact=True)
    await box.click()
    await box.fill(text.rsplit(maxsplit=1)[-1])
    await page.get_by_role("listbox", name=label, exact=True).get_by_role("option", name=text).click()


# --- the first screen -------------------------------------------------------------------------------------------------


async def test_the_first_screen_shows_how_far_the_ledgers_are_apart(page: Page) -> None:
    await expect(page.locator("#difference")).to_have_text("61,482.17")
    await expect(page.locator("#spend-total")).to_have_text("61,482.17")
    await expect(page.locator("#intacct-total")).to_have_text("0.00")
    await expect(page.get_by_text("No liability account is joined to a card yet")).to_be_visible()
    await expect(page.get_by_text("This is your conversation with spend-intacct")).to_be_visible()


async def test_every_control_has_a_name_and_the_page_fits_at_each_width(page: Page) -> None:
    await expect(page.locator("#difference")).to_have_text("61,482.17")
    for width in (1440, 900, 420):
        await page.set_viewport_size({"width": width, "height": 800})
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, width
    nameless = await page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea")].filter((node) =>
            !(node.getAttribute("aria-label") || node.textContent.trim() || node.labels?.length)).map((node) => node.outerHTML)"""
    )
    assert nameless == []


async def test_at_900_pixels_the_panels_are_tabs_that_arrows_walk(page: Page) -> None:
    await page.set_viewport_size({"width": 900, "height": 800})
    await page.get_by_role("tab", name="Slack").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Sage Intacct")).to_be_focused()
    await expect(page.get_by_text("Company ID")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Message spend-intacct")).to_be_hidden()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("searchbox", name="Search transactions")).to_be_visible()


# --- messages ---------------------------------------------------------------------------------------------------------


async def test_a_message_renders_and_its_buttons_reach_the_app(
    page: Page, client: AsyncWebClient, app: AsyncApp
) -> None:
    hostile = "<img src=x onerror=alert(1)> &amp; <javascript:alert(1)|click>"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": plain("37 transactions need a department")},
        {
            "type": "section",
            "text": mrkdwn("*$8,214.60* · <@U0DANA> · <https://example.com|the list> · `code`\n&gt; quoted"),
            "fields": [mrkdwn("*Left*"), mrkdwn("Right")],
        },
        {"type": "section", "text": mrkdwn(hostile.replace("<img", "&lt;img").replace("1)>", "1)&gt;"))},
        {"type": "context", "elements": [mrkdwn("since <!date^1700000000^{date_num}|2023>")]},
        {
            "type": "actions",
            "block_id": "act",
            "elements": [
                {
                    "type": "button",
                    "action_id": "retry",
                    "text": plain("Retry 37"),
                    "value": "group-1",
                    "confirm": {
                        "title": plain("Retry 37?"),
                        "text": mrkdwn("Posts *37*."),
                        "confirm": plain("Retry"),
                        "deny": plain("Cancel"),
                    },
                },
                {
                    "type": "overflow",
                    "action_id": "menu",
                    "options": [option("Ignore…", "ignore"), option("By hand…", "hand")],
                },
            ],
        },
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "rich"}]}],
        },
    ]
    sent = await client.chat_postMessage(channel="C0FINANCE", text="37 transactions", blocks=blocks)
    await page.get_by_role("button", name="finance-cards").click()
    message = page.locator(f'li[data-ts="{sent["ts"]}"]')
    await expect(message.get_by_role("heading", name="37 transactions need a department")).to_be_visible()
    await expect(message.locator(".mention.me")).to_have_text("@Dana Whitfield")
    link = message.get_by_role("link", name="the list")
    assert await link.get_attribute("rel") == "noopener noreferrer"
    assert await message.locator("img").count() == 0
    assert await message.get_by_role("link").count() == 1
    assert await message.locator("time").last.get_attribute("datetime") == "2023-11-14T22:13:20.000Z"
    button = message.get_by_role("button", name="Retry 37")
    assert await button.get_attribute("data-block-id") == "act"
    assert await button.get_attribute("data-action-id") == "retry"
    assert await button.get_attribute("data-ts") == sent["ts"]

    await button.click()
    await page.get_by_role("dialog", name="Retry 37?").get_by_role("button", name="Cancel").click()
    await expect(button).to_be_visible()

    await message.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="By hand…").click()
    await expect(page.get_by_role("list", name="Messages").get_by_text("Chosen: hand")).to_be_visible()
    await expect(page.get_by_text("Only visible to you")).to_be_visible()

    await page.get_by_role("radio", name="Lee Okafor").check(force=True)
    await expect(page.get_by_role("list", name="Messages").get_by_text("Chosen: hand")).to_be_hidden()
    await button.click()
    await page.get_by_role("dialog", name="Retry 37?").get_by_role("button", name="Retry", exact=True).click()
    await expect(message.get_by_text("U0LEE pressed group-1")).to_be_visible()


async def test_what_the_renderer_does_not_know_stands_in_a_box(page: Page, sandbox: Sandbox) -> None:
    body = {"user": "U0BOT", "bot_id": "B0SPEND", "text": "new", "blocks": [{"type": "hologram", "colour": "red"}]}
    sandbox.slack.core.workspace.post("C0FINANCE", body)
    sandbox.slack.core.changed()
    await page.get_by_role("button", name="finance-cards").click()
    await expect(page.get_by_text("Unknown block: hologram")).to_be_visible()


async def test_a_thread_opens_beside_its_message_and_takes_replies(page: Page, client: AsyncWebClient) -> None:
    sent = await client.chat_postMessage(
        channel="C0FINANCE", text="37 transactions", blocks=section("*37 transactions*")
    )
    cells = [
        [{"type": "raw_text", "text": f"Merchant {n:02}"}, {"type": "raw_text", "text": f"${n}.00"}] for n in range(12)
    ]
    head = [{"type": "raw_text", "text": "Merchant"}, {"type": "raw_text", "text": "Amount"}]
    table = {"type": "data_table", "caption": "The rows", "rows": [head, *cells], "page_size": 5}
    await client.chat_postMessage(channel="C0FINANCE", thread_ts=sent["ts"], text="rows", blocks=[table])
    await page.get_by_role("button", name="finance-cards").click()
    await page.get_by_role("button", name="1 reply").click()
    thread = page.get_by_role("complementary", name="Thread")
    await expect(thread.get_by_text("1–5 of 12")).to_be_visible()
    await thread.get_by_role("button", name="Next").click()
    await expect(thread.get_by_text("6–10 of 12")).to_be_visible()
    amount = thread.get_by_role("button", name="Amount")
    await amount.click()
    await amount.click()
    await expect(thread.get_by_role("cell").first).to_have_text("$11.00")
    reply = thread.get_by_role("textbox", name="Reply")
    await reply.fill("I am on it")
    await reply.press("Enter")
    await expect(thread.get_by_text("I am on it")).to_be_visible()


# --- commands and modals ----------------------------------------------------------------------------------------------


async def test_a_command_opens_a_modal_that_is_filled_by_keyboard_and_mouse(page: Page, app: AsyncApp) -> None:
    write = page.get_by_role("combobox", name="Message spend-intacct")
    await write.fill("/int")
    await expect(page.get_by_role("option", name="/intacct setup")).to_be_visible()
    await write.press("Enter")
    await expect(write).to_have_value("/intacct setup")
    await write.press("Enter")

    modal = page.get_by_role("dialog", name="Every field")
    await expect(modal.get_by_text("Nothing is posted yet.")).to_be_visible()
    name = modal.get_by_role("textbox", name="Name")
    await expect(name).to_be_focused()
    await name.fill("bad")
    await modal.get_by_role("button", name="Send").click()
    await expect(modal.get_by_text("Please complete this required field.").first).to_be_visible()
    await expect(name).to_have_value("bad")

    department = modal.get_by_role("combobox", name="Department")
    await department.focus()
    await department.press("ArrowDown")
    await expect(page.get_by_role("option", name="30 Marketing")).to_be_visible()
    await department.type("sales")
    await expect(page.get_by_role("option", name="30 Marketing")).to_be_hidden()
    await department.press("Enter")
    await expect(department).to_have_value("20 Sales")
    await choose(page, "Entity", "100 Portland")
    await choose(page, "Person", "Maria Ortiz")
    channel = modal.get_by_role("combobox", name="Channel")
    await channel.click()
    await expect(page.get_by_role("option", name="#finance-cards")).to_be_visible()
    await expect(page.get_by_role("option", name="#with-bank")).to_be_hidden()
    await page.get_by_role("option", name="#finance-cards").click()
    await modal.get_by_label("Receipts").check()
    await modal.get_by_label("Later").check()
    await choose(page, "Many", "A")
    await choose(page, "Many", "B")
    await page.keyboard.press("Escape")  # closes the list, not the modal
    await modal.get_by_role("button", name="Remove A").click()

    await modal.get_by_role("button", name="Send").click()
    await expect(modal.get_by_text("This name is taken.")).to_be_visible()
    await expect(name).to_be_focused()
    await expect(department).to_have_value("20 Sales")
    await name.fill("Blue Mesa")
    await name.press("Enter")
    await expect(modal).to_be_hidden()

    answer = page.locator(".message .text").last
    await expect(answer).to_contain_text("Blue Mesa")
    got = json.loads(await answer.inner_text())
    assert got["name"]["value"] == "Blue Mesa"
    assert got["department"]["selected_option"]["value"] == "20"
    assert got["entity"]["selected_option"]["value"] == "100"
    assert got["person"]["selected_user"] == "U0MARIA"
    assert got["channel"]["selected_conversation"] == "C0FINANCE"
    assert got["days"]["selected_date"] is None
    assert [one["value"] for one in got["boxes"]["selected_options"]] == ["r"]
    assert got["way"]["selected_option"]["value"] == "later"
    assert [one["value"] for one in got["many"]["selected_options"]] == ["b"]


async def test_escape_closes_a_modal_and_the_next_command_opens_it_fresh(page: Page, app: AsyncApp) -> None:
    write = page.get_by_role("combobox", name="Message spend-intacct")
    modal = page.get_by_role("dialog", name="Every field")
    await write.fill("/intacct setup")
    await write.press("Enter")
    await modal.get_by_role("textbox", name="Name").fill("typed and left")
    await page.keyboard.press("Escape")
    await expect(modal).to_be_hidden()
    await write.fill("/intacct setup")
    await write.press("Enter")
    await expect(modal.get_by_role("textbox", name="Name")).to_have_value("")


async def test_without_an_app_slack_says_so_to_the_person_alone(page: Page) -> None:
    write = page.get_by_role("combobox", name="Message spend-intacct")
    await write.fill("/intacct status")
    await write.press("Enter")
    await expect(
        page.get_by_role("list", name="Messages").get_by_text("/intacct failed with the error")
    ).to_be_visible()
    await expect(page.get_by_text("Only visible to you")).to_be_visible()


# --- Sage Intacct -----------------------------------------------------------------------------------------------------


async def test_the_set_up_can_be_clicked_through_as_in_intacct(page: Page, sandbox: Sandbox) -> None:
    books = page.get_by_role("tabpanel", name="Sage Intacct")
    await open_menu(page, "Company", "Company")
    await expect(books.get_by_text("Company > Setup > Company > Security")).to_be_visible()
    await books.get_by_role("button", name="Edit", exact=True).click()
    await books.get_by_role("button", name="Add").click()
    pop_up = page.get_by_role("dialog", name="Web Services authorization")
    await pop_up.get_by_label("Sender ID").fill("harborpine-bot")
    await pop_up.get_by_role("button", name="Save").click()
    await expect(books.get_by_text("not saved")).to_be_visible()
    assert sandbox.intacct.state()["authorized"] == {}
    await books.get_by_role("button", name="Save").click()
    await expect(books.get_by_text("not saved")).to_be_hidden()
    assert sandbox.intacct.state()["authorized"] == {"harborpine-bot": "active"}

    await open_menu(page, "Company", "Web Services users")
    await books.get_by_role("button", name="Add").click()
    await books.get_by_label("User ID").fill("Spendcenter")
    await books.get_by_label("User type").select_option(label="Business")
    await books.get_by_label("Admin privileges").select_option(label="Full")
    await books.get_by_label("Administrator").check()
    await books.get_by_role("button", name="Save").click()
    await expect(books.get_by_role("button", name="Edit Spendcenter")).to_be_visible()

    await open_menu(page, "Company", "Roles")
    await books.get_by_role("button", name="Add").click()
    await books.get_by_label("Name").fill("Billcom Role")
    for application in await books.get_by_label("All of").all():
        await application.check()
    await books.get_by_label("Accounts: Delete", exact=True).uncheck()
    await books.get_by_role("button", name="Save").click()
    await expect(books.get_by_role("cell", name="Billcom Role", exact=True)).to_be_visible()
    await open_menu(page, "Company", "Web Services users")
    await books.get_by_role("button", name="Edit Spendcenter").click()
    await books.get_by_label("Billcom Role").check()
    await books.get_by_label("200 Denver").check()
    await books.get_by_role("button", name="Save").click()
    await expect(books.get_by_role("cell", name="Administrator, Billcom Role")).to_be_visible()
    user = next(one for one in sandbox.intacct.state()["users"] if one["LOGINID"] == "Spendcenter")
    assert user["USERTYPE"] == "business user"
    assert user["ADMIN"] == "full"
    assert user["ENTITIES"] == ["200"]
    assert sandbox.intacct.state()["roles"]["Billcom Role"]["Accounts"] == ["List", "View", "Add", "Edit"]

    await books.get_by_role("button", name="Mail (1)").click()
    password = sandbox.intacct.state()["mailbox"][0]["password"]
    await expect(books.get_by_text(password)).to_be_visible()

    await open_menu(page, "General Ledger", "Accounts")
    await books.get_by_role("button", name="Add").click()
    await books.get_by_label("Account number").fill("2150")
    await books.get_by_role("textbox", name="Title").fill("Spend Center GL Account")
    await books.get_by_label("Account type").select_option(label="Balance sheet account")
    await books.get_by_label("Normal balance").select_option(label="Credit")
    await books.get_by_label("Period end closing type").select_option(label="Non-closing account")
    await books.get_by_role("button", name="Save").click()
    await books.get_by_role("searchbox").fill("spend center")
    await expect(books.get_by_role("cell", name="2150", exact=True)).to_be_visible()
    await expect(books.get_by_role("cell", name="6420", exact=True)).to_be_hidden()

    await books.get_by_label("Switch entity").select_option(label="100 Portland")
    await open_menu(page, "Cash Management", "Credit card")
    await books.get_by_role("button", name="Add").click()
    await books.get_by_label("ID", exact=False).first.fill("Spend Center CC Object")
    await books.get_by_label("Vendor").select_option("V-CARDS")
    await books.get_by_label("Expiration month").select_option("December")
    await books.get_by_label("Expiration year").fill("40")
    await books.get_by_label("Credit card offset account").select_option("2150")
    await books.get_by_label("Default location").select_option("100")
    await books.get_by_role("button", name="Save").click()
    await expect(books.get_by_role("alert")).to_have_text("The expiration year has four digits.")
    await books.get_by_label("Expiration year").fill("2035")
    await books.get_by_role("button", name="Save").click()
    await expect(books.get_by_role("button", name="Edit Spend Center CC Object")).to_be_visible()
    (card,) = sandbox.intacct.state()["objects"]["CREDITCARD"]
    assert card["MEGAENTITYID"] == "100"
    assert card["LIABACCTKEY"] == "2150"


async def test_cancelling_the_security_page_forgets_what_the_pop_up_saved(page: Page, sandbox: Sandbox) -> None:
    await sandbox.intacct.control("authorize_sender", {"sender_id": "bill.com"})
    await sandbox.intacct.control("save_company", {})
    await sandbox.intacct.control("authorize_sender", {"sender_id": "bill.com", "status": "inactive"})
    await sandbox.intacct.control("authorize_sender", {"sender_id": "harborpine-bot"})
    await open_menu(page, "Company", "Company")
    books = page.get_by_role("tabpanel", name="Sage Intacct")
    await books.get_by_role("button", name="Cancel").click()
    await expect(books.get_by_role("button", name="Edit", exact=True)).to_be_visible()
    state = sandbox.intacct.state()
    assert state["authorized"] == {"bill.com": "active"}
    assert state["pending_authorizations"] == {}


async def test_a_period_a_project_and_an_account_are_put_right_by_hand(page: Page, sandbox: Sandbox) -> None:
    books = page.get_by_role("tabpanel", name="Sage Intacct")
    closed = sandbox.intacct.state()["closed_through"]["CM"]["200"]
    await open_menu(page, "Cash Management", "Open Cash Management")
    await books.get_by_label("Period").fill(closed[:7])
    await books.get_by_label("Entity", exact=True).select_option("200")
    await books.get_by_role("button", name="Open", exact=True).click()
    await expect(page.get_by_text(f"Cash Management is open for {closed[:7]} in 200.")).to_be_visible()
    assert sandbox.intacct.state()["closed_through"]["CM"]["200"] < closed

    await open_menu(page, "More", "Projects")
    await books.get_by_role("searchbox").fill("P-1042")
    await books.get_by_role("button", name="Set to active: P-1042 Fall catalog").click()
    await expect(books.get_by_role("button", name="Set to inactive: P-1042 Fall catalog")).to_be_visible()

    await open_menu(page, "General Ledger", "Accounts")
    await books.get_by_role("searchbox").fill("6420")
    await books.get_by_role("button", name="Edit 6420").click()
    await expect(books.get_by_label("Department")).to_be_checked()
    await books.get_by_label("Department").uncheck()
    await books.get_by_role("button", name="Save").click()
    await expect(books.get_by_role("button", name="Save")).to_be_hidden()
    account = next(one for one in sandbox.intacct.state()["objects"]["GLACCOUNT"] if one["ACCOUNTNO"] == "6420")
    assert account["REQUIREDEPT"] == "false"


# --- Spend Center and the drills --------------------------------------------------------------------------------------


async def test_a_new_transaction_widens_the_difference_and_its_coding_can_be_changed(
    page: Page, sandbox: Sandbox
) -> None:
    await page.get_by_role("tab", name="Spend Center").click()
    spend = page.get_by_role("tabpanel", name="Spend Center")
    await spend.get_by_role("button", name="Add a transaction").click()
    await spend.get_by_label("Merchant *").fill("Owl & Otter <b>Books</b>")
    await spend.get_by_label("Amount in US dollars").fill("18.4x")
    await spend.get_by_role("button", name="Add it").click()
    await expect(page.get_by_text("is not an amount")).to_be_visible()
    await spend.get_by_label("Amount in US dollars").fill("1,000.01")
    await spend.get_by_role("button", name="Add it").click()
    await expect(page.locator("#difference")).to_have_text("62,482.18")
    row = spend.get_by_role("listitem").filter(has_text="Owl & Otter <b>Books</b>")
    await row.get_by_label("Department").select_option("20 - Sales")
    await expect(row.locator(".spend-coding")).to_contain_text("20 - Sales")
    await row.get_by_role("button", name="Attach a receipt").click()
    await expect(row.get_by_text("Receipts: receipt.jpg")).to_be_visible()
    await row.get_by_role("button", name="Lock").click()
    await expect(row.get_by_label("Department")).to_be_disabled()
    await row.get_by_role("button", name="Unlock").click()
    await expect(row.get_by_label("Department")).to_be_enabled()
    await spend.get_by_role("searchbox").fill("otter")
    await expect(spend.get_by_text("1 transaction with “otter”")).to_be_visible()
    await spend.get_by_role("button", name="API access").click()
    await expect(spend.get_by_text("sandbox-spend-token")).to_be_visible()


async def test_a_drill_breaks_something_and_its_undo_puts_it_right(page: Page, sandbox: Sandbox) -> None:
    await page.get_by_role("button", name="Drills").click()
    drills = page.get_by_role("dialog", name="Drills")
    await drills.get_by_role("button", name="Stop it: Stop Spend Center").click()
    undo = drills.get_by_role("button", name="Start it: Stop Spend Center")
    await expect(undo).to_be_visible()
    await undo.click()
    await expect(drills.get_by_role("button", name="Stop it: Stop Spend Center")).to_be_visible()
    await drills.get_by_role("button", name="Do it: Withdraw the authorization").click()
    await expect(page.get_by_text("The app is not let in yet")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(drills).to_be_hidden()


async def test_a_cause_is_found_by_a_word_and_provoked_by_keyboard(page: Page, sandbox: Sandbox) -> None:
    await page.get_by_role("button", name="Drills").click()
    drills = page.get_by_role("dialog", name="Drills")
    provoke = drills.get_by_role("button", name="Provoke: Account 6440 Meals requires a project")
    await expect(drills.get_by_text("Coding of a line")).to_be_visible()
    await expect(provoke).to_be_hidden()
    await drills.get_by_label("Find a cause").fill("requires PROJECT")
    await expect(provoke).to_be_visible()
    await expect(drills.get_by_role("button", name=re.compile("^Provoke"))).to_have_count(1)
    await provoke.press("Enter")
    await expect(drills.get_by_text("Connect Portland first")).to_be_visible()

    await sandbox.intacct.control("reset", {"company": connected(story(story_day(None)).company)})
    await provoke.press("Enter")
    await expect(drills.get_by_text("Now type /intacct sync in Slack.")).to_be_visible()
    accounts = sandbox.intacct.state()["objects"]["GLACCOUNT"]
    assert next(row for row in accounts if row["ACCOUNTNO"] == "6440")["REQUIREPROJECT"] == "true"
    await drills.get_by_role("button", name="Put it right: Account 6440 Meals requires a project").press("Enter")
    await expect(drills.get_by_text("Put right. Now press Retry 1 in Slack.")).to_be_visible()
    await drills.get_by_label("Find a cause").fill("hovercraft")
    await expect(drills.get_by_text("No cause has these words.")).to_be_visible()
    await drills.get_by_label("Find a cause").fill("")
    await drills.locator("summary", has_text="Receipts").press("Enter")
    await expect(drills.get_by_text("A purchase above the limit has no receipt yet")).to_be_visible()


async def test_the_tip_leads_to_the_next_step_and_can_be_hidden(page: Page, app: AsyncApp, sandbox: Sandbox) -> None:
    coach = page.locator("#coach")
    await expect(coach).to_contain_text("/intacct setup")
    await sandbox.intacct.control("authorize_sender", {"sender_id": "harborpine-bot"})
    await sandbox.slack.control("say", {"user": "U0DANA", "channel": "D0DANA", "text": "hello"})
    client = AsyncWebClient(token=SlackSim.BOT_TOKEN, base_url=sandbox.slack.url)
    await client.chat_postMessage(channel="U0DANA", text="Connect Spend Center to Sage Intacct.")
    await expect(coach).to_contain_text("press Save once more")
    await coach.get_by_role("button", name="Take me there").click()
    await expect(page.get_by_text("Nothing counts before the page itself is saved.")).to_be_visible()
    await coach.get_by_role("button", name="Hide tips").click()
    await page.reload()
    await expect(page.locator("#difference")).to_have_text("61,482.17")
    await expect(coach).to_be_hidden()
