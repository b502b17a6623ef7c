"""A worker: takes jobs from the queue and does them with the steps of the one pipeline, until it is told to stop.

Beside that it says every few seconds how it stands, keeps the turns that it has, and takes up what others have learned:
rules, and waits that servers have asked for. What breaks the connection to the server ends nothing: it tries again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING

from ingest.errors import StoreError
from ingest.model import utc_now
from storage.errors import DatabaseNewer, DatabaseOutOfDate
from storage.jobs.roster import WorkerRecord
from wirewatch.health import Health
from wirewatch.jobs.hostwork import HostWork
from wirewatch.jobs.queueapp import HEARTBEAT_S, queue_app, work
from wirewatch.jobs.stored_rules import GrammarTooOldError

if TYPE_CHECKING:
    from storage.address import PostgresDatabase
    from storage.jobs.model import Job, Kind
    from wirewatch.jobs.desk import Desk
    from wirewatch.tally import Watch

log = logging.getLogger(__name__)

#: What is under way gets this long to end; systemd and the manual say 35 s for the whole exit.
GRACE_S = 25.0
#: A server that is away is asked again so often, in seconds.
AGAIN_S = 2.0


def process_name() -> str:
    """What tells this process from all others: the host and the number of the process."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Worker:
    """Works at a `Desk` until it is told to stop; *queues* are the kinds of jobs that it takes."""

    def __init__(
        self,
        desk: Desk,
        *,
        address: PostgresDatabase,
        queues: tuple[Kind, ...],
        concurrency: int,
        watch: Watch | None = None,
        health: Health | None = None,
    ) -> None:
        self._health = health or Health("worker", every_s=HEARTBEAT_S)
        self._desk = desk
        self._address = address
        self._queues = queues
        self._concurrency = concurrency
        self._stop = asyncio.Event()
        self._looking = asyncio.Lock()
        self._started_at = utc_now()
        self._state = "working"
        self._trouble = ""
        self._refusal: StoreError | GrammarTooOldError | None = None
        self._work = HostWork(
            pipeline=desk.pipeline,
            board=desk.store.jobs,
            table=desk.table,
            before=self._look_at_rules,
            watch=watch,
        )

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT. Raises what makes this version unfit for what the others do."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask_to_stop)
        await asyncio.to_thread(self._desk.store.jobs.require)
        await self._look_at_rules()
        self._health.rules = lambda: self._desk.rules.in_force.version
        await self._say()
        self._health.started()
        self._health.ticked()
        beating = asyncio.create_task(self._beat(), name="heartbeat")
        try:
            log.info("at work as %s: %s, %d jobs at a time", process_name(), ", ".join(self._queues), self._concurrency)
            while not self._stop.is_set():
                await self._take_jobs()
        finally:
            self._health.stopping()
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
            await self._leave()
        log.info("stopped")
        if self._refusal is not None:
            raise self._refusal

    def _ask_to_stop(self) -> None:
        if not self._stop.is_set():
            self._health.stopping()
            log.info("asked to stop: jobs under way end after the step at hand")
        self._state = "draining"
        self._work.stop()
        self._stop.set()

    async def _take_jobs(self) -> None:
        """Take jobs until told to stop, or until the queue breaks; then wait a moment."""
        app = queue_app(self._address, self._do)
        try:
            async with app.open_async():
                taking = asyncio.create_task(
                    work(app, queues=self._queues, concurrency=self._concurrency, grace_s=GRACE_S), name="jobs"
                )
                stopping = asyncio.create_task(self._stop.wait())
                await asyncio.wait([taking, stopping], return_when=asyncio.FIRST_COMPLETED)
                stopping.cancel()
                if not taking.done():
                    taking.cancel()
                with suppress(asyncio.CancelledError):
                    await taking
        except Exception as error:  # noqa: BLE001  # the queue's library raises many kinds, and none may end a worker
            self._tell(f"no jobs can be taken: {error}")
        if not self._stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), AGAIN_S)

    async def _do(self, job: Job) -> None:
        try:
            await self._work.do(job)
        except (DatabaseNewer, DatabaseOutOfDate, GrammarTooOldError) as error:
            self._refuse(error)
        except StoreError as error:
            # It stays due, and is handed out again.
            self._tell(f"the database cannot be used: {error}")
        else:
            self._trouble = ""

    def _refuse(self, error: StoreError | GrammarTooOldError) -> None:
        if self._refusal is None:
            log.error("%s", error)
            self._refusal = error
            self._ask_to_stop()
            self._state = "refused"

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            log.error("%s", trouble)

    async def _look_at_rules(self) -> None:
        # One after the other, or one that takes longer would bring what it has read before back into force.
        async with self._looking:
            await asyncio.to_thread(self._desk.rules.look)

    # --- beside the work ----------------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            try:
                await asyncio.to_thread(self._desk.store.jobs.require_schema)
                await self._desk.keep_turns(job.key for job in self._work.doing)
                await self._desk.exchange_wishes()
                await self._say()
            except (DatabaseNewer, DatabaseOutOfDate) as error:
                self._refuse(error)
            except StoreError as error:
                self._tell(f"the database cannot be used: {error}")
                self._health.ticked(self._trouble)
            else:
                self._health.ticked()

    async def _say(self) -> None:
        done = self._work.done
        record = WorkerRecord(
            name=process_name(),
            role="worker",
            version=version("wirewatch"),
            queues=tuple(self._queues),
            concurrency=self._concurrency,
            state=self._state,
            doing=tuple(f"{job.kind} {job.target}" for job in sorted(self._work.doing)),
            rules_version=self._desk.rules.in_force.version,
            polls=done.polls,
            entries=done.entries,
            articles=done.articles,
            started_at=self._started_at,
            seen_at=utc_now(),
        )
        await asyncio.to_thread(self._desk.store.jobs.say, record)

    async def _leave(self) -> None:
        try:
            await self._desk.leave()
            await asyncio.to_thread(self._desk.store.jobs.leave, process_name())
        except StoreError as error:
            log.warning("the others could not be told that this worker has ended: %s", error)
