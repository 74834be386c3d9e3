"""The command line. Exit codes: 0 done, 1 something failed or differs, 2 wrong use or settings."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from collections.abc import Coroutine
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from bot import commands
from bot.hints import explain as hints_explain
from bot.log import set_up
from bot.models import PostingState, RunState
from bot.settings import Need, Settings, SettingsError, load
from bot.store.vault import VaultError, new_key
from bot.sync.connection_file import ConnectionFileError

T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Spend Center to Sage Intacct, in Slack.",
)
connections = typer.Typer(no_args_is_help=True, help="Connections as files.")
hints = typer.Typer(no_args_is_help=True, help="Why postings fail, and how to mend it.")
db = typer.Typer(no_args_is_help=True, help="The database's schema.")
keys = typer.Typer(no_args_is_help=True, help="Encryption keys.")
for name, group in (("connections", connections), ("hints", hints), ("db", db), ("keys", keys)):
    app.add_typer(group, name=name)

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

ConnectionId = Annotated[str, typer.Argument(metavar="ID", help="The connection's ID, as connections list shows it.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DAY")]


class Refused(typer.Exit):
    """Says why on standard error and ends with this code."""

    def __init__(self, text: str, code: int) -> None:
        err.print(text, markup=False)
        super().__init__(code)


def settings_for(*needs: Need) -> Settings:
    try:
        settings = load(*needs)
    except SettingsError as wrong:
        raise Refused(str(wrong), 2) from None
    set_up(settings)
    return settings


def do(work: Coroutine[Any, Any, T]) -> T:
    """Run one command; what people can mend becomes a sentence and an exit code."""
    try:
        return asyncio.run(work)
    except (ConnectionFileError, commands.CommandError, VaultError) as wrong:
        raise Refused(str(wrong), 2) from None
    except commands.Failed as failed:
        raise Refused(str(failed), 1) from None


# --- the bot ---


@app.command()
def run() -> None:
    """The bot: Socket Mode, or HTTP when SLACK_MODE=http. PORT serves /healthz in both."""
    from bot.serve import serve  # noqa: PLC0415  # Slack's libraries are loaded by the one command that needs them

    raise typer.Exit(do(serve(settings_for(Need.STORE, Need.INTACCT, Need.SLACK))))


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Where the page listens.")] = 8765,
    seed: Annotated[
        str, typer.Option(help="The day on which the story plays, like 2026-11-05; today by default.")
    ] = "",
    bot: Annotated[bool, typer.Option(help="Start the bot too.")] = True,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    keep: Annotated[bool, typer.Option(help="Keep the bot's database of the last time.")] = False,
) -> None:
    """Sandbox and bot together on one local page: no account, no token, nothing to set."""
    from bot.sandbox.run import main  # noqa: PLC0415  # only asked for here

    raise typer.Exit(main(port, seed or None, open_browser=open_, with_bot=bot, keep=keep))


@app.command()
def doctor() -> None:
    """Checks settings, database, keys, Slack, Intacct and Spend Center; a line each."""
    from bot.doctor import examine  # noqa: PLC0415  # loads Slack's libraries

    lines = asyncio.run(examine())
    for what, problem in lines:
        out.print(f"{'ok  ' if not problem else 'FAIL'}  {what}{': ' + problem if problem else ''}", markup=False)
    raise typer.Exit(1 if any(problem for _, problem in lines) else 0)


# --- connections ---


@connections.command("list")
def list_connections() -> None:
    """A line for each connection."""
    table = Table("ID", "Name", "State", "Company", "Entity", "Card", "Schedule", "Start", box=None)
    for row, company in do(commands.list_all(settings_for(Need.STORE))):
        start = row.start_date.isoformat() if row.start_date else ""
        table.add_row(
            row.id, row.name, row.state, company.company_id, row.entity_id or "top level", row.card, row.schedule, start
        )
    out.print(table)


@connections.command("import")
def import_(file: Annotated[Path, typer.Argument(help="A connection as TOML; secrets as env:NAME.")]) -> None:
    """Store a connection. Its ID is the last word printed."""
    row, remark = do(commands.import_connection(settings_for(Need.STORE, Need.INTACCT), file))
    if remark:
        err.print(remark, markup=False)
    out.print(f"Imported {row.name} as {row.id}", markup=False)


@connections.command()
def export(connection: ConnectionId) -> None:
    """The connection as TOML, without its secrets."""
    sys.stdout.write(do(commands.export(settings_for(Need.STORE), connection)))


@connections.command("test")
def test_connection(connection: ConnectionId) -> None:
    """Tries both far ends."""
    lines = do(commands.try_out(settings_for(Need.STORE, Need.INTACCT), connection))
    for what, problem in lines:
        out.print(f"{'ok  ' if not problem else 'FAIL'}  {what}{': ' + problem if problem else ''}", markup=False)
    raise typer.Exit(1 if any(problem for _, problem in lines) else 0)


@connections.command()
def remove(connection: ConnectionId) -> None:
    """Forget a connection and its secrets; what it posted stays in Intacct and on record."""
    row = do(commands.remove(settings_for(Need.STORE), connection))
    out.print(f"Removed {row.name} ({row.id}). What it posted stays in Intacct.", markup=False)


# --- syncing ---


@app.command()
def sync(
    connection: ConnectionId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; post nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON per posting, then a summary.")] = False,
) -> None:
    """One sync now. What failed before is tried again."""
    settings = settings_for(Need.STORE, Need.INTACCT)
    if dry_run:
        raise typer.Exit(_dry_run(settings, connection, as_json=as_json))
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), console=err, transient=True, disable=not err.is_terminal
    ) as bar:
        task = bar.add_task("Syncing")
        done = do(
            commands.sync(
                settings,
                connection,
                lambda r: bar.update(task, description=f"Posted {r.posted}, not posted {r.failed}"),
            )
        )
    if as_json:
        for row in done.postings:
            _line(row.transaction, row.state, row.record_no, row.category, row.amount, row.currency, row.date)
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
    _summary(summary, as_json=as_json)
    stopped = done.run.state == RunState.STOPPED
    if stopped:
        err.print(f"The sync stopped early: {done.run.category} {done.run.subject}".rstrip(), markup=False)
    raise typer.Exit(1 if failed or unknown or stopped else 0)


def _dry_run(settings: Settings, connection: str, *, as_json: bool) -> int:
    seen = do(commands.dry_run(settings, connection))
    if as_json:
        for row in seen.rows:
            category = row.verdict.category if row.verdict else ""
            _line(row.transaction, row.state, "", category, row.amount, row.currency, row.date)
    else:
        for cause in seen.would_not:
            out.print(f"{cause.n:>5}  {cause.total:>14,.2f}  {cause.words.header}", markup=False)
    states = [row.state for row in seen.rows]
    failed = states.count(PostingState.FAILED)
    summary = {
        "posted": 0,
        "would_post": seen.would_post[0],
        "failed": failed,
        "held": states.count(PostingState.HELD),
        "unknown": 0,
        "skipped": sum(seen.skipped.values()),
        "seconds": 0,
        "requests": 0,
    }
    _summary(summary, as_json=as_json)
    return 1 if failed else 0


def _line(transaction: str, state: str, record: str, category: str, amount: object, currency: str, day: date) -> None:
    values = (transaction, str(state), record, category, str(amount), currency, day.isoformat())
    keys = ("transaction", "state", "record", "category", "amount", "currency", "date")
    sys.stdout.write(json.dumps(dict(zip(keys, values, strict=True)), ensure_ascii=False) + "\n")


def _summary(summary: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"summary": summary}) + "\n")
    else:
        out.print(" · ".join(f"{key.replace('_', ' ')} {value}" for key, value in summary.items()), markup=False)


@app.command()
def reconcile(
    connection: ConnectionId,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
    as_csv: Annotated[bool, typer.Option("--csv")] = False,
) -> None:
    """The proof that both sides agree, with every difference."""
    proof = do(commands.prove(settings_for(Need.STORE, Need.INTACCT), connection, first.date(), last.date()))
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
    totals = {"spend": str(proof.spend), "intacct": str(proof.intacct), "difference": str(proof.difference)}
    if as_json:
        span = {"from": proof.first.isoformat(), "to": proof.last.isoformat(), "matched": proof.matched}
        sys.stdout.write(json.dumps({**span, "differences": rows, "totals": totals}, ensure_ascii=False) + "\n")
    elif as_csv:
        fields = ["kind", "transaction", "record", "spend_amount", "intacct_amount", "currency", "date", "why"]
        writer = csv.DictWriter(sys.stdout, fields)
        writer.writeheader()
        writer.writerows(rows)
    else:
        table = Table("What", "Transaction", "Record", "Spend Center", "Intacct", "Date", "Why", box=None)
        for row in rows:
            table.add_row(
                *(
                    str(row[key] or "")
                    for key in ("kind", "transaction", "record", "spend_amount", "intacct_amount", "date", "why")
                )
            )
        if rows:
            out.print(table)
        out.print(
            f"{proof.matched} agree · Spend Center {proof.spend:,.2f} · Intacct {proof.intacct:,.2f} · difference {proof.difference:,.2f}"
        )
    raise typer.Exit(1 if proof.differences or proof.difference else 0)


# --- hints, messages ---


@hints.command("list")
def hints_list() -> None:
    """The catalogue, a line each."""
    for row in hints_explain.catalogue_rows():
        out.print(" · ".join(str(value) for value in row.values()), markup=False)


@hints.command()
def explain(file: Annotated[str, typer.Argument(help="A JSON file of raw errors; - for standard input.")]) -> None:
    """What raw errors mean, as people would read it."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        found = hints_explain.explain(text)
    except (OSError, ValueError) as wrong:
        raise Refused(f"{wrong}", 2) from None
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")


