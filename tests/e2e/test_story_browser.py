"""The story of Harbor & Pine as a newcomer lives it: on the page, in a browser, the bot a real process behind it."""

from __future__ import annotations

import re
from decimal import Decimal

from playwright.sync_api import Page, expect

from tests.e2e.chromium import NEEDS_CHROMIUM
from tests.e2e.page import (
    acts_as,
    books,
    closed,
    difference,
    ends,
    form,
    makes_the_card,
    opens,
    picks,
    picture,
    presses,
    says,
    sees,
    sends,
)
from tests.e2e.street import NEEDED, SENDER, Street, first_day, mailed

pytestmark = NEEDS_CHROMIUM


# --- the story --------------------------------------------------------------------------------------------------------


def test_the_story_on_the_page_from_the_first_command_to_a_difference_of_zero(page: Page, town: Street) -> None:
    difference(page, "61,482.17")
    picture(page, "00-first")
    password = comes_to_the_password(page, town)
    the_second_save_is_named(page, password)
    gives_permissions(page)
    has_the_account_made(page, "100 Portland")
    makes_the_card(page, "100 Portland", "Spend Center CC Object", "2150")
    sees(page, "9 of 9 · Spend Center, choices, preview")  # it ticked itself
    connects_spend_center(page)
    sees(page, re.compile(r"80 would post \(\$29,942\.82\), 44 would not"))
    picture(page, "10-preview")
    presses(page, "Post the 80 now")
    difference(page, "31,539.35")
    assert password not in page.locator("#slack").inner_text()

    acts_as(page, "Lee Okafor", "finance-cards")
    sees(page, "1 refund needs your choice")
    the_picture_of_the_readme(page)
    solves_by_keyboard(page)
    difference(page, "23,324.75")
    picture(page, "13-solved")
    presses(page, "Post as a negative", "1 refund needs your choice")
    sees(page, re.compile("Solved: 1 transaction posted"))
    reactivates_the_account(page)
    presses(page, "Retry 6", "6 transactions use account 6215")
    sees(page, re.compile("Solved: 6 transactions posted"))
    difference(page, "21,576.75")

    connects_denver(page)
    difference(page, "3,550.55")
    acts_as(page, "Lee Okafor", "finance-cards")
    chooses(page, "Choose project", "3 transactions use project", "Project", "P-1050")
    chooses(page, "Choose location", "2 transactions use location", "Location", "200 Denver")
    picture(page, "20-last-alert")
    presses(page, first_open_label(page), "4 transactions fall in a closed period")
    dialog = form(page, "Post on another day")
    picture(page, "21-move")
    sends(dialog)
    difference(page, "0.00")
    sees(page, re.compile("Solved: 4 transactions posted"))
    expect(page.get_by_text("The ledgers agree.")).to_be_visible()
    picture(page, "22-agreed")
    assert town.visitor.posted() == town.visitor.spent() == (200, Decimal("61482.17"))
    meets_one_more_cause(page)
    assert town.visitor.posted() == town.visitor.spent() == (201, Decimal("61530.37"))
    looks_at_home(page)
    fits_at_each_width(page)


def the_picture_of_the_readme(page: Page) -> None:
    """The middle of the story: an alert, and the ledger that it keeps waiting."""
    page.get_by_role("tab", name="Sage Intacct").click()
    page.get_by_role("navigation", name="Sage Intacct").get_by_role("button", name="Ledger", exact=True).click()
    alert = page.get_by_role("list", name="Messages").locator("> li").filter(has_text="37 transactions need")
    alert.first.evaluate("node => node.scrollIntoView({ block: 'start' })")
    page.mouse.move(0, 0)
    picture(page, "sandbox")


