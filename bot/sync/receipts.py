"""Receipts are attached to what is posted already: a failed or late one never blocks or repeats a posting."""

from __future__ import annotations

import hashlib
import logging

from bot.hints.catalogue import verdict
from bot.intacct.errors import FunctionFailure
from bot.intacct.records import Attachment, AttachmentFile
from bot.spend.errors import SourceRefused
from bot.spend.source import Source
from bot.store import postings, runs
from bot.store.postings import RECEIPT, Posting
from bot.sync.alerts import raw_words
from bot.sync.post import Pass

log = logging.getLogger(__name__)

FOLDER = "Spend Center receipts"
REFUSED = verdict("attachment-refused", RECEIPT[1])
A_TURN = 20
"""Receipts in one turn of the job; each is a call to the source and two to Intacct."""


async def attach_some(work: Pass, source: Source, asked: str = "") -> bool:
    """Attach the next receipts that are due. Returns whether there may be more.

    One that is refused is marked so and told on the posting; it is tried again when a person asks, or when its file was
    replaced. One that met a closed line stays due.

    Args:
        asked: the intent of the person who wants them tried again; it makes the requests new ones.

    Raises:
        IntacctError, SourceError: a far end is not to be had now.
    """
    rows = await postings.receipts_due(work.reach.store, work.connection.id, A_TURN)
    if not rows:
        return False
    await _folder(work, asked)
    for row in rows:
        store, now = work.reach.store, work.reach.clock()
        try:
            await _attach(work, source, row, asked)
        except (FunctionFailure, SourceRefused, ValueError) as refused:
            log.warning("receipt of posting %d was not attached: %s", row.id, refused)
            fault = refused.fault if isinstance(refused, FunctionFailure) else None
            await postings.receipt_done(store, row.id, "failed", now, (REFUSED, fault))
            told = f"The receipt was not attached: {raw_words(fault) or refused}"
        else:
            await postings.receipt_done(store, row.id, "attached", now)
            told = "The receipt is attached."
        await runs.tell(store, "receipt", told, now, connection=row.connection_id, posting=row.id)
    return len(rows) == A_TURN


async def _folder(work: Pass, asked: str) -> None:
    """The folder, made when it is not there; that it is there already is the ordinary answer."""
    key = f"{work.connection.id}:{work.run.id}:{asked}"  # new with each run, since people delete folders
    try:
        await work.client.create_attachment_folder(_id("folder", key), FOLDER, entity=work.connection.entity_id)
    except FunctionFailure as refused:
        log.debug("attachment folder: %s", refused)


async def _attach(work: Pass, source: Source, row: Posting, asked: str) -> None:
    """The files as one attachment, and the attachment on the record; doing either once more changes nothing."""
    files = tuple([AttachmentFile(receipt.filename, await source.receipt(receipt)) for receipt in row.read().receipts])
    key = f"{work.company.company_id}:{row.reference}"
    supdoc = "sc" + hashlib.sha256(key.encode()).hexdigest()[:16]
    attachment = Attachment(supdoc, f"Receipt {row.reference}"[:80], FOLDER, files)
    entity = work.connection.entity_id
    why: FunctionFailure | None = None
    try:
        await work.client.create_attachment(_id("supdoc", key + asked), attachment, entity=entity)
    except FunctionFailure as refused:  # usually it is there already, which the next call shows
        why = refused
    try:
        await work.client.attach(_id("attach", key + asked), row.record_no, supdoc, entity=entity)
    except FunctionFailure as missing:
        found = await work.client.find_by_reference([row.reference], entity=entity)
        if not any(record.supdoc_id == supdoc for record in found):
            raise (why or missing) from missing


def _id(kind: str, key: str) -> str:
    return f"{kind}-" + hashlib.sha256(key.encode()).hexdigest()[:32]
