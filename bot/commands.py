"""What the command line does, apart from parsing and printing: one coroutine a command."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.app import Parts, open_parts
from bot.engine import EngineBusy, lock_file
from bot.intacct.errors import IntacctError
from bot.models import ConnectionState, PostingState, RunState, Trigger
from bot.settings import Settings
from bot.spend.errors import CsvRefused, SourceError
from bot.spend.source import Source
from bot.store import connections, database, postings, replicas, runs, secrets
from bot.store.connections import Company, Connection
from bot.store.database_checks import set_engine_aside, silent_new_beginning
from bot.store.interrupted_upgrade import UnusableDatabaseError
from bot.store.postings import Posting
from bot.store.runs import Run
from bot.store.vault import VaultError
from bot.sync import reconcile as proofs
from bot.sync import remove as endings
from bot.sync.connection_file import NO_USER, ConnectionFileError, is_user, read, write
from bot.sync.introduce import Unsuitable, meet_books, meet_source
from bot.sync.overlap import taken
from bot.sync.preview import Preview, preview
from bot.sync.proof import Proof
from bot.sync.remove import Removed

TAKEN_UP = timedelta(seconds=30)
"""How long a bot may take to pick up a sync that was asked for beside it, or to be seen again."""

PATIENCE = timedelta(minutes=10)
"""How long a command waits for another one that is syncing."""

Follow = Callable[[Run], None]


class CommandError(Exception):
    """What was asked cannot be done; the text says what to do instead."""


class Failed(Exception):
    """What was asked was tried and did not succeed; the text says why."""


WRONG_USE = (CommandError, ConnectionFileError, VaultError, UnusableDatabaseError)
"""What the person who typed the command can mend."""


@dataclass(frozen=True, slots=True)
class Synced:
    """A run that has ended, with the postings it touched and those that wait for someone."""

    run: Run
    postings: list[Posting]
    seconds: float

    def count(self, *states: PostingState) -> int:
        return sum(row.state in states for row in self.postings)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A preview, and what it cost."""

    preview: Preview
    seconds: float
    requests: int


TROUBLE = (IntacctError, SourceError, SQLAlchemyError, OSError)
"""What lies outside this program: a far end, the database, the machine."""


def sentence(trouble: Exception) -> str:
    """What to say about it, without a statement's values or a request's body."""
    if isinstance(trouble, IntacctError):
        return f"Intacct did not answer as needed: {trouble}"
    if isinstance(trouble, CsvRefused):
        return f"The export file cannot be taken: {trouble}"
    if isinstance(trouble, SourceError):
        return f"Spend Center did not answer as needed: {trouble}"
    said = str(trouble.orig if isinstance(trouble, DBAPIError) else trouble).strip()
    reason = said.splitlines()[0] if said else type(trouble).__name__
    return (
        f"The database cannot be used: {reason}" if isinstance(trouble, SQLAlchemyError) else f"Not possible: {reason}"
    )


async def find(parts: Parts, connection_id: str) -> Connection:
    found = await connections.get_connection(parts.store, connection_id)
    if found is None or found.removed:
        known = [row.id for row in await connections.list_connections(parts.store)]
        there = (
            f"There are: {', '.join(known)}." if known else "There is none yet: python -m bot connections import FILE."
        )
        raise CommandError(f"There is no connection {connection_id}. {there}")
    return found


async def find_ready(parts: Parts, connection_id: str) -> Connection:
    """A connection that has what a sync needs."""
    found = await find(parts, connection_id)
    if found.start_date is None or not found.card:
        raise CommandError(f"{found.name} is not set up to its end: go on with /intacct setup in Slack.")
    return found


# --- connections ---


async def import_connection(settings: Settings, path: Path) -> tuple[Connection, list[str]]:
    """Store the connection of a file.

    Both far ends are greeted, so that a mistake shows now; one that does not answer, or cannot be asked, is a remark.

    Returns:
        The connection, and the remarks.

    Raises:
        ConnectionFileError: the file is wrong, or claims what another connection has.
    """
    file = read(path)
    async with open_parts(settings) as parts:
        now = parts.clock()
        workspace = await connections.only_workspace(parts.store, now)
        company = await connections.find_company(parts.store, workspace, file.company_id)
        if company is None:
            company = await connections.save_company(parts.store, workspace, file.company_id, **file.company)
        made = await connections.add_connection(
            parts.store, workspace=workspace, company=company.id, now=now, **file.connection
        )
        remarks = [] if made.owner else [ownerless(made)]
        try:
            made = await meet_source(parts.reach, made)
            if made.csv is not None:
                await _look_through(await parts.reach.source(made))
        except SourceError as refused:
            remarks.append(
                f"The export file cannot be taken; put it right, and a sync reads it again: {refused}"
                if isinstance(refused, CsvRefused)
                else f"Spend Center was not reached, which a sync will try again: {refused}"
            )
        if rivals := await taken(parts.store, made):
            await connections.remove_connection(parts.store, made.id, now)
            raise ConnectionFileError([_claimed(rivals)])
        await connections.save_company(parts.store, workspace, file.company_id, **file.company)
        if not settings.intacct_sender_id or not settings.sender_password:
            remarks.append("Intacct was not asked: INTACCT_SENDER_ID and INTACCT_SENDER_PASSWORD are not set here.")
            return made, remarks
        try:
            made = await meet_books(parts.reach, made)
        except Unsuitable as never:
            await connections.remove_connection(parts.store, made.id, now)
            raise ConnectionFileError([never.sentence]) from None
        except IntacctError as refused:
            remarks.append(f"Intacct was not reached or let nobody in, which a sync will try again: {refused}")
        return made, remarks


