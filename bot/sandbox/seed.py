"""The story that the sandbox plays: a month's close at Harbor & Pine, for whatever day it is.

200 transactions on 14 cards, $61,482.17 net: Portland 124 ($39,905.42), Denver 76 ($21,576.75). 9 are split, 1 is a
refund, 3 were charged in another currency, 11 have no receipt. 147 of them, $47,969.02, would post at once; 53,
$13,513.15, wait for one of six causes (`seed_fixes`): in Portland 80 post ($29,942.82) and 44 wait (37, 6 and 1), in
Denver 67 post ($18,026.20) and 9 wait (4, 3 and 2). Beside them stand rows that are never posted: 7 authorisations of
which 4 have cleared, 2 declines and a card check of 0.00.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bot.sandbox.seed_cards import COMPANY, OAUTH, SPEND_TOKEN, Fields, budgets, cards, users
from bot.sandbox.seed_company import connected, intacct_company
from bot.sandbox.seed_rows import TABLES, Line, Span, lines
from bot.sandbox.spend import rows
from bot.sandbox.spend.wire import stamp

__all__ = ["Calendar", "Story", "connected", "story"]

PORTLAND, DENVER = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/Denver")
RECEIPT_FROM = Decimal(75)
"""From this amount on a receipt is required; the 11 rows without one stay below it."""

ON_PAPER = {"6210": "pdf", "6215": "pdf", "6220": "pdf", "6320": "pdf", "6420": "pdf", "6810": "pdf", "6330": "png"}
MERCHANT_CODES = {"6420": "4722", "6510": "5541", "6440": "5812", "6450": "5499", "6210": "5734", "6310": "2741"}


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of the story. `first` to `closed` is the month that is being closed, `yesterday` the newest transaction.

    On the 1st and 2nd the new month has not enough days behind it for Denver's rows, so the close of the month before
    is played for two days more.
    """

    first: date
    closed: date
    yesterday: date

    @classmethod
    def of(cls, today: date) -> Calendar:
        current = today if today.day > 2 else today.replace(day=1) - timedelta(days=1)
        closed = current.replace(day=1) - timedelta(days=1)
        return cls(closed.replace(day=1), closed, today - timedelta(days=1))

    @property
    def first_open(self) -> date:
        """The first day that is open for Denver's cards."""
        return self.closed + timedelta(days=1)

    def day(self, span: Span, index: int, count: int) -> date:
        """The day of the `index`th of `count` rows that are spread over a span."""
        begin, end = self._ends(span)
        return begin + timedelta(days=((end - begin).days + 1) * index // count)

    def _ends(self, span: Span) -> tuple[date, date]:
        return {
            Span.WINDOW: (self.first, self.yesterday),
            Span.MONTH: (self.first, self.closed),
            Span.LATE: (self.first.replace(day=24), self.first.replace(day=24)),
            Span.LAST: (self.closed, self.closed),
            Span.LAST_TWO: (self.closed - timedelta(days=1), self.closed),
            Span.AFTER: (self.first_open, self.yesterday),
        }[span]


@dataclass(frozen=True, slots=True)
class Story:
    """`company` is what the Intacct simulator takes, `spend` what the Spend Center simulator takes."""

    today: date
    calendar: Calendar
    company: dict[str, Any]
    spend: dict[str, Any]


def story(today: date, seed: int = 0) -> Story:
    """The whole story as of `today`; pure, and the same for the same day and seed.

    The ids of transactions depend on both, because the days of the same rows do. Another `seed` than 0 deals the rows
    of each table out in another order and at other times of day; no count and no sum depends on it.
    """
    calendar = Calendar.of(today)
    spend = {
        "company": dict(COMPANY),
        "token": SPEND_TOKEN,
        "oauth": dict(OAUTH),
        "users": users(),
        "cards": cards(),
        "budgets": budgets(),
        "custom_fields": Fields().all,
        "transactions": _Ledger(today, calendar, seed).transactions(),
    }
    return Story(today, calendar, intacct_company(calendar.first, calendar.closed), spend)


class _Ledger:
    """Makes the rows of Spend Center from the tables."""

    def __init__(self, today: date, calendar: Calendar, seed: int) -> None:
        self.today = today
        self.seed = seed
        self.calendar = calendar
        self.fields = Fields()
        self.cards = {card["lastFour"]: card for card in cards()}

    def transactions(self) -> list[dict[str, Any]]:
        made = []
        for name, (table, span) in TABLES.items():
            block = lines(table)
            if self.seed and span is not Span.WINDOW:  # there a refund has to follow its purchase
                random.Random(f"{self.seed} {name}").shuffle(block)  # noqa: S311 - a story, not a secret
            for index, line in enumerate(block):
                day = self.calendar.day(span, index, len(block))
                made += self._rows(f"{name}-{index}", line, self._moment(line, day, index), late=span is Span.LAST_TWO)
        return made + self._noise()

    def _rows(self, key: str, line: Line, occurred: datetime, *, late: bool) -> list[dict[str, Any]]:
        """The cleared row, with its children if it is split and its authorisation if it had one."""
        row = rows.transaction(
            self._uuid(key),
            card=self.cards[line.card],
            amount=line.amount,
            merchant=line.merchant,
            occurred=occurred,
            updated=self._after_the_close() if late else self._updated(occurred),
            merchantCategoryCode=MERCHANT_CODES.get(line.account, "5999"),
            merchantLocation=_place(line),
            isLocked="locked" in line.marks,
            receiptRequired=line.amount >= RECEIPT_FROM,
            reviewers=[_approval(occurred)],
            custom_fields=self._coding(line, line.account, line.department, line.note),
        )
        if "fx" in line.marks:
            charged, currency, rate = line.marks["fx"].split()
            row["currencyData"] = rows.currency_data(Decimal(charged), currency, Decimal(rate))
        if "no" not in line.marks:
            name = f"{line.merchant.split()[0].lower()}-{occurred:%m%d}.{ON_PAPER.get(line.account, 'jpg')}"
            row |= {"receipts": [rows.receipt(row["uuid"].replace("txr", "rct"), name)], "receiptStatus": "ATTACHED"}
        return [row, *self._children(row, line, key), *self._authorisation(row, line, key)]

    def _children(self, parent: dict[str, Any], line: Line, key: str) -> list[dict[str, Any]]:
        """The two lines of a split: what the mark names, and before it the rest, coded as the line itself."""
        if "split" not in line.marks:
            return []
        amount, account, department, note = line.marks["split"].split(" ", 3)
        parts = [
            (line.amount - Decimal(amount), line.account, line.department, line.note),
            (Decimal(amount), account, department, note),
        ]
        shared = ("cardUuid", "occurredTime", "authorizedTime", "updatedTime", "merchantLocation", "reviewers")
        children = [
            rows.transaction(
                self._uuid(f"{key}-part-{number}"),
                card=self.cards[line.card],
                amount=part[0],
                merchant=line.merchant,
                occurred=self._midnight(),
                updated=self._midnight(),
                custom_fields=self._coding(line, *part[1:]),
                parentTransactionId=parent["id"],
                parentTransactionUuid=parent["uuid"],
                **{name: parent[name] for name in shared},
            )
            for number, part in enumerate(parts)
        ]
        parent["isParent"] = True
        parent["childTransactionIds"] = [child["id"] for child in children]
        parent["childTransactionUuids"] = [child["uuid"] for child in children]
        parent["customFields"] = self.fields.coded(line.note)
        return children

    def _authorisation(self, clear: dict[str, Any], line: Line, key: str) -> list[dict[str, Any]]:
        if "authorised" not in line.marks:
            return []
        hold = self._held(f"{key}-hold", line.card, line.amount, line.merchant, _moment_of(clear))
        hold |= {"matchedClearTransactionId": clear["id"], "matchedClearTransactionUuid": clear["uuid"]}
        clear |= {"originalAuthTransactionId": hold["id"], "originalAuthTransactionUuid": hold["uuid"]}
        return [hold]

    def _noise(self) -> list[dict[str, Any]]:
        """What is never posted: 3 authorisations that wait, 2 declines, and a card check of 0.00."""
        noon = datetime.combine(self.calendar.yesterday, time(12), PORTLAND)
        refused = {"kind": "DECLINE", "declineReason": "INSUFFICIENT_BUDGET"}
        check = self._held("check", "2093", Decimal(0), "Tallgrass Cloud", noon, kind="CLEAR", complete=True)
        check["customFields"] = self.fields.coded("card check", account="6210", department="70", location="100")
        return [
            self._held("wait-0", "6102", Decimal("125.00"), "Juniper Fuel", noon),
            self._held("wait-1", "4417", Decimal("310.40"), "Lantern Hotels", noon),
            self._held("wait-2", "3842", Decimal("42.75"), "Mesa Street Kitchen", noon),
            self._held("no-0", "9254", Decimal("1249.00"), "Bitwell Electronics", noon, **refused),
            self._held("no-1", "2665", Decimal("18.60"), "Night Kiosk", noon, **refused),
            check,
        ]

    def _held(self, key: str, card: str, amount: Decimal, merchant: str, at: datetime, **more: Any) -> dict[str, Any]:
        plain: dict[str, Any] = {"kind": "AUTHORIZATION", "occurred": at, "updated": self._updated(at)} | more
        return rows.transaction(self._uuid(key), card=self.cards[card], amount=amount, merchant=merchant, **plain)

    def _coding(self, line: Line, account: str, department: str, note: str) -> list[dict[str, Any]]:
        denver = self.cards[line.card]["budgetUuid"] == "bgt_denver"
        location = "250" if "boulder" in line.marks else "200" if denver else "100"
        codes = {"account": account, "department": department, "location": location, "project": line.project}
        return self.fields.coded(note, **codes)

    def _uuid(self, key: str) -> str:
        return f"txr_{hashlib.sha256(f'{self.today} {self.seed} {key}'.encode()).hexdigest()[:20]}"

    def _moment(self, line: Line, day: date, index: int) -> datetime:
        """A moment of that local day. Yesterday nothing is later than 15:30, so nothing lies in the future anywhere."""
        zone = DENVER if self.cards[line.card]["budgetUuid"] == "bgt_denver" else PORTLAND
        minutes = 8 * 60 + (index * 73 + self.seed * 31) % 450
        if "evening" in line.marks and day < self.calendar.yesterday:
            minutes = 18 * 60 + index * 41 % 150
        if "23:40" in line.marks:
            minutes = 23 * 60 + 40
        return datetime.combine(day, time(minutes // 60, minutes % 60), zone).astimezone(UTC)

    def _updated(self, occurred: datetime) -> datetime:
        """Cleared and coded a day or so later, but never after today's first minute."""
        return max(occurred, min(occurred + timedelta(hours=30), self._midnight()))

    def _after_the_close(self) -> datetime:
        return datetime.combine(self.calendar.closed + timedelta(days=2), time(16), UTC)

    def _midnight(self) -> datetime:
        return datetime.combine(self.today, time(), UTC)


def _moment_of(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["occurredTime"])


def _place(line: Line) -> dict[str, str]:
    denver = line.card in {"1186", "3842", "2665", "4079", "7931", "5408"}
    city, state, code = ("Denver", "CO", "80202") if denver else ("Portland", "OR", "97205")
    return {"city": city, "state": state, "postalCode": code, "country": "US"}


def _approval(at: datetime) -> dict[str, Any]:
    reviewed = stamp(at + timedelta(hours=1))
    return {"approverType": "ADMIN", "status": "APPROVED", "userUuid": "usr_dana", "reviewedTime": reviewed}
