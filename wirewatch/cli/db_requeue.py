"""`wirewatch db requeue`: the tables of the queue, made anew."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Command
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.work_fields import REQUEUED

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from storage.address import PostgresDatabase
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.option("--force", is_flag=True, help="Also while workers or schedulers are at work.")
@record_options
@pass_call
def requeue(call: Call, listing: Listing, *, force: bool) -> None:
    """Make the tables of the queue anew.

    Also where there are none, where they are damaged, or of another version. Nothing is lost by that: what is due
    stands with the feeds and entries, and a scheduler hands it out at its next tick. Exit code 5 while workers or
    schedulers are at work; with --force they go on, and what they do at that moment may be done once more.
    """
    from wirewatch.app import shared_database

    address = shared_database(call.app.database)
    with _alone(address, is_forced=force), call.app.store() as store:
        store.jobs.rebuild()
        due = store.jobs.overview().due
    if listing.how != "table":
        listing.show_one({"feeds_due": due.feeds, "entries_due": due.entries}, REQUEUED, call)
        return
    left = f"{counted(due.feeds, 'feed')} and {counted(due.entries, 'entry', 'entries')}"
    note(f"{address.shown}: the queue is made anew; due are {left}, which the next tick of a scheduler hands out")


def _alone(address: PostgresDatabase, *, is_forced: bool) -> AbstractContextManager[object]:
    """What keeps workers and schedulers out. Raises DatabaseInUse."""
    if is_forced:
        return nullcontext()
    from storage.lock import QueueLock

    return QueueLock(address)
