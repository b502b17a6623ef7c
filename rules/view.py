"""An article as the engine sees it: for each field, the streams of tokens that a phrase cannot leave."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rules.document import SECTION_SEPARATOR

if TYPE_CHECKING:
    from rules.document import Document
    from rules.near import WordSpan
    from rules.text import Tokens

Positions = dict[str, list[int]]


class Stream:
    """One run of tokens: a title, a body, one section name. Indexes are made on first use."""

    def __init__(self, field: str, tokens: Tokens, base: int = 0) -> None:
        self.field = field
        self.tokens = tokens
        #: where the tokens' text starts within the field
        self.base = base
        #: what plans have found here, by their numbers
        self.found: dict[int, list[WordSpan]] = {}

    @cached_property
    def folded(self) -> frozenset[str]:
        """The distinct folded tokens."""
        return frozenset(self.tokens.folded)

    @cached_property
    def exact(self) -> frozenset[str]:
        """The distinct exact tokens."""
        return frozenset(self.tokens.exact)

    @cached_property
    def folded_positions(self) -> Positions:
        """Each folded token with its places."""
        return _positions(self.tokens.folded)

    @cached_property
    def exact_positions(self) -> Positions:
        """Each exact token with its places."""
        return _positions(self.tokens.exact)


class View:
    """The streams of one article; those without a token are left out."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._by_field: dict[str, tuple[Stream, ...]] = {}
        self._by_fields: dict[tuple[str, ...], tuple[Stream, ...]] = {}

    def streams(self, fields: tuple[str, ...]) -> tuple[Stream, ...]:
        """The streams of *fields* (title, body, author, url, section), in that order."""
        streams = self._by_fields.get(fields)
        if streams is None:
            for field in fields:
                if field not in self._by_field:
                    self._by_field[field] = self._make(field)
            streams = self._by_fields[fields] = tuple(s for field in fields for s in self._by_field[field])
        return streams

    def _make(self, field: str) -> tuple[Stream, ...]:
        document = self.document
        if field == "section":
            streams = []
            base = 0
            for name, tokens in zip(document.sections, document.section_tokens, strict=True):
                if len(tokens):
                    streams.append(Stream(field, tokens, base))
                base += len(name) + len(SECTION_SEPARATOR)
            return tuple(streams)
        tokens = {
            "title": lambda: document.title_tokens,
            "body": lambda: document.body_tokens,
            "author": lambda: document.author_tokens,
            "url": lambda: document.url_tokens,
        }[field]()
        return (Stream(field, tokens),) if len(tokens) else ()


def _positions(tokens: tuple[str, ...]) -> Positions:
    positions: Positions = {}
    for i, token in enumerate(tokens):
        positions.setdefault(token, []).append(i)
    return positions
