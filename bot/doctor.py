"""`python -m bot doctor`: is everything there that the bot needs? Each check is a line with its cure; nothing is changed for good."""

from __future__ import annotations

import asyncio
import sqlite3
from importlib import metadata
from pathlib import Path

import aiohttp
import httpx
import yaml
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.hints.classify import classify
from bot.intacct.client import Gateway, IntacctClient, SignIn
from bot.intacct.errors import IntacctError
from bot.models import Level, Secret
from bot.settings import Need, Settings, SettingsError, load, sender_doubt
from bot.slack_errors import app_token_refused, bot_token_refused, said
from bot.store.connections import without_owner
from bot.store.database import current, make_engine, newest
from bot.store.database_checks import damage, refused_write, silent_new_beginning
from bot.store.vault import Vault, VaultError

Line = tuple[str, str]
"""What was looked at, and the problem; empty when there is none."""

PATIENCE = 10.0
MANIFEST = Path(__file__).parent.parent / "manifest.yml"


async def examine() -> list[Line]:
    """All checks. Those that need a setting which is wrong or missing are left out, since their line is there already."""
    try:
        settings = load(Need.STORE, Need.INTACCT, Need.SLACK)
    except SettingsError as wrong:
        return [*_settings(wrong), *await _despite(wrong)]
    lines: list[Line] = [("settings", "")]
    lines += await _store(settings)
    lines += await _slack(settings)
    return lines + await _far_ends(settings)


def _settings(wrong: SettingsError) -> list[Line]:
    """Each problem is a line of its own, under the name of its variable."""
    found = []
    for line in str(wrong).splitlines()[1:]:
        name, _, rest = line.strip().partition(" ")
        found.append((name, rest))
    return found


async def _despite(wrong: SettingsError) -> list[Line]:
    """What can be looked at although some settings are missing."""
    try:
        settings = load()
    except SettingsError:
        return []
    unusable = {name for name, _ in _settings(wrong)}
    lines = await _store(settings) if not unusable & {"DATABASE_URL", "ENCRYPTION_KEYS", "DATA_DIR"} else []
    return lines + await _far_ends(settings)


# --- the database and its keys ---


async def _store(settings: Settings) -> list[Line]:
    lines: list[Line] = []
    if settings.on_sqlite:
        lines.append(_sqlite())
    database = await _database(settings)
    lines += [database, _keys(settings)]
    if not database[1]:
        lines += await _owners(settings)
    return lines


def _sqlite() -> Line:
    what = f"SQLite {sqlite3.sqlite_version}, DBOS {metadata.version('dbos')}"
    old = sqlite3.sqlite_version_info < (3, 35)
    return what, "3.35 or later is needed (UPDATE … RETURNING)" if old else ""


async def _database(settings: Settings) -> Line:
    """Whether it answers, and on which schema. One that is not there yet is made at the first start."""
    file = settings.store_url.partition(":///")[2] if settings.on_sqlite else ""
    if lost := await asyncio.to_thread(_lost, settings):
        return "database", lost
    if file and not _there(file):
        return f"database {file} (made at the first start)", _writable(Path(file).parent)
    if file and (wrong := await asyncio.to_thread(damage, Path(file))):
        return f"database {file}", f"it is damaged ({wrong}): stop the bot and restore the last backup"
    engine = make_engine(settings.store_url)
    try:
        async with asyncio.timeout(PATIENCE), engine.connect():
            version = await asyncio.to_thread(current, settings.store_url)
        wanted = newest()
        async with asyncio.timeout(PATIENCE):
            refused = await refused_write(engine) if version == wanted else ""
    except (SQLAlchemyError, OSError, TimeoutError) as trouble:
        return "database", f"{type(trouble).__name__}: it does not answer at DATABASE_URL"
    finally:
        await engine.dispose()
    if version != wanted:
        behind = f"it is at version {version or 'none'}; python -m bot db upgrade brings it to {wanted}"
        return f"database at schema {version}", behind
    return f"database at schema {version}", f"a write as a sync makes it fails: {refused}" if refused else ""


def _lost(settings: Settings) -> str:
    """Why the next start will refuse; a database that does not answer is told of where it is asked."""
    try:
        return silent_new_beginning(settings)
    except SQLAlchemyError:
        return ""


