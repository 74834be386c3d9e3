"""What a connection needs to know of its far ends before its first run, read once and kept."""

from __future__ import annotations

from bot.models import Selector
from bot.store import connections
from bot.store.connections import Connection
from bot.sync.reach import Reach


async def introduce(reach: Reach, connection: Connection) -> Connection:
    """Fill in what is not known yet of either side.

    Raises:
        IntacctError, SourceError: a side did not answer or let us in.
    """
    return await meet_books(reach, await meet_source(reach, connection))


async def meet_source(reach: Reach, connection: Connection) -> Connection:
    """The company behind the token."""
    if connection.spend_company:
        return connection
    company = await (await reach.source(connection)).whoami()
    return await connections.change_connection(
        reach.store, connection.id, spend_company=company.uuid, spend_company_name=company.name
    )


async def meet_books(reach: Reach, connection: Connection) -> Connection:
    """The base currency, the card's liability account, and the location that a line without one gets."""
    row = await connections.get_company(reach.store, connection.company)
    client = await reach.intacct(row)
    if not row.base_currency and not connection.entity_id:
        setup = await client.financial_setup(entity="")
        if setup.base_currency:
            await connections.change_company(reach.store, row.id, base_currency=setup.base_currency)
    if connection.default_location and connection.card_account:
        return connection
    card = await client.card(connection.card, entity=connection.entity_id)
    if card is None:
        return connection
    location = connection.default_location or card.location_id or connection.entity_id
    return await connections.change_connection(
        reach.store, connection.id, card_account=card.offset_account, default_location=location
    )


def overlap(one: Selector, other: Selector) -> bool:
    """Whether two connections of one Spend Center company would claim the same transactions.

    Selectors of different kinds are let pass: a row that both match is posted by whichever reads it first, never twice.
    """
    if one.all or other.all:
        return True
    fields = one.field and one.field == other.field and set(one.values) & set(other.values)
    return bool(set(one.cards) & set(other.cards) or set(one.budgets) & set(other.budgets) or fields)
