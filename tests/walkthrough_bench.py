"""Harbor & Pine on real wires: the simulated Intacct and Spend Center, a store, and a conversation between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.intacct.client import Gateway, IntacctClient, SignIn
from bot.models import Secret, StepState
from bot.sandbox.intacct import IntacctSim
from bot.sandbox.seed import Story, story
from bot.sandbox.seed_company import SENDER_ID, SENDER_PASSWORD
from bot.sandbox.spend import SpendSim
from bot.settings import Settings
from bot.spend.client import SpendClient
from bot.spend.source import Source
from bot.store.connections import ensure_workspace
from bot.store.database import Store, open_store
from bot.store.walkthroughs import Walkthrough
from bot.walkthrough import progress
from bot.walkthrough.conversation import Conversation

DANA, LEE, SAM = "U0DANA", "U0LEE", "U0SAM"
NEEDED = {
    "Credit card transactions": ["List", "View", "Add", "Edit"],
    "Credit card accounts": ["List", "View"],
    "Accounts": ["List", "View", "Add", "Edit"],
    "Entities": ["List", "View"],
    "Locations": ["List", "View"],
    "Departments": ["List", "View"],
    "Classes": ["List", "View"],
    "Users": ["List", "View"],
    "Roles": ["List", "View"],
    "Permissions": ["View"],
    "Attachments": ["List", "View", "Add"],
    "Vendors": ["List", "View"],
    "Projects": ["List", "View"],
}


async def no_waiting(_seconds: float) -> None:
    """The pauses between tries, without the waiting."""
    await asyncio.sleep(0)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Harbor:
    """The far ends, what a person does on their screens, and the conversation."""

    def __init__(self, store: Store, intacct: IntacctSim, spend: SpendSim, tale: Story, clock: Clock) -> None:
        self.store, self.intacct, self.spend, self.tale, self.clock = store, intacct, spend, tale, clock
        self.workspace = ""
        self.talk = self.conversation()

    def conversation(self, sender_id: str = SENDER_ID, sender_password: str = SENDER_PASSWORD) -> Conversation:
        """A conversation that remembers nothing but the store, as after a restart."""
        gateway = Gateway(self.intacct.url, sender_id, Secret(sender_password))

        def intacct_for(company_id: str, user_id: str, password: Secret, requests_at_once: int) -> IntacctClient:
            sign_in = SignIn(company_id, user_id, password)
            return IntacctClient(gateway, sign_in, requests_at_once=requests_at_once, sleep=no_waiting)

        def source_for(token: Secret | None, client_id: str, client_secret: Secret | None) -> Source:
            return SpendClient(
                self.spend.url,
                token=token,
                client_id=client_id,
                client_secret=client_secret,
                token_url=self.spend.token_url,
            )

        return Conversation(
            self.store, intacct_for=intacct_for, source_for=source_for, sender_id=sender_id, clock=self.clock
        )

    # --- on Intacct's screens -----------------------------------------------------------------------------------------

    async def does(self, verb: str, **args: Any) -> dict[str, Any]:
        return await self.intacct.control(verb, args)

    async def lets_the_app_in(self) -> None:
        await self.does("authorize_sender", sender_id=SENDER_ID)
        await self.does("save_company")

    async def adds_the_user(self, **changes: Any) -> str:
        """Web Services users > Add with its role; the password that Intacct mails."""
        await self.does(
            "create_ws_user",
            **{
                "user_id": "Spendcenter",
                "email": "dana@harborpine.example",
                "first_name": "Dana",
                "last_name": "Whitfield",
                **changes,
            },
        )
        return self.mailed_password()

    def mailed_password(self) -> str:
        return str(self.intacct.gateway.company.mailbox[-1]["password"])

    async def gives_the_role(self, policies: Any = None) -> None:
        await self.does("create_role", name="Billcom Role", policies=policies or NEEDED)
        await self.does("assign_role", user_id="Spendcenter", role="Billcom Role")

    async def adds_the_card(self, entity: str = "100", **changes: str) -> None:
        card = {
            "CARDID": "Spend Center CC Object",
            "DESCRIPTION": "Spend Center cards",
            "CARDTYPE": "Visa",
            "EXP_MONTH": "December",
            "EXP_YEAR": "2035",
            "LIABILITYTYPE": "Credit",
            "VENDORID": "V-CARDS",
            "LIABACCTKEY": "2150",
            "LOCATION": entity or "100",
            **changes,
        }
        await self.does("create_record", object="CREDITCARD", record=card, entity=entity)

    # --- in the conversation ------------------------------------------------------------------------------------------

    async def opens(self, user: str = DANA, scope: str = "entity", company: str = "HarborPine") -> Walkthrough:
        walk = await self.talk.open(self.workspace, user)
        await self.talk.door.choose_scope(walk.id, user, scope)
        return await self.talk.door.choose_company(walk.id, user, company, "")

    async def signs_in(self, walk: Walkthrough, password: str, user: str = DANA) -> Walkthrough:
        return await self.talk.door.sign_in(walk.id, user, "Spendcenter", Secret(password))

    async def comes_to_the_account(self, user: str = DANA) -> Walkthrough:
        """All of the access side done, Portland picked: step 7 stands open."""
        await self.lets_the_app_in()
        password = await self.adds_the_user()
        await self.gives_the_role()
        walk = await self.opens(user)
        walk = await self.signs_in(walk, password, user)
        return await self.talk.door.choose_entity(walk.id, user, "100")

    async def makes_the_account(
        self, walk: Walkthrough, number: str, category: str = "", user: str = DANA
    ) -> Walkthrough:
        await self.talk.ledger.plan_account(walk.id, user, number, category)
        return await self.talk.ledger.create_account(walk.id, user)

    async def comes_to_spend_center(self, user: str = DANA) -> Walkthrough:
        """Account and card done as well: step 9 stands open."""
        walk = await self.comes_to_the_account(user)
        await self.makes_the_account(walk, "2150", "Accrued expenses", user)
        await self.adds_the_card()
        return await self.talk.check(walk.id, user, 8)


def states(walk: Walkthrough) -> dict[int, StepState]:
    """Steps that are not merely to do."""
    return {n: progress.state_of(walk, n) for n in range(1, 10) if progress.state_of(walk, n) is not StepState.TO_DO}


def sentences(walk: Walkthrough, step: int) -> str:
    return "\n".join(check.sentence for check in progress.checks_of(walk, step))


@asynccontextmanager
async def harbor(folder: Path, database: str = "", keys: str = "") -> AsyncIterator[Harbor]:
    """Everything started and closed again; `database` is a URL, else it is SQLite in the folder."""
    clock = Clock()
    tale = story(clock().date())
    intacct, spend = IntacctSim(tale.company), SpendSim(tale.spend)
    intacct.clock = spend.clock = clock
    async with AsyncExitStack() as stack:
        for sim in (intacct, spend):
            await sim.start()
            stack.push_async_callback(sim.stop)
        settings = Settings(_env_file=None, data_dir=folder, database_url=database, encryption_keys=SecretStr(keys))
        store = await open_store(settings)
        stack.push_async_callback(store.close)
        place = Harbor(store, intacct, spend, tale, clock)
        place.workspace = await ensure_workspace(store, "", "T0HARBOR", "Harbor & Pine", clock())
        yield place
