"""The schema on both databases, what its column types keep exactly, and that reads wait for nobody."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from bot.models import Secret, Trigger
from bot.settings import Settings
from bot.store import connections, postings, runs, secrets
from bot.store.database import MIGRATIONS, Store, current, newest, open_store, sync_url, upgrade
from bot.store.tables import metadata
from bot.store.types import Amount, Document, Encrypted, Instant, Keyring
from bot.store.vault import Vault, VaultError, new_key
from tests.patience import PATIENCE

NOW = datetime(2026, 11, 5, 18, tzinfo=UTC)
SQLITE = sqlite.dialect()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}"
    return str(request.getfixturevalue("postgres"))


@pytest.fixture
async def store(address: str, tmp_path: Path) -> AsyncIterator[Store]:
    settings = Settings(_env_file=None, database_url=address, data_dir=tmp_path, encryption_keys=new_key())
    made = await open_store(settings)
    yield made
    await made.close()


def _differences(url: str) -> list[object]:
    engine = sa.create_engine(sync_url(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
        found = list(compare_metadata(context, metadata))
    engine.dispose()
    return found


def test_migrations_from_empty_make_exactly_the_tables_of_the_code(address: str) -> None:
    assert current(address) is None
    upgrade(address)
    assert current(address) == newest() == ScriptDirectory(str(MIGRATIONS)).get_current_head()
    upgrade(address)  # again: nothing to do
    assert _differences(address) == []


async def test_many_starting_at_once_migrate_an_empty_database_one_after_the_other(address: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(upgrade, address) for _ in range(3)))
    assert _differences(address) == []


async def test_a_run_asked_for_twice_at_once_is_one_run(store: Store) -> None:
    connection = await _connection(store)

    async def ask() -> int:
        run = await runs.ensure_run(store, "one", connection=connection, trigger=Trigger.PERSON, actor="", now=NOW)
        return run.id

    assert len(set(await asyncio.gather(*(ask() for _ in range(10))))) == 1


async def test_counts_of_a_run_added_at_once_all_count(store: Store) -> None:
    connection = await _connection(store)
    made = await runs.ensure_run(store, "one", connection=connection, trigger=Trigger.SCHEDULE, actor="", now=NOW)

    async def count() -> None:
        await store.write(partial(runs.raise_counts, run=made.id, posted=2, failed=0, requests=1))

    await asyncio.gather(*(count() for _ in range(5)))

    run = await runs.get_run(store, made.id)
    assert run is not None
    assert (run.posted, run.failed, run.requests) == (10, 0, 5)


async def test_connections_come_page_by_page_each_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PAGE", 2)
    made = sorted([await _connection(store) for _ in range(5)])
    await connections.change_connection(store, made[3], name="Denver")
    await connections.remove_connection(store, made[1], NOW)
    there = [made[0], *made[2:]]

    assert [one.id async for one in connections.each_connection(store)] == there
    assert [one.id async for one in connections.each_connection(store, made[1:4])] == made[2:4]
    assert [one.id async for one in connections.each_connection(store, [])] == []
    assert await connections.revisions(store) == {one: int(one == made[3]) for one in there}


async def test_what_a_removed_connection_leaves_is_found_by_its_intacct_company_in_any_letter_case(
    store: Store,
) -> None:
    workspace = await connections.ensure_workspace(store, "", "T1", "One", NOW)
    ids: dict[str, tuple[int, str]] = {}
    for name in ("HarborPine", "HARBORPINE", "Other"):
        company = await connections.save_company(store, workspace, name, user_id="u", password=Secret("p"))
        made = await connections.add_connection(store, workspace=workspace, company=company.id, now=NOW, name=name)
        ids[name] = (company.id, made.id)
    mine, other = ids["HarborPine"], ids["Other"]
    for name in ("HARBORPINE", "Other"):
        await connections.remove_connection(store, ids[name][1], NOW)
    gone = [ids["HARBORPINE"][1], other[1]]

    assert [one.id for one in await connections.removed_beside(store, mine[0])] == [gone[0]]
    assert await postings.owners_removed(store, [mine[1], *gone], mine[0]) == {gone[0]: True, gone[1]: False}


async def test_only_a_company_that_somebody_can_and_wants_to_sign_in_to_is_in_trouble(store: Store) -> None:
    workspace = await connections.ensure_workspace(store, "", "T1", "One", NOW)
    problem, later = {"category": "auth.login", "subject": "", "fault": None}, NOW + timedelta(hours=2)
    companies = []
    for name in ("wanted", "removed", "forgotten"):
        company = await connections.save_company(store, workspace, name, user_id="u", password=Secret("p"))
        made = await connections.add_connection(store, workspace=workspace, company=company.id, now=NOW, name=name)
        companies.append(company.id)
        await connections.set_problem(store, company.id, problem, NOW)
        await connections.set_problem(store, company.id, {**problem, "subject": "again"}, later)
        if name == "removed":
            await connections.remove_connection(store, made.id, NOW)
    await connections.forget_sign_in(store, companies[2])

    [troubled] = await connections.troubled_companies(store)

    assert (troubled.id, troubled.problem, troubled.problem_since, troubled.tested) == (
        companies[0],
        {**problem, "subject": "again"},
        NOW,
        later,
    )
    forgotten = await connections.get_company(store, companies[2])
    assert (forgotten.password, forgotten.problem, forgotten.problem_since) == (None, None, None)


async def _connection(store: Store) -> str:
    workspace = await connections.ensure_workspace(store, "", "T0", "Harbor", NOW)
    company = await connections.save_company(
        store, workspace, "HarborPine", user_id="u", password=Secret("the-company-password")
    )
    made = await connections.add_connection(
        store, workspace=workspace, company=company.id, now=NOW, spend_token=Secret("the-spend-token")
    )
    return made.id


async def test_a_selector_or_start_that_changes_reads_the_source_anew(store: Store) -> None:
    connection = await _connection(store)
    await connections.set_watermark(store, connection, NOW)
    kept = await connections.change_connection(store, connection, name="Portland", start_date=None)
    assert kept.watermark == NOW
    changed = await connections.change_connection(store, connection, start_date=NOW.date())
    assert changed.watermark is None


# --- column types -----------------------------------------------------------------------------------------------------

MONEY = st.decimals(min_value=Decimal("-9e13"), max_value=Decimal("9e13"), places=4, allow_nan=False)


@given(MONEY)
def test_money_comes_back_exactly(value: Decimal) -> None:
    kept = Amount().process_bind_param(value, SQLITE)
    assert isinstance(kept, int)
    assert Amount().process_result_value(kept, SQLITE) == value


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_what_money_cannot_keep_exactly_is_refused(value: Decimal) -> None:
    try:
        kept = Amount().process_bind_param(value, SQLITE)
    except ValueError:
        return
    assert Amount().process_result_value(kept, SQLITE) == value


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7)), timezone(timedelta(hours=13))])))
def test_instants_come_back_as_the_same_instant_in_utc(value: datetime) -> None:
    if not datetime(2, 1, 1, tzinfo=UTC) < value < datetime(9998, 1, 1, tzinfo=UTC):
        return
    kept = Instant().process_bind_param(value, SQLITE)
    assert kept is not None
    assert len(kept) == 32
    back = Instant().process_result_value(kept, SQLITE)
    assert back == value
    assert back is not None
    assert back.utcoffset() == timedelta(0)


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_instants_sort_as_text(one: datetime, other: datetime) -> None:
    texts = [Instant().process_bind_param(value, SQLITE) for value in (one, other)]
    assert (one < other) == (str(texts[0]) < str(texts[1]))


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        Instant().process_bind_param(datetime(2026, 1, 1), SQLITE)  # noqa: DTZ001  # the very mistake


@given(st.text())
def test_a_secret_comes_back_and_its_token_tells_nothing(text: str) -> None:
    Keyring.vault = Vault([new_key()])
    token = Encrypted().process_bind_param(Secret(text), SQLITE)
    assert token is not None
    assert len(text) < 4 or text not in token
    assert Encrypted().process_result_value(token, SQLITE) == Secret(text)


def test_a_secret_has_no_place_in_a_document() -> None:
    with pytest.raises(TypeError) as refused:
        Document().process_bind_param({"deep": [{"password": Secret("hunter-two")}]}, SQLITE)
    assert "hunter-two" not in str(refused.value)


async def test_money_and_instants_compare_and_add_up_in_the_database(store: Store) -> None:
    table = sa.Table(
        "measure", sa.MetaData(), sa.Column("n", sa.Integer), sa.Column("m", Amount), sa.Column("t", Instant)
    )
    async with store.begin() as db:
        await db.run_sync(table.create)
        amounts = [Decimal("0.10"), Decimal("0.20"), Decimal("-90071992547.4093")]
        values = [{"n": n, "m": m, "t": NOW + timedelta(microseconds=n)} for n, m in enumerate(amounts)]
        await db.execute(table.insert(), values)
    async with store.read() as db:
        total = (await db.execute(sa.select(sa.func.sum(table.c.m, type_=table.c.m.type)))).scalar()
        assert total == Decimal("-90071992547.1093")
        assert (await db.execute(sa.select(table.c.n).where(table.c.t > NOW))).scalars().all() == [1, 2]


# --- keys ---------------------------------------------------------------------------------------------------------------


async def test_keys_rotate_without_a_pause(address: str, tmp_path: Path) -> None:
    old, fresh = new_key(), new_key()

    async def opened(keys: str) -> Store:
        return await open_store(Settings(_env_file=None, database_url=address, data_dir=tmp_path, encryption_keys=keys))

    store = await opened(old)
    connection = await _connection(store)
    await store.close()
    store = await opened(f"{fresh},{old}")
    assert await secrets.rotate(store) == 2
    await store.close()
    store = await opened(fresh)
    read = await connections.get_connection(store, connection)
    assert read is not None
    assert read.spend_token == Secret("the-spend-token")
    await store.close()
    store = await opened(old)
    with pytest.raises(VaultError) as refused:
        await connections.get_connection(store, connection)
    assert "the-spend-token" not in str(refused.value)
    await store.close()


# --- locks ----------------------------------------------------------------------------------------------------------------


async def test_a_read_on_sqlite_waits_for_no_writer_and_holds_none_up(tmp_path: Path) -> None:
    store = await open_store(Settings(_env_file=None, data_dir=tmp_path))
    connection = await _connection(store)
    writer = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE connections SET name = 'unseen'")

    async with asyncio.timeout(PATIENCE):
        read = await connections.get_connection(store, connection)

    assert read is not None
    assert read.name == ""
    async with store.read() as db:
        await db.execute(sa.text("SELECT count(*) FROM connections"))
        writer.execute("COMMIT")  # with a reader in the midst of its snapshot
    writer.close()
    after = await connections.get_connection(store, connection)
    assert after is not None
    assert after.name == "unseen"
    await store.close()
