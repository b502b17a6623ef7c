"""`wirewatch db …`: the database itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.lazy import LazyGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

#: name → where it is, and its line in the help
COMMANDS: Mapping[str, tuple[str, str]] = {
    "status": ("wirewatch.cli.db_schema:status", "Say where the database is and how its schema stands."),
    "upgrade": ("wirewatch.cli.db_schema:upgrade", "Bring the database to the schema of this version."),
    "backup": ("wirewatch.cli.db_backup:backup", "Copy the database to a file, also beside a running daemon."),
    "restore": ("wirewatch.cli.db_backup:restore", "Put a backup in the place of the database."),
    "copy": ("wirewatch.cli.db_copy:copy", "Copy the database FROM to TO, also from SQLite to PostgreSQL and back."),
    "check": ("wirewatch.cli.db_check:check", "Look through the database for what must never be."),
    "prune": ("wirewatch.cli.db_prune:prune", "Forget what is old: pages, logs, texts no longer shown."),
    "reindex": ("wirewatch.cli.db_reindex:reindex", "Make the index of the search anew."),
    "requeue": ("wirewatch.cli.db_requeue:requeue", "Make the tables of the queue anew."),
    "vacuum": ("wirewatch.cli.db_backup:vacuum", "Give the space back that is free within the database."),
}


@click.group(cls=LazyGroup, where=COMMANDS)
def db() -> None:
    """Back up, restore, check, prune, index and upgrade the database."""
