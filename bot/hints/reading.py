"""One error text, prepared: foreign values and dates are taken out and numbered, so that only Intacct's own words remain.

`Vendor 'Closed Period Antiques' is not valid for 10/31/2026` reads `Vendor «0» is not valid for §0§`: no word of a
merchant, memo or department name can be mistaken for a cause.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from bot.hints.text import spelled_out, without_ids
from bot.models import Dimension

READ = 500
"""Characters of one error that are read for a meaning; a cause stands in its first sentences."""

DIMENSIONS: dict[str, str] = {
    "department": "department", "departments": "department", "dept": "department", "depts": "department",
    "departmentid": "department", "deptid": "department",
    "location": "location", "locations": "location", "locationid": "location", "loc": "location",
    "class": "class", "classes": "class", "classid": "class",
    "project": "project", "projects": "project", "projectid": "project", "job": "project", "jobs": "project",
    "customer": "customer", "customers": "customer", "customerid": "customer", "client": "customer",
    "vendor": "vendor", "vendors": "vendor", "vendorid": "vendor", "supplier": "vendor",
    "employee": "employee", "employees": "employee", "employeeid": "employee",
    "item": "item", "items": "item", "itemid": "item",
    "task": "task", "tasks": "task", "taskid": "task", "warehouse": "warehouse", "warehouses": "warehouse",
    "contract": "contract", "contracts": "contract", "grant": "grant", "grants": "grant", "fund": "fund",
    "funds": "fund", "cost code": "cost code", "cost codes": "cost code", "cost type": "cost type",
    "asset": "asset", "restriction code": "restriction code", "program": "program",
}  # fmt: skip
"""Word on the wire -> the name people see. Job and project are one thing in Intacct."""

assert {one.value for one in Dimension} - {"gl_account"} <= set(DIMENSIONS.values())

VALUE = r"(?:«\d+»|(?-i:(?<![\w.])(?:(?:[A-Z][A-Z_./\-]{0,30})?\d(?:[\w./\-]{0,80}\w)?|[A-Z]{2,30}[-_][A-Z0-9_\-]{1,80})(?![\w])))"
"""A masked value, or a bare word that can only be an ID."""

_QUOTED = re.compile(r"(?<![\w])(''|'|\")(?!\s)(.{1,200}?)\1(?!\w)")
_KEPT_WORDS = {
    *DIMENSIONS, "account", "accountno", "glaccount", "glaccountno", "accountnumber", "date", "amount", "whencreated",
    "gl account", "account number", "general ledger", "cash management", "sender", "senderid", "company", "entity",
    "transaction", "posting", "currency", "attachment", "supdocid", "books", "period", "closed", "open", "locked",
    "inactive", "active", "required", "invalid",
}  # fmt: skip
_PAIR = re.compile(r"(«\d+»)\s?(?::|--|-|–|\|)\s?(«\d+»)")
_CODE = re.compile(r"\b(?:BL|PL|XL|DL)\d{8}\b|\bGW-?\d+\b|\b(?:XMLGW_JPP|INT|BDC_)\d+\b|\b[A-Z]{2}-\d{4}\b")
_LINE = re.compile(
    r"\b(line)(?:[ -]?items?|[ -]?entr(?:y|ies))?\b(?:\s?(?:no\.?|number|#)?\s?\d{1,3}\b)?", re.IGNORECASE
)
_MONEY = re.compile(r"(?:[$€£]\s?-?[\d,]+(?:\.\d+)?|-?\b[\d,]{1,24}\.\d{2}\b(?=\s?(?:USD|EUR|GBP|CAD|dollars?)\b))")

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_DATES = re.compile(
    rf"(?P<iso>\b\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}\b)(?:T[\d:.]+Z?)?"
    rf"|(?P<slash>\b\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}})\b)"
    rf"|(?P<dmy>\b\d{{1,2}}(?:st|nd|rd|th)?[ -](?:of )?{_MONTH}\.?,?[ -]\d{{4}}\b)"
    rf"|(?P<mdy>\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b)"
    rf"|(?P<my>\b{_MONTH}\.?,?[ -/]?(?:of )?(?:\d{{4}}|'\d{{2}})\b)"
    r"|(?P<ym>(?<!account )(?<!number )(?<!no\. )\b20\d{2}-(?:0[1-9]|1[0-2])\b(?!-)|\b(?:0?[1-9]|1[0-2])/20\d{2}\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Day:
    """A date in a text; `day` is the first of the month when the text names only the month."""

    day: date
    whole_month: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What is left of a text for patterns, and what was taken out: `values` for «n», `days` for §n§."""

    text: str
    values: tuple[str, ...] = ()
    days: tuple[Day, ...] = ()

    def value(self, token: str) -> str:
        """The text behind «n», or the token itself; Intacct's `id--name` gives the ID."""
        number = re.fullmatch(r"«(\d+)»", token)
        return identifier(self.values[int(number[1])] if number else token)


