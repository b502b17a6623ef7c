"""One instance a database, one back-fill, one rebuild: locks that the system frees however their holder dies."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

from storage.address import SqliteFile
from storage.errors import (
    BackfillAtWork,
    DatabaseInUse,
    DatabaseUnwritable,
    LeaderAtWork,
    RebuildAtWork,
    RedoAtWork,
    UpgradeHeldUp,
    WorkersAtWork,
)

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from storage.address import Address


class _Grip(Protocol):
    """What stands for a lock where the database is."""

    def take(self) -> str | None:
        """Take it; return None, or who has it. Raises StorageError."""

    def hold(self) -> str | None:
        """See to it that we have it still, else take it again; return None, or who has it. Raises StorageError."""

    def release(self) -> None:
        """Give it back."""


def is_locked(database: Address) -> bool:
    """Say whether an instance holds the `DatabaseLock` of this database now. Raises StorageError on PostgreSQL."""
    if isinstance(database, SqliteFile):
        return _is_file_locked(DatabaseLock.file_of(database))
    from storage import postgresql

    return postgresql.is_locked(database, DatabaseLock.number)


class DatabaseLock:
    """Held as long as the block runs: for an SQLite file by the file `DATABASE.lock`, else by the server.

    Raises DatabaseInUse at once when another process, or another lock of this one, holds it, and
    DatabaseUnwritable when the file cannot be written. The file, with our process id inside, stays behind: if it were
    removed, two processes could hold locks on two files of one name.
    """

    #: what is added to the name of the file
    suffix: ClassVar[str] = ".lock"
    #: what the server knows it by
    number: ClassVar[int] = 1
    #: whether many can have it at a time
    is_shared: ClassVar[bool] = False
    _in_use: ClassVar[type[DatabaseInUse]] = DatabaseInUse

    def __init__(self, database: Address) -> None:
        self._database = database
        self._grip: _Grip | None = None

    @classmethod
    def file_of(cls, database: SqliteFile) -> Path:
        """The file that stands for the lock."""
        return database.path.with_name(database.path.name + cls.suffix)

    def __enter__(self) -> Self:
        grip = self._new_grip()
        self._tell(grip.take())
        self._grip = grip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._grip is not None:
            self._grip.release()
            self._grip = None

    def hold(self) -> None:
        """See to it that it is held still; to be called now and then in the block, from any thread.

        A server that restarts forgets its locks: then it is taken again, on a new connection. Raises DatabaseInUse
        when another has it by now, and StorageError when the server cannot be asked: call again later.
        """
        if self._grip is None:
            raise AssertionError("the lock is not held")
        self._tell(self._grip.hold())

    def _new_grip(self) -> _Grip:
        if isinstance(self._database, SqliteFile):
            return _FileGrip(self.file_of(self._database))
        from storage import postgresql

        return postgresql.SessionGrip(self._database, self.number, is_shared=self.is_shared)

    def _tell(self, holder: str | None) -> None:
        if holder is not None:
            raise self._in_use(self._database.shown, holder)


class SharedLock(DatabaseLock):
    """The same for processes that work on one database together; each keeps out an instance that wants it alone.

    For a database on a server only.
    """

    is_shared = True


class QueueLock(DatabaseLock):
    """The `DatabaseLock` for what must not be done while workers are at work. Raises WorkersAtWork, a DatabaseInUse."""

    _in_use = WorkersAtWork


class UpgradeLock(DatabaseLock):
    """The `DatabaseLock` for an upgrade that others may not be beside. Raises UpgradeHeldUp, a DatabaseInUse."""

    _in_use = UpgradeHeldUp


class LeaderLock(DatabaseLock):
    """Held by the scheduler that leads. For a database on a server only. Raises LeaderAtWork, a DatabaseInUse."""

    suffix = ".leader.lock"
    number = 5
    _in_use = LeaderAtWork


class BackfillLock(DatabaseLock):
    """The same with the file `DATABASE.apply.lock`, for one back-fill at a time beside a running instance.

    Raises BackfillAtWork, a DatabaseInUse, and DatabaseUnwritable.
    """

    suffix = ".apply.lock"
    number = 2
    _in_use = BackfillAtWork


class RebuildLock(DatabaseLock):
    """The same with the file `DATABASE.rebuild.lock`, for one rebuild at a time.

    Raises RebuildAtWork, a DatabaseInUse, and DatabaseUnwritable.
    """

    suffix = ".rebuild.lock"
    number = 3
    _in_use = RebuildAtWork


class RedoLock(DatabaseLock):
    """The same with the file `DATABASE.redo.lock`, for one process at a time that redoes stored work.

    Raises RedoAtWork, a DatabaseInUse, and DatabaseUnwritable.
    """

    suffix = ".redo.lock"
    number = 4
    _in_use = RedoAtWork


def _is_file_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Shared, so that several who ask do not see each other; given back at once.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


class _FileGrip:
    """A lock on a file, which the system keeps as long as the file is open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> str | None:
        """Take it; return None, or who has it: "" where that is not known."""
        path = self._path
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise DatabaseUnwritable(str(path), error.strerror or "") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            return f"process {holder}" if holder else ""
        except OSError as error:
            os.close(descriptor)
            raise DatabaseUnwritable(str(path), error.strerror or "") from error
        self._descriptor = descriptor
        return None

    def hold(self) -> str | None:
        """Nobody can take it from us."""
        return None

    def release(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