def ownerless(row: Connection) -> str:
    """What a connection without an owner means, and what to do."""
    return (
        f"{row.name} ({row.id}) has no owner: in Slack only the people on its own lists may do anything with it. "
        f"python -m bot connections owner {row.id} USER names one."
    )


def _claimed(rivals: Sequence[tuple[Connection, str]]) -> str:
    names = ", ".join(f"{one.name} ({one.id})" for one, _ in rivals)
    shared = ", ".join(dict.fromkeys(shared for _, shared in rivals))
    return f"the selector claims transactions that belong to {names} already ({shared}); narrow one of them"


async def name_owner(settings: Settings, connection_id: str, user: str) -> Connection:
    """Make somebody the owner of a connection, as the operator: who has no owner has nobody who could say so in Slack.

    Raises:
        CommandError: there is no such connection, or that is no user's ID.
    """
    if not is_user(user):
        raise CommandError(f"{user} is no Slack user ID; write {NO_USER}.")
    async with open_parts(settings) as parts:
        before = await find(parts, connection_id)
        changed = await connections.change_connection(parts.store, before.id, owner=user)
        was = f" Before, it was {before.owner}." if before.owner else ""
        said = f"The command line made {user} the owner.{was}"
        await runs.tell(parts.store, "owner", said, parts.clock(), connection=before.id)
        return changed


async def list_all(settings: Settings) -> list[tuple[Connection, Company]]:
    async with open_parts(settings) as parts:
        rows = await connections.list_connections(parts.store)
        return [(row, await connections.get_company(parts.store, row.company)) for row in rows]


async def export(settings: Settings, connection_id: str) -> str:
    async with open_parts(settings) as parts:
        row = await find(parts, connection_id)
        return write(row, await connections.get_company(parts.store, row.company))


async def remove(settings: Settings, connection_id: str) -> Removed:
    """Stop for good and forget the secrets, once what is in doubt was looked up."""
    async with open_parts(settings) as parts:
        row = await find(parts, connection_id)
        removed = await endings.remove(parts.reach, row, "")
        target = {"connection": row.id}  # a bot at work on this database draws the alerts that were closed
        await runs.add_intent(parts.store, row.workspace_id, "refresh", "", target, parts.clock())
        return removed


async def try_out(settings: Settings, connection_id: str) -> list[tuple[str, str]]:
    """Both far ends and what the connection needs there: (name, problem), the problem empty when all is well."""
    async with open_parts(settings) as parts:
        row = await find(parts, connection_id)
        client = await parts.reach.intacct(await connections.get_company(parts.store, row.company))
        return [
            ("Intacct sign-in", await _problem(client.sign_in(row.entity_id))),
            (f"card {row.card}", await _problem(_usable_card(client.card(row.card, entity=row.entity_id)))),
            await _source(row, await parts.reach.source(row)),
        ]


async def _source(row: Connection, source: Source) -> tuple[str, str]:
    if row.csv is not None:
        return "export file", await _problem(_look_through(source))
    return "Spend Center", await _problem(source.whoami())


async def _look_through(source: Source) -> None:
    """A file is checked whole before its first row is given out, so that its questions show before the first sync."""
    async for _ in source.transactions(None):
        return


async def _problem(call: Awaitable[object]) -> str:
    try:
        await call
    except (IntacctError, SourceError, CommandError) as refused:
        return str(refused) or type(refused).__name__
    return ""


async def _usable_card(call: Awaitable[Any]) -> None:
    card = await call
    if card is None or not card.active:
        raise CommandError("not there, or not active")


# --- syncing ---


@asynccontextmanager
async def alone(parts: Parts) -> AsyncIterator[bool]:
    """Whether no bot is at work on this database; another command that is syncing is waited for.

    While it is True, no other command syncs, and on SQLite no bot can start.
    """
    turn = _file_turn if parts.settings.on_sqlite else _database_turn
    until = parts.clock() + PATIENCE
    while True:
        async with turn(parts) as got:
            if got or await _bot_at_work(parts):
                yield got
                return
        if parts.clock() > until:
            raise Failed("Another sync is at work on this database and does not end.")
        await asyncio.sleep(0.3)


@asynccontextmanager
async def _file_turn(parts: Parts) -> AsyncIterator[bool]:
    try:
        lock = await asyncio.to_thread(lock_file, parts.settings.data_dir)
    except EngineBusy:
        yield False
        return
    try:
        yield True
    finally:
        os.close(lock)


