"""The way from a posted transaction to its record in Intacct: as Intacct tells it, and only to Intacct."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import PostingState
from bot.store import connections, postings
from bot.store.connections import Connection
from bot.store.postings import Posting
from bot.sync.link import link, trusted
from tests.world import World

GATEWAY = "https://api.intacct.com/ia/xml/xmlgw.phtml"


async def one_posted(harbor: World) -> tuple[Connection, Posting]:
    portland = await harbor.connect("100")
    await harbor.sync(portland)
    rows = await postings.list_postings(harbor.parts.store, portland.id, states=[PostingState.POSTED])
    return portland, rows[0]


async def test_the_address_leads_to_the_record(harbor: World) -> None:
    portland, row = await one_posted(harbor)

    address = await link(harbor.parts.reach, portland, row)

    async with httpx.AsyncClient() as browser:
        page = await browser.get(address)
        gone = await browser.get(address.replace(row.record_no, "999999"))
    assert page.status_code == 200
    assert f"Credit card transaction {row.record_no}" in page.text
    assert row.reference in page.text
    assert f"{row.amount:,.2f} USD" in page.text
    assert gone.status_code == 404


async def test_a_payee_of_markup_is_text_on_the_record_s_page(harbor: World) -> None:
    portland, row = await one_posted(harbor)
    held = harbor.intacct.gateway.company.tables["CCTRANSACTION"].rows[int(row.record_no)]
    held["payee"] = "<script>alert(1)</script>"

    async with httpx.AsyncClient() as browser:
        page = await browser.get(await link(harbor.parts.reach, portland, row))

    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script" not in page.text


async def test_there_is_no_way_while_intacct_does_not_answer_and_one_afterwards(harbor: World) -> None:
    portland, row = await one_posted(harbor)
    await link(harbor.parts.reach, portland, row)
    await harbor.intacct.control("fault", {"kind": "html", "count": 99})

    assert await link(harbor.parts.reach, portland, row) == ""

    await harbor.intacct.control("clear_faults", {})
    assert await link(harbor.parts.reach, portland, row)


async def test_nobody_is_asked_for_what_has_no_record_or_cannot_be_read(harbor: World) -> None:
    portland, row = await one_posted(harbor)
    [waiting, *_] = await postings.list_postings(harbor.parts.store, portland.id, states=[PostingState.FAILED])
    before = harbor.intacct.gateway.requests_served

    assert await link(harbor.parts.reach, portland, waiting) == ""
    await connections.set_problem(harbor.parts.store, portland.company, {"category": "auth.login"}, harbor.clock())
    assert await link(harbor.parts.reach, portland, row) == ""

    assert harbor.intacct.gateway.requests_served == before


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://www.intacct.com/ia/acct/ur.phtml?.r=ijVqUVXUX3Tzex", True),
        ("https://www-p02.intacct.com/ia/acct/ur.phtml?.r=abc", True),
        ("https://intacct.com/acct/ur.phtml?.r=abc", True),
        ("http://www.intacct.com/ia/acct/ur.phtml?.r=abc", False),
        ("https://intacct.com.example.org/ur.phtml", False),
        ("https://notintacct.com/ur.phtml", False),
        ("https://www.intacct.com@example.org/ur.phtml", False),
        ("https://www.intacct.com/a|b", False),
        ("https://www.intacct.com/> <!channel>", False),
        ("https://www.intacct.com/" + "x" * 1000, False),
        ("https://[broken", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_only_an_address_of_intacct_s_own_is_shown(address: str, good: bool) -> None:
    assert trusted(address, GATEWAY) is good


@given(st.text(max_size=60))
def test_no_text_makes_an_address_that_breaks_a_message(text: str) -> None:
    address = f"https://www.intacct.com/{text}"

    assert not trusted(address, GATEWAY) or not set(address) & set("<>| \n")
