"""Has every hash of a fingerprint its posting, up to the last one that has any, and no other fingerprint one?"""

from __future__ import annotations

from array import array
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, func, select, tuple_

from storage import dialect, postings
from storage.checking.findings import REBUILD, REPORT, Finding, named
from storage.checking.spans import Depth, chosen, spans
from storage.tables import fingerprint, posting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Select

    from storage.engine import Reader

#: Postings of one reading transaction, and of one place of a sample.
POSTINGS_AT_ONCE = 50_000
POSTINGS_OF_PLACE = 200
#: Places of a sample, spread over all hashes.
PLACES = {Depth.SOON: 1, Depth.USUAL: 20}
_LOWEST, _HIGHEST = -(2**31), 2**31 - 1


def check_postings(reader: Reader, depth: Depth, tell: Callable[[str, int, int], None]) -> Iterator[Finding]:
    """Yield what is wrong with the postings."""
    lost: list[int] = []
    for ids in chosen(reader, fingerprint.c.id, depth, partial(tell, "fingerprints")):
        lost += reader.run(partial(_without_postings, ids=ids))
    if lost:
        message = "copies of these are not all found, as postings of their fingerprints are lost: "
        yield Finding(check="fingerprints", count=len(lost), message=message + named(lost, len(lost)), fix=REBUILD)
    surplus = sorted(_surplus(reader, depth, partial(tell, "postings")))
    if surplus:
        message = "there are postings that these fingerprints do not have, or that are not there themselves: "
        yield Finding(
            check="fingerprints", count=len(surplus), message=message + named(surplus, len(surplus)), fix=REPORT
        )


@cache
def _count(name: str) -> Select[int]:
    wanted = dialect.numbers("hashes", name).alias("wanted")
    own = and_(posting.c.hash == wanted.c.value, posting.c.fingerprint_id == bindparam("own"))
    return select(func.count()).select_from(wanted.join(posting, own))


def _hashes(connection: Connection, ids: Sequence[int]) -> dict[int, frozenset[int]]:
    name = connection.dialect.name
    wanted = dialect.numbers("ids", name).alias("wanted")
    statement = select(fingerprint.c.id, fingerprint.c.hashes).join(wanted, wanted.c.value == fingerprint.c.id)
    rows = connection.execute(statement, {"ids": dialect.pack(ids, name)})
    return {row.id: frozenset(postings.unpack(row.hashes)) for row in rows}


def _without_postings(connection: Connection, ids: Sequence[int]) -> list[int]:
    name = connection.dialect.name
    floor = connection.execute(postings.FLOOR).scalar_one()
    posted = connection.execute(postings.POSTED).scalar_one()
    found = _hashes(connection, [each for each in ids if floor < each <= posted])
    return [
        ident
        for ident, hashes in sorted(found.items())
        if connection.execute(_count(name), {"hashes": dialect.pack(hashes, name), "own": ident}).scalar_one()
        != len(hashes)
    ]


def _surplus(reader: Reader, depth: Depth, tell: Callable[[int, int], None]) -> set[int]:
    """The fingerprints that postings speak of and that do not have these hashes."""
    if depth is Depth.FULL:
        return _surplus_of_all(reader, tell)
    places = PLACES[depth]
    found: set[int] = set()
    for number in range(places):
        place = _LOWEST + (_HIGHEST - _LOWEST) * number // places
        found |= reader.run(partial(_surplus_at, place=place))
    return found


def _surplus_at(connection: Connection, place: int) -> set[int]:
    some = select(posting).where(posting.c.hash >= place).order_by(posting.c.hash, posting.c.fingerprint_id)
    pairs = connection.execute(some.limit(POSTINGS_OF_PLACE)).all()
    known = _hashes(connection, sorted({row.fingerprint_id for row in pairs}))
    return {row.fingerprint_id for row in pairs if row.hash not in known.get(row.fingerprint_id, ())}


def _surplus_of_all(reader: Reader, tell: Callable[[int, int], None]) -> set[int]:
    """Count the postings of each fingerprint, in two bytes for each; then look closer at those that have too many.

    What is changed meanwhile is looked at in one state in the end: a posting can then no longer be too many.
    """
    last = reader.run(lambda connection: connection.execute(postings.POSTED).scalar_one())
    counts = array("H", bytes(2 * (last + 1)))
    strange: set[int] = set()
    at: tuple[int, int] | None = None
    while rows := reader.run(partial(_next, at=at)):
        for _, owner in rows:
            if owner <= last and counts[owner] < 2**16 - 1:
                counts[owner] += 1
        at = rows[-1][0], rows[-1][1]
        tell(at[0] - _LOWEST, _HIGHEST - _LOWEST)
    for after, upto in spans(reader, fingerprint.c.id, Depth.FULL):
        known = reader.run(partial(_counted, after=after, upto=upto))
        for ident, number in known.items():
            if ident <= last:
                if counts[ident] > number:
                    strange.add(ident)
                counts[ident] = 0
    strange.update(ident for ident in range(last + 1) if counts[ident])
    return reader.run(partial(_still_strange, ids=strange)) if strange else strange


def _next(connection: Connection, at: tuple[int, int] | None) -> list[Any]:
    statement = select(posting).order_by(posting.c.hash, posting.c.fingerprint_id).limit(POSTINGS_AT_ONCE)
    if at is not None:
        statement = statement.where(tuple_(posting.c.hash, posting.c.fingerprint_id) > tuple_(*at))
    return list(connection.execute(statement).all())


def _counted(connection: Connection, after: int, upto: int) -> dict[int, int]:
    rows = connection.execute(
        select(fingerprint.c.id, fingerprint.c.hashes).where(fingerprint.c.id > after, fingerprint.c.id <= upto)
    )
    return {row.id: len(set(postings.unpack(row.hashes))) for row in rows}


def _still_strange(connection: Connection, ids: set[int]) -> set[int]:
    """Those that have more postings than hashes in one state of the database: found by a walk over all postings."""
    name = connection.dialect.name
    wanted = dialect.numbers("ids", name).alias("wanted")
    statement = (
        select(posting.c.fingerprint_id, func.count().label("number"))
        .join(wanted, wanted.c.value == posting.c.fingerprint_id)
        .group_by(posting.c.fingerprint_id)
    )
    known = _hashes(connection, sorted(ids))
    rows = connection.execute(statement, {"ids": dialect.pack(sorted(ids), name)})
    return {row.fingerprint_id for row in rows if row.number > len(known.get(row.fingerprint_id, ()))}
