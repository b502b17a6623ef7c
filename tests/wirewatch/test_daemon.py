"""The daemon's tick over a database that cannot be used for a while, and how signals end it and make it read."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ingest.errors import StoreError
from ingest.model import Due
from ingest.placing import Ingested
from wirewatch.cycle import Cycle, CycleReport
from wirewatch.daemon import FEEDS_PER_TICK, Daemon
from wirewatch.errors import ConfigError
from wirewatch.space import judge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from wirewatch.space import Room


class Session:
    """Stands for an open session: *troubles* are raised, one at each look for due feeds."""

    def __init__(self, *troubles: str, overdue: int = 0) -> None:
        self._troubles = list(troubles)
        self._overdue = overdue
        self.limits: list[int] = []
        self.kept = 0
        self.held = 0
        self.tried = 0
        self.refusals: list[str] = []
        self.free: list[int] = []
        self.given_back = 0
        self.cycle: Any = self
        self.house: Any = self

    def raise_store_error(self) -> None:
        """No job has met trouble."""

    def take_report(self) -> CycleReport:
        return CycleReport()

    def look_at_rules(self, *, is_asked: bool) -> None:
        """The rules stay as they are."""

    async def keep_wishes(self) -> None:
        self.kept += 1

    async def hold_lock(self) -> None:
        self.held += 1

    async def try_to_write(self) -> None:
        self.tried += 1
        if self.refusals:
            raise StoreError(self.refusals.pop(0))

    async def look_for_room(self) -> Room:
        return judge(self.free.pop(0) if self.free else None, 100, was_enough=True)

    def give_back(self) -> None:
        self.given_back += 1

    async def count_due_feeds(self) -> int:
        return self._overdue

    async def queue_due_feeds(self, *, limit: int) -> None:
        self.limits.append(limit)
        if self._troubles and (trouble := self._troubles.pop(0)):
            raise StoreError(trouble)

    async def queue_due_entries(self, **_: object) -> None:
        pass

    async def forget_old(self) -> None:
        raise StoreError("disk full")


async def test_trouble_with_the_database_is_told_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    session = Session("locked", "locked", "", "locked")
    daemon = Daemon(session, tick_s=1)  # type: ignore[arg-type]  # a stand-in
    for _ in range(4):
        await daemon.tick()
    assert session.kept == 4, "what hosts ask for is stored at each tick, for a kill to find it there"
    assert session.tried == 2, "after trouble it is tried first whether anything can be written"
    told = [record.message for record in caplog.records]
    cannot = "the database cannot be used, nothing is fetched: locked"
    assert told == [cannot, "the database can be used again", cannot]


class Failing(Session):
    """The work meets the trouble, not the look for work."""

    def __init__(self, *troubles: str) -> None:
        super().__init__()
        self._met = list(troubles)

    def raise_store_error(self) -> None:
        if trouble := self._met.pop(0):
            raise StoreError(trouble)


async def test_trouble_that_the_work_meets_is_over_when_it_meets_it_no_more(caplog: pytest.LogCaptureFixture) -> None:
    """A disk that stays full lets every look for work succeed: that is no reason to say that all is well."""
    caplog.set_level(logging.INFO)
    session = Failing("full", "", "full", "", "")
    daemon = Daemon(session, tick_s=1)  # type: ignore[arg-type]  # a stand-in
    for _ in range(5):
        await daemon.tick()
    cannot = "the database cannot be used, nothing is fetched: full"
    assert [record.message for record in caplog.records] == [cannot, "the database can be used again"]


async def test_nothing_is_fetched_while_nothing_can_be_written(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    session = Session("full", overdue=1)
    session.refusals = ["full", "full"]
    daemon = Daemon(session, tick_s=1)  # type: ignore[arg-type]  # a stand-in
    looks = []
    for _ in range(4):
        await daemon.tick()
        looks.append(len(session.limits))
    assert looks == [1, 1, 1, 2]
    cannot = "the database cannot be used, nothing is fetched: full"
    assert [record.message for record in caplog.records] == [cannot, "the database can be used again"]


async def test_without_room_nothing_new_is_taken_until_there_is_some(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    session = Session()
    session.free = [500, 99, 50, 101, 500]
    daemon = Daemon(session, tick_s=60)  # type: ignore[arg-type]  # a stand-in
    for _ in range(5):
        await daemon.tick()
    assert len(session.limits) == 3
    assert (session.given_back, session.kept, session.held) == (1, 5, 5)
    short, again = (record.message for record in caplog.records)
    assert short.startswith("the disk is nearly full, nothing is fetched until some space is free again: ")
    assert again.startswith("there is room on the disk again, work goes on: ")


async def test_maintenance_that_fails_is_told_and_tried_again_later(caplog: pytest.LogCaptureFixture) -> None:
    await Daemon(Session(), tick_s=1).maintain()  # type: ignore[arg-type]  # a stand-in
    assert "disk full" in caplog.text


async def test_upkeep_that_fails_hinders_no_other(caplog: pytest.LogCaptureFixture) -> None:
    done = []

    async def break_down() -> None:
        raise ZeroDivisionError

    async def meet_trouble() -> None:
        raise StoreError("locked")

    async def work() -> None:
        done.append("work")

    upkeep = {"the first": break_down, "the second": meet_trouble, "the third": work}
    await Daemon(Session(), tick_s=1, upkeep=upkeep).maintain()  # type: ignore[arg-type]  # a stand-in
    assert done == ["work"]
    assert "a bug broke the first" in caplog.text
    assert "the second is left for later: locked" in caplog.text


async def test_what_is_overdue_at_the_start_is_spread_over_a_minute() -> None:
    session = Session(overdue=1200)
    daemon = Daemon(session, tick_s=10)  # type: ignore[arg-type]  # a stand-in
    for _ in range(8):
        await daemon.tick()
    assert session.limits == [200] * 6 + [FEEDS_PER_TICK] * 2


async def test_services_are_open_while_the_daemon_works() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def service() -> AsyncIterator[None]:
        seen.append("open")
        yield
        seen.append("closed")

    session = BusySession()
    session.steps.gate.set()
    daemon = Daemon(session, tick_s=60, services=[service()])  # type: ignore[arg-type]  # a stand-in
    running = asyncio.create_task(daemon.run())
    await session.steps.started.wait()
    assert seen == ["open"]
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    assert seen == ["open", "closed"]


class Steps:
    """Stands for the pipeline: an entry takes until the gate is opened."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.gate = asyncio.Event()
        self.done: list[int] = []

    async def ingest_entry(self, entry_id: int) -> Ingested:
        self.started.set()
        await self.gate.wait()
        self.done.append(entry_id)
        return Ingested(entry_id=entry_id)


