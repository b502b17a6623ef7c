"""Exceptions of SQLAlchemy, sqlite3 and psycopg, and what each means: one of `storage.errors`."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from storage.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseFull,
    DatabaseMissing,
    DatabaseNotCreated,
    DatabaseRefused,
    DatabaseUnreachable,
    DatabaseUnwritable,
    NotADatabase,
    SearchIndexDamaged,
    StorageError,
    StorageFault,
    ValueUnreadable,
    ViewsInTheWay,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

#: the low byte of an extended result code is the primary one, https://www.sqlite.org/rescode.html
PRIMARY_CODE = 0xFF

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

#: Those that tell more than the primary one. The file beside the database by which processes talk can grow too.
BY_EXTENDED_CODE: dict[int, type[StorageError]] = {
    sqlite3.SQLITE_IOERR_SHMSIZE: DatabaseFull,
    # FTS5 alone says so: of a page of the file that is damaged it says SQLITE_CORRUPT, as everybody does.
    sqlite3.SQLITE_CORRUPT_VTAB: SearchIndexDamaged,
}


#: PostgreSQL's codes, or the classes that their first two letters are; those not listed are bugs of ours or faults of
#: the machine. https://www.postgresql.org/docs/current/errcodes-appendix.html
BY_STATE: dict[str, type[StorageError]] = {
    "08": DatabaseUnreachable,
    "25006": DatabaseUnwritable,
    # The server has ended a transaction in which nothing happened, and the connection with it.
    "25P03": DatabaseUnreachable,
    "28": DatabaseRefused,
    "2BP01": ViewsInTheWay,
    "3D000": DatabaseNotCreated,
    "40001": DatabaseBusy,
    "40P01": DatabaseBusy,
    "42501": DatabaseUnwritable,
    # A table is not there, though it was when the connection was made.
    "42P01": DatabaseMissing,
    "53100": DatabaseFull,
    "53300": DatabaseUnreachable,
    "55P03": DatabaseBusy,
    # Somebody has cancelled the statement, or it took longer than the server is set to allow.
    "57014": DatabaseBusy,
    # The server goes down, or starts, or somebody has ended the connection.
    "57P": DatabaseUnreachable,
    "XX001": DatabaseDamaged,
    "XX002": DatabaseDamaged,
}

#: What the server says when it refuses a connection; its codes do not come through then. In another language than
#: English it cannot be reached, and its own words say why.
_REFUSALS: tuple[tuple[re.Pattern[str], type[StorageError]], ...] = (
    (re.compile('FATAL: *database ".*" does not exist'), DatabaseNotCreated),
    (re.compile("authentication failed|no password supplied|no pg_hba.conf entry"), DatabaseRefused),
    (re.compile('FATAL: *(role|user) ".*" does not exist|is not permitted to log in'), DatabaseRefused),
    (re.compile("FATAL: *permission denied for database"), DatabaseRefused),
)

_NOT_TEXT = "Could not decode to UTF-8"

#: so much of what a database says goes into a message
MOST_DETAIL = 500


def translate(error: SQLAlchemyError | sqlite3.Error, subject: str) -> StorageError:
    """Return the StorageError that tells what *error* means for the database *subject*."""
    cause: BaseException = error
    if isinstance(error, DBAPIError) and error.orig is not None:
        cause = error.orig
    if isinstance(cause, StorageError):
        return cause
    if isinstance(error, DBAPIError) and not isinstance(cause, sqlite3.Error):
        return translate_postgres(cause, subject, is_lost=error.connection_invalidated)
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None and str(cause).startswith(_NOT_TEXT):
        # Of the driver, not of SQLite, and with the text in it.
        return ValueUnreadable(subject, "a text is stored in bytes that are no UTF-8")
    kind: type[StorageError] = StorageFault
    if code is not None:
        kind = BY_EXTENDED_CODE.get(code) or BY_CODE.get(code & PRIMARY_CODE, StorageFault)
    return kind(subject, _words_of(cause) if kind in {StorageFault, DatabaseDamaged} else "")


def translate_postgres(error: BaseException, subject: str, *, is_lost: bool = False) -> StorageError:
    """Return the StorageError that tells what *error*, of psycopg, means; *is_lost*: the connection is gone."""
    state = getattr(error, "sqlstate", None) or ""
    kind = next((BY_STATE[state[:size]] for size in (5, 3, 2) if state[:size] in BY_STATE), StorageFault)
    if kind is StorageFault and (is_lost or (not state and type(error).__name__ == "OperationalError")):
        kind = DatabaseUnreachable
    if kind is ViewsInTheWay:
        # A line for each: "view a depends on view b".
        told = getattr(getattr(error, "diag", None), "message_detail", None) or ""
        return kind(subject, "; ".join(told.splitlines())[:MOST_DETAIL])
    is_clear = kind in {DatabaseBusy, DatabaseFull}
    return kind(subject, "" if is_clear else _words_of(error))


def translate_connecting(error: BaseException, subject: str) -> StorageError:
    """Return the StorageError that tells why there is no connection to the server."""
    if getattr(error, "sqlstate", None):
        return translate_postgres(error, subject)
    words = str(error)
    kind = next((kind for pattern, kind in _REFUSALS if pattern.search(words)), DatabaseUnreachable)
    if kind is not DatabaseUnreachable:
        return kind(subject)
    # What was tried is said for each address; what came of it stands at the end.
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return kind(subject, lines[0].rpartition("failed: ")[2][:MOST_DETAIL] if lines else "")


def _words_of(error: BaseException) -> str:
    """What the database says, without the values that it adds in further lines."""
    said = getattr(getattr(error, "diag", None), "message_primary", None) or str(error).partition("\n")[0]
    return f"{type(error).__name__}: {said}"[:MOST_DETAIL]


class UnreadableError(ValueError):
    """What a column of ours raises for a stored value that is none of its kind; `translated` makes an error of it."""


def read_json(stored: object) -> object:
    """Read a column of JSON. Raises UnreadableError for what is none."""
    try:
        return json.loads(stored)  # type: ignore[arg-type]  # whatever is there: that is the question
    except (TypeError, ValueError) as error:
        # SQLAlchemy reads numbers that stand alone by itself where this is a TypeError.
        if isinstance(stored, int | float):
            raise
        raise UnreadableError("what should be JSON is none") from error


@contextmanager
def translated(subject: str) -> Iterator[None]:
    """Turn every exception of SQLAlchemy and sqlite3 inside the block into a StorageError, with its cause.

    A value that our own types refuse to store (a time without a zone) raises what they raise.
    """
    try:
        yield
    except UnreadableError as error:
        raise ValueUnreadable(subject, str(error)) from error
    except StatementError as error:
        if error.orig is None or isinstance(error, DBAPIError):
            raise translate(error, subject) from error
        raise error.orig from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise translate(error, subject) from error
