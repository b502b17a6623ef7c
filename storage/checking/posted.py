"""Has every hash of a fingerprint its posting, up to the last one that has any, and no other fingerprint one?"""

from __future__ import annotations

from array import array
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, func, select, tuple_

from storage import dialect, postings
from storage.checking.findings import REBUILD, REPORT, Finding, named
from storage.checking.spans import COMPARED_AT_ONCE, Depth, chosen, spans
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
    if depth is Depth.FULL:
        lost, strange = _compare_all(reader, tell)
    else:
        lost, strange = [], _surplus_of_places(reader, PLACES[depth])
        for ids in chosen(reader, fingerprint.c.id, depth, partial(tell, "fingerprints")):
            lost += reader.run(partial(_without_postings, ids=ids))
    if lost:
        message = "copies of these are not all found, as postings of their fingerprints are lost: "
        yield Finding(check="fingerprints", count=len(lost), message=message + named(lost, len(lost)), fix=REBUILD)
    surplus = sorted(strange)
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


def _surplus_of_places(reader: Reader, places: int) -> set[int]:
    """The fingerprints that postings at some places speak of and that do not have these hashes."""
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


#: Squares of hashes are summed up in so many bits: of the hashes themselves two might even out.
_BITS = 2**63 - 1


def _compare_all(reader: Reader, tell: Callable[[str, int, int], None]) -> tuple[list[int], set[int]]:
    """Sum up the postings of each fingerprint, in eight bytes for each; look closer at those with another sum.

    Returns those that lack postings, and those that have too many. What is changed meanwhile is looked at in one state
    in the end: nothing is then lost or too many.
    """
    floor, last = reader.run(_ends)
    sums = array("q", bytes(8 * (last + 1)))
    suspects: set[int] = set()
    at: tuple[int, int] | None = None
    while rows := reader.run(partial(_next, at=at)):
        for number, owner in rows:
            if owner <= last:
                sums[owner] = (sums[owner] + number * number) & _BITS
            else:
                suspects.add(owner)
        at = rows[-1][0], rows[-1][1]
        tell("postings", at[0] - _LOWEST, _HIGHEST - _LOWEST)
    for after, upto in spans(reader, fingerprint.c.id, Depth.FULL):
        tell("fingerprints", after, last)
        for ident, number in reader.run(partial(_summed, after=after, upto=upto)).items():
            if ident <= last:
                # Before the floor they are deleted little by little.
                if sums[ident] != number and (ident > floor or sums[ident]):
                    suspects.add(ident)
                sums[ident] = 0
    # Of fingerprints that are not there.
    suspects.update(ident for ident in range(last + 1) if sums[ident])
    ids = sorted(suspects)
    lost = [
        ident
        for start in range(0, len(ids), COMPARED_AT_ONCE)
        for ident in reader.run(partial(_without_postings, ids=ids[start : start + COMPARED_AT_ONCE]))
    ]
    return lost, reader.run(partial(_still_strange, ids=ids)) if ids else set()


def _ends(connection: Connection) -> tuple[int, int]:
    floor = connection.execute(postings.FLOOR).scalar_one()
    return floor, connection.execute(postings.POSTED).scalar_one()


def _next(connection: Connection, at: tuple[int, int] | None) -> list[Any]:
    statement = select(posting).order_by(posting.c.hash, posting.c.fingerprint_id).limit(POSTINGS_AT_ONCE)
    if at is not None:
        statement = statement.where(tuple_(posting.c.hash, posting.c.fingerprint_id) > tuple_(*at))
    return list(connection.execute(statement).all())


def _summed(connection: Connection, after: int, upto: int) -> dict[int, int]:
    rows = connection.execute(
        select(fingerprint.c.id, fingerprint.c.hashes).where(fingerprint.c.id > after, fingerprint.c.id <= upto)
    )
    return {row.id: sum(number * number for number in set(postings.unpack(row.hashes))) & _BITS for row in rows}


def _still_strange(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Those that have postings of other hashes, in one state of the database: found by a walk over all postings."""
    name = connection.dialect.name
    wanted = dialect.numbers("ids", name).alias("wanted")
    statement = select(posting.c.fingerprint_id, posting.c.hash).join(
        wanted, wanted.c.value == posting.c.fingerprint_id
    )
    known = _hashes(connection, ids)
    rows = connection.execute(statement, {"ids": dialect.pack(ids, name)})
    return {owner for owner, number in rows if number not in known.get(owner, ())}
