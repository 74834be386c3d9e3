"""A client that is closed while it is in use leaves no connection behind."""

from __future__ import annotations

import asyncio
import gc

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.http import Client

STEPS = range(30)
"""Turns of the loop after which it is closed: before the connection is made, while it is, and while the answer comes."""


async def asked(client: Client, url: str) -> bytes:
    async with client.stream("GET", url) as response:
        return await response.aread()


async def test_a_request_under_way_is_answered_and_its_connection_closed() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="here")

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server:
        for steps in STEPS:
            client = Client(trust_env=False)
            one = asyncio.create_task(asked(client, str(server.make_url("/"))))
            for _ in range(steps):
                await asyncio.sleep(0)

            await client.aclose()

            if steps:  # by then it is under way
                assert await one == b"here"
            else:
                with pytest.raises(RuntimeError, match="closed"):
                    await one
            assert client.is_closed
            del client, one
    gc.collect()  # what was left open would be an error here


async def test_a_request_that_is_cut_off_closes_it_too() -> None:
    client = Client(trust_env=False, transport=httpx.MockTransport(_never))
    one = asyncio.create_task(asked(client, "http://intacct.test/"))
    await asyncio.sleep(0.01)
    await client.aclose()
    assert not client.is_closed

    one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one

    assert client.is_closed


async def _never(_: httpx.Request) -> httpx.Response:
    await asyncio.Event().wait()
    raise AssertionError
