"""Which fingerprint has a hash: the postings, and what stands for those that are not written yet.

A fingerprint is about a hundred sampled hashes; a posting says that a fingerprint has a hash.
"""

from __future__ import annotations

import struct
import threading
from collections import defaultdict
from functools import cache
from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, bindparam, delete, func, select

from ingest.copies.ranking import NEWEST_PER_HASH
from storage import dialect
from storage.tables import fingerprint, posting, posting_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Insert, Row, Select

#: So many fingerprints are collected before their postings are written, see `tables.posting`.
POSTED_AT_ONCE = 256


class Hit(NamedTuple):
    """A stored fingerprint has one of the hashes that are looked up."""

    hash: int
    owner: int


def pack(hashes: Iterable[int]) -> bytes:
    """Hashes as they are stored in `fingerprint.hashes`."""
    numbers = tuple(hashes)
    return struct.pack(f">{len(numbers)}i", *numbers)


def unpack(hashes: bytes) -> tuple[int, ...]:
    """Return what was packed."""
    return struct.unpack(f">{len(hashes) // 4}i", hashes)


# --- looking up -------------------------------------------------------------------------------------

#: The last fingerprint that has postings.
POSTED = select(func.coalesce(select(posting_state.c.upto).scalar_subquery(), 0))
#: The last fingerprint that has none any more, see `storage.upkeep.reach`.
FLOOR = select(func.coalesce(select(posting_state.c.floor).scalar_subquery(), 0))
_AFTER = (
    select(fingerprint.c.id, fingerprint.c.hashes)
    .where(fingerprint.c.id > bindparam("after"), fingerprint.c.id <= bindparam("last"))
    .order_by(fingerprint.c.id)
)


class Tail:
    """The fingerprints that have no postings yet, by hash, in memory: what the database holds, read once.

    A look-up adds what came in since the last one. It never sees more than its own transaction does. Of another file
    that took the place of the database, as when somebody copies a backup there by hand, it begins anew; `db restore`
    holds all locks, so it waits for whoever compares articles.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: what the file is known by, see `sqlite_file`, or the run of the server, see `postgresql`
        self._file: object = None
        self._posted = -1
        self._last = 0
        self._owners: defaultdict[int, list[int]] = defaultdict(list)

    def find(self, connection: Connection, hashes: Iterable[int], *, posted: int, seen: int) -> list[Hit]:
        """The fingerprints after *posted*, up to *seen*, that have any of *hashes*."""
        with self._lock:
            file = connection.info.get("file")
            if file != self._file:
                self._file, self._posted, self._last = file, -1, 0
                self._owners.clear()
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
            return [Hit(number, owner) for number in hashes for owner in owners.get(number, ()) if owner <= seen]


def _read_after(connection: Connection, owners: defaultdict[int, list[int]], after: int, last: int) -> None:
    for row in connection.execute(_AFTER, {"after": after, "last": last}):
        for number in unpack(row.hashes):
            owners[number].append(row.id)


@cache
def _hits(name: str) -> Select[int, int]:
    """Hash and fingerprint, the newest of each hash: two walks of at most NEWEST_PER_HASH steps for each."""
    wanted = dialect.numbers("hashes", name).alias("wanted")
    newer = posting.alias("newer")
    oldest_of_newest = (
        select(newer.c.fingerprint_id)
        .where(newer.c.hash == wanted.c.value, newer.c.fingerprint_id < bindparam("before"))
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
        .where(posting.c.fingerprint_id > bindparam("floor"), posting.c.fingerprint_id < bindparam("before"))
    )


def find(connection: Connection, hashes: Iterable[int], *, floor: int, before: int) -> list[Hit]:
    """The postings of *hashes* by fingerprints after *floor* and before *before*, of each hash the newest."""
    name = connection.dialect.name
    values = {"hashes": dialect.pack(hashes, name), "floor": floor, "before": before}
    return [Hit(number, owner) for number, owner in connection.execute(_hits(name), values)]


# --- storing ----------------------------------------------------------------------------------------

_DROP = delete(posting).where(
    and_(posting.c.hash == bindparam("old_hash"), posting.c.fingerprint_id == bindparam("old_id"))
)


@cache
def _set_posted(name: str) -> Insert:
    statement = dialect.insert(posting_state, name).values(id=1, upto=bindparam("last"))
    return statement.on_conflict_do_update(index_elements=["id"], set_={"upto": bindparam("last")})


def write_up_to(connection: Connection, last: int) -> None:
    """Write the postings of all fingerprints up to *last* that have none, in the order in which they lie on disk."""
    posted = connection.execute(POSTED).scalar_one()
    if last > posted:
        rows = connection.execute(_AFTER, {"after": posted, "last": last})
        dialect.insert_pairs(connection, posting, _sorted_pairs(rows))
        connection.execute(_set_posted(connection.dialect.name), {"last": last})


def _sorted_pairs(rows: Iterable[Row[int, bytes]]) -> list[tuple[int, int]]:
    """Hash and fingerprint, in order; the fingerprints are given in theirs, so to sort by the hashes is enough."""
    pairs: list[tuple[int, int]] = []
    for row in rows:
        pairs.extend(zip(unpack(row.hashes), repeat(row.id)))
    pairs.sort(key=itemgetter(0))
    return pairs


def drop(connection: Connection, pairs: Iterable[tuple[int, int]]) -> None:
    """Delete postings, given as hash and fingerprint, in the order in which they lie on disk."""
    values = [{"old_hash": number, "old_id": owner} for number, owner in sorted(pairs)]
    if values:
        connection.execute(_DROP, values)


@cache
def _add_missing(name: str) -> Insert:
    return dialect.insert(posting, name).on_conflict_do_nothing()


def complete(connection: Connection, owner: int, hashes: Iterable[int]) -> None:
    """Write those postings of a fingerprint that are lost; none where it has none yet or none any more."""
    if connection.execute(FLOOR).scalar_one() < owner <= connection.execute(POSTED).scalar_one():
        rows = [{"hash": number, "fingerprint_id": owner} for number in sorted(set(hashes))]
        if rows:
            connection.execute(_add_missing(connection.dialect.name), rows)


def add(connection: Connection, pairs: Iterable[tuple[int, int]]) -> None:
    """Write postings, given as hash and fingerprint, in the order in which they lie on disk."""
    dialect.insert_pairs(connection, posting, sorted(pairs))
