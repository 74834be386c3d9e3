"""Rules: codings that a person wants used again, and which postings they had a part in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.models import AttemptState, PostingState
from bot.store.database import Store
from bot.store.postings import AT_ONCE, Posting
from bot.store.rows import as_row, as_rows
from bot.store.runs import Event
from bot.store.tables import attempts, events, postings, rule_uses, rules, workspaces

WRITTEN, YES, LOCKED, NOWHERE = "rule written", "yes", "locked", "nowhere"
"""What of an event, and its texts: what became of writing to Spend Center what rules filled in a posting."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Where `instead` (or, when that is empty, nothing) stands for `dimension`, `value` is taken.

    `dimension` is a `Dimension`'s value; `value` and `instead` are Intacct IDs. `account` and `merchant` narrow it to
    lines of that account and transactions of that merchant; empty, they do not. With `writes_back` what it filled is
    written to Spend Center too. `off` is when it was switched off.
    """

    id: int
    workspace_id: str
    connection_id: str
    number: int
    dimension: str
    value: str
    instead: str
    account: str
    merchant: str
    made_by: str
    made: datetime
    off_by: str
    off: datetime | None
    writes_back: bool = True

    @property
    def name(self) -> str:
        return f"R-{self.number}"

    @property
    def condition(self) -> tuple[str, str, str, str]:
        """What it applies to; two active rules with one condition and two values are a conflict."""
        return self.dimension, self.instead, self.account, self.merchant.casefold()


async def add(
    store: Store,
    *,
    workspace: str,
    connection: str,
    dimension: str,
    value: str,
    instead: str = "",
    account: str = "",
    merchant: str = "",
    writes_back: bool = True,
    made_by: str,
    now: datetime,
) -> Rule:
    """A new rule, or the active one that says the same already."""
    said = {"connection_id": connection, "dimension": dimension, "value": value, "instead": instead, "account": account}
    async with store.begin() as db:
        await _one_at_a_time(db, workspace)
        active = await db.execute(
            select(rules).where(*(rules.c[name] == given for name, given in said.items()), rules.c.off.is_(None))
        )
        for rule in as_rows(Rule, active):
            if rule.merchant.casefold() == merchant.casefold():
                return rule
        last = await db.execute(select(func.max(rules.c.number)).where(rules.c.workspace_id == workspace))
        values: dict[str, Any] = {**said, "merchant": merchant, "made_by": made_by, "made": now}
        values["writes_back"] = writes_back
        values |= {"workspace_id": workspace, "number": (last.scalar() or 0) + 1}
        return as_row(Rule, (await db.execute(insert(rules).values(**values).returning(*rules.c))).one())


async def _one_at_a_time(db: AsyncConnection, workspace: str) -> None:
    """Two people who keep a rule at once get two numbers; SQLite's write lock sees to that by itself."""
    await db.execute(select(workspaces.c.id).where(workspaces.c.id == workspace).with_for_update())


async def get(store: Store, rule: int) -> Rule | None:
    async with store.read() as db:
        row = (await db.execute(select(rules).where(rules.c.id == rule))).first()
    return as_row(Rule, row) if row else None


async def of_connections(store: Store, connections: Sequence[str], *, active_only: bool = False) -> list[Rule]:
    """The rules of these connections, oldest first."""
    query = _ACTIVE if active_only else _RULES
    return as_rows(Rule, await store.glance(query, {"connections": list(connections)}))


_RULES = (
    select(rules).where(rules.c.connection_id.in_(bindparam("connections", expanding=True))).order_by(rules.c.number)
)
_ACTIVE = _RULES.where(rules.c.off.is_(None))


async def switch_off(store: Store, rule: int, by: str, now: datetime, actor: str = "") -> bool:
    """From the next posting on it has no say; False when it was off already. `by` is a name, `actor` a user id."""
    off = update(rules).where(rules.c.id == rule, rules.c.off.is_(None)).values(off=now, off_by=by)
    async with store.begin() as db:
        row = (await db.execute(off.returning(*rules.c))).first()
        if row is not None:
            await _note(db, as_row(Rule, row), "Switched off.", actor, now)
        return row is not None


async def edit(store: Store, before: Rule, after: Rule, said: str, actor: str, now: datetime) -> bool:
    """The rule says something else from the next posting on, under its number.

    Args:
        before: the rule as the person saw it.
        after: with another value, account or merchant, or written back or not.
        said: what changed, for its history.

    Returns:
        False when it was changed or switched off meanwhile; nothing is changed then.
    """
    seen = (rules.c[name] == getattr(before, name) for name in ("id", "value", "account", "merchant"))
    values = {name: getattr(after, name) for name in ("value", "account", "merchant", "writes_back")}
    async with store.begin() as db:
        done = await db.execute(
            update(rules).where(*seen, rules.c.off.is_(None)).values(**values).returning(rules.c.id)
        )
        if done.first() is None:
            return False
        await _note(db, after, said, actor, now)
    return True


async def note(store: Store, rule: Rule, said: str, actor: str, now: datetime) -> None:
    """One more line of a rule's history."""
    async with store.begin() as db:
        await _note(db, rule, said, actor, now)


