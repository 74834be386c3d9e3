"""From every schema that was ever released, with a row in each of its tables, to the newest: nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.database import sync_url, upgrade
from tests.old_schemas import RELEASED, assert_newest_with, make


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}"
    return str(request.getfixturevalue("postgres"))


@pytest.mark.parametrize("version", RELEASED)
def test_every_released_schema_comes_to_the_newest_with_its_rows(address: str, version: str) -> None:
    written = make(address, version)

    upgrade(address)

    assert_newest_with(address, written)


def test_an_attempt_that_was_sent_before_levels_were_kept_was_sent_at_its_connections_entity(address: str) -> None:
    make(address, "0002")
    engine = sa.create_engine(sync_url(address))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE connections SET entity_id = '200'"))

    upgrade(address)

    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT entity_id FROM attempts")).scalar() == "200"
    engine.dispose()
