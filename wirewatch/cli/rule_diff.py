"""`wirewatch rules diff`: which stored articles enter and leave the topics with the rules as written now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import listing_options
from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.topics import choose_topics, diff_rows, note_errors
from wirewatch.cli.wiring import note, pass_call
from wirewatch.comparison import compare
from wirewatch.fields import RULE_DIFF, RULE_HIT
from wirewatch.rulecheck import load

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.argument("names", metavar="[TOPIC]...", nargs=-1)
@click.option("--summary", "is_summary", is_flag=True, help="A row for each topic, not for each article.")
@listing_options
@pass_call
def diff(call: Call, listing: Listing, *, names: tuple[str, ...], is_summary: bool) -> None:
    """Tell which stored articles enter or leave with the rules as written now.

    Compares the rule files with what is stored, for the topics that are new or have changed since they were last in
    force; with TOPIC, for these. Nothing is written; `rules apply` does it. What a topic matched that is in no file
    any more stays as it is.
    """
    loaded = load(call.config_dir.rules_dir)
    with call.reading() as listings, Progress(0, "articles") as progress:
        stored = {topic.name: topic for topic in listings.topics()}
        if names:
            topics = choose_topics(loaded.topics, names, call)
        else:
            in_force = {topic.name: topic.version for topic in stored.values() if topic.is_active}
            topics = tuple(topic for topic in loaded.topics if in_force.get(topic.name) != topic.version)
        done = compare(topics, listings, **listing.span(call), wanted=("new", "lost"), tell=progress.show)
    rows = list(diff_rows(done, topics, stored, loaded, with_gone=not names))
    if is_summary:
        listing.show(rows, RULE_DIFF, call, empty="no topic differs from what is in force")
    else:
        listing.show(done.hits, RULE_HIT, call, empty="no stored article enters or leaves")
        if not listing.is_for_programs:
            for row in rows:
                note("topic {topic} ({state}): {new} new, {lost} lost, {same} the same".format_map(row))
    note_errors(loaded.errors, call)
    if not done.is_complete:
        note("only the newest articles were read; narrow it with --since")
