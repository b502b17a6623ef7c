"""Full-text search in the rule language.

The index of our own tokens gives a superset of the articles, newest first; the matcher of the rules has the
last word on each, so a search finds what a rule would. A query of which the index can say nothing (`NOT` or
fields alone) reads the newest articles one by one, up to a limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from rules.compile import compile_expression
from rules.document import Document
from rules.tree import And, Field, Near, Or, Words
from storage import dialect
from storage.records import FoundRecord, SpanRecord
from storage.tables import article, article_version
from storage.topics import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Row, Select

    from rules.match import Query
    from rules.tree import Tree
    from storage.window import Window

#: So many articles are read without the help of the index.
SCAN_LIMIT = 20_000

#: Texts read at once.
BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found."""

    rows: tuple[FoundRecord, ...]
    #: False: there were more articles than are read without the index, and the older ones were left out
    is_complete: bool


def index_clause(tree: Tree) -> dialect.Clause | None:
    """What an article must hold in any case, as far as the index knows; None when it can say nothing."""
    match tree:
        case Words():
            return dialect.Phrase(tokens=tree.tokens.folded, is_prefix=tree.is_prefix)
        case And() | Near():
            clauses = [clause for child in tree.children if (clause := index_clause(child)) is not None]
            return dialect.AllOf(clauses=tuple(clauses)) if clauses else None
        case Or():
            alternatives = [index_clause(child) for child in tree.children]
            known = [clause for clause in alternatives if clause is not None]
            return dialect.AnyOf(clauses=tuple(known)) if len(known) == len(alternatives) else None
        case Field(name="title" | "body"):
            inner = index_clause(tree.child)
            return None if inner is None else dialect.InColumn(column=tree.name, clause=inner)
        case _:
            return None


def search(connection: Connection, text: str, window: Window, *, scan_limit: int = SCAN_LIMIT) -> Found:
    """The articles whose current version *text* matches, newest first. Raises RuleError."""
    query = compile_expression(text)
    clause = index_clause(query.tree)
    most = scan_limit + 1 if clause is None else None
    ids = _candidates(connection, clause, replace(window, limit=most))
    is_complete = clause is not None or len(ids) <= scan_limit
    rows: list[FoundRecord] = []
    for row in _read(connection, ids[:scan_limit] if clause is None else ids):
        if window.limit is not None and len(rows) >= window.limit:
            return Found(rows=tuple(rows), is_complete=True)
        found = _judge(query, row)
        if found is not None:
            rows.append(found)
    return Found(rows=tuple(rows), is_complete=is_complete)


def _candidates(connection: Connection, clause: dialect.Clause | None, window: Window) -> Sequence[int]:
    """The ids of current versions that may match, in the order of the listing."""
    statement = select(article.c.version_id)
    values: dict[str, object] = {}
    if clause is not None:
        name = connection.dialect.name
        statement = statement.where(article.c.version_id.in_(dialect.in_index("expression", name)))
        values["expression"] = dialect.index_expression(clause, name)
    statement = window.of(
        statement, first_seen=article.c.first_seen_at, published=article.c.published, ident=article.c.id
    )
    return connection.execute(statement, values).scalars().all()


@cache
def _texts(name: str) -> Select[*tuple[Any, ...]]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return (
        select(
            article_version.c.id.label("version_id"),
            article.c.id,
            article.c.url,
            article.c.source,
            article.c.published,
            article.c.first_seen_at,
            article.c.story_id,
            article_version.c.title,
            article_version.c.text,
            article_version.c.author,
            article_version.c.lang,
            article_version.c.sections,
        )
        .select_from(wanted.join(article_version, article_version.c.id == wanted.c.value))
        .join(article, article.c.id == article_version.c.article_id)
    )


def _read(connection: Connection, ids: Sequence[int]) -> Iterator[Row[*tuple[Any, ...]]]:
    name = connection.dialect.name
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        rows = {row.version_id: row for row in connection.execute(_texts(name), {"ids": dialect.pack(batch, name)})}
        yield from (rows[version] for version in batch)


def _judge(query: Query, row: Row[*tuple[Any, ...]]) -> FoundRecord | None:
    document = Document(
        title=row.title,
        body=row.text,
        author=row.author,
        source=row.source,
        url=row.url,
        lang=row.lang,
        sections=tuple(row.sections),
    )
    if not query.matches(document):
        return None
    fields = fields_of(document)
    return FoundRecord(
        id=row.id,
        url=row.url,
        source=row.source,
        title=row.title,
        published=row.published,
        first_seen=row.first_seen_at,
        lang=row.lang,
        story=row.story_id,
        spans=tuple(
            SpanRecord(field=span.field, start=span.start, end=span.end, text=fields[span.field][span.start : span.end])
            for span in query.spans(document)
        ),
    )
