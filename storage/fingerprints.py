"""Which stored articles share word sequences with a new one.

They are found by `storage.postings`; which of them come first is said by `ingest.copies.ranking`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace as replace_in
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, func, not_, or_, select, update

from ingest.copies.model import Candidate, Candidates
from ingest.copies.ranking import MOST_CANDIDATES, least_shared, rank
from ingest.errors import Conflict
from ingest.model import so_long_before
from storage import dialect, direct, postings, relations, sites
from storage.postings import POSTED, POSTED_AT_ONCE, pack, unpack
from storage.tables import article, article_version, fingerprint, story
from storage.upkeep.reach import DISORDER, LAST_BEFORE, hashes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select

    from ingest.copies.model import Fingerprint
    from storage.postings import Hit, Tail
    from storage.sites import Sites

# --- looking up -------------------------------------------------------------------------------------

_SEEN = select(func.coalesce(func.max(fingerprint.c.id), 0))
_ROW = (
    article.c.id.label("article_id"),
    article.c.story_id,
    story.c.lead_article_id,
    article.c.source,
    article_version.c.title,
    article_version.c.text,
    fingerprint.c.hashes,
)


def _joined(source: FromClause) -> FromClause:
    """The current versions of the articles whose fingerprints are in *source*."""
    return (
        source.join(article, article.c.id == fingerprint.c.article_id)
        .join(story, story.c.id == article.c.story_id)
        .join(article_version, article_version.c.id == fingerprint.c.version_id)
    )


@cache
def _rows(name: str) -> Select[*tuple[Any, ...]]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return (
        select(fingerprint.c.id, *_ROW)
        .select_from(_joined(wanted.join(fingerprint, fingerprint.c.id == wanted.c.value)))
        .where(
            # Not by its index: nearly all have the same one.
            fingerprint.c.alg + 0 == bindparam("alg"),
            article.c.first_seen_at >= bindparam("since"),
            article.c.id != bindparam("without"),
        )
    )


def _select_relatives(which: ColumnElement[bool] | None = None, *, with_lead: bool = True) -> Select[*tuple[Any, ...]]:
    relatives = relations.select_relatives(which, with_lead=with_lead).subquery("relatives")
    return (
        select(fingerprint.c.alg, *_ROW)
        .select_from(_joined(relatives.join(fingerprint, fingerprint.c.article_id == relatives.c.id)))
        .order_by(relatives.c.nearness, relatives.c.score.desc(), relatives.c.id)
    )


_RELATIVES = _select_relatives()
#: Of the relatives those that came before the fingerprint "before", or were first seen before "span".
_IS_EARLIER = or_(fingerprint.c.id < bindparam("before"), article.c.first_seen_at < bindparam("span"))
_EARLIER_RELATIVES = _select_relatives(_IS_EARLIER, with_lead=False)
_LATER_RELATIVES = _select_relatives(not_(_IS_EARLIER))


def candidates(
    connection: Connection,
    tail: Tail,
    known: Sites,
    taken: Fingerprint,
    *,
    site: str,
    since: datetime,
    known_as: int | None,
) -> Candidates:
    """The articles most like *taken*, the best first; before them its relatives. See `ports.Store.candidates`."""
    seen, posted, floor = direct.rows(connection, _BOUNDS, {"before": so_long_before(since, DISORDER)})[0]
    found: dict[int, _Found] = {}
    if known_as is not None:
        found |= _relatives(connection, _RELATIVES, taken, {"own": known_as})
    if taken.hashes and len(found) < MOST_CANDIDATES:
        own = _without_furniture(taken, known.furniture_among(connection, [(site, taken.hashes)]))
        hits = tail.find(connection, own.hashes, posted=posted, seen=seen)
        if posted > floor:
            hits += postings.find(connection, own.hashes, floor=floor, before=seen + 1)
        _add_ranked(connection, found, own, hits, since=since, without=known_as or 0)
    return _tell(found, seen, lambda pages: known.furniture_among(connection, pages), taken, site)


def _without_furniture(taken: Fingerprint, furniture: frozenset[int]) -> Fingerprint:
    """Pages of a site share its furniture, and would take the places of those that share a story."""
    return replace_in(taken, hashes=tuple(number for number in taken.hashes if number not in furniture))


def _tell(
    found: dict[int, _Found],
    seen: int,
    furniture_among: Callable[[Sequence[tuple[str, Iterable[int]]]], frozenset[int]],
    taken: Fingerprint,
    site: str,
) -> Candidates:
    pages = [(site, taken.hashes), *((each.candidate.source, each.hashes) for each in found.values())]
    return Candidates(
        rows=tuple(each.candidate for each in found.values()),
        seen=seen,
        furniture=furniture_among(pages) if found else frozenset(),
    )


_BOUNDS = select(
    _SEEN.scalar_subquery().label("seen"),
    POSTED.scalar_subquery().label("posted"),
    func.coalesce(LAST_BEFORE.scalar_subquery(), 0).label("floor"),
)


class _Found(NamedTuple):
    candidate: Candidate
    hashes: tuple[int, ...]


def _relatives(
    connection: Connection, statement: Select[*tuple[Any, ...]], taken: Fingerprint, values: Mapping[str, object]
) -> dict[int, _Found]:
    own = frozenset(taken.hashes)
    found = {}
    for row in connection.execute(statement, values):
        hashes = hashes_of(row)
        # All where it is unknown how many are shared, so that its text is compared.
        shared = len(own.intersection(hashes) if row.alg == taken.alg else own)
        found[row.article_id] = _read_row(row, hashes, shared)
    return found


def _add_ranked(
    connection: Connection,
    found: dict[int, _Found],
    taken: Fingerprint,
    hits: Iterable[Hit],
    *,
    since: datetime,
    without: int,
) -> None:
    """Add the owners of *hits* to what was found, the best first, up to MOST_CANDIDATES."""
    owners: defaultdict[int, list[int]] = defaultdict(list)
    for number, owner in hits:
        owners[number].append(owner)
    ranked = rank(owners.values(), len(taken.hashes))
    name = connection.dialect.name
    # Rows of another algorithm, of older articles and of the article itself fall out only here.
    for start in range(0, len(ranked), MOST_CANDIDATES):
        some = ranked[start : start + MOST_CANDIDATES]
        ids = dialect.pack((each.owner for each in some), name)
        values = {"ids": ids, "alg": taken.alg, "since": since, "without": without}
        rows = {row.id: row for row in direct.rows(connection, _rows(name), values)}
        for owner, shared in some:
            row = rows.get(owner)
            if row is not None:
                found.setdefault(row.article_id, _read_row(row, unpack(row.hashes), shared))
                if len(found) == MOST_CANDIDATES:
                    return


def _read_row(row: Row[*tuple[Any, ...]], hashes: tuple[int, ...], shared: int) -> _Found:
    candidate = Candidate(
        article_id=row.article_id,
        story_id=row.story_id,
        is_lead=row.article_id == row.lead_article_id,
        source=row.source,
        title=row.title,
        text=row.text,
        shared=shared,
    )
    return _Found(candidate, hashes)


# --- looking up once more ---------------------------------------------------------------------------


class Place(NamedTuple):
    """Where a stored article stands among the others when it is compared once more."""

    article_id: int
    fingerprint_id: int
    #: host of its page
    site: str
    #: articles first seen before then are not looked for
    since: datetime
    #: articles first seen before then are not compared once more, whatever their fingerprint
    span: datetime


def earlier(connection: Connection, taken: Fingerprint, place: Place) -> Candidates:
    """What `candidates` would have told of a stored article when it came in, and what it was related to by then.

    All fingerprints before its own must have postings.
    """
    floor = connection.execute(LAST_BEFORE, {"before": so_long_before(place.since, DISORDER)}).scalar() or 0
    found: dict[int, _Found] = {}
    if taken.hashes:
        own = _without_furniture(taken, sites.furniture_among(connection, [(place.site, taken.hashes)]))
        hits = postings.find(connection, own.hashes, floor=floor, before=place.fingerprint_id)
        _add_ranked(connection, found, own, hits, since=place.since, without=place.article_id)
    # Beside the others, not in place of some: what an article was must not decide with what it is compared.
    found = _relatives(connection, _EARLIER_RELATIVES, taken, _bounds(place)) | found
    return _tell_once_more(connection, found, taken, place)


def later(connection: Connection, taken: Fingerprint, place: Place, compared: Container[int]) -> Candidates:
    """Its relatives that will be compared with it when it is their turn, and the lead of its story.

    Not those that it was *compared* with.
    """
    found = _relatives(connection, _LATER_RELATIVES, taken, _bounds(place))
    others = {article_id: each for article_id, each in found.items() if article_id not in compared}
    return _tell_once_more(connection, others, taken, place)


def _bounds(place: Place) -> dict[str, object]:
    return {"own": place.article_id, "before": place.fingerprint_id, "span": place.span}


def _tell_once_more(connection: Connection, found: dict[int, _Found], taken: Fingerprint, place: Place) -> Candidates:
    def among(pages: Iterable[tuple[str, Iterable[int]]]) -> frozenset[int]:
        return sites.furniture_among(connection, pages)

    return _tell(found, place.fingerprint_id - 1, among, taken, place.site)


# --- storing ----------------------------------------------------------------------------------------

_NEWER = (
    select(fingerprint.c.id, fingerprint.c.article_id, fingerprint.c.hashes)
    .where(
        fingerprint.c.id > bindparam("seen"),
        fingerprint.c.alg == bindparam("alg"),
        fingerprint.c.article_id != bindparam("own"),
    )
    .order_by(fingerprint.c.id)
)


def refuse_if_newer(connection: Connection, taken: Fingerprint, seen: int, article_id: int | None) -> None:
    """Raise Conflict when another article that `candidates` would have shown was stored after *seen*."""
    rows = direct.rows(connection, _NEWER, {"seen": seen, "alg": taken.alg, "own": article_id or 0})
    if not rows:
        return
    hashes = frozenset(taken.hashes)
    least = least_shared(len(hashes))
    relatives = frozenset() if article_id is None else relations.relatives_of(connection, article_id)
    for row in rows:
        if row.article_id in relatives or len(hashes.intersection(unpack(row.hashes))) >= least:
            raise Conflict(f"fingerprint {row.id} came in after {seen}")


_OLD = select(fingerprint.c.id, fingerprint.c.hashes).where(fingerprint.c.article_id == bindparam("article_id"))
_DROP = delete(fingerprint).where(fingerprint.c.id == bindparam("old_id"))


def replace(connection: Connection, article_id: int, version_id: int, taken: Fingerprint, now: datetime) -> None:
    """Make *taken* the fingerprint of the article, in place of that of an earlier version."""
    drop(connection, article_id)
    add(connection, article_id, version_id, taken, now)


def drop(connection: Connection, article_id: int) -> None:
    """Delete the fingerprint of the article, so that nobody is compared with it."""
    old = connection.execute(_OLD, {"article_id": article_id}).first()
    if old is not None:
        postings.drop(connection, ((number, old.id) for number in unpack(old.hashes)))
        connection.execute(_DROP, {"old_id": old.id})


def add(connection: Connection, article_id: int, version_id: int, taken: Fingerprint, now: datetime) -> None:
    """Store the fingerprint of an article that has none."""
    values = {
        "article_id": article_id,
        "version_id": version_id,
        "alg": taken.alg,
        "hashes": pack(taken.hashes),
        "title": taken.title,
        "created_at": now,
    }
    own_id = direct.insert_row(connection, fingerprint, values)
    if own_id % POSTED_AT_ONCE == 0:
        postings.write_up_to(connection, own_id)


class Exchanged(NamedTuple):
    """A stored fingerprint, what it is now and what it was."""

    id: int
    taken: Fingerprint
    hashes: tuple[int, ...]


_EXCHANGE = (
    update(fingerprint)
    .where(fingerprint.c.id == bindparam("own"))
    .values(alg=bindparam("new_alg"), hashes=bindparam("new_hashes"), title=bindparam("new_title"))
)


def exchange(connection: Connection, exchanged: Sequence[Exchanged]) -> None:
    """Exchange fingerprints that have postings, with these; their ids stay."""
    values = [
        {
            "own": each.id,
            "new_alg": each.taken.alg,
            "new_hashes": pack(each.taken.hashes),
            "new_title": each.taken.title,
        }
        for each in exchanged
    ]
    if values:
        connection.execute(_EXCHANGE, values)
        old = {(number, each.id) for each in exchanged for number in each.hashes}
        new = {(number, each.id) for each in exchanged for number in each.taken.hashes}
        postings.drop(connection, old - new)
        postings.add(connection, new - old)
