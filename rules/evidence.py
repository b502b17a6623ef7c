"""What one article holds of any tree, asked of the engine: explanations judge nothing themselves.

Every question is compiled by itself, so that what-if questions (`the same word in singular and plural`, `the same
operands further apart`) are answered by the matcher that works live.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from rules.compile import compile_tree
from rules.document import SECTION_SEPARATOR
from rules.match import sort_spans
from rules.plans import Span, find_atoms
from rules.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.document import Document
    from rules.plans import Plan, Positional
    from rules.tree import Near, Tree
    from rules.view import Stream

#: The fields that are read as text, and so can be looked at instead of others.
TEXT_FIELDS = ("title", "body", "author", "url", "section")

#: So many choices of places of the operands of NEAR are looked at one by one.
_MOST_CHOICES = 10_000


class Evidence:
    """One article, with what was found out about it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._view = View(document)
        self._holding: dict[tuple[Tree, tuple[str, ...]], bool] = {}

    def holds(self, tree: Tree, fields: tuple[str, ...]) -> bool:
        """Does *tree*, whose words are looked for in *fields*, hold? Asked once."""
        key = (tree, fields)
        held = self._holding.get(key)
        if held is None:
            held = self._holding[key] = self._plan(tree, fields).holds(self._view)
        return held

    def spans(self, tree: Tree, fields: tuple[str, ...]) -> tuple[Span, ...]:
        """Where the positive atoms of *tree* occur, sorted as in a match."""
        return sort_spans(span for atom in find_atoms(self._plan(tree, fields)) for span in atom.spans(self._view))

    def stretches(self, tree: Tree, fields: tuple[str, ...]) -> tuple[Span, ...]:
        """Where *tree* occurs as a whole, from its first to its last word; it must have places in the text."""
        plan = cast("Positional", self._plan(tree, fields))
        return sort_spans(
            _span(stream, first, last)
            for stream in self._view.streams(fields)
            for first, last in plan.occurrences(stream)
        )

    def near_stretches(self, near: Near, fields: tuple[str, ...]) -> tuple[Span, ...]:
        """Where *near* occurs, from the first to the last word of each choice of operands; shortened where too many.

        Choices can be as many as the product of the places of the operands; then it is the places of the operands.
        """
        choices = 1
        for child in near.children:
            choices *= max(1, len(self.stretches(child, fields)))
        if choices <= _MOST_CHOICES:
            return self.stretches(near, fields)
        return sort_spans(span for child in near.children for span in self.stretches(child, fields))

    def shares_stream(self, trees: Iterable[Tree], fields: tuple[str, ...]) -> bool:
        """Do all of *trees* occur in the same title, body or section name?"""
        plans = [cast("Positional", self._plan(tree, fields)) for tree in trees]
        for stream in self._view.streams(fields):
            found = []
            for plan in plans:
                stream.found.clear()
                found.append(bool(plan.occurrences(stream)))
            if all(found):
                return True
        return False

    def length(self, fields: tuple[str, ...]) -> int:
        """Words of the longest of *fields*."""
        return max((len(stream.tokens) for stream in self._view.streams(fields)), default=0)

    def tokens(self, fields: tuple[str, ...]) -> Iterable[tuple[str, Span]]:
        """The folded tokens of *fields*, and where they stand."""
        for stream in self._view.streams(fields):
            for i, token in enumerate(stream.tokens.folded):
                yield token, _span(stream, i, i + 1)

    def has_trace(self, letters: str) -> bool:
        """Do these folded letters occur anywhere in a word of the article, whatever its field?"""
        return letters in self._all_words

    def text(self, span: Span) -> str:
        """What stands there."""
        document = self.document
        text = {
            "title": document.title,
            "body": document.body,
            "author": document.author,
            "source": document.source,
            "url": document.url,
            "lang": document.lang,
            "section": SECTION_SEPARATOR.join(document.sections),
        }[span.field]
        return (text or "")[span.start : span.end]

    @cached_property
    def _all_words(self) -> str:
        # Each once: the words of a long text are many times fewer than its tokens.
        return " ".join({token for stream in self._view.streams(TEXT_FIELDS) for token in stream.folded})

    def _plan(self, tree: Tree, fields: tuple[str, ...]) -> Plan:
        # Plans remember what they found by their numbers, which two that were compiled apart can share.
        for stream in self._view.streams(TEXT_FIELDS):
            stream.found.clear()
        return compile_tree(tree, fields)


def _span(stream: Stream, first: int, last: int) -> Span:
    tokens = stream.tokens
    return Span(stream.field, stream.base + tokens.starts[first], stream.base + tokens.ends[last - 1])
