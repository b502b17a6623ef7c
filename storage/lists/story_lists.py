"""Listings of stories, and one story with who carried it when. Read only; see `listings.Listings`."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, case, distinct, func, or_, select

from storage import dialect
from storage.lists import copy_lists, match_lists, timelines
from storage.lists.story_records import (
    CanonicalRecord,
    CarriedRecord,
    CreditRecord,
    PlaceInTime,
    ShownStory,
    StoryChangeRecord,
)
from storage.records import StoryRecord
from storage.tables import article, article_address, article_version, match, relation, story, story_alias, story_change
from storage.window import Window, holds_of_most

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from storage.lists.copy_lists import Carried, Standing
    from storage.lists.history_records import StoryEvent

_STORY = (
    select(
        story.c.id,
        article_version.c.title,
        article.c.url,
        article.c.source,
        article.c.published,
        story.c.first_seen_at.label("first_seen"),
        story.c.lead_article_id,
        story.c.first_article_id,
    )
    .join(article, article.c.id == story.c.lead_article_id)
    .join(article_version, article_version.c.id == article.c.version_id)
)


def stories(connection: Connection, window: Window, name: str | None, outlets: int | None) -> tuple[StoryRecord, ...]:
    """Stories with their copies. Raises LookupError.

    With *name*, those of which an article matches that topic; with *outlets*, those that at least so many sources
    carry, most carried first.
    """
    before = () if outlets is None else (_outlets().desc(),)
    chosen = select(story.c.id)
    if window.by == "published":
        # The lead is an article of the story: said so that a walk through the dates of articles leads to stories.
        is_lead = (article.c.story_id == story.c.id) & holds_of_most(article.c.id == story.c.lead_article_id)
        chosen = chosen.select_from(dialect.InOrder(article, story, is_lead))
    if name is not None:
        chosen = chosen.where(story.c.id.in_(_matching(match_lists.topic_id_of(connection, name))))
    if outlets is not None:
        # The number of articles is told by the index alone, and few stories have many.
        chosen = chosen.where(_of_members(func.count()) >= outlets, _outlets() >= outlets)
    page = _in_order(window, chosen, before).subquery("page")
    listed = _in_order(Window(by=window.by), _STORY.join(page, page.c.id == story.c.id), before)
    return _with_copies(connection, connection.execute(listed).all())


def _in_order(
    window: Window, statement: Select[*tuple[Any, ...]], before: Sequence[ColumnElement[int]]
) -> Select[*tuple[Any, ...]]:
    return window.of(
        statement,
        first_seen=story.c.first_seen_at,
        published=article.c.published,
        ident=story.c.id,
        before=before,
    )


def _matching(topic_id: int) -> Select[int | None]:
    """The stories of which an article matches the topic."""
    member = article.alias("member")
    return (
        select(member.c.story_id)
        .select_from(
            match.join(member, (member.c.id == match.c.article_id) & (member.c.version_id == match.c.version_id))
        )
        .where(match.c.topic_id == topic_id, match.c.retired_at.is_(None))
    )


def _of_members(count: ColumnElement[int]) -> ColumnElement[int]:
    member = article.alias("counted")
    return select(count).select_from(member).where(member.c.story_id == story.c.id).scalar_subquery().cast(Integer)


def _outlets() -> ColumnElement[int]:
    member = article.alias("carrier")
    return (
        select(func.count(distinct(member.c.source)))
        .where(member.c.story_id == story.c.id)
        .correlate(story)
        .scalar_subquery()
        .cast(Integer)
    )


def one_story(connection: Connection, story_id: int) -> StoryRecord:
    """The story with this id, or the one that it turned out to be. Raises LookupError."""
    return _with_copies(connection, [_find(connection, story_id)])[0]


def _find(connection: Connection, story_id: int) -> Row[*tuple[Any, ...]]:
    alias = select(story_alias.c.new).where(story_alias.c.old == story_id)
    row = connection.execute(_STORY.where((story.c.id == story_id) | story.c.id.in_(alias))).one_or_none()
    if row is None:
        raise LookupError(f"no story {story_id}")
    return row


def _with_copies(connection: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> tuple[StoryRecord, ...]:
    leads = {row.id: row.lead_article_id for row in rows}
    carried = copy_lists.carried_by(connection, leads)
    topics = copy_lists.topics_of(connection, leads)
    return tuple(StoryRecord(**_of_story(row, carried[row.id], topics)) for row in rows)


def _of_story(row: Row[*tuple[Any, ...]], carried: Carried, topics: Mapping[int, tuple[str, ...]]) -> dict[str, Any]:
    copies = copy_lists.copies_of(carried, row.lead_article_id)
    return {
        "id": row.id,
        "title": row.title,
        "url": row.url,
        "source": row.source,
        "first_seen": row.first_seen,
        "topics": topics[row.id],
        "copy_count": len(copies),
        "copies": copies,
        "outlets": len({member.source for member, _ in carried.members}),
        "published": row.published,
    }


# --- one story ----------------------------------------------------------------------------------------


def shown_story(connection: Connection, story_id: int) -> ShownStory:
    """All that is stored of the story with this id, or of the one that it turned out to be. Raises LookupError."""
    row = _find(connection, story_id)
    carried = copy_lists.carried_by(connection, {row.id: row.lead_article_id})[row.id]
    standings = {member.id: standing for member, standing in (*carried.members, *carried.guests)}
    details = _details_of(connection, standings)
    members = [details[member.id] for member, _ in carried.members]
    first = details[row.first_article_id]
    in_order = sorted(details.values(), key=lambda each: (each.id != first.id, each.dated_at, each.id))
    return ShownStory(
        **_of_story(row, carried, copy_lists.topics_of(connection, [row.id])),
        asked=story_id,
        first=PlaceInTime(article=first.id, source=first.source, url=first.url, at=first.dated_at),
        seen_first=_seen_first(members),
        credited_to=tuple(
            CreditRecord(agency=agency, articles=articles)
            for agency, articles in sorted(
                Counter(each.credit for each in members if each.credit).items(), key=lambda pair: (-pair[1], pair[0])
            )
        ),
        canonical=_canonical(connection, members),
        articles=tuple(_carried(each, standings[each.id], row, first) for each in in_order),
        trail=_trail(connection, row.id),
    )


def _seen_first(members: Iterable[Row[*tuple[Any, ...]]]) -> PlaceInTime:
    seen = min(members, key=lambda each: (each.first_seen_at, each.id))
    return PlaceInTime(article=seen.id, source=seen.source, url=seen.url, at=seen.first_seen_at)


def _carried(
    each: Row[*tuple[Any, ...]], standing: Standing, own: Row[*tuple[Any, ...]], first: Row[*tuple[Any, ...]]
) -> CarriedRecord:
    return CarriedRecord(
        article=each.id,
        url=each.url,
        source=each.source,
        title=each.title,
        dated_at=each.dated_at,
        lag_s=(each.dated_at - first.dated_at).total_seconds(),
        published=each.published,
        first_seen=each.first_seen_at,
        kind=standing.kind,
        score=standing.score,
        share=standing.share,
        other_share=standing.other_share,
        relative_to=standing.relative,
        credit=each.credit,
        canonical=each.canonical,
        repaired=each.repaired,
        words=each.words,
        versions=each.versions,
        is_first=each.id == first.id,
        is_lead=each.id == own.lead_article_id,
        home=None if each.story_id == own.id else each.story_id,
    )


@cache
def _details(name: str) -> Select[*tuple[Any, ...]]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    every = article_version.alias()
    versions = select(func.count()).where(every.c.article_id == article.c.id).scalar_subquery().label("versions")
    return (
        select(
            article.c.id,
            article.c.story_id,
            article.c.url,
            article.c.source,
            article.c.published,
            article.c.dated_at,
            article.c.first_seen_at,
            article_version.c.title,
            article_version.c.repaired,
            article_version.c.words,
            article_version.c.credit,
            article_version.c.canonical,
            versions,
        )
        .select_from(wanted.join(article, article.c.id == wanted.c.value))
        .join(article_version, article_version.c.id == article.c.version_id)
    )


def _details_of(connection: Connection, ids: Iterable[int]) -> dict[int, Row[*tuple[Any, ...]]]:
    name = connection.dialect.name
    return {row.id: row for row in connection.execute(_details(name), {"ids": dialect.pack(ids, name)})}


def _canonical(connection: Connection, members: Sequence[Row[*tuple[Any, ...]]]) -> CanonicalRecord | None:
    """What most articles name; of several that are named as often, what the earliest article names."""
    by_time = sorted(members, key=lambda each: (each.dated_at, each.id))
    named = Counter(each.canonical for each in by_time if each.canonical)
    if not named:
        return None
    ((url, articles),) = named.most_common(1)
    known = select(article_address.c.article_id).where(article_address.c.address == url)
    return CanonicalRecord(url=url, articles=articles, article=connection.execute(known).scalar())


def timeline(connection: Connection, story_id: int) -> tuple[StoryEvent, ...]:
    """What became of the story with this id, or of the one that it turned out to be. Raises LookupError."""
    return timelines.story_timeline(connection, _ids_of(connection, _find(connection, story_id).id))


def _ids_of(connection: Connection, story_id: int) -> tuple[int, ...]:
    """Its own id, and those of the stories that merged into it."""
    merged = select(story_alias.c.old).where(story_alias.c.new == story_id).order_by(story_alias.c.old)
    return (story_id, *connection.execute(merged).scalars())


def _trail(connection: Connection, story_id: int) -> tuple[StoryChangeRecord, ...]:
    name = connection.dialect.name
    rows = connection.execute(_changes(name), {"ids": dialect.pack(_ids_of(connection, story_id), name)})
    return tuple(
        StoryChangeRecord(
            at=row.at, kind=row.kind, story=row.story_id, article=row.article_id, other_story=row.other_story_id
        )
        for row in rows
    )


@cache
def _changes(name: str) -> Select[*tuple[Any, ...]]:
    wanted = select(dialect.numbers("ids", name).alias("wanted").c.value)
    return (
        select(story_change)
        .where(or_(story_change.c.story_id.in_(wanted), story_change.c.other_story_id.in_(wanted)))
        .order_by(story_change.c.id)
    )


# --- numbers ------------------------------------------------------------------------------------------


def copies_by_kind(connection: Connection) -> dict[str, int]:
    """How many articles there are beside the leads of their stories, by what they are to these."""
    own, other = article.alias("own"), article.alias("other")
    # The later of two texts is told to be a … of the earlier, and a lead may have a new version.
    is_turned = (story.c.lead_article_id == relation.c.article_id).label("is_turned")
    of_lead = or_(story.c.lead_article_id == relation.c.article_id, story.c.lead_article_id == relation.c.other_id)
    of_own = dialect.InOrder(relation, own, own.c.id == relation.c.article_id)
    of_story = dialect.InOrder(of_own, story, (story.c.id == own.c.story_id) & of_lead)
    both = dialect.InOrder(of_story, other, (other.c.id == relation.c.other_id) & (other.c.story_id == story.c.id))
    copy_id = case((is_turned, relation.c.other_id), else_=relation.c.article_id)
    rows = connection.execute(
        select(relation.c.kind, is_turned, func.count(distinct(copy_id)))
        .select_from(both)
        .where(relation.c.retired_at.is_(None))
        .group_by(relation.c.kind, is_turned)
    )
    kinds: Counter[str] = Counter()
    for kind, turned, articles in rows:
        kinds[copy_lists.turn(kind) if turned else kind] += articles
    return dict(sorted(kinds.items()))


def repaired_by_code_page(connection: Connection) -> dict[str, int]:
    """How many articles have a current version of which a code page was undone, by code page."""
    rows = connection.execute(
        select(article_version.c.repaired, func.count())
        # By its id too, so that an index of versions leads to it.
        .join(article, (article.c.id == article_version.c.article_id) & (article.c.version_id == article_version.c.id))
        .where(article_version.c.repaired.is_not(None))
        .group_by(article_version.c.repaired)
        .order_by(article_version.c.repaired)
    )
    return {row[0]: row[1] for row in rows}
