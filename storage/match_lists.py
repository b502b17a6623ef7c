"""Listings of matches and stories. Read only; see `listings.Listings`.

Matches that a back-fill has retired are nowhere among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from storage import copy_lists, dialect, texts
from storage.records import ArticleMatchRecord, MatchRecord, SpanRecord, StoredMatch, StoryRecord
from storage.tables import article, article_version, match, story, story_alias, topic, topic_version

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Row

    from storage.window import Window


def matches_of(connection: Connection, version_id: int) -> tuple[ArticleMatchRecord, ...]:
    """What an article version matches, by topic."""
    rows = connection.execute(
        select(
            topic.c.name.label("topic"), topic_version.c.version.label("topic_version"), match.c.rules, match.c.spans
        )
        .join(topic, topic.c.id == match.c.topic_id)
        .join(topic_version, topic_version.c.id == match.c.topic_version_id)
        .where(match.c.version_id == version_id, match.c.retired_at.is_(None))
        .order_by(topic.c.name)
    )
    return tuple(ArticleMatchRecord(**_with_spans(row)) for row in rows)


def _topic_id(connection: Connection, name: str) -> int:
    topic_id: int | None = connection.execute(select(topic.c.id).where(topic.c.name == name)).scalar()
    if topic_id is None:
        raise LookupError(f"no topic {name}")
    return topic_id


def matches(connection: Connection, window: Window, name: str | None) -> tuple[MatchRecord, ...]:
    """Matches of the current versions of articles, of one topic if given. Raises LookupError."""
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
        )
        .join(topic, topic.c.id == match.c.topic_id)
        .join(topic_version, topic_version.c.id == match.c.topic_version_id)
        .join(article, article.c.id == match.c.article_id)
        .join(article_version, article_version.c.id == match.c.version_id)
        .where(match.c.retired_at.is_(None), article.c.version_id == match.c.version_id)
    )
    if name is not None:
        statement = statement.where(match.c.topic_id == _topic_id(connection, name))
    statement = window.of(statement, first_seen=match.c.first_seen_at, published=article.c.published, ident=match.c.id)
    return tuple(MatchRecord(**_with_spans(row)) for row in connection.execute(statement))


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


_STORY = (
    select(
        story.c.id,
        article_version.c.title,
        article.c.url,
        article.c.source,
        story.c.first_seen_at.label("first_seen"),
        story.c.lead_article_id,
    )
    .join(article, article.c.id == story.c.lead_article_id)
    .join(article_version, article_version.c.id == article.c.version_id)
)


def stories(connection: Connection, window: Window, name: str | None) -> tuple[StoryRecord, ...]:
    """Stories with their copies; with *name*, those of which an article matches that topic. Raises LookupError."""
    statement = _STORY
    if name is not None:
        member = article.alias("member")
        matching = (
            select(member.c.story_id)
            .join(match, match.c.version_id == member.c.version_id)
            .where(match.c.topic_id == _topic_id(connection, name), match.c.retired_at.is_(None))
        )
        statement = statement.where(story.c.id.in_(matching))
    statement = window.of(statement, first_seen=story.c.first_seen_at, published=article.c.published, ident=story.c.id)
    return _with_copies(connection, connection.execute(statement).all())


def one_story(connection: Connection, story_id: int) -> StoryRecord:
    """The story with this id, or the one that it turned out to be. Raises LookupError."""
    alias = select(story_alias.c.new).where(story_alias.c.old == story_id)
    row = connection.execute(_STORY.where((story.c.id == story_id) | story.c.id.in_(alias))).one_or_none()
    if row is None:
        raise LookupError(f"no story {story_id}")
    return _with_copies(connection, [row])[0]


def _with_copies(connection: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> tuple[StoryRecord, ...]:
    leads = {row.id: row.lead_article_id for row in rows}
    copies = copy_lists.copies_of(connection, leads)
    topics = copy_lists.topics_of(connection, leads)
    return tuple(
        StoryRecord(
            id=row.id,
            title=row.title,
            url=row.url,
            source=row.source,
            first_seen=row.first_seen,
            topics=topics[row.id],
            copy_count=len(copies[row.id]),
            copies=copies[row.id],
        )
        for row in rows
    )
