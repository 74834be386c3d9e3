"""The HTTP client of both far ends, closed by whoever leaves it last; and bodies that are unpacked only as far as their cap."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

ACCEPTED = "gzip"
"""What a far end is asked for, and the only coding of a body that is read."""

_SLICE = 256 * 1024
"""Bytes that are unpacked in one go; the loop has its turn in between."""


class Client(httpx.AsyncClient):
    """An `httpx.AsyncClient` that may be closed at any time: a request under way goes on, and closes it at its end.

    httpx itself forgets a connection that is still being made when it is closed, and so leaves it open for ever.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._under_way = 0
        self._closing = False

    @asynccontextmanager
    async def stream(self, *args: Any, **options: Any) -> AsyncIterator[httpx.Response]:
        self._under_way += 1
        try:
            async with super().stream(*args, **options) as response:
                yield response
        finally:
            self._under_way -= 1
            if self._closing:
                await self.aclose()

    async def aclose(self) -> None:
        """At once, or with the end of what is under way."""
        self._closing = True
        if not self._under_way:
            await super().aclose()


async def read_body(response: httpx.Response, cap: int) -> bytes | None:
    """The whole body of an open answer, unpacked; None as soon as it is longer than `cap` bytes, packed or unpacked.

    httpx unpacks each piece whole, however large it becomes, and codings upon codings.

    Raises:
        httpx.DecodingError: it is packed otherwise than once with gzip, or does not unpack.
    """
    codings = [one.strip().lower() for one in ",".join(response.headers.get_list("Content-Encoding")).split(",")]
    match [one for one in codings if one not in {"", "identity"}]:
        case []:
            pieces = response.aiter_raw()
        case ["gzip" | "x-gzip"]:
            pieces = _unpacked(response, cap)
        case _:
            raise httpx.DecodingError("The body is packed in a way that was not asked for.")
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > cap:
            return None
    return bytes(body)


async def _unpacked(response: httpx.Response, cap: int) -> AsyncIterator[bytes]:
    """What the gzip stream holds, a slice at a time; of a packed body beyond the cap nothing more is read."""
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    packed = 0
    async for piece in response.aiter_raw():
        packed += len(piece)
        while piece and not unpack.eof:
            try:
                yield unpack.decompress(piece, _SLICE)
            except zlib.error:
                raise httpx.DecodingError("The body does not unpack.") from None
            if piece := unpack.unconsumed_tail:
                await asyncio.sleep(0)
        if packed > cap:
            raise httpx.DecodingError("The packed body is too large.")
    if packed and not unpack.eof:
        raise httpx.DecodingError("The packed body ends too early.")
