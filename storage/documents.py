"""One version of one article, as rules are matched against it, with what is stored of its matches. Read only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from storage import texts
from storage.lists import match_lists
from storage.tables import article, article_version

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rules.document import Document
    from storage.records import ArticleMatchRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """One of the texts that an article has had."""

    article: int
    #: 1, 2, … in the order in which they were first seen
    n: int
    #: number of versions of the article
    versions: int
    is_current: bool
    document: Document
    #: the matches of this version that are in force
    matches: tuple[ArticleMatchRecord, ...]


def read_version(connection: Connection, article_id: int, n: int | None) -> StoredVersion:
    """Version *n* of the article, or its current one. Raises LookupError when either does not exist."""
    current = connection.execute(select(article.c.version_id).where(article.c.id == article_id)).scalar()
    if current is None:
        raise LookupError(f"no article {article_id}")
    history = select(article_version.c.id, article_version.c.n).where(article_version.c.article_id == article_id)
    numbers = {row.id: row.n for row in connection.execute(history)}
    wanted = current if n is None else next((ident for ident, number in numbers.items() if number == n), None)
    if wanted is None:
        known = ", ".join(map(str, sorted(numbers.values())))
        raise LookupError(f"article {article_id} has no version {n}, only {known}")
    (stored,) = texts.read(connection, [wanted])
    return StoredVersion(
        article=article_id,
        n=numbers[wanted],
        versions=len(numbers),
        is_current=wanted == current,
        document=stored.document,
        matches=match_lists.matches_of(connection, wanted),
    )
