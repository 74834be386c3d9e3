"""The modals behind an alert: details page by page, ignore, snooze, asking someone else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import slackblocks as sb

from bot.store.postings import Posting
from bot.sync.alerts import AlertView
from handlers.ui.alerts import headline, where
from handlers.ui.blocks import Json, actions, button, context, labelled, message, modal, section, typed
from handlers.ui.text import clip, count, esc, money, plain

ANSWERS = re.compile(r"alert\.answer\.[a-z_]+")
PAGES = re.compile(r"alert\.page\.(?:back|on)")
ROWS = 25


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a longer list, which page it is, and how many there are."""

    rows: tuple[Posting, ...]
    number: int
    pages: int
    n: int

    @classmethod
    def of(cls, rows: Sequence[Posting], number: int) -> Page:
        pages = max(1, -(-len(rows) // ROWS))
        at = max(0, min(number, pages - 1))
        return cls(tuple(rows[at * ROWS : (at + 1) * ROWS]), at, pages, len(rows))


def details(view: AlertView, page: Page) -> Json:
    """What the cause is, the transactions behind it, and Intacct's own words."""
    blocks: list[sb.Block] = [section(f"*{esc(headline(view))}*\n{esc(clip(view.words.why, 900))}", "why")]
    if view.connection is None:
        blocks.append(section(f"Waiting: {esc(clip(where(view), 900))}", "waiting"))
    blocks += _rows(view, page)
    blocks += turn(page, "alert.page", f"details:{view.alert.id}")
    if view.details:
        blocks.append(section(f"Details for your Sage admin:\n{esc(clip(view.details, 2200))}", "details"))
    return modal("Details", blocks, close="Close")


def records(view: AlertView, page: Page) -> Json:
    """What a solved alert posted, with Intacct's record numbers."""
    blocks: list[sb.Block] = [section(count(page.n, "transaction") + " posted", "count")]
    return modal(
        "Records", [*blocks, *_rows(view, page), *turn(page, "alert.page", f"records:{view.alert.id}")], close="Close"
    )


def _rows(view: AlertView, page: Page) -> list[sb.Block]:
    """Five rows a section: a section holds 3,000 characters."""
    return rows(page, view.company.base_currency or view.currency)


def rows(page: Page, base: str) -> list[sb.Block]:
    """Transactions as lines; `base` is the currency whose code is left out."""
    lines = [_line(row, base) for row in page.rows]
    return [section("\n".join(lines[at : at + 5]), f"rows.{page.number}.{at}") for at in range(0, len(lines), 5)]


def _line(row: Posting, base: str) -> str:
    parts = [
        row.date.isoformat(),
        esc(plain(row.merchant, 60)),
        esc(plain(row.cardholder, 40)) + (f" ··{esc(plain(row.last4, 4))}" if row.last4 else ""),
        money(row.amount, plain(row.currency, 3), base),
    ]
    if row.record_no:
        parts.append(f"record {esc(plain(row.record_no, 20))}")
    return " · ".join(parts)


def turn(page: Page, action: str, of: str) -> list[sb.Block]:
    """Back and on, where there is more than one page: action ids `<action>.back` and `.on`, values `<of>:<page>`."""
    if page.pages < 2:
        return []
    found: list[sb.Element] = []
    if page.number:
        found.append(button("Back", f"{action}.back", f"{of}:{page.number - 1}"))
    if page.number + 1 < page.pages:
        found.append(button("Next", f"{action}.on", f"{of}:{page.number + 1}"))
    said = context(f"Page {page.number + 1} of {page.pages}, {count(page.n, 'transaction')}", "page")
    return [said, actions("turn", *found)]


def ignore(view: AlertView) -> Json:
    total = money(view.total, view.currency, view.company.base_currency or view.currency)
    said = (
        f"{count(view.n, 'transaction')}, {total}, will stay out of Intacct for good. The reason is kept with your name, and "
        "the month-end proof lists them."
    )
    blocks = [section(said, "what"), _reason("Why are they left out?")]
    return modal("Ignore", blocks, callback="alert.ignore", submit="Ignore", metadata=str(view.alert.id))


def snooze(view: AlertView, first: date) -> Json:
    said = f"*{esc(headline(view))}*\nThis stays quiet until the day you pick, 07:00; these are not posted meanwhile."
    day = sb.DatePicker(action_id="picked", initial_date=first.isoformat())
    blocks = [section(said, "what"), labelled("until", "Quiet until", day), _reason("Why can it wait?")]
    return modal("Snooze", blocks, callback="alert.snooze", submit="Snooze", metadata=str(view.alert.id))


def _reason(label: str) -> sb.Block:
    return typed("reason", label, most=300)


def ask(view: AlertView) -> Json:
    said = f"*{esc(headline(view))}*\nWho looks after {_there(view)}? That person gets the way out in a direct message."
    who = sb.UserSelectMenu(action_id="picked")
    blocks = [section(said, "what"), labelled("person", "Administrator", who)]
    return modal("Ask the administrator", blocks, callback="alert.asked", submit="Ask", metadata=str(view.alert.id))


def _there(view: AlertView) -> str:
    """Whose administrator can help."""
    return "Spend Center" if view.alert.category.startswith("source.") else "Sage Intacct"


def asked(view: AlertView, by: str, sender: str) -> Json:
    """To the administrator: what is wrong, what to do, and a button that proves it."""
    title = esc(headline(view))
    ways = "\n".join(f"{at}. {esc(clip(way, 600))}" for at, way in enumerate(view.words.ways[:4], 1))
    where = "Spend Center" if _there(view) == "Spend Center" else f"Sage Intacct company {esc(view.company.company_id)}"
    text = f"{esc(plain(by, 80))} asks for your help with {where}: {title}."
    blocks: list[sb.Block] = [
        section(text, "asks"),
        section(esc(clip(view.words.why, 900)), "why"),
        section(ways, "ways"),
    ]
    if sender and view.alert.category == "auth.sender_not_authorized":
        blocks.append(context(f"Sender ID of this app: `{esc(plain(sender, 60))}`", "sender"))
    blocks.append(
        actions("do", button("Check and resume", "alert.check_and_resume", str(view.alert.id), style="primary"))
    )
    return message(text, blocks)
