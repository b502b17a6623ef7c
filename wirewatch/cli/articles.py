"""`wirewatch articles …` and `entries`: what was fetched, and how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ingest.errors import Reason
from wirewatch.cli.lazy import LazyGroup
from wirewatch.cli.listing import listing_options
from wirewatch.cli.options import IDENT, Command
from wirewatch.cli.wiring import pass_call
from wirewatch.fields import ARTICLE, ENTRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call

STATES = ("new", "retrying", "done", "failed")


#: name → where it is, and its line in the help
COMMANDS: Mapping[str, tuple[str, str]] = {
    "reextract": ("wirewatch.cli.articles_reextract:reextract", "Read the kept pages again by the present extractor."),
    "forget": ("wirewatch.cli.articles_forget:forget", "Remove articles for good, and remember that they were."),
    "forgotten": ("wirewatch.cli.articles_forget:forgotten", "List what was removed for good."),
}


@click.group(cls=LazyGroup, where=COMMANDS, invoke_without_command=True)
@listing_options
@pass_call
def articles(call: Call, listing: Listing) -> None:
    """List articles, read their pages again, or forget some.

    Without a command: list them, each in its current version; the newest come first.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    with call.reading() as listings:
        rows = listings.articles(**listing.span(call))
    listing.show(rows, ARTICLE, call, empty="no articles; poll with: wirewatch once")


@click.command(cls=Command)
@click.option("--state", type=click.Choice(STATES), help="Only entries in this state.")
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in Reason]),
    metavar="REASON",
    help="Only entries with this reason, such as paywall.",
)
@click.option("--feed", "feed_id", type=IDENT, metavar="ID", help="Only entries of this feed.")
@listing_options
@pass_call
def entries(call: Call, listing: Listing, *, state: str | None, reason: str | None, feed_id: int | None) -> None:
    """List the entries of feeds, with state and reason.

    Every entry that was ever seen is in one state; for those without a page, reason and detail say why.
    docs/reference/reasons.md explains each reason.
    """
    with call.reading(f"wirewatch{call.repeated} feeds list") as listings:
        rows = listings.entries(state=state, reason=reason, feed_id=feed_id, **listing.span(call))
    listing.show(rows, ENTRY, call, empty="no such entries; poll with: wirewatch once")
