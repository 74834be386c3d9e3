"""Changing the keys: every encrypted column is written anew, token by token, without anything being shown."""

from __future__ import annotations

from sqlalchemy import select, type_coerce, update
from sqlalchemy.types import Text

from bot.store.database import Store
from bot.store.tables import metadata
from bot.store.types import Encrypted


async def rotate(store: Store) -> int:
    """Encrypt all secrets under the first key. Returns how many there are."""
    n = 0
    async with store.begin() as db:
        for table in metadata.sorted_tables:
            key = next(iter(table.primary_key))
            for column in (one for one in table.c if isinstance(one.type, Encrypted)):
                rows = await db.execute(select(key, type_coerce(column, Text)).where(column.is_not(None)))
                for row_key, token in rows.all():
                    fresh = type_coerce(store.vault.rotate(token), Text)
                    await db.execute(update(table).where(key == row_key).values({column: fresh}))
                    n += 1
    return n
