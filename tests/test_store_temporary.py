"""Where the root is read-only and no temporary folder can be written to: what a sync writes is written all the same."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import engine as machinery
from bot.store.database import make_engine, upgrade
from bot.store.database_checks import refused_write
from bot.store.sqlite import WRITE, one_connection
from tests import child
from tests.patience import PATIENCE

NOBODY = 65534
WELL, REFUSED, LEFT_A_FILE = 0, 3, 4


@dataclass(frozen=True)
class Jail:
    """A folder that becomes the whole file system of a child, in which only `data/` can be written to, and whose engine."""

    folder: Path
    kind: str
    file: str = "data/bot.db"


def imprisoned(jail: Jail) -> None:
    """What the child does: a savepoint that changes much, on the connections that `kind` names."""
    work = WORKS[jail.kind]
    work(make_a_scratch(jail.folder))  # whatever is loaded late is loaded now
    for name in ("SQLITE_TMPDIR", "TMPDIR", "TEMP", "TMP"):
        os.environ[name] = "/nowhere"
    os.chdir(jail.folder)
    if os.geteuid() == 0:
        os.chroot(jail.folder)
        os.chdir("/")
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    os._exit(work(jail.file))


def make_a_scratch(folder: Path) -> str:
    file = folder / "scratch.db"
    upgrade(f"sqlite+aiosqlite:///{file}")
    return str(file)


def _left_a_file() -> bool:
    """Whether this process has a temporary file of SQLite open; outside a jail, where one could be made."""
    there = Path("/proc/self/fd")
    return there.exists() and any("etilqs" in str(one.readlink()) for one in there.iterdir() if one.is_symlink())


def _doctors(file: str) -> int:
    return asyncio.run(_doctors_write(make_engine(f"sqlite+aiosqlite:///{file}")))


async def _doctors_write(engine: AsyncEngine) -> int:
    refused = await refused_write(engine)
    await engine.dispose()
    return REFUSED if refused else WELL


def _much(file: str, engine: sa.Engine) -> int:
    try:
        with engine.begin() as db:
            db.exec_driver_sql("CREATE TABLE IF NOT EXISTS much (n INTEGER PRIMARY KEY, t)")
            for _ in range(2000):
                db.exec_driver_sql("INSERT INTO much (t) VALUES (?)", ("x" * 100,))
            with db.begin_nested():
                db.exec_driver_sql("UPDATE much SET t = t || 'y'")
                left = _left_a_file()
    except sa.exc.OperationalError:
        return REFUSED
    finally:
        engine.dispose()
    return LEFT_A_FILE if left else WELL


def _writers(file: str) -> int:
    return _much(file, one_connection(file, WRITE))


def _engines(file: str) -> int:
    engine = sa.create_engine(f"sqlite:///{file}")
    sa.event.listen(engine, "connect", machinery._prepare_sqlite)
    return _much(file, engine)


def _bare(file: str) -> int:
    """As a connection is without our settings: shows that the jail holds."""
    engine = sa.create_engine(f"sqlite:///{file}", connect_args={"isolation_level": None})
    sa.event.listen(engine, "begin", lambda db: db.exec_driver_sql(WRITE))
    return _much(file, engine)


WORKS: dict[str, Callable[[str], int]] = {
    "the doctor's write": _doctors,
    "the writer's connection": _writers,
    "the engine's database": _engines,
    "none of ours": _bare,
}


def _jail(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    upgrade(f"sqlite+aiosqlite:///{folder / 'data' / 'bot.db'}")
    with closing(sqlite3.connect(folder / "data" / "bot.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if os.geteuid() == 0:
        for one in (folder / "data", *(folder / "data").iterdir()):
            shutil.chown(one, NOBODY, NOBODY)
        folder.chmod(0o755)
    return folder


@pytest.mark.parametrize("kind", WORKS)
def test_without_a_temporary_folder_every_connection_of_ours_writes_what_a_sync_writes(
    kind: str, tmp_path: Path
) -> None:
    process = child.start(imprisoned, Jail(_jail(tmp_path / "jail"), kind))
    process.join(PATIENCE)

    if kind == "none of ours":
        assert process.exitcode in (REFUSED, LEFT_A_FILE), "else this test would prove nothing"
    else:
        assert process.exitcode == WELL


async def test_the_doctor_says_why_a_write_fails_and_leaves_nothing_once_there_is_room(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}"
    await asyncio.to_thread(upgrade, url)
    full = make_engine(url)
    sa.event.listen(full.sync_engine, "begin", _no_more_room)
    assert await refused_write(full) == "database or disk is full"
    await full.dispose()

    engine = make_engine(url)
    assert await refused_write(engine) == ""

    async with engine.connect() as db:
        assert (await db.execute(sa.text("SELECT count(*) FROM lanes"))).scalar() == 0
    await engine.dispose()


def _no_more_room(connection: sa.Connection) -> None:
    connection.exec_driver_sql("PRAGMA max_page_count=1")  # taken for as many as there are
