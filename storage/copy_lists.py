"""Which articles a story has beside its lead, and what each is to the lead. Read only."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Integer, bindparam, distinct, func, select

from ingest.model import RelationKind
from storage import dialect
from storage.records import CopyRecord, RelationRecord
from storage.tables import article, article_version, match, relation, topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

#: What the other article is, when this one is a … of it.
_INVERSE = {
    RelationKind.EXCERPT.value: RelationKind.EXTENDED.value,
    RelationKind.EXTENDED.value: RelationKind.EXCERPT.value,
}


def _inverse(kind: str) -> str:
    return _INVERSE.get(kind, kind)


class _Member(NamedTuple):
    id: int
    story_id: int
    url: str
    source: str
    first_seen_at: datetime


class _Edge(NamedTuple):
    """`id` is a `kind` of `other`; the later of two has the higher `number`."""

    number: int
    id: int
    story_id: int
    other: int
    other_story_id: int
    kind: str
    score: float


# --- copies -----------------------------------------------------------------------------------------


def copy_count(story_id: ColumnElement[int | None]) -> ColumnElement[int]:
    """How many copies `copies_of` gives for the story in a column of the enclosing statement."""
    member, guest = article.alias("member"), article.alias("guest")
    members = select(func.count()).select_from(member).where(member.c.story_id == story_id).scalar_subquery()
    guests = (
        select(func.count(distinct(guest.c.id)))
        .select_from(member.join(relation, relation.c.other_id == member.c.id))
        .join(guest, guest.c.id == relation.c.article_id)
        .where(
            member.c.story_id == story_id,
            guest.c.story_id != story_id,
            relation.c.kind == RelationKind.COMPOSITE,
            relation.c.retired_at.is_(None),
        )
        .scalar_subquery()
    )
    return members.cast(Integer) - 1 + guests


@cache
def _members(name: str) -> Select[int, int, str, str, datetime]:
    wanted = dialect.numbers("stories", name).alias("wanted")
    return (
        select(article.c.id, article.c.story_id, article.c.url, article.c.source, article.c.first_seen_at)
        .join(wanted, wanted.c.value == article.c.story_id)
        .order_by(article.c.first_seen_at, article.c.id)
    )


@cache
def _articles(name: str) -> Select[int, int, str, str, datetime]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return select(article.c.id, article.c.story_id, article.c.url, article.c.source, article.c.first_seen_at).join(
        wanted, wanted.c.value == article.c.id
    )


@cache
def _edges(name: str) -> Select[int, int, int, int, int, str, float]:
    """The relations that lead to an article of the stories."""
    wanted = dialect.numbers("stories", name).alias("wanted")
    one, other = article.alias("one"), article.alias("other")
    return (
        select(
            relation.c.id.label("number"),
            one.c.id,
            one.c.story_id,
            other.c.id.label("other"),
            other.c.story_id.label("other_story_id"),
            relation.c.kind,
            relation.c.score,
        )
        .select_from(wanted.join(other, other.c.story_id == wanted.c.value))
        .join(relation, relation.c.other_id == other.c.id)
        .join(one, one.c.id == relation.c.article_id)
        .where(relation.c.retired_at.is_(None))
    )


def copies_of(connection: Connection, leads: Mapping[int, int]) -> dict[int, tuple[CopyRecord, ...]]:
    """The copies of each story, given by id with its lead, in the order in which they were first seen."""
    name = connection.dialect.name
    stories = {"stories": dialect.pack(leads, name)}
    members: dict[int, list[_Member]] = defaultdict(list)
    for row in connection.execute(_members(name), stories):
        members[row.story_id].append(_Member(**row._asdict()))
    inner: dict[int, list[_Edge]] = defaultdict(list)
    outer: dict[int, dict[int, _Edge]] = defaultdict(dict)
    for edge in (_Edge(**row._asdict()) for row in connection.execute(_edges(name), stories)):
        if edge.story_id == edge.other_story_id:
            inner[edge.story_id].append(edge)
        elif edge.kind == RelationKind.COMPOSITE:
            known = outer[edge.other_story_id].get(edge.id)
            if known is None or edge.score > known.score:
                outer[edge.other_story_id][edge.id] = edge
    guests = _guests(connection, {ident for edges in outer.values() for ident in edges})
    copies: dict[int, tuple[CopyRecord, ...]] = {}
    for story_id, lead in leads.items():
        own = [_copy(each, *_what(each.id, lead, inner[story_id])) for each in members[story_id] if each.id != lead]
        marked = [_copy(guests[edge.id], edge.kind, edge.score) for edge in outer[story_id].values()]
        copies[story_id] = tuple(sorted((*own, *marked), key=lambda copy: (copy.first_seen, copy.article)))
    return copies


def _guests(connection: Connection, ids: Iterable[int]) -> dict[int, _Member]:
    name = connection.dialect.name
    rows = connection.execute(_articles(name), {"ids": dialect.pack(ids, name)})
    return {row.id: _Member(**row._asdict()) for row in rows}


def _what(member: int, lead: int, edges: Iterable[_Edge]) -> tuple[str | None, float | None]:
    """Kind and score of *member* relative to the lead, else to the article of the story that it is most like."""
    seen = [
        (edge.other if edge.id == member else edge.id, edge, edge.kind if edge.id == member else _inverse(edge.kind))
        for edge in edges
        if member in {edge.id, edge.other}
    ]
    if not seen:
        return None, None
    # Of two relations with the lead, the later one was found between the later texts.
    _, edge, kind = max(seen, key=lambda s: (s[0] == lead, s[1].number if s[0] == lead else s[1].score))
    return kind, edge.score


def _copy(member: _Member, kind: str | None, score: float | None) -> CopyRecord:
    return CopyRecord(
        article=member.id,
        url=member.url,
        source=member.source,
        kind=kind,
        score=score,
        first_seen=member.first_seen_at,
    )


# --- topics -----------------------------------------------------------------------------------------


@cache
def _topics(name: str) -> Select[int, str]:
    wanted = dialect.numbers("stories", name).alias("wanted")
    return (
        select(article.c.story_id, topic.c.name)
        .select_from(wanted.join(article, article.c.story_id == wanted.c.value))
        .join(match, match.c.version_id == article.c.version_id)
        .join(topic, topic.c.id == match.c.topic_id)
        .where(match.c.retired_at.is_(None))
        .distinct()
        .order_by(topic.c.name)
    )


def topics_of(connection: Connection, stories: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The topics that any article of each story matches, by name."""
    name = connection.dialect.name
    ids = tuple(stories)
    found: dict[int, list[str]] = {ident: [] for ident in ids}
    for story_id, topic_name in connection.execute(_topics(name), {"stories": dialect.pack(ids, name)}):
        found[story_id].append(topic_name)
    return {ident: tuple(names) for ident, names in found.items()}


