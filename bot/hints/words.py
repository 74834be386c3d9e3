"""From a hint and a verdict to the sentences people read. Pure templates; escaping is the work of the screen.

Foreign values are plain and capped before they are set in, and braces in them stay braces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bot.hints.hint import Hint
from bot.hints.parts import parts_of_subject
from bot.hints.text import clip, plain
from bot.models import RetryClass, Verdict

TITLE = 80
SENTENCES = 900
SAID = 700
"""Longest sentence of a far end's own in characters; whoever keeps one has capped it before."""
"""Longest header-less sentence in characters: a Slack section holds 3,000, an alert has up to six."""

MENUS = {
    "department": "Company > Departments",
    "location": "Company > Locations",
    "class": "Company > Classes",
    "project": "Projects > Projects",
    "task": "Projects > Tasks",
    "customer": "Accounts Receivable > Customers",
    "vendor": "Accounts Payable > Vendors",
    "employee": "Company > Employees",
    "item": "Inventory Control > Items",
    "warehouse": "Inventory Control > Warehouses",
    "contract": "Contracts > Contracts",
}
_OBJECTS = {
    "CCTRANSACTION": "Credit card transactions",
    "CREDITCARD": "Credit card accounts",
    "CHARGECARD": "Credit card accounts",
    "GLACCOUNT": "General Ledger accounts",
    "DEPARTMENT": "Departments",
    "LOCATION": "Locations",
    "LOCATIONENTITY": "Entities",
    "CLASS": "Classes",
    "PROJECT": "Projects",
    "CUSTOMER": "Customers",
    "VENDOR": "Vendors",
    "EMPLOYEE": "Employees",
    "ITEM": "Items",
    "USERINFO": "Users",
    "ROLES": "Roles",
    "SUPDOC": "Attachments",
    "SUPDOCFOLDER": "Attachments",
}
"""Intacct's names of objects -> what the permission page calls them."""

_APPLICATIONS = {
    "Cash Management": {"CCTRANSACTION", "CCTRANSACTIONENTRY", "CREDITCARD", "CHARGECARD"},
    "General Ledger": {"GLACCOUNT"},
    "Accounts Payable": {"VENDOR"},
    "Accounts Receivable": {"CUSTOMER"},
    "Projects": {"PROJECT"},
    "Inventory Control": {"ITEM"},
    "Company": {"DEPARTMENT", "LOCATION", "LOCATIONENTITY", "CLASS", "EMPLOYEE", "USERINFO", "ROLES"}
    | {"SUPDOC", "SUPDOCFOLDER"},
}
"""The application on whose permission page an object stands."""

_RIGHTS: tuple[tuple[tuple[str, ...], tuple[str, str]], ...] = (
    (("READ", "QUERY", "LIST", "GET", "VIEW", "LOOKUP", "INSPECT"), ("read", "List and View")),
    (("CREATE", "ADD", "RECORD"), ("add", "Add")),
    (("UPDATE", "EDIT", "REVERSE"), ("change", "Edit")),
    (("DELETE",), ("delete", "Delete")),
)
"""How an operation begins -> the verb for people, and the box on the permission page."""

_CHOICE = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")
_FIELD = re.compile(r"\{([A-Za-z_]+)\}")
_LEDGERS = {"CM": "Cash Management", "GL": "General Ledger"}


@dataclass(frozen=True, slots=True)
class Words:
    """What an alert says about a cause; `ways` are numbered by whoever shows them."""

    header: str
    why: str
    ways: tuple[str, ...]
    retry_note: str
    who: str

    def text(self) -> str:
        """The whole of it as lines, the ways numbered."""
        ways = (f"{at}. {way}" for at, way in enumerate(self.ways, 1))
        return "\n".join((self.header, self.why, *ways, self.retry_note, f"For {self.who}."))


