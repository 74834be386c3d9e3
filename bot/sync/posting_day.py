"""On which day a transaction may be posted that cannot be posted on its own: judged here, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.intacct.errors import IntacctError
from bot.intacct.query import Eq
from bot.intacct.text import read_day
from bot.store.connections import Connection

PERIOD = "period.closed"
"""Category of a transaction whose own day lies in a closed period."""

PATIENCE_SECONDS = 1.5
"""For Intacct's word on where the books open, where a person waits: Slack wants its acknowledgement within three."""

KNOWN_FOR = timedelta(minutes=1)
"""How long Intacct's word on where the books open is believed; Intacct itself judges every posting anew."""


class OutOfBounds(ValueError):
    """This day may not be the posting date; the message is a sentence for the person who chose it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What limits the posting date of some transactions of one connection.

    `own` is the latest of their own days, and `today` is a day in the connection's time zone. `opens` is the first open
    day as Intacct told it. Where it told none after their own day, their own month is taken to be closed and the next
    one to be open.
    """

    own: date
    today: date
    start: date | None = None
    opens: date | None = None

    @property
    def first_open(self) -> date | None:
        return self.opens if self.opens is not None and self.opens > self.own else None

    @property
    def latest(self) -> date:
        return max(self.own, self.today, self.first_open or self.today)

    @property
    def first_month(self) -> date:
        """The first day of the first open month, as far as it is known."""
        return (self.first_open or next_month(self.own)).replace(day=1)

    @property
    def proposed(self) -> date:
        """The first open day, or the next best that is within the bounds."""
        return self.first_open or min(next_month(self.own), self.latest)

    def month_to_confirm(self, day: date) -> str:
        """`December 2026` for a day past the first open month, which is asked for twice; else empty."""
        return f"{day:%B %Y}" if day >= next_month(self.first_month) else ""

    def problem(self, day: date) -> str:
        """Why this day cannot be the posting date, in a sentence; empty when it can."""
        if self.start is not None and day < self.start:
            return f"Nothing is posted before the start date, {spelled(self.start)}."
        if day < self.own:
            return f"Nothing is dated before its own day: choose {spelled(self.own)} or later."
        if day > self.latest:
            why = {self.today: ", today,", self.first_open: ", the first open day,"}.get(self.latest, "")
            return f"{spelled(day)} is too late: choose {spelled(self.latest)}{why} or earlier."
        return ""

    def check(self, day: date, confirmed: str = "") -> None:
        """Go on only with a day within the bounds, and past the first open month only with that month confirmed.

        Args:
            confirmed: what `month_to_confirm` said and a person agreed to.

        Raises:
            OutOfBounds: with the sentence.
        """
        if problem := self.problem(day):
            raise OutOfBounds(problem)
        month = self.month_to_confirm(day)
        if month and confirmed != month:
            raise OutOfBounds(
                f"{month} lies after {self.first_month:%B %Y}, the first open month: confirm {month} first."
            )


def spelled(day: date) -> str:
    """`Nov 1, 2026`: with its year, since a wrong year is what this guards against."""
    return f"{day:%b} {day.day}, {day.year}"


def next_month(day: date) -> date:
    """The first day of the month after."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def today(connection: Connection, now: datetime) -> date:
    """The day that it is where the connection's books are."""
    return now.astimezone(ZoneInfo(connection.time_zone or "UTC")).date()


def told_by_refusal(details: Mapping[str, Any] | None) -> date | None:
    """The first open day as the refusal of a posting named it, if it did."""
    text = str((details or {}).get("first_open") or "")
    return date.fromisoformat(text) if text else None


def latest_of(days: Iterable[date | None]) -> date | None:
    """General Ledger and Cash Management are closed apart, and a posting needs both open: the later day counts."""
    return max((day for day in days if day is not None), default=None)


@dataclass(frozen=True, slots=True)
class OpenBooks:
    """From which day an entity's General Ledger is open: LOCATIONENTITY.STARTOPEN, "Open books from", as read a moment ago.

    Of Cash Management no field tells it beforehand, nor of the top level: there the refusal of a posting does.
    """

    _read: dict[tuple[int, str], tuple[datetime, date | None]] = field(default_factory=dict)

    async def opens(
        self, client: Any, connection: Connection, now: datetime, patience: float = PATIENCE_SECONDS
    ) -> date | None:
        """None where Intacct does not say: no entity, no such field, no right, or no answer in time."""
        if not connection.entity_id:
            return None
        key = (connection.company, connection.entity_id)
        kept = self._read.get(key)
        if kept is None or not timedelta() <= now - kept[0] < KNOWN_FOR:
            kept = self._read[key] = (now, await _start_open(client, connection.entity_id, patience))
        return kept[1]


async def _start_open(client: Any, entity: str, patience: float) -> date | None:
    """Asked at the top level, where entities are kept."""
    try:
        async with asyncio.timeout(patience):
            if "STARTOPEN" not in await client.fields("LOCATIONENTITY", entity=""):
                return None
            rows = client.query("LOCATIONENTITY", ["STARTOPEN"], Eq("LOCATIONID", entity), entity="")
            return next(iter([read_day(row.get("STARTOPEN", "")) async for row in rows]), None)
    except (IntacctError, TimeoutError):
        return None
