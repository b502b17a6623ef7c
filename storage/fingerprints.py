"""Which stored articles share word sequences with a new one.

A fingerprint is about a hundred sampled hashes; a posting says that a fingerprint has a hash. Candidates
are weighted by the rarity of what they share, so that common furniture counts little.
"""

from __future__ import annotations

import struct
from collections import Counter
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, bindparam, delete, func, select

from ingest.errors import Conflict
from ingest.model import Candidate, Candidates
from storage import dialect
from storage.tables import article, article_version, fingerprint, posting, story

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select

    from ingest.model import Fingerprint

#: Of a hash that many articles have, only the newest ones are looked at.
NEWEST_PER_HASH = 50

#: No more candidates than this are compared with an article.
MOST_CANDIDATES = 25

#: Of a fingerprint with more than FEW_HASHES, a single shared hash is chance: `copies.story` would not look
#: at such a candidate (a test holds the two together), and not to fetch its text saves most of the work.
FEW_HASHES = 12
LEAST_SHARED = 2


class _Hits(NamedTuple):
    """What one stored fingerprint shares with the one that is looked up."""

    shared: Counter[int]
    weight: dict[int, float]


def _least_shared(taken: Fingerprint) -> int:
    return LEAST_SHARED if len(taken.hashes) > FEW_HASHES else 1


# --- looking up -------------------------------------------------------------------------------------

_SEEN = select(func.coalesce(func.max(fingerprint.c.id), 0))
#: An article first seen at a time has no fingerprint from before, so the walks end at the last one from before.
_FLOOR = (
    select(fingerprint.c.id)
    .where(fingerprint.c.created_at < bindparam("before"))
    .order_by(fingerprint.c.created_at.desc())
    .limit(1)
)
#: Ids and times grow together, but for steps that overtake each other, and a clock that is set back.
_DISORDER = timedelta(days=1)


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


def candidates(connection: Connection, taken: Fingerprint, since: datetime, without_article: int | None) -> Candidates:
    """The articles most like *taken*, the best first. See `ports.Store.candidates`."""
    name = connection.dialect.name
    seen = connection.execute(_SEEN).scalar_one()
    if not taken.hashes or not seen:
        return Candidates(rows=(), seen=seen)
    floor = connection.execute(_FLOOR, {"before": since - _DISORDER}).scalar() or 0
    found = connection.execute(_hits(name), {"hashes": dialect.pack(taken.hashes, name), "floor": floor})
    hits = _weigh(found.all())
    least = _least_shared(taken)
    ranked = sorted(
        (number for number, shared in hits.shared.items() if shared >= least),
        key=lambda number: (-hits.weight[number], -number),
    )
    # Rows of another algorithm, of older articles and of the article itself fall out only here.
    chosen: list[Candidate] = []
    for start in range(0, len(ranked), MOST_CANDIDATES):
        ids = ranked[start : start + MOST_CANDIDATES]
        values = {"ids": dialect.pack(ids, name), "alg": taken.alg, "since": since, "without": without_article or 0}
        rows = {row.id: row for row in connection.execute(_rows(name), values)}
        chosen += [_candidate(rows[number], hits.shared[number]) for number in ids if number in rows]
        if len(chosen) >= MOST_CANDIDATES:
            break
    return Candidates(rows=tuple(chosen[:MOST_CANDIDATES]), seen=seen)


def _weigh(found: Sequence[Row[int, int]]) -> _Hits:
    """A hash counts the more, the fewer fingerprints have it."""
    having = Counter(number for number, _ in found)
    weight: dict[int, float] = {}
    for number, owner in found:
        weight[owner] = weight.get(owner, 0.0) + 1 / having[number]
    return _Hits(shared=Counter(owner for _, owner in found), weight=weight)


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


@cache
def _newer(name: str) -> Select[int]:
    wanted = dialect.numbers("hashes", name).alias("wanted")
    return (
        select(fingerprint.c.id)
        .select_from(wanted.join(posting, posting.c.hash == wanted.c.value))
        .join(fingerprint, fingerprint.c.id == posting.c.fingerprint_id)
        .where(
            posting.c.fingerprint_id > bindparam("seen"),
            fingerprint.c.alg == bindparam("alg"),
            fingerprint.c.article_id != bindparam("own"),
        )
        .group_by(fingerprint.c.id)
        .having(func.count() >= bindparam("least"))
        .limit(1)
    )


def refuse_if_newer(connection: Connection, taken: Fingerprint, seen: int, article_id: int | None) -> None:
    """Raise Conflict when another article that `candidates` would have shown was stored after *seen*."""
    if not taken.hashes or connection.execute(_SEEN).scalar_one() <= seen:
        return
    name = connection.dialect.name
    values = {
        "hashes": dialect.pack(taken.hashes, name),
        "seen": seen,
        "alg": taken.alg,
        "own": article_id or 0,
        "least": _least_shared(taken),
    }
    newer = connection.execute(_newer(name), values).first()
    if newer is not None:
        raise Conflict(f"fingerprint {newer.id} came in after {seen}")


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
        "hashes": struct.pack(f">{len(taken.hashes)}q", *taken.hashes),
        "created_at": now,
    }
    own_id = dialect.insert_row(connection, fingerprint, values)
    if taken.hashes:
        connection.execute(posting.insert(), [{"hash": number, "fingerprint_id": own_id} for number in taken.hashes])


def _unpack(hashes: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(hashes) // 8}q", hashes)
