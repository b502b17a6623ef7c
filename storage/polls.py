"""What polls bring: the outcome for the feed, new and changed entries, what people want to know of it."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, Text, bindparam, case, func, or_, select, update

from ingest.errors import Reason
from ingest.model import EntryState
from ingest.polling import FeedHealth, FoundBy
from storage import dialect, direct, entries, events, forgotten
from storage.columns import UtcTime
from storage.feeds import NOT_POLLED
from storage.tables import entry, feed, feed_move, poll_log

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, CompoundSelect, Connection, Insert, Update

    from ingest.polling import ChangedEntry, ListedEntry, NewEntry, Poll


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
    .where(
        entry.c.id == bindparam("entry_id"),
        entry.c.content_hash != bindparam("new_hash"),
        func.coalesce(entry.c.reason, "") != Reason.FORGOTTEN,
    )
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
            entry.c.date_fault: bindparam("new_date_fault"),
        }
    )
)

#: Of one that was forgotten only where it is now: what it says is not looked at.
_CHANGE_FORGOTTEN = (
    update(entry)
    .where(entry.c.id == bindparam("entry_id"), entry.c.reason == Reason.FORGOTTEN)
    .values(
        {
            entry.c.content_hash: bindparam("new_hash"),
            entry.c.guid: func.coalesce(bindparam("new_guid"), entry.c.guid),
            entry.c.link: func.coalesce(bindparam("new_link"), entry.c.link),
            entry.c.page_address: func.coalesce(bindparam("new_address"), entry.c.page_address),
        }
    )
)
_COUNT_SEEN = (
    update(feed)
    .where(feed.c.id == bindparam("feed_id"))
    .values(entries_seen=feed.c.entries_seen + bindparam("stored", type_=Integer))
)

_VALIDATORS = ("etag", "last_modified")
#: Columns of a feed that are fields of `Poll`, set with a document, and of `FeedHealth`.
_OF_DOCUMENT = (*_VALIDATORS, "body_hash", "feed_format", "hub", "self_url")
_OF_HEALTH = tuple(each.name for each in fields(FeedHealth))

#: A feed that was removed or paused while it was polled stays so.
_STATE = case(
    (or_(*(feed.c.state == each for each in NOT_POLLED)), feed.c.state),
    else_=bindparam("new_state", type_=feed.c.state.type),
)


@cache
def _set(names: tuple[str, ...]) -> Update:
    """Sets these columns of a feed; there are few such statements, and most polls learn little."""
    new: dict[Column[Any], ColumnElement[Any]] = {feed.c[name]: bindparam(f"new_{name}") for name in names}
    return update(feed).where(feed.c.id == bindparam("feed_id")).values(new | {feed.c.state: _STATE})


#: Where a feed has moved to; nothing when it is there already.
_MOVE = feed_move.insert().from_select(
    ["feed_id", "from_url", "to_url", "at"],
    select(
        feed.c.id, feed.c.fetch_url, bindparam("new_fetch_url", type_=Text), bindparam("moved_at", type_=UtcTime)
    ).where(feed.c.id == bindparam("moving"), feed.c.fetch_url != bindparam("new_fetch_url", type_=Text)),
)

_FEED = select(feed.c.id).where(feed.c.id == bindparam("feed_id"))


def record_poll(connection: Connection, poll: Poll) -> tuple[int, ...]:
    """Store a poll; return the ids of its entries that now want a step. See `ports.Store.record_poll`."""
    name = connection.dialect.name
    _update_feed(connection, poll)
    direct.change(
        connection,
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
    if poll.events:
        events.record(connection, poll.events, poll.polled_at)
    wanting = _store_entries(connection, poll.feed_id, poll.new, poll.changed, poll.polled_at)
    if poll.seen:
        connection.execute(_seen(name), {"ids": dialect.pack(poll.seen, name), "at": poll.polled_at})
    return wanting


def record_found(
    connection: Connection,
    feed_id: int,
    found: Iterable[NewEntry],
    now: datetime,
    changed: Iterable[ChangedEntry] = (),
) -> tuple[int, ...]:
    """Store entries that no poll has brought; return the ids of those that want a step. Raises LookupError."""
    if connection.execute(_FEED, {"feed_id": feed_id}).first() is None:
        raise LookupError(f"no feed {feed_id}")
    return _store_entries(connection, feed_id, tuple(found), tuple(changed), now)


def _store_entries(
    connection: Connection,
    feed_id: int,
    new: tuple[NewEntry, ...],
    changed: tuple[ChangedEntry, ...],
    at: datetime,
) -> tuple[int, ...]:
    """Store new and changed entries; return the ids of those that want a step."""
    if not new and not changed:
        return ()
    name = connection.dialect.name
    listed = [each.listed for each in new] + [each.listed for each in changed]
    unwanted = forgotten.forgotten_among(connection, filter(None, (each.page_address for each in listed)))
    if new:
        rows = [_new_row(feed_id, each, at) for each in new]
        rows = [row | entries.WIPED if row["page_address"] in unwanted else row for row in rows]
        count_seen(connection, feed_id, connection.execute(_add_entry(name), rows).rowcount)
    if changed:
        values = [_changed_row(each, at) for each in changed]
        done = connection.execute(_CHANGE, values).rowcount
        if unwanted or done < len(values):
            _change_forgotten(connection, changed, values, unwanted)
    wanting = {
        "feed_id": feed_id,
        "identities": dialect.pack((each.identity for each in new), name),
        "changed": dialect.pack((each.id for each in changed), name),
    }
    return tuple(connection.execute(_wanting(name), wanting).scalars())


def count_seen(connection: Connection, feed_id: int, stored: int) -> None:
    """Keep account of entries of the feed that were stored in this transaction; see `storage.account`."""
    if stored:
        connection.execute(_COUNT_SEEN, {"feed_id": feed_id, "stored": stored})


def _change_forgotten(
    connection: Connection, changed: tuple[ChangedEntry, ...], values: list[dict[str, object]], unwanted: frozenset[str]
) -> None:
    """See to it that an entry that was forgotten stays so, and that one is which leads to an address that was."""
    led_there = [each.id for each in changed if each.listed.page_address in unwanted]
    if led_there:
        entries.wipe(connection, led_there)
    names = ("entry_id", "new_hash", "new_guid", "new_link", "new_address")
    connection.execute(_CHANGE_FORGOTTEN, [{each: row[each] for each in names} for row in values])


def _update_feed(connection: Connection, poll: Poll) -> None:
    if poll.fetch_url is not None:
        move = {"moving": poll.feed_id, "new_fetch_url": poll.fetch_url, "moved_at": poll.polled_at}
        connection.execute(_MOVE, move)
    learned = _learned(poll)
    values = {f"new_{name}": value for name, value in learned.items()}
    if not direct.change(connection, _set(tuple(learned)), values | {"feed_id": poll.feed_id}):
        raise LookupError(f"no feed {poll.feed_id}")


def _learned(poll: Poll) -> dict[str, object]:
    """The columns of the feed that the poll changes."""
    values: dict[str, object] = {
        "state": poll.plan.state,
        "interval_s": poll.plan.interval_s,
        "failures": poll.plan.failures,
        "next_poll_at": poll.plan.next_poll_at,
        "plan_why": poll.plan.why or None,
    }
    if not poll.is_put_off:
        values |= {
            "last_polled_at": poll.polled_at,
            "last_status": poll.status,
            "last_error": poll.error,
            "last_error_detail": poll.error_detail,
        }
    if poll.title is not None:
        values["title"] = poll.title
    if poll.fetch_url is not None:
        values["fetch_url"] = poll.fetch_url
    if poll.is_document:
        values |= {name: getattr(poll, name) for name in _OF_DOCUMENT}
        if poll.listed_count and not poll.is_behind:
            # One without entries says nothing of what was listed before it.
            values["last_document_at"] = poll.polled_at
    elif poll.has_new_validators:
        values |= {name: getattr(poll, name) for name in _VALIDATORS}
    if poll.health is not None:
        values |= {name: getattr(poll.health, name) for name in _OF_HEALTH}
    if poll.error is None and not poll.was_conditional:
        values["last_full_poll_at"] = poll.polled_at
    return values


def _new_row(feed_id: int, new: NewEntry, at: datetime) -> dict[str, object]:
    return {
        **_listed(new.listed, ""),
        "feed_id": feed_id,
        "identity": new.identity,
        "content_hash": new.content_hash,
        "page_address": new.listed.page_address,
        "state": EntryState.NEW,
        "reason": None,
        "detail": None,
        "text_from": None,
        "next_try_at": None,
        "article_id": None,
        "attempts": 0,
        "checks": 0,
        "first_seen_at": at,
        "last_seen_at": at,
        "is_changed": False,
        "revision": 0,
        "found_by": None if new.found_by is FoundBy.FEED else new.found_by,
    }


def _changed_row(changed: ChangedEntry, at: datetime) -> dict[str, object]:
    return {
        **_listed(changed.listed, "new_"),
        "entry_id": changed.id,
        "new_hash": changed.content_hash,
        "new_address": changed.listed.page_address,
        "at": at,
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
        f"{prefix}date_fault": listed.date_fault,
    }
