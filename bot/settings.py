"""Every setting: an environment variable or a line of `.env`. All problems are told at once, each with its cure."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.models import Secret


class Need(StrEnum):
    """What a command cannot do without."""

    STORE = "store"
    INTACCT = "intacct"
    SLACK = "slack"


WHERE = {
    "SLACK_BOT_TOKEN": "api.slack.com > your app > OAuth & Permissions > Bot User OAuth Token; it starts with xoxb-",
    "SLACK_APP_TOKEN": "api.slack.com > your app > Basic Information > App-Level Tokens (scope connections:write); it starts with xapp-",
    "SLACK_SIGNING_SECRET": "api.slack.com > your app > Basic Information > Signing Secret",
    "SLACK_MODE": "socket (no public address needed) or http",
    "SLACK_API_URL": "leave it out for Slack itself, https://slack.com/api/",
    "SLACK_CLIENT_ID": "api.slack.com > your app > Basic Information > Client ID; only to install into several workspaces",
    "SLACK_CLIENT_SECRET": "api.slack.com > your app > Basic Information > Client Secret",
    "PORT": "a free TCP port for /healthz, 1 to 65535",
    "INTACCT_URL": "leave it out for Intacct itself, https://api.intacct.com/ia/xml/xmlgw.phtml",
    "INTACCT_SENDER_ID": "the Web Services sender ID of your Sage Intacct developer licence, lower case",
    "INTACCT_SENDER_PASSWORD": "the password that came with the sender ID",
    "INTACCT_SETTLE_AFTER": "seconds, 1200 unless Sage tells you otherwise",
    "SPEND_CENTER_URL": "leave it out for https://gateway.prod.bill.com/connect; it ends in /connect",
    "DATABASE_URL": "sqlite+aiosqlite:///path/to/file.db or postgresql+psycopg://user:password@host/name",
    "DATA_DIR": "a folder that this program may write to",
    "ENCRYPTION_KEYS": "make one with: python -m bot keys new; on PostgreSQL it is required",
    "LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR",
    "LOG_FORMAT": "text or json",
}


class SettingsError(Exception):
    """Wrong or missing settings; the text lists all of them."""


class Settings(BaseSettings):
    """The settings as read. Secrets are blank in `repr`; addresses are checked for their scheme."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True, str_strip_whitespace=True
    )

    slack_bot_token: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    slack_signing_secret: SecretStr = SecretStr("")
    slack_mode: Literal["socket", "http"] = "socket"
    slack_api_url: str = "https://slack.com/api/"
    slack_client_id: str = ""
    slack_client_secret: SecretStr = SecretStr("")
    port: int = Field(default=8080, ge=1, le=65535)
    intacct_url: str = "https://api.intacct.com/ia/xml/xmlgw.phtml"
    intacct_sender_id: str = ""
    intacct_sender_password: SecretStr = SecretStr("")
    intacct_settle_after: float = Field(default=1200, ge=0)
    spend_center_url: str = "https://gateway.prod.bill.com/connect"
    database_url: str = ""
    data_dir: Path = Path(".data")
    encryption_keys: SecretStr = SecretStr("")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @property
    def store_url(self) -> str:
        """The database, as a SQLAlchemy URL with its async driver; a SQLite file in `DATA_DIR` unless told otherwise."""
        url = self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'bot.db'}"
        scheme, rest = url.split(":", 1)
        drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
        return f"{drivers.get(scheme, scheme)}:{rest}"

    @property
    def on_sqlite(self) -> bool:
        return self.store_url.startswith("sqlite")

    @property
    def sender_password(self) -> Secret:
        return Secret(self.intacct_sender_password.get_secret_value())


def load(*needs: Need, env_file: str | None = ".env") -> Settings:
    """Read the settings and check that they suffice for `needs`.

    Raises:
        SettingsError: with every problem in one message, a line each.
    """
    problems: list[str] = []
    settings: Settings | None = None
    try:
        settings = Settings(_env_file=env_file)
    except ValidationError as refused:
        for error in refused.errors(include_input=False, include_url=False):
            name = str(error["loc"][0]).upper()
            problems.append(_line(name, f"is not usable ({error['msg'].lower()})"))
    if settings is not None:
        problems += _addresses(settings) + [p for need in needs for p in _missing(settings, need)]
    if problems or settings is None:
        several = f"{len(problems)} settings need attention" if len(problems) > 1 else "One setting needs attention"
        raise SettingsError("\n".join([f"{several}:", *problems]))
    return settings


def _line(name: str, what: str) -> str:
    return f"  {name} {what}. Where to find it: {WHERE.get(name, 'see docs/operating.md')}"


def _addresses(settings: Settings) -> list[str]:
    found = []
    for name in ("SLACK_API_URL", "INTACCT_URL", "SPEND_CENTER_URL"):
        parts = urlsplit(getattr(settings, name.lower()))
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            found.append(_line(name, "is not an http or https address"))
    if settings.database_url and not settings.store_url.startswith(("sqlite+aiosqlite:", "postgresql+psycopg:")):
        found.append(_line("DATABASE_URL", "names a database other than SQLite or PostgreSQL"))
    if not settings.on_sqlite and not settings.encryption_keys.get_secret_value():
        found.append(_line("ENCRYPTION_KEYS", "is missing; with PostgreSQL every replica needs the same keys"))
    return found


def _missing(settings: Settings, need: Need) -> list[str]:
    if need is Need.INTACCT:
        return _absent(settings, "INTACCT_SENDER_ID", "INTACCT_SENDER_PASSWORD")
    if need is not Need.SLACK:
        return []
    names = ["SLACK_BOT_TOKEN"] + (["SLACK_APP_TOKEN"] if settings.slack_mode == "socket" else ["SLACK_SIGNING_SECRET"])
    found = _absent(settings, *names)
    for name, start in (("SLACK_BOT_TOKEN", "xoxb-"), ("SLACK_APP_TOKEN", "xapp-")):
        value = getattr(settings, name.lower()).get_secret_value()
        if value and not value.startswith(start):
            found.append(_line(name, f"does not start with {start}"))
    return found


def _absent(settings: Settings, *names: str) -> list[str]:
    found = []
    for name in names:
        value = getattr(settings, name.lower())
        if not (value.get_secret_value() if isinstance(value, SecretStr) else value):
            found.append(_line(name, "is missing"))
    return found
