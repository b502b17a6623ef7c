"""What is due in a database, and making it due: nobody waits for hours, and the program's clock is the system's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, create_engine, select, update
from sqlalchemy.pool import NullPool

from ingest.polling import ConfiguredFeed
from storage.columns import UtcTime
from storage.feeds import NOT_POLLED
from storage.store import Store
from storage.tables import entry, feed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine, Update

_NOW = bindparam("now", type_=UtcTime)
_OPEN = (
    select(feed.c.id).where(feed.c.state.not_in(NOT_POLLED), feed.c.next_poll_at <= _NOW).limit(1),
    select(entry.c.id).where(entry.c.next_try_at <= _NOW).limit(1),
    select(entry.c.id).where(entry.c.state.in_(("new", "retrying")), entry.c.next_try_at.is_(None)).limit(1),
)
_ALL_FEEDS = update(feed).values(next_poll_at=_NOW)
_ALL_ENTRIES = update(entry).where(entry.c.next_try_at > _NOW).values(next_try_at=_NOW)
_OF_FEED = select(feed.c.id).where(feed.c.url == bindparam("feed_url")).scalar_subquery()


@cache
def _engine(url: str) -> Engine:
    """One that keeps no connection: what a crash leaves must be opened by nobody else."""
    return create_engine(url, poolclass=NullPool)


def is_settled(url: str, *, within: timedelta = timedelta()) -> bool:
    """Nothing is due, now or *within* that time."""
    with _engine(url).connect() as connection:
        now = datetime.now(UTC) + within
        return all(connection.execute(each, {"now": now}).first() is None for each in _OPEN)


def make_all_due(url: str, *, after: timedelta = timedelta()) -> None:
    """Let everything that waits be due now, or in a moment, as if its time had come."""
    _change(url, (_ALL_FEEDS, _ALL_ENTRIES), after=after)


def make_feed_due(url: str, feed_url: str) -> None:
    """Let one feed be due now."""
    _change(url, (_ALL_FEEDS.where(feed.c.url == bindparam("feed_url")),), feed_url=feed_url)


def make_entries_due(url: str, feed_url: str) -> None:
    """Let what waits of the entries of one feed be due now."""
    _change(url, (_ALL_ENTRIES.where(entry.c.feed_id == _OF_FEED),), feed_url=feed_url)


def _change(url: str, statements: Iterable[Update], *, after: timedelta = timedelta(), **values: str) -> None:
    with _engine(url).begin() as connection:
        for statement in statements:
            connection.execute(statement, {"now": datetime.now(UTC) + after, **values})


def add_feeds(url: str, feeds: Iterable[str]) -> None:
    """Make the daemon find its feeds known and none of them due."""
    with Store(url) as store:
        store.sync_feeds([ConfiguredFeed(url=each) for each in feeds], datetime.now(UTC))
    make_all_due(url, after=timedelta(days=1))
