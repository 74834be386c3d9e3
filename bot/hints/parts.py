"""The named parts of a fault, and the subject that gathers equal causes into one alert."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from bot.hints.coding import Finding
from bot.hints.reading import DIMENSIONS, VALUE, Day, Reading, identifier, read
from bot.hints.text import clip, plain, without_ids
from bot.hints.things import named_in
from bot.models import Fault, RawError, Verdict

PART = 80
"""Longest part in characters; longer values are somebody's free text."""

_LEDGER_CM = re.compile(r"\bcash management\b|\bcm\b|\bsub-? ?ledgers?\b", re.IGNORECASE)
_LEDGER_OTHER = re.compile(r"\baccounts? (?:payable|receivable)\b|\b(?:ap|ar)\b", re.IGNORECASE)
_LEDGER_GL = re.compile(r"\bgeneral ledger\b|\bg/?l\b|\bbooks?\b", re.IGNORECASE)
_GL_OPEN = re.compile(
    r"\b(?:general ledger|g/?l|books?)\b[^.;,]{0,30}\b(?:is|are|remains?|stays?|still|was|were)\b[^.;,]{0,12}\bopen\b"
    r"|\bopen in (?:the )?(?:general ledger|gl)\b",
    re.IGNORECASE,
)
_PERMISSION = re.compile(
    r"\boperation\b \W{0,3}(?P<operation>«\d+»|[\w.]{1,60})\W{0,3} (?:\w{1,40} ){0,3}?(?:on |for |of )(?:the )?(?:objects?|records?)(?: of)?(?: the)?(?: types?)? \W{0,3}(?P<object>«\d+»|[\w.]{1,60})",
    re.IGNORECASE,
)
_OBJECT = re.compile(
    r"\bobjects?(?: definition)?(?: of)?(?: type)? \W{0,3}(?P<object>«\d+»|(?-i:[A-Z][A-Z_]{2,60}))", re.IGNORECASE
)
_VERB = re.compile(
    r"\b(?:to|may not|cannot) (?P<operation>read|list|view|create|add|update|edit|delete|query|reverse)\b",
    re.IGNORECASE,
)
_SENDER = re.compile(
    rf"\b(?:sender|partner)(?: ?ids?)?\b[\s:=#(]{{0,6}}(?P<named>«\d+»|{VALUE}|(?!is\b|has\b|not\b|was\b|or\b|and\b|password\b|id\b|may\b|for\b|on\b|in\b)[\w.-]{{0,80}}[-_.\d][\w.-]{{0,80}})",
    re.IGNORECASE,
)
_COMPANY = re.compile(
    rf"\bcompan(?:y|ies)(?: ?ids?)?\b[\s:=#(]{{0,6}}(?P<named>«\d+»|{VALUE}|(?-i:[A-Z][\w-]{{2,80}}))", re.IGNORECASE
)
_USER = re.compile(
    rf"\b(?:users?|logins?)(?: ?ids?)?\b[\s:=#(]{{0,6}}(?P<named>«\d+»|{VALUE}|(?-i:[A-Z][\w.-]{{2,80}}))",
    re.IGNORECASE,
)
_ENTITY = re.compile(rf"\bentit(?:y|ies)(?: ?ids?)?\b[\s:=#(]{{0,6}}(?P<named>«\d+»|{VALUE})", re.IGNORECASE)
_LOCATION = re.compile(rf"\blocation(?: ?ids?)?\b[\s:=#(]{{0,6}}(?P<named>«\d+»|{VALUE})", re.IGNORECASE)
_RULE = re.compile(r"\brules?\b[\s:=#(]{0,6}(?P<named>«\d+»|(?-i:[A-Z][\w-]{2,80}))", re.IGNORECASE)
_CURRENCY = re.compile(r"\b(?-i:(?!API|XML|THE|AND|GL|AP|AR|CM|NOT|FOR|ARE|HAS|ALL)[A-Z]{3})\b")
_FIRST_OPEN = re.compile(
    r"\b(?:on or after|no earlier than|not (?:be )?(?:earlier|before)(?: than)?|not be before|after|first open \w{1,40}(?: is)?|opens? on|starting|from|precedes?|earlier than|before|prior to)\W{0,3}§(\d+)§",
    re.IGNORECASE,
)
_ADVISED = re.compile(
    r"\b(?:on or after|no earlier than|not (?:be )?(?:earlier|before)(?: than)?|first open \w+(?: is)?)\W*§(\d+)§",
    re.IGNORECASE,
)
"""The first open day in a correction, which is read more strictly: it may name other days as well."""
_PLACEHOLDERS = {
    "account": "account", "accountno": "account", "accountnumber": "account", "glaccount": "account",
    "glaccountno": "account", "card": "card", "creditcard": "card", "creditcardid": "card", "chargecardid": "card",
    "sender": "sender", "senderid": "sender", "company": "company", "companyid": "company", "user": "user",
    "userid": "user", "login": "user", "entity": "entity", "entityid": "entity", "rule": "rule", "rulename": "rule",
    "operation": "operation", "object": "object", "objecttype": "object", "date": "date", "transactiondate": "date",
    "dimension": "dimension", "currency": "currency",
}  # fmt: skip


