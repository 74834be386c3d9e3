"""What a connection learns of its far ends, and books that it must not post to."""

from __future__ import annotations

from typing import Any

import pytest

from bot.models import PostingState, RunState
from bot.sandbox.intacct.access import all_rights
from bot.store import connections, postings, told
from bot.store.connections import Connection
from bot.sync.introduce import Unsuitable, introduce
from tests.world import World


def entity(harbor: World, entity_id: str, **changes: Any) -> None:
    """Change an entity in the books."""
    row = harbor.intacct.gateway.company.find("LOCATIONENTITY", entity_id)
    assert row is not None
    row.update(changes)


async def bare(harbor: World, entity_id: str = "100") -> Connection:
    """A connection as an import leaves it: nothing known but what the file says."""
    made = await harbor.connect(entity_id, entity_name="")
    await connections.change_company(harbor.parts.store, made.company, base_currency="")
    return made


async def test_both_sides_are_asked_once_and_what_they_said_is_kept(harbor: World) -> None:
    known = await introduce(harbor.parts.reach, await bare(harbor))
    requests = (await harbor.parts.reach.intacct(await _company(harbor, known))).requests
    again = await introduce(harbor.parts.reach, known)

    assert (known.entity_name, known.option("currency"), known.card_account) == ("Portland", "USD", "2150")
    assert known.default_location == "100"
    assert known.spend_company
    assert again == known
    assert (await harbor.parts.reach.intacct(await _company(harbor, known))).requests == requests


async def record_no(harbor: World, name: str, key: str) -> str:
    row = harbor.intacct.gateway.company.find(name, key)
    assert row is not None
    return str(row["RECORDNO"])


async def test_record_numbers_that_an_earlier_version_kept_are_corrected_at_the_next_run(harbor: World) -> None:
    """Earlier versions asked for LOCATION# and LIABACCT#, record numbers in every company, and took them for IDs."""
    place, account = await record_no(harbor, "LOCATION", "100"), await record_no(harbor, "GLACCOUNT", "2150")
    met = await harbor.connect(default_location=place, card_account=account, options={"currency": "USD"})

    run = await harbor.sync(met)

    known = await connections.get_connection(harbor.parts.store, met.id)
    assert known is not None
    assert (known.default_location, known.card_account) == ("100", "2150")
    assert (run.posted, run.failed) == (80, 43)  # as without the mistake: 37 departments, 6 closed accounts
    assert list((await told.corrections(harbor.parts.store, met.id)).values()) == [
        f"default location {place} → 100, offset account {account} → 2150"
    ]


@pytest.mark.parametrize("kept", ["110", "250", "Portland", "4711"])
async def test_any_other_location_or_account_stays_as_somebody_chose_it(harbor: World, kept: str) -> None:
    met = await harbor.connect(default_location=kept, card_account="2151", options={"currency": "USD"})

    known = await introduce(harbor.parts.reach, met)

    assert (known.default_location, known.card_account) == (kept, "2151")
    assert await told.corrections(harbor.parts.store, met.id) == {}


async def test_what_is_kept_of_the_card_is_compared_once_and_what_is_chosen_later_stays(harbor: World) -> None:
    place = await record_no(harbor, "LOCATION", "100")
    known = await introduce(harbor.parts.reach, await bare(harbor))

    chosen = await connections.change_connection(harbor.parts.store, known.id, default_location=place)

    assert (await introduce(harbor.parts.reach, chosen)).default_location == place


async def test_while_locations_may_not_be_read_nothing_is_corrected_and_it_is_tried_again(harbor: World) -> None:
    place = await record_no(harbor, "LOCATION", "100")
    met = await harbor.connect(default_location=place, card_account="2150", options={"currency": "USD"})
    locations = harbor.intacct.gateway.company.roles.copy()
    everything = all_rights()
    harbor.intacct.gateway.company.roles["Billcom Role"] = everything | {"Locations": []}
    user = harbor.intacct.gateway.company.user("Spendcenter")
    assert user is not None
    user["ROLES"] = ["Billcom Role"]
    assert (await introduce(harbor.parts.reach, met)).default_location == place

    harbor.intacct.gateway.company.roles.update(locations)

    assert (await introduce(harbor.parts.reach, met)).default_location == "100"


async def _company(harbor: World, connection: Connection) -> connections.Company:
    return await connections.get_company(harbor.parts.store, connection.company)


async def test_an_entity_that_records_tax_is_refused_and_nothing_is_posted(harbor: World) -> None:
    entity(harbor, "100", TAXSOLUTIONID="United Kingdom - VAT")
    portland = await bare(harbor)

    with pytest.raises(Unsuitable, match="100 Portland records VAT; card spend would post without it"):
        await introduce(harbor.parts.reach, portland)
    run = await harbor.sync(portland)

    assert (run.state, run.category) == (RunState.STOPPED, "tax")
    assert harbor.booked() == {}

    entity(harbor, "100", TAXSOLUTIONID="")
    assert (await harbor.sync(portland)).posted == 80


async def test_the_top_level_of_a_company_with_two_currencies_is_refused(harbor: World) -> None:
    entity(harbor, "200", CURRENCY="CAD")
    whole = await bare(harbor, "")

    with pytest.raises(Unsuitable, match="The entities use CAD and USD"):
        await introduce(harbor.parts.reach, whole)
    run = await harbor.sync(whole)

    assert (run.state, run.category) == (RunState.STOPPED, "currency")


async def test_in_an_entity_its_own_currency_counts_and_others_wait(harbor: World) -> None:
    entity(harbor, "100", CURRENCY="CAD")
    portland = await bare(harbor)

    run = await harbor.sync(portland)

    assert (run.state, run.posted) == (RunState.FINISHED, 0)
    held = await postings.list_postings(harbor.parts.store, portland.id, states=[PostingState.HELD])
    assert {row.category for row in held} == {"currency"}
