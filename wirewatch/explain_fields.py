"""The fields of what `rules explain` tells; see `wirewatch.fields`."""

from __future__ import annotations

from wirewatch.columns import Column
from wirewatch.fields import INTEGER, TEXT, TEXTS

EXPLAINED_LINE = (
    Column("id", TEXT, "rule: topic.number of a match line, topic.not.number of a not line", is_shown=True),
    Column("kind", TEXT, "match or not", is_shown=True),
    Column("line", INTEGER, "line in its file", is_shown=True),
    Column("expression", TEXT, "as written, with macros written out", is_shown=True),
    Column("holds", "true or false", "what it looks for is there", is_shown=True),
    Column("is_deciding", "true or false", "it is among the lines that explain how the topic came out", is_shown=True),
    Column("why", TEXT, "why it holds, or does not", is_shown=True),
    Column(
        "tree",
        "{kind, expression, holds, why, is_deciding, spans, nearest, is_close, weight, children, left_out}",
        "the expression: kind is words, wildcard, regex, and, or, not, near, before, field, atleast, any or score; "
        "is_deciding marks the smallest parts that explain how the topic came out; spans are its hits, as in a match; "
        "nearest is null or {gap, field, start, end, text}: where the parts of NEAR, BEFORE or a phrase are nearest, "
        "and the words between them; is_close: why tells of something like it that is there; "
        "weight is that of a member of SCORE, else null; children are trees again; "
        "left_out is the number of further members, of which nothing new can be said",
    ),
)

EXPLANATION = (
    Column("article", INTEGER, "id of the article", is_shown=True),
    Column("article_version", INTEGER, "version of the article, from 1", is_shown=True),
    Column("topic", TEXT, "name of the topic; expression for an expression", is_shown=True),
    Column("topic_version", TEXT, "version of the topic as written now"),
    Column("stored_version", TEXT, "version of the topic that the stored match is of; null: no match is stored"),
    Column("matches", "true or false", "the topic as written now matches", is_shown=True),
    Column("is_stopped_by_lang", "true or false", "the article's language is none of those of the topic"),
    Column("why", TEXT, "why it matches, or does not, in one sentence", is_flexible=True, is_shown=True),
    Column("rules", TEXTS, "rules that fired", is_shown=True),
    Column("spans", "list of {field, start, end, text}", "what matched"),
    Column(
        "lines",
        "list of {id, kind, line, expression, holds, is_deciding, why, tree}",
        "the match lines, then the not lines",
        nested=EXPLAINED_LINE,
    ),
)