@app.command()
def messages() -> None:
    """Every message and view that the bot can send, with sample data, one JSON object a line."""
    from handlers.ui.samples import samples  # noqa: PLC0415  # only asked for here

    for kind, payload in samples():
        sys.stdout.write(json.dumps({"kind": kind, "payload": payload}, ensure_ascii=False) + "\n")


# --- database, keys ---


@db.command()
def upgrade() -> None:
    """Bring the schema to its newest version."""
    from bot.store.database import current  # noqa: PLC0415
    from bot.store.database import upgrade as bring_up

    settings = settings_for(Need.STORE)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    bring_up(settings.store_url)
    out.print(f"The database is at version {current(settings.store_url)}", markup=False)


@db.command("current")
def current_version() -> None:
    """The version that the schema is at."""
    from bot.store.database import current  # noqa: PLC0415

    out.print(current(settings_for(Need.STORE).store_url) or "empty", markup=False)


@keys.command("new")
def keys_new() -> None:
    """A new key for ENCRYPTION_KEYS."""
    sys.stdout.write(new_key() + "\n")


@keys.command()
def rotate() -> None:
    """Encrypt every stored secret anew with the first key."""
    n = do(commands.rotate(settings_for(Need.STORE)))
    out.print(f"{n} secrets are now under the first key", markup=False)


if __name__ == "__main__":
    app()
