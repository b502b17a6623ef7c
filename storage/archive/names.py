"""How an archive names what is stored, in words that are the same in every database. Read only."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from storage import dialect
from storage.archive.rows import NO_ADDRESS, EntryKey
from storage.tables import article, entry, feed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Connection, Row, Select, Table


def among(connection: Connection, statement: Callable[[str], Select[Any]], ids: Iterable[int]) -> Sequence[Row[Any]]:
    """Run a statement that is cached by the name of the database, with *ids*."""
    name = connection.dialect.name
    return connection.execute(statement(name), {"ids": dialect.pack(sorted(set(ids)), name)}).all()


@cache
def rows_by(table: Table, key: str, order: str) -> Callable[[str], Select[Any]]:
    """The rows of *table* whose column *key* has the ids, in the order of the column *order*; for `among`."""

    def statement(name: str) -> Select[Any]:
        wanted = dialect.numbers("ids", name).alias("wanted")
        return select(table).join(wanted, wanted.c.value == table.c[key]).order_by(table.c[order])

    return cache(statement)


@cache
def _anchors(name: str) -> Select[Any]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return (
        select(article.c.story_id, func.min(article.c.id).label("anchor"))
        .join(wanted, wanted.c.value == article.c.story_id)
        .group_by(article.c.story_id)
    )


def anchors_of(connection: Connection, stories: Iterable[int]) -> dict[int, int]:
    """The first stored article of each story."""
    return {row.story_id: row.anchor for row in among(connection, _anchors, stories)}


def address_of_none(key: EntryKey) -> str:
    """The address, in an archive, of the article of an entry that has none: the same in every database."""
    return NO_ADDRESS + hashlib.sha256(f"{key.feed}\0{key.identity}".encode()).hexdigest()[:32]


@cache
def _addresses(name: str) -> Select[Any]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return select(article.c.id, article.c.url, article.c.entry_id).join(wanted, wanted.c.value == article.c.id)


@cache
def _entry_keys(name: str) -> Select[Any]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return (
        select(entry.c.id, feed.c.url, entry.c.identity)
        .join(wanted, wanted.c.value == entry.c.id)
        .join(feed, feed.c.id == entry.c.feed_id)
    )


def keys_of(connection: Connection, ids: Iterable[int]) -> dict[int, EntryKey]:
    """The names of these entries."""
    return {row.id: EntryKey(feed=row.url, identity=row.identity) for row in among(connection, _entry_keys, ids)}


def names_of(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The addresses of these articles as an archive writes them."""
    rows = among(connection, _addresses, ids)
    without = {row.id: row.entry_id for row in rows if row.url.startswith(NO_ADDRESS)}
    keys = keys_of(connection, without.values()) if without else {}
    return {row.id: address_of_none(keys[row.entry_id]) if row.id in without else row.url for row in rows}
