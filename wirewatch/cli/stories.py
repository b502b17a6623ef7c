"""`wirewatch stories` and `wirewatch story`: articles that carry the same text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import listing_options, record_options
from wirewatch.cli.options import IDENT, Command
from wirewatch.cli.topics import of_topic
from wirewatch.cli.wiring import pass_call
from wirewatch.fields import STORY

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.argument("topic", required=False)
@listing_options
@pass_call
def stories(call: Call, listing: Listing, *, topic: str | None) -> None:
    """List stories: articles that carry the same text.

    With TOPIC, those of which an article matches it. The newest come first.
    """
    with call.reading(f"wirewatch{call.repeated} rules list") as listings:
        rows = of_topic(call, topic, lambda: listings.stories(topic, **listing.span(call)))
    empty = "no stories; poll with: wirewatch once" if topic is None else f"no story matches {topic}"
    listing.show(rows or (), STORY, call, empty="" if rows is None else empty)


@click.command(cls=Command)
@click.argument("number", metavar="ID", type=IDENT)
@record_options
@pass_call
def story(call: Call, listing: Listing, *, number: int) -> None:
    """Show a story with its copies."""
    with call.reading(f"wirewatch{call.repeated} stories") as listings:
        found = listings.story(number)
    listing.show_one(found, STORY, call)
