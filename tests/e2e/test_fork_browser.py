"""Both forks of the set-up played with nothing but what the page says: whole company by user, one entity by role."""

from __future__ import annotations

import re
from collections import Counter

from playwright.sync_api import Locator, Page, expect

from tests.e2e.chromium import NEEDS_CHROMIUM
from tests.e2e.page import books, closed, form, makes_the_card, opens, picks, picture, presses, says, sees, sends

pytestmark = NEEDS_CHROMIUM

MOST_CLICKS = {9: 5}
"""Two for each step, but for the last, which is three: Spend Center, the choices, and the button that posts."""
PORTLAND = "100 Portland"


class Newcomer:
    """Somebody at the page who knows nothing of it. Counts what the conversation costs beyond the work in Intacct."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks: Counter[int] = Counter()
        self.copies: Counter[int] = Counter()

    @property
    def card(self) -> Locator:
        return self.page.get_by_role("list", name="Messages").locator("> li").last

    @property
    def step(self) -> int:
        found = re.search(r"(\d) of 9 ·", self.card.inner_text())
        assert found is not None
        return int(found[1])

    def comes_to(self, step: int, title: str) -> None:
        expect(self.card.get_by_text(f"{step} of 9 · {title}")).to_be_visible()
        assert "Problem" not in self.card.inner_text()

    def presses(self, label: str) -> None:
        self.clicks[self.step] += 1
        presses(self.page, label)

    def sends(self, dialog: Locator) -> None:
        self.clicks[self.step] += 1
        sends(dialog)

    def copies_the_value(self) -> str:
        self.copies[self.step] += 1
        return copied(self.card)

    def boxes(self) -> list[str]:
        """The boxes that step 4 lists, as Intacct's page labels them: `Entities: List`."""
        found = []
        for line in self.card.inner_text().splitlines():
            for part in line.removeprefix("• ").split(" · ") if line.startswith("• ") else ():
                *names, rights = part.split(": ")
                for name in names[-1].split(", ") if names else ():
                    found += [f"{name}: {right}" for right in re.findall(r"List|View|Add|Edit", rights)]
        return found

    def ticks(self, boxes: list[str]) -> int:
        """How many of these boxes Intacct's page has, all ticked now; Permissions has View and no List."""
        there = [box for name in boxes if (box := books(self.page).get_by_label(name, exact=True)).count()]
        for box in there:
            box.check()
        return len(there)


def copied(place: Locator) -> str:
    """Presses a Copy button, whose label says what it copies."""
    button = place.get_by_role("button", name=re.compile("^Copy "))
    button.click()
    return str(button.get_attribute("aria-label")).removeprefix("Copy ")


def test_the_whole_company_by_user_from_nothing_to_green_with_only_the_page_s_words(page: Page) -> None:
    me = Newcomer(page)
    lets_the_app_in(me, "Whole company (top level)")
    adds_the_user(me)
    ticks_the_boxes(me)
    makes_account_and_card(me, "Top level", "Stay at the top level.", location="100")  # step 5 is ticked at once
    connects_spend_center(me)
    sees(page, re.compile(r"Posted \d+ transactions"))
    picture(page, "fork-end")
    stays_within_what_a_step_may_cost(me)


def test_one_entity_by_role_from_nothing_to_green_with_only_the_page_s_words(page: Page) -> None:
    me = Newcomer(page)
    lets_the_app_in(me, "One entity")
    adds_the_user(me)
    gives_the_role(me)
    me.comes_to(5, "Entity")
    me.presses("Pick the entity")
    dialog = form(page, "Entity")
    picks(page, dialog, "Entity", PORTLAND)
    picture(page, "entity-entity")
    me.sends(dialog)
    makes_account_and_card(me, PORTLAND, f"First switch to entity {PORTLAND}.")
    connects_spend_center(me)
    sees(page, re.compile(r"Posted \d+ transactions"))
    picture(page, "entity-end")
    stays_within_what_a_step_may_cost(me)
    assert me.clicks[5] == 2


def stays_within_what_a_step_may_cost(me: Newcomer) -> None:
    assert {step: n for step, n in me.clicks.items() if n > MOST_CLICKS.get(step, 2)} == {}
    assert {step: n for step, n in me.copies.items() if n > 1} == {}


def lets_the_app_in(me: Newcomer, fork: str) -> None:
    says(me.page, "/intacct setup")
    me.comes_to(1, "Open")
    picture(me.page, "walk-1")
    me.presses(fork)
    dialog = form(me.page, "Intacct company")
    company = books(me.page).get_by_text(re.compile("Company ID")).locator("code").first.inner_text()
    dialog.get_by_role("textbox", name="Company ID").fill(company)
    me.sends(dialog)
    me.comes_to(2, "Let this app in")
    picture(me.page, "walk-2")
    sender = me.copies_the_value()
    opens(me.page, "Company", "Company")
    books(me.page).get_by_role("button", name="Edit", exact=True).click()
    books(me.page).get_by_role("button", name="Add").click()
    pop_up = me.page.get_by_role("dialog", name="Web Services authorization")
    pop_up.get_by_label("Sender ID").fill(sender)
    pop_up.get_by_role("button", name="Save").click()
    books(me.page).get_by_role("button", name="Save").click()
    me.presses("Done, check")


