"""Requests to create or change a vendor: one person asks, another agrees, a job writes. Each is a row among the intents.

Its kind says where it stands, and each step is one statement, so that of several who press at once one counts. What has
to be done for it counts as open only once it is agreed to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import alerts, runs
from bot.store.database import Store
from bot.store.runs import Intent
from bot.store.tables import events, intents

ASKED, AGREED, ENDED = "vendor asked", "vendor", "vendor ended"
"""Kinds of an intent: waits for a second person, is to be written, is over. The second names the job."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who did something, and when, as ISO text; `name` as people know it."""

    user: str
    name: str
    at: str

    @property
    def when(self) -> datetime:
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        changes: field of `update_vendor` to its old and new value; empty for a vendor to create.
        instead: the value that Intacct refused, which the transactions name.
        sent: whether a write may have left.
        outcome: one of `bot.sync.vendors`, once it is over; `second` is who agreed or declined.
        place: channel and ts of the message with its buttons, once somebody pressed one.
    """

    id: str
    workspace_id: str
    kind: str
    created: datetime
    alert: int
    connection: str
    vendor: str
    name: str
    changes: Mapping[str, tuple[str, str]]
    instead: str
    first: Person
    second: Person | None
    sent: bool
    outcome: str
    place: tuple[str, str] | None

    @property
    def creates(self) -> bool:
        return not self.changes

    @property
    def stage(self) -> str:
        """What its message has to show."""
        return self.outcome or self.kind


def _request(row: Intent) -> Request:
    said = row.target
    second = said.get("second")
    return Request(
        id=row.id,
        workspace_id=row.workspace_id,
        kind=row.kind,
        created=row.created,
        alert=said["alert"],
        connection=said["connection"],
        vendor=said["vendor"],
        name=said["name"],
        changes={tag: (old, new) for tag, (old, new) in said["changes"].items()},
        instead=said["instead"],
        first=Person(row.actor, said["by"], row.created.isoformat()),
        second=Person(**second) if second else None,
        sent=bool(said.get("sent")),
        outcome=said.get("outcome", ""),
        place=(said["place"][0], said["place"][1]) if said.get("place") else None,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for; the fields are those of a `Request`."""

    alert: int
    connection: str
    vendor: str
    name: str
    instead: str
    by: str
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)


async def ask(store: Store, workspace: str, actor: str, wanted: Wanted, now: datetime) -> Request:
    """Keep a request, and the line of its alert's story by which it is told; both or neither."""
    target = {name: getattr(wanted, name) for name in ("alert", "connection", "vendor", "name", "instead", "by")}
    target["changes"] = {tag: list(values) for tag, values in wanted.changes.items()}
    async with store.begin() as db:
        row = await runs.insert_intent(db, workspace, ASKED, actor, target, now)
        await db.execute(update(intents).where(intents.c.id == row.id).values(done=now))  # nobody works on it yet
        line = {"did": "vendor ask", "actor": actor, "request": row.id, "at": now.isoformat(), "postings": []}
        await alerts.append_line(db, alert=wanted.alert, line=line)
    return _request(row)


async def get(store: Store, request: str) -> Request | None:
    row = await runs.get_intent(store, request)
    return _request(row) if row is not None and row.kind in {ASKED, AGREED, ENDED} else None


async def agree(store: Store, request: Request, second: Person, place: tuple[str, str]) -> bool:
    """The second person's word; False when somebody was quicker. From here on the sweeper sees to its job."""
    async with store.begin() as db:
        return await _step(db, request, {"kind": AGREED, "done": None}, _pressed(second, place))


async def mark_sent(store: Store, request: Request) -> bool:
    """Committed before a write leaves; False when the request is over."""
    async with store.begin() as db:
        return await _step(db, request, {}, {"sent": True})


@dataclass(frozen=True, slots=True)
class End:
    """How a request ends: its outcome, a line of the audit trail and one of the alert's story.

    `second` and `place` are given where it ends by a press; `retry` are the postings to post again, in the second
    person's name, and `line` then tells what became of them.
    """

    outcome: str
    event: str
    line: Mapping[str, Any]
    second: Person | None = None
    place: tuple[str, str] | None = None
    retry: tuple[int, ...] = ()


async def end(store: Store, request: Request, how: End, now: datetime) -> tuple[bool, Intent | None]:
    """End a request, all of it in one transaction.

    Returns:
        Whether it was this call that ended it, and what was asked for with it: to post the transactions again.
    """
    actor = (how.second or request.second or request.first).user
    more = {"outcome": how.outcome, **(_pressed(how.second, how.place) if how.second and how.place else {})}
    async with store.begin() as db:
        if not await _step(db, request, {"kind": ENDED, "done": now}, more):
            return False, None
        retry = None
        line = {"actor": actor, **how.line, "request": request.id, "at": now.isoformat(), "postings": [*how.retry]}
        if how.retry:
            wanted = {"connection": request.connection, "postings": [*how.retry], "alert": request.alert}
            retry = await runs.insert_intent(db, request.workspace_id, "retry", actor, wanted, now)
            line["intent"] = retry.id
        await alerts.append_line(db, alert=request.alert, line=line)
        event = {"connection_id": request.connection, "actor": actor, "what": "vendor", "text": how.event, "at": now}
        await db.execute(insert(events).values(**event))
    return True, retry


def _pressed(second: Person, place: tuple[str, str]) -> dict[str, Any]:
    return {"second": {"user": second.user, "name": second.name, "at": second.at}, "place": list(place)}


async def _step(db: AsyncConnection, request: Request, values: dict[str, Any], more: dict[str, Any]) -> bool:
    """One step on from where the request was read; False when it stands elsewhere by now, or is over."""
    mine = intents.c.id == request.id, intents.c.kind == request.kind, intents.c.kind != ENDED
    target = (await db.execute(select(intents.c.target).where(*mine).with_for_update())).scalar()
    if target is None:
        return False
    changed = update(intents).where(*mine).values(**values, target={**target, **more}).returning(intents.c.id)
    return (await db.execute(changed)).first() is not None
