"""Brings a database to the present schema. Forward only; the whole way is one transaction.

Alembic is imported here and nowhere else, and only when there is something to do: it is dear to load.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from storage import engine
from storage.errors import DatabaseNewer, DatabaseUnwritable, translated
from storage.lock import DatabaseLock
from storage.tables import SCHEMA_REVISION

if TYPE_CHECKING:
    from sqlalchemy import Connection


class SchemaState(StrEnum):
    """How the schema of a database stands to the one that this version needs."""

    MISSING = "missing"
    OUT_OF_DATE = "out_of_date"
    CURRENT = "current"
    NEWER = "newer"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaStatus:
    """The schema of a database."""

    path: Path
    state: SchemaState
    #: revision of the file, None when there is no file or an empty one
    revision: str | None
    #: revision that this version needs
    needed: str


def scripts() -> Path:
    """The folder of the migrations: inside the package in a wheel, at the top of a checkout.

    `importlib.resources` would not find them in an editable installation.
    """
    here = Path(__file__).resolve().parent
    packaged = here / "_alembic"
    return packaged if packaged.is_dir() else here.parent / "alembic"


def status(url: str) -> SchemaStatus:
    """Say how the database stands. Raises StorageError when it cannot be read or is not ours."""
    path = engine.database_path(url)
    revision = _revision(path)
    if revision is None:
        state = SchemaState.MISSING
    elif revision < SCHEMA_REVISION:
        state = SchemaState.OUT_OF_DATE
    elif revision > SCHEMA_REVISION:
        state = SchemaState.NEWER
    else:
        state = SchemaState.CURRENT
    return SchemaStatus(path=path, state=state, revision=revision, needed=SCHEMA_REVISION)


def upgrade(url: str) -> SchemaStatus:
    """Create the database if it is missing, and bring it to the present schema; return how it stood before.

    Does nothing to a current one. Raises DatabaseNewer for one of a later version, DatabaseInUse when there
    is something to do and another instance works on it, and the other StorageErrors.
    """
    before = status(url)
    if before.state is SchemaState.CURRENT:
        return before
    try:
        before.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnwritable(str(before.path), error.strerror or "") from error
    with DatabaseLock(before.path):
        # Another instance may have been quicker.
        before = status(url)
        if before.state is SchemaState.NEWER:
            raise DatabaseNewer(str(before.path), f"schema {before.revision}, this version knows {before.needed}")
        if before.state is not SchemaState.CURRENT:
            _migrate(before.path)
    return before


def _revision(path: Path) -> str | None:
    if not engine.is_there(path):
        return None
    with translated(str(path)), closing(engine.connect(path, "ro")) as connection:
        return engine.stored_revision(connection, path)


def _migrate(path: Path) -> None:
    with translated(str(path)):
        # Readers find a WAL database from the first moment on; the mode cannot be set in a transaction.
        with closing(engine.connect(path, "rwc")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        migrating = engine.migrating_engine(path)
        try:
            with migrating.begin() as connection_of_alembic:
                run_scripts(connection_of_alembic)
        finally:
            migrating.dispose()


def run_scripts(connection: Connection, to: str = "head") -> None:
    """Run the migrations up to the revision *to* in the transaction that *connection* is in."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
