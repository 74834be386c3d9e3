"""What reaches the log, and what never does."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from bot.log import MOST, NEVER_DEBUG, blank, set_up
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
        ("postgresql://bot:pa@ss/w0rd@db/bot", "postgresql://bot:…@db/bot"),
        ("https://user:a/b@far.example/x", "https://user:…@far.example/x"),
        ("postgresql%3A%2F%2Fbot%3Apa55%40db", "postgresql%3A%2F%2Fbot%3A…%40db"),
        ("('authorization', 'Bearer eyJhbGciOi')", "('authorization', '…')"),
        ("[(b'apiToken', b'abc def')]", "[(b'apiToken', b'…')]"),
        ("{'password': 'two words, and a comma'}", "{'password': '…'}"),
        (r"{\"client_secret\": \"s3 x\"}", r"{\"client_secret\": \"…\"}"),
        ("<password><![CDATA[hun<ter>2]]></password>", "<password>…]]></password>"),
        ("&lt;password&gt;hun&amp;ter2&lt;/password&gt;", "&lt;password&gt;…&lt;/password&gt;"),
        ("%3Cpassword%3Ehunter2%3C%2Fpassword%3E", "%3Cpassword%3E…%3C%2Fpassword%3E"),
        ("client_secret%3Dhunter2 and more", "client_secret%3D… and more"),
        ("sent Bearer eyJhbGciOi to it", "sent Bearer … to it"),
        ("posting to https://hooks.slack.com/commands/T0/1/zzz failed", "posting to https://hooks.slack.com/… failed"),
        ("the token was refused, the password has expired", "the token was refused, the password has expired"),
        ("http://127.0.0.1:4000/api/ answers", "http://127.0.0.1:4000/api/ answers"),
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


def test_the_text_of_an_exception_begins_no_line_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    out = logged(monkeypatch)

    try:
        raise ValueError(  # noqa: TRY301  # as a library would
            "Evil\n2026-11-05 12:00:00,000 INFO    bot all is well\x1b[2J\u2028INFO bot"
        )
    except ValueError:
        logging.getLogger("bot").exception("it broke")

    first, *trace = out.getvalue().splitlines()
    assert first.endswith("ERROR   bot it broke")
    assert trace
    assert all(line.startswith("  | ") for line in trace)
    assert "\x1b" not in out.getvalue()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_long_record_is_cut_and_half_a_secret_with_it(monkeypatch: pytest.MonkeyPatch, log_format: str) -> None:
    out = logged(monkeypatch, log_format=log_format)

    for length in range(MOST - 30, MOST + 10, 3):
        logging.getLogger("bot").info("%s", "x " * (length // 2) + " postgresql://bot:hunter2@db/bot" + " y" * 200_000)
    try:
        raise RuntimeError("begin " + "z" * 200_000 + " the end")  # noqa: TRY301  # as a library would
    except RuntimeError:
        logging.getLogger("bot").exception("it broke")

    *cut, last = out.getvalue().split("begin ")
    assert "hunter2" not in out.getvalue()
    assert len(out.getvalue()) < 20 * (MOST + 500)
    assert "characters more" in cut[0]
    assert "the end" in last


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
