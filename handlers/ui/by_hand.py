"""Posted by hand: the form behind the alert's menu, and the way back."""

from __future__ import annotations

import slackblocks as sb

from bot.store.postings import Posting
from bot.sync.alerts import AlertRow, AlertView
from handlers.ui.alerts import headline
from handlers.ui.blocks import Json, actions, alert, button, confirm, labelled, message, modal, option, section, typed
from handlers.ui.text import day, esc, money, plain

FORM, TAKE_BACK = "hand.form", "hand.take_back"
"""Callback id of the form, and action id of the button that takes a mark back."""


def form(view: AlertView, *, one: str = "", record: str = "", reason: str = "", problem: str = "") -> Json:
    """Which transaction, which record, and why; what was typed before a refusal stays."""
    blocks: list[sb.Block] = [alert(problem, "problem")] if problem else []
    said = (
        f"*{esc(headline(view))}*\nOnly where somebody entered this very transaction in Intacct. I look at the record first: "
        "amount, currency and card must agree, it must not be reversed, and no other transaction may have it."
    )
    blocks.append(section(said, "what"))
    rows = [option(_row(view, row), str(row.posting)) for row in view.rows]
    if rows:
        chosen = next((row for row in rows if row.value == one), rows[0] if len(rows) == 1 else None)
        menu = sb.StaticSelectMenu(
            action_id="picked", options=rows, initial_option=chosen, placeholder=sb.PlainText("Pick a transaction")
        )
        blocks.append(labelled("one", "Transaction", menu))
    hint = "Cash Management > Credit card transactions, column Record number."
    blocks.append(typed("record", "Record number", initial=record, hint=hint, most=12))
    blocks.append(typed("reason", "Why was it posted by hand?", initial=reason, most=300))
    return modal("Posted by hand", blocks, callback=FORM, submit="Check and mark", metadata=str(view.alert.id))


def _row(view: AlertView, row: AlertRow) -> str:
    base = view.company.base_currency or view.currency
    return f"{day(row.date)} · {plain(row.merchant, 40)} · {money(row.amount, plain(row.currency, 3), base)}"


def marked(row: Posting, base: str) -> Json:
    """To whoever marked it: what agrees, and the way back."""
    what = f"{esc(plain(row.merchant, 60))}, {money(row.amount, plain(row.currency, 3), base)}"
    text = f"{what}, counts as posted: record {esc(plain(row.record_no, 20))} agrees in amount and card."
    ask = confirm("Take it back?", "I look in Intacct first, then it is open again.", "Take back")
    return message(
        text, [section(text, "said"), actions("do", button("Take back", TAKE_BACK, str(row.id), confirm=ask))]
    )
