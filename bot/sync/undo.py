"""What a person can do about a posting whose transaction changed: see what a reversal would write, and ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bot.store import alerts, connections, postings, reversals
from bot.store.alerts import Alert
from bot.store.connections import Connection
from bot.store.postings import BY_HAND, CHANGED, CHANGING, Posting
from bot.sync.changes import POST, recorded_on
from bot.sync.desk import Asked, Desk
from bot.sync.posting_day import Bounds, next_month, today


class CannotBe(Exception):
    """Why nothing can be reversed here; the message is a sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be written: the record is reversed on `first` or later, and `again` is the day of the new posting.

    `again` is None when nothing is posted in its place. `propose` is the first open day, where Intacct said that the
    record's own is closed.
    """

    row: Posting
    old: str
    new: str
    first: date
    again: date | None
    propose: date
    bounds: Bounds

    def posted_on(self, reversal: date) -> date | None:
        """The day of the new posting: its own, or the reversal's where that was moved to a later one."""
        if self.again is None:
            return None
        return max(self.again, reversal) if reversal > self.first else self.again


async def plan(desk: Desk, alert_id: int) -> Plan:
    """What a reversal would write, from what is known here; nothing is asked of Intacct.

    Raises:
        CannotBe: nothing is left to reverse, or it is not ours to reverse.
    """
    alert, connection = await _alert(desk, alert_id)
    rows = await postings.list_postings(
        desk.reach.store, alert.connection_id or "", states=CHANGING, category=CHANGED, subject=alert.subject, limit=1
    )
    if not rows or rows[0].state != CHANGING[0]:
        raise CannotBe("That is decided already; its alert shows what came of it.")
    row, said = rows[0], rows[0].details or {}
    if BY_HAND in (row.decision or {}):
        raise CannotBe(f"Record {row.record_no} was entered by hand: reverse it in Intacct, then take the mark back.")
    first = recorded_on(row)
    return Plan(
        row=row,
        old=said["old"],
        new=said["new"],
        first=first,
        again=_own_day(row, said) if said["then"] == POST else None,
        propose=(propose := _proposed(said, first)),
        bounds=Bounds(first, today(connection, desk.reach.clock()), opens=propose),
    )


def _own_day(row: Posting, said: dict[str, str]) -> date:
    """The transaction's day; where a person had moved the record to a later one, that."""
    day = date.fromisoformat(said["day"])
    return max(day, recorded_on(row)) if "date" in (row.decision or {}) else day


def _proposed(said: dict[str, str], first: date) -> date:
    if said.get("first_open"):
        return max(first, date.fromisoformat(said["first_open"]))
    return next_month(first) if said.get("closed") else first


async def reverse(desk: Desk, alert_id: int, day: date, actor: str, name: str, *, confirmed: str = "") -> Asked:
    """Reverse a changed posting on that day, then post the transaction again as it reads now, if it still stands.

    The decision is committed first; the run that does it looks at both sides once more.

    Raises:
        CannotBe: nothing is left to reverse, or it is not ours to reverse.
        OutOfBounds: that day may not be the reversal's, as for any posting; `confirmed` is a later month agreed to.
    """
    (alert, _), wanted = await _alert(desk, alert_id), await plan(desk, alert_id)
    wanted.bounds.check(day, confirmed)
    now, row = desk.reach.clock(), wanted.row
    if not await alerts.start_work(desk.reach.store, alert_id, actor, now):
        return await desk.lost_click(alert_id)
    again = wanted.posted_on(day)
    asked = {
        "then": (row.details or {})["then"],
        "fingerprint": (row.details or {})["fingerprint"],
        "day": day.isoformat(),
        "again": again.isoformat() if again else "",
        "by": name,
        "actor": actor,
        "at": now.isoformat(),
        "alert": alert_id,
    }
    if not await reversals.ask(desk.reach.store, row, asked, now):
        await alerts.change(desk.reach.store, alert_id, working="", working_since=None)
        raise CannotBe("It changed a moment ago; look at it again.")
    line = {"did": "reverse", "day": day.isoformat(), "then": asked["then"], "record": row.record_no}
    return await desk.retry_rows(alert, [row.id], actor, line)


async def _alert(desk: Desk, alert_id: int) -> tuple[Alert, Connection]:
    alert = await alerts.get(desk.reach.store, alert_id)
    if alert is None or alert.category != CHANGED or alert.connection_id is None:
        raise CannotBe("That alert is not about a posting that changed.")
    connection = await connections.get_connection(desk.reach.store, alert.connection_id)
    if connection is None or connection.removed:
        raise CannotBe("This connection was ended; nothing of it changes any more.")
    return alert, connection
