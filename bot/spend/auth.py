"""The two ways to sign in: an `apiToken` header of its own, or OAuth client credentials with a short-lived Bearer token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from bot.models import Secret
from bot.spend.errors import SourceAuth, SourceRefused, SourceUnavailable
from bot.spend.pacing import Clock

Headers = dict[str, str]
TokenCall = Callable[[Mapping[str, str]], Awaitable[Any]]
"""Posts a form to the token host and gives back the JSON of the answer."""

LIFETIME = 900.0
"""Seconds that an access token is used when the answer does not say how long it lives."""
EARLY = 60.0
"""Seconds before its end at which a token is renewed, so that none ends on the way."""


class Auth(Protocol):
    async def headers(self) -> Headers: ...

    def renew(self, headers: Headers) -> bool:
        """These headers were refused with 401. Whether one more try with fresh ones makes sense."""

    def secrets(self) -> tuple[str, ...]:
        """What must never show up in a text of ours, even if the far end repeats it."""


class ApiToken:
    """The long-lived token that an administrator makes in the product's settings."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    async def headers(self) -> Headers:
        return {"apiToken": _fit_for_a_header(self._token)}

    def renew(self, headers: Headers) -> bool:  # noqa: ARG002  nothing can be renewed here
        return False

    def secrets(self) -> tuple[str, ...]:
        return (self._token.reveal(),)


class ClientCredentials:
    """OAuth: the access token is kept in memory only, and renewed by one caller while the others wait."""

    def __init__(self, client_id: str, client_secret: Secret, call: TokenCall, clock: Clock) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._call = call
        self._clock = clock
        self._token = Secret("")
        self._until = 0.0
        self._renewing = asyncio.Lock()

    async def headers(self) -> Headers:
        async with self._renewing:
            if not self._token or self._clock() >= self._until:
                await self._fetch()
            return {"Authorization": f"Bearer {_fit_for_a_header(self._token)}"}

    def renew(self, headers: Headers) -> bool:
        if headers.get("Authorization") == f"Bearer {self._token.reveal()}":
            self._token = Secret("")
        return True

    def secrets(self) -> tuple[str, ...]:
        return (self._client_secret.reveal(), self._token.reveal())

    async def _fetch(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret.reveal(),
        }
        try:
            answer = await self._call(form)
        except SourceRefused as refused:
            if refused.http_status is None:  # it was not asked
                raise
            if refused.http_status == 400:  # OAuth refuses wrong credentials with 400 as well as with 401
                raise SourceAuth(str(refused), http_status=refused.http_status, code=refused.code) from refused
            raise SourceRefused(
                "Spend Center gives out no access tokens at the address that is set "
                f"(HTTP {refused.http_status}). SPEND_CENTER_TOKEN_URL needs a look.",
                http_status=refused.http_status,
            ) from refused
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise SourceUnavailable("Spend Center answered the sign-in without an access token.", http_status=200)
        lifetime = answer.get("expires_in")
        known = isinstance(lifetime, int) and not isinstance(lifetime, bool) and lifetime > 0
        self._until = self._clock() + max(float(lifetime) - EARLY if known else LIFETIME, 1.0)
        self._token = Secret(token)


def _fit_for_a_header(token: Secret) -> str:
    value = token.reveal().strip()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise SourceAuth(
            "The Spend Center token is empty or has characters that no token has. It needs to be entered again."
        )
    return value
