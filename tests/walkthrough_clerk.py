"""Two people for the table of wrong set-ups: one who walks through all steps, one who does on Intacct's screens what a sentence says."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.models import Check, Secret, StepState
from bot.sandbox.intacct.company import Company
from bot.sandbox.seed_company import WEB_SERVICES_PASSWORD, connected
from bot.store.walkthroughs import Walkthrough
from bot.walkthrough import progress
from bot.walkthrough.steps import CARD, CARD_ID, PERMISSIONS, ROLE
from tests.walkthrough_bench import DANA, NEEDED, Harbor

USER = "Spendcenter"
FIELDS = {
    "Status": "STATUS",
    "Normal balance": "NORMALBALANCE",
    "Period end closing type": "CLOSINGTYPE",
    "Disallow direct posting": "SUBLEDGERCONTROLON",
    "Vendor": "VENDORID",
    "Default location": "LOCATION",
}
DIMENSIONS = {
    "Department": "DEPT",
    "Location": "LOC",
    "Customer": "CUSTOMER",
    "Vendor": "VENDOR",
    "Employee": "EMPLOYEE",
    "Project": "PROJECT",
    "Item": "ITEM",
    "Class": "CLASS",
}


class Visit:
    """Somebody who goes through the steps with the guide's values and stops where a problem is named."""

    def __init__(self, town: Harbor) -> None:
        self.town = town
        self.scope, self.entity, self.kind = "entity", "100", ""
        self.company_id, self.user_id, self.password = "HarborPine", USER, WEB_SERVICES_PASSWORD
        self.account, self.card = "2150", CARD_ID
        self.walk: Walkthrough | None = None

    @property
    def books(self) -> Company:
        return self.town.intacct.gateway.company

    @property
    def id(self) -> str:
        assert self.walk is not None
        return self.walk.id

    async def goes_on(self, after: int = 0) -> list[tuple[int, Check]]:
        """As far as it gets. Returns the problems that are named, each once with its first step."""
        talk = self.town.talk
        if self.walk is None:
            self.walk = await talk.open(self.town.workspace, DANA, fresh=True)
        for number, work in self._works():
            if number <= after:
                continue
            await work()
            self.walk = await talk.get(self.id)
            if found := problems(self.walk):
                return found
        return []

    async def again(self, step: int) -> None:
        """Types and picks anew, up to this step."""
        for number, work in self._works():
            if number <= step:
                await work()

    def _works(self) -> list[tuple[int, Callable[[], Awaitable[None]]]]:
        return [
            (1, self._opens),
            (3, self._signs_in),
            (4, self._says_that_the_role_is_done),
            (5, self._picks_the_entity),
            (7, self._picks_the_account),
            (8, self._has_the_card),
        ]

    async def _opens(self) -> None:
        door = self.town.talk.door
        await door.choose_scope(self.id, DANA, self.scope)
        await door.choose_company(self.id, DANA, self.company_id, self.user_id)
        if self.kind:
            await door.choose_permissions(self.id, DANA, kind=self.kind)

    async def _signs_in(self) -> None:
        await self.town.talk.door.sign_in(self.id, DANA, self.user_id, Secret(self.password))

    async def _says_that_the_role_is_done(self) -> None:
        """Where nothing of it is there, the sign-in alone leaves the step to do; who presses is told what is missing."""
        if progress.state_of(await self.town.talk.get(self.id), PERMISSIONS) is StepState.TO_DO:
            await self.town.talk.check(self.id, DANA, PERMISSIONS)

    async def _picks_the_entity(self) -> None:
        if self.scope == "entity":
            await self.town.talk.door.choose_entity(self.id, DANA, self.entity)

    async def _picks_the_account(self) -> None:
        await self.town.talk.ledger.use_account(self.id, DANA, self.account)

    async def _has_the_card(self) -> None:
        """Makes the card as step 8 says, unless there is one that could be meant."""
        cards = list(self.books.rows("CREDITCARD"))
        if not any(card["CARDID"] == self.card or card["LIABACCTKEY"] == self.account for card in cards):
            await self.adds_a_card(self.card)
        await self.town.talk.check(self.id, DANA, CARD)

    async def adds_a_card(self, card_id: str) -> None:
        entity = self.entity if self.scope == "entity" else ""
        await self.town.adds_the_card(entity, CARDID=card_id, LOCATION=entity or "100", LIABACCTKEY=self.account)