class BusySession(Session):
    """Stands for a session with work: each tick finds the entries 1 and 2 due, of one host."""

    def __init__(self, *, feeds_trouble: str = "") -> None:
        super().__init__()
        self.steps = Steps()
        self.cycle = Cycle(self.steps)  # type: ignore[arg-type]  # a stand-in
        self.looks: list[bool] = []
        self.feeds = 0
        self.stopped_looking = False
        self._feeds_trouble = feeds_trouble

    def look_at_rules(self, *, is_asked: bool) -> None:
        self.looks.append(is_asked)

    async def stop_looking(self, *, grace_s: float) -> None:
        assert grace_s > 0
        self.stopped_looking = True

    async def queue_due_entries(self, **_: object) -> None:
        self.cycle.ingest([Due(id=1, host="a"), Due(id=2, host="a")])

    async def reload_feeds(self) -> None:
        if self._feeds_trouble:
            raise ConfigError(self._feeds_trouble)
        self.feeds += 1

    async def forget_old(self) -> None:
        """Nothing is old."""


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that must come, at most a minute."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110  # what is waited for is a list
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_what_is_under_way_end_and_takes_nothing_more(number: signal.Signals) -> None:
    session = BusySession()
    running = asyncio.create_task(Daemon(session, tick_s=60).run())  # type: ignore[arg-type]  # a stand-in
    await session.steps.started.wait()
    os.kill(os.getpid(), number)
    await until(lambda: session.stopped_looking)
    await asyncio.sleep(0.1)
    assert not running.done()
    session.steps.gate.set()
    await running
    assert session.steps.done == [1]


async def test_a_second_ctrl_c_ends_at_once_and_a_second_sigterm_does_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    session = BusySession()
    running = asyncio.create_task(Daemon(session, tick_s=60).run())  # type: ignore[arg-type]  # a stand-in
    await session.steps.started.wait()
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: session.stopped_looking)
    assert not running.done()
    assert "ends within 35 s; Ctrl-C ends it at once" in caplog.text
    os.kill(os.getpid(), signal.SIGINT)
    async with asyncio.timeout(20):
        await running
    assert (session.steps.done, session.cycle.queued) == ([], 0)


@pytest.mark.parametrize("trouble", ["", "feeds.toml:1: no"])
async def test_sighup_looks_at_the_rules_and_reads_the_feeds(trouble: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither hinders the other."""
    caplog.set_level(logging.INFO)
    session = BusySession(feeds_trouble=trouble)
    session.steps.gate.set()
    running = asyncio.create_task(Daemon(session, tick_s=60).run())  # type: ignore[arg-type]  # a stand-in
    await until(lambda: session.looks == [False])
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: session.looks == [False, True])
    told = f"those in force stay so: {trouble}" if trouble else "in force: 1 feed"
    await until(lambda: told in caplog.text)
    os.kill(os.getpid(), signal.SIGTERM)
    await running


async def test_each_tick_looks_at_the_rules() -> None:
    session = BusySession()
    session.steps.gate.set()
    running = asyncio.create_task(Daemon(session, tick_s=0.05).run())  # type: ignore[arg-type]  # a stand-in
    await until(lambda: len(session.looks) > 3)
    assert not any(session.looks)
    os.kill(os.getpid(), signal.SIGTERM)
    await running
