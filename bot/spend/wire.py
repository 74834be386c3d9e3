"""One call to the API: signed in, paced, repeated where that is safe, and read into JSON or an exception."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import httpx

from bot.http import ACCEPTED, read_body
from bot.spend.auth import Auth, Headers
from bot.spend.errors import (
    ReceiptRefused,
    SourceAuth,
    SourceBusy,
    SourceRefused,
    SourceUnavailable,
    failure,
)
from bot.spend.pacing import Pacer, Sleep
from bot.spend.records import parse_json

BACK_OFF = (1.0, 2.0, 4.0)
"""Seconds before the second, third and fourth try."""
LONGEST_WAIT = 300.0
"""Seconds; whoever is asked to wait longer is told so instead."""
BODY_CAP = 16_000_000
RECEIPT_CAP = 15_000_000
HOPS = 4
TIMEOUT = httpx.Timeout(30.0, connect=10.0)


class Wire:
    """Everything that has to do with HTTP. `base_url` ends in `/connect`; a read is a GET, and only reads are repeated.

    `token_url` is where OAuth gives out access tokens: a host of its own, not below the API (BILL's OpenAPI).
    """

    def __init__(
        self, base_url: str, http: httpx.AsyncClient, pacer: Pacer, sleep: Sleep, *, token_url: str = ""
    ) -> None:
        self.base = httpx.URL(base_url.rstrip("/"))
        self._token_url = token_url
        self._http = http
        self._pacer = pacer
        self._sleep = sleep
        self.auth: Auth

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        return await self._signed("GET", path, params=params)

    async def put(self, path: str, body: Any) -> Any:
        return await self._signed("PUT", path, json=body)

    def spare(self) -> float:
        return self._pacer.spare()

    async def sign_in(self, form: Mapping[str, str]) -> Any:
        """The token call of OAuth; asking twice for a token does no harm, so it is repeated like a read."""
        if not self._token_url:
            raise SourceRefused(
                "Where Spend Center gives out access tokens for a client ID is not known for this address of its API. Set SPEND_CENTER_TOKEN_URL."
            )
        return await self._patiently("POST", httpx.URL(self._token_url), {}, repeat=True, data=form)

    async def _signed(self, method: str, path: str, **content: Any) -> Any:
        url = self.base.copy_with(raw_path=self.base.raw_path.rstrip(b"/") + path.encode("ascii"))
        headers = await self.auth.headers()
        try:
            return await self._patiently(method, url, headers, repeat=method == "GET", **content)
        except SourceAuth as refused:
            if refused.http_status != 401 or not self.auth.renew(headers):
                raise
        headers = await self.auth.headers()
        return await self._patiently(method, url, headers, repeat=method == "GET", **content)

    async def _patiently(self, method: str, url: httpx.URL, headers: Headers, *, repeat: bool, **content: Any) -> Any:
        """A refusal for too many calls is no execution, so it is repeated for writes too; a lost answer only for reads."""
        for pause in (*BACK_OFF, None):
            try:
                return await self._once(method, url, headers, **content)
            except SourceBusy as busy:
                wait = max(busy.retry_after or 0.0, BACK_OFF[0])
                if pause is None or wait > LONGEST_WAIT:
                    raise
                self._pacer.hold(wait)
            except SourceUnavailable as lost:
                wait = max(lost.retry_after or 0.0, pause or 0.0)
                if pause is None or not repeat or wait > LONGEST_WAIT:
                    raise
                await self._sleep(wait)
        raise AssertionError  # the last pause is None, and every branch above then raises

    async def _once(self, method: str, url: httpx.URL, headers: Headers, **content: Any) -> Any:
        async with self._pacer.turn(), self._answer(method, url, headers, **content) as response:
            body = await read_body(response, BODY_CAP)
        if body is None:
            raise SourceUnavailable("Spend Center sent far more than was asked for.", http_status=response.status_code)
        if not response.is_success:
            raise failure(response.status_code, response.headers, body, self.auth.secrets())
        try:
            return parse_json(body) if body.strip() else None
        except ValueError:
            sentence = "Spend Center answered with something that is not data."
            raise SourceUnavailable(sentence, http_status=response.status_code) from None

    async def download(self, url: str) -> bytes:
        """A receipt, from whatever address the source named. The sign-in goes along only to addresses of the API itself.

        Raises:
            ReceiptRefused: not http(s), an address inside our own network, too large, or refused over there.
            SourceUnavailable: no answer, or a server error.
        """
        for _ in range(HOPS):
            target = self._outside(url)
            own = self._is_api(target)
            headers = await self.auth.headers() if own else {}
            async with (
                self._pacer.turn() if own else nullcontext(),
                self._answer("GET", target, headers) as response,
            ):
                if response.has_redirect_location:
                    url = str(target.join(response.headers["location"]))
                    continue
                if response.status_code >= 500:
                    raise SourceUnavailable("The receipt could not be fetched.", http_status=response.status_code)
                if response.status_code != 200:
                    raise ReceiptRefused("The receipt is not there any more.", http_status=response.status_code)
                try:
                    body = await read_body(response, RECEIPT_CAP)
                except httpx.DecodingError:
                    raise ReceiptRefused("The receipt came packed in a way that cannot be read.") from None
                if body is None:
                    raise ReceiptRefused(f"The receipt is larger than {RECEIPT_CAP // 1_000_000} MB.")
                return body
        raise ReceiptRefused("The receipt's address leads round in a circle.")

    def _outside(self, url: str) -> httpx.URL:
        try:
            target = httpx.URL(url)
        except (httpx.InvalidURL, ValueError):
            raise ReceiptRefused("The receipt has no readable address.") from None
        if target.scheme not in ("http", "https") or not target.host:
            raise ReceiptRefused("The receipt's address is not a web address.")
        if target.host != self.base.host and _inside(target.host):
            raise ReceiptRefused("The receipt's address lies inside a private network.")
        return target

    def _is_api(self, url: httpx.URL) -> bool:
        """Whether an address lies under the API's own; beside it, the same host may keep files that need no sign-in."""
        return _origin(url) == _origin(self.base) and url.path.startswith(self.base.path.rstrip("/") + "/")

    @asynccontextmanager
    async def _answer(
        self, method: str, url: httpx.URL, headers: Headers, **content: Any
    ) -> AsyncIterator[httpx.Response]:
        """The open answer; every way in which a line can fail becomes one exception."""
        asked = {"Accept-Encoding": ACCEPTED, **headers}
        try:
            async with self._http.stream(
                method, url, headers=asked, follow_redirects=False, timeout=TIMEOUT, **content
            ) as response:
                yield response
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise SourceUnavailable(f"Spend Center did not answer ({type(error).__name__}).") from error


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _inside(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
