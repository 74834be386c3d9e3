"""A lean Spend Center: transactions made from their number, by pages of fifty, and a count of the calls."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic
from typing import Any

from aiohttp import web

BASE = "/connect"
PAGE = 50
TOKEN = "bench-token-"
"""With the company's number behind it: each has transactions of its own."""
TODAY = date(2026, 11, 5)


class Source:
    """`waves` are (number of transactions, days since they changed), the same for every company; each goes on counting.

    All but the last of a wave are a week older, so that the next sync, which reads two days twice, reads only that one.

    `window` is what counts as a minute for `busiest`, in seconds.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.waves: list[tuple[int, int]] = []
        self.window = 60.0
        self.reset()

    def reset(self) -> None:
        self.calls = self.busiest = 0
        self.first = self.last = 0.0
        self._recent: dict[str, deque[float]] = {}

    def report(self) -> dict[str, Any]:
        return {"calls": self.calls, "busiest": self.busiest, "seconds": self.last - self.first}

    async def handle(self, request: web.Request) -> web.Response:
        token = request.headers.get("apiToken", "")
        if not token.startswith(TOKEN):
            return web.json_response([{"code": "BDC_1109", "message": "Unauthorized"}], status=401)
        self._count(token)
        company = int(token.removeprefix(TOKEN))
        match request.match_info["what"]:
            case "users/current":
                answer: Any = {"uuid": "usr_dana", "companyUuid": f"cmp_{company:04d}", "companyName": "Bench"}
            case "users":
                answer = {"results": [PERSON], "nextPage": None}
            case "cards":
                answer = {"results": [CARD], "nextPage": None}
            case "transactions":
                answer = self._page(company, request.query)
            case _:
                return web.json_response([{"message": "The bench's source knows no such thing."}], status=501)
        self.last = monotonic()
        return web.json_response(answer)

    def _count(self, token: str) -> None:
        now = monotonic()
        self.first = self.first or now
        self.calls += 1
        recent = self._recent.setdefault(token, deque())
        recent.append(now)
        while recent and recent[0] <= now - self.window:
            recent.popleft()
        self.busiest = max(self.busiest, len(recent))

    def _page(self, company: int, query: Any) -> dict[str, Any]:
        since = _since(query.get("filters", ""))
        numbers = [number for number, days in self._numbers() if TODAY - timedelta(days=days) >= since]
        days = dict(self._numbers())
        start = int(query.get("nextPage") or 0)
        end = start + min(int(query.get("max", PAGE)), PAGE)
        rows = [_transaction(company, number, days[number]) for number in numbers[start:end]]
        return {"results": rows, "nextPage": str(end) if end < len(numbers) else None}

    def _numbers(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for many, days in self.waves:
            found += [(number, days + 7) for number in range(len(found), len(found) + many)]
            found[-1:] = [(number, days) for number, _ in found[-1:]]
        return found


def _since(filters: str) -> date:
    for term in filters.split(","):
        name, _, day = term.partition(":gte:")
        if name == "updatedTime" and day:
            return date.fromisoformat(day)
    return date.min


def _transaction(company: int, number: int, days: int) -> dict[str, Any]:
    """A row as the API gives it, with every field that it has; no receipt, since those have a budget of their own."""
    cents = 2000 + number % 40_000
    when = datetime.combine(TODAY, time(18, number % 60), UTC) - timedelta(days=days)
    at = when.isoformat(timespec="milliseconds")
    row: dict[str, Any] = ROW | {
        "id": f"VHJhbnM6{number:020d}",
        "uuid": f"txr_{company:06d}{number:014d}",
        "amount": cents / 100,
        "transactedAmount": cents / 100,
        "currencyData": {**ROW["currencyData"], "originalCurrencyAmount": str(cents)},
        "occurredTime": at,
        "authorizedTime": at,
        "updatedTime": at,
        "originalAuthTransactionUuid": f"txr_auth{company:04d}{number:012d}",
    }
    return row


def _coding(field: str, value: str) -> dict[str, Any]:
    key = field.lower().replace(" ", "")
    chosen = [{"id": "VGFn", "uuid": f"tvl_{key}_{value}", "value": value}]
    return {
        "id": "Q3Vz",
        "uuid": f"cfd_{key}",
        "name": field,
        "note": None,
        "isRequired": True,
        "selectedValues": chosen,
    }


PERSON = json.loads("""
{"id": "VXNlcg==", "uuid": "usr_dana", "firstName": "Dana", "lastName": "Whitfield", "email": "dana@harborpine.example"}
""")
CARD = json.loads("""
{"id": "Q2FyZA==", "uuid": "crd_4417", "name": "Buying", "lastFour": "4417", "status": "ACTIVATED", "userUuid": "usr_dana"}
""")
ROW = json.loads("""
{"transactionType": "CLEAR", "status": "COMPLETE", "fees": 0, "foreignExchangeFee": 0, "isCredit": false,
 "currencyData": {"exchangeRate": 1, "exponent": 2, "originalCurrencyCode": "USD", "symbol": "$"},
 "isLocked": false, "isReconciled": false, "isParent": false, "complete": true, "receiptRequired": false,
 "reviewRequired": false, "cardPresent": true, "merchantName": "Tidewater Rail", "rawMerchantName": "TIDEWATER RAIL",
 "merchantCategoryCode": "4722", "network": "VISA", "userId": "VXNlcg==", "userUuid": "usr_dana",
 "merchantLocation": {"city": "Portland", "state": "OR", "postalCode": "97205", "country": "US"},
 "cardId": "Q2FyZA==", "cardUuid": "crd_4417", "budgetId": "QnVk", "budgetUuid": "bgt_portland",
 "parentBudgetUuid": null, "childTransactionUuids": [], "parentTransactionUuid": null,
 "receipts": [], "reviews": [], "reviewers": [{"approverType": "ADMIN", "status": "APPROVED"}],
 "declineReason": null, "accountingIntegrationTransactions": null, "pointsAwarded": 0}
""") | {
    "customFields": [
        *(
            _coding(field, value)
            for field, value in (("GL Account", "6420"), ("Department", "300"), ("Location", "110"))
        ),
        {
            "id": "Tm90",
            "uuid": "cfd_notes",
            "name": "Notes",
            "note": "Portland to Seattle and back",
            "selectedValues": [],
        },
    ]
}
