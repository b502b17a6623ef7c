"""`wirewatch db status` and `db upgrade`: the schema of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.wiring import note, pass_call, require_database
from wirewatch.errors import ExitCode
from wirewatch.fields import DATABASE

if TYPE_CHECKING:
    from storage.migrate import SchemaStatus
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.option("--no-backup", is_flag=True, help="Make no copy of an SQLite database before.")
@pass_call
def upgrade(call: Call, *, no_backup: bool) -> None:
    """Bring the database to the schema of this version.

    An SQLite database is copied before, to a file beside it whose name is told. Of one of this
    version indexes and views are made anew that are missing. Exit code 5 when the database is missing
    (`wirewatch init` creates it), in use, or when there is no room for the copy: nothing is changed then.

    On PostgreSQL an upgrade that only adds to the schema is made beside workers at work; any other names them, and is
    refused.
    """
    from storage import migrate
    from storage.upkeep.missing import make_missing

    url = call.settings.database.url
    found = migrate.status(url)
    require_database(found)
    before = bring_up_to_date(url, has_backup=not no_backup)
    if before.state is migrate.SchemaState.AHEAD:
        note(f"{before.database.shown}: is ahead (schema {before.revision}, this version needs {before.needed})")
        return
    did = "is current" if before.state is migrate.SchemaState.CURRENT else f"upgraded from {before.revision}"
    if before.state is migrate.SchemaState.CURRENT:
        made = make_missing(url)
        if made:
            note(f"made anew: {', '.join(made)}")
    note(f"{before.database.shown}: {did} (schema {before.needed})")
    tell_outdated(url, call.repeated)


def bring_up_to_date(url: str, *, has_backup: bool = True) -> SchemaStatus:
    """Create the database or upgrade it, and say where the copy is that was made before; return how it stood."""
    from wirewatch import migration

    # Nothing is shown before there is something to copy: a new database has nothing.
    with Progress(0, "") as progress:

        def tell(done: int, total: int) -> None:
            progress.show_part("MB copied", done // 1_000_000, total // 1_000_000)

        return migration.upgrade(url, has_backup=has_backup, tell=tell, say=note)


def tell_outdated(url: str, options: str) -> None:
    """Say what is to be done where articles have fingerprints of an earlier algorithm; *options* are repeated in it."""
    from ingest.copies.fingerprint import FINGERPRINT_ALG
    from storage.listings import Listings

    with Listings(url) as listings:
        if not listings.articles_of_other_algorithms(FINGERPRINT_ALG):
            return
    note(
        "articles stored before are not compared with new ones, and shares of old relations are estimates, "
        f"until: wirewatch{options} copies rebuild"
    )


@click.command(cls=Command)
@record_options
@pass_call
def status(call: Call, listing: Listing) -> None:
    """Say where the database is and how its schema stands.

    Exit code 5 when it is missing or not of this version.
    """
    from storage.address import SqliteFile
    from storage.migrate import SchemaState
    from storage.migrate import status as schema_status
    from storage.sqlite_file import wal_bytes
    from wirewatch.space import free_at

    found = schema_status(call.settings.database.url)
    row = {
        "path": found.database.shown,
        "state": str(found.state),
        "revision": found.revision,
        "needed": found.needed,
        "bytes": found.bytes,
        "wal_bytes": wal_bytes(found.database.path) if isinstance(found.database, SqliteFile) else None,
        "free_bytes": free_at(found.database),
    }
    listing.show_one(row, DATABASE, call)
    if found.state is not SchemaState.CURRENT:
        fix = {
            SchemaState.MISSING: f"create it with: wirewatch{call.repeated} init",
            SchemaState.OUT_OF_DATE: f"upgrade it with: wirewatch{call.repeated} db upgrade",
            SchemaState.AHEAD: "this version may work with it for now; upgrade the program",
            SchemaState.NEWER: "upgrade the program",
        }[found.state]
        note(f"{found.database.shown}: {found.state.replace('_', ' ')}; {fix}")
        if found.state is not SchemaState.AHEAD:
            click.get_current_context().exit(ExitCode.DATABASE)
