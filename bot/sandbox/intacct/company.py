"""The company's books: records in tables, the ledger, who closed what, and an undo log for requests that roll back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bot.sandbox.intacct.errors import Problem
from bot.sandbox.intacct.fields import DEFAULTS, DIMENSIONS, OBJECTS, stored

Row = dict[str, Any]


class Table:
    """The records of one object, found by record number and by the ID that people see."""

    def __init__(self, id_field: str) -> None:
        self.id_field = id_field
        self.rows: dict[int, Row] = {}
        self.by_id: dict[str, Row] = {}

    def add(self, row: Row) -> None:
        self.rows[row["RECORDNO"]] = row
        self.by_id[str(row.get(self.id_field, ""))] = row

    def drop(self, row: Row) -> None:
        self.rows.pop(row["RECORDNO"], None)
        self.by_id.pop(str(row.get(self.id_field, "")), None)


class Company:
    """One Intacct company, made from the plain dict that a story or a test gives (shape: the seed's `Story.company`)."""

    def __init__(self, source: dict[str, Any]) -> None:
        self.id: str = source["company_id"]
        self.name: str = source.get("name", self.id)
        self.base_currency: str = source.get("base_currency", "USD")
        self.multi_entity: bool = source.get("multi_entity", False)
        self.multi_currency: bool = source.get("multi_currency", False)
        self.demo_expired: bool = source.get("demo_expired", False)
        self.endpoint_host: str | None = source.get("endpoint_host")
        self.senders: dict[str, str] = {name: entry["password"] for name, entry in source.get("senders", {}).items()}
        self.authorized: dict[str, str] = dict(source.get("authorized", {}))
        self.pending: dict[str, str] = dict(source.get("pending_authorizations", {}))
        self.users: list[Row] = [dict(user) for user in source.get("users", [])]
        self.roles: dict[str, Any] = dict(source.get("roles", {}))
        self.applications: list[str] = list(source.get("applications", []))
        self.preferences: dict[str, dict[str, str]] = {k: dict(v) for k, v in source.get("preferences", {}).items()}
        self.extra_fields: dict[str, tuple[str, ...]] = {k: tuple(v) for k, v in source.get("extra_fields", {}).items()}
        self.absent_fields: dict[str, frozenset[str]] = {
            name: frozenset(fields) for name, fields in source.get("absent_fields", {}).items()
        }
        self.custom_fields: frozenset[str] = frozenset(source.get("custom_fields", ()))
        self.rates: dict[str, str] = dict(source.get("exchange_rates", {}))
        self.closed: dict[str, dict[str, date | None]] = {
            ledger: {entity: date.fromisoformat(day) if day else None for entity, day in days.items()}
            for ledger, days in source.get("closed_through", {}).items()
        }
        self.restricted: set[tuple[str, str, str]] = set()  # account, object and value that may not stand together
        self.refusals: dict[str, Problem] = {}  # part of a payee, and what is answered for it
        self.fixed: dict[tuple[str, str], tuple[str, str]] = {}  # object and value, and the other value that it brings
        self.opened: set[str] = set()  # cards whose transactions somebody has open
        self.revoked: set[str] = set()  # senders that Sage itself refuses
        self.web_services = True
        self.attachment_types: frozenset[str] = frozenset()  # empty: all are taken
        self.mailbox: list[Row] = []
        self.balances: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self.undo: list[Callable[[], None]] | None = None
        self._next = int(source.get("next_recordno", 1))
        self.dimensions = frozenset(source.get("objects", {}))
        self.tables: dict[str, Table] = {name: Table(kind.id_field) for name, kind in OBJECTS.items()}
        self._ids = {
            str(row.get(OBJECTS[name].id_field))
            for name, rows in source.get("objects", {}).items()
            for row in (rows if name in OBJECTS else ())
        }
        self._load(source.get("objects", {}))

    # --- records ------------------------------------------------------------------------------------------------------

    def _load(self, objects: dict[str, list[dict[str, Any]]]) -> None:
        for name, rows in objects.items():
            if name not in OBJECTS:
                raise ValueError(f"The books know no object '{name}'. They know: {', '.join(OBJECTS)}.")
            kinds = OBJECTS[name].fields
            for given in rows:
                if derived := [key for key in given if key.endswith("#")]:
                    raise ValueError(f"{', '.join(derived)} of {name} are record numbers: they follow from the IDs.")
                row: Row = self.defaults(name)
                row |= {key: stored(kinds.get(key, "text"), value) for key, value in given.items()}
                row["RECORDNO"] = row.get("RECORDNO") or self.number()
                self.tables[name].add(row)
        for number, user in enumerate(self.users, start=1):
            for key, value in {
                "RECORDNO": number,
                "STATUS": "active",
                "ENTITIES": [],
                "ROLES": [],
                "rights": {},
            }.items():
                user.setdefault(key, value)
        for row in self.rows("CCTRANSACTION"):
            row.setdefault("lines", [e for e in self.rows("CCTRANSACTIONENTRY") if e["RECORDKEY"] == row["RECORDNO"]])
            self._book(row, 1)

    def defaults(self, name: str) -> Row:
        """What a new record of an object has before anything is given."""
        given = {key: value for key, value in DEFAULTS.get(name, {}).items() if self.has_field(name, key)}
        general = {"STATUS": "active", "MEGAENTITYID": ""}
        return given | {key: value for key, value in general.items() if key in OBJECTS[name].fields}

    def number(self) -> int:
        """The next record number, never one that people know as an ID; a rolled-back request leaves a gap, as a sequence does."""
        while str(self._next) in self._ids or any(str(self._next) in table.by_id for table in self.tables.values()):
            self._next += 1
        self._next += 1
        return self._next - 1

    def rows(self, name: str) -> Iterable[Row]:
        return self.tables[name].rows.values()

    def find(self, name: str, key: str) -> Row | None:
        return self.tables[name].by_id.get(key)

    def insert(self, name: str, row: Row) -> Row:
        row["RECORDNO"] = self.number()
        table = self.tables[name]
        table.add(row)
        self._remember(lambda: table.drop(row))
        return row

    def change(self, row: Row, changes: Row) -> None:
        before = dict(row)

        def restore() -> None:
            row.clear()
            row.update(before)

        row.update(changes)
        self._remember(restore)

    def delete(self, name: str, row: Row) -> None:
        table = self.tables[name]
        table.drop(row)
        self._remember(lambda: table.add(row))

    def _remember(self, step: Callable[[], None]) -> None:
        if self.undo is not None:
            self.undo.append(step)

    def roll_back(self) -> None:
        """Undoes all that was written since `undo` was set to a list."""
        steps, self.undo = self.undo or [], None
        for step in reversed(steps):
            step()

    def reversals_that_came_due(self, today: date) -> None:
        """A reversed record is called `Reversal` until the day of its reversal has come, and `Reversed` from then on."""
        for row in self.rows("CCTRANSACTION"):
            if row["STATE"] == "Reversal" and row.get("REVERSALKEY") and row["turned"] <= today:
                row.update({"STATE": "Reversed", "RAWSTATE": "V"})

    # --- the ledger ---------------------------------------------------------------------------------------------------

    def book(self, transaction: Row, sign: int = 1) -> None:
        """Debits a card transaction's lines and credits its card's offset account, location by location."""
        self._book(transaction, sign)
        self._remember(lambda: self._book(transaction, -sign))

    def _book(self, transaction: Row, sign: int) -> None:
        for account, location, value in list(self.legs(transaction)):
            self.balances[account, location] += sign * value

    def legs(self, transaction: Row) -> Iterable[tuple[str, str, Decimal]]:
        """(account, location, amount in base currency; debit is positive) of one card transaction; they sum to 0."""
        offset = str(transaction.get("offset", ""))
        for line in transaction.get("lines", ()):
            yield str(line["ACCOUNTNO"]), str(line.get("LOCATIONID", "")), line["AMOUNT"]
            yield offset, str(line.get("LOCATIONID", "")), -line["AMOUNT"]

    # --- entities, periods, users -------------------------------------------------------------------------------------

    def entity_of(self, location: str) -> str:
        """The entity that a location belongs to; empty for a location of no entity."""
        seen: set[str] = set()
        while location and location not in seen:
            if self.find("LOCATIONENTITY", location):
                return location
            seen.add(location)
            row = self.find("LOCATION", location) or {}
            location = str(row.get("PARENTID") or "")
        return ""

    def currency_of(self, entity: str) -> str:
        row = self.find("LOCATIONENTITY", entity) or {}
        return str(row.get("CURRENCY") or self.base_currency)

    @property
    def multi_base_currency(self) -> bool:
        return len({self.currency_of(str(row["LOCATIONID"])) for row in self.rows("LOCATIONENTITY")}) > 1

    def first_open(self, ledger: str, entity: str) -> date | None:
        """The first open day of a ledger (GL or CM) for an entity, "" being the top level; None when all is open."""
        closed = self.closed.get(ledger, {}).get(entity)
        return closed + timedelta(days=1) if closed else None

    def user(self, login: str) -> Row | None:
        return next((user for user in self.users if user["LOGINID"] == login), None)

    def has_field(self, name: str, field: str) -> bool:
        """Whether an object has a field here: those of dimensions that the company does not have are missing.

        The company's dict may take others away as `absent_fields`, since subscriptions decide what a real company shows.
        """
        if field in self.absent_fields.get(name, ()):
            return False
        kind = OBJECTS[name]
        suffix = field.removeprefix("REQUIRE")
        if name == "GLACCOUNT" and suffix != field:
            known = DIMENSIONS.get(suffix)
            return known is not None and known[0] in self.dimensions
        return field in kind.fields or field in self.extra_fields.get(name, ())

    def offset_owner(self, account: str) -> str:
        """What an account number is the own account of: "Credit Card X", "Bank account Y", or empty."""
        for row in self.rows("CREDITCARD"):
            if row.get("LIABACCTKEY") == account:
                return f"Credit Card {row['CARDID']}"
        for row in self.rows("CHECKINGACCOUNT"):
            if row.get("GLACCOUNTNO") == account:
                return f"Bank account {row['BANKACCOUNTID']}"
        return ""
