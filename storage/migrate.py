"""Brings a database to the present schema. Forward only; the whole way is one transaction.

Alembic is imported here and nowhere else, and only when there is something to do: it is dear to load.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from storage import engine, schema_floor, sqlite_file
from storage.address import SqliteFile, read_address
from storage.errors import DatabaseNewer
from storage.lock import DatabaseLock, SharedLock, UpgradeLock
from storage.tables import SCHEMA_REVISION
from storage.translation import translated

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.config import Config
    from sqlalchemy import Connection

    from storage.address import Address


class SchemaState(StrEnum):
    """How the schema of a database stands to the one that this version needs."""

    MISSING = "missing"
    OUT_OF_DATE = "out_of_date"
    CURRENT = "current"
    #: newer, and this version may work with it: it is being upgraded, see `storage.schema_floor`
    AHEAD = "ahead"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrations:
    """A folder of migrations, and the revision of the newest."""

    folder: Path
    newest: str = SCHEMA_REVISION


def scripts() -> Path:
    """The folder of the migrations: inside the package in a wheel, at the top of a checkout.

    `importlib.resources` would not find them in an editable installation.
    """
    here = Path(__file__).resolve().parent
    packaged = here / "_alembic"
    return packaged if packaged.is_dir() else here.parent / "alembic"


def status(url: str) -> SchemaStatus:
    """Say how the database stands. Raises StorageError when it cannot be read or is not ours."""
    return _status(read_address(url), SCHEMA_REVISION)


def upgrade(
    url: str, *, before: Callable[[SchemaStatus], object] | None = None, migrations: Migrations | None = None
) -> SchemaStatus:
    """Create what is missing, and bring the database to the present schema; return how it stood before.

    Does nothing to a current one. *before* is called under the lock, just before a schema is changed that may have
    data in it; when it raises, nothing is changed. Raises DatabaseNewer for a database of a later version,
    DatabaseInUse when there is something to do and another instance works on it, and the other StorageErrors. The
    database itself must exist on PostgreSQL; its tables are made. There, migrations that only expand the schema are
    made beside workers. *migrations* are ours unless given.
    """
    migrations = migrations or Migrations(folder=scripts())
    address = read_address(url)
    found = _status(address, migrations.newest)
    if found.state in {SchemaState.CURRENT, SchemaState.AHEAD}:
        return found
    if isinstance(address, SqliteFile):
        sqlite_file.make_folder(address.path)
    with _lock_for(found, migrations):
        # Another instance may have been quicker.
        found = _status(address, migrations.newest)
        if found.state is SchemaState.NEWER:
            raise DatabaseNewer(address.shown, f"schema {found.revision}, this version knows {found.needed}")
        if found.state is SchemaState.OUT_OF_DATE and before is not None:
            before(found)
        if found.state not in {SchemaState.CURRENT, SchemaState.AHEAD}:
            _migrate(address, migrations)
    return found


def _lock_for(found: SchemaStatus, migrations: Migrations) -> DatabaseLock:
    """What to hold while a database is migrated that stands so."""
    address = found.database
    if isinstance(address, SqliteFile) or found.state is not SchemaState.OUT_OF_DATE:
        return DatabaseLock(address)
    is_expanded = schema_floor.raised_to(_pending(_config(migrations), found.revision)) is None
    return SharedLock(address) if is_expanded else UpgradeLock(address)


def _status(address: Address, needed: str) -> SchemaStatus:
    revision, size = _look(address)
    if revision is None:
        state = SchemaState.MISSING
    elif revision < needed:
        state = SchemaState.OUT_OF_DATE
    elif revision > needed:
        state = SchemaState.AHEAD if _is_suited(address, revision) else SchemaState.NEWER
    else:
        state = SchemaState.CURRENT
    return SchemaStatus(database=address, state=state, revision=revision, needed=needed, bytes=size)


def _is_suited(address: Address, revision: str) -> bool:
    if isinstance(address, SqliteFile):
        return False
    from storage import postgresql

    return postgresql.is_suited(address, revision)


def _look(address: Address) -> tuple[str | None, int | None]:
    """Return revision and size."""
    if isinstance(address, SqliteFile):
        revision = sqlite_file.read_revision(address.path)
        return revision, sqlite_file.size_of(address.path) if sqlite_file.is_there(address.path) else None
    from storage import postgresql

    return postgresql.read_revision(address)


def _migrate(address: Address, migrations: Migrations) -> None:
    with translated(address.shown):
        if isinstance(address, SqliteFile):
            sqlite_file.create(address.path)
        migrating = engine.migrating_engine(address)
        try:
            with migrating.begin() as connection:
                run_scripts(connection, migrations=migrations)
        finally:
            migrating.dispose()


def run_scripts(connection: Connection, to: str = "head", *, migrations: Migrations | None = None) -> None:
    """Run the migrations up to the revision *to* in the transaction that *connection* is in, and make the views anew.

    Views stand upon tables, which could not change below them; those of the present schema stand upon no earlier one.
    """
    from alembic import command
    from alembic.migration import MigrationContext

    from storage.views import create_views, drop_views

    config = _config(migrations or Migrations(folder=scripts()))
    config.attributes["connection"] = connection
    at = MigrationContext.configure(connection).get_current_revision()
    drop_views(connection)
    command.upgrade(config, to)
    if to == "head":
        create_views(connection)
        floor = schema_floor.raised_to(_pending(config, at))
        if floor is not None and connection.dialect.name == "postgresql":
            schema_floor.lift(connection, floor)


def _config(migrations: Migrations) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations.folder).replace("%", "%%"))
    return config


def _pending(config: Config, at: str | None) -> list[tuple[str, bool]]:
    """The migrations behind the revision *at*, and of each whether it only expands the schema."""
    from alembic.script import ScriptDirectory

    found = ScriptDirectory.from_config(config).iterate_revisions("head", at or "base")
    return [(each.revision, getattr(each.module, "expands", False) is True) for each in found if each.revision != at]
