"""Listings of feeds, entries and events. Read only; see `listings.Listings`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from ingest.model import EntryState
from ingest.polling import EventKind
from storage.feeds import NOT_POLLED
from storage.lists.trail_records import EventRecord
from storage.records import EntryRecord, FeedRecord
from storage.tables import entry, event, feed, feed_move, subscription

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

    from storage.window import Window

# --- feeds ------------------------------------------------------------------------------------------


def feeds(connection: Connection, since: datetime | None = None, feed_id: int | None = None) -> tuple[FeedRecord, ...]:
    """All feeds, or one, in the order in which they were added; gaps are counted from *since* on."""
    gaps = select(func.count()).where(event.c.kind == EventKind.GAP, event.c.feed_id == feed.c.id)
    if since is not None:
        gaps = gaps.where(event.c.at >= since)
    moves = feed_move.alias("moves")
    last_move = select(func.max(moves.c.id)).where(moves.c.feed_id == feed.c.id).scalar_subquery()
    statement = (
        select(
            feed.c.id,
            feed.c.url,
            feed.c.fetch_url,
            func.coalesce(feed.c.given_title, feed.c.title).label("title"),
            feed.c.state,
            feed.c.last_status,
            feed.c.last_error,
            feed.c.failures,
            feed.c.next_poll_at,
            select(func.count()).where(entry.c.feed_id == feed.c.id).scalar_subquery().label("entries"),
            feed.c.last_error_detail,
            feed.c.last_polled_at,
            feed.c.added_at,
            feed.c.plan_why,
            feed.c.interval_s,
            feed.c.last_document_at,
            feed.c.last_new_at,
            feed.c.longest_quiet_s,
            feed.c.broken_since,
            feed.c.silent_since,
            gaps.scalar_subquery().label("gaps"),
            feed.c.feed_format,
            feed.c.hub,
            subscription.c.state.label("subscription"),
            subscription.c.last_push_at,
            feed_move.c.from_url.label("moved_from"),
            feed_move.c.at.label("moved_at"),
        )
        .outerjoin(subscription, subscription.c.feed_id == feed.c.id)
        .outerjoin(feed_move, feed_move.c.id == last_move)
        .order_by(feed.c.id)
    )
    if feed_id is not None:
        statement = statement.where(feed.c.id == feed_id)
    return tuple(FeedRecord(**row._asdict()) for row in connection.execute(statement))


def _refuse_unknown(connection: Connection, feed_id: int) -> None:
    if connection.execute(select(feed.c.id).where(feed.c.id == feed_id)).first() is None:
        raise LookupError(f"no feed {feed_id}")


# --- entries ----------------------------------------------------------------------------------------


def entries(
    connection: Connection, window: Window, state: str | None, reason: str | None, feed_id: int | None
) -> tuple[EntryRecord, ...]:
    """Entries, of one state, reason or feed if given. Raises LookupError."""
    statement = select(
        entry.c.id,
        entry.c.feed_id.label("feed"),
        entry.c.guid,
        entry.c.link,
        entry.c.title,
        entry.c.published,
        entry.c.first_seen_at.label("first_seen"),
        entry.c.state,
        entry.c.reason,
        entry.c.text_from,
        entry.c.article_id.label("article"),
        entry.c.detail,
        entry.c.attempts,
        entry.c.next_try_at,
        entry.c.date_fault,
        func.coalesce(entry.c.found_by, "feed").label("found_by"),
    )
    if state is not None:
        statement = statement.where(entry.c.state == state)
        if state != EntryState.DONE:
            # Those few are in an index of their own, which is used where this is said.
            statement = statement.where(entry.c.state != EntryState.DONE.value)
    if reason is not None:
        statement = statement.where(entry.c.reason == reason)
    if feed_id is not None:
        _refuse_unknown(connection, feed_id)
        statement = statement.where(entry.c.feed_id == feed_id)
    statement = window.of(statement, first_seen=entry.c.first_seen_at, published=entry.c.published, ident=entry.c.id)
    return tuple(EntryRecord(**row._asdict()) for row in connection.execute(statement))


# --- events -----------------------------------------------------------------------------------------


def _events() -> Select[*tuple[Any, ...]]:
    return select(
        event.c.id,
        event.c.at,
        event.c.kind,
        event.c.feed_id.label("feed"),
        feed.c.url.label("feed_url"),
        event.c.entry_id.label("entry"),
        event.c.site,
        event.c.detail,
    ).outerjoin(feed, feed.c.id == event.c.feed_id)


def events(
    connection: Connection, window: Window, kind: str | None, feed_id: int | None, site: str | None
) -> tuple[EventRecord, ...]:
    """Events, the newest first; of one kind, feed or site if given. Raises LookupError."""
    statement = _events()
    if kind is not None:
        statement = statement.where(event.c.kind == kind)
    if feed_id is not None:
        _refuse_unknown(connection, feed_id)
        statement = statement.where(event.c.feed_id == feed_id)
    if site is not None:
        statement = statement.where(event.c.site == site)
    statement = window.of(statement, first_seen=event.c.at, published=event.c.at, ident=event.c.id)
    return tuple(EventRecord(**row._asdict()) for row in connection.execute(statement))


def events_of_entry(connection: Connection, entry_id: int, feed_id: int, limit: int) -> tuple[EventRecord, ...]:
    """The newest events of an entry and of its feed as a whole."""
    concerns = or_(event.c.entry_id == entry_id, event.c.entry_id.is_(None))
    statement = _events().where(event.c.feed_id == feed_id, concerns)
    rows = connection.execute(statement.order_by(event.c.at.desc(), event.c.id.desc()).limit(limit))
    return tuple(EventRecord(**row._asdict()) for row in rows)


# --- how many ---------------------------------------------------------------------------------------


def count_silent(connection: Connection) -> int:
    """How many feeds are silent: they answer, and bring nothing new for longer than they used to."""
    statement = select(func.count()).select_from(feed).where(feed.c.silent_since.is_not(None), _is_listened_to())
    return int(connection.execute(statement).scalar_one())


def _is_listened_to() -> ColumnElement[bool]:
    return feed.c.state.not_in(NOT_POLLED)


def count_events(connection: Connection, since: datetime | None) -> dict[str, int]:
    """How many events of each kind there were from *since* on."""
    statement = select(event.c.kind, func.count()).group_by(event.c.kind).order_by(event.c.kind)
    if since is not None:
        statement = statement.where(event.c.at >= since)
    return {row[0]: row[1] for row in connection.execute(statement)}
