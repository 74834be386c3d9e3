"""A database that is lost is not replaced by an empty one without a word; a first start, and one that was killed, go on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from bot.__main__ import app
from bot.doctor import examine
from bot.settings import Settings
from bot.store.database import newest, open_store
from bot.store.interrupted_upgrade import UnusableDatabaseError
from bot.store.vault import new_key


def settings_for(folder: Path, **values: Any) -> Settings:
    return Settings(_env_file=None, data_dir=folder, **values)


async def opened(settings: Settings) -> None:
    await (await open_store(settings)).close()


def gone(file: Path) -> None:
    for end in ("", "-wal", "-shm"):
        Path(f"{file}{end}").unlink(missing_ok=True)


def emptied(file: Path) -> None:
    gone(file)
    file.touch()


LOST: dict[str, Callable[[Path], None]] = {"gone": gone, "emptied": emptied}


@pytest.mark.parametrize("how", LOST)
@pytest.mark.parametrize("standing", ["encryption.key", "engine.db"])
async def test_a_start_refuses_where_key_or_engine_stand_and_goes_on_with_the_backup(
    tmp_path: Path, how: str, standing: str
) -> None:
    settings = settings_for(tmp_path, **({} if standing == "encryption.key" else {"encryption_keys": new_key()}))
    await opened(settings)
    if standing == "engine.db":
        sqlite3.connect(tmp_path / "engine.db").close()
    backup = tmp_path / "backup.db"
    with closing(sqlite3.connect(tmp_path / "bot.db")) as db, closing(sqlite3.connect(backup)) as copy:
        db.execute("INSERT INTO lanes VALUES ('kept', 1)")
        db.commit()
        db.backup(copy)
    LOST[how](tmp_path / "bot.db")

    with pytest.raises(UnusableDatabaseError, match=r"Restore.*db upgrade --new") as refused:
        await opened(settings)
    assert standing in str(refused.value)
    assert not (tmp_path / "bot.db").exists() or not (tmp_path / "bot.db").stat().st_size, "none is made on the way"

    gone(tmp_path / "bot.db")
    backup.replace(tmp_path / "bot.db")
    await opened(settings)
    with closing(sqlite3.connect(tmp_path / "bot.db")) as db:
        assert db.execute("SELECT name FROM lanes").fetchall() == [("kept",)]


async def test_a_first_start_on_an_empty_folder_goes_on_and_so_does_one_killed_before_its_key_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(tmp_path / "new")
    with monkeypatch.context() as dies:
        dies.setattr("bot.store.database.upgrade", _dies)
        with pytest.raises(KeyboardInterrupt):
            await opened(settings)

    await opened(settings)

    assert (tmp_path / "new" / "encryption.key").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def _dies(_url: str) -> None:
    raise KeyboardInterrupt


def test_the_command_line_refuses_with_both_ways_and_begins_anew_when_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    for name in ("DATABASE_URL", "ENCRYPTION_KEYS"):
        monkeypatch.delenv(name, raising=False)
    run = CliRunner().invoke
    assert run(app, ["db", "upgrade"]).exit_code == 0
    key = (tmp_path / "data" / "encryption.key").read_text()
    engine = tmp_path / "data" / "engine.db"
    with closing(sqlite3.connect(engine)) as db:
        db.execute("CREATE TABLE workflow_status (n)")
    gone(tmp_path / "data" / "bot.db")

    for command in (["db", "upgrade"], ["connections", "list"], ["keys", "rotate"]):
        refused = run(app, command)
        assert refused.exit_code == 2, command
        assert "db upgrade --new" in refused.stderr

    again = run(app, ["db", "upgrade", "--new"])

    assert again.exit_code == 0, again.stderr
    assert again.stdout == f"The database is at version {newest()}\n"
    assert (tmp_path / "data" / "encryption.key").read_text() == key
    assert not engine.exists(), "jobs of connections that are not there any more"
    assert (tmp_path / "data" / "engine.db.before").exists()
    assert run(app, ["connections", "list"]).exit_code == 0


@pytest.mark.postgres
async def test_on_postgresql_the_engines_schema_without_our_tables_is_a_restore_that_went_half_way(
    postgres: str, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, database_url=postgres, encryption_keys=new_key())
    engine = sa.create_engine(postgres)
    with engine.begin() as db:
        db.exec_driver_sql("CREATE SCHEMA dbos")
        db.exec_driver_sql("CREATE TABLE dbos.workflow_status (n int)")
    engine.dispose()

    with pytest.raises(UnusableDatabaseError, match="schema dbos"):
        await opened(settings)

    await (await open_store(settings, new=True)).close()
    await opened(settings)


async def test_doctor_names_a_lost_database_and_a_damaged_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for name in ("DATABASE_URL", "ENCRYPTION_KEYS", "SLACK_BOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("INTACCT_URL", "SPEND_CENTER_URL", "SLACK_API_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    file = tmp_path / "bot.db"
    await opened(settings_for(tmp_path))
    with closing(sqlite3.connect(file)) as db:
        db.executemany("INSERT INTO lanes VALUES (?, 1)", [(f"lane {n} {'x' * 80}",) for n in range(2000)])
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert await _problem() == ""

    size = file.stat().st_size
    with file.open("r+b") as opened_file:
        opened_file.seek(size // 2)
        opened_file.write(b"\xff" * 65536)
    assert "it is damaged" in await _problem()

    gone(file)
    assert "db upgrade --new" in await _problem()


async def _problem() -> str:
    return next(problem for what, problem in await examine() if what.startswith("database"))
