"""The set-up's messages in Slack: posted once, then edited in place, rebuilt from the store each time."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.models import ConnectionState, StepState
from bot.slack_errors import said
from bot.store import connections, drift
from bot.store.walkthroughs import OPEN, Walkthrough
from bot.walkthrough import progress
from bot.walkthrough.steps import STEPS
from handlers.services import Services
from handlers.ui import walkthrough as ui
from handlers.ui.blocks import Json, message, section

log = logging.getLogger(__name__)

_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""One set-up is shown by one task at a time, so that an older picture never overwrites a newer one."""
GONE = {"message_not_found", "channel_not_found", "cant_update_message"}


@dataclass(frozen=True, slots=True)
class Note:
    """Something for one person's card only: a `remark` about what did not work, or that something is under way."""

    user: str
    remark: str = ""
    busy: str = ""


async def show(
    services: Services, client: AsyncWebClient, walk_id: str, note: Note | None = None, *, anew: bool = False
) -> None:
    """Brings every message of a set-up up to date.

    Args:
        services: what listeners work with.
        client: Slack.
        walk_id: the set-up.
        note: for the card of the person who just did something.
        anew: post the checklist and the step again at the end of the conversation, and retire the old ones.
    """
    turn = _turns.setdefault(walk_id, asyncio.Lock())
    async with turn:
        walk = await services.walkthrough.get(walk_id)
        if anew:
            walk = await _retire(services, client, walk)
        for key, user, payload in _wanted(services, walk, note):
            await _put(services, client, walk, key, user, payload)


def _wanted(services: Services, walk: Walkthrough, note: Note | None) -> list[tuple[str, str, Json]]:
    """(key, person, message) of all that has to stand somewhere: the owner's two, and a card for each person asked."""
    facts = services.walkthrough.facts(walk)

    def card(number: int, user: str, *, helper: bool) -> Json:
        mine = note if note and note.user == user else Note(user)
        return ui.step(walk, number, facts, helper=helper, remark=mine.remark, busy=mine.busy)

    found = [("card", walk.owner, ui.checklist(walk))]
    if walk.state == OPEN:
        found.append(("step", walk.owner, card(walk.step, walk.owner, helper=False)))
    for number in STEPS:
        user, key = progress.assignee(walk, number), f"helper:{number}"
        if not user:
            continue
        if progress.state_of(walk, number) is not StepState.DONE:
            found.append((f"{key}:{user}", user, card(number, user, helper=True)))
        elif f"{key}:{user}" in walk.messages:
            found.append((f"{key}:{user}", user, ui.helped(walk, number)))
    return found


async def show_or_end(services: Services, client: AsyncWebClient, walk_id: str) -> bool:
    """Brings every message up to date; a set-up that was opened again to mend one step ends once all is right.

    Returns:
        Whether it ended.
    """
    mended = await services.walkthrough.mended(walk_id)
    if mended:
        await close(services, client, mended.id, ui.mended(mended))
        await _take_up(services, mended)
    else:
        await show(services, client, walk_id)
    return mended is not None


async def _take_up(services: Services, walk: Walkthrough) -> None:
    """What a mended connection does at once: syncs where Spend Center had refused it, and solves what the channel was told.

    Where Intacct had refused the company, all of its connections are taken up together, elsewhere.
    """
    connection = await connections.get_connection(services.store, str(walk.connection_id))
    if connection is None:
        return
    company = await connections.get_company(services.store, connection.company)
    if connection.state == ConnectionState.BROKEN and not company.problem:
        await services.desk.request_sync(connection.id, walk.owner)
    if await drift.open_marks(services.store, connection.id):
        key = f"{connection.id}:mended {walk.id}"
        await services.engine.enqueue("look_around", key, company=company.id, urgent=True, connection_id=connection.id)


async def close(services: Services, client: AsyncWebClient, walk_id: str, payload: Json) -> None:
    """Puts the last words where the step stood."""
    await show(services, client, walk_id)
    walk = await services.walkthrough.get(walk_id)
    await _put(services, client, walk, "step", walk.owner, payload)


async def _put(
    services: Services, client: AsyncWebClient, walk: Walkthrough, key: str, user: str, payload: Json
) -> None:
    """Edits the message under this key, or posts it; an unchanged one is left alone."""
    digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:16]
    there: dict[str, Any] = walk.messages.get(key, {})
    if there.get("shown") == digest:
        return
    if there:
        try:
            await client.chat_update(channel=there["channel"], ts=there["ts"], **_without_unfurls(payload))
            await _remember(services, walk.id, key, {**there, "shown": digest})
        except SlackApiError as error:
            if said(error) not in GONE:
                raise
        else:
            return
    posted = await client.chat_postMessage(channel=user, **payload)
    await _remember(services, walk.id, key, {"channel": posted["channel"], "ts": posted["ts"], "shown": digest})


async def _retire(services: Services, client: AsyncWebClient, walk: Walkthrough) -> Walkthrough:
    gone = message("This set-up goes on below.", [section("_This set-up goes on below._", "moved")])
    for key in ("card", "step"):
        there = walk.messages.get(key)
        if there:
            try:
                await client.chat_update(channel=there["channel"], ts=there["ts"], **_without_unfurls(gone))
            except SlackApiError as error:
                if said(error) not in GONE:
                    raise
    return await services.walkthrough.keeper.change(
        walk.id, lambda now: {"messages": {k: v for k, v in now.messages.items() if k not in ("card", "step")}}
    )


async def _remember(services: Services, walk_id: str, key: str, entry: dict[str, Any]) -> None:
    await services.walkthrough.keeper.change(walk_id, lambda now: {"messages": {**now.messages, key: entry}})


def _without_unfurls(payload: Json) -> Json:
    """`chat.update` has no say in unfurling."""
    return {name: value for name, value in payload.items() if not name.startswith("unfurl")}
