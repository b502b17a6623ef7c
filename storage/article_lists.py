"""Listings of feeds, entries and articles. Read only; see `listings.Listings`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from storage import copy_lists, match_lists
from storage.records import ArticleRecord, EntryRecord, FeedRecord, ShownArticle, VersionRecord
from storage.tables import article, article_version, entry, feed

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.window import Window

# --- feeds and entries ------------------------------------------------------------------------------


def feeds(connection: Connection) -> tuple[FeedRecord, ...]:
    """All feeds, in the order in which they were added."""
    counts = select(entry.c.feed_id, func.count().label("entries")).group_by(entry.c.feed_id).subquery()
    rows = connection.execute(
        select(
            feed.c.id,
            feed.c.url,
            feed.c.fetch_url,
            func.coalesce(feed.c.given_title, feed.c.title).label("title"),
            feed.c.state,
            feed.c.last_status,
            feed.c.last_error,
            feed.c.failures,
            feed.c.next_poll_at,
            func.coalesce(counts.c.entries, 0).label("entries"),
            feed.c.last_error_detail,
            feed.c.last_polled_at,
            feed.c.added_at,
        )
        .outerjoin(counts, counts.c.feed_id == feed.c.id)
        .order_by(feed.c.id)
    )
    return tuple(FeedRecord(**row._asdict()) for row in rows)


def entries(
    connection: Connection, window: Window, state: str | None, reason: str | None, feed_id: int | None
) -> tuple[EntryRecord, ...]:
    """Entries, of one state, reason or feed if given. Raises LookupError."""
    statement = select(
        entry.c.id,
        entry.c.feed_id.label("feed"),
        entry.c.guid,
        entry.c.link,
        entry.c.title,
        entry.c.published,
        entry.c.first_seen_at.label("first_seen"),
        entry.c.state,
        entry.c.reason,
        entry.c.text_from,
        entry.c.article_id.label("article"),
        entry.c.detail,
        entry.c.attempts,
        entry.c.next_try_at,
    )
    if state is not None:
        statement = statement.where(entry.c.state == state)
    if reason is not None:
        statement = statement.where(entry.c.reason == reason)
    if feed_id is not None:
        if connection.execute(select(feed.c.id).where(feed.c.id == feed_id)).first() is None:
            raise LookupError(f"no feed {feed_id}")
        statement = statement.where(entry.c.feed_id == feed_id)
    statement = window.of(statement, first_seen=entry.c.first_seen_at, published=entry.c.published, ident=entry.c.id)
    return tuple(EntryRecord(**row._asdict()) for row in connection.execute(statement))


# --- articles ---------------------------------------------------------------------------------------

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


def shown_article(connection: Connection, article_id: int) -> ShownArticle:
    """All that is stored of one article. Raises LookupError."""
    statement = select(*_ARTICLE, article_version.c.text, article.c.version_id).join(
        article_version, article_version.c.id == article.c.version_id
    )
    row = connection.execute(statement.where(article.c.id == article_id)).one_or_none()
    if row is None:
        raise LookupError(f"no article {article_id}")
    values = row._asdict()
    current = values.pop("version_id")
    history = select(article_version).where(article_version.c.article_id == article_id).order_by(article_version.c.n)
    versions = tuple(
        VersionRecord(
            n=version.n,
            title=version.title,
            words=version.words,
            repaired=version.repaired,
            text_from=version.text_from,
            first_seen=version.created_at,
            is_current=version.id == current,
        )
        for version in connection.execute(history)
    )
    return ShownArticle(
        **values,
        versions=versions,
        relations=copy_lists.relations_of(connection, article_id),
        matches=match_lists.matches_of(connection, current),
    )
