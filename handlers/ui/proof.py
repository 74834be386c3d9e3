"""`/intacct proof`: both sides of a month in a message to whoever asked, and every difference, page by page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import slackblocks as sb

from bot.models import Verdict
from bot.sync.differences import Difference
from bot.sync.proof import Proof
from handlers.ui.blocks import Json, actions, button, context, message, modal, section
from handlers.ui.results import because
from handlers.ui.text import clip, count, esc, money, plain

OF = "proof.of."
"""How the action id of a picked connection begins; the month follows, as it was typed."""

PICKED = re.compile(r"proof\.of\..*")
SEE = "proof.see"
PAGES = re.compile(r"proof\.page\.(?:back|on)")
PER_PAGE = 8

GROUPS: tuple[tuple[str, frozenset[str]], ...] = (
    ("not in this ledger", frozenset({"missing", "draft"})),
    ("in Intacct only", frozenset({"extra"})),
    ("another amount or currency", frozenset({"amount", "currency", "double"})),
    ("dated in another month or on another day", frozenset({"month", "date", "reversed"})),
    ("another card", frozenset({"card"})),
    ("reference edited in Intacct", frozenset({"reference"})),
    ("left out by a person, no agreement", frozenset({"ignored"})),
    ("could not be read", frozenset({"unread"})),
)
"""What people see of the kinds, in this order."""

NOT_HERE = "Not in this proof: payments to the bank, cash-back, statement fees, opening and closing balance."


@dataclass(frozen=True, slots=True)
class Scene:
    """Which connection it is, its base currency and its zone."""

    place: str
    base: str
    zone: str


def title(first: date) -> str:
    return f"{first:%B %Y}"


def ordered(proof: Proof) -> list[Difference]:
    """By group, the largest first."""
    place = {kind: at for at, (_, kinds) in enumerate(GROUPS) for kind in kinds}
    return sorted(proof.differences, key=lambda one: (place.get(one.kind, len(GROUPS)), -abs(_parts(one))))


def _parts(one: Difference) -> Decimal:
    """By how much a difference parts the two totals."""
    return (one.spend_amount or Decimal(0)) - (one.intacct_amount or Decimal(0))


def answer(proof: Proof, kept: int, scene: Scene, *, chosen: str = "") -> Json:
    """The totals of both sides and what parts them.

    Args:
        kept: the id under which the pages find it.
        chosen: why this month, where none was named.
    """
    head = f"{title(proof.first)} proof · {esc(plain(scene.place, 80))}: {_verdict(proof, scene.base)}"
    blocks: list[sb.Block] = [section(f"*{head}*", "head"), section(_table(proof), "totals")]
    if lines := _groups(proof, scene.base):
        blocks.append(section(lines, "groups"))
    if proof.remarks:
        blocks.append(section(esc(clip(" ".join(proof.remarks), 2000)), "unread"))
    blocks.append(context(f"{NOT_HERE} {_read(proof, scene.zone)}.{f' {esc(chosen)}.' if chosen else ''}", "read"))
    if proof.differences:
        label = f"See {count(len(proof.differences), 'difference')}"
        blocks.append(actions("do", button(label, SEE, str(kept))))
    return message(f"{head}.", blocks)


def _verdict(proof: Proof, base: str) -> str:
    if not proof.differences and not proof.difference:
        return "both sides agree"
    named = count(len(proof.differences), "difference")
    if not proof.difference:
        return f"{named}, the totals agree"
    return f"{named}, the totals differ by {money(abs(proof.difference), base, base)}"


def _table(proof: Proof) -> str:
    """Both sides under each other, the figures in a column."""
    settled = proof.matched + sum(one.spend_amount is not None for one in proof.differences)
    lines = (
        (f"Spend Center, settled {settled:,}", proof.spend),
        ("Intacct, ledger of the card", proof.intacct),
        ("Difference", proof.difference),
    )
    rows = [f"{label:<34}{_figure(amount):>16}" for label, amount in lines]
    return "```" + "\n".join([*rows, f"{'Agree in every respect':<34}{proof.matched:>16,}"]) + "```"


def _figure(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _groups(proof: Proof, base: str) -> str:
    lines: list[str] = []
    for label, kinds in GROUPS:
        found = [one for one in proof.differences if one.kind in kinds]
        if found:
            parts = sum((_parts(one) for one in found), Decimal(0))
            lines.append(f"{len(lines) + 1}. {count(len(found), 'transaction')}, {money(parts, base, base)}: {label}")
    return "\n".join(lines)


def _read(proof: Proof, zone: str) -> str:
    """`Days in the time zone America/Los_Angeles, as of Nov 3, 5:40 PM PST`."""
    days = f"Days in the time zone {zone}"
    return f"{days}, as of {moment(proof.as_of, zone)}" if proof.as_of else days


def moment(instant: datetime, zone: str) -> str:
    """An instant in the books' own zone, which it names."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local:%b} {local.day}, {local.year}, {local.hour % 12 or 12}:{local:%M %p} {local.tzname()}"


