"""Figures about what the database holds, for a monitoring system that asks again and again.

Each method is one transaction with a query or two over small indexes, none looks at texts. Rows that wait are counted
up to a bound: what counts is that there are many.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

from sqlalchemy import case, func, select

from ingest.model import EntryState
from storage import account, engine
from storage.address import SqliteFile, read_address
from storage.feeds import NOT_POLLED
from storage.jobs import queue, roster
from storage.lists import match_lists, story_lists
from storage.tables import entry, feed

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

    from storage.jobs.model import Depth

#: More rows that are due are not counted.
MOST_COUNTED = 100_000

_IS_POLLED = feed.c.state.not_in(NOT_POLLED)
#: Found in the index `ix_entry_at_once`.
_AT_ONCE = entry.c.state.in_([EntryState.NEW, EntryState.RETRYING]) & entry.c.next_try_at.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFigures:
    """How the feeds are doing."""

    by_state: dict[str, int]
    #: polled feeds whose polls fail; polled feeds that answer and bring nothing new for longer than they used to
    broken: int
    silent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What is due: how many, at most MOST_COUNTED, and since when the one that waits longest; None: nothing waits."""

    waiting: int
    oldest_at: datetime | None

    def age_s(self, now: datetime) -> float:
        """Seconds for which the oldest has been due; 0 where nothing is."""
        return max(0.0, (now - self.oldest_at).total_seconds()) if self.oldest_at else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """The jobs, and the processes at work by role and state."""

    depth: Depth
    processes: dict[tuple[str, str], int]


class Figures:
    """The database at *url*, for reading. Nothing is opened before it is needed.

    Any method can raise a StorageError.
    """

    def __init__(self, url: str, *, busy_timeout_s: float = engine.BUSY_TIMEOUT_S) -> None:
        self._address = read_address(url)
        self._reader = engine.Reader(
            engine.reading_engine(self._address, busy_timeout_s=busy_timeout_s), self._address.shown
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Calling it again does nothing."""
        self._reader.close()

    def feeds(self) -> FeedFigures:
        """How the feeds are doing."""
        return self._reader.run(_feeds)

    def feeds_due(self, now: datetime) -> Backlog:
        """The feeds that are due."""
        return self._reader.run(partial(_feeds_due, now=now))

    def account(self) -> account.Account:
        """How many entries there are in each state, and how many feeds ever brought: both must be as many."""
        return self._reader.run(account.account)

    def entries_due(self, now: datetime) -> Backlog:
        """The entries that want a step."""
        return self._reader.run(partial(_entries_due, now=now))

    def copies(self) -> dict[str, int]:
        """How many articles there are beside the leads of their stories, by what they are to these."""
        return self._reader.run(story_lists.copies_by_kind)

    def matches(self) -> dict[str, int]:
        """How many stories have an article that matches, by topic in force."""
        return self._reader.run(match_lists.stories_by_topic)

    def size(self) -> int:
        """The bytes of the database, of SQLite with its write-ahead log."""
        return self._reader.run(partial(engine.size_of, self._address))

    def queue(self) -> QueueFigures | None:
        """The jobs and who does them; None where the database is a file, which one process alone works on."""
        return None if isinstance(self._address, SqliteFile) else self._reader.run(_queue)


def _feeds(connection: Connection) -> FeedFigures:
    def having(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    is_broken, is_silent = feed.c.broken_since.is_not(None), feed.c.silent_since.is_not(None)
    statement = select(
        feed.c.state, func.count(), having(_IS_POLLED & is_broken), having(_IS_POLLED & is_silent)
    ).group_by(feed.c.state)
    rows = connection.execute(statement.order_by(feed.c.state)).all()
    return FeedFigures(
        by_state={row[0]: row[1] for row in rows},
        broken=sum(int(row[2]) for row in rows),
        silent=sum(int(row[3]) for row in rows),
    )


def _feeds_due(connection: Connection, now: datetime) -> Backlog:
    is_due = _IS_POLLED & (feed.c.next_poll_at <= now)
    oldest = connection.execute(select(func.min(feed.c.next_poll_at)).where(is_due)).scalar_one()
    return Backlog(waiting=_count(connection, select(feed.c.id).where(is_due)), oldest_at=oldest)


def _entries_due(connection: Connection, now: datetime) -> Backlog:
    # Ids grow with time, so the first of them has waited longest; a look at all would be one at each row.
    first_id = select(func.min(entry.c.id)).where(_AT_ONCE).scalar_subquery()
    first = connection.execute(select(entry.c.first_seen_at).where(entry.c.id == first_id)).scalar_one_or_none()
    is_due = entry.c.next_try_at <= now
    planned = connection.execute(select(func.min(entry.c.next_try_at)).where(is_due)).scalar_one()
    waiting = sum(_count(connection, select(entry.c.id).where(each)) for each in (_AT_ONCE, is_due))
    oldest = min((at for at in (first, planned) if at is not None), default=None)
    return Backlog(waiting=min(waiting, MOST_COUNTED), oldest_at=oldest)


def _count(connection: Connection, rows: Select[int]) -> int:
    some = rows.limit(MOST_COUNTED).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def _queue(connection: Connection) -> QueueFigures:
    processes = Counter((each.role, each.state) for each in roster.read(connection))
    return QueueFigures(depth=queue.depth(connection), processes=dict(processes))
