"""What reaches the log, and what never does."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from bot.log import NEVER_DEBUG, blank, set_up
from bot.models import Secret
from bot.settings import Settings


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, {name: logging.getLogger(name).level for name in NEVER_DEBUG})
    yield
    root.handlers[:], level, levels = before
    root.setLevel(level)
    for name, one in levels.items():
        logging.getLogger(name).setLevel(one)


def logged(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> io.StringIO:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    set_up(Settings(_env_file=None, **settings))
    return out


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("using xoxb-123-456-abc now", "using xoxb-… now"),
        ("socket xapp-1-A0-zz", "socket xapp-…"),
        ("<login><password>hunter2</password></login>", "<login><password>…</password></login>"),
        ("<sessionid>Xq9</sessionid>", "<sessionid>…</sessionid>"),
        ("apiToken: abc.def", "apiToken: …"),
        ("Authorization: Bearer eyJhbGciOi", "Authorization: …"),
        ('{"client_secret": "s3", "a": 1}', '{"client_secret": "…", "a": 1}'),
        ("postgresql+psycopg://bot:pa55@db/bot", "postgresql+psycopg://bot:…@db/bot"),
        ("posted 37 transactions for HarborPine", "posted 37 transactions for HarborPine"),
    ],
)
def test_what_looks_like_a_secret_is_blanked_and_the_rest_stays(text: str, shown: str) -> None:
    assert blank(text) == shown


def test_a_merchant_cannot_write_a_log_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    out = logged(monkeypatch)

    logging.getLogger("bot.sync").info("read %s", "Evil\n2026-11-05 INFO bot all is well\x1b[2J")

    lines = out.getvalue().splitlines()
    assert len(lines) == 1
    assert "Evil\\n2026" in lines[0]
    assert "\x1b" not in lines[0]


def test_json_lines_carry_level_logger_message_and_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    out = logged(monkeypatch, log_format="json")

    try:
        int("token=abc123")
    except ValueError:
        logging.getLogger("bot").exception("it broke with %r", Secret("never"))

    said = json.loads(out.getvalue())
    assert (said["level"], said["logger"], said["message"]) == ("ERROR", "bot", "it broke with Secret()")
    assert "token=…" in said["trace"]
    assert "abc123" not in out.getvalue()


def test_libraries_that_log_bodies_stay_quiet_even_at_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    out = logged(monkeypatch, log_level="DEBUG")

    for name in NEVER_DEBUG:
        logging.getLogger(f"{name}.inner").setLevel(logging.DEBUG)  # as Bolt does
        logging.getLogger(f"{name}.inner").debug("body")
        logging.getLogger(f"{name}.inner").info("body")
    logging.getLogger("bot").debug("ours")

    assert "body" not in out.getvalue()
    assert "ours" in out.getvalue()


def test_a_command_that_prints_a_result_tells_warnings_only_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet, asked = io.StringIO(), io.StringIO()

    for out, settings in ((quiet, Settings(_env_file=None)), (asked, Settings(_env_file=None, log_level="INFO"))):
        monkeypatch.setattr(sys, "stderr", out)
        set_up(settings, passing=True)
        logging.getLogger("bot").info("by the way")
        logging.getLogger("bot").warning("beware")

    assert [text in quiet.getvalue() for text in ("by the way", "beware")] == [False, True]
    assert "by the way" in asked.getvalue()
