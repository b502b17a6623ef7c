"""The processes that read feeds and pages, so that the event loop is never held up and a hostile page can be killed.

A task has so many seconds; then its process is killed and another one started. A process that dies takes its
task with it and nothing else. Processes are made by a fork server: forking a process with threads and a running
loop is unsafe. The fork server loads nothing of ours beforehand, which would cost its 40 MB a third time.

The main process never imports what reads pages: everything heavy is imported by the functions that run in the
workers. For tests and single commands there are `InlineWorkers`, which do the same here.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import multiprocessing
import os
import resource
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import connection
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, cast

from pebble import ProcessExpired, ProcessPool

from ingest.address import DEFAULT_TRACKERS
from ingest.copies.likely import find_likely
from ingest.copies.model import Placement
from ingest.errors import Permanent, Reason, Transient
from ingest.packing import Packing, RulesLostError, unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path
    from types import TracebackType

    from ingest.copies.model import Candidates
    from ingest.model import Entry, Reading
    from ingest.packing import PackedRules, RulesTicket
    from ingest.polling import FeedDocument
    from ingest.site_rules import SiteRule
    from ingest.web import Page
    from rules.match import RuleSet

P = ParamSpec("P")
T = TypeVar("T")

#: Of 181 pages the slowest took 0.1 s; what takes 10 s was made to.
LIMIT_S = 10.0
#: A fresh process now and then keeps what libraries leak small.
MAX_TASKS = 2_000
#: Address space of a worker. It needs 200 MB of it at the start.
MAX_MEMORY = 1 << 30
#: How many more objects than before there must be for a worker to look for garbage in cycles.
_OBJECTS_BETWEEN_COLLECTIONS = 10_000
#: How long `close` waits for tasks that have been started.
GRACE_S = 15.0


class Workers:
    """`ingest.ports.Workers` in *count* other processes. An async context manager; processes start at first use.

    Tasks wait in line for a free process; the limit of *limit_s* seconds counts from their start. Cancelling
    a call kills the process that works on it. Beyond what the work itself raises, every method raises
    Permanent(TOO_COMPLEX) when the limits of time or memory are met, Transient(TOO_COMPLEX) when the process has died
    at work, be that the work's fault or not, and RuntimeError when it is closed. *folder* is for temporary files,
    which are kept where the system keeps such files otherwise.
    """

    def __init__(
        self,
        count: int = 2,
        *,
        limit_s: float = LIMIT_S,
        max_tasks: int = MAX_TASKS,
        max_memory: int = MAX_MEMORY,
        folder: Path | None = None,
    ) -> None:
        self._count = count
        self._limit_s = limit_s
        self._max_tasks = max_tasks
        self._max_memory = max_memory
        self._pool: ProcessPool | None = None
        self._is_closed = False
        self._packing = Packing(folder)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close(grace_s=0 if kind is not None else GRACE_S)

    async def warm(self) -> None:
        """Start all processes and let them import what they need."""
        process_ids: set[int] = set()
        while len(process_ids) < self._count:
            # Each takes long enough for the others to be taken by other processes.
            process_ids |= set(await asyncio.gather(*(self.run("warm", _linger, 0.05) for _ in range(self._count))))

    async def close(self, *, grace_s: float = GRACE_S) -> None:
        """Wait *grace_s* seconds for the tasks that are under way, then end all processes. May be called twice."""
        self._is_closed = True
        self._packing.close()
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(_close, pool, grace_s)

    async def parse_feed(self, page: Page, trackers: tuple[str, ...]) -> FeedDocument:
        """See `ingest.feed.parse_feed`."""
        return await self.run(page.url, _parse_feed, page, trackers)

    def prepare(self, rules: RuleSet) -> None:
        """Have *rules* at hand for the processes, so that no page waits for that; the set in use stays so.

        Takes seconds for a large set, so call it in a thread. Raises OSError when there is no room for
        temporary files.
        """
        self._packing.prepare(rules)

    async def read_page(
        self,
        page: Page,
        address: str,
        entry: Entry,
        title: str,
        rules: RuleSet,
        *,
        site: SiteRule | None = None,
        trackers: tuple[str, ...] = DEFAULT_TRACKERS,
    ) -> Reading:
        """See `ingest.reading.read_page`."""
        return await self._run_with(rules, page.url, _read_page, page, address, entry, title, site, trackers)

    async def read_feed_text(self, entry: Entry, title: str, rules: RuleSet) -> Reading:
        """See `ingest.reading.read_feed_text`."""
        return await self._run_with(rules, entry.link or f"entry {entry.id}", _read_feed_text, entry, title)

    async def relate(self, reading: Reading, candidates: Candidates) -> Placement:
        """See `ingest.copies.story.place`."""
        rows = find_likely(candidates, reading.fingerprint.hashes)
        if not rows:
            return Placement()
        return await self.run(reading.article.url, _relate, reading, replace(candidates, rows=rows))

    async def run(self, subject: str, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Call a function of some module in a worker process; *subject* is named in the errors of the pool.

        Arguments and result must be picklable.
        """
        return await self._run(self._limit_s, subject, function, arguments, options)

    async def _run_with(self, rules: RuleSet, subject: str, function: Callable[..., T], *arguments: object) -> T:
        """Call a function with a rule set as its last argument."""
        packed = await self._pack(rules)
        try:
            return await self._run_packed(packed, subject, function, arguments)
        except RulesLostError:
            self._packing.forget(packed)
            return await self._run_packed(await self._pack(rules), subject, function, arguments)

    async def _pack(self, rules: RuleSet) -> PackedRules:
        packed = self._packing.take(rules)
        return await asyncio.to_thread(self._packing.prepare, rules) if packed is None else packed

    async def _run_packed(
        self, packed: PackedRules, subject: str, function: Callable[..., T], arguments: tuple[object, ...]
    ) -> T:
        # Who holds *packed* keeps its file there, so it is held to the end of the call.
        limit_s = self._limit_s + packed.ticket.load_limit_s
        return await self._run(limit_s, subject, function, (*arguments, packed.ticket), {})

    async def _run(
        self,
        limit_s: float,
        subject: str,
        function: Callable[..., T],
        arguments: tuple[Any, ...],
        options: dict[str, Any],
    ) -> T:
        try:
            return await asyncio.wrap_future(self._submit(limit_s, function, arguments, options))
        except TimeoutError as error:
            raise Permanent(Reason.TOO_COMPLEX, subject, f"took more than {limit_s:.3g} s") from error
        except MemoryError as error:
            needed = f"needs more than {self._max_memory // 1_000_000:,} MB of memory"
            raise Permanent(Reason.TOO_COMPLEX, subject, needed) from error
        except (ProcessExpired, BrokenProcessPool) as error:
            raise Transient(Reason.TOO_COMPLEX, subject, "the process that worked on it was killed") from error
        except Exception as error:
            # Where it happened is in the other process; without this a bug could not be found.
            if trace := getattr(error, "traceback", None):
                error.add_note(f"In a worker process:\n{trace}")
            raise

    def _submit(
        self, limit_s: float, function: Callable[..., T], arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> Future[T]:
        if self._is_closed:
            raise RuntimeError("the workers are closed")
        if self._pool is None or not self._pool.active:
            # A worker that is killed while it has nothing to do breaks the whole pool.
            broken, self._pool = self._pool, self._make_pool()
            if broken is not None:
                threading.Thread(target=_close, args=(broken, 0), daemon=True).start()
        call = (limit_s, function, arguments, options)
        return cast("Future[T]", self._pool.schedule(_call, args=call, timeout=limit_s))

    def _make_pool(self) -> ProcessPool:
        context = multiprocessing.get_context("forkserver")
        # It would import the main program otherwise.
        context.set_forkserver_preload([])
        return ProcessPool(
            max_workers=self._count,
            max_tasks=self._max_tasks,
            initializer=_start_worker,
            initargs=(self._max_memory,),
            context=context,
        )


class InlineWorkers:
    """`ingest.ports.Workers` in this process and without limits, for tests and single commands."""

    async def parse_feed(self, page: Page, trackers: tuple[str, ...]) -> FeedDocument:
        """See `ingest.feed.parse_feed`."""
        return _parse_feed(page, trackers)

    async def read_page(
        self,
        page: Page,
        address: str,
        entry: Entry,
        title: str,
        rules: RuleSet,
        *,
        site: SiteRule | None = None,
        trackers: tuple[str, ...] = DEFAULT_TRACKERS,
    ) -> Reading:
        """See `ingest.reading.read_page`."""
        from ingest.reading import read_page

        return read_page(page, address, entry, title, rules, site=site, trackers=trackers)

    async def read_feed_text(self, entry: Entry, title: str, rules: RuleSet) -> Reading:
        """See `ingest.reading.read_feed_text`."""
        from ingest.reading import read_feed_text

        return read_feed_text(entry, title, rules)

    async def relate(self, reading: Reading, candidates: Candidates) -> Placement:
        """See `ingest.copies.story.place`."""
        return _relate(reading, candidates)


def _close(pool: Any, grace_s: float) -> None:
    """End a pool; Any, since these methods of it have no types."""
    if grace_s > 0 and pool.active:
        pool.close()
        with contextlib.suppress(TimeoutError):
            pool.join(grace_s)
            return
    pool.stop()
    pool.join()


# --- in the workers ---------------------------------------------------------------------------------


def _start_worker(max_memory: int) -> None:
    """Bound the memory, end with the parent, and import what the tasks need, so that it counts for none of them."""
    # Not every system knows this limit.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (max_memory, resource.getrlimit(resource.RLIMIT_AS)[1]))
    threading.Thread(target=_end_with_parent, daemon=True).start()

    import ingest.copies.story
    import ingest.feed
    import ingest.reading  # noqa: F401  # imported for the tasks to come

    # What is imported stays, so it need not be looked through again; and the trees of pages are hardly ever in cycles.
    # Looking for those after every 700 new objects, as is the default, takes a tenth of the time.
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, *gc.get_threshold()[1:])


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _call(limit_s: float, function: Callable[..., T], arguments: tuple[Any, ...], options: dict[str, Any]) -> T:
    """Run one task. A process whose parent is gone and that hangs in a library ends by the system's limit."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    seconds = math.ceil(spent.ru_utime + spent.ru_stime + 2 * limit_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    return function(*arguments, **options)


def _linger(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def _parse_feed(page: Page, trackers: tuple[str, ...]) -> FeedDocument:
    from ingest.feed import parse_feed

    return parse_feed(page, trackers)


def _read_page(
    page: Page,
    address: str,
    entry: Entry,
    title: str,
    site: SiteRule | None,
    trackers: tuple[str, ...],
    rules: RulesTicket,
) -> Reading:
    from ingest.reading import read_page

    return read_page(page, address, entry, title, unpack(rules), site=site, trackers=trackers)


def _read_feed_text(entry: Entry, title: str, rules: RulesTicket) -> Reading:
    from ingest.reading import read_feed_text

    return read_feed_text(entry, title, unpack(rules))


def _relate(reading: Reading, candidates: Candidates) -> Placement:
    from ingest.copies.story import place

    return place(reading, candidates)
