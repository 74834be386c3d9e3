"""Which locations lie inside an entity, and what may be coded to: one answer for set-up, preview and run."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from bot.intacct.client import IntacctClient
from bot.intacct.locations import placed, read_locations
from bot.models import Dimension, FieldMapping
from bot.store import connections
from bot.store.connections import Connection
from bot.sync.preview import preview
from bot.sync.terms import locations_inside
from bot.walkthrough import shelves
from tests.recorded import values as recorded_values
from tests.world import World, mapping

PORTLAND_HAS, DENVER_HAS = {"100", "110", "111"}, {"200", "250"}


def row(place: str, parent: str = "", entity: str = "", status: str = "active") -> dict[str, str]:
    return {"LOCATIONID": place, "PARENTID": parent, "ENTITY": entity, "STATUS": status}


@pytest.mark.parametrize(
    ("rows", "entities", "inside"),
    [
        # the fact sheet, section 5.5: ENTITY decides; an entity's own row names itself and has no parent
        ([row("100", "", "100"), row("110", "100", "100"), row("200", "", "200")], (), {"100", "110"}),
        ([row("100", "", "100--Portland"), row("110", "999", "100--Portland")], (), {"100", "110"}),
        # a company that does not show ENTITY: up over PARENTID to an ID of LOCATIONENTITY
        (
            [row("100"), row("110", "100"), row("111", "110"), row("200"), row("210", "200")],
            ("100", "200"),
            {"100", "110", "111"},
        ),
        # an entity below another is an entity of its own
        ([row("100"), row("150", "100"), row("151", "150")], ("100", "150"), {"100"}),
        # locations of no entity, and parents that go round in a circle
        ([row("100", "", "100"), row("A", "B"), row("B", "A"), row("C")], ("100",), {"100"}),
        ([], (), {"100"}),
    ],
)
def test_a_location_lies_in_the_entity_that_it_names_else_in_the_next_one_up(
    rows: list[Mapping[str, str]], entities: tuple[str, ...], inside: set[str]
) -> None:
    assert placed(rows, entities).inside("100") == inside


@pytest.fixture
async def far(harbor: World) -> World:
    """Portland with a location two levels below it."""
    for place, parent in (("110", "100"), ("111", "110")):
        record = {"LOCATIONID": place, "NAME": f"Place {place}", "PARENTID": parent}
        await harbor.intacct.control("create_record", {"object": "LOCATION", "record": record})
    return harbor


async def client_of(far: World, connection: Connection) -> IntacctClient:
    company = await connections.get_company(far.parts.store, connection.company)
    return await far.parts.reach.intacct(company)


@pytest.mark.parametrize("absent", [(), ("ENTITY",)])
async def test_set_up_and_run_say_the_same_of_both_entities_whatever_fields_the_company_shows(
    far: World, absent: tuple[str, ...]
) -> None:
    far.intacct.gateway.company.absent_fields = {"LOCATION": frozenset(absent)}
    for entity, wanted in (("100", PORTLAND_HAS), ("200", DENVER_HAS)):
        connection = await far.connect(entity)
        client = await client_of(far, connection)

        assert await locations_inside(client, connection) == frozenset(wanted)
        assert (await shelves.place(client, entity, "")).inside == wanted


async def test_preview_and_run_say_the_same_of_lines_for_another_entity(far: World) -> None:
    """All of Portland is coded to 200 Denver: a question, unless the connection may post for other entities."""
    codes = mapping(far.story) | {"location": FieldMapping(default="200")}
    asked = await far.connect("100", mapping=codes)

    before = await preview(far.parts.reach, asked)
    run = await far.sync(asked)

    assert before.would_post[0] == run.posted == 0
    assert {cause.verdict.category: cause.n for cause in before.would_not}["held.entity"] == 123
    free = await connections.set_option(far.parts.store, asked.id, "other_entities", value=True)
    assert "held.entity" not in {cause.verdict.category for cause in (await preview(far.parts.reach, free)).would_not}
    assert await locations_inside(await client_of(far, free), free) is None


async def test_a_value_that_takes_no_postings_is_offered_nowhere_and_foreseen_by_the_preview(far: World) -> None:
    """Recorded of LOCATION, DEPARTMENT, CLASS, VENDOR and CUSTOMER: a third status beside active and inactive."""
    for name in ("LOCATION", "DEPARTMENT", "CLASS", "VENDOR", "CUSTOMER"):
        assert "active non-posting" in recorded_values(name, "STATUS")
    company = far.intacct.gateway.company
    department = company.find("DEPARTMENT", "40")
    assert department is not None
    company.change(department, {"STATUS": "active non-posting"})
    portland = await far.connect("100")
    client = await client_of(far, portland)

    entries = {one.value_id: one.active async for one in client.list_values(Dimension.DEPARTMENT, entity="100")}
    foreseen = await preview(far.parts.reach, portland)
    run = await far.sync(portland)

    assert (entries["40"], entries["20"]) == (False, True)
    assert "40" not in [one.value_id async for one in client.list_values(Dimension.DEPARTMENT, active_only=True)]
    causes = {cause.verdict.subject: cause.n for cause in foreseen.would_not}
    assert causes["department 40"] > 0
    assert run.posted == foreseen.would_post[0] == 80 - causes["department 40"]
    assert sum(far.booked().values(), Decimal(0)) == foreseen.would_post[1]


async def test_a_location_that_takes_no_postings_is_known_by_its_status(far: World) -> None:
    company = far.intacct.gateway.company
    place = company.find("LOCATION", "110")
    assert place is not None
    company.change(place, {"STATUS": "active non-posting"})
    portland = await far.connect("100")

    found = await read_locations(await client_of(far, portland), entity="100")

    assert found.closed == {"110": "active non-posting", "250": "inactive"}