def details_of(finding: Finding, error: RawError, fault: Fault, known: Mapping[str, str]) -> dict[str, str]:
    """Every part that a sentence about this cause may name, cleaned and capped; blanks filled from `known`."""
    reading = read(*_spoken(error))
    parts = dict(finding.details)
    _add_placeholders(parts, error)
    _add_named(parts, reading, finding.cause)
    for name in ("entity", "entity_name", "company", "sender", "user"):
        _fill(parts, name, known.get(name, ""))
    if finding.cause.startswith(("card-", "currency", "location-required")):
        _fill(parts, "card", known.get("card", ""))
    if finding.cause.startswith(("account-", "dimension-required", "dimension-restricted")):
        _fill(parts, "account", known.get("account", ""))
    if finding.cause.startswith(("period-", "date-", "exchange-")):
        _add_period(parts, reading, known)
        _add_advised_day(parts, read(error.correction))
    if finding.cause in {"smart-rule", "attachment-required"} and reading.values:
        _fill(parts, "rule", reading.values[0])
    if parts.get("dimension"):
        parts["dimension"] = DIMENSIONS.get(parts["dimension"].lower(), parts["dimension"].lower())
    parts["correction"] = plain(without_ids(error.correction), 300)
    parts["number"] = clip(plain(error.errorno), PART)
    parts["status"] = str(fault.http_status or "")
    free = {"correction", "said"}
    return {key: plain(value, 300 if key in free else PART) for key, value in parts.items() if value}


def subject_of(category: str, details: Mapping[str, str]) -> str:
    """The named object in short text, the same for the same cause; empty when nothing is named."""
    said = dict(details)
    dimension, value, account = said.get("dimension", ""), said.get("value", ""), said.get("account", "")
    match category:
        case "dimension.required":
            subject = f"{account} {dimension or 'dimension'}"
        case "dimension.invalid" | "dimension.restricted":
            subject = f"{dimension} {value}" if value or category == "dimension.invalid" else f"{account} {dimension}"
        case "entity.location":
            subject = " ".join(("location", said.get("entity", "")))
        case "vendor.invalid":
            subject = f"vendor {said.get('vendor', '')}" if said.get("vendor") else ""
        case "config.gl_account" | "config.gl_restricted":
            subject = f"account {account}" if account else ""
        case "config.card_account":
            subject = f"card {said['card']}" if said.get("card") else ""
        case "period.closed":
            subject = _period_subject(said)
        case "auth.sender_not_authorized" | "auth.sender_credentials":
            subject = said.get("sender", "")
        case "auth.login" | "auth.user_state":
            subject = said.get("user", "")
        case "auth.entity_access":
            subject = f"entity {said['entity']}" if said.get("entity") else ""
        case "auth.company_state" | "subscription.off":
            subject = said.get("company", "")
        case "permission.missing":
            subject = " ".join(filter(None, (said.get("operation", ""), said.get("object", "")))).lower()
        case "smart_rule":
            subject = said.get("rule", "") or _shape(said.get("said", ""))
        case "currency":
            subject = said.get("currency", "")
        case "unknown":
            subject = _shape(" ".join(filter(None, (said.get("number", ""), said.get("said", "")))))
        case _:
            subject = ""
    return clip(" ".join(subject.split()), PART)


def _spoken(error: RawError) -> tuple[str, ...]:
    number = error.errorno if re.search(r"\s", error.errorno.strip()) else ""
    return (number, error.description, error.description2)


def _fill(parts: dict[str, str], name: str, value: str) -> None:
    if value and not parts.get(name):
        parts[name] = value


def _add_placeholders(parts: dict[str, str], error: RawError) -> None:
    """Named placeholders of the additional information: steadier than anything read from a sentence."""
    for key, value in error.placeholders:
        flat = re.sub(r"[^a-z]", "", key.lower())
        name = _PLACEHOLDERS.get(flat, "")
        if name and value.strip():
            parts[name] = identifier(plain(value, PART))
        elif (dimension := DIMENSIONS.get(flat)) and value.strip():
            parts.setdefault("dimension", dimension)
            if parts["dimension"] == dimension:
                parts["value"] = identifier(plain(value, PART))
                if dimension == "vendor":
                    parts["vendor"] = parts["value"]


