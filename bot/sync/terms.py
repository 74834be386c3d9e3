"""A connection's decisions as the pure functions want them, and which locations belong to its entity."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.intacct.errors import IntacctError
from bot.intacct.locations import read_locations
from bot.store.connections import Company, Connection
from bot.sync.mapping import Terms

KNOWN_FOR = timedelta(minutes=10)
"""How long the locations of an entity are believed; reading them costs a query, and a run has many turns."""


def terms_of(connection: Connection, company: Company, *, inside: frozenset[str] | None) -> Terms:
    """The connection's decisions, as the pure functions want them."""
    if connection.start_date is None:
        raise ValueError("A connection needs a start date before it syncs.")
    return Terms(
        zone=ZoneInfo(connection.time_zone or "UTC"),
        start_date=connection.start_date,
        card=connection.card,
        default_location=connection.default_location,
        codes=connection.codes(),
        selector=connection.selects(),
        options=connection.options or {},
        base_currency=connection.option("currency") or company.base_currency,
        refunds_accepted=company.refunds_accepted,
        inside=inside,
    )


async def locations_inside(client: Any, connection: Connection) -> frozenset[str] | None:
    """The locations that a line of this connection may have; None where every one may do, or where they cannot be read."""
    if not connection.entity_id or connection.option("other_entities"):
        return None
    try:
        return (await read_locations(client, entity=connection.entity_id)).inside(connection.entity_id)
    except IntacctError:
        return None


@dataclass(frozen=True, slots=True)
class Locations:
    """The locations that lines of each connection may have, as read a while ago."""

    _read: dict[tuple[int, str], tuple[datetime, frozenset[str] | None]] = field(default_factory=dict)

    async def inside(self, client: Any, connection: Connection, now: datetime) -> frozenset[str] | None:
        """As `locations_inside` says, now or a while ago."""
        if not connection.entity_id or connection.option("other_entities"):
            return None
        key = (connection.company, connection.entity_id)
        kept = self._read.get(key)
        if kept is None or not timedelta() <= now - kept[0] < KNOWN_FOR:
            kept = self._read[key] = (now, await locations_inside(client, connection))
        return kept[1]
