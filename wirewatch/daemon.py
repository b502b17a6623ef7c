"""The daemon: a tick that queues what is due, a maintenance job, and a quiet end.

`feed.next_poll_at` and `entry.next_try_at` are the truth; the scheduler only ticks. SIGTERM and SIGINT
take nothing more, let what is under way end, and leave. At each tick the rule files are looked at, and what
was edited comes into force while work goes on; SIGHUP does so at once, and reads the feeds again.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from apscheduler.events import EVENT_JOB_ERROR
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from ingest.errors import StoreError
from wirewatch.errors import ConfigError
from wirewatch.health import Health
from wirewatch.housekeeping import MAINTENANCE_EVERY
from wirewatch.upkeep import feeds_at_start, ticks_to_start

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from apscheduler.events import JobExecutionEvent

    from wirewatch.cycle import CycleReport
    from wirewatch.session import Session

log = logging.getLogger(__name__)

#: What is under way gets this long to end; systemd and the manual say 35 s for the whole exit.
GRACE_S = 25.0

#: What is said of the whole exit, in seconds; see GRACE_S.
EXIT_S = 35

#: No more than this is taken from the database at a tick; the rest stays due and is taken at the next.
FEEDS_PER_TICK = 500
ENTRIES_PER_TICK = 500


class Daemon:
    """Ticks over an open `Session` until it is told to stop.

    *upkeep* is done at each maintenance, by name; what fails there is told and tried again at the next. *services* are
    open while the daemon works. *health* is told how it goes.
    """

    def __init__(
        self,
        session: Session,
        *,
        tick_s: float,
        upkeep: Mapping[str, Callable[[], Awaitable[None]]] | None = None,
        services: Sequence[AbstractAsyncContextManager[object]] = (),
        health: Health | None = None,
    ) -> None:
        self._health = health or Health(every_s=tick_s)
        self._session = session
        self._tick_s = tick_s
        self._upkeep = upkeep or {}
        self._services = services
        #: ticks over which what was overdue at the start is spread, and how many feeds each may take; None: not known
        self._start_ticks = ticks_to_start(tick_s)
        self._start_share: int | None = None
        self._stop = asyncio.Event()
        self._stop_now = asyncio.Event()
        self._wants_reload = False
        self._store_trouble = ""
        #: the trouble was met by the work, so that only further work shows whether it is over
        self._is_doubtful = False
        self._was_room = True

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT; returns when everything under way has ended or the grace is over.

        SIGINT after that ends it at once.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask_to_stop, number)
        scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        loop.add_signal_handler(signal.SIGHUP, self._ask_for_reload, scheduler)
        scheduler.add_listener(_log_failed_job, EVENT_JOB_ERROR)
        now = datetime.now(UTC)
        scheduler.add_job(self.tick, "interval", seconds=self._tick_s, next_run_time=now, id="tick")
        scheduler.add_job(
            self.maintain, "interval", seconds=MAINTENANCE_EVERY.total_seconds(), next_run_time=now, id="maintenance"
        )
        try:
            async with AsyncExitStack() as stack:
                for service in self._services:
                    await stack.enter_async_context(service)
                scheduler.start()
                self._health.started()
                log.info("running; a tick every %g s", self._tick_s)
                await self._stop.wait()
        finally:
            self._health.stopping()
            log.info("stopping: %d jobs queued or under way", self._session.cycle.queued)
            # This cancels the coroutine of a tick at hand, which only queues; the work itself is the cycle's.
            if scheduler.running:
                scheduler.shutdown(wait=False)
            await self._end_work()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.remove_signal_handler(number)
        log.info("stopped")

    def _ask_to_stop(self, number: signal.Signals) -> None:
        if not self._stop.is_set():
            self._health.stopping()
            log.info("asked to stop: ends within %d s; Ctrl-C ends it at once", EXIT_S)
            self._stop.set()
        elif number == signal.SIGINT:
            log.info("ending at once")
            self._stop_now.set()

    async def _end_work(self) -> None:
        """Let what is under way end, or cancel it when the grace is over or nobody wants to wait; it stays due then."""
        ending = asyncio.gather(
            self._session.cycle.stop(grace_s=GRACE_S), self._session.house.stop_looking(grace_s=GRACE_S)
        )
        hurry = asyncio.create_task(self._stop_now.wait())
        either: list[asyncio.Future[Any]] = [ending, hurry]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not ending.done():
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)
            await self._session.cycle.stop(grace_s=0)
        else:
            ending.result()

    async def tick(self) -> None:
        """Look at the rules, queue what is due, tell what has happened since the last tick."""
        wants_reload, self._wants_reload = self._wants_reload, False
        self._session.house.look_at_rules(is_asked=wants_reload)
        if wants_reload:
            await self._reload_feeds()
            self._health.reloaded()
        await self._do_tick()
        self._health.ticked(self._store_trouble)

    async def _do_tick(self) -> None:
        try:
            await self._take_due()
        except StoreError as error:
            # The next tick tries again; the same trouble is told once.
            if str(error) != self._store_trouble:
                self._store_trouble = str(error)
                log.error("the database cannot be used, nothing is fetched: %s", error)
            return
        if self._store_trouble and not self._is_doubtful:
            self._store_trouble = ""
            log.info("the database can be used again")
        self._is_doubtful = False
        _log_report(self._session.cycle.take_report())

    async def _take_due(self) -> None:
        """Queue what is due, as far as there is room for it. Raises the StoreError that the work has met, or this."""
        try:
            self._session.cycle.raise_store_error()
        except StoreError:
            self._is_doubtful = True
            raise
        if self._store_trouble:
            # What is queued now would ask servers for what cannot be stored then.
            await self._session.try_to_write()
        await self._session.hold_lock()
        await self._session.keep_wishes()
        if not await self._is_there_room():
            return
        await self._session.queue_due_feeds(limit=await self._feeds_of_tick())
        await self._session.queue_due_entries(limit=ENTRIES_PER_TICK)

    async def _is_there_room(self) -> bool:
        """Whether anything new may be taken; that it may not, and that it may again, is told once."""
        room = await self._session.look_for_room()
        if self._was_room and not room.is_enough:
            self._session.cycle.give_back()
            log.error("the disk is nearly full, nothing is fetched until some space is free again: %s", room.tell())
        elif room.is_enough and not self._was_room:
            log.info("there is room on the disk again, work goes on: %s", room.tell())
        self._was_room = room.is_enough
        return room.is_enough

    async def maintain(self) -> None:
        """Forget what is older than the settings allow, and do what else is to be done now and then."""
        try:
            await self._session.house.forget_old()
        except StoreError as error:
            log.error("what is old is kept for now: %s", error)
        for name, do in self._upkeep.items():
            try:
                await do()
            except StoreError as error:
                log.error("%s is left for later: %s", name, error)
            except Exception:
                log.exception("a bug broke %s; it is tried again later", name)

    async def _feeds_of_tick(self) -> int:
        """How many feeds this tick may take: what was overdue at the start is spread over the first minute."""
        if not self._start_ticks:
            return FEEDS_PER_TICK
        if self._start_share is None:
            self._start_share = feeds_at_start(await self._session.count_due_feeds(), self._tick_s)
        self._start_ticks -= 1
        return min(self._start_share, FEEDS_PER_TICK)

    def _ask_for_reload(self, scheduler: AsyncIOScheduler) -> None:
        log.info("asked to reload")
        self._health.reloading()
        self._wants_reload = True
        scheduler.modify_job("tick", next_run_time=datetime.now(UTC))

    async def _reload_feeds(self) -> None:
        try:
            await self._session.house.reload_feeds()
        except (ConfigError, StoreError) as error:
            log.error("the feeds were not reloaded, those in force stay so: %s", error)
        else:
            log.info("in force: %s", _feeds(self._session.feeds))


def _log_failed_job(event: JobExecutionEvent) -> None:
    # A tick that the end of the program cut short has not failed.
    if not isinstance(event.exception, asyncio.CancelledError):
        log.error("job %s failed: %s", event.job_id, event.exception, exc_info=event.exception)


def _feeds(count: int) -> str:
    return f"{count} feed{'' if count == 1 else 's'}"


def _log_report(report: CycleReport) -> None:
    if report.polled or report.put_off or report.articles or report.without_page:
        log.info(
            "%s polled, %d failed, %d put off, %d recovered, %d gaps; "
            "%d new entries, %d changed; %d articles, %d relations, %d matches",
            _feeds(report.polled),
            len(report.failed),
            report.put_off,
            report.recovered,
            report.gaps,
            report.new_entries,
            report.changed_entries,
            report.articles,
            report.relations,
            report.matches,
        )
    if report.without_page:
        reasons = ", ".join(f"{reason} {count}" for reason, count in report.without_page)
        log.info("without their page: %s", reasons)
