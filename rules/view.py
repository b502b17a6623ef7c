"""An article as the engine sees it: for each field, the streams of tokens that a phrase cannot leave."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from rules.document import SECTION_SEPARATOR
from rules.regex_text import read_for_regex

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from rules.document import Document
    from rules.near import WordSpan
    from rules.regex_text import RegexText
    from rules.tokens import Tokens

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

    def words(self, *, is_exact: bool) -> frozenset[str]:
        """The distinct tokens."""
        return self.exact if is_exact else self.folded

    def positions(self, *, is_exact: bool) -> Positions:
        """Each token with its places."""
        return self._exact_positions if is_exact else self._folded_positions

    @cached_property
    def folded(self) -> frozenset[str]:
        """The distinct folded tokens."""
        return frozenset(self.tokens.folded)

    @cached_property
    def exact(self) -> frozenset[str]:
        """The distinct exact tokens."""
        return frozenset(self.tokens.exact)

    @cached_property
    def _folded_positions(self) -> Positions:
        return _positions(self.tokens.folded)

    @cached_property
    def _exact_positions(self) -> Positions:
        return _positions(self.tokens.exact)


class Passage(NamedTuple):
    """One run of text for regexes: a title, a body, one section name."""

    field: str
    text: RegexText
    #: where the text starts within the field
    base: int = 0


class View:
    """The streams of one article; those without a token are left out."""

    def __init__(self, document: Document) -> None:
        self.document = document
        #: numbers of the plans that are known to hold, see `WordsPlan.is_indexed`; None: nothing is known
        self.found: AbstractSet[int] | None = None
        self._by_field: dict[str, tuple[Stream, ...]] = {}
        self._by_fields: dict[tuple[str, ...], tuple[Stream, ...]] = {}
        self._passages: dict[str, tuple[Passage, ...]] = {}

    def streams(self, fields: tuple[str, ...]) -> tuple[Stream, ...]:
        """The streams of *fields* (title, body, author, url, section), in that order."""
        streams = self._by_fields.get(fields)
        if streams is None:
            for field in fields:
                if field not in self._by_field:
                    self._by_field[field] = self._make_streams(field)
            streams = self._by_fields[fields] = tuple(s for field in fields for s in self._by_field[field])
        return streams

    def passages(self, fields: tuple[str, ...]) -> tuple[Passage, ...]:
        """The texts of *fields* (title, body, author, url, section) that hold anything, in that order."""
        for field in fields:
            if field not in self._passages:
                self._passages[field] = self._make_passages(field)
        return tuple(passage for field in fields for passage in self._passages[field])

    def _make_streams(self, field: str) -> tuple[Stream, ...]:
        document = self.document
        if field == "section":
            named = zip(_bases(document.sections), document.section_tokens, strict=True)
            return tuple(Stream(field, tokens, base) for base, tokens in named if len(tokens))
        tokens = {
            "title": lambda: document.title_tokens,
            "body": lambda: document.body_tokens,
            "author": lambda: document.author_tokens,
            "url": lambda: document.url_tokens,
        }[field]()
        return (Stream(field, tokens),) if len(tokens) else ()

    def _make_passages(self, field: str) -> tuple[Passage, ...]:
        document = self.document
        if field == "section":
            named = zip(_bases(document.sections), document.sections, strict=True)
            return tuple(Passage(field, read_for_regex(name), base) for base, name in named if name)
        text = {"title": document.title, "body": document.body, "author": document.author, "url": document.url}[field]
        return (Passage(field, read_for_regex(text)),) if text else ()


def _bases(sections: tuple[str, ...]) -> list[int]:
    """Where each section name starts in all of them, joined."""
    bases = []
    base = 0
    for name in sections:
        bases.append(base)
        base += len(name) + len(SECTION_SEPARATOR)
    return bases


def _positions(tokens: tuple[str, ...]) -> Positions:
    positions: Positions = {}
    for i, token in enumerate(tokens):
        positions.setdefault(token, []).append(i)
    return positions
