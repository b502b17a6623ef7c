"""What a job does: what is due at a host, step by step, with the steps of the one pipeline.

A job names a kind of work and a host, and no feeds or entries: what is due stands in the database, and a job that comes
twice, or late, finds what is due then.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ingest.errors import StoreError
from ingest.model import utc_now
from storage.jobs.model import Job, Kind
from wirewatch.logs import bound
from wirewatch.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import datetime

    from ingest.pipeline import Pipeline
    from ingest.placing import Ingested
    from ingest.refresh import Refreshed
    from ingest.shared_turns import TurnTable
    from wirewatch.tally import Watch

log = logging.getLogger(__name__)

#: Entries that one job does before it gives its place to others.
ENTRIES_A_JOB = 20


class Board(Protocol):
    """What a job asks of the database; see `storage.jobs.board.JobBoard`."""

    def feeds_of(self, host: str, now: datetime) -> tuple[int, ...]:
        """The feeds of *host* that are due."""
        ...

    def entries_of(self, host: str, now: datetime, limit: int) -> tuple[int, ...]:
        """Entries that are due and whose page is at *host*."""
        ...

    def add(self, jobs: tuple[Job, ...]) -> int:
        """Make jobs."""
        ...


@dataclass(slots=True)
class Done:
    """What was done since the process was started."""

    polls: int = 0
    failed: int = 0
    entries: int = 0
    articles: int = 0
    relations: int = 0
    matches: int = 0
    broken: int = 0


class HostWork:
    """Does jobs, several at a time. *table* keeps two workers from the same job; *before* is awaited before each.

    *watch* is told what the steps did.
    """

    def __init__(
        self,
        *,
        pipeline: Pipeline,
        board: Board,
        table: TurnTable,
        before: Callable[[], Awaitable[None]],
        clock: Callable[[], datetime] = utc_now,
        watch: Watch | None = None,
    ) -> None:
        self._watch = watch or Tally()
        self._pipeline = pipeline
        self._board = board
        self._table = table
        self._before = before
        self._clock = clock
        self._is_stopping = False
        #: what is under way, and since when
        self.doing: dict[Job, datetime] = {}
        self.done = Done()

    def stop(self) -> None:
        """Begin no further step: what is left of the jobs at hand goes back."""
        self._is_stopping = True

    async def do(self, job: Job) -> None:
        """Do *job*. Raises StoreError when the database cannot be used; what was done stays done."""
        with bound(job=job.key, host=job.target):
            await self._before()
            async with self._alone(job) as is_ours:
                if is_ours:
                    self.doing[job] = self._clock()
                    try:
                        await (self._poll(job.target) if job.kind is Kind.POLL else self._extract(job.target))
                    finally:
                        del self.doing[job]

    @asynccontextmanager
    async def _alone(self, job: Job) -> AsyncIterator[bool]:
        """Hold *job* while the block runs, which is told whether it is ours: else another worker is at it."""
        is_ours = await asyncio.to_thread(self._table.take, job.key, pause_s=0.0) == 0
        try:
            yield is_ours
        finally:
            if is_ours:
                await asyncio.to_thread(self._table.leave, job.key, started_s_ago=None)

    async def _poll(self, host: str) -> None:
        for feed_id in await asyncio.to_thread(self._board.feeds_of, host, self._clock()):
            if self._is_stopping:
                break
            with bound(feed=feed_id):
                self._count_poll(await self._pipeline.refresh_feed(feed_id))

    async def _extract(self, host: str) -> None:
        """A batch of what is due; where there is more, another job is made for it, behind those of other hosts."""
        entries = await asyncio.to_thread(self._board.entries_of, host, self._clock(), ENTRIES_A_JOB + 1)
        for entry_id in entries[:ENTRIES_A_JOB]:
            if self._is_stopping:
                break
            with bound(entry=entry_id):
                await self._ingest(entry_id)
        if len(entries) > ENTRIES_A_JOB or self._is_stopping:
            await asyncio.to_thread(self._board.add, (Job(kind=Kind.EXTRACT, target=host),))

    async def _ingest(self, entry_id: int) -> None:
        try:
            self._count_entry(await self._pipeline.ingest_entry(entry_id))
        except StoreError:
            raise
        except Exception:
            self.done.broken += 1
            self._watch.broke()
            log.exception("entry %d: a bug broke the step; it stays due", entry_id)

    def _count_poll(self, done: Refreshed) -> None:
        self._watch.polled(done)
        self.done.polls += 1
        if done.error is not None:
            self.done.failed += 1
            log.warning("feed %s: %s", done.url, done.error.detail)

    def _count_entry(self, done: Ingested) -> None:
        self._watch.ingested(done)
        self.done.entries += 1
        if done.saved is not None and done.saved.is_new_version:
            self.done.articles += 1
            self.done.relations += done.relations
            self.done.matches += done.matches
