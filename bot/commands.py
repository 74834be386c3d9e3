"""What the command line does, apart from parsing and printing: one coroutine a command."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bot.app import Parts, open_parts
from bot.engine import EngineBusy, lock_file
from bot.intacct.errors import IntacctError
from bot.models import ConnectionState, PostingState, RunState, Trigger
from bot.settings import Settings
from bot.spend.errors import SourceError
from bot.store import connections, postings, replicas, runs, secrets
from bot.store.connections import Company, Connection
from bot.store.postings import Posting
from bot.store.runs import Run
from bot.sync import reconcile as proofs
from bot.sync.connection_file import ConnectionFileError, read, write
from bot.sync.introduce import introduce, overlap
from bot.sync.preview import Preview, preview
from bot.sync.reconcile import Proof


class CommandError(Exception):
    """What was asked cannot be done; the text says what to do instead."""


class Failed(Exception):
    """A far end did not do its part; the text says which and what it said."""


@dataclass(frozen=True, slots=True)
class Synced:
    """A run that has ended, with the postings it touched and those that wait for someone."""

    run: Run
    postings: list[Posting]
    seconds: float

    def count(self, *states: PostingState) -> int:
        return sum(row.state in states for row in self.postings)


async def find(parts: Parts, connection_id: str) -> Connection:
    found = await connections.get_connection(parts.store, connection_id)
    if found is None or found.removed:
        known = [row.id for row in await connections.list_connections(parts.store)]
        there = (
            f"There are: {', '.join(known)}." if known else "There is none yet: python -m bot connections import FILE."
        )
        raise CommandError(f"There is no connection {connection_id}. {there}")
    return found


# --- connections ---


async def import_connection(settings: Settings, path: Path) -> tuple[Connection, str]:
    """Store the connection of a file. Returns it with a remark, which is empty when all is well."""
    file = read(path)
    async with open_parts(settings) as parts:
        now = parts.clock()
        workspace = await connections.only_workspace(parts.store, now)
        company = await connections.save_company(parts.store, workspace, file.company_id, **file.company)
        draft = await connections.add_connection(
            parts.store, workspace=workspace, company=company.id, now=now, **file.connection
        )
        try:
            made = await introduce(parts.reach, draft)
        except SourceError as refused:
            return draft, f"Spend Center was not asked who it is: {refused}"
        except IntacctError as refused:
            return draft, f"Intacct was not asked yet: {refused}"
        rivals = [
            one
            for one in await connections.list_connections(parts.store)
            if one.id != made.id and one.spend_company == made.spend_company and overlap(one.selects(), made.selects())
        ]
        if rivals:
            await connections.remove_connection(parts.store, made.id, now)
            names = ", ".join(f"{one.name} ({one.id})" for one in rivals)
            raise ConnectionFileError(
                [f"the selector claims transactions that belong to {names} already; narrow one of them"]
            )
        return made, ""


async def list_all(settings: Settings) -> list[tuple[Connection, Company]]:
    async with open_parts(settings) as parts:
        rows = await connections.list_connections(parts.store)
        return [(row, await connections.get_company(parts.store, row.company)) for row in rows]


async def export(settings: Settings, connection_id: str) -> str:
    async with open_parts(settings) as parts:
        row = await find(parts, connection_id)
        return write(row, await connections.get_company(parts.store, row.company))


async def remove(settings: Settings, connection_id: str) -> Connection:
    async with open_parts(settings) as parts:
        row = await find(parts, connection_id)
        await connections.remove_connection(parts.store, row.id, parts.clock())
        return row


async def try_out(settings: Settings, connection_id: str) -> list[tuple[str, str]]:
    """Both far ends and what the connection needs there: (name, problem), the problem empty when all is well."""
    async with open_parts(settings) as parts:
        row = await find(parts, connection_id)
        company = await connections.get_company(parts.store, row.company)
        client = await parts.reach.intacct(company)
        return [
            ("Intacct sign-in", await _problem(client.sign_in(row.entity_id))),
            (f"card {row.card}", await _card_problem(client.card(row.card, entity=row.entity_id))),
            ("Spend Center", await _problem((await parts.reach.source(row)).whoami())),
        ]


async def _problem(call: object) -> str:
    try:
        await call  # type: ignore[misc]  # any awaitable of ours; only its failure counts
    except (IntacctError, SourceError) as refused:
        return str(refused) or type(refused).__name__
    return ""


async def _card_problem(call: object) -> str:
    try:
        card = await call  # type: ignore[misc]  # as above
    except IntacctError as refused:
        return str(refused)
    return "" if card is not None and card.active else "not there, or not active"


# --- syncing ---


@asynccontextmanager
async def alone(parts: Parts) -> AsyncIterator[bool]:
    """Whether no bot is at work on this database; while it is True, none can start on it (SQLite)."""
    if not parts.settings.on_sqlite:
        yield not await replicas.lively(parts.store, parts.clock() - timedelta(seconds=30))
        return
    try:
        lock = lock_file(parts.settings.data_dir)
    except EngineBusy:
        yield False
        return
    try:
        yield True
    finally:
        os.close(lock)


async def sync(settings: Settings, connection_id: str, follow: Callable[[Run], None] | None = None) -> Synced:
    """One run now, asked for by a person: what failed before is tried again too.

    Beside a running bot its job is asked for and followed; alone, the same job runs here.
    """
    async with open_parts(settings) as parts:
        row = await find(parts, connection_id)
        if row.state == ConnectionState.PAUSED:
            raise CommandError(f"{row.name} is paused. Resume it in Slack with /intacct resume.")
        began = parts.clock()
        if row.activated is None or row.state == ConnectionState.BROKEN:
            values = {"activated": row.activated or began, "state": ConnectionState.ACTIVE}
            await connections.change_connection(parts.store, row.id, **values)
        failed = await postings.list_postings(parts.store, row.id, states=[PostingState.FAILED], limit=20_000)
        target = {"connection": row.id, "postings": [one.id for one in failed]}
        async with alone(parts) as by_myself:
            intent = await runs.add_intent(parts.store, row.workspace_id, "sync", "", target, began)
            key = f"intent:{intent.id}"
            if by_myself:
                await _run_here(parts, row.id, key, intent.id)
            run = await _ended(parts, key, follow)
        touched = await postings.touched_by(parts.store, row.id, run.id)
        return Synced(run, touched, (parts.clock() - began).total_seconds())


async def _run_here(parts: Parts, connection_id: str, key: str, intent: str) -> None:
    turn = 0
    while await parts.runner.sync(
        turn, connection_id=connection_id, trigger=str(Trigger.PERSON), run_key=key, intent=intent
    ):
        turn += 1
    await runs.finish_intent(parts.store, intent, parts.clock())


async def _ended(parts: Parts, key: str, follow: Callable[[Run], None] | None) -> Run:
    """Wait for the run of this key; the bot takes an intent up within a few seconds."""
    started = parts.clock()
    while True:
        run = await runs.find_run(parts.store, key)
        if run is not None and follow is not None:
            follow(run)
        if run is not None and run.state in {RunState.FINISHED, RunState.STOPPED}:
            return run
        if run is None and parts.clock() - started > timedelta(seconds=30):
            raise CommandError("A bot holds this database and has not taken the sync up. Look at its log.")
        await asyncio.sleep(0.2)


async def dry_run(settings: Settings, connection_id: str) -> Preview:
    async with open_parts(settings) as parts, told():
        return await preview(parts.reach, await find(parts, connection_id))


async def prove(settings: Settings, connection_id: str, first: date, last: date) -> Proof:
    async with open_parts(settings) as parts, told():
        return await proofs.reconcile(parts.reach, await find(parts, connection_id), first, last)


@asynccontextmanager
async def told() -> AsyncIterator[None]:
    """Turns a far end's refusal into a sentence."""
    try:
        yield
    except IntacctError as refused:
        raise Failed(f"Intacct did not answer as needed: {refused}") from None
    except SourceError as refused:
        raise Failed(f"Spend Center did not answer as needed: {refused}") from None


async def rotate(settings: Settings) -> int:
    """Every stored secret under the first key; returns how many."""
    async with open_parts(settings) as parts:
        return await secrets.rotate(parts.store)
