"""Who is at work: each process keeps a row of its own, and says every few seconds that it lives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from storage import dialect
from storage.columns import UtcTime
from storage.jobs.tables import worker

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

_NOW = select(func.wirewatch_now(type_=UtcTime))


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRecord:
    """A process as it last told of itself."""

    #: host and process
    name: str
    #: worker or scheduler
    role: str
    #: of the program
    version: str
    queues: tuple[str, ...]
    #: jobs at the same time, at most
    concurrency: int
    #: working, draining or refused
    state: str
    #: what it does, such as "extract example.org"
    doing: tuple[str, ...]
    #: of the rules that it judges by
    rules_version: str
    #: done since it was started
    polls: int
    entries: int
    articles: int
    started_at: datetime
    seen_at: datetime


def say(connection: Connection, record: WorkerRecord) -> None:
    """Store how a process stands, in place of what it said before.

    Its times are moved to the clock of the server: whether it lives must not depend on how the clocks of hosts differ.
    """
    now = connection.execute(_NOW).scalar_one()
    record = replace(record, seen_at=now, started_at=now - (record.seen_at - record.started_at))
    row = {name: getattr(record, name) for name in record.__slots__} | {
        "queues": ",".join(record.queues),
        "doing": "\n".join(record.doing),
    }
    put = dialect.insert(worker, connection.dialect.name)
    changed = {name: put.excluded[name] for name in row if name != "name"}
    connection.execute(put.on_conflict_do_update(index_elements=["name"], set_=changed), row)


def leave(connection: Connection, name: str) -> None:
    """Forget the process with this name."""
    connection.execute(delete(worker).where(worker.c.name == name))


def forget(connection: Connection, before: datetime) -> int:
    """Forget the processes that were not heard of since; returns how many."""
    return connection.execute(delete(worker).where(worker.c.seen_at < before)).rowcount


def read(connection: Connection) -> tuple[WorkerRecord, ...]:
    """All processes that are known, by role and name."""
    names = WorkerRecord.__slots__
    rows = connection.execute(select(*(worker.c[name] for name in names)).order_by(worker.c.role, worker.c.name))
    return tuple(
        WorkerRecord(
            **row._asdict()
            | {
                "queues": tuple(filter(None, row.queues.split(","))),
                "doing": tuple(filter(None, row.doing.split("\n"))),
            }
        )
        for row in rows
    )
