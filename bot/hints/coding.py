"""Errors about coding: which account, dimension, vendor or card an error is about, and what is wrong with it.

Intacct words these in dozens of ways, but a sentence always has a thing and a complaint: a thing is missing, not valid,
or not allowed together with another. So this reads things (with the value bound to each) and complaints, and decides by
their order, not by whole sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.hints.reading import DIMENSIONS, VALUE, Reading

ACCOUNT, CARD, BANK, DIMENSION, ENTITY, OTHER = "account", "card", "bank", "dimension", "entity", "other"

_BIND = r"(?:\s*(?:\(|=|:|#|-)?\s*|\s+(?:id|code|number|no\.?|nos\.?|value|values|key|record|object|dimension|called|named|with (?:the )?(?:id|name|number|key|code|value)|field value)\s*(?:of\s+|=\s*|:\s*|#\s*)?){0,3}"
_AFTER = rf"(?:{_BIND}(?P<value>{VALUE})(?:\s*(?:\(«\d+»\)|«\d+»))?)?"
_DIMENSION_WORDS = "|".join(sorted(map(re.escape, DIMENSIONS), key=len, reverse=True))
_THINGS = re.compile(
    rf"(?P<card>\b(?:credit|charge|corporate|purchase|liability)[- ]?cards?(?: accounts?| objects?| ids?)?(?! (?:trans|entr|charge|expense|purchase|payment))|\b(?:credit|charge)cardid\b|\bcard (?:account|object|id)s?\b)"
    rf"|(?P<bank>\b(?:bank|checking|savings|cash) accounts?\b|\bundeposited funds\b)"
    rf"|(?P<account>\b(?:gl |g/l |general ledger |ledger |expense |nominal |posting |offset )?(?:account|acct|accountno|glaccount|glaccountno)s?\b\.?(?! (?:manager|settings|group|period)))"
    rf"|(?P<other>\b(?:amounts?|tax (?:details?|codes?|solutions?)|exchange rates?|currenc(?:y|ies)|dates?|memo|description|payee|reference|document number|attachments?|periods?|journals?|subledger|books|users?)\b)"
    rf"|(?P<entity>\b(?:multi-entity|entit(?:y|ies))\b(?! locations?))"
    rf"|(?P<dimension>\b(?:gldim\w+|dimensions?\b(?= (?:{VALUE}))|(?:user-?defined|custom) dimensions?|(?:{_DIMENSION_WORDS})\b(?! (?:item|dollar|center|charge))))",
    re.IGNORECASE,
)
_BOUND = re.compile(_AFTER, re.IGNORECASE)
_BOUND_BEFORE = re.compile(
    rf"(?P<value>{VALUE})\)?\s*(?:is not (?:a|an|one of the)|is (?:a|an|no)|is no longer (?:a|an)|was not (?:a|an)|does not (?:match|identify|name|belong to|refer to|correspond to|exist as)(?: any| an?)?|not (?:a|an)|(?:found )?(?:for|as|in)(?: the| an?)?|could not be matched (?:to|with) an?|matches no|names no|is not)?\s*(?:(?:an?|the|any|this|field|dimension|active|valid|known|existing|current|open|recogni[sz]ed|registered) ){{0,3}}$",
    re.IGNORECASE,
)

_MISSING = r"requir(?:es?|ed|ing|ement)\b|mandatory|missing\b|obligatory|compulsory|without (?:an?|any|the|its)\b|blank\b|empty\b|omitted|absent\b|lacks?\b|lacking\b|null\b|unspecified|not (?:been |yet )?(?:specified|provided|supplied|given|entered|populated|set\b(?! up)|filled|assigned(?! to)|present\b|included|coded|selected|chosen|tagged|completed)|no value|(?:must|should|has to) accompany|wants?\b|does not (?:have|carry|contain|include|specify|name|state|identify)|do not (?:have|carry|contain|include|specify|name|state|identify)|ha(?:ve|s) to (?:have|carry|include|contain|specify|name|be (?:specified|provided|given|entered|filled|set|selected|chosen))|unless (?:an?|the)\b|needs?\b|needed|must (?:also )?(?:have|carry|include|contain|specify|name|provide|bear|come with|state|be (?:specified|provided|supplied|given|entered|populated|filled|set|present|selected|coded|included|assigned|completed|accompanied|tagged|stated|on every|chosen))|expects?\b|calls for|demands?|insists?|cannot be (?:posted|used|booked|saved|recorded) without|is a must|no (?=DIM\b(?! (?:\w+ )?(?:found|with|match\w*|named|called|by|exists?|that|for «|has the)))|(?:was|were|is|are) none\b|none (?:was|were|is)\b|came with no|carries no|has no\b|with no\b|left out"
_INACTIVE = r"inactive|in-active|deactivated|not (?:currently |yet |set to |marked (?:as )?)?(?:active|open)|no longer (?:active|in use|available|open|valid|used|usable|accept\w*)|ceased|stopped being|out of (?:use|service)|defunct|gone\b|dormant|dead\b|wound up|phased out|cancel+ed|accepts? no (?:more|further)|not in use|hidden|withdrawn|merged|disabled|retired|archived|suspended|terminated|discontinued|obsolete|expired|on hold|hold status|switched off|turned off|closed|completed|finished|has ended|ended|deleted|removed|blocked|off hold|activate\b|re-?activate\b|prevents?\b|status"
_INVALID = r"invalid|no longer exists?|not (?:a |an |any |one of )?(?:\w+ )?(?:valid|known|recogni[sz]ed|existing|acceptable|legitimate)|does not (?:match|exist|identify|correspond|refer|resolve|appear)|do not (?:match|exist)|non-?existent|not (?:be )?(?:found|located|resolved|matched|identified|recogni[sz]ed|validated|listed|set up|defined|on file|available|visible|shared|in the (?:list|chart|company|system|books)|part of|exist|configured|created|known)|cannot (?:be )?(?:find|locate|resolve|match|identify|recogni[sz]e|see|validate|use)\b|could not (?:find|locate|resolve|match|identify|recogni[sz]e|see|validate)\b|did not (?:find|match|recogni[sz]e)|unable to (?:find|locate|resolve|match|identify|validate)|unknown|unrecogni[sz]ed|no such|no (?:\w+ )?(?:DIM|account|card|vendor)\w* (?:\w+ ){0,2}(?:with|matching|matches|by|named|called|found|exists|for|has)|matches no|names no|is no (?=DIM|account)|failed (?:validation|to resolve)|cannot be (?:found|located|resolved|matched|identified|recogni[sz]ed|used)|misspel\w+|bad\b|wrong\b|incorrect|not an? (?=DIM)|nothing (?:\w+ ){0,5}(?:found|match\w*)"
_RESTRICTED = r"restrict\w*|not (?:be )?(?:allowed|permitted|eligible|compatible|associated|related|linked|assigned to|enabled for|valid (?:for|with|in combination)|belong|a (?:child|resource|member|part)|be (?:used|combined)|combinable)|cannot be (?:combined|applied|selected|charged|paired|mixed|used (?:with|for|in|on|together)|posted (?:with|to|against))|may not be (?:used|combined|charged)|disallow\w*|prohibit\w*|forbidden|forbids?|incompatible|combination|relationships?|conflicts?|does not (?:belong|relate|correspond to the|go with|apply to|accept|allow|permit)|do not (?:belong|go together|match each)|belongs? to (?:a different|another|other|customer)|auto-?(?:matically )?-?(?:filled|populated|set)|automatically (?:filled|populated|set)|excluded|reserved for|exclusive\w*|only (?:\w+ |«\d+» |,){0,6}(?:can|may) be|off[- ]limits|only (?:be )?(?:used|allowed|valid|permitted|combined|accepts?)|limited to|mismatch\w*|do(?:es)? not match (?:the|its|your)"
_DIRECT = re.compile(
    r"direct(?:ly)? ?post\w*|post\w* direct(?:ly)?|manual (?:entr\w+|journal\w*|post\w*)|journal entr\w+ (?:are|is) not|control account|sub-?ledger[- ](?:control|only|entries)|(?:only|posted to|posted) (?:\w+ ){0,5}?(?:by|from|through|via|in) (?:an? |the |its )?sub-?ledgers?|direct (?:entr\w+|journal\w*)|summary account|statistical account|header account|not (?:a )?post(?:ing|able)",
    re.IGNORECASE,
)
_TIED = re.compile(
    r"associat\w+|linked|tied|belongs|assigned|attached|mapped|reserved|used (?:by|for|as)|offset|connected|is (?:an?|the) (?=(?:bank|cash|credit|charge|checking|card))|(?:set up|defined) (?:as|for)|owned by|in use by",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"\b(?:enter|specify|select|provide|supply|choose|assign|add|fill in|indicate|pick|include)\b (?:an?|the|your|at least one)? ?(?!valid|different|another|active|other|correct)(?:\w+ ){0,2}$",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"^\s*(?:on|in|for|at|within|under|when (?:posting|using)|while \w+ing)\b [^,;]{1,80}?[,:;]\s*|^\s*line\b\s*[:,-]?\s*",
    re.IGNORECASE,
)
_ALTERED = re.compile(
    r"\b(?:must|should|has to|needs to|ought to|shall) (?:be|equal|match) (?:to )?(?P<value>"
    + VALUE
    + r")|\bexpected (?P<other>"
    + VALUE
    + ")",
    re.IGNORECASE,
)
_AUTO = re.compile(
    r"\bauto-?(?:matically )?-?\s?(?:filled|populated|set|derived)|derived|automatically (?:filled|populated|set|derived)|relationship",
    re.IGNORECASE,
)
_WEAKLY_RESTRICTED = re.compile(
    r"cannot be|may not be|not (?:be )?(?:allowed|permitted|used|eligible)|prohibit|disallow", re.IGNORECASE
)
_MATES = re.compile(
    r"not (?:\w+ )?(?:associated|related|linked|assigned|attached|a (?:child|resource|member)|belong)|do(?:es)? not (?:belong|match|relate|correspond)|belongs? to (?:a different|another)|different customers?|mismatch|isn't a (?:child|resource)|not one of",
    re.IGNORECASE,
)


def _with_dimensions(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern.replace('DIM', '(?:' + _DIMENSION_WORDS + ')')})", re.IGNORECASE)


_COMPLAINTS = {
    "missing": _with_dimensions(_MISSING),
    "inactive": _with_dimensions(_INACTIVE),
    "invalid": _with_dimensions(_INVALID),
    "restricted": _with_dimensions(_RESTRICTED),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """A noun of the books in a text: its kind, its name for people, its value when one is bound to it."""

    kind: str
    name: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause by its catalogue key, with the named parts."""

    cause: str
    details: dict[str, str]


