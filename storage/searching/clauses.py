"""What the full-text index can be asked of an expression of the rule language.

The index of our own tokens gives a superset of the articles; the matcher of the rules has the last word on each, in
`storage.searching.search`. Of some expressions the index can say nothing: `NOT`, fields or regular expressions alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.plural import forms
from rules.text import tokenize
from rules.tree import And, AtLeast, Field, Near, Or, Quorum, Score, Wildcard, Words
from storage import dialect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.tree import Tree

#: FTS5 refuses trees of more than 256 levels; of what stands deeper than this it is not asked.
MOST_LEVELS = 60


def index_clause(tree: Tree, *, levels: int = MOST_LEVELS) -> dialect.Clause | None:
    """What an article must hold in any case, as far as the index knows; None when it can say nothing."""
    clause: dialect.Clause | None = None
    if levels == 0:
        return clause
    match tree:
        case Words():
            clause = _of_words(tree)
        case Wildcard():
            clause = _of_wildcard(tree)
        case And() | Near():
            clause = _all_of(_of_children(tree.children, levels))
        case Or():
            clause = _some_of(_of_children(tree.children, levels), least=1)
        case Quorum():
            clause = _some_of(_of_children(tree.children, levels), least=tree.number)
        case Score():
            clause = _of_score(tree, levels)
        case AtLeast():
            clause = index_clause(tree.child, levels=levels - 1)
        case Field(name="title" | "body"):
            inner = index_clause(tree.child, levels=levels - 1)
            clause = None if inner is None else dialect.InColumn(column=tree.name, clause=inner)
    return clause


def _of_children(children: Iterable[Tree], levels: int) -> list[dialect.Clause | None]:
    return [index_clause(child, levels=levels - 1) for child in children]


def _of_words(words: Words) -> dialect.Clause:
    *before, last = words.tokens.folded
    lasts = forms(last) if words.is_plural else (last,)
    phrases = tuple(dialect.Phrase(tokens=(*before, form), is_prefix=words.is_prefix) for form in lasts)
    return phrases[0] if len(phrases) == 1 else dialect.AnyOf(clauses=phrases)


def _of_wildcard(wildcard: Wildcard) -> dialect.Clause | None:
    """Every word that the pattern matches starts as the pattern does, up to its first wildcard."""
    start = re.split("[*?]", wildcard.text, maxsplit=1)[0]
    tokens = tokenize(start).folded
    # What is no plain run of letters and digits may be read otherwise when something follows it.
    if len(tokens) != 1 or not start.isalnum():
        return None
    return dialect.Phrase(tokens=tokens, is_prefix=True)


def _all_of(clauses: Iterable[dialect.Clause | None]) -> dialect.Clause | None:
    known = tuple(clause for clause in clauses if clause is not None)
    return dialect.AllOf(clauses=known) if known else None


def _some_of(clauses: list[dialect.Clause | None], *, least: int) -> dialect.Clause | None:
    """Where *least* of all hold, one of those that the index knows does, unless the others are enough."""
    known = tuple(clause for clause in clauses if clause is not None)
    return dialect.AnyOf(clauses=known) if len(clauses) - len(known) < least else None


def _of_score(score: Score, levels: int) -> dialect.Clause | None:
    """One of the parts that the index knows must hold, unless the weights of the others are enough."""
    speaking = [
        (index_clause(child, levels=levels - 1), weight)
        for child, weight in zip(score.children, score.weights, strict=True)
        if weight > 0
    ]
    known = tuple(clause for clause, _ in speaking if clause is not None)
    others = sum(weight for clause, weight in speaking if clause is None)
    return dialect.AnyOf(clauses=known) if known and others < score.number else None
