"""What `doctor` and `stats` say of a database that several processes share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.errors import StoreError
from storage.address import SqliteFile, read_address
from wirewatch.check import fail, ok, warn
from wirewatch.errors import ExitCode
from wirewatch.workforce import is_shared, show_queue, troubles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.jobs.backlog import Overview
    from wirewatch.check import Check


def look_at_work(url: str) -> Overview | None:
    """Who is at work on the database; None where one process alone can be. Raises StorageError."""
    from storage.store import Store

    if isinstance(read_address(url), SqliteFile):
        return None
    with Store(url) as store:
        return store.jobs.overview()


def check_work(url: str) -> Iterator[Check]:
    """Where work is shared, workers and a scheduler should live, and no job be dead. Else nothing is said."""
    try:
        found = look_at_work(url)
    except StoreError as error:
        yield fail("workers", str(error), ExitCode.DATABASE)
        return
    if found is None or not is_shared(found):
        return
    is_well = True
    for each in troubles(found):
        is_well = False
        yield warn("workers", each.words, each.command)
    if is_well:
        queue = show_queue(found)
        yield ok("workers", f"{queue.workers} at work, {queue.waiting or 0:,} jobs wait")
