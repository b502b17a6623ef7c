"""What people ask for: feeds, entries, articles, stories, matches. Read only.

A listing takes a fixed number of statements, however many rows it has. Rows come newest first, by the time
they were first seen or were published; `since` belongs to the span, `until` does not.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy import func, select

from storage import copy_lists, engine
from storage.errors import DatabaseClosed, translated
from storage.records import (
    ArticleMatchRecord,
    ArticleRecord,
    EntryRecord,
    FeedRecord,
    MatchRecord,
    RuleProblemRecord,
    ShownArticle,
    SpanRecord,
    StatsRecord,
    StoryRecord,
    TopicRecord,
    VersionRecord,
)
from storage.tables import (
    article,
    article_version,
    entry,
    feed,
    match,
    poll_log,
    raw_page,
    rule_problem,
    story,
    story_alias,
    topic,
    topic_version,
)
from storage.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from storage.search import Found
    from storage.window import By

T = TypeVar("T")


class Listings:
    """The database at *url*, for reading. Nothing is opened before it is needed.

    Any method can raise a StorageError; LookupError is raised for an id or topic that does not exist.
    """

    def __init__(self, url: str, *, busy_timeout_s: float = engine.BUSY_TIMEOUT_S) -> None:
        self._path = engine.database_path(url)
        self._engine = engine.reading_engine(self._path, busy_timeout_s=busy_timeout_s)
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Calling it again does nothing."""
        self._is_closed = True
        self._engine.dispose()

    def _read(self, work: Callable[[Connection], T]) -> T:
        if self._is_closed:
            raise DatabaseClosed(str(self._path))
        with translated(str(self._path)), self._engine.begin() as connection:
            return work(connection)

    def feeds(self) -> tuple[FeedRecord, ...]:
        """All feeds, also removed ones, in the order in which they were added."""
        return self._read(_feeds)

    def entries(
        self,
        *,
        state: str | None = None,
        reason: str | None = None,
        feed_id: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By = "first_seen",
        limit: int | None = None,
    ) -> tuple[EntryRecord, ...]:
        """Entries, of one state, reason or feed if given."""
        window = Window(since=since, until=until, by=by, limit=limit)
        return self._read(partial(_entries, window=window, state=state, reason=reason, feed_id=feed_id))

    def articles(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By = "first_seen",
        limit: int | None = None,
    ) -> tuple[ArticleRecord, ...]:
        """Articles in their current versions."""
        return self._read(partial(_articles, window=Window(since=since, until=until, by=by, limit=limit)))

    def article_count(
        self, *, since: datetime | None = None, until: datetime | None = None, by: By = "first_seen"
    ) -> int:
        """How many articles `articles` would list."""
        return self._read(partial(_article_count, window=Window(since=since, until=until, by=by)))

    def article(self, article_id: int) -> ShownArticle:
        """All that is stored of one article."""
        return self._read(partial(_article, article_id=article_id))

    def matches(
        self,
        topic: str | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By = "first_seen",
        limit: int | None = None,
    ) -> tuple[MatchRecord, ...]:
        """Matches of the current versions of articles, of one topic if given."""
        return self._read(partial(_matches, window=Window(since=since, until=until, by=by, limit=limit), name=topic))

    def stories(
        self,
        topic: str | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By = "first_seen",
        limit: int | None = None,
    ) -> tuple[StoryRecord, ...]:
        """Stories with their copies; with *topic*, those of which an article matches it."""
        return self._read(partial(_stories, window=Window(since=since, until=until, by=by, limit=limit), name=topic))

    def story(self, story_id: int) -> StoryRecord:
        """The story with this id, or the one that it turned out to be."""
        return self._read(partial(_story, story_id=story_id))

    def search(
        self,
        text: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By = "first_seen",
        limit: int | None = None,
    ) -> Found:
        """Articles that an expression of the rule language matches, newest first. Raises RuleError."""
        from storage.search import search

        window = Window(since=since, until=until, by=by, limit=limit)
        return self._read(partial(search, text=text, window=window))

    def topics(self) -> tuple[TopicRecord, ...]:
        """All topics that were ever recorded, by name."""
        return self._read(_topics)

    def rule_problems(self) -> tuple[RuleProblemRecord, ...]:
        """What was wrong with the rule files when they were last read."""
        return self._read(_rule_problems)

    def stats(self) -> StatsRecord:
        """The state of the whole."""
        return self._read(partial(_stats, database_bytes=engine.size_of(self._path)))


# --- feeds and entries ------------------------------------------------------------------------------


def _feeds(connection: Connection) -> tuple[FeedRecord, ...]:
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


def _entries(
    connection: Connection, window: Window, state: str | None, reason: str | None, feed_id: int | None
) -> tuple[EntryRecord, ...]:
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


