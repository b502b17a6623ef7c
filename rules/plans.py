"""What trees are compiled to: plans that are judged against a `View`. Immutable, and pickled as they are.

Every plan tells whether it `holds`. Those with places in the text also find their `occurrences` in one stream,
as spans of words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rules.near import find_near
from rules.text import is_opaque

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.near import WordSpan
    from rules.view import Positions, Stream, View


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in an article: half-open, in code points of the stored field.

    Offsets of field `section` count in the section names joined by `document.SECTION_SEPARATOR`.
    """

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsPlan:
    """A word, phrase or prefix."""

    #: unlike that of any other plan of the set; what was found is remembered by it
    number: int
    fields: tuple[str, ...]
    #: in the form that is compared: exact or folded
    tokens: tuple[str, ...]
    #: folded, whatever is compared: what the index of triggers looks up
    keys: tuple[str, ...]
    is_exact: bool
    is_prefix: bool

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        if len(self.tokens) == 1 and not self.is_prefix:
            token = self.tokens[0]
            return any(token in _words(stream, is_exact=self.is_exact) for stream in view.streams(self.fields))
        return any(self.occurrences(stream) for stream in view.streams(self.fields))

    def occurrences(self, stream: Stream) -> list[WordSpan]:
        """Where in *stream*, in ascending order; found once."""
        found = stream.found.get(self.number)
        if found is None:
            found = stream.found[self.number] = self._find(stream)
        return found

    def spans(self, view: View) -> Iterator[Span]:
        """Where in the article, for people."""
        for stream in view.streams(self.fields):
            starts, ends = stream.tokens.starts, stream.tokens.ends
            for first, last in self.occurrences(stream):
                yield Span(stream.field, stream.base + starts[first], stream.base + ends[last - 1])

    def _find(self, stream: Stream) -> list[WordSpan]:
        whole = self.tokens[:-1] if self.is_prefix else self.tokens
        words = _words(stream, is_exact=self.is_exact)
        if not all(token in words for token in whole):
            return []
        positions = stream.exact_positions if self.is_exact else stream.folded_positions
        if not whole:
            return [(i, i + 1) for i in _find_prefix(self.tokens[0], positions)]
        if len(self.tokens) == 1:
            return [(i, i + 1) for i in positions[self.tokens[0]]]
        return list(self._find_phrase(stream, whole, positions))

    def _find_phrase(self, stream: Stream, whole: tuple[str, ...], positions: Positions) -> Iterator[WordSpan]:
        tokens = stream.tokens.exact if self.is_exact else stream.tokens.folded
        anchor = min(range(len(whole)), key=lambda i: len(positions[whole[i]]))
        for place in positions[whole[anchor]]:
            start = place - anchor
            end = start + len(self.tokens)
            if start < 0 or end > len(tokens) or tokens[start : start + len(whole)] != whole:
                continue
            if not self.is_prefix or _starts_with(tokens[end - 1], self.tokens[-1]):
                yield start, end


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPlan:
    """Occurrences of all parts, near each other."""

    number: int
    fields: tuple[str, ...]
    parts: tuple[Positional, ...]
    gap: int
    is_ordered: bool

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        return any(next(self._find(stream), None) is not None for stream in view.streams(self.fields))

    def occurrences(self, stream: Stream) -> list[WordSpan]:
        """Where in *stream*, in ascending order; found once."""
        found = stream.found.get(self.number)
        if found is None:
            found = stream.found[self.number] = sorted(set(self._find(stream)))
        return found

    def _find(self, stream: Stream) -> Iterator[WordSpan]:
        operands: list[list[WordSpan]] = []
        for part in self.parts:
            operands.append(part.occurrences(stream))
            if not operands[-1]:
                return iter(())
        return find_near(operands, self.gap, is_ordered=self.is_ordered)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyPlan:
    """At least one part."""

    parts: tuple[Plan, ...]

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        return any(part.holds(view) for part in self.parts)

    def occurrences(self, stream: Stream) -> list[WordSpan]:
        """Only for parts that all have places."""
        return sorted({span for part in self.parts for span in _positional(part).occurrences(stream)})


@dataclass(frozen=True, slots=True, kw_only=True)
class AllPlan:
    """All parts."""

    parts: tuple[Plan, ...]

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        return all(part.holds(view) for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPlan:
    """Not the part."""

    part: Plan

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        return not self.part.holds(view)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePlan:
    """The article's host, or a domain above it."""

    #: in lower case, without a dot in front
    host: str

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        source = (view.document.source or "").lower()
        return source == self.host or source.endswith(f".{self.host}")

    def spans(self, view: View) -> Iterator[Span]:
        """Where in the article, for people."""
        if self.holds(view):
            end = len(view.document.source or "")
            yield Span("source", end - len(self.host), end)


@dataclass(frozen=True, slots=True, kw_only=True)
class LangPlan:
    """The article's language, where it is known."""

    #: language tag in lower case; `en` also covers en-GB
    lang: str

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        lang = (view.document.lang or "").lower()
        return lang == self.lang or lang.startswith(f"{self.lang}-")

    def spans(self, view: View) -> Iterator[Span]:
        """Where in the article, for people."""
        if self.holds(view):
            yield Span("lang", 0, len(self.lang))


Positional = WordsPlan | NearPlan | AnyPlan
Atom = WordsPlan | SourcePlan | LangPlan
Plan = Positional | AllPlan | NotPlan | SourcePlan | LangPlan


class RulePlan(NamedTuple):
    """A compiled `match` or `not` line."""

    id: str
    plan: Plan
    #: what it looks for, without what it excludes
    atoms: tuple[Atom, ...]


class TopicPlan(NamedTuple):
    """A compiled topic."""

    name: str
    version: str
    langs: frozenset[str]
    rules: tuple[RulePlan, ...]
    excludes: tuple[RulePlan, ...]


def _positional(plan: Plan) -> Positional:
    assert isinstance(plan, WordsPlan | NearPlan | AnyPlan)
    return plan


def _words(stream: Stream, *, is_exact: bool) -> frozenset[str]:
    return stream.exact if is_exact else stream.folded


def _starts_with(token: str, prefix: str) -> bool:
    return token.startswith(prefix) and not is_opaque(token)


def _find_prefix(prefix: str, positions: Positions) -> list[int]:
    return sorted(i for token, places in positions.items() if _starts_with(token, prefix) for i in places)
