"""Which rules may speak anywhere now: one that replaces a value rests while Intacct takes that value."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.intacct.client import IntacctClient
from bot.intacct.errors import FunctionFailure
from bot.intacct.query import In
from bot.intacct.records import DIMENSION_OBJECTS
from bot.models import Dimension
from bot.store import rules
from bot.store.connections import Connection
from bot.store.database import Store
from bot.store.rules import Rule
from bot.sync.rules import in_order

KNOWN_FOR = timedelta(minutes=10)
"""How long Intacct's word on a replaced value is believed; a run has many turns."""


@dataclass(slots=True)
class Standing:
    """The rules of connections, beside what Intacct last said about the values that they replace."""

    _kept: dict[tuple[str, str, tuple[str, ...]], tuple[datetime, Mapping[str, bool]]] = field(default_factory=dict)

    async def of(
        self,
        store: Store,
        client: IntacctClient,
        connection: Connection,
        now: datetime,
        inside: Collection[str] | None = None,
    ) -> tuple[tuple[Rule, ...], frozenset[int]]:
        """The active rules, in the order in which they are asked, and the ids of those that rest.

        Args:
            store: knows the rules.
            client: reads the lists in Intacct.
            connection: whose rules.
            now: for how old an answer is.
            inside: the locations of the connection's entity; None when lines may go anywhere.

        Raises:
            IntacctError: Intacct was asked about a value and did not answer.
        """
        active = in_order(await rules.of_connections(store, [connection.id], active_only=True))
        replaced: dict[str, list[str]] = {}
        for rule in active:
            if rule.instead:
                replaced.setdefault(rule.dimension, []).append(rule.instead)
        refused = {
            (dimension, value)
            for dimension, values in replaced.items()
            for value in await self._refused(client, connection, dimension, values, now)
        }
        outside = {rule.instead for rule in active if inside is not None and rule.instead not in inside}
        refused |= {(str(Dimension.LOCATION), value) for value in outside}
        resting = (one.id for one in active if one.instead and (one.dimension, one.instead) not in refused)
        return tuple(active), frozenset(resting)

    async def _refused(
        self, client: IntacctClient, connection: Connection, dimension: str, values: Sequence[str], now: datetime
    ) -> list[str]:
        """Those of the values that Intacct does not take; none where the user may not list them, since nothing is proven."""
        key = (connection.id, dimension, tuple(sorted(set(values))))
        kept = self._kept.get(key)
        if kept is None or not timedelta() <= now - kept[0] < KNOWN_FOR:
            source = DIMENSION_OBJECTS[Dimension(dimension)]
            listed = client.list_values(source, In(source.id_field, key[2]), entity=connection.entity_id)
            try:
                said = dict.fromkeys(values, False) | {one.value_id: one.active async for one in listed}
            except FunctionFailure:
                said = dict.fromkeys(values, True)
            kept = self._kept[key] = (now, said)
        return [value for value in key[2] if not kept[1][value]]
