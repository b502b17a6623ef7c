"""Can every value be read: is each of the kind of its column? SQLite stores anything in any column but the ids."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import JSON, BigInteger, LargeBinary, Text, cast, column, func, or_, select, table

from storage import catalogue, dialect
from storage.checking.findings import RESTORE_VALUES, Finding, named
from storage.checking.spans import Depth, chosen, spans
from storage.columns import FIRST_TIME, LAST_TIME, UtcTime, metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Column, ColumnElement, Connection, Table, TableClause

    from storage.engine import Reader

    Tell = Callable[[str, int, int], None]


class _Values(NamedTuple):
    """The columns of a table as they are stored, past their types."""

    table: Table
    stored: TableClause
    #: the number by which rows are looked through, and named; None: there is none
    key: ColumnElement[int] | None
    #: column → what holds of a value that cannot be read
    unreadable: dict[str, ColumnElement[bool]]


def check_values(reader: Reader, depth: Depth, tell: Tell) -> Iterator[Finding]:
    """Yield which values cannot be read. The letters of texts are looked at one by one: FULL: of all, else a sample."""
    name = reader.run(lambda connection: connection.dialect.name)
    there = reader.run(catalogue.schema_names)
    present = sorted((each for each in metadata.tables.values() if each.name in there), key=lambda each: each.name)
    tables = [_values(each, name) for each in present]
    for number, values in enumerate(tables):
        tell("values", number, len(tables))
        found: defaultdict[str, list[int]] = defaultdict(list)
        for after, upto in _parts(reader, values, depth):
            for each, keys in reader.run(partial(_unreadable, values=values, after=after, upto=upto)).items():
                found[each] += keys
        if values.key is not None and catalogue.stores_anything(name) and _texts(values.table):
            for ids in chosen(reader, values.key, depth, lambda _done, _total: None):
                for each, keys in reader.run(partial(_not_text, values=values, ids=ids)).items():
                    # A blob was found already.
                    found[each] += sorted(set(keys).difference(found[each]))
        for each, keys in found.items():
            if not keys:
                continue
            rows = f"rows {named(sorted(keys), len(keys))}" if values.key is not None else f"{len(keys):,} of its rows"
            message = f"values of {values.table.name}.{each} cannot be read, {rows}"
            yield Finding(check="values", count=len(keys), message=message, fix=RESTORE_VALUES)


def _values(of: Table, name: str) -> _Values:
    key_name = catalogue.row_number(of, name)
    stored = table(of.name, *(column(each.name) for each in of.c if each.name != key_name))
    if key_name is not None:
        # Of SQLite's own, whatever is in the other columns: always a number.
        stored.append_column(column(key_name, BigInteger()))
    unreadable = {}
    for each in of.c:
        condition = None if each.name == key_name else _is_unreadable(each, stored.c[each.name], name)
        if condition is not None:
            unreadable[each.name] = condition
    return _Values(of, stored, None if key_name is None else stored.c[key_name], unreadable)


def _is_unreadable(of: Column[Any], value: Any, name: str) -> ColumnElement[bool] | None:
    """What holds of a value that is none of the column's type; None: there can be no such value."""
    conditions: list[ColumnElement[bool]] = []
    if catalogue.stores_anything(name):
        kinds = _kinds(of)
        if of.nullable:
            kinds = (*kinds, "null")
        conditions.append(func.typeof(value).not_in(kinds))
        if isinstance(of.type, JSON):
            conditions.append(func.coalesce(func.json_valid(value), 1) == 0)
    if isinstance(of.type, UtcTime):
        number = cast(value, BigInteger())
        conditions.append(or_(number < FIRST_TIME, number > LAST_TIME))
    return or_(*conditions) if conditions else None


def _kinds(of: Column[Any]) -> tuple[str, ...]:
    """What SQLite calls the values that the type of a column can read, https://www.sqlite.org/datatype3.html."""
    if isinstance(of.type, Text):
        return ("text",)
    if isinstance(of.type, LargeBinary):
        return ("blob",)
    if isinstance(of.type, JSON):
        # A number that stands alone is stored as one.
        return ("text", "integer", "real")
    return ("integer", "real") if of.type.python_type is float else ("integer",)


def _parts(reader: Reader, values: _Values, depth: Depth) -> Iterator[tuple[int, int] | tuple[None, None]]:
    if not values.unreadable:
        return
    if values.key is not None:
        yield from spans(reader, values.key, depth)
    elif depth > Depth.SOON:
        yield None, None


def _unreadable(connection: Connection, values: _Values, after: int | None, upto: int | None) -> dict[str, list[int]]:
    """The keys of rows by the columns that cannot be read in them; 0 for each row of a table without keys."""
    shown = [condition.label(name) for name, condition in values.unreadable.items()]
    statement = select(*shown).select_from(values.stored).where(or_(*values.unreadable.values()))
    if values.key is not None:
        statement = statement.add_columns(values.key).where(values.key > after, values.key <= upto)
    found: defaultdict[str, list[int]] = defaultdict(list)
    for row in connection.execute(statement):
        for place, name in enumerate(values.unreadable):
            if row[place]:
                found[name].append(row[-1] if values.key is not None else 0)
    return found


def _texts(of: Table) -> list[str]:
    return [each.name for each in of.c if isinstance(each.type, Text)]


def _not_text(connection: Connection, values: _Values, ids: Sequence[int]) -> dict[str, list[int]]:
    """Texts of bytes that are no UTF-8; SQLite does not look at them."""
    names = _texts(values.table)
    wanted = dialect.numbers("ids", connection.dialect.name).alias("wanted")
    as_bytes = (cast(values.stored.c[name], LargeBinary()) for name in names)
    assert values.key is not None
    statement = (
        select(values.key, *as_bytes)
        .select_from(wanted.join(values.stored, wanted.c.value == values.key))
        .where(or_(*(func.typeof(values.stored.c[name]) == "text" for name in names)))
    )
    found: defaultdict[str, list[int]] = defaultdict(list)
    for key, *given in connection.execute(statement, {"ids": dialect.pack(ids, connection.dialect.name)}):
        for name, value in zip(names, given, strict=True):
            try:
                (value or b"").decode()
            except UnicodeDecodeError:
                found[name].append(key)
    return found
