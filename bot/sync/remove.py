"""The end of a connection, the same from Slack and from the command line: nothing in doubt is forgotten with its secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.intacct.errors import IntacctError
from bot.models import AlertState, ConnectionState, PostingState, RunState, Trigger
from bot.store import alerts, connections, postings, runs
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync.alerts import place
from bot.sync.post import Pass, Round
from bot.sync.posting_day import spelled
from bot.sync.reach import Reach
from bot.sync.settle import look_once
from bot.sync.terms import terms_of

IN_DOUBT = (PostingState.UNKNOWN, PostingState.POSTING, PostingState.REVERSING)
"""States in which nobody knows what Intacct has of a row."""
MOST = 20_000
SHOWN = 10
ANSWERED_WITHIN = 5
"""Seconds for the answers to requests that are under way when the connection is ended."""
PATIENCE = timedelta(seconds=20)
"""For the one look-up before the secrets go."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A connection that was ended, the rows that were still in doubt then, and why Intacct could not be asked, if so."""

    connection: Connection
    company_id: str
    doubt: tuple[Posting, ...] = ()
    unasked: str = ""

    def sentences(self, money: Callable[[Posting], str]) -> list[str]:
        """What whoever ended it is told, as plain text; `money` shows a row's amount."""
        said = [f"{place(self.connection)} is disconnected. What was posted stays in Intacct."]
        if not self.doubt:
            return said
        n, one = len(self.doubt), len(self.doubt) == 1
        why = f" Intacct could not be asked: {self.unasked}" if self.unasked else ""
        said.append(
            f"{n:,} transaction{'' if one else 's'} may or may not be in Intacct.{why} The next sync of any connection to "
            f"{self.company_id} looks {'it' if one else 'them'} up where {'it was' if one else 'they were'} sent. Until then, "
            f"before you enter {'it' if one else 'one'} by hand, search Intacct for its reference:"
        )
        said += [f"{spelled(row.date)} · {row.merchant} · {money(row)} · {row.reference}" for row in self.doubt[:SHOWN]]
        if n > SHOWN:
            said.append(f"and {n - SHOWN:,} more.")
        return said


async def remove(reach: Reach, connection: Connection, actor: str) -> Removed:
    """End a connection for good: look up what is in doubt, tell its end, close its alerts, delete its secrets.

    The company's sign-in goes with its last connection. What broke off in the middle is done again from the start.
    """
    store = reach.store
    await connections.change_connection(store, connection.id, state=ConnectionState.PAUSED)  # no turn begins any more
    company = await connections.get_company(store, connection.company)
    await _answers(reach, connection)
    unasked = await _look_up(reach, connection)
    doubt = await postings.list_postings(store, connection.id, states=IN_DOUBT, limit=MOST)
    now, left = reach.clock(), ", ".join(row.reference for row in doubt)
    said = f"Disconnected; in doubt stay {len(doubt):,}: {left}" if doubt else "Disconnected."
    await runs.tell(store, "disconnected", said, now, actor=actor, connection=connection.id)
    for alert in await alerts.list_open(store, connection=connection.id):
        await alerts.change(store, alert.id, state=AlertState.SOLVED, solved=now, solved_by=actor)
    others = await connections.list_connections(store, company=connection.company)
    if not [one for one in others if one.id != connection.id]:
        await connections.forget_sign_in(store, connection.company)
    await connections.remove_connection(store, connection.id, now)
    return Removed(connection, company.company_id, tuple(doubt), unasked)


async def _answers(reach: Reach, connection: Connection) -> None:
    """Wait for the answers to what a run has under way at this moment; what has none by then is in doubt."""
    for _ in range(ANSWERED_WITHIN):
        if not await postings.list_postings(reach.store, connection.id, states=[PostingState.POSTING], limit=1):
            return
        await asyncio.sleep(1)


async def _look_up(reach: Reach, connection: Connection) -> str:
    """Ask Intacct once about every unknown outcome. Returns why it could not be asked; empty when it was, or need not be."""
    store = reach.store
    rows = await postings.list_postings(store, connection.id, states=[PostingState.UNKNOWN], limit=MOST)
    if not rows or connection.start_date is None:
        return ""
    company = await connections.get_company(store, connection.company)
    now = reach.clock()
    run = await runs.begin(
        store, f"remove:{connection.id}", connection=connection.id, trigger=Trigger.RETRY, actor="", now=now
    )
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            client = await reach.intacct(company)
            terms = terms_of(connection, company, inside=None)
            await look_once(Pass(reach, connection, company, client, terms, run), [connection.id], Round())
    except IntacctError as refused:
        return str(refused)
    except TimeoutError:
        return "it did not answer in time."
    finally:
        await runs.change_run(store, run.id, state=RunState.FINISHED, finished=reach.clock())
    return ""
