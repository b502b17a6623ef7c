"""One account of every entry: each that was ever seen is there, in exactly one state, and none is half done.

How many a feed has brought is counted as they are stored (`feed.entries_seen`), apart from the rows themselves. So a
row that is lost, or stored twice, shows. `account` is quick, whatever there is to be counted; `broken_laws` looks at
every entry when it is asked to be thorough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Integer, Text, and_, cast, func, literal, not_, or_, select

from ingest.errors import Reason
from ingest.model import EntryState
from storage.tables import article, entry, feed

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

#: An entry of a broken law is named for people to look at, of many so many.
MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDifference:
    """A feed of which more or fewer entries are stored than it has brought."""

    feed: int
    url: str
    seen: int
    stored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How many entries there are, and where they stand."""

    #: how many were ever seen, as they were counted when they were stored
    seen: int
    #: how many are stored
    stored: int
    #: the same by state; states without an entry are left out
    by_state: dict[str, int]
    #: how many stand where they do for a reason, by state and reason
    by_reason: dict[str, dict[str, int]]
    #: entries that wait for another try, by the tries that have failed
    retrying: dict[int, int]
    #: when the first of them is due
    next_retry_at: datetime | None
    #: feeds whose numbers differ; looked for only where the sums do
    differences: tuple[FeedDifference, ...]

    @property
    def missing(self) -> int:
        """How many entries that were seen are not stored; less than 0: how many are stored that nobody has seen."""
        return self.seen - self.stored


# --- counting ---------------------------------------------------------------------------------------

_DONE = EntryState.DONE.value


def _written(value: str) -> ColumnElement[str]:
    """A value that stands in the statement: SQLite sees then that an index of some rows has the ones that are meant."""
    return literal(str(value), Text, literal_execute=True)


#: Found in the index `ix_entry_open`, in which most entries are not.
_IS_OPEN = entry.c.state != _written(_DONE)

_SEEN = select(func.coalesce(func.sum(feed.c.entries_seen), 0))
_STORED = select(func.count()).select_from(entry)
_OPEN = select(entry.c.state, func.count()).where(_IS_OPEN).group_by(entry.c.state)
#: Found in the index `ix_entry_trouble`.
_REASONS = (
    select(entry.c.state, entry.c.reason, func.count())
    .where(entry.c.reason.is_not(None))
    .group_by(entry.c.state, entry.c.reason)
    .order_by(entry.c.state, entry.c.reason)
)
_RETRIES = (
    select(entry.c.attempts, func.count(), func.min(entry.c.next_try_at))
    .where(_IS_OPEN, entry.c.state == _written(EntryState.RETRYING))
    .group_by(entry.c.attempts)
    .order_by(entry.c.attempts)
)


def _per_feed() -> Select[int, str, int, int]:
    counted = select(entry.c.feed_id, func.count().label("stored")).group_by(entry.c.feed_id).subquery()
    stored = func.coalesce(counted.c.stored, 0)
    return (
        select(feed.c.id, feed.c.url, feed.c.entries_seen, stored)
        .outerjoin(counted, counted.c.feed_id == feed.c.id)
        .where(feed.c.entries_seen != stored)
        .order_by(feed.c.id)
    )


_DIFFERENCES = _per_feed()


def account(connection: Connection) -> Account:
    """Count all entries. Takes walks through small indexes, and one count of rows."""
    seen = int(connection.execute(_SEEN).scalar_one())
    stored = int(connection.execute(_STORED).scalar_one())
    still_open = {row[0]: row[1] for row in connection.execute(_OPEN)}
    by_reason: dict[str, dict[str, int]] = {}
    for state, reason, number in connection.execute(_REASONS):
        by_reason.setdefault(state, {})[reason] = number
    retries = connection.execute(_RETRIES).all()
    return Account(
        seen=seen,
        stored=stored,
        by_state=_by_state(still_open, stored),
        by_reason=by_reason,
        retrying={row[0]: row[1] for row in retries},
        next_retry_at=min((row[2] for row in retries if row[2] is not None), default=None),
        differences=differences(connection) if seen != stored else (),
    )


def _by_state(still_open: dict[str, int], stored: int) -> dict[str, int]:
    counted = {**still_open, _DONE: stored - sum(still_open.values())}
    return {state: number for state, number in sorted(counted.items()) if number}


