"""`wirewatch rules check`: are the rule files understood, and do their tests come true?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Command
from wirewatch.cli.topics import no_topic
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.errors import ExitCode
from wirewatch.fields import RULE_PROBLEM
from wirewatch.rulecheck import find_problems, load

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@record_options
@pass_call
def check(call: Call, listing: Listing) -> None:
    """Check the rule files and run the tests in them.

    Exit code 4 when a rule is not understood or a test fails.
    """
    loaded = load(call.config_dir.rules_dir)
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
        note(no_topic(call))
    if problems:
        click.get_current_context().exit(ExitCode.INVALID)
