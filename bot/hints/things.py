"""The things of the books that a text names: accounts, cards, banks, dimensions, entities, each with its value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.hints.complaints import DIMENSION_WORDS
from bot.hints.reading import DIMENSIONS, VALUE, Reading

ACCOUNT, CARD, BANK, DIMENSION, ENTITY, OTHER = "account", "card", "bank", "dimension", "entity", "other"
"""Kinds of things. OTHER is what a sentence can be about instead: an amount, a date, a currency."""

_THINGS = re.compile(
    r"(?P<card>\b(?:credit|charge|corporate|purchase|liability)[- ]?cards?(?: accounts?| objects?| ids?)?"
    r"(?! (?:trans|entr|charge|expense|purchase|payment))"
    rf"|\b(?:credit|charge)cardid\b|\bcard (?:account|object|id)s?\b|\bcard(?= {VALUE}))"
    r"|(?P<bank>\b(?:bank|checking|savings|cash) accounts?\b|\bundeposited funds\b)"
    r"|(?P<account>\b(?<!offset )(?:gl |g/l |general ledger |ledger |expense |nominal |posting )?"
    r"(?:account|acct|accountno|glaccount|glaccountno)s?\b\.?(?! (?:manager|settings|group|period)))"
    r"|(?P<other>\b(?:amounts?|tax (?:details?|codes?|solutions?)|exchange rates?|currenc(?:y|ies)|dates?|memo"
    r"|description|payee|reference(?! ?:)|document number|attachments?|periods?|journals?|subledger|books|users?(?!-))\b)"
    r"|(?P<entity>\b(?:multi-entity|entit(?:y|ies))\b(?! locations?))"
    rf"|(?P<dimension>\b(?:gldim\w{{1,60}}|dimensions?\b(?=(?: values?| id)? (?:{VALUE}))|(?:user-?defined|custom) dimensions?"
    rf"|(?:{DIMENSION_WORDS})\b(?! (?:item|dollar|center|charge))))",
    re.IGNORECASE,
)
_BETWEEN = (
    r"(?:\s{0,3}(?:\(|=|:|#|-)?\s{0,3}"
    r"|\s{1,3}(?:id|code|number|no\.?|nos\.?|value|values|key|record|object|dimension|called|named"
    r"|with (?:the )?(?:id|name|number|key|code|value|identifier)|field value|reference|identifier|entry)"
    r"\s{0,3}(?:of\s{1,3}|=\s{0,3}|:\s{0,3}|#\s{0,3})?){0,3}"
)
_VALUE_BEHIND = re.compile(rf"(?:{_BETWEEN}(?P<value>{VALUE})(?:\s{{0,3}}(?:\(«\d+»\)|«\d+»))?)?", re.IGNORECASE)
_VALUE_BEFORE = re.compile(
    rf"(?P<value>{VALUE})\)?\s{{0,3}}"
    r"(?:is not (?:a|an|one of the)|is (?:a|an|no)|is no longer (?:a|an)|was not (?:a|an)"
    r"|does not (?:match|identify|name|belong to|refer to|correspond to|exist as)(?: any| an?)?|not (?:a|an)"
    r"|(?:found )?(?:for|as|in)(?: the| an?)?|could not be matched (?:to|with) an?|matches no|names no|is not)?\s{0,3}"
    r"(?:(?:an?|the|any|this|field|dimension|active|valid|known|existing|current|open|recogni[sz]ed|registered) ){0,3}$",
    re.IGNORECASE,
)


_REACH = 240
"""Characters before a thing within which its value begins; longer than any value with the words between."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A noun of the books in a text: its kind, its name for people, and the token of its value, if one is bound to it."""

    kind: str
    name: str
    value: str
    start: int
    end: int


def things_in(text: str) -> list[Thing]:
    """All things of a text in their order; a value belongs to one thing only, to the one before it if it can."""
    found: list[Thing] = []
    for match in _THINGS.finditer(text):
        kind = match.lastgroup or OTHER
        behind = _VALUE_BEHIND.match(text, match.end())
        before = _VALUE_BEFORE.search(text, max(0, match.start() - _REACH), match.start())
        token = (behind and behind["value"]) or ""
        if not token and before and all(one.value != before["value"] for one in found):
            token = before["value"]
        name = DIMENSIONS.get(match[0].lower().rstrip("."), "dimension" if kind == DIMENSION else kind)
        found.append(Thing(kind, name, token, match.start(), match.end()))
    return found


@dataclass(frozen=True, slots=True)
class Parts:
    """The values of a text by what they belong to. `loose` is the first that belongs to nothing."""

    named: dict[str, str]
    dimensions: dict[str, str]
    loose: str

    def of(self, *kinds: str) -> str:
        """The value of the first of these kinds that has one, else the loose one."""
        return next((self.named[kind] for kind in kinds if self.named.get(kind)), self.loose)


def parts_of(reading: Reading, things: Iterable[Thing]) -> Parts:
    named: dict[str, str] = {}
    dimensions: dict[str, str] = {}
    used = set()
    for one in things:
        if not one.value:
            continue
        used.add(one.value)
        if one.kind == DIMENSION:
            dimensions.setdefault(one.name, reading.value(one.value))
        elif one.kind != OTHER:
            named.setdefault(one.kind, reading.value(one.value))
    loose = [token for token in re.findall(VALUE, reading.text, re.IGNORECASE) if token not in used]
    return Parts(named, dimensions, reading.value(loose[0]) if loose else "")


def named_in(reading: Reading) -> dict[str, str]:
    """Account, card, bank and entity that a text names, whatever it is about."""
    return parts_of(reading, things_in(reading.text)).named
