"""Ask the cardholders: the form behind the alert's menu, what each of them gets, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import slackblocks as sb

from bot.store.postings import Posting
from bot.sync.alerts import AlertView
from handlers.ui.alerts import headline
from handlers.ui.blocks import Json, fitting, modal, section
from handlers.ui.corrections import missing
from handlers.ui.text import count, day, esc, listed, money, plain

FORM = "people.form"
"""Callback id."""


def ask(view: AlertView, cardholders: Sequence[str], rows: int) -> Json:
    """What will happen, before it happens."""
    names = listed([esc(plain(name, 60)) for name in cardholders[:10]] + (["others"] if len(cardholders) > 10 else []))
    said = (
        f"*{esc(headline(view))}*\nEach of {count(len(cardholders), 'cardholder')} gets one direct message with their own "
        f"transactions, {rows:,} in all, and what is wanted: {esc(plain(missing(view), 120))}.\n{names}"
    )
    blocks = [section(said, "what")]
    return modal("Ask the cardholders", blocks, callback=FORM, submit="Ask", metadata=str(view.alert.id))


def asked(view: AlertView, by: str, rows: Sequence[Posting], today: date) -> Json:
    """To one cardholder: their own transactions, and what to do."""
    base = view.company.base_currency or view.currency
    n = count(len(rows), "card transaction")
    text = f"{esc(plain(by, 80))} asks for your help with {n}: {esc(plain(missing(view), 120))} is wanted."
    groups: list[list[sb.Block]] = [[section(text, "asks")]]
    for at in range(0, len(rows), 5):
        lines = [
            f"{day(row.date, today)} · {esc(plain(row.merchant, 60))} · {money(row.amount, plain(row.currency, 3), base)}"
            for row in rows[at : at + 5]
        ]
        groups.append([section("\n".join(lines), f"rows.{at}")])
    done = "Add it to each in BILL Spend & Expense; the next sync takes it from there. Nothing else is needed."
    groups.insert(1, [section(done, "done")])
    return fitting(text, groups, "And more, which Spend & Expense shows.")


def told(asked_of: Sequence[str], again: Sequence[str], unknown: Sequence[str]) -> str:
    """To whoever asked: who was asked, who was asked today already, and who is not in Slack."""
    said = [f"Asked {listed([*asked_of])}." if asked_of else "Nobody was asked."]
    if again:
        said.append(f"{listed([*again])} had this message today already.")
    if unknown:
        said.append(f"Not found in Slack by e-mail: {listed([*unknown])}.")
    return " ".join(said)
