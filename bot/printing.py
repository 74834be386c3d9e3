"""What the commands print: tables for people, JSON lines and CSV for scripts. Returns exit codes where there is a verdict."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.commands import Foreseen, Synced
from bot.hints.catalogue import hint_for
from bot.hints.words import render
from bot.models import PostingState, RunState
from bot.store.connections import Company, Connection
from bot.store.runs import Run
from bot.sync.alerts import verdict_of_run
from bot.sync.proof import Proof
from bot.sync.remove import Removed

DIFFERENCE = ("kind", "transaction", "record", "spend_amount", "intacct_amount", "currency", "date", "why")
NOT_IN_THE_PROOF = (
    "Not in this proof: payments to the bank, cash-back, statement fees, dispute credits outside the transaction list, "
    "reimbursements."
)


def checked(lines: Sequence[tuple[str, str]]) -> int:
    """A line for each (what, problem); the exit code is 1 when there is a problem."""
    for what, problem in lines:
        _say(f"FAIL  {what}: {problem}" if problem else f"ok    {what}")
    return 1 if any(problem for _, problem in lines) else 0


def connection_table(rows: Sequence[tuple[Connection, Company]]) -> None:
    if not rows:
        _say("There is no connection yet: python -m bot connections import FILE, or /intacct setup in Slack.")
        return
    table = Table("ID", "Name", "State", "Company", "Entity", "Card", "Schedule", "Start", "Owner", box=None)
    for row, company in rows:
        start = row.start_date.isoformat() if row.start_date else ""
        entity = row.entity_id or "top level"
        cells = (row.id, row.name, row.state, company.company_id, entity, row.card, row.schedule, start, row.owner)
        table.add_row(*map(_plain, cells))
    _print(table)


# --- syncing ---


@contextmanager
def progress() -> Iterator[Callable[[Run], None]]:
    """A bar on a terminal, nothing elsewhere; give it the run whenever it may have moved."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Reading Spend Center", total=None)

        def follow(run: Run) -> None:
            if run.posted or run.failed:
                most = max(run.fetched - sum((run.skipped or {}).values()), run.posted + run.failed)
                said = f"Posted {run.posted:,}, not posted {run.failed:,}"
                bar.update(task, description=said, completed=run.posted + run.failed, total=most)

        yield follow


def synced(done: Synced, *, as_json: bool) -> int:
    """The result of a sync; the exit code is 1 when something did not post or the sync stopped early."""
    failed, unknown = done.count(PostingState.FAILED), done.count(PostingState.UNKNOWN)
    summary = {
        "posted": done.run.posted,
        "failed": failed,
        "held": done.count(PostingState.HELD),
        "unknown": unknown,
        "skipped": sum((done.run.skipped or {}).values()),
        "seconds": round(done.seconds, 3),
        "requests": done.run.requests,
    }
    if as_json:
        for row in done.postings:
            _json_line(row.transaction, row.state, row.record_no, row.category, row.amount, row.currency, row.date)
        _json({"summary": summary})
    else:
        _say(_counted(summary))
    stopped = done.run.state == RunState.STOPPED
    if stopped:
        sys.stderr.write(f"The sync stopped before its end. {_why(done.run)}\n")
    return 1 if failed or unknown or stopped else 0


def _why(run: Run) -> str:
    verdict, _ = verdict_of_run(run)
    words = render(hint_for(verdict), verdict)
    return f"{words.header}. {words.why}"


