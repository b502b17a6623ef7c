"""A clock that was set back: what was planned by the clock as it was comes at its time by the clock as it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, bindparam, func, select, type_coerce, update

from storage.columns import UtcTime
from storage.tables import entry, feed, host_wait, subscription

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

#: Clocks that are kept right by the network go back by less.
LEAST = timedelta(minutes=2)

_LAST_POLL = select(func.max(feed.c.last_polled_at))
_NOW = bindparam("now", type_=UtcTime)
_AHEAD = bindparam("ahead", type_=BigInteger)
#: What is planned. The record of what happened stays as it was written.
_PLANNED = (feed.c.next_poll_at, entry.c.next_try_at, host_wait.c.until, subscription.c.lease_until)
_PLAN_ANEW = tuple(
    update(column.table)
    .where(column > _NOW)
    .values({column: type_coerce(type_coerce(column, BigInteger) - _AHEAD, UtcTime)})
    for column in _PLANNED
)
#: The next wait is reckoned from it; and it tells that this has been done.
_POLLED = update(feed).where(feed.c.last_polled_at > _NOW).values(last_polled_at=_NOW)


def follow(connection: Connection, now: datetime) -> timedelta:
    """Plan anew what was planned by a clock that was ahead of *now*; return by how much it was, zero where it was not.

    It was ahead when a feed was polled later than now. A second call changes nothing.
    """
    last = connection.execute(_LAST_POLL).scalar()
    if last is None or last - now < LEAST:
        return timedelta()
    ahead: timedelta = last - now
    for statement in _PLAN_ANEW:
        connection.execute(statement, {"now": now, "ahead": ahead // timedelta(microseconds=1)})
    connection.execute(_POLLED, {"now": now})
    return ahead
