"""A clock that was set back a day, or was a day ahead and has been set right, under a daemon that works.

The program asks the system for the time, and no process can be given another one without rights that tests have not.
So the database is changed instead: every moment in it that is ours, not a publisher's, is moved a day on, as it would
stand there had the clock been a day ahead. To the program that is the same. It must go on: poll when that was planned,
not a day later, and store what comes, with nothing lost.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from storage import tables
from storage.columns import UtcTime

if TYPE_CHECKING:
    from sqlalchemy import Table

DAY = timedelta(days=1)
#: What publishers said; what follows from it (`dated_at`) is not moved either.
GIVEN = frozenset({"published", "updated", "dated_at"})


def move_all_times(url: str, by: timedelta = DAY) -> None:
    """Move all moments of ours in the database."""
    microseconds = by // timedelta(microseconds=1)
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for table in tables.metadata.sorted_tables:
            for name in _times_of(table):
                # As text: to SQLAlchemy a time and a number do not add up.
                connection.execute(text(f'UPDATE "{table.name}" SET "{name}" = "{name}" + {microseconds}'))


def _times_of(table: Table) -> list[str]:
    return [column.name for column in table.c if isinstance(column.type, UtcTime) and column.name not in GIVEN]
