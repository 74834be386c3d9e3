"""What has to be true once a town is calm: the books to the cent, and every failure on exactly one message."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from bot.models import AlertState, PostingState
from bot.store import alerts, postings
from bot.store.alerts import Alert
from bot.store.database import Store
from bot.store.postings import Cause
from bot.sync.alerts import SILENT
from tests.chaos.town import FINANCE, Town

WAITS = {PostingState.FAILED, PostingState.HELD}
COUNT = re.compile(r"(\d[\d,]*) ")


async def wrong(town: Town) -> list[str]:
    """A line for everything that is not as it has to be; empty when all is well."""
    async with town.store() as store:
        return [*await _books(town, store), *await _messages(town, store)]


async def well(town: Town) -> bool:
    return not await wrong(town)


async def _books(town: Town, store: Store) -> list[str]:
    """Each sound purchase is one record of its amount; each flawed one is none, and waits for somebody."""
    booked = await town.books()
    rows = {row.reference: row for row in await postings.list_postings(store, town.connection, limit=100_000)}
    found = [f"{one} stands {n} times in the books" for one, n in Counter(r for r, _ in booked).items() if n > 1]
    amounts = dict(booked)
    for one in town.bought:
        row = rows.get(one.reference)
        stands = f"{row.state} {row.category} {row.subject}".strip() if row else "no row of ours"
        wanted = None if one.flaw else one.amount
        state = row is not None and (row.state in WAITS if one.flaw else row.state == PostingState.POSTED)
        if amounts.get(one.reference) != wanted or not state:
            found.append(f"{one.reference} {one.amount} {one.flaw}: booked {amounts.get(one.reference)}, {stands}")
    bought = {one.reference for one in town.bought}
    return found + [f"{one} was never bought" for one in amounts.keys() - bought]


async def _messages(town: Town, store: Store) -> list[str]:
    """Every cause has one open alert, every open alert a cause; each stands in the channel with its present number."""
    causes = {
        (one.category, one.subject): one
        for one in await postings.causes(store, town.connection)
        if one.category not in SILENT
    }
    opened = await alerts.list_open(store)
    times = Counter((one.category, one.subject) for one in opened)
    found = [f"{key} has {times[key]} alerts" for key in causes if times[key] != 1]
    found += [f"the alert of {key} has no cause" for key in times.keys() - causes.keys()]
    posts = in_channel(town)
    for one in opened:
        found += _stands(one, causes.get((one.category, one.subject)), posts.get(one.ts))
    return found


def _stands(alert: Alert, cause: Cause | None, post: dict[str, Any] | None) -> list[str]:
    if cause is None:
        return []
    if post is None:
        return [f"alert {alert.id} stands nowhere"]
    said = COUNT.match(post["text"])
    if said is None or int(said[1].replace(",", "")) != cause.n:
        return [f"alert {alert.id} is about {cause.n} and says {post['text'][:60]!r}"]
    return []


def in_channel(town: Town) -> dict[str, dict[str, Any]]:
    """The messages of the finance channel by ts, replies left out."""
    return {one["ts"]: one for one in town.slack.messages(FINANCE) if not one.get("thread_ts")}


async def strays(town: Town) -> int:
    """Messages that still offer buttons and that no open alert stands for: copies whose answer was lost with a process."""
    async with town.store() as store:
        ours = {one.ts for one in await alerts.list_open(store)}
    asking = [ts for ts, one in in_channel(town).items() if any(b["type"] == "actions" for b in one.get("blocks", []))]
    return len(set(asking) - ours)


async def open_alerts(town: Town) -> list[Alert]:
    """Those that wait for a person, with a message to press on."""
    async with town.store() as store:
        return [one for one in await alerts.list_open(store) if one.ts and one.state == AlertState.OPEN]


async def retriable(town: Town) -> list[str]:
    """Messages whose failures nobody has to mend any more, so that whoever reads them presses Retry."""
    sound = {one.reference for one in town.bought if not one.flaw}
    found = []
    for one in await open_alerts(town):
        async with town.store() as store:
            rows = await postings.list_postings(
                store, town.connection, states=[PostingState.FAILED], category=one.category, subject=one.subject
            )
        if not one.working and any(row.reference in sound for row in rows):
            found.append(one.ts)
    return found
