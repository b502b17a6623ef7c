"""Full-text search in the rule language.

The index of our own tokens gives a superset of the articles, newest first; the matcher of the rules has the
last word on each, so a search finds what a rule would. A query of which the index can say nothing (`NOT`, fields
or regular expressions alone) reads the newest articles one by one, up to a limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rules.compile import compile_expression
from rules.plural import forms
from rules.text import tokenize
from rules.tree import And, AtLeast, Field, Near, Or, Quorum, Score, Wildcard, Words
from storage import dialect, texts
from storage.matches import spans_with_text
from storage.records import FoundRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

    from rules.match import Query
    from rules.tree import Tree
    from storage.texts import Candidate, StoredText
    from storage.window import Window

#: So many articles are read without the help of the index.
SCAN_LIMIT = 20_000

#: FTS5 refuses trees of more than 256 levels; of what stands deeper than this it is not asked.
MOST_LEVELS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found."""

    rows: tuple[FoundRecord, ...]
    #: False: there were more articles than are read without the index, and the older ones were left out
    is_complete: bool


# --- what the index can be asked --------------------------------------------------------------------


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


# --- searching --------------------------------------------------------------------------------------


def search(connection: Connection, text: str, window: Window, *, scan_limit: int = SCAN_LIMIT) -> Found:
    """The articles whose current version *text* matches, newest first. Raises RuleError."""
    query = compile_expression(text)
    clause = index_clause(query.tree)
    most = scan_limit + 1 if clause is None else None
    found = texts.candidates(connection, replace(window, limit=most), clause)
    is_complete = clause is not None or len(found) <= scan_limit
    rows: list[FoundRecord] = []
    for each in _read(connection, found if clause is not None else found[:scan_limit]):
        if window.limit is not None and len(rows) >= window.limit:
            return Found(rows=tuple(rows), is_complete=True)
        row = _judge(query, each)
        if row is not None:
            rows.append(row)
    return Found(rows=tuple(rows), is_complete=is_complete)


def _read(connection: Connection, found: tuple[Candidate, ...]) -> Iterator[StoredText]:
    for start in range(0, len(found), texts.BATCH):
        yield from texts.read(connection, [each.version_id for each in found[start : start + texts.BATCH]])


def _judge(query: Query, text: StoredText) -> FoundRecord | None:
    document = text.document
    if not query.matches(document):
        return None
    return FoundRecord(
        id=text.article,
        url=document.url or "",
        source=document.source or "",
        title=document.title,
        published=text.published,
        first_seen=text.first_seen,
        lang=document.lang,
        story=text.story,
        spans=spans_with_text(query.spans(document), document),
    )
