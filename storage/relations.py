"""What articles are to each other: who an article's relatives are, and rows that come and retire."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Float, Integer, and_, bindparam, func, literal, or_, select, union_all, update

from ingest.copies.model import TURNED
from ingest.copies.ranking import MOST_CANDIDATES
from storage import dialect
from storage.tables import article, fingerprint, relation, story

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select, Update

    from ingest.copies.model import Relation

_OWN = bindparam("own", type_=relation.c.article_id.type)
_IN_FORCE = relation.c.retired_at.is_(None)
#: By the words that are stored.
_TURNED = {kind.value: turned.value for kind, turned in TURNED.items()}

# --- relatives --------------------------------------------------------------------------------------


def select_relatives(which: ColumnElement[bool] | None = None, *, with_lead: bool = True) -> Select[int, int, float]:
    """The relatives of the article that is given as "own", with what they are ordered by.

    First the lead of its story, then those that it was found to be related to, then those that were found to be
    related to it; the most alike first, and not more than are compared with an article.

    *which* may ask more of those that are related: it is a condition on their rows of `fingerprint` and `article`.
    Without *with_lead* the lead is a relative as they are, or not at all.
    """
    lead = (
        select(
            story.c.lead_article_id.label("id"),
            literal(0, Integer).label("nearness"),
            literal(1.0, Float).label("score"),
        )
        .join(article, article.c.story_id == story.c.id)
        .where(article.c.id == _OWN)
    )
    to = select(relation.c.other_id, literal(1, Integer), relation.c.score).where(
        relation.c.article_id == _OWN, _IN_FORCE
    )
    by = select(relation.c.article_id, literal(2, Integer), relation.c.score).where(
        relation.c.other_id == _OWN, _IN_FORCE
    )
    found = union_all(lead, to, by).subquery("found")
    nearness, score = func.min(found.c.nearness).label("nearness"), func.max(found.c.score).label("score")
    statement = select(found.c.id, nearness, score).where(found.c.id != _OWN)
    if which is not None:
        holds = select(1).select_from(fingerprint.join(article, article.c.id == fingerprint.c.article_id))
        holds = holds.where(fingerprint.c.article_id == found.c.id, which)
        holds_for_it = holds.correlate(found).exists()
        is_lead = found.c.nearness == 0
        statement = statement.where(or_(is_lead, holds_for_it) if with_lead else and_(~is_lead, holds_for_it))
    return statement.group_by(found.c.id).order_by(nearness, score.desc(), found.c.id).limit(MOST_CANDIDATES)


_RELATIVES = select_relatives()


def relatives_of(connection: Connection, article_id: int) -> frozenset[int]:
    """The relatives that `select_relatives` gives."""
    return frozenset(connection.execute(_RELATIVES, {"own": article_id}).scalars())


# --- rows -------------------------------------------------------------------------------------------

_RETIRE = update(relation).where(_IN_FORCE).values(retired_at=bindparam("now"))
_RETIRE_TO = _RETIRE.where(relation.c.article_id == _OWN)
_RETIRE_ALL_BY = _RETIRE.where(relation.c.other_id == _OWN)


@cache
def _retire_by(name: str) -> Update:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return _RETIRE_ALL_BY.where(relation.c.article_id.in_(select(wanted.c.value)))


def retire(connection: Connection, article_id: int, others: Iterable[int] | None, now: datetime) -> None:
    """Keep as history what the article's earlier version was to others, and what *others* (None: all) were to it."""
    connection.execute(_RETIRE_TO, {"own": article_id, "now": now})
    if others is None:
        connection.execute(_RETIRE_ALL_BY, {"own": article_id, "now": now})
    else:
        name = connection.dialect.name
        values = {"own": article_id, "now": now, "ids": dialect.pack(others, name)}
        connection.execute(_retire_by(name), values)


@cache
def _others(name: str) -> Select[int, int]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return select(article.c.id, article.c.version_id).join(wanted, wanted.c.value == article.c.id)


