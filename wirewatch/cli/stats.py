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
    from wirewatch.rulestate import show_stats

    with call.reading() as listings:
        found, topics = listings.stats(), listings.topics()
    listing.show_one(show_stats(call.config_dir, found, topics), STATS, call)
    if found.rule_problems and listing.how == "table":
        problems = counted(len(found.rule_problems), "problem")
        note(f"{problems} in the rule files; see: wirewatch{call.repeated} rules check")
