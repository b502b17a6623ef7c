"""Rows of feeds and what their polls bring."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import Boolean, bindparam, case, delete, func, select, update

from ingest.model import Due, EntryState
from ingest.polling import Feed, FeedState
from storage import dialect
from storage.columns import UtcTime
from storage.tables import entry, feed, poll_log

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import CompoundSelect, Connection, Insert, Row, Select, Update

    from ingest.polling import ChangedEntry, ListedEntry, NewEntry, Poll

#: Polling starts at 30 minutes and adapts from there.
START_INTERVAL_S = 30 * 60

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
).where(feed.c.id == bindparam("feed_id"))


def get(connection: Connection, feed_id: int) -> Feed:
    """The feed with this id. Raises LookupError."""
    row = connection.execute(_FEED, {"feed_id": feed_id}).one_or_none()
    if row is None:
        raise LookupError(f"no feed {feed_id}")
    values = row._asdict()
    values["state"] = FeedState(values["state"])
    return Feed(**values)


# --- what is polled, and when -----------------------------------------------------------------------


def sync(connection: Connection, configured: Mapping[str, str | None], now: datetime) -> None:
    """Make the polled feeds those of *configured*: address → title of the user's, or None.

    New ones are due at once, missing ones become *removed* and keep their history, and those that come
    back are active and due again.
    """
    stored = {
        row.url: row for row in connection.execute(select(feed.c.id, feed.c.url, feed.c.state, feed.c.given_title))
    }
    gone = [row.id for url, row in stored.items() if url not in configured and row.state != FeedState.REMOVED]
    if gone:
        values = {"state": FeedState.REMOVED, "removed_at": now}
        connection.execute(
            update(feed).where(feed.c.id == bindparam("feed_id")).values(values), [{"feed_id": i} for i in gone]
        )
    _add(connection, {url: title for url, title in configured.items() if url not in stored}, now)
    for url, title in configured.items():
        row = stored.get(url)
        if row is not None:
            _bring_back(connection, row, title, now)


def add(connection: Connection, configured: Mapping[str, str | None], now: datetime) -> None:
    """As `sync`, but feeds that are not among *configured* stay as they are."""
    urls = dialect.texts("urls", connection.dialect.name)
    known = select(feed.c.id, feed.c.url, feed.c.state, feed.c.given_title).join(urls, urls.c.value == feed.c.url)
    packed = dialect.pack(configured, connection.dialect.name)
    stored = {row.url: row for row in connection.execute(known, {"urls": packed})}
    _add(connection, {url: title for url, title in configured.items() if url not in stored}, now)
    for url, row in stored.items():
        _bring_back(connection, row, configured[url], now)


def _add(connection: Connection, configured: Mapping[str, str | None], now: datetime) -> None:
    if configured:
        connection.execute(
            feed.insert(),
            [
                {
                    "url": url,
                    "fetch_url": url,
                    "given_title": title,
                    "state": FeedState.ACTIVE,
                    "interval_s": START_INTERVAL_S,
                    "failures": 0,
                    "next_poll_at": now,
                    "added_at": now,
                }
                for url, title in configured.items()
            ],
        )


def _bring_back(connection: Connection, row: Row[int, str, str, str | None], title: str | None, now: datetime) -> None:
    values: dict[str, object] = {}
    if row.state == FeedState.REMOVED:
        values = {"state": FeedState.ACTIVE, "removed_at": None, "failures": 0, "next_poll_at": now}
    if title != row.given_title:
        values["given_title"] = title
    if values:
        connection.execute(update(feed).where(feed.c.id == row.id).values(values))


@cache
def _due(name: str, *, everything: bool) -> Select[int, str]:
    taken = select(dialect.numbers("taken", name).alias("taken").c.value)
    due = select(feed.c.id, feed.c.fetch_url).where(feed.c.state != FeedState.REMOVED, feed.c.id.not_in(taken))
    if not everything:
        due = due.where(feed.c.next_poll_at <= bindparam("now"))
    return due.order_by(feed.c.next_poll_at, feed.c.id).limit(bindparam("limit"))


def due(
    connection: Connection, now: datetime, limit: int, taken: Collection[int], *, is_everything_due: bool
) -> tuple[Due, ...]:
    """Feeds to be polled but for *taken*, the longest due first; *is_everything_due*: all that are not removed."""
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


# --- polls ------------------------------------------------------------------------------------------


@cache
def _log_poll(name: str) -> Insert:
    return dialect.insert(poll_log, name).on_conflict_do_nothing(index_elements=["feed_id", "at"])


@cache
def _add_entry(name: str) -> Insert:
    return dialect.insert(entry, name).on_conflict_do_nothing(index_elements=["feed_id", "identity"])


@cache
def _wanting(name: str) -> CompoundSelect[int]:
    """The ids of the entries of a poll that want a step."""
    identities = dialect.texts("identities", name).alias()
    changed = dialect.numbers("changed", name).alias()
    new = select(entry.c.id.label("entry_id")).join(identities, identities.c.value == entry.c.identity)
    new = new.where(entry.c.feed_id == bindparam("feed_id"), entry.c.state == EntryState.NEW)
    old = select(entry.c.id.label("entry_id")).join(changed, changed.c.value == entry.c.id).where(entry.c.is_changed)
    return new.union(old).order_by("entry_id")


@cache
def _seen(name: str) -> Update:
    ids = dialect.numbers("ids", name)
    return (
        update(entry)
        .where(entry.c.id.in_(select(ids.c.value)), entry.c.last_seen_at < bindparam("at"))
        .values(last_seen_at=bindparam("at"))
    )


#: A changed entry is due again: one that is done is read again, one that failed is as good as new, one that
#: waits goes on waiting. The same change told twice is no change.
_CHANGE = (
    update(entry)
    .where(entry.c.id == bindparam("entry_id"), entry.c.content_hash != bindparam("new_hash"))
    .values(
        {
            entry.c.content_hash: bindparam("new_hash"),
            entry.c.is_changed: True,
            entry.c.revision: entry.c.revision + 1,
            entry.c.attempts: 0,
            entry.c.state: case((entry.c.state == EntryState.FAILED, EntryState.NEW), else_=entry.c.state),
            entry.c.next_try_at: case(
                (entry.c.state == EntryState.DONE, bindparam("at", type_=entry.c.next_try_at.type)),
                (entry.c.state == EntryState.FAILED, None),
                else_=entry.c.next_try_at,
            ),
            entry.c.guid: func.coalesce(bindparam("new_guid"), entry.c.guid),
            entry.c.link: func.coalesce(bindparam("new_link"), entry.c.link),
            entry.c.page_address: func.coalesce(bindparam("new_address"), entry.c.page_address),
            entry.c.title: bindparam("new_title"),
            entry.c.author: bindparam("new_author"),
            entry.c.published: bindparam("new_published"),
            entry.c.updated: bindparam("new_updated"),
            entry.c.text: bindparam("new_text"),
            entry.c.lang: bindparam("new_lang"),
            entry.c.sections: bindparam("new_sections"),
        }
    )
)


#: A feed that was removed while it was polled stays removed.
_POLLED = (
    update(feed)
    .where(feed.c.id == bindparam("feed_id"))
    .values(
        {
            feed.c.state: case((feed.c.state == FeedState.REMOVED, feed.c.state), else_=bindparam("new_state")),
            feed.c.interval_s: bindparam("new_interval_s"),
            feed.c.failures: bindparam("new_failures"),
            feed.c.next_poll_at: bindparam("new_next_poll_at"),
            feed.c.last_polled_at: bindparam("at"),
            feed.c.last_status: bindparam("new_status"),
            feed.c.last_error: bindparam("new_error"),
            feed.c.last_error_detail: bindparam("new_error_detail"),
            feed.c.title: func.coalesce(bindparam("new_title"), feed.c.title),
            feed.c.fetch_url: func.coalesce(bindparam("new_fetch_url"), feed.c.fetch_url),
            **{
                column: case((bindparam("is_document", type_=Boolean), bindparam(f"new_{column.name}")), else_=column)
                for column in (feed.c.etag, feed.c.last_modified, feed.c.body_hash)
            },
            feed.c.last_full_poll_at: case(
                (bindparam("is_full", type_=Boolean), bindparam("at", type_=UtcTime)), else_=feed.c.last_full_poll_at
            ),
        }
    )
)


def record_poll(connection: Connection, poll: Poll) -> tuple[int, ...]:
    """Store a poll; return the ids of its entries that now want a step. See `ports.Store.record_poll`."""
    name = connection.dialect.name
    _update_feed(connection, poll)
    connection.execute(
        _log_poll(name),
        {
            "feed_id": poll.feed_id,
            "at": poll.polled_at,
            "status": poll.status,
            "error": poll.error,
            "detail": poll.error_detail,
            "listed": poll.listed_count,
            "new": len(poll.new),
            "changed": len(poll.changed),
        },
    )
    if poll.new:
        connection.execute(_add_entry(name), [_new_row(poll, new) for new in poll.new])
    if poll.changed:
        connection.execute(_CHANGE, [_changed_row(poll, changed) for changed in poll.changed])
    if poll.seen:
        connection.execute(_seen(name), {"ids": dialect.pack(poll.seen, name), "at": poll.polled_at})
    if not poll.new and not poll.changed:
        return ()
    wanting = {
        "feed_id": poll.feed_id,
        "identities": dialect.pack((new.identity for new in poll.new), name),
        "changed": dialect.pack((changed.id for changed in poll.changed), name),
    }
    return tuple(connection.execute(_wanting(name), wanting).scalars())


def _update_feed(connection: Connection, poll: Poll) -> None:
    values = {
        "feed_id": poll.feed_id,
        "new_state": poll.plan.state,
        "new_interval_s": poll.plan.interval_s,
        "new_failures": poll.plan.failures,
        "new_next_poll_at": poll.plan.next_poll_at,
        "at": poll.polled_at,
        "new_status": poll.status,
        "new_error": poll.error,
        "new_error_detail": poll.error_detail,
        "new_title": poll.title,
        "new_fetch_url": poll.fetch_url,
        "is_document": poll.is_document,
        "new_etag": poll.etag,
        "new_last_modified": poll.last_modified,
        "new_body_hash": poll.body_hash,
        "is_full": poll.error is None and not poll.was_conditional,
    }
    if not connection.execute(_POLLED, values).rowcount:
        raise LookupError(f"no feed {poll.feed_id}")


def _new_row(poll: Poll, new: NewEntry) -> dict[str, object]:
    return {
        **_listed(new.listed, ""),
        "feed_id": poll.feed_id,
        "identity": new.identity,
        "content_hash": new.content_hash,
        "page_address": new.listed.page_address,
        "state": EntryState.NEW,
        "attempts": 0,
        "checks": 0,
        "first_seen_at": poll.polled_at,
        "last_seen_at": poll.polled_at,
        "is_changed": False,
        "revision": 0,
    }


def _changed_row(poll: Poll, changed: ChangedEntry) -> dict[str, object]:
    return {
        **_listed(changed.listed, "new_"),
        "entry_id": changed.id,
        "new_hash": changed.content_hash,
        "new_address": changed.listed.page_address,
        "at": poll.polled_at,
    }


def _listed(listed: ListedEntry, prefix: str) -> dict[str, object]:
    return {
        f"{prefix}guid": listed.guid,
        f"{prefix}link": listed.link,
        f"{prefix}title": listed.title,
        f"{prefix}author": listed.author,
        f"{prefix}published": listed.published,
        f"{prefix}updated": listed.updated,
        f"{prefix}text": listed.text,
        f"{prefix}lang": listed.lang,
        f"{prefix}sections": list(listed.sections),
    }


def prune_log(connection: Connection, before: datetime) -> int:
    """Forget the log of polls made before that time; returns how many lines."""
    return connection.execute(delete(poll_log).where(poll_log.c.at < before)).rowcount
