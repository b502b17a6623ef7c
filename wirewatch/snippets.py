"""How people read the passage of an article that a search found."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.searching.found import SnippetRecord
    from wirewatch.below import Piece


def read_snippet(snippet: SnippetRecord) -> Sequence[Piece]:
    """Return the passage in pieces, each with whether it is a hit."""
    pieces = []
    at = 0
    for mark in snippet.marks:
        pieces += [(snippet.text[at : mark.start], False), (snippet.text[mark.start : mark.end], True)]
        at = mark.end
    return [piece for piece in [*pieces, (snippet.text[at:], False)] if piece[0]]
