"""Which story an article belongs to. A story has a lead, the article first seen of it, and a first copy by time.

Ids are stable: a story keeps its id whoever joins it or leaves, of stories that merge the oldest lives on, and the
others lead to it by their aliases. What happened to a story is told by its trail, `tables.story_change`; where each
article was before, by `tables.story_stay`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update

from ingest.copies.model import RelationKind
from storage import dialect, direct
from storage.columns import UtcTime
from storage.copy_tables import StoryChange
from storage.tables import article, story, story_alias, story_change, story_stay

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Select

    from ingest.copies.model import Placement


class Member(NamedTuple):
    """An article, with what decides whether it leads a story and whether it is the first copy."""

    id: int
    first_seen_at: datetime
    dated_at: datetime


class Placed(NamedTuple):
    """Where an article stands with its new version."""

    story_id: int
    #: it is no longer among the articles of its earlier story
    has_left: bool


class _Story(NamedTuple):
    id: int
    lead_article_id: int
    first_seen_at: datetime
    first_article_id: int
    #: date of the first copy
    dated_at: datetime


_STORY = select(
    story.c.id, story.c.lead_article_id, story.c.first_seen_at, story.c.first_article_id, article.c.dated_at
).join(article, article.c.id == story.c.first_article_id)
_BY_ID = _STORY.where(story.c.id == bindparam("story_id"))
_BY_ALIAS = _STORY.join(story_alias, story_alias.c.new == story.c.id).where(story_alias.c.old == bindparam("story_id"))


def _resolve(connection: Connection, story_id: int) -> _Story:
    """The story with this id, or the one that it turned out to be. Raises LookupError."""
    for statement in (_BY_ID, _BY_ALIAS):
        found = connection.execute(statement, {"story_id": story_id}).first()
        if found is not None:
            return _Story(*found)
    raise LookupError(f"no story {story_id}")


def _named(connection: Connection, placement: Placement) -> set[_Story]:
    """The stories that a placement names."""
    if placement.story_id is None:
        return set()
    return {_resolve(connection, each) for each in (placement.story_id, *placement.merges)}


# --- placing ----------------------------------------------------------------------------------------


def place_new(connection: Connection, own: Member, placement: Placement, now: datetime) -> int:
    """Return the story that a new article belongs to: the placement's, or one of its own with itself as lead."""
    stories = _named(connection, placement)
    if not stories:
        return _found_story(connection, own)
    home = _merge(connection, stories, now)
    _join(connection, home, own, now)
    return home.id


def place_again(connection: Connection, own: Member, old_id: int, placement: Placement, now: datetime) -> Placed:
    """Return the story that an article of the story *old_id* belongs to with its new version, which decides.

    It leaves a story in which nothing holds it any more, see `_is_tied`, and founds one. It goes to the story that its
    placement names; when it was alone where it is, the stories merge. But the lead stays with its copies as long as
    it has any, or they would be led by one of themselves beside a story that is about the same: when it is the same
    text as the lead of the story named, the stories merge.
    """
    old = _resolve(connection, old_id)
    stories = _named(connection, placement)
    if old not in stories and _has_others(connection, old, own):
        is_tied = _is_tied(connection, old, own, placement)
        if not stories and not is_tied:
            founded = _found_story(connection, own)
            _leave(connection, old, own, founded, StoryChange.SPLIT, now)
            return Placed(founded, has_left=True)
        if stories and not (is_tied and old.lead_article_id == own.id):
            home = _merge(connection, stories, now)
            _leave(connection, old, own, home.id, StoryChange.MOVED, now)
            _join(connection, home, own, now)
            return Placed(home.id, has_left=True)
        if stories and not _is_same_text(placement, stories):
            _merge(connection, stories, now)
            stories = set()
    return Placed(_merge(connection, {*stories, old}, now).id, has_left=False)


def _has_others(connection: Connection, home: _Story, own: Member) -> bool:
    return connection.execute(_OTHERS, {"story_id": home.id, "own": own.id}).first() is not None


_OTHERS = (
    select(article.c.id).where(article.c.story_id == bindparam("story_id"), article.c.id != bindparam("own")).limit(1)
)


@cache
def _members_among(name: str) -> Select[int]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return (
        select(article.c.id)
        .join(wanted, wanted.c.value == article.c.id)
        .where(article.c.story_id == bindparam("story_id"), article.c.id != bindparam("own"))
        .limit(1)
    )


