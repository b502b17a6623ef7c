"""`wirewatch rules explain`: why an article matches a topic, or why not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.options import IDENT, Command
from wirewatch.cli.topics import no_topic, stored_topics
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.explain_fields import EXPLANATION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.ruleexplain import Signs


@click.command(cls=Command)
@click.argument("number", metavar="ID", type=IDENT)
@click.argument("what", metavar="[TOPIC|FILE|EXPRESSION]", required=False)
@click.option("--version", "n", type=IDENT, metavar="N", help="A version of the article; the current one unless given.")
@record_options
@pass_call
def explain(call: Call, listing: Listing, *, number: int, what: str | None, n: int | None) -> None:
    """Tell why an article matches a topic, or why not.

    Each word with where it hit, or why it did not and what was nearly found; an arrow marks what decided. The rules
    are those as written now. Without a topic: all topics in short, those that match first.
    """
    from wirewatch import ruleexplain
    from wirewatch.finding import Tried, read_tried
    from wirewatch.rulecheck import load

    folder = call.config_dir.rules_dir
    loaded = load(folder)
    tried = (
        Tried(topics=loaded.topics) if what is None else read_tried(what, folder, loaded, lambda: stored_topics(call))
    )
    for hint in tried.hints:
        note(hint)
    with call.reading(f"wirewatch{call.repeated} articles") as listings:
        version = listings.version(number, n)
    told = ruleexplain.explain(tried.topics, version)
    if listing.how != "table":
        listing.show([ruleexplain.record(each, version) for each in told], EXPLANATION, call, empty="")
        return
    signs = ruleexplain.Signs.of(sys.stdout.encoding)
    _write([ruleexplain.heading(version), ""], signs)
    if what is not None:
        for each in told:
            _write([*ruleexplain.full_lines(each, version, signs), ""], signs)
        return
    _write(ruleexplain.short_lines(told, signs), signs)
    matching = sum(each.explanation.matches for each in told)
    more = f"wirewatch{call.repeated} rules explain {number} TOPIC"
    note(f"{matching} of {counted(len(told), 'topic')}; one in full: {more}")
    if not loaded.topics:
        note(no_topic(call))
    if loaded.errors:
        note(f"{counted(len(loaded.errors), 'error')} in the rule files; see: wirewatch{call.repeated} rules check")


def _write(lines: Iterable[str], signs: Signs) -> None:
    from wirewatch.output import clean_line

    text = "".join(f"{clean_line(line)}\n" for line in lines)
    click.echo(text.translate(signs.plain or {}), nl=False)
