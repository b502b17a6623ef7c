"""`wirewatch worker` and `scheduler`: the main job over several processes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from wirewatch.cli.options import Command
from wirewatch.cli.wiring import pass_call

if TYPE_CHECKING:
    from wirewatch.cli.wiring import Call

#: the queues that a worker takes jobs from, see `storage.jobs.model.Kind`
QUEUES = ("poll", "extract")


@click.command(cls=Command)
@click.option("--concurrency", type=click.IntRange(1, 1000), help="Jobs at a time.  [default: workers.concurrency]")
@click.option("--queues", default=",".join(QUEUES), show_default=True, metavar="NAMES", help="Kinds of jobs to take.")
@pass_call
def worker(call: Call, *, concurrency: int | None, queues: str) -> None:
    """Do the work that a scheduler hands out, until stopped.

    Any number of workers, on any number of hosts, share one database on a PostgreSQL server. SIGTERM and Ctrl-C let
    the steps under way end, within 35 s; the rest goes back.
    """
    from storage.jobs.model import Kind

    names = [name.strip() for name in queues.split(",")]
    if wrong := [name for name in names if name not in QUEUES]:
        raise click.BadParameter(
            f"there is no queue {wrong[0]!r}; there are {', '.join(QUEUES)}", param_hint="--queues"
        )
    _log(call)
    wanted = concurrency or call.settings.workers.concurrency
    asyncio.run(call.app.run_worker(queues=tuple(Kind(name) for name in names), concurrency=wanted))


@click.command(cls=Command)
@pass_call
def scheduler(call: Call) -> None:
    """Hand out what is due to the workers, until stopped.

    As many can run as one likes: one leads, and another takes over within 15 s when it ends. Reads the rule files,
    as `run` does; SIGHUP reads them at once, and the feeds again.
    """
    _log(call)
    asyncio.run(call.app.run_scheduler())


def _log(call: Call) -> None:
    from wirewatch.logs import log_as

    log_as(call.settings.run.log_format)