def find(reading: Reading) -> Finding | None:
    """What a text says about coding, or None when it is not about coding."""
    text = _ASIDE.sub(lambda found: " " * len(found[0]), reading.text)
    things = _things(reading.text)
    here = [one for one in things if one.start >= len(text) - len(text.lstrip())] or things
    if not any(one.kind in {ACCOUNT, CARD, BANK, DIMENSION} for one in here):
        return None
    said = {name: pattern.search(text) for name, pattern in _COMPLAINTS.items()}
    parts = _parts(reading, things)
    return (
        _tied(text, things, parts)
        or _altered(reading, text, here, parts)
        or _restricted(text, here, parts, said)
        or _not_valid(text, here, parts, said, only_bound=True)
        or _missing(reading, here, parts, said)
        or _not_valid(text, here, parts, said, only_bound=False)
        or _asked_for(text, here, parts)
    )


def _things(text: str) -> list[Thing]:
    found: list[Thing] = []
    for match in _THINGS.finditer(text):
        kind = match.lastgroup or OTHER
        bound = _BOUND.match(text, match.end())
        before = _BOUND_BEFORE.search(text, 0, match.start())
        token = (bound and bound["value"]) or (before and before["value"]) or ""
        if token and any(one.value == token for one in found) and not (bound and bound["value"]):
            token = ""
        word = match[0].lower().rstrip(".")
        name = DIMENSIONS.get(word, "dimension" if kind == DIMENSION else kind)
        found.append(Thing(kind, name, token, match.start(), match.end()))
    return found


