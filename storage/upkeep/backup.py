"""Copies of an SQLite database: made beside whoever works on it, and put back in its place.

A copy is made by `VACUUM INTO` (https://www.sqlite.org/lang_vacuum.html#vacuuminto): it holds one state of the
database, is compact, and holds up nobody who writes. It gets its name only when it is whole and on the disk.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from storage import sqlite_file
from storage.errors import (
    BackupExists,
    BackupUnusable,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseUnwritable,
    NotADatabase,
    NotEnoughSpace,
    SearchIndexDamaged,
    StorageError,
)
from storage.tables import SCHEMA_REVISION
from storage.translation import translated
from storage.upkeep.exclusive import all_locks
from storage.upkeep.own_files import BESIDE, PART, is_database, what_it_is

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from storage.address import SqliteFile

    #: is called now and then with the bytes that are done and how many there are
    Tell = Callable[[int, int], None]
    #: the bytes that are free where a path is
    Free = Callable[[Path], int]

T = TypeVar("T")

#: So often it is told how far a copy is, in seconds.
TELL_EVERY_S = 0.1
#: Of what a copy takes, so much must be free beyond it: the last bytes of a disk are somebody else's.
SLACK_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """A copy that was made."""

    path: Path
    bytes: int
    #: schema of the database
    revision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A database that was put in place."""

    path: Path
    revision: str
    #: where the database is that was there before; None: there was none
    kept: Path | None


def free_bytes(path: Path) -> int:
    """The bytes that may yet be written into the folder of *path*. Raises DatabaseUnwritable."""
    try:
        return shutil.disk_usage(path.parent).free
    except OSError as error:
        raise DatabaseUnwritable(str(path), error.strerror or "") from error


def _nobody(_done: int, _total: int) -> None:
    pass


# --- a copy -----------------------------------------------------------------------------------------


def back_up(
    database: SqliteFile, target: Path, *, is_forced: bool = False, free: Free = free_bytes, tell: Tell = _nobody
) -> BackedUp:
    """Copy the database to *target*, beside whoever works on it; a schema of any age is taken.

    The copy is looked through before it gets its name; what stands at *target* is replaced only when *is_forced*, and
    only a copy of a database or an empty file. Raises BackupExists, NotEnoughSpace, DatabaseDamaged, and the other
    StorageErrors; nothing is left behind then.
    """
    source = database.path
    revision = sqlite_file.read_revision(source)
    if revision is None:
        raise DatabaseMissing(str(source))
    _refuse_target(database, target, is_forced=is_forced)
    with _new_file(target, like=source) as part:
        _copy(source, part, free, tell)
        # Somebody may have put a file there meanwhile.
        _refuse_target(database, target, is_forced=is_forced)
        part.replace(target)
    sync_folder(target)
    return BackedUp(path=target, bytes=target.stat().st_size, revision=revision)


def _refuse_target(database: SqliteFile, target: Path, *, is_forced: bool) -> None:
    if target.is_dir():
        raise BackupExists(str(target), "it is a folder: name a file in it")
    if target.exists() and not target.is_file():
        # The copy would take the place of the device or the pipe itself.
        raise BackupExists(str(target), "it is no ordinary file: name another")
    for path in (target, _beside(target, PART)):
        if fault := what_it_is(path, database):
            raise BackupExists(str(path), fault)
    if any(_beside(target, ending).exists() for ending in BESIDE):
        raise BackupExists(str(target), "it is a database that somebody works on")
    if not is_forced and os.path.lexists(target):
        raise BackupExists(str(target))
    if target.exists() and not _may_be_replaced(target):
        raise BackupExists(str(target), "it is no database of wirewatch, and nothing else is replaced")


def _may_be_replaced(target: Path) -> bool:
    try:
        return is_database(target)
    except OSError as error:
        raise DatabaseUnwritable(str(target), error.strerror or "") from error


@contextmanager
def _new_file(target: Path, *, like: Path) -> Iterator[Path]:
    """Yield an empty file beside *target* that only we write, readable for whom *like* is; it is gone afterwards.

    What an earlier copy left there that was killed is thrown away. Raises BackupExists when another process is at it,
    and DatabaseUnwritable.
    """
    part = target.with_name(target.name + PART)
    try:
        mode = stat.S_IMODE(like.stat().st_mode) if like.exists() else 0o644
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    except OSError as error:
        raise DatabaseUnwritable(str(part), error.strerror or "") from error
    try:
        # The system frees it however we end.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise BackupExists(str(part), "another process is writing it") from error
    try:
        if not (part.exists() and os.path.samestat(os.fstat(descriptor), part.stat())):
            # Another process has just ended, and what we opened is its copy.
            raise BackupExists(str(target), "another process has just written it")
        os.ftruncate(descriptor, 0)
        try:
            yield part
        except BaseException:
            for path in (part, *(_beside(part, ending) for ending in BESIDE)):
                path.unlink(missing_ok=True)
            raise
    finally:
        os.close(descriptor)


def _copy(source: Path, part: Path, free: Free, tell: Tell) -> None:
    """Copy one state of *source* into the empty file *part*, look it through, and see to it that it is on the disk."""
    with closing(sqlite_file.connect(source, "ro")) as connection:
        with translated(str(source)):
            total = live_bytes(connection)
        require_space(part, total + SLACK_BYTES, free)
        try:
            with translated(str(part)):
                meanwhile(
                    lambda: connection.execute("VACUUM INTO ?", (str(part.absolute()),)),
                    connection,
                    lambda: tell(min(sqlite_file.size_of(part), total), total),
                )
        except (DatabaseDamaged, SearchIndexDamaged) as error:
            # It is the source that is read so; and what is made of the texts can be made anew.
            if sqlite_file.damages(connection, source)[1]:
                raise SearchIndexDamaged(str(source)) from error
            raise DatabaseDamaged(str(source), error.detail) from error
    tell(total, total)
    with closing(sqlite_file.connect(part, "ro")) as copy:
        damage, _ = meanwhile(lambda: sqlite_file.damages(copy, part), copy, lambda: tell(total, total))
    if damage:
        raise DatabaseDamaged(str(source), f"its copy is: {damage}")
    _sync(part)


