"""The HTTP client of both far ends: closed by whoever leaves it last."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx


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
