"""The jobs as schedulers, workers and people see them: one method a transaction. `Store.jobs` offers it."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from storage import schema_floor
from storage.jobs import backlog, due, queue, roster
from storage.jobs.model import wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.engine import Reader, Writer
    from storage.jobs.backlog import JobRecord, Overview
    from storage.jobs.model import DeadJob, Depth, Job
    from storage.jobs.roster import WorkerRecord

#: A job that was given up is not made again by itself for so long, in seconds.
DEAD_FOR_S = 15 * 60.0


def with_jobs(work: Callable[[Connection], tuple[int, ...]]) -> Callable[[Connection], tuple[int, ...]]:
    """*work*, which returns the ids of entries that want a step, with jobs for these in the same transaction."""

    def done(connection: Connection) -> tuple[int, ...]:
        entries = work(connection)
        if entries:
            queue.add(connection, due.for_pages_of(connection, entries))
        return entries

    return done


class JobBoard:
    """What is to be done, and who does it. Only on PostgreSQL.

    Any method can raise a StorageError; QueueMissing when the tables of the queue are not there.
    """

    def __init__(self, reader: Reader, writer: Writer, subject: str) -> None:
        self._reader = reader
        self._writer = writer
        self._subject = subject

    # --- the queue ----------------------------------------------------------------------------------

    def require(self) -> None:
        """Raise QueueMissing when there is no queue, QueueOutdated when it is of another version of Procrastinate."""
        self._reader.run(partial(queue.require, subject=self._subject))

    def require_schema(self) -> None:
        """Raise DatabaseNewer when the schema was upgraded beyond what this version may work with."""
        self._reader.run(partial(schema_floor.require, subject=self._subject))

    def rebuild(self) -> None:
        """Make the queue anew, empty; what is due is handed out again by `hand_out`."""
        self._writer.run(queue.rebuild)

    def hand_out(self, now: datetime, *, most: int) -> tuple[Job, ...]:
        """Make jobs for what is due and not handed out, as long as fewer than *most* jobs wait; return them.

        Polls come first: a feed that is asked too late has lost entries for good.
        """
        return self._writer.run(partial(_hand_out, subject=self._subject, now=now, most=most))

    def add(self, jobs: Iterable[Job]) -> int:
        """Make jobs, but for those that wait already; return how many were made."""
        return self._writer.run(partial(queue.add, jobs=tuple(jobs)))

    def depth(self) -> Depth:
        """How full the queue is."""
        return self._reader.run(queue.depth)

    def sweep(self) -> tuple[Job, ...]:
        """Take back the jobs of workers that are dead; they are handed out again as far as they are due."""
        return self._writer.run(queue.sweep)

    def dead(self) -> tuple[DeadJob, ...]:
        """The jobs that ended with a bug of ours, the oldest first."""
        return self._reader.run(queue.dead)

    def retry(self, ids: Collection[int], *, every: bool = False) -> tuple[Job, ...]:
        """Hand jobs that were given up out again: those with *ids*, or all."""
        return self._writer.run(partial(queue.retry, ids=ids, every=every))

    def overview(self) -> Overview:
        """Who is at work, how full the queue is, and what is due; also where there is no queue."""
        return self._reader.run(partial(backlog.look, subject=self._subject))

    def listed(self, *, only_dead: bool = False, limit: int | None = None) -> tuple[JobRecord, ...]:
        """The jobs in the queue, at most *limit*: the dead first, then those at work, then those that wait."""
        return self._reader.run(partial(backlog.listed, only_dead=only_dead, limit=limit))

    # --- what a job finds ---------------------------------------------------------------------------

    def feeds_of(self, host: str, now: datetime) -> tuple[int, ...]:
        """The ids of the feeds of *host* that are due, the longest waiting first."""
        return self._reader.run(partial(due.feeds_of, host=host, now=now))

    def entries_of(self, host: str, now: datetime, limit: int) -> tuple[int, ...]:
        """The ids of at most *limit* entries that are due and whose page is at *host*, the longest waiting first."""
        return self._reader.run(partial(due.entries_of, host=host, now=now, limit=limit))

    # --- who is at work -----------------------------------------------------------------------------

    def say(self, record: WorkerRecord) -> None:
        """Store how a process stands."""
        self._writer.run(partial(roster.say, record=record))

    def leave(self, name: str) -> None:
        """Forget a process that has ended."""
        self._writer.run(partial(roster.leave, name=name))

    def forget_workers(self, before: datetime) -> int:
        """Forget the processes that were not heard of since; returns how many."""
        return self._writer.run(partial(roster.forget, before=before))

    def workers(self) -> tuple[WorkerRecord, ...]:
        """All processes that are known."""
        return self._reader.run(roster.read)


def _hand_out(connection: Connection, subject: str, now: datetime, most: int) -> tuple[Job, ...]:
    # The tables may be lost while schedulers run; the server's word for that would be taken for a database without any.
    queue.require(connection, subject)
    room = most - queue.depth(connection).waiting
    if room <= 0:
        return ()
    busy = queue.busy(connection, dead_for_s=DEAD_FOR_S)
    with closing(due.polls(connection, now)) as polls, closing(due.extractions(connection, now)) as extractions:
        jobs = list(wanted(polls, busy, room))
        jobs += wanted(extractions, busy, room - len(jobs))
    queue.add(connection, jobs)
    return tuple(jobs)
