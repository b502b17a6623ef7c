"""Statements that are run for every poll and every article, prepared once.

SQLAlchemy takes 60 to 100 µs of CPU for each execution of a statement that it has compiled already, SQLite takes 5 to
20 for what these do, and psycopg 60. So here the compiled text and the processors of its values are kept, and the
driver is called directly, within the transaction of the connection. What is written and read is the same, and so are
the errors that `errors.translated` understands.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from contextlib import suppress
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Insert, Select
from sqlalchemy.exc import DBAPIError

from storage import dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Dialect, Table, Update
    from sqlalchemy.types import TypeEngine

    Process = Callable[[Any], Any]


class _Prepared(NamedTuple):
    text: str
    #: its parameters, by name, with what each is where the caller does not say
    values: dict[str, Any]
    #: gives the values of the parameters in their places
    in_places: Callable[[Mapping[str, object]], Sequence[Any]]
    #: parameters whose values are processed, with how
    bound: tuple[tuple[int, Process], ...]
    #: makes a row of the columns that are selected; None where there are none
    row: Callable[[Sequence[Any]], Any] | None
    #: columns whose values are processed, with how
    processed: tuple[tuple[int, Process], ...]


def rows(connection: Connection, statement: Select[*tuple[Any, ...]], values: Mapping[str, object]) -> Sequence[Any]:
    """All rows that are selected; the columns are attributes of each."""
    prepared = _prepare(connection.dialect, statement, ())
    assert prepared.row is not None
    found = _run(connection, prepared, values).fetchall()
    if not prepared.processed:
        return list(map(prepared.row, found))
    made = []
    for each in found:
        row = list(each)
        for place, process in prepared.processed:
            row[place] = process(row[place])
        made.append(prepared.row(row))
    return made


def first(connection: Connection, statement: Select[*tuple[Any, ...]], values: Mapping[str, object]) -> Any | None:
    """The first of the rows, None where there is none; for statements that select one at most."""
    found = rows(connection, statement, values)
    return found[0] if found else None


def change(connection: Connection, statement: Update | Insert, values: Mapping[str, object]) -> int:
    """Run a statement that changes rows; returns how many."""
    # An INSERT has the columns that it is given, but for one that selects its values.
    keys = tuple(values) if isinstance(statement, Insert) and statement.select is None else ()
    count: int = _run(connection, _prepare(connection.dialect, statement, keys), values).rowcount
    return count


def insert_row(connection: Connection, into: Table, values: Mapping[str, object]) -> int:
    """Insert one row and return its id."""
    kind = connection.dialect
    returns_id = not dialect.knows_last_id(kind.name)
    cursor = _run(connection, _prepare(kind, _insert_into(into, returns_id=returns_id), tuple(values)), values)
    number: int = cursor.fetchone()[0] if returns_id else cursor.lastrowid
    return number


@cache
def _insert_into(table: Table, *, returns_id: bool) -> Insert:
    return table.insert().returning(*table.primary_key) if returns_id else table.insert().inline()


def say(connection: Connection, text: str) -> None:
    """Run a statement that has no parameters and returns nothing."""
    _execute(connection, text, ())


def _run(connection: Connection, prepared: _Prepared, values: Mapping[str, object]) -> Any:
    given = prepared.in_places({**prepared.values, **values})
    if prepared.bound:
        given = list(given)
        for place, process in prepared.bound:
            given[place] = process(given[place])
    return _execute(connection, prepared.text, given)


def _execute(connection: Connection, text: str, given: Sequence[Any]) -> Any:
    # The driver's own: neither of the two drivers is wrapped.
    driver: Any = connection.connection.dbapi_connection
    try:
        return driver.execute(text, given)
    except sqlite3.Error:
        raise
    except Exception as error:
        base = connection.dialect.loaded_dbapi.Error
        if not isinstance(error, base):
            raise
        if driver.closed:
            # SQLAlchemy is to find out by itself, so that it gives up what it has of connections.
            with suppress(DBAPIError):
                connection.exec_driver_sql("SELECT 1")
        raise DBAPIError.instance(
            text, None, error, base, hide_parameters=True, connection_invalidated=driver.closed
        ) from error


#: By dialect, statement, which are constants of their modules, and the columns that an INSERT is given.
_known: dict[tuple[str, object, tuple[str, ...]], _Prepared] = {}


def _prepare(kind: Dialect, statement: Select[*tuple[Any, ...]] | Update | Insert, keys: tuple[str, ...]) -> _Prepared:
    key = kind.name, statement, keys
    prepared = _known.get(key)
    if prepared is None:
        prepared = _known[key] = _compile(statement, keys, kind)
    return prepared


def _compile(statement: Select[*tuple[Any, ...]] | Update | Insert, keys: tuple[str, ...], kind: Dialect) -> _Prepared:
    compiled: Any = statement.compile(dialect=dialect.by_place(kind), column_keys=list(keys) if keys else None)
    names: Sequence[str] = compiled.positiontup or ()
    if "__[POSTCOMPILE" in str(compiled):
        raise AssertionError("a list of values is no parameter of a prepared statement; use dialect.numbers")
    values = {name: compiled.params.get(name) for name in names}
    binds = [(place, _bind(compiled.binds[name].type, kind)) for place, name in enumerate(names)]
    bound = tuple((place, process) for place, process in binds if process is not None)
    in_places = _in_places(names)
    if not isinstance(statement, Select):
        return _Prepared(str(compiled), values, in_places, bound, None, ())
    columns = list(statement.selected_columns)
    processed = [(place, _result(column.type, kind)) for place, column in enumerate(columns)]
    return _Prepared(
        str(compiled),
        values,
        in_places,
        bound,
        _row(str(column.key) for column in columns),
        tuple((place, process) for place, process in processed if process is not None),
    )


def _row(names: Iterable[str]) -> Callable[[Sequence[Any]], Any]:
    of: Any = namedtuple("Row", list(names))  # type: ignore[misc]  # noqa: PYI024  # its fields are known only here
    make: Callable[[Sequence[Any]], Any] = of._make
    return make


def _in_places(names: Sequence[str]) -> Callable[[Mapping[str, object]], Sequence[Any]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]


def _bind(of: TypeEngine[Any], kind: Dialect) -> Process | None:
    return of.dialect_impl(kind).bind_processor(kind)


def _result(of: TypeEngine[Any], kind: Dialect) -> Process | None:
    return of.dialect_impl(kind).result_processor(kind, None)
