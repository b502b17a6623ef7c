"""What can go wrong with the database. Each message names the file and the fix.

* ingest.errors.StoreError
  + StorageError
    - DatabaseMissing      there is no such file
    - DatabaseOutOfDate    made by an earlier version: upgrade it
    - DatabaseNewer        made by a later version: upgrade the program
    - NotADatabase         some other file, or another program's database
    - DatabaseBusy         locked by another process for too long; passing
    - DatabaseInUse        another instance works on it
      . BackfillAtWork     another back-fill does
      . RebuildAtWork      another rebuild does
    - DatabaseUnwritable   no permission, or a read-only disk
    - DatabaseFull         no space left on the disk
    - DatabaseDamaged      the file is corrupt
    - DatabaseUrlInvalid   not an address of a database that this version knows
    - DatabaseClosed       used after `close()`
    - StorageFault         anything else: a failing disk, or a bug of ours

All of SQLAlchemy's and sqlite3's exceptions become one of these in `translate`; tests hold the tables of
both and fail if one is unmapped.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from ingest.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: the low byte of an extended result code is the primary one, https://www.sqlite.org/rescode.html
PRIMARY_CODE = 0xFF


class StorageError(StoreError):
    """Something about the database *subject* (its file or address) did not work; `fix` says what to do.

    `command`, where there is one, is what does that: what to type after `wirewatch` and its options.
    """

    what = "the database cannot be used"
    fix = ""
    command = ""

    def __init__(self, subject: str, detail: str = "") -> None:
        self.subject = subject
        self.detail = detail
        super().__init__(self.say())

    def say(self, options: str = "") -> str:
        """Return the message; *options*, such as " --db x.db", are repeated in the command that it names."""
        message = f"{self.subject}: {self.what}"
        if self.detail:
            message += f" ({self.detail})"
        fix = f"{self.fix}: wirewatch{options} {self.command}" if self.command else self.fix
        return f"{message}; {fix}" if fix else message

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.subject, self.detail))


class DatabaseMissing(StorageError):
    """There is no such file."""

    what = "there is no database"
    fix = "create it with"
    command = "init"


class DatabaseOutOfDate(StorageError):
    """The schema is that of an earlier version."""

    what = "the database was made by an earlier version"
    fix = "upgrade it with"
    command = "db upgrade"


class DatabaseNewer(StorageError):
    """The schema is that of a later version. Schemas only go forward."""

    what = "the database was made by a later version of wirewatch"
    fix = "upgrade the program, or use another database with --db"


class NotADatabase(StorageError):
    """The file is something else, or a database of another program."""

    what = "this is no wirewatch database"
    fix = "check the path in --db or database.url"


class DatabaseBusy(StorageError):
    """Another process held the lock for longer than we wait. Passing."""

    what = "the database is locked by another process"
    fix = "try again, or end the program that holds it"


class DatabaseInUse(StorageError):
    """Another instance works on the same database."""

    what = "another wirewatch works on this database"
    fix = "stop it first, or use another database with --db"


class BackfillAtWork(DatabaseInUse):
    """Another back-fill works on the same database."""

    what = "another rules apply is at work"
    fix = "wait for its end, or stop it: what it has done stays done"


class RebuildAtWork(DatabaseInUse):
    """Another rebuild works on the same database."""

    what = "another copies rebuild is at work"
    fix = "wait for its end, or stop it: what it has done stays done"


class DatabaseUnwritable(StorageError):
    """No permission to read or write the file or its directory, or a disk that is mounted read-only."""

    what = "the database cannot be opened or written"
    fix = "check the permissions of the file and of its directory"


class DatabaseFull(StorageError):
    """No space left on the disk. What is stored can still be read."""

    what = "the disk is full"
    fix = "free some space; clearing the database needs space too"


class DatabaseDamaged(StorageError):
    """The file is corrupt."""

    what = "the database is damaged"
    fix = "restore a backup, or save what is left with: sqlite3 FILE .recover"


class DatabaseUrlInvalid(StorageError):
    """Not an address of a database that this version knows."""

    what = "this is no database address that wirewatch knows"
    fix = "write sqlite:///PATH"


class DatabaseClosed(StorageError):
    """The store was used after `close()`."""

    what = "the database is closed already"


class StorageFault(StorageError):
    """A failing disk, or a bug of ours: the cause tells."""

    what = "the database failed"
    fix = "check the disk; if it is in order, please report this"


#: SQLite's primary result codes. Those that are not listed are bugs of ours or faults of the machine.
BY_CODE: dict[int, type[StorageError]] = {
    sqlite3.SQLITE_PERM: DatabaseUnwritable,
    sqlite3.SQLITE_BUSY: DatabaseBusy,
    sqlite3.SQLITE_LOCKED: DatabaseBusy,
    sqlite3.SQLITE_READONLY: DatabaseUnwritable,
    sqlite3.SQLITE_CORRUPT: DatabaseDamaged,
    sqlite3.SQLITE_FULL: DatabaseFull,
    sqlite3.SQLITE_CANTOPEN: DatabaseUnwritable,
    sqlite3.SQLITE_PROTOCOL: DatabaseBusy,
    sqlite3.SQLITE_AUTH: DatabaseUnwritable,
    sqlite3.SQLITE_NOTADB: NotADatabase,
}


def translate(error: SQLAlchemyError | sqlite3.Error, subject: str) -> StorageError:
    """Return the StorageError that tells what *error* means for the database *subject*."""
    cause: BaseException = error
    if isinstance(error, DBAPIError) and error.orig is not None:
        cause = error.orig
    if isinstance(cause, StorageError):
        return cause
    code = getattr(cause, "sqlite_errorcode", None)
    kind = StorageFault if code is None else BY_CODE.get(code & PRIMARY_CODE, StorageFault)
    if kind is StorageFault or kind is DatabaseDamaged:
        return kind(subject, f"{type(cause).__name__}: {cause}"[:500])
    return kind(subject)


@contextmanager
def translated(subject: str) -> Iterator[None]:
    """Turn every exception of SQLAlchemy and sqlite3 inside the block into a StorageError, with its cause.

    A value that our own types refuse (a time without a zone) raises what they raise.
    """
    try:
        yield
    except StatementError as error:
        if error.orig is None or isinstance(error, DBAPIError):
            raise translate(error, subject) from error
        raise error.orig from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise translate(error, subject) from error
