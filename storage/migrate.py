"""Brings a database to the present schema. Forward only; the whole way is one transaction.

Alembic is imported here and nowhere else, and only when there is something to do: it is dear to load.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from storage import engine, sqlite_file
from storage.address import SqliteFile, read_address
from storage.errors import DatabaseNewer, translated
from storage.lock import DatabaseLock
from storage.tables import SCHEMA_REVISION

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from storage.address import Address


class SchemaState(StrEnum):
    """How the schema of a database stands to the one that this version needs."""

    MISSING = "missing"
    OUT_OF_DATE = "out_of_date"
    CURRENT = "current"
    NEWER = "newer"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaStatus:
    """The schema of a database."""

    database: Address
    state: SchemaState
    #: its revision, None where there is no file or no table
    revision: str | None
    #: revision that this version needs
    needed: str
    #: what it takes on the disk, of SQLite with its write-ahead log; None where there is nothing
    bytes: int | None = None


def scripts() -> Path:
    """The folder of the migrations: inside the package in a wheel, at the top of a checkout.

    `importlib.resources` would not find them in an editable installation.
    """
    here = Path(__file__).resolve().parent
    packaged = here / "_alembic"
    return packaged if packaged.is_dir() else here.parent / "alembic"


def status(url: str) -> SchemaStatus:
    """Say how the database stands. Raises StorageError when it cannot be read or is not ours."""
    return _status(read_address(url))


def upgrade(url: str, *, before: Callable[[SchemaStatus], object] | None = None) -> SchemaStatus:
    """Create what is missing, and bring the database to the present schema; return how it stood before.

    Does nothing to a current one. *before* is called under the lock, just before a schema is changed that may have
    data in it; when it raises, nothing is changed. Raises DatabaseNewer for a database of a later version,
    DatabaseInUse when there is something to do and another instance works on it, and the other StorageErrors. The
    database itself must exist on PostgreSQL; its tables are made.
    """
    found = status(url)
    if found.state is SchemaState.CURRENT:
        return found
    address = found.database
    if isinstance(address, SqliteFile):
        sqlite_file.make_folder(address.path)
    with DatabaseLock(address):
        # Another instance may have been quicker.
        found = _status(address)
        if found.state is SchemaState.NEWER:
            raise DatabaseNewer(address.shown, f"schema {found.revision}, this version knows {found.needed}")
        if found.state is SchemaState.OUT_OF_DATE and before is not None:
            before(found)
        if found.state is not SchemaState.CURRENT:
            _migrate(address)
    return found


def _status(address: Address) -> SchemaStatus:
    revision, size = _look(address)
    if revision is None:
        state = SchemaState.MISSING
    elif revision < SCHEMA_REVISION:
        state = SchemaState.OUT_OF_DATE
    elif revision > SCHEMA_REVISION:
        state = SchemaState.NEWER
    else:
        state = SchemaState.CURRENT
    return SchemaStatus(database=address, state=state, revision=revision, needed=SCHEMA_REVISION, bytes=size)


def _look(address: Address) -> tuple[str | None, int | None]:
    """Return revision and size."""
    if isinstance(address, SqliteFile):
        revision = sqlite_file.read_revision(address.path)
        return revision, sqlite_file.size_of(address.path) if sqlite_file.is_there(address.path) else None
    from storage import postgresql

    return postgresql.read_revision(address)


def _migrate(address: Address) -> None:
    with translated(address.shown):
        if isinstance(address, SqliteFile):
            sqlite_file.create(address.path)
        migrating = engine.migrating_engine(address)
        try:
            with migrating.begin() as connection:
                run_scripts(connection)
        finally:
            migrating.dispose()


def run_scripts(connection: Connection, to: str = "head") -> None:
    """Run the migrations up to the revision *to* in the transaction that *connection* is in, and make the views anew.

    Views stand upon tables, which could not change below them; those of the present schema stand upon no earlier one.
    """
    from alembic import command
    from alembic.config import Config

    from storage.views import create_views, drop_views

    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    drop_views(connection)
    command.upgrade(config, to)
    if to == "head":
        create_views(connection)
