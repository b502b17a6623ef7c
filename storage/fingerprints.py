"""Which stored articles share word sequences with a new one.

A fingerprint is about a hundred sampled hashes; a posting says that a fingerprint has a hash. Candidates
are weighted by the rarity of what they share, so that common furniture counts little.
"""

from __future__ import annotations

import struct
import threading
from collections import Counter, defaultdict
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, bindparam, delete, func, select

from ingest.errors import Conflict
from ingest.model import Candidate, Candidates
from storage import dialect
from storage.tables import article, article_version, fingerprint, posting, posting_state, story

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Insert, Row, Select

    from ingest.model import Fingerprint

#: Of a hash that many articles have, only the newest ones are looked at.
NEWEST_PER_HASH = 50

#: No more candidates than this are compared with an article.
MOST_CANDIDATES = 25

#: Of a fingerprint with more than FEW_HASHES, a single shared hash is chance: `copies.story` would not look
#: at such a candidate (a test holds the two together), and not to fetch its text saves most of the work.
FEW_HASHES = 12
LEAST_SHARED = 2


#: So many fingerprints are collected before their postings are written, see `tables.posting`.
POSTED_AT_ONCE = 256


class _Hit(NamedTuple):
    """A stored fingerprint has one of the hashes that are looked up."""

    hash: int
    owner: int


def _least_shared(taken: Fingerprint) -> int:
    return LEAST_SHARED if len(taken.hashes) > FEW_HASHES else 1


def _pack(hashes: Iterable[int]) -> bytes:
    numbers = tuple(hashes)
    return struct.pack(f">{len(numbers)}q", *numbers)


