"""Gives space back that is free within the database, of what was forgotten or replaced."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from storage import sqlite_file
from storage.address import SqliteFile
from storage.columns import metadata
from storage.dialect import SEARCH_TABLE
from storage.errors import DatabaseMissing
from storage.translation import translated
from storage.upkeep.backup import SLACK_BYTES, free_bytes, live_bytes, meanwhile, require_space
from storage.upkeep.exclusive import all_locks

if TYPE_CHECKING:
    import sqlite3

    from storage.address import Address, PostgresDatabase
    from storage.upkeep.backup import Free


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacuumed:
    """Bytes of the database, with its write-ahead log, before and after."""

    before: int
    after: int


def vacuum(database: Address, *, free: Free = free_bytes) -> Vacuumed:
    """Give the space back that is free within the database. Killed, it has done nothing.

    Nobody may work on an SQLite file meanwhile: all locks are held. It is written anew to the temporary folder, and
    from there to the log beside the database. On PostgreSQL it is done beside whoever works, and tables are counted
    anew for what plans go by. Raises NotEnoughSpace, DatabaseInUse, and the other StorageErrors.
    """
    return _vacuum_file(database, free) if isinstance(database, SqliteFile) else _vacuum_server(database)


def _vacuum_file(database: SqliteFile, free: Free) -> Vacuumed:
    path = database.path
    if sqlite_file.read_revision(path) is None:
        raise DatabaseMissing(str(path))
    with all_locks(database), closing(sqlite_file.connect(path, "rw")) as connection:
        before = sqlite_file.size_of(path)
        with translated(str(path)):
            needed = live_bytes(connection) + SLACK_BYTES
            for where, size in _needs(path, needed).items():
                require_space(where, size, free)
            meanwhile(lambda: _write_anew(connection), connection, lambda: None)
        return Vacuumed(before=before, after=sqlite_file.size_of(path))


def _write_anew(connection: sqlite3.Connection) -> None:
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _needs(path: Path, size: int) -> dict[Path, int]:
    """Where how much must be free: at the database and in the temporary folder, which may be the same disk."""
    temporary = temporary_folder()
    if temporary.stat().st_dev == path.absolute().parent.stat().st_dev:
        return {path: 2 * size}
    return {path: size, temporary / "any": size}


def temporary_folder() -> Path:
    """Where SQLite writes what does not fit into memory, https://www.sqlite.org/tempfiles.html section 5."""
    named = [os.environ[name] for name in ("SQLITE_TMPDIR", "TMPDIR") if os.environ.get(name)]
    for name in (*named, "/var/tmp", "/usr/tmp", "/tmp"):  # noqa: S108  # nothing is written by us: SQLite looks there
        if os.access(name, os.W_OK | os.X_OK) and Path(name).is_dir():
            return Path(name)
    return Path()


def _vacuum_server(database: PostgresDatabase) -> Vacuumed:
    from storage import postgresql

    revision, before = postgresql.read_revision(database)
    if revision is None:
        raise DatabaseMissing(database.shown)
    tables = ", ".join(f'"{name}"' for name in (*sorted(metadata.tables), SEARCH_TABLE))
    with closing(postgresql.connect(database, {})) as connection, translated(database.shown):
        connection.execute(f"VACUUM (ANALYZE) {tables}")
    return Vacuumed(before=before, after=postgresql.read_revision(database)[1])
