"""Logging: text for people, JSON for collectors.

Libraries log bodies and headers, so nothing of theirs below a warning is let through. What looks like a secret
is blanked all the same, texts are capped, and foreign text cannot begin a line of its own.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time

from bot.settings import Settings

NEVER_DEBUG = (
    "slack_bolt",
    "slack_sdk",
    "httpx",
    "httpcore",
    "aiohttp",
    "alembic",
    "sqlalchemy",
    "aiosqlite",
    "dbos",
    "apscheduler",
)

_OPEN, _CLOSE = r"(?:<|&lt;|%3C|\\u003c)", r"(?:>|&gt;|%3E|\\u003e)"
_NAMES = r"(?:password|passwd|pwd|secret|token|authorization|session_?id|api_?key|encryption_keys?)"
_QUOTE = r"\\{0,3}[\"']"

_SECRETS = re.compile(
    r"(?P<token>\b(?:xox[a-z]|xapp|xwfp)-)[A-Za-z0-9-]+"
    r"|(?P<hook>\bhooks\.slack\.com(?:/|%2F))[^\s\"'<>]+"
    # an element, also written as text inside of another document, and as CDATA
    rf"|(?P<tag>{_OPEN}(?:\w{{1,20}}:)?\w{{0,20}}{_NAMES}\b[^<>&%]{{0,100}}{_CLOSE})"
    rf"(?:<!\[CDATA\[(?:(?!\]\]>).){{0,400}}|(?:(?!{_OPEN}).){{0,400}})"
    # name and value: token=…, 'token': '…', ('token', '…'), token%3D…
    rf"|(?P<pair>{_NAMES}(?:{_QUOTE})?(?:\s{{0,3}}(?:=>|[=:]|%3D|%3A)\s{{0,3}}(?:b?{_QUOTE})?|(?<=[\"'])\s?,\s?b?{_QUOTE}))"
    r"(?!Secret(?:Str)?\()(?:(?:Bearer|Basic)\s{1,3})?(?:(?<=[\"'])(?:[^\"'\\]|\\(?![\"'])){1,400}|[^\s\"',;<>]+)"
    r"|(?P<scheme>\b(?:Bearer|Basic)\s{1,3})[A-Za-z0-9._~+/=-]{8,}"
    # user:password@ of an address, whatever the password is made of
    r"|(?P<url>(?:://|%3A%2F%2F)[^\s/:@\"'<>%]{0,100}(?::|%3A))[^\s\"'<>]{1,300}(?=@|%40)",
    re.IGNORECASE,
)

MOST = 8_000
"""Characters of a message or of a trace that are logged; they are few enough to be looked through in a moment."""

_LAST_WORD = 400
"""Of what is cut, so much may be the half of a secret."""


def blank(text: str) -> str:
    """The text without what looks like a secret: Slack tokens and answer addresses, password elements, `token=…` pairs, passwords in addresses."""
    return _SECRETS.sub(_name_of, text)


def _name_of(hit: re.Match[str]) -> str:
    return f"{next(filter(None, hit.group('token', 'hook', 'tag', 'pair', 'scheme', 'url')))}…"


def capped(text: str, most: int = MOST) -> str:
    """The beginning of a long text; nothing is left of a word that was cut, since it may be half a secret."""
    if len(text) <= most:
        return text
    head = text[:most].rsplit(maxsplit=1)[0]
    head = head if len(head) >= most - _LAST_WORD else text[: most - _LAST_WORD]
    return f"{head} … ({len(text) - len(head)} characters more)"


def trace_of(text: str) -> str:
    """A trace: of a long one its beginning and its end, which names the exception."""
    half = MOST // 2
    return text if len(text) <= MOST else f"{capped(text[:-half], half)}\n{capped(text[-half:], half)}"


class Lines(logging.Formatter):
    """A line each; line breaks and other control characters in a message are shown as escapes.

    A trace has lines of its own, each begun with a bar, so that a text in it cannot pass for a line of the log.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the name is logging's
        record.message = _on_one_line(blank(capped(record.message)))
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802  # the name is logging's
        return _barred(super().formatException(ei))  # type: ignore[arg-type]  # logging's own type is private

    def formatStack(self, stack_info: str) -> str:  # noqa: N802  # the name is logging's
        return _barred(super().formatStack(stack_info))


def _barred(trace: str) -> str:
    return "\n".join(f"  | {_on_one_line(line)}" for line in blank(trace_of(trace)).splitlines())


def _on_one_line(text: str) -> str:
    return text if text.isprintable() else "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


class JsonLines(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "logger": record.name,
            "message": blank(capped(record.getMessage())),
        }
        if record.exc_info:
            said["trace"] = blank(trace_of(self.formatException(record.exc_info)))
        return json.dumps(said, ensure_ascii=False)


def set_up(settings: Settings, *, passing: bool = False) -> None:
    """Send the log to standard error.

    Args:
        settings: where level and form come from.
        passing: a command that prints a result and ends; it tells warnings only, unless a level was asked for.
    """
    level = "WARNING" if passing and "log_level" not in settings.model_fields_set else settings.log_level
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if settings.log_format == "json" else Lines())
    handler.addFilter(_quiet)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in NEVER_DEBUG:
        logging.getLogger(name).setLevel(logging.WARNING)


def _quiet(record: logging.LogRecord) -> bool:
    """Also where a library gave a logger of its own another level, as Bolt does from the root's."""
    return record.levelno >= logging.WARNING or record.name.split(".")[0] not in NEVER_DEBUG
