"""Rows of feeds: what is known of them, which are polled, which are due."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import bindparam, func, select, update

from ingest.errors import Reason
from ingest.model import Due
from ingest.polling import START_INTERVAL_S, Feed, FeedState
from storage import dialect, direct
from storage.tables import feed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select

    from ingest.polling import ConfiguredFeed

#: Feeds in these states are never due.
NOT_POLLED = (FeedState.REMOVED, FeedState.PAUSED)

_FEED = select(
    feed.c.id,
    feed.c.url,
    feed.c.fetch_url,
    func.coalesce(feed.c.given_title, feed.c.title).label("title"),
    feed.c.state,
    feed.c.etag,
    feed.c.last_modified,
    feed.c.body_hash,
    feed.c.interval_s,
    feed.c.failures,
    feed.c.last_status,
    feed.c.last_error,
    feed.c.last_polled_at,
    feed.c.last_full_poll_at,
    feed.c.next_poll_at,
    feed.c.plan_why,
    feed.c.last_document_at,
    feed.c.last_new_at,
    feed.c.longest_quiet_s,
    feed.c.broken_since,
    feed.c.silent_since,
    feed.c.feed_format,
    feed.c.hub,
    feed.c.self_url,
).where(feed.c.id == bindparam("feed_id"))


def get(connection: Connection, feed_id: int) -> Feed:
    """The feed with this id. Raises LookupError."""
    row = direct.first(connection, _FEED, {"feed_id": feed_id})
    if row is None:
        raise LookupError(f"no feed {feed_id}")
    values = row._asdict()
    values["state"] = FeedState(values["state"])
    return Feed(**values)


_COUNT_UP = (
    update(feed)
    .where(feed.c.id == select(func.min(feed.alias("first").c.id)).scalar_subquery())
    .values(failures=feed.c.failures + bindparam("more"))
)


def write_one(connection: Connection) -> None:
    """Write a feed so that it ends as it was; SQLite would not write at all what is the same from the start."""
    for more in (1, -1):
        connection.execute(_COUNT_UP, {"more": more})


# --- what is polled, and when -----------------------------------------------------------------------


_STORED = select(
    feed.c.id, feed.c.url, feed.c.state, feed.c.given_title, feed.c.last_error, feed.c.last_status, feed.c.next_poll_at
)


def sync(connection: Connection, configured: Iterable[ConfiguredFeed], now: datetime) -> None:
    """Make the polled feeds those of *configured*; of an address that is there twice, the last holds.

    New ones are due at once, missing ones become *removed* and keep their history, paused ones are not polled. Those
    that come back from either are active; one that was paused is due at once, one that was removed when it was to be,
    so that a file that was gone for a moment asks no server sooner. One that lacks a secret or lacked it at its last
    poll is due at once: nobody was asked then.
    """
    wanted = {each.url: each for each in configured}
    stored = {row.url: row for row in connection.execute(_STORED)}
    gone = [row.id for url, row in stored.items() if url not in wanted and row.state != FeedState.REMOVED]
    if gone:
        values = {"state": FeedState.REMOVED, "removed_at": now}
        connection.execute(
            update(feed).where(feed.c.id == bindparam("feed_id")).values(values), [{"feed_id": i} for i in gone]
        )
    new = [_new_row(each, now) for url, each in wanted.items() if url not in stored]
    if new:
        connection.execute(feed.insert(), new)
    for url, row in stored.items():
        if url in wanted:
            _follow(connection, row, wanted[url], now)


def _new_row(configured: ConfiguredFeed, now: datetime) -> dict[str, object]:
    return {
        "url": configured.url,
        "fetch_url": configured.url,
        "given_title": configured.title,
        "state": FeedState.PAUSED if configured.is_paused else FeedState.ACTIVE,
        "interval_s": START_INTERVAL_S,
        "failures": 0,
        "next_poll_at": now,
        "added_at": now,
    }


def _follow(
    connection: Connection,
    row: Row[int, str, str, str | None, str | None, int | None, datetime],
    configured: ConfiguredFeed,
    now: datetime,
) -> None:
    """Let a stored feed be as it is configured."""
    values: dict[str, object] = {}
    had_no_secret = configured.lacks_secret or _lacked_secret(row.last_error, row.last_status)
    if configured.is_paused and row.state != FeedState.PAUSED:
        values = {"state": FeedState.PAUSED, "removed_at": None}
    elif not configured.is_paused and row.state in NOT_POLLED:
        # What its host has asked for holds all the same, see `host_wait`.
        values = {"state": FeedState.ACTIVE, "removed_at": None, "failures": 0, "next_poll_at": now}
        if row.state == FeedState.REMOVED and not had_no_secret:
            values["next_poll_at"] = max(now, row.next_poll_at)
    elif not configured.is_paused and had_no_secret:
        values = {"next_poll_at": now}
    if configured.title != row.given_title:
        values["given_title"] = configured.title
    if values:
        connection.execute(update(feed).where(feed.c.id == row.id).values(values))


def _lacked_secret(last_error: str | None, last_status: int | None) -> bool:
    """Whether the last poll ended before anybody was asked; a server that wants a password says so with a status."""
    return last_error == Reason.AUTH and last_status is None


@cache
def _due(name: str, *, everything: bool) -> Select[int, str]:
    taken = select(dialect.numbers("taken", name).alias("taken").c.value)
    due = select(feed.c.id, feed.c.fetch_url).where(feed.c.state.not_in(NOT_POLLED), feed.c.id.not_in(taken))
    if not everything:
        due = due.where(feed.c.next_poll_at <= bindparam("now"))
    return due.order_by(feed.c.next_poll_at, feed.c.id).limit(bindparam("limit"))


def due(
    connection: Connection, now: datetime, limit: int, taken: Collection[int], *, is_everything_due: bool
) -> tuple[Due, ...]:
    """Feeds to be polled but for *taken*, the longest due first; *is_everything_due*: all that are polled at all."""
    name = connection.dialect.name
    values: dict[str, object] = {"limit": limit, "taken": dialect.pack(taken, name)}
    if not is_everything_due:
        values["now"] = now
    rows = connection.execute(_due(name, everything=is_everything_due), values)
    return tuple(Due(id=row.id, host=host_of(row.fetch_url)) for row in rows)


def host_of(url: str | None) -> str:
    """The host of an address, empty when there is none."""
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""
