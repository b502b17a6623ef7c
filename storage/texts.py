"""The current texts of articles, as rules are matched against them: which there are, and what they say. Read only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, func, select

from rules.document import Document
from storage import dialect
from storage.tables import article, article_version, fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row, Select

    from storage.window import Window

#: Texts read at once.
BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredText:
    """An article in its current version."""

    version_id: int
    article: int
    story: int
    published: datetime | None
    first_seen: datetime
    document: Document


class Candidate(NamedTuple):
    """An article whose text may match; the newest is the greatest, so that lists of them can be joined in order."""

    #: the one that the listing goes by; where it is unknown, long ago
    time: datetime
    article: int
    version_id: int


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


def read(connection: Connection, version_ids: Sequence[int]) -> tuple[StoredText, ...]:
    """The texts with these ids, in their order."""
    name = connection.dialect.name
    found = {}
    for row in connection.execute(_texts(name), {"ids": dialect.pack(version_ids, name)}):
        found[row.version_id] = StoredText(
            version_id=row.version_id,
            article=row.id,
            story=row.story_id,
            published=row.published,
            first_seen=row.first_seen_at,
            document=Document(
                title=row.title,
                body=row.text,
                author=row.author,
                source=row.source,
                url=row.url,
                lang=row.lang,
                sections=tuple(row.sections),
            ),
        )
    return tuple(found[ident] for ident in version_ids if ident in found)


# --- in the order in which they came ----------------------------------------------------------------

#: The fingerprint's id grows with every new text of any article, see `tables.fingerprint`.
_IN_ORDER = (
    select(fingerprint.c.id, fingerprint.c.version_id)
    .join(article, article.c.id == fingerprint.c.article_id)
    .where(fingerprint.c.id > bindparam("after"))
)


def _within(
    statement: Select[*tuple[Any, ...]], since: datetime | None, until: datetime | None
) -> Select[*tuple[Any, ...]]:
    if since is not None:
        statement = statement.where(article.c.first_seen_at >= since)
    if until is not None:
        statement = statement.where(article.c.first_seen_at < until)
    return statement


def after(
    connection: Connection, cursor: int, since: datetime | None, until: datetime | None, limit: int
) -> tuple[tuple[StoredText, ...], int]:
    """The next texts of the span after *cursor*, and the cursor that stands behind them.

    The cursor is the one given when there are no more.
    """
    rows = _after(connection, cursor, since, until, limit)
    return read(connection, [row.version_id for row in rows]), rows[-1].id if rows else cursor


def ids_after(
    connection: Connection, cursor: int, since: datetime | None, until: datetime | None, limit: int
) -> list[int]:
    """The next texts of the span after *cursor*, by `fingerprint.id`."""
    return [row.id for row in _after(connection, cursor, since, until, limit)]


def _after(
    connection: Connection, cursor: int, since: datetime | None, until: datetime | None, limit: int
) -> Sequence[Row[int, int]]:
    statement = _within(_IN_ORDER, since, until).order_by(fingerprint.c.id).limit(limit)
    return connection.execute(statement, {"after": cursor}).all()


def before_first(connection: Connection, since: datetime | None, until: datetime | None) -> int:
    """The cursor that stands before all texts of the span.

    Found by the time of articles, so that old texts need not be walked through to come to the new ones.
    """
    inner = _within(
        select(fingerprint.c.id).select_from(article).join(fingerprint, fingerprint.c.article_id == article.c.id),
        since,
        until,
    ).subquery()
    first = connection.execute(select(func.min(inner.c.id))).scalar()
    return int(first) - 1 if first else 0


def count_after(connection: Connection, cursor: int, since: datetime | None, until: datetime | None) -> int:
    """How many texts of the span stand after *cursor*."""
    inner = _within(_IN_ORDER, since, until).subquery()
    return int(connection.execute(select(func.count()).select_from(inner), {"after": cursor}).scalar_one())


# --- by time ----------------------------------------------------------------------------------------


#: Stands for a date that is not known, and is before all others.
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def candidate(time: datetime | None, article_id: int, version_id: int) -> Candidate:
    """Make a candidate of what is stored."""
    return Candidate(time or LONG_AGO, article_id, version_id)


def candidates(connection: Connection, window: Window, clause: dialect.Clause | None) -> tuple[Candidate, ...]:
    """The articles of the window, the newest first; with *clause*, those that hold it as far as the index knows."""
    time = article.c.published if window.by == "published" else article.c.first_seen_at
    statement = select(time.label("time"), article.c.id, article.c.version_id)
    values: dict[str, object] = {}
    if clause is not None:
        name = connection.dialect.name
        # Texts know their articles; there is no way back by an index.
        is_current = (article_version.c.article_id == article.c.id) & (article_version.c.id == article.c.version_id)
        statement = statement.join(article_version, is_current)
        statement = statement.where(article_version.c.id.in_(dialect.in_index("expression", name)))
        values["expression"] = dialect.index_expression(clause, name)
    statement = window.of(
        statement, first_seen=article.c.first_seen_at, published=article.c.published, ident=article.c.id
    )
    rows = connection.execute(statement, values)
    return tuple(candidate(row.time, row.id, row.version_id) for row in rows)
