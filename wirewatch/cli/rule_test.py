"""`wirewatch rules test`: what rules would find among the stored articles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import listing_options
from wirewatch.cli.options import Command
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.fields import RULE_HIT
from wirewatch.finding import dry_run, read_tried
from wirewatch.rulecheck import load

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.argument("what", metavar="TOPIC|FILE|EXPRESSION")
@listing_options
@pass_call
def test(call: Call, listing: Listing, *, what: str) -> None:
    """Match a topic, a rule file or an expression against the stored articles.

    Nothing is changed: it tells what the rules as written now would match.
    """
    tried = read_tried(what, load(call.config_dir.rules_dir))
    for hint in tried.hints:
        note(hint)
    with call.reading() as listings:
        done = dry_run(tried, listings, **listing.span(call))
    listing.show(done.hits, RULE_HIT, call, empty="no stored article matches")
    for topic, article in done.lost:
        note(f"lost: topic {topic} no longer matches article {article}")
    if not listing.is_for_programs:
        least = "" if done.is_complete else "at least "
        note(f"{least}{done.matched} of {counted(done.looked_at, 'article')}")
    if not done.is_complete:
        note("only the newest articles were read; narrow it with --since or with a word that must occur")
