"""Clients are shared by all that is at work, and a change of settings cuts nobody off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.models import Secret
from bot.store import connections
from tests.world import World


async def test_whoever_read_the_connection_before_a_change_gets_the_source_of_after_it(harbor: World) -> None:
    old, reach = await harbor.connect("100"), harbor.parts.reach
    before = await reach.source(old)
    new = await connections.change_connection(harbor.parts.store, old.id, name="Portland store")

    after = await reach.source(new)

    assert after is not before
    assert await reach.source(old) is after
    assert await reach.source(new) is after


async def test_a_fetch_under_way_goes_on_with_its_source_after_a_change(harbor: World) -> None:
    old, reach = await harbor.connect("100"), harbor.parts.reach
    source = await reach.source(old)
    pages = source.transactions(None).__aiter__()
    seen = len((await pages.__anext__()).transactions)

    await reach.source(await connections.change_connection(harbor.parts.store, old.id, name="Portland store"))

    async for page in pages:
        seen += len(page.transactions)
    assert seen == len([one async for page in source.transactions(None) for one in page.transactions]) > 50


async def test_a_run_under_way_goes_on_with_its_client_after_the_sign_in_changed(harbor: World) -> None:
    connection, reach = await harbor.connect("100"), harbor.parts.reach
    company = await connections.get_company(harbor.parts.store, connection.company)
    client = await reach.intacct(company)
    await client.sign_in()

    other = await reach.intacct(replace(company, password=Secret("another one altogether")))

    assert other is not client
    assert await client.find_by_reference(["never posted"]) == []


async def test_only_the_one_before_is_kept_and_all_are_closed_at_the_end(harbor: World) -> None:
    connection, reach = await harbor.connect("100"), harbor.parts.reach
    made = [await reach.source(replace(connection, revision=n)) for n in range(3)]

    with pytest.raises(RuntimeError, match="closed"):
        await made[0].transactions(None).__aiter__().__anext__()
    await made[1].transactions(None).__aiter__().__anext__()
    await reach.aclose()
    for one in made[1:]:
        with pytest.raises(RuntimeError, match="closed"):
            await one.transactions(None).__aiter__().__anext__()
