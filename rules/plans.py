"""What trees are compiled to: plans that are judged against a `View`.

Every plan tells whether it `holds`. Those with places in the text also find their `occurrences` in one stream,
as spans of words, and atoms their `spans` in the article. They are named tuples and not dataclasses because
these are pickled ten times as fast, and a set of rules goes to every worker process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.glob import matches_glob
from rules.near import find_near
from rules.regex import compile_regex
from rules.text import is_opaque

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.near import WordSpan
    from rules.view import Positions, Stream, View


class Span(NamedTuple):
    """A place in an article: half-open, in code points of the stored field.

    Offsets of field `section` count in the section names joined by `document.SECTION_SEPARATOR`.
    """

    field: str
    start: int
    end: int


class WordsPlan(NamedTuple):
    """A word, phrase or prefix."""

    #: unlike that of any other plan of the set; what was found is remembered by it
    number: int
    fields: tuple[str, ...]
    #: in the form that is compared: exact or folded
    tokens: tuple[str, ...]
    #: folded, whatever is compared: what the index looks up
    folded: tuple[str, ...]
    #: what is found must also be found folded: what combines with the last letter of a prefix can make another of it
    is_exact: bool
    is_prefix: bool
    #: `View.found`, where there is one, says by this plan's number whether it holds
    is_indexed: bool

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        if self.is_indexed and view.found is not None:
            return self.number in view.found
        if len(self.tokens) == 1 and not self.is_prefix:
            token = self.tokens[0]
            return any(token in stream.words(is_exact=self.is_exact) for stream in view.streams(self.fields))
        return any(self.occurrences(stream) for stream in view.streams(self.fields))

    def occurrences(self, stream: Stream) -> list[WordSpan]:
        """Where in *stream*, in ascending order; found once."""
        found = stream.found.get(self.number)
        if found is None:
            found = stream.found[self.number] = self._find(stream)
        return found

    def walk(self, stream: Stream) -> Iterator[WordSpan]:
        """As `NearPlan.walk`."""
        return iter(self.occurrences(stream))

    def spans(self, view: View) -> Iterator[Span]:
        """Where in the article, for people."""
        if self.is_indexed and view.found is not None and self.number not in view.found:
            return iter(())
        return _word_spans(self, view)

    def _find(self, stream: Stream) -> list[WordSpan]:
        whole = self.tokens[:-1] if self.is_prefix else self.tokens
        words = stream.words(is_exact=self.is_exact)
        if not all(token in words for token in whole):
            return []
        positions = stream.positions(is_exact=self.is_exact)
        if not whole:
            return [(i, i + 1) for i in _find_prefix(self.tokens[0], positions) if self._starts(stream, i)]
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
            if not self.is_prefix or (_starts_with(tokens[end - 1], self.tokens[-1]) and self._starts(stream, end - 1)):
                yield start, end

    def _starts(self, stream: Stream, i: int) -> bool:
        """Is the prefix at token *i* also there in folded form?"""
        return not self.is_exact or stream.tokens.folded[i].startswith(self.folded[-1])


class WildcardPlan(NamedTuple):
    """A word with `*` and `?` in it."""

    #: as in `WordsPlan`
    number: int
    fields: tuple[str, ...]
    #: in the form that is compared: exact or folded
    pattern: str
    is_exact: bool
    #: the longest stretch without wildcards, folded, with a space where a word must start or end: what the index
    #: looks up. A word that is found in its exact form holds it, too
    piece: str

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        return any(self.occurrences(stream) for stream in view.streams(self.fields))

    def occurrences(self, stream: Stream) -> list[WordSpan]:
        """Where in *stream*, in ascending order; found once."""
        found = stream.found.get(self.number)
        if found is None:
            positions = stream.positions(is_exact=self.is_exact)
            words = [w for w in positions if matches_glob(self.pattern, w) and not is_opaque(w)]
            places = sorted(i for word in words for i in positions[word])
            if self.is_exact:
                folded = stream.tokens.folded
                places = [i for i in places if self.piece in f" {folded[i]} "]
            found = stream.found[self.number] = [(i, i + 1) for i in places]
        return found

    def walk(self, stream: Stream) -> Iterator[WordSpan]:
        """As `NearPlan.walk`."""
        return iter(self.occurrences(stream))

    def spans(self, view: View) -> Iterator[Span]:
        """Where in the article, for people."""
        return _word_spans(self, view)


class NearPlan(NamedTuple):
    """Occurrences of all parts, near each other."""

    #: as in `WordsPlan`
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

    def walk(self, stream: Stream) -> Iterator[WordSpan]:
        """The occurrences in any order, perhaps some twice, found as far as they are taken."""
        found = stream.found.get(self.number)
        return self._find(stream) if found is None else iter(found)

    def _find(self, stream: Stream) -> Iterator[WordSpan]:
        operands: list[list[WordSpan]] = []
        for part in self.parts:
            operands.append(part.occurrences(stream))
            if not operands[-1]:
                return iter(())
        return find_near(operands, self.gap, is_ordered=self.is_ordered)


class AnyPlan(NamedTuple):
    """At least one part."""

    parts: tuple[Plan, ...]

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        for part in self.parts:  # noqa: SIM110  # takes half the time of any()
            if part.holds(view):
                return True
        return False

    def occurrences(self, stream: Stream) -> list[WordSpan]:
        """Only for parts that all have places."""
        return sorted({span for part in self.parts for span in _positional(part).occurrences(stream)})

    def walk(self, stream: Stream) -> Iterator[WordSpan]:
        """As `NearPlan.walk`."""
        return (span for part in self.parts for span in _positional(part).walk(stream))


class AllPlan(NamedTuple):
    """All parts."""

    parts: tuple[Plan, ...]

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        for part in self.parts:  # noqa: SIM110  # takes half the time of all()
            if not part.holds(view):
                return False
        return True


class NotPlan(NamedTuple):
    """Not the part."""

    part: Plan

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        return not self.part.holds(view)


class AtLeastPlan(NamedTuple):
    """The part starts at so many places, in all fields together."""

    least: int
    fields: tuple[str, ...]
    part: Positional

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        left = self.least
        for stream in view.streams(self.fields):
            seen: set[int] = set()
            # Only as many as are asked for: in a text of one repeated word a NEAR has millions of stretches.
            for start, _ in self.part.walk(stream):
                seen.add(start)
                if len(seen) == left:
                    return True
            left -= len(seen)
        return False

    def count(self, view: View) -> int:
        """At how many places it starts."""
        streams = view.streams(self.fields)
        return sum(len({start for start, _ in self.part.occurrences(stream)}) for stream in streams)


class QuorumPlan(NamedTuple):
    """So many of the parts hold."""

    least: int
    parts: tuple[Plan, ...]

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        missing = self.least
        for left, part in zip(range(len(self.parts), 0, -1), self.parts, strict=True):
            if missing == 0 or missing > left:
                break
            missing -= part.holds(view)
        return missing == 0


class ScorePlan(NamedTuple):
    """The weights of the parts that hold reach so much."""

    least: int
    parts: tuple[Plan, ...]
    weights: tuple[int, ...]

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        return self.score(view) >= self.least

    def score(self, view: View) -> int:
        """The sum of the weights of the parts that hold."""
        return sum(weight for part, weight in zip(self.parts, self.weights, strict=True) if part.holds(view))


class RegexPlan(NamedTuple):
    """A regular expression, judged on the text and not on its words."""

    fields: tuple[str, ...]
    pattern: str
    ignores_case: bool
    #: casefolded; one of them occurs, casefolded, wherever the expression matches. Empty: nothing is known.
    literals: tuple[str, ...]

    def holds(self, view: View) -> bool:
        """Is it so in this article?"""
        compiled = None
        for passage in view.passages(self.fields):
            if self.literals and not any(literal in passage.text.folded for literal in self.literals):
                continue
            compiled = compiled or compile_regex(self.pattern, ignores_case=self.ignores_case)
            if compiled.search(passage.text.text):
                return True
        return False

    def spans(self, view: View) -> Iterator[Span]:
        """Where in the article, for people."""
        compiled = compile_regex(self.pattern, ignores_case=self.ignores_case)
        for passage in view.passages(self.fields):
            for first, last in compiled.spans(passage.text.text):
                start, end = passage.text.span(first, last)
                yield Span(passage.field, passage.base + start, passage.base + end)


class SourcePlan(NamedTuple):
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


class LangPlan(NamedTuple):
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


Positional = WordsPlan | WildcardPlan | NearPlan | AnyPlan
Atom = WordsPlan | WildcardPlan | RegexPlan | SourcePlan | LangPlan
Plan = Positional | AllPlan | NotPlan | AtLeastPlan | QuorumPlan | ScorePlan | RegexPlan | SourcePlan | LangPlan


class RulePlan(NamedTuple):
    """A compiled `match` or `not` line."""

    id: str
    plan: Plan


class TopicPlan(NamedTuple):
    """A compiled topic."""

    name: str
    version: str
    #: primary language subtags in lower case; a tuple, because every unpickled empty set takes 216 bytes
    langs: tuple[str, ...]
    rules: tuple[RulePlan, ...]
    excludes: tuple[RulePlan, ...]


def find_atoms(plan: Plan, *, is_positive: bool = True) -> Iterator[Atom]:
    """What *plan* looks for: what stands under no NOT and no negative weight, or under two of these."""
    if isinstance(plan, NotPlan):
        yield from find_atoms(plan.part, is_positive=not is_positive)
    elif isinstance(plan, AtLeastPlan):
        yield from find_atoms(plan.part, is_positive=is_positive)
    elif isinstance(plan, ScorePlan):
        for part, weight in zip(plan.parts, plan.weights, strict=True):
            yield from find_atoms(part, is_positive=is_positive == (weight >= 0))
    elif isinstance(plan, AllPlan | AnyPlan | NearPlan | QuorumPlan):
        for part in plan.parts:
            yield from find_atoms(part, is_positive=is_positive)
    elif is_positive:
        yield plan


def _positional(plan: Plan) -> Positional:
    assert isinstance(plan, WordsPlan | WildcardPlan | NearPlan | AnyPlan)
    return plan


def _word_spans(plan: WordsPlan | WildcardPlan, view: View) -> Iterator[Span]:
    for stream in view.streams(plan.fields):
        starts, ends = stream.tokens.starts, stream.tokens.ends
        for first, last in plan.occurrences(stream):
            yield Span(stream.field, stream.base + starts[first], stream.base + ends[last - 1])


def _starts_with(token: str, prefix: str) -> bool:
    return token.startswith(prefix) and not is_opaque(token)


def _find_prefix(prefix: str, positions: Positions) -> list[int]:
    return sorted(i for token, places in positions.items() if _starts_with(token, prefix) for i in places)
