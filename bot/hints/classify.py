"""From what a refused call said to a verdict: pure, and the same for the same cause whatever the wording.

Order: level first where the level alone decides (a lost answer to a write is never guessed at), then steady message
ids, then the meaning of the text, then the error number, then the level again, then "not recognised" in Intacct's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.hints import rules
from bot.hints.catalogue import HINTS, nearer
from bot.hints.coding import Finding, find, suppose
from bot.hints.parts import details_of, subject_of
from bot.hints.reading import Reading, read
from bot.hints.rule import Rule
from bot.hints.source import verdict_of
from bot.hints.text import plain, spelled_out, support_ids, without_ids
from bot.models import Fault, Level, Operation, RawError, RetryClass, Side, Verdict

ERRORS_SEEN = 20
"""A request has few functions; more errors than this are repetitions."""

ERRORS_READ = 4
"""Errors that are read for a meaning: of those that differ and say something of their own, the first."""

SAID = 1_000
"""Characters of all texts of a lost call."""

_WRAPPERS = re.compile(
    r"^(?:could not (?:create|save|update|add|set|post|process)\b.{0,60}\b(?:record|transaction|batch|glbatch|object|document)s?!?"
    r"|currently,? we cannot (?:create|save|update|process)\b.*"
    r"|(?:an )?errors? (?:occurred )?(?:while|when|during|in) (?:saving|creating|posting|updating|adding|processing)\b.*"
    r"|check the transaction for errors or inconsistencies.*"
    r"|(?:the )?entire transaction in this operation has been rolled back.*"
    r"|.{0,40}\brolled back\b.*"
    r"|(?:the )?(?:transaction|record|operation|request|function|result)s? (?:was |were |has |could |status:? )?(?:not (?:be )?(?:created|saved|posted|processed)|failed|failure|aborted)"
    r"|failed to (?:create|save|post|update)\b.{0,50}\b(?:record|transaction|object|batch)s?"
    r"|payload contains errors.*|result status: failure.*)[.! ]*$",
    re.IGNORECASE,
)
_NUMBERS: dict[str, str] = {
    "XL03000003": "request-schema", "XL03000010": "request-details", "PL04000005": "permission-missing",
    "PL04000055": "company-expired", "BL34000061": "record-exists", "PL05000104": "record-exists",
    "BL01001762": "record-exists", "BL03002185": "reference-used", "PL01000127": "reference-used",
    "BL03002073": "negative-across-entities", "BL03002101": "amount-missing", "PL03000006": "date-invalid",
    "GW-0010": "too-many-requests", "GW-0011": "sender-refused", "PL04000050": "gateway-trouble",
    "GW000002": "gateway-trouble", "XMLGW_JPP0002": "sign-in-refused", "BL03000025": "sign-in-refused",
    "BDC_1144": "source-too-fast", "BDC_1322": "source-too-fast", "DL02000001": "gateway-trouble",
}  # fmt: skip
_STEADY: dict[str, str] = {
    "GL-0493": "account-number-taken", "IA.DUPLICATE_ACCOUNT_NUMBER": "account-number-taken",
    "GL-1009": "lines-unbalanced", "GW-0010": "too-many-requests",
}  # fmt: skip
_CATEGORIES: dict[str, str] = {"invalid permission": "permission-missing", "duplication prevention": "record-exists"}
_NOT_SENT = re.compile(
    r"\bnot sent\b|\bnever (?:sent|left)\b|\bunsent\b|\bwithdrawn\b|\bconnect(?:ion)? (?:was |is |attempt )?refused\b|\brefused (?:the )?connection\b"
    r"|\bconnect(?:ion|ing)?[ _-]?time(?:d)?[ _-]?out\b|\bpool[ _-]?time|\bcould not connect\b|\bname resolution\b|\bdns\b|\bno route\b|\bnot executed\b",
    re.IGNORECASE,
)
_SENT = re.compile(
    r"\bafter\b|\bmid[- ]|\bread(?:ing)?[ _-]?time|\breset\b|\bdropped\b|\bmay have\b|\bresponse\b", re.IGNORECASE
)
_INACTIVE = {
    "dimension-unknown": "dimension-inactive", "vendor-unknown": "vendor-inactive", "account-unknown": "account-inactive",
    "card-missing": "card-inactive",
}  # fmt: skip
_ACTIVATE = re.compile(
    r"\b(?:re-?)?activate\b|\b(?:set|change)\b.{0,40}\bto active\b|\bmake\b.{0,40}\bactive again\b", re.IGNORECASE
)
_BUSY = {"gateway-trouble", "no-answer"}


def classify(fault: Fault, *, known: Mapping[str, str] | None = None) -> Verdict:
    """What a fault means.

    Args:
        fault: level, errors and circumstances of one refused or lost call.
        known: what the caller knows and a text may leave out: date (ISO), entity, entity_name, account, company, sender,
            user, card. It fills blanks and never replaces what the text says.

    Returns:
        Category, subject (category and subject are the alert's key), retry class, and the named parts in `details`
        (cause, the catalogue's key, is always among them).
    """
    if fault.side is Side.SPEND_CENTER:
        return verdict_of(fault)
    errors = tuple(dict.fromkeys(fault.errors[:ERRORS_SEEN]))
    finding, error = _cause(fault, errors)
    cause = _safe_cause(finding.cause, fault)
    details = details_of(Finding(cause, finding.details), error, fault, known or {})
    if fault.level is Level.TRANSPORT and 200 <= (fault.http_status or 0) < 300:
        details["unreadable"] = "yes"
    hint = nearer(HINTS[cause], details)
    details["said"] = details.get("said") or _said(errors)
    ids = [
        one
        for raw in errors
        for text in (raw.description, raw.description2, raw.correction, raw.errorno)
        for one in support_ids(text)
    ]
    details["support_id"] = ids[0] if ids else ""
    subject = subject_of(hint.category, details)
    return Verdict(
        hint.category,
        subject,
        hint.retry,
        (("cause", hint.key), *((key, value) for key, value in details.items() if value)),
    )


def is_wrapper(error: RawError) -> bool:
    """Whether an error only says that something else failed."""
    texts = [text for text in _texts(error) if text]
    return bool(texts) and all(_WRAPPERS.match(spelled_out(text).strip()) for text in texts)


def _cause(fault: Fault, errors: tuple[RawError, ...]) -> tuple[Finding, RawError]:
    """The first cause that any error gives, with that error; wrappers only count when nothing else is there."""
    own = ([one for one in errors if not is_wrapper(one)] or list(errors))[:ERRORS_READ]
    first = own[0] if own else RawError()
    by_level = _lost_or_refused(fault, own)
    if by_level:
        return Finding(by_level, {}), first
    for step in (_by_steady_id, _by_text, _by_advice, _by_topic, _by_number):
        for error in own:
            finding = step(error, fault)
            if finding:
                return _told_inactive(finding, error), error
    return Finding(_by_level(fault, own), {}), first


def _lost_or_refused(fault: Fault, errors: Iterable[RawError]) -> str:
    """What HTTP alone decides, empty when the texts have to be read."""
    if fault.http_status == 429:
        return (
            "source-too-fast" if any(one.errorno.upper().startswith("BDC_") for one in errors) else "too-many-requests"
        )
    if fault.level is not Level.TRANSPORT:
        return ""
    said = " ".join([fault.note, *(text for one in errors for text in _texts(one))])[:SAID]
    if fault.http_status is None and _NOT_SENT.search(said) and not _SENT.search(said):
        return "gateway-trouble"
    if fault.http_status in {400, 401, 403}:
        return ""
    return "no-answer" if fault.operation is Operation.WRITE else "gateway-trouble"


def _safe_cause(cause: str, fault: Fault) -> str:
    """The last gate: a write whose outcome nobody knows is only ever looked up."""
    if fault.operation is Operation.READ:
        return "gateway-trouble" if cause == "no-answer" else cause
    hint = HINTS[cause]
    if fault.level is Level.TRANSPORT:
        if fault.http_status == 429 or (fault.http_status is None and cause == "gateway-trouble"):
            return cause
        answered = fault.http_status in {400, 401, 403}
        proven = (
            hint.category.startswith(("auth.", "source.", "request.", "limit.")) and hint.retry is not RetryClass.LOOK
        )
        return cause if answered and proven else "no-answer"
    if fault.level is Level.AUTHENTICATION:
        return "gateway-trouble" if cause in _BUSY else cause
    lost = (fault.http_status or 200) >= 500 and (hint.category == "unknown" or hint.retry is RetryClass.WAIT)
    return "no-answer" if cause in _BUSY or lost else cause


def _by_steady_id(error: RawError, fault: Fault) -> Finding | None:
    for steady in (error.error_id, *error.message_ids, error.errorno):
        cause = _STEADY.get(steady.strip().upper())
        if cause:
            return Finding(cause, {})
    for steady in error.message_ids:
        words = re.sub(r"^IA\.", "", steady.strip()).replace("_", " ").replace(".", " ")
        finding = _meaning(read(words.lower()), fault)
        if finding and finding.cause not in _BUSY:
            return _with_text(finding, error, fault)
    return None


def _with_text(finding: Finding, error: RawError, fault: Fault) -> Finding:
    """A message id gives the cause, the text and the placeholders its parts."""
    spoken = _by_text(error, fault)
    return spoken if spoken and HINTS[spoken.cause].category == HINTS[finding.cause].category else finding


def _by_text(error: RawError, fault: Fault) -> Finding | None:
    return _meaning(read(*_texts(error)), fault)


def _by_advice(error: RawError, fault: Fault) -> Finding | None:
    """The correction is read last: it names what to look at more often than what is wrong."""
    return _meaning(read(*_texts(error), error.correction), fault) if error.correction else None


def _by_topic(error: RawError, fault: Fault) -> Finding | None:
    return _topic(read(*_texts(error)), fault)


def _told_inactive(finding: Finding, error: RawError) -> Finding:
    """A value that "is invalid" is only inactive where the advice is to activate it."""
    if finding.cause not in _INACTIVE or not _ACTIVATE.search(spelled_out(without_ids(error.correction))):
        return finding
    at_location = finding.cause == "dimension-unknown" and finding.details.get("dimension") == "location"
    return Finding("location-closed" if at_location else _INACTIVE[finding.cause], finding.details)


def _by_number(error: RawError, fault: Fault) -> Finding | None:
    number = error.errorno.strip().upper()
    if number == "XL03000006":
        cause = {Level.CONTROL: "sender-refused", Level.TRANSPORT: "sender-refused"}.get(fault.level, "sign-in-refused")
        return Finding(cause, {})
    if number == "XL03000009":
        return Finding("rolled-back", {})
    cause = _NUMBERS.get(number) or _CATEGORIES.get(error.category.strip().lower(), "")
    if not cause and re.fullmatch(r"GW-?\d{3,}", number):
        cause = "gateway-trouble"
    return Finding(cause, {}) if cause else None


def _by_level(fault: Fault, errors: list[RawError]) -> str:
    """What is left when no word and no number helped."""
    if fault.level is Level.AUTHENTICATION:
        return "sign-in-refused"
    if fault.level is Level.TRANSPORT:
        return "gateway-trouble"
    if fault.level is Level.CONTROL and fault.http_status in {401, 403}:
        return "sender-refused"
    if (fault.http_status or 200) >= 500:
        return "gateway-trouble"
    texts = " ".join(text for one in errors for text in _texts(one))
    return "rolled-back" if "rolled back" in texts.lower() else "not-recognised"


def _meaning(reading: Reading, fault: Fault) -> Finding | None:
    """The meaning of one text; rules from the most to the least specific, coding in the middle."""
    if not reading.text:
        return None
    cause = _first(rules.BEFORE_CODING, reading, fault.level)
    if cause:
        return Finding(_rule_about_receipts(cause, reading), {})
    coded = find(reading) if fault.level is not Level.AUTHENTICATION else None
    if coded:
        return coded
    cause = _first(rules.AFTER_CODING, reading, fault.level)
    return Finding(cause, {}) if cause else None


def _topic(reading: Reading, fault: Fault) -> Finding | None:
    """The weakest step: the topic of an error whose complaint is worded in no known way."""
    cause = _first(rules.TOPICS, reading, fault.level)
    supposed = None if cause or fault.level is Level.AUTHENTICATION else suppose(reading)
    cause = cause or ("" if supposed else _first(rules.LAST, reading, fault.level))
    return supposed or (Finding(cause, {}) if cause else None)


def _first(table: Iterable[Rule], reading: Reading, level: Level) -> str:
    return next((rule.cause for rule in table if rule.fits(reading.text, level)), "")


def _rule_about_receipts(cause: str, reading: Reading) -> str:
    if cause == "smart-rule" and any(
        re.search(r"\b(?:attach\w*|receipt)\b", one, re.IGNORECASE) for one in reading.values
    ):
        return "attachment-required"
    return cause


def _texts(error: RawError) -> tuple[str, ...]:
    """What an error says; a sentence may stand where its number belongs."""
    spoken = error.errorno if re.search(r"\s", error.errorno.strip()) else ""
    return tuple(without_ids(text) for text in (spoken, error.description, error.description2))


def _said(errors: Iterable[RawError]) -> str:
    """Intacct's own words for the first error that has any."""
    for error in errors:
        words = ". ".join(dict.fromkeys(text.rstrip(". ") for text in _texts(error) if text))
        if words:
            return plain(words, 300)
    return ""
