"""Proofs that people asked for, kept so that their pages show what was read at that time and nothing newer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from bot.store.database import Store, insert_new
from bot.store.rows import as_row
from bot.store.tables import proofs

KEEP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class KeptProof:
    """`actor` asked for it; `content` is a proof as JSON."""

    id: int
    workspace_id: str
    connection_id: str
    actor: str
    content: dict[str, Any]
    created: datetime


async def keep(
    store: Store, key: str, *, workspace: str, connection: str, actor: str, content: dict[str, Any], now: datetime
) -> KeptProof:
    """Keep a proof under the key of its job; one that was kept under it before stands. Old ones are forgotten."""
    values = {"workspace_id": workspace, "connection_id": connection, "actor": actor, "content": content}
    async with store.begin() as db:
        await db.execute(delete(proofs).where(proofs.c.created < now - KEEP))
        await db.execute(insert_new(db, proofs).values(key=key, created=now, **values))
        return as_row(KeptProof, (await db.execute(select(proofs).where(proofs.c.key == key))).one())


async def get(store: Store, proof: int) -> KeptProof | None:
    async with store.read() as db:
        found = (await db.execute(select(proofs).where(proofs.c.id == proof))).first()
    return as_row(KeptProof, found) if found else None
