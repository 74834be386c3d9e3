"""A connection's decisions as the pure functions want them, and which locations belong to its entity."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.intacct.errors import IntacctError
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


async def locations_inside(client: Any, entity_id: str) -> frozenset[str] | None:
    """The locations that belong to an entity, by their parents; None when they cannot be read."""
    try:
        rows = [
            row
            async for row in client.query("LOCATION", ["LOCATIONID", "PARENTID"], entity=entity_id, show_private=True)
        ]
    except IntacctError:
        return None
    parents = {row.get("LOCATIONID", ""): row.get("PARENTID", "") for row in rows}
    inside = {entity_id}
    while True:
        more = {child for child, parent in parents.items() if parent in inside} - inside
        if not more:
            return frozenset(inside)
        inside |= more


@dataclass(frozen=True, slots=True)
class Locations:
    """The locations inside each entity, as read a while ago."""

    _read: dict[tuple[int, str], tuple[datetime, frozenset[str] | None]] = field(default_factory=dict)

    async def inside(self, client: Any, connection: Connection, now: datetime) -> frozenset[str] | None:
        """Those of the connection's entity; None where every location may do, or where they cannot be read."""
        if not connection.entity_id or connection.option("other_entities"):
            return None
        key = (connection.company, connection.entity_id)
        kept = self._read.get(key)
        if kept is None or not timedelta() <= now - kept[0] < KNOWN_FOR:
            kept = self._read[key] = (now, await locations_inside(client, connection.entity_id))
        return kept[1]
