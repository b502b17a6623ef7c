"""How the processes stand that share a database: what `workers` shows, and what `doctor` and `stats` complain of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from storage.jobs.queue import DEAD_AFTER_S
from wirewatch.rulebook import name_some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from storage.jobs.backlog import JobRecord, Overview
    from storage.jobs.roster import WorkerRecord

DEAD_AFTER = timedelta(seconds=DEAD_AFTER_S)
WORKER, SCHEDULER = "worker", "scheduler"
DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWorker:
    """A process as people see it."""

    name: str
    role: str
    #: what it said of itself, or dead
    state: str
    doing: tuple[str, ...]
    #: since it was started; None for what is no worker
    articles_per_minute: float | None
    jobs: int
    concurrency: int
    seen_at: datetime
    version: str
    queues: tuple[str, ...]
    rules_version: str
    polls: int
    entries: int
    articles: int
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownQueue:
    """The queue as people see it; the first four are None where there are no tables for it."""

    waiting: int | None
    at_work: int | None
    dead: int | None
    stalled: int | None
    feeds_due: int
    oldest_feed_at: datetime | None
    entries_due: int
    oldest_entry_at: datetime | None
    workers: int
    schedulers: int
    trouble: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownJob:
    """A job as people see it."""

    id: int
    kind: str
    target: str
    state: str
    attempts: int
    #: who says that it does it; None: nobody
    worker: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that is not as it should be."""

    words: str
    #: what to type after `wirewatch` for what the words end with; empty: they need none
    command: str = ""


def is_alive(record: WorkerRecord, now: datetime) -> bool:
    """Whether the process was heard of lately."""
    return now - record.seen_at <= DEAD_AFTER


def show_worker(record: WorkerRecord, now: datetime) -> ShownWorker:
    """*record* for people; *now* is a time of the server, as those of the record are."""
    alive = is_alive(record, now)
    minutes = (record.seen_at - record.started_at).total_seconds() / 60
    rate = record.articles / minutes if minutes > 0 else 0.0
    return ShownWorker(
        name=record.name,
        role=record.role,
        state=record.state if alive else DEAD,
        doing=record.doing,
        articles_per_minute=round(rate, 1) if record.role == WORKER else None,
        jobs=len(record.doing),
        concurrency=record.concurrency,
        seen_at=record.seen_at,
        version=record.version,
        queues=record.queues,
        rules_version=record.rules_version,
        polls=record.polls,
        entries=record.entries,
        articles=record.articles,
        started_at=record.started_at,
    )


def show_queue(found: Overview) -> ShownQueue:
    """The queue for people."""
    state = found.queue
    return ShownQueue(
        waiting=state.depth.waiting if state else None,
        at_work=state.depth.at_work if state else None,
        dead=state.depth.dead if state else None,
        stalled=state.stalled if state else None,
        feeds_due=found.due.feeds,
        oldest_feed_at=found.due.oldest_feed_at,
        entries_due=found.due.entries,
        oldest_entry_at=found.due.oldest_entry_at,
        workers=len(_alive(found, WORKER)),
        schedulers=len(_alive(found, SCHEDULER)),
        trouble=tuple(each.words for each in troubles(found)),
    )


def show_jobs(jobs: Iterable[JobRecord], workers: Iterable[WorkerRecord]) -> tuple[ShownJob, ...]:
    """*jobs* for people, each with the one of *workers* that says it does it."""
    by_job = {doing: worker.name for worker in workers for doing in worker.doing}
    return tuple(
        ShownJob(
            id=each.id,
            kind=each.kind,
            target=each.target,
            state=each.state,
            attempts=each.attempts,
            worker=by_job.get(f"{each.kind} {each.target}") if each.state == "at_work" else None,
            since=each.since,
        )
        for each in jobs
    )


def count_workers(found: Overview) -> dict[str, int]:
    """How many processes are in each state."""
    return dict(Counter(each.state if is_alive(each, found.now) else DEAD for each in found.workers))


def count_jobs(found: Overview) -> dict[str, int] | None:
    """How many jobs are in each state; None where there is no queue."""
    if found.queue is None:
        return None
    depth = found.queue.depth
    return {"waiting": depth.waiting, "at_work": depth.at_work, "dead": depth.dead}


def is_shared(found: Overview) -> bool:
    """Whether workers were ever meant to share this database: where one process does all, nothing of them is missed."""
    return bool(found.workers) or found.queue is not None


def troubles(found: Overview) -> Iterator[Trouble]:
    """What is not as it should be; nothing where the work is not shared."""
    if not is_shared(found):
        return
    if found.trouble is not None:
        yield Trouble(words=f"{found.trouble.what}: no work is handed out; {found.trouble.fix}", command="db requeue")
    dead = [each.name for each in found.workers if not is_alive(each, found.now)]
    if dead:
        names = name_some(dead)
        yield Trouble(words=f"not heard of for {DEAD_AFTER_S:.0f} s, so dead or cut off: {names}; start them again")
    has_work = found.due.feeds > 0 or found.due.entries > 0
    waiting = found.queue.depth.waiting if found.queue else 0
    workers, schedulers = _alive(found, WORKER), _alive(found, SCHEDULER)
    if not workers and (schedulers or waiting or has_work):
        yield Trouble(words="no worker lives, so nothing that is due is done; start one with", command="worker")
    if not schedulers and (workers or waiting or has_work):
        yield Trouble(words="no scheduler lives, so no work is handed out; start one with", command="scheduler")
    if found.queue and found.queue.depth.dead:
        count = found.queue.depth.dead
        told = "1 job is dead: it" if count == 1 else f"{count:,} jobs are dead: they"
        yield Trouble(words=f"{told} ended with a bug; see", command="jobs --dead")
    if found.queue and found.queue.stalled and not schedulers:
        count = found.queue.stalled
        told = "1 job of a dead worker is" if count == 1 else f"{count:,} jobs of dead workers are"
        yield Trouble(words=f"{told} taken back by nobody until a scheduler runs")


def _alive(found: Overview, role: str) -> list[WorkerRecord]:
    return [each for each in found.workers if each.role == role and is_alive(each, found.now)]