def differences(connection: Connection) -> tuple[FeedDifference, ...]:
    """The feeds of which more or fewer entries are stored than were seen. Walks through an index of all entries."""
    rows = connection.execute(_DIFFERENCES)
    return tuple(FeedDifference(feed=row[0], url=row[1], seen=row[2], stored=row[3]) for row in rows)


# --- laws -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BrokenLaw:
    """A law that some entries do not keep."""

    #: what must be so, in words
    law: str
    #: how many entries do not keep it, and the numbers of the first
    count: int
    entries: tuple[int, ...]


class _Law(NamedTuple):
    words: str
    #: which entries are spoken of; they are found through an index, or else by a walk over all
    among: ColumnElement[bool] | None
    holds: ColumnElement[bool]


def _has_state(state: EntryState) -> ColumnElement[bool]:
    return entry.c.state == _written(state)


_IS_FORGOTTEN = and_(entry.c.reason.is_not(None), entry.c.reason == _written(Reason.FORGOTTEN))

#: The law that an import breaks until it is through.
HAS_ARTICLE = "one with a text has an article that is there"

#: See `ingest.outcome`, where it is decided how an entry stands, and `entries.finish`, where that is stored.
_LAWS = (
    _Law(
        "an entry is new, retrying, done or failed",
        _IS_OPEN,
        entry.c.state.in_([_written(state) for state in EntryState if state is not EntryState.DONE]),
    ),
    _Law(
        "one that is new has no text, and is tried at once",
        and_(_IS_OPEN, _has_state(EntryState.NEW)),
        and_(entry.c.text_from.is_(None), entry.c.next_try_at.is_(None)),
    ),
    _Law(
        "one that is tried again has a reason and a time",
        and_(_IS_OPEN, _has_state(EntryState.RETRYING)),
        and_(entry.c.reason.is_not(None), entry.c.next_try_at.is_not(None)),
    ),
    _Law(
        "one that failed has a reason and no text, and is not tried again",
        and_(_IS_OPEN, _has_state(EntryState.FAILED)),
        and_(entry.c.reason.is_not(None), entry.c.text_from.is_(None), entry.c.next_try_at.is_(None)),
    ),
    _Law(
        "one that is forgotten is done and says nothing",
        _IS_FORGOTTEN,
        and_(
            not_(_IS_OPEN),
            entry.c.text_from.is_(None),
            entry.c.article_id.is_(None),
            entry.c.next_try_at.is_(None),
            entry.c.title == "",
            entry.c.text == "",
        ),
    ),
    _Law(
        "one that is done has a text, or is forgotten",
        None,
        or_(_IS_OPEN, entry.c.text_from.is_not(None), func.coalesce(entry.c.reason, "") == Reason.FORGOTTEN),
    ),
    _Law(
        HAS_ARTICLE,
        None,
        or_(
            entry.c.text_from.is_(None),
            # Of null it is unknown whether it is among others, and what is unknown is not counted.
            and_(entry.c.article_id.is_not(None), entry.c.article_id.in_(select(article.c.id))),
        ),
    ),
    _Law("no number of tries or looks is less than 0", None, and_(entry.c.attempts >= 0, entry.c.checks >= 0)),
)


def _numbers(holds: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(cast(not_(holds), Integer)), 0)


def broken_laws(connection: Connection, *, is_thorough: bool = True) -> tuple[BrokenLaw, ...]:
    """The laws that are broken. When it is not thorough, only those that need no walk over all entries are looked at.

    The numbers of feeds are no law of these, see `differences`.
    """
    found: list[tuple[_Law, int]] = []
    for law in _LAWS:
        if law.among is not None:
            statement = select(func.count()).select_from(entry).where(law.among, not_(law.holds))
            found.append((law, connection.execute(statement).scalar_one()))
    if is_thorough:
        # One walk for all of them.
        walks = [law for law in _LAWS if law.among is None]
        numbers = connection.execute(select(*(_numbers(law.holds) for law in walks))).one()
        found += zip(walks, numbers, strict=True)
    return tuple(BrokenLaw(law.words, int(number), _some(connection, law)) for law, number in found if number)


def _some(connection: Connection, law: _Law) -> tuple[int, ...]:
    statement: Select[Any] = select(entry.c.id).where(not_(law.holds)).order_by(entry.c.id).limit(MOST_NAMED)
    if law.among is not None:
        statement = statement.where(law.among)
    return tuple(connection.execute(statement).scalars())
