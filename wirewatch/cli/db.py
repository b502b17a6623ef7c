"""`wirewatch db …`: the database itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Group
from wirewatch.cli.wiring import note, pass_call
from wirewatch.errors import ExitCode
from wirewatch.fields import DATABASE

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.group(cls=Group)
def db() -> None:
    """Upgrade the database, or say how it stands."""


@db.command()
@pass_call
def upgrade(call: Call) -> None:
    """Bring the database to the schema of this version.

    Exit code 5 when it is missing; `wirewatch init` creates it.
    """
    from storage import migrate
    from storage.errors import DatabaseMissing

    url = call.settings.database.url
    found = migrate.status(url)
    if found.state is migrate.SchemaState.MISSING:
        # Else a command that was typed in the wrong directory would make an empty one there.
        raise DatabaseMissing(str(found.path))
    before = migrate.upgrade(url)
    did = "is current" if before.state is migrate.SchemaState.CURRENT else f"upgraded from {before.revision}"
    note(f"{before.path}: {did} (schema {before.needed})")
    tell_outdated(url, call.repeated)


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


@db.command()
@record_options
@pass_call
def status(call: Call, listing: Listing) -> None:
    """Say where the database is and how its schema stands.

    Exit code 5 when it is missing or not of this version.
    """
    from storage.migrate import SchemaState
    from storage.migrate import status as schema_status

    found = schema_status(call.settings.database.url)
    row = {
        "path": str(found.path),
        "state": str(found.state),
        "revision": found.revision,
        "needed": found.needed,
        "bytes": found.path.stat().st_size if found.path.exists() else None,
    }
    listing.show_one(row, DATABASE, call)
    if found.state is not SchemaState.CURRENT:
        fix = {
            SchemaState.MISSING: f"create it with: wirewatch{call.repeated} init",
            SchemaState.OUT_OF_DATE: f"upgrade it with: wirewatch{call.repeated} db upgrade",
            SchemaState.NEWER: "upgrade the program",
        }[found.state]
        note(f"{found.path}: {found.state.replace('_', ' ')}; {fix}")
        click.get_current_context().exit(ExitCode.DATABASE)
