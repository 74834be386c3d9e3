"""A record that a person made in Intacct stands for a transaction; and taking back what was marked or left out.

Found, not guessed: Intacct is asked before anything is believed, in both directions.
"""

from __future__ import annotations

from typing import Any

from bot.intacct.client import IntacctClient
from bot.intacct.records import FoundRecord, Role
from bot.models import PostingState
from bot.store import alerts, by_hand, connections, postings, runs
from bot.store.connections import Connection
from bot.store.postings import BY_HAND, Posting, cause_values
from bot.sync.alerts import place
from bot.sync.desk import Desk
from bot.typed_values import reason as reason_given

WAITING = ("held.", "source.", "currency")
"""How the causes of held rows begin; those of failed ones begin otherwise."""

NOT_STANDING = {
    Role.REVERSED: "was reversed in Intacct.",
    Role.REVERSAL: "reverses another record in Intacct.",
    Role.DRAFT: "is a draft in Intacct: it is not in the ledger. Post it there first.",
}
"""Why a record cannot stand for a transaction."""


class Disagrees(Exception):
    """What a person said does not agree with what Intacct shows; the message is a sentence for that person."""


async def check(desk: Desk, posting_id: int, record_no: str) -> FoundRecord:
    """The record of this number, if it can stand for the posting.

    Raises:
        Disagrees: it cannot, and why.
        IntacctError: Intacct did not answer.
    """
    row, connection = await _row(desk, posting_id)
    if row.state not in by_hand.OPEN:
        raise Disagrees("That transaction has moved on meanwhile; it is not open any more.")
    client = await _client(desk, connection)
    found = await client.card_transactions_by_number([record_no], entity=connection.entity_id)
    if not found:
        raise Disagrees(
            f"Intacct shows no credit card transaction with record number {record_no} at {place(connection)}."
        )
    record = found[0]
    if why := NOT_STANDING.get(record.role):
        raise Disagrees(f"Record {record_no} {why}")
    if record.total != row.amount:
        raise Disagrees(
            f"Record {record_no} is {_figure(record)}; this transaction is {row.amount:,.2f} {row.currency}."
        )
    if record.currency and record.currency != row.currency:
        raise Disagrees(f"Record {record_no} is in {record.currency}; this transaction is in {row.currency}.")
    await _same_card(client, connection, record)
    return record


def _figure(record: FoundRecord) -> str:
    return f"{record.total:,.2f} {record.currency}".strip() if record.total is not None else "without a readable amount"


async def _same_card(client: IntacctClient, connection: Connection, record: FoundRecord) -> None:
    """The record's card, or, where the company does not show it, the only card that its level has.

    Raises:
        Disagrees: it is another card, or cannot be told.
    """
    if record.card:
        if not record.on(connection.card):
            raise Disagrees(f"Record {record.record_no} is on the card {record.card}, not on {connection.card}.")
        return
    if record.entity_id != connection.entity_id:
        raise Disagrees(f"Record {record.record_no} is not at {place(connection)}.")
    cards = [one for one in await client.cards(entity=connection.entity_id) if one.entity_id == connection.entity_id]
    if [one.card_id for one in cards] != [connection.card]:
        raise Disagrees(
            f"Intacct does not show which card record {record.record_no} is on, and {place(connection)} has several."
        )


async def mark(
    desk: Desk, alert_id: int, posting_id: int, record: FoundRecord, reason: str, actor: str, name: str
) -> None:
    """Let a checked record stand for a posting.

    Raises:
        Disagrees: another posting has this record, or this one has moved on.
        ValueError: the reason says nothing; the message is for whoever gave it.
    """
    reason = reason_given(reason)
    row, connection = await _row(desk, posting_id)
    store, now = desk.reach.store, desk.reach.clock()
    day = record.date.isoformat() if record.date else ""
    said = {"by": name, "reason": reason, "at": now.isoformat(), "date": day}
    try:
        claimed = await by_hand.mark(store, row, record.record_no, record.reference, said=said, now=now)
    except LookupError as gone:
        raise Disagrees("That transaction has moved on meanwhile; it is not open any more.") from gone
    if claimed is not None:
        whose = f"{claimed.merchant}, {claimed.date.isoformat()}"
        raise Disagrees(f"Record {record.record_no} belongs to another transaction already: {whose}.")
    text = f"Record {record.record_no}: {reason}"
    await runs.tell(store, "by hand", text, now, actor=actor, connection=connection.id, posting=row.id)
    line = {"actor": actor, "did": "by hand", "record": record.record_no, "reason": reason, "postings": [row.id]}
    await alerts.add_line(store, alert_id, {**line, "at": now.isoformat()})
    await _refresh(desk, connection)


