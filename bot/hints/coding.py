"""Errors about coding: which account, dimension, vendor or card an error is about, and what is wrong with it.

Intacct words these in dozens of ways, but a sentence always has a thing and a complaint: a thing is missing, not valid,
or not allowed together with another. So this reads things (with the value bound to each) and complaints, and decides by
their order, not by whole sentences.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.hints import complaints
from bot.hints.reading import Reading
from bot.hints.things import ACCOUNT, BANK, CARD, DIMENSION, ENTITY, OTHER, Parts, Thing, parts_of, things_in

_IN_FRONT = 28
"""A thing that starts within so many characters is what the sentence is about."""

_NEAR = 32
"""A thing that follows a complaint within so many characters is what it complains of."""

_ORDER = 200
"""Characters before a thing within which an order to fill it in begins."""

_ASIDE = re.compile(
    r"^\s?(?:on|in|for|at|within|under|when (?:posting|using)|while \w{1,40}ing)\b [^,;]{1,80}?[,:;]\s?"
    r"|^\s?line\b\s?[:,-]?\s?",
    re.IGNORECASE,
)
"""`On account 6420, …`: where it happened, before what is wrong."""

_About = re.Match[str] | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause by its catalogue key, with the named parts."""

    cause: str
    details: dict[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """One text with its things and complaints. `things` leaves out what an aside names, `parts` does not."""

    text: str
    reading: Reading
    things: list[Thing]
    parts: Parts
    missing: _About
    inactive: _About
    invalid: _About
    restricted: _About

    def says(self, pattern: str) -> bool:
        return re.search(pattern, self.text, re.IGNORECASE) is not None

    def kinds(self) -> set[str]:
        return {one.kind for one in self.things}

    def dimensions(self) -> list[Thing]:
        return [one for one in self.things if one.kind == DIMENSION]

    def found(self, cause: str, **details: str) -> Finding:
        """The finding, with everything that the text names by a kind of its own."""
        return Finding(cause, {**self.parts.named, **{key: value for key, value in details.items() if value}})


def find(reading: Reading) -> Finding | None:
    """What a text says about coding, or None when it is not about coding."""
    case = _case(reading)
    if not case.kinds() & {ACCOUNT, CARD, BANK, DIMENSION}:
        return _nothing_named(case)
    return (
        _posted_directly(case)
        or _apart(case)
        or _must_be(case)
        or _restricted(case)
        or _not_valid(case, only_bound=True)
        or _missing(case)
        or _not_valid(case, only_bound=False)
        or _asked_for(case)
    )


def suppose(reading: Reading) -> Finding | None:
    """What a text with a thing in front but no known complaint is most likely about; for the last step only."""
    case = _case(reading, asides=True)
    first = case.things[0] if case.things else None
    if first is None or first.kind in {OTHER, ENTITY} or first.start > _IN_FRONT:
        return None
    dims = case.dimensions()
    bound = [one for one in dims if one.value]
    if ACCOUNT in case.kinds() and case.kinds() & {CARD, BANK}:
        return case.found("account-is-card-or-bank")
    if first.kind == CARD:
        return _card(case, gone=False)
    if len(bound) < len(dims) and case.parts.named.get(ACCOUNT):
        return _dimension_missing(case, next(one.name for one in dims if not one.value))
    if len({one.name for one in bound}) > 1 or (bound and ACCOUNT in case.kinds()):
        name = bound[0].name
        return case.found("dimension-restricted", dimension=name, value=case.parts.dimensions[name])
    if bound or (dims and case.parts.loose):
        return _dimension_not_valid(case, (bound or dims)[0].name, gone=False)
    if first.kind in {ACCOUNT, BANK}:
        return case.found("account-unknown" if case.parts.named.get(ACCOUNT) else "account-missing-on-line")
    return None


def _case(reading: Reading, *, asides: bool = False) -> Case:
    text = reading.text if asides else _ASIDE.sub(lambda found: " " * len(found[0]), reading.text)
    things = things_in(reading.text)
    begins = len(text) - len(text.lstrip())
    return Case(
        text=text,
        reading=reading,
        things=[one for one in things if one.start >= begins] or things,
        parts=parts_of(reading, things),
        missing=complaints.MISSING.search(text),
        inactive=complaints.INACTIVE.search(text),
        invalid=complaints.INVALID.search(text),
        restricted=complaints.RESTRICTED.search(text),
    )


def _nothing_named(case: Case) -> Finding | None:
    if case.missing and case.says(r"\bdimensions?\b"):
        return _dimension_missing(case, "")
    if complaints.NO_DIRECT_POSTING.search(case.text):
        return case.found("account-no-direct-posting", account=case.parts.loose)
    return None


def _posted_directly(case: Case) -> Finding | None:
    """A line coded to an account that takes no direct postings, or that is a card's or a bank's own."""
    kinds = case.kinds() | {one.kind for one in things_in(case.reading.text)}
    refused = complaints.NO_DIRECT_POSTING.search(case.text)
    if refused and kinds & {ACCOUNT, BANK} and not case.says(r"\bdirect posting (?:is )?(?:allowed|on)\b"):
        return case.found("account-no-direct-posting", account=case.parts.of(ACCOUNT))
    if ACCOUNT in kinds and kinds & {CARD, BANK} and complaints.BELONGS_TO.search(case.text):
        return case.found("account-is-card-or-bank", account=case.parts.of(ACCOUNT))
    return None


def _apart(case: Case) -> Finding | None:
    """A project and a customer, or an employee, that do not belong together."""
    names = {one.name for one in case.things}
    if "project" not in names or not names & {"customer", "employee"}:
        return None
    if not complaints.NOT_EACH_OTHERS.search(case.text) and not case.says("combination"):
        return None
    value = case.parts.dimensions.get("project", "") or case.parts.loose
    return case.found("project-customer-mismatch", dimension="project", value=value)


def _must_be(case: Case) -> Finding | None:
    """`Department must be 300. This value is auto-filled`: Intacct names the value it wants."""
    dims = case.dimensions()
    wanted = complaints.MUST_BE.search(case.text)
    if not dims or not wanted or case.missing:
        return None
    value = case.reading.value(wanted["value"] or wanted["other"])
    return case.found("dimension-auto-filled", dimension=dims[0].name, value=value, wanted=value)


def _restricted(case: Case) -> Finding | None:
    complaint = case.restricted
    if complaint is None or _only_sounds_restricted(case, complaint):
        return None
    head = _head(case.things, complaint)
    if head is None:
        return None
    related = case.says("relationship")
    if head.kind == ACCOUNT and not related and not case.says("combination"):
        return case.found("account-restricted", account=case.parts.of(ACCOUNT))
    dims = case.dimensions()
    if not dims:
        return None
    name = head.name if head.kind == DIMENSION else dims[0].name
    value = case.parts.dimensions.get(name, "") or (case.parts.loose if len(dims) == 1 else "")
    filled = complaints.FILLED_IN.search(case.text) and not related
    return case.found("dimension-auto-filled" if filled else "dimension-restricted", dimension=name, value=value)


def _only_sounds_restricted(case: Case, complaint: re.Match[str]) -> bool:
    """`Inactive, cannot be used`: a thing alone is missing or gone, not at odds with another."""
    if case.missing and (not case.invalid or case.missing.start() <= case.invalid.start() < case.missing.end()):
        return not case.says(r"\brestricted\b|combination")
    gone = case.inactive or case.invalid
    coded = [one for one in case.things if one.kind in {ACCOUNT, DIMENSION}]
    if gone is None or any(one.start > complaint.start() for one in coded):
        return False
    if len(coded) == 1 and not complaint[0].lower().startswith("restrict"):
        return True
    return gone.start() <= complaint.start() and complaints.WEAKLY_RESTRICTED.match(complaint[0]) is not None


def _head(things: list[Thing], complaint: re.Match[str]) -> Thing | None:
    """The thing complained of: the first before the complaint, else the first after it."""
    before = [one for one in things if one.start < complaint.start() and one.kind != ENTITY]
    after = [one for one in things if one.start >= complaint.start() and one.kind != ENTITY]
    return next(iter(before or after), None)


def _not_valid(case: Case, *, only_bound: bool) -> Finding | None:
    """A thing that is gone, unknown or wrong; first asked only of things that have a value."""
    hits = [one for one in (case.invalid, case.inactive) if one]
    if not hits:
        return None
    head = _complained_of(case.things, min(hits, key=lambda one: one.start()))
    if head is None or head.kind in {OTHER, ENTITY} or (only_bound and not head.value and head.kind != CARD):
        return None
    unfilled = any(not one.value for one in case.dimensions())
    if only_bound and head.kind == ACCOUNT and case.missing and unfilled:
        return None
    gone = case.inactive is not None and not complaints.NOT_THERE.search(case.text)
    if head.kind == CARD:
        return _card(case, gone=gone)
    if head.kind in {ACCOUNT, BANK}:
        return case.found("account-inactive" if gone else "account-unknown", account=case.parts.of(ACCOUNT, BANK))
    return _dimension_not_valid(case, head.name, gone=gone)


def _complained_of(things: list[Thing], complaint: re.Match[str]) -> Thing | None:
    """`Invalid department 300` has its thing behind the complaint, `Department 300 is invalid` before it."""
    inside = [one for one in things if complaint.start() <= one.start < complaint.end()]
    if inside:
        return inside[0]
    after = next((one for one in things if one.start >= complaint.start()), None)
    before = [one for one in things if one.start < complaint.start() and one.kind not in {OTHER, ENTITY}]
    near = after if after and after.start - complaint.end() < _NEAR else None
    if near and not (before and before[-1].value) and (near.value or not before):
        return near
    return next((one for one in before if one.value), before[0] if before else after)


def _dimension_not_valid(case: Case, name: str, *, gone: bool) -> Finding:
    value = case.parts.dimensions.get(name, "") or case.parts.loose
    if name == "vendor":
        return case.found("vendor-inactive" if gone else "vendor-unknown", vendor=value, dimension=name, value=value)
    if name == "project" and case.says(r"\b(?:completed?|closed|finished|ended|status|prevents?|close)\b"):
        return case.found("project-closed", dimension=name, value=value)
    if name == "location" and not value and case.says(r"\b(?:empty|blank)\b|multi-entity"):
        return case.found("location-required", dimension=name)
    if name == "location" and gone:
        return case.found("location-closed", dimension=name, value=value)
    known = "" if name == "dimension" else name
    return case.found("dimension-inactive" if gone else "dimension-unknown", dimension=known, value=value)


def _card(case: Case, *, gone: bool) -> Finding:
    cause = "card-inactive" if gone else "card-missing"
    if case.says(r"\bjournals?\b"):
        cause = "card-journals"
    elif case.says(r"\bexpir\w+"):
        cause = "card-expired"
    return case.found(cause, card=case.parts.of(CARD))


def _missing(case: Case) -> Finding | None:
    """A thing that ought to be on the line and is not: a dimension, an account, the card."""
    complaint = case.missing
    if complaint is None:
        return None
    dims = [one for one in case.dimensions() if not one.value]
    nearest = min(case.things, key=lambda one: _distance(one, complaint), default=None)
    if nearest and nearest.kind == OTHER and not any(one.start < complaint.start() for one in dims):
        return None
    if dims:
        return _dimension_missing(case, min(dims, key=lambda one: _distance(one, complaint)).name)
    if case.says(r"\bdimensions?\b"):
        return _dimension_missing(case, "")
    if CARD in case.kinds():
        return _card(case, gone=False)
    if any(one.kind == ACCOUNT and not one.value for one in case.things):
        return case.found("account-missing-on-line")
    return None


def _distance(thing: Thing, complaint: re.Match[str]) -> int:
    """Behind counts a little less: `missing department for account` is about the department."""
    if thing.start >= complaint.start():
        return max(thing.start - complaint.end(), 0)
    return complaint.start() - thing.end + 4


def _dimension_missing(case: Case, name: str) -> Finding:
    """Which account wants it; without an account, a line's location and a vendor's ID are causes of their own."""
    account = case.parts.of(ACCOUNT, BANK)
    no_account = not account and not case.kinds() & {ACCOUNT, BANK}
    alone = no_account and not case.says(r"\bdimension")
    if name == "vendor" and alone:
        return case.found("vendor-number-missing", dimension=name)
    if name == "location" and (alone or (not account and case.says(r"\bmulti-?[- ]?entit|\bentit(?:y|ies)\b"))):
        return case.found("location-required", dimension=name)
    return case.found("dimension-required", account=account, dimension="" if name == "dimension" else name)


def _asked_for(case: Case) -> Finding | None:
    """`Enter an account number on line item 3`: an order to fill something in, when nothing else was said."""
    for one in case.things:
        if one.value or not complaints.FILL_IN.search(case.text, max(0, one.start - _ORDER), one.start):
            continue
        if one.kind == ACCOUNT:
            return case.found("account-missing-on-line")
        if one.kind == DIMENSION:
            return _dimension_missing(case, one.name)
        if one.kind == CARD:
            return case.found("card-missing")
    return None
