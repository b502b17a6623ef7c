"""An SQLite file: how it is opened, looked at and measured.

It is opened so that nothing is lost silently: `BEGIN IMMEDIATE` before the first statement of every writing
transaction (the driver's own mode runs SELECTs outside of any, and four processes then lost 462 of 800 updates), WAL so
that readers and the writer do not wait for each other, and readers that cannot write at all. Each new connection makes
sure that the file is ours and of the present schema.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from sqlalchemy import create_engine, event
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.pool import QueuePool

from storage.dialect import SEARCH_TABLE, to_json
from storage.errors import (
    CopyUnfinished,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseOutOfDate,
    DatabaseUnwritable,
    NotADatabase,
    SearchIndexDamaged,
)
from storage.tables import APPLICATION_ID, MARK_OF_COPY, REVISION_TABLE, SCHEMA_REVISION
from storage.translation import read_json, translate, translated

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

#: how SQLite may open the file: read-only, read and write, or also create it
Mode = Literal["ro", "rw", "rwc"]
Synchronous = Literal["NORMAL", "FULL"]

#: A hundred times as long as any transaction of ours takes, so that nobody is turned away for others who write; what
#: takes longer holds the locks of `storage.lock`, which tell who works.
BUSY_TIMEOUT_S = 30.0
#: SQLite says at once that it is busy where it would have to wait for one that waits for us, and while another process
#: repairs or removes the log: then it is asked again so soon.
ASK_AGAIN_S = 0.02

#: The WAL file is cut back to this size after a checkpoint; a long-open reader lets it grow beyond.
WAL_LIMIT_BYTES = 64 * 1024 * 1024

#: The log is folded into the file whenever it has so much. After 1,000 pages, as SQLite does by itself, would be 32 MB
#: with pages of 32 kB, so that little is left up to the limit while somebody reads.
FOLD_AT_BYTES = 16 * 1024 * 1024

#: Readers that stay open; more are opened when needed. Each holds up to 2 MB of pages.
READERS = 4

#: Compiled statements that a connection keeps; more than we have.
STATEMENTS = 200


def connect(path: Path, mode: Mode, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """Open the file in SQLite's own transaction mode, where nothing begins unless we say so."""
    immutable = "&immutable=1" if mode == "ro" and _cannot_change(path) else ""
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}{immutable}",
        uri=True,
        timeout=busy_timeout_s,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS,
    )


