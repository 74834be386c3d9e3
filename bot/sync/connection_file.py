"""A connection as a TOML file: read with every problem told at once, written without its secrets."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from bot.intacct.text import forbidden
from bot.models import Dimension, FieldMapping, Secret, Selector
from bot.schedules import cron
from bot.spend.csv_rows import Format
from bot.store.connections import Company, Connection
from bot.typed_values import kept_limit, limit, requests_at_once, time_zone

TOP = {
    "name",
    "channel",
    "owner",
    "schedule",
    "time_zone",
    "start_date",
    "intacct",
    "spend_center",
    "csv",
    "selector",
    "mapping",
    "options",
}
INTACCT = {"company_id", "user_id", "password", "entity_id", "card", "requests_at_once"}
CSV = {"path", "delimiter", "encoding", "date_format", "decimal", "currency", "columns", "cleared", "ignore"}
CSV_LISTS = ("cleared", "ignore")
USER_ID = re.compile(r"[UW][A-Z0-9]{2,30}")
GLDIM = re.compile(r"GLDIM[A-Z0-9_]{1,60}")
OPTIONS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "wait_for_approval": (bool, "true or false"),
    "receipts_above": ((str, int), 'an amount like "75.00"'),
    "fee_inside": (bool, "true or false"),
    "other_entities": (bool, "true or false"),
    "late_to_open_day": (bool, "true or false"),
    "fallback_vendor": (str, "a vendor ID of Intacct"),
    "vendors": (bool, "true or false"),
    "date": (str, '"occurred" or "cleared"'),
    "currency": (str, "the currency of the books, like USD"),
    "correct": (list, "a list of Slack user IDs"),
    "retry": (list, "a list of Slack user IDs"),
}
"""What a connection may choose beyond the rest: kind of the value, and how it is told."""


NO_USER = "a Slack user ID like U0123ABCD: in Slack, the person's profile > More > Copy member ID"


def is_user(name: str) -> bool:
    """Whether this has the form of a Slack user's ID; channels and teams have other letters before them."""
    return USER_ID.fullmatch(name) is not None


class ConnectionFileError(Exception):
    """The file cannot be used; the text lists every reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(["This connection file cannot be used:", *(f"  {one}" for one in problems)]))
        self.problems = problems


@dataclass(slots=True)
class ConnectionFile:
    """What the file said: columns for the company and for the connection."""

    company_id: str = ""
    company: dict[str, Any] = field(default_factory=dict)
    connection: dict[str, Any] = field(default_factory=dict)


def read(path: Path, environ: Mapping[str, str] = os.environ) -> ConnectionFile:
    """Read and check a connection file; `env:NAME` takes a secret from the environment.

    Raises:
        ConnectionFileError: with all problems.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as refused:
        raise ConnectionFileError([f"{path} cannot be read: {refused.strerror or refused}"]) from None
    except ValueError as refused:  # no TOML, no UTF-8, or a number of thousands of digits
        raise ConnectionFileError([f"it is not TOML: {refused}"]) from None
    return _Reader(data, environ, path.parent).result()


