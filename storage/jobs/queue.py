"""The queue, which is that of Procrastinate: its tables in our database, filled in our own transactions.

Jobs have a `queueing_lock`, so that one of a kind and target waits at most, and never a `lock`: a job that waits for a
time to come would hold up all others with that lock (issue 1599 of Procrastinate), and finding one among many that are
locked takes long (1242). Times, back-off and turns are columns of ours.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from storage.errors import QueueMissing, QueueOutdated
from storage.jobs.model import DeadJob, Depth, Job, Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection

#: What tables, functions and types of Procrastinate begin with.
PREFIX = "procrastinate_"

#: A worker that was not heard of for so long is dead, in seconds; it says three times in that time that it lives.
DEAD_AFTER_S = 15.0

_VERSION = """
SELECT obj_description(found, 'pg_class') FROM to_regclass('procrastinate_jobs') AS found WHERE found IS NOT NULL
"""
#: Nobody takes a job that is locked so before our transaction has ended: whoever does sees what we have written.
_WAITING = """
SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = ANY(%s) FOR NO KEY UPDATE
"""
#: One that was given up is left alone for a while, or a bug would be met at every tick.
_BUSY = """
SELECT DISTINCT j.queueing_lock FROM procrastinate_jobs j
WHERE j.queue_name = ANY(%s) AND j.queueing_lock IS NOT NULL AND (j.status IN ('todo', 'doing')
    OR j.status = 'failed' AND EXISTS (
        SELECT FROM procrastinate_events e WHERE e.job_id = j.id AND e.at > now() - make_interval(secs => %s)))
"""
_DEPTH = """
SELECT count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'doing'),
    count(*) FILTER (WHERE status = 'failed')
FROM procrastinate_jobs
"""
#: A job that was cut short, as when a worker ends while it is at it, has no bug: what is left of it is due still.
_STALLED = """
DELETE FROM procrastinate_jobs j WHERE j.queue_name = ANY(%s) AND (j.status IN ('aborted', 'cancelled')
    OR j.status = 'doing' AND NOT EXISTS (
        SELECT FROM procrastinate_workers w
        WHERE w.id = j.worker_id AND w.last_heartbeat >= now() - make_interval(secs => %s)))
RETURNING j.queueing_lock
"""
_DEAD = """
SELECT j.id, j.queueing_lock, j.attempts, max(e.at)
FROM procrastinate_jobs j LEFT JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'failed'
WHERE j.queue_name = ANY(%s) AND j.status = 'failed' AND j.queueing_lock IS NOT NULL GROUP BY j.id ORDER BY j.id
"""
_FORGET_DEAD = """
DELETE FROM procrastinate_jobs j
WHERE j.queue_name = ANY(%s) AND j.status NOT IN ('todo', 'doing') AND (j.id = ANY(%s) OR %s)
RETURNING j.queueing_lock
"""
_DROP = """
DO $$ DECLARE each record; BEGIN
FOR each IN SELECT oid::regprocedure AS name FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND starts_with(proname, 'procrastinate_')
LOOP EXECUTE format('DROP FUNCTION %s CASCADE', each.name); END LOOP;
FOR each IN SELECT tablename AS name FROM pg_tables
    WHERE schemaname = current_schema() AND starts_with(tablename, 'procrastinate_')
LOOP EXECUTE format('DROP TABLE %I CASCADE', each.name); END LOOP;
FOR each IN SELECT typname AS name FROM pg_type
    WHERE typnamespace = current_schema()::regnamespace AND starts_with(typname, 'procrastinate_')
        AND typtype IN ('e', 'c')