def meanwhile(work: Callable[[], T], connection: sqlite3.Connection, tell: Callable[[], None]) -> T:
    """Do *work* with the connection in a thread, and tell how far it is; Ctrl-C ends it at once."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        future = thread.submit(work)
        try:
            while True:
                with suppress(NotYetError):
                    return future.result(timeout=TELL_EVERY_S)
                tell()
        except BaseException:
            connection.interrupt()
            raise


def live_bytes(connection: sqlite3.Connection) -> int:
    """What the database takes without its free pages."""
    numbers = [
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    ]
    return int((numbers[0] - numbers[1]) * numbers[2])


def require_space(path: Path, needed: int, free: Free = free_bytes) -> None:
    """Raise NotEnoughSpace unless *needed* bytes are free in the folder of *path*."""
    left = free(path)
    if left < needed:
        raise NotEnoughSpace(
            str(path), f"{_megabytes(needed)} are needed in {path.parent}, {_megabytes(left)} are free"
        )


def _megabytes(number: int) -> str:
    return f"{number / 1e6:,.1f} MB"


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """See to it that the names in the folder of *path* are on the disk."""
    # Some file systems over a network cannot.
    with suppress(OSError):
        _sync(path.absolute().parent)


# --- put back ---------------------------------------------------------------------------------------


def restore(
    database: SqliteFile, backup: Path, *, stamp: str, free: Free = free_bytes, tell: Tell = _nobody
) -> Restored:
    """Put a copy of *backup* in the place of the database, and keep that aside as NAME.before-restore-STAMP.

    *backup* may be of an earlier version. Nobody may work on the database: all locks are held, and where another
    program has the file open DatabaseBusy is raised. Raises BackupUnusable, DatabaseMissing or
    DatabaseNewer for a backup that cannot be used, NotEnoughSpace, and the other StorageErrors. When it raises, the
    database is as it was.
    """
    path = database.path
    sqlite_file.make_folder(path)
    with ExitStack() as stack:
        stack.enter_context(all_locks(database))
        with _as_backup(backup):
            revision = _known_revision(backup, path)
        part = stack.enter_context(_new_file(path, like=path if path.exists() else backup))
        with _as_backup(backup):
            _copy(backup, part, free, tell)
        with translated(str(part)), closing(sqlite_file.connect(part, "rw")) as connection:
            # Readers find a WAL database from the first moment on.
            connection.execute("PRAGMA journal_mode = WAL")
        _sync(part)
        kept = _put_in_place(part, path, path.with_name(f"{path.name}.before-restore-{stamp}"))
    return Restored(path=path, revision=revision, kept=kept)


def _known_revision(backup: Path, path: Path) -> str:
    if backup.exists() and path.exists() and backup.samefile(path):
        raise BackupUnusable(str(backup), "it is the database itself")
    revision = sqlite_file.read_revision(backup)
    if revision is None:
        raise BackupUnusable(str(backup), "the file is empty" if backup.exists() else "there is no such file")
    if revision > SCHEMA_REVISION:
        raise DatabaseNewer(str(backup), f"schema {revision}, this version knows {SCHEMA_REVISION}")
    return revision


@contextmanager
def _as_backup(backup: Path) -> Iterator[None]:
    """Tell of a backup that is damaged, or none, as that: the fix for it is another one."""
    try:
        yield
    except DatabaseDamaged as error:
        raise BackupUnusable(str(backup), error.detail) from error
    except NotADatabase as error:
        raise BackupUnusable(str(backup), error.detail or "it is no database of wirewatch") from error


def _put_in_place(part: Path, path: Path, aside: Path) -> Path | None:
    """Give *part* the name *path*, and what has that now the name *aside*; return it, None where there was nothing."""
    if os.path.lexists(aside):
        raise BackupExists(str(aside))
    with ExitStack() as stack:
        if not path.exists():
            # The log of a file that is gone belongs to no other.
            _set_aside_logs(path, aside)
            kept = None
        else:
            _be_alone(path, stack)
            _set_aside_logs(path, aside)
            kept = aside
            try:
                # So that at every moment there is a database.
                os.link(path, aside)
            except OSError:
                path.replace(aside)
        part.replace(path)
    sync_folder(path)
    return kept


def _be_alone(path: Path, stack: ExitStack) -> None:
    """Hold the file alone until *stack* ends, with all of its log in it, as far as it is whole enough for that.

    Raises DatabaseBusy when somebody has it open: who writes on would write into the file that was set aside.
    """
    try:
        connection = stack.enter_context(closing(sqlite_file.connect(path, "rw", busy_timeout_s=ALONE_S)))
        with translated(str(path)):
            # Only who is alone may change the mode; it folds the log into the file and removes it.
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()
            connection.execute("BEGIN EXCLUSIVE")
    except DatabaseBusy:
        raise
    except (StorageError, sqlite3.Error):
        # It is damaged, which may be why another is to take its place; it is kept as it is, with its log.
        return


#: So long it is waited for those who have the file open, in seconds.
ALONE_S = 2.0


def _set_aside_logs(path: Path, aside: Path) -> None:
    for ending in BESIDE:
        with suppress(FileNotFoundError):
            _beside(path, ending).replace(_beside(aside, ending))
