"""Gathering what the checks of access judge, live from Intacct. Nothing here decides and nothing here writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bot.hints.classify import classify
from bot.intacct.client import IntacctClient
from bot.intacct.errors import AuthenticationFailure, ControlFailure, FunctionFailure, IntacctError
from bot.intacct.locations import read_locations
from bot.intacct.query import Eq
from bot.intacct.records import Entity, FinancialSetup, UserRecord, usable
from bot.models import Check, Verdict
from bot.sync.introduce import records_tax
from bot.walkthrough import checks, rights
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
            return _refused(tried, classify(refused.fault), at_the_door=isinstance(refused, ControlFailure))
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


def _refused(tried: SignIn, verdict: Verdict, *, at_the_door: bool) -> Access:
    """A refusal of the request as a whole that names no sign-in fault says nothing about what the person typed."""
    category = verdict.category
    if not category.startswith("auth."):
        if at_the_door:
            raise Unanswered
        category = "auth.login"
    tried = replace(tried, category=category, cause=verdict.detail("cause"))
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
    taxed = entity is not None and await records_tax(client, wanted)
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
    return any(row.get("LOCATIONID") not in visible for row in rows if usable(row.get("STATUS", "")))


async def _known(client: IntacctClient, wanted: str) -> checks.Known:
    """What there is under an ID that is none of the entities to enter."""
    entity = await _row(client, "LOCATIONENTITY", "LOCATIONID", wanted, "NAME", "STATUS")
    if entity is not None:
        return checks.Known(entity.get("NAME", ""), entity.get("STATUS") or "active")
    try:
        locations = await read_locations(client, entity="")
    except FunctionFailure:
        return checks.Known()
    if wanted not in locations.names:
        return checks.Known()
    return checks.Known(locations.names[wanted], inside=locations.entities[wanted])
