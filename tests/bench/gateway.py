"""A lean Intacct: signs in, takes card transactions exactly once, finds them by reference, all at a stated speed.

It is no substitute for the sandbox's strict gateway, only cheap enough not to be what is measured. What it does check:
sender and password, session, `uniqueid` with a replayed control ID, references, requests at once for each company.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from itertools import count
from time import monotonic
from typing import Any

from aiohttp import web
from lxml import etree

from tests.bench.limit import Service

PATH = "/ia/xml/xmlgw.phtml"
SENDER, SENDER_PASSWORD, USER_PASSWORD = "bench-bot", "bench-sender-password", "bench-user-password"
CARD, OFFSET, ENTITY = "Bench card", "2110", "100"
FIELDS = {
    "CCTRANSACTION": "RECORDNO RECORDID WHENCREATED TRX_TOTALENTERED TOTALENTERED CURRENCY BASECURR STATE RAWSTATE "
    "DESCRIPTION MEGAENTITYID SUPDOCID CLEARED TRX_TOTALPAID TOTALPAID FINANCIALENTITY",
    "CREDITCARD": "RECORDNO CARDID DESCRIPTION CARDTYPE EXP_MONTH EXP_YEAR STATUS LIABACCTKEY LOCATION MEGAENTITYID",
    "LOCATION": "LOCATIONID PARENTID ENTITY STATUS",
}
ROWS = {
    "CREDITCARD": [{"RECORDNO": "7", "CARDID": CARD, "STATUS": "active", "LIABACCTKEY": OFFSET, "LOCATION": ENTITY}],
    "LOCATION": [
        {"LOCATIONID": ENTITY, "PARENTID": "", "ENTITY": ENTITY},
        {"LOCATIONID": "110", "PARENTID": ENTITY, "ENTITY": ENTITY},
    ],
}
NO_SESSION = "XL03000006"
SEEN_BEFORE = "BL01001973"


@dataclass(frozen=True, slots=True)
class Record:
    number: int
    reference: str
    day: str
    total: str


@dataclass(slots=True)
class Tally:
    """What was asked since the last reset. Times are seconds of this process's clock."""

    requests: int = 0
    functions: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    first: float = 0.0
    last: float = 0.0

    def report(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "functions": dict(self.functions),
            "answers": dict(self.answers),
            "seconds": self.last - self.first,
        }


