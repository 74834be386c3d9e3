"""Logging: text for people, JSON for collectors.

Libraries log bodies and headers, so nothing of theirs below a warning is let through. What looks like a secret
is blanked all the same, and foreign text cannot begin a line of its own.
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

_SECRETS = re.compile(
    r"(?P<token>\b(?:xox[a-z]|xapp|xwfp)-)[A-Za-z0-9-]+"
    r"|(?P<tag><(?P<name>password|sessionid|authtoken)\b[^>]*>)[^<]*"
    r"|(?P<pair>[\w-]*(?:password|passwd|secret|token|authorization|sessionid)[\"']?\s*[=:]\s*[\"']?)(?!Secret\()(?:Bearer\s+)?[^\s\"',;<>]+"
    r"|(?P<url>://[^/\s:@]+:)[^@\s/]+(?=@)",
    re.IGNORECASE,
)


def blank(text: str) -> str:
    """The text without what looks like a secret: Slack tokens, password elements, `token=…` pairs, passwords in URLs."""
    return _SECRETS.sub(lambda hit: next(filter(None, hit.group("token", "tag", "pair", "url"))) + "…", text)


class Lines(logging.Formatter):
    """A line each; line breaks and other control characters in a message are shown as escapes."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the name is logging's
        record.message = "".join(one if one.isprintable() else repr(one)[1:-1] for one in blank(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802  # the name is logging's
        return blank(super().formatException(ei))  # type: ignore[arg-type]  # logging's own type is private


class JsonLines(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "logger": record.name,
            "message": blank(record.getMessage()),
        }
        if record.exc_info:
            said["trace"] = blank(self.formatException(record.exc_info))
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