def _parts(reading: Reading, things: Iterable[Thing]) -> dict[str, str]:
    """The named parts that every cause may use; account, card and vendor by their own names."""
    parts: dict[str, str] = {}
    for one in things:
        if one.value and one.kind in {ACCOUNT, CARD, BANK, ENTITY}:
            parts.setdefault(one.kind, reading.value(one.value))
        elif one.value and one.kind == DIMENSION:
            parts.setdefault(f"@{one.name}", reading.value(one.value))
    used = {one.value for one in things if one.value}
    loose = [token for token in re.findall(VALUE, reading.text, re.IGNORECASE) if token not in used]
    parts["@loose"] = reading.value(loose[0]) if loose else ""
    return parts


def named(reading: Reading) -> dict[str, str]:
    """Account, card, bank and entity that a text names, whatever it is about."""
    parts = _parts(reading, _things(reading.text))
    return {key: value for key, value in parts.items() if value and not key.startswith("@")}


def _finding(cause: str, parts: dict[str, str], **named: str) -> Finding:
    kept = {key: value for key, value in parts.items() if value and not key.startswith("@")}
    return Finding(cause, {**kept, **{key: value for key, value in named.items() if value}})


def _tied(text: str, things: list[Thing], parts: dict[str, str]) -> Finding | None:
    """An expense line coded to the account of a card or a bank; or to one that takes no direct postings."""
    kinds = {one.kind for one in things}
    if ACCOUNT in kinds or BANK in kinds:
        direct = _DIRECT.search(text)
        if direct and not re.search(r"\bdirect posting (?:is )?(?:allowed|on)\b", text, re.IGNORECASE):
            return _finding("account-no-direct-posting", parts, account=parts.get("account", "") or parts["@loose"])
    if ACCOUNT in kinds and kinds & {CARD, BANK} and _TIED.search(text):
        return _finding("account-is-card-or-bank", parts, account=parts.get("account", "") or parts["@loose"])
    return None