class Gateway:
    """Set `service`, `at_once`, `refused` and `fault_every` as wanted; the books stay until `clear`.

    `refused` makes the first so many new references of a company fail, each with one of `causes` different accounts.
    `fault_every` makes every so manyth batch go wrong, in turn: answered 500 before it ran, answered 500 after, and
    the line dropped after.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.service = Service(0, 0)
        self.at_once = 2
        self.refused = 0
        self.causes = 1
        self.fault_every = 0
        self.tally = Tally()
        self.books: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
        self._done: dict[str, Record] = {}
        self._busy: Counter[str] = Counter()
        self._failed: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._numbers = count(1001)
        self._batches = count(1)

    def report(self) -> dict[str, Any]:
        doubles = sum(len(records) - 1 for records in self.books.values())
        return self.tally.report() | {"records": len(self.books), "doubles": doubles}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        arrived = monotonic()
        asked = _Asked(await request.read())
        tally = self.tally
        tally.requests += 1
        tally.first = tally.first or arrived
        company = asked.company
        if self._busy[company] >= self.at_once:
            tally.answers["429"] += 1
            return web.Response(status=429, headers={"Retry-After": "1"})
        self._busy[company] += 1
        try:
            return await self._served(request, asked, tally)
        finally:
            self._busy[company] -= 1
            tally.last = monotonic()

    async def _served(self, request: web.Request, asked: _Asked, tally: Tally) -> web.StreamResponse:
        names = [str(call.tag) for _, call in asked.functions]
        tally.functions.update(names)
        fault = self._fault(names)
        await asyncio.sleep(self.service.of(len(names)))
        if fault:
            tally.answers[fault] += 1
        if fault == "500 before":
            return web.Response(status=500, text="<html>Service Unavailable</html>")
        if not asked.admitted:
            return _xml(asked.refusal())
        results = "".join([self._result(asked, controlid, call) for controlid, call in asked.functions])
        if fault == "500 after":
            return web.Response(status=500, text="<html>Service Unavailable</html>")
        if fault and request.transport is not None:
            request.transport.close()
        return _xml(asked.answer(results))

    def _fault(self, names: list[str]) -> str:
        if not self.fault_every or "record_cctransaction" not in names:
            return ""
        batch = next(self._batches)
        if batch % self.fault_every:
            return ""
        return ("dropped after", "500 before", "dropped after", "500 after")[batch // self.fault_every % 4]

    def _result(self, asked: _Asked, controlid: str, call: etree._Element) -> str:
        name = str(call.tag)
        if name == "record_cctransaction":
            return self._record(asked, controlid, call)
        return _result(name, controlid, data=self._data(asked, name, call))

    def _record(self, asked: _Asked, controlid: str, call: etree._Element) -> str:
        reference = call.findtext("referenceno") or ""
        account = self._refusal(asked.company, reference, controlid)
        if account:
            return _result("record_cctransaction", controlid, failed=("BL01001973", f"Account {account} is not valid."))
        if asked.unique and controlid in self._done:
            return _result(
                "record_cctransaction", controlid, failed=(SEEN_BEFORE, "The controlid was executed before.")
            )
        day = call.find("paymentdate")
        assert day is not None
        year, month, of_month = (day.findtext(part) or "" for part in ("year", "month", "day"))
        total = sum((Decimal(line.findtext("paymentamount") or "") for line in call.iter("ccpayitem")), Decimal(0))
        record = Record(next(self._numbers), reference, f"{month}/{of_month}/{year}", str(total))
        self._done[controlid] = record
        self.books[asked.company, reference].append(record)
        return _result("record_cctransaction", controlid, key=str(record.number))

    def _refusal(self, company: str, reference: str, controlid: str) -> str:
        """The account that this posting fails with, the same one each time."""
        failed = self._failed[company]
        if reference not in failed and len(failed) < self.refused and controlid not in self._done:
            failed[reference] = len(failed) % self.causes
        return f"9{failed[reference]:03d}" if reference in failed else ""

    def _data(self, asked: _Asked, name: str, call: etree._Element) -> str:
        if name == "getAPISession":
            return (
                f'<data listtype="all" count="1"><api><sessionid>{asked.new_session}</sessionid>'
                f"<endpoint>{PATH}</endpoint><locationid>{asked.entity}</locationid></api></data>"
            )
        if name == "lookup":
            fields = FIELDS.get(call.findtext("object") or "", "").split()
            listed = "".join(f"<Field><ID>{field}</ID></Field>" for field in fields)
            return f'<data listtype="All" count="1"><Type><Fields>{listed}</Fields></Type></data>'
        if name == "getFinancialSetup":
            return "<data><FinancialSetup><baseCurrency>USD</baseCurrency></FinancialSetup></data>"
        if name == "readEntityDetails":
            return f"<data><entity><id>{ENTITY}</id><name>Portland</name><currency>USD</currency></entity></data>"
        if name == "query":
            return self._query(asked, call)
        self.tally.answers[f"501, the bench's gateway knows no {name}"] += 1
        raise web.HTTPNotImplemented

    def _query(self, asked: _Asked, call: etree._Element) -> str:
        name = call.findtext("object") or ""
        if name == "CCTRANSACTION":
            wanted = [value.text or "" for value in call.iter("value")]
            found = [_row(one) for value in wanted for one in self.books.get((asked.company, value), ())]
        else:
            found = ROWS.get(name, [])
        fields = [(field.text or "").rstrip("#") for field in call.iterfind("select/field")]
        rows = "".join([_object(name, fields, row) for row in found])
        counts = f'totalcount="{len(found)}" offset="0" count="{len(found)}" numremaining="0"'
        return f'<data listtype="{name}" {counts}>{rows}</data>'


def _object(name: str, fields: list[str], row: dict[str, str]) -> str:
    inner = "".join([f"<{field}>{escape(row.get(field, ''))}</{field}>" for field in fields])
    return f"<{name}>{inner}</{name}>"


def _row(record: Record) -> dict[str, str]:
    return {
        "RECORDNO": str(record.number),
        "RECORDID": record.reference,
        "WHENCREATED": record.day,
        "TRX_TOTALENTERED": record.total,
        "TOTALENTERED": record.total,
        "CURRENCY": "USD",
        "BASECURR": "USD",
        "STATE": "Posted",
        "RAWSTATE": "O",
    }


class _Asked:
    """One request, read: who asks, and the functions as (control ID, call)."""

    def __init__(self, body: bytes) -> None:
        document = etree.fromstring(body)
        control, operation = document[0], document[1]
        self.request_id = control.findtext("controlid") or ""
        self.unique = control.findtext("uniqueid") == "true"
        sender = (control.findtext("senderid"), control.findtext("password"))
        authentication = operation[0]
        session = authentication.findtext("sessionid")
        login = authentication.find("login")
        if session is not None:
            self.company, _, self.entity = session.removeprefix("session|").partition("|")
            signed_in = session.startswith("session|")
        else:
            assert login is not None
            self.company, self.entity = login.findtext("companyid") or "", login.findtext("locationid") or ""
            signed_in = login.findtext("password") == USER_PASSWORD
        self.admitted = signed_in and sender == (SENDER, SENDER_PASSWORD)
        self.new_session = f"session|{self.company}|{self.entity}"
        self.functions = [(str(one.get("controlid")), one[0]) for one in operation[1]]

    def answer(self, results: str) -> str:
        return (
            f"{self._head('success')}<operation><authentication><status>success</status><userid>Spendcenter</userid>"
            f"<companyid>{self.company}</companyid><locationid>{self.entity}</locationid>"
            "<sessiontimestamp>2026-10-05T12:00:00+00:00</sessiontimestamp>"
            "<sessiontimeout>2026-10-05T16:00:00+00:00</sessiontimeout></authentication>"
            f"{results}</operation></response>"
        )

    def refusal(self) -> str:
        return (
            f"{self._head('success')}<operation><authentication><status>failure</status></authentication>"
            f"{_errors(NO_SESSION, 'Sign-in information is incorrect')}</operation></response>"
        )

    def _head(self, status: str) -> str:
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><response><control><status>{status}</status>'
            f"<senderid>{SENDER}</senderid><controlid>{self.request_id}</controlid><uniqueid>true</uniqueid>"
            "<dtdversion>3.0</dtdversion></control>"
        )


def _result(name: str, controlid: str, *, key: str = "", data: str = "", failed: tuple[str, str] | None = None) -> str:
    said = f"<key>{key}</key>" if key else data
    said = _errors(*failed) if failed else said
    status = "failure" if failed else "success"
    return (
        f"<result><status>{status}</status><function>{name}</function><controlid>{controlid}</controlid>{said}</result>"
    )


def _errors(number: str, sentence: str) -> str:
    return (
        f"<errormessage><error><errorno>{number}</errorno><description></description>"
        f"<description2>{escape(sentence)}</description2><correction></correction></error></errormessage>"
    )


def _xml(text: str) -> web.Response:
    return web.Response(body=text.encode(), headers={"Content-Type": "text/xml; charset=UTF-8"})
