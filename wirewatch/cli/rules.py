"""`wirewatch rules …`: the keyword rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import listing_options, record_options, span_options
from wirewatch.cli.options import Group
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.errors import ExitCode
from wirewatch.fields import RULE_HIT, RULE_PROBLEM, TOPIC

if TYPE_CHECKING:
    from rules.files import LoadedRules
    from storage.records import TopicRecord
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.group(cls=Group)
def rules() -> None:
    """List, check and test the keyword rules."""


@rules.command("list")
@span_options("Only topics whose version is in force from then on")
@pass_call
def list_rules(call: Call, listing: Listing) -> None:
    """List the topics of the rule files.

    Also those that are not understood now and kept at their last good version.
    """
    from wirewatch.cli.topics import topic_rows

    loaded = _load(call)
    rows = list(topic_rows(loaded, _stored(call)))
    shown = listing.within(rows, "known_since", call)
    empty = "no topic in that span" if rows else _no_topic(call)
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


def _no_topic(call: Call) -> str:
    return f"no topic in {call.config_dir.rules_dir}; write one into a file there whose name ends in .rules"


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
        verdict = counted(len(problems), "problem") if problems else "all is well"
        click.echo(f"{counted(len(loaded.topics), 'topic')} understood, {counted(tests, 'test')} run: {verdict}")
    else:
        listing.show(problems, RULE_PROBLEM, call, empty="")
    if not loaded.topics and not problems:
        note(_no_topic(call))
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
    if not listing.is_for_programs:
        least = "" if done.is_complete else "at least "
        note(f"{least}{done.matched} of {counted(done.looked_at, 'article')}")
    if not done.is_complete:
        note("only the newest articles were read; narrow it with --since or with a word that must occur")


def _load(call: Call) -> LoadedRules:
    from wirewatch.rulecheck import load

    return load(call.config_dir.rules_dir)
