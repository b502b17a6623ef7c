"""How wide the columns of a table are, and which of them a terminal has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from wirewatch.columns import Column

#: spaces between the columns of a table, and the least that is left of a column that may be cut
GAP = 2
MIN_FLEXIBLE = 12
#: what is left to a column that may be cut before there is room for a spare one
EASY_FLEXIBLE = 30


def _full_widths(visible: Sequence[Column], lines: Sequence[Sequence[str]]) -> list[int]:
    """Return what the longest cell of each column takes."""
    from rich.cells import cell_len

    return [max(map(cell_len, cells)) for cells in zip([column.title for column in visible], *lines, strict=True)]


def columns_with_room(columns: Sequence[Column], lines: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return the indexes of the columns that are shown: spare ones, the first before the others, where they fit."""
    full = _full_widths(columns, lines)
    least = [
        min(width, EASY_FLEXIBLE) if column.is_flexible else width for column, width in zip(columns, full, strict=True)
    ]
    kept = {index for index, column in enumerate(columns) if not column.is_spare}
    for index, column in enumerate(columns):
        if column.is_spare and sum(least[other] + GAP for other in kept) + least[index] <= room:
            kept.add(index)
    return sorted(kept)


def column_widths(visible: Sequence[Column], lines: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return the width of each column: what its longest cell takes, but flexible ones share what room is left."""
    widths = _full_widths(visible, lines)
    flexible = [index for index, column in enumerate(visible) if column.is_flexible]
    too_much = sum(widths) + GAP * (len(widths) - 1) - room
    while too_much > 0 and flexible:
        widest = max(flexible, key=lambda index: widths[index])
        if widths[widest] <= MIN_FLEXIBLE:
            break
        widths[widest] -= 1
        too_much -= 1
    return widths


def make_table(visible: Sequence[Column], lines: Sequence[Sequence[str]], widths: Sequence[int]) -> Table:
    """The table, drawn by rich with every cell as plain text."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column, width in zip(visible, widths, strict=True):
        table.add_column(
            Text(column.title),
            justify="right" if column.is_number else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=width,
        )
    for line in lines:
        table.add_row(*map(Text, line))
    return table