def foreseen(found: Foreseen, *, as_json: bool) -> int:
    """The result of a dry run; the exit code is 1 when something would fail."""
    seen = found.preview
    states = [row.state for row in seen.rows]
    failed = states.count(PostingState.FAILED)
    summary = {
        "posted": 0,
        "would_post": seen.would_post[0],
        "failed": failed,
        "held": states.count(PostingState.HELD),
        "unknown": 0,
        "skipped": sum(seen.skipped.values()),
        "seconds": round(found.seconds, 3),
        "requests": found.requests,
    }
    if as_json:
        for row in seen.rows:
            category = row.verdict.category if row.verdict else ""
            _json_line(row.transaction, row.state, "", category, row.amount, row.currency, row.date)
        _json({"summary": summary})
        return 1 if failed else 0
    _say(f"{seen.would_post[0]:,} would post ({_money(seen.would_post[1], seen.currency)}); nothing was posted.")
    for cause in seen.would_not:
        _say(f"{cause.n:>6,}  {_money(cause.total, seen.currency):>16}  {cause.words.header}")
    for reason, n in sorted(seen.skipped.items()):
        _say(f"{n:>6,}  {'':>16}  not posted: {reason}")
    for remark in seen.remarks:
        _say(remark)
    return 1 if failed else 0


def _json_line(
    transaction: str, state: str, record: str, category: str, amount: Decimal, currency: str, day: date
) -> None:
    _json(
        {
            "transaction": transaction,
            "state": str(state),
            "record": record,
            "category": category,
            "amount": str(amount),
            "currency": currency,
            "date": day.isoformat(),
        }
    )


# --- the proof ---


def removed(what: Removed) -> None:
    """The end of a connection, as Slack tells it, with what stays in doubt."""
    for line in what.sentences(lambda row: _money(row.amount, row.currency)):
        _say(line)


def proved(proof: Proof, *, as_json: bool, as_csv: bool) -> int:
    """The proof in one of three forms; the exit code is 1 when the two sides differ."""
    rows = [
        {
            "kind": one.kind,
            "transaction": one.transaction,
            "record": one.record,
            "spend_amount": None if one.spend_amount is None else str(one.spend_amount),
            "intacct_amount": None if one.intacct_amount is None else str(one.intacct_amount),
            "currency": one.currency,
            "date": one.date.isoformat() if one.date else None,
            "why": one.why,
        }
        for one in proof.differences
    ]
    for remark in proof.remarks:
        sys.stderr.write(f"{remark}\n")
    totals = {"spend": str(proof.spend), "intacct": str(proof.intacct), "difference": str(proof.difference)}
    if as_json:
        span = {"from": proof.first.isoformat(), "to": proof.last.isoformat(), "matched": proof.matched}
        _json({**span, "differences": rows, "totals": totals})
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, DIFFERENCE, lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    else:
        _proof_table(rows)
        sums = (("Spend Center", proof.spend), ("Intacct", proof.intacct), ("difference", proof.difference))
        _say(" · ".join([f"{proof.matched:,} agree", *(f"{name} {total:,.2f}" for name, total in sums)]))
        _say(NOT_IN_THE_PROOF)
    return 1 if proof.differences or proof.difference else 0


def _proof_table(rows: Sequence[dict[str, str | None]]) -> None:
    if not rows:
        return
    table = Table("What", "Transaction", "Record", "Spend Center", "Intacct", "Currency", "Date", "Why", box=None)
    for row in rows:
        table.add_row(*(_plain(row[key] or "") for key in DIFFERENCE))
    _print(table)


def _cell(value: str | None) -> str | None:
    """A text that a spreadsheet would take for a formula gets an apostrophe; amounts stay numbers."""
    if value and value[0] in "=+@\t\r":
        return f"'{value}"
    return value


# --- the ways out ---


def _say(text: str) -> None:
    sys.stdout.write(_plain(text) + "\n")


def _json(data: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")


def _print(table: Table) -> None:
    """As wide as it needs to be where nobody watches, so that scripts get whole lines."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=500)
    console.print(table)


def _plain(text: str) -> str:
    """Foreign text does not move the cursor: control characters become blanks."""
    return "".join(one if one.isprintable() else " " for one in text)


def _counted(summary: dict[str, Any]) -> str:
    return " · ".join(f"{key.replace('_', ' ')} {value}" for key, value in summary.items())


def _money(amount: Decimal, currency: str) -> str:
    sign = "-" if amount < 0 else ""
    return f"{sign}${abs(amount):,.2f}" if currency == "USD" else f"{sign}{abs(amount):,.2f} {currency}"
