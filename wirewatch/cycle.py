"""Runs due work host by host: what `once` does once and the daemon at every tick.

A host has one queue and at most one task, which does one job after the other, so a slow host delays
nobody else. What is queued or under way is remembered and not taken twice. `stop` lets each host finish
the job at hand; whatever is still queued stays due in the database.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ingest.errors import Reason, StoreError, is_put_off
from ingest.polling import EventKind
from wirewatch.logs import bound
from wirewatch.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ingest.model import Due
    from ingest.pipeline import Pipeline
    from ingest.placing import Ingested
    from ingest.refresh import Refreshed
    from wirewatch.tally import Watch

    #: is called with how many jobs are done and how many there are by now
    Tell = Callable[[int, int], None]

log = logging.getLogger(__name__)

#: Hosts worked on at the same time. The HTTP client pays more per request the more connections are open.
MAX_HOSTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedFeed:
    """A feed whose poll failed."""

    url: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleReport:
    """What happened since the last report."""

    #: feeds whose poll has ended, those that failed among them; nobody was asked for those that were put off
    polled: int = 0
    failed: tuple[FailedFeed, ...] = ()
    put_off: int = 0
    #: feeds that had been told as broken and answered again
    recovered: int = 0
    #: polls before which entries may have been missed, and the entries that were found to fill these gaps
    gaps: int = 0
    found: int = 0
    #: entries seen for the first time, and entries that their feed has changed
    new_entries: int = 0
    changed_entries: int = 0
    #: article versions stored, and the relations and matches found for them
    articles: int = 0
    relations: int = 0
    matches: int = 0
    #: entries that ended this time without a text from their page, by reason
    without_page: tuple[tuple[str, int], ...] = ()

    @property
    def is_offline(self) -> bool:
        """No feed at all could be reached, and none for a reason of its own."""
        return (
            self.polled > 0
            and len(self.failed) == self.polled
            and all(feed.reason == Reason.CONNECTION for feed in self.failed)
        )


@dataclass(slots=True)
class _Host:
    jobs: deque[tuple[str, int]] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None


class Cycle:
    """Does due polls and entries with the steps of a `Pipeline`, counts what they did, and tells *watch*."""

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        max_hosts: int = MAX_HOSTS,
        tell: Tell | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._watch = watch or Tally()
        self._places = asyncio.Semaphore(max_hosts)
        self._hosts: dict[str, _Host] = {}
        self._taken: set[tuple[str, int]] = set()
        self._is_stopping = False
        self._tell = tell
        self._done = 0
        self._report = CycleReport()
        self._without_page: dict[str, int] = {}
        self._store_error: StoreError | None = None

    def poll(self, feeds: Iterable[Due]) -> int:
        """Queue polls of feeds that are not queued yet; returns how many."""
        return self._queue("feed", feeds)

    def ingest(self, entries: Iterable[Due]) -> int:
        """Queue entries that are not queued yet; returns how many."""
        return self._queue("entry", entries)

    def _queue(self, kind: str, dues: Iterable[Due]) -> int:
        count = 0
        for due in dues:
            job = (kind, due.id)
            if job in self._taken or self._is_stopping:
                continue
            count += 1
            self._taken.add(job)
            host = self._hosts.setdefault(due.host, _Host())
            if kind == "feed":
                # A poll that waits behind all pages of its host may come too late for what the feed lists.
                host.jobs.appendleft(job)
            else:
                host.jobs.append(job)
            if host.task is None:
                host.task = asyncio.create_task(self._work(due.host, host), name=f"host {due.host}")
        return count

    @property
    def taken_feeds(self) -> frozenset[int]:
        """Ids of the feeds whose poll is queued or under way."""
        return frozenset(ident for kind, ident in self._taken if kind == "feed")

    @property
    def taken_entries(self) -> frozenset[int]:
        """Ids of the entries that are queued or under way."""
        return frozenset(ident for kind, ident in self._taken if kind == "entry")

    @property
    def queued(self) -> int:
        """Jobs queued or under way."""
        return len(self._taken)

    async def idle(self) -> None:
        """Wait until nothing is queued or under way. Raises the StoreError that broke a job, if one did."""
        while tasks := [host.task for host in self._hosts.values() if host.task is not None]:
            await asyncio.gather(*tasks)
        self.raise_store_error()

    def raise_store_error(self) -> None:
        """Raise the StoreError that broke a job since the last call, if one did."""
        if self._store_error is not None:
            error, self._store_error = self._store_error, None
            raise error

    async def stop(self, *, grace_s: float) -> None:
        """Take nothing more, let the jobs at hand end within *grace_s* seconds, then cancel them."""
        self._is_stopping = True
        tasks = [host.task for host in self._hosts.values() if host.task is not None]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def give_back(self) -> None:
        """Let go of what is queued and not begun: it stays due in the database."""
        for host in self._hosts.values():
            self._taken.difference_update(host.jobs)
            host.jobs.clear()

    def take_report(self) -> CycleReport:
        """What happened since the last call."""
        report = replace(self._report, without_page=tuple(sorted(self._without_page.items())))
        self._report, self._without_page = CycleReport(), {}
        return report

    async def _work(self, name: str, host: _Host) -> None:
        try:
            while host.jobs:
                # For each job anew, or hosts with long queues would keep all places.
                async with self._places:
                    if self._is_stopping:
                        break
                    # A broken database may have emptied the queue while this host waited for its place.
                    if not host.jobs:
                        continue
                    job = host.jobs.popleft()
                    kind, ident = job
                    try:
                        with bound(host=name, **{kind: ident}):
                            await self._do(job)
                    finally:
                        self._taken.discard(job)
                    self._done += 1
                    if self._tell is not None:
                        self._tell(self._done, self._done + len(self._taken))
        finally:
            self._taken.difference_update(host.jobs)
            del self._hosts[name]

    async def _do(self, job: tuple[str, int]) -> None:
        kind, ident = job
        try:
            if kind == "feed":
                self._count_poll(await self._pipeline.refresh_feed(ident))
            else:
                self._count_entry(await self._pipeline.ingest_entry(ident))
        except StoreError as error:
            # Every further job would meet the same database: stop taking any, and let the caller decide, who tells.
            log.debug("%s %d: %s", kind, ident, error)
            self._store_error = self._store_error or error
            self.give_back()
        except Exception:
            self._watch.broke()
            log.exception("%s %d: a bug broke the step; it stays due", kind, ident)

    def _count_poll(self, done: Refreshed) -> None:
        self._watch.polled(done)
        report = self._report
        failed = report.failed
        if done.error is not None and is_put_off(done.error):
            log.info("feed %s: put off: %s", done.url, done.error.detail)
            self._report = replace(report, put_off=report.put_off + 1)
            return
        if done.error is not None:
            failed = (*failed, FailedFeed(url=done.url, reason=done.error.reason, detail=done.error.detail))
            log.warning("feed %s: %s", done.url, done.error.detail)
        for event in done.events:
            # A break has just been told.
            if event.kind is not EventKind.BROKEN:
                log.info("feed %s: %s: %s", done.url, event.kind.partition(".")[2], event.detail)
        kinds = [event.kind for event in done.events]
        self._report = replace(
            report,
            polled=report.polled + 1,
            failed=failed,
            recovered=report.recovered + kinds.count(EventKind.RECOVERED),
            gaps=report.gaps + kinds.count(EventKind.GAP),
            found=report.found + done.found,
            new_entries=report.new_entries + done.new,
            changed_entries=report.changed_entries + done.changed,
        )

    def _count_entry(self, done: Ingested) -> None:
        self._watch.ingested(done)
        report = self._report
        if done.outcome is not None and done.outcome.reason is not None:
            self._without_page[done.outcome.reason] = self._without_page.get(done.outcome.reason, 0) + 1
        if done.saved is not None and done.saved.is_new_version:
            self._report = replace(
                report,
                articles=report.articles + 1,
                relations=report.relations + done.relations,
                matches=report.matches + done.matches,
            )
