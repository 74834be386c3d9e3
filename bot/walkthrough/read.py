"""Gathering what the checks judge, live from Intacct. Nothing here decides and nothing here writes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date

from bot.hints.classify import classify
from bot.intacct.client import IntacctClient
from bot.intacct.errors import AuthenticationFailure, ControlFailure, FunctionFailure, IntacctError
from bot.intacct.query import Eq
from bot.intacct.records import AccountRecord, CreditCard, DimensionValue, Entity, FinancialSetup, UserRecord
from bot.models import Check, Dimension
from bot.walkthrough import books, checks, rights
from bot.walkthrough.checks import SignIn
from bot.walkthrough.rights import Holder, Rights
from bot.walkthrough.steps import CREDENTIALS, ENTITY, PERMISSIONS, SENDER, USER

PATIENCE = 15.0
"""Seconds after which waiting for Intacct ends in words."""
MODULES = {"CM": "Cash Management", "GL": "General Ledger"}


class Unanswered(Exception):
    """Intacct gave no answer that proves anything. `str()` is the sentence for people."""

    def __init__(self, sentence: str = "Intacct did not answer. Nothing was changed.") -> None:
        super().__init__(sentence)


@asynccontextmanager
async def answering(seconds: float = PATIENCE) -> AsyncIterator[None]:
    """Turns every way of not getting an answer into `Unanswered`; refusals pass through.

    Raises:
        Unanswered: no answer within `seconds`, or one that says nothing.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise Unanswered from None
    except (ControlFailure, AuthenticationFailure, FunctionFailure):
        raise
    except IntacctError:
        raise Unanswered from None


# --- access: steps 2 to 6 ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Access:
    """What one look at the company's door and rights gave: checks by step, and facts worth keeping."""

    tried: SignIn
    steps: Mapping[int, Sequence[Check]]
    setup: FinancialSetup | None = None
    entity: Entity | None = None

    @property
    def let_in(self) -> bool:
        return not self.tried.category


async def access(
    client: IntacctClient, tried: SignIn, scope: str, entity_id: str, role: str, *, by_user: bool = False
) -> Access:
    """One go through everything that a password makes checkable: sender, sign-in, user, permissions, entity.

    Args:
        tried: whom the client signs in as; its category is filled here.
        scope: "top", "entity", or empty while nobody has said.
        entity_id: the entity asked for, empty at the top level or while none is picked.
        role: the role that the guide proposes, to tell "not assigned" from "not there".
        by_user: whether permissions go by user, as whoever runs the set-up said.

    Raises:
        Unanswered: nothing was learned.
    """
    async with answering():
        try:
            await client.sign_in("")
        except (ControlFailure, AuthenticationFailure, FunctionFailure) as refused:
            return _refused(tried, classify(refused.fault).category, at_the_door=isinstance(refused, ControlFailure))
        user, (granted, roles), setup = await asyncio.gather(
            _user(client, tried.user_id), _rights(client, tried.user_id), _setup(client)
        )
        steps = {
            SENDER: [checks.sender(tried)],
            USER: [checks.sign_in(tried), *checks.user(user, tried.user_id)],
            PERMISSIONS: await _permissions(client, granted, Holder(tried.user_id, roles, by_user), role),
            CREDENTIALS: [checks.sign_in(tried)],
        }
        found, entity = await _entity(client, tried.user_id, scope, entity_id, setup)
        if found:
            steps[ENTITY] = found
    return Access(tried, steps, setup, entity)


def _refused(tried: SignIn, category: str, *, at_the_door: bool) -> Access:
    """A refusal of the request as a whole that names no sign-in fault says nothing about what the person typed."""
    if not category.startswith("auth."):
        if at_the_door:
            raise Unanswered
        category = "auth.login"
    tried = replace(tried, category=category)
    sign_in = checks.sign_in(tried)
    return Access(tried, {SENDER: [checks.sender(tried)], USER: [sign_in], CREDENTIALS: [sign_in]})


async def _user(client: IntacctClient, user_id: str) -> UserRecord | None:
    try:
        return await client.user(user_id)
    except FunctionFailure:
        return None


