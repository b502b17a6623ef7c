"""The rows of a table, read range by range in the order of its key, written as they are, and summed up."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal, select, tuple_

from rules.text import tokenize
from storage import dialect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from storage.copying.plan import CopiedTable

    Row = tuple[Any, ...]


def count(connection: Connection, of: CopiedTable) -> int:
    """How many rows of the table are copied."""
    wanted = select(func.count()).select_from(of.table)
    return int(connection.execute(wanted if of.where is None else wanted.where(of.where)).scalar_one())


def last_key(connection: Connection, of: CopiedTable) -> Row | None:
    """The key of the last row; None where there is none."""
    keys = [of.table.c[name] for name in of.keys]
    found = connection.execute(select(*keys).order_by(*(key.desc() for key in keys)).limit(1)).first()
    return None if found is None else tuple(found)


def batches(connection: Connection, of: CopiedTable, after: Row | None) -> Iterator[list[Row]]:
    """The rows behind the key *after*, some at a time."""
    keys = [of.table.c[name] for name in of.keys]
    places = [of.place(name) for name in of.keys]
    wanted = select(*of.table.c).order_by(*keys).limit(of.rows)
    if of.where is not None:
        wanted = wanted.where(of.where)
    while True:
        ranged = wanted
        if after is not None:
            begin = [literal(value, key.type) for key, value in zip(keys, after, strict=True)]
            ranged = wanted.where(keys[0] > begin[0] if len(keys) == 1 else tuple_(*keys) > tuple_(*begin))
        found = [tuple(row) for row in connection.execute(ranged)]
        if found:
            yield found
        if len(found) < of.rows:
            return
        after = tuple(found[-1][place] for place in places)


def suit(rows: Sequence[Row], of: CopiedTable, target: str) -> list[Row]:
    """*rows* as they are in the copy, which is of the kind *target*."""
    changed = dict(of.changed)
    if not changed and target != "postgresql":
        return list(rows)
    clean = _without_nul if target == "postgresql" else _as_it_is
    return [tuple(changed[at] if at in changed else clean(value) for at, value in enumerate(row)) for row in rows]


def _without_nul(value: Any) -> Any:
    """No text of PostgreSQL has a NUL, and none of ours should; see `postgresql.connect`."""
    return value.replace("\0", "") if isinstance(value, str) and "\0" in value else value


def _as_it_is(value: Any) -> Any:
    return value


def write(connection: Connection, of: CopiedTable, rows: Sequence[Row]) -> None:
    """Store *rows* as part of the transaction, and make texts findable."""
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(each.name) for each in of.table.c)
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        with driver.cursor() as cursor, cursor.copy(f"COPY {quote(of.name)} ({names}) FROM STDIN") as into:
            for row in rows:
                into.write_row(row)
    else:
        marks = ", ".join("?" * len(of.table.c))
        driver.executemany(f"INSERT INTO {quote(of.name)} ({names}) VALUES ({marks})", rows)  # noqa: S608  # our tables
    if of.name == "article_version":
        _index(connection, of, rows)


def _index(connection: Connection, of: CopiedTable, rows: Sequence[Row]) -> None:
    ident, title, text, pruned = (of.place(name) for name in ("id", "title", "text", "pruned_at"))
    for row in rows:
        # One whose text was dropped because it was old is in no index.
        if row[pruned] is None:
            lines = (dialect.index_line(tokenize(line).folded) for line in (row[title], row[text]))
            dialect.add_to_index(connection, row[ident], *lines)


class Sum:
    """How many rows there are, and a checksum that is the same for the same rows in the same order."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self.rows = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Take these rows too. Values are spelled alike, whatever database they come from."""
        for row in rows:
            self._hash.update(dialect.to_json([_spelled(value) for value in row]).encode("utf-8", "surrogatepass"))
            self._hash.update(b"\n")
        self.rows += len(rows)

    @property
    def hex(self) -> str:
        """The checksum."""
        return self._hash.hexdigest()


def _spelled(value: Any) -> Any:
    """*value* as JSON can say it; bytes by their own checksum, apart from every text."""
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": hashlib.blake2b(value, digest_size=16).hexdigest()}
    return value
