"""`wirewatch events`: what happened to feeds and sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ingest.polling import EventKind
from wirewatch.cli.listing import timed_options
from wirewatch.cli.options import IDENT, Command
from wirewatch.cli.wiring import pass_call
from wirewatch.feed_fields import EVENT

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in EventKind]),
    metavar="KIND",
    help=f"Only events of this kind: {', '.join(EventKind)}.",
)
@click.option("--feed", "feed_id", type=IDENT, metavar="ID", help="Only events of this feed.")
@click.option("--site", metavar="HOST", help="Only events of this site.")
@timed_options("at")
@pass_call
def events(call: Call, listing: Listing, *, kind: str | None, feed_id: int | None, site: str | None) -> None:
    """List what happened to feeds and sites.

    Feeds that broke and came back, moved, went silent or left a gap, and sites whose pages are read differently from
    before. The newest come first; they are kept for a year.
    """
    span = listing.span(call)
    with call.reading(f"wirewatch{call.repeated} feeds list") as listings:
        rows = listings.events(
            kind=kind,
            feed_id=feed_id,
            site=site,
            since=span["since"],
            until=span["until"],
            limit=span["limit"],
            after=span["after"],
        )
    listing.show(rows, EVENT, call, empty="nothing happened to feeds and sites")
