"""Connections to the database: one that writes, in one thread, and some that can only read.

SQLite is opened so that nothing is lost silently: `BEGIN IMMEDIATE` before the first statement of every
writing transaction (the driver's own mode runs SELECTs outside of any, and four processes then lost 462 of
800 updates), WAL so that readers and the writer do not wait for each other, and readers that cannot write
at all. Each new connection makes sure that the file is ours and of the present schema.
"""

from __future__ import annotations

import json
import re
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import quote

from sqlalchemy import create_engine, event
from sqlalchemy.pool import QueuePool

from storage.errors import (
    DatabaseClosed,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseOutOfDate,
    DatabaseUnwritable,
    DatabaseUrlInvalid,
    NotADatabase,
    StorageError,
    translate,
    translated,
)
from storage.tables import APPLICATION_ID, REVISION_TABLE, SCHEMA_REVISION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

T = TypeVar("T")
R = TypeVar("R")

#: how SQLite may open the file: read-only, read and write, or also create it
Mode = Literal["ro", "rw", "rwc"]
Synchronous = Literal["NORMAL", "FULL"]

#: Longer than any transaction of ours takes, shorter than people wait.
BUSY_TIMEOUT_S = 5.0

#: The WAL file is cut back to this size after a checkpoint; a long-open reader lets it grow beyond.
WAL_LIMIT_BYTES = 64 * 1024 * 1024

#: Readers that stay open; more are opened when needed. Each holds up to 2 MB of pages.
READERS = 4

#: Compiled statements that a connection keeps; more than we have.
STATEMENTS = 200


def database_path(url: str) -> Path:
    """Return the file of the address `sqlite:///PATH`; PATH is taken as it stands, nothing in it is decoded.

    Raises DatabaseUrlInvalid for every other address, and for a database in memory, which two connections
    could not share.

    >>> database_path("sqlite:////var/lib/news 50%.db")
    PosixPath('/var/lib/news 50%.db')
    """
    scheme, separator, name = url.partition(":///")
    if scheme == "sqlite" and separator and name and name != ":memory:":
        return Path(name)
    shown = _CREDENTIALS.sub("//", url)
    kind = url.partition(":")[0].partition("+")[0]
    if kind == "sqlite":
        raise DatabaseUrlInvalid(shown, "a file is needed")
    raise DatabaseUrlInvalid(shown, f"{kind} is not available in this version" if "://" in url else "")


#: user and password in an address
_CREDENTIALS = re.compile("//[^/]*@")


def connect(path: Path, mode: Mode, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """Open the file in SQLite's own transaction mode, where nothing begins unless we say so."""
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=busy_timeout_s,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS,
    )


def writing_engine(
    path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S, synchronous: Synchronous = "NORMAL"
) -> Engine:
    """An engine whose transactions begin with BEGIN IMMEDIATE."""

    def open_for_writing() -> sqlite3.Connection:
        connection = _open_checked(path, "rw", busy_timeout_s)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    return _engine(open_for_writing, "BEGIN IMMEDIATE", pool_size=1, max_overflow=0)


