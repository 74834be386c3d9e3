"""A connection at a glance, and which one is meant when there are several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import slackblocks as sb

from bot.models import ConnectionState, PostingState, RunState
from bot.store.connections import Connection
from bot.sync.alerts import AlertView, place
from bot.sync.desk import Overview
from handlers.ui.alerts import headline, told
from handlers.ui.blocks import Json, button, context, fitting, message, section
from handlers.ui.text import channel, count, esc, money, plain, when

MOST = 20
"""Connections in one message or on one Home tab."""

STATES = {
    ConnectionState.DRAFT: "being set up",
    ConnectionState.ACTIVE: "syncing on its schedule",
    ConnectionState.PAUSED: "paused",
    ConnectionState.BROKEN: "paused until Intacct or Spend Center lets this app in again",
}

NOTHING = "Nothing is connected yet. Type `/intacct setup` to begin; it takes about ten minutes."


def status(found: Sequence[Overview]) -> Json:
    """`/intacct status`: a few lines for each connection."""
    if not found:
        return message(NOTHING, [section(NOTHING, "nothing")])
    groups = [
        [section(glance(one), f"status.{one.connection.id}"), context(times(one), f"times.{one.connection.id}")]
        for one in found
    ]
    shown = [f"{esc(plain(place(one.connection), 80))} is {state_of(one)}" for one in found[:MOST]]
    return fitting(f"{'; '.join(shown)}.", groups, "and {n} more in the Home tab")


def state_of(one: Overview) -> str:
    state = ConnectionState(one.connection.state)
    return STATES[ConnectionState.DRAFT] if one.connection.activated is None else STATES[state]


def glance(one: Overview) -> str:
    """Name, state, tallies and what needs someone."""
    name = esc(plain(place(one.connection), 80))
    lines = [f"*{name}* · {esc(plain(one.company.company_id, 60))} · {state_of(one)}", tallies(one)]
    if one.alerts:
        where = f" in {channel(one.connection.channel)}" if one.connection.channel else ""
        lines.append(f"{count(len(one.alerts), 'alert')} open{where}")
    return "\n".join(line for line in lines if line)


def tallies(one: Overview) -> str:
    """`posted 80, $29,942.82 · not posted 44, $9,962.60`."""
    base = one.company.base_currency or "USD"
    posted = _sum(one.tally, PostingState.POSTED)
    left = _sum(one.tally, PostingState.FAILED, PostingState.HELD)
    checking = _sum(one.tally, PostingState.UNKNOWN, PostingState.REVERSING)
    due = _sum(one.tally, PostingState.PENDING, PostingState.POSTING)
    ignored = _sum(one.tally, PostingState.IGNORED)
    parts = [f"posted {posted[0]:,}, {money(posted[1], base, base)}"]
    for label, (n, total) in (
        ("not posted", left),
        ("checking with Intacct", checking),
        ("next to post", due),
        ("left out", ignored),
    ):
        if n:
            parts.append(f"{label} {n:,}, {money(total, base, base)}")
    return " · ".join(parts)


def _sum(tally: Mapping[str, tuple[int, Decimal]], *states: PostingState) -> tuple[int, Decimal]:
    found = [tally[state] for state in states if state in tally]
    return sum(n for n, _ in found), sum((total for _, total in found), Decimal(0))


def times(one: Overview) -> str:
    zone = one.connection.time_zone or "UTC"
    if one.last is None:
        last = "No sync yet"
    elif one.stands == "running":
        last = f"Syncing since {when(one.last.created, zone)}"
    elif one.stands == "waiting" and one.last.state == RunState.RUNNING:
        last = f"The sync of {when(one.last.created, zone)} was interrupted and goes on by itself"
    elif one.stands == "waiting":
        last = f"The sync asked for {when(one.last.created, zone)} waits for its turn"
    else:
        ended = one.last.finished or one.last.created
        last = f"{'Last sync' if one.last.state == RunState.FINISHED else 'Last sync stopped'} {when(ended, zone)}"
    due = f"next {when(one.next_due, zone)}" if one.next_due else "none is due"
    return f"{last} · {due}"


def pick(verb: str, question: str, found: Sequence[Connection]) -> Json:
    """Several connections: a question rather than a guess."""
    blocks: list[sb.Block] = [section(esc(question), "question")]
    for one in found[:MOST]:
        name = plain(place(one), 60)
        blocks.append(section(esc(name), f"pick.{one.id}", button(name, verb, one.id)))
    return message(esc(question), blocks)


def open_alerts(found: Sequence[tuple[AlertView, str]]) -> Json:
    """`/intacct errors`: a line for each open alert, with a link to its message where one stands."""
    if not found:
        text = "No alert is open; everything that could post is posted."
        return message(text, [section(text, "none")])
    text = f"{count(len(found), 'alert')} open: {'; '.join(esc(headline(view)) for view, _ in found[:5])}."
    groups = [[section(line(view, link), f"alert.{view.alert.id}")] for view, link in found]
    return fitting(text, groups, "and {n} smaller ones in the finance channel")


def line(view: AlertView, link: str) -> str:
    """One alert: what, where, how much, since when, and the way to it."""
    base = view.company.base_currency or view.currency
    title = f"<{link}|{esc(headline(view))}>" if link.startswith("https://") else esc(headline(view))
    parts = [title, *told(view)]
    parts.append(esc(plain(place(view.connection) if view.connection else view.company.company_id, 80)))
    if view.n:
        parts.append(money(view.total, view.currency, base))
    parts.append(f"since {when(view.alert.opened)}")
    return " · ".join(parts)