def _unpack(hashes: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(hashes) // 8}q", hashes)


# --- looking up -------------------------------------------------------------------------------------

_POSTED = select(func.coalesce(select(posting_state.c.upto).scalar_subquery(), 0))
_SEEN = select(func.coalesce(func.max(fingerprint.c.id), 0))
_AFTER = (
    select(fingerprint.c.id, fingerprint.c.hashes)
    .where(fingerprint.c.id > bindparam("after"), fingerprint.c.id <= bindparam("last"))
    .order_by(fingerprint.c.id)
)
#: An article first seen at a time has no fingerprint from before, so the walks end at the last one from before.
_FLOOR = (
    select(fingerprint.c.id)
    .where(fingerprint.c.created_at < bindparam("before"))
    .order_by(fingerprint.c.created_at.desc())
    .limit(1)
)
#: Ids and times grow together, but for steps that overtake each other, and a clock that is set back.
_DISORDER = timedelta(days=1)


class Tail:
    """The fingerprints that have no postings yet, by hash, in memory: what the database holds, read once.

    A look-up adds what came in since the last one. It never sees more than its own transaction does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._posted = -1
        self._last = 0
        self._owners: defaultdict[int, list[int]] = defaultdict(list)

    def find(self, connection: Connection, hashes: Iterable[int], *, posted: int, seen: int) -> list[_Hit]:
        """The fingerprints after *posted*, up to *seen*, that have any of *hashes*."""
        with self._lock:
            if posted < self._posted:
                # This transaction began before the postings were written that the others see.
                owners: defaultdict[int, list[int]] = defaultdict(list)
                _read_after(connection, owners, posted, seen)
            else:
                if posted > self._posted:
                    self._owners.clear()
                    self._posted = self._last = posted
                if seen > self._last:
                    _read_after(connection, self._owners, self._last, seen)
                    self._last = seen
                owners = self._owners
            return [_Hit(number, owner) for number in hashes for owner in owners.get(number, ()) if owner <= seen]


def _read_after(connection: Connection, owners: defaultdict[int, list[int]], after: int, last: int) -> None:
    for row in connection.execute(_AFTER, {"after": after, "last": last}):
        for number in _unpack(row.hashes):
            owners[number].append(row.id)


@cache
def _hits(name: str) -> Select[int, int]:
    """Hash and fingerprint, the newest of each hash: two walks of at most NEWEST_PER_HASH steps for each."""
    wanted = dialect.numbers("hashes", name).alias("wanted")
    newer = posting.alias("newer")
    oldest_of_newest = (
        select(newer.c.fingerprint_id)
        .where(newer.c.hash == wanted.c.value)
        .order_by(newer.c.fingerprint_id.desc())
        .limit(1)
        .offset(NEWEST_PER_HASH - 1)
        .correlate(wanted)
        .scalar_subquery()
    )
    return (
        select(posting.c.hash, posting.c.fingerprint_id)
        .select_from(wanted.join(posting, posting.c.hash == wanted.c.value))
        .where(posting.c.fingerprint_id >= func.coalesce(oldest_of_newest, bindparam("floor")))
        .where(posting.c.fingerprint_id > bindparam("floor"))
    )


@cache
def _rows(name: str) -> Select[int, int, int, int, str, str]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return (
        select(
            fingerprint.c.id,
            article.c.id.label("article_id"),
            article.c.story_id,
            story.c.lead_article_id,
            article_version.c.title,
            article_version.c.text,
        )
        .select_from(wanted.join(fingerprint, fingerprint.c.id == wanted.c.value))
        .join(article, article.c.id == fingerprint.c.article_id)
        .join(story, story.c.id == article.c.story_id)
        .join(article_version, article_version.c.id == fingerprint.c.version_id)
        .where(
            fingerprint.c.alg == bindparam("alg"),
            article.c.first_seen_at >= bindparam("since"),
            article.c.id != bindparam("without"),
        )
    )


def candidates(
    connection: Connection, tail: Tail, taken: Fingerprint, since: datetime, without_article: int | None
) -> Candidates:
    """The articles most like *taken*, the best first. See `ports.Store.candidates`."""
    seen, posted, floor = connection.execute(_BOUNDS, {"before": since - _DISORDER}).one()
    if not taken.hashes or not seen:
        return Candidates(rows=(), seen=seen)
    name = connection.dialect.name
    hits = tail.find(connection, taken.hashes, posted=posted, seen=seen)
    if posted > floor:
        rows = connection.execute(_hits(name), {"hashes": dialect.pack(taken.hashes, name), "floor": floor})
        hits += [_Hit(number, owner) for number, owner in rows]
    shared, weight = _weigh(hits)
    least = _least_shared(taken)
    ranked = sorted(
        (owner for owner, count in shared.items() if count >= least), key=lambda owner: (-weight[owner], -owner)
    )
    # Rows of another algorithm, of older articles and of the article itself fall out only here.
    chosen: list[Candidate] = []
    for start in range(0, len(ranked), MOST_CANDIDATES):
        ids = ranked[start : start + MOST_CANDIDATES]
        values = {"ids": dialect.pack(ids, name), "alg": taken.alg, "since": since, "without": without_article or 0}
        found = {row.id: row for row in connection.execute(_rows(name), values)}
        chosen += [_candidate(found[owner], shared[owner]) for owner in ids if owner in found]
        if len(chosen) >= MOST_CANDIDATES:
            break
    return Candidates(rows=tuple(chosen[:MOST_CANDIDATES]), seen=seen)


_BOUNDS = select(
    _SEEN.scalar_subquery().label("seen"),
    _POSTED.scalar_subquery().label("posted"),
    func.coalesce(_FLOOR.scalar_subquery(), 0).label("floor"),
)


def _weigh(hits: Iterable[_Hit]) -> tuple[Counter[int], dict[int, float]]:
    """Count what each fingerprint shares, and weigh it: a hash counts the more, the fewer fingerprints have it."""
    owners: defaultdict[int, list[int]] = defaultdict(list)
    for hit in hits:
        owners[hit.hash].append(hit.owner)
    shared: Counter[int] = Counter()
    weight: defaultdict[int, float] = defaultdict(float)
    for having in owners.values():
        newest = having if len(having) <= NEWEST_PER_HASH else sorted(having)[-NEWEST_PER_HASH:]
        for owner in newest:
            shared[owner] += 1
            weight[owner] += 1 / len(newest)
    return shared, weight


def _candidate(row: Row[int, int, int, int, str, str], shared: int) -> Candidate:
    return Candidate(
        article_id=row.article_id,
        story_id=row.story_id,
        is_lead=row.article_id == row.lead_article_id,
        title=row.title,
        text=row.text,
        shared=shared,
    )


# --- storing ----------------------------------------------------------------------------------------

_NEWER = (
    select(fingerprint.c.id, fingerprint.c.hashes)
    .where(
        fingerprint.c.id > bindparam("seen"),
        fingerprint.c.alg == bindparam("alg"),
        fingerprint.c.article_id != bindparam("own"),
    )
    .order_by(fingerprint.c.id)
)


def refuse_if_newer(connection: Connection, taken: Fingerprint, seen: int, article_id: int | None) -> None:
    """Raise Conflict when another article that `candidates` would have shown was stored after *seen*."""
    if not taken.hashes:
        return
    hashes = frozenset(taken.hashes)
    least = _least_shared(taken)
    for row in connection.execute(_NEWER, {"seen": seen, "alg": taken.alg, "own": article_id or 0}):
        if len(hashes.intersection(_unpack(row.hashes))) >= least:
            raise Conflict(f"fingerprint {row.id} came in after {seen}")


_OLD = select(fingerprint.c.id, fingerprint.c.hashes).where(fingerprint.c.article_id == bindparam("article_id"))
_DROP_POSTING = delete(posting).where(
    and_(posting.c.hash == bindparam("old_hash"), posting.c.fingerprint_id == bindparam("old_id"))
)
_DROP = delete(fingerprint).where(fingerprint.c.id == bindparam("old_id"))


def replace(connection: Connection, article_id: int, version_id: int, taken: Fingerprint, now: datetime) -> None:
    """Make *taken* the fingerprint of the article, in place of that of an earlier version."""
    old = connection.execute(_OLD, {"article_id": article_id}).first()
    if old is not None:
        hashes = _unpack(old.hashes)
        if hashes:
            connection.execute(_DROP_POSTING, [{"old_hash": number, "old_id": old.id} for number in hashes])
        connection.execute(_DROP, {"old_id": old.id})
    add(connection, article_id, version_id, taken, now)


def add(connection: Connection, article_id: int, version_id: int, taken: Fingerprint, now: datetime) -> None:
    """Store the fingerprint of an article that has none."""
    values = {
        "article_id": article_id,
        "version_id": version_id,
        "alg": taken.alg,
        "hashes": _pack(taken.hashes),
        "created_at": now,
    }
    own_id = dialect.insert_row(connection, fingerprint, values)
    if own_id % POSTED_AT_ONCE == 0:
        _write_postings(connection, own_id)


@cache
def _set_posted(name: str) -> Insert:
    statement = dialect.insert(posting_state, name).values(id=1, upto=bindparam("last"))
    return statement.on_conflict_do_update(index_elements=["id"], set_={"upto": bindparam("last")})


def _write_postings(connection: Connection, last: int) -> None:
    """Write the postings of all fingerprints up to *last* that have none, in the order in which they lie on disk."""
    posted = connection.execute(_POSTED).scalar_one()
    rows = connection.execute(_AFTER, {"after": posted, "last": last})
    dialect.insert_pairs(connection, posting, sorted(_pairs(rows)))
    connection.execute(_set_posted(connection.dialect.name), {"last": last})


def _pairs(rows: Iterable[Row[int, bytes]]) -> Iterator[tuple[int, int]]:
    for row in rows:
        for number in _unpack(row.hashes):
            yield number, row.id