async def _note(db: AsyncConnection, rule: Rule, said: str, actor: str, now: datetime) -> None:
    values = {"connection_id": rule.connection_id, "actor": actor, "what": f"rule {rule.name}", "text": said, "at": now}
    await db.execute(insert(events).values(**values))


# --- in Spend Center --------------------------------------------------------------------------------------------------


async def unwritten(
    store: Store, connection: str, since: datetime, limit: int = 100
) -> list[tuple[Posting, tuple[Rule, ...]]]:
    """Postings that rules filled something in since then, of which Spend Center was not told, each with those rules.

    What a rule that does not write back filled is left out.
    """
    asked = {"connection": connection, "since": since, "limit": limit}
    async with store.read() as db:
        pairs = [(row.posting_id, row.rule_id) for row in await db.execute(_UNWRITTEN, asked)]
        if not pairs:
            return []
        ids = [posting for posting, _ in pairs]
        rows = as_rows(Posting, await db.execute(select(postings).where(postings.c.id.in_(ids))))
        known = as_rows(Rule, await db.execute(select(rules).where(rules.c.id.in_([rule for _, rule in pairs]))))
    return [(row, tuple(rule for rule in known if (row.id, rule.id) in pairs)) for row in rows]


_TOLD = select(events.c.id).where(events.c.posting_id == postings.c.id, events.c.what == WRITTEN)
_UNWRITTEN = (
    select(attempts.c.posting_id, rule_uses.c.rule_id)
    .select_from(
        rule_uses.join(rules, rules.c.id == rule_uses.c.rule_id)
        .join(attempts, attempts.c.controlid == rule_uses.c.controlid)
        .join(postings, postings.c.id == attempts.c.posting_id)
    )
    .where(
        rules.c.connection_id == bindparam("connection"),
        rules.c.writes_back,
        attempts.c.state == AttemptState.POSTED,
        postings.c.state == PostingState.POSTED,
        postings.c.posted >= bindparam("since"),
        ~_TOLD.exists(),
    )
    .order_by(attempts.c.posting_id)
    .limit(bindparam("limit"))
)


async def mark_written(store: Store, row: Posting, outcome: str, now: datetime) -> None:
    """What became of it: `YES`, `LOCKED`, or `NOWHERE` when Spend Center has no value for it."""
    values = {"connection_id": row.connection_id, "posting_id": row.id, "what": WRITTEN, "text": outcome, "at": now}
    async with store.begin() as db:
        await db.execute(insert(events).values(actor="", **values))


async def written(store: Store, ids: Sequence[int]) -> dict[int, str]:
    """Of these postings, what became of writing to Spend Center what rules filled, as far as it was tried."""
    found: dict[int, str] = {}
    for start in range(0, len(ids), AT_ONCE):
        some = events.c.posting_id.in_(ids[start : start + AT_ONCE])
        query = select(events.c.posting_id, events.c.text).where(events.c.what == WRITTEN, some)
        async with store.read() as db:
            found |= {row.posting_id: row.text for row in await db.execute(query)}
    return found


# --- what happened to it ----------------------------------------------------------------------------------------------


async def history(store: Store, rule: Rule, limit: int = 20) -> list[Event]:
    """Who changed what of a rule, and when, newest first."""
    mine = events.c.connection_id == rule.connection_id, events.c.what == f"rule {rule.name}"
    query = select(events).where(*mine).order_by(events.c.id.desc()).limit(limit)
    async with store.read() as db:
        return as_rows(Event, await db.execute(query))


async def note_uses(store: Store, used: Mapping[str, Sequence[int]]) -> None:
    """Before attempts are committed: which rules filled something in each, by controlid.

    An attempt that never left is drafted again under the same controlid, then perhaps without the rule.
    """
    pairs = [
        {"rule_id": rule, "controlid": controlid} for controlid, found in used.items() for rule in sorted(set(found))
    ]
    ids = list(used)
    async with store.begin() as db:
        for start in range(0, len(ids), AT_ONCE):
            await db.execute(delete(rule_uses).where(rule_uses.c.controlid.in_(ids[start : start + AT_ONCE])))
        if pairs:
            await db.execute(insert(rule_uses), pairs)


async def touched(store: Store, rule: int) -> list[Posting]:
    """The postings that stand in Intacct with something that this rule filled, newest first."""
    mine = select(attempts.c.posting_id).where(
        attempts.c.state == AttemptState.POSTED,
        attempts.c.controlid.in_(select(rule_uses.c.controlid).where(rule_uses.c.rule_id == rule)),
    )
    query = select(postings).where(postings.c.id.in_(mine)).order_by(postings.c.date.desc(), postings.c.id.desc())
    async with store.read() as db:
        return as_rows(Posting, await db.execute(query))


async def times_used(store: Store, ids: Sequence[int]) -> dict[int, int]:
    """How many postings each of these rules touched."""
    query = (
        select(rule_uses.c.rule_id, func.count(attempts.c.posting_id.distinct()).label("n"))
        .join(attempts, attempts.c.controlid == rule_uses.c.controlid)
        .where(rule_uses.c.rule_id.in_(ids), attempts.c.state == AttemptState.POSTED)
        .group_by(rule_uses.c.rule_id)
    )
    async with store.read() as db:
        return {row.rule_id: row.n for row in await db.execute(query)}
