"""`wirewatch db backup`, `restore` and `vacuum`: copies of the database, and the space that it takes."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.model import utc_now
from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.wiring import note, pass_call
from wirewatch.db_fields import BACKED_UP, RESTORED, VACUUMED
from wirewatch.errors import WirewatchError
from wirewatch.output import clean_line

if TYPE_CHECKING:
    from storage.address import SqliteFile
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE where it is a copy already.")
@record_options
@pass_call
def backup(call: Call, listing: Listing, *, file: Path, force: bool) -> None:
    """Copy the database to FILE, also beside a running daemon.

    The copy holds one state of the database. It is looked through, and gets its name only when it is whole. Nobody who
    writes is held up by it. On PostgreSQL use pg_dump; exit code 2 tells how.
    """
    from storage.errors import BackupExists
    from storage.upkeep.backup import back_up

    database = _file(call, "pg_dump --format=custom --file={file} --dbname={database}", file)
    call.refuse_own(file)
    with Progress(0, "MB copied") as progress:
        try:
            done = back_up(database, file, is_forced=force, tell=progress.show_bytes)
        except BackupExists as e:
            raise WirewatchError(str(e)) from e
    if listing.how == "table":
        note(f"{clean_line(str(done.path))}: backed up, {_megabytes(done.bytes)} (schema {done.revision})")
    else:
        listing.show_one({"path": str(done.path), "bytes": done.bytes, "revision": done.revision}, BACKED_UP, call)


@click.command(cls=Command)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@record_options
@pass_call
def restore(call: Call, listing: Listing, *, file: Path) -> None:
    """Put a backup in the place of the database.

    FILE is looked through first, and stays as it is. The database that is there now is kept beside it, under a name
    that is told. Nothing may work on the database meanwhile. A backup of an earlier version is fine: upgrade the
    database afterwards. On PostgreSQL use pg_restore; exit code 2 tells how.
    """
    from storage.errors import BackupUnusable
    from storage.tables import SCHEMA_REVISION
    from storage.upkeep.backup import restore as put_back

    database = _file(call, "pg_restore --clean --if-exists --dbname={database} {file}", file)
    stamp = f"{utc_now():%Y%m%dT%H%M%S}"
    with Progress(0, "MB copied") as progress:
        try:
            done = put_back(database, file, stamp=stamp, tell=progress.show_bytes)
        except BackupUnusable as e:
            if _is_archive(file):
                how = f"bring it into a database with: {call.command('import', str(file))}"
                raise WirewatchError(f"{clean_line(str(file))}: it is an archive, and no backup; {how}") from e
            raise WirewatchError(str(e)) from e
    if listing.how != "table":
        kept = None if done.kept is None else str(done.kept)
        listing.show_one({"path": str(done.path), "revision": done.revision, "kept": kept}, RESTORED, call)
    else:
        note(f"{done.path}: restored from {clean_line(str(file))} (schema {done.revision})")
        if done.kept is not None:
            note(f"what was there before is kept: {done.kept}")
    if done.revision != SCHEMA_REVISION:
        note(f"it is of an earlier version; upgrade it with: wirewatch{call.repeated} db upgrade")


@click.command(cls=Command)
@record_options
@pass_call
def vacuum(call: Call, listing: Listing) -> None:
    """Give the space back that is free within the database.

    SQLite writes the file anew, for which as much must be free as it takes; nothing may work on it meanwhile. On
    PostgreSQL this is VACUUM ANALYZE, beside whoever works.
    """
    from storage.upkeep.vacuum import vacuum as give_back

    database = call.app.database
    with Progress(0, "") as progress:
        progress.say("vacuum")
        done = give_back(database)
    # What is written meanwhile may be more than what was given back.
    freed = max(0, done.before - done.after)
    if listing.how == "table":
        note(f"{database.shown}: {_megabytes(done.before)} → {_megabytes(done.after)}, {_megabytes(freed)} freed")
    else:
        row = {"path": database.shown, "before": done.before, "after": done.after, "freed": freed}
        listing.show_one(row, VACUUMED, call)


def _file(call: Call, instead: str, file: Path) -> SqliteFile:
    """The database, which must be a file. Raises click.UsageError that names the command to use *instead*."""
    from storage.address import SqliteFile

    database = call.app.database
    if isinstance(database, SqliteFile):
        return database
    # The address as it is shown has no password: the programs ask for it, or read ~/.pgpass.
    command = instead.format(file=shlex.quote(str(file)), database=shlex.quote(database.shown))
    raise click.UsageError(f"{database.shown}: PostgreSQL has programs of its own for this; use: {command}")


def _is_archive(file: Path) -> bool:
    from wirewatch.archive import read_archive
    from wirewatch.export_files import reading

    try:
        with reading(file) as stream:
            read_archive(stream, str(file))
    except WirewatchError:
        return False
    return True


def _megabytes(number: int) -> str:
    return f"{number / 1e6:,.1f} MB"
