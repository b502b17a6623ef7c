"""What a database says of its own tables, and what it lets stand in them: `storage.dialect` for who checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Integer

from storage.dialect import SEARCH_TABLE

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table


def stores_anything(dialect: str) -> bool:
    """A column may hold what is none of its type."""
    return dialect == "sqlite"


def row_number(of: Table, dialect: str) -> str | None:
    """The column by whose numbers the rows of a table can be looked through; None: there is none."""
    if dialect == "sqlite":
        return "rowid" if of.dialect_options["sqlite"]["with_rowid"] else None
    keys = list(of.primary_key)
    return str(keys[0].name) if len(keys) == 1 and isinstance(keys[0].type, Integer) else None


_SCHEMA_NAMES = {
    "sqlite": "SELECT name FROM sqlite_master",
    "postgresql": "SELECT relname FROM pg_class WHERE pg_table_is_visible(oid)",
}
_COLUMN_NAMES = {
    "sqlite": "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c "
    "WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%'",
    "postgresql": "SELECT attrelid::regclass::text, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid "
    "WHERE relkind IN ('r', 'p') AND pg_table_is_visible(attrelid) AND attnum > 0 AND NOT attisdropped",
}


def schema_names(connection: Connection) -> set[str]:
    """The names of all tables, indexes and views."""
    return {str(row[0]) for row in connection.exec_driver_sql(_SCHEMA_NAMES[connection.dialect.name])}


def column_names(connection: Connection) -> set[tuple[str, str]]:
    """Of all columns of tables the names, of the table and their own."""
    rows = connection.exec_driver_sql(_COLUMN_NAMES[connection.dialect.name])
    return {(str(row[0]), str(row[1])) for row in rows}


def search_tables(dialect: str) -> tuple[str, ...]:
    """What the index of the search consists of, https://www.sqlite.org/fts5.html#fts5_data_structures."""
    parts = ("", "_data", "_idx", "_docsize", "_config") if dialect == "sqlite" else ("",)
    return tuple(f"{SEARCH_TABLE}{each}" for each in parts)
