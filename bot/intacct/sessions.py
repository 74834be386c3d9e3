"""Signed in, and staying so: one session per entity of a company."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

from bot.intacct.allowance import Monotonic
from bot.intacct.answers import Answer, descendants, named_text
from bot.intacct.calls import get_api_session
from bot.intacct.envelope import render_function, render_login, render_session
from bot.intacct.errors import (
    AuthenticationFailure,
    NoSignIn,
    OutcomeUnknown,
    SessionExpired,
    Unreachable,
    UnreadableAnswer,
)
from bot.intacct.reading import only
from bot.intacct.wire import Wire
from bot.models import Level, Operation, Secret

T = TypeVar("T")

_MARGIN = 30.0
"""Seconds before its end in which a session is no longer used."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """The Web Services user of one company. `entity_id` is the level used where none is named; empty: top level.

    Raises:
        NoSignIn: without a password; a removed company has none, and an empty one would count against its user.
    """

    company_id: str
    user_id: str
    password: Secret
    entity_id: str = ""

    def __post_init__(self) -> None:
        if not self.password:
            raise NoSignIn


@dataclass(slots=True)
class Session:
    """A session at one level. `entity_id` is what Intacct echoed, `expires_at` in seconds of our monotonic clock."""

    id: Secret
    endpoint: str
    entity_id: str
    expires_at: float | None = None


class Sessions:
    """Signs in when needed, once at a time for each entity, and sends requests in the session had."""

    def __init__(self, wire: Wire, sign_in: SignIn, *, monotonic: Monotonic = time.monotonic) -> None:
        self._wire = wire
        self._sign_in = sign_in
        self._monotonic = monotonic
        self._open: dict[str, Session] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, entity_id: str) -> Session:
        """The session of an entity, from memory or by signing in.

        Raises:
            NotExecuted: no session; a lost answer to a sign-in is told as `Unreachable`, since nothing else was sent.
            FunctionFailure: Intacct refused the session itself.
        """
        async with self._turns[entity_id]:
            session = self._open.get(entity_id)
            if session is not None and (session.expires_at is None or session.expires_at > self._monotonic()):
                return session
            try:
                session = await self._begin(entity_id)
            except OutcomeUnknown as error:
                raise Unreachable(error.fault) from None
            self._open[entity_id] = session
            return session

    async def exchange(
        self,
        entity_id: str,
        functions: Sequence[str],
        read: Callable[[Answer], T],
        *,
        operation: Operation,
        ready: Callable[[], bool] | None = None,
    ) -> T:
        """One exchange in a session of that entity.

        A session found to be over is replaced once and the same bytes are sent again: it proves that nothing ran.
        """
        session = await self.of(entity_id)
        try:
            return await self._exchange(session, functions, read, operation, ready)
        except SessionExpired:
            if self._open.get(entity_id) is session:  # else another call has replaced it already
                del self._open[entity_id]
        return await self._exchange(await self.of(entity_id), functions, read, operation, ready)

    async def _exchange(
        self,
        session: Session,
        functions: Sequence[str],
        read: Callable[[Answer], T],
        operation: Operation,
        ready: Callable[[], bool] | None,
    ) -> T:
        def read_and_extend(answer: Answer) -> T:
            if answer.session_seconds is not None:
                session.expires_at = self._end(answer.session_seconds)
            return read(answer)

        return await self._wire.exchange(
            session.endpoint,
            render_session(session.id),
            functions,
            read_and_extend,
            operation=operation,
            secrets=(session.id, self._sign_in.password),
            ready=ready,
        )

    async def _begin(self, entity_id: str) -> Session:
        gateway = self._wire.gateway
        sign_in = self._sign_in
        controlid = uuid4().hex

        def read(answer: Answer) -> Session:
            return self._session(answer, controlid, entity_id)

        return await self._wire.exchange(
            gateway.url,
            render_login(sign_in.company_id, sign_in.user_id, sign_in.password, entity_id),
            [render_function(controlid, get_api_session())],
            read,
            operation=Operation.READ,
            secrets=(sign_in.password,),
        )

    def _session(self, answer: Answer, controlid: str, entity_id: str) -> Session:
        found = descendants(only(answer, controlid).data, "api")
        session_id = named_text(found[0], "sessionid").strip() if found else ""
        if not session_id:
            raise UnreadableAnswer(answer.fault(Level.TRANSPORT, (), "The sign-in gave no session."))
        told = [(element.text or "").strip() for element in descendants(found[0], "locationid")]
        entered = told[0] if told else entity_id
        if entity_id and entered.casefold() != entity_id.casefold():
            raise AuthenticationFailure(
                answer.fault(Level.AUTHENTICATION, (), "The sign-in led to another entity than the one asked for.")
            )
        return Session(
            Secret(session_id),
            endpoint_to_follow(self._wire.gateway.url, named_text(found[0], "endpoint").strip()),
            entered,
            None if answer.session_seconds is None else self._end(answer.session_seconds),
        )

    def _end(self, seconds: float) -> float:
        return self._monotonic() + seconds - min(_MARGIN, seconds / 2)


def endpoint_to_follow(gateway_url: str, endpoint: str) -> str:
    """Where to go with a session: the endpoint that Intacct named, if it can be trusted with our secrets.

    A gateway at `*.intacct.com` may send us on to https at `*.intacct.com` only; one elsewhere (the sandbox, a proxy)
    only to its own origin. Otherwise we stay at the gateway.
    """
    try:
        here, there = urlsplit(gateway_url), urlsplit(endpoint)
        ours = _at_intacct(here)
        trusted = _at_intacct(there) if ours else _origin(here) == _origin(there)
    except ValueError:
        return gateway_url
    return endpoint if trusted and there.username is None and there.password is None else gateway_url


def _at_intacct(url: SplitResult) -> bool:
    host = (url.hostname or "").rstrip(".")
    return url.scheme == "https" and host.endswith(".intacct.com") and url.port in {None, 443}


def _origin(url: SplitResult) -> tuple[str, str, int | None]:
    return url.scheme, url.hostname or "", url.port or {"https": 443, "http": 80}.get(url.scheme)
