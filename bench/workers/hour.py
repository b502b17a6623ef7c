"""Very many feeds over an hour of simulated time: does the tick keep each within its interval?

All is as in the program but for three things. A fetch is simulated: each feed answers at once that nothing has changed.
The clock of the scheduler, of the jobs and of the steps is one that jumps to the next tick when all that was handed out
is done; while it is not, it runs as the real one does, so that work which takes longer than a tick is as late as it
would be. And scheduler and worker share this process, with 16 jobs at a time.

*late*: how long after its planned time a poll began, as a share of the feed's interval; the goal is 5 % for every one.
The CPU of PostgreSQL and the queue are flat when the last third of the ticks has no more than 1.5 times as much of them
as the first.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from statistics import mean, quantiles
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from _processes import cpu_s, tree
from sqlalchemy import bindparam, create_engine, select, update
from sqlalchemy.pool import NullPool
from storing.servers import new_database, own_cluster
from workers.crew import TooLongError, postmaster
from workers.writer import Looks, WriterWatch

from ingest.pipeline import Pipeline
from ingest.polling import ConfiguredFeed, FeedAccess
from ingest.web import NotModified
from rules.compile import compile_rules
from storage.address import PostgresDatabase, read_address
from storage.jobs.model import Kind
from storage.jobs.turns import HostTurnTable
from storage.migrate import upgrade
from storage.store import Store
from storage.tables import feed
from wirewatch.jobs.hostwork import HostWork
from wirewatch.jobs.queueapp import queue_app, work
from wirewatch.jobs.scheduler import MOST_WAITING

if TYPE_CHECKING:
    from storing.servers import Cluster

    from ingest.polling import Poll
    from ingest.web import Request
    from storage.jobs.model import Job

GOAL_LATE = 0.05
GOAL_GROWTH = 1.5
TICK_S = 10.0
#: Feeds of one host.
OF_A_HOST = 4
#: Minutes between two polls of a feed; feeds have these in turn.
INTERVALS_MIN = (30, 60, 60, 120)
JOBS_AT_A_TIME = 16


class _Clock:
    """Simulated time: it runs as the real one does, and can be set forward."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._real = time.monotonic()

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._real)

    def jump_to(self, moment: datetime) -> None:
        if moment > self():
            self._start, self._real = moment, time.monotonic()


class _WatchedStore(Store):
    """Notes how late each poll is."""

    planned: dict[int, datetime]
    intervals: dict[int, float]
    late: list[float]

    def record_poll(self, poll: Poll) -> tuple[int, ...]:
        planned = self.planned[poll.feed_id]
        # Once: a call can be made again when those made together fail.
        if poll.plan.next_poll_at != planned:
            self.late.append((poll.polled_at - planned).total_seconds() / self.intervals[poll.feed_id])
            self.planned[poll.feed_id] = poll.plan.next_poll_at
        return super().record_poll(poll)


class _NothingNew:
    """Each feed says that it has not changed."""

    async def get(self, request: Request) -> NotModified:
        return NotModified(url=request.url, headers={})


def _interval_of(url: str) -> int:
    """Seconds between two polls of a feed."""
    return 60 * INTERVALS_MIN[int(urlsplit(url).path.removeprefix("/")) % len(INTERVALS_MIN)]