def render(
    hint: Hint,
    verdict: Verdict,
    *,
    n: int = 1,
    names: Mapping[str, str] | None = None,
    others_posted: int = 0,
    tried: bool = False,
) -> Words:
    """The sentences for `n` transactions of one cause.

    Args:
        hint: from `hint_for(verdict)`.
        verdict: gives the named parts.
        n: how many transactions; 0 where a whole run was stopped, which reads like several.
        names: titles, by part ({"account": "Travel", "entity": "Denver"}) or whole by number ({"6420": "6420 Travel"});
            `first_open` ("1 Nov"), `old` and `new` are taken as they are, `company` and `user` fill blanks.
        others_posted: how many of the same sync did post; said where one cause held back only a part.
    """
    said = _fields(verdict, n, names or {})

    def fill(template: str, limit: int = SENTENCES) -> str:
        many = _CHOICE.sub(lambda found: found[2] if n == 1 else found[1], template)
        return clip(_FIELD.sub(lambda found: said.get(found[1], found[0]), many), limit)

    why = fill(hint.why)
    if others_posted and hint.category == "dimension.required":
        why += f" The other {others_posted:,} of this sync posted."
    ways = tuple(fill(way) for way in hint.ways)
    if hint.key == "not-recognised" and not said["advice"]:
        ways = ways[1:]
    return Words(fill(hint.what, 150), why, ways, fill(hint.retry_note or _retry_note(hint, n, tried=tried)), hint.who)


def details_line(verdict: Verdict) -> str:
    """Intacct's own words, number and Support ID, for the thread."""
    parts = [verdict.detail("said"), verdict.detail("number")]
    if verdict.detail("support_id"):
        parts.append(f"Support ID {verdict.detail('support_id')}")
    told = " · ".join(part for part in parts if part)
    whose = "Spend Center" if verdict.category.startswith("source.") else "Sage"
    return f"Details for your {whose} admin: {told}" if told else ""


def _retry_note(hint: Hint, n: int, *, tried: bool) -> str:
    if hint.stops_run:
        return "Nothing is sent until this is put right. Check and resume then posts what waits, each once, on its own date."
    match hint.retry:
        case RetryClass.WAIT if tried:
            return "It was tried several times and did not pass. Retry posts [each of them|it] once, on its own date."
        case RetryClass.WAIT:
            return "Nothing to press: [they are|it is] sent again by [themselves|itself], a little later each time."
        case RetryClass.LOOK:
            return "[They are|It is] looked up in Intacct first, and nothing is sent twice. Do not enter [them|it] by hand."
        case _ if n == 0:
            return "Sync again posts what waits, each once, on its own date."
        case _ if n == 1:
            return "Retry posts it once, on its own date."
        case _:
            return (
                f"Retry posts each of the {n:,} once, on its own date, and stops at the first that fails the same way."
            )


def _fields(verdict: Verdict, n: int, names: Mapping[str, str]) -> dict[str, str]:
    """Every field of the templates, with a general phrase where the part is not known."""
    parts = {key: plain(value, TITLE) for key, value in {**parts_of_subject(verdict), **dict(verdict.details)}.items()}
    named = _named(parts, names)
    dimension = parts.get("dimension") or ("dimension" if verdict.category.startswith("dimension.") else "value")
    said = {
        **_fixed(parts, names, n),
        **named,
        "dimension": dimension,
        "a_dimension": ("an " if dimension[:1] in "aeiou" else "a ") + dimension,
        "menu": MENUS.get(dimension, f"the list of {dimension}s"),
        "value": _value(parts, named["value_id"], dimension),
        "value_id": named["value_id"] or f"the {dimension}",
        "said": _sentence(verdict.detail("said")) or "none were given.",
        "told": _sentence(verdict.detail("said")) or "It did not say why.",
        "advice": _sentence(verdict.detail("correction")),
    }
    said["correction"] = said["advice"] or "none was given."
    for name in ("account", "value", "vendor", "user", "company", "rule", "dimension"):
        said[name.capitalize()] = said[name][:1].upper() + said[name][1:]
    return said


