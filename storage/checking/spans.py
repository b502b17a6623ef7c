"""The rows of a table in parts, each read in a transaction of its own: all, the newest, or a sample."""

from __future__ import annotations

from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection

    from storage.engine import Reader


class Depth(IntEnum):
    """How closely to look."""

    #: at what came in last: takes moments
    SOON = 0
    #: at every row, and at samples of what is dear to compare
    USUAL = 1
    #: at all of it
    FULL = 2


#: Numbers of one reading transaction.
STEP = 20_000
#: Of what is compared word by word.
COMPARED_AT_ONCE = 200
#: What came in last, in rows of a table.
NEWEST = 1_000
#: How many are compared when not all are: half of them the newest, the others from everywhere.
SAMPLE = {Depth.SOON: 20, Depth.USUAL: 400}


def spans(reader: Reader, key: Any, depth: Depth, step: int = STEP) -> Iterator[tuple[int, int]]:
    """Yield spans of the numbers in the column *key*: of each the number before it and its last one."""
    first, last = reader.run(partial(_ends, key=key))
    if last is None:
        return
    after = first - 1 if depth > Depth.SOON else max(first - 1, last - NEWEST)
    while after < last:
        upto = min(after + step, last)
        yield after, upto
        after = upto


def chosen(reader: Reader, key: Any, depth: Depth, tell: Callable[[int, int], None]) -> Iterator[Sequence[int]]:
    """Yield the numbers in the column *key* in parts; not FULL: of a sample. *tell* gets how far it is."""
    if depth is Depth.FULL:
        last = reader.run(partial(_ends, key=key))[1] or 0
        for after, upto in spans(reader, key, depth, COMPARED_AT_ONCE):
            tell(upto, last)
            yield reader.run(partial(_between, key=key, after=after, upto=upto))
        return
    ids = reader.run(partial(_sample, key=key, size=SAMPLE[depth]))
    for start in range(0, len(ids), COMPARED_AT_ONCE):
        tell(start, len(ids))
        yield ids[start : start + COMPARED_AT_ONCE]


def _ends(connection: Connection, key: Any) -> tuple[int, int | None]:
    # Each by itself is a step in an index; both in one statement are a walk.
    first = connection.execute(select(func.min(key))).scalar()
    return first or 0, connection.execute(select(func.max(key))).scalar()


def _between(connection: Connection, key: Any, after: int, upto: int) -> list[int]:
    return list(connection.execute(select(key).where(key > after, key <= upto).order_by(key)).scalars())


def _sample(connection: Connection, key: Any, size: int) -> list[int]:
    found = set(connection.execute(select(key).order_by(key.desc()).limit(size // 2)).scalars())
    first, last = _ends(connection, key)
    if last is None:
        return []
    others = size - size // 2
    for number in range(others):
        place = first + (last - first) * number // others
        found.update(connection.execute(select(key).where(key >= place).order_by(key).limit(1)).scalars())
    return sorted(found)
