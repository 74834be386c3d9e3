"""Corrections that people make in place: a coding, a date. Each is remembered on its rows with the person's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from bot.intacct.records import DimensionValue
from bot.models import Dimension, PostingState
from bot.store import alerts, connections, postings, rules, runs
from bot.store.alerts import Alert
from bot.store.connections import Connection
from bot.store.database import Store
from bot.store.postings import Posting
from bot.store.rules import Rule
from bot.sync.desk import Asked, Desk
from bot.sync.posting_day import Bounds, latest_of, today, told_by_refusal
from bot.sync.rules import UNMAPPED, condition_of, dimension_of, refused_value
from bot.sync.terms import locations_inside

MENDABLE = (PostingState.FAILED, PostingState.HELD)


class Keep(StrEnum):
    """What a choice is used for, beside the transactions at hand."""

    NOT = "these"
    SAME = "future"
    OF_MERCHANT = "merchant"
    MAPPED = "mapped"


PAGE = 100
"""Slack's limit on the answers to one search."""


async def values(desk: Desk, alert_id: int, query: str) -> list[DimensionValue]:
    """What may be chosen for an alert, read live from Intacct: active values whose ID or name holds the query.

    Raises:
        IntacctError: Intacct did not answer.
    """
    alert, connection = await _of(desk, alert_id)
    rows = await _rows(desk, alert, 1)
    dimension = dimension_of(alert.category, (rows[0].details if rows else None) or {}, connection.codes())
    return await listed(desk, connection, dimension, query) if dimension is not None else []


async def listed(desk: Desk, connection: Connection, dimension: Dimension, query: str) -> list[DimensionValue]:
    """The active values of a dimension whose ID or name holds the query; of locations, those that a line may have.

    Raises:
        IntacctError: Intacct did not answer.
    """
    company = await connections.get_company(desk.reach.store, connection.company)
    client = await desk.reach.intacct(company)
    wanted = query.casefold()
    found: list[DimensionValue] = []
    inside = await locations_inside(client, connection) if dimension is Dimension.LOCATION else None
    async for value in client.list_values(dimension, entity=connection.entity_id, active_only=True):
        if inside is not None and value.value_id not in inside:
            continue
        if wanted in f"{value.value_id} {value.name}".casefold():
            found.append(value)
        if len(found) == PAGE:
            break
    return found


def can_map(connection: Connection, details: Mapping[str, str], dimension: Dimension) -> bool:
    """Whether a choice can be kept in the connection's map: the cause is a value that is not in it, and there is one."""
    mapping = connection.codes().get(dimension.value)
    return details.get("cause") == UNMAPPED and mapping is not None and bool(mapping.values)


async def code(
    desk: Desk,
    alert_id: int,
    value: str,
    actor: str,
    name: str,
    *,
    only: Sequence[int] = (),
    write_back: bool = True,
    keep: Keep = Keep.NOT,
) -> Asked:
    """Choose a value for an alert's transactions, then post them again.

    Args:
        value: the Intacct ID chosen.
        actor: a Slack user id; `name` is how the posting's description calls the person.
        only: posting ids, when not all of the alert's rows are meant.
        write_back: say the same in Spend Center, unless a row is locked there.
        keep: whether it becomes a rule for what comes later.
    """
    alert, connection = await _of(desk, alert_id)
    rows = [row for row in await _rows(desk, alert) if not only or row.id in only]
    if not rows:
        return await desk.lost_click(alert.id)
    details = (rows[0].details if rows else None) or {}
    dimension = dimension_of(alert.category, details, connection.codes())
    if dimension is None:
        raise ValueError(f"No choice of a value mends {alert.category}.")
    wrong = refused_value(dimension, details)
    made = {"coding": {dimension.value: value}, "instead": {dimension.value: wrong}, "by": name}
    if not await alerts.start_work(desk.reach.store, alert.id, actor, desk.reach.clock()):
        return await desk.lost_click(alert.id)
    line: dict[str, Any] = {"did": "code", "dimension": dimension.sentence, "value": value}
    if keep is Keep.MAPPED:
        text = details["value"]
        await connections.map_value(desk.reach.store, connection.id, dimension.value, text, value)
        mapped = {"did": "map", "field": details["field"], "text": text}
        return await desk.retry_rows(alert, [row.id for row in rows], actor, {**line, **mapped})
    said = {"value": value, "made_by": name, "writes_back": write_back}
    kept = await _keep(desk, alert, rows[0], dimension, keep, **said)
    if kept is not None:
        line["rule"] = kept.number
    asked = await _apply(desk, alert, rows, made, actor, line)
    if write_back:
        target: dict[str, Any] = {"connection": connection.id, "postings": [row.id for row in rows]}
        target |= {"dimension": dimension.value, "value": value, "alert": alert.id}
        intent = await runs.add_intent(
            desk.reach.store, alert.workspace_id, "write_back", actor, target, desk.reach.clock()
        )
        await desk.promise(intent)
    return asked