def reading_engine(path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """An engine that cannot write; all reads of one transaction see one state of the database."""
    return _engine(lambda: _open_checked(path, "ro", busy_timeout_s), "BEGIN", pool_size=READERS, max_overflow=-1)


def migrating_engine(path: Path) -> Engine:
    """An engine for the migrations: it takes a schema of any age, and checks no foreign keys.

    With them on, making a table anew would delete what refers to it.
    """
    return _engine(lambda: connect(path, "rw"), "BEGIN IMMEDIATE", pool_size=1, max_overflow=0)


def _engine(creator: Callable[[], sqlite3.Connection], begin: str, *, pool_size: int, max_overflow: int) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=creator,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=max_overflow,
        json_serializer=_to_json,
        # Texts of strangers, and secrets of hubs, have no business in a traceback.
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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


def stored_revision(connection: sqlite3.Connection, path: Path) -> str | None:
    """Return the schema's revision, None for an empty file. Raises NotADatabase when the file is not ours."""
    ((application_id,),) = connection.execute("PRAGMA application_id").fetchall()
    ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    if not tables:
        return None
    if application_id != APPLICATION_ID:
        raise NotADatabase(str(path), "it belongs to another program")
    rows = connection.execute(f"SELECT version_num FROM {REVISION_TABLE}").fetchall()  # noqa: S608  # a constant
    if len(rows) != 1:
        raise NotADatabase(str(path), "its schema has no revision")
    return str(rows[0][0])


class _RefusedError(Exception):
    """A call has met a StorageError, so the transaction that it shares with others is given up."""


class Reader:
    """Runs reading transactions in the thread that asks."""

    def __init__(self, engine: Engine, subject: str) -> None:
        self._engine = engine
        self._subject = subject
        self._is_closed = False
        #: the transaction that calls of this thread are joined to at this moment
        self._here = threading.local()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run *work* on one state of the database, within `run_together` on the one that its other calls see.

        Raises StorageError for what the database refuses, and what *work* itself raises.
        """
        joined: Connection | None = getattr(self._here, "joined", None)
        if joined is not None:
            with translated(self._subject):
                return work(joined)
        if self._is_closed:
            raise DatabaseClosed(self._subject)
        with translated(self._subject), self._engine.begin() as connection:
            return work(connection)

    def run_together(self, calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
        """Make all *calls*, each of which calls `run`, in one transaction; returns what each returned or raised."""

        def work(connection: Connection) -> list[T | Exception]:
            self._here.joined = connection
            try:
                return list(map(_outcome, calls))
            finally:
                self._here.joined = None

        return list(map(_outcome, calls)) if len(calls) == 1 else self.run(work)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._is_closed = True
        self._engine.dispose()


class Writer:
    """Runs transactions one after the other in a thread of its own, whatever thread asks.

    Each caller waits for its own transaction, so never more are queued than there are calling threads.
    """

    def __init__(self, engine: Engine, subject: str) -> None:
        self._engine = engine
        self._subject = subject
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database-writer")
        #: set in the writer's thread only: the transaction that calls are joined to at this moment
        self._here = threading.local()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run *work* in one transaction: committed when it returns, undone when it raises.

        Within `run_together` it is a part of that transaction, and is undone alone when it raises.
        Raises StorageError for what the database refuses, and what *work* itself raises.
        """
        if getattr(self._here, "is_writer", False):
            joined: Connection | None = self._here.joined
            return self._transaction(work) if joined is None else self._part(joined, work)
        return self._submit(partial(self._transaction, work))

    def run_together(self, calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
        """Make all *calls*, each of which calls `run`, in one transaction; returns what each returned or raised.

        It is committed when this returns. When the database refuses one of the calls, each is made in a transaction
        of its own. Raises StorageError when it refuses the transaction, and nothing is done.
        """
        return self._submit(partial(self._together, calls))

    def _submit(self, task: Callable[[], R]) -> R:
        try:
            future = self._thread.submit(task)
        except RuntimeError as error:
            raise DatabaseClosed(self._subject) from error
        return future.result()

    def _together(self, calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
        here = self._here
        here.is_writer, here.joined = True, None
        try:
            found = self._in_one(calls) if len(calls) > 1 else None
            return list(map(_outcome, calls)) if found is None else found
        finally:
            here.is_writer = False

    def _in_one(self, calls: Sequence[Callable[[], T]]) -> list[T | Exception] | None:
        """Make *calls* in one transaction; None, and nothing is done, when the database has refused one of them."""

        def work(connection: Connection) -> list[T | Exception]:
            self._here.joined = connection
            try:
                found = list(map(_outcome, calls))
            finally:
                self._here.joined = None
            if any(isinstance(each, StorageError) for each in found):
                # What has befallen one of them may have undone the others: SQLite rolls back by itself.
                raise _RefusedError
            return found

        with suppress(_RefusedError):
            return self._transaction(work)
        return None

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        with translated(self._subject), self._engine.begin() as connection:
            return work(connection)

    def _part(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        """Run *work* within a transaction that goes on. SQLAlchemy's own savepoints cost ten times as much."""
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        with translated(self._subject):
            driver.execute("SAVEPOINT part")
            try:
                found = work(connection)
            except BaseException:
                # Where the whole transaction is gone, this fails as well, and that is told.
                driver.execute("ROLLBACK TO part")
                driver.execute("RELEASE part")
                raise
            driver.execute("RELEASE part")
            return found

    def close(self) -> None:
        """Finish what is queued, then close the connection, which also folds the WAL into the file."""
        self._thread.shutdown(wait=True)
        self._engine.dispose()


def _outcome(call: Callable[[], T]) -> T | Exception:
    try:
        return call()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is for the one who made this call
        return error


def size_of(path: Path) -> int:
    """The bytes of the database with its write-ahead log; 0 where there is none."""
    size = 0
    for file in (path, path.with_name(path.name + "-wal")):
        with suppress(OSError):
            size += file.stat().st_size
    return size
