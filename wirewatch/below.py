"""What stands in a table below a row, over its whole width: a passage of text in which hits are marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

#: How far it is moved in.
INDENT = 4

#: What stands around a hit where there is no bold type.
SIGNS = ("«", "»")

#: A piece of the passage, and whether it is a hit.
Piece = tuple[str, bool]


def weave(drawn: str, passages: Sequence[Sequence[Piece]], console: Console, width: int) -> Iterator[str]:
    """Yield the lines of a *drawn* table: the one with the names, and each row with its passage, if it has one.

    *width*: that of the terminal, which the table may exceed.
    """
    names, *rows = drawn.splitlines(keepends=True)
    yield names
    for row, pieces in zip(rows, passages, strict=True):
        yield row
        if pieces:
            yield draw_passage(pieces, console, width)


def draw_passage(pieces: Sequence[Piece], console: Console, width: int) -> str:
    """Return the passage as one line, or on a terminal broken to its *width*."""
    from rich.padding import Padding
    from rich.text import Text

    if console.color_system is None:
        # No terminal, or one that knows no bold type.
        return " " * INDENT + "".join(_signed(text) if is_hit else text for text, is_hit in pieces) + "\n"
    passage = Text.assemble(*((text, "bold" if is_hit else "") for text, is_hit in pieces))
    with console.capture() as drawn:
        console.print(Padding(passage, (0, 0, 0, INDENT), expand=False), width=width)
    return "\n".join(line.rstrip() for line in drawn.get().splitlines()) + "\n"


def _signed(text: str) -> str:
    return f"{SIGNS[0]}{text}{SIGNS[1]}"
