"""Statements that are run for every poll and every article, prepared once.

SQLAlchemy takes 60 to 100 µs of CPU for each execution of a statement that it has compiled already, SQLite takes 5 to
20 for what these do. So here the compiled text and the processors of its values are kept, and the driver is called
directly, within the transaction of the connection. What is written and read is the same. With another database than
SQLite the statement goes its usual way.
"""

from __future__ import annotations

from collections import namedtuple
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Select

from storage import dialect

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection, Dialect, Insert, Table, Update
    from sqlalchemy.types import TypeEngine

    Process = Callable[[Any], Any]


class _Value(NamedTuple):
    """A parameter of a statement."""

    name: str
    process: Process | None
    #: what it is where the caller does not say
    default: Any


class _Prepared(NamedTuple):
    text: str
    values: tuple[_Value, ...]
    #: makes a row of the columns that are selected; None where there are none
    row: Callable[..., Any] | None
    #: columns whose values are processed, with how
    processed: tuple[tuple[int, Process], ...]


def rows(connection: Connection, statement: Select[*tuple[Any, ...]], values: Mapping[str, object]) -> Sequence[Any]:
    """All rows that are selected; the columns are attributes of each."""
    if not dialect.is_called_directly(connection.dialect.name):
        return connection.execute(statement, values).all()
    prepared = _prepare(statement, (), connection.dialect)
    assert prepared.row is not None
    found = _run(connection, prepared, values).fetchall()
    if not prepared.processed:
        return list(map(prepared.row._make, found))  # type: ignore[attr-defined]  # of a named tuple
    made = []
    for each in found:
        row = list(each)
        for place, process in prepared.processed:
            row[place] = process(row[place])
        made.append(prepared.row(*row))
    return made


def first(connection: Connection, statement: Select[*tuple[Any, ...]], values: Mapping[str, object]) -> Any | None:
    """The first of the rows, None where there is none; for statements that select one at most."""
    found = rows(connection, statement, values)
    return found[0] if found else None


def change(connection: Connection, statement: Update | Insert, values: Mapping[str, object]) -> int:
    """Run a statement that changes rows; returns how many."""
    if not dialect.is_called_directly(connection.dialect.name):
        return connection.execute(statement, values).rowcount
    # An INSERT has the columns that it is given.
    keys = tuple(values) if statement.is_insert else ()
    return _run(connection, _prepare(statement, keys, connection.dialect), values).rowcount


def insert_row(connection: Connection, into: Table, values: Mapping[str, object]) -> int:
    """Insert one row and return its id."""
    if not dialect.is_called_directly(connection.dialect.name):
        return dialect.insert_row(connection, into, values)
    number = _run(connection, _prepare(_insert_into(into), tuple(values), connection.dialect), values).lastrowid
    assert number is not None
    return number


@cache
def _insert_into(table: Table) -> Insert:
    return table.insert().inline()


def _run(connection: Connection, prepared: _Prepared, values: Mapping[str, object]) -> sqlite3.Cursor:
    given = [
        value if process is None else process(value)
        for value, process in ((values.get(name, default), process) for name, process, default in prepared.values)
    ]
    driver: Any = connection.connection.driver_connection
    cursor: sqlite3.Cursor = driver.execute(prepared.text, given)
    return cursor


#: By statement, which are constants of their modules, and the columns that an INSERT is given.
_known: dict[tuple[object, tuple[str, ...]], _Prepared] = {}


def _prepare(statement: Select[*tuple[Any, ...]] | Update | Insert, keys: tuple[str, ...], kind: Dialect) -> _Prepared:
    prepared = _known.get((statement, keys))
    if prepared is None:
        prepared = _known[statement, keys] = _compile(statement, keys, kind)
    return prepared


def _compile(statement: Select[*tuple[Any, ...]] | Update | Insert, keys: tuple[str, ...], kind: Dialect) -> _Prepared:
    compiled: Any = statement.compile(dialect=kind, column_keys=list(keys) if keys else None)
    names: Sequence[str] = compiled.positiontup or ()
    if "__[POSTCOMPILE" in str(compiled):
        raise AssertionError("a list of values is no parameter of a prepared statement; use dialect.numbers")
    values = tuple(_Value(name, _bind(compiled.binds[name].type, kind), compiled.params.get(name)) for name in names)
    if not isinstance(statement, Select):
        return _Prepared(str(compiled), values, None, ())
    columns = list(statement.selected_columns)
    processed = [(place, _result(column.type, kind)) for place, column in enumerate(columns)]
    return _Prepared(
        str(compiled),
        values,
        namedtuple("Row", [str(column.key) for column in columns]),  # noqa: PYI024  # its fields are known only here
        tuple((place, process) for place, process in processed if process is not None),
    )


def _bind(of: TypeEngine[Any], kind: Dialect) -> Process | None:
    return of.dialect_impl(kind).bind_processor(kind)


def _result(of: TypeEngine[Any], kind: Dialect) -> Process | None:
    return of.dialect_impl(kind).result_processor(kind, None)