class _Reader:
    """Collects values and problems; every complaint names the key."""

    def __init__(self, data: dict[str, Any], environ: Mapping[str, str], folder: Path) -> None:
        self.data, self.environ, self.folder = data, environ, folder
        self.problems: list[str] = []

    def result(self) -> ConnectionFile:
        data = self.data
        self._unknown(data, TOP, "")
        intacct = self._table("intacct")
        self._unknown(intacct, INTACCT, "intacct.")
        made = ConnectionFile(company_id=self._text(intacct, "company_id", "intacct.", needed=True))
        if made.company_id and ("|" in made.company_id or " " in made.company_id):
            self.problems.append(
                "intacct.company_id looks like a Console ID; the Company ID is the one on Intacct's sign-in page"
            )
        made.company = {
            "user_id": self._text(intacct, "user_id", "intacct.", needed=True),
            "password": self._secret(intacct, "password", "intacct.", needed=True),
            "requests_at_once": self._number(intacct, "requests_at_once", 2),
        }
        made.connection = {
            "name": self._text(data, "name", "", needed=True),
            "channel": self._text(data, "channel", ""),
            "owner": self._owner(),
            "schedule": self._schedule(),
            "time_zone": self._zone(),
            "start_date": self._day(),
            "entity_id": self._text(intacct, "entity_id", "intacct."),
            "card": self._text(intacct, "card", "intacct.", needed=True),
            "selector": self._selector(),
            "mapping": self._mapping(),
            "options": self._options(),
            **self._source(),
        }
        for key in ("company_id", "user_id", "entity_id", "card"):
            self._sent(f"intacct.{key}", intacct.get(key))
        if self.problems:
            raise ConnectionFileError(self.problems)
        return made

    def _sent(self, key: str, value: object) -> None:
        """An ID goes to Intacct whole or not at all: without the characters that XML cannot carry it would be another one."""
        if isinstance(value, str) and (found := forbidden(value.strip())):
            self.problems.append(
                f"{key} has a character that cannot be sent to Intacct ({found}); write the ID as Intacct shows it, and if it "
                "has that character there, rename it in Intacct"
            )

    def _unknown(self, table: Mapping[str, Any], known: set[str], prefix: str) -> None:
        self.problems += [f"{prefix}{key} is not known here" for key in table if key not in known]

    def _table(self, key: str) -> dict[str, Any]:
        value = self.data.get(key, {})
        if isinstance(value, dict):
            return value
        self.problems.append(f"{key} is a table: write [{key}]")
        return {}

    def _text(self, table: Mapping[str, Any], key: str, prefix: str, *, needed: bool = False) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            self.problems.append(f"{prefix}{key} is a text: put it in quotes")
            return ""
        if needed and not value.strip():
            self.problems.append(f"{prefix}{key} is missing")
        return value.strip()

    def _owner(self) -> str:
        name = self._text(self.data, "owner", "")
        if name and not is_user(name):
            self.problems.append(f"owner is {NO_USER}")
        return name

    def _secret(self, table: Mapping[str, Any], key: str, prefix: str, *, needed: bool = False) -> Secret | None:
        value = self._text(table, key, prefix, needed=needed)
        if not value:
            return None
        if not value.startswith("env:"):
            self.problems.append(
                f"{prefix}{key} is a secret and does not belong into a file: write env:NAME and set NAME"
            )
            return None
        found = self.environ.get(value.removeprefix("env:"), "")
        if not found:
            self.problems.append(f"{prefix}{key} names {value.removeprefix('env:')}, which is not set")
        return Secret(found)

    def _number(self, table: Mapping[str, Any], key: str, default: int) -> int:
        value = table.get(key, default)
        try:
            if type(value) is int:
                return requests_at_once(value)
        except ValueError:
            pass
        self.problems.append(f"intacct.{key} is a number from 1 to 50")
        return default

    def _schedule(self) -> str:
        line = self._text(self.data, "schedule", "")
        if line:
            try:
                cron(line, "UTC")
            except ValueError as refused:
                self.problems.append(f"schedule is not usable: {refused}")
        return line

    def _zone(self) -> str:
        name = self._text(self.data, "time_zone", "") or "UTC"
        try:
            return time_zone(name)
        except ValueError:
            self.problems.append(f"time_zone {name!r} is not known; write it like America/Los_Angeles")
        return name

    def _day(self) -> date | None:
        value = self.data.get("start_date")
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value)
            except ValueError:
                value = None
        if type(value) is not date:
            self.problems.append(
                "start_date is missing or no day; nothing before it is ever posted, so it has no default: write it like 2026-10-01"
            )
            return None
        return value

    def _options(self) -> dict[str, Any]:
        table = self._table("options")
        self._unknown(table, set(OPTIONS), "options.")
        for key, value in table.items():
            kind, wanted = OPTIONS.get(key, (object, ""))
            if not isinstance(value, kind):
                self.problems.append(f"options.{key} is {wanted}")
        try:
            above = limit(str(table.get("receipts_above", "")))
        except ValueError as wrong:
            self.problems.append(f'options.receipts_above is an amount like "75.00": {wrong}')
        else:
            table = table | ({"receipts_above": above} if "receipts_above" in table else {})
        for key in ("correct", "retry"):
            listed = table.get(key, [])
            if isinstance(listed, list) and not all(isinstance(one, str) and one.strip() for one in listed):
                self.problems.append(f"options.{key} is a list of Slack user IDs")
        if table.get("date", "occurred") not in {"occurred", "cleared"}:
            self.problems.append('options.date is "occurred" or "cleared"')
        return table

    def _source(self) -> dict[str, Any]:
        if "csv" in self.data and "spend_center" in self.data:
            self.problems.append("there is a [csv] and a [spend_center]; a connection has one source")
        if "csv" in self.data:
            table = self._table("csv")
            self._unknown(table, CSV, "csv.")
            path = self._text(table, "path", "csv.", needed=True)
            self._csv(table)
            return {"csv": {**table, "path": str((self.folder / path).resolve())}}
        table = self._table("spend_center")
        self._unknown(table, {"token", "client_id", "client_secret"}, "spend_center.")
        values = {
            "spend_token": self._secret(table, "token", "spend_center."),
            "client_id": self._text(table, "client_id", "spend_center."),
            "client_secret": self._secret(table, "client_secret", "spend_center."),
        }
        if not table.get("token") and not (table.get("client_id") and table.get("client_secret")):
            self.problems.append(
                "[spend_center] needs a token, or a client_id with its client_secret; or write a [csv] instead"
            )
        return values

    def _csv(self, table: Mapping[str, Any]) -> None:
        columns, before = table.get("columns"), len(self.problems)
        if not isinstance(columns, dict):
            self.problems.append("[csv.columns] is missing: it says which heading holds what")
        elif not all(isinstance(one, str) for one in columns.values()):
            self.problems.append("[csv.columns] holds texts: our key = the file's heading, in quotes")
        texts = sorted(CSV - {"path", "columns", *CSV_LISTS})
        given: dict[str, Any] = {key: self._text(table, key, "csv.") for key in texts}
        given |= {key: self._list(table, key, "csv.") for key in CSV_LISTS}
        given["delimiter"] = str(table.get("delimiter", ""))  # a tab is a delimiter too
        if isinstance(columns, dict) and len(self.problems) == before:
            form = Format(columns, **{key: value for key, value in given.items() if value})
            self.problems += [one.sentence for one in form.problems()]

    def _selector(self) -> Selector:
        table = self._table("selector")
        self._unknown(table, {"all", "cards", "budgets", "field", "values"}, "selector.")
        chosen = {key: self._list(table, key) for key in ("cards", "budgets", "values")}
        some, field_ = any(chosen.values()), self._text(table, "field", "selector.")
        everything = table.get("all", not some)
        if everything and some:
            self.problems.append("selector.all says everything, and cards, budgets or values say less; choose one")
        if not everything and not some:
            self.problems.append("selector chooses nothing: write all = true, or cards, budgets, or field and values")
        if bool(chosen["values"]) != bool(field_):
            self.problems.append("selector.field and selector.values belong together")
        return Selector(bool(everything), chosen["cards"], chosen["budgets"], field_, chosen["values"])

    def _list(self, table: Mapping[str, Any], key: str, prefix: str = "selector.") -> tuple[str, ...]:
        value = table.get(key, [])
        if isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value):
            return tuple(one.strip() for one in value)
        example = "4417" if prefix == "selector." else "Cleared" if key == "cleared" else "State"
        self.problems.append(f'{prefix}{key} is a list of texts, like ["{example}"]')
        return ()

    def _mapping(self) -> dict[str, FieldMapping]:
        found = {}
        for key, table in self._table("mapping").items():
            if key not in set(Dimension) and not GLDIM.fullmatch(key):
                self.problems.append(f"mapping.{key} is no dimension: {', '.join(Dimension)} or GLDIM…")
            elif not isinstance(table, dict) or not isinstance(table.get("values", {}), dict):
                self.problems.append(f"mapping.{key} is a table: write [mapping.{key}] and [mapping.{key}.values]")
            else:
                found[key] = self._field(table, f"mapping.{key}.")
        if Dimension.GL_ACCOUNT not in found:
            self.problems.append("[mapping.gl_account] is missing: every posting needs an account")
        return found

    def _field(self, table: Mapping[str, Any], prefix: str) -> FieldMapping:
        self._unknown(table, {"field", "default", "values"}, prefix)
        values = table.get("values", {})
        wrong = [key for key, value in values.items() if not isinstance(value, str) or not value.strip()]
        self.problems += [f"{prefix}values: {key!r} needs an Intacct ID in quotes" for key in wrong]
        field_, default = self._text(table, "field", prefix), self._text(table, "default", prefix)
        self._sent(f"{prefix}default", default)
        for key, value in values.items():
            self._sent(f"{prefix}values: {key!r}", value)
        if not field_ and not default and prefix == "mapping.gl_account.":
            self.problems.append(f"{prefix}field is missing: which Spend Center field fills it; or write a default")
        return FieldMapping(field_, default, {key: str(value).strip() for key, value in values.items()})


