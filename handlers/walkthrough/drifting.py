"""The daily look around in Slack: each change in Intacct is told once in the finance channel, and once that it is right again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import Check, ConnectionState, Right, StepState
from bot.store import connections, drift
from bot.store.connections import Connection
from bot.store.drift import Mark
from bot.walkthrough.drift import Drift, Seen
from bot.walkthrough.keeper import Refused
from bot.walkthrough.steps import FINISH
from bot.walkthrough.values import Values, summary
from handlers.access import HELP, Access
from handlers.asking import Ask
from handlers.delivery import AppRemoved, ChannelClosed, Later, MessageGone, Post
from handlers.services import Services
from handlers.ui import drift as ui
from handlers.ui import help as words
from handlers.ui.blocks import Json
from handlers.walkthrough import cards

log = logging.getLogger(__name__)

AGAIN = 300
"""Seconds until what Slack did not take is tried once more."""


def register(app: AsyncApp, services: Services, access: Access) -> None:
    """The two buttons under such a message."""

    async def check(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """A look costs both far ends many calls: one that is waiting serves all who press meanwhile."""
        await ack()
        ask = Ask.of(body, client)
        connection = await _connection(services, ask, ask.value)
        await access.need_any(client, [connection], HELP, ask.user)
        about = f"{connection.id}:asked"
        if not await services.engine.waiting(f"look_around:{about}"):
            company = connection.company
            await services.engine.soon("look_around", about, company=company, connection_id=connection.id, asked=1)

    async def open_step(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        connection_id, _, step = ask.value.partition(":")
        connection = await _connection(services, ask, connection_id)
        await access.need(client, connection, Right.SET_UP, ask.user)
        walk = await services.walkthrough.mend(
            ask.workspace, ask.user, connection.company, int(step), connection=connection.id
        )
        await cards.show(services, client, walk.id, anew=True)
        await ask.tell(words.said(f"Step {step} of the set-up is open in our direct messages."))

    app.action("drift.check")(check)
    app.action("drift.open")(open_step)


async def _connection(services: Services, ask: Ask, connection_id: str) -> Connection:
    connection = await connections.in_workspace(services.store, ask.workspace, connection_id)
    if connection is None:
        raise Refused("This connection is not there any more.")
    return connection


@dataclass(frozen=True, slots=True)
class LookAround:
    """The body of the job `look_around`: `await job(turn, connection_id=…, asked=0)`; `asked` when a person waits for it."""

    services: Services
    client: AsyncWebClient
    drift: Drift
    post: Post

    async def job(self, turn: int, *, connection_id: str, asked: int = 0) -> bool:
        connection = await connections.get_connection(self.services.store, connection_id)
        if turn > 0 or connection is None or connection.removed or connection.state != ConnectionState.ACTIVE:
            return False
        seen = await self.drift.look(connection)
        if seen is None or not connection.channel:
            return False
        try:
            await self._tell(connection, seen, asked=bool(asked))
        except Later as trouble:
            log.warning("Slack is not to be reached (%s); changes of %s are told later", trouble, connection.id)
            await self._again(connection)
        except (ChannelClosed, AppRemoved) as closed:
            log.warning("changes of %s cannot be told: %s", connection.id, closed)
        return False

    async def _tell(self, connection: Connection, seen: Seen, *, asked: bool) -> None:
        known = await drift.open_marks(self.services.store, connection.id)
        await self._tell_steps(connection, seen, [mark for mark in known if not mark.told], asked=asked)
        if seen.values is not None:
            await self._tell_values(connection, seen.values, [mark for mark in known if mark.told], asked=asked)

    async def _tell_steps(self, connection: Connection, seen: Seen, marks: Sequence[Mark], *, asked: bool) -> None:
        """A message for each check of the set-up that is wrong now."""
        now = self.services.clock()
        known = {mark.key: mark for mark in marks}
        wrong = {(step, check.key): check for step, check in seen.wrong}
        for key, check in wrong.items():
            before = known.get(key)
            mark = replace(before, check=check) if before else Mark(key[0], check, now)
            await self._stands(connection, mark, before, asked=asked)
        for key, mark in known.items():
            if key not in wrong and mark.step in seen.steps:
                await self._edit(mark, ui.solved(mark, connection, now))
                await drift.solved(self.services.store, connection.id, mark, now)

    async def _tell_values(self, connection: Connection, values: Values, marks: Sequence[Mark], *, asked: bool) -> None:
        """One message for all that one look found new; it stands for these until none of them is wrong any more."""
        now, wrong = self.services.clock(), {one.key: one.sentence for one in values.wrong}
        fresh = dict(wrong)
        for mark in marks:
            still = tuple(key for key in mark.told if key in wrong)
            fresh = {key: sentence for key, sentence in fresh.items() if key not in still}
            if not still:
                ended = ui.solved if values.alerted.isdisjoint(mark.told) else ui.handed_over
                await self._edit(mark, ended(mark, connection, now))
                await drift.solved(self.services.store, connection.id, mark, now)
            elif still != mark.told or asked or not mark.ts:
                left = replace(mark.check, sentence=summary([wrong[key] for key in still]))
                await self._stands(connection, replace(mark, told=still, check=left), mark, asked=asked)
        if fresh:
            check = Check(f"values {now.isoformat()}", StepState.PROBLEM, summary(list(fresh.values())))
            await self._stands(connection, Mark(FINISH, check, now, told=tuple(fresh)), None, asked=asked)

    async def _stands(self, connection: Connection, mark: Mark, before: Mark | None, *, asked: bool) -> None:
        """It is wrong: said once, in a message that says later what changed of it, or when somebody asked."""
        store, now = self.services.store, self.services.clock()
        if before is None:
            await drift.note(store, connection.id, mark, now)
        if not mark.ts:
            content, workspace = ui.changed(mark, connection), connection.workspace_id
            placed = await self.post.new(self.client, connection.channel, content, workspace=workspace)
            await drift.note(store, connection.id, drift.placed(mark, *placed), now)
        elif mark != before or asked:
            await self._edit(mark, ui.changed(mark, connection, now if asked else None))
            await drift.note(store, connection.id, mark, now)

    async def _edit(self, mark: Mark, content: Json) -> None:
        """A message that somebody deleted has nothing to be said in any more."""
        if not mark.ts:
            return
        try:
            await self.post.edit(self.client, mark.channel, mark.ts, content)
        except MessageGone:
            log.info("the message of a change of step %d was deleted", mark.step)

    async def _again(self, connection: Connection) -> None:
        key = f"{connection.id}:later {int(self.services.clock().timestamp()) // AGAIN}"
        await self.services.engine.enqueue(
            "look_around", key, company=connection.company, delay=AGAIN, connection_id=connection.id
        )
