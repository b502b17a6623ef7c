"""`wirewatch articles`, `entries`, `show` and `search`: what was fetched, and how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ingest.errors import Reason
from wirewatch.cli.listing import listing_options, record_options
from wirewatch.cli.options import IDENT, Command
from wirewatch.cli.wiring import note, pass_call
from wirewatch.errors import WirewatchError
from wirewatch.fields import ARTICLE, ARTICLE_SHOWN, ENTRY, FOUND

if TYPE_CHECKING:
    from storage.listings import Listings
    from storage.records import ShownArticle
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call

STATES = ("new", "retrying", "done", "failed")


@click.command(cls=Command)
@listing_options
@pass_call
def articles(call: Call, listing: Listing) -> None:
    """List articles.

    Each in its current version; the newest come first.
    """
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


@click.command(cls=Command)
@click.argument("number", metavar="ID", type=IDENT)
@click.option("--version", "n", type=IDENT, metavar="N", help="Read version N instead of the current one.")
@click.option(
    "--diff", is_flag=True, help="What the newest version, or version N, changed against the one before, by sentence."
)
@record_options
@pass_call
def show(call: Call, listing: Listing, *, number: int, n: int | None, diff: bool) -> None:
    """Show an article: text, versions, relations, and why it matches."""
    with call.reading(f"wirewatch{call.repeated} articles") as listings:
        if diff:
            _show_changes(listings, listing, call, number, n)
            return
        found = read_version(call, listings, number, n)
    listing.show_one(found, ARTICLE_SHOWN, call)


def read_version(call: Call, listings: Listings, number: int, n: int | None) -> ShownArticle:
    """Return an article in its current version or version *n*.

    Raises LookupError for an article that does not exist, and WirewatchError for a version that it does not have.
    """
    try:
        return listings.article(number, n)
    except LookupError as e:
        if n is None:
            raise
        listings.article(number)  # raises when it is the article that does not exist
        raise WirewatchError(f"{e}; see: wirewatch{call.repeated} show {number}") from e


def _show_changes(listings: Listings, listing: Listing, call: Call, number: int, n: int | None) -> None:
    from wirewatch.changes import diff_version, emit_pieces, tell_version_changes
    from wirewatch.story_fields import ARTICLE_DIFF

    if n is not None:
        read_version(call, listings, number, n)
    found = diff_version(listings, number, n)
    if listing.how == "table":
        emit_pieces(tell_version_changes(found))
    else:
        listing.show_one(found, ARTICLE_DIFF, call)


@click.command(cls=Command)
@click.argument("query")
@listing_options
@pass_call
def search(call: Call, listing: Listing, *, query: str) -> None:
    """List the articles that an expression of the rule language matches.

    For example: wirewatch search '"Black Sea" AND (grain | wheat)'. The newest come first.
    """
    with call.reading() as listings:
        found = listings.search(query, **listing.span(call))
    listing.show(found.rows, FOUND, call, empty="nothing found")
    if not found.is_complete:
        note("only the newest articles were read; narrow it with --since or with a word that must occur")
