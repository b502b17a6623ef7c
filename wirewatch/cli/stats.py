"""`wirewatch stats`: how much there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Command
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.fields import STATS

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@record_options
@pass_call
def stats(call: Call, listing: Listing) -> None:
    """Count feeds, entries, articles, stories and matches."""
    from wirewatch.rulestate import held_topics, version_in_force

    with call.reading() as listings:
        found = listings.stats()
        topics = listings.topics()
    row = {column.name: getattr(found, column.name, None) for column in STATS}
    row["rules_version"] = version_in_force(topics)
    # only what is not understood can be held, and the rule files are not read for nothing
    row["held"], row["absent"] = held_topics(call.config_dir, topics, found.rule_problems)
    listing.show_one(row, STATS, call)
    if found.rule_problems and listing.how == "table":
        problems = counted(len(found.rule_problems), "problem")
        note(f"{problems} in the rule files; see: wirewatch{call.repeated} rules check")
