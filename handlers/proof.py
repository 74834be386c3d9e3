"""`/intacct proof`: a month's proof, read by a durable job, for the eyes of whoever asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.engine import Job
from bot.hints.classify import classify
from bot.hints.source import fault_of
from bot.intacct.errors import IntacctError
from bot.spend.errors import SourceError
from bot.store import connections, outbox, proofs, told
from bot.store.connections import Connection
from bot.store.outbox import Note
from bot.store.proofs import KeptProof
from bot.store.rows import from_json, to_json
from bot.sync import months
from bot.sync.alerts import place
from bot.sync.proof import Proof
from bot.sync.reconcile import reconcile
from bot.walkthrough.conversation import Refused
from handlers.access import Access
from handlers.alerts import Ack
from handlers.asking import Ask
from handlers.choosing import Choosing
from handlers.outbox import Outbox
from handlers.services import Services
from handlers.ui import help as words
from handlers.ui import proof as ui
from handlers.ui.blocks import Json


@dataclass(frozen=True, slots=True)
class Proofs:
    services: Services
    access: Access
    choosing: Choosing

    def register(self, app: AsyncApp) -> None:
        app.action(ui.PICKED)(self.picked)
        app.action(ui.SEE)(self.see)
        app.action(ui.PAGES)(self.page)

    # --- asking ---

    async def proof(self, ask: Ask, typed: str) -> None:
        """`[YYYY-MM or a month's name] [connection]`, in either order."""
        try:
            month, named = months.read(typed)
        except ValueError as wrong:
            raise Refused(str(wrong)) from None
        one = await self.choosing.named(ask, named, f"{ui.OF}{month}", "Whose proof do you want to see?")
        if one is not None:
            await ask.tell(words.said(await self.start(ask, one, month)))

    async def picked(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        month = str(body["actions"][0]["action_id"]).removeprefix(ui.OF)
        said = await self.start(ask, await self.choosing.pressed(ask), month)
        await ack()
        await ask.tell(words.said(said))

    async def start(self, ask: Ask, one: Connection, month: str) -> str:
        """Promise the job. Returns the sentence about it.

        Raises:
            Refused: not for this person, not ready, or no month that can be proved.
        """
        await self._may(ask, one)
        if not one.start_date or not one.card:
            raise Refused(f"{place(one)} is still being set up. Type `/intacct setup` to go on.")
        try:
            first = months.settled(month, _today(one, self.services.clock()))
        except ValueError as wrong:
            raise Refused(str(wrong)) from None
        if months.last_day(first) < one.start_date:
            raise Refused(
                f"{place(one)} posts from {one.start_date:%B} {one.start_date.day}, {one.start_date.year} on."
            )
        await self.services.engine.enqueue(
            "proof",
            f"{one.id}:{first:%Y-%m}:{ask.user}:{self.services.clock().isoformat()}",
            company=line_of(one),
            urgent=True,
            connection_id=one.id,
            month=f"{first:%Y-%m}",
            user=ask.user,
            asked=self.services.clock().isoformat(),
            named=int(bool(month)),
        )
        return ui.reading(first, place(one))

    # --- the pages ---

    async def see(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        await ask.open(await self._page(ask, ask.value, 0))

    async def page(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        await ask.show(await self._page(ask, ask.metadata, int(ask.value) if ask.value.isdigit() else 0))

    async def _page(self, ask: Ask, kept_id: str, number: int) -> Json:
        kept = await proofs.get(self.services.store, int(kept_id)) if kept_id.isascii() and kept_id.isdigit() else None
        one = await connections.get_connection(self.services.store, kept.connection_id) if kept else None
        if kept is None or one is None or (kept.workspace_id, kept.actor) != (ask.workspace, ask.user):
            raise Refused("That proof is not there any more. Ask again with `/intacct proof`.")
        await self._may(ask, one)
        scene = await scene_of(self.services, one)
        return await asyncio.to_thread(_drawn, kept, number, scene)

    async def _may(self, ask: Ask, one: Connection) -> None:
        """Raises Refused when this connection's amounts are not this person's business."""
        if one.removed or not await self.access.sees(ask.client, one, ask.user):
            raise Refused("That connection is not yours to see. Type `/intacct status` to see what is.")


def _drawn(kept: KeptProof, number: int, scene: ui.Scene) -> Json:
    """A page; beside the loop, since a proof may have thousands of differences."""
    return ui.page(from_json(Proof, kept.content), kept.id, number, scene)


async def scene_of(services: Services, one: Connection) -> ui.Scene:
    company = await connections.get_company(services.store, one.company)
    return ui.Scene(place(one), company.base_currency or "USD", one.time_zone or "UTC")


def _today(one: Connection, now: datetime) -> date:
    return now.astimezone(ZoneInfo(one.time_zone or "UTC")).date()


def line_of(one: Connection) -> str:
    """Proofs of a company are read one after the other, beside its syncs and what people see of them."""
    return f"{one.company}:proof"


def make_proofs(services: Services, sender: Outbox) -> Job:
    """The body of the job `proof`: `await job(turn, connection_id=…, month=…, user=…, asked=…, named=…)`."""
    return ProofJob(services, sender).job


@dataclass(frozen=True, slots=True)
class ProofJob:
    """Reads both sides, keeps what they showed, and owes the answer to whoever asked; the refresh delivers it.

    Whether that person may see it was asked when they did, and is asked again for each page.
    """

    services: Services
    outbox: Outbox

    async def job(self, turn: int, *, connection_id: str, month: str, user: str, asked: str, named: int) -> bool:
        one = await connections.get_connection(self.services.store, connection_id)
        if one is None or one.removed or turn > 0:
            return False
        key = f"proof:{one.id}:{month}:{user}:{asked}"
        said = await self._answer(one, date.fromisoformat(f"{month}-01"), user, key, named=bool(named))
        until = self.services.clock() + told.REMEMBER
        await self.outbox.say(Note(one.workspace_id, outbox.NOTE, key, user, said, one.id, until=until))
        await self.services.engine.enqueue("refresh", key, company=one.company, urgent=True, connection_id=one.id)
        return False

    async def _answer(self, one: Connection, first: date, user: str, key: str, *, named: bool) -> Json:
        now = self.services.clock()
        try:
            proof = await reconcile(self.services.desk.reach, one, first, months.last_day(first))
        except IntacctError as refused:
            return ui.none(first, place(one), classify(refused.fault))
        except SourceError as refused:
            return ui.none(first, place(one), classify(fault_of(refused)))
        kept: KeptProof = await proofs.keep(
            self.services.store,
            key,
            workspace=one.workspace_id,
            connection=one.id,
            actor=user,
            content=await asyncio.to_thread(to_json, proof),
            now=now,
        )
        chosen = "" if named else ui.chosen(first, _today(one, now))
        kept_proof = await asyncio.to_thread(from_json, Proof, kept.content)
        return ui.answer(kept_proof, kept.id, await scene_of(self.services, one), chosen=chosen)
