"""What an expression means, however it is written: trees → facts that can be compared.

`=Crimea`, `(Crimea)` and a macro of it are one fact; the order of alternatives makes no difference. The lints ask
of facts whether one implies the other, see `implication`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from rules.document import DEFAULT_FIELDS
from rules.glob import read_glob
from rules.plural import forms
from rules.tree import And, AtLeast, Field, Near, Not, Or, Quorum, Regex, Score, Wildcard, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rules.tree import Tree

T = TypeVar("T")

Fields = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A word, phrase or prefix."""

    fields: Fields
    #: in the form that is compared: exact or folded
    tokens: tuple[str, ...]
    folded: tuple[str, ...]
    is_exact: bool
    is_prefix: bool


@dataclass(frozen=True, slots=True)
class Glob:
    """A word with wildcards."""

    fields: Fields
    #: in the form that is compared: exact or folded
    pattern: str
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regex."""

    fields: Fields
    pattern: str
    ignores_case: bool


@dataclass(frozen=True, slots=True)
class Label:
    """What `source:` and `lang:` look for."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Every:
    """All parts are so."""

    parts: frozenset[Fact]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part is so; without parts it never is."""

    alternatives: frozenset[Fact]


@dataclass(frozen=True, slots=True)
class Never:
    """The part is not so."""

    negated: Fact


@dataclass(frozen=True, slots=True)
class Close:
    """NEAR and BEFORE."""

    #: in the order of `in_any_order` where their order makes no difference
    operands: tuple[Fact, ...]
    gap: int
    is_ordered: bool


@dataclass(frozen=True, slots=True)
class Count:
    """ATLEAST."""

    counted: Fact
    number: int


@dataclass(frozen=True, slots=True)
class Choice:
    """ANY."""

    choices: tuple[Fact, ...]
    number: int


@dataclass(frozen=True, slots=True)
class Sum:
    """SCORE; one item may stand in it twice."""

    items: tuple[tuple[Fact, int], ...]
    number: int


Fact = Term | Glob | Pattern | Label | Every | Either | Never | Close | Count | Choice | Sum


def read_fact(tree: Tree, fields: Fields = DEFAULT_FIELDS) -> Fact:
    """What *tree*, which holds no macros, says of an article when its words are looked for in *fields*."""
    return _READERS[type(tree)](tree, fields)


def _read_all(trees: Iterable[Tree], fields: Fields) -> tuple[Fact, ...]:
    return tuple([read_fact(tree, fields) for tree in trees])


def in_any_order(facts: Iterable[T]) -> tuple[T, ...]:
    """Sorted somehow, equal facts in the same way."""
    return tuple(sorted(facts, key=hash))


def _read_words(words: Words, fields: Fields) -> Fact:
    return _read_text(words.text, words.is_exact, words.is_prefix, words.is_plural, fields)


@lru_cache(maxsize=100_000)  # the same words are read as part of an OR, of a line, of a topic
def _read_text(text: str, is_exact: bool, is_prefix: bool, is_plural: bool, fields: Fields) -> Fact:  # noqa: FBT001  # keywords take time here
    words = Words(text=text, is_exact=is_exact, is_prefix=is_prefix, is_plural=is_plural)
    if fields in {("source",), ("lang",)}:
        return Label(fields[0], words.label)
    tokens = words.tokens_in(fields)
    if not len(tokens):
        return Either(frozenset())
    if is_plural:
        *first, last = tokens.folded
        numbers = [(*first, form) for form in forms(last)]
        return Either(frozenset(Term(fields, number, number, is_exact=False, is_prefix=False) for number in numbers))
    return Term(fields, tokens.exact if is_exact else tokens.folded, tokens.folded, is_exact, is_prefix)


def words_of(fact: Fact) -> set[str]:
    """The folded words that *fact* names anywhere."""
    if isinstance(fact, Term):
        return set(fact.folded)
    return set[str]().union(*map(words_of, parts_of(fact)))


def has_open_words(fact: Fact) -> bool:
    """It names words by their beginnings, by patterns, or not at all."""
    if isinstance(fact, Term):
        return fact.is_prefix
    parts = parts_of(fact)
    return not parts or any(map(has_open_words, parts))


def parts_of(fact: Fact) -> tuple[Fact, ...]:
    """The direct members of a fact, whatever it says of them; none for SCORE, whose members say nothing alone."""
    match fact:
        case Every():
            return tuple(fact.parts)
        case Either():
            return tuple(fact.alternatives)
        case Close():
            return fact.operands
        case Choice():
            return fact.choices
        case Count():
            return (fact.counted,)
        case _:
            return ()


def _read_wildcard(word: Wildcard, fields: Fields) -> Fact:
    return Glob(fields, read_glob(word.text, is_exact=word.is_exact), word.is_exact)


def _read_near(near: Near, fields: Fields) -> Fact:
    operands = _read_all(near.children, fields)
    return Close(operands if near.is_ordered else in_any_order(operands), near.gap, near.is_ordered)


def _read_score(score: Score, fields: Fields) -> Fact:
    items = zip(_read_all(score.children, fields), score.weights, strict=True)
    return Sum(in_any_order(items), score.number)


_READERS: dict[type, Callable[[Any, Fields], Fact]] = {
    Words: _read_words,
    Wildcard: _read_wildcard,
    Regex: lambda tree, fields: Pattern(fields, tree.pattern, tree.ignores_case),
    Field: lambda tree, _: read_fact(tree.child, (tree.name,)),
    Not: lambda tree, fields: Never(read_fact(tree.child, fields)),
    And: lambda tree, fields: Every(frozenset(_read_all(tree.children, fields))),
    Or: lambda tree, fields: Either(frozenset(_read_all(tree.children, fields))),
    Near: _read_near,
    AtLeast: lambda tree, fields: Count(read_fact(tree.child, fields), tree.number),
    Quorum: lambda tree, fields: Choice(in_any_order(_read_all(tree.children, fields)), tree.number),
    Score: _read_score,
}
