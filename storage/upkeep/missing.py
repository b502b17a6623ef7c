"""Makes indexes and views anew that somebody has dropped; nothing is lost by that."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text

from storage import engine
from storage.address import read_address
from storage.checking import schema
from storage.columns import metadata
from storage.lock import DatabaseLock
from storage.translation import translated
from storage.views import VIEWS

if TYPE_CHECKING:
    from sqlalchemy import Connection


def make_missing(url: str) -> tuple[str, ...]:
    """Make the indexes and views anew that a database of the present schema lacks; return their names.

    Does nothing where tables or columns are missing: those are in a backup only. Raises DatabaseInUse when there is
    something to do and another instance works on it, and the other StorageErrors.
    """
    address = read_address(url)
    reader = engine.Reader(engine.reading_engine(address), address.shown)
    try:
        found = reader.run(schema.missing)
    finally:
        reader.close()
    if found.tables or found.columns or not (found.indexes or found.views):
        return ()
    with DatabaseLock(address), translated(address.shown):
        making = engine.writing_engine(address)
        try:
            with making.begin() as connection:
                return _make(connection, schema.missing(connection))
        finally:
            making.dispose()


def _make(connection: Connection, found: schema.Missing) -> tuple[str, ...]:
    ours = {
        str(index.name): partial(index.create, connection) for of in metadata.tables.values() for index in of.indexes
    }
    for name in found.indexes:
        ours[name]()
    for view in VIEWS:
        if view.name in found.views:
            connection.execute(text(view.sql(connection.dialect.name)))
    return (*found.indexes, *found.views)