def page(proof: Proof, kept: int, number: int, scene: Scene) -> Json:
    """One page of the differences; the form keeps the proof's id."""
    found = ordered(proof)
    pages = max(1, -(-len(found) // PER_PAGE))
    number = max(0, min(number, pages - 1))
    head = f"*{count(len(found), 'difference')}* · {esc(plain(scene.place, 80))} · {_read(proof, scene.zone)}"
    blocks: list[sb.Block] = [section(head, "count")]
    shown = found[number * PER_PAGE : (number + 1) * PER_PAGE]
    blocks += [section(difference(one, proof, scene.base), f"difference.{at}") for at, one in enumerate(shown)]
    turns: list[sb.Element] = [button("Back", "proof.page.back", str(number - 1))] if number else []
    turns += [button("Next", "proof.page.on", str(number + 1))] if number + 1 < pages else []
    if turns:
        blocks += [context(f"Page {number + 1} of {pages}", "page"), actions("turn", *turns)]
    return modal(f"{title(proof.first)} proof", blocks, close="Close", metadata=str(kept))


def difference(one: Difference, proof: Proof, base: str) -> str:
    """One difference: what, what each side shows for the month, and why."""
    group = next((label for label, kinds in GROUPS if one.kind in kinds), one.kind)
    what = esc(plain(one.merchant, 80)) if one.merchant else _unnamed(one)
    parts = [f"*{what}*", group]
    if one.date is not None:
        parts.append(_day(one.date, proof))
    currency = plain(one.currency, 3) if one.currency else base
    if one.spend_amount is not None or one.intacct_amount is not None:
        for side, amount in (("Spend Center", one.spend_amount), ("Intacct", one.intacct_amount)):
            parts.append(f"{side} {f'none in {proof.first:%B}' if amount is None else money(amount, currency, base)}")
    if one.record:
        parts.append(f"record {esc(plain(one.record, 20))}")
    return f"{' · '.join(parts)}\n{esc(clip(one.why, 900))}"


def _unnamed(one: Difference) -> str:
    if one.record:
        return "Record in Intacct"
    return f"Transaction {esc(plain(one.transaction, 64))}" if one.transaction else "A row of Spend Center"


def _day(day: date, proof: Proof) -> str:
    return f"{day:%b} {day.day}" + (f", {day.year}" if day.year != proof.last.year else "")


def none(first: date, place: str, verdict: Verdict) -> Json:
    """A side did not answer, so nothing is proved."""
    text = (
        f"There is no {title(first)} proof of {esc(plain(place, 80))} yet: one side could not be read. "
        f"{because(verdict)} Ask again with `/intacct proof {first:%Y-%m}`."
    )
    return message(text, [section(text, "said")])


def chosen(first: date, today: date) -> str:
    """Why this month was taken, where nobody named one."""
    if first.month == today.month:
        return "This month, since none was named"
    return f"The month before, since {today:%B} has only begun; /intacct proof {today:%Y-%m} shows this one"


def reading(first: date, place: str) -> str:
    return f"Reading {title(first)} of {place} from both sides. The proof comes to you alone, in a direct message."
