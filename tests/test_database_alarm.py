"""A database that goes away, is exchanged or damaged under a running bot: health says which, the owners are told once."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from bot.models import Secret
from bot.sandbox.slack import SlackSim
from bot.serve import make_client
from bot.serve.database_alarm import DatabaseAlarm
from bot.settings import Settings
from bot.store import connections
from bot.store.database import Store, open_store
from bot.store.database_checks import Watch
from bot.store.vault import new_key
from tests.office import harbor_without_bot
from tests.patience import PATIENCE
from tests.test_serve import environment, healthy, running

NOW = datetime(2026, 11, 5, 18, tzinfo=UTC)
DANA, LEE = "U0DANA", "U0LEE"


@asynccontextmanager
async def guarded(folder: Path, url: str = "") -> AsyncIterator[tuple[Store, SlackSim, DatabaseAlarm]]:
    """A store with connections of two owners, a Slack, and the alarm between them, which is called by hand."""
    slack = SlackSim()
    await slack.start()
    await slack.control("limits", {"on": False, "seconds": PATIENCE})
    settings = Settings(
        _env_file=None,
        data_dir=folder,
        database_url=url,
        encryption_keys=SecretStr(new_key()),
        slack_bot_token=SecretStr(slack.BOT_TOKEN),
        slack_api_url=slack.url,
    )
    store = await open_store(settings)
    workspace = await connections.ensure_workspace(store, "", "T0HARBOR", "Harbor", NOW)
    company = await connections.save_company(store, workspace, "HarborPine", user_id="u", password=Secret("p"))
    for owner in (DANA, DANA, LEE, ""):
        await connections.add_connection(store, workspace=workspace, company=company.id, now=NOW, owner=owner)
    try:
        yield store, slack, DatabaseAlarm(store, make_client(settings))
    finally:
        with suppress(SQLAlchemyError):
            await store.close()
        await slack.stop()


def told(slack: SlackSim, user: str) -> list[str]:
    """What this person has in their direct messages with the bot."""
    return [post["text"] for post in slack.messages(f"D{user[1:]}", user)]


def _remove(file: Path) -> None:
    for end in ("", "-wal", "-shm"):
        Path(f"{file}{end}").unlink(missing_ok=True)


def gone(file: Path) -> None:
    file.unlink()


def exchanged(file: Path) -> None:
    other = file.with_name("other.db")
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE something (n)")
    other.replace(file)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize(
    ("harm", "words"),
    [(gone, "is gone"), (exchanged, "was exchanged"), (emptied, "was emptied")],
    ids=lambda one: str(one)[:20],
)
async def test_a_file_that_is_no_longer_the_open_one_is_named_and_its_owners_are_told_once(
    tmp_path: Path, harm: Callable[[Path], None], words: str
) -> None:
    async with guarded(tmp_path) as (_, slack, alarm):
        await alarm.look()
        assert alarm.trouble() == []
        assert told(slack, DANA) == []

        harm(tmp_path / "bot.db")
        for _ in range(3):
            await alarm.look()

        [why] = alarm.trouble()
        assert words in why
        assert str(tmp_path / "bot.db") in why
        for owner in (DANA, LEE):
            [said] = told(slack, owner)
            assert words in said
            assert "restore the last backup" in said


async def test_a_damaged_file_is_known_by_the_errors_that_it_causes_and_a_whole_one_takes_its_place(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path) as (store, slack, alarm):
        async with store.begin() as db:
            many = [{"name": f"lane {n} {'x' * 70}", "free": n} for n in range(3000)]
            await db.execute(sa.text("INSERT INTO lanes VALUES (:name, :free)"), many)
        await alarm.look()
        file = tmp_path / "bot.db"
        with closing(sqlite3.connect(file)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with closing(sqlite3.connect(tmp_path / "backup.db")) as copy:
                db.backup(copy)
        size = file.stat().st_size
        with file.open("r+b") as opened:
            opened.seek(size // 2)
            opened.write(b"\xff" * (size // 2))

        with pytest.raises(SQLAlchemyError):
            async with store.read() as reading:
                await reading.execute(sa.text("SELECT sum(length(name)) FROM lanes WHERE free >= 0"))
        await alarm.look()
        await alarm.look()

        assert any("damaged" in why for why in alarm.trouble())
        assert len(told(slack, DANA)) == 1
    _remove(file)
    (tmp_path / "backup.db").replace(file)
    again = await open_store(Settings(_env_file=None, data_dir=tmp_path, encryption_keys=SecretStr(new_key())))
    async with again.read() as reading:
        assert (await reading.execute(sa.text("SELECT count(*) FROM lanes"))).scalar() == 3000
    assert again.watch.trouble() == ""
    await again.close()


@pytest.mark.postgres
async def test_tables_that_vanish_on_postgresql_are_damage_too(postgres: str, tmp_path: Path) -> None:
    async with guarded(tmp_path, postgres) as (store, slack, alarm):
        await alarm.look()
        async with store.begin() as db:
            await db.execute(sa.text("ALTER TABLE connections RENAME TO taken"))
        await alarm.look()

        await alarm.look()

        assert any("damaged" in why for why in alarm.trouble())
        assert len(told(slack, LEE)) == 1


def test_a_database_that_refuses_again_and_again_is_told_by_health_until_it_takes_what_it_is_given(
    tmp_path: Path,
) -> None:
    now = 0.0
    file = tmp_path / "full.db"
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as db:
        db.exec_driver_sql("CREATE TABLE made (n)")
    watch = Watch(f"sqlite:///{file}", clock=lambda: now)
    watch.listen(engine)

    def write() -> None:
        with engine.begin() as db:
            db.exec_driver_sql("PRAGMA max_page_count=2")
            db.exec_driver_sql("INSERT INTO made VALUES (zeroblob(100000))")

    for wanted in ("", "", "the database refuses (database or disk is full)"):
        with pytest.raises(SQLAlchemyError):
            write()
        assert watch.trouble() == wanted
    assert not watch.lost, "nobody has to restore anything"
    now = 61.0
    assert watch.trouble() == ""
    engine.dispose()


async def test_a_running_bot_says_that_its_file_is_gone_and_the_next_start_refuses(tmp_path: Path) -> None:
    async with harbor_without_bot(tmp_path) as (far, slack, _):
        portland = await far.connect("100")
        await connections.change_connection(far.parts.store, portland.id, owner=DANA, schedule="")
        async with running(tmp_path, environment(far, slack)) as process:
            await healthy(far.settings.port, ok=True)
            _remove(far.settings.data_dir / "bot.db")

            said = await healthy(far.settings.port, database=False)

            assert any("is gone" in why for why in said["why"])
            async with asyncio.timeout(PATIENCE):
                while not told(slack, DANA):  # noqa: ASYNC110  # a process sets no event of ours
                    await asyncio.sleep(0.05)
            process.kill()
            await process.wait()
        async with running(tmp_path, environment(far, slack)) as process:
            _, complaint = await asyncio.wait_for(process.communicate(), PATIENCE)
            assert process.returncode == 2
            assert b"db upgrade --new" in complaint
