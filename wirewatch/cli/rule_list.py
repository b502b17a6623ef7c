"""`wirewatch rules list`: the topics, and what they have found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import span_options
from wirewatch.cli.options import Command
from wirewatch.cli.topics import no_topic, topic_rows
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.fields import TOPIC
from wirewatch.rulecheck import load

if TYPE_CHECKING:
    from storage.records import TopicRecord
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command("list", cls=Command)
@span_options("Only topics whose version is in force from then on")
@pass_call
def list_rules(call: Call, listing: Listing) -> None:
    """List the topics of the rule files.

    Also those that are not understood now and kept at their last good version.
    """
    loaded = load(call.config_dir.rules_dir)
    rows = list(topic_rows(loaded, _stored(call)))
    shown = listing.within(rows, "known_since", call)
    empty = "no topic in that span" if rows else no_topic(call)
    listing.show(shown, TOPIC, call, empty=empty)
    if loaded.errors:
        told = counted(len(loaded.errors), "error")
        note(f"{told} in the rule files; see: wirewatch{call.repeated} rules check")


def _stored(call: Call) -> dict[str, TopicRecord]:
    """The topics that were ever in force, by name; none when there is no database yet."""
    from storage.errors import DatabaseMissing

    try:
        with call.app.listings() as listings:
            return {topic.name: topic for topic in listings.topics()}
    except DatabaseMissing:
        return {}
