"""`wirewatch matches`: what the rules found."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import listing_options
from wirewatch.cli.moment import as_of_option, read_as_of
from wirewatch.cli.options import Command
from wirewatch.cli.topics import of_topic
from wirewatch.cli.wiring import pass_call
from wirewatch.fields import MATCH

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.argument("topic", required=False)
@click.option("--once", is_flag=True, help="Each story once: the match of its first article that has one.")
@as_of_option
@listing_options
@pass_call
def matches(call: Call, listing: Listing, *, topic: str | None, once: bool, as_of: str | None) -> None:
    """List the articles that match a topic.

    Without TOPIC, those of all topics. The newest come first. A note tells when neither the lead nor the first copy of
    the story matches, but only what this copy added. With --as-of, what was listed at that moment: with the versions,
    rules and stories of then, and the addresses of now.
    """
    moment = read_as_of(call, as_of)
    with call.reading(f"wirewatch{call.repeated} rules list") as listings:
        read = partial(listings.matches, topic, once_a_story=once, as_of=moment, **listing.span(call))
        rows = of_topic(call, topic, read)
    empty = "nothing matched; test a topic with: wirewatch rules test TOPIC"
    if moment is not None:
        known = f" {topic}" if topic else ""
        empty = f"nothing was listed then; which rules were in force: wirewatch{call.repeated} rules log{known}"
    listing.show(rows or (), MATCH, call, empty="" if rows is None else empty)
