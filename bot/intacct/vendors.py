"""Vendors: read, and the two writes that an alert may ask for. Pure rendering; the client sends it and says what is proven.

Both functions and their fields stand in the published request schema. Their effect is inferred, as are the lengths below
and that a vendor made at an entity belongs to it: nobody has run them against a live company yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.intacct import calls
from bot.intacct.client import IntacctClient
from bot.intacct.envelope import render_function
from bot.intacct.errors import FunctionFailure
from bot.intacct.query import Eq, Filter
from bot.intacct.records import usable
from bot.intacct.text import read_truth

LONGEST_ID, LONGEST_NAME = 20, 100
"""Characters."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}")


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor. `status` is Intacct's word, and only `active` may be used. `on_hold` is None where Intacct does not show it; `entity_id` is whose own it is, empty for all."""

    vendor_id: str
    name: str
    status: str
    on_hold: bool | None
    entity_id: str

    @property
    def active(self) -> bool:
        return usable(self.status)


def fits_id(text: str) -> bool:
    """Whether this can be a vendor's ID: up to 20 letters, digits, dots, dashes and underscores."""
    return _ID.fullmatch(text) is not None


async def read(client: IntacctClient, vendor_id: str, *, entity: str) -> Vendor | None:
    """The vendor of this ID as it is seen from that level.

    Raises:
        IntacctError: Intacct refused or did not answer.
    """
    return await _first(client, Eq("VENDORID", vendor_id), entity)


async def named(client: IntacctClient, name: str, *, entity: str) -> Vendor | None:
    """A vendor of this name.

    Raises:
        IntacctError: Intacct refused or did not answer.
    """
    return await _first(client, Eq("NAME", name), entity)


async def _first(client: IntacctClient, where: Filter, entity: str) -> Vendor | None:
    """Whether it is on hold, and whose it is, is asked for only where the company lists those fields."""
    try:
        known = await client.fields("VENDOR", entity=entity)
    except FunctionFailure:
        known = frozenset()
    fields = ["VENDORID", "NAME", "STATUS", *(field for field in ("ONHOLD", "MEGAENTITYID") if field in known)]
    rows = client.query("VENDOR", fields, where, entity=entity, show_private=True, order=())
    async for row in rows:
        return Vendor(
            vendor_id=row.get("VENDORID", ""),
            name=row.get("NAME", ""),
            status=row.get("STATUS") or "active",
            on_hold=read_truth(row.get("ONHOLD", "")) if "ONHOLD" in known else None,
            entity_id=row.get("MEGAENTITYID", ""),
        )
    return None


def render_create(controlid: str, vendor_id: str, name: str) -> str:
    """The body of a creation, for `IntacctClient.record_batch`."""
    return render_function(controlid, calls.create_vendor(vendor_id, name))


def render_update(controlid: str, vendor_id: str, changes: Mapping[str, str]) -> str:
    """The body of a change of `status`, `onhold` or both, for `IntacctClient.record_batch`."""
    return render_function(controlid, calls.update_vendor(vendor_id, changes))
