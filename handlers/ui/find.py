"""`/intacct find`: what was found, page by page, and one transaction's life from the first reading to its record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import slackblocks as sb

from bot.hints.catalogue import hint_for
from bot.hints.words import render
from bot.models import AttemptState, Fault, PostingState, RetryClass, Verdict
from bot.store.attempts import Attempt
from bot.store.find import Past
from bot.store.postings import BY_HAND, Posting
from bot.store.rows import from_json
from bot.store.rules import LOCKED, NOWHERE, WRITTEN, YES
from bot.sync.alerts import raw_words
from handlers.ui import by_hand, story
from handlers.ui.blocks import Json, actions, button, confirm, context, modal, section
from handlers.ui.text import clip, count, esc, money, plain, when

OPEN = "find.open"
PAGES = re.compile(r"find\.page\.(?:back|on)")
PER_PAGE = 10
MOST = 200
"""Rows that one search keeps: their ids fit into the form's own memory."""

NONE = "Nothing was found for that. Try a merchant, an amount, a day, a cardholder, a reference or a record number."
HOW = "Type what you know after `/intacct find`: a merchant, an amount, a day, a cardholder, a reference or a record number."
WHERE = "In Intacct: Cash Management > Credit card transactions, record number"
"""The menu in words; the record's own page is linked where Intacct tells its address."""

SHOWN = 25
"""Moments of a life in one form, the newest; an old transaction that was tried a hundred times has more."""

DEEDS = {
    "ignored": "left it out",
    "kept": "kept what was posted",
    "by hand": "marked it as posted by hand",
    "taken back": "took it back",
}
TRIES = {
    AttemptState.SENDING: "Sent to Intacct; no answer yet",
    AttemptState.POSTED: "Posted",
    AttemptState.REFUSED: "Refused by Intacct",
    AttemptState.WITHDRAWN: "Not sent",
    AttemptState.UNKNOWN: "Sent; the answer was lost, so Intacct is asked",
}