def write(connection: Connection, company: Company) -> str:
    """The connection as such a file; secrets are named, never shown."""
    lines = [
        _pair("name", connection.name),
        _pair("channel", connection.channel),
        _pair("owner", connection.owner) if connection.owner else "",
        _pair("schedule", connection.schedule),
        _pair("time_zone", connection.time_zone),
        f"start_date = {connection.start_date.isoformat()}" if connection.start_date else "",
        "[intacct]",
        _pair("company_id", company.company_id),
        _pair("user_id", company.user_id),
        _pair("password", "env:INTACCT_USER_PASSWORD"),
        _pair("entity_id", connection.entity_id),
        _pair("card", connection.card),
        f"requests_at_once = {company.requests_at_once}",
    ]
    if connection.csv:
        columns = connection.csv.get("columns", {})
        lines += ["[csv]", *(_pair(key, value) for key, value in connection.csv.items() if key != "columns")]
        lines += ["[csv.columns]", *(_pair(key, value) for key, value in columns.items())]
    else:
        lines.append("[spend_center]")
        if connection.spend_token or not connection.client_id:
            lines.append(_pair("token", "env:SPEND_CENTER_TOKEN"))
        else:
            lines += [_pair("client_id", connection.client_id), _pair("client_secret", "env:SPEND_CENTER_SECRET")]
    lines += ["[selector]", *_selector(connection.selects())]
    for key, mapping in connection.codes().items():
        lines += [f"[mapping.{key}]", _pair("field", mapping.field), _pair("default", mapping.default)]
        lines += [f"[mapping.{key}.values]", *(_pair(one, other) for one, other in mapping.values.items())]
    if connection.options:
        lines += [
            "[options]",
            *(
                _pair(key, kept_limit(value) if key == "receipts_above" else value)
                for key, value in connection.options.items()
            ),
        ]
    return "\n".join(line for line in lines if line) + "\n"


def _selector(selector: Selector) -> list[str]:
    if selector.all:
        return ["all = true"]
    lists = (("cards", selector.cards), ("budgets", selector.budgets), ("values", selector.values))
    found = [_pair(key, list(values)) for key, values in lists if values]
    return found + ([_pair("field", selector.field)] if selector.field else [])


def _pair(key: str, value: object) -> str:
    bare = key.replace("_", "").replace("-", "").isalnum() and key.isascii()
    return f"{key if bare else _toml(key)} = {_toml(value)}"


def _toml(value: object) -> str:
    """JSON's strings, booleans, numbers and lists are TOML's too, but for one character that only JSON leaves bare."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
