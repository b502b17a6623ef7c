"""The only place that asks which database it is: insert-or-update, lists of values, full text.

Each function takes the connection's dialect by name, `connection.dialect.name`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.selectable import Join

from storage import tsvector
from storage.redo import index_beside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Connection, Dialect, Select, Table, TableValuedAlias
    from sqlalchemy.sql.compiler import SQLCompiler

#: The full-text table; its rows are article versions, by id.
SEARCH_TABLE = "search_index"
#: What else a database of ours has beside `tables`: the queue of Procrastinate, `storage.schema_floor`, and indexes by
#: the host of an address.
_BESIDE = (SEARCH_TABLE, "procrastinate_", "schema_floor", "ix_entry_due_host", "ix_feed_host")


def is_described(name: str | None) -> bool:
    """Whether a table or an index of this name is one of those that `tables` describes, as far as it is ours."""
    return not any(each in (name or "") for each in _BESIDE)


def insert(into: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`, and tells how many."""
    if dialect == "postgresql":
        # Else it says -1 where SQLite says how many.
        return postgresql.insert(into).execution_options(preserve_rowcount=True)
    return sqlite.insert(into)


#: `json.dumps` makes one for each call.
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ENCODE_ASCII = json.JSONEncoder(separators=(",", ":")).encode


def to_json(value: object) -> str:
    """Return *value* as it is stored in a column of JSON, on every database."""
    return _ENCODE(value)


def insert_row(connection: Connection, into: Table, values: Mapping[str, object]) -> int:
    """Insert one row and return its id."""
    key = connection.execute(into.insert(), values).inserted_primary_key
    if key is None:
        raise AssertionError(f"the rows of {into.name} have no id")
    return int(key[0])


def insert_pairs(connection: Connection, into: Table, pairs: Sequence[tuple[int, int]]) -> None:
    """Insert many rows of two integers, without SQLAlchemy's work for each of them."""
    if not pairs:
        return
    names = ", ".join(each.name for each in into.c)
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    statement = f"INSERT INTO {into.name} ({names}) VALUES ({mark}, {mark})"  # noqa: S608  # names of our tables
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(statement, list(pairs))
    else:
        driver: Any = connection.connection.dbapi_connection
        driver.executemany(statement, pairs)


def count_changes(connection: Connection) -> int | None:
    """How many rows were changed since the connection was opened; None where the driver does not know."""
    if connection.dialect.name == "postgresql":
        return None
    driver: Any = connection.connection.dbapi_connection
    return int(driver.total_changes)


def knows_last_id(dialect: str) -> bool:
    """Its driver tells the id of the last row that was inserted; else the statement returns it."""
    return dialect == "sqlite"


@cache
def by_place(of: Dialect) -> Dialect:
    """The same dialect, with values by place, as `storage.direct` hands them to the driver."""
    kind: Any = type(of)
    made: Dialect = of if of.positional else kind(paramstyle="format")
    return made


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
    return list(values) if dialect == "postgresql" else _ENCODE_ASCII(list(values))


