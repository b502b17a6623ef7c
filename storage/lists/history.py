"""What was shown at an earlier moment: every change up to it counts, none that came later. Read only.

Which text an article showed, which story it belonged to, and what it matched or was to others, is told by rows that
are never changed: `version_change`, `story_stay`, `match`, `relation`. Several changes of one moment count in the order
of their ids. What is not kept is given as it is now: address and source of an article, and, of stories that merged
before `story_stay` was kept, the story.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, bindparam, case, func, or_, select, union_all

from ingest.copies.model import RelationKind
from ingest.model import date_of
from storage import dialect
from storage.columns import UtcTime
from storage.records import MatchRecord, SpanRecord
from storage.tables import article, article_version, match, relation, story_stay, topic, topic_version, version_change
from storage.window import Cursor, holds_of_most

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Connection, Join, Row, Select, TableValuedAlias

    from storage.window import Window

AS_OF = bindparam("as_of", type_=UtcTime)

#: Matches that are read in one go where not all of them are listed.
AT_ONCE = 200

# --- how things stood -------------------------------------------------------------------------------


def shown_version() -> ColumnElement[int]:
    """The id of the version that the article of the enclosing statement showed."""
    first = article_version.alias("first_version")
    changed = (
        select(version_change.c.version_id)
        .where(version_change.c.article_id == article.c.id, version_change.c.at <= AS_OF)
        .order_by(version_change.c.id.desc())
        .limit(1)
        .correlate(article)
        .scalar_subquery()
    )
    return func.coalesce(
        changed,
        select(first.c.id)
        .where(first.c.article_id == article.c.id, first.c.n == 1)
        .correlate(article)
        .scalar_subquery(),
    )


def home_story(article_id: ColumnElement[int], present: ColumnElement[int | None]) -> ColumnElement[int]:
    """The id of the story that an article belonged to which now belongs to *present*."""
    stay = story_stay.alias("stay")
    earlier = (
        select(stay.c.story_id)
        .where(stay.c.article_id == article_id, stay.c.until > AS_OF)
        .order_by(stay.c.id)
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(earlier, present)


def in_force(created_at: Column[datetime], retired_at: Column[datetime]) -> ColumnElement[bool]:
    """A row that is retired and never deleted held at that moment."""
    return and_(created_at <= AS_OF, or_(retired_at.is_(None), retired_at > AS_OF))


#: Of the text that an article shows now its date is kept with the article, where a page may have corrected it.
DATE_THEN = case((article.c.version_id == article_version.c.id, article.c.published), else_=article_version.c.published)


def of_version(version_id: int) -> ColumnElement[bool]:
    """The match is of the article of that version: what is retired has an index of topics and times alone."""
    first_seen_at = (
        select(article.c.first_seen_at)
        .join(article_version, article_version.c.article_id == article.c.id)
        .where(article_version.c.id == version_id)
        .scalar_subquery()
    )
    return and_(match.c.topic_id.in_(select(topic.c.id)), match.c.first_seen_at == first_seen_at)


# --- matches ----------------------------------------------------------------------------------------


def matches(
    connection: Connection,
    window: Window,
    topic_id: int | None,
    as_of: datetime,
    *,
    once_a_story: bool = False,
    at_once: int = AT_ONCE,
) -> tuple[MatchRecord, ...]:
    """What `match_lists.matches` would have given at the moment *as_of*."""
    if once_a_story:
        return tuple(islice(_once_a_story(connection, window, topic_id, as_of, at_once), window.limit))
    rows = connection.execute(_select_matches(window, topic_id), {"as_of": as_of}).all()
    stories = _read_stories(connection, {row.story for row in rows}, as_of)
    leading = [member for each in stories.values() for member in (each.lead, each.first)]
    matched = _read_matched(connection, leading, {row.topic_id for row in rows}, as_of)
    return tuple(_record(row, stories[row.story], matched) for row in rows)


def _once_a_story(
    connection: Connection, window: Window, topic_id: int | None, as_of: datetime, at_once: int
) -> Iterator[MatchRecord]:
    """Those of the first article by time of their story that matched, read as far as they are asked for."""
    # Which ones these are is not known before their stories have been read: so more are read than are given.
    page = replace(window, limit=at_once)
    while True:
        rows = connection.execute(_select_matches(page, topic_id), {"as_of": as_of}).all()
        stories = _read_stories(connection, {row.story for row in rows}, as_of)
        members = [member for each in stories.values() for member in each.members]
        matched = _read_matched(connection, members, {row.topic_id for row in rows}, as_of)
        for row in rows:
            if stories[row.story].first_of(row.topic_id, matched) == row.article:
                yield _record(row, stories[row.story], matched)
        if len(rows) < at_once:
            return
        last = rows[-1]
        time = last.published if page.by == "published" else last.first_seen
        page = replace(page, after=Cursor(time=time, id=last.id))


def _select_matches(window: Window, topic_id: int | None) -> Select[*tuple[Any, ...]]:
    # Each of the two has an index of its own, sorted as the listing is.
    never = _select_ids(match.c.retired_at.is_(None), window, topic_id).subquery("never")
    later = _select_ids(match.c.retired_at > AS_OF, window, topic_id).subquery("later")
    ids = union_all(select(never.c.id), select(later.c.id)).subquery("ids")
    statement = (
        select(
            match.c.id,
            match.c.topic_id,
            topic.c.name.label("topic"),
            topic_version.c.version.label("topic_version"),
            match.c.rules,
            home_story(article.c.id, article.c.story_id).label("story"),
            article.c.id.label("article"),
            article_version.c.title,
            article.c.url,
            article.c.source,
            DATE_THEN.label("published"),
            match.c.first_seen_at.label("first_seen"),
            match.c.spans,
        )
        .select_from(ids.join(match, match.c.id == ids.c.id))
        .join(topic, topic.c.id == match.c.topic_id)
        .join(topic_version, topic_version.c.id == match.c.topic_version_id)
        .join(article, article.c.id == match.c.article_id)
        .join(article_version, article_version.c.id == match.c.version_id)
    )
    return window.of(statement, first_seen=match.c.first_seen_at, published=DATE_THEN, ident=match.c.id)


def _select_ids(which: ColumnElement[bool], window: Window, topic_id: int | None) -> Select[*tuple[Any, ...]]:
    statement = (
        select(match.c.id)
        .join(article, article.c.id == match.c.article_id)
        .join(article_version, article_version.c.id == match.c.version_id)
        .where(
            which,
            match.c.created_at <= AS_OF,
            match.c.first_seen_at <= AS_OF,
            holds_of_most(match.c.version_id == shown_version()),
        )
    )
    if topic_id is not None:
        statement = statement.where(match.c.topic_id == topic_id)
    return window.of(statement, first_seen=match.c.first_seen_at, published=DATE_THEN, ident=match.c.id)


def _record(row: Row[*tuple[Any, ...]], home: _Story, matched: Collection[tuple[int, int]]) -> MatchRecord:
    values = row._asdict()
    topic_id = values.pop("topic_id")
    values["rules"] = tuple(values["rules"])
    values["spans"] = tuple(SpanRecord(**span) for span in values["spans"])
    return MatchRecord(
        **values,
        matched=tuple(dict.fromkeys(span.text for span in values["spans"])),
        copy_count=len(home.members) - 1 + home.guests,
        added=not any((member.id, topic_id) in matched for member in (home.lead, home.first)),
    )


# --- stories ----------------------------------------------------------------------------------------


class _Member(NamedTuple):
    """An article of a story as it then was."""

    id: int
    version_id: int
    first_seen_at: datetime
    dated_at: datetime


class _Story(NamedTuple):
    """A story as it then was."""

    members: Sequence[_Member]
    #: how many composites of other stories there were
    guests: int

    @property
    def lead(self) -> _Member:
        """The one first seen."""
        return min(self.members, key=lambda each: (each.first_seen_at, each.id))

    @property
    def first(self) -> _Member:
        """The first by time of publication."""
        return min(self.members, key=lambda each: (each.dated_at, each.id))

    def first_of(self, topic_id: int, matched: Collection[tuple[int, int]]) -> int | None:
        """The first article by time of publication that matched the topic."""
        found = [(each.dated_at, each.id) for each in self.members if (each.id, topic_id) in matched]
        return min(found)[1] if found else None


@cache
def _members(name: str) -> Select[*tuple[Any, ...]]:
    """The articles of the stories: those that are there still, and those that left since."""
    staying, leaving = (dialect.numbers("stories", name).alias(alias) for alias in ("staying", "leaving"))
    stay, before = story_stay.alias("stay"), story_stay.alias("before")
    columns = (article.c.id, shown_version().label("version_id"))
    has_moved_since = (
        select(1).where(stay.c.article_id == article.c.id, stay.c.until > AS_OF).correlate(article).exists()
    )
    is_later_stay = (
        select(1)
        .where(before.c.article_id == stay.c.article_id, before.c.until > AS_OF, before.c.id < stay.c.id)
        .correlate(stay)
        .exists()
    )
    there = (
        select(staying.c.value.label("story"), *columns)
        .select_from(staying.join(article, article.c.story_id == staying.c.value))
        .where(article.c.first_seen_at <= AS_OF, ~has_moved_since)
    )
    gone = (
        select(leaving.c.value, *columns)
        .select_from(leaving.join(stay, stay.c.story_id == leaving.c.value))
        .join(article, article.c.id == stay.c.article_id)
        .where(article.c.first_seen_at <= AS_OF, stay.c.until > AS_OF, ~is_later_stay)
    )
    both = union_all(there, gone).subquery("both")
    return (
        select(both.c.story, article.c.id, both.c.version_id, article.c.first_seen_at, DATE_THEN.label("published"))
        .select_from(both.join(article, article.c.id == both.c.id))
        .join(article_version, article_version.c.id == both.c.version_id)
        .order_by(article.c.id)
    )


@cache
def _guests(name: str) -> Select[*tuple[Any, ...]]:
    """Which articles were composites of which others, of those that are given; see `copy_lists.copy_count`."""
    of, by = (dialect.numbers("ids", name).alias(alias) for alias in ("of", "by"))
    tells_of_itself = relation.c.share <= relation.c.other_share
    held = and_(relation.c.kind == RelationKind.COMPOSITE, in_force(relation.c.created_at, relation.c.retired_at))
    told = (
        select(of.c.value.label("member"), relation.c.article_id.label("guest"))
        .select_from(of.join(relation, relation.c.other_id == of.c.value))
        .where(held, tells_of_itself)
    )
    turned = (
        select(by.c.value, relation.c.other_id)
        .select_from(by.join(relation, relation.c.article_id == by.c.value))
        .where(held, ~tells_of_itself)
    )
    both = union_all(told, turned).subquery("both")
    return (
        select(both.c.member, both.c.guest, home_story(article.c.id, article.c.story_id).label("story"))
        .select_from(both.join(article, article.c.id == both.c.guest))
        .distinct()
    )


def _read_stories(connection: Connection, ids: Collection[int], as_of: datetime) -> dict[int, _Story]:
    name = connection.dialect.name
    members: dict[int, list[_Member]] = {ident: [] for ident in ids}
    home: dict[int, int] = {}
    for row in connection.execute(_members(name), {"stories": dialect.pack(ids, name), "as_of": as_of}):
        dated_at = date_of(row.published, row.first_seen_at)
        members[row.story].append(_Member(row.id, row.version_id, row.first_seen_at, dated_at))
        home[row.id] = row.story
    guests: dict[int, set[int]] = {ident: set() for ident in ids}
    for row in connection.execute(_guests(name), {"ids": dialect.pack(home, name), "as_of": as_of}):
        if row.story != home[row.member]:
            guests[home[row.member]].add(row.guest)
    return {ident: _Story(members[ident], len(guests[ident])) for ident in ids}


@cache
def _matched(name: str) -> Select[int, int]:
    """Which of the topics the versions matched."""
    present, past = (dialect.numbers("versions", name).alias(alias) for alias in ("present", "past"))
    topics = dialect.numbers("topics", name).alias("topics")
    never = (
        select(match.c.article_id, match.c.topic_id)
        .select_from(present.join(match, match.c.version_id == present.c.value))
        .where(match.c.created_at <= AS_OF, match.c.retired_at.is_(None))
    )
    later = (
        # In the index of what is retired they are found by topic and time.
        select(match.c.article_id, match.c.topic_id)
        .select_from(_each_with_topics(past, topics))
        .where(match.c.version_id == past.c.value, match.c.created_at <= AS_OF, match.c.retired_at > AS_OF)
    )
    both = union_all(never, later).subquery("both")
    return select(both.c.article_id, both.c.topic_id)


def _each_with_topics(versions: TableValuedAlias, topics: TableValuedAlias) -> Join:
    """What is retired of each of the topics and of the article of each of the versions."""
    of_version = dialect.InOrder(versions, article_version, article_version.c.id == versions.c.value)
    of_article = dialect.InOrder(of_version, article, article.c.id == article_version.c.article_id)
    of_topics = dialect.InOrder(of_article, topics, topics.c.value.is_not(None))
    is_of_both = and_(match.c.topic_id == topics.c.value, match.c.first_seen_at == article.c.first_seen_at)
    return dialect.InOrder(of_topics, match, is_of_both)


def _read_matched(
    connection: Connection, members: Iterable[_Member], topics: Iterable[int], as_of: datetime
) -> frozenset[tuple[int, int]]:
    name = connection.dialect.name
    values: Mapping[str, object] = {
        "versions": dialect.pack({member.version_id for member in members}, name),
        "topics": dialect.pack(topics, name),
        "as_of": as_of,
    }
    return frozenset((row.article_id, row.topic_id) for row in connection.execute(_matched(name), values))
