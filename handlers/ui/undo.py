"""A posting whose transaction changed: the form that shows what a reversal writes, and the one that keeps what was posted."""

from __future__ import annotations

from datetime import date

import slackblocks as sb

from bot.sync.alerts import AlertView
from bot.sync.undo import Plan
from handlers.ui.alerts import headline
from handlers.ui.blocks import Json, context, labelled, modal, section, typed
from handlers.ui.text import clip, day, esc, money, plain

REVERSE, KEEP = "alert.reverse", "alert.keep"
"""Action ids of the buttons; REVERSE is also the callback id of its form, which KEEP shares with the alert's *Ignore*."""


def reverse(view: AlertView, plan: Plan, today: date) -> Json:
    """What stands in Intacct, what Spend Center says now, and what is written where on submit."""
    row = plan.row
    record = f"record {esc(plain(row.record_no, 20))}"
    amount = money(row.amount, plain(row.currency, 3), view.company.base_currency or "USD")
    who = esc(plain(row.cardholder, 60)) + (f" ··{esc(plain(row.last4, 4))}" if row.last4 else "")
    blocks: list[sb.Block] = [
        section(f"*{esc(plain(row.merchant, 80))}* · {amount} · {day(row.date, today)} · {who}", "what"),
        section(f"In Intacct: {_safe(plan.old)}, {record}\nIn Spend Center now: {_safe(plan.new)}", "differs"),
        labelled(
            "day",
            "Reverse it on",
            sb.DatePicker(action_id="day", initial_date=plan.propose.isoformat()),
            hint="The record's own day, or the first open day if its period is closed.",
        ),
        section(_after(plan, record, today), "after"),
        context(
            "I look at both sides once more before I write. A record that is reconciled, paid or in a closed period is "
            "left as it is, and the alert says so. Your name stands in the reversal's memo.",
            "note",
        ),
    ]
    again = plan.again is not None
    title, submit = ("Reverse and post again",) * 2 if again else ("Reverse the record", "Reverse")
    return modal(title, blocks, callback=REVERSE, submit=submit, metadata=str(view.alert.id))


def _after(plan: Plan, record: str, today: date) -> str:
    if plan.again is None:
        return f"{record.capitalize()} is reversed on that day, and nothing is posted in its place."
    return (
        f"{record.capitalize()} is reversed on that day; then {_safe(plan.new)} is posted as a new record on "
        f"{day(plan.again, today)}, or with the reversal where you pick a later day for that."
    )


def keep(view: AlertView) -> Json:
    """Why what was posted stays although Spend Center says something else."""
    said = (
        f"*{esc(headline(view))}*\n{esc(clip(view.words.why, 900))}\nWhat was posted stays. The reason is kept with your "
        "name, and the month-end proof lists the difference."
    )
    reason = typed("reason", "Why does it stay?", most=300)
    return modal(
        "Keep what was posted",
        [section(said, "what"), reason],
        callback="alert.ignore",
        submit="Keep",
        metadata=str(view.alert.id),
    )


def _safe(text: str) -> str:
    return esc(plain(text, 300))
