"""What is to be done and who does it, in one look: for people, and for what watches over a fleet of workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ingest.model import EntryState
from storage.columns import UtcTime
from storage.errors import QueueMissing
from storage.feeds import NOT_POLLED
from storage.jobs import queue, roster
from storage.tables import entry, feed

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.jobs.model import Depth
    from storage.jobs.roster import WorkerRecord

#: By what the queue calls them.
STATES = {"todo": "waiting", "doing": "at_work", "failed": "dead"}

_STALLED = """
SELECT count(*) FROM procrastinate_jobs j WHERE j.status = 'doing' AND NOT EXISTS (
    SELECT FROM procrastinate_workers w
    WHERE w.id = j.worker_id AND w.last_heartbeat >= now() - make_interval(secs => %s))
"""
#: The dead first, then those at work: of those that wait there can be thousands.
_LISTED = """
SELECT j.id, j.queueing_lock, j.status::text, j.attempts,
    (SELECT max(e.at) FROM procrastinate_events e WHERE e.job_id = j.id) AS since
FROM procrastinate_jobs j
WHERE j.queueing_lock IS NOT NULL AND j.status IN ('todo', 'doing', 'failed') AND (j.status = 'failed' OR NOT %s)
ORDER BY j.status = 'todo', j.status = 'doing', j.id LIMIT %s
"""

_FEEDS = select(func.count(), func.min(feed.c.next_poll_at)).where(feed.c.state.not_in(NOT_POLLED))
_AT_ONCE = select(func.count(), func.min(entry.c.id)).where(
    entry.c.state.in_([EntryState.NEW, EntryState.RETRYING]), entry.c.next_try_at.is_(None)
)
_PLANNED = select(func.count(), func.min(entry.c.next_try_at))
_NOW = select(func.wirewatch_now(type_=UtcTime))


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is due, as the columns of feeds and entries say."""

    feeds: int
    #: since when the one is due that waits longest; None: none is
    oldest_feed_at: datetime | None
    entries: int
    oldest_entry_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """The queue, with the jobs of dead workers, which are counted as at work too."""

    depth: Depth
    stalled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All of it at one moment, by the clock of the server."""

    now: datetime
    workers: tuple[WorkerRecord, ...]
    due: Due
    #: None where `trouble` says why there is no queue that can be used
    queue: QueueState | None
    trouble: QueueMissing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job in the queue."""

    id: int
    #: see `model.Kind`; a newer version at work beside this one may know others
    kind: str
    target: str
    #: waiting, at_work or dead
    state: str
    #: how often it was begun
    attempts: int
    #: when it came into this state
    since: datetime | None


def look(connection: Connection, subject: str) -> Overview:
    """Who is at work on what."""
    now = connection.execute(_NOW).scalar_one()
    state, trouble = None, None
    try:
        queue.require(connection, subject)
    except QueueMissing as error:
        trouble = error
    else:
        stalled = connection.exec_driver_sql(_STALLED, (queue.DEAD_AFTER_S,)).scalar_one()
        state = QueueState(depth=queue.depth(connection), stalled=stalled)
    return Overview(now=now, workers=roster.read(connection), due=due_at(connection, now), queue=state, trouble=trouble)


def due_at(connection: Connection, now: datetime) -> Due:
    """What is due at *now*."""
    feeds, oldest_feed = connection.execute(_FEEDS.where(feed.c.next_poll_at <= now)).one()
    at_once, first = connection.execute(_AT_ONCE).one()
    planned, oldest_planned = connection.execute(_PLANNED.where(entry.c.next_try_at <= now)).one()
    seen = connection.execute(select(entry.c.first_seen_at).where(entry.c.id == first)).scalar()
    return Due(
        feeds=feeds,
        oldest_feed_at=oldest_feed,
        entries=at_once + planned,
        oldest_entry_at=min((each for each in (seen, oldest_planned) if each is not None), default=None),
    )


def listed(connection: Connection, *, only_dead: bool, limit: int | None) -> tuple[JobRecord, ...]:
    """The jobs in the queue: the dead first, then those at work, then those that wait, each by age."""
    rows = connection.exec_driver_sql(_LISTED, (only_dead, limit))
    found = []
    for number, key, status, attempts, since in rows:
        kind, _, target = key.partition(":")
        found.append(
            JobRecord(id=number, kind=kind, target=target, state=STATES[status], attempts=attempts, since=since)
        )
    return tuple(found)
