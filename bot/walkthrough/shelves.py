"""Gathering what steps 7 to 9 judge, live from Intacct: accounts, cards, places, lists. Nothing here decides or writes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bot.intacct.client import IntacctClient
from bot.intacct.errors import FunctionFailure
from bot.intacct.locations import read_locations
from bot.intacct.query import Eq
from bot.intacct.records import AccountRecord, CreditCard, DimensionValue
from bot.models import Check, Dimension
from bot.walkthrough import books
from bot.walkthrough.account_owner import Elsewhere
from bot.walkthrough.read import answering

# --- the liability account and the card -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chart:
    """The accounts there are, what a new one's number has to look like, and which belong to which bank account."""

    accounts: tuple[AccountRecord, ...]
    cards: tuple[CreditCard, ...]
    primary: int = 0
    sub: int = 0
    separator: str = ""
    banks: Mapping[str, str] = field(default_factory=dict)

    def number_problem(self, number: str) -> str:
        return books.number_problem(number, self.accounts, self.primary, self.sub, self.separator)

    def categories(self) -> list[str]:
        """The QuickStart categories in use, those of liabilities first."""
        credit = [one.category for one in self.accounts if one.normal_balance.lower() == "credit" and one.category]
        return list(dict.fromkeys([*credit, *(one.category for one in self.accounts if one.category)]))

    def free_number(self) -> str:
        """A proposal among the liabilities; empty where numbers are not plain figures."""
        numbers = [
            one.account_no
            for one in self.accounts
            if one.normal_balance.lower() == "credit"
            and "balance" in one.account_type.lower()
            and one.account_no.isdigit()
            and len(one.account_no) == (self.primary or len(one.account_no)) >= 3
        ]
        if not numbers:
            return ""
        usual = Counter(number[0] for number in numbers).most_common(1)[0][0]
        length = len(next(number for number in numbers if number[0] == usual))
        taken = {one.account_no for one in self.accounts}
        unit = 10 ** (length - 3)
        first = int(usual) * unit * 100 + unit * 15
        return next((str(n) for n in range(first, first + unit * 80, unit) if str(n) not in taken), "")


async def chart(client: IntacctClient) -> Chart:
    """The chart of accounts lives at the top level, whatever the connection posts to."""
    async with answering():
        accounts, cards, preferences, banks = await asyncio.gather(
            client.accounts(entity=""), all_cards(client), _preferences(client), _banks(client)
        )

    def size(*names: str) -> int:
        text = next((preferences[name] for name in names if preferences.get(name)), "")
        return int(text) if text.isdigit() else 0

    return Chart(
        tuple(accounts),
        tuple(cards),
        size("PRIMARY_ACCTNO_LENGTH", "ACCTLEN"),
        size("SUBACCTNO_LENGTH", "SUBACCTLEN"),
        preferences.get("ACCTNO_SEPARATOR", ""),
        banks,
    )


async def _banks(client: IntacctClient) -> dict[str, str]:
    """Account number to the bank account that it belongs to; empty where the user may not read those."""
    try:
        rows = client.query("CHECKINGACCOUNT", ["BANKACCOUNTID", "GLACCOUNTNO"], entity="", show_private=True)
        return {row.get("GLACCOUNTNO", "").partition("--")[0]: row.get("BANKACCOUNTID", "") async for row in rows}
    except FunctionFailure:
        return {}


async def _preferences(client: IntacctClient) -> Mapping[str, str]:
    try:
        return await client.preferences("GEN", entity="")
    except FunctionFailure:
        return {}


async def all_cards(client: IntacctClient) -> list[CreditCard]:
    """Every card at any level, so that one made at the wrong level can be named."""
    return await client.cards(entity="", show_private=True)


async def vendor_status(client: IntacctClient, vendor_id: str) -> str | None:
    """A vendor's status, empty where there is no such vendor; None where the user may not read vendors."""
    if not vendor_id:
        return None
    try:
        rows = client.query("VENDOR", ["VENDORID", "STATUS"], Eq("VENDORID", vendor_id), show_private=True)
        row = await anext(rows, None)
    except FunctionFailure:
        return None
    return row.get("STATUS", "") if row is not None else ""


