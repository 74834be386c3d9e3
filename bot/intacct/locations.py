"""Which locations lie inside which entity, and which of them may not be used on a line.

LOCATION has no MEGAENTITYID. Its ENTITY names the entity (an entity's own row names itself); where a company does not show
that, the way leads up over PARENTID to an ID of LOCATIONENTITY.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from bot.intacct.client import IntacctClient
from bot.intacct.errors import FunctionFailure
from bot.intacct.records import Row, usable

_FIELDS = ("LOCATIONID", "NAME", "PARENTID", "ENTITY", "STATUS")


@dataclass(frozen=True, slots=True)
class Locations:
    """What a company's locations say.

    `entities` is location ID to the ID of its entity, empty for one of none. `closed` is location ID to the STATUS that
    keeps it from being used. `names` is location ID to its name.
    """

    entities: Mapping[str, str] = field(default_factory=dict)
    closed: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def inside(self, entity_id: str) -> frozenset[str]:
        """The locations that lie inside an entity, the entity itself among them."""
        return frozenset({entity_id, *(place for place, entity in self.entities.items() if entity == entity_id)})


async def read_locations(client: IntacctClient, *, entity: str) -> Locations:
    """All locations that can be seen from a level.

    Raises:
        FunctionFailure: this user may not list locations.
        IntacctError: Intacct did not answer.
    """
    try:
        there = await client.fields("LOCATION", entity=entity)
    except FunctionFailure:
        there = frozenset()
    asked = [name for name in _FIELDS if name in there or not there]
    rows = [row async for row in client.query("LOCATION", asked, entity=entity, show_private=True)]
    entities = {entity} - {""}
    if any(not row.get("ENTITY") and row.get("PARENTID") for row in rows):
        listed = client.query("LOCATIONENTITY", ["LOCATIONID"], entity=entity, show_private=True)
        with suppress(FunctionFailure):  # the level asked from is known to be one
            entities |= {row.get("LOCATIONID", "") async for row in listed}
    return placed(rows, entities)


def placed(rows: Iterable[Row], entities: Collection[str] = ()) -> Locations:
    """Locations as their rows say; `entities` are the IDs of LOCATIONENTITY, for rows that name no entity."""
    by_id = {row.get("LOCATIONID", ""): row for row in rows}

    def entity_of(place: str) -> str:
        seen: set[str] = set()
        while place and place not in seen:
            row = by_id.get(place, {})
            named = row.get("ENTITY", "").partition("--")[0]
            if named or place in entities:
                return named or place
            seen.add(place)
            place = row.get("PARENTID", "").partition("--")[0]
        return ""

    return Locations(
        entities={place: entity_of(place) for place in by_id},
        closed={place: row["STATUS"] for place, row in by_id.items() if not usable(row.get("STATUS", ""))},
        names={place: row.get("NAME", "") for place, row in by_id.items()},
    )
