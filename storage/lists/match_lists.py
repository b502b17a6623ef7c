"""Listings of matches. Read only; see `listings.Listings`.

Matches that a back-fill has retired are nowhere among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import distinct, func, or_, select, tuple_

from storage import dialect, texts
from storage.lists import copy_lists, history
from storage.records import ArticleMatchRecord, MatchRecord, SpanRecord, StoredMatch
from storage.tables import article, article_version, match, story, topic, topic_version
from storage.window import Window, holds_of_most

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select


def matches_of(
    connection: Connection, version_id: int, as_of: datetime | None = None
) -> tuple[ArticleMatchRecord, ...]:
    """What an article version matches, or matched at that moment, by topic."""
    statement = (
        select(
            topic.c.name.label("topic"), topic_version.c.version.label("topic_version"), match.c.rules, match.c.spans
        )
        .join(topic, topic.c.id == match.c.topic_id)
        .join(topic_version, topic_version.c.id == match.c.topic_version_id)
        .where(match.c.version_id == version_id)
    )
    present = statement.where(match.c.retired_at.is_(None))
    if as_of is None:
        rows = list(connection.execute(present))
    else:
        rows = list(connection.execute(present.where(match.c.created_at <= as_of)))
        past = statement.where(match.c.created_at <= as_of, match.c.retired_at > as_of, history.of_version(version_id))
        rows += connection.execute(past)
    return tuple(ArticleMatchRecord(**_with_spans(row)) for row in sorted(rows, key=lambda row: row.topic))


def topic_id_of(connection: Connection, name: str) -> int:
    """The id of a topic that was ever recorded. Raises LookupError."""
    topic_id: int | None = connection.execute(select(topic.c.id).where(topic.c.name == name)).scalar()
    if topic_id is None:
        raise LookupError(f"no topic {name}")
    return topic_id


def _is_matched_before() -> ColumnElement[bool]:
    """An earlier article of the story matches the topic: then the story is counted there."""
    other, others = article.alias("other"), match.alias("others")
    return (
        select(1)
        .select_from(other.join(others, others.c.version_id == other.c.version_id))
        .where(
            other.c.story_id == article.c.story_id,
            others.c.topic_id == match.c.topic_id,
            others.c.retired_at.is_(None),
            tuple_(other.c.dated_at, other.c.id) < tuple_(article.c.dated_at, article.c.id),
        )
        .correlate(article, match)
        .exists()
    )


def _is_matched_at_first() -> ColumnElement[bool]:
    """The lead of the story matches the topic, or its first article does."""
    leading, others = article.alias("leading"), match.alias("others")
    return (
        select(1)
        .select_from(leading.join(others, others.c.version_id == leading.c.version_id))
        .where(
            or_(leading.c.id == story.c.lead_article_id, leading.c.id == story.c.first_article_id),
            others.c.topic_id == match.c.topic_id,
            others.c.retired_at.is_(None),
        )
        .correlate(story, match)
        .exists()
    )


def matches(
    connection: Connection,
    window: Window,
    name: str | None,
    *,
    once_a_story: bool = False,
    as_of: datetime | None = None,
) -> tuple[MatchRecord, ...]:
    """Matches of the current versions of articles, of one topic if given. Raises LookupError.

    With *once_a_story* a topic and a story have one: that of the first article by time that matches. With *as_of*,
    those that were listed at that moment.
    """
    topic_id = None if name is None else topic_id_of(connection, name)
    if as_of is not None:
        return history.matches(connection, window, topic_id, as_of, once_a_story=once_a_story)
    page = _page(window, topic_id, once_a_story=once_a_story).subquery("page")
    statement = (
        select(
            match.c.id,
            topic.c.name.label("topic"),
            topic_version.c.version.label("topic_version"),
            match.c.rules,
            article.c.story_id.label("story"),
            article.c.id.label("article"),
            article_version.c.title,
            article.c.url,
            article.c.source,
            article.c.published,
            match.c.first_seen_at.label("first_seen"),
            match.c.spans,
            copy_lists.copy_count(article.c.story_id).label("copy_count"),
            (~_is_matched_at_first()).label("added"),
        )
        .select_from(page.join(match, match.c.id == page.c.id))
        .join(topic, topic.c.id == match.c.topic_id)
        .join(topic_version, topic_version.c.id == match.c.topic_version_id)
        .join(article, article.c.id == match.c.article_id)
        .join(article_version, article_version.c.id == match.c.version_id)
        .join(story, story.c.id == article.c.story_id)
    )
    statement = Window(by=window.by).of(
        statement, first_seen=match.c.first_seen_at, published=article.c.published, ident=match.c.id
    )
    return tuple(MatchRecord(**_with_spans(row)) for row in connection.execute(statement))


def _page(window: Window, topic_id: int | None, *, once_a_story: bool) -> Select[int]:
    """The matches that are listed, by id: what takes work to tell of a match is not told of those that are not."""
    statement = (
        select(match.c.id)
        .join(article, article.c.id == match.c.article_id)
        .where(match.c.retired_at.is_(None), holds_of_most(article.c.version_id == match.c.version_id))
    )
    if topic_id is not None:
        statement = statement.where(match.c.topic_id == topic_id)
    if once_a_story:
        statement = statement.where(~_is_matched_before())
    return window.of(statement, first_seen=match.c.first_seen_at, published=article.c.published, ident=match.c.id)


def _with_spans(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """The values of a row of the table of matches, with the words that were found."""
    values = row._asdict()
    values["rules"] = tuple(values["rules"])
    values["spans"] = tuple(SpanRecord(**span) for span in values["spans"])
    values["matched"] = tuple(dict.fromkeys(span.text for span in values["spans"]))
    return values


def stored_matches(connection: Connection, window: Window, names: Collection[str]) -> tuple[StoredMatch, ...]:
    """The matches of the topics of these names, with less of each than `matches` tells. Unknown names have none."""
    name = connection.dialect.name
    wanted = dialect.texts("names", name).alias("wanted")
    statement = (
        select(
            topic.c.name.label("topic"),
            topic_version.c.version.label("topic_version"),
            (article.c.published if window.by == "published" else match.c.first_seen_at).label("time"),
            match.c.article_id,
            match.c.version_id,
        )
        .select_from(wanted.join(topic, topic.c.name == wanted.c.value))
        .join(match, match.c.topic_id == topic.c.id)
        .join(topic_version, topic_version.c.id == match.c.topic_version_id)
        .join(article, article.c.id == match.c.article_id)
        .where(match.c.retired_at.is_(None), article.c.version_id == match.c.version_id)
    )
    statement = window.of(statement, first_seen=match.c.first_seen_at, published=article.c.published, ident=match.c.id)
    rows = connection.execute(statement, {"names": dialect.pack(names, name)})
    return tuple(
        StoredMatch(
            topic=row.topic,
            topic_version=row.topic_version,
            candidate=texts.candidate(row.time, row.article_id, row.version_id),
        )
        for row in rows
    )


def stories_by_topic(connection: Connection) -> dict[str, int]:
    """How many stories have an article that matches, by topic in force."""
    rows = connection.execute(
        select(topic.c.name, func.count(distinct(article.c.story_id)))
        .select_from(topic)
        .outerjoin(match, (match.c.topic_id == topic.c.id) & match.c.retired_at.is_(None))
        .outerjoin(article, (article.c.id == match.c.article_id) & (article.c.version_id == match.c.version_id))
        .where(topic.c.retired_at.is_(None))
        .group_by(topic.c.id, topic.c.name)
        .order_by(topic.c.name)
    )
    return {row[0]: row[1] for row in rows}
