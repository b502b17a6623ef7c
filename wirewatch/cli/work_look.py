"""`wirewatch workers` and `jobs …`: who does the work, and what is in the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.lazy import LazyGroup
from wirewatch.cli.listing import format_options
from wirewatch.cli.options import IDENT, Command
from wirewatch.cli.wiring import counted, note, pass_call, tell
from wirewatch.errors import WirewatchError
from wirewatch.work_fields import JOB, QUEUE, RETRIED, WORKER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, tzinfo

    from storage.jobs.board import JobBoard
    from storage.store import Store
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.workforce import ShownQueue, Trouble

#: name → where it is, and its line in the help
COMMANDS: Mapping[str, tuple[str, str]] = {
    "retry": ("wirewatch.cli.work_look:retry", "Hand dead jobs out again."),
}
#: jobs that a table on a terminal shows
MOST_SHOWN = 100


@click.command(cls=Command)
@click.option("--queue", "only_queue", is_flag=True, help="Not who works, but how full the queue is: one record.")
@format_options
@pass_call
def workers(call: Call, listing: Listing, *, only_queue: bool) -> None:
    """List the workers and schedulers, and tell how full the queue is.

    Of each: its state, what it does, and how many articles it has stored a minute since it was started. One that was
    not heard of for 15 s is dead, or cut off from the database; its jobs go to others. Where no worker lives, or no
    scheduler, that is said.
    """
    from wirewatch.workforce import show_queue, show_worker, troubles

    with _store(call) as store:
        found = store.jobs.overview()
    queue = show_queue(found)
    if only_queue:
        listing.show_one(queue, QUEUE, call)
    else:
        rows = [show_worker(each, found.now) for each in found.workers]
        listing.show(
            rows, WORKER, call, empty=f"no worker was ever here; start one with: wirewatch{call.repeated} worker"
        )
        if listing.how == "table":
            tell(_lines(queue, call.settings.zone))
    if not listing.is_for_programs:
        say_troubles(troubles(found), call)


def say_troubles(found: Iterator[Trouble], call: Call) -> None:
    """Say what is not as it should be, each with the command that helps."""
    for each in found:
        note(f"{each.words}: wirewatch{call.repeated} {each.command}" if each.command else each.words)


def _lines(queue: ShownQueue, zone: tzinfo) -> Iterator[str]:
    if queue.waiting is not None:
        stalled = f", {queue.stalled:,} of them stalled" if queue.stalled else ""
        yield f"queue: {queue.waiting:,} waiting, {queue.at_work or 0:,} at work{stalled}, {queue.dead or 0:,} dead"
    feeds = _since(queue.feeds_due, "feed", "feeds", queue.oldest_feed_at, zone)
    yield f"due: {feeds}; {_since(queue.entries_due, 'entry', 'entries', queue.oldest_entry_at, zone)}"


def _since(number: int, one: str, many: str, oldest: datetime | None, zone: tzinfo) -> str:
    since = "" if oldest is None else f", the oldest since {oldest.astimezone(zone):%Y-%m-%d %H:%M}"
    return f"{number:,} {one if number == 1 else many}{since}"


@click.group(cls=LazyGroup, where=COMMANDS, invoke_without_command=True)
@click.option("--dead", "only_dead", is_flag=True, help="Only jobs that ended with a bug.")
@format_options
@pass_call
def jobs(call: Call, listing: Listing, *, only_dead: bool) -> None:
    """List the jobs in the queue, or hand dead ones out again.

    Without a command: list them, the dead first, then those at work, then those that wait. A dead job ended with a bug;
    the log of its worker tells which. What it was for is due still, and handed out again after a while; `jobs retry`
    does so at once.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    from wirewatch.workforce import show_jobs

    most = MOST_SHOWN if listing.how == "table" else None
    with _store(call) as store:
        store.jobs.require()
        found = store.jobs.listed(only_dead=only_dead, limit=most)
        rows = show_jobs(found, store.jobs.workers())
    listing.show(rows, JOB, call, empty="no dead jobs" if only_dead else "the queue is empty")
    if len(rows) == most:
        note(f"{most} jobs; all of them with --format tsv")


@click.command(cls=Command)
@click.argument("ids", metavar="ID...", type=IDENT, nargs=-1)
@click.option("--all", "every", is_flag=True, help="All dead jobs.")
@format_options
@pass_call
def retry(call: Call, listing: Listing, *, ids: tuple[int, ...], every: bool) -> None:
    """Hand dead jobs out again: those with the given numbers, or all.

    Each is replaced by a new job, unless one for the same host waits already. Exit code 1 when one of the numbers is
    that of no dead job; the others are handed out all the same.
    """
    if bool(ids) == every:
        raise click.UsageError("give the numbers of dead jobs, or --all")
    with _store(call) as store:
        retried, unknown = _retry(store.jobs, ids, every=every)
    if listing.is_for_programs or retried:
        listing.show(retried, RETRIED, call, empty="")
    if listing.how == "table":
        note(f"{counted(len(retried), 'dead job')} handed out again")
    if unknown:
        numbers = ", ".join(map(str, unknown))
        raise WirewatchError(f"no dead job: {numbers}; see: wirewatch{call.repeated} jobs --dead")


def _retry(board: JobBoard, ids: tuple[int, ...], *, every: bool) -> tuple[list[dict[str, object]], list[int]]:
    """Retry; return what was retried, and which of *ids* are no dead jobs."""
    board.require()
    dead = {each.id: each.job for each in board.dead()}
    wanted = sorted(dead) if every else [each for each in dict.fromkeys(ids) if each in dead]
    board.retry(wanted)
    retried: list[dict[str, object]] = [
        {"id": each, "kind": str(dead[each].kind), "target": dead[each].target} for each in wanted
    ]
    return retried, [each for each in dict.fromkeys(ids) if each not in dead]


def _store(call: Call) -> Store:
    """The database. Raises ConfigError where no workers can share it."""
    from wirewatch.app import shared_database

    shared_database(call.app.database)
    return call.app.store()
