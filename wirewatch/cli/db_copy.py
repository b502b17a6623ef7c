"""`wirewatch db copy FROM TO`: a database to another one, of either kind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.wiring import note, pass_call, telling_that_it_goes_on
from wirewatch.db_fields import DATABASE_COPIED

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@record_options
@pass_call
def copy(call: Call, listing: Listing, *, source: str, target: str) -> None:
    """Copy the database FROM to TO, also from SQLite to PostgreSQL and back.

    Both are written as for --db. Everything goes over, under the same ids: feeds, entries, articles with all versions,
    stories, matches, trails, runs. The index of the search is made anew. TO is made, or is empty, or is a copy that
    was interrupted: then the same command goes on where it stood. FROM is not changed, and nobody may write to it
    meanwhile. In the end both are read once more and compared, table by table; until then TO cannot be used.

    Exit code 5 when one of them is in use, when TO has something in it, or when the copy is not the same.
    """
    from storage.copying import copier

    source_url, target_url = _url(source, "FROM"), _url(target, "TO")
    with Progress(0, "") as progress, telling_that_it_goes_on():
        done = copier.copy(
            source_url,
            target_url,
            tell_copied=lambda table, done, total: progress.show_part(f"rows copied ({table})", done, total),
            tell_compared=lambda table, done, total: progress.show_part(f"rows compared ({table})", done, total),
        )
    rows = sum(each.rows for each in done.tables)
    if listing.how != "table":
        record = {
            "source": done.source.shown,
            "target": done.target.shown,
            "rows": rows,
            "is_resumed": done.is_resumed,
            "tables": done.tables,
        }
        listing.show_one(record, DATABASE_COPIED, call)
        return
    note(
        f"{done.target.shown}: a copy of {done.source.shown}, {rows:,} rows in {len(done.tables)} tables, all the same"
    )
    note("to work with it, write its address into database.url")


def _url(given: str, name: str) -> str:
    """The address that *given* means. Raises click.BadParameter."""
    from wirewatch.database_url import database_url, shown_url

    try:
        return database_url(given, Path.cwd())
    except ValueError as e:
        raise click.BadParameter(f"{shown_url(given)}: {e}", param_hint=name) from e
