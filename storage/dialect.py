"""The only place that asks which database it is: insert-or-update, lists of values, full text.

Each function takes the connection's dialect by name, `connection.dialect.name`. PostgreSQL is foreseen:
what it lacks raises NotImplementedError here and nowhere else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Text, bindparam, column, func, select, table, text
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Column, Connection, Select, Table, TableValuedAlias

#: The full-text table; its rows are article versions, by id.
SEARCH_TABLE = "search_index"


def insert(into: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return postgresql.insert(into) if dialect == "postgresql" else sqlite.insert(into)


def insert_row(connection: Connection, into: Table, values: Mapping[str, object]) -> int:
    """Insert one row and return its id."""
    key = connection.execute(into.insert(), values).inserted_primary_key
    if key is None:
        raise AssertionError(f"the rows of {into.name} have no id")
    return int(key[0])


def insert_pairs(connection: Connection, into: Table, pairs: Sequence[tuple[int, int]]) -> None:
    """Insert many rows of two integers, without SQLAlchemy's work for each of them."""
    if pairs:
        names = ", ".join(each.name for each in into.c)
        mark = "%s" if connection.dialect.name == "postgresql" else "?"
        statement = f"INSERT INTO {into.name} ({names}) VALUES ({mark}, {mark})"  # noqa: S608  # names of our tables
        connection.exec_driver_sql(statement, list(pairs))


def is_called_directly(dialect: str) -> bool:
    """Its driver takes statements as SQLAlchemy writes them, with values by place; see `storage.direct`."""
    return dialect == "sqlite"


def late_ids(dialect: str) -> int:
    """How far below the highest id that was seen a new row may yet come to light.

    Where several write at once, they do not commit in the order in which they took their ids.
    """
    return 256 if dialect == "postgresql" else 0


def numbers(parameter: str, dialect: str) -> TableValuedAlias:
    """A table with one column `value`: the integers of a parameter made by `pack`."""
    return _values(parameter, dialect, BigInteger())


def texts(parameter: str, dialect: str) -> TableValuedAlias:
    """A table with one column `value`: the strings of a parameter made by `pack`."""
    return _values(parameter, dialect, Text())


def _values(parameter: str, dialect: str, kind: BigInteger | Text) -> TableValuedAlias:
    # One parameter whatever the length: the statement is compiled once, and no limit on parameters is met.
    if dialect == "postgresql":
        array = bindparam(parameter, type_=postgresql.ARRAY(kind))
        return func.unnest(array).table_valued(column("value", kind)).render_derived()
    return func.json_each(bindparam(parameter, type_=Text())).table_valued(column("value", kind))


def texts_of(array: Column[object], dialect: str) -> TableValuedAlias:
    """A table with one column `value`: the strings of a JSON array in a column of the enclosing statement."""
    if dialect == "postgresql":
        return func.json_array_elements_text(array).table_valued(column("value", Text())).render_derived()
    return func.json_each(array).table_valued(column("value", Text()))


def pack(values: Iterable[int] | Iterable[str], dialect: str) -> object:
    """Return the parameter for `numbers` or `texts`."""
    return list(values) if dialect == "postgresql" else json.dumps(list(values), separators=(",", ":"))


# --- full text --------------------------------------------------------------------------------------

#: Full-text rows are made of our own tokens with spaces between; see the migration that makes the table.
_ADD_TO_INDEX = text(f"INSERT INTO {SEARCH_TABLE} (rowid, title, body) VALUES (:version_id, :title, :body)")  # noqa: S608  # a constant


def index_line(tokens: Iterable[str]) -> str:
    """Return tokens as one line, in which the index finds exactly them."""
    return " ".join(tokens)


def add_to_index(connection: Connection, version_id: int, title: str, body: str) -> None:
    """Make an article version findable; *title* and *body* are made by `index_line`."""
    if connection.dialect.name != "sqlite":
        raise NotImplementedError("full text on PostgreSQL")
    connection.execute(_ADD_TO_INDEX, {"version_id": version_id, "title": title, "body": body})


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Adjacent tokens in one column; the last may be the start of one."""

    tokens: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """All clauses hold."""

    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """At least one clause holds."""

    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InColumn:
    """The clause holds in that column alone: "title" or "body"."""

    column: str
    clause: Clause


#: What can be asked of the index.
Clause = Phrase | AllOf | AnyOf | InColumn


def in_index(parameter: str, dialect: str) -> Select[int]:
    """The ids of the article versions that hold the parameter, an expression made by `index_expression`."""
    if dialect != "sqlite":
        raise NotImplementedError("full text on PostgreSQL")
    index = table(SEARCH_TABLE, column("rowid", BigInteger()), column(SEARCH_TABLE, Text()))
    return select(index.c.rowid).where(index.c[SEARCH_TABLE].op("MATCH")(bindparam(parameter)))


def index_expression(clause: Clause, dialect: str) -> str:
    """Return *clause* as the index reads it. Words are quoted, so none is taken for an operator."""
    if dialect != "sqlite":
        raise NotImplementedError("full text on PostgreSQL")
    match clause:
        case Phrase():
            # A NUL would end the expression; in a text it separates, as a space does.
            words = " ".join(clause.tokens).replace('"', '""').replace("\0", " ")
            return f'"{words}"{" *" if clause.is_prefix else ""}'
        case AllOf():
            return "(" + " AND ".join(index_expression(each, dialect) for each in clause.clauses) + ")"
        case AnyOf():
            return "(" + " OR ".join(index_expression(each, dialect) for each in clause.clauses) + ")"
        case InColumn():
            return f"{clause.column} : ({index_expression(clause.clause, dialect)})"
