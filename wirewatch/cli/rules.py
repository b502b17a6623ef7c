"""`wirewatch rules …`: the keyword rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import limited_options, listing_options, record_options
from wirewatch.cli.options import Group
from wirewatch.cli.wiring import note, pass_call
from wirewatch.errors import ExitCode
from wirewatch.fields import RULE_HIT, RULE_PROBLEM, TOPIC

if TYPE_CHECKING:
    from rules.files import LoadedRules
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.group(cls=Group)
def rules() -> None:
    """List, check and test the keyword rules."""


@rules.command("list")
@limited_options
@pass_call
def list_rules(call: Call, listing: Listing) -> None:
    """List the topics of the rule files."""
    loaded = _load(call)
    rows = [
        {
            "topic": topic.name,
            "title": topic.title,
            "tags": topic.tags,
            "lang": topic.langs,
            "rules": len(topic.rules),
            "version": topic.version,
            "file": topic.file,
        }
        for topic in loaded.topics[: listing.row_limit]
    ]
    listing.show(rows, TOPIC, call, empty=f"no topics in {call.config_dir.rules_dir}")
    if loaded.errors:
        note(f"{len(loaded.errors)} errors in the rule files; see: wirewatch{call.repeated} rules check")


@rules.command()
@record_options
@pass_call
def check(call: Call, listing: Listing) -> None:
    """Check the rule files and run the tests in them.

    Exit code 4 when a rule is not understood or a test fails.
    """
    from wirewatch.rulecheck import find_problems

    loaded = _load(call)
    problems = find_problems(loaded)
    if listing.how == "table":
        for problem in problems:
            click.echo(problem.shown)
        tests = sum(len(topic.tests) for topic in loaded.topics)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        verdict = count if problems else "all is well"
        click.echo(f"{len(loaded.topics)} topics understood, {tests} tests run: {verdict}")
    else:
        listing.show(problems, RULE_PROBLEM, call, empty="")
    if problems:
        click.get_current_context().exit(ExitCode.INVALID)


@rules.command()
@click.argument("what", metavar="TOPIC|FILE|EXPRESSION")
@listing_options
@pass_call
def test(call: Call, listing: Listing, *, what: str) -> None:
    """Match a topic, a rule file or an expression against the stored articles.

    Nothing is changed: it tells what the rules as written now would match.
    """
    from wirewatch.finding import dry_run, read_tried

    tried = read_tried(what, _load(call))
    for hint in tried.hints:
        note(hint)
    with call.reading() as listings:
        done = dry_run(tried, listings, **listing.span(call))
    listing.show(done.hits, RULE_HIT, call, empty="no stored article matches")
    for topic, article in done.lost:
        note(f"lost: topic {topic} no longer matches article {article}")
    if not done.is_complete:
        note("only the newest articles were read; narrow it with --since or with a word that must occur")


def _load(call: Call) -> LoadedRules:
    from wirewatch.rulecheck import load

    return load(call.config_dir.rules_dir)
