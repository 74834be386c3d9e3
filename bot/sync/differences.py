"""One transaction beside its records: how they part in a span of one card's ledger, if they do, and why."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bot.hints.catalogue import hint_for
from bot.hints.words import render
from bot.intacct.records import FoundRecord, Role
from bot.models import PostingState, RetryClass, Transaction, Verdict
from bot.store.postings import BY_HAND, CHANGING, Posting
from bot.store.reversals import ASKED
from bot.sync.mapping import reference_for

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not agree.

    The amounts are those of the span: `spend_amount` is None where the transaction is of another month or there is none,
    `intacct_amount` where nothing of it is in this ledger. Over all differences they add up to that of the totals.

    `kind`: missing (not in Intacct), ignored (left out, as a person decided), reversed (one half of a reversal stands in
    this span alone, or nothing stands after one), amount, currency, date (another day of the span), double (several
    records for one transaction), extra (in Intacct only), unread (the source gave it unreadably), month (the transaction
    or its record belongs to another month), reference (the record's was edited), draft (its record is a draft, which is
    not in the ledger), card (its record is on another card, or another connection's is on this one).
    """

    kind: str
    transaction: str
    record: str
    spend_amount: Decimal | None
    intacct_amount: Decimal | None
    currency: str
    date: dt.date | None
    why: str
    merchant: str = ""
    record_date: dt.date | None = None


def reference_of(one: Transaction, row: Posting | None) -> str:
    return row.reference if row else reference_for(one.uuid)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The span of one card's ledger. `records` are all that were read, by number, for the other halves of reversals."""

    first: date
    last: date
    records: Mapping[str, FoundRecord]

    def shows(self, record: FoundRecord) -> bool:
        """Whether it is dated within the span."""
        return record.date is None or self.first <= record.date <= self.last

    def effect(self, record: FoundRecord) -> Decimal:
        """What a record does to the ledger. A reversing one undoes its original, however its own total is signed."""
        if record.role is Role.REVERSAL and (original := self.records.get(record.reversed_key)):
            return -(original.total or ZERO)
        return record.total or ZERO

    def sum(self, records: Iterable[FoundRecord]) -> Decimal:
        return sum((self.effect(record) for record in records if self.shows(record)), ZERO)

    def on(self, day: date | None) -> str:
        """`Nov 1`, with the year where it is not the span's."""
        if day is None:
            return "a day that Intacct does not show"
        return f"{day:%b} {day.day}" + (f", {day.year}" if day.year != self.last.year else "")

    def turned(self, record: FoundRecord) -> str:
        """What a reversal says of its half, as the end of a sentence about it."""
        if record.role is Role.REVERSAL:
            undone = self.records.get(record.reversed_key)
            day = undone.date if undone else record.reversed_date
            named = f"record {record.reversed_key} of {self.on(day)}" if record.reversed_key else "another record"
            return f"reverses {named} on {self.on(record.date)}"
        undoes = self.records.get(record.reversal_key)
        day = undoes.date if undoes else record.reversal_date
        by = f" by record {record.reversal_key}" if record.reversal_key else ""
        return f"of {self.on(record.date)} was reversed{f' on {self.on(day)}' if day else ''}{by}"


@dataclass(frozen=True, slots=True)
class Case:
    """A transaction, with all its records on this card and in the ledger, wherever dated; beside them, those that are not.

    `one` is None where the transaction is of another month, or the source does not show it any more.
    """

    ledger: Ledger
    one: Transaction | None
    row: Posting | None
    day: date
    booked: Sequence[FoundRecord]
    drafts: Sequence[FoundRecord]
    off_card: Sequence[FoundRecord]

    @property
    def live(self) -> list[FoundRecord]:
        return [record for record in self.booked if record.role is Role.LIVE]

    @property
    def inside(self) -> list[FoundRecord]:
        return [record for record in self.booked if self.ledger.shows(record)]

    @property
    def total(self) -> Decimal:
        return self.ledger.sum(self.booked)

    @property
    def shown(self) -> Decimal | None:
        """What the ledger of the span shows of it; None where nothing stands there."""
        standing = any(record.role is Role.LIVE for record in self.inside)
        return self.total if standing or self.total else None

    def halves(self) -> list[FoundRecord]:
        """Halves of reversals that stand in this span without what they reverse, or what reverses them."""
        pairs: defaultdict[str, list[FoundRecord]] = defaultdict(list)
        for record in self.inside:
            if record.role is Role.REVERSAL or record.role is Role.REVERSED:
                pairs[record.reversed_key or record.record_no].append(record)
        return [record for some in pairs.values() if self.ledger.sum(some) for record in some]

    def turned(self) -> str:
        """What is to be said of such halves; empty when there are none."""
        told = [f"Record {half.record_no} {self.ledger.turned(half)}" for half in self.halves()]
        return f"{'; '.join(told)}." if told else ""

    def tells(self, kind: str, why: str, record: FoundRecord | None = None) -> Difference:
        """The difference of this kind; without a record it names the one that the row has."""
        money, row = (self.one.amount if self.one else None), self.row
        return Difference(
            kind,
            self.one.uuid if self.one else row.transaction if row else "",
            record.record_no if record else row.record_no if row else "",
            money.amount if money else None,
            self.shown,
            money.currency if money else record.currency if record else "",
            self.day,
            why,
            self.one.merchant if self.one else row.merchant if row else "",
            record.date if record else None,
        )


# --- a transaction of the span --------------------------------------------------------------------------------------------


