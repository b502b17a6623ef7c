"""The scheduler: hands out what is due, and keeps feeds, rules and clock in view, as long as no other scheduler does.

As many can run as one likes. One leads, by a lock that the server keeps as long as its connection lives; the others ask
for that lock every few seconds, and the first to get it goes on where the other ended: what is due stands in the
database, and nothing else is needed to hand it out.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from ingest.errors import StoreError
from ingest.model import utc_now
from storage.errors import DatabaseInUse, DatabaseNewer, DatabaseOutOfDate
from storage.jobs.roster import WorkerRecord
from storage.lock import LeaderLock
from wirewatch.errors import ConfigError
from wirewatch.health import Health
from wirewatch.housekeeping import MAINTENANCE_EVERY
from wirewatch.jobs.worker import process_name
from wirewatch.rulebook import name_some

if TYPE_CHECKING:
    from storage.address import PostgresDatabase
    from storage.store import Store
    from wirewatch.housekeeping import Housekeeping

log = logging.getLogger(__name__)

#: Those that wait ask so often, in seconds, whether they may lead; the one that leads as often whether it does still.
ASK_EVERY_S = 4.0
#: Jobs that wait at most: more are made when workers have taken some.
MOST_WAITING = 2_000
#: Processes that were not heard of for so long are forgotten.
FORGET_AFTER = timedelta(minutes=5)
GRACE_S = 5.0


class Scheduler:
    """Leads when it may, until it is told to stop."""

    def __init__(
        self,
        house: Housekeeping,
        store: Store,
        *,
        address: PostgresDatabase,
        tick_s: float,
        queue_depth: int = MOST_WAITING,
        health: Health | None = None,
    ) -> None:
        self._health = health or Health("scheduler", every_s=tick_s)
        # One that waits to lead judges nothing.
        self._health.needs_rules = False
        self._house = house
        self._queue_depth = queue_depth
        self._store = store
        self._address = address
        self._tick_s = tick_s
        self._stop = asyncio.Event()
        self._wants_reload = False
        self._started_at = utc_now()
        self._state = "waiting"
        self._handed_out = 0
        self._trouble = ""
        self._is_full = False

    async def run(self) -> None:
        """Lead or wait until SIGTERM or SIGINT; SIGHUP reads the feeds and rules anew."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self._ask_for_reload)
        try:
            await asyncio.to_thread(self._store.jobs.require)
            self._health.started()
            while not self._stop.is_set():
                try:
                    await asyncio.to_thread(self._store.jobs.require_schema)
                    await self._lead()
                except DatabaseInUse:
                    await self._wait_for_lead()
                except (DatabaseNewer, DatabaseOutOfDate):
                    # The schema was upgraded beyond what this version knows: others must do it.
                    raise
                except StoreError as error:
                    self._state = "waiting"
                    self._tell(f"the database cannot be used: {error}")
                    self._health.ticked(self._trouble)
                    await self._sleep(ASK_EVERY_S)
        finally:
            self._health.stopping()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.remove_signal_handler(number)
            with suppress(StoreError):
                await asyncio.to_thread(self._store.jobs.leave, process_name())
        log.info("stopped")

    async def _wait_for_lead(self) -> None:
        if self._state != "waiting" or not self._trouble:
            self._tell("another scheduler leads; this one takes over when that one ends")
        self._state = "waiting"
        await self._say()
        self._health.ticked()
        await self._sleep(ASK_EVERY_S)

    def _ask_to_stop(self) -> None:
        self._health.stopping()
        self._stop.set()

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    # --- leading ------------------------------------------------------------------------------------

    async def _lead(self) -> None:
        """Lead until told to stop, or until the lock is lost. Raises DatabaseInUse when another leads."""
        lock = LeaderLock(self._address)
        await asyncio.to_thread(lock.__enter__)
        try:
            self._state, self._trouble = "leading", ""
            with self._health.loading():
                await self._house.load()
            self._health.rules, self._health.needs_rules = (lambda: self._house.rules.version), True
            log.info("this scheduler leads; a tick every %g s", self._tick_s)
            await self._tick_while_held(lock)
        finally:
            self._health.rules, self._health.needs_rules = str, False
            await asyncio.to_thread(lock.__exit__, None, None, None)

    async def _tick_while_held(self, lock: LeaderLock) -> None:
        clock = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        now = datetime.now(UTC)
        clock.add_job(self.tick, "interval", seconds=self._tick_s, next_run_time=now, id="tick")
        every_s = MAINTENANCE_EVERY.total_seconds()
        clock.add_job(self.maintain, "interval", seconds=every_s, next_run_time=now, id="maintenance")
        clock.start()
        try:
            while not self._stop.is_set():
                await asyncio.to_thread(lock.hold)
                await asyncio.to_thread(self._store.jobs.require_schema)
                await self._say()
                await self._sleep(ASK_EVERY_S)
        finally:
            clock.shutdown(wait=False)
            await self._house.stop_looking(grace_s=GRACE_S)

    async def tick(self) -> None:
        """Look at the rules, take back what dead workers had, hand out what is due."""
        wants_reload, self._wants_reload = self._wants_reload, False
        self._house.look_at_rules(is_asked=wants_reload)
        try:
            if wants_reload:
                await self._reload_feeds()
            await self.hand_out()
        except (StoreError, ConfigError) as error:
            self._tell(str(error))
            self._health.ticked(str(error))
        except Exception:
            log.exception("a bug broke the tick; it is tried again at the next")
            self._health.ticked("a bug broke the tick")
        else:
            self._tell("")
            self._health.ticked()

    async def _reload_feeds(self) -> None:
        try:
            await self._house.reload_feeds()
        finally:
            self._health.reloaded()

    async def hand_out(self) -> int:
        """Make jobs for what is due; return how many. Raises StoreError."""
        board = self._store.jobs
        stalled = await asyncio.to_thread(board.sweep)
        if stalled:
            names = name_some([f"{job.kind} {job.target}" for job in stalled])
            log.warning("taken back from workers that are dead: %s", names)
        now = await self._house.look_at_clock()
        jobs = await asyncio.to_thread(board.hand_out, now, most=self._queue_depth)
        self._tell_fullness((await asyncio.to_thread(board.depth)).waiting)
        self._handed_out += len(jobs)
        if jobs:
            log.info("handed out: %d jobs", len(jobs))
        return len(jobs)

    def _tell_fullness(self, waiting: int) -> None:
        """Say once that the queue is full, and once that it is not any more."""
        is_full = waiting >= self._queue_depth
        if is_full and not self._is_full:
            log.warning(
                "the queue is full: %d jobs wait (workers.queue_depth); what else is due waits for workers", waiting
            )
        elif self._is_full and not is_full:
            log.info("the queue is not full any more: %d jobs wait", waiting)
        self._is_full = is_full

    async def maintain(self) -> None:
        """Forget what is old, look for drift. What fails is told and tried again at the next time."""
        for name, do in (
            ("what is old", self._house.forget_old),
            ("the look for drift", self._house.look_for_drift),
            ("the care of the database", self._house.tidy),
            ("the list of workers", self._forget_workers),
        ):
            try:
                await do()
            except StoreError as error:
                log.error("%s is left for later: %s", name, error)
            except Exception:
                log.exception("a bug broke %s; it is tried again later", name)

    async def _forget_workers(self) -> None:
        await asyncio.to_thread(self._store.jobs.forget_workers, utc_now() - FORGET_AFTER)

    def _ask_for_reload(self) -> None:
        log.info("asked to reload")
        self._health.reloading()
        self._wants_reload = True

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            if trouble:
                log.warning("%s", trouble)

    async def _say(self) -> None:
        record = WorkerRecord(
            name=process_name(),
            role="scheduler",
            version=version("wirewatch"),
            queues=(),
            concurrency=1,
            state=self._state,
            doing=(),
            rules_version=self._house.rules.version,
            polls=0,
            entries=0,
            articles=0,
            started_at=self._started_at,
            seen_at=utc_now(),
        )
        await asyncio.to_thread(self._store.jobs.say, record)
