"""Listings of articles. Read only; see `listings.Listings`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from storage import dialect
from storage.lists import copy_lists, history, match_lists
from storage.records import ArticleRecord, ShownArticle, VersionRecord
from storage.tables import article, article_version

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Select

    from storage.window import Window

_ARTICLE = (
    article.c.id,
    article.c.url,
    article.c.source,
    article_version.c.title,
    article_version.c.author,
    article.c.published,
    article.c.first_seen_at.label("first_seen"),
    article_version.c.lang,
    article_version.c.words,
    article_version.c.repaired,
    article_version.c.text_from,
    article.c.story_id.label("story"),
    article.c.dated_at,
    article_version.c.credit,
    article_version.c.canonical,
)


def articles(connection: Connection, window: Window) -> tuple[ArticleRecord, ...]:
    """Articles in their current versions."""
    every = article_version.alias()
    versions = select(func.count()).where(every.c.article_id == article.c.id).scalar_subquery().label("versions")
    statement = select(*_ARTICLE, versions).join(article_version, article_version.c.id == article.c.version_id)
    statement = window.of(
        statement, first_seen=article.c.first_seen_at, published=article.c.published, ident=article.c.id
    )
    return tuple(ArticleRecord(**row._asdict()) for row in connection.execute(statement))


def article_count(connection: Connection, window: Window) -> int:
    """How many articles `articles` gives."""
    listed = window.of(
        select(article.c.id), first_seen=article.c.first_seen_at, published=article.c.published, ident=article.c.id
    )
    return int(connection.execute(select(func.count()).select_from(listed.order_by(None).subquery())).scalar_one())


def shown_article(
    connection: Connection, article_id: int, n: int | None = None, as_of: datetime | None = None
) -> ShownArticle:
    """All that is stored of one article, in its current version or version *n*. Raises LookupError.

    With *as_of* its versions, relations, matches and story are those of that moment.
    """
    current, story = _standing(connection, article_id, as_of)
    versions = _versions(connection, article_id, current, as_of)
    chosen = {version.n: ident for ident, version in versions.items()}.get(n) if n is not None else current
    if chosen is None:
        known = ", ".join(str(version.n) for version in versions.values())
        raise LookupError(f"article {article_id} has no version {n}, only {known}")
    statement = select(*_ARTICLE, article_version.c.text, history.DATE_THEN.label("date")).join(
        article_version, article_version.c.article_id == article.c.id
    )
    values = connection.execute(statement.where(article_version.c.id == chosen)).one()._asdict()
    values |= {"story": story, "published": values.pop("date")}
    return ShownArticle(
        **values,
        version=versions[chosen].n,
        versions=tuple(versions.values()),
        relations=copy_lists.relations_of(connection, article_id, as_of),
        matches=match_lists.matches_of(connection, chosen, as_of),
    )


def _standing(connection: Connection, article_id: int, as_of: datetime | None) -> tuple[int, int]:
    """The version that the article shows and the story that it belongs to, by id."""
    now = select(article.c.version_id, article.c.story_id, article.c.first_seen_at)
    then = select(
        history.shown_version(), history.home_story(article.c.id, article.c.story_id), article.c.first_seen_at
    )
    of_it = (now if as_of is None else then).where(article.c.id == article_id)
    row = connection.execute(of_it, {} if as_of is None else {"as_of": as_of}).one_or_none()
    if row is None:
        raise LookupError(f"no article {article_id}")
    version_id, story_id, first_seen_at = row
    if as_of is not None and first_seen_at > as_of:
        raise LookupError(f"article {article_id} was not seen before {first_seen_at:%Y-%m-%d %H:%M:%S} UTC")
    return version_id, story_id


def _versions(
    connection: Connection, article_id: int, current: int, as_of: datetime | None
) -> dict[int, VersionRecord]:
    """The texts that an article has had, by id, in the order in which they were first seen."""
    without_text = [column for column in article_version.c if column.name != "text"]
    every = select(*without_text).where(article_version.c.article_id == article_id).order_by(article_version.c.n)
    if as_of is not None:
        # The one that it shows may have come later than the article, which an archive can bring from an earlier time.
        every = every.where(or_(article_version.c.created_at <= as_of, article_version.c.id == current))
    return {
        version.id: VersionRecord(
            n=version.n,
            title=version.title,
            words=version.words,
            repaired=version.repaired,
            text_from=version.text_from,
            first_seen=version.created_at,
            is_current=version.id == current,
            credit=version.credit,
            pruned=version.pruned_at,
        )
        for version in connection.execute(every)
    }


# --- their texts ------------------------------------------------------------------------------------


@cache
def _texts(name: str) -> Select[int, str]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return (
        select(article.c.id, article_version.c.text)
        .select_from(wanted.join(article, article.c.id == wanted.c.value))
        .join(article_version, article_version.c.id == article.c.version_id)
    )


def texts(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The current texts of these articles, by id; unknown ids have none."""
    name = connection.dialect.name
    return {row.id: row.text for row in connection.execute(_texts(name), {"ids": dialect.pack(ids, name)})}