def _altered(reading: Reading, text: str, things: list[Thing], parts: dict[str, str]) -> Finding | None:
    """`Department must be 300. This value is auto-filled`: Intacct names the value it wants."""
    dims = [one for one in things if one.kind == DIMENSION]
    wanted = _ALTERED.search(text)
    if not dims or not wanted or _COMPLAINTS["missing"].search(text):
        return None
    value = reading.value(wanted["value"] or wanted["other"])
    return _finding("dimension-auto-filled", parts, dimension=dims[0].name, value=value, wanted=value)


def _restricted(
    text: str, things: list[Thing], parts: dict[str, str], said: dict[str, re.Match[str] | None]
) -> Finding | None:
    complaint = said["restricted"]
    if not complaint or (
        said["missing"] and not said["invalid"] and not re.search(r"\brestricted\b|combination", text)
    ):
        return None
    gone = said["inactive"] or said["invalid"]
    if gone and gone.start() <= complaint.start() and _WEAKLY_RESTRICTED.match(complaint[0]):
        return None
    dims = [one for one in things if one.kind == DIMENSION]
    names = {one.name for one in dims}
    mates = {"project", "customer"} <= names or {"project", "employee"} <= names
    if mates and (_MATES.search(text) or "combination" in complaint[0].lower()):
        project = parts.get("@project", "") or parts["@loose"]
        return _finding("project-customer-mismatch", parts, dimension="project", value=project)
    head = _head(things, complaint)
    if head is None:
        return None
    if head.kind == ACCOUNT and "combination" not in text.lower() and "relationship" not in text.lower():
        return _finding("account-restricted", parts, account=parts.get("account", "") or parts["@loose"])
    if not dims:
        return None
    dim = head if head.kind == DIMENSION else dims[0]
    cause = (
        "dimension-auto-filled" if _AUTO.search(text) and "relationship" not in text.lower() else "dimension-restricted"
    )
    value = parts.get(f"@{dim.name}", "") or (parts["@loose"] if len(dims) == 1 else "")
    return _finding(cause, parts, dimension=dim.name, value=value)


def _head(things: list[Thing], complaint: re.Match[str]) -> Thing | None:
    """The thing complained of: the first before the complaint, else the first after it."""
    before = [one for one in things if one.start < complaint.start() and one.kind != ENTITY]
    after = [one for one in things if one.start >= complaint.start() and one.kind != ENTITY]
    return before[0] if before else after[0] if after else None


def _not_valid(
    text: str, things: list[Thing], parts: dict[str, str], said: dict[str, re.Match[str] | None], *, only_bound: bool
) -> Finding | None:
    hits = [one for one in (said["invalid"], said["inactive"]) if one]
    if not hits:
        return None
    complaint = min(hits, key=lambda one: one.start())
    head = _complained_of(things, complaint)
    if head is None or head.kind in {OTHER, ENTITY} or (only_bound and not head.value and head.kind != CARD):
        return None
    unfilled = [one for one in things if one.kind == DIMENSION and not one.value]
    if only_bound and head.kind == ACCOUNT and said["missing"] and unfilled:
        return None
    gone = bool(said["inactive"]) and not re.search(
        r"\b(?:does not exist|not found|no such|cannot be found|unknown)\b", text, re.IGNORECASE
    )
    if head.kind == CARD:
        return _finding(_card_cause(text, gone), parts, card=parts.get("card", "") or parts["@loose"])
    if head.kind in {ACCOUNT, BANK}:
        account = parts.get("account", "") or parts.get("bank", "") or parts["@loose"]
        return _finding("account-inactive" if gone else "account-unknown", parts, account=account)
    return _dimension_not_valid(text, head.name, parts, gone=gone)