def _articles(connection: Connection, window: Window) -> tuple[ArticleRecord, ...]:
    every = article_version.alias()
    versions = select(func.count()).where(every.c.article_id == article.c.id).scalar_subquery().label("versions")
    statement = select(*_ARTICLE, versions).join(article_version, article_version.c.id == article.c.version_id)
    statement = window.of(
        statement, first_seen=article.c.first_seen_at, published=article.c.published, ident=article.c.id
    )
    return tuple(ArticleRecord(**row._asdict()) for row in connection.execute(statement))


def _article_count(connection: Connection, window: Window) -> int:
    listed = window.of(
        select(article.c.id), first_seen=article.c.first_seen_at, published=article.c.published, ident=article.c.id
    )
    return int(connection.execute(select(func.count()).select_from(listed.order_by(None).subquery())).scalar_one())


def _article(connection: Connection, article_id: int) -> ShownArticle:
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
        matches=_matches_of(connection, current),
    )


def _matches_of(connection: Connection, version_id: int) -> tuple[ArticleMatchRecord, ...]:
    rows = connection.execute(
        select(
            topic.c.name.label("topic"), topic_version.c.version.label("topic_version"), match.c.rules, match.c.spans
        )
        .join(topic, topic.c.id == match.c.topic_id)
        .join(topic_version, topic_version.c.id == match.c.topic_version_id)
        .where(match.c.version_id == version_id)
        .order_by(topic.c.name)
    )
    return tuple(ArticleMatchRecord(**_with_spans(row)) for row in rows)


# --- matches and stories ----------------------------------------------------------------------------


def _topic_id(connection: Connection, name: str) -> int:
    topic_id: int | None = connection.execute(select(topic.c.id).where(topic.c.name == name)).scalar()
    if topic_id is None:
        raise LookupError(f"no topic {name}")
    return topic_id


def _matches(connection: Connection, window: Window, name: str | None) -> tuple[MatchRecord, ...]:
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
        .where(article.c.version_id == match.c.version_id)
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


def _stories(connection: Connection, window: Window, name: str | None) -> tuple[StoryRecord, ...]:
    statement = _STORY
    if name is not None:
        member = article.alias("member")
        matching = (
            select(member.c.story_id)
            .join(match, match.c.version_id == member.c.version_id)
            .where(match.c.topic_id == _topic_id(connection, name))
        )
        statement = statement.where(story.c.id.in_(matching))
    statement = window.of(statement, first_seen=story.c.first_seen_at, published=article.c.published, ident=story.c.id)
    return _with_copies(connection, connection.execute(statement).all())


def _story(connection: Connection, story_id: int) -> StoryRecord:
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


# --- topics and the whole ---------------------------------------------------------------------------


def _topics(connection: Connection) -> tuple[TopicRecord, ...]:
    current = (
        select(match.c.topic_id, func.count().label("matches"))
        .join(article, article.c.version_id == match.c.version_id)
        .group_by(match.c.topic_id)
        .subquery()
    )
    rows = connection.execute(
        select(
            topic.c.name,
            topic_version.c.version,
            topic_version.c.title,
            topic_version.c.tags,
            topic_version.c.file,
            topic.c.retired_at.is_(None).label("is_active"),
            func.coalesce(current.c.matches, 0).label("matches"),
            topic_version.c.source,
            topic_version.c.created_at.label("first_seen"),
        )
        .join(topic_version, topic_version.c.id == topic.c.version_id)
        .outerjoin(current, current.c.topic_id == topic.c.id)
        .order_by(topic.c.name)
    )
    return tuple(TopicRecord(**{**row._asdict(), "tags": tuple(row.tags)}) for row in rows)


def _rule_problems(connection: Connection) -> tuple[RuleProblemRecord, ...]:
    columns = [column for column in rule_problem.c if column.name != "id"]
    rows = connection.execute(select(*columns).order_by(rule_problem.c.id))
    return tuple(RuleProblemRecord(**row._asdict()) for row in rows)


def _stats(connection: Connection, database_bytes: int) -> StatsRecord:
    def one(statement: Select[T]) -> T:
        return connection.execute(statement).scalar_one()

    def by_state(states: ColumnElement[str]) -> dict[str, int]:
        rows = connection.execute(select(states, func.count()).group_by(states).order_by(states))
        return {row[0]: row[1] for row in rows}

    return StatsRecord(
        feeds=by_state(feed.c.state),
        entries=by_state(entry.c.state),
        articles=one(select(func.count()).select_from(article)),
        versions=one(select(func.count()).select_from(article_version)),
        stories=one(select(func.count()).select_from(story)),
        matches={each.name: each.matches for each in _topics(connection) if each.is_active},
        raw_pages=one(select(func.count()).select_from(raw_page)),
        last_poll_at=one(select(func.max(poll_log.c.at))),
        last_article_at=one(select(func.max(article.c.first_seen_at))),
        database_bytes=database_bytes,
        rule_problems=_rule_problems(connection),
    )