@asynccontextmanager
async def _database_turn(parts: Parts) -> AsyncIterator[bool]:
    """A bot does not hold the lock of commands, so it is looked for as well."""
    async with replicas.only_command(parts.store) as got:
        yield got and not await _bot_at_work(parts)


async def _bot_at_work(parts: Parts) -> bool:
    return await replicas.lively(parts.store, await replicas.time(parts.store, parts.clock) - TAKEN_UP)


async def sync(settings: Settings, connection_id: str, follow: Follow | None = None) -> Synced:
    """One run now, asked for by a person: what failed before is tried again too.

    Beside a running bot its job is asked for and followed; alone, the same job runs here.
    """
    async with open_parts(settings) as parts:
        row = await find_ready(parts, connection_id)
        began = parts.clock()
        if row.state == ConnectionState.BROKEN:
            await parts.runner.check_company(0, company_id=row.company)
        if row.activated is None:
            if rivals := await taken(parts.store, row):
                raise CommandError(f"{row.name} is not started: {_claimed(rivals)}.")
            await connections.change_connection(parts.store, row.id, activated=began, state=ConnectionState.ACTIVE)
        failed = await postings.list_postings(parts.store, row.id, states=[PostingState.FAILED], limit=20_000)
        target = {"connection": row.id, "postings": [one.id for one in failed]}
        async with alone(parts) as by_myself:
            intent = await runs.add_intent(parts.store, row.workspace_id, "sync", "", target, began)
            here = asyncio.create_task(_run_here(parts, row.id, intent.id)) if by_myself else None
            run = await _ended(parts, f"intent:{intent.id}", here, follow)
        touched = await postings.touched_by(parts.store, row.id, run.id)
        return Synced(run, touched, (parts.clock() - began).total_seconds())


async def _run_here(parts: Parts, connection_id: str, intent: str) -> None:
    turn = 0
    while await parts.runner.sync(
        turn, connection_id=connection_id, trigger=str(Trigger.PERSON), run_key=f"intent:{intent}", intent=intent
    ):
        turn += 1
    await runs.finish_intent(parts.store, intent, parts.clock())


async def _ended(parts: Parts, key: str, here: asyncio.Task[None] | None, follow: Follow | None) -> Run:
    """Wait for the run of this key, whoever does it: the task `here`, or the bot at work on this database."""
    seen = parts.clock()
    try:
        while True:
            done = here is not None and here.done()
            run = await runs.find_run(parts.store, key)
            if run is not None and follow is not None:
                follow(run)
            if here is not None and done:
                here.result()
            if run is not None and run.state in {RunState.FINISHED, RunState.STOPPED} and (done or here is None):
                return run
            if done:
                raise Failed("The sync ended before it began. Look at the log.")
            if run is not None and await _bot_at_work(parts):
                seen = parts.clock()
            if here is None and parts.clock() - seen > TAKEN_UP:
                raise Failed(
                    "The bot on this database does not take the sync up, or has stopped. It will, once it runs."
                )
            await asyncio.sleep(0.1)
    finally:
        if here is not None and not here.done():
            here.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await here


async def dry_run(settings: Settings, connection_id: str) -> Foreseen:
    async with open_parts(settings) as parts:
        began = parts.clock()
        row = await find_ready(parts, connection_id)
        found = await preview(parts.reach, row)
        client = await parts.reach.intacct(await connections.get_company(parts.store, row.company))
        return Foreseen(found, (parts.clock() - began).total_seconds(), client.requests)


async def prove(settings: Settings, connection_id: str, first: date, last: date) -> Proof:
    async with open_parts(settings) as parts:
        return await proofs.reconcile(parts.reach, await find_ready(parts, connection_id), first, last)


# --- database, keys ---


async def upgrade(settings: Settings, *, new: bool = False) -> str:
    """The newest schema; returns its version. `new` says that an empty database is meant, though there was one before."""
    if new:
        await asyncio.to_thread(_begin_anew, settings)
    async with open_parts(settings, new=new):
        return await current(settings)


def _begin_anew(settings: Settings) -> None:
    """Raises `Failed` where a bot is at work beside the empty database."""
    if not settings.on_sqlite or not silent_new_beginning(settings):
        return
    try:
        lock = lock_file(settings.data_dir)
    except EngineBusy as busy:
        raise Failed(f"{busy} Stop it first.") from None
    try:
        set_engine_aside(settings.data_dir)
    finally:
        os.close(lock)


async def current(settings: Settings) -> str:
    """The schema's version; empty when there is no schema, or no database, which is not made by asking."""
    file = make_url(settings.store_url).database if settings.on_sqlite else None
    if file and not await asyncio.to_thread(Path(file).exists):
        return ""
    return await asyncio.to_thread(database.current, settings.store_url) or ""


async def rotate(settings: Settings) -> int:
    """Every stored secret under the first key; returns how many."""
    async with open_parts(settings) as parts:
        return await secrets.rotate(parts.store)
