"""Menus that search Intacct while somebody types: one search of a connection at a time, and no search twice within moments."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from bot.intacct.errors import IntacctError
from bot.intacct.records import DimensionValue

KEPT = timedelta(seconds=10)
"""For so long an answer is given again: long enough for impatient fingers, and a value made meanwhile is soon offered."""

MOST = 200

Found = Sequence[DimensionValue]


@dataclass(slots=True)
class ValueSearch:
    """The searches of all such menus of this process. Whoever calls has asked for the person's right before."""

    clock: Callable[[], datetime]
    _answers: dict[tuple[str, str, str], tuple[datetime, Found]] = field(default_factory=dict)
    _newest: dict[tuple[str, str], str] = field(default_factory=dict)
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def find(
        self, connection: str, about: str, user: str, query: str, read: Callable[[str], Awaitable[Found]]
    ) -> list[tuple[str, str]]:
        """Options as (text, Intacct ID); none when Intacct does not answer, or when this person has typed on meanwhile.

        Args:
            connection: whose Intacct is asked.
            about: which list, such as the name of a dimension.
            user: who types.
            query: what was typed so far.
            read: asks Intacct for the query; raises IntacctError.
        """
        key, mine = (connection, about, query.casefold().strip()), (connection, user)
        self._newest[mine] = query
        turn = self._turns.setdefault(connection, asyncio.Lock())
        async with turn:
            if self._newest.get(mine) != query:
                return []
            found = self._kept(key)
            if found is None:
                try:
                    found = await read(query)
                except IntacctError:
                    return []
                self._keep(key, found)
        return [(f"{one.value_id} {one.name}", one.value_id) for one in found]

    def _kept(self, key: tuple[str, str, str]) -> Found | None:
        at, found = self._answers.get(key, (None, ()))
        return found if at is not None and timedelta() <= self.clock() - at < KEPT else None

    def _keep(self, key: tuple[str, str, str], found: Found) -> None:
        if len(self._answers) >= MOST:
            self._answers.clear()
            self._newest.clear()
        self._answers[key] = (self.clock(), found)
