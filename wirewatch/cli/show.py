"""`wirewatch show`: one article, now, at an earlier moment, and over time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.moment import as_of_option, read_as_of
from wirewatch.cli.options import IDENT, Command
from wirewatch.cli.wiring import note, pass_call
from wirewatch.errors import WirewatchError
from wirewatch.fields import ARTICLE_SHOWN

if TYPE_CHECKING:
    from datetime import datetime

    from storage.listings import Listings
    from storage.records import ShownArticle
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.argument("number", metavar="ID", type=IDENT)
@click.option("--version", "n", type=IDENT, metavar="N", help="Read version N instead of the current one.")
@click.option(
    "--diff", is_flag=True, help="What the newest version, or version N, changed against the one before, by sentence."
)
@click.option(
    "--history", is_flag=True, help="What became of it, the oldest first: versions, topics, relations, stories."
)
@as_of_option
@record_options
@pass_call
def show(
    call: Call, listing: Listing, *, number: int, n: int | None, diff: bool, history: bool, as_of: str | None
) -> None:
    """Show an article: text, versions, relations, and why it matches.

    With --as-of its versions, relations, matches and story are those of that moment; address and host are what they
    are now.
    """
    moment = read_as_of(call, as_of)
    if history and (diff or n is not None or moment is not None):
        raise click.UsageError(
            "--history tells all versions and times; it goes with none of --version, --diff, --as-of"
        )
    if diff and moment is not None:
        raise click.UsageError("--diff compares two versions, whenever they were shown: --version N instead of --as-of")
    with call.reading(f"wirewatch{call.repeated} articles") as listings:
        forgotten_at = listings.forgotten_at(number)
        if forgotten_at is not None:
            when = forgotten_at.astimezone(call.settings.zone)
            see = f"wirewatch{call.repeated} articles forgotten"
            raise WirewatchError(f"article {number} was forgotten for good, {when:%Y-%m-%d %H:%M}; see: {see}")
        if history:
            _show_history(listings, listing, call, number)
        elif diff:
            _show_changes(listings, listing, call, number, n)
        else:
            found = read_version(call, listings, number, n, moment)
            listing.show_one(found, ARTICLE_SHOWN, call)
            if not listing.is_for_programs:
                _tell_pruned(found)


def _tell_pruned(found: ShownArticle) -> None:
    from wirewatch.changes import pruned_since, tell_pruned

    when = pruned_since(found)
    if when is not None:
        note(tell_pruned(found, when))


def read_version(
    call: Call, listings: Listings, number: int, n: int | None, as_of: datetime | None = None
) -> ShownArticle:
    """Return an article in its current version or version *n*, or as it was at the moment *as_of*.

    Raises LookupError for an article that does not exist, and WirewatchError for a version that it does not have.
    """
    try:
        return listings.article(number, n, as_of=as_of)
    except LookupError as e:
        if n is None:
            raise
        listings.article(number, as_of=as_of)  # raises when it is the article that does not exist
        raise WirewatchError(f"{e}; see: wirewatch{call.repeated} show {number}") from e


def _show_history(listings: Listings, listing: Listing, call: Call, number: int) -> None:
    from wirewatch.history_fields import ARTICLE_EVENT

    # It is never cut: what is missing at its end is how things stand.
    replace(listing, limit=0).show(listings.article_timeline(number), ARTICLE_EVENT, call, empty="")


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
