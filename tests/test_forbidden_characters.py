"""A name in Intacct's books with a character that XML 1.0 forbids: its list is read all the same.

Source: the case "one forbidden character in a name of Intacct's answer", and "Characters out" of the sheet on the XML API.
"""

from __future__ import annotations

import logging

import pytest

from bot.models import Secret
from bot.sandbox.seed_company import WEB_SERVICES_PASSWORD
from tests.world import World


async def test_a_list_with_such_a_name_is_read_whole(harbor: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    names = {"V-901": "Sta\x0bples", "V-902": "Quill\x1fcast & Co"}
    for number, name in names.items():
        record = {"VENDORID": number, "NAME": name, "STATUS": "active"}
        await harbor.intacct.control("create_record", {"object": "VENDOR", "record": record})

    client = harbor.parts.intacct_for("HarborPine", "Spendcenter", Secret(WEB_SERVICES_PASSWORD))
    async with client:
        read = {row["VENDORID"]: row["NAME"] async for row in client.query("VENDOR", ["VENDORID", "NAME"])}

    assert (read["V-901"], read["V-902"]) == ("Staples", "Quillcast & Co")
    assert len(read) == len(list(harbor.intacct.gateway.company.rows("VENDOR")))
    assert len([one for one in caplog.records if "characters that XML forbids" in one.getMessage()]) == 1
