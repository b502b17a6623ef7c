"""`wirewatch try rules`: how other programs test rules in bulk."""

from __future__ import annotations

import codecs
import sys
from typing import TYPE_CHECKING, BinaryIO

import click

from wirewatch.cli.options import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A longer line is refused, so that no input can take all memory.
MAX_LINE_BYTES = 64 * 1024 * 1024
#: So far into such a line its id is looked for.
MAX_ID_BYTES = 4096


@click.command(cls=Command)
def rules() -> None:
    r"""Match rules against documents, a line of JSON each, and answer with a line each.

    Standard input: {"id", "rule", "macros": {name: expression}, "doc": {"title", "body", "author", "source",
    "url", "lang", "section": []}}. Answers, in the same order and at once: {"id", "match", "spans"} or
    {"id", "error", "col", "message"}. docs/reference/try-rules.md tells the details.

    Needs no configuration and no database. Exit code 0 at the end of the input, whatever the answers.
    """
    out = sys.stdout
    for answered in answers(sys.stdin.buffer):
        out.write(answered + "\n")
        # another program may wait for this answer before it asks again
        out.flush()


def answers(lines: BinaryIO, *, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[str]:
    """Yield the answer to each of *lines*, as soon as it was read. A mark of the byte order may stand first."""
    from wirewatch.ruletrial import answer, refuse

    is_first = True
    while line := lines.readline(max_line_bytes + 1):
        if len(line) > max_line_bytes:
            _skip_rest(line, lines, max_line_bytes)
            yield refuse(line[:MAX_ID_BYTES], f"the line is longer than {max_line_bytes} bytes")
        else:
            yield answer(line.removeprefix(codecs.BOM_UTF8) if is_first else line)
        is_first = False


def _skip_rest(line: bytes, lines: BinaryIO, size: int) -> None:
    while line and not line.endswith(b"\n"):
        line = lines.readline(size)
