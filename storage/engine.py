"""Transactions: one at a time that writes, in a thread of its own, and some that can only read.

How connections are made is told apart: `storage.sqlite_file` and `storage.postgresql`.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import DBAPIError

from storage import dialect, direct, sqlite_file
from storage.address import SqliteFile
from storage.errors import DatabaseClosed, StorageError
from storage.translation import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Engine, RootTransaction

    from storage.address import Address

T = TypeVar("T")
R = TypeVar("R")

Synchronous = sqlite_file.Synchronous
BUSY_TIMEOUT_S = sqlite_file.BUSY_TIMEOUT_S


def writing_engine(
    address: Address, *, busy_timeout_s: float = BUSY_TIMEOUT_S, synchronous: Synchronous = "NORMAL"
) -> Engine:
    """An engine whose writing transactions come one after the other, whatever process begins them."""
    if isinstance(address, SqliteFile):
        return sqlite_file.writing_engine(address.path, busy_timeout_s=busy_timeout_s, synchronous=synchronous)
    from storage import postgresql

    return postgresql.writing_engine(address, busy_timeout_s=busy_timeout_s, synchronous=synchronous)


def reading_engine(address: Address, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """An engine that cannot write; all reads of one transaction see one state of the database."""
    if isinstance(address, SqliteFile):
        return sqlite_file.reading_engine(address.path, busy_timeout_s=busy_timeout_s)
    from storage import postgresql

    return postgresql.reading_engine(address, busy_timeout_s=busy_timeout_s)


def migrating_engine(address: Address) -> Engine:
    """An engine for the migrations: it takes a schema of any age."""
    if isinstance(address, SqliteFile):
        return sqlite_file.migrating_engine(address.path)
    from storage import postgresql

    return postgresql.migrating_engine(address)


def size_of(address: Address, connection: Connection) -> int:
    """The bytes of the database that *connection* leads to, of SQLite with its write-ahead log."""
    if isinstance(address, SqliteFile):
        return sqlite_file.size_of(address.path)
    from storage import postgresql

    return postgresql.size_of(connection)


class _HalfDoneError(Exception):
    """A call has raised after it had written, and nothing can undo it alone."""


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
        with translated(self._subject):
            try:
                return self._transaction(work)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            # The server has ended a connection, which may have lain idle: on a new one it can be read.
            return self._transaction(work)

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)

    def run_together(self, calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
        """Make all *calls*, each of which calls `run`, in one transaction; returns what each returned or raised.

        When the database refuses one of the calls, each is made in a transaction of its own.
        """
        found = self._in_one(calls) if len(calls) > 1 else None
        return list(map(_outcome, calls)) if found is None else found

    def _in_one(self, calls: Sequence[Callable[[], T]]) -> list[T | Exception] | None:
        """Make *calls* in one transaction; None when the database has refused one of them."""

        def work(connection: Connection) -> list[T | Exception]:
            self._here.joined = connection
            try:
                found = list(map(_outcome, calls))
            finally:
                self._here.joined = None
            if any(isinstance(each, StorageError) for each in found):
                # After an error PostgreSQL answers nothing more in a transaction.
                raise _RefusedError
            return found

        with suppress(_RefusedError):
            return self.run(work)
        return None

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
        """Make *calls* in one transaction; None, and nothing is done, when the database has refused one of them.

        A savepoint for each call makes SQLite keep each page that it changes as it was before, which is a quarter of
        all its work. Nearly all calls end well, and most that do not have written nothing: so there are none, until a
        call has raised that must be undone. Then all are undone and made again with them. PostgreSQL has them always:
        it does not take back ids that were given out.
        """
        for has_savepoints in (True,) if self._engine.dialect.name == "postgresql" else (False, True):
            self._here.has_savepoints = has_savepoints
            try:
                return self._transaction(partial(self._all, calls))
            except _HalfDoneError:
                continue
            except _RefusedError:
                break
        return None

    def _all(self, calls: Sequence[Callable[[], T]], connection: Connection) -> list[T | Exception]:
        here = self._here
        here.joined, here.is_half_done = connection, False
        found = []
        try:
            for call in calls:
                found.append(_outcome(call))
                if isinstance(found[-1], StorageError):
                    # What has befallen one of them may have undone the others: SQLite rolls back by itself.
                    raise _RefusedError
                if here.is_half_done:
                    raise _HalfDoneError
        finally:
            here.joined = None
        return found

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        with translated(self._subject), _begin(self._engine) as (connection, transaction), transaction:
            return work(connection)

    def _part(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        """Run *work* within a transaction that goes on."""
        with translated(self._subject):
            if self._here.has_savepoints:
                return _undoable(connection, work)
            before = dialect.count_changes(connection)
            try:
                return work(connection)
            except BaseException:
                self._here.is_half_done = before is None or dialect.count_changes(connection) != before
                raise

    def close(self) -> None:
        """Finish what is queued, then close the connection, which also folds the WAL into the file."""
        self._thread.shutdown(wait=True)
        self._engine.dispose()


@contextmanager
def _begin(engine: Engine) -> Iterator[tuple[Connection, RootTransaction]]:
    """Give a connection and its transaction: a new one where the server has ended the one that lay idle."""
    connection = engine.connect()
    try:
        try:
            transaction = connection.begin()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            connection.close()
            connection = engine.connect()
            transaction = connection.begin()
        yield connection, transaction
    finally:
        connection.close()


def _undoable(connection: Connection, work: Callable[[Connection], T]) -> T:
    """Run *work*; what it has written is undone when it raises. SQLAlchemy's own savepoints cost ten times as much."""
    direct.say(connection, "SAVEPOINT part")
    try:
        found = work(connection)
    except BaseException:
        # Where the whole transaction is gone, this fails as well, and that is told.
        direct.say(connection, "ROLLBACK TO SAVEPOINT part")
        direct.say(connection, "RELEASE SAVEPOINT part")
        raise
    direct.say(connection, "RELEASE SAVEPOINT part")
    return found


def _outcome(call: Callable[[], T]) -> T | Exception:
    try:
        return call()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is for the one who made this call
        return error