@lru_cache(maxsize=64)  # each step of the classifier reads the same texts
def read(*texts: str) -> Reading:
    """Take the foreign parts out of one error's texts (joined as sentences)."""
    parts = (spelled_out(without_ids(one)).strip() for one in texts)
    text = ". ".join(part.rstrip(". ") for part in parts if part)[:READ].replace("§", " ")
    whole = re.fullmatch(r"(['\"])(.+)\1", text)
    text = whole[2] if whole and whole[1] not in whole[2] else text
    values: list[str] = []
    text = _mask_values(text, values)
    days: list[Day] = []
    text = _mask_days(text, days)
    text = _MONEY.sub("money", _CODE.sub(" ", text))
    text = _LINE.sub(r"\1", text)
    return Reading(" ".join(text.split()), tuple(values), tuple(days))


def identifier(text: str) -> str:
    """The ID in front of a title: `6420--Travel`, `300 - Sales` and `300: Sales` are 6420, 300 and 300."""
    text = text.strip().strip("'\"").rstrip(".,;:")
    head = re.match(
        r"([\w./\-]{0,80}?\d[\w./]*+(?:-\w++)*+)(?:\s{0,3}--\s{0,3}|\s{1,3}[-–|:]\s{0,3}|\s{0,3}:\s{1,3}|\s{1,3}\()\S",
        text,
    )
    bare = re.match(r"(\S.*?)--\S", text)
    return (head or bare)[1].strip() if head or bare else text  # type: ignore[index]  # one of the two matched


def _mask_values(text: str, values: list[str]) -> str:
    def mask(found: re.Match[str]) -> str:
        inner = found[2].strip()
        if _is_our_word(inner):
            return inner
        values.append(inner)
        return f"«{len(values) - 1}»"

    text = _QUOTED.sub(mask, text)
    return _PAIR.sub(r"\1", text)


def _is_our_word(inner: str) -> bool:
    """Whether a quoted text is the name of a field or a date rather than somebody's data."""
    bare = re.sub(r"\b(?:id|dimension|field|value)$", "", inner.strip().lower()).strip()
    day = _DATES.search(inner)
    return bare in _KEPT_WORDS or (day is not None and len(inner) < 40 and not re.fullmatch(r"\d{4}-\d{2}", inner))


def _mask_days(text: str, days: list[Day]) -> str:
    def mask(found: re.Match[str]) -> str:
        day = _day(found)
        if day is None:
            return found[0]
        days.append(day)
        return f"§{len(days) - 1}§"

    return _DATES.sub(mask, text)


def _day(found: re.Match[str]) -> Day | None:
    numbers = [int(one) for one in re.findall(r"\d+", found[0].partition("T")[0])]
    month = next((at for at, name in enumerate(_MONTHS, 1) if re.search(rf"\b{name}", found[0], re.IGNORECASE)), 0)
    try:
        match found.lastgroup:
            case "iso":
                return Day(date(numbers[0], numbers[1], numbers[2]))
            case "slash":
                first, second, year = numbers[0], numbers[1], numbers[2] + (2000 if numbers[2] < 100 else 0)
                return Day(date(year, second, first) if first > 12 or "." in found[0] else date(year, first, second))
            case "dmy":
                return Day(date(numbers[1], month, numbers[0]))
            case "mdy":
                return Day(date(numbers[1], month, numbers[0]))
            case "my":
                return Day(date(numbers[0] + (2000 if numbers[0] < 100 else 0), month, 1), whole_month=True)
            case _:
                year, only = (numbers[0], numbers[1]) if numbers[0] > 12 else (numbers[1], numbers[0])
                return Day(date(year, only, 1), whole_month=True)
    except ValueError:
        return None