def add(connection: Connection, article_id: int, version_id: int, relations: Iterable[Relation], now: datetime) -> None:
    """Store what the article's version is to others. Raises LookupError for an article that does not exist."""
    by_other = {each.to: each for each in relations if each.to != article_id}
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
                "share": each.share,
                "other_share": each.other_share,
                "start": each.passage.start,
                "end": each.passage.end,
                "other_start": each.passage.other_start,
                "other_end": each.passage.other_end,
                "slots": [
                    {
                        "kind": slot.kind,
                        "start": slot.start,
                        "end": slot.end,
                        "other_start": slot.other_start,
                        "other_end": slot.other_end,
                    }
                    for slot in each.slots
                ],
                "created_at": now,
            }
            for each in by_other.values()
        ],
    )


# --- exchanging -------------------------------------------------------------------------------------


class Exchanged(NamedTuple):
    """How many relations came, were retired, and stayed as they are."""

    added: int = 0
    retired: int = 0
    same: int = 0


class _Told(NamedTuple):
    """A relation as one of its articles tells it."""

    kind: str
    score: float
    share: float
    other_share: float
    passage: tuple[int, int, int, int]
    #: in the order of that article's text
    slots: tuple[tuple[str, int, int, int, int], ...]


@cache
def _between(name: str) -> Select[*tuple[Any, ...]]:
    """The relations in force between an article and others, whoever tells them."""
    wanted = dialect.numbers("ids", name).alias("wanted")
    own = select(relation).join(wanted, wanted.c.value == relation.c.other_id).where(relation.c.article_id == _OWN)
    by = select(relation).join(wanted, wanted.c.value == relation.c.article_id).where(relation.c.other_id == _OWN)
    both = union_all(own.where(_IN_FORCE), by.where(_IN_FORCE)).subquery("both")
    return select(both).order_by(both.c.id)


_RETIRE_ONE = _RETIRE.where(relation.c.id == bindparam("row"))


def exchange(
    connection: Connection,
    article_id: int,
    version_id: int,
    compared: Collection[int],
    found: Collection[Relation],
    now: datetime,
) -> Exchanged:
    """Make *found* what the article is to the others that it was *compared* with.

    A relation that is known, as either of the two tells it, stays as it is. What is known of those that it was not
    compared with stays too.
    """
    name = connection.dialect.name
    packed = dialect.pack(compared, name)
    versions = {row.id: row.version_id for row in connection.execute(_others(name), {"ids": packed})}
    new = {each.to: each for each in found}
    gone: list[int] = []
    for row in connection.execute(_between(name), {"own": article_id, "ids": packed}):
        is_own = row.article_id == article_id
        other = row.other_id if is_own else row.article_id
        told = {article_id: version_id, other: versions[other]}
        is_current = (told[row.article_id], told[row.other_id]) == (row.version_id, row.other_version_id)
        wanted = new.get(other)
        if wanted is not None and is_current and _told_by(wanted) == _told_in(row, is_own=is_own):
            # A second row of the same pair has nothing to tell any more.
            del new[other]
        else:
            gone.append(row.id)
    kept = len(found) - len(new)
    if gone:
        connection.execute(_RETIRE_ONE, [{"row": ident, "now": now} for ident in gone])
    add(connection, article_id, version_id, new.values(), now)
    return Exchanged(added=len(new), retired=len(gone), same=kept)


def _told_by(found: Relation) -> _Told:
    passage = found.passage
    return _Told(
        kind=found.kind,
        score=found.score,
        share=found.share,
        other_share=found.other_share,
        passage=(passage.start, passage.end, passage.other_start, passage.other_end),
        slots=tuple((slot.kind, slot.start, slot.end, slot.other_start, slot.other_end) for slot in found.slots),
    )


def _told_in(row: Row[*tuple[Any, ...]], *, is_own: bool) -> _Told:
    """The relation of a row as the article tells it that has the row, or as the other one does."""
    slots = [(slot["kind"], slot["start"], slot["end"], slot["other_start"], slot["other_end"]) for slot in row.slots]
    if is_own:
        passage = (row.start, row.end, row.other_start, row.other_end)
        return _Told(row.kind, row.score, row.share, row.other_share, passage, tuple(slots))
    turned = [(kind, other_start, other_end, start, end) for kind, start, end, other_start, other_end in slots]
    return _Told(
        kind=_TURNED.get(row.kind, row.kind),
        score=row.score,
        share=row.other_share,
        other_share=row.share,
        passage=(row.other_start, row.other_end, row.start, row.end),
        slots=tuple(sorted(turned, key=lambda slot: slot[1])),
    )
