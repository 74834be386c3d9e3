"""Receipts that Intacct did not take: the transaction stands, one message says so, and only the receipt is sent again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models import PostingState, Selector
from bot.sandbox.intacct.access import all_rights
from bot.store import postings
from bot.store.connections import Connection
from bot.store.postings import Posting
from tests.moved import CLEAN, ledger
from tests.office import DANA, Office, office
from tests.patience import PATIENCE
from tests.test_fetch import buy


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


async def rights(at: Office, *attachments: str) -> None:
    """What the sync's role may do with attachments."""
    given = {policy: list(allowed) for policy, allowed in all_rights().items()}
    given["Attachments"] = list(attachments)
    await at.far.intacct.control("set_role", {"name": "Billcom Role", "policies": given})


async def with_paper(at: Office, connection: Connection) -> list[Posting]:
    rows = await postings.list_postings(at.far.parts.store, connection.id, states=[PostingState.POSTED])
    return [row for row in rows if row.read().receipts]


def attached(at: Office) -> int:
    return sum(bool(one["supdocid"]) for one in ledger(at.far))


async def attaching(at: Office, n: int) -> None:
    """Until so many records have their receipt; a receipt is three calls, and they stand behind everything else."""
    async with asyncio.timeout(PATIENCE):
        while attached(at) < n:  # noqa: ASYNC110  # the far end sets no event of ours
            await asyncio.sleep(0.05)


async def test_refused_receipts_are_one_message_and_only_they_are_sent_again(harbor: Office) -> None:
    await harbor.far.intacct.control("remove_role", {"user_id": "Spendcenter", "role": "Administrator"})
    await rights(harbor)
    chosen = Selector(all=False, cards=(CLEAN,))
    portland = await harbor.far.connect("100", schedule="", selector=chosen)
    room = harbor.room.in_(DANA)
    await room.types("sync")
    async with asyncio.timeout(PATIENCE):
        while len([row for row in await with_paper(harbor, portland) if row.category]) < 10:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.05)
    await room.reads("10 transactions posted, but not the receipt")
    rows = await with_paper(harbor, portland)
    assert attached(harbor) == 0
    assert {(row.state, row.receipt, row.category) for row in rows} == {(PostingState.POSTED, "failed", "attachment")}
    await room.types(f"find {rows[0].reference}")
    await room.sees("The receipt was not attached: ")

    await rights(harbor, "List", "View", "Add", "Edit")
    await room.presses("transactions posted, but not the receipt", f"Attach {len(rows)} receipts")
    await room.reads("Solved: no receipt waits for this any more")

    assert attached(harbor) == len(rows)
    assert len(ledger(harbor.far)) == 10, "no transaction was posted again"
    await room.reads(f"Dana Whitfield asked to attach {len(rows)} receipts again.")
    await room.types(f"find {rows[0].reference}")
    await room.sees("The receipt is attached.")
    assert "Attach" not in json.dumps([block for post in room.posts() for block in post["blocks"]])


async def test_a_folder_that_somebody_deleted_is_made_again_and_a_late_receipt_is_attached(harbor: Office) -> None:
    chosen = Selector(all=False, cards=(CLEAN,))
    await harbor.far.connect("100", schedule="", selector=chosen)
    late = await buy(harbor.far)
    room = harbor.room.in_(DANA)
    await room.types("sync")
    n = 10  # every purchase of that card came with its receipt
    await attaching(harbor, n)
    folders = harbor.far.intacct.gateway.company.tables["SUPDOCFOLDER"]
    for folder in list(folders.rows.values()):
        folders.drop(folder)
    await harbor.far.spend.control("add_receipt", {"uuid": late, "filename": "late.jpg"})

    await room.types("sync")

    await attaching(harbor, n + 1)
    assert len(folders.rows) == 1
    assert len(ledger(harbor.far)) == 11, "no transaction was posted again"
