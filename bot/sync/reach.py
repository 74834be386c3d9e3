"""How the sync reaches the far ends: one Intacct client per company, one source per connection, kept while they are valid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.intacct.client import IntacctClient
from bot.models import Secret
from bot.spend.source import Source
from bot.store.connections import Company, Connection
from bot.store.database import Store
from bot.sync.posting_day import OpenBooks

IntacctFor = Callable[[str, str, Secret, int], IntacctClient]
"""(company ID, user ID, password, requests at once) -> a client of its own."""

SourceFor = Callable[[Connection], Source]


def line_of(connection: Connection) -> str:
    """The line in which write-backs stand: beside the company's own, since what people see must not wait for them."""
    return f"{connection.company}:source"


@dataclass(slots=True)
class Reach:
    """What every piece of the sync needs from outside: the store, the far ends, the time.

    `settle_after` is how long after an attempt's commit an empty look-up may count as proof. `sender_id` is
    named in messages only, and `intacct_url` is what links are compared with. `looked` are the connections whose due references were looked up since this process
    started, as must happen once before anything is posted.
    """

    store: Store
    clock: Callable[[], datetime]
    settle_after: timedelta
    sender_id: str
    intacct_url: str
    intacct_for: IntacctFor
    source_for: SourceFor
    looked: set[str] = field(default_factory=set)
    books: OpenBooks = field(default_factory=OpenBooks)
    _clients: dict[int, tuple[tuple[Any, ...], IntacctClient]] = field(default_factory=dict)
    _sources: dict[str, tuple[int, Source]] = field(default_factory=dict)
    _retired: dict[int | str, IntacctClient | Source] = field(default_factory=dict)

    async def intacct(self, company: Company) -> IntacctClient:
        """The company's client; a new one after its sign-in or allowance changed."""
        password = company.password or Secret("")
        key = (company.company_id, company.user_id, password, company.requests_at_once)
        kept = self._clients.get(company.id)
        if kept is not None and kept[0] == key:
            return kept[1]
        client = self.intacct_for(company.company_id, company.user_id, password, company.requests_at_once)
        self._clients[company.id] = (key, client)  # before anything is awaited: another may ask meanwhile
        if kept is not None:
            await self._retire(company.id, kept[1])
        return client

    async def source(self, connection: Connection) -> Source:
        """The connection's source; a new one after the connection was changed. Who read it before that gets the new one, too."""
        kept = self._sources.get(connection.id)
        if kept is not None and kept[0] >= connection.revision:
            return kept[1]
        source = self.source_for(connection)
        self._sources[connection.id] = (connection.revision, source)
        if kept is not None:
            await self._retire(connection.id, kept[1])
        return source

    async def _retire(self, whose: int | str, old: IntacctClient | Source) -> None:
        """A run may be at work with the one before, so that it is closed with the next change only."""
        older, self._retired[whose] = self._retired.get(whose), old
        if older is not None:
            await older.aclose()

    async def aclose(self) -> None:
        kept: list[IntacctClient | Source] = [*self._retired.values()]
        kept += [client for _, client in self._clients.values()]
        kept += [source for _, source in self._sources.values()]
        for one in kept:
            await one.aclose()
        for all_of_it in (self._clients, self._sources, self._retired):
            all_of_it.clear()