def _add_named(parts: dict[str, str], reading: Reading, cause: str) -> None:
    for name, pattern in (
        ("sender", _SENDER),
        ("company", _COMPANY),
        ("user", _USER),
        ("entity", _ENTITY),
        ("rule", _RULE),
    ):
        found = pattern.search(reading.text)
        if found:
            _fill(parts, name, reading.value(found["named"]))
    for kind in ("account", "card"):
        if cause.startswith(f"{kind}-"):
            _fill(parts, kind, named_in(reading).get(kind, ""))
    if cause.startswith("entity-") and (found := _LOCATION.search(reading.text)):
        _fill(parts, "entity", reading.value(found["named"]))
    permission = _PERMISSION.search(reading.text)
    if permission:
        _fill(parts, "operation", reading.value(permission["operation"]))
        _fill(parts, "object", reading.value(permission["object"]))
    if cause.startswith(("permission-", "object-", "operation-")):
        if found := _OBJECT.search(reading.text):
            _fill(parts, "object", reading.value(found["object"]))
        if found := _VERB.search(reading.text):
            _fill(parts, "operation", found["operation"])
    if cause.startswith(("currency", "exchange")) and (found := _CURRENCY.search(reading.text)):
        _fill(parts, "currency", found[0])


def _add_period(parts: dict[str, str], reading: Reading, known: Mapping[str, str]) -> None:
    """Date, month, ledger and the first open day; the caller's posting date wins over none."""
    first_open = _FIRST_OPEN.search(reading.text)
    days = list(reading.days)
    if first_open:
        opened = days[int(first_open[1])]
        if not opened.whole_month:
            parts["first_open"] = opened.day.isoformat()
        days = [one for one in days if one is not opened]
    day = days[0] if days else _known_day(known.get("date", ""))
    if day:
        _fill(parts, "month", day.day.strftime("%Y-%m"))
        if not day.whole_month:
            _fill(parts, "date", day.day.isoformat())
    elif reading.values and re.search(r"\bdate\b", reading.text, re.IGNORECASE):
        _fill(parts, "date", reading.values[0])
    parts["ledger"] = _ledger(reading.text)


def _add_advised_day(parts: dict[str, str], advice: Reading) -> None:
    """`Date must be on or after 11/01/2026` comes as a correction beside a text that only says what is closed."""
    found = _ADVISED.search(advice.text)
    if found and not advice.days[int(found[1])].whole_month:
        _fill(parts, "first_open", advice.days[int(found[1])].day.isoformat())


def _known_day(text: str) -> Day | None:
    try:
        return Day(date.fromisoformat(text))
    except ValueError:
        return None


def _ledger(text: str) -> str:
    """CM, GL, or empty when the text does not say which is closed."""
    cash = bool(_LEDGER_CM.search(text)) and not _LEDGER_OTHER.search(text)
    general = bool(_LEDGER_GL.search(text))
    if cash and (not general or _GL_OPEN.search(text) or re.search(r"\bsub-?ledger", text, re.IGNORECASE)):
        return "CM"
    return "GL" if general else ""


def parts_of_subject(verdict: Verdict) -> dict[str, str]:
    """The parts that a subject alone still tells; for an alert whose rows are gone."""
    subject, category = verdict.subject, verdict.category
    first, _, rest = subject.partition(" ")
    if category == "dimension.required" and rest:
        return {"account": first, "dimension": rest}
    if category.startswith("dimension.") and first in DIMENSIONS.values():
        return {"dimension": first, "value": rest}
    if category.startswith("auth.sender"):
        return {"sender": subject}
    if category == "period.closed":
        return _parts_of_period(subject)
    return {first: rest} if first in {"account", "card", "vendor", "entity"} and rest else {}


def _parts_of_period(subject: str) -> dict[str, str]:
    month, _, ledger = subject.partition(", ")
    parts = {"ledger": {"Cash Management": "CM", "General Ledger": "GL"}.get(ledger or month, "")}
    days = read(month).days
    return parts | ({"month": days[0].day.strftime("%Y-%m")} if days else {})


def _period_subject(said: Mapping[str, str]) -> str:
    ledger = {"CM": "Cash Management", "GL": "General Ledger"}.get(said.get("ledger", ""), "")
    month = ""
    if said.get("month"):
        month = date.fromisoformat(f"{said['month']}-01").strftime("%B %Y")
    elif said.get("first_open"):
        month = f"before {said['first_open']}"
    return ", ".join(filter(None, (month, ledger)))


def _shape(text: str) -> str:
    """A text without its changing parts, so that the same complaint about two records is one subject."""
    return clip(re.sub(r"\d+", "#", re.sub(r"'[^']*'|\"[^\"]*\"", "…", text)), PART)
