"""`wirewatch rules test`: what rules would find among the stored articles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import unpaged_options
from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.topics import stored_topics
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.comparison import compare
from wirewatch.finding import read_tried
from wirewatch.rule_fields import RULE_HIT
from wirewatch.rulecheck import load

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.comparison import Comparison


@click.command(cls=Command)
@click.argument("what", metavar="TOPIC|FILE|EXPRESSION")
@unpaged_options
@pass_call
def test(call: Call, listing: Listing, *, what: str) -> None:
    """Match a topic, a rule file or an expression against the stored articles.

    Nothing is changed: it tells what the rules as written now match, and what of that is new, the same or lost
    against the stored matches of the topic.
    """
    folder = call.config_dir.rules_dir
    tried = read_tried(what, folder, load(folder), lambda: stored_topics(call))
    for hint in tried.hints:
        note(hint)
    with call.reading() as listings, Progress(0, "articles") as progress:
        done = compare(
            tried.topics,
            listings,
            **listing.unpaged(call),
            is_stored=not tried.is_expression,
            tell=progress.show,
        )
    listing.show(done.hits, RULE_HIT, call, empty="no stored article matches")
    if not listing.is_for_programs:
        _sum_up(done, is_expression=tried.is_expression)
    if not done.is_complete:
        note("only the newest articles were read; narrow it with --since or with a word that must occur")


def _sum_up(done: Comparison, *, is_expression: bool) -> None:
    least = "" if done.is_complete else "at least "
    told = f"{least}{done.matched} of {counted(done.looked_at, 'article')}"
    if not is_expression:
        new, same, lost = (sum(getattr(each, name) for each in done.topics) for name in ("new", "same", "lost"))
        told += f"; {new} new, {same} the same, {lost} lost"
    note(told)
