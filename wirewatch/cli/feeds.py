"""`wirewatch feeds …`: which feeds are polled, and how they are doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.lazy import LazyGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

#: name → where it is, and its line in the help
COMMANDS: Mapping[str, tuple[str, str]] = {
    "add": ("wirewatch.cli.feed_add:add", "Add a feed to feeds.toml, or those that a page announces."),
    "remove": ("wirewatch.cli.feed_edit:remove", "Take a feed out of feeds.toml; what it brought is kept."),
    "pause": ("wirewatch.cli.feed_edit:pause", "Poll a feed no more, until it is resumed."),
    "resume": ("wirewatch.cli.feed_edit:resume", "Poll a feed again that was paused."),
    "list": ("wirewatch.cli.feed_list:list_feeds", "List the feeds of feeds.toml with what is known about each."),
    "check": ("wirewatch.cli.feed_check:check", "Fetch feeds now and say how they answer; diagnose one in full."),
    "backfill": ("wirewatch.cli.feed_backfill:backfill", "Read the older pages of a feed, where it has some."),
    "import": ("wirewatch.cli.feed_edit:import_opml", "Add the feeds of an OPML list to feeds.toml."),
    "export": ("wirewatch.cli.feed_list:export_opml", "Write the feeds of feeds.toml as OPML."),
}


@click.group(cls=LazyGroup, where=COMMANDS)
def feeds() -> None:
    """Add, list, check, pause, import and export feeds."""
