"""What the queue itself costs: making jobs for hosts that are due, and taking a job that finds nothing to do.

*enqueued*: `JobBoard.hand_out`, the whole tick of the scheduler: what is due, what waits already, the jobs.
*overhead*: jobs of the queue done by a worker's own `HostWork`, at hosts where nothing is due: Procrastinate takes the
job, the rules are looked at, the turn at the job is taken, what is due is looked for, the turn and the job are given
back. What is left out is the work itself, which knows nothing of a queue. With 16 jobs at a time, as a worker has them,
it is the time for all divided by their number; one at a time it is how long a job takes that waits for each answer of
the server.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from _processes import cpu_s, tree
from storing.servers import new_database, own_cluster
from workers.crew import postmaster

from ingest.polling import ConfiguredFeed
from storage.address import PostgresDatabase, read_address
from storage.jobs.model import Job, Kind
from storage.jobs.turns import HostTurnTable
from storage.migrate import upgrade
from storage.store import Store
from wirewatch.jobs.hostwork import HostWork
from wirewatch.jobs.queueapp import queue_app, work
from wirewatch.jobs.stored_rules import StoredRules

if TYPE_CHECKING:
    from storing.servers import Cluster

GOAL_OVERHEAD_MS = 5.0
GOAL_ENQUEUED_PER_S = 500
AT_A_TIME = (1, 16)


def measure_batches(*, hosts: int, rounds: int, at_most_s: float) -> dict[str, Any]:
    """Both, on a database of their own."""
    with own_cluster() as cluster:
        url = new_database(cluster)
        upgrade(url)
        with Store(url) as store:
            enqueued = [_enqueue(store, hosts) for _ in range(rounds)]
            store.sync_feeds([], datetime.now(UTC))
            overhead = {
                str(each): asyncio.run(_do_nothing(store, url, cluster, hosts, each, at_most_s)) for each in AT_A_TIME
            }
    per_s, wall_ms = median(enqueued), overhead[str(AT_A_TIME[-1])]["ms"]
    return {
        "hosts": hosts,
        "enqueued_per_s": round(per_s),
        "overhead": overhead,
        "goals": {
            f"overhead of a batch <= {GOAL_OVERHEAD_MS} ms ({wall_ms:.2f})": wall_ms <= GOAL_OVERHEAD_MS,
            f"enqueued >= {GOAL_ENQUEUED_PER_S}/s ({per_s:.0f})": per_s >= GOAL_ENQUEUED_PER_S,
        },
    }


def _enqueue(store: Store, hosts: int) -> float:
    """Batches handed out in a second, all of them due and none in the queue."""
    store.jobs.rebuild()
    now = datetime.now(UTC)
    store.sync_feeds([ConfiguredFeed(url=f"https://host{n}.example/feed") for n in range(hosts)], now)
    begun = time.perf_counter()
    made = store.jobs.hand_out(now + timedelta(minutes=1), most=hosts)
    took = time.perf_counter() - begun
    assert len(made) == hosts, len(made)
    return hosts / took


async def _do_nothing(
    store: Store, url: str, cluster: Cluster, jobs: int, at_a_time: int, at_most_s: float
) -> dict[str, float]:
    """What a job costs at whose host nothing is due."""
    address = read_address(url)
    assert isinstance(address, PostgresDatabase)
    store.jobs.rebuild()
    store.jobs.add(Job(kind=Kind.POLL, target=f"host{n}.example") for n in range(jobs))
    rules = StoredRules(store)
    left = jobs
    all_done = asyncio.Event()
    with HostTurnTable(address, "bench") as table:

        async def look_at_rules() -> None:
            await asyncio.to_thread(rules.look)

        # No step is ever taken, so there is nothing to take it.
        host_work = HostWork(pipeline=None, board=store.jobs, table=table, before=look_at_rules)  # type: ignore[arg-type]  # see above

        async def do(job: Job) -> None:
            nonlocal left
            await host_work.do(job)
            left -= 1
            if not left:
                all_done.set()

        app = queue_app(address, do)
        async with app.open_async():
            begun, server_before, own_before = time.perf_counter(), _cpu(cluster), time.process_time()
            taking = asyncio.create_task(work(app, queues=list(Kind), concurrency=at_a_time, grace_s=1.0))
            async with asyncio.timeout(at_most_s):
                await all_done.wait()
            took, server, own = time.perf_counter() - begun, _cpu(cluster) - server_before, time.process_time()
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
    return {
        "ms": round(1000 * took / jobs, 3),
        "cpu_ms_worker": round(1000 * (own - own_before) / jobs, 3),
        "cpu_ms_postgresql": round(1000 * server / jobs, 3),
    }


def _cpu(cluster: Cluster) -> float:
    return cpu_s(tree(postmaster(cluster)))