LOOP EXECUTE format('DROP TYPE %I CASCADE', each.name); END LOOP;
END $$
"""


#: A newer version may know more kinds, and works beside this one while all are upgraded: theirs are left alone.
_KINDS = [str(kind) for kind in Kind]


def _of_key(key: str) -> Job:
    kind, _, target = key.partition(":")
    return Job(kind=Kind(kind), target=target)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def require(connection: Connection, subject: str) -> None:
    """Raise QueueMissing when there are no tables for the queue, QueueOutdated when they are of another version."""
    found = connection.exec_driver_sql(_VERSION).scalar_one_or_none()
    if found is None:
        raise QueueMissing(subject)
    if found != version("procrastinate"):
        raise QueueOutdated(subject, f"they are of Procrastinate {found}, installed is {version('procrastinate')}")


def install(connection: Connection) -> bool:
    """Make the tables of the queue, unless there are some; return whether they were made."""
    from procrastinate.schema import SchemaManager

    if connection.exec_driver_sql(_VERSION).first() is not None:
        return False
    _driver(connection).execute(SchemaManager.get_schema())
    # Which version the tables are of is not stored by Procrastinate itself.
    connection.exec_driver_sql(f"COMMENT ON TABLE procrastinate_jobs IS '{version('procrastinate')}'")
    return True


def rebuild(connection: Connection) -> None:
    """Make the tables of the queue anew, empty: what is due is handed out again at the next tick."""
    _driver(connection).execute(_DROP)
    install(connection)


def add(connection: Connection, jobs: Iterable[Job]) -> int:
    """Put jobs into the queue as part of the transaction, but for those that wait there already; return how many.

    A job that waits is not taken before the transaction has ended, so what it does includes what was written here.
    Callers take turns (`storage.postgresql`), so nobody adds the same meanwhile.
    """
    from procrastinate.jobs import Job as Row

    wanted = {job.key: job for job in jobs}
    waiting = {row[0] for row in connection.exec_driver_sql(_WAITING, (list(wanted),))} if wanted else set()
    new = [job for key, job in wanted.items() if key not in waiting]
    if new:
        rows = [
            Row(
                queue=each.kind,
                lock=None,
                queueing_lock=each.key,
                task_name=each.kind,
                task_kwargs={"target": each.target},
            )
            for each in new
        ]
        _manager().batch_defer_jobs(jobs=rows, connection=_driver(connection))
    return len(new)


def busy(connection: Connection, *, dead_for_s: float) -> frozenset[Job]:
    """The jobs that wait, are at work, or were given up in the last *dead_for_s* seconds."""
    return frozenset(_of_key(row[0]) for row in connection.exec_driver_sql(_BUSY, (_KINDS, dead_for_s)))


def depth(connection: Connection) -> Depth:
    """How full the queue is."""
    waiting, at_work, dead = connection.exec_driver_sql(_DEPTH).one()
    return Depth(waiting=waiting, at_work=at_work, dead=dead)


def sweep(connection: Connection, *, dead_after_s: float = DEAD_AFTER_S) -> tuple[Job, ...]:
    """Take the jobs out of the queue whose worker is dead, or ended while it was at them.

    They are handed out again as far as they are due.
    """
    rows = connection.exec_driver_sql(_STALLED, (_KINDS, dead_after_s))
    return tuple(sorted(_of_key(row[0]) for row in rows if row[0]))


def dead(connection: Connection) -> tuple[DeadJob, ...]:
    """The jobs that ended with a bug."""
    rows = connection.exec_driver_sql(_DEAD, (_KINDS,))
    return tuple(DeadJob(id=row[0], job=_of_key(row[1]), attempts=row[2], failed_at=row[3]) for row in rows)


def retry(connection: Connection, ids: Collection[int], *, every: bool = False) -> tuple[Job, ...]:
    """Hand jobs that were given up out again: those with *ids*, or all of them."""
    rows = connection.exec_driver_sql(_FORGET_DEAD, (_KINDS, list(ids), every))
    jobs = tuple(_of_key(row[0]) for row in rows if row[0])
    add(connection, jobs)
    return jobs


def _manager() -> Any:
    """What puts jobs into the queue; all it does is done on connections that it is given."""
    from procrastinate.manager import JobManager
    from procrastinate.sync_psycopg_connector import SyncPsycopgConnector

    return JobManager(SyncPsycopgConnector())
