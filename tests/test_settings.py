"""Settings: all problems at once, each with its cure, and no secret in any of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import WHERE, Need, Settings, SettingsError, load, sender_doubt
from bot.store.vault import new_key

ENOUGH = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "INTACCT_SENDER_ID": "harborpine-bot",
    "INTACCT_SENDER_PASSWORD": "hunter2",
}


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No setting at all, and a folder without a `.env`."""
    for name in WHERE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def told(*needs: Need) -> list[str]:
    """The names that a refusal names, in its order."""
    with pytest.raises(SettingsError) as refused:
        load(*needs)
    first, *lines = str(refused.value).splitlines()
    assert first == ("One setting needs attention:" if len(lines) == 1 else f"{len(lines)} settings need attention:")
    assert all("Where to find it: " in line for line in lines)
    return [line.split()[0] for line in lines]


def test_the_store_needs_nothing(environ: pytest.MonkeyPatch) -> None:
    settings = load(Need.STORE)

    assert settings.on_sqlite
    assert settings.store_url == "sqlite+aiosqlite:///.data/bot.db"


def test_everything_that_is_missing_is_named_at_once(environ: pytest.MonkeyPatch) -> None:
    assert told(Need.STORE, Need.INTACCT, Need.SLACK) == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "INTACCT_SENDER_ID",
        "INTACCT_SENDER_PASSWORD",
    ]


def test_one_that_cannot_be_read_hides_none_of_the_others(environ: pytest.MonkeyPatch) -> None:
    for name, value in {"PORT": "many", "INTACCT_SETTLE_AFTER": "-1", "LOG_LEVEL": "loud"}.items():
        environ.setenv(name, value)
    environ.setenv("SPEND_CENTER_URL", "gateway.example")

    assert told(Need.INTACCT) == [
        *("PORT", "INTACCT_SENDER_ID", "INTACCT_SENDER_PASSWORD", "INTACCT_SETTLE_AFTER", "SPEND_CENTER_URL"),
        "LOG_LEVEL",
    ]


def test_what_is_enough_is_enough_in_both_modes(environ: pytest.MonkeyPatch) -> None:
    for name, value in ENOUGH.items():
        environ.setenv(name, value)

    assert load(*Need).slack_mode == "socket"
    environ.setenv("SLACK_MODE", "HTTP")
    assert told(*Need) == ["SLACK_SIGNING_SECRET"]
    environ.setenv("SLACK_SIGNING_SECRET", "s")
    environ.delenv("SLACK_APP_TOKEN")
    assert load(*Need).slack_mode == "http"


def test_an_install_flow_that_is_not_there_yet_is_refused_for_slack_alone(environ: pytest.MonkeyPatch) -> None:
    for name, value in ENOUGH.items():
        environ.setenv(name, value)
    environ.setenv("SLACK_CLIENT_ID", "111.222")
    environ.setenv("SLACK_CLIENT_SECRET", "hunter3")

    assert told(*Need) == ["SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"]
    with pytest.raises(SettingsError, match="cannot be installed into several workspaces") as refused:
        load(*Need)
    assert "hunter3" not in str(refused.value)
    assert load(Need.STORE, Need.INTACCT).slack_client_id == "111.222"

    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        environ.setenv(name, "")
    load(*Need)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-person"),
        ("SLACK_APP_TOKEN", "xoxb-swapped"),
        ("INTACCT_URL", "ftp://api.intacct.com"),
        ("INTACCT_URL", "https://host:port/"),
        ("SLACK_API_URL", "slack.example/api"),
        ("DATABASE_URL", "mysql://bot:word@host/bot"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "postgresql+asyncpg://bot:word@host/bot"),
        ("INTACCT_SENDER_ID", "harborpine bot"),
        ("ENCRYPTION_KEYS", "short"),
        ("ENCRYPTION_KEYS", "äöü"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_value_that_cannot_work_is_refused_without_being_shown(
    environ: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for other, good in ENOUGH.items():
        environ.setenv(other, good)
    environ.setenv(name, value)

    assert told(*Need) == [name]
    with pytest.raises(SettingsError) as refused:
        load(*Need)
    assert value not in str(refused.value) or name in {"PORT", "LOG_FORMAT"}


@pytest.mark.parametrize(
    ("api", "tokens"),
    [
        ("https://gateway.prod.bill.com/connect", "https://auth.prod.bill.com/authx/token"),
        ("https://gateway.stage.bill.com/connect/", "https://auth.stage.bill.com/authx/token"),
        ("https://gateway.prod.bill.com.example/connect", ""),
        ("http://gateway.prod.bill.com/connect", ""),
        ("https://spend.bank.example/connect", ""),
        ("http://127.0.0.1:8412/connect", ""),
    ],
)
def test_access_tokens_come_from_the_host_beside_bills_gateway_unless_another_is_set(
    environ: pytest.MonkeyPatch, api: str, tokens: str
) -> None:
    environ.setenv("SPEND_CENTER_URL", api)
    assert load().spend_token_url == tokens
    environ.setenv("SPEND_CENTER_TOKEN_URL", "https://auth.bank.example/token")
    assert load().spend_token_url == "https://auth.bank.example/token"
    environ.setenv("SPEND_CENTER_TOKEN_URL", "auth.bank.example")
    assert told() == ["SPEND_CENTER_TOKEN_URL"]


def test_a_sender_id_with_capitals_is_doubted_and_not_refused(environ: pytest.MonkeyPatch) -> None:
    for name, value in ENOUGH.items():
        environ.setenv(name, value)
    environ.setenv("INTACCT_SENDER_ID", "  HarborPine-Bot ")

    assert load(*Need).intacct_sender_id == "HarborPine-Bot"
    assert sender_doubt("HarborPine-Bot").endswith("try harborpine-bot")
    assert sender_doubt("harborpine-bot") == ""


def test_postgresql_needs_keys_since_replicas_share_them(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("DATABASE_URL", "postgres://bot:word@host/bot")

    assert told(Need.STORE) == ["ENCRYPTION_KEYS"]
    environ.setenv("ENCRYPTION_KEYS", f"{new_key()}, {new_key()}")
    assert load(Need.STORE).store_url == "postgresql+psycopg://bot:word@host/bot"


def test_an_empty_variable_is_as_good_as_none(environ: pytest.MonkeyPatch) -> None:
    for name in WHERE:
        environ.setenv(name, "")

    assert load(Need.STORE) == Settings(_env_file=None)


def test_a_file_gives_what_the_environment_does_not(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9001\nLOG_LEVEL=debug\nSOMETHING_ELSE=1\n", encoding="utf-8")
    environ.setenv("PORT", "9002")

    settings = load()

    assert (settings.port, settings.log_level) == (9002, "DEBUG")


def test_a_file_that_is_no_text_is_a_sentence(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff\xfe")

    with pytest.raises(SettingsError, match="cannot be read"):
        load()


def test_secrets_stay_out_of_what_is_printed(environ: pytest.MonkeyPatch) -> None:
    for name, value in ENOUGH.items():
        environ.setenv(name, value)

    shown = repr(load(*Need)) + str(load(*Need))

    assert not any(value in shown for name, value in ENOUGH.items() if name != "INTACCT_SENDER_ID")


def test_each_setting_says_where_to_find_it() -> None:
    assert list(WHERE) == [name.upper() for name in Settings.model_fields]