async def _rights(client: IntacctClient, user_id: str) -> tuple[Rights | None, tuple[str, ...]]:
    """What the user may do and the roles it has; None where the user may not read permissions."""
    try:
        roles = await client.user_roles(user_id)
    except FunctionFailure:
        roles = ()
    try:
        listed = await client.permissions(user_id)
    except FunctionFailure:
        return None, roles
    merged: dict[str, frozenset[str]] = {}
    for policies in listed.values():
        for policy, has in policies.items():
            merged[policy] = merged.get(policy, frozenset()) | has
    return merged, roles


async def _setup(client: IntacctClient) -> FinancialSetup | None:
    try:
        return await client.financial_setup()
    except FunctionFailure:
        return None


async def _permissions(client: IntacctClient, granted: Rights | None, holder: Holder, role: str) -> list[Check]:
    off = await _missing_modules(client)
    if granted is None:
        return rights.tried(await _refused_objects(client), holder, off)
    unassigned = role not in holder.roles and await _row(client, "ROLES", "NAME", role)
    return rights.permissions(granted, holder, role if unassigned else "", off)


async def _refused_objects(client: IntacctClient) -> set[str]:
    """The objects whose harmless read is refused: one record number of each."""
    refused = set()
    for need in rights.NEEDS:
        try:
            if need.object:
                await anext(client.query(need.object, ["RECORDNO"], page=1), None)
        except FunctionFailure:
            refused.add(need.object)
    return refused


async def _missing_modules(client: IntacctClient) -> list[str]:
    try:
        subscribed = await client.applications()
    except FunctionFailure:
        return []
    return [name for code, name in MODULES.items() if code not in subscribed]


async def _row(client: IntacctClient, name: str, key: str, value: str, *more: str) -> Mapping[str, str] | None:
    """The record of an object with this ID; None where there is none or it may not be read."""
    try:
        there = [key, *(set(more) & await client.fields(name) if more else ())]
        return await anext(client.query(name, there, Eq(key, value), show_private=True, order=()), None)
    except FunctionFailure:
        return None


# --- the entity -------------------------------------------------------------------------------------------------------


async def entities(client: IntacctClient) -> list[Entity]:
    """The entities that the user may enter, by ID."""
    async with answering():
        try:
            return sorted(await client.entities(), key=lambda entity: entity.entity_id)
        except FunctionFailure:
            return []


async def _entity(
    client: IntacctClient, user_id: str, scope: str, wanted: str, setup: FinancialSetup | None
) -> tuple[list[Check], Entity | None]:
    if scope not in ("top", "entity") or (scope == "entity" and not wanted):
        return [], None
    try:
        visible = await client.entities()
    except FunctionFailure:
        visible = []
    shut = await _shut_out_of(client, {one.entity_id for one in visible})
    if scope == "top":
        found = checks.top_level(setup or FinancialSetup("", False, False, False, False, ""), visible)
        return [checks.limited(user_id, visible)] if shut else found, None
    entity = next((one for one in visible if one.entity_id == wanted), None)
    if entity is not None and shut:
        return [checks.limited(user_id, visible)], entity
    known = await _known(client, wanted) if entity is None else checks.Known()
    taxed = entity is not None and await _tax_enabled(client, wanted)
    found = checks.one_entity(wanted, visible, known, user_id, tax_enabled=taxed)
    if checks.standing(found) is checks.DONE:
        try:
            await client.sign_in(wanted)
        except (AuthenticationFailure, FunctionFailure):
            return [Check("entity", checks.PROBLEM, checks.may_not_enter(user_id, wanted))], None
    return found, entity


async def _shut_out_of(client: IntacctClient, visible: set[str]) -> bool:
    """Whether there are active entities that the user may not enter, or nothing to be read where the accounts live."""
    try:
        if await anext(client.query("GLACCOUNT", ["RECORDNO"], page=1), None) is None:
            return True
    except FunctionFailure:
        pass  # step 4 names that right
    try:
        there = await client.fields("LOCATIONENTITY")
        asked = [name for name in ("LOCATIONID", "STATUS") if name in there]
        rows = [row async for row in client.query("LOCATIONENTITY", asked, show_private=True)]
    except FunctionFailure:
        return False
    return any(row.get("LOCATIONID") not in visible for row in rows if row.get("STATUS", "active").lower() == "active")


