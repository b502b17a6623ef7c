"""A database on a PostgreSQL server: how it is connected to, looked at, measured and locked.

Writers take turns, as on SQLite: each writing transaction begins by taking one lock, which the server gives back when
all can see what was committed (docs/decisions/0016). Readers see one state of the database and cannot write. Each new
connection makes sure that the tables are ours and of the present schema.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, func, select
from sqlalchemy.pool import QueuePool

from storage import schema_floor
from storage.dialect import to_json
from storage.errors import (
    CopyUnfinished,
    DatabaseDriverMissing,
    DatabaseMissing,
    DatabaseOutOfDate,
    DatabaseUnsuitable,
    NotADatabase,
)
from storage.tables import APPLICATION_ID, MARK_OF_COPY, REVISION_TABLE, SCHEMA_REVISION
from storage.translation import translate_connecting, translate_postgres

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

    from storage.address import PostgresDatabase
    from storage.sqlite_file import Synchronous

    #: a connection of psycopg, which is imported where it is needed: it is an extra
    Driver = Any

#: the first one that is maintained at the time of writing; gen_random_uuid, FORCE and what Alembic reflects are older
OLDEST_SERVER = 13

#: Servers that are away, and firewalls that forget connections, are noticed after a minute.
CONNECTING: dict[str, str | int] = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

#: A reader or writer that was stopped in its transaction gives up what it holds after so long.
IDLE_IN_TRANSACTION_MS = 60_000

#: Readers that stay open; more are opened when needed.
READERS = 4

#: What writers take turns with; `storage.lock` has the others.
WRITER_LOCK = 0

#: So many milliseconds PostgreSQL can count.
_MOST_MS = 2**31 - 1


def writing_engine(address: PostgresDatabase, *, busy_timeout_s: float, synchronous: Synchronous) -> Engine:
    """An engine whose transactions begin by waiting for their turn to write, at most *busy_timeout_s* seconds.

    "NORMAL" leaves to the server whether a commit waits for the disk, which it does by default; "FULL" demands it.
    """
    wanted = {"lock_timeout": str(min(max(1, round(busy_timeout_s * 1000)), _MOST_MS))}
    if synchronous == "FULL":
        wanted["synchronous_commit"] = "on"
    engine = _engine(address, wanted, pool_size=1, max_overflow=0)
    _take_turns(engine)
    return engine


def reading_engine(address: PostgresDatabase, *, busy_timeout_s: float) -> Engine:
    """An engine that cannot write; all reads of one transaction see one state of the database."""
    wanted = {
        "lock_timeout": str(min(max(1, round(busy_timeout_s * 1000)), _MOST_MS)),
        "default_transaction_isolation": "repeatable read",
        "default_transaction_read_only": "on",
    }
    return _engine(address, wanted, pool_size=READERS, max_overflow=-1)


def migrating_engine(address: PostgresDatabase) -> Engine:
    """An engine for the migrations: it takes a schema of any age, and waits for its turn to write."""
    engine = _engine(address, {"lock_timeout": "60000"}, pool_size=1, max_overflow=0, is_checked=False)
    _take_turns(engine)
    return engine


def _take_turns(engine: Engine) -> None:
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION_ID}, {WRITER_LOCK})")


def _engine(
    address: PostgresDatabase, wanted: dict[str, str], *, pool_size: int, max_overflow: int, is_checked: bool = True
) -> Engine:
    driver_of(address)

    def open_checked() -> Driver:
        connection = connect(address, wanted)
        try:
            if is_checked:
                with translated(address):
                    _check_schema(connection, address)
            connection.autocommit = False
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "postgresql+psycopg://",
        creator=open_checked,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=max_overflow,
        json_serializer=to_json,
        use_native_hstore=False,
        # Texts of strangers, and secrets of hubs, have no business in a traceback.
        hide_parameters=True,
    )
    _tell_runs_apart(engine)
    return engine


#: A server that was restarted may have lost the last commits, or be another one with an older state of the database.
_RUN = "SELECT pg_postmaster_start_time(), oid FROM pg_database WHERE datname = current_database()"


def _tell_runs_apart(engine: Engine) -> None:
    """Note with each connection what it leads to, as `sqlite_file` does: what is kept in memory is of that alone."""

    @event.listens_for(engine, "connect")
    def _remember(connection: Driver, record: ConnectionPoolEntry) -> None:
        record.info["file"] = connection.execute(_RUN).fetchone()
        connection.rollback()


def driver_of(address: PostgresDatabase) -> Any:
    """The module psycopg. Raises DatabaseDriverMissing."""
    try:
        import psycopg
    except ImportError as error:
        raise DatabaseDriverMissing(address.shown) from error
    return psycopg


def connect(address: PostgresDatabase, wanted: dict[str, str], *, name: str = "wirewatch") -> Driver:
    """Connect, with the settings *wanted*; no transaction begins unless we say so. Raises StorageError.

    *name* is what the server shows to those who ask who is there.
    """
    psycopg = driver_of(address)
    dialect = address.url.get_dialect()()
    asked: dict[str, Any] = CONNECTING | {"application_name": name}
    asked |= dialect.create_connect_args(address.url)[1]
    settings = {
        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
        "jit": "off",
        # A writer waits for its turn, and must then see what the others wrote while it waited: a database or a user
        # may be set to show it the state before.
        "default_transaction_isolation": "read committed",
    } | wanted
    try:
        connection = psycopg.connect(**asked, autocommit=True)
    except psycopg.Error as error:
        raise translate_connecting(error, address.shown) from error
    try:
        with translated(address):
            _check_server(connection, address)
            each = ", ".join(["set_config(%s, %s, false)"] * len(settings))
            connection.execute(f"SELECT {each}", [text for pair in settings.items() for text in pair])
        _adapt(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _adapt(connection: Driver) -> None:
    """Let values be stored as on SQLite; but no text of PostgreSQL has a NUL, or half a character."""
    from psycopg import DataError
    from psycopg.types.json import set_json_dumps
    from psycopg.types.string import StrDumperUnknown

    class Text(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            try:
                return super().dump(obj)
            except (DataError, UnicodeEncodeError):
                # What the stages let in has neither: this is for what comes another way, such as a header.
                return super().dump(obj.replace("\0", "").encode("utf-8", "replace").decode())

    connection.adapters.register_dumper(str, Text)
    set_json_dumps(to_json, connection)


@contextmanager
def translated(address: PostgresDatabase) -> Iterator[None]:
    """Turn every exception of psycopg inside the block into a StorageError, with its cause."""
    psycopg = driver_of(address)
    try:
        yield
    except psycopg.Error as error:
        raise translate_postgres(error, address.shown) from error


def _check_server(connection: Driver, address: PostgresDatabase) -> None:
    version = connection.info.server_version // 10_000
    if version < OLDEST_SERVER:
        raise DatabaseUnsuitable(address.shown, f"the server is PostgreSQL {version}")
    # The server says this by itself when one connects.
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnsuitable(address.shown, f"the database is in {encoding}")


def _check_schema(connection: Driver, address: PostgresDatabase) -> None:
    revision = stored_revision(connection, address)
    if revision is None:
        raise DatabaseMissing(address.shown, "the database has no tables")
    if revision < SCHEMA_REVISION:
        raise DatabaseOutOfDate(address.shown, f"schema {revision}, this version needs {SCHEMA_REVISION}")
    floor = schema_floor.read(connection, revision)
    if not schema_floor.is_suited(revision, floor):
        raise schema_floor.newer(address.shown, revision, floor)


#: Those of the schema that new tables go to, but for what extensions bring.
_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""
#: tables that every schema of ours has
_OURS = {REVISION_TABLE, "feed", "entry", "article", "article_version", "story", "topic"}


def stored_revision(connection: Driver, address: PostgresDatabase) -> str | None:
    """Return the schema's revision, None where there are no tables.

    Raises NotADatabase when they are not ours, CopyUnfinished for a copy that is not whole yet.
    """
    tables = {name for (name,) in connection.execute(_TABLES).fetchall()}
    if not tables:
        return None
    if MARK_OF_COPY in tables:
        raise CopyUnfinished(address.shown)
    if not tables >= _OURS:
        raise NotADatabase(address.shown, "it has tables of another program; give wirewatch a database of its own")
    rows = connection.execute(f"SELECT version_num FROM {REVISION_TABLE}").fetchall()  # noqa: S608  # a constant
    if len(rows) != 1:
        raise NotADatabase(address.shown, "its schema has no revision")
    return str(rows[0][0])


def read_revision(address: PostgresDatabase) -> tuple[str | None, int]:
    """Return the schema's revision, None where there are no tables, and the bytes of the database.

    Raises StorageError, also where there is no such database: it is made with createdb.
    """
    connection = connect(address, {"lock_timeout": "5000"})
    try:
        with translated(address):
            ((size,),) = connection.execute("SELECT pg_database_size(current_database())").fetchall()
            return stored_revision(connection, address), int(size)
    finally:
        connection.close()


def is_suited(address: PostgresDatabase, revision: str) -> bool:
    """Whether this version may work with the database, whose schema is of the newer *revision*. Raises StorageError."""
    connection = connect(address, {"lock_timeout": "5000"})
    try:
        with translated(address):
            return schema_floor.is_suited(revision, schema_floor.read(connection, revision))
    finally:
        connection.close()


def size_of(connection: Connection) -> int:
    """The bytes of the database that *connection* leads to."""
    return int(connection.execute(select(func.pg_database_size(func.current_database()))).scalar_one())


# --- locks ------------------------------------------------------------------------------------------

#: Who holds a lock of this database.
_HOLDER = """
SELECT a.application_name, a.pid FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND l.classid = %s AND l.objid = %s AND l.objsubid = 2 AND l.granted ORDER BY a.application_name, a.pid
"""
#: The server gives a name 63 bytes.
_MOST_HOST = 30


def is_locked(address: PostgresDatabase, number: int) -> bool:
    """Say whether anybody holds the lock *number*. Raises StorageError."""
    connection = connect(address, {})
    try:
        with translated(address):
            return connection.execute(_HOLDER, [APPLICATION_ID, number]).fetchone() is not None
    finally:
        connection.close()


#: Of many holders, so many are named.
_MOST_NAMED = 10


def _name_all(holders: Iterable[tuple[str | None, int]]) -> str:
    """Who they are, "" where that is not known."""
    named = [
        str(name).removeprefix("wirewatch ") or f"server process {pid}" for name, pid in holders if name is not None
    ]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return ", ".join(named[:_MOST_NAMED]) + more


class SessionGrip:
    """A lock that the server keeps as long as the connection lives, which is one of its own.

    One that *is_shared* many can have at a time, while nobody has it alone.
    """

    def __init__(self, address: PostgresDatabase, number: int, *, is_shared: bool = False) -> None:
        self._address = address
        self._key = [APPLICATION_ID, number]
        self._try = f"SELECT pg_try_advisory_lock{'_shared' if is_shared else ''}(%s, %s)"
        self._connection: Driver = None
        #: `hold` is called in another thread than `release`
        self._alone = threading.Lock()

    def take(self) -> str | None:
        """Take it; return None, or who has it."""
        name = f"wirewatch process {os.getpid()} on {socket.gethostname()[:_MOST_HOST]}"
        connection = connect(self._address, {}, name=name)
        try:
            with translated(self._address):
                if connection.info.server_version >= 14_00_00:
                    connection.execute("SELECT set_config('idle_session_timeout', '0', false)")
                ((is_ours,),) = connection.execute(self._try, self._key).fetchall()
                if is_ours:
                    self._connection, connection = connection, None
                    return None
                holders = connection.execute(_HOLDER, self._key).fetchall()
        finally:
            if connection is not None:
                connection.close()
        return _name_all(holders)

    def hold(self) -> str | None:
        """See whether the connection lives; else take the lock again; return None, or who has it."""
        with self._alone:
            if self._is_alive():
                return None
            self._close()
            return self.take()

    def _is_alive(self) -> bool:
        psycopg = driver_of(self._address)
        if self._connection is None or self._connection.closed:
            return False
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def release(self) -> None:
        """Give it back."""
        with self._alone:
            if self._connection is not None:
                # By a statement that has ended: a server hears only after a while that a connection is closed.
                with suppress(driver_of(self._address).Error):
                    self._connection.execute("SELECT pg_advisory_unlock_all()")
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(driver_of(self._address).Error):
                self._connection.close()
            self._connection = None
