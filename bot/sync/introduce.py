"""What a connection needs to know of its far ends before its first run, read once and kept."""

from __future__ import annotations

import logging

from bot.intacct.client import IntacctClient
from bot.intacct.errors import FunctionFailure
from bot.intacct.query import Eq
from bot.intacct.records import AccountRecord, CreditCard, Entity
from bot.models import Fault, Level, Operation, RawError
from bot.store import connections
from bot.store.connections import Company, Connection
from bot.sync.reach import Reach

log = logging.getLogger(__name__)


class Unsuitable(FunctionFailure):
    """Intacct would take these postings, and the books would be wrong: they record tax, or have several currencies."""

    def __init__(self, sentence: str) -> None:
        super().__init__(Fault(Level.FUNCTION, (RawError(description2=sentence),), operation=Operation.READ))
        self.sentence = sentence


async def introduce(reach: Reach, connection: Connection) -> Connection:
    """Fill in what is not known yet of either side.

    Raises:
        IntacctError, SourceError: a side did not answer or let us in.
        Unsuitable: this connection must not post.
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
    """The currency of the books, the card's liability account, and the location that a line without one gets."""
    met = connection.default_location and connection.card_account and connection.card_read
    if met and connection.entity_id and connection.option("currency"):
        return connection
    company = await connections.get_company(reach.store, connection.company)
    client = await reach.intacct(company)
    if connection.entity_id:
        connection = await _meet_entity(reach, client, connection)
    elif not company.base_currency:
        await _meet_company(reach, client, company)
    return connection if met else await _meet_card(reach, client, connection)


async def _meet_card(reach: Reach, client: IntacctClient, connection: Connection) -> Connection:
    """What is not known of the card yet; and what an earlier version kept of it, once, where those are record numbers.

    Earlier versions asked for LOCATION# and LIABACCT# and took what came for the ID and the number.
    """
    card = await client.card(connection.card, entity=connection.entity_id)
    if card is None:
        return connection
    location, account = connection.default_location, connection.card_account
    read = {"default_location": card.location_id or connection.entity_id, "card_account": card.offset_account}
    try:
        read["card_account"] = number = await _account_number(client, card, connection.entity_id)
        by_record_no = bool(location) and location == await _record_no_of(client, card, connection)
    except FunctionFailure:  # what is kept is compared before the next run
        values = {name: getattr(connection, name) or value for name, value in read.items()}
        return await connections.change_connection(reach.store, connection.id, **values)
    corrected = []
    if by_record_no:
        corrected.append(f"default location {location} → {card.location_id}")
        location = card.location_id
    if account and account == card.offset_record_no and number not in ("", account):
        corrected.append(f"offset account {account} → {number}")
        account = number
    values = {
        "default_location": location or read["default_location"],
        "card_account": account or read["card_account"],
    }
    if corrected:
        log.info("what %s keeps of its card was a record number: %s", connection.id, ", ".join(corrected))
    return await connections.keep_of_card(reach.store, connection.id, reach.clock(), ", ".join(corrected), **values)


async def _account_number(client: IntacctClient, card: CreditCard, entity: str) -> str:
    """The number of the card's account: of the one with its record number, else as the card itself shows it."""
    found: list[AccountRecord] = []
    if card.offset_record_no:
        found = await client.accounts(Eq("RECORDNO", card.offset_record_no), entity=entity)
    return found[0].account_no if found else card.offset_account


async def _record_no_of(client: IntacctClient, card: CreditCard, connection: Connection) -> str:
    """The record number of the card's location, where something else than its ID is kept; empty otherwise."""
    if not card.location_id or connection.default_location == card.location_id:
        return ""
    where, fields = Eq("LOCATIONID", card.location_id), ["LOCATIONID", "RECORDNO"]
    rows = client.query("LOCATION", fields, where, entity=connection.entity_id, show_private=True)
    return "".join([row.get("RECORDNO", "") async for row in rows][:1])


async def _meet_entity(reach: Reach, client: IntacctClient, connection: Connection) -> Connection:
    """The entity's name and its own base currency, which need not be the company's."""
    if connection.option("currency"):
        return connection
    entity = next((one for one in await _entities(client) if one.entity_id == connection.entity_id), None)
    if entity is None or not entity.currency:
        return connection  # not readable for this user: the card's own checks have to do
    name = f"{entity.entity_id} {entity.name}".strip()
    if await records_tax(client, entity.entity_id):
        raise Unsuitable(f"{name} records VAT; card spend would post without it: tax details are missing.")
    options = {**(connection.options or {}), "currency": entity.currency}
    return await connections.change_connection(
        reach.store, connection.id, options=options, entity_name=connection.entity_name or entity.name
    )


async def _meet_company(reach: Reach, client: IntacctClient, company: Company) -> None:
    """The one base currency; at the top level of a company with several, no card can post."""
    setup = await client.financial_setup(entity="")
    currencies = sorted({one.currency for one in await _entities(client) if one.currency})
    if setup.multi_base_currency or len(currencies) > 1:
        used = " and ".join(currencies) or "several base currencies"
        raise Unsuitable(
            f"The entities use {used}. Intacct lets a card post only in its own entity. Connect one entity at a time."
        )
    if setup.base_currency:
        await connections.change_company(reach.store, company.id, base_currency=setup.base_currency)


async def _entities(client: IntacctClient) -> list[Entity]:
    try:
        return await client.entities()
    except FunctionFailure:
        return []


async def records_tax(client: IntacctClient, entity_id: str) -> bool:
    """Whether the entity has a tax solution; companies without taxes do not have the field."""
    try:
        if "TAXSOLUTIONID" not in await client.fields("LOCATIONENTITY", entity=""):
            return False
        rows = client.query("LOCATIONENTITY", ["TAXSOLUTIONID"], Eq("LOCATIONID", entity_id), entity="")
        return any([row.get("TAXSOLUTIONID") async for row in rows])
    except FunctionFailure:
        return False
