"""`wirewatch try copies`: how other programs find copies in bulk."""

from __future__ import annotations

import sys

import click

from wirewatch.cli.options import Command

#: As the settings have it: default and highest value of copies.window_days.
WINDOW_DAYS = 14
MOST_DAYS = 3650


@click.command(cls=Command)
@click.option(
    "--window",
    "days",
    metavar="DAYS",
    type=click.IntRange(1, MOST_DAYS),
    default=WINDOW_DAYS,
    show_default=True,
    help="Compare no document with those that arrived more than so many days before.",
)
def copies(days: int) -> None:
    """Find copies among documents, a line of JSON each in the order of arrival, and answer with a line each.

    Standard input: {"id", "site", "url", "published", "title", "text"}. Answers, in the same order and at once: {"id",
    "story", "relations": [{"to", "kind", "score"}]}, where story is the id of the document that leads it, or {"id",
    "error", "message"}. docs/reference/try-copies.md tells the details.

    Needs no configuration and no database. Exit code 0 at the end of the input, whatever the answers.
    """
    from datetime import timedelta

    from wirewatch.copytrial import CopyTrial
    from wirewatch.jsonlines import read_lines, write_answers

    write_answers(map(CopyTrial(timedelta(days=days)).answer, read_lines(sys.stdin.buffer)))
