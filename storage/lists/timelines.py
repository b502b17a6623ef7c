"""What became of one article and of one story, told from the trails that are kept. Read only."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Integer, bindparam, literal, or_, select, union_all

from storage import dialect
from storage.copy_tables import StoryChange
from storage.lists import copy_lists
from storage.lists.history_records import ArticleEvent, StoryEvent
from storage.tables import (
    article,
    article_version,
    match,
    relation,
    story_change,
    story_stay,
    topic,
    topic_version,
    version_change,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select


class Happened(StrEnum):
    """What can become of an article or a story; in the order in which it is told of one moment."""

    #: an article was first seen, and with it its version 1
    SEEN = "seen"
    #: it showed another version from then on
    VERSION = "version"
    #: it came into a story: into its first one, or another one became part of that
    JOINED = "joined"
    MERGED = StoryChange.MERGED.value
    SPLIT = StoryChange.SPLIT.value
    MOVED = StoryChange.MOVED.value
    FIRST = StoryChange.FIRST.value
    #: a topic matched it from then on; matched it by another version or other rules; matched it no more
    MATCHED = "matched"
    RENEWED = "renewed"
    UNMATCHED = "unmatched"
    #: it was a copy, … of another one from then on; was no more
    RELATED = "related"
    UNRELATED = "unrelated"


_ORDER = {happened: rank for rank, happened in enumerate(Happened)}

# --- an article -------------------------------------------------------------------------------------


class _Shown(NamedTuple):
    """That a version was shown from one moment on and, unless it is shown still, before another."""

    version_id: int
    n: int
    title: str
    since: datetime
    until: datetime | None


def article_timeline(connection: Connection, article_id: int) -> tuple[ArticleEvent, ...]:
    """What became of an article, the oldest first. Raises LookupError."""
    seen_at = connection.execute(select(article.c.first_seen_at).where(article.c.id == article_id)).scalar()
    if seen_at is None:
        raise LookupError(f"no article {article_id}")
    shown = _read_shown(connection, article_id, seen_at)
    events = [
        ArticleEvent(
            at=each.since,
            happened=Happened.VERSION if number else Happened.SEEN,
            version=each.n,
            title=each.title,
        )
        for number, each in enumerate(shown)
    ]
    events += _tell_matches(shown, connection.execute(_MATCHES, {"own": article_id}).all())
    events += _tell_relations(connection, article_id, shown)
    events += _tell_homes(connection, article_id, shown)
    return tuple(sorted(events, key=_place))


def _place(event: ArticleEvent | StoryEvent) -> tuple[datetime, int]:
    return event.at, _ORDER[Happened(event.happened)]


def _read_shown(connection: Connection, article_id: int, seen_at: datetime) -> list[_Shown]:
    versions = {
        row.id: row
        for row in connection.execute(
            select(article_version.c.id, article_version.c.n, article_version.c.title).where(
                article_version.c.article_id == article_id
            )
        )
    }
    first = next(row.id for row in versions.values() if row.n == 1)
    changes = [(first, seen_at)]
    rows = connection.execute(
        select(version_change.c.version_id, version_change.c.at)
        .where(version_change.c.article_id == article_id)
        .order_by(version_change.c.id)
    )
    changes += [(row.version_id, row.at) for row in rows]
    ends = [at for _, at in changes[1:]] + [None]
    return [
        _Shown(version_id, versions[version_id].n, versions[version_id].title, since, until)
        for (version_id, since), until in zip(changes, ends, strict=True)
    ]


def _shown_at(shown: Sequence[_Shown], at: datetime) -> int:
    """Number of the version that was shown then."""
    return next((each.n for each in reversed(shown) if each.since <= at), shown[0].n)


def _select_matches() -> Select[*tuple[Any, ...]]:
    live = (
        select(match.c.id)
        .join(article_version, article_version.c.id == match.c.version_id)
        .where(article_version.c.article_id == bindparam("own"), match.c.retired_at.is_(None))
    )
    # What is retired is in an index by topic and time.
    seen_at = select(article.c.first_seen_at).where(article.c.id == bindparam("own")).scalar_subquery()
    retired = select(match.c.id).where(
        match.c.topic_id.in_(select(topic.c.id)),
        match.c.first_seen_at == seen_at,
        match.c.article_id == bindparam("own"),
        match.c.retired_at.is_not(None),
    )
    ids = union_all(live, retired).subquery("ids")
    return (
        select(
            match.c.version_id,
            match.c.created_at,
            match.c.retired_at,
            match.c.rules,
            topic.c.name.label("topic"),
            topic_version.c.version.label("topic_version"),
        )
        .select_from(ids.join(match, match.c.id == ids.c.id))
        .join(topic, topic.c.id == match.c.topic_id)
        .join(topic_version, topic_version.c.id == match.c.topic_version_id)
        .order_by(match.c.id)
    )


_MATCHES = _select_matches()


class _Span(NamedTuple):
    """That a match was listed from one moment on."""

    since: datetime
    until: datetime | None
    topic: str
    topic_version: str
    rules: tuple[str, ...]
    n: int


def _tell_matches(shown: Sequence[_Shown], rows: Iterable[Row[*tuple[Any, ...]]]) -> Iterator[ArticleEvent]:
    """When topics matched the article: of a match it counts only while its version was shown."""
    by_topic: dict[str, list[_Span]] = {}
    for row in rows:
        for each in shown:
            if each.version_id != row.version_id:
                continue
            since = max(each.since, row.created_at)
            until = min((end for end in (each.until, row.retired_at) if end is not None), default=None)
            if until is None or since < until:
                span = _Span(since, until, row.topic, row.topic_version, tuple(row.rules), each.n)
                by_topic.setdefault(row.topic, []).append(span)
    for spans in by_topic.values():
        yield from _tell_spans(sorted(spans, key=lambda span: span.since))


def _tell_spans(spans: Sequence[_Span]) -> Iterator[ArticleEvent]:
    before: _Span | None = None
    for span in spans:
        if before is not None and before.until is not None and before.until < span.since:
            yield _tell_match(before.until, Happened.UNMATCHED, before)
            before = None
        if before is None:
            yield _tell_match(span.since, Happened.MATCHED, span)
        elif (before.topic_version, before.rules) != (span.topic_version, span.rules):
            yield _tell_match(span.since, Happened.RENEWED, span)
        before = span
    if before is not None and before.until is not None:
        yield _tell_match(before.until, Happened.UNMATCHED, before)


def _tell_match(at: datetime, happened: Happened, span: _Span) -> ArticleEvent:
    return ArticleEvent(
        at=at,
        happened=happened,
        version=span.n,
        topic=span.topic,
        topic_version=span.topic_version,
        rules=span.rules,
    )


def _select_relations() -> Select[*tuple[Any, ...]]:
    columns = (relation.c.id, relation.c.kind, relation.c.score, relation.c.created_at, relation.c.retired_at)
    own = select(*columns, relation.c.other_id.label("other"), literal(0, Integer).label("is_turned"))
    by = select(*columns, relation.c.article_id, literal(1, Integer))
    both = union_all(
        own.where(relation.c.article_id == bindparam("own")), by.where(relation.c.other_id == bindparam("own"))
    ).subquery("both")
    return select(both, article.c.source).join(article, article.c.id == both.c.other).order_by(both.c.id)


_RELATIONS = _select_relations()


def _tell_relations(connection: Connection, article_id: int, shown: Sequence[_Shown]) -> Iterator[ArticleEvent]:
    """When it was what to which others; one that was found again as it was is not told."""
    rows = connection.execute(_RELATIONS, {"own": article_id}).all()
    told = [(row, copy_lists.turn(row.kind) if row.is_turned else row.kind) for row in rows]
    begins = {(row.other, kind, row.created_at) for row, kind in told if row.retired_at != row.created_at}
    ends = {(row.other, kind, row.retired_at) for row, kind in told if row.retired_at != row.created_at}
    for row, kind in told:
        if row.created_at == row.retired_at:
            continue
        for at, happened, others in (
            (row.created_at, Happened.RELATED, ends),
            (row.retired_at, Happened.UNRELATED, begins),
        ):
            if at is not None and (row.other, kind, at) not in others:
                yield ArticleEvent(
                    at=at,
                    happened=happened,
                    version=_shown_at(shown, at),
                    kind=kind,
                    other=row.other,
                    source=row.source,
                    score=row.score,
                )


def _tell_homes(connection: Connection, article_id: int, shown: Sequence[_Shown]) -> Iterator[ArticleEvent]:
    stays = connection.execute(
        select(story_stay.c.story_id, story_stay.c.until)
        .where(story_stay.c.article_id == article_id)
        .order_by(story_stay.c.id)
    ).all()
    present = connection.execute(select(article.c.story_id).where(article.c.id == article_id)).scalar_one()
    homes = [*(row.story_id for row in stays), present]
    begins = [shown[0].since, *(row.until for row in stays)]
    for story_id, at in zip(homes, begins, strict=True):
        yield ArticleEvent(at=at, happened=Happened.JOINED, version=_shown_at(shown, at), story=story_id)


# --- a story ----------------------------------------------------------------------------------------


@cache
def _changes(name: str) -> Select[*tuple[Any, ...]]:
    wanted = select(dialect.numbers("ids", name).alias("wanted").c.value)
    return (
        select(
            story_change.c.at,
            story_change.c.kind,
            story_change.c.story_id,
            story_change.c.article_id,
            story_change.c.other_story_id,
            article.c.source,
            article_version.c.title,
        )
        .outerjoin(article, article.c.id == story_change.c.article_id)
        .outerjoin(article_version, article_version.c.id == article.c.version_id)
        .where(or_(story_change.c.story_id.in_(wanted), story_change.c.other_story_id.in_(wanted)))
        .order_by(story_change.c.id)
    )


@cache
def _newcomers(name: str) -> Select[*tuple[Any, ...]]:
    """The articles whose first story is one of these."""
    staying, leaving = (dialect.numbers("ids", name).alias(alias) for alias in ("staying", "leaving"))
    stay, earlier = story_stay.alias("stay"), story_stay.alias("earlier")
    has_moved = select(1).where(stay.c.article_id == article.c.id).correlate(article).exists()
    was_elsewhere = (
        select(1).where(earlier.c.article_id == stay.c.article_id, earlier.c.id < stay.c.id).correlate(stay).exists()
    )
    there = (
        select(article.c.id, article.c.story_id).join(staying, staying.c.value == article.c.story_id).where(~has_moved)
    )
    gone = (
        select(stay.c.article_id, stay.c.story_id)
        .join(leaving, leaving.c.value == stay.c.story_id)
        .where(~was_elsewhere)
    )
    both = union_all(there, gone).subquery("both")
    return (
        select(
            article.c.first_seen_at,
            both.c.story_id,
            article.c.id.label("article_id"),
            article.c.source,
            article_version.c.title,
        )
        .select_from(both.join(article, article.c.id == both.c.id))
        .join(article_version, article_version.c.id == article.c.version_id)
        .order_by(article.c.first_seen_at, article.c.id)
    )


def story_timeline(connection: Connection, ids: Iterable[int]) -> tuple[StoryEvent, ...]:
    """What became of a story and of those that merged into it, given by their *ids*; the oldest first."""
    name = connection.dialect.name
    values = {"ids": dialect.pack(ids, name)}
    events = [
        StoryEvent(
            at=row.first_seen_at,
            happened=Happened.JOINED,
            story=row.story_id,
            article=row.article_id,
            source=row.source,
            title=row.title,
        )
        for row in connection.execute(_newcomers(name), values)
    ]
    events += [
        StoryEvent(
            at=row.at,
            happened=row.kind,
            story=row.story_id,
            article=row.article_id,
            source=row.source,
            title=row.title,
            other_story=row.other_story_id,
        )
        for row in connection.execute(_changes(name), values)
    ]
    return tuple(sorted(events, key=_place))