async def _known(client: IntacctClient, wanted: str) -> checks.Known:
    """What there is under an ID that is none of the entities to enter."""
    entity = await _row(client, "LOCATIONENTITY", "LOCATIONID", wanted, "NAME", "STATUS")
    if entity is not None:
        return checks.Known(entity.get("NAME", ""), entity.get("STATUS") or "active")
    place = await _row(client, "LOCATION", "LOCATIONID", wanted, "NAME", "PARENTID", "MEGAENTITYID")
    if place is None:
        return checks.Known()
    return checks.Known(place.get("NAME", ""), inside=place.get("PARENTID") or place.get("MEGAENTITYID") or "")


async def _tax_enabled(client: IntacctClient, entity_id: str) -> bool:
    """Whether the entity has a tax solution; companies without taxes do not have the field."""
    try:
        if "TAXSOLUTIONID" not in await client.fields("LOCATIONENTITY"):
            return False
        rows = client.query("LOCATIONENTITY", ["TAXSOLUTIONID"], Eq("LOCATIONID", entity_id))
        return any([row.get("TAXSOLUTIONID") async for row in rows])
    except FunctionFailure:
        return False


# --- the books: steps 7 and 8 -----------------------------------------------------------------------------------------


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
    wanted = (
        *("RECORDNO", "CARDID", "DESCRIPTION", "CARDTYPE", "EXP_MONTH", "EXP_YEAR", "STATUS", "LIABACCT#", "VENDORID"),
        *("DEPT#", "LOCATION#", "LIABILITYTYPE", "CURRENCY_R", "MEGAENTITYID"),
    )
    there = await client.fields("CREDITCARD", entity="")
    fields = [name for name in wanted if name in there]
    rows = client.query("CREDITCARD", fields, entity="", show_private=True)
    return [CreditCard.from_row(row) async for row in rows]


async def vendor_active(client: IntacctClient, vendor_id: str) -> bool | None:
    """Whether a vendor is active; None where the user may not read vendors."""
    if not vendor_id:
        return None
    try:
        rows = client.query("VENDOR", ["VENDORID", "STATUS"], Eq("VENDORID", vendor_id), show_private=True)
        row = await anext(rows, None)
    except FunctionFailure:
        return None
    return row is not None and row.get("STATUS", "").lower() == "active"


async def place(client: IntacctClient, entity_id: str, name: str) -> books.Place:
    """Where this connection posts, with the locations that lie inside and those that are closed."""
    entities = await client.entities()
    currencies = {entity.currency for entity in entities if entity.currency}
    own = next((one.currency for one in entities if one.entity_id == entity_id), "")
    parents: dict[str, str] = {}
    closed = set()
    there = await client.fields("LOCATION", entity="")
    fields = [name for name in ("LOCATIONID", "PARENTID", "MEGAENTITYID", "STATUS") if name in there]
    async for row in client.query("LOCATION", fields, entity="", show_private=True):
        owner, location = row.get("PARENTID") or row.get("MEGAENTITYID") or "", row.get("LOCATIONID", "")
        parents[location] = "" if owner == location else owner
        if row.get("STATUS", "active").lower() != "active":
            closed.add(location)
    several = len(currencies) > 1
    if not entity_id:
        only = "" if several else next(iter(currencies), "")
        return books.Place(label="the top level", several_currencies=several, currency=only, closed=frozenset(closed))
    inside = books.inside(entity_id, parents)
    return books.Place(entity_id, f"{entity_id} {name}".strip(), inside, several, own, frozenset(closed))


def pick_card(cards: Sequence[CreditCard], card_id: str, number: str, where: books.Place) -> CreditCard | None:
    """The card that is meant: the named one at the right level while it is in use, else any that fits the account."""
    named = [card for card in cards if card.card_id == card_id]
    here = [card for card in named if card.entity_id == where.entity_id]
    in_use = [card for card in here if card.active]
    fits = [card for card in cards if number and card.offset_account == number and card.active]
    right = [card for card in fits if card.offset_account == number and card.entity_id == where.entity_id]
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
) -> Watched:
    """Looks for the card and judges it; `only` this one, and none that would fit instead.

    Raises:
        Unanswered: nothing was learned.
    """
    async with answering():
        where = await place(client, entity_id, entity_name)
        cards = await all_cards(client)
        meant = [one for one in cards if one.card_id == card_id] if only else cards
        record = pick_card(meant, card_id, number, where)
        active = await vendor_active(client, record.vendor_id) if record else None
        often = await _summaries(client)
    name = record.card_id if record else card_id
    number = number or (record.offset_account if record else "")
    found = books.card(record, name, number, where, cards, vendor_active=active, today=today)
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
