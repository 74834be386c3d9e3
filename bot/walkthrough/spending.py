"""Step 9: Spend Center signed in to, fields matched, choices made, and the connection drafted."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from bot.models import CustomField, Dimension, FieldMapping, Secret, Selector, SpendCompany, StepState
from bot.spend.errors import SourceError
from bot.spend.source import Source
from bot.store import connections, drift
from bot.store.connections import Connection
from bot.store.rows import from_json, to_json
from bot.store.walkthroughs import Walkthrough
from bot.sync import overlap
from bot.typed_values import daily, time_zone
from bot.walkthrough import choices, draft, progress, proposals, read, shelves, values
from bot.walkthrough.keeper import Keeper, Refused
from bot.walkthrough.proposals import Lists, Match
from bot.walkthrough.steps import FINISH, STEPS

TO_DO = StepState.TO_DO
LOOK_BACK = timedelta(days=30)
"""How far back Spend Center's own sync to Intacct is looked for."""
FEW_VALUES = 30
"""A field with more values than this tells accounts or projects apart, not connections."""
RECENT = timedelta(minutes=10)
"""How long what was read of Spend Center for one connection is good enough to propose the same for another."""
KEPT = 20
"""Lists of how many set-ups are kept in memory; they are read again when they are not there."""


@dataclass(frozen=True, slots=True)
class Spend:
    """What was read of both sides for the choices, and when: fields and budgets of Spend Center, lists of Intacct."""

    fields: tuple[CustomField, ...]
    budgets: tuple[tuple[str, str], ...]
    cards: tuple[tuple[str, str], ...]
    lists: Lists
    at: datetime

    def selectable(self) -> list[tuple[str, str]]:
        """(text, value) of all that can tell one connection's transactions from another's; see `choices.to_selector`."""
        return [
            *((f"Budget {name}", f"b:{uuid}") for uuid, name in self.budgets),
            *((f"Card {name}", f"c:{uuid}") for uuid, name in self.cards),
            *(
                (f"{one.name}: {text}", f"f:{one.uuid}:{uuid}")
                for one in self.fields
                if len(one.values) <= FEW_VALUES
                for uuid, text in one.values
            ),
        ]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The last choices as typed. `channel_problem` is what keeps the bot from posting there, or empty.

    `chosen` is what the selector picks, in words: "Budget Portland".
    """

    start: date
    time: str
    zone: str
    channel: str
    channel_name: str = ""
    channel_problem: str = ""
    selector: Selector = field(default_factory=Selector)
    options: Mapping[str, Any] = field(default_factory=dict)
    chosen: tuple[str, ...] = ()


class Spending:
    """The Spend Center side and what is decided with it. The connection exists as a draft once all is chosen."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self._kept: OrderedDict[tuple[str, str], Spend] = OrderedDict()

    # --- signing in ---------------------------------------------------------------------------------------------------

    async def connect(
        self,
        walk_id: str,
        user: str,
        *,
        token: Secret | None = None,
        client_id: str = "",
        client_secret: Secret | None = None,
    ) -> Walkthrough:
        """Tries the sign-in and keeps it once it works; names the company back and looks for Spend Center's own sync."""
        walk = await self.keeper.allowed(walk_id, user, FINISH)
        token = Secret(token.reveal().strip()) if token else None
        if not token and not (client_id and client_secret):
            raise Refused("The token is empty.", "token")
        async with self._source(token, client_id.strip(), client_secret) as source:
            company = await source.whoami()
            await self._same_company(walk, company)
            cards = await source.cards()
            since = self.keeper.clock().date() - LOOK_BACK
            native, last = await source.natively_synced(since)
        known = {
            "spend_company": company.uuid,
            "spend_company_name": company.name,
            "spend_cards": len(cards),
            "native": native,
            "native_last": last.isoformat() if last else "",
            "client_id": client_id.strip(),
        }

        def decide(now: Walkthrough) -> dict[str, Any]:
            same = now.answers.get("spend_company") in (None, "", company.uuid)
            kept = now.answers if same else {k: v for k, v in now.answers.items() if k not in ("mapping", "selector")}
            return {"answers": {**kept, **known}, "spend_token": token, "client_secret": client_secret}

        walk = await self.keeper.change(walk.id, decide)
        return await self._draft(walk, user)

    async def _same_company(self, walk: Walkthrough, company: SpendCompany) -> None:
        """What is posted stands under its company: a connection that is at work never goes over to another one."""
        known = await connections.get_connection(self.keeper.store, walk.connection_id) if walk.connection_id else None
        if known and known.csv is not None:
            raise Refused(
                "This connection reads an export file, whose rows Spend Center knows under other names: with a token, each "
                "purchase of that file would post again. Connect by token in a set-up of its own, with a later start."
            )
        if known and known.activated and known.spend_company not in ("", company.uuid):
            raise Refused(
                f"That token is of {company.name}; this connection posts what {known.spend_company_name} spends. Connect "
                "the other company by a set-up of its own: `/intacct setup`.",
                "token",
            )

    async def connected_before(self, walk_id: str) -> Connection | None:
        """A connection of this person whose Spend Center sign-in can be used again."""
        walk = await self.keeper.get(walk_id)
        theirs = await connections.list_connections(self.keeper.store, walk.workspace_id)
        return next((one for one in theirs if one.owner == walk.owner and (one.spend_token or one.client_secret)), None)

    async def connect_again(self, walk_id: str, user: str) -> Walkthrough:
        """Uses the sign-in and the fields of that other connection, and proposes its other choices.

        The secret passes through nobody, and what was decided about doubtful values is not asked again.
        """
        before = await self.connected_before(walk_id)
        if before is None:
            raise Refused("There is no other connection of yours to take it from. Enter the token.")
        walk = await self.connect(
            walk_id, user, token=before.spend_token, client_id=before.client_id, client_secret=before.client_secret
        )
        if walk.answers["spend_company"] != before.spend_company:
            return walk
        known = await self._read_again(walk, user)
        chosen, placed = proposals.as_before(before.codes(), known.fields, known.lists)
        only_by_file = not set(before.codes()) <= set(Dimension)  # taken without them, they would be lost unseen
        if only_by_file or Dimension.GL_ACCOUNT not in chosen:
            return walk
        await self.keep_fields(walk_id, user, chosen, placed)
        return await self.keeper.answer(walk_id, proposed=draft.proposed(before))

    @asynccontextmanager
    async def _source(self, token: Secret | None, client_id: str, secret: Secret | None) -> AsyncIterator[Source]:
        source = self.keeper.source_for(token, client_id, secret)
        try:
            yield source
        except SourceError as refused:
            raise Refused(str(refused), "token") from None
        finally:
            await source.aclose()

    # --- which field carries what -------------------------------------------------------------------------------------

    async def read(self, walk_id: str, user: str, *, fresh: bool = False) -> Spend:
        """Both sides' lists, from memory where they were read for this set-up before."""
        walk = await self.keeper.allowed(walk_id, user, FINISH)
        key = (walk.id, str(walk.answers.get("spend_company", "")))
        if key in self._kept and not fresh:
            return self._kept[key]
        if not (walk.spend_token or walk.client_secret):
            raise Refused("Connect Spend Center first.")
        async with self._source(walk.spend_token, walk.answers.get("client_id", ""), walk.client_secret) as source:
            fields, cards = await source.fields(), await source.cards()
            budgets = await source.budgets()
        shown = tuple((card.uuid, f"{card.name or card.holder} ··{card.last4}") for card in cards)
        seen = Spend(fields, budgets, shown, await self._lists(walk), self.keeper.clock())
        return self._keep(key, seen)

    async def _read_again(self, walk: Walkthrough, user: str) -> Spend:
        """For a second connection: what was read for the first a moment ago; Spend Center answers 60 calls a minute."""
        company, now = walk.answers["spend_company"], self.keeper.clock()
        for (_, whose), seen in reversed(self._kept.items()):
            if whose == company and timedelta() <= now - seen.at < RECENT:
                return self._keep((walk.id, company), dataclasses.replace(seen, lists=await self._lists(walk)))
        return await self.read(walk.id, user, fresh=True)

    async def _lists(self, walk: Walkthrough) -> Lists:
        try:
            async with await self.keeper.client(walk) as client:
                return await shelves.lists(client, str(walk.answers.get("entity_id", "")))
        except read.Unanswered as silence:
            raise Refused(str(silence)) from None

    def _keep(self, key: tuple[str, str], seen: Spend) -> Spend:
        self._kept[key] = seen
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return seen

    async def propose(self, walk_id: str, user: str) -> dict[Dimension, Match]:
        """The fields that were chosen before, else for each dimension the one that fits it best, with what is doubtful."""
        known = await self.read(walk_id, user, fresh=True)
        chosen, _ = proposals.as_before(await self._codes(walk_id), known.fields, known.lists)
        if Dimension.GL_ACCOUNT in chosen:
            return await self.match(walk_id, user, chosen)
        return proposals.propose(known.fields, known.lists)

    async def match(self, walk_id: str, user: str, chosen: Mapping[Dimension, str]) -> dict[Dimension, Match]:
        """The chosen fields (dimension to field uuid) compared value by value; one that keeps its part keeps its answers."""
        known = await self.read(walk_id, user)
        before, placed = proposals.as_before(await self._codes(walk_id), known.fields, known.lists)
        fields = {one.uuid: one for one in known.fields}
        told = await self._told(walk_id)
        return {
            dimension: proposals.match(
                dimension,
                fields[uuid],
                known.lists.get(dimension, ()),
                placed[dimension] if before.get(dimension) == uuid else {},
                values.named(told, dimension),
            )
            for dimension, uuid in chosen.items()
            if uuid in fields
        }

    async def _told(self, walk_id: str) -> set[str]:
        """What the daily look said that Intacct does not take any more, by cause."""
        connection = (await self.keeper.get(walk_id)).connection_id
        marks = await drift.open_marks(self.keeper.store, connection) if connection else []
        return {key for mark in marks for key in mark.told}

    async def _codes(self, walk_id: str) -> dict[str, FieldMapping]:
        """The mapping as it was kept, by dimension."""
        walk = await self.keeper.get(walk_id)
        return {key: from_json(FieldMapping, one) for key, one in walk.answers.get("mapping", {}).items()}

    async def keep_fields(
        self,
        walk_id: str,
        user: str,
        chosen: Mapping[Dimension, str],
        decided: Mapping[Dimension, Mapping[str, str]] | None = None,
    ) -> Walkthrough:
        """Keeps which field carries what; what only a connection file can say of the mapping stays as it is.

        Args:
            walk_id: the set-up.
            user: who decided.
            chosen: dimension to field uuid.
            decided: for each dimension the doubtful values that a person placed now, value uuid to Intacct ID, empty to
                take an answer back. The rest stays as it was: open, a transaction with one of them waits and asks.
        """
        walk = await self.keeper.allowed(walk_id, user, FINISH)
        before = await self._codes(walk_id)
        matches = await self.match(walk_id, user, chosen)
        if Dimension.GL_ACCOUNT not in matches:
            raise Refused("One field has to carry the account.", Dimension.GL_ACCOUNT.value)
        names = [one.name for one in (await self.read(walk_id, user)).fields]
        mapping = {key: to_json(one) for key, one in proposals.only_by_file(before).items()}
        summary = {}
        for dimension, matched in matches.items():
            own = {*matched.values, *(doubt.value_id for doubt in matched.doubts)}
            placed = {key: value for key, value in (decided or {}).get(dimension, {}).items() if key in own}
            made = matched.mapping(before.get(dimension, FieldMapping()).default, placed)
            unique = names.count(matched.field_name) == 1
            mapping[dimension.value] = to_json(dataclasses.replace(made, field=matched.field_name) if unique else made)
            mapped = sum(1 for doubt in matched.doubts if doubt.value_id in made.values)
            summary[dimension.value] = {
                "name": matched.field_name,
                "uuid": matched.field_id,
                "found": matched.found + mapped,
                "total": matched.total,
            }
        walk = await self.keeper.answer(walk.id, mapping=mapping, fields=summary)
        return await self._draft(walk, user)

    # --- start, selector, channel, time -------------------------------------------------------------------------------

    async def choose(self, walk_id: str, user: str, wanted: Wanted) -> Walkthrough:
        """Keeps the last choices and drafts the connection.

        Raises:
            Refused: with the field at fault: `start`, `selector`, `time` or `zone`.
        """
        walk = await self.keeper.allowed(walk_id, user, FINISH)
        problem = choices.start_problem(wanted.start, self.keeper.clock().date(), draft.native_last(walk))
        if problem:
            raise Refused(problem, "start")
        try:
            schedule = daily(wanted.time)
        except ValueError as wrong:
            raise Refused(str(wrong), "time") from None
        try:
            zone = time_zone(wanted.zone)
        except ValueError as wrong:
            raise Refused(str(wrong), "zone") from None
        clash = await self._clash(walk, wanted.selector)
        if clash:
            raise Refused(clash, "selector")
        walk = await self.keeper.answer(
            walk.id,
            start_date=wanted.start.isoformat(),
            schedule=schedule,
            time_zone=zone,
            channel=wanted.channel,
            channel_name=wanted.channel_name,
            channel_problem=wanted.channel_problem,
            selector=to_json(wanted.selector),
            chosen=list(wanted.chosen),
            options=dict(wanted.options),
        )
        return await self._draft(walk, user)

    async def keep_preview(self, walk_id: str, user: str, preview: Mapping[str, Any] | None) -> Walkthrough:
        """Keeps what the preview said, so that the message can be rebuilt; None takes it away."""
        walk = await self.keeper.allowed(walk_id, user, FINISH)
        return await self.keeper.answer(walk.id, preview=dict(preview) if preview else None)

    async def channel_checked(self, walk_id: str, user: str, problem: str) -> Walkthrough:
        """Keeps what the chosen channel looks like now."""
        walk = await self.keeper.allowed(walk_id, user, FINISH)
        walk = await self.keeper.answer(walk.id, channel_problem=problem)
        return await self._draft(walk, user)

    async def check(self, walk_id: str, user: str) -> Walkthrough:
        """Tries the Spend Center sign-in again and judges all choices anew."""
        walk = await self.keeper.allowed(walk_id, user, FINISH)
        if not (walk.spend_token or walk.client_secret):
            raise Refused("Connect Spend Center first.")
        return await self.connect(
            walk_id,
            user,
            token=walk.spend_token,
            client_id=walk.answers.get("client_id", ""),
            client_secret=walk.client_secret,
        )

    def complete(self, walk: Walkthrough) -> bool:
        """Whether all nine steps are checked."""
        return progress.done_count(walk) == len(STEPS)

    async def ready(self, walk_id: str, user: str) -> Connection:
        """The connection, when all nine steps are checked and nobody else takes its transactions.

        Raises:
            Refused: naming what is missing.
        """
        walk = await self.keeper.allowed(walk_id, user, FINISH)
        open_steps = [str(n) for n in STEPS if progress.state_of(walk, n) is not StepState.DONE]
        if open_steps:
            raise Refused(f"Not yet: step {', '.join(open_steps)} of 9 is not checked.")
        clash = await self._clash(walk, draft.selector_of(walk))
        if clash:
            raise Refused(clash)
        connection = await connections.get_connection(self.keeper.store, walk.connection_id or "")
        if connection is None or connection.removed:
            raise Refused("This connection was removed meanwhile. Type `/intacct setup` to make a new one.")
        if connection.activated is None:  # an entity, account or card that was changed after the choices counts too
            return await connections.change_connection(self.keeper.store, connection.id, **draft.columns(walk))
        return connection

    async def _clash(self, walk: Walkthrough, selector: Selector) -> str:
        company = walk.answers.get("spend_company", "")
        found = await overlap.rivals(
            self.keeper.store, selector, lambda other: other.spend_company == company, walk.connection_id
        )
        return overlap.clash(found)

    async def _draft(self, walk: Walkthrough, user: str) -> Walkthrough:
        """Writes what is known into the draft, once it is enough for one, and judges the step."""
        found = draft.judge(walk)
        connection_id = walk.connection_id
        if walk.company and walk.answers.get("mapping") and walk.answers.get("start_date"):
            values = draft.columns(walk)
            before = await connections.get_connection(self.keeper.store, connection_id) if connection_id else None
            if before:
                values["options"] = {**(before.options or {}), **values["options"]}
                await connections.change_connection(self.keeper.store, before.id, **values)
            else:
                made = await connections.add_connection(
                    self.keeper.store,
                    workspace=walk.workspace_id,
                    company=walk.company,
                    now=self.keeper.clock(),
                    owner=walk.owner,
                    **values,
                )
                connection_id = made.id

        def decide(now: Walkthrough) -> dict[str, Any]:
            steps = progress.mark(now.steps, FINISH, found, self.keeper.clock(), user)
            answers = {**now.answers, "preview": None}
            return {"answers": answers, "steps": steps, "connection_id": now.connection_id or connection_id}

        return await self.keeper.change(walk.id, decide)