def differs(case: Case) -> Difference | None:
    """How a transaction of the span and its records part, or None where they agree."""
    assert case.one is not None
    live = case.live
    if case.row is not None and case.row.state == PostingState.IGNORED:
        return _ignored(case.row, case)
    if not live:
        return _nothing_stands(case)
    if len(live) > 1:
        numbers = ", ".join(record.record_no for record in live)
        return case.tells("double", f"{len(live)} records stand for this transaction: {numbers}.", live[0])
    record, money = live[0], case.one.amount
    if not case.ledger.shows(record):
        return case.tells("month", " ".join(filter(None, (_elsewhere(case, record), case.turned()))), record)
    if half := case.turned():
        return case.tells("reversed", half, record)
    if record.total != money.amount:
        return case.tells("amount", _who_changed(case.row, case.one), record)
    if record.currency and record.currency != money.currency:
        return case.tells("currency", f"Intacct has it in {record.currency}.", record)
    if record.date and record.date != _expected(case):
        return case.tells("date", f"Intacct has it on {record.date.isoformat()}.", record)
    if not _named(case, record):
        return case.tells("reference", f"Its reference in Intacct was changed to “{record.reference}”.", record)
    return None


def _expected(case: Case) -> date:
    """The day on which the record should be: the transaction's, or the one that a person moved it to."""
    decision = (case.row.decision or {}) if case.row else {}
    moved = (decision.get(BY_HAND) or {}).get("date") or decision.get("date")
    return date.fromisoformat(moved) if moved else case.day


def _named(case: Case, record: FoundRecord) -> bool:
    """Whether a record has the transaction's reference. One that a person entered has a reference of its own."""
    assert case.one is not None
    if case.row is not None and BY_HAND in (case.row.decision or {}):
        return True
    return record.reference == reference_of(case.one, case.row)


def _elsewhere(case: Case, record: FoundRecord) -> str:
    """Why a transaction of the span has its record in another month."""
    decision = (case.row.decision or {}) if case.row else {}
    by_hand = decision.get(BY_HAND) or {}
    on = case.ledger.on(record.date)
    if not record.date or record.date != _expected(case):
        return f"Its record is dated {on} in Intacct, and was posted for {case.ledger.on(_expected(case))}."
    if by_hand:
        return f"Its record is dated {on}, entered by hand, marked by {by_hand.get('by') or 'a person'}."
    return f"Its record is dated {on}, posted on that day {_moved_by(decision)}."


def _moved_by(decision: Mapping[str, Any]) -> str:
    """Who chose another posting date; rows decided by a version before do not tell it apart from who chose a coding."""
    by = decision.get("dated_by", "" if "coding" in decision else decision.get("by", ""))
    if by:
        return f"by {by}"
    return "as this connection is set to do" if "dated_by" in decision else "as a person decided"


def _nothing_stands(case: Case) -> Difference:
    row = case.row
    if case.booked:
        name = ((row.decision or {}).get(ASKED) or {}).get("by", "") if row else ""
        told = f"Its record was reversed in Intacct{f' by {name}' if name else ''}."
        return case.tells("reversed", case.turned() or told, case.booked[0])
    if case.drafts:
        return case.tells(
            "draft", f"Record {case.drafts[0].record_no} is a draft; it is not in the ledger.", case.drafts[0]
        )
    if case.off_card:
        record = case.off_card[0]
        return case.tells("card", f"Record {record.record_no} is on the card {record.card}.", record)
    return case.tells("missing", _why_missing(row))


def _ignored(row: Posting, case: Case) -> Difference:
    """Left out is no agreement, whatever Intacct has of it."""
    reason, name = ((row.decision or {}).get(key, "") for key in ("ignored", "by"))
    why = f"Left out{f' by {name}' if name else ''}{f': {reason}' if reason else '.'}"
    if case.live:
        why = f"{why.rstrip('.')}. Intacct has it all the same, record {case.live[0].record_no}."
    return case.tells("ignored", why, case.live[0] if case.live else None)


def _who_changed(row: Posting | None, one: Transaction) -> str:
    if row is None or row.state not in CHANGING:
        return "The amounts differ."
    if row.amount == one.amount.amount:
        return "Changed in Intacct after it was posted."
    return f"Changed in Spend Center after it was posted with {row.amount:,.2f}."


def _why_missing(row: Posting | None) -> str:
    if row is None:
        return "Not read by a sync yet."
    if row.state == PostingState.POSTED:
        return "It was posted, and Intacct does not have it any more."
    if row.state in {PostingState.POSTING, PostingState.UNKNOWN}:
        return "It was sent; Intacct is being asked whether it posted."
    if row.category:
        verdict = Verdict(row.category, row.subject, RetryClass.NO, tuple((row.details or {}).items()))
        return f"Not posted. {render(hint_for(verdict), verdict).why}"
    return "Waits for the next sync."


# --- a transaction of another month --------------------------------------------------------------------------------


def of_another_month(case: Case) -> Difference | None:
    """What stands in this span of a transaction that is not of it, or that the source does not show any more."""
    here = [record for record in case.live if case.ledger.shows(record)]
    halves = case.halves()
    if not here and not halves:
        return None
    record = (here or halves)[0]
    if case.ledger.first <= case.day <= case.ledger.last:
        kind = "extra" if here else "reversed"
        why = "Posted from a transaction that Spend Center does not show for this connection any more."
    else:
        kind = "month" if here else "reversed"
        why = f"Belongs to {case.day:%B %Y}: the transaction is of {case.ledger.on(case.day)}."
    if len(here) > 1:
        why += f" Records {', '.join(one.record_no for one in here)}."
    return case.tells(kind, " ".join(filter(None, (why, case.turned()))), record)
