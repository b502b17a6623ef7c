"""`wirewatch stories` and `wirewatch story`: articles that carry the same text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import SCREEN_LIMIT, listing_options, record_options
from wirewatch.cli.options import IDENT, MOST, Command
from wirewatch.cli.topics import of_topic
from wirewatch.cli.wiring import note, pass_call
from wirewatch.fields import STORY

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.argument("topic", required=False)
@click.option(
    "--outlets",
    type=click.IntRange(1, MOST),
    metavar="N",
    help="Only stories that at least N outlets carry, most carried first.",
)
@listing_options
@pass_call
def stories(call: Call, listing: Listing, *, topic: str | None, outlets: int | None) -> None:
    """List stories: articles that carry the same text.

    With TOPIC, those of which an article matches it. The newest come first.
    """
    if outlets is not None and listing.after is not None:
        raise click.UsageError("--outlets lists the most carried first, which has no pages: --limit instead of --after")
    with call.reading(f"wirewatch{call.repeated} rules list") as listings:
        rows = of_topic(call, topic, lambda: listings.stories(topic, outlets=outlets, **listing.span(call)))
    empty = "no stories; poll with: wirewatch once" if topic is None else f"no story matches {topic}"
    if outlets is not None:
        empty = f"no such story is carried by {outlets} outlets or more"
    listing.show(rows or (), STORY, call, empty="" if rows is None else empty, has_pages=outlets is None)


@click.command(cls=Command)
@click.argument("number", metavar="ID", type=IDENT)
@click.option("--diff", is_flag=True, help="What each article cut and added against the first copy, by sentence.")
@click.option("--history", is_flag=True, help="What became of it, the oldest first: who came, left, merged and led.")
@record_options
@pass_call
def story(call: Call, listing: Listing, *, number: int, diff: bool, history: bool) -> None:
    """Show a story: who carried it when, and how much of it.

    The first copy by time leads the list; those whose date cannot be believed count from when they were first seen.
    """
    from wirewatch.changes import diff_story, emit_pieces, tell_story_changes
    from wirewatch.story_fields import STORY_PAGE, STORY_SHOWN, as_page

    if history:
        if diff:
            raise click.UsageError("one at a time: --history or --diff")
        _show_history(call, listing, number)
        return
    with call.reading(f"wirewatch{call.repeated} stories") as listings:
        found = listings.shown_story(number)
        lead = next((each.article for each in found.articles if each.is_lead), None)
        left_out = len(found.articles) - SCREEN_LIMIT if listing.how == "table" else 0
        if left_out > 0:
            found = replace(found, articles=found.articles[:SCREEN_LIMIT])
        if diff:
            found = diff_story(listings, found)
    if found.id != number:
        note(f"story {number} is now {found.id}")
    if listing.how == "table":
        listing.show_one(as_page(found, lead), STORY_PAGE, call)
        if diff:
            emit_pieces(tell_story_changes(found, lead))
    else:
        listing.show_one(found, STORY_SHOWN, call)
    if left_out > 0:
        note(f"… and {left_out:,} more articles; all with --json")


def _show_history(call: Call, listing: Listing, number: int) -> None:
    from wirewatch.history_fields import STORY_EVENT

    with call.reading(f"wirewatch{call.repeated} stories") as listings:
        events = listings.story_timeline(number)
    # It is never cut: what is missing at its end is how things stand.
    replace(listing, limit=0).show(events, STORY_EVENT, call, empty="")