def _is_tied(connection: Connection, home: _Story, own: Member, placement: Placement) -> bool:
    """The article has a relation to another article of the story, which holds it there.

    A page that joins two stories is as good as no relation, as for `ingest.copies.story`: but it may belong to a lead
    that is a part of it, when it has no other relation.
    """
    is_only_joining = all(each.kind is RelationKind.COMPOSITE for each in placement.relations)
    ties = []
    for each in placement.relations:
        if each.kind is not RelationKind.COMPOSITE:
            holds = True
        elif own.id == home.lead_article_id:
            holds = each.share > each.other_share
        else:
            holds = is_only_joining and each.to == home.lead_article_id and each.share < each.other_share
        if holds:
            ties.append(each.to)
    if not ties:
        return False
    name = connection.dialect.name
    ids = dialect.pack(ties, name)
    return (
        connection.execute(_members_among(name), {"story_id": home.id, "own": own.id, "ids": ids}).first() is not None
    )


def _is_same_text(placement: Placement, stories: Iterable[_Story]) -> bool:
    leads = {each.lead_article_id for each in stories}
    return any(
        each.to in leads and each.kind in {RelationKind.COPY, RelationKind.REVISION} for each in placement.relations
    )


_LEAVE = update(article).where(article.c.id == bindparam("own")).values(story_id=bindparam("new_story_id"))
_NEXT_LEAD = (
    select(article.c.id, article.c.first_seen_at)
    .where(article.c.story_id == bindparam("story_id"))
    .order_by(article.c.first_seen_at, article.c.id)
    .limit(1)
)
_FIRST = (
    select(article.c.id)
    .where(article.c.story_id == bindparam("story_id"))
    .order_by(article.c.dated_at, article.c.id)
    .limit(1)
)
_SET_LEAD = (
    update(story)
    .where(story.c.id == bindparam("target"))
    .values(lead_article_id=bindparam("lead"), first_seen_at=bindparam("at"))
)
_SET_FIRST = update(story).where(story.c.id == bindparam("target")).values(first_article_id=bindparam("first"))


def _found_story(connection: Connection, own: Member) -> int:
    values = {"lead_article_id": own.id, "first_article_id": own.id, "first_seen_at": own.first_seen_at}
    return direct.insert_row(connection, story, values)


def _join(connection: Connection, home: _Story, own: Member, now: datetime) -> None:
    """Let the article lead the story if it was seen before the lead, and be its first copy if it is the oldest.

    Steps overtake each other, so one that comes later may have been seen before.
    """
    if (own.first_seen_at, own.id) < (home.first_seen_at, home.lead_article_id):
        connection.execute(_SET_LEAD, {"target": home.id, "lead": own.id, "at": own.first_seen_at})
    if (own.dated_at, own.id) < (home.dated_at, home.first_article_id):
        _set_first(connection, home.id, own.id, now)


def _leave(
    connection: Connection, old: _Story, own: Member, new_story_id: int, how: StoryChange, now: datetime
) -> None:
    """Take the article out of a story that has others; the next of them leads it, and is its first."""
    connection.execute(_LEAVE, {"own": own.id, "new_story_id": new_story_id})
    connection.execute(story_stay.insert(), {"article_id": own.id, "story_id": old.id, "until": now})
    _tell(connection, old.id, how, now, article_id=own.id, other_story_id=new_story_id)
    if old.lead_article_id == own.id:
        lead = connection.execute(_NEXT_LEAD, {"story_id": old.id}).one()
        connection.execute(_SET_LEAD, {"target": old.id, "lead": lead.id, "at": lead.first_seen_at})
    if old.first_article_id == own.id:
        _set_first(connection, old.id, connection.execute(_FIRST, {"story_id": old.id}).scalar_one(), now)


def redate(connection: Connection, own: Member, story_id: int, now: datetime) -> None:
    """Find out who is the first of the story, after the stored date of one of its articles has changed."""
    home = _resolve(connection, story_id)
    if home.first_article_id == own.id:
        first = connection.execute(_FIRST, {"story_id": home.id}).scalar_one()
    else:
        first = min((home.dated_at, home.first_article_id), (own.dated_at, own.id))[1]
    if first != home.first_article_id:
        _set_first(connection, home.id, first, now)


def _set_first(connection: Connection, story_id: int, first: int, now: datetime) -> None:
    connection.execute(_SET_FIRST, {"target": story_id, "first": first})
    _tell(connection, story_id, StoryChange.FIRST, now, article_id=first)


_DROP_ALIASES = delete(story_alias).where(story_alias.c.new == bindparam("old"))