async def keep_fallback(desk: Desk, alert_id: int, vendor: str, actor: str) -> None:
    """From now on this vendor is offered first where Intacct takes no other."""
    _, connection = await _of(desk, alert_id)
    await connections.set_option(desk.reach.store, connection.id, "fallback_vendor", vendor)
    text = f"Vendor {vendor} is the fallback vendor."
    await runs.tell(
        desk.reach.store, "fallback vendor", text, desk.reach.clock(), actor=actor, connection=connection.id
    )


async def bounds_of(desk: Desk, alert_id: int) -> Bounds:
    """On which days an alert's transactions may be posted; Intacct is asked where its books open."""
    alert, connection = await _of(desk, alert_id)
    return await _bounds(desk, connection, await _rows(desk, alert))


async def _bounds(desk: Desk, connection: Connection, rows: Sequence[Posting]) -> Bounds:
    reach, now = desk.reach, desk.reach.clock()
    client = await reach.intacct(await connections.get_company(reach.store, connection.company))
    told = latest_of(told_by_refusal(row.details) for row in rows)
    opens = latest_of([told, await reach.books.opens(client, connection, now)])
    day = today(connection, now)
    return Bounds(max((row.date for row in rows), default=day), day, connection.start_date, opens)


async def redate(desk: Desk, alert_id: int, day: date, actor: str, name: str, *, confirmed: str = "") -> Asked:
    """Post an alert's transactions on another day; the original day stays in each description.

    Args:
        confirmed: the month that a person agreed to, where it is past the first open one.

    Raises:
        OutOfBounds: that day may not be the posting date.
    """
    alert, connection = await _of(desk, alert_id)
    rows = await _rows(desk, alert)
    if not rows:
        return await desk.lost_click(alert.id)
    (await _bounds(desk, connection, rows)).check(day, confirmed)
    made = {"date": day.isoformat(), "by": name, "dated_by": name}
    if not await alerts.start_work(desk.reach.store, alert.id, actor, desk.reach.clock()):
        return await desk.lost_click(alert.id)
    line = {"did": "redate", "day": day.isoformat()}
    if rows:
        dates = [row.date for row in rows]
        line |= {"first": min(dates).isoformat(), "last": max(dates).isoformat()}
    return await _apply(desk, alert, rows, made, actor, line)


async def _apply(
    desk: Desk, alert: Alert, rows: Sequence[Posting], made: dict[str, Any], actor: str, line: dict[str, Any]
) -> Asked:
    """Write the decision on each row of a claimed alert, then retry the group."""
    await decide(desk.reach.store, rows, made, desk.reach.clock())
    return await desk.retry_rows(alert, [row.id for row in rows], actor, line)


async def decide(store: Store, rows: Sequence[Posting], made: dict[str, Any], now: datetime) -> None:
    """Write a decision on each row, beside what was decided before."""
    for row in rows:
        before = row.decision or {}
        decision = {**before, **made}
        for key in {"coding", "instead"} & made.keys():
            decision[key] = {**before.get(key, {}), **made[key]}
        if decision.get("date") == row.date.isoformat():
            del decision["date"]  # back on its own day
            decision.pop("dated_by", None)
        await postings.move(store, [row.id], source=MENDABLE, target=PostingState.FAILED, now=now, decision=decision)


async def _keep(desk: Desk, alert: Alert, row: Posting, dimension: Dimension, keep: Keep, **said: Any) -> Rule | None:
    """The rule that a choice becomes, where the person wanted one and the cause allows it."""
    condition = condition_of(alert.category, row.details or {}, dimension)
    if keep is Keep.NOT or condition is None or (condition.broad and keep is not Keep.OF_MERCHANT):
        return None
    return await rules.add(
        desk.reach.store,
        workspace=alert.workspace_id,
        connection=alert.connection_id or "",
        dimension=dimension.value,
        instead=condition.instead,
        account=condition.account,
        merchant=row.merchant if keep is Keep.OF_MERCHANT else "",
        now=desk.reach.clock(),
        **said,
    )


async def _of(desk: Desk, alert_id: int) -> tuple[Alert, Connection]:
    alert = await alerts.get(desk.reach.store, alert_id)
    if alert is None:
        raise LookupError(f"There is no alert {alert_id}.")
    return alert, await _connection(desk, alert)


async def _connection(desk: Desk, alert: Alert) -> Connection:
    connection = await connections.get_connection(desk.reach.store, alert.connection_id or "")
    if connection is None:
        raise LookupError("This alert belongs to no single connection.")
    return connection


async def _rows(desk: Desk, alert: Alert, limit: int = 20_000) -> list[Posting]:
    return await postings.list_postings(
        desk.reach.store,
        alert.connection_id or "",
        states=MENDABLE,
        category=alert.category,
        subject=alert.subject,
        limit=limit,
    )
