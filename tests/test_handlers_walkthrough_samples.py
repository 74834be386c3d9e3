"""Every message and form of the set-up, hostile names included, as Slack's own limits see them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bot.models import Money
from bot.sandbox.slack.blocks import check_message, check_view
from handlers.ui.ids import SECRET_BLOCKS
from handlers.ui.text import clip, day, days, esc, listed, money, plain, quoted, when
from handlers.ui.walkthrough_samples import samples
from tests.walkthrough_bench import Clock

SAMPLES = list(samples())
MESSAGES = [payload for kind, payload in SAMPLES if kind.startswith("chat.")]
VIEWS = [payload["view"] for kind, payload in SAMPLES if "view" in payload]


def test_slack_takes_every_message_and_every_form() -> None:
    assert len(MESSAGES) > 100
    assert len(VIEWS) > 20
    for payload in MESSAGES:
        assert check_message({"text": payload["text"], "blocks": payload["blocks"]}) == []
        assert len(json.dumps(payload["blocks"], ensure_ascii=False)) < 12_000
    for view in VIEWS:
        assert check_view(view) == []


def test_no_foreign_mention_or_command_survives() -> None:
    for payload in [*MESSAGES, *VIEWS]:
        for text in marked_up(payload):
            assert "<!channel>" not in text
            assert "<@U0DANA> Ä" not in text
            assert "\u202e" not in text


def test_every_message_is_told_in_words_too() -> None:
    assert all(len(payload["text"].split()) >= 3 for payload in MESSAGES)


def test_a_secret_has_no_initial_value_and_every_secret_line_is_known_as_one() -> None:
    lines = [block for view in VIEWS for block in view["blocks"] if block["type"] == "input"]
    secret = [block for block in lines if any(word in block["block_id"] for word in ("password", "token", "secret"))]

    assert {block["block_id"] for block in secret} == SECRET_BLOCKS
    assert all("initial_value" not in block["element"] for block in secret)


def test_views_and_buttons_carry_record_ids_only() -> None:
    values = {element["value"] for payload in MESSAGES for element in buttons(payload)}
    metadata = {view.get("private_metadata", "") for view in VIEWS}

    assert all(value.startswith(("w0123456789:", "c0123456789")) for value in values)
    assert metadata <= {"", "w0123456789:5"}


def marked_up(part: Any) -> list[str]:
    """Every text in which Slack would see a mention."""
    if isinstance(part, list):
        return [text for one in part for text in marked_up(one)]
    if not isinstance(part, dict):
        return []
    own = (
        [part["text"]]
        if part.get("type") == "mrkdwn" or (isinstance(part.get("text"), str) and "blocks" in part)
        else []
    )
    return own + [text for one in part.values() for text in marked_up(one)]


def buttons(payload: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for block in payload["blocks"]:
        found += [
            one for one in [*block.get("elements", []), block.get("accessory", {})] if one.get("type") == "button"
        ]
    return found


# --- text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (esc("<!here> R&D"), "&lt;!here&gt; R&amp;D"),
        (esc("a\u202eb"), "ab"),
        (clip("Northgate", 5), "Nort…"),
        (plain("two\nlines", 20), "two lines"),
        (plain("", 20), "–"),
        (quoted("a`b<"), "`aˋb&lt;`"),
        (listed(["a", "b", "c"]), "a, b and c"),
        (listed(["a"]), "a"),
        (listed([]), ""),
    ],
)
def test_text_is_made_harmless_and_short(said: str, shown: str) -> None:
    assert said == shown


def test_money_and_dates_read_as_in_a_ledger() -> None:
    assert money(Decimal("8214.6")) == "$8,214.60"
    assert money(Money(Decimal(-640), "USD")) == "−$640.00"
    assert money(Money(Decimal("1936.45"), "CAD")) == "1,936.45 CAD"
    assert day(date(2026, 10, 31)) == "31 Oct"
    assert day(date(2025, 10, 31), date(2026, 1, 1)) == "31 Oct 2025"
    assert days(date(2026, 10, 1), date(2026, 10, 31)) == "1 to 31 Oct"
    assert days(date(2026, 9, 30), date(2026, 10, 2)) == "30 Sep to 2 Oct"
    assert when(Clock()(), "America/Los_Angeles").endswith("|3 Nov 2026, 07:00>")
