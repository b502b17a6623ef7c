"""How far back fingerprints have postings: as far as copies are looked for, and no further.

Postings take a third of the room of the texts. No look-up asks for those of articles that are older than the window of
copies, so they go, and with them the hashes that they were made of. Both are made again from the texts where somebody
looks further back: `copies rebuild`, or a window that has become wider.

    floor < fingerprints that have postings <= upto < those that have none yet (`storage.postings.Tail`)
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select, update

from ingest.model import so_long_before
from storage import postings
from storage.postings import FLOOR, POSTED, pack, unpack
from storage.tables import article_version, fingerprint, posting_state, rebuild

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

#: Fingerprints of one transaction: twenty thousand postings, about 0.2 s.
AT_ONCE = 256
#: Ids and times grow together, but for steps that overtake each other, and a clock that is set back.
DISORDER = timedelta(days=1)

#: An article first seen at a time has no fingerprint from before, so the walks end at the last one from before.
LAST_BEFORE = (
    select(fingerprint.c.id)
    .where(fingerprint.c.created_at < bindparam("before"))
    .order_by(fingerprint.c.created_at.desc())
    .limit(1)
)
_COLUMNS = (
    fingerprint.c.id,
    fingerprint.c.alg,
    fingerprint.c.hashes,
    fingerprint.c.version_id,
    article_version.c.title,
    article_version.c.text,
)
_ROWS = (
    select(*_COLUMNS)
    .join(article_version, article_version.c.id == fingerprint.c.version_id)
    .where(fingerprint.c.id > bindparam("after"), fingerprint.c.id <= bindparam("last"))
)
_FIRST = _ROWS.order_by(fingerprint.c.id).limit(bindparam("most"))
_LAST = _ROWS.order_by(fingerprint.c.id.desc()).limit(bindparam("most"))
_KEEP_HASHES = update(fingerprint).where(fingerprint.c.id == bindparam("own")).values(hashes=bindparam("kept"))
_SET_FLOOR = update(posting_state).values(floor=bindparam("new_floor"))
_IS_REBUILT = select(func.count()).select_from(rebuild).where(rebuild.c.finished_at.is_(None))


def hashes_of(row: Row[*tuple[Any, ...]]) -> tuple[int, ...]:
    """The hashes of a fingerprint, taken again where they are no longer stored.

    *row* has `alg` and `hashes` of the fingerprint, `title` and `text` of its version.
    """
    if row.hashes:
        return unpack(row.hashes)
    # Not before it is needed: it takes longer to import than most commands have to do.
    from ingest.copies.fingerprint import FINGERPRINT_ALG, take_fingerprint

    if row.alg != FINGERPRINT_ALG:
        return ()
    return take_fingerprint(row.text, row.title).hashes


def _wanted(connection: Connection, since: datetime) -> int:
    """The last fingerprint that nobody looks for who looks for articles first seen at or after *since*."""
    return connection.execute(LAST_BEFORE, {"before": so_long_before(since, DISORDER)}).scalar() or 0


def reach_back(connection: Connection, since: datetime, limit: int = AT_ONCE) -> int:
    """Make postings again for at most *limit* articles first seen at or after *since*; returns how many.

    0: all have theirs.
    """
    floor: int = connection.execute(FLOOR).scalar_one()
    wanted = _wanted(connection, since)
    if wanted >= floor:
        return 0
    rows = connection.execute(_LAST, {"after": wanted, "last": floor, "most": limit}).all()
    found = {row.id: hashes_of(row) for row in rows}
    _set_hashes(connection, [{"own": row.id, "kept": pack(found[row.id])} for row in rows if not row.hashes])
    postings.add(connection, {(number, own) for own, hashes in found.items() for number in hashes})
    connection.execute(_SET_FLOOR, {"new_floor": rows[-1].id - 1 if len(rows) == limit else wanted})
    return len(rows) or 1


def cut(connection: Connection, since: datetime, limit: int = AT_ONCE) -> int:
    """Delete postings of at most *limit* articles that are older than *since*; returns of how many.

    0: there are no more. Those of the last few are kept, as it is not worth while, and all while stored articles are
    compared once more.
    """
    floor: int = connection.execute(FLOOR).scalar_one()
    last = min(_wanted(connection, since), connection.execute(POSTED).scalar_one())
    if last - floor < limit or connection.execute(_IS_REBUILT).scalar_one():
        return 0
    from ingest.copies.fingerprint import FINGERPRINT_ALG

    rows = connection.execute(_FIRST, {"after": floor, "last": last, "most": limit}).all()
    postings.drop(connection, {(number, row.id) for row in rows for number in unpack(row.hashes)})
    # Hashes of another algorithm could not be taken again.
    again = [{"own": row.id, "kept": b""} for row in rows if row.alg == FINGERPRINT_ALG and row.hashes]
    _set_hashes(connection, again)
    connection.execute(_SET_FLOOR, {"new_floor": rows[-1].id if len(rows) == limit else last})
    return len(rows) or 1


def _set_hashes(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    if rows:
        connection.execute(_KEEP_HASHES, rows)
