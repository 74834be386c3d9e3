"""Vendors over the simulated gateway: made, set to active and taken off hold, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.intacct_wire import Wire, charge, item, make_wire, parts, query, texts  # noqa: F401 - make_wire is a fixture

MADE = "<vendorid>V-200</vendorid><name>Quillcast</name>"
LINE = "<locationid>110</locationid><vendorid>V-200</vendorid>"


async def create(wire: Wire, fields: str = MADE, **how: Any) -> str:
    result = await wire.one(f"<create_vendor>{fields}<status>active</status></create_vendor>", **how)
    return texts(result) or str(result.findtext("key"))


async def change(wire: Wire, fields: str, number: str = "V-200", **how: Any) -> str:
    result = await wire.one(f'<update_vendor vendorid="{number}">{fields}</update_vendor>', **how)
    return texts(result) or str(result.findtext("key"))


async def test_a_vendor_is_made_used_set_aside_and_brought_back(wire: Wire) -> None:
    assert "Invalid Vendor 'V-200' specified." in texts(await wire.one(charge(item(more=LINE))))

    assert await create(wire) == "V-200"
    found = await wire.one(query("VENDOR", "VENDORID NAME STATUS ONHOLD MEGAENTITYID", "", ""))
    assert [c.text for c in parts(found, "data/VENDOR[VENDORID='V-200']")] == [
        "V-200",
        "Quillcast",
        "active",
        "false",
        "100",
    ]
    assert texts(await wire.one(charge(item(more=LINE)))) == ""

    assert await change(wire, "<onhold>true</onhold>") == "V-200"
    assert "Vendor 'V-200' is on hold." in texts(await wire.one(charge(item(more=LINE))))
    assert await change(wire, "<onhold>false</onhold><status>inactive</status>") == "V-200"
    assert "Activate the vendor V-200, then try again." in texts(await wire.one(charge(item(more=LINE))))
    assert await change(wire, "<status>active</status>") == "V-200"
    assert texts(await wire.one(charge(item(more=LINE)))) == ""


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ("<vendorid>V-1</vendorid><name>New</name>", "Another Vendor with the given value(s) V-1  already exists"),
        (
            "<vendorid>V-2</vendorid><name>Issuer</name>",
            "Another Vendor with the given value(s) Issuer  already exists",
        ),
        ("<vendorid/><name>New</name>", "Required field vendorid is missing"),
        ("<vendorid>V-2</vendorid><name/>", "Required field name is missing"),
        (f"<vendorid>{'V' * 21}</vendorid><name>New</name>", "vendorid: Maximum length cannot be greater than 20"),
        ("<vendorid>V-2</vendorid><name>New</name><taxid>1</taxid>", "does not simulate the field taxid of a vendor"),
    ],
)
async def test_what_cannot_be_made_is_refused_and_leaves_nothing(wire: Wire, fields: str, says: str) -> None:
    assert says in await create(wire, fields)

    assert len(list(wire.sim.gateway.company.rows("VENDOR"))) == 1


async def test_what_cannot_be_changed_is_refused(wire: Wire) -> None:
    top = {"auth": wire.login(locationid="-")}
    assert "The vendor 'V-9' does not exist." in await change(wire, "<status>active</status>", "V-9")
    assert "You cannot update a root level vendor" in await change(wire, "<status>inactive</status>", "V-1")
    assert "Illegal format for status" in await change(wire, "<status>gone</status>", "V-1", **top)
    assert await change(wire, "<status>inactive</status>", "V-1", **top) == "V-1"
    assert await create(wire) == "V-200"
    elsewhere = {"auth": wire.login(locationid="200")}
    assert "The vendor 'V-200' does not exist." in await change(wire, "<status>inactive</status>", **elsewhere)


async def test_each_write_asks_for_its_own_right(wire: Wire) -> None:
    wire.sim.gateway.company.roles["Billcom Role"] = {"Vendors": ["List", "View", "Add"]}
    assert await create(wire) == "V-200"
    assert "API operation UPDATE on objects of type VENDOR" in await change(wire, "<status>inactive</status>")

    wire.sim.gateway.company.roles["Billcom Role"] = {"Vendors": ["List", "View", "Edit"]}
    assert await change(wire, "<status>inactive</status>") == "V-200"
    again = "<vendorid>V-300</vendorid><name>Other</name>"
    assert "API operation CREATE on objects of type VENDOR" in await create(wire, again)
