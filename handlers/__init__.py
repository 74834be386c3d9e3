"""What knows Slack, and no XML, SQL or HTTP. `register` hangs every listener into an app."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.store import connections as rows
from bot.walkthrough.conversation import Refused
from handlers import walkthrough
from handlers.access import Access
from handlers.alert_guard import AlertGuard
from handlers.alerts import Alerts
from handlers.asking import Ask, as_typed, user_of, workspace_of
from handlers.by_hand import ByHand
from handlers.cardholders import Cardholders
from handlers.choosing import Choosing
from handlers.connections import Connections
from handlers.corrections import Corrections
from handlers.digest import Digests
from handlers.find import Finds
from handlers.home import Homes
from handlers.outbox import Outbox
from handlers.people import People
from handlers.proof import Proofs, make_proofs
from handlers.refreshing import refresh, show_homes
from handlers.rules import Rules
from handlers.services import Services
from handlers.strays import Strays
from handlers.sync import Links, Syncs
from handlers.ui import help as words
from handlers.undo import Undo
from handlers.value_search import ValueSearch
from handlers.vendors import Vendors
from handlers.walkthrough import drifting

__all__ = ["PROVED", "Services", "make_digests", "make_proofs", "refresh", "register", "show_homes"]

log = logging.getLogger(__name__)

LATEST = 2.0
"""Seconds of Slack's three after which a press is acknowledged, whatever it still waits for."""

SEEN = 0.05
"""Seconds in which Bolt has surely seen an acknowledgement: it looks every 10 ms, and forgets it when an error is handled."""

PROVED = "proved"
"""Set in a request's context once its signature was proved."""

