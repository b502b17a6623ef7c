"""`wirewatch try repair`: how other programs undo wrong code pages in bulk."""

from __future__ import annotations

import sys

import click

from wirewatch.cli.options import Command


@click.command(cls=Command)
def repair() -> None:
    """Undo wrong code pages in texts, a line of JSON each, and answer with a line each.

    Standard input: {"id", "text"}. Answers, in the same order and at once: {"id", "text", "codec"}, where codec is the
    code page that was undone or null, or {"id", "error", "message"}. docs/reference/try-repair.md tells the details.

    Needs no configuration and no database. Exit code 0 at the end of the input, whatever the answers.
    """
    from wirewatch.jsonlines import read_lines, write_answers
    from wirewatch.repairtrial import answer

    write_answers(map(answer, read_lines(sys.stdin.buffer)))