def _complained_of(things: list[Thing], complaint: re.Match[str]) -> Thing | None:
    """`Invalid department 300` has its thing behind the complaint, `Department 300 is invalid` before it."""
    before = [one for one in things if one.start < complaint.start()]
    after = [one for one in things if one.start >= complaint.start()]
    inside = [one for one in things if complaint.start() <= one.start < complaint.end()]
    if inside:
        return inside[0]
    near = after[0] if after and after[0].start - complaint.end() < 32 else None
    named = [one for one in before if one.kind not in {OTHER, ENTITY}]
    if near and not (named and named[-1].value) and (near.value or not named):
        return near
    if named:
        return named[0] if named[0].value or not any(one.value for one in named) else next(o for o in named if o.value)
    return after[0] if after else None


def _dimension_not_valid(text: str, name: str, parts: dict[str, str], *, gone: bool) -> Finding:
    value = parts.get(f"@{name}", "") or parts["@loose"]
    if name == "vendor":
        return _finding(
            "vendor-inactive" if gone else "vendor-unknown", parts, vendor=value, dimension="vendor", value=value
        )
    if name == "project" and re.search(
        r"\b(?:completed?|closed|finished|ended|status|prevents?|close)\b", text, re.IGNORECASE
    ):
        return _finding("project-closed", parts, dimension="project", value=value)
    if name == "location" and not value and re.search(r"\b(?:empty|blank)\b|multi-entity", text, re.IGNORECASE):
        return _finding("location-required", parts, dimension="location")
    if name == "location" and gone:
        return _finding("location-closed", parts, dimension="location", value=value)
    cause = "dimension-inactive" if gone else "dimension-unknown"
    return _finding(cause, parts, dimension="" if name == "dimension" else name, value=value)


def _card_cause(text: str, gone: bool) -> str:
    if re.search(r"\bjournals?\b", text, re.IGNORECASE):
        return "card-journals"
    if re.search(r"\bexpir\w+", text, re.IGNORECASE):
        return "card-expired"
    return "card-inactive" if gone else "card-missing"


def _missing(
    reading: Reading, things: list[Thing], parts: dict[str, str], said: dict[str, re.Match[str] | None]
) -> Finding | None:
    complaint = said["missing"]
    if not complaint:
        return None
    text = reading.text
    dims = [one for one in things if one.kind == DIMENSION and not one.value]
    first = _nearest(things, complaint)
    if first is not None and first.kind == OTHER and not any(one.start < complaint.start() for one in dims):
        return None
    if dims or re.search(r"\bdimensions?\b", text, re.IGNORECASE):
        dim = min(dims, key=lambda one: _distance(one, complaint)).name if dims else ""
        return _dimension_missing(text, "" if dim == "dimension" else dim, things, parts)
    if any(one.kind == CARD for one in things):
        return _finding(_card_cause(text, gone=False), parts)
    if any(one.kind == ACCOUNT and not one.value for one in things):
        return _finding("account-missing-on-line", parts)
    return None


def _dimension_missing(text: str, name: str, things: list[Thing], parts: dict[str, str]) -> Finding:
    account = parts.get("account", "") or parts.get("bank", "") or parts["@loose"]
    about_account = bool(account) or any(one.kind in {ACCOUNT, BANK} for one in things)
    alone = not about_account and not re.search(r"\bdimension", text, re.IGNORECASE)
    across = not account and re.search(r"\bmulti-?[- ]?entit|\bentit(?:y|ies)\b", text, re.IGNORECASE)
    if name == "vendor" and alone:
        return _finding("vendor-number-missing", {}, dimension="vendor")
    if name == "location" and (alone or across):
        return _finding("location-required", {}, dimension="location")
    return _finding("dimension-required", parts, account=account, dimension=name)


def _nearest(things: list[Thing], complaint: re.Match[str]) -> Thing | None:
    return min(things, key=lambda one: _distance(one, complaint), default=None)


def _distance(thing: Thing, complaint: re.Match[str]) -> int:
    """Behind counts a little less: `missing department for account` is about the department."""
    if thing.start >= complaint.start():
        return max(thing.start - complaint.end(), 0)
    return complaint.start() - thing.end + 4


def _asked_for(text: str, things: list[Thing], parts: dict[str, str]) -> Finding | None:
    """`Enter an account number on line item 3`: an order to fill something in, when nothing else was said."""
    for one in things:
        if one.value or not _WEAK.search(text, 0, one.start):
            continue
        if one.kind == ACCOUNT:
            return _finding("account-missing-on-line", parts)
        if one.kind == DIMENSION:
            return _dimension_missing(text, one.name, things, parts)
        if one.kind == CARD:
            return _finding("card-missing", parts)
    if _COMPLAINTS["inactive"].search(text) and re.search(r"\bactivate\b", text, re.IGNORECASE):
        return None
    return None
