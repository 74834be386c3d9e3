"""What a failure of the source means: Spend Center or an export file, told by the sentence that the failure carries."""

from __future__ import annotations

from bot.hints.catalogue import HINTS, nearer
from bot.models import Fault, Level, Operation, RawError, Side, Verdict
from bot.spend.errors import (
    BUSY_CODES,
    CsvRefused,
    SourceAuth,
    SourceBusy,
    SourceError,
    SourceRefused,
    SourceUnavailable,
)

TOLD = 700
"""Longest sentence of a source in characters: the first problem of a file, and how many more there are."""

AWAY, UNREADABLE, ADDRESS, REFUSED = "source-away", "source-unreadable", "source-address", "source-refused"
TOKEN, BUSY, FILE = "source-token-refused", "source-too-fast", "source-file-refused"


def fault_of(error: SourceError) -> Fault:
    """The failure as it is kept: its sentence, its code, and which side it is about."""
    said = RawError(errorno=error.code, description=str(error), error_id=_cause_of(error))
    return Fault(Level.TRANSPORT, (said,), error.http_status, Operation.READ, side=Side.SPEND_CENTER)


def verdict_of(fault: Fault) -> Verdict:
    """By the cause that was kept with it; without one (a failure given as JSON), by what HTTP alone tells."""
    error = fault.errors[0] if fault.errors else RawError()
    cause = error.error_id if error.error_id in HINTS else _by_status(fault, error)
    said = (error.description2 or error.description or fault.note).strip()
    details = {"said": said[:TOLD] or _no_words(fault), "number": error.errorno, "status": str(fault.http_status or "")}
    hint = nearer(HINTS[cause], details)
    named = tuple((key, value) for key, value in details.items() if value)
    return Verdict(hint.category, "", hint.retry, (("cause", hint.key), *named))


def _cause_of(error: SourceError) -> str:
    match error:
        case CsvRefused():
            return FILE
        case SourceAuth():
            return TOKEN
        case SourceBusy():
            return BUSY
        case SourceUnavailable():
            return UNREADABLE if error.http_status and 200 <= error.http_status < 300 else AWAY
        case SourceRefused() if error.http_status and 400 <= error.http_status != 404:
            return REFUSED
        case _:
            return ADDRESS


def _by_status(fault: Fault, error: RawError) -> str:
    status = fault.http_status
    if status == 429 or error.errorno in BUSY_CODES:
        return BUSY
    if status is None or status >= 500:
        return AWAY
    if status in {401, 403}:
        return TOKEN
    if status < 300:
        return UNREADABLE
    return ADDRESS if status < 400 or status == 404 else REFUSED


def _no_words(fault: Fault) -> str:
    answered = f"Spend Center answered with HTTP {fault.http_status}" if fault.http_status else ""
    return f"{answered or 'Spend Center did not answer'}."
