"""The command line. Exit codes: 0 done, 1 something failed or differs, 2 wrong use or settings.

Nothing heavy is loaded before a command needs it: scripts call `hints explain` and `keys new` in loops.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from bot.settings import Need, Settings, SettingsError, load


def _later(name: str) -> ModuleType:
    """A module that is loaded when something in it is first asked for."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    from bot import commands, printing
else:
    commands, printing = _later("bot.commands"), _later("bot.printing")

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
for _name, _group in (("connections", connections), ("hints", hints), ("db", db), ("keys", keys)):
    app.add_typer(_group, name=_name)

ConnectionId = Annotated[str, typer.Argument(metavar="ID", help="The connection's ID, as connections list shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


def refuse(text: str, code: int) -> NoReturn:
    """Say why on standard error, and end."""
    sys.stderr.write(text.rstrip() + "\n")
    raise typer.Exit(code)


def settings_for(*needs: Need, passing: bool = True) -> Settings:
    """The settings that a command needs, and the log set up; `passing` is False for what runs until it is stopped."""
    try:
        settings = load(*needs)
    except SettingsError as wrong:
        refuse(str(wrong), 2)
    from bot.log import set_up

    set_up(settings, passing=passing)
    return settings


def do(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run one command; what people can mend becomes a sentence and an exit code."""
    try:
        return asyncio.run(work())
    except commands.WRONG_USE as wrong:
        refuse(str(wrong), 2)
    except commands.Failed as failed:
        refuse(str(failed), 1)
    except commands.TROUBLE as trouble:
        refuse(commands.sentence(trouble), 1)


# --- the bot ---


@app.command()
def run() -> None:
    """The bot: Socket Mode, or HTTP when SLACK_MODE=http. PORT serves /healthz in both."""
    settings = settings_for(Need.STORE, Need.INTACCT, Need.SLACK, passing=False)
    from bot.serve import serve
    from bot.slack_errors import TokenRefused

    try:
        code = do(lambda: serve(settings))
    except TokenRefused as refused:
        refuse(str(refused), 2)
    raise typer.Exit(code)


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Where the page listens.")] = 8765,
    seed: Annotated[int | None, typer.Option(help="The day the story is told for, like 20261105; else today.")] = None,
    bot: Annotated[bool, typer.Option(help="Start the bot too.")] = True,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    keep: Annotated[bool, typer.Option(help="Keep the bot's database of the last time.")] = False,
) -> None:
    """Sandbox and bot together on one local page: no account, no token, nothing to set."""
    from bot.sandbox.run import main

    raise typer.Exit(main(port, seed, open_browser=open_, with_bot=bot, keep=keep))


@app.command()
def doctor() -> None:
    """Checks settings, database, keys, Slack, Intacct and Spend Center; a line each."""
    from bot.doctor import examine

    raise typer.Exit(printing.checked(asyncio.run(examine())))


# --- connections ---


@connections.command("list")
def list_connections() -> None:
    """A line for each connection."""
    settings = settings_for(Need.STORE)
    rows = do(lambda: commands.list_all(settings))
    printing.connection_table(rows)
    for row, _ in rows:
        if not row.owner:
            sys.stderr.write(f"{commands.ownerless(row)}\n")


@connections.command("import")
def import_(file: Annotated[Path, typer.Argument(help="A connection as TOML; secrets as env:NAME.")]) -> None:
    """Store a connection. Its ID is the last word printed."""
    settings = settings_for(Need.STORE)
    row, remarks = do(lambda: commands.import_connection(settings, file))
    for remark in remarks:
        sys.stderr.write(f"{remark}\n")
    sys.stdout.write(f"Imported {row.name} as {row.id}\n")


@connections.command()
def export(connection: ConnectionId) -> None:
    """The connection as TOML, without its secrets."""
    settings = settings_for(Need.STORE)
    sys.stdout.write(do(lambda: commands.export(settings, connection)))


@connections.command("test")
def test_connection(connection: ConnectionId) -> None:
    """Tries both far ends; exit 1 when something is wrong there."""
    settings = settings_for(Need.STORE, Need.INTACCT)
    raise typer.Exit(printing.checked(do(lambda: commands.try_out(settings, connection))))


@connections.command()
def owner(
    connection: ConnectionId,
    user: Annotated[str, typer.Argument(metavar="USER", help="A Slack user ID, like U0123ABCD.")],
) -> None:
    """Name who owns a connection: who may change it, and whose empty lists mean the members of its channel."""
    settings = settings_for(Need.STORE)
    row = do(lambda: commands.name_owner(settings, connection, user))
    sys.stdout.write(f"{row.name} ({row.id}) belongs to {row.owner} now.\n")


@connections.command()
def remove(connection: ConnectionId) -> None:
    """Forget a connection and its secrets; what it posted stays in Intacct and on record."""
    settings = settings_for(Need.STORE)
    printing.removed(do(lambda: commands.remove(settings, connection)))


# --- syncing ---


@app.command()
def sync(
    connection: ConnectionId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; post nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """One sync now; what failed before is tried again. Exit 1 when something did not post, or would not."""
    settings = settings_for(Need.STORE, Need.INTACCT)
    if dry_run:
        foreseen = do(lambda: commands.dry_run(settings, connection))
        raise typer.Exit(printing.foreseen(foreseen, as_json=as_json))
    with printing.progress() as follow:
        done = do(lambda: commands.sync(settings, connection, follow))
    raise typer.Exit(printing.synced(done, as_json=as_json))


@app.command()
def reconcile(
    connection: ConnectionId,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last day.")],
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The differences as a file for a spreadsheet.")] = False,
) -> None:
    """The proof that both sides agree, with every difference. Exit 1 when there is one."""
    if as_json and as_csv:
        refuse("--json and --csv: choose one.", 2)
    if last < first:
        refuse("--to lies before --from.", 2)
    settings = settings_for(Need.STORE, Need.INTACCT)
    proof = do(lambda: commands.prove(settings, connection, first.date(), last.date()))
    raise typer.Exit(printing.proved(proof, as_json=as_json, as_csv=as_csv))


# --- hints, messages ---


@hints.command("list")
def hints_list() -> None:
    """The catalogue, a line each."""
    from bot.hints.explain import catalogue_rows

    for row in catalogue_rows():
        sys.stdout.write(" · ".join(str(value) for value in row.values()) + "\n")


@hints.command()
def explain(file: Annotated[str, typer.Argument(help="A JSON file of raw errors; - for standard input.")]) -> None:
    """What raw errors mean, as people would read it."""
    from bot.hints.explain import explain as explained

    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        found = explained(text.decode("utf-8-sig"))
    except OSError as wrong:
        refuse(f"{file} cannot be read: {wrong.strerror or wrong}.", 2)
    except UnicodeDecodeError:
        refuse(f"{file} is not UTF-8 text.", 2)
    except ValueError as wrong:
        refuse(str(wrong), 2)
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")


@app.command()
def messages() -> None:
    """Every message and view that the bot can send, with sample data, one JSON object a line."""
    from handlers.ui.samples import samples

    for kind, payload in samples():
        sys.stdout.write(json.dumps({"kind": kind, "payload": payload}, ensure_ascii=False) + "\n")


# --- database, keys ---


@db.command()
def upgrade(
    new: Annotated[
        bool, typer.Option("--new", help="A new beginning: no database is missing, an empty one is meant.")
    ] = False,
) -> None:
    """Bring the schema to its newest version. --new: an empty database is meant, though there was one before."""
    settings = settings_for(Need.STORE)
    version = do(lambda: commands.upgrade(settings, new=new))
    sys.stdout.write(f"The database is at version {version}\n")


@db.command("current")
def current_version() -> None:
    """The version that the schema is at, or the word empty."""
    settings = settings_for(Need.STORE)
    sys.stdout.write((do(lambda: commands.current(settings)) or "empty") + "\n")


@keys.command("new")
def keys_new() -> None:
    """A new key for ENCRYPTION_KEYS."""
    from bot.store.vault import new_key

    sys.stdout.write(new_key() + "\n")


@keys.command()
def rotate() -> None:
    """Encrypt every stored secret anew with the first key."""
    settings = settings_for(Need.STORE)
    n = do(lambda: commands.rotate(settings))
    sys.stdout.write(f"{n} secrets are now under the first key\n")


def main() -> None:
    """What `python -m bot` calls. A reader that went away (`| head`) is no failure to talk about."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        app(prog_name="python -m bot")
    except BrokenPipeError:
        raise SystemExit(1) from None
    except Exception as mistake:
        logging.getLogger("bot").debug("the command failed", exc_info=True)
        sys.stderr.write(f"A mistake of this program, not yours: {type(mistake).__name__}: {mistake}\n")
        sys.stderr.write("Run it again with LOG_LEVEL=DEBUG to see where.\n")
        raise SystemExit(1) from None
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
