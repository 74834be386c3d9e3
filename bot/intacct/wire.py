"""One request, one answer: the HTTP side of the gateway, and what each way of failing proves."""

from __future__ import annotations

import asyncio
import functools
import logging
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar
from uuid import uuid4

import httpx

from bot.http import ACCEPTED, Client, read_body
from bot.intacct.allowance import Allowance, Monotonic, Sleep
from bot.intacct.answers import MOST_BYTES, Answer, GarbledBody, parse
from bot.intacct.envelope import function_parts, render_request
from bot.intacct.errors import (
    AuthenticationFailure,
    Busy,
    ControlFailure,
    IntacctError,
    OutcomeUnknown,
    SessionExpired,
    TransportFailure,
    Unreachable,
    UnreadableAnswer,
    Withdrawn,
    says_busy,
    says_session_over,
)
from bot.models import Fault, Level, Operation, Secret

log = logging.getLogger(__name__)

T = TypeVar("T")

_LARGE_BODY = 256 * 1024
_READ_PAUSES = (1.0, 2.0, 4.0)
_NEVER_LEFT = (
    *(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout),
    *(httpx.UnsupportedProtocol, httpx.InvalidURL),
)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where Intacct listens, and who we are to it. Times are seconds.

    `total_timeout` bounds a whole exchange: an answer that drips would never run into `read_timeout`.
    """

    url: str
    sender_id: str
    sender_password: Secret
    connect_timeout: float = 10.0
    read_timeout: float = 120.0
    total_timeout: float = 300.0


@functools.cache
def tls() -> ssl.SSLContext:
    """The one TLS context of the process; making it stalls the loop for some 50 ms, so it is made before serving."""
    return httpx.create_ssl_context()


def open_http(gateway: Gateway, requests_at_once: int) -> httpx.AsyncClient:
    """A client of its own for one company: a shared pool does work in proportion to connections times requests."""
    return Client(
        verify=tls(),
        timeout=httpx.Timeout(gateway.read_timeout, connect=gateway.connect_timeout),
        limits=httpx.Limits(
            max_connections=requests_at_once + 1, max_keepalive_connections=requests_at_once, keepalive_expiry=30.0
        ),
        headers={"Accept-Encoding": ACCEPTED, "User-Agent": "spend-to-intacct"},
    )


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    retry_after: float | None
    body: bytes


class Wire:
    """Sends documents for one company, within its allowance, and turns every failure into the error tree.

    `requests` counts what was sent. One line is logged for each request: which functions, how many, what came of it, how long it took.
    """

    def __init__(
        self,
        gateway: Gateway,
        http: httpx.AsyncClient,
        allowance: Allowance,
        *,
        sleep: Sleep = asyncio.sleep,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self.gateway = gateway
        self.allowance = allowance
        self.requests = 0
        self._http = http
        self._sleep = sleep
        self._monotonic = monotonic
        self._said = False

    async def exchange(
        self,
        url: str,
        authentication: str,
        functions: Sequence[str],
        read: Callable[[Answer], T],
        *,
        operation: Operation,
        secrets: Sequence[Secret] = (),
        ready: Callable[[], bool] | None = None,
    ) -> T:
        """Sends the functions in one request and reads the answer with `read`, off the loop if it is large.

        Args:
            url: where to post.
            authentication: the rendered `<authentication>`.
            functions: rendered functions.
            read: from a believed answer to a value; may raise of the tree.
            operation: a write runs once only (`uniqueid`), and its lost answers are unknown outcomes.
            secrets: what must not come back in an error's text; the sender's password is added.
            ready: asked when the slot is had and the request is about to leave; False withdraws it.

        Raises:
            NotExecuted: proven that nothing ran.
            OutcomeUnknown: not proven.
        """
        request_id = uuid4().hex
        body = render_request(
            sender_id=self.gateway.sender_id,
            sender_password=self.gateway.sender_password,
            request_id=request_id,
            unique=operation is Operation.WRITE,
            authentication=authentication,
            functions=functions,
        )
        hidden = [secret.reveal() for secret in (self.gateway.sender_password, *secrets)]
        async with self.allowance:
            if ready is not None and not ready():
                raise Withdrawn(_never_left("Withdrawn before it was sent."))
            with self._told(functions, request_id):
                reply = await self._post(url, body, operation)
                return await self._read(reply, request_id, operation, hidden, read)

    @contextmanager
    def _told(self, functions: Sequence[str], request_id: str) -> Iterator[None]:
        self.requests += 1
        started, came_of_it = self._monotonic(), "cancelled"
        try:
            yield
            came_of_it = "ok"
        except IntacctError as error:
            came_of_it = type(error).__name__
            raise
        finally:
            milliseconds = round((self._monotonic() - started) * 1000)
            log.info("Intacct %s: %s in %d ms, request %s", _names(functions), came_of_it, milliseconds, request_id)

    async def patiently(self, action: Callable[[], Awaitable[T]]) -> T:
        """Runs a read again after faults that pass; a rate limit waits in the allowance instead of here."""
        for pause in _READ_PAUSES:
            try:
                return await action()
            except Busy:
                continue
            except (Unreachable, OutcomeUnknown):
                await self._sleep(pause)
        return await action()

    def _say_once(self, answer: Answer) -> None:
        if answer.mended and not self._said:
            self._said = True
            log.warning("an answer of Intacct held characters that XML forbids, such as in a name; they were left out")

    async def _post(self, url: str, body: bytes, operation: Operation) -> _Reply:
        def fault(note: str) -> Fault:
            return Fault(Level.TRANSPORT, operation=operation, note=note)

        try:
            async with asyncio.timeout(self.gateway.total_timeout):
                return await self._stream(url, body, fault)
        except _NEVER_LEFT as error:
            raise Unreachable(_never_left(type(error).__name__)) from None  # httpx keeps the body, and so the passwords
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise TransportFailure(fault(type(error).__name__)) from None
        except TimeoutError:
            raise TransportFailure(fault("No whole answer in time.")) from None

    async def _stream(self, url: str, body: bytes, fault: Callable[[str], Fault]) -> _Reply:
        headers = {"Content-Type": "application/xml"}
        async with self._http.stream("POST", url, content=body, headers=headers, follow_redirects=False) as response:
            content = await read_body(response, MOST_BYTES)
            if content is None:
                raise UnreadableAnswer(fault("The answer is too large."))
        return _Reply(response.status_code, _seconds(response.headers.get("Retry-After")), content)

    async def _read(
        self, reply: _Reply, request_id: str, operation: Operation, hidden: Sequence[str], read: Callable[[Answer], T]
    ) -> T:
        """Status first: a 5xx proves nothing whatever its body says, and a 429 proves that nothing ran."""
        fault = Fault(Level.TRANSPORT, (), reply.status, operation)
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
            self.allowance.slow_down(reply.retry_after)
            raise Busy(fault, reply.retry_after)
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise TransportFailure(fault)

        def work() -> tuple[T, bool]:
            answer = _believed(reply, request_id, operation, hidden)
            self._say_once(answer)
            return read(answer), any(says_busy(result.errors) for result in answer.results)

        try:
            value, busy = await asyncio.to_thread(work) if len(reply.body) > _LARGE_BODY else work()
        except Busy as error:
            self.allowance.slow_down(error.retry_after)
            raise
        if busy:
            self.allowance.slow_down()
        else:
            self.allowance.went_well()
        return value


def _never_left(note: str) -> Fault:
    """The fault of what did not leave. It counts as a read's, whatever it was: nothing can have been written."""
    return Fault(Level.TRANSPORT, operation=Operation.READ, note=note)


