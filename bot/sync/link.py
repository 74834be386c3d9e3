"""Where a posted record's page is in Intacct, as Intacct itself tells it: nobody publishes how such an address is made."""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import urlsplit

from bot.intacct.errors import IntacctError
from bot.store import connections
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync.reach import Reach

log = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds; whoever looks has read the rest meanwhile."""

LONGEST = 1000


async def link(reach: Reach, connection: Connection, row: Posting) -> str:
    """The address of the posting's record; empty where it has none, or Intacct does not tell one that can be trusted."""
    company = await connections.get_company(reach.store, connection.company)
    if not row.record_no or connection.removed or company.problem:
        return ""
    try:
        async with asyncio.timeout(PATIENCE):
            client = await reach.intacct(company)
            address = await client.address(row.record_no, entity=connection.entity_id)
    except (IntacctError, TimeoutError) as refused:
        log.info("the address of posting %d is not to be had: %s", row.id, type(refused).__name__)
        return ""
    return address if trusted(address, reach.intacct_url) else ""


def trusted(address: str, gateway: str) -> bool:
    """Whether an address leads to Intacct's own site, or to the host that we talk to anyway; and cannot break a message."""
    if len(address) > LONGEST or not address.isascii() or any(sign in address for sign in " <>|\"'\\\t\r\n"):
        return False
    try:
        there, ours = urlsplit(address), urlsplit(gateway)
        same = (there.scheme, there.hostname, there.port) == (ours.scheme, ours.hostname, ours.port)
    except ValueError:
        return False
    host = there.hostname or ""
    return same or (there.scheme == "https" and (host == "intacct.com" or host.endswith(".intacct.com")))
