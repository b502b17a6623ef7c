"""One instance a database: a lock that the system frees when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Self

from storage.errors import DatabaseInUse, DatabaseUnwritable

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


def _lock_file(database: Path) -> Path:
    return database.with_name(database.name + ".lock")


def is_locked(database: Path) -> bool:
    """Say whether an instance holds the `DatabaseLock` of this database now."""
    try:
        descriptor = os.open(_lock_file(database), os.O_RDONLY | os.O_CLOEXEC)
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

    def __init__(self, database: Path) -> None:
        self._database = database
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        path = _lock_file(self._database)
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
            raise DatabaseInUse(str(self._database), f"process {holder}" if holder else "") from error
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