def _cannot_change(path: Path) -> bool:
    """The file is whole, on a medium that is read-only: there SQLite cannot make what it needs beside it to read it.

    With a log beside it, it is not whole without that.
    """
    with suppress(OSError):
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY) and not wal_bytes(path)
    return False


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def writing_engine(
    path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S, synchronous: Synchronous = "NORMAL"
) -> Engine:
    """An engine whose transactions begin with BEGIN IMMEDIATE."""

    def open_for_writing() -> sqlite3.Connection:
        connection = _open_checked(path, "rw", busy_timeout_s)
        if not os.access(path, os.W_OK):
            # SQLite opens it for reading then, and would go on with that when the file can be written again.
            connection.close()
            raise DatabaseUnwritable(str(path))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {FOLD_AT_BYTES // PAGE_BYTES}")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        # Whatever the library was built with: what is deleted is overwritten where its page is written anyway. What
        # stays in pages that are free is seen to by `storage.upkeep.erasing`.
        connection.execute("PRAGMA secure_delete = FAST")
        return connection

    engine = _engine(open_for_writing, "BEGIN IMMEDIATE", pool_size=1, max_overflow=0, busy_timeout_s=busy_timeout_s)
    _follow_path(engine, path)
    return engine


def erasing_engine(path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """An engine that overwrites with zeros what it deletes, for `storage.upkeep.erasing`.

    It checks no foreign keys: for each row that is deleted, all tables would be looked through that can refer to it.
    """

    def open_for_erasing() -> sqlite3.Connection:
        connection = _open_checked(path, "rw", busy_timeout_s)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA secure_delete = ON")
        return connection

    return _engine(open_for_erasing, "BEGIN IMMEDIATE", pool_size=1, max_overflow=0, busy_timeout_s=busy_timeout_s)


def fold_log(path: Path, *, wait_s: float) -> bool:
    """Fold the write-ahead log into the file and empty it; False: for *wait_s* seconds somebody read from it."""
    with translated(str(path)), closing(connect(path, "rw", busy_timeout_s=wait_s)) as connection:
        ((is_busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return not is_busy


def reading_engine(path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """An engine that cannot write; all reads of one transaction see one state of the database."""

    def open_for_reading() -> sqlite3.Connection:
        return _open_checked(path, "ro", busy_timeout_s)

    engine = _engine(open_for_reading, "BEGIN", pool_size=READERS, max_overflow=-1, busy_timeout_s=busy_timeout_s)
    _follow_path(engine, path)
    return engine


def migrating_engine(path: Path) -> Engine:
    """An engine for the migrations: it takes a schema of any age, and checks no foreign keys.

    With them on, making a table anew would delete what refers to it.
    """
    return _engine(lambda: connect(path, "rw"), "BEGIN IMMEDIATE", pool_size=1, max_overflow=0)


def _engine(
    creator: Callable[[], sqlite3.Connection],
    begin: str,
    *,
    pool_size: int,
    max_overflow: int,
    busy_timeout_s: float = BUSY_TIMEOUT_S,
) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=creator,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=max_overflow,
        json_serializer=to_json,
        json_deserializer=read_json,
        # Texts of strangers, and secrets of hubs, have no business in a traceback.
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        until = time.monotonic() + busy_timeout_s
        while True:
            try:
                connection.exec_driver_sql(begin)
            except OperationalError as error:
                if not isinstance(translate(error, ""), DatabaseBusy) or time.monotonic() >= until:
                    raise
                time.sleep(ASK_AGAIN_S)
            else:
                return

    return engine


def _follow_path(engine: Engine, path: Path) -> None:
    """Let each transaction be of the file that is at *path* when it begins.

    SQLite goes on with a file that was deleted, moved or replaced, and what it writes there nobody finds again. So
    before each transaction a look, which takes a microsecond, tells whether the connection is to another file than
    the one that is there now; then it is closed (SQLite leaves the log of the new one alone), and a new one is opened,
    which says that there is no database where there is none.
    """

    @event.listens_for(engine, "connect")
    def _remember(_connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        record.info["file"] = _identity(path)

    @event.listens_for(engine, "checkout")
    def _compare(_connection: sqlite3.Connection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        if record.info["file"] != _identity(path):
            raise DisconnectionError


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of the same name; None: there is none, or it cannot be seen."""
    try:
        found = os.stat(path)  # noqa: PTH116  # half the time of Path.stat, at each transaction
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open_checked(path: Path, mode: Mode, busy_timeout_s: float) -> sqlite3.Connection:
    """Open the file; raise unless it is a wirewatch database of the present schema."""
    if not is_there(path):
        raise DatabaseMissing(str(path))
    try:
        connection = connect(path, mode, busy_timeout_s=busy_timeout_s)
        try:
            _check_schema(connection, path)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise translate(error, str(path)) from error
    return connection


def make_folder(path: Path) -> None:
    """Make the folders that lead to the file. Raises DatabaseUnwritable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnwritable(str(path), error.strerror or "") from error


#: A text of three thousand bytes has a page of 4,096, SQLite's own choice, almost for itself: then pages are empty by a
#: fifth. `bench/storage_scale.py` measures what that takes.
PAGE_BYTES = 32_768


def create(path: Path) -> None:
    """Make an empty database where there is none."""
    with closing(connect(path, "rwc")) as connection:
        # Before all else; it cannot be changed later but by VACUUM.
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        # Readers find a WAL database from the first moment on; the mode cannot be set in a transaction.
        connection.execute("PRAGMA journal_mode = WAL")


def is_there(path: Path) -> bool:
    """There is a file of this name. Raises StorageError for a folder and for what cannot be looked at."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DatabaseUnwritable(str(path), error.strerror or "") from error
    if stat.S_ISDIR(mode):
        raise NotADatabase(str(path), "it is a folder")
    return True


def _check_schema(connection: sqlite3.Connection, path: Path) -> None:
    revision = stored_revision(connection, path)
    if revision is None:
        raise DatabaseMissing(str(path), "the file is empty")
    if revision < SCHEMA_REVISION:
        raise DatabaseOutOfDate(str(path), f"schema {revision}, this version needs {SCHEMA_REVISION}")
    if revision > SCHEMA_REVISION:
        raise DatabaseNewer(str(path), f"schema {revision}, this version knows {SCHEMA_REVISION}")


_COUNT_TABLES = "SELECT count(*), count(*) FILTER (WHERE name = ?) FROM sqlite_master"


def stored_revision(connection: sqlite3.Connection, path: Path) -> str | None:
    """Return the schema's revision, None for an empty file.

    Raises NotADatabase when the file is not ours, CopyUnfinished for a copy that is not whole yet.
    """
    ((application_id,),) = connection.execute("PRAGMA application_id").fetchall()
    ((tables, marks),) = connection.execute(_COUNT_TABLES, [MARK_OF_COPY]).fetchall()
    if not tables:
        return None
    if marks:
        raise CopyUnfinished(str(path))
    if application_id != APPLICATION_ID:
        raise NotADatabase(str(path), "it belongs to another program")
    rows = connection.execute(f"SELECT version_num FROM {REVISION_TABLE}").fetchall()  # noqa: S608  # a constant
    if len(rows) != 1:
        raise NotADatabase(str(path), "its schema has no revision")
    return str(rows[0][0])


def read_revision(path: Path) -> str | None:
    """Return the schema's revision, None where there is no file or an empty one. Raises StorageError."""
    if not is_there(path):
        return None
    with translated(str(path)), closing(connect(path, "ro")) as connection:
        return stored_revision(connection, path)


def damages(connection: sqlite3.Connection, path: Path) -> tuple[str, bool]:
    """Return what SQLite finds wrong with the file, or "", and whether that is in the index of the search alone."""
    found = _damages(connection, path, "3")
    if not found:
        return "", False
    names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    # The table itself has no pages, and cannot be looked at where its parts are damaged.
    index = [name for name in names if name.startswith(f"{SEARCH_TABLE}_")]
    others = [name for name in names if name not in index and name != SEARCH_TABLE]
    is_index = not any(_damages(connection, path, name) for name in others)
    return found, is_index and any(_damages(connection, path, name) for name in index)


def _damages(connection: sqlite3.Connection, path: Path, what: str) -> str:
    try:
        with translated(str(path)):
            findings = [str(row[0]) for row in connection.execute(f"PRAGMA quick_check('{what}')")]
    except (DatabaseDamaged, SearchIndexDamaged) as error:
        return error.detail or error.what
    return "" if findings == ["ok"] else "; ".join(findings)


def size_of(path: Path) -> int:
    """The bytes of the database with its write-ahead log; 0 where there is none."""
    return _size(path) + wal_bytes(path)


def wal_bytes(path: Path) -> int:
    """The bytes of the write-ahead log beside the database; 0 where there is none."""
    return _size(path.with_name(path.name + "-wal"))
