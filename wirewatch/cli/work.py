"""`wirewatch worker`, `scheduler` and `workers`: the main job over several processes."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import click

from wirewatch.cli.options import Command
from wirewatch.cli.wiring import pass_call

if TYPE_CHECKING:
    from wirewatch.cli.wiring import Call

#: the queues that a worker takes jobs from, see `storage.jobs.model.Kind`
QUEUES = ("poll", "extract")


@click.command(cls=Command)
@click.option("--concurrency", type=click.IntRange(1, 1000), default=16, show_default=True, help="Jobs at a time.")
@click.option("--queues", default=",".join(QUEUES), show_default=True, metavar="NAMES", help="Kinds of jobs to take.")
@pass_call
def worker(call: Call, *, concurrency: int, queues: str) -> None:
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
    _log()
    asyncio.run(call.app.run_worker(queues=tuple(Kind(name) for name in names), concurrency=concurrency))


@click.command(cls=Command)
@pass_call
def scheduler(call: Call) -> None:
    """Hand out what is due to the workers, until stopped.

    As many can run as one likes: one leads, and another takes over within 15 s when it ends. Reads the rule files,
    as `run` does; SIGHUP reads them at once, and the feeds again.
    """
    _log()
    asyncio.run(call.app.run_scheduler())


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    for name in ("httpx2", "httpcore2", "procrastinate"):
        logging.getLogger(name).setLevel(logging.WARNING)
