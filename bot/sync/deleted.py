"""What was posted and is gone from Spend Center: no list says so, hence once a day the list is held against our rows."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, timedelta

from bot.models import ConnectionState
from bot.spend.errors import SourceError
from bot.spend.source import Source
from bot.store import connections, postings, reversals
from bot.sync.changes import DELETED, undone, verdict_of
from bot.sync.run import Runner

log = logging.getLogger(__name__)

BACK = timedelta(days=40)
"""How far back is looked; what is older is found by the month's proof."""

AROUND = timedelta(days=2)
"""How much further the list is read, for time zones and for posting dates that a person moved."""

MOST = 20
"""More than these at once are no deletions but another company's list, or a list cut short; they wait for the proof."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """The job. It reads, and marks rows as changed; what becomes of their records a person decides."""

    runner: Runner

    async def __call__(self, turn: int, *, connection_id: str) -> bool:
        store, now = self.runner.reach.store, self.runner.reach.clock()
        connection = await connections.get_connection(store, connection_id)
        if connection is None or connection.removed or turn > 0:
            return False
        if connection.state != ConnectionState.ACTIVE or connection.csv:  # a file leaves out what is old
            return False
        first = max(now.date() - BACK, connection.start_date or date.min)
        standing = await postings.posted_since(store, connection.id, first)
        try:
            source = await self.runner.reach.source(connection)
            gone = await postings.get(store, await _gone(source, standing, first))
        except SourceError as away:
            log.warning("deletions of %s are looked for tomorrow: %s", connection.id, away)
            return False
        for row in gone:
            said = undone(row, DELETED)
            if said and await reversals.mark(store, row, verdict_of(row, said), now):
                await self.runner.ending.refresh(connection)
        return False


async def _gone(source: Source, missing: dict[str, int], first: date) -> list[int]:
    """Ids of those of these transactions, given with their ids, that are neither in the list nor found by themselves."""
    if not missing:
        return []
    async for page in source.transactions(None, on_or_after=first - AROUND):
        if page.cut:
            return []
        for uuid in [*(one.uuid for one in page.transactions), *(one.uuid for one in page.problems)]:
            missing.pop(uuid, None)
    if len(missing) > MOST:
        log.warning("%d transactions are not in Spend Center's list; nothing is concluded from so many", len(missing))
        return []
    return [posting for uuid, posting in missing.items() if await source.transaction(uuid) is None]
