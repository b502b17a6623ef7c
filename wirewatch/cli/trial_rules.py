"""`wirewatch try rules`: how other programs test rules in bulk."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, BinaryIO

import click

from wirewatch.cli.options import Command

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.command(cls=Command)
def rules() -> None:
    r"""Match rules against documents, a line of JSON each, and answer with a line each.

    Standard input: {"id", "rule", "macros": {name: expression}, "doc": {"title", "body", "author", "source",
    "url", "lang", "section": []}}. Answers, in the same order and at once: {"id", "match", "spans"} or
    {"id", "error", "col", "message"}. docs/reference/try-rules.md tells the details.

    Needs no configuration and no database. Exit code 0 at the end of the input, whatever the answers.
    """
    from wirewatch.jsonlines import write_answers

    write_answers(answers(sys.stdin.buffer))


def answers(lines: BinaryIO, *, max_line_bytes: int | None = None) -> Iterator[str]:
    """Yield the answer to each of *lines*, as soon as it was read."""
    from wirewatch.jsonlines import MAX_LINE_BYTES, read_lines
    from wirewatch.ruletrial import answer

    return map(answer, read_lines(lines, max_line_bytes=max_line_bytes or MAX_LINE_BYTES))
