"""Every setting: an environment variable or a line of `.env`. All problems are told at once, each with its cure."""

from __future__ import annotations

import base64
import re
from enum import StrEnum
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
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
    "SLACK_CLIENT_ID": "leave it out; one workspace needs its SLACK_BOT_TOKEN only",
    "SLACK_CLIENT_SECRET": "leave it out; one workspace needs its SLACK_BOT_TOKEN only",
    "PORT": "a free TCP port for /healthz, 1 to 65535",
    "INTACCT_URL": "leave it out for Intacct itself, https://api.intacct.com/ia/xml/xmlgw.phtml",
    "INTACCT_SENDER_ID": "the Web Services sender ID of your Sage Intacct developer licence, lower case",
    "INTACCT_SENDER_PASSWORD": "the password that came with the sender ID",
    "INTACCT_SETTLE_AFTER": "seconds, 1200 unless Sage tells you otherwise",
    "SPEND_CENTER_URL": "leave it out for https://gateway.prod.bill.com/connect; it ends in /connect",
    "SPEND_CENTER_TOKEN_URL": "BILL's page on OAuth; leave it out for gateway.<env>.bill.com, whose tokens come from https://auth.<env>.bill.com/authx/token",
    "SPEND_CENTER_CALLS_PER_MINUTE": "60 unless BILL granted your token more",
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
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
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
    spend_center_token_url: str = ""
    spend_center_calls_per_minute: int = Field(default=60, ge=1)
    database_url: str = ""
    data_dir: Path = Path(".data")
    encryption_keys: SecretStr = SecretStr("")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator("log_level", "log_format", "slack_mode", mode="before")
    @classmethod
    def _any_case(cls, value: object, info: ValidationInfo) -> object:
        """`info` and `INFO` are one level."""
        if not isinstance(value, str):
            return value
        return value.upper() if info.field_name == "log_level" else value.lower()

    @property
    def store_url(self) -> str:
        """The database, as a SQLAlchemy URL with its async driver; a SQLite file in `DATA_DIR` unless told otherwise."""
        url = self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'bot.db'}"
        scheme, _, rest = url.partition(":")
        drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
        return f"{drivers.get(scheme, scheme)}:{rest}"

    @property
    def spend_token_url(self) -> str:
        """Where OAuth client credentials are changed for an access token: as set, else as derived; empty if neither."""
        return self.spend_center_token_url or token_url_of(self.spend_center_url)

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
    problems: dict[str, str] = {}
    try:
        settings = Settings(_env_file=env_file)
    except ValidationError as refused:
        wrong = {str(one["loc"][0]): one["msg"] for one in refused.errors(include_input=False, include_url=False)}
        problems = {name.upper(): f"is not usable ({what.lower()})" for name, what in wrong.items()}
        defaults = {name: Settings.model_fields[name].get_default() for name in wrong}
        settings = Settings(_env_file=env_file, **defaults)  # so that the others are looked at as well
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            f"The file {env_file} cannot be read: it has to be UTF-8 text, readable for this user."
        ) from None
    for found in (_addresses(settings), *(_missing(settings, need) for need in needs)):
        problems = found | problems
    if problems:
        several = f"{len(problems)} settings need attention" if len(problems) > 1 else "One setting needs attention"
        raise SettingsError(
            "\n".join([f"{several}:", *(_line(name, problems[name]) for name in WHERE if name in problems)])
        )
    return settings


def sender_doubt(sender_id: str) -> str:
    """A likely reason why Intacct refuses this sender ID; empty when nothing meets the eye.

    Sage gives sender IDs out in lower case, and its gateway tells capitals apart.
    """
    proper = sender_id.lower()
    if sender_id == proper:
        return ""
    return f"the sender ID {sender_id} has capital letters, and Intacct tells them apart; try {proper}"


def token_url_of(base_url: str) -> str:
    """The token host of one of BILL's gateways: `gateway.<env>` has its own beside it. Empty for any other address.

    >>> token_url_of("https://gateway.stage.bill.com/connect")
    'https://auth.stage.bill.com/authx/token'
    """
    found = re.fullmatch(r"https://gateway\.([a-z0-9-]+)\.bill\.com(?::443)?(?:/.*)?", base_url.strip(), re.IGNORECASE)
    return f"https://auth.{found[1].lower()}.bill.com/authx/token" if found else ""


def _line(name: str, what: str) -> str:
    return f"  {name} {what}. Where to find it: {WHERE.get(name, 'see docs/operating.md')}"


def _addresses(settings: Settings) -> dict[str, str]:
    """Problems by name: addresses that are none, a database that is neither of the two, keys that are not shared."""
    found = {}
    for name in ("SLACK_API_URL", "INTACCT_URL", "SPEND_CENTER_URL", "SPEND_CENTER_TOKEN_URL"):
        address = getattr(settings, name.lower())
        if not _is_address(address) and (address or name != "SPEND_CENTER_TOKEN_URL"):  # which may be empty
            found[name] = "is not an http or https address"
    if settings.database_url and not settings.store_url.startswith(("sqlite+aiosqlite:", "postgresql+psycopg:")):
        found["DATABASE_URL"] = "names a database other than SQLite or PostgreSQL"
    elif not settings.on_sqlite and not settings.encryption_keys.get_secret_value():
        found["ENCRYPTION_KEYS"] = "is missing; with PostgreSQL every replica needs the same keys"
    if not all(_is_key(one.strip()) for one in settings.encryption_keys.get_secret_value().split(",") if one.strip()):
        found["ENCRYPTION_KEYS"] = "holds something that is no key"
    return found


def _is_key(text: str) -> bool:
    """Whether this is a Fernet key: 32 bytes as URL-safe base64; the cipher itself is not loaded for that."""
    try:
        return len(base64.urlsafe_b64decode(text)) == 32
    except ValueError:
        return False


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # a port that is no number, a bracket left open
        return False


def _missing(settings: Settings, need: Need) -> dict[str, str]:
    """Problems by name: what this need wants and does not find."""
    if need is Need.INTACCT:
        blank = {"INTACCT_SENDER_ID": "has a blank inside"} if re.search(r"\s", settings.intacct_sender_id) else {}
        return blank | _absent(settings, "INTACCT_SENDER_ID", "INTACCT_SENDER_PASSWORD")
    if need is not Need.SLACK:
        return {}
    second = "SLACK_APP_TOKEN" if settings.slack_mode == "socket" else "SLACK_SIGNING_SECRET"
    found = {}
    for name, start in (("SLACK_BOT_TOKEN", "xoxb-"), ("SLACK_APP_TOKEN", "xapp-")):
        value = getattr(settings, name.lower()).get_secret_value()
        if value and not value.startswith(start):
            found[name] = f"does not start with {start}"
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        if name not in _absent(settings, name):
            found[name] = "is set, but this version cannot be installed into several workspaces"
    return found | _absent(settings, "SLACK_BOT_TOKEN", second)


def _absent(settings: Settings, *names: str) -> dict[str, str]:
    found = {}
    for name in names:
        value = getattr(settings, name.lower())
        if not (value.get_secret_value() if isinstance(value, SecretStr) else value):
            found[name] = "is missing"
    return found