def _believed(reply: _Reply, request_id: str, operation: Operation, hidden: Sequence[str]) -> Answer:
    """The answer, if it is one, is ours, and refuses nothing as a whole."""

    def unreadable(note: str) -> UnreadableAnswer:
        return UnreadableAnswer(Fault(Level.TRANSPORT, (), reply.status, operation, note))

    try:
        answer = parse(reply.body, http_status=reply.status, operation=operation, secrets=hidden)
    except GarbledBody as error:
        raise unreadable(str(error)) from None
    if answer.controlid and answer.controlid != request_id:
        raise unreadable("The answer belongs to another request.")
    if answer.failed is not None:
        refusal = answer.fault(answer.failed, answer.errors)
        if says_busy(answer.errors):
            raise Busy(refusal)
        if answer.failed is Level.CONTROL:
            raise ControlFailure(refusal)
        raise (SessionExpired if says_session_over(answer.errors) else AuthenticationFailure)(refusal)
    if reply.status != HTTPStatus.OK:
        raise unreadable("The status does not fit the answer.")
    return answer


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and header.isdecimal() and len(header) < 10 else None


def _names(functions: Sequence[str]) -> str:
    counts = Counter(function_parts(function)[1] for function in functions)
    return ", ".join(f"{name} x {number}" for name, number in counts.items())
