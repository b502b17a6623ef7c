"""One instance a database, one back-fill, one rebuild: locks that the system frees however their holder dies."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, ClassVar, Self

from storage.errors import BackfillAtWork, DatabaseInUse, DatabaseUnwritable, RebuildAtWork

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


def is_locked(database: Path) -> bool:
    """Say whether an instance holds the `DatabaseLock` of this database now."""
    try:
        descriptor = os.open(DatabaseLock.file_of(database), os.O_RDONLY | os.O_CLOEXEC)
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


class DatabaseLock:
    """Holds the file `DATABASE.lock`, with our process id inside, as long as the block runs.

    Raises DatabaseInUse at once when another process, or another lock of this one, holds it, and
    DatabaseUnwritable when the file cannot be written. The file stays behind: if it were removed, two
    processes could hold locks on two files of one name.
    """

    _suffix: ClassVar[str] = ".lock"
    _in_use: ClassVar[type[DatabaseInUse]] = DatabaseInUse

    def __init__(self, database: Path) -> None:
        self._database = database
        self._descriptor: int | None = None

    @classmethod
    def file_of(cls, database: Path) -> Path:
        """The file that stands for the lock."""
        return database.with_name(database.name + cls._suffix)

    def __enter__(self) -> Self:
        path = self.file_of(self._database)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise DatabaseUnwritable(str(path), error.strerror or "") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise self._in_use(str(self._database), f"process {holder}" if holder else "") from error
        except OSError as error:
            os.close(descriptor)
            raise DatabaseUnwritable(str(path), error.strerror or "") from error
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class BackfillLock(DatabaseLock):
    """The same with the file `DATABASE.apply.lock`, for one back-fill at a time beside a running instance.

    Raises BackfillAtWork, a DatabaseInUse, and DatabaseUnwritable.
    """

    _suffix = ".apply.lock"
    _in_use = BackfillAtWork


class RebuildLock(DatabaseLock):
    """The same with the file `DATABASE.rebuild.lock`, for one rebuild at a time.

    Raises RebuildAtWork, a DatabaseInUse, and DatabaseUnwritable.
    """

    _suffix = ".rebuild.lock"
    _in_use = RebuildAtWork