async def take_back(desk: Desk, posting_id: int, actor: str) -> str:
    """Open again what was marked as posted by hand or left out, unless Intacct has it under its own reference.

    Returns:
        What became of it, as a sentence.

    Raises:
        Disagrees: nothing to take back.
        IntacctError: Intacct did not answer; nothing changed.
    """
    row, connection = await _row(desk, posting_id)
    decision = dict(row.decision or {})
    marked = decision.pop(BY_HAND, None)
    if row.state != PostingState.IGNORED and not (row.state == PostingState.POSTED and marked):
        raise Disagrees("That transaction was neither left out nor marked by hand.")
    own = await _own(desk, connection, row)
    if own is not None:
        values = {"state": PostingState.POSTED, "record_no": own.record_no, "posted": desk.reach.clock()}
        said = f"Intacct has it under its own reference, record {own.record_no}; it counts as posted with that."
    else:
        values = _as_before(row, marked or {})
        said = "It is open again, and its alert shows what it needs."
    kept = {} if "ignored" in decision else decision
    cause = cause_values(None) if own is not None else {}
    store, now = desk.reach.store, desk.reach.clock()
    if not await by_hand.open_again(store, row, {**cause, **values, "decision": kept}, now):
        raise Disagrees("That transaction has moved on meanwhile.")
    await runs.tell(store, "taken back", said, now, actor=actor, connection=connection.id, posting=row.id)
    await _refresh(desk, connection)
    return said


def _as_before(row: Posting, marked: dict[str, Any]) -> dict[str, Any]:
    """What the row was before a person decided. A row that was left out still has its cause."""
    was = marked.get("was") or {}
    category = str(was.get("category", row.category))
    state = PostingState.HELD if not category or category.startswith(WAITING) else PostingState.FAILED
    return {**was, "state": was.get("state", state), "record_no": "", "posted": None}


async def _own(desk: Desk, connection: Connection, row: Posting) -> FoundRecord | None:
    """What Intacct has under the posting's own reference.

    Raises:
        Disagrees: something that is not this transaction.
        BlindLookup: Intacct did not show a record that is known to be there, so that finding nothing means nothing.
    """
    client = await _client(desk, connection)
    known = await postings.witnesses(desk.reach.store, connection.company, connection.entity_id, 1)
    records = await client.find_by_reference(
        [row.reference], entity=connection.entity_id, known=known[0].reference if known else None
    )
    standing = [one for one in records if one.role in {Role.LIVE, Role.DRAFT}]
    if not standing:
        return None
    if standing[0].role is Role.DRAFT:
        raise Disagrees(
            f"Intacct has a draft under its reference, record {standing[0].record_no}; post or delete it there first."
        )
    if len(standing) > 1 or standing[0].total != row.amount:
        raise Disagrees(
            f"Intacct has something else under its reference, record {standing[0].record_no}; look there first."
        )
    return standing[0]


async def _row(desk: Desk, posting_id: int) -> tuple[Posting, Connection]:
    found = await postings.get(desk.reach.store, [posting_id])
    connection = await connections.get_connection(desk.reach.store, found[0].connection_id) if found else None
    if connection is None:
        raise LookupError(f"There is no posting {posting_id}.")
    if connection.removed:
        raise Disagrees(f"{place(connection)} was disconnected; nothing of it changes any more.")
    return found[0], connection


async def _client(desk: Desk, connection: Connection) -> IntacctClient:
    return await desk.reach.intacct(await connections.get_company(desk.reach.store, connection.company))


async def _refresh(desk: Desk, connection: Connection) -> None:
    key = f"{connection.id}:{desk.reach.clock().isoformat()}"
    await desk.engine.enqueue("refresh", key, company=connection.company, urgent=True, connection_id=connection.id)
