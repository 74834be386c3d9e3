"""An upgrade happens whole or not at all: killed or out of disk at random moments, the next start goes on with every row."""

from __future__ import annotations

import os
import random
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from bot.store.database import current, sync_url, upgrade
from bot.store.interrupted_upgrade import UnusableDatabaseError
from tests import child, old_schemas
from tests.old_schemas import RELEASED, Dying, Rows, assert_newest_with, config_for, make
from tests.patience import PATIENCE
from tests.postgres import fresh_database

VERSIONS = ["", *RELEASED[:-1]]
SEED = int(os.environ.get("UPGRADE_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)


@dataclass(frozen=True)
class Before:
    """A database as a released version left it, and how long its upgrade is: in moments, seconds, pages and bytes."""

    file: Path
    rows: Rows
    moments: int
    seconds: float
    pages: tuple[int, int]
    size: int


@pytest.fixture(scope="module")
def befores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Before]:
    folder = tmp_path_factory.mktemp("before")
    made = {}
    for version in VERSIONS:
        file, whole, answer = (folder / f"{version}{end}" for end in (".db", "-whole.db", ".txt"))
        rows = make(_address(file), version)
        sqlite3.connect(file).close()
        old_schemas.copy(file, whole)
        process = child.start(old_schemas.counting, (_address(whole), answer))
        process.join(PATIENCE)
        moments, seconds = answer.read_text().split()
        pages = _pages(file), _pages(whole)
        made[version] = Before(file, rows, int(moments), float(seconds), pages, whole.stat().st_size)
    return made


def _address(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


def _pages(file: Path) -> int:
    db = sqlite3.connect(file)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    found = int(db.execute("PRAGMA page_count").fetchone()[0])
    db.close()
    return found


def _die(how: Dying) -> int | None:
    process = child.start(old_schemas.dying, how)
    process.join(PATIENCE)
    return process.exitcode


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    sys.stdout.write(f"UPGRADE_SEED={SEED}\n")  # shown where the test fails; set it to have the same moments again
    return random.Random(f"{SEED} {request.node.name}")


@pytest.mark.parametrize("part", range(5))
def test_killed_at_fifty_random_moments_an_upgrade_goes_on_with_every_row(
    part: int, dice: random.Random, befores: dict[str, Before], tmp_path: Path
) -> None:
    killed = rounds = 0
    while killed < 10:
        rounds += 1
        version = dice.choice(VERSIONS)
        before = befores[version]
        file = tmp_path / f"{rounds}.db"
        old_schemas.copy(before.file, file)
        how = Dying(_address(file), **old_schemas.a_moment(dice, before.moments, before.seconds))
        code = _die(how)
        sys.stdout.write(f"part {part}, round {rounds}, from {version or 'empty'}: {how}, exit {code}\n")
        assert code in (child.KILLED, 0), "killed, or by the clock after its end"
        killed += code == child.KILLED
        assert current(how.address) in (version or None, RELEASED[-1]), "whole or not at all"

        upgrade(how.address)

        assert_newest_with(how.address, before.rows)


@pytest.mark.parametrize("limit", ["pages", "bytes"])
def test_out_of_disk_at_twenty_random_moments_an_upgrade_goes_on_once_there_is_room(
    limit: str, dice: random.Random, befores: dict[str, Before], tmp_path: Path
) -> None:
    full = rounds = 0
    while full < 10:
        rounds += 1
        version = dice.choice([one for one in VERSIONS if befores[one].pages[0] < befores[one].pages[1]])
        before = befores[version]
        file = tmp_path / f"{rounds}.db"
        old_schemas.copy(before.file, file)
        there, needed = before.pages
        pages, size = dice.randrange(max(1, there), needed), dice.randrange(4096, before.size)
        how = Dying(_address(file), pages=pages) if limit == "pages" else Dying(_address(file), bytes=size)
        code = _die(how)
        sys.stdout.write(f"round {rounds}, from {version or 'empty'}: {how}, exit {code}\n")
        assert code in (1, 0), "no room, or just enough"
        full += code == 1
        assert current(how.address) == (version or None if code else RELEASED[-1]), "whole or not at all"

        upgrade(how.address)

        assert_newest_with(how.address, before.rows)


@pytest.mark.postgres
def test_killed_on_postgresql_an_upgrade_goes_on_with_every_row(dice: random.Random, postgres_server: str) -> None:
    for round_ in range(6):
        version = dice.choice(VERSIONS)
        address = fresh_database(postgres_server, f"killed_{SEED}_{round_}")
        rows = make(address, version)
        how = Dying(address, moment=dice.randint(1, 60))
        code = _die(how)
        sys.stdout.write(f"round {round_}, from {version or 'empty'}: {how}, exit {code}\n")
        assert code in (child.KILLED, 0), "killed, or a short one came to its end"
        assert current(address) in (version or None, RELEASED[-1])

        upgrade(address)

        assert_newest_with(address, rows)


# --- what versions before this one left behind ------------------------------------------------------------------------------


class Died(Exception):
    """An upgrade of a version before this one, in its midst."""


def _as_before(address: str, following: str, statements: int) -> bool:
    """An upgrade as version 0007 did it, without a transaction of its own, that died after so many of its statements.

    Returns:
        Whether it died before its end.
    """
    engine = sa.create_engine(sync_url(address))
    seen = 0

    def after(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statements:
            raise Died

    def changes(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        if statement.strip().upper().startswith(("CREATE", "ALTER", "UPDATE", "INSERT")):
            after()

    sa.event.listen(engine, "after_cursor_execute", changes)
    try:
        with engine.connect() as connection:
            command.upgrade(config_for(connection), following)
    except Died:
        return True
    finally:
        engine.dispose()
    return False


def _left_behind() -> Iterator[tuple[str, str]]:
    yield from zip(VERSIONS, RELEASED, strict=True)


@pytest.mark.parametrize(("version", "following"), [pair for pair in _left_behind() if pair[1] <= "0007"])
def test_an_upgrade_that_a_version_before_left_half_done_is_done_anew_from_each_of_its_statements(
    version: str, following: str, befores: dict[str, Before], tmp_path: Path
) -> None:
    statements = 0
    while True:
        statements += 1
        file = tmp_path / f"{statements}.db"
        old_schemas.copy(befores[version].file, file)
        if not _as_before(_address(file), following, statements):
            break
        assert current(_address(file)) == (version or None)

        upgrade(_address(file))

        assert_newest_with(_address(file), befores[version].rows)
    assert statements > 1


def test_tables_of_ours_with_rows_in_them_and_no_version_are_no_leftover_and_stay(tmp_path: Path) -> None:
    address = _address(tmp_path / "bot.db")
    make(address, "0007")
    engine = sa.create_engine(sync_url(address))
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")

    with pytest.raises(UnusableDatabaseError, match="Restore"):
        upgrade(address)

    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM postings").scalar() == 1
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE name = 'ix_postings_due'")
        assert names.scalar() == "ix_postings_due", "nothing at all was dropped"
    engine.dispose()


def test_what_an_operator_added_to_the_database_stays(tmp_path: Path) -> None:
    address = _address(tmp_path / "bot.db")
    rows = make(address, "0004")
    engine = sa.create_engine(sync_url(address))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE replication_mark (n)")
        connection.exec_driver_sql("CREATE INDEX by_merchant ON postings (merchant)")

    upgrade(address)

    with engine.connect() as connection:
        there = set(connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars())
    engine.dispose()
    assert {"replication_mark", "by_merchant"} <= there
    assert rows
