"""Finding postings by what people know of them, and all that ever happened to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from bot.store.alerts import Alert
from bot.store.attempts import Attempt
from bot.store.database import Store
from bot.store.postings import Posting
from bot.store.rows import as_rows
from bot.store.rules import Rule
from bot.store.runs import Event
from bot.store.tables import alerts, attempts, events, postings, rule_uses, rules

ALERTS = 500
"""Newest alerts of a connection whose stories are looked through; a story older than these is not told again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that a posting must have: a text in one of its names or numbers, or one of these amounts or days."""

    text: str = ""
    amount: Decimal | None = None
    day: date | None = None


async def search(store: Store, connections: Sequence[str], wanted: Sequence[Wanted], limit: int) -> list[Posting]:
    """Postings of these connections that have all that is wanted, newest first."""
    query = select(postings).where(postings.c.connection_id.in_(connections), *(_has(one) for one in wanted))
    async with store.read() as db:
        found = await db.execute(query.order_by(postings.c.date.desc(), postings.c.id.desc()).limit(limit))
        return as_rows(Posting, found)


def _has(one: Wanted) -> ColumnElement[bool]:
    if one.day is not None:
        return postings.c.date == one.day
    inside: list[Any] = [
        postings.c.merchant.icontains(one.text, autoescape=True),
        postings.c.cardholder.icontains(one.text, autoescape=True),
        postings.c.email.icontains(one.text, autoescape=True),
        postings.c.reference.istartswith(one.text, autoescape=True),
        postings.c.record_no == one.text,
        postings.c.id.in_(select(attempts.c.posting_id).where(attempts.c.record_no == one.text)),
        postings.c.last4 == one.text,
    ]
    if one.amount is not None:
        inside.append(postings.c.amount.in_([one.amount, -one.amount]))
    return or_(*inside)


@dataclass(frozen=True, slots=True)
class Past:
    """What happened to one posting, each kind oldest first; `alerts` are those whose stories name it."""

    attempts: list[Attempt]
    events: list[Event]
    rules: list[Rule]
    alerts: list[Alert]


async def past(store: Store, row: Posting) -> Past:
    """Everything that was kept about a posting."""
    tried = select(attempts).where(attempts.c.posting_id == row.id).order_by(attempts.c.id)
    told = select(events).where(events.c.posting_id == row.id).order_by(events.c.id)
    used = (
        select(rules)
        .join(rule_uses, rule_uses.c.rule_id == rules.c.id)
        .join(attempts, attempts.c.controlid == rule_uses.c.controlid)
        .where(attempts.c.posting_id == row.id)
        .distinct()
        .order_by(rules.c.number)
    )
    stories = select(alerts).where(alerts.c.connection_id == row.connection_id).order_by(alerts.c.id.desc())
    async with store.read() as db:
        named = [
            alert
            for alert in as_rows(Alert, await db.execute(stories.limit(ALERTS)))
            if any(row.id in (line.get("postings") or []) for line in alert.story)
        ]
        return Past(
            as_rows(Attempt, await db.execute(tried)),
            as_rows(Event, await db.execute(told)),
            as_rows(Rule, await db.execute(used)),
            named[::-1],
        )
