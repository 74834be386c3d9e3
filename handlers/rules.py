"""`/intacct rules`: what is remembered, what each rule touched, its form and its switch."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import Dimension, Right
from bot.store import connections, rules
from bot.store.connections import Connection
from bot.store.rules import Rule
from bot.sync import correct
from bot.sync.alerts import place
from bot.sync.rules import conflicts, overlaps, same_said
from bot.walkthrough.conversation import Refused
from handlers.access import Access
from handlers.alerts import Ack
from handlers.asking import Ask
from handlers.choosing import Choosing
from handlers.services import Services
from handlers.ui import help as words
from handlers.ui import rules as ui
from handlers.ui.alert_forms import Page
from handlers.ui.blocks import Json, options_answer
from handlers.ui.story import written
from handlers.value_search import ValueSearch


@dataclass(frozen=True, slots=True)
class Rules:
    services: Services
    access: Access
    choosing: Choosing
    search: ValueSearch

    def register(self, app: AsyncApp) -> None:
        app.action(ui.TOUCHED)(self.touched)
        app.action(ui.OFF)(self.off)
        app.action(ui.PAGES)(self.page)
        app.action(ui.EDIT)(self.edit)
        app.options(ui.VALUES)(self.values)
        app.options(ui.ACCOUNTS)(self.accounts)
        app.view(ui.EDIT)(self.edited)

    async def rules(self, ask: Ask, _named: str) -> None:
        """Every rule of the connections that are this person's business."""
        store = self.services.store
        theirs = {one.id: one for one in await self.choosing.theirs(ask.client, ask.workspace, ask.user)}
        found = await rules.of_connections(store, list(theirs))
        times = await rules.times_used(store, [rule.id for rule in found])
        lost = conflicts(found)
        await ask.tell(ui.listed([self._listed(rule, theirs[rule.connection_id], times, lost) for rule in found]))

    def _listed(self, rule: Rule, one: Connection, times: dict[int, int], lost: dict[int, Rule]) -> ui.Listed:
        return ui.Listed(rule, place(one), one.time_zone or "UTC", times.get(rule.id, 0), lost.get(rule.id))

    async def touched(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        await ask.open(await self._touched(ask, ask.value, 0))

    async def page(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        rule, _, number = ask.value.partition(":")
        await ask.show(await self._touched(ask, rule, int(number)))

    async def off(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        rule, _ = await self._correctable(ask, ask.value)
        name = (await self.access.people.person(client, ask.user)).name
        store, now = self.services.store, self.services.clock()
        done = await rules.switch_off(store, rule.id, name, now, ask.user)
        await ack()
        latest = await rules.get(store, rule.id) or rule
        said = ui.switched_off(rule) if done else f"{latest.off_by} switched {rule.name} off already."
        await ask.tell(words.said(said))

    # --- editing ---

    async def edit(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        rule, connection = await self._editable(ask, ask.value)
        await ask.open(ui.edit(rule, place(connection), _seen(rule)))

    async def values(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        rule, connection = await self._correctable(ask, _parts(ask)[0])
        await ack(options=options_answer(await self._search(ask, connection, Dimension(rule.dimension), body)))

    async def accounts(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        ask = Ask.of(body, client)
        _, connection = await self._correctable(ask, _parts(ask)[0])
        found = await self._search(ask, connection, Dimension.GL_ACCOUNT, body)
        await ack(options=options_answer([(ui.ANY_ACCOUNT, ui.ANY), *found]))

    async def _search(
        self, ask: Ask, connection: Connection, dimension: Dimension, body: dict[str, Any]
    ) -> list[tuple[str, str]]:
        read = partial(correct.listed, self.services.desk, connection, dimension)
        return await self.search.find(connection.id, dimension, ask.user, str(body.get("value") or ""), read)

    async def edited(self, ack: Ack, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Answered in the acknowledgement itself: a change of the form after it could overtake it."""
        ask = Ask.of(body, client)
        number, *seen = _parts(ask)
        rule, connection = await self._editable(ask, number)
        before = replace(rule, value=seen[0], account=seen[1], merchant=seen[2])
        account = ask.text("account")
        after = replace(
            before,
            value=ask.text("value"),
            account="" if account == ui.ANY else account,
            merchant=ask.text("merchant"),
            writes_back="yes" in ask.many("write_back"),
        )
        found = await rules.of_connections(self.services.store, [connection.id], active_only=True)
        said = same_said(found, after)
        problem = f"{said.name} says the very same already." if said else ui.narrowed(after)
        meets = ui.Meets(*overlaps(found, after))
        if problem:
            view = ui.edit(after, place(connection), ask.metadata, problem=problem)
        elif (meets.before or meets.after) and "yes" not in ask.many("sure"):
            view = ui.edit(after, place(connection), ask.metadata, meets=meets)
        else:
            view = words.told(await self._save(ask, before, after), f"Rule {rule.name}")
        await ack(response_action="update", view=view)

    async def _save(self, ask: Ask, before: Rule, after: Rule) -> str:
        if before == after:
            return f"{before.name} stays as it is."
        store, now = self.services.store, self.services.clock()
        if await rules.edit(store, before, after, ui.changed(before, after), ask.user, now):
            return ui.saved(after)
        return f"Someone changed {before.name} meanwhile. Type `/intacct rules` to see it as it is now."

    async def _editable(self, ask: Ask, number: str) -> tuple[Rule, Connection]:
        rule, connection = await self._correctable(ask, number)
        if rule.off is not None:
            raise Refused(f"{rule.name} is switched off. A choice in an alert can be kept as a new rule.")
        return rule, connection

    async def _correctable(self, ask: Ask, number: str) -> tuple[Rule, Connection]:
        rule, connection = await self._rule(ask, number)
        await self.access.need(ask.client, connection, Right.CORRECT, ask.user)
        return rule, connection

    # --- what it touched ---

    async def _touched(self, ask: Ask, number: str, page: int) -> Json:
        rule, connection = await self._rule(ask, number)
        company = await connections.get_company(self.services.store, connection.company)
        found = await rules.touched(self.services.store, rule.id)
        events = await rules.history(self.services.store, rule)
        names = await self.access.people.names(ask.client, [one.actor for one in events])
        outcomes = list((await rules.written(self.services.store, [row.id for row in found])).values())
        said = written(outcomes.count(rules.YES), outcomes.count(rules.LOCKED)) if outcomes else ""
        past = ui.Past(events, names, connection.time_zone or "UTC", said)
        return ui.touched(rule, Page.of(found, page), company.base_currency or "USD", past)

    async def _rule(self, ask: Ask, number: str) -> tuple[Rule, Connection]:
        """A rule of a connection that this person may see.

        Raises:
            Refused: there is none, or it is not this person's business.
        """
        store = self.services.store
        rule = await rules.get(store, int(number)) if number.isdigit() else None
        one = await connections.in_workspace(store, ask.workspace, rule.connection_id) if rule else None
        if rule is None or one is None:
            raise Refused("That rule is not there any more. Type `/intacct rules` to see what is.")
        await self.access.need_sight(ask.client, [one], ask.user)
        return rule, one


def _seen(rule: Rule) -> str:
    """What the form goes by: the rule, and how it read when the form was opened, so that nobody undoes another's edit."""
    return json.dumps([str(rule.id), rule.value, rule.account, rule.merchant])


def _parts(ask: Ask) -> list[str]:
    return [str(one) for one in json.loads(ask.metadata)]
