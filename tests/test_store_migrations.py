"""From every schema that was ever released, with a row in each of its tables, to the newest: nothing is lost."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.store.database import MIGRATIONS, current, sync_url, upgrade
from bot.store.tables import metadata


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


RELEASED = sorted(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}"
    return str(request.getfixturevalue("postgres"))


def _value(column: sa.Column[Any]) -> Any:
    """Something to recognise, of the column's kind; every key is 1 or "one", so that the rows belong together."""
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return True
    if isinstance(kind, sa.Integer):
        return 1
    if isinstance(kind, sa.Date):
        return date(2026, 10, 31)
    return "one"


def _fill(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """One row in every table, in the order of their keys; returns what was written."""
    there = sa.MetaData()
    there.reflect(connection)
    written = {}
    for table in there.sorted_tables:
        if table.name != "alembic_version":
            written[table.name] = {column.name: _value(column) for column in table.columns}
            connection.execute(table.insert().values(written[table.name]))
    return written


@pytest.mark.parametrize("version", RELEASED)
def test_every_released_schema_comes_to_the_newest_with_its_rows(address: str, version: str) -> None:
    engine = sa.create_engine(sync_url(address))
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        written = _fill(connection)

    upgrade(address)

    assert current(address) == RELEASED[-1]
    with engine.connect() as connection:
        assert list(compare_metadata(MigrationContext.configure(connection), metadata)) == []
        for name, values in written.items():
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            row = dict(connection.execute(sa.select(table)).one()._mapping)
            assert values.items() <= row.items(), name
    engine.dispose()


def test_an_attempt_that_was_sent_before_levels_were_kept_was_sent_at_its_connections_entity(address: str) -> None:
    engine = sa.create_engine(sync_url(address))
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        _fill(connection)
        connection.execute(sa.text("UPDATE connections SET entity_id = '200'"))

    upgrade(address)

    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT entity_id FROM attempts")).scalar() == "200"
    engine.dispose()
