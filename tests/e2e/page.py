"""The sandbox's page in the words of its visitor: says, presses, sees, and the screens of the two far ends beside it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.patience import PATIENCE

PICTURES = os.environ.get("SANDBOX_PICTURES", "")
"""A directory for a picture of each stage. `docs/sandbox.png` is the one of the middle of the story."""

expect.set_options(timeout=PATIENCE * 1000)


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def says(page: Page, text: str) -> None:
    write = page.get_by_role("combobox", name=re.compile("^Message "))
    write.fill(text)
    write.press("Enter")


def presses(page: Page, label: str, near: str = "") -> None:
    """The newest button of this label in the open conversation, in a message that holds the words `near`."""
    messages = page.get_by_role("list", name="Messages").locator("> li")
    found = messages.filter(has_text=near) if near else messages
    found.get_by_role("button", name=label, exact=True).last.click()


def sees(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("list", name="Messages").get_by_text(words).last).to_be_visible()


def form(page: Page, title: str, submit: str = "") -> Locator:
    """The open form, once it has something to send."""
    dialog = page.get_by_role("dialog", name=title, exact=True)
    expect(dialog.locator("footer [type=submit]")).to_be_visible()
    if submit:
        expect(dialog.locator("footer [type=submit]")).to_have_text(submit)
    return dialog


def sends(dialog: Locator) -> None:
    dialog.locator("footer [type=submit]").click()


def ends(page: Page, words: str) -> None:
    """A form that says how it ended, and is closed."""
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(words)).to_be_visible()
    dialog.locator("footer").get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def closed(page: Page) -> None:
    """A form that closes by itself; one that had to wait long says how it ended and is closed by hand."""
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("footer [type=submit]")).to_have_count(0)
    close = dialog.locator("footer").get_by_role("button", name="Close")
    if close.count():
        close.click()
    expect(dialog).to_be_hidden()


def picks(page: Page, dialog: Locator, label: str, text: str) -> None:
    box = dialog.get_by_role("combobox", name=label, exact=True)
    box.click()
    page.get_by_role("listbox", name=label, exact=True).get_by_role("option", name=text).first.click()


def books(page: Page) -> Locator:
    return page.get_by_role("tabpanel", name="Sage Intacct")


def opens(page: Page, menu: str, item: str) -> None:
    page.get_by_role("tab", name="Sage Intacct").click()
    page.get_by_role("navigation", name="Sage Intacct").get_by_role("button", name=menu).click()
    page.get_by_role("menuitem", name=item, exact=True).click()


def acts_as(page: Page, person: str, room: str) -> None:
    page.get_by_role("radio", name=person).check(force=True)
    page.get_by_role("button", name=room).first.click()


def difference(page: Page, amount: str) -> None:
    expect(page.locator("#difference")).to_have_text(amount)


def makes_the_card(page: Page, entity: str, name: str, account: str, *, location: str = "") -> None:
    opens(page, "Cash Management", "Credit card")
    books(page).get_by_label("Switch entity").select_option(label=entity)
    books(page).get_by_role("button", name="Add").click()
    books(page).get_by_label("ID", exact=False).first.fill(name)
    books(page).get_by_label("Vendor").select_option("V-CARDS")
    books(page).get_by_label("Expiration month").select_option("December")
    books(page).get_by_label("Expiration year").fill("2035")
    books(page).get_by_label("Credit card offset account").select_option(account)
    books(page).get_by_label("Default location").select_option(location or entity.split(maxsplit=1)[0])
    books(page).get_by_role("button", name="Save").click()
    expect(books(page).get_by_role("button", name=f"Edit {name}")).to_be_visible()