def problems(walk: Walkthrough) -> list[tuple[int, Check]]:
    """What is named as wrong over all steps; the sign-in is part of two steps and counts once."""
    found: dict[str, tuple[int, Check]] = {}
    for step in range(1, 10):
        for check in progress.checks_of(walk, step):
            if check.state is StepState.PROBLEM:
                found.setdefault(check.sentence, (step, check))
    return list(found.values())


def harbor_pine(town: Harbor) -> Company:
    """The books after a set-up that went well, its user with one role of only what is needed."""
    town.intacct.reset(connected(town.tale.company))
    books = town.intacct.gateway.company
    books.roles[ROLE] = {policy: list(has) for policy, has in NEEDED.items()}
    (books.user(USER) or {})["ROLES"] = [ROLE]
    return books


# --- the clerk --------------------------------------------------------------------------------------------------------

Act = Callable[["Clerk", re.Match[str]], Awaitable[None]]


@dataclass
class Clerk:
    """Follows the clicks of one sentence, knowing nothing but what it says and what step 4 and 8 list."""

    visit: Visit
    done: list[str] = field(default_factory=list)

    async def follow(self, sentence: str) -> None:
        for pattern, act in ACTS:
            if found := re.search(pattern, sentence):
                self.done.append(pattern)
                await act(self, found)
        assert self.done, f"nobody could act on: {sentence}"

    async def does(self, verb: str, **args: Any) -> None:
        await self.visit.town.does(verb, **args)


async def _lets_in(clerk: Clerk, said: re.Match[str]) -> None:
    await clerk.does("authorize_sender", sender_id=said["sender"], status="active")
    await clerk.does("save_company")


async def _edits_user(clerk: Clerk, said: re.Match[str]) -> None:
    name = {"User type": "user_type", "Status": "status"}[said["field"]]
    await clerk.does("edit_user", user_id=said["user"], **{name: said["value"].lower()})


async def _unlimits(clerk: Clerk, said: re.Match[str]) -> None:
    await clerk.does("edit_user", user_id=said["user"], entities=[])


async def _admits(clerk: Clerk, said: re.Match[str]) -> None:
    user = clerk.visit.books.user(said["user"]) or {}
    await clerk.does("edit_user", user_id=said["user"], entities=[*user["ENTITIES"], said["entity"]])


async def _ticks_in_role(clerk: Clerk, said: re.Match[str]) -> None:
    policies = dict(clerk.visit.books.roles[said["role"]])
    policies[said["policy"]] = [*policies.get(said["policy"], []), *said["rights"].split(" and ")]
    await clerk.does("set_role", name=said["role"], policies=policies)


async def _ticks_for_user(clerk: Clerk, said: re.Match[str]) -> None:
    rights = dict((clerk.visit.books.user(said["user"]) or {})["rights"])
    rights[said["policy"]] = [*rights.get(said["policy"], []), *said["rights"].split(" and ")]
    await clerk.does("edit_user", user_id=said["user"], rights=rights)


async def _fills_role(clerk: Clerk, said: re.Match[str]) -> None:
    name = said["role"] if said["role"] != "the role" else ROLE
    await clerk.does("set_role", name=name, policies=NEEDED)


async def _makes_role(clerk: Clerk, _said: re.Match[str]) -> None:
    await clerk.does("create_role", name="Cards", policies=NEEDED)


async def _assigns(clerk: Clerk, said: re.Match[str]) -> None:
    roles = clerk.visit.books.roles
    await clerk.does("assign_role", user_id=said["user"], role=ROLE if ROLE in roles else "Cards")


async def _subscribes(clerk: Clerk, said: re.Match[str]) -> None:
    codes = {"Cash Management": "CM", "General Ledger": "GL"}
    clerk.visit.books.applications.append(codes[said["name"]])


async def _edits_entity(clerk: Clerk, said: re.Match[str]) -> None:
    record = {"LOCATIONID": said["entity"], "STATUS": "active"}
    await clerk.does("save_record", object="LOCATIONENTITY", record=record)


async def _edits_account(clerk: Clerk, said: re.Match[str]) -> None:
    value = {"untick": "false"}.get(said["value"], said["value"].lower())
    record = {"ACCOUNTNO": said["id"], FIELDS[said["field"]]: value}
    await clerk.does("save_record", object="GLACCOUNT", record=record)


async def _unticks_dimension(clerk: Clerk, said: re.Match[str]) -> None:
    record = {"ACCOUNTNO": said["id"], f"REQUIRE{DIMENSIONS[said['dimension']]}": "false"}
    await clerk.does("save_record", object="GLACCOUNT", record=record)