def _named(parts: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """The things with a number: number and title together, as the accountant sees them."""
    account, value, vendor = (_titled(part, parts, names) for part in ("account", "value", "vendor"))
    entity, card = _titled("entity", parts, names), _titled("card", parts, names)
    if entity == parts.get("entity") and parts.get("entity_name"):
        entity = f"{entity} {parts['entity_name']}"
    rule = parts.get("rule", "")
    return {
        "account": f"account {account}" if account else "the account",
        "number": parts.get("account") or "the account",
        "value_id": value,
        "vendor": f"vendor {vendor}" if vendor else "the vendor",
        "vendor_id": vendor or "the vendor",
        "card": f"card {card}" if card else "the card",
        "card_id": card or "the card",
        "entity": f"entity {entity}" if entity else "the entity",
        "rule": f"rule {rule}" if rule else "a rule of your company",
        "rule_name": rule or "the rule",
    }


def _fixed(parts: Mapping[str, str], names: Mapping[str, str], n: int) -> dict[str, str]:
    company = parts.get("company") or plain(names.get("company", ""), TITLE)
    return {
        "n": f"{n:,}",
        "count": "1 transaction" if n == 1 else f"{n:,} transactions" if n else "All transactions",
        "amount": parts.get("amount") or "see the thread",
        "wanted": parts.get("wanted") or "the value in the details",
        "sender": parts.get("sender") or "of this app",
        "user": parts.get("user") or plain(names.get("user", ""), TITLE) or "the sync user",
        "company": company or "this company",
        "at_company": f" for {company}" if company else "",
        **_right(parts),
        "period": _month(parts.get("month", "")) or "the month",
        "date": parts.get("date") or "of the transaction",
        "ledger": _LEDGERS.get(parts.get("ledger", ""), "General Ledger or Cash Management"),
        "first_open": _first_open(names.get("first_open", ""), parts.get("first_open", "")),
        "old": plain(names.get("old", ""), TITLE) or parts.get("old") or "see the thread",
        "new": plain(names.get("new", ""), TITLE) or parts.get("new") or "see the thread",
    }


def _right(parts: Mapping[str, str]) -> dict[str, str]:
    """The right that is missing, as the permission page names it: the application, the object, the box to tick."""
    name = parts.get("object", "").upper()
    verb = parts.get("operation", "").upper()
    act, box = next((act for verbs, act in _RIGHTS if verb.startswith(verbs)), ("use", "what is missing"))
    return {
        "operation": act,
        "box": box,
        "object": _OBJECTS.get(name, parts.get("object") or "this kind of record"),
        "application": next((where for where, names in _APPLICATIONS.items() if name in names), "its application"),
    }


def _titled(part: str, parts: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Number and title; `names` may hold the title by part, or the whole by number (`6420`, `account 6420`)."""
    number = parts.get(part, "")
    whole = names.get(f"{part} {number}") or names.get(number, "") if number else ""
    title = plain(whole or names.get(part, ""), TITLE)
    if not number or not title:
        return number or title
    return title if title == number or title.startswith(f"{number} ") else f"{number} {title}"


def _value(parts: Mapping[str, str], value: str, dimension: str) -> str:
    if parts.get("field"):
        return f"{parts['field']} {value}".strip()
    return f"{dimension} {value}" if value else f"a {dimension}"


def _sentence(text: str) -> str:
    shown = plain(text, SAID)
    return shown if not shown or shown[-1] in ".!?…" else f"{shown}."


def _month(text: str) -> str:
    """`2026-10` as October."""
    return date.fromisoformat(f"{text}-01").strftime("%B") if re.fullmatch(r"\d{4}-\d{2}", text) else ""


def _first_open(named: str, iso: str) -> str:
    """`1 Nov, the first open day`, or only the last words when the day is not known."""
    day = plain(named, TITLE)
    if not day and re.fullmatch(r"\d{4}-\d{2}-\d{2}", iso):
        first = date.fromisoformat(iso)
        day = f"{first.day} {first.strftime('%b')}"
    return f"{day}, the first open day" if day else "the first open day"
