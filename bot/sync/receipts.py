"""Receipts are attached to what is posted already: a failed or late one never blocks or repeats a posting."""

from __future__ import annotations

import hashlib
import logging

from bot.intacct.errors import FunctionFailure
from bot.intacct.records import Attachment, AttachmentFile
from bot.spend.errors import SourceRefused
from bot.spend.source import Source
from bot.store import postings
from bot.store.postings import Posting
from bot.sync.post import Pass

log = logging.getLogger(__name__)

FOLDER = "Spend Center receipts"
A_TURN = 20
"""Receipts in one turn of the job; each is a call to the source and two to Intacct."""


async def attach_some(work: Pass, source: Source) -> bool:
    """Attach the next receipts that are due. Returns whether there may be more.

    One that is refused is marked so and told on the posting; it is not tried again by itself. One that met a closed line
    stays due.

    Raises:
        IntacctError, SourceError: a far end is not to be had now.
    """
    rows = await postings.receipts_due(work.reach.store, work.connection.id, A_TURN)
    if not rows:
        return False
    await _folder(work)
    for row in rows:
        outcome = "attached"
        try:
            await _attach(work, source, row)
        except (FunctionFailure, SourceRefused, ValueError) as refused:
            log.warning("receipt of posting %d was not attached: %s", row.id, refused)
            outcome = "failed"
        await postings.receipt_done(work.reach.store, row.id, outcome)
    return len(rows) == A_TURN


async def _folder(work: Pass) -> None:
    """The folder, made when it is not there; that it is there already is the ordinary answer."""
    try:
        await work.client.create_attachment_folder(
            _id("folder", work.connection.id), FOLDER, entity=work.connection.entity_id
        )
    except FunctionFailure as refused:
        log.debug("attachment folder: %s", refused)


async def _attach(work: Pass, source: Source, row: Posting) -> None:
    files = tuple([AttachmentFile(receipt.filename, await source.receipt(receipt)) for receipt in row.read().receipts])
    key = f"{work.company.company_id}:{row.reference}"
    supdoc = "sc" + hashlib.sha256(key.encode()).hexdigest()[:16]
    attachment = Attachment(supdoc, f"Receipt {row.reference}"[:80], FOLDER, files)
    entity = work.connection.entity_id
    try:
        await work.client.create_attachment(_id("supdoc", key), attachment, entity=entity)
    except FunctionFailure as refused:
        log.info("attachment %s may be there already: %s", supdoc, refused)
    try:
        await work.client.attach(_id("attach", key), row.record_no, supdoc, entity=entity)
    except FunctionFailure:
        found = await work.client.find_by_reference([row.reference], entity=entity)
        if not any(record.supdoc_id == supdoc for record in found):
            raise


def _id(kind: str, key: str) -> str:
    return f"{kind}-" + hashlib.sha256(key.encode()).hexdigest()[:32]
