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
    """Create the database if it is missing, and bring it to the schema of this version."""
    from storage import migrate

    before = migrate.upgrade(call.settings.database.url)
    did = {"missing": "created", "current": "is current"}.get(before.state, f"upgraded from {before.revision}")
    note(f"{before.path}: {did} (schema {before.needed})")


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
            SchemaState.MISSING: "create it with: wirewatch init",
            SchemaState.OUT_OF_DATE: "upgrade it with: wirewatch db upgrade",
            SchemaState.NEWER: "upgrade the program",
        }[found.state]
        note(f"{found.path}: {found.state.replace('_', ' ')}; {fix}")
        click.get_current_context().exit(ExitCode.DATABASE)