def withdraw(connection: Connection, story_id: int, article_id: int, now: datetime) -> None:
    """Choose lead and first of a story anew that the article *article_id* belongs to no more; or let the story go.

    One that has no article is no story: neither are its aliases then. What is told of it stays.
    """
    home = _resolve(connection, story_id)
    lead = connection.execute(_NEXT_LEAD, {"story_id": home.id}).one_or_none()
    if lead is None:
        connection.execute(_DROP_ALIASES, {"old": home.id})
        connection.execute(_DROP, {"old": home.id})
        return
    if home.lead_article_id == article_id:
        connection.execute(_SET_LEAD, {"target": home.id, "lead": lead.id, "at": lead.first_seen_at})
    if home.first_article_id == article_id:
        _set_first(connection, home.id, connection.execute(_FIRST, {"story_id": home.id}).scalar_one(), now)


# --- merging ----------------------------------------------------------------------------------------

_MOVE_MEMBERS = update(article).where(article.c.story_id == bindparam("old")).values(story_id=bindparam("new"))
_END_STAYS = insert(story_stay).from_select(
    ["article_id", "story_id", "until"],
    select(article.c.id, article.c.story_id, bindparam("at", type_=UtcTime))
    .where(article.c.story_id == bindparam("old"))
    .order_by(article.c.id),
)
_MOVE_ALIASES = update(story_alias).where(story_alias.c.new == bindparam("merged")).values(new=bindparam("target"))
_DROP = delete(story).where(story.c.id == bindparam("old"))


def _merge(connection: Connection, stories: Iterable[_Story], now: datetime) -> _Story:
    """Make one story of all: the one with the least id. The others become aliases of it, with all their articles."""
    target, *others = sorted(stories)
    if not others:
        return target
    for old in others:
        connection.execute(_END_STAYS, {"old": old.id, "at": now})
        connection.execute(_MOVE_MEMBERS, {"old": old.id, "new": target.id})
        connection.execute(_MOVE_ALIASES, {"merged": old.id, "target": target.id})
        connection.execute(_DROP, {"old": old.id})
        connection.execute(story_alias.insert(), {"old": old.id, "new": target.id})
        _tell(connection, target.id, StoryChange.MERGED, now, other_story_id=old.id)
    seen_at, lead = min((each.first_seen_at, each.lead_article_id) for each in (target, *others))
    if lead != target.lead_article_id:
        connection.execute(_SET_LEAD, {"target": target.id, "lead": lead, "at": seen_at})
    dated_at, first = min((each.dated_at, each.first_article_id) for each in (target, *others))
    if first != target.first_article_id:
        _set_first(connection, target.id, first, now)
    return _Story(target.id, lead, seen_at, first, dated_at)


# --- stories of an archive ----------------------------------------------------------------------------

_HOME = select(article.c.story_id).where(article.c.id == bindparam("own"))


def story_of(connection: Connection, article_id: int) -> int:
    """The story of a stored article."""
    return int(connection.execute(_HOME, {"own": article_id}).scalar_one())


def found(connection: Connection, own: Member) -> int:
    """Make a story of an article that is to be placed in it; nothing is told of it."""
    return _found_story(connection, own)


def add_aliases(connection: Connection, story_id: int, count: int) -> None:
    """Let so many stories lead to this one, which became part of it in another database; their ids are new."""
    for _ in range(count):
        lead = connection.execute(_STORY.where(story.c.id == story_id)).one()
        values = {"lead_article_id": lead[1], "first_article_id": lead[3], "first_seen_at": lead[2]}
        # Given out and taken back, so that no story is ever called so.
        old = dialect.insert_row(connection, story, values)
        connection.execute(_DROP, {"old": old})
        connection.execute(story_alias.insert(), {"old": old, "new": story_id})


def settle(connection: Connection, story_id: int) -> None:
    """Find out who leads a story and who is its first, after articles of an archive were placed in it."""
    lead = connection.execute(_NEXT_LEAD, {"story_id": story_id}).one()
    connection.execute(_SET_LEAD, {"target": story_id, "lead": lead.id, "at": lead.first_seen_at})
    first = connection.execute(_FIRST, {"story_id": story_id}).scalar_one()
    connection.execute(_SET_FIRST, {"target": story_id, "first": first})


def unite(connection: Connection, story_ids: Iterable[int], now: datetime) -> int:
    """Make one story of these, and return it: the others lead to it, and its trail tells so."""
    return _merge(connection, {_resolve(connection, each) for each in story_ids}, now).id


# --- the trail --------------------------------------------------------------------------------------


def _tell(
    connection: Connection,
    story_id: int,
    kind: StoryChange,
    now: datetime,
    *,
    article_id: int | None = None,
    other_story_id: int | None = None,
) -> None:
    values = {
        "story_id": story_id,
        "kind": kind,
        "article_id": article_id,
        "other_story_id": other_story_id,
        "at": now,
    }
    connection.execute(story_change.insert(), values)