def measure_hour(*, feeds: int, minutes: int, at_most_s: float) -> dict[str, Any]:
    """So many feeds for so many minutes."""
    deadline = time.monotonic() + at_most_s
    with own_cluster() as cluster:
        url = new_database(cluster)
        upgrade(url)
        with _WatchedStore(url) as store:
            start = datetime.now(UTC)
            store.jobs.rebuild()
            _fill(store, url, feeds, start)
            with WriterWatch(url) as writers:
                ticks = asyncio.run(_play(store, url, cluster, start, minutes, deadline))
            written_ms = 1000 * writers.looks.share_since(Looks()) * sum(row["work_s"] for row in ticks)
            depth = store.jobs.depth()
    late = sorted(store.late)
    # At the first there is nothing due yet.
    ticks = ticks[1:]
    third = max(1, len(ticks) // 3)
    grown = {
        name: round(
            (mean(row[name] for row in ticks[-third:]) + 0.01) / (mean(row[name] for row in ticks[:third]) + 0.01), 2
        )
        for name in ("handed_out", "waiting", "postgresql_cpu_s", "work_s")
    }
    overdue = [share for share in late if share > GOAL_LATE]
    return {
        "feeds": feeds,
        "simulated_minutes": minutes,
        "ticks": len(ticks),
        "polls": len(late),
        "late_share_p50": round(late[len(late) // 2], 4),
        "late_share_p99": round(quantiles(late, n=100)[-1], 4),
        "late_share_most": round(late[-1], 4),
        "work_s_of_a_tick": round(mean(row["work_s"] for row in ticks), 2),
        "hand_out_ms_of_a_tick": round(1000 * mean(row["hand_out_s"] for row in ticks), 1),
        "postgresql_cpu_ms_per_poll": round(1000 * sum(row["postgresql_cpu_s"] for row in ticks) / len(late), 2),
        "writer_ms_per_poll": round(written_ms / len(late), 2),
        "cpu_ms_per_poll": round(1000 * sum(row["own_cpu_s"] for row in ticks) / len(late), 2),
        "last_third_by_first": grown,
        "left_in_queue": depth.waiting,
        "dead": depth.dead,
        "goals": {
            f"every poll within interval + {GOAL_LATE:.0%} ({len(overdue)} of {len(late)} were not)": not overdue,
            f"queue flat ({grown['waiting']})": grown["waiting"] <= GOAL_GROWTH,
            f"PostgreSQL CPU flat ({grown['postgresql_cpu_s']})": grown["postgresql_cpu_s"] <= GOAL_GROWTH,
        },
    }


def _mean(ticks: list[dict[str, float]], name: str) -> float:
    """A little more than nothing, so that it can be divided by."""
    return mean(row[name] for row in ticks) + 0.01


def _fill(store: _WatchedStore, url: str, feeds: int, start: datetime) -> None:
    """Feeds as they stand in the middle of a day: each has its interval, and is due some time within the next."""
    store.sync_feeds(
        [ConfiguredFeed(url=f"https://host{n // OF_A_HOST}.example/{n}") for n in range(feeds)],
        start,
    )
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        rows = connection.execute(select(feed.c.id, feed.c.url)).all()
        store.intervals = {row.id: float(_interval_of(row.url)) for row in rows}
        # Spread evenly by a step that has no factor in common with their number.
        store.planned = {
            row.id: start + timedelta(seconds=store.intervals[row.id] * (n * 7_919 % feeds + 1) / feeds)
            for n, row in enumerate(rows)
        }
        store.late = []
        change = (
            update(feed)
            .where(feed.c.id == bindparam("of"))
            .values(
                next_poll_at=bindparam("at"),
                interval_s=bindparam("every"),
                last_polled_at=bindparam("polled"),
                last_full_poll_at=bindparam("polled"),
                last_document_at=bindparam("polled"),
                etag='"1"',
            )
        )
        values = [
            {
                "of": ident,
                "at": at,
                "every": int(store.intervals[ident]),
                "polled": at - timedelta(seconds=store.intervals[ident]),
            }
            for ident, at in store.planned.items()
        ]
        for first in range(0, len(values), 5_000):
            connection.execute(change, values[first : first + 5_000])
    engine.dispose()
    store.refresh_statistics()


async def _play(
    store: _WatchedStore, url: str, cluster: Cluster, start: datetime, minutes: int, deadline: float
) -> list[dict[str, float]]:
    """Tick by tick; what each took."""
    address = read_address(url)
    assert isinstance(address, PostgresDatabase)
    clock, no_rules = _Clock(start), compile_rules(())
    done = 0
    with HostTurnTable(address, "bench") as table:
        pipeline = Pipeline(
            store=store,
            fetch=_NothingNew(),
            workers=None,  # type: ignore[arg-type]  # nothing is ever read
            rules=lambda: no_rules,
            access=lambda url: FeedAccess(every_s=_interval_of(url)),
            is_configured=lambda _: True,
            clock=clock,
        )

        async def nothing() -> None:
            pass

        host_work = HostWork(pipeline=pipeline, board=store.jobs, table=table, before=nothing, clock=clock)

        async def do(job: Job) -> None:
            nonlocal done
            await host_work.do(job)
            done += 1

        app = queue_app(address, do)
        rows: list[dict[str, float]] = []
        handed_out = 0
        async with app.open_async():
            taking = asyncio.create_task(work(app, queues=list(Kind), concurrency=JOBS_AT_A_TIME, grace_s=1.0))
            for number in range(round(minutes * 60 / TICK_S)):
                if time.monotonic() > deadline:
                    raise TooLongError(f"{number} ticks, and no time for more")
                clock.jump_to(start + timedelta(seconds=number * TICK_S))
                begun, server, own = time.monotonic(), cpu_s(tree(postmaster(cluster))), time.process_time()
                handed = await asyncio.to_thread(store.jobs.hand_out, clock(), most=MOST_WAITING)
                hand_out_s = time.monotonic() - begun
                handed_out += len(handed)
                waiting = handed_out - done
                while done < handed_out and time.monotonic() - begun < TICK_S:
                    assert not taking.done(), taking
                    await asyncio.sleep(0.005)
                rows.append(
                    {
                        "handed_out": len(handed),
                        "waiting": waiting,
                        "hand_out_s": hand_out_s,
                        "work_s": time.monotonic() - begun,
                        "postgresql_cpu_s": cpu_s(tree(postmaster(cluster))) - server,
                        "own_cpu_s": time.process_time() - own,
                    }
                )
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
    return rows
