"""A browser in front of a running sandbox, the bot a real process behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.e2e.chromium import ARGUMENTS, CHROMIUM
from tests.e2e.street import Street, street
from tests.patience import PATIENCE


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Street]:
    with street(tmp_path) as made:
        yield made


@pytest.fixture
def page(browser: Browser, town: Street) -> Iterator[Page]:
    """The page at 1440 by 900. Whatever the browser complains about fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE * 1000)
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    opened.on("requestfinished", lambda asked: refused(asked, complaints))
    opened.goto(str(town.visitor.http.base_url))
    yield opened
    context.close()
    assert complaints == []


def refused(asked: Request, complaints: list[str]) -> None:
    """What the control door would not do, with what it was asked."""
    answer = asked.response()
    if answer is not None and answer.status >= 400:
        complaints.append(f"{asked.url} {asked.post_data}: {answer.text()}")
