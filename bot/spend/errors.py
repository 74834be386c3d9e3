"""What can go wrong between us and the source of transactions, parted by what the caller does about it.

SourceError
├── SourceAuth           sign-in refused: stop the schedule, ask a person
├── SourceBusy           the allowance of calls is used up, also after waiting: come back later
├── SourceUnavailable    no answer, a server error, or an answer that is no answer: come back later
└── SourceRefused        the same request would be refused again
    ├── SourceMissing    there is no such thing; for a transaction this is an answer, not a failure
    ├── SourceLocked     the transaction cannot be coded any more, or the source is read-only
    ├── BadRow           one transaction could not be read; the others are not touched by it
    ├── ReceiptRefused   a receipt that cannot be had; never a reason to hold a posting back
    └── CsvRefused       a file with problems; nothing of it is taken
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from bot.redaction import redact
from bot.spend.text import clean

MESSAGE_CAP = 300
SENTENCE_CAP = 500
"""Of a file's first problem, so that what follows it is never cut off."""
WAIT_WHEN_BUSY = 60.0
"""Seconds to wait after a 429 that does not say how long: the allowance is counted by the minute."""
BUSY_CODES = ("BDC_1144", "BDC_1322")
"""Calls per hour used up; too many calls at once. Both pass by waiting."""


class SourceError(Exception):
    """Root of the tree. `str()` is a sentence for people; it holds no secret and foreign text only capped.

    Attributes:
        category: the slug under which the hint catalogue explains it.
        http_status: of the answer, when there was one.
        code: BILL's own error code, such as BDC_1109, or empty.
        retry_after: seconds after which the same call can pass, when that is known.
    """

    category: ClassVar[str] = "unknown"

    def __init__(
        self, sentence: str, *, http_status: int | None = None, code: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(sentence)
        self.http_status = http_status
        self.code = code
        self.retry_after = retry_after


class SourceAuth(SourceError):
    """HTTP 401 or 403, or a refused request for an access token."""

    category = "source.auth"


class SourceBusy(SourceError):
    """HTTP 429, or one of BILL's codes for the same."""

    category = "source.rate_limit"


class SourceUnavailable(SourceError):
    """HTTP 5xx, a lost or refused connection, a time-out, or a body that is not what was asked for."""

    category = "source.unavailable"


class SourceRefused(SourceError):
    """Any other 4xx, and an address that leads elsewhere."""

    category = "source.refused"


class SourceMissing(SourceRefused):
    """HTTP 404."""


class SourceLocked(SourceRefused):
    """`isLocked` stands on the transaction, or the source is a file."""

    category = "source.locked"


class BadRow(SourceRefused):
    """A row whose identity, amount, date or coding cannot be read for certain. `uuid` is empty if that is what is bad."""

    category = "data.format"

    def __init__(self, sentence: str, uuid: str = "") -> None:
        super().__init__(sentence)
        self.uuid = uuid


class ReceiptRefused(SourceRefused):
    """Wrong scheme, forbidden address, too large, or gone."""

    category = "attachment"


@dataclass(frozen=True, slots=True)
class CsvProblem:
    """One thing to put right. `line` counts from 1, 0 is the file as a whole; `column` is the file's heading or empty."""

    line: int
    column: str
    sentence: str

    def __str__(self) -> str:
        place = ", ".join(filter(None, (f"line {self.line}" if self.line else "", self.column)))
        return f"{place[:1].upper()}{place[1:]}: {self.sentence}" if place else self.sentence


class CsvRefused(SourceRefused):
    """A file that is not taken. `problems` are the first ones in file order, `total` counts all that were found.

    Its sentence names the file, line and column of the first one, and how many more there are.
    """

    category = "source.file"

    def __init__(self, problems: Sequence[CsvProblem], total: int | None = None, *, file: str = "") -> None:
        self.problems = tuple(problems)
        self.total = len(self.problems) if total is None else total
        rest = self.total - 1
        more = f" {rest} more." if rest > 0 else ""
        first = str(self.problems[0]) if self.problems else "The file could not be read."
        first = first if len(first) <= SENTENCE_CAP else f"{first[: SENTENCE_CAP - 1].rstrip()}…"
        if file:
            more = more and f" And {rest} more {'problem' if rest == 1 else 'problems'} in this file."
            colon = "," if self.problems and self.problems[0].line else ":"
            first = f"{file}{colon} {first[:1].lower()}{first[1:]}"
        super().__init__(first + more)

    def of(self, file: str) -> CsvRefused:
        """The same, with the file's name."""
        return CsvRefused(self.problems, self.total, file=clean(file, 80))


def failure(status: int, headers: Mapping[str, str], body: bytes, secrets: Sequence[str] = ()) -> SourceError:
    """The exception for an answer that is not a success.

    Args:
        status: HTTP status, 300 or above.
        headers: the answer's headers, looked up in lower case.
        body: an array of BILL's error objects, one such object, `{"message": …}`, plain text or a web page.
        secrets: what the sentence must not repeat.
    """
    code, message = said(body, secrets)
    told = f" It said: {message}" if message else ""
    wait = _seconds(headers)
    if status == 429 or code in BUSY_CODES:
        sentence = "Spend Center lets no more calls through for now."
        return SourceBusy(sentence, http_status=status, code=code, retry_after=WAIT_WHEN_BUSY if wait is None else wait)
    if status in (401, 403):
        return SourceAuth(f"Spend Center refused the sign-in.{told}", http_status=status, code=code)
    if status == 404:
        return SourceMissing(
            f"Spend Center has nothing under this address (HTTP 404).{told}", http_status=status, code=code
        )
    if status >= 500:
        sentence = f"Spend Center could not answer (HTTP {status}).{told}"
        return SourceUnavailable(sentence, http_status=status, code=code, retry_after=wait)
    if status < 400:
        sentence = f"Spend Center points elsewhere (HTTP {status}). Its address in the settings needs a look."
        return SourceRefused(sentence, http_status=status, code=code)
    return SourceRefused(f"Spend Center refused the request (HTTP {status}).{told}", http_status=status, code=code)


def said(body: bytes, secrets: Sequence[str] = ()) -> tuple[str, str]:
    """Code and message of an error body; both may be empty. Web pages say nothing that people could use.

    >>> said(b'[{"code": "BDC_1109", "message": "max: must be less than or equal to 50"}]')
    ('BDC_1109', 'max: must be less than or equal to 50')
    """
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        text = body[: MESSAGE_CAP * 4].decode("utf-8", "replace").strip()
        return "", "" if text.startswith("<") else clean(redact(text, secrets), MESSAGE_CAP)
    if isinstance(answer, list):
        answer = next((entry for entry in answer if isinstance(entry, dict)), None)
    if isinstance(answer, str):
        return "", clean(redact(answer, secrets), MESSAGE_CAP)
    if not isinstance(answer, dict):
        return "", ""
    message = next((answer[key] for key in ("message", "error_description", "error") if answer.get(key)), "")
    code = answer.get("code")
    return tuple(  # type: ignore[return-value]  # there are two
        clean(redact(one, secrets) if isinstance(one, str) else one, cap)
        for one, cap in ((code, 40), (message, MESSAGE_CAP))
    )


def _seconds(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` in seconds; a date is read against the answer's own `Date`, so that no clock has to agree."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return max(0.0, (_aware(until) - _aware(now)).total_seconds())


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
