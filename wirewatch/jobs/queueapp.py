"""Procrastinate as we use it: two kinds of jobs, heartbeats, and connections of its own to the same database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage.errors import DatabaseDriverMissing
from storage.jobs.model import Job, Kind
from storage.jobs.queue import DEAD_AFTER_S
from storage.postgresql import CONNECTING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from storage.address import PostgresDatabase

    #: an App of Procrastinate, which is imported where it is needed: it is an extra
    QueueApp = Any

#: How often a worker says that it lives, in seconds; it is dead after DEAD_AFTER_S.
HEARTBEAT_S = DEAD_AFTER_S / 3
#: A worker is told of new jobs; it looks by itself as often as this, in seconds, should a word be lost.
LOOK_S = 5.0
#: One that hears of new jobs, one that says that it lives, and some that take jobs and give them back.
CONNECTIONS = 4


def queue_app(address: PostgresDatabase, do: Callable[[Job], Awaitable[None]]) -> QueueApp:
    """An app that does each job by *do*; to be opened with `open_async`. Raises DatabaseDriverMissing."""
    try:
        from procrastinate import App, PsycopgConnector
    except ImportError as error:
        raise DatabaseDriverMissing(address.shown) from error
    wanted: dict[str, Any] = {**CONNECTING, "application_name": "wirewatch worker"}
    wanted |= address.url.get_dialect()().create_connect_args(address.url)[1]
    app = App(connector=PsycopgConnector(kwargs=wanted, min_size=1, max_size=CONNECTIONS))
    for kind in Kind:
        app.task(name=kind, queue=kind)(_task_of(kind, do))
    return app


def _task_of(kind: Kind, do: Callable[[Job], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
    async def task(target: str) -> None:
        await do(Job(kind=kind, target=target))

    return task


async def work(app: QueueApp, *, queues: Collection[Kind], concurrency: int, grace_s: float) -> None:
    """Take jobs until cancelled; then those under way get *grace_s* seconds. Raises what broke the queue."""
    await app.run_worker_async(
        queues=[str(kind) for kind in queues],
        concurrency=concurrency,
        fetch_job_polling_interval=LOOK_S,
        shutdown_graceful_timeout=grace_s,
        # What is done is of no further use; what failed is kept to be looked at.
        delete_jobs="successful",
        update_heartbeat_interval=HEARTBEAT_S,
        stalled_worker_timeout=DEAD_AFTER_S * 4,
        install_signal_handlers=False,
    )
