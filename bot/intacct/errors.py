"""What can go wrong with a call, arranged by what the caller does next.

    IntacctError                      any failed call; carries its Fault
    ├── NotExecuted                   proven: Intacct did nothing, so the same call may be sent again
    │   ├── Unreachable               no connection or no session: the call never left
    │   ├── Withdrawn                 the caller took it back at the moment of sending
    │   ├── Busy                      HTTP 429 or its words in an answer: wait, then again
    │   ├── ControlFailure            refused at the door: sender, schema, gateway
    │   └── AuthenticationFailure     user, company, entity, or the sender's authorization
    │       ├── SessionExpired        the session is over: sign in again
    │       └── NoSignIn              there is no password to sign in with, so nobody is asked
    ├── FunctionFailure               Intacct answered that this call failed
    ├── BlindLookup                   a look-up missed the record known to be there, so it proves nothing
    └── OutcomeUnknown                nobody knows whether it ran: look it up; a read may simply be asked again
        ├── TransportFailure          time-out, lost connection or HTTP 5xx after the request left
        └── UnreadableAnswer          HTML, cut off, with a DOCTYPE, oversized, or contradicting itself

Which of many causes stands behind a ControlFailure, AuthenticationFailure or FunctionFailure is told by the texts in
its Fault; `bot.hints` reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.models import Fault, Level, Operation, RawError

_BUSY_NUMBER = "GW-0010"
_BUSY_WORDS = re.compile(r"rate limit exceeded|too many (?:operations|requests|concurrent)", re.IGNORECASE)
_SESSION_WORDS = re.compile(r"invalid session", re.IGNORECASE)


class IntacctError(Exception):
    """A call that did not succeed."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault

    def __str__(self) -> str:
        """One line for logs: the level, the HTTP status, our note and Intacct's first text."""
        fault = self.fault
        first = next((text for error in fault.errors for text in texts(error)), "")
        status = f"HTTP {fault.http_status}" if fault.http_status else ""
        return " · ".join(part for part in (fault.level.value, status, fault.note, first[:300]) if part)


class NotExecuted(IntacctError):
    """Proven that Intacct did nothing."""


class Unreachable(NotExecuted):
    """No connection could be opened, or no session could be had. Its fault is a read's: nothing can have been written."""


class Withdrawn(NotExecuted):
    """The caller's `ready` said no when the request was about to leave."""


class Busy(NotExecuted):
    """Too many requests. `retry_after` is in seconds when Intacct named a time."""

    def __init__(self, fault: Fault, retry_after: float | None = None) -> None:
        super().__init__(fault)
        self.args = (fault, retry_after)
        self.retry_after = retry_after


class ControlFailure(NotExecuted):
    """The request was refused as a whole before anybody was signed in."""


class AuthenticationFailure(NotExecuted):
    """Nobody was signed in, so no function ran."""


class SessionExpired(AuthenticationFailure):
    """The session is unknown or over."""


class NoSignIn(AuthenticationFailure):
    """No password is known for this company: no client is made, and nothing leaves."""

    def __init__(self) -> None:
        note = "There is no password for this Intacct company, so nothing was asked."
        super().__init__(Fault(Level.AUTHENTICATION, operation=Operation.READ, note=note))


class FunctionFailure(IntacctError):
    """Intacct ran the call and answered that it failed."""


class BlindLookup(IntacctError):
    """A look-up that should have found a known record did not; what it did not find may be there all the same."""


class OutcomeUnknown(IntacctError):
    """The request left, and no answer proves what became of it."""


class TransportFailure(OutcomeUnknown):
    """Time-out, lost connection or HTTP 5xx after the request left."""


class UnreadableAnswer(OutcomeUnknown):
    """An answer came, and it is not one that Intacct would give."""


def texts(error: RawError) -> Iterable[str]:
    """The texts of one error that say something, most specific first; `errorno` may hold a sentence of its own."""
    return (text for text in (error.description2, error.description, error.errorno, error.correction) if text)


def says_busy(errors: Iterable[RawError]) -> bool:
    """Whether these errors are the rate limit; a 200 can carry its words."""
    return any(error.errorno == _BUSY_NUMBER or any(map(_BUSY_WORDS.search, texts(error))) for error in errors)


def says_session_over(errors: Iterable[RawError]) -> bool:
    """Whether these authentication errors mean an expired or unknown session rather than a refused sign-in."""
    return any(any(map(_SESSION_WORDS.search, texts(error))) for error in errors)
