"""Rows of subscriptions at hubs (WebSub), and the feeds that could have one."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select

from ingest.subscription import HubFeed, Subscription, SubscriptionState
from storage import dialect
from storage.feeds import NOT_POLLED
from storage.tables import feed, subscription

if TYPE_CHECKING:
    from sqlalchemy import Connection, Insert

_FEEDS = (
    select(
        feed.c.id.label("feed_id"),
        feed.c.hub,
        # The address under which the feed names itself; one that names none is known by where it is.
        func.coalesce(feed.c.self_url, feed.c.fetch_url).label("topic"),
    )
    .where(feed.c.hub.is_not(None), feed.c.state.not_in(NOT_POLLED))
    .order_by(feed.c.id)
)
_ALL = select(subscription).order_by(subscription.c.feed_id)
_FEED = select(feed.c.id).where(feed.c.id == bindparam("feed_id"))


def hub_feeds(connection: Connection) -> tuple[HubFeed, ...]:
    """The polled feeds that announce a hub."""
    return tuple(HubFeed(**row._asdict()) for row in connection.execute(_FEEDS))


def read(connection: Connection) -> tuple[Subscription, ...]:
    """All subscriptions, in the order of their feeds."""
    return tuple(
        Subscription(**row._asdict() | {"state": SubscriptionState(row.state)}) for row in connection.execute(_ALL)
    )


@cache
def _put(name: str) -> Insert:
    add = dialect.insert(subscription, name)
    others = {column.name: add.excluded[column.name] for column in subscription.c if not column.primary_key}
    return add.on_conflict_do_update(index_elements=["feed_id"], set_=others)


def save(connection: Connection, kept: Subscription) -> None:
    """Store how the subscription of a feed stands. Raises LookupError for a feed that does not exist."""
    if connection.execute(_FEED, {"feed_id": kept.feed_id}).first() is None:
        raise LookupError(f"no feed {kept.feed_id}")
    connection.execute(_put(connection.dialect.name), asdict(kept))


def drop(connection: Connection, feed_id: int) -> None:
    """Forget the subscription of a feed, if there is one."""
    connection.execute(delete(subscription).where(subscription.c.feed_id == feed_id))