async def place(client: IntacctClient, entity_id: str, name: str) -> books.Place:
    """Where this connection posts, with the locations that lie inside and those that are closed."""
    entities = await client.entities()
    currencies = {entity.currency for entity in entities if entity.currency}
    own = next((one.currency for one in entities if one.entity_id == entity_id), "")
    locations = await read_locations(client, entity="")
    several = len(currencies) > 1
    if not entity_id:
        only = "" if several else next(iter(currencies), "")
        return books.Place(label="the top level", several_currencies=several, currency=only, closed=locations.closed)
    inside = locations.inside(entity_id)
    return books.Place(entity_id, f"{entity_id} {name}".strip(), inside, several, own, locations.closed)


def pick_card(
    cards: Sequence[CreditCard], card_id: str, number: str, where: books.Place, record_no: str = ""
) -> CreditCard | None:
    """The card that is meant: the named one at the right level while it is in use, else any that fits the account.

    `number` and `record_no` are the account's, empty where they are not known.
    """
    named = [card for card in cards if card.card_id == card_id]
    here = [card for card in named if card.entity_id == where.entity_id]
    in_use = [card for card in here if card.active]
    fits = [card for card in cards if card.is_on(number, record_no) and card.active]
    right = [card for card in fits if card.entity_id == where.entity_id]
    return next(iter([*in_use, *right, *here, *fits, *named]), None)


@dataclass(frozen=True, slots=True)
class Watched:
    """The card step as it stands: the verdict, the card that was found, its ID, and where this connection posts.

    `summaries` is how often Cash Management posts to the ledger, in Intacct's word; empty where it does not say.
    """

    checks: Sequence[Check]
    card_id: str
    place: books.Place
    record: CreditCard | None = None
    summaries: str = ""


async def card(
    client: IntacctClient,
    card_id: str,
    number: str,
    entity_id: str,
    entity_name: str,
    today: date,
    *,
    only: bool = False,
    elsewhere: Elsewhere | None = None,
    own: str = "",
) -> Watched:
    """Looks for the card and judges it; `only` this one, and none that would fit instead.

    `elsewhere` is what other connections use, `own` the card to which this one posts already.

    Raises:
        Unanswered: nothing was learned.
    """
    async with answering():
        where = await place(client, entity_id, entity_name)
        cards = await all_cards(client)
        meant = [one for one in cards if one.card_id == card_id] if only else cards
        account = await client.account(number, entity="") if number else None
        record_no = account.record_no if account else ""
        used = elsewhere.cards if elsewhere else {}
        free = [one for one in meant if one.card_id not in used]
        record = pick_card(free, card_id, number, where, record_no) or pick_card(
            meant, card_id, number, where, record_no
        )
        vendor = await vendor_status(client, record.vendor_id) if record else None
        often = await _summaries(client)
    name = record.card_id if record else card_id
    number = number or (record.offset_account if record else "")
    found = books.card(
        record,
        name,
        number,
        where,
        cards,
        vendor_status=vendor,
        today=today,
        account_record_no=record_no,
        used_by=used.get(name, "") if record and name != own else "",
        live=name == own,
    )
    return Watched(found, name, where, record, often)


async def _summaries(client: IntacctClient) -> str:
    """The preference has no published name; whichever speaks of summaries is it."""
    try:
        preferences = await client.preferences("CM", entity="")
    except FunctionFailure:
        return ""
    named = (value for name, value in sorted(preferences.items()) if "SUMMAR" in name.upper())
    return next((value.strip().lower() for value in named if value.strip()), "")


# --- the lists of step 9 ----------------------------------------------------------------------------------------------


async def lists(client: IntacctClient, entity_id: str) -> dict[Dimension, list[DimensionValue]]:
    """The pick list of every dimension that this company has and this user may read, inactive entries included."""
    found: dict[Dimension, list[DimensionValue]] = {}
    async with answering(60.0):
        for dimension in Dimension:
            try:
                found[dimension] = [value async for value in client.list_values(dimension, entity=entity_id or None)]
            except FunctionFailure:
                continue
    return {dimension: values for dimension, values in found.items() if values}
