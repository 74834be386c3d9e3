"""Rows given to a statement as one parameter arrive as they were, whatever is in their texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given as examples
from hypothesis import strategies as st

from bot.settings import Settings
from bot.store.database import open_store
from bot.store.given import GIVEN, Columns, as_json, given
from bot.store.tables import attempts, postings
from bot.store.vault import new_key

COLUMNS: Columns = {
    "id": postings.c.id,
    "subject": postings.c.subject,
    "details": postings.c.details,
    "committed": attempts.c.committed,
    "was": sa.String(),
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
INSTANTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))])).filter(
    lambda at: 2 < at.year < 9999
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1)),
            "subject": TEXT,
            "details": st.one_of(st.none(), st.dictionaries(TEXT, TEXT, max_size=3)),
            "committed": st.one_of(st.none(), INSTANTS),
            "was": TEXT,
        }
    ),
    max_size=5,
)
NASTY = ["", 'O\'Hara & Søn "Ltd"', "]]> <b>", "\\u0041 \\", "🧾‍\u202e\u200d", "$.id", "null", "a\nb\tc", "%|_"]


@examples(ROWS)
def test_rows_arrive_in_sqlite_as_they_were(rows: list[dict[str, Any]]) -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as db:
        found = db.execute(sa.select(*given("sqlite", COLUMNS).c), {GIVEN: as_json(COLUMNS, rows)})
        texts = ("subject", "was")
        wanted = [row | {name: row[name].replace("\0", "") for name in texts} for row in rows]
        assert [dict(row._mapping) for row in found] == wanted
    engine.dispose()


@pytest.mark.postgres
async def test_rows_arrive_in_postgresql_as_they_were(postgres: str, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": n,
            "subject": text,
            "details": {text: text},
            "committed": datetime(2026, 11, 5, 18, tzinfo=UTC),
            "was": text,
        }
        for n, text in enumerate(NASTY)
    ]
    rows.append({"id": None, "subject": "", "details": None, "committed": None, "was": ""})
    settings = Settings(_env_file=None, database_url=postgres, data_dir=tmp_path, encryption_keys=new_key())
    store = await open_store(settings, migrate=False)
    async with store.read() as db:
        found = await db.execute(sa.select(*given("postgresql", COLUMNS).c), {GIVEN: as_json(COLUMNS, rows)})
        assert [dict(row._mapping) for row in found] == rows
    await store.close()