def meets_one_more_cause(page: Page) -> None:
    """From the list of all causes to the alert, put right, and posted."""
    page.get_by_role("button", name="Drills").click()
    drills = page.get_by_role("dialog", name="Drills")
    drills.get_by_label("Find a cause").fill("6440 requires a project")
    drills.get_by_role("button", name=re.compile("^Provoke")).click()
    expect(drills.get_by_text("Now type /intacct sync in Slack.")).to_be_visible()
    picture(page, "23-causes")
    page.keyboard.press("Escape")
    difference(page, "48.20")
    says(page, "/intacct sync Portland")
    sees(page, "1 transaction needs a project")

    page.get_by_role("button", name="Drills").click()
    drills.get_by_role("button", name=re.compile("^Put it right")).click()
    expect(drills.get_by_text("Put right.")).to_be_visible()
    page.keyboard.press("Escape")
    presses(page, "Retry 1", "1 transaction needs a project")
    difference(page, "0.00")


def looks_at_home(page: Page) -> None:
    page.get_by_role("button", name="Home", exact=True).click()
    home = page.locator("#slack")
    expect(home.get_by_text("100 Portland").first).to_be_visible()
    expect(home.get_by_text("200 Denver").first).to_be_visible()
    picture(page, "23-home")


def fits_at_each_width(page: Page) -> None:
    page.get_by_role("button", name="finance-cards").first.click()
    for width in (1100, 900, 420):
        page.set_viewport_size({"width": width, "height": 800})
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, width
        picture(page, f"24-{width}")


def first_open_label(page: Page) -> str:
    """`Post on 1 Nov`, whatever the month."""
    button = page.get_by_role("list", name="Messages").get_by_role("button", name=re.compile("^Post on "))
    return button.last.inner_text()


def comes_to_the_password(page: Page, town: Street) -> str:
    says(page, "/intacct setup")
    picture(page, "01-open")
    presses(page, "One entity")
    dialog = form(page, "Intacct company")
    dialog.get_by_role("textbox", name="Company ID").fill("HarborPine")
    picture(page, "02-company")
    sends(dialog)
    sees(page, "2 of 9 · Let this app in")
    picture(page, "03-step-2")

    opens(page, "Company", "Company")
    books(page).get_by_role("button", name="Edit", exact=True).click()
    books(page).get_by_role("button", name="Add").click()
    pop_up = page.get_by_role("dialog", name="Web Services authorization")
    pop_up.get_by_label("Sender ID").fill(SENDER)
    pop_up.get_by_role("button", name="Save").click()  # and the page's own Save is forgotten
    presses(page, "Done, check")
    sees(page, "3 of 9 · Web Services user")

    opens(page, "Company", "Web Services users")
    books(page).get_by_role("button", name="Add").click()
    books(page).get_by_label("User ID").fill("Spendcenter")
    books(page).get_by_label("User type").select_option(label="Business")
    books(page).get_by_label("Admin privileges").select_option(label="Full")
    picture(page, "04-user")
    books(page).get_by_role("button", name="Save").click()
    expect(books(page).get_by_role("button", name="Edit Spendcenter")).to_be_visible()
    books(page).get_by_role("button", name="Mail (1)").click()
    picture(page, "05-mail")
    return mailed(town.visitor)


def the_second_save_is_named(page: Page, password: str) -> None:
    presses(page, "Enter the password")
    dialog = form(page, "Enter the password")
    dialog.get_by_role("textbox", name="Password").fill(password)
    picture(page, "06-password")
    sends(dialog)
    ends(page, "the second Save was left out")
    picture(page, "07-second-save")
    opens(page, "Company", "Company")
    books(page).get_by_role("button", name="Save").click()
    presses(page, "Check again")
    sees(page, "4 of 9 · Permissions")


def gives_permissions(page: Page) -> None:
    presses(page, "By role")
    picture(page, "08-permissions")
    opens(page, "Company", "Roles")
    books(page).get_by_role("button", name="Add").click()
    books(page).get_by_label("Name").fill("Billcom Role")
    for policy, rights in NEEDED.items():
        for right in rights:
            books(page).get_by_label(f"{policy}: {right}", exact=True).check()
    books(page).get_by_role("button", name="Save").click()
    opens(page, "Company", "Web Services users")
    books(page).get_by_role("button", name="Edit Spendcenter").click()
    books(page).get_by_label("Billcom Role").check()
    books(page).get_by_role("button", name="Save").click()
    expect(books(page).get_by_role("cell", name="Billcom Role")).to_be_visible()
    presses(page, "Done, check")
    sees(page, "5 of 9 · Entity")