def adds_the_user(me: Newcomer) -> None:
    me.comes_to(3, "Web Services user")
    picture(me.page, "walk-3")
    opens(me.page, "Company", "Web Services users")
    books(me.page).get_by_role("button", name="Add").click()
    books(me.page).get_by_label("User ID").fill(me.copies_the_value())
    books(me.page).get_by_label("User type").select_option(label="Business")
    books(me.page).get_by_label("Admin privileges").select_option(label="Full")
    books(me.page).get_by_role("button", name="Save").click()
    books(me.page).get_by_role("button", name="Mail (1)").click()
    password = books(me.page).locator("code").last.inner_text()
    me.presses("Enter the password")
    dialog = form(me.page, "Enter the password")
    dialog.get_by_role("textbox", name="Password").fill(password)
    me.sends(dialog)
    closed(me.page)


def ticks_the_boxes(me: Newcomer) -> None:
    me.comes_to(4, "Permissions")
    me.presses("By user")
    expect(me.card.get_by_text("Web Services users > Spendcenter > Subscriptions > Permissions")).to_be_visible()
    picture(me.page, "fork-permissions")
    boxes = me.boxes()
    opens(me.page, "Company", "Web Services users")
    books(me.page).get_by_role("button", name="Edit Spendcenter").click()
    books(me.page).get_by_label("Permissions", exact=True).select_option(label="By user")
    assert me.ticks(boxes) > 25
    books(me.page).get_by_role("button", name="Save").click()
    me.presses("Done, check")


def gives_the_role(me: Newcomer) -> None:
    me.comes_to(4, "Permissions")
    picture(me.page, "entity-permissions-asked")
    me.presses("By role")
    expect(
        me.card.get_by_text("Web Services users > Spendcenter > Edit > Roles information > add it > Save.")
    ).to_be_visible()
    picture(me.page, "entity-permissions")
    boxes, role = me.boxes(), me.card.locator("code").first.inner_text()
    opens(me.page, "Company", "Roles")
    books(me.page).get_by_role("button", name="Add").click()
    books(me.page).get_by_label("Name").fill(role)
    assert me.ticks(boxes) > 25
    books(me.page).get_by_role("button", name="Save").click()
    opens(me.page, "Company", "Web Services users")
    books(me.page).get_by_role("button", name="Edit Spendcenter").click()
    books(me.page).get_by_label(role).check()
    books(me.page).get_by_role("button", name="Save").click()
    expect(books(me.page).get_by_role("cell", name=role)).to_be_visible()
    me.presses("Done, check")


def makes_account_and_card(me: Newcomer, level: str, place: str, *, location: str = "") -> None:
    """`level` as Intacct's page names it, `place` as the card of step 8 does; `location` where the card leaves it open."""
    me.comes_to(7, "Liability account")
    picture(me.page, "walk-7")
    me.presses("Create it for me")
    me.sends(form(me.page, "Liability account", "Create it"))
    closed(me.page)
    me.comes_to(8, "Card")
    assert me.page.evaluate("document.activeElement.closest('#messages') !== null")  # the keyboard goes on from here
    expect(me.page.locator("#announcer")).to_contain_text("Step 8 of 9, Card")
    expect(me.card.get_by_text(place)).to_be_visible()
    picture(me.page, "walk-8")
    account = re.search(r"offset account (\d+)", me.card.inner_text())
    default = re.search(r"default location (\d+)\.", me.card.inner_text())
    assert account is not None
    assert default is not None or location
    where = default[1] if default else location
    makes_the_card(me.page, level, me.copies_the_value(), account[1], location=where)
    me.presses("Done, check")


def connects_spend_center(me: Newcomer) -> None:
    me.comes_to(9, "Spend Center, choices, preview")
    me.page.get_by_role("tab", name="Spend Center").click()
    spend = me.page.get_by_role("tabpanel", name="Spend Center")
    spend.get_by_role("button", name="API access").click()
    token = spend.locator("code").first.inner_text()
    me.presses("Connect Spend Center")
    dialog = form(me.page, "Connect Spend Center")
    dialog.get_by_role("textbox", name="API token").fill(token)
    me.sends(dialog)
    me.sends(form(me.page, "Fields"))
    dialog = form(me.page, "Choices")
    picks(me.page, dialog, "Finance channel", "finance-cards")
    me.sends(dialog)
    closed(me.page)
    button = me.card.get_by_role("button", name=re.compile(r"^Post the \d+ now"))
    expect(button).to_be_visible()
    picture(me.page, "fork-preview")
    me.presses(button.inner_text())
