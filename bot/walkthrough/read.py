"""Gathering what the checks judge, live from Intacct. Nothing here decides and nothing here writes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date

from bot.hints.classify import classify
from bot.intacct.client import IntacctClient
from bot.intacct.errors import AuthenticationFailure, ControlFailure, FunctionFailure, IntacctError
from bot.intacct.query import Eq
from bot.intacct.records import AccountRecord, CreditCard, DimensionValue, Entity, FinancialSetup, UserRecord
from bot.models import Check, Dimension
from bot.walkthrough import books, checks
from bot.walkthrough.checks import SignIn
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


async def access(client: IntacctClient, tried: SignIn, scope: str, entity_id: str, role: str) -> Access:
    """One go through everything that a password makes checkable: sender, sign-in, user, permissions, entity.

    Args:
        tried: whom the client signs in as; its category is filled here.
        scope: "top", "entity", or empty while nobody has said.
        entity_id: the entity asked for, empty at the top level or while none is picked.
        role: the role that the guide proposes, to tell "not assigned" from "not there".

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
            PERMISSIONS: await _permissions(client, granted, roles, tried.user_id, role),
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


async def _rights(client: IntacctClient, user_id: str) -> tuple[checks.Rights | None, tuple[str, ...]]:
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
        for policy, rights in policies.items():
            merged[policy] = merged.get(policy, frozenset()) | rights
    return merged, roles


async def _setup(client: IntacctClient) -> FinancialSetup | None:
    try:
        return await client.financial_setup()
    except FunctionFailure:
        return None


async def _permissions(
    client: IntacctClient, granted: checks.Rights | None, roles: tuple[str, ...], user_id: str, role: str
) -> list[Check]:
    unassigned = role not in roles and await _exists(client, "ROLES", "NAME", role)
    if granted is not None:
        found = checks.permissions(granted, roles, user_id)
    else:
        found = checks.tried(await _refused_objects(client), await _missing_modules(client))
    if unassigned and checks.standing(found) is checks.PROBLEM:
        found.insert(0, checks.role_not_assigned(role, user_id))
    return found


async def _refused_objects(client: IntacctClient) -> set[str]:
    """The objects whose harmless read is refused: one record number of each."""
    refused = set()
    for need in checks.NEEDS:
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


async def _exists(client: IntacctClient, name: str, key: str, value: str) -> bool:
    try:
        rows = client.query(name, [key], Eq(key, value), show_private=True, order=())
        return await anext(rows, None) is not None
    except FunctionFailure:
        return False


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
    if scope == "top":
        return checks.top_level(setup or FinancialSetup("", False, False, False, False, ""), visible), None
    entity = next((one for one in visible if one.entity_id == wanted), None)
    exists = entity is not None or await _exists(client, "LOCATIONENTITY", "LOCATIONID", wanted)
    taxed = entity is not None and await _tax_enabled(client, wanted)
    found = checks.one_entity(wanted, visible, exists, user_id, tax_enabled=taxed)
    if checks.standing(found) is checks.DONE:
        try:
            await client.sign_in(wanted)
        except (AuthenticationFailure, FunctionFailure):
            return [Check("entity", checks.PROBLEM, checks.may_not_enter(user_id, wanted))], None
    return found, entity


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
    """The accounts there are and what a new one's number has to look like."""

    accounts: tuple[AccountRecord, ...]
    cards: tuple[CreditCard, ...]
    primary: int = 0
    sub: int = 0
    separator: str = ""

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
        accounts, cards, preferences = await asyncio.gather(
            client.accounts(entity=""), all_cards(client), _preferences(client)
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
    )


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
    """Where this connection posts, with the locations that lie inside."""
    currencies = {entity.currency for entity in await client.entities() if entity.currency}
    if not entity_id:
        return books.Place(label="the top level", several_currencies=len(currencies) > 1)
    parents: dict[str, str] = {}
    there = await client.fields("LOCATION", entity="")
    fields = [name for name in ("LOCATIONID", "PARENTID", "MEGAENTITYID") if name in there]
    async for row in client.query("LOCATION", fields, entity="", show_private=True):
        owner = row.get("PARENTID") or row.get("MEGAENTITYID") or ""
        parents[row.get("LOCATIONID", "")] = "" if owner == row.get("LOCATIONID") else owner
    inside = books.inside(entity_id, parents)
    return books.Place(entity_id, f"{entity_id} {name}".strip(), inside, len(currencies) > 1)


def pick_card(cards: Sequence[CreditCard], card_id: str, number: str, where: books.Place) -> CreditCard | None:
    """The card that is meant: the named one at the right level, else any that fits the account, else the named one."""
    named = [card for card in cards if card.card_id == card_id]
    here = [card for card in named if card.entity_id == where.entity_id]
    fits = [card for card in cards if number and card.offset_account == number and card.active]
    return next(iter([*here, *fits, *named]), None)


@dataclass(frozen=True, slots=True)
class Watched:
    """The card step as it stands: the verdict, the card that was found, its ID, and where this connection posts."""

    checks: Sequence[Check]
    card_id: str
    place: books.Place
    record: CreditCard | None = None


async def card(
    client: IntacctClient, card_id: str, number: str, entity_id: str, entity_name: str, today: date
) -> Watched:
    """Looks for the card and judges it."""
    async with answering():
        where = await place(client, entity_id, entity_name)
        cards = await all_cards(client)
        record = pick_card(cards, card_id, number, where)
        active = await vendor_active(client, record.vendor_id) if record else None
    name = record.card_id if record else card_id
    found = books.card(record, name, number, where, cards, vendor_active=active, today=today)
    return Watched(found, name, where, record)


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