def has_the_account_made(page: Page, entity: str) -> None:
    presses(page, "Pick the entity")
    dialog = form(page, "Entity")
    picks(page, dialog, "Entity", entity)
    sends(dialog)
    sees(page, "7 of 9 · Liability account")
    presses(page, "Create it for me")
    dialog = form(page, "Liability account", "Create it")
    expect(dialog.get_by_text("It will be made at the top level of Intacct")).to_be_visible()
    picture(page, "09-account")
    sends(dialog)
    closed(page)
    sees(page, "8 of 9 · Card")


def connects_spend_center(page: Page) -> None:
    page.get_by_role("tab", name="Spend Center").click()
    spend = page.get_by_role("tabpanel", name="Spend Center")
    spend.get_by_role("button", name="API access").click()
    token = spend.get_by_text("sandbox-spend-token").first.inner_text()
    presses(page, "Connect Spend Center")
    dialog = form(page, "Connect Spend Center")
    dialog.get_by_role("textbox", name="API token").fill(token)
    sends(dialog)
    answers_the_forms(page)


def answers_the_forms(page: Page) -> None:
    dialog = form(page, "Fields")
    picture(page, "10a-fields")
    sends(dialog)
    dialog = form(page, "Choices")
    dialog.get_by_label("Start date").fill(first_day())
    picks(page, dialog, "Finance channel", "finance-cards")
    picture(page, "10c-choices")
    sends(dialog)
    closed(page)


def solves_by_keyboard(page: Page) -> None:
    """The 37, without a mouse: the button, the list that is searched, the form."""
    messages = page.get_by_role("list", name="Messages").locator("> li")
    alert = messages.filter(has_text="37 transactions need a department").first
    expect(alert.get_by_role("button", name="Choose department")).to_be_visible()
    tabs_to(page, "Choose department")
    page.keyboard.press("Enter")
    dialog = form(page, "Choose department")
    picture(page, "12-choose")
    expect(dialog.get_by_role("combobox", name="Department")).to_be_focused()
    page.keyboard.type("sales")
    expect(page.get_by_role("option", name="20 Sales")).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("combobox", name="Department")).to_have_value("20 Sales")
    tabs_to(page, "Post")
    page.keyboard.press("Enter")
    sees(page, re.compile("Solved: 37 transactions posted"))


def tabs_to(page: Page, label: str) -> None:
    """Tab, until the focus is on the button of this label."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == label:
            return
    raise AssertionError(f"Tab never came to {label!r}.")


def reactivates_the_account(page: Page) -> None:
    opens(page, "General Ledger", "Accounts")
    books(page).get_by_role("searchbox").fill("6215")
    books(page).get_by_role("button", name="Edit 6215").click()
    books(page).get_by_label("Status").select_option(label="Active")
    books(page).get_by_role("button", name="Save").click()
    expect(books(page).get_by_role("button", name="Save")).to_be_hidden()


def connects_denver(page: Page) -> None:
    acts_as(page, "Dana Whitfield", "spend-intacct")
    presses(page, "Connect another entity")
    has_the_account_made(page, "200 Denver")
    makes_the_card(page, "200 Denver", "Spend Center CC 200", "2160")
    presses(page, "Done, check")
    presses(page, "Use Harbor & Pine Cards again")
    dialog = form(page, "Choices")
    expect(dialog.get_by_text("As for 100 Portland: account from GL Account")).to_be_visible()
    picture(page, "15-choices-again")
    sends(dialog)
    closed(page)
    button = page.get_by_role("list", name="Messages").get_by_role("button", name=re.compile(r"^Post the \d+ now"))
    button.last.click()


def chooses(page: Page, button: str, near: str, label: str, value: str) -> None:
    presses(page, button, near)
    dialog = form(page, button)
    picks(page, dialog, label, value)
    sends(dialog)
    sees(page, re.compile(rf"Solved: {near.split(maxsplit=1)[0]} transactions posted"))
