"""A client that is closed while it is in use leaves no connection behind; bodies are unpacked only as far as their cap."""

from __future__ import annotations

import asyncio
import gc
import gzip
import tracemalloc
import zlib

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.http import ACCEPTED, Client, read_body

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


# --- bodies -----------------------------------------------------------------------------------------------------------

CAP = 1_000_000


def bomb(megabytes: int, layers: int) -> bytes:
    """Zeros packed so many times over: each layer makes them about a thousand times smaller."""
    body = bytes(megabytes * 1_000_000)
    for _ in range(layers):
        body = gzip.compress(body, 9)
    return body


async def received(body: bytes, *codings: str) -> tuple[bytes | None, int]:
    """What is read of an answer with this body over a real socket, and the most memory that reading it took."""

    async def answer(_: web.Request) -> web.Response:
        made = web.Response(body=body)
        for coding in codings:
            made.headers.add("Content-Encoding", coding)
        return made

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server:
        client = Client(trust_env=False, headers={"Accept-Encoding": ACCEPTED})
        try:
            async with client.stream("GET", str(server.make_url("/"))) as response:
                tracemalloc.start()
                try:
                    found = await read_body(response, CAP)
                    return found, tracemalloc.get_traced_memory()[1]
                finally:
                    tracemalloc.stop()
        finally:
            await client.aclose()


@pytest.mark.parametrize(
    "codings",
    [
        ("gzip, gzip",),
        ("gzip", "gzip"),
        ("gzip,GZIP",),
        ("identity, gzip, gzip",),
        ("gzip, br",),
        ("deflate",),
        ("zstd",),
    ],
    ids=", then ".join,
)
async def test_what_is_packed_otherwise_than_once_with_gzip_is_refused(codings: tuple[str, ...]) -> None:
    with pytest.raises(httpx.DecodingError, match="not asked for"):
        await received(bomb(20, 2), *codings)


async def test_a_bomb_is_left_at_the_cap() -> None:
    found, peak = await received(bomb(200, 1), "gzip")

    assert found is None
    assert peak < 4 * CAP


@pytest.mark.parametrize("codings", [("gzip",), ("x-gzip",), ("identity, gzip",), ("GZip",)], ids=", ".join)
async def test_what_is_packed_as_asked_is_read_to_the_last_byte(codings: tuple[str, ...]) -> None:
    body = b"".join(b"%d\n" % number for number in range(155_000))
    assert CAP - 100_000 < len(body) < CAP

    assert (await received(gzip.compress(body), *codings))[0] == body
    assert (await received(body))[0] == body
    assert (await received(body, "identity"))[0] == body
    assert (await received(b"", *codings))[0] == b""
    assert (await received(bytes(CAP)))[0] == bytes(CAP)
    assert (await received(bytes(CAP + 1)))[0] is None


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"x" * 5000)[:-9], zlib.compress(b"x" * 5000)],
    ids=["plain", "cut off", "bare deflate"],
)
async def test_what_does_not_unpack_is_no_body(body: bytes) -> None:
    with pytest.raises(httpx.DecodingError):
        await received(body, "gzip")
