"""Which story an article belongs to, and what it is to other articles."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select, update

from storage import dialect
from storage.tables import article, relation, story, story_alias

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Select

    from ingest.model import Placement, Relation

_BY_ID = select(story.c.id).where(story.c.id == bindparam("story_id"))
_BY_ALIAS = select(story_alias.c.new).where(story_alias.c.old == bindparam("story_id"))


def resolve(connection: Connection, story_id: int) -> int:
    """The story with this id, or the one that it turned out to be. Raises LookupError."""
    for statement in (_BY_ID, _BY_ALIAS):
        found: int | None = connection.execute(statement, {"story_id": story_id}).scalar()
        if found is not None:
            return found
    raise LookupError(f"no story {story_id}")


_MEMBERS = select(func.count()).where(article.c.story_id == bindparam("story_id"))


def place_new(connection: Connection, article_id: int, first_seen_at: datetime, placement: Placement) -> int:
    """Return the story that a new article belongs to: the placement's, or one of its own with itself as lead."""
    if placement.story_id is None:
        return _new_story(connection, article_id, first_seen_at)
    home = resolve(connection, placement.story_id)
    merge(connection, placement.merges, home)
    # Steps overtake each other: this one may have begun before that of the lead.
    connection.execute(_EARLIER_LEAD, {"target": home, "lead": article_id, "at": first_seen_at})
    return home


def place_again(connection: Connection, old: int, placement: Placement) -> int:
    """Return the story that an article of the story *old* belongs to with its new version.

    It stays where it is, unless it was alone there: then it follows its placement, and its old story
    becomes an alias.
    """
    if placement.story_id is None:
        return old
    target = resolve(connection, placement.story_id)
    merged = {target}
    if connection.execute(_MEMBERS, {"story_id": old}).scalar_one() == 1:
        merged.add(old)
    merge(connection, (*placement.merges, *sorted(merged - {target})), target)
    return resolve(connection, old)


def _new_story(connection: Connection, article_id: int, first_seen_at: datetime) -> int:
    values = {"lead_article_id": article_id, "first_seen_at": first_seen_at}
    return dialect.insert_row(connection, story, values)


_MOVE_MEMBERS = update(article).where(article.c.story_id == bindparam("old")).values(story_id=bindparam("new"))
_MOVE_ALIASES = update(story_alias).where(story_alias.c.new == bindparam("merged")).values(new=bindparam("target"))
_DROP = delete(story).where(story.c.id == bindparam("old"))
_FIRST = (
    select(article.c.id, article.c.first_seen_at)
    .where(article.c.story_id == bindparam("story_id"))
    .order_by(article.c.first_seen_at, article.c.id)
    .limit(1)
)
_LEAD = (
    update(story)
    .where(story.c.id == bindparam("target"))
    .values(lead_article_id=bindparam("lead"), first_seen_at=bindparam("at"))
)

_EARLIER_LEAD = _LEAD.where(story.c.first_seen_at > bindparam("at"))


def merge(connection: Connection, olds: Iterable[int], target: int) -> None:
    """Make the stories *olds* aliases of *target*, with all their articles; those merged already are left."""
    is_merged = False
    for given in olds:
        old = resolve(connection, given)
        if old == target:
            continue
        is_merged = True
        connection.execute(_MOVE_MEMBERS, {"old": old, "new": target})
        connection.execute(_MOVE_ALIASES, {"merged": old, "target": target})
        connection.execute(_DROP, {"old": old})
        connection.execute(story_alias.insert(), {"old": old, "new": target})
    if is_merged:
        set_lead(connection, target)


def set_lead(connection: Connection, story_id: int) -> None:
    """Make the first article seen of the story its lead."""
    first = connection.execute(_FIRST, {"story_id": story_id}).one()
    connection.execute(_LEAD, {"target": story_id, "lead": first.id, "at": first.first_seen_at})


# --- relations --------------------------------------------------------------------------------------

_RETIRE = (
    update(relation)
    .where(relation.c.article_id == bindparam("own"), relation.c.retired_at.is_(None))
    .values(retired_at=bindparam("now"))
)


@cache
def _others(name: str) -> Select[int, int]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return select(article.c.id, article.c.version_id).join(wanted, wanted.c.value == article.c.id)


def retire_relations(connection: Connection, article_id: int, now: datetime) -> None:
    """Keep the relations of the article's earlier version as history."""
    connection.execute(_RETIRE, {"own": article_id, "now": now})


def add_relations(
    connection: Connection, article_id: int, version_id: int, relations: Iterable[Relation], now: datetime
) -> None:
    """Store what the article's version is to others. Raises LookupError for an article that does not exist."""
    by_other = {each.to: each for each in relations}
    if not by_other:
        return
    name = connection.dialect.name
    packed = dialect.pack(by_other, name)
    versions = {row.id: row.version_id for row in connection.execute(_others(name), {"ids": packed})}
    missing = by_other.keys() - versions.keys()
    if missing:
        raise LookupError(f"no article {min(missing)}")
    connection.execute(
        relation.insert(),
        [
            {
                "article_id": article_id,
                "version_id": version_id,
                "other_id": each.to,
                "other_version_id": versions[each.to],
                "kind": each.kind,
                "score": each.score,
                "start": each.passage.start,
                "end": each.passage.end,
                "other_start": each.passage.other_start,
                "other_end": each.passage.other_end,
                "created_at": now,
            }
            for each in by_other.values()
        ],
    )
