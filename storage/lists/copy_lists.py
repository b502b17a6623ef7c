"""Which articles a story has beside its lead, and what each is to the lead. Read only."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Integer, bindparam, case, distinct, func, or_, select

from ingest.copies.model import TURNED, RelationKind
from storage import dialect
from storage.lists import history
from storage.records import CopyRecord, RelationRecord, SlotRecord
from storage.tables import article, article_version, match, relation, topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Connection, FromClause, Select

#: By the words that are stored.
_INVERSE = {kind.value: turned.value for kind, turned in TURNED.items()}


def turn(kind: str) -> str:
    """What the other article is, when this one is a *kind* of it."""
    return _INVERSE.get(kind, kind)


class Member(NamedTuple):
    """An article that carries a story."""

    id: int
    story_id: int
    url: str
    source: str
    first_seen_at: datetime


class Standing(NamedTuple):
    """What an article is to the lead of its story, or else to the article there that it is most like."""

    kind: str | None = None
    score: float | None = None
    #: of its own text, and of the other's
    share: float | None = None
    other_share: float | None = None
    #: the id of that other article
    relative: int | None = None


class Carried(NamedTuple):
    """Who carries a story: its own articles, and composites of other stories."""

    members: list[tuple[Member, Standing]]
    guests: list[tuple[Member, Standing]]


class _Edge(NamedTuple):
    """`id` is a `kind` of `other`; the later of two has the higher `number`."""

    number: int
    id: int
    story_id: int
    other: int
    other_story_id: int
    kind: str
    score: float
    share: float
    other_share: float

    def seen_from(self, article_id: int) -> Standing:
        """The relation as that article tells it."""
        if article_id == self.id:
            return Standing(self.kind, self.score, self.share, self.other_share, self.other)
        return Standing(turn(self.kind), self.score, self.other_share, self.share, self.id)

    def told_by_other(self) -> _Edge:
        """The same with its two articles exchanged."""
        return _Edge(
            number=self.number,
            id=self.other,
            story_id=self.other_story_id,
            other=self.id,
            other_story_id=self.story_id,
            kind=turn(self.kind),
            score=self.score,
            share=self.other_share,
            other_share=self.share,
        )


# --- copies -----------------------------------------------------------------------------------------


#: Of two articles the composite is the one of which the other has the lesser part: it carries a second story. It need
#: not be the one that tells the relation: the later of two texts does, and a corrected text is a later one.
_TELLS_OF_ITSELF = relation.c.share <= relation.c.other_share


def copy_count(story_id: ColumnElement[int | None]) -> ColumnElement[int]:
    """How many copies `copies_of` gives for the story in a column of the enclosing statement."""
    member, guest = article.alias("member"), article.alias("guest")
    members = select(func.count()).select_from(member).where(member.c.story_id == story_id).scalar_subquery()
    tells = or_(
        (relation.c.other_id == member.c.id) & _TELLS_OF_ITSELF,
        (relation.c.article_id == member.c.id) & ~_TELLS_OF_ITSELF,
    )
    composite = case((_TELLS_OF_ITSELF, relation.c.article_id), else_=relation.c.other_id)
    guests = (
        select(func.count(distinct(guest.c.id)))
        .select_from(member.join(relation, tells))
        .join(guest, guest.c.id == composite)
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


_one, _other = article.alias("one"), article.alias("other")


def _select_edges(
    name: str, asked: FromClause, of: Column[int]
) -> Select[int, int, int, int, int, str, float, float, float]:
    """The relations that have an article of the stories as *of*; *asked* stands for the table of that article."""
    wanted = dialect.numbers("stories", name).alias("wanted")
    return (
        select(
            relation.c.id.label("number"),
            _one.c.id,
            _one.c.story_id,
            _other.c.id.label("other"),
            _other.c.story_id.label("other_story_id"),
            relation.c.kind,
            relation.c.score,
            relation.c.share,
            relation.c.other_share,
        )
        .select_from(wanted.join(asked, asked.c.story_id == wanted.c.value))
        .join(relation, of == asked.c.id)
        .where(relation.c.retired_at.is_(None))
    )


@cache
def _edges(name: str) -> Select[int, int, int, int, int, str, float, float, float]:
    """The relations that lead to an article of the stories."""
    return _select_edges(name, _other, relation.c.other_id).join(_one, _one.c.id == relation.c.article_id)


@cache
def _turned_edges(name: str) -> Select[int, int, int, int, int, str, float, float, float]:
    """The relations by which an article of the stories tells that another one is a composite of it."""
    told = _select_edges(name, _one, relation.c.article_id).join(_other, _other.c.id == relation.c.other_id)
    return told.where(
        relation.c.kind == RelationKind.COMPOSITE, ~_TELLS_OF_ITSELF, _one.c.story_id != _other.c.story_id
    )


def carried_by(connection: Connection, leads: Mapping[int, int]) -> dict[int, Carried]:
    """Who carries each story, given by id with its lead, in the order in which they were first seen; the lead too."""
    name = connection.dialect.name
    stories = {"stories": dialect.pack(leads, name)}
    members: dict[int, list[Member]] = defaultdict(list)
    for row in connection.execute(_members(name), stories):
        members[row.story_id].append(Member(**row._asdict()))
    inner: dict[int, list[_Edge]] = defaultdict(list)
    outer: dict[int, dict[int, _Edge]] = defaultdict(dict)
    for edge in _read_edges(connection, _edges(name), stories):
        if edge.story_id == edge.other_story_id:
            # By article, as a story may have thousands of both.
            inner[edge.id].append(edge)
            inner[edge.other].append(edge)
        elif edge.kind == RelationKind.COMPOSITE and edge.share <= edge.other_share:
            _keep_best(outer[edge.other_story_id], edge)
    for edge in _read_edges(connection, _turned_edges(name), stories):
        _keep_best(outer[edge.story_id], edge.told_by_other())
    guests = _guests(connection, {ident for edges in outer.values() for ident in edges})
    return {
        story_id: Carried(
            members=[(each, _standing(each.id, lead, inner[each.id])) for each in members[story_id]],
            guests=[(guests[edge.id], edge.seen_from(edge.id)) for edge in outer[story_id].values()],
        )
        for story_id, lead in leads.items()
    }


def _read_edges(
    connection: Connection, statement: Select[*tuple[Any, ...]], values: Mapping[str, object]
) -> Iterator[_Edge]:
    return (_Edge(**row._asdict()) for row in connection.execute(statement, values))


def _keep_best(composites: dict[int, _Edge], edge: _Edge) -> None:
    """Of the parts that a page has of a story, that tells most of which it has most."""
    known = composites.get(edge.id)
    if known is None or edge.score > known.score:
        composites[edge.id] = edge


def copies_of(carried: Carried, lead: int) -> tuple[CopyRecord, ...]:
    """The copies of a story beside its lead, in the order in which they were first seen."""
    others = [(member, standing) for member, standing in carried.members if member.id != lead]
    copies = [
        CopyRecord(
            article=member.id,
            url=member.url,
            source=member.source,
            kind=standing.kind,
            score=standing.score,
            first_seen=member.first_seen_at,
            share=standing.share,
            other_share=standing.other_share,
        )
        for member, standing in (*others, *carried.guests)
    ]
    return tuple(sorted(copies, key=lambda copy: (copy.first_seen, copy.article)))


def _guests(connection: Connection, ids: Iterable[int]) -> dict[int, Member]:
    name = connection.dialect.name
    rows = connection.execute(_articles(name), {"ids": dialect.pack(ids, name)})
    return {row.id: Member(**row._asdict()) for row in rows}


def _standing(member: int, lead: int, edges: Iterable[_Edge]) -> Standing:
    """What *member* is to the lead, else to the article of the story that it is most like; *edges* are its own."""
    seen = [(edge, edge.seen_from(member)) for edge in edges] if member != lead else []
    if not seen:
        return Standing()
    # Of two relations with the lead, the later one was found between the later texts.
    with_lead = [pair for pair in seen if pair[1].relative == lead]
    if with_lead:
        return max(with_lead, key=lambda pair: pair[0].number)[1]
    return max(seen, key=lambda pair: pair[0].score)[1]


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


def _outgoing() -> Select[*tuple[Any, ...]]:
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
            relation.c.share,
            relation.c.other_share,
            relation.c.slots,
        )
        .select_from(relation)
        .join(article, article.c.id == relation.c.other_id)
        .join(article_version, article_version.c.id == relation.c.version_id)
        .where(relation.c.article_id == bindparam("own"))
        .order_by(relation.c.score.desc(), relation.c.id)
    )


def _incoming() -> Select[*tuple[Any, ...]]:
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
            relation.c.other_share.label("share"),
            relation.c.share.label("other_share"),
            relation.c.slots,
        )
        .select_from(relation)
        .join(article, article.c.id == relation.c.article_id)
        .join(article_version, article_version.c.id == relation.c.other_version_id)
        .where(relation.c.other_id == bindparam("own"))
        .order_by(relation.c.score.desc(), relation.c.id)
    )


def relations_of(connection: Connection, article_id: int, as_of: datetime | None = None) -> tuple[RelationRecord, ...]:
    """What an article is to others, or was at that moment.

    First what it was found to be itself, then what later ones are to it.
    """
    holds: ColumnElement[bool] = relation.c.retired_at.is_(None)
    if as_of is not None:
        holds = history.in_force(relation.c.created_at, relation.c.retired_at)
    values: dict[str, object] = {"own": article_id} if as_of is None else {"own": article_id, "as_of": as_of}
    found: list[RelationRecord] = []
    for statement, is_incoming in ((_outgoing(), False), (_incoming(), True)):
        for row in connection.execute(statement.where(holds), values):
            fields = row._asdict()
            text = fields.pop("text")
            slots = tuple(SlotRecord(**slot) for slot in fields.pop("slots"))
            if is_incoming:
                fields["kind"] = turn(fields["kind"])
                slots = tuple(map(_turn_slot, slots))
            fields["slots"] = tuple(sorted(slots, key=lambda slot: slot.start))
            found.append(RelationRecord(**fields, passage=text[row.start : row.end]))
    return tuple(found)


def _turn_slot(slot: SlotRecord) -> SlotRecord:
    return SlotRecord(
        kind=slot.kind,
        start=slot.other_start,
        end=slot.other_end,
        other_start=slot.start,
        other_end=slot.end,
    )
