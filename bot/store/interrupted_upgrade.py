"""Undoing what an upgrade had begun that was killed, or ran out of disk, before its version was written (SQLite).

Up to version 0007 each `CREATE` and `ALTER` was committed by itself, so such an upgrade left some of the next version's
tables, columns and indexes behind, and the next start found "table … already exists". No bot ever ran on that
schema: its tables are empty and its columns hold their defaults. Both are proved before anything is dropped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.store.sqlite import WRITE, one_connection

log = logging.getLogger(__name__)

MigrateTo = Callable[[Connection, str], None]
"""`migrate_to(connection, revision)`: bring this connection's schema to that revision, "+1" being the next one."""


class UnusableDatabaseError(Exception):
    """The database is not one that this program may work on; the text says what to do."""


@dataclass(frozen=True, slots=True)
class _Schema:
    """The names in a schema: `columns` are pairs of table and column, with the SQL text of their default."""

    tables: frozenset[str]
    columns: dict[tuple[str, str], str]
    indexes: frozenset[str]


def undo_interrupted_upgrade(connection: Connection, version: str | None, migrate_to: MigrateTo) -> None:
    """Leave exactly the schema of `version`, where more of the next version's is there.

    Raises:
        UnusableDatabaseError: what is there too early holds data, so that it is no leftover.
    """
    was, will_be = _before_and_after(version, migrate_to)
    there = _schema(connection)
    for index in sorted(there.indexes & will_be.indexes - was.indexes):
        _drop(connection, f'INDEX "{index}"')
    for table in sorted(there.tables & will_be.tables - was.tables):
        _prove(connection, f'SELECT 1 FROM "{table}"', table, version)  # noqa: S608  # a name of our own migrations
        _drop(connection, f'TABLE "{table}"')
    for table, column in sorted(there.columns.keys() & will_be.columns.keys() - was.columns.keys()):
        if table in was.tables:
            default = will_be.columns[table, column]
            _prove(connection, f'SELECT 1 FROM "{table}" WHERE "{column}" IS NOT ({default})', table, version)  # noqa: S608  # names and default of our own migrations
            connection.exec_driver_sql(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
            log.warning("an upgrade was interrupted; column %s.%s is made anew", table, column)


def _before_and_after(version: str | None, migrate_to: MigrateTo) -> tuple[_Schema, _Schema]:
    """The schemas of a version and of the one after it, as the migrations make them in an empty database."""
    engine = one_connection(":memory:", WRITE)
    try:
        with engine.begin() as scratch:
            if version is not None:
                migrate_to(scratch, version)
            was = _schema(scratch)
            migrate_to(scratch, "+1")
            return was, _schema(scratch)
    finally:
        engine.dispose()


def _schema(connection: Connection) -> _Schema:
    named = connection.exec_driver_sql(
        "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    )
    names = [(kind, name) for kind, name in named if name != "alembic_version"]
    tables = frozenset(name for kind, name in names if kind == "table")
    columns = {
        (table, column): default or "NULL"
        for table in tables
        for column, default in connection.exec_driver_sql("SELECT name, dflt_value FROM pragma_table_info(?)", (table,))
    }
    return _Schema(tables, columns, frozenset(name for kind, name in names if kind == "index"))


def _prove(connection: Connection, query: str, table: str, version: str | None) -> None:
    """That this query finds nothing."""
    if connection.exec_driver_sql(f"{query} LIMIT 1").first() is not None:
        raise UnusableDatabaseError(
            f"The database says that it is at version {version or 'none'}, but its table {table} holds data of a later"
            " one. Restore the last backup of it."
        )


def _drop(connection: Connection, what: str) -> None:
    connection.exec_driver_sql(f"DROP {what}")
    log.warning("an upgrade was interrupted; %s is made anew", what.lower())
