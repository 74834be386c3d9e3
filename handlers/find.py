"""`/intacct find`: a transaction's life, for those whose business it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import PostingState
from bot.store import connections, find, postings
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync.alerts import place
from bot.sync.find import read
from bot.sync.link import link
from bot.walkthrough.conversation import Refused
from handlers.access import Access
from handlers.alerts import Ack
from handlers.asking import Ask
from handlers.choosing import Choosing
from handlers.services import Services
from handlers.ui import find as ui
from handlers.ui import help as words
from handlers.ui.blocks import Json


@dataclass(frozen=True, slots=True)
class Finds:
    services: Services
    access: Access
    choosing: Choosing

    def register(self, app: AsyncApp) -> None:
        app.action(ui.OPEN)(self.open)
        app.action(ui.PAGES)(self.page)

    async def find(self, ask: Ask, typed: str) -> None:
        """Search in the connections that are this person's business; one hit opens at once."""
        wanted = read(typed, self.services.clock().date())
        if not wanted:
            await ask.tell(words.said(ui.HOW))
            return
        theirs = await self.choosing.theirs(ask.client, ask.workspace, ask.user)
        rows = await find.search(self.services.store, [one.id for one in theirs], wanted, ui.MOST)
        if not rows:
            await ask.tell(words.said(ui.NONE))
        elif len(rows) == 1:
            await self._show(ask, rows[0], theirs, ask.open)
        else:
            await ask.open(await self._found(rows[: ui.PER_PAGE], 0, [row.id for row in rows], theirs))

    async def open(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        theirs = await self.choosing.theirs(client, ask.workspace, ask.user)
        rows = await postings.get(self.services.store, [int(ask.value)]) if ask.value.isdecimal() else []
        if not rows or rows[0].connection_id not in {one.id for one in theirs}:
            raise Refused("That transaction is not yours to see any more.")
        await self._show(ask, rows[0], theirs, ask.push)

    async def page(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        theirs = await self.choosing.theirs(client, ask.workspace, ask.user)
        ids = [int(one) for one in ask.metadata.split(",")]
        page = max(0, min(int(ask.value), (len(ids) - 1) // ui.PER_PAGE))
        wanted = ids[page * ui.PER_PAGE : (page + 1) * ui.PER_PAGE]
        seen = {one.id for one in theirs}
        rows = {row.id: row for row in await postings.get(self.services.store, wanted) if row.connection_id in seen}
        await ask.show(await self._found([rows[one] for one in wanted if one in rows], page, ids, theirs))

    async def _found(
        self, rows: Sequence[Posting], page: int, ids: Sequence[int], theirs: Sequence[Connection]
    ) -> Json:
        return ui.found(rows, page, ids, await self._scene(theirs, {}))

    async def _show(
        self, ask: Ask, row: Posting, theirs: Sequence[Connection], place_on: Callable[[Json], Awaitable[str]]
    ) -> None:
        """The life at once, and the way to its record as soon as Intacct has told it."""
        life = await self._life(ask, row, theirs)
        view_id = await place_on(life())
        own = next(one for one in theirs if one.id == row.connection_id)
        if address := await link(self.services.desk.reach, own, row):
            await replace(ask, view_id=view_id).show(life(address))

    async def _life(self, ask: Ask, row: Posting, theirs: Sequence[Connection]) -> Callable[..., Json]:
        store = self.services.store
        past = await find.past(store, row)
        lines = [line for alert in past.alerts for line in alert.story]
        ids = sorted({int(one) for line in lines for one in line.get("postings") or []})
        posted = {one.id: one.state == PostingState.POSTED for one in await postings.get(store, ids)}
        users = {event.actor for event in past.events} | {str(line.get("actor") or "") for line in lines}
        scene = await self._scene(theirs, await self.access.people.names(ask.client, users))
        return partial(ui.life, row, past, posted, scene)

    async def _scene(self, theirs: Sequence[Connection], names: dict[str, str]) -> ui.Scene:
        companies = {one.company: await connections.get_company(self.services.store, one.company) for one in theirs}
        return ui.Scene(
            places={one.id: place(one) for one in theirs},
            bases={one.id: companies[one.company].base_currency or "USD" for one in theirs},
            zones={one.id: one.time_zone or "UTC" for one in theirs},
            names=names,
        )