async def _owners(settings: Settings) -> list[Line]:
    """Connections that nobody owns: in Slack only the people on their own lists have rights then."""
    if settings.on_sqlite and not _there(settings.store_url.partition(":///")[2]):
        return []
    engine = make_engine(settings.store_url)
    try:
        async with asyncio.timeout(PATIENCE):
            found = await without_owner(engine)
    except (SQLAlchemyError, OSError, TimeoutError) as trouble:
        return [("owners of connections", f"{type(trouble).__name__}: the database does not tell")]
    finally:
        await engine.dispose()
    if not found:
        return []
    names = ", ".join(f"{name} ({connection})" for connection, name in found[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    cure = "only people on its own lists may do anything in Slack; python -m bot connections owner ID USER names one"
    return [("owners of connections", f"without one: {names}{more}; {cure}")]


def _there(file: str) -> bool:
    return Path(file).exists()


def _writable(folder: Path) -> str:
    there = next((one for one in (folder, *folder.absolute().parents) if one.exists()), folder)
    probe = there / ".doctor"
    try:
        probe.touch()
        probe.unlink()
    except OSError as refused:
        return f"{there} cannot be written to ({refused.strerror}); set DATA_DIR to a folder that can"
    return ""


def _keys(settings: Settings) -> Line:
    """Keys that work, and where they lie in a file, nobody else may read it."""
    given = [key.strip() for key in settings.encryption_keys.get_secret_value().split(",") if key.strip()]
    file = settings.data_dir / "encryption.key"
    what = "encryption keys from ENCRYPTION_KEYS" if given else f"encryption key in {file}"
    if not given and not file.exists():
        return f"{what} (made at the first start)", ""
    try:
        if not given and file.stat().st_mode & 0o077:
            return what, f"other people of this machine may read it: chmod 600 {file}"
        vault = Vault(given or file.read_text().split())
        vault.open(vault.seal(Secret("probe")))
    except (VaultError, OSError) as wrong:
        return what, str(wrong)
    return what, ""


# --- Slack ---


async def _slack(settings: Settings) -> list[Line]:
    lines: list[Line] = []
    client = AsyncWebClient(settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api_url, timeout=10)
    try:
        me = await client.auth_test()
    except SlackApiError as refused:
        return [bot_token_refused(refused) if said(refused) else ("Slack", _no_answer(settings))]
    except (aiohttp.ClientError, TimeoutError, OSError) as lost:
        return [("Slack", f"{settings.slack_api_url} is not to be reached ({type(lost).__name__})")]
    lines.append((f"Slack bot token of {me.get('team')}", ""))
    headers = {str(name).lower(): value for name, value in (me.headers or {}).items()}
    lines.append(("Slack scopes", _scopes(str(headers.get("x-oauth-scopes", "")))))
    if settings.slack_mode == "socket":
        lines.append(await _socket(settings))
    return lines


def _no_answer(settings: Settings) -> str:
    return f"{settings.slack_api_url} does not answer as Slack does; is a proxy in between?"


def _scopes(granted: str) -> str:
    """The scopes that the manifest asks for and the token lacks."""
    wanted = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))["oauth_config"]["scopes"]["bot"]
    missing = sorted(set(wanted) - {one.strip() for one in granted.split(",")})
    return f"missing: {', '.join(missing)}; install the app again from manifest.yml" if missing else ""


async def _socket(settings: Settings) -> Line:
    client = AsyncWebClient(base_url=settings.slack_api_url, timeout=10)
    try:
        await client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except SlackApiError as refused:
        return app_token_refused(refused) if said(refused) else ("Slack app token", _no_answer(settings))
    except (aiohttp.ClientError, TimeoutError, OSError) as lost:
        return "Slack app token", f"not to be reached ({type(lost).__name__})"
    return "Slack app token", ""


# --- Intacct and Spend Center ---


async def _far_ends(settings: Settings) -> list[Line]:
    ends = [("Intacct", await _intacct(settings)), ("Spend Center", await _spend_center(settings))]
    return [*ends, await _token_host(settings)]


async def _intacct(settings: Settings) -> str:
    """Signs in to a company that does not exist: whether the gateway answers, and whether it knows our sender."""
    gateway = Gateway(settings.intacct_url, settings.intacct_sender_id, settings.sender_password)
    client = IntacctClient(gateway, SignIn("no-such-company-doctor", "doctor", Secret("doctor")))
    try:
        async with asyncio.timeout(PATIENCE):
            await client.sign_in("")
    except IntacctError as refused:
        if refused.fault.level is Level.TRANSPORT:
            return f"{settings.intacct_url} does not answer as Intacct does ({type(refused).__name__})"
        if settings.intacct_sender_id and classify(refused.fault).category == "auth.sender_credentials":
            refusal = "the gateway answers, and refuses INTACCT_SENDER_ID or INTACCT_SENDER_PASSWORD"
            doubt = sender_doubt(settings.intacct_sender_id)
            return f"{refusal}: {doubt}" if doubt else refusal
    except TimeoutError:
        return f"{settings.intacct_url} does not answer within {PATIENCE:.0f} s"
    finally:
        await client.aclose()
    return ""


async def _spend_center(settings: Settings) -> str:
    """Whether it answers at all: any answer counts, since nobody has signed in."""
    return await _answers(settings.spend_center_url, f"{settings.spend_center_url}/v3/spend/users/current")


async def _token_host(settings: Settings) -> Line:
    """Where access tokens come from. Only connections with a client ID need it, so it is a problem only where it is set."""
    url = settings.spend_token_url
    if not url:
        return "Spend Center access tokens (OAuth): SPEND_CENTER_TOKEN_URL is not set; only a client ID needs it", ""
    problem = await _answers(url, url)
    if problem and not settings.spend_center_token_url:
        return f"Spend Center access tokens (OAuth), which only a client ID needs: {problem}", ""
    return f"Spend Center access tokens (OAuth) from {url}", problem


async def _answers(address: str, url: str) -> str:
    try:
        async with httpx.AsyncClient(timeout=PATIENCE) as http, http.stream("GET", url) as answer:
            pass  # what it says is not read
    except (httpx.HTTPError, httpx.InvalidURL) as lost:
        return f"{address} is not to be reached ({type(lost).__name__})"
    return f"{address} answers HTTP {answer.status_code}" if answer.status_code >= 500 else ""
