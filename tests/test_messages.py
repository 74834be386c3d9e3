"""Every message and view that the bot can send, through the same judge that Slack's simulator asks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from bot.hints.catalogue import HINTS
from bot.hints.hint import ANSWER, CHOOSE, LOOK, MOVE, RESUME, REVERSE, Hint
from bot.sandbox.slack.blocks import check_message, check_view
from handlers.ui import alerts
from handlers.ui.alerts import Cast
from handlers.ui.samples import HOSTILE, NOW, samples, view_of

Json = dict[str, Any]
ALL = list(samples())
MESSAGES = [(kind, payload) for kind, payload in ALL if "text" in payload]
VIEWS = [payload["view"] for _, payload in ALL if "view" in payload]
KINDS = {"chat.postMessage", "chat.update", "response_url", "views.open", "views.update", "views.publish", "ack_view"}

FORBIDDEN = re.compile(
    r"\b(attempt|controlid|session|payload|XML|API(?! tokens)|endpoint|batch|classifier|drift|hint|unknown outcome|Oops|Great)\b|!(?!date)",
    re.IGNORECASE,
)
"""Words that no main message shows; how it speaks, section 1, rules 3 and 8."""


def test_there_is_a_sample_of_every_kind() -> None:
    assert {kind for kind, _ in ALL} == KINDS
    assert len(MESSAGES) > 400
    assert len(VIEWS) > 60


def test_slack_takes_every_message() -> None:
    for kind, payload in MESSAGES:
        content = {"text": payload["text"], "blocks": payload["blocks"]}
        assert [problem.line for problem in check_message(content)] == [], (kind, payload["text"][:80])


def test_slack_takes_every_view() -> None:
    for view in VIEWS:
        assert [problem.line for problem in check_view(view)] == [], view["blocks"][0]


def test_no_message_is_longer_than_slack_bears() -> None:
    for kind, payload in MESSAGES:
        size = len(json.dumps(payload["blocks"], ensure_ascii=False))
        assert size <= 12_000, (kind, size, payload["text"][:80])
        assert len(payload["text"]) <= 4_000


def test_every_message_says_its_outcome_in_words() -> None:
    for _, payload in MESSAGES:
        assert len(payload["text"].split()) >= 3, payload["text"]
        assert not payload["text"].startswith(("{", "["))


def test_header_and_notification_say_the_same() -> None:
    for _, payload in MESSAGES:
        for block in payload["blocks"]:
            if block["type"] == "header" and block["block_id"] == "title":
                shown = block["text"]["text"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                assert payload["text"].startswith(shown.rstrip("…")[:60])


def test_ids_are_unique_and_given_by_us() -> None:
    for surface in [*(payload["blocks"] for _, payload in MESSAGES), *(view["blocks"] for view in VIEWS)]:
        ids = Counter(block["block_id"] for block in surface)
        assert not [name for name, n in ids.items() if n > 1]
        assert not [name for name in ids if re.fullmatch(r"[0-9a-f-]{36}", name)], "made up by the builder"


@pytest.mark.parametrize("trick", ["<!channel>", "<!here>", "<@U0DANA> <", "<https://x.example", "\u202e", "\u200b"])
def test_nothing_foreign_gets_through(trick: str) -> None:
    for _, payload in ALL:
        for text in marked_up(payload):
            assert trick not in text, text[:200]


def test_plain_text_of_foreign_origin_is_cut_and_shows_no_hidden_characters() -> None:
    for _, payload in ALL:
        for text in every_text(payload):
            assert HOSTILE not in text
            assert "\u202e" not in text


def test_main_messages_use_the_accountants_words() -> None:
    for kind, payload in MESSAGES:
        if kind == "response_url" or "thread_ts" in payload:
            continue
        text = payload["text"]
        if "R&amp;D" not in json.dumps(payload) and "R&D" not in json.dumps(payload):
            assert not FORBIDDEN.search(text), (FORBIDDEN.search(text), text)
            for block in payload["blocks"]:
                assert not FORBIDDEN.search(plain(block)), plain(block)


def test_buttons_carry_ids_and_nothing_else() -> None:
    for _, payload in ALL:
        for element in clickable(payload):
            assert re.fullmatch(r"[\w:.-]{1,150}", element.get("value", "1")), element
            assert len(element["text"]["text"]) <= 75


def test_no_alert_has_more_than_three_buttons_and_a_menu() -> None:
    for _, payload in MESSAGES:
        for block in payload["blocks"]:
            if block["type"] == "actions" and block["block_id"] == "do":
                kinds = Counter(element["type"] for element in block["elements"])
                assert kinds["button"] <= 3
                assert kinds["overflow"] <= 1
                assert sum(element.get("style") == "primary" for element in block["elements"]) <= 1


def test_the_command_prints_them_a_line_each() -> None:
    printed = subprocess.run([sys.executable, "-m", "bot", "messages"], capture_output=True, text=True, check=True)

    lines = [json.loads(line) for line in printed.stdout.splitlines()]
    assert [line["kind"] for line in lines] == [kind for kind, _ in ALL]


def marked_up(part: Any) -> Iterator[str]:
    """Every text in which Slack would see a mention or a link."""
    if isinstance(part, list):
        for one in part:
            yield from marked_up(one)
    elif isinstance(part, dict):
        if part.get("type") == "mrkdwn" or (isinstance(part.get("text"), str) and "blocks" in part):
            yield part["text"]
        for one in part.values():
            yield from marked_up(one)


def every_text(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, list):
        for one in part:
            yield from every_text(one)
    elif isinstance(part, dict):
        for name, one in part.items():
            if name != "value":  # what comes back to us, and is shown to nobody
                yield from every_text(one)


@pytest.mark.parametrize("hint", HINTS.values(), ids=HINTS)
def test_the_catalogue_says_what_the_first_button_of_an_alert_does(hint: Hint) -> None:
    content = alerts.alert(view_of(hint, 3), Cast(NOW.date()))

    first = next(clickable(content["blocks"]))["action_id"].split(".")[1]

    does = {"choose": CHOOSE, "move": MOVE, "check_and_resume": RESUME, "check_now": LOOK, "answer": ANSWER}
    assert hint.one_click == {**does, "reverse": REVERSE, "retry": ""}[first]


def clickable(part: Any) -> Iterator[Json]:
    if isinstance(part, list):
        for one in part:
            yield from clickable(one)
    elif isinstance(part, dict):
        if part.get("type") == "button":
            yield part
        for one in part.values():
            yield from clickable(one)


def plain(block: Json) -> str:
    """The words of a block as people read them, without ids."""
    texts = [entry["text"] for entry in found(block, "text") if isinstance(entry.get("text"), str)]
    return " ".join(text for text in texts if isinstance(text, str))


def found(part: Any, key: str) -> Iterator[Json]:
    if isinstance(part, list):
        for one in part:
            yield from found(one, key)
    elif isinstance(part, dict):
        if key in part:
            yield part
        for one in part.values():
            yield from found(one, key)