def spell_time(moment: ColumnElement[datetime | None], dialect: str) -> ColumnElement[Any]:
    """A column of times as people read it: timestamptz, or on SQLite text in UTC as `output.timestamp` spells it."""
    micros = type_coerce(moment, BigInteger)
    if dialect == "postgresql":
        # In whole seconds and a rest: as one number of seconds it would be rounded.
        rest = (micros % 1_000_000) * literal_column("interval '1 microsecond'")
        return func.to_timestamp(micros // 1_000_000) + rest
    # Never negative, also before 1970.
    rest = (micros % 1_000_000 + 1_000_000) % 1_000_000
    seconds = func.strftime("%Y-%m-%dT%H:%M:%S", (micros - rest) // 1_000_000, "unixepoch")
    return seconds.op("||")(func.printf(".%06dZ", rest))


class InOrder(Join):
    """A join that SQLite makes from left to right, whatever its statistics say: by them it took 72 ms in place of 1.

    They tell how many rows there are, and not that a listing ends after the first fifty of them.
    https://www.sqlite.org/optoverview.html#manual_control_of_query_plans_using_cross_join
    """

    inherit_cache = True


@compiles(InOrder, "sqlite")
def _join_in_order(join: InOrder, compiler: SQLCompiler, **given: Any) -> str:
    assert join.onclause is not None
    given["asfrom"] = True
    left, right = compiler.process(join.left, **given), compiler.process(join.right, **given)
    return f"{left} CROSS JOIN {right} ON {compiler.process(join.onclause, **given)}"


#: Rows of an index that are looked at to judge it, https://www.sqlite.org/lang_analyze.html#approx
ANALYSIS_LIMIT = 400


def refresh_statistics(connection: Connection) -> None:
    """Count anew what plans go by, of tables that this connection has used and that have changed much.

    PostgreSQL does so by itself. What is asked often must not depend on it: the tests look at its plans with statistics
    and without.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA analysis_limit = {ANALYSIS_LIMIT}")
        connection.exec_driver_sql("PRAGMA optimize").close()


# --- full text --------------------------------------------------------------------------------------

#: Full-text rows are made of our own tokens with spaces between; see the migration that makes the table.
_ADD_TO_INDEX = f"INSERT INTO {SEARCH_TABLE} (rowid, title, body) VALUES (?, ?, ?)"  # noqa: S608  # a constant


_ADD_VECTOR = f"INSERT INTO {SEARCH_TABLE} (version_id, tokens) VALUES (%s, CAST(%s AS tsvector))"  # noqa: S608  # a constant


def index_line(tokens: Iterable[str]) -> str:
    """Return tokens as one line, in which the index finds exactly them."""
    return " ".join(tokens)


def add_to_index(connection: Connection, version_id: int, title: str, body: str) -> None:
    """Make an article version findable; *title* and *body* are made by `index_line`."""
    # Past SQLAlchemy's own statements, as in `storage.direct`: for each article.
    if connection.dialect.name == "postgresql":
        made = tsvector.vector(tsvector.words_of(title), tsvector.words_of(body))
        connection.exec_driver_sql(_ADD_VECTOR, (version_id, made))
    else:
        driver: Any = connection.connection.dbapi_connection
        driver.execute(_ADD_TO_INDEX, (version_id, title, body))


#: The table holds no text that it could look up, so it is told once more what is to go.
_REMOVE_FROM_INDEX = text(
    f"INSERT INTO {SEARCH_TABLE} ({SEARCH_TABLE}, rowid, title, body) VALUES ('delete', :version_id, :title, :body)"  # noqa: S608  # a constant
)
_DELETE_FROM_INDEX = text(f"DELETE FROM {SEARCH_TABLE} WHERE version_id = :version_id")  # noqa: S608  # a constant


def remove_from_index(connection: Connection, version_id: int, title: str, body: str) -> None:
    """Make an article version no longer findable. *title* and *body* must be those that it was added with."""
    if connection.dialect.name == "postgresql":
        connection.execute(_DELETE_FROM_INDEX, {"version_id": version_id})
    else:
        connection.execute(_REMOVE_FROM_INDEX, {"version_id": version_id, "title": title, "body": body})
        index_beside.remove(connection, version_id, title, body)


def add_again_to_index(connection: Connection, version_id: int, title: str, body: str) -> None:
    """Make a version findable that was so before, and was removed, wherever texts that came after it are."""
    add_to_index(connection, version_id, title, body)
    if is_index_made_beside(connection.dialect.name):
        index_beside.add_if_passed(connection, version_id, title, body)


def is_index_made_beside(dialect: str) -> bool:
    """An index that is made anew is made beside the one in use; else its rows are exchanged."""
    return dialect == "sqlite"


def indexed(connection: Connection, after: int, upto: int) -> set[int]:
    """The ids of the article versions after *after*, up to *upto*, that the index has."""
    name = SEARCH_TABLE if connection.dialect.name == "postgresql" else f"{SEARCH_TABLE}_docsize"
    key = "version_id" if connection.dialect.name == "postgresql" else "id"
    statement = text(f"SELECT {key} FROM {name} WHERE {key} > :after AND {key} <= :upto")  # noqa: S608  # constants
    return set(connection.execute(statement, {"after": after, "upto": upto}).scalars())


#: All at once: to ask for each by itself takes longer than to compare them.
_OTHER_VECTORS = text(
    "SELECT wanted.id FROM unnest(CAST(:ids AS bigint[]), CAST(:vectors AS text[])) AS wanted (id, tokens) "  # noqa: S608  # a constant
    f"LEFT JOIN {SEARCH_TABLE} AS stored ON stored.version_id = wanted.id "
    "WHERE stored.tokens IS DISTINCT FROM CAST(wanted.tokens AS tsvector) ORDER BY wanted.id"
)


def other_vectors(connection: Connection, lines: Sequence[tuple[int, str, str]]) -> list[int]:
    """The article versions, of those given as id, title and body, that PostgreSQL has by other lines than these."""
    vectors = [tsvector.vector(tsvector.words_of(title), tsvector.words_of(body)) for _, title, body in lines]
    return list(connection.execute(_OTHER_VECTORS, {"ids": [each[0] for each in lines], "vectors": vectors}).scalars())


def can_walk_words(dialect: str) -> bool:
    """Its index can be walked through word by word, with all their places."""
    return dialect == "sqlite"


def pieces_of(line: str) -> list[str]:
    """The tokens of a line as the index takes it apart: at characters that are neither seen nor anything else."""
    return [piece for piece in line.replace("\0", " ").split(" ") if piece]


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
    if dialect == "postgresql":
        index = table(SEARCH_TABLE, column("version_id", BigInteger()), column("tokens", postgresql.TSVECTOR()))
        asked = cast(bindparam(parameter, type_=Text()), postgresql.TSQUERY())
        return select(index.c.version_id).where(index.c.tokens.op("@@")(asked))
    index = table(SEARCH_TABLE, column("rowid", BigInteger()), column(SEARCH_TABLE, Text()))
    return select(index.c.rowid).where(index.c[SEARCH_TABLE].op("MATCH")(bindparam(parameter)))


def index_expression(clause: Clause, dialect: str) -> str:
    """Return *clause* as the index reads it. Words are quoted, so none is taken for an operator."""
    if dialect == "postgresql":
        return tsvector.expression(_vector_expression(clause))
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


def _vector_expression(clause: Clause, weights: str = "") -> str:
    """Return *clause* in the words of tsquery; *weights* are those of the columns it is about, all where empty."""
    match clause:
        case Phrase():
            return tsvector.phrase(tsvector.words_of(" ".join(clause.tokens)), weights, is_prefix=clause.is_prefix)
        case AllOf():
            return "(" + " & ".join(_vector_expression(each, weights) for each in clause.clauses) + ")"
        case AnyOf():
            return "(" + " | ".join(_vector_expression(each, weights) for each in clause.clauses) + ")"
        case InColumn():
            return _vector_expression(clause.clause, tsvector.TITLE if clause.column == "title" else tsvector.BODY)


# --- the words of the index -------------------------------------------------------------------------


def drop_views(names: Sequence[str], connection: Connection) -> tuple[str, ...]:
    """The statements that drop these views; PostgreSQL does it in one, and so tells of all at once what hinders it."""
    if connection.dialect.name == "postgresql":
        return (f"DROP VIEW {', '.join(names)}",) if names else ()
    return tuple(f"DROP VIEW {name}" for name in names)


#: SQLite shows the words of its index through a table of kind fts5vocab
#: (https://www.sqlite.org/fts5.html#the_fts5vocab_virtual_table_module). It is made in the temporary schema of a
#: connection, which also one that can only read has, so nothing is written.
_OPEN_WORDS = text(
    f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab('main', '{SEARCH_TABLE}', 'row')"
)
_WORDS = text("SELECT term, doc FROM temp.vocabulary WHERE term >= :low AND term < :high")
_TEXTS_WITH = text("SELECT doc FROM temp.vocabulary WHERE term = :word")
#: PostgreSQL counts anew each time, in the texts that have such a word at all. Lexemes of ours begin with a space.
_WORDS_OF_VECTORS = text(
    "SELECT word, ndoc FROM ts_stat(:query) WHERE starts_with(word, :head) AND NOT starts_with(word, ' ')"
)
_QUERY_OF_VECTORS = f"SELECT tokens FROM {SEARCH_TABLE}"  # noqa: S608  # a constant
_LITERAL = text("SELECT quote_literal(CAST(:value AS text))")
_VECTORS_WITH = text(f"SELECT count(*) FROM {SEARCH_TABLE} WHERE tokens @@ CAST(:word AS tsquery)")  # noqa: S608  # a constant

#: in no word of ours, and behind all that are
_BEHIND_ALL = "\U0010ffff"


def stored_words(connection: Connection, head: str) -> Iterator[tuple[str, int]]:
    """The words of the index that begin with *head*, with the number of texts that hold each."""
    if connection.dialect.name == "postgresql":
        query = _QUERY_OF_VECTORS
        if head:
            asked = {"value": tsvector.phrase([head], "", is_prefix=True)}
            query += f" WHERE tokens @@ {connection.execute(_LITERAL, asked).scalar_one()}"
        rows = connection.execute(_WORDS_OF_VECTORS, {"query": query, "head": head})
    else:
        connection.execute(_OPEN_WORDS)
        rows = connection.execute(_WORDS, {"low": head, "high": f"{head}{_BEHIND_ALL}"})
    return ((str(row[0]), int(row[1])) for row in rows)


def count_texts(connection: Connection, word: str) -> int:
    """How many texts of the index hold *word*."""
    if connection.dialect.name == "postgresql":
        return int(connection.execute(_VECTORS_WITH, {"word": tsvector.quoted(word)}).scalar_one())
    connection.execute(_OPEN_WORDS)
    return connection.execute(_TEXTS_WITH, {"word": word}).scalar() or 0