Command = Callable[[Ask, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One word behind `/intacct`: what it does, in words and in deed."""

    does: str
    run: Command


def register(app: AsyncApp, services: Services) -> None:
    """Middleware, the error handler, the subcommands, and the listeners of every feature."""
    people = People(services.clock)
    access = Access(people)
    choosing = Choosing(services, access)
    syncs = Syncs(services, access, choosing, Links())
    search = ValueSearch(services.clock)
    managed = Connections(services, access, choosing, search)
    gate = Gate(services)
    app.use(gate.mark)
    app.use(Strays(services).seen)
    app.error(trouble)
    walkthrough.register(app, services)
    drifting.register(app, services, access)
    guard = AlertGuard(services, access)
    kept, finds = Rules(services, access, choosing, search), Finds(services, access, choosing)
    proofs = Proofs(services, access, choosing)
    for feature in (
        ByHand(services, access, guard),
        Cardholders(services, access, guard),
        Vendors(services, access, guard),
        Alerts(services, access, guard),
        Corrections(services, access, guard, search),
        Undo(services, access, guard),
        kept,
        finds,
        proofs,
        syncs,
        managed,
        Homes(services, access, syncs),
    ):
        feature.register(app)
    words_of = _subcommands(services, access, syncs, managed, kept, finds, proofs)
    app.command("/intacct")(Intacct(services, words_of).run)
    app.event("message")(gate.message)
    app.event("app_uninstalled")(gate.removed)
    app.event("tokens_revoked")(gate.removed)
    app.action(re.compile(".*"))(unknown_button)


def make_digests(services: Services, client: AsyncWebClient, sender: Outbox) -> Digests:
    """The daily digest, for whoever runs the jobs."""
    access = Access(People(services.clock))
    return Digests(services, client, sender, Syncs(services, access, Choosing(services, access), Links()))


def _subcommands(
    services: Services,
    access: Access,
    syncs: Syncs,
    managed: Connections,
    kept: Rules,
    finds: Finds,
    proofs: Proofs,
) -> dict[str, Subcommand]:
    async def setup(ask: Ask, _: str) -> None:
        await access.may_set_up(ask.client, ask.workspace, ask.user)
        where = await walkthrough.start(services, ask.client, ask.workspace, ask.user)
        if where != ask.channel:
            await ask.tell(words.said("The set-up is in our direct messages."))

    return {
        "setup": Subcommand("connect Spend Center to Sage Intacct, or go on where you left", setup),
        "status": Subcommand("what is connected, when it synced, what is posted", syncs.status),
        "sync": Subcommand("post now instead of at the next time of the schedule", syncs.sync),
        "errors": Subcommand("every open alert, with a link to it", syncs.errors),
        "find": Subcommand(
            "a transaction's life: by merchant, amount, day, cardholder, reference or record", finds.find
        ),
        "proof": Subcommand("a month's proof that both sides agree, or what differs; for you alone", proofs.proof),
        "rules": Subcommand("codings kept for later ones: what each did, and its switch", kept.rules),
        "pause": Subcommand("stop the schedule until someone resumes it", managed.pause),
        "resume": Subcommand("let the schedule count again", managed.resume),
        "settings": Subcommand("name, channel, schedule, who may do what", managed.settings),
        "disconnect": Subcommand("end a connection; asks first", managed.disconnect),
    }


@dataclass(frozen=True, slots=True)
class Intacct:
    """The command: its first word is looked up in a table, the rest says which connection is meant."""

    services: Services
    table: dict[str, Subcommand]

    async def run(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        ask = Ask.of(body, client)
        word, _, rest = ask.value.partition(" ")
        found = self.table.get(word.lower())
        if found is not None:
            await found.run(ask, rest.strip())
            return
        known = {name: one.does for name, one in self.table.items()} | {"help": "this list"}
        await ask.tell(words.commands(known, "" if word.lower() in {"", "help"} else word[:40]))


@dataclass(slots=True)
class Gate:
    """What every request passes, and events that belong to no feature."""

    services: Services
    _late: set[asyncio.Task[None]] = field(default_factory=set)

    async def mark(
        self,
        body: dict[str, Any],
        context: AsyncBoltContext,
        ack: AsyncAck,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002  # Bolt names it so
    ) -> BoltResponse:
        """A reference for the log and for people; secrets leave the body first. The log names who and what, never a body."""
        context["reference"] = secrets.token_hex(4)
        as_typed(body)
        if body.get("type") == "view_submission":
            context["secrets"] = walkthrough.take_secrets(body)
        workspace = workspace_of(body)
        if body.get("type") == "block_actions":
            self._late.add(late := asyncio.create_task(in_time(ack)))
            late.add_done_callback(self._late.discard)
        log.info("%s %s by %s of %s", context["reference"], _what(body), user_of(body) or "Slack", workspace)
        return await next()

    async def message(self, event: dict[str, Any], body: dict[str, Any], client: AsyncWebClient) -> None:
        """Free text in the conversation with the app."""
        if event.get("channel_type") != "im" or event.get("subtype") or event.get("bot_id"):
            return
        user, workspace = str(event["user"]), workspace_of(body)
        if not await walkthrough.on_message(self.services, client, workspace, user, str(event.get("text") or "")):
            sentence = "I read commands here: type `/intacct help` to see them, or `/intacct setup` to connect."
            await client.chat_postMessage(channel=user, **words.said(sentence))

    async def removed(self, body: dict[str, Any]) -> None:
        """The app was taken out of a workspace: schedules stop, the token goes; what was posted stays on record."""
        event = body.get("event") or {}
        if event.get("type") == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
            return
        await rows.remove_workspace(self.services.store, workspace_of(body))
        log.warning("the app was removed from workspace %s", workspace_of(body))


async def in_time(ack: AsyncAck) -> None:
    """A press is acknowledged when its work is committed, and in any case before Slack calls it lost.

    Whether somebody has the right is asked of Slack, which may be slow; the work goes on behind the acknowledgement.
    """
    await asyncio.sleep(LATEST)
    if ack.response is None:
        await ack()


def _what(body: dict[str, Any]) -> str:
    """What was asked, without anything that a person typed."""
    action = (body.get("actions") or [{}])[0].get("action_id")
    event = (body.get("event") or {}).get("type")
    callback = (body.get("view") or {}).get("callback_id")
    return str(body.get("command") or action or event or body.get("action_id") or callback or body.get("type"))


async def unknown_button(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
    """A button of an older version, or a link, which needs no more than the acknowledgement."""
    await ack()
    if not (body.get("actions") or [{}])[0].get("url"):
        await Ask.of(body, client).tell(
            words.said("That button is from an older message. Type `/intacct status` instead.")
        )


async def trouble(
    error: Exception,
    request: AsyncBoltRequest,
    body: dict[str, Any],
    context: AsyncBoltContext,
    client: AsyncWebClient,
    ack: AsyncAck,
) -> BoltResponse | None:
    """The one error handler: a refusal is a sentence to whoever asked, anything else a reference that the log has too.

    What came by HTTP and was not proved to be Slack's is answered 401: whom its body names is not talked to.
    """
    if request.mode != "socket_mode" and not context.get(PROVED):
        log.warning("a request without a proved signature was refused (%s)", type(error).__name__)
        return BoltResponse(status=401)
    if ack.response is not None:
        await asyncio.sleep(SEEN)
    if isinstance(error, Refused):
        sentence = str(error)
    else:
        reference = context.get("reference", "none")
        log.error("%s failed", reference, exc_info=error)
        sentence = words.trouble(reference)
    answer = None
    if ack.response is None:
        form = body.get("type") == "view_submission"
        answer = await (ack(response_action="update", view=words.told(sentence)) if form else ack())
        if form:
            return answer
    if user_of(body) and body.get("type") != "block_suggestion":
        try:
            await Ask.of(body, client).tell(words.said(sentence))
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError):
            log.exception("%s could not be told", context.get("reference", "none"))
    return answer
