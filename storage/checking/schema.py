"""Are all tables, columns, indexes and views there that the migrations make?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import UniqueConstraint

from storage import catalogue
from storage.checking.findings import MAKE_ANEW, REINDEX, RESTORE, Finding
from storage.columns import metadata
from storage.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from storage.checking.spans import Depth
    from storage.engine import Reader


class Missing(NamedTuple):
    """The names of what is not there, sorted; columns as table.column."""

    tables: tuple[str, ...]
    columns: tuple[str, ...]
    #: indexes that can be made anew
    indexes: tuple[str, ...]
    #: conditions of a table that are kept by an index of their name
    constraints: tuple[str, ...]
    views: tuple[str, ...]
    #: what the index of the search consists of
    search: tuple[str, ...]


def missing(connection: Connection) -> Missing:
    """What the database lacks."""
    name = connection.dialect.name
    there = catalogue.schema_names(connection)
    columns = catalogue.column_names(connection)
    tables = {each.name for each in metadata.tables.values() if each.name not in there}
    present = [each for each in metadata.tables.values() if each.name in there]
    constraints = () if catalogue.stores_anything(name) else _constraints()
    return Missing(
        tables=tuple(sorted(tables)),
        columns=tuple(
            f"{each.name}.{one.name}"
            for each in sorted(present, key=lambda each: each.name)
            for one in each.c
            if (each.name, one.name) not in columns
        ),
        indexes=tuple(sorted(str(one.name) for each in present for one in each.indexes if one.name not in there)),
        constraints=tuple(sorted(set(constraints).difference(there))),
        views=tuple(sorted(each.name for each in VIEWS if each.name not in there)),
        search=tuple(each for each in catalogue.search_tables(name) if each not in there),
    )


def _constraints() -> list[str]:
    return [
        str(one.name)
        for each in metadata.tables.values()
        for one in each.constraints
        if isinstance(one, UniqueConstraint)
    ]


def check_schema(reader: Reader, _depth: Depth, tell: Callable[[str, int, int], None]) -> Iterator[Finding]:
    """Yield what is missing."""
    tell("schema", 0, 1)
    found = reader.run(missing)
    unseen = ", and what needs them could not be looked at"
    for names, what, fix in (
        (found.tables, f"tables are missing{unseen}", RESTORE),
        (found.columns, f"columns of tables are missing{unseen}", RESTORE),
        (found.constraints, "conditions of tables are missing", RESTORE),
        (found.search, f"parts of the index of the search are missing{unseen}", REINDEX),
        (found.indexes, "indexes are missing, so that much takes longer", MAKE_ANEW),
        (found.views, "views are missing", MAKE_ANEW),
    ):
        if names:
            yield Finding(check="schema", count=len(names), message=f"{what}: {', '.join(names)}", fix=fix)
