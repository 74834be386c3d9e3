"""Walkthroughs: one person's way through the set-up, kept so that it can be left and resumed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, or_, select, update

from bot.models import Secret
from bot.store.database import Store
from bot.store.rows import as_row, as_rows
from bot.store.tables import walkthroughs

OPEN, FINISHED = "open", "finished"


@dataclass(frozen=True, slots=True)
class Walkthrough:
    """How far one set-up has come.

    `answers`: what was typed or chosen, never a secret. `steps`: step number (text) to {"state", "checks", "checked",
    "assignee"}. `messages`: where its cards stand in Slack, by the key the handlers choose.
    `password`: of Intacct, typed for `password_user` at `password_given` and not accepted yet.
    """

    id: str
    workspace_id: str
    owner: str
    state: str
    step: int
    connection_id: str | None
    company: int | None
    answers: dict[str, Any]
    steps: dict[str, dict[str, Any]]
    messages: dict[str, Any]
    spend_token: Secret | None
    client_secret: Secret | None
    password: Secret | None
    password_user: str
    password_given: datetime | None
    revision: int
    created: datetime
    updated: datetime


class Stale(Exception):
    """Someone else changed the walkthrough first; read it again."""


async def begin(store: Store, workspace: str, owner: str, now: datetime, **values: Any) -> Walkthrough:
    row = {"answers": {}, "steps": {}, "messages": {}, **values}
    made = insert(walkthroughs).values(
        id=f"w{secrets.token_hex(5)}", workspace_id=workspace, owner=owner, state=OPEN, created=now, updated=now, **row
    )
    async with store.begin() as db:
        return as_row(Walkthrough, (await db.execute(made.returning(*walkthroughs.c))).one())


async def drafts(store: Store) -> set[str]:
    """The connections that a set-up drafted, or was finished with."""
    query = select(walkthroughs.c.connection_id).where(walkthroughs.c.connection_id.is_not(None))
    async with store.read() as db:
        return set((await db.execute(query)).scalars())


async def get(store: Store, walkthrough: str) -> Walkthrough | None:
    async with store.read() as db:
        row = (await db.execute(select(walkthroughs).where(walkthroughs.c.id == walkthrough))).first()
    return as_row(Walkthrough, row) if row else None


async def find_open(store: Store, workspace: str, owner: str | None = None) -> list[Walkthrough]:
    """Open walkthroughs, newest first."""
    query = select(walkthroughs).where(walkthroughs.c.workspace_id == workspace, walkthroughs.c.state == OPEN)
    if owner is not None:
        query = query.where(walkthroughs.c.owner == owner)
    async with store.read() as db:
        return as_rows(Walkthrough, await db.execute(query.order_by(walkthroughs.c.updated.desc())))


async def save(store: Store, walk: Walkthrough, now: datetime, **values: Any) -> Walkthrough:
    """Change a walkthrough that nobody else changed since `walk` was read.

    Raises:
        Stale: someone did.
    """
    async with store.begin() as db:
        changed = await db.execute(
            update(walkthroughs)
            .where(walkthroughs.c.id == walk.id, walkthroughs.c.revision == walk.revision)
            .values(revision=walk.revision + 1, updated=now, **values)
            .returning(*walkthroughs.c)
        )
        row = changed.first()
    if row is None:
        raise Stale(walk.id)
    return as_row(Walkthrough, row)


NO_PASSWORD: dict[str, Any] = {"password": None, "password_user": "", "password_given": None}


async def forget_passwords(store: Store, before: datetime) -> None:
    """Drop what was typed before this instant, or in a set-up that has ended, and was never accepted."""
    late = or_(walkthroughs.c.password_given < before, walkthroughs.c.state != OPEN)
    async with store.begin() as db:
        await db.execute(update(walkthroughs).where(walkthroughs.c.password.is_not(None), late).values(**NO_PASSWORD))