BACK = {
    YES: "written to Spend Center",
    LOCKED: "not written to Spend Center, where it is locked",
    NOWHERE: "not written to Spend Center, which has no value for it",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What the words need beside the rows: where each connection is, its base currency and zone, people's names."""

    places: Mapping[str, str]
    bases: Mapping[str, str]
    zones: Mapping[str, str]
    names: Mapping[str, str]

    def name(self, user: str) -> str:
        return esc(plain(self.names.get(user, "") or "Someone", 80))


def found(rows: Sequence[Posting], page: int, ids: Sequence[int], scene: Scene) -> Json:
    """One page of what was found; the form keeps the ids of all of it."""
    pages = max(1, -(-len(ids) // PER_PAGE))
    more = f", the {MOST} newest; another word narrows it down" if len(ids) == MOST else ""
    blocks: list[sb.Block] = [section(f"*{count(len(ids), 'transaction')}*{more}", "count")]
    for row in rows:
        line = f"{_what(row, scene)}\n{state(row)}"
        blocks.append(section(line, f"row.{row.id}", button("Open", OPEN, str(row.id), aloud=f"Open {row.merchant}")))
    turns: list[sb.Element] = [button("Back", "find.page.back", str(page - 1))] if page else []
    turns += [button("Next", "find.page.on", str(page + 1))] if page + 1 < pages else []
    if turns:
        blocks += [context(f"Page {page + 1} of {pages}", "page"), actions("turn", *turns)]
    return modal("Found", blocks, close="Close", metadata=",".join(str(one) for one in ids))


def _what(row: Posting, scene: Scene) -> str:
    base = scene.bases.get(row.connection_id, "USD")
    card = f" ··{esc(plain(row.last4, 4))}" if row.last4 else ""
    who = f"{esc(plain(row.cardholder, 60))}{card}"
    amount = money(row.amount, plain(row.currency, 3), base)
    return f"*{esc(plain(row.merchant, 80))}* · {amount} · {row.date.isoformat()} · {who}"


def state(row: Posting) -> str:
    """Where it stands, in a few words."""
    said = {
        PostingState.POSTED: f"Posted, record {esc(plain(row.record_no, 20))}",
        PostingState.POSTING: "On its way to Intacct",
        PostingState.UNKNOWN: "Checking with Intacct whether it posted; do not enter it by hand",
        PostingState.IGNORED: "Left out, as a person decided",
        PostingState.REVERSING: f"Posted, record {esc(plain(row.record_no, 20))}; its reversal is being made or looked up",
        PostingState.REVERSED: f"Reversed: record {esc(plain(row.record_no, 20))}, nothing in its place",
        PostingState.PENDING: "Goes with the next sync",
    }
    if row.state == PostingState.POSTED and BY_HAND in (row.decision or {}):
        return f"{said[PostingState.POSTED]}, entered by hand"
    if row.state in said and not (row.state == PostingState.PENDING and row.category):
        return said[PostingState(row.state)]
    verdict = Verdict(row.category, row.subject, RetryClass.NO, tuple((row.details or {}).items()))
    words = esc(clip(render(hint_for(verdict), verdict).header, 160)) if row.category else "Waits for its cardholder"
    return f"Being tried again: {words}" if row.state == PostingState.PENDING else f"Not posted: {words}"


def life(row: Posting, past: Past, posted: Mapping[int, bool], scene: Scene, address: str = "") -> Json:
    """Everything that happened to one transaction.

    Args:
        posted: of the postings in a story, whether they are posted now.
        address: where the record's page is in Intacct; one that `bot.sync.link` trusts.
    """
    zone = scene.zones.get(row.connection_id, "UTC")
    place = esc(plain(scene.places.get(row.connection_id, ""), 80))
    head = f"{_what(row, scene)}\n{state(row)} · {place}\nReference `{esc(plain(row.reference, 64))}`"
    blocks: list[sb.Block] = [section(head, "what")]
    if row.record_no:
        number = esc(plain(row.record_no, 20))
        linked = f"<{esc(address)}|{number}>" if address else number
        blocks.append(context(f"{WHERE} {linked}", "where"))
    if past.rules:
        blocks.append(context(f"Coded with the help of rule {', '.join(one.name for one in past.rules)}", "rules"))
    moments = sorted(_moments(row, past, posted, scene), key=lambda one: one[0])
    if len(moments) > SHOWN:
        blocks.append(context(f"The newest {SHOWN} of {len(moments)} moments", "more"))
    for at, (instant, text) in enumerate(moments[-SHOWN:]):
        blocks.append(section(f"{when(instant, zone)} · {text}", f"moment.{at}"))
    if row.state == PostingState.IGNORED or (row.state == PostingState.POSTED and BY_HAND in (row.decision or {})):
        sure = confirm("Take it back?", "I look in Intacct first, then it is open again.", "Take back")
        blocks.append(actions("do", button("Take back", by_hand.TAKE_BACK, str(row.id), confirm=sure)))
    return modal("Transaction", blocks, close="Close")


def _moments(row: Posting, past: Past, posted: Mapping[int, bool], scene: Scene) -> list[tuple[datetime, str]]:
    zone = scene.zones.get(row.connection_id, "UTC")
    found = [(row.created, "Read from Spend Center for the first time")]
    found += [(one.answered or one.committed, _try(one)) for one in past.attempts]
    for event in past.events:
        who = scene.name(event.actor) if event.actor else "This app"
        if event.what in DEEDS:
            found.append((event.at, f"{who} {DEEDS[event.what]}: {esc(clip(event.text, 500))}"))
        elif event.what == "receipt":
            found.append((event.at, esc(clip(event.text, 1500))))
        elif event.what in {"reversed", "not reversed"}:
            found.append((event.at, f"{esc(clip(event.text, 500))} {who} had asked for it."))
        elif event.what == WRITTEN:
            found.append((event.at, f"What a rule filled: {BACK[event.text]}"))
        elif event.what == "settled":
            found.append((event.at, "Found in Intacct after the answer was lost"))
    for alert in past.alerts:
        for line in alert.story:
            ids = [int(one) for one in line.get("postings") or []]
            if row.id in ids and "at" in line and line.get("did") not in {"by hand", "reversed"}:
                done = sum(posted.get(one, False) for one in ids)
                actor = scene.names.get(str(line.get("actor") or ""), "")
                if text := story.reply(line, alert.category, actor or "Someone", done, zone):
                    found.append((datetime.fromisoformat(str(line["at"])), text))
    return found


def _try(one: Attempt) -> str:
    """One try, with Intacct's words in full."""
    said = TRIES[AttemptState(one.state)]
    if one.reverses:
        said = "Reversed" if one.state == AttemptState.POSTED else f"Reversal: {said[0].lower()}{said[1:]}"
    if one.state == AttemptState.POSTED:
        again = ", found after the answer was lost" if one.looked or one.resent else ""
        return f"{said}: record {esc(plain(one.record_no, 20))}{again}"
    fault = raw_words(from_json(Fault, one.fault)) if one.fault else ""
    return f"{said}: {esc(clip(fault, 1500))}" if fault else said