# --- relations of one article -----------------------------------------------------------------------


def _outgoing() -> Select[int, str, str, str, float, str, int, int, int, int]:
    return (
        select(
            article.c.id.label("article"),
            article.c.url,
            article.c.source,
            relation.c.kind,
            relation.c.score,
            article_version.c.text,
            relation.c.start,
            relation.c.end,
            relation.c.other_start,
            relation.c.other_end,
        )
        .select_from(relation)
        .join(article, article.c.id == relation.c.other_id)
        .join(article_version, article_version.c.id == relation.c.version_id)
        .where(relation.c.article_id == bindparam("own"), relation.c.retired_at.is_(None))
        .order_by(relation.c.score.desc(), relation.c.id)
    )


def _incoming() -> Select[int, str, str, str, float, str, int, int, int, int]:
    return (
        select(
            article.c.id.label("article"),
            article.c.url,
            article.c.source,
            relation.c.kind,
            relation.c.score,
            article_version.c.text,
            relation.c.other_start.label("start"),
            relation.c.other_end.label("end"),
            relation.c.start.label("other_start"),
            relation.c.end.label("other_end"),
        )
        .select_from(relation)
        .join(article, article.c.id == relation.c.article_id)
        .join(article_version, article_version.c.id == relation.c.other_version_id)
        .where(relation.c.other_id == bindparam("own"), relation.c.retired_at.is_(None))
        .order_by(relation.c.score.desc(), relation.c.id)
    )


def relations_of(connection: Connection, article_id: int) -> tuple[RelationRecord, ...]:
    """What an article is to others: first what it was found to be itself, then what later ones are to it."""
    found: list[RelationRecord] = []
    for statement, is_incoming in ((_outgoing(), False), (_incoming(), True)):
        for row in connection.execute(statement, {"own": article_id}):
            values = row._asdict()
            text = values.pop("text")
            if is_incoming:
                values["kind"] = _inverse(values["kind"])
            found.append(RelationRecord(**values, passage=text[row.start : row.end]))
    return tuple(found)