async def _edits_vendor(clerk: Clerk, said: re.Match[str]) -> None:
    await clerk.does("save_record", object="VENDOR", record={"VENDORID": said["id"], "STATUS": "active"})


async def _edits_card(clerk: Clerk, said: re.Match[str]) -> None:
    record = {"CARDID": said["id"]}
    if said["field"] == "Expiration date":
        month, _, year = said["value"].partition("/")
        record |= {"EXP_MONTH": month, "EXP_YEAR": year}
    else:
        value = said["value"].removeprefix("choose ")
        record[FIELDS[said["field"]]] = {"the card issuer": "V-CARDS", "Active": "active"}.get(value, value)
    await clerk.does("save_record", object="CREDITCARD", record=record)


async def _replaces_card(clerk: Clerk, _said: re.Match[str]) -> None:
    await clerk.visit.adds_a_card(f"{clerk.visit.card} 2")
    await clerk.does("save_record", object="CREDITCARD", record={"CARDID": clerk.visit.card, "STATUS": "inactive"})


async def _makes_card_anew(clerk: Clerk, _said: re.Match[str]) -> None:
    await clerk.does("delete_record", object="CREDITCARD", record={"CARDID": clerk.visit.card})
    await clerk.visit.adds_a_card(clerk.visit.card)


async def _deletes_other_card(clerk: Clerk, said: re.Match[str]) -> None:
    await clerk.does("delete_record", object="CREDITCARD", record={"CARDID": said["card"]})


async def _adds_card_there(clerk: Clerk, said: re.Match[str]) -> None:
    await clerk.visit.adds_a_card(said.groupdict().get("card") or f"{clerk.visit.card} 2")


_USERS = "Web Services users > "
_CARD = r"Credit card > (?P<id>[^>]+?) > Edit > (?P<field>Status|Vendor|Default location|Expiration date) > (?P<value>[^.]+)\."
_ACCOUNT = (
    r"Ledger > Accounts > (?P<id>\S+) > Edit > "
    r"(?P<field>Status|Normal balance|Period end closing type|Disallow direct posting)"
)
ACTS: tuple[tuple[str, Act], ...] = (
    (r"Web Services authorizations > `(?P<sender>[^`]+)`, status Active > Save > Save the page", _lets_in),
    (_USERS + r"(?P<user>\S+) > Edit > (?P<field>User type|Status) > (?P<value>\w+)", _edits_user),
    (_USERS + r"(?P<user>\S+) > Edit > User entities > remove all > Save", _unlimits),
    (_USERS + r"(?P<user>\S+) > Edit > User entities > add (?P<entity>\S+) > Save", _admits),
    (
        r"Admin > Roles > (?P<role>[^>]+) > Subscriptions > [^>]+ > Permissions > (?P<policy>[^>]+) > tick (?P<rights>[^>]+) > Save",
        _ticks_in_role,
    ),
    (
        _USERS
        + r"(?P<user>\S+) > Subscriptions > [^>]+ > Permissions > (?P<policy>[^>]+) > tick (?P<rights>[^>]+) > Save",
        _ticks_for_user,
    ),
    (
        r"Admin > Roles > (?P<role>[^>]+) > Subscriptions > Permissions > tick (?:the boxes|List and View of each) > Save",
        _fills_role,
    ),
    (r"Admin > Roles > Add, tick the boxes, Save", _makes_role),
    (_USERS + r"(?P<user>\S+) > Edit > Roles information > add it > Save", _assigns),
    (r"Admin > Subscriptions > (?P<name>[^>]+) > Subscribe", _subscribes),
    (r"Company > Entities > (?P<entity>\S+) > Edit > Status > Active", _edits_entity),
    (_ACCOUNT + r" > (?P<value>[^.]+)\.", _edits_account),
    (r"Ledger > Accounts > (?P<id>\S+) > Edit > Required dimensions > (?P<dimension>\w+) > untick", _unticks_dimension),
    (r"Payable > Vendors > (?P<id>\S+) > Edit > Status > Active", _edits_vendor),
    (_CARD, _edits_card),
    (r"add another card with a new ID, set this one to Inactive", _replaces_card),
    (r"delete this card and add it again", _makes_card_anew),
    (r"delete `(?P<card>[^`]+)` first", _deletes_other_card),
    (r"Switch to the entity and add one there, with an ID of its own such as `(?P<card>[^`]+)`", _adds_card_there),
    (r"Switch to the top level and add one there, with an ID of its own", _adds_card_there),
)
"""What a sentence says, and what is then done on the screens; in the order in which people read."""
