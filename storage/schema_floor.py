"""Which code may work with a database on a server while it is upgraded: expand, deploy, contract.

A migration that only expands the schema (`expands = True` in it) leaves older code at work; any other one raises the
floor, a row of the database: the oldest revision whose code may work with it. So an upgrade goes this way: expand the
schema beside the old workers, exchange them one by one, and take away what only they needed by a later migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage.errors import DatabaseNewer, DatabaseOutOfDate
from storage.tables import REVISION_TABLE, SCHEMA_REVISION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

#: Its table, of one row, made by migration 0007. On PostgreSQL alone: one process at a time works on a file.
TABLE = "schema_floor"

_READ = f"SELECT max(oldest_revision) FROM {TABLE}"  # noqa: S608  # a constant
_REVISION = f"SELECT version_num FROM {REVISION_TABLE}"  # noqa: S608  # a constant
_RAISE = f"UPDATE {TABLE} SET oldest_revision = %s WHERE oldest_revision < %s"  # noqa: S608  # a constant


def is_suited(revision: str, floor: str | None, *, code: str = SCHEMA_REVISION) -> bool:
    """Whether *code*, which is made for a schema of that revision, may work with a schema of *revision*.

    *floor* is the oldest revision whose code may; None: only code of *revision* itself.

    >>> is_suited("0009", "0008", code="0008"), is_suited("0009", "0009", code="0008")
    (True, False)
    """
    return revision == code or (revision > code and floor is not None and floor <= code)


def newer(subject: str, revision: str, floor: str | None) -> DatabaseNewer:
    """What to raise where this code is too old."""
    return DatabaseNewer(
        subject,
        f"schema {revision}, for which schema {floor or revision} must be known; this one knows {SCHEMA_REVISION}",
    )


def read(driver: Any, revision: str) -> str | None:
    """The floor, by a connection of psycopg; not asked for where *revision* is no newer than ours."""
    if revision <= SCHEMA_REVISION:
        return None
    found: str | None = driver.execute(_READ).fetchone()[0]
    return found


def require(connection: Connection, subject: str) -> None:
    """See whether this code may still work with the schema, for those who are at work for long.

    Raises DatabaseNewer, DatabaseOutOfDate.
    """
    driver: Any = connection.connection.driver_connection
    revision = str(driver.execute(_REVISION).fetchone()[0])
    floor = read(driver, revision)
    if revision < SCHEMA_REVISION:
        raise DatabaseOutOfDate(subject, f"schema {revision}, this version needs {SCHEMA_REVISION}")
    if not is_suited(revision, floor):
        raise newer(subject, revision, floor)


def raised_to(pending: Iterable[tuple[str, bool]]) -> str | None:
    """The floor after the *pending* migrations, each a revision and whether it only expands; None: as it was.

    >>> raised_to([("0008", True), ("0009", False), ("0010", True)])
    '0009'
    """
    return max((revision for revision, expands in pending if not expands), default=None)


def lift(connection: Connection, floor: str) -> None:
    """Store that code of revisions before *floor* may not work with the database."""
    connection.exec_driver_sql(_RAISE, (floor, floor))
